package postgres

import (
	"context"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// Row implements databases.DB.
func (s *Source) Row(ctx context.Context, table string, key []string) (*databases.Result, error) {
	schema, name, columns, err := s.primary(ctx, table)
	if err != nil {
		return nil, err
	}
	if len(columns) == 0 {
		return nil, fail.Errorf(fail.Invalid, "the table %s has no primary key", table).Then("ask for its rows with db_query")
	}
	if len(columns) != len(key) {
		return nil, fail.Errorf(fail.Invalid, "the key of %s has %d values, not %d", table, len(columns), len(key)).
			Because("its columns are %s", strings.Join(columns, ", "))
	}
	sql := "SELECT * FROM " + quote(schema) + "." + quote(name) + " WHERE "
	st := &statement{limit: 1}
	for i, c := range columns {
		if s.rules.Mask(schema, name, c) != databases.NoMask {
			return nil, fail.Errorf(fail.Denied, "%s.%s is masked: rows cannot be asked for by it", table, c)
		}
		if strings.ContainsRune(key[i], 0) {
			return nil, fail.Errorf(fail.Invalid, "the key holds a NUL character")
		}
		if i > 0 {
			sql += " AND "
		}
		sql += quote(c) + " = $" + strconv.Itoa(i+1)
		st.args = append(st.args, []byte(key[i]))
	}
	st.sql = sql
	if st.tokens, err = sqltext.Tokens(sqltext.PostgreSQL, sql); err != nil {
		return nil, err
	}
	res, err := s.query(ctx, st)
	if err != nil {
		return nil, err
	}
	if len(res.Rows) == 0 {
		return nil, fail.Errorf(fail.NotFound, "%s has no row with this key", table)
	}
	return res, nil
}

// primary returns what a table is called and the columns of its primary key.
func (s *Source) primary(ctx context.Context, table string) (schema, name string, columns []string, err error) {
	if strings.ContainsRune(table, 0) || len(table) > 300 {
		return "", "", nil, fail.Errorf(fail.Invalid, "this is no name of a table")
	}
	ctx, cancel, d := s.limit(ctx)
	defer cancel()
	began := time.Now()
	var rows, known [][]string
	err = s.with(ctx, func(c *conn) error {
		rows, known = nil, nil
		return s.catalog(ctx, c, d, step{sql: primarySQL, args: [][]byte{[]byte(table)}, rows: text(&rows)}, step{sql: relationNames, rows: text(&known)})
	})
	if err != nil {
		return "", "", nil, s.explain(ctx, &statement{}, err, began)
	}
	if len(rows) == 0 {
		e := fail.Errorf(fail.NotFound, "there is no table %q", clip(table))
		if near := fail.Near(table, s.addresses(known)); len(near) > 0 {
			e = e.Because("did you mean %s?", strings.Join(near, ", "))
		}
		return "", "", nil, e.Then("look the names up with db_schema")
	}
	schema, name = rows[0][0], rows[0][1]
	if !s.rules.Allows(schema, name, rows[0][2] == "t") || s.rules.Limited() && (schema == "pg_catalog" && !s.rules.Allows(schema, name, false)) {
		return "", "", nil, fail.Errorf(fail.Denied, "the table %s may not be read: the key tables of the source does not list it", table).
			Then("use the tables that db_schema lists")
	}
	for _, r := range rows {
		if r[0] == schema && r[1] == name && r[3] != "" {
			columns = append(columns, r[3])
		}
	}
	return schema, name, columns, nil
}

// addresses returns how the tables of relationNames are addressed, if they may be read.
func (s *Source) addresses(rows [][]string) []string {
	var out []string
	for _, r := range rows {
		if s.rules.Allows(r[0], r[1], r[2] == "t") {
			out = append(out, address(r[0], r[1], r[2] == "t"))
		}
	}
	return out
}

const primarySQL = `SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid), a.attname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
LEFT JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k(attnum, place) ON true
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p')
AND (c.relname = $1::pg_catalog.text AND pg_catalog.pg_table_is_visible(c.oid) OR n.nspname || '.' || c.relname = $1::pg_catalog.text)
ORDER BY pg_catalog.pg_table_is_visible(c.oid) AND c.relname = $1::pg_catalog.text DESC, n.nspname, c.relname, k.place`
