package sqlite

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/systems/databases"
)

// Row returns the row of a table, "name" or "main.name", by its primary key.
func (s *Source) Row(ctx context.Context, table string, key []string) (*databases.Result, error) {
	began := time.Now()
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	var res *databases.Result
	err := s.with(ctx, "", func(c *conn, _ string) error {
		o, err := c.find(table)
		if err != nil {
			return err
		}
		sql, err := c.rowSQL(ctx, o, key)
		if err != nil {
			return err
		}
		st, err := c.compile(sql)
		if err != nil {
			return s.failure(ctx, c, sql, err)
		}
		defer st.Close()
		for i, k := range key {
			if err := st.BindText(i+1, k); err != nil {
				return s.failure(ctx, c, sql, err)
			}
		}
		if res, err = c.collect(ctx, st, sql, 1, began); err != nil {
			return err
		}
		if len(res.Rows) == 0 && res.Partial == "" {
			return fail.Errorf(fail.NotFound, "%s has no row with that key", o.name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// find returns the table or view of that name, if it may be read.
func (c *conn) find(name string) (*object, error) {
	o := c.cat.object(name)
	if o == nil {
		if schema, bare, ok := strings.Cut(name, "."); ok && fold(schema) == "main" {
			o = c.cat.object(bare)
		}
	}
	if o == nil {
		return nil, near(fail.Errorf(fail.NotFound, "there is no table or view %q", short(name)), name, c.tables())
	}
	if err := c.guard.closes(o); err != nil {
		return nil, err
	}
	return o, nil
}

// short cuts a name that a caller sent.
func short(s string) string {
	if len(s) <= 80 {
		return s
	}
	return strings.ToValidUTF8(s[:80], "") + "…"
}

// rowSQL returns the statement for the row with a key.
func (c *conn) rowSQL(ctx context.Context, o *object, values []string) (string, error) {
	if o.kind == plainView {
		return "", fail.Errorf(fail.Invalid, "%s is a view and has no primary key", o.name).Then("use db_query with a condition")
	}
	key, err := c.key(o.name)
	if err != nil {
		return "", c.s.failure(ctx, c, "", err)
	}
	if len(key) == 0 {
		return "", fail.Errorf(fail.Invalid, "%s has no primary key", o.name).Then("use db_query with a condition")
	}
	if len(key) != len(values) {
		return "", fail.Errorf(fail.Invalid, "the primary key of %s is (%s), and %s came", o.name, strings.Join(key, ", "), counted(len(values), "value"))
	}
	types := map[string]string{}
	err = c.each("SELECT name, type FROM pragma_table_xinfo(?1, 'main')", func(s *engine.Stmt) error {
		types[text(s, 0)] = text(s, 1)
		return nil
	}, o.name)
	if err != nil {
		return "", c.s.failure(ctx, c, "", err)
	}
	var where []string
	for i, k := range key {
		if strings.ContainsRune(values[i], 0) {
			return "", fail.Errorf(fail.Invalid, "a value of the key holds a NUL character")
		}
		for _, m := range o.masked {
			if m.name == k && m.mask != databases.NoMask {
				return "", fail.Errorf(fail.Denied, "the key column %s of %s is masked and cannot be asked for", k, o.name)
			}
		}
		where = append(where, keyCondition(quote(k), i+1, types[k], values[i]))
	}
	return fmt.Sprintf("SELECT * FROM %s WHERE %s", quote(o.name), strings.Join(where, " AND ")), nil
}

// keyCondition compares a column with a text. The column's type converts it, and where the
// column has none the text stands for a number or a blob too.
func keyCondition(column string, n int, declared, value string) string {
	equal := fmt.Sprintf("%s = ?%d", column, n)
	if t := strings.ToUpper(declared); t != "" && !strings.Contains(t, "BLOB") {
		return equal
	}
	if inner, ok := strings.CutPrefix(value, "x'"); ok && strings.HasSuffix(inner, "'") {
		if _, err := hex.DecodeString(inner[:len(inner)-1]); err == nil {
			return fmt.Sprintf("(%s OR %s = %s)", equal, column, value)
		}
	}
	return fmt.Sprintf("(%s OR (typeof(%s) IN ('integer', 'real') AND %s = CAST(?%d AS NUMERIC)))", equal, column, column, n)
}
