package mysql

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
)

// checkFunctions refuses functions that were loaded into the server, stored ones that say
// that they write and, if strict, all stored ones, unless the configuration names them.
func (s *Source) checkFunctions(ctx context.Context, c *conn, st statement, strict bool) error {
	names := called(st)
	if len(names) == 0 {
		return nil
	}
	known, err := s.functions(ctx, c, names)
	if err != nil {
		return err
	}
	for _, f := range names {
		for _, r := range known {
			if r.name != f.name || r.schema != "" && !strings.EqualFold(r.schema, cmp.Or(f.schema, c.db)) || s.rules.AllowsFunction(r.schema, r.name) {
				continue
			}
			e := fail.Errorf(fail.Denied, "the function %s is not accepted", line(f.name)).Then("leave it out, or ask the user to name it in functions")
			switch {
			case r.schema == "":
				return e.Because("it was loaded into the server and can do anything")
			case r.writes:
				return e.Because("it is a stored function that changes data")
			case strict:
				return e.Because("it is a stored function, which can read what is masked or not listed")
			}
			if why := r.does(); why != "" {
				return e.Because("it is a stored function with %s in it", why)
			}
		}
	}
	return nil
}

// does says what a stored function does beyond computing, "" for nothing. It runs with the
// rights of whoever made it, so one whose text the role may not see is not trusted.
func (r routine) does() string {
	if r.text == nil {
		return "a text that the role may not see"
	}
	tokens, err := sqltext.Tokens(sqltext.MySQL, *r.text)
	if err != nil {
		return "a text that cannot be read"
	}
	body := statement{tokens: tokens}
	for i := range tokens {
		switch {
		case body.word(i, "insert", "replace") && !body.op(i+1, "("),
			body.word(i, "update", "delete", "truncate", "create", "alter", "drop", "rename", "call", "prepare", "execute", "outfile", "dumpfile", "commit", "lock", "flush", "kill", "nextval", "setval"):
			return strings.ToUpper(body.at(i).Text)
		case body.word(i, "set") && (body.op(i+1, "@@") || body.word(i+1, "session", "global", "local", "password", "persist", "role")):
			return "SET of the session"
		case tokens[i].Kind == sqltext.Executable:
			return "a comment that the server runs"
		}
	}
	for _, f := range called(body) {
		if reaching(f.name) != "" {
			return "a call of " + strings.ToUpper(f.name)
		}
	}
	return ""
}

// A routine is a stored function, or a loaded one, whose schema is "".
type routine struct {
	schema, name string
	writes       bool    // MODIFIES SQL DATA
	text         *string // of a stored one; nil if the role may not see it
}

// functions returns those of the named functions that are stored and, where the role may see
// them, those that were loaded into the server. They are asked for each time: a name is
// short-lived.
func (s *Source) functions(ctx context.Context, c *conn, names []call) ([]routine, error) {
	var args []string
	for _, f := range names {
		if (f.schema != "" || !common(f.name)) && !slices.Contains(args, f.name) {
			args = append(args, f.name)
		}
	}
	if len(args) == 0 {
		return nil, nil
	}
	in := " IN (?" + strings.Repeat(", ?", len(args)-1) + ")"
	rows, err := c.all(ctx, "SELECT routine_schema, routine_name, sql_data_access, routine_definition FROM information_schema.routines WHERE routine_type = 'FUNCTION' AND routine_name"+in, args...)
	if err != nil {
		return nil, s.statementError(ctx, c, statement{}, err)
	}
	var out []routine
	for _, row := range rows {
		out = append(out, routine{str(row[0]), strings.ToLower(str(row[1])), str(row[2]) == "MODIFIES SQL DATA", row[3]})
	}
	// Only a role with rights on the schema mysql can read this; see the package comment.
	if rows, err = c.all(ctx, "SELECT name FROM mysql.func WHERE name"+in, args...); err != nil && !answered(err) {
		return nil, s.statementError(ctx, c, statement{}, err)
	}
	for _, row := range rows {
		out = append(out, routine{name: strings.ToLower(str(row[0]))})
	}
	return out, nil
}

// common reports whether a bare name is that of a function of the server's own, which no
// other can have.
func common(name string) bool {
	switch name {
	case "count", "sum", "avg", "min", "max", "coalesce", "ifnull", "nullif", "if", "concat", "concat_ws", "group_concat", "substring", "substr", "left", "right",
		"upper", "lower", "trim", "ltrim", "rtrim", "length", "char_length", "replace", "round", "floor", "ceil", "ceiling", "abs", "mod", "power", "sqrt", "greatest", "least",
		"cast", "convert", "date", "year", "month", "day", "hour", "minute", "second", "now", "curdate", "date_format", "date_add", "date_sub", "datediff", "timestampdiff", "str_to_date",
		"extract", "last_day", "dayofweek", "weekday", "week", "quarter", "row_number", "rank", "dense_rank", "ntile", "lag", "lead", "first_value", "last_value", "over", "in", "exists",
		"and", "or", "not", "on", "as", "from", "join", "where", "values", "using", "select", "union", "all", "any", "by", "when", "then", "else", "between", "like", "is", "set", "interval",
		"varchar", "char", "decimal", "json_extract", "json_unquote", "json_value", "json_object", "json_array", "sleep", "md5", "sha1", "sha2", "hex", "repeat", "lpad", "rpad", "instr", "locate", "field", "format":
		return true
	}
	return false
}
