package sqlite

import (
	"errors"
	"fmt"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// How columns are covered. For a table "users" with a masked column there are two
// temporary views:
//
//	cleatSECRET_t_users   SELECT id, cleatSECRET_hash(ssn) AS ssn FROM main.users
//	users                 SELECT * FROM cleatSECRET_t_users
//
// A name without a schema means a temporary object first, so that "users" is the view in
// all of a statement. Views of the schema that take from users are made anew as temporary
// ones in the same way, as theirs would read main.users.
//
// The masked column is read in one place then, the view with the secret name, and the guard
// allows it there alone. It would not do to allow it to a view called "users": SQLite tells
// the name of a common table expression just as it tells that of a view, and those the
// statement chooses. The secret is made up for each connection, and a statement that holds
// it is refused.
//
// The guard is not asked for every use of a column: in JOIN … USING and NATURAL JOIN SQLite
// compares columns without asking. So main.users becomes temp.users before SQLite sees the
// statement, and closed tables get an empty view in their place as soon as they are
// mentioned (names, veil).
//
// The order in which rows come tells about values too: SQLite reads a table by an index
// where that is shorter, and then in the order of the index. A table with an index that has
// a masked column is therefore read without its indexes, and one that is stored in the
// order of a masked column is shuffled.

// makeCovers makes the covering views and their functions.
func (c *conn) makeCovers() error {
	if !c.s.rules.Masks() {
		return nil
	}
	for _, m := range []databases.Mask{databases.Hash, databases.Partial} {
		err := c.db.Register(c.guard.secret+string(m), 1, func(k *engine.Call) {
			covered := c.s.rules.Cover(m, argument(k))
			if covered == nil {
				k.ReturnNull()
				return
			}
			k.ReturnText(*covered)
		})
		if err != nil {
			return err
		}
	}
	return c.temporary(c.makeViews)
}

// temporary has do make temporary objects, which a connection that only queries may not.
func (c *conn) temporary(do func() error) error {
	if err := c.db.Exec("PRAGMA query_only=0"); err != nil {
		return err
	}
	err := do()
	return errors.Join(err, c.db.Exec("PRAGMA query_only=1"))
}

func (c *conn) makeViews() error {
	for _, o := range c.cat.objects {
		var err error
		switch {
		case o.closed != "":
		case o.view:
			err = c.coverView(o)
		case len(o.masked) > 0:
			var how string
			if how, err = c.reading(o); err == nil {
				err = c.coverTable(o, "main."+quote(o.name)+how, c.guard.secret+tableMark+o.name)
			}
		}
		var e *engine.Error
		if errors.As(err, &e) && e.Primary() == 1 {
			o.closed = "cleat cannot cover its masked columns: " + e.Message
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// coverTable makes the views for o, whose rows come from source.
func (c *conn) coverTable(o *object, source, inner string) error {
	var names, values []string
	for _, col := range o.masked {
		names = append(names, quote(col.name))
		switch col.mask {
		case databases.NoMask:
			values = append(values, quote(col.name))
		case databases.Deny:
			values = append(values, "'"+*c.s.rules.Cover(databases.Deny, nil)+"'") // the value is not even read
		default:
			values = append(values, quote(c.guard.secret+string(col.mask))+"("+quote(col.name)+")")
		}
	}
	err := c.db.Exec(fmt.Sprintf("CREATE TEMP VIEW %s(%s) AS SELECT %s FROM %s",
		quote(inner), strings.Join(names, ", "), strings.Join(values, ", "), source))
	if err != nil {
		return err
	}
	return c.outer(o, inner)
}

// reading returns how a table is to be read so that the order of its rows tells nothing of
// masked columns, as SQL behind its name.
func (c *conn) reading(o *object) (string, error) {
	if o.kind != plainTable {
		return "", nil
	}
	key, err := c.key(o.name)
	if err != nil {
		return "", err
	}
	for _, k := range key {
		if o.masks(k) {
			return " ORDER BY random() LIMIT -1", nil
		}
	}
	var indexes []string
	err = c.each("SELECT name FROM pragma_index_list(?1, 'main')", func(s *engine.Stmt) error {
		indexes = append(indexes, text(s, 0))
		return nil
	}, o.name)
	if err != nil {
		return "", err
	}
	how := ""
	for _, index := range indexes {
		// An expression has no name, and may be of a masked column.
		err := c.each("SELECT name FROM pragma_index_info(?1, 'main')", func(s *engine.Stmt) error {
			if s.Type(0) == engine.Null || o.masks(text(s, 0)) {
				how = " NOT INDEXED"
			}
			return nil
		}, index)
		if err != nil {
			return "", err
		}
	}
	return how, nil
}

func (c *conn) outer(o *object, inner string) error {
	return c.db.Exec(fmt.Sprintf("CREATE TEMP VIEW %s AS SELECT * FROM temp.%s", quote(o.name), quote(inner)))
}

// coverView makes a view of the schema anew as a temporary one.
func (c *conn) coverView(o *object) error {
	rest, ok := afterName(o.sql)
	if !ok {
		o.closed = "its definition cannot be read, and it may show masked columns"
		return nil
	}
	inner := c.guard.secret + viewMark + o.name
	if len(o.masked) == 0 {
		if err := c.db.Exec("CREATE TEMP VIEW " + quote(inner) + " " + rest); err != nil {
			return err
		}
		return c.outer(o, inner)
	}
	first := c.guard.secret + rawMark + o.name
	if err := c.db.Exec("CREATE TEMP VIEW " + quote(first) + " " + rest); err != nil {
		return err
	}
	return c.coverTable(o, "temp."+quote(first), inner)
}

// afterName returns what follows the name in a CREATE VIEW as SQLite stores it.
func afterName(sql string) (string, bool) {
	tokens, err := sqltext.Tokens(sqltext.SQLite, sql)
	if err != nil {
		return "", false
	}
	n := 0
	for _, t := range tokens {
		if t.Kind == sqltext.Comment {
			continue
		}
		switch n++; {
		case n == 1 && t.Text != "create", n == 2 && t.Text != "view":
			return "", false
		case n == 3:
			return sql[t.End:], true
		}
	}
	return "", false
}

// veil puts an empty view in the place of a closed table, so that what SQLite does not ask
// about finds nothing.
func (c *conn) veil(o *object) error {
	if c.veiled[fold(o.name)] {
		return nil
	}
	var columns []string
	err := c.each("SELECT name FROM pragma_table_xinfo(?1, 'main')", func(s *engine.Stmt) error {
		columns = append(columns, "NULL AS "+quote(text(s, 0)))
		return nil
	}, o.name)
	if err != nil || len(columns) == 0 {
		columns = []string{"NULL"}
	}
	if o.covered() && o.closed == "" {
		if err := c.db.Exec("DROP VIEW temp." + quote(o.name)); err != nil {
			return err
		}
	}
	inner := c.guard.secret + closedMark + o.name
	if err := c.db.Exec(fmt.Sprintf("CREATE TEMP VIEW %s AS SELECT %s WHERE 0", quote(inner), strings.Join(columns, ", "))); err != nil {
		return err
	}
	c.veiled[fold(o.name)] = true
	return c.outer(o, inner)
}

// Marks in the secret names of views say what they stand for.
const (
	tableMark  = "t_" // a table, covered
	viewMark   = "v_" // a view of the schema, covered
	rawMark    = "r_" // a view of the schema before its own columns are covered
	closedMark = "c_" // a closed table, empty
)

// names looks at the names in a statement, refuses those that are closed, and veils the
// closed tables that it mentions. It returns the statement as it is to run, where
// main.users is temp.users for a covered table. It is to be called outside of a
// transaction.
func (c *conn) names(sql string) (string, error) {
	c.closed = nil
	if !c.guard.strict() {
		return sql, nil
	}
	c.guard.phase = own
	if strings.Contains(fold(sql), fold(c.guard.secret)) {
		return "", fail.Errorf(fail.Denied, "the statement uses a name that is cleat's own")
	}
	tokens := plainTokens(sql)
	out := []byte(sql)
	for i, t := range tokens {
		if t.Kind != sqltext.Word && t.Kind != sqltext.Quoted && t.Kind != sqltext.String {
			continue
		}
		o := c.cat.object(t.Text)
		if o == nil {
			continue
		}
		qualified := i >= 2 && tokens[i-1].Kind == sqltext.Op && tokens[i-1].Text == "." && fold(tokens[i-2].Text) == "main"
		if why := c.guard.closes(o); why != nil {
			if qualified || o.kind == shadowTable || strings.HasPrefix(fold(o.name), "sqlite_") {
				return "", why // the latter: SQLite lets no view have such a name
			}
			if err := c.temporary(func() error { return c.veil(o) }); err != nil {
				return "", err
			}
			if i > 0 && t.Kind != sqltext.String && (tokens[i-1].Text == "from" || tokens[i-1].Text == "join") {
				c.closed = why
			}
			continue
		}
		if qualified && o.covered() {
			main := tokens[i-2]
			copy(out[main.Start:main.End], "temp"+strings.Repeat(" ", main.End-main.Start-len("temp")))
		}
	}
	return string(out), nil
}
