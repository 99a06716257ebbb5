package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// bigTable is how many rows a table has whose reading as a whole is worth a word.
const bigTable = 1000

// Explain returns the plan of a statement, which is not run.
func (s *Source) Explain(ctx context.Context, q databases.Query) (*databases.Plan, error) {
	sql, err := single(q.SQL)
	if err != nil {
		return nil, err
	}
	if verb, err := sqltext.Verb(sqltext.SQLite, sql); err == nil && (verb == "EXPLAIN" || verb == "PRAGMA") {
		return nil, fail.Errorf(fail.Invalid, "%s has no plan", verb).Then("send the statement itself with explain=true")
	}
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	var plan *databases.Plan
	err = s.with(ctx, sql, func(c *conn, run string) error {
		st, err := c.compile(run)
		if err == nil {
			err = bind(st, q.Params)
		}
		if st != nil {
			st.Close()
		}
		if err == nil {
			plan, err = c.plan(run)
		}
		return s.failure(ctx, c, sql, err)
	})
	if err != nil {
		return nil, err
	}
	return plan, nil
}

func (c *conn) plan(sql string) (*databases.Plan, error) {
	st, err := c.compile("EXPLAIN QUERY PLAN " + sql)
	if err != nil {
		return nil, err
	}
	plan := &databases.Plan{Nodes: []databases.Node{}, Rows: -1, Advice: []string{}, Notes: c.s.notes(c.cat)}
	if c.s.rules.Analyze {
		plan.Notes = append(plan.Notes, "SQLite does not measure the steps of a plan: the statement was not run")
	}
	depths := map[int64]int{}
	err = rows(st, func(s *engine.Stmt) error {
		depth := 0
		if d, ok := depths[s.Int(1)]; ok {
			depth = d + 1
		}
		depths[s.Int(0)] = depth
		line := c.plainStep(text(s, 3))
		node := databases.Node{Depth: depth, Text: line, Rows: -1}
		if i := strings.LastIndex(line, " ("); i > 0 && strings.HasSuffix(line, ")") && strings.HasPrefix(line, "SEARCH ") {
			node.Text, node.Detail = line[:i], strings.Trim(line[i+1:], "()")
		}
		plan.Nodes = append(plan.Nodes, node)
		return nil
	})
	st.Close()
	if err != nil {
		return nil, err
	}
	plan.Advice, err = c.advise(sql, plan.Nodes)
	if err != nil {
		return nil, err
	}
	return plan, nil
}

// plainStep takes what covers out of a step of a plan.
func (c *conn) plainStep(line string) string {
	if !c.s.rules.Masks() {
		return line
	}
	verb, rest, _ := strings.Cut(c.guard.plain(line), " ")
	for _, schema := range []string{"main.", "temp."} {
		rest = strings.TrimPrefix(rest, schema)
	}
	return strings.TrimSpace(verb + " " + rest)
}

// advise says what is costly in a plan, and what would help.
func (c *conn) advise(sql string, nodes []databases.Node) ([]string, error) {
	advice := []string{}
	names := c.aliases(sql)
	for _, n := range nodes {
		words := strings.Fields(n.Text)
		switch {
		case strings.Contains(n.Text, "AUTOMATIC") && len(words) > 1:
			columns := strings.Join(comparedIn(n.Detail), ", ")
			advice = append(advice, fmt.Sprintf("SQLite builds an index on %s (%s) for this statement alone, each time it runs: one that stays would save that", tableOf(names, words[1]), columns))
		case strings.HasPrefix(n.Text, "USE TEMP B-TREE FOR "):
			advice = append(advice, "rows are sorted for "+strings.TrimPrefix(n.Text, "USE TEMP B-TREE FOR ")+": an index in that order would save it")
		case len(words) > 1 && words[0] == "SCAN":
			o := c.cat.object(tableOf(names, words[1]))
			if o == nil || o.kind != plainTable {
				continue
			}
			text, err := c.adviseScan(sql, o, words[1], len(words) > 2)
			if err != nil {
				return nil, err
			}
			if text != "" {
				advice = append(advice, text)
			}
		}
	}
	slices.Sort(advice)
	return slices.Compact(advice), nil
}

// comparedIn returns the columns in the detail of a search: "a=? AND b>?".
func comparedIn(detail string) []string {
	var out []string
	for _, part := range strings.Split(detail, " AND ") {
		if i := strings.IndexAny(part, "=<>"); i > 0 {
			out = append(out, part[:i])
		}
	}
	return out
}

func tableOf(names map[string]string, alias string) string {
	if t, ok := names[fold(alias)]; ok {
		return t
	}
	return alias
}

// adviseScan says that a table is read as a whole, if it is big, and which index would help.
func (c *conn) adviseScan(sql string, o *object, alias string, index bool) (string, error) {
	n, err := c.estimate(o)
	if err != nil || n < bigTable {
		return "", err
	}
	missing, err := c.missing(sql, o, alias)
	if err != nil {
		return "", err
	}
	what := fmt.Sprintf("%s is read as a whole, about %d rows", o.name, n)
	if index {
		what += " by an index"
	}
	if len(missing) == 0 {
		return what, nil
	}
	return fmt.Sprintf("%s: an index on %s (%s) would find the rows of the condition", what, o.name, strings.Join(missing, ", ")), nil
}

// estimate returns about how many rows a table has, without reading it: by the statistics,
// else by its highest rowid.
func (c *conn) estimate(o *object) (int64, error) {
	n := int64(-1)
	take := func(s *engine.Stmt) error {
		if s.Type(0) != engine.Null {
			n = s.Int(0)
		}
		return nil
	}
	if c.cat.object("sqlite_stat1") != nil {
		if err := c.each("SELECT max(CAST(stat AS INTEGER)) FROM main.sqlite_stat1 WHERE tbl = ?1", take, o.name); err != nil {
			return 0, err
		}
	}
	if n >= 0 {
		return n, nil
	}
	err := c.each("SELECT max(rowid) FROM main."+quote(o.name), take)
	if e, ok := err.(*engine.Error); ok && e.Primary() == 1 {
		return -1, nil // WITHOUT ROWID
	}
	return n, err
}

// missing returns the columns of a table that the statement compares and no index begins
// with.
func (c *conn) missing(sql string, o *object, alias string) ([]string, error) {
	columns := map[string]string{}
	err := c.each("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0", func(s *engine.Stmt) error {
		columns[fold(text(s, 0))] = text(s, 0)
		return nil
	}, o.name)
	if err != nil {
		return nil, err
	}
	const leading = `SELECT i.name FROM pragma_index_list(?1, 'main') AS l, pragma_index_info(l.name, 'main') AS i WHERE i.seqno = 0 AND l.partial = 0`
	err = c.each(leading, func(s *engine.Stmt) error {
		delete(columns, fold(text(s, 0)))
		return nil
	}, o.name)
	if err != nil {
		return nil, err
	}
	key, err := c.key(o.name)
	if err != nil {
		return nil, err
	}
	if len(key) > 0 {
		delete(columns, fold(key[0]))
	}
	for _, m := range o.masked {
		if m.mask != databases.NoMask {
			delete(columns, fold(m.name)) // what covers it is compared, which no index has
		}
	}
	var out []string
	for _, name := range compared(sql, fold(alias), fold(o.name)) {
		if col, ok := columns[name]; ok && !slices.Contains(out, col) {
			out = append(out, col)
		}
	}
	return out, nil
}

// compared returns the names in small letters, without a table or with one of the two, that
// a statement compares.
func compared(sql, alias, table string) []string {
	tokens := plainTokens(sql)
	var out []string
	for i, t := range tokens {
		if t.Kind != sqltext.Word && t.Kind != sqltext.Quoted || i+1 == len(tokens) {
			continue
		}
		next := tokens[i+1]
		compares := next.Kind == sqltext.Op && slices.Contains([]string{"=", "==", "<", ">", "<=", ">="}, next.Text) ||
			next.Kind == sqltext.Word && (next.Text == "in" || next.Text == "between")
		if !compares {
			continue
		}
		if i >= 2 && tokens[i-1].Kind == sqltext.Op && tokens[i-1].Text == "." {
			if of := fold(tokens[i-2].Text); of != alias && of != table {
				continue
			}
		}
		out = append(out, fold(t.Text))
	}
	return out
}

// aliases returns the tables of a statement by the names that they have in it, in small
// letters.
func (c *conn) aliases(sql string) map[string]string {
	tokens := plainTokens(sql)
	out := map[string]string{}
	for i, t := range tokens {
		o := c.cat.object(t.Text)
		if o == nil || t.Kind != sqltext.Word && t.Kind != sqltext.Quoted || i == 0 {
			continue
		}
		if before := tokens[i-1]; before.Kind == sqltext.Word && before.Text != "from" && before.Text != "join" ||
			before.Kind == sqltext.Op && before.Text != "," && before.Text != "." && before.Text != "(" {
			continue
		}
		j := i + 1
		if j < len(tokens) && tokens[j].Kind == sqltext.Word && tokens[j].Text == "as" {
			j++
		}
		if j < len(tokens) && (tokens[j].Kind == sqltext.Quoted || tokens[j].Kind == sqltext.Word && !clause(tokens[j].Text)) {
			out[fold(tokens[j].Text)] = o.name
		}
	}
	return out
}

// clause reports whether a word that follows a table begins a clause, so that it is no alias.
func clause(word string) bool {
	return slices.Contains([]string{"where", "join", "left", "right", "inner", "outer", "cross", "full", "natural", "on", "using", "group",
		"order", "limit", "having", "union", "except", "intersect", "window", "indexed", "not", "from", "and", "or"}, word)
}

// plainTokens returns the tokens of a statement without comments.
func plainTokens(sql string) []sqltext.Token {
	tokens, err := sqltext.Tokens(sqltext.SQLite, sql)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(tokens, func(t sqltext.Token) bool { return t.Kind == sqltext.Comment })
}
