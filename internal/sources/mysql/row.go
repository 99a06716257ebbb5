package mysql

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// A keyColumn is a column of a primary key.
type keyColumn struct{ name, typ string }

// Row implements databases.DB.
func (s *Source) Row(ctx context.Context, table string, key []string) (*databases.Result, error) {
	k := s.clock(ctx)
	defer k.stop()
	c, err := s.take(k.soft, k.left, 0)
	if err != nil {
		return nil, s.late(k, err)
	}
	notes := s.notes(k.soft, c)
	r, args, err := s.row(k, c, table, key)
	if err != nil {
		s.release(c, err)
		return nil, s.late(k, err)
	}
	res, err := r.run.read(args, 2)
	s.finish(k, c, r.run.ended)
	s.refill()
	if err != nil {
		return nil, err
	}
	for i := range res.Columns {
		col := &res.Columns[i]
		col.Table = r.address
		col.Key = slices.ContainsFunc(r.key, func(k keyColumn) bool { return k.name == col.Name })
	}
	if len(res.Rows) == 0 {
		return nil, fail.Errorf(fail.NotFound, "the table %s has no row with that key", line(table))
	}
	res.Notes = append(res.Notes, notes...)
	return res, nil
}

// A lookup is the statement that reads one row.
type lookup struct {
	run     *run
	address string
	key     []keyColumn
}

// row finds out how a row is read.
func (s *Source) row(k clock, c *conn, table string, key []string) (*lookup, []driver.NamedValue, error) {
	r, err := s.find(k.soft, c, table)
	if err != nil {
		return nil, nil, err
	}
	columns, err := s.keyOf(k.soft, c, r)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, col := range columns {
		names = append(names, col.name)
	}
	if len(columns) == 0 {
		return nil, nil, fail.Errorf(fail.Invalid, "%s has no primary key", line(table)).Then("select its rows with db_query")
	}
	if len(key) != len(columns) {
		return nil, nil, fail.Errorf(fail.Invalid, "the key of %s has %s (%s), and %s", line(table), count(len(columns), "column"), line(strings.Join(names, ", ")), given(len(key)))
	}
	var where []string
	args := make([]driver.NamedValue, len(key))
	for i, col := range columns {
		if s.rules.Mask(r.schema, r.name, col.name) != databases.NoMask {
			return nil, nil, fail.Errorf(fail.Denied, "the key column %s of %s is masked", line(col.name), line(table)).Then("ask for rows by other columns with db_query")
		}
		v, err := keyValue(col, key[i])
		if err != nil {
			return nil, nil, err
		}
		where = append(where, quote(col.name)+" = ?")
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	g, err := s.rowGuard(k.soft, c, r)
	if err != nil {
		return nil, nil, err
	}
	st := statement{body: "SELECT * FROM " + quote(r.schema) + "." + quote(r.name) + " WHERE " + strings.Join(where, " AND ") + " LIMIT 2"}
	return &lookup{&run{s: s, k: k, c: c, guard: g, st: st}, address(c, r), columns}, args, nil
}

// rowGuard covers the columns of one table, whose origin is known.
func (s *Source) rowGuard(ctx context.Context, c *conn, r ref) (*guard, error) {
	g := &guard{masks: make(map[string]databases.Mask)}
	if !s.rules.Masks() {
		return g, nil
	}
	rel, err := s.relation(ctx, c, r)
	if err != nil {
		return nil, err
	}
	for _, name := range rel.columns {
		if m := s.rules.Mask(r.schema, r.name, name); m != databases.NoMask {
			g.masked, g.masks[strings.ToLower(name)] = true, m
		}
	}
	return g, nil
}

// keyOf returns the columns of the primary key of a table, in its order.
func (s *Source) keyOf(ctx context.Context, c *conn, r ref) ([]keyColumn, error) {
	rows, err := c.all(ctx, `SELECT k.column_name, c.data_type FROM information_schema.statistics AS k
		JOIN information_schema.columns AS c ON c.table_schema = ? AND c.table_name = ? AND c.column_name = k.column_name
		WHERE k.table_schema = ? AND k.table_name = ? AND k.index_name = 'PRIMARY' ORDER BY k.seq_in_index`, r.schema, r.name, r.schema, r.name)
	if err != nil {
		return nil, s.statementError(ctx, c, statement{}, err)
	}
	var out []keyColumn
	for _, row := range rows {
		out = append(out, keyColumn{str(row[0]), strings.ToLower(str(row[1]))})
	}
	return out, nil
}

// keyValue is the value of a key column that a text stands for. The server would take
// "5x" for 5 and any word for 0.
func keyValue(col keyColumn, text string) (driver.Value, error) {
	bad := func(what string) error {
		return fail.Errorf(fail.Invalid, "the key column %s is %s, and %q is not", line(col.name), what, line(text))
	}
	switch col.typ {
	case "tinyint", "smallint", "mediumint", "int", "bigint", "year", "bit":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, nil
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, bad("a whole number")
		}
		return n, nil
	case "decimal":
		if t, err := sqltext.Tokens(sqltext.MySQL, strings.TrimPrefix(text, "-")); err != nil || len(t) != 1 || t[0].Kind != sqltext.Number {
			return nil, bad("a number")
		}
	case "float", "double":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, bad("a number")
		}
		return f, nil
	case "timestamp":
		return strings.TrimSuffix(text, "Z"), nil
	}
	if isBytes(col.typ) {
		if in, ok := strings.CutPrefix(text, "x'"); ok && strings.HasSuffix(in, "'") {
			if b, err := hex.DecodeString(strings.TrimSuffix(in, "'")); err == nil {
				return b, nil
			}
		}
	}
	if strings.IndexByte(text, 0) >= 0 {
		return nil, fail.Errorf(fail.Invalid, "the key holds a NUL character")
	}
	return text, nil
}

// quote writes a name as an identifier.
func quote(name string) string {
	return fmt.Sprintf("`%s`", strings.ReplaceAll(name, "`", "``"))
}
