package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// pageSize returns how many objects a page has.
func pageSize(q databases.SchemaQuery) int {
	most := 500
	switch q.Detail {
	case databases.Summary:
		most = 50
	case databases.Full:
		most = 10
	}
	if q.Limit > 0 {
		return min(q.Limit, 500)
	}
	return most
}

// relkinds returns the letters of pg_class.relkind for a kind of objects.
func relkinds(kind string) (string, error) {
	switch kind {
	case "":
		return "rpvmf", nil
	case "table":
		return "rpf", nil
	case "view":
		return "vm", nil
	case "materialized view":
		return "m", nil
	case "partitioned table":
		return "p", nil
	case "foreign table":
		return "f", nil
	case "index":
		return "iI", nil
	case "sequence":
		return "S", nil
	}
	return "", fail.Errorf(fail.Invalid, "there is no kind %q", clip(kind)).
		Because("the kinds are table, view, materialized view, partitioned table, foreign table, index and sequence")
}

// kindName is the kind of a relkind.
func kindName(relkind string) string {
	switch relkind {
	case "r":
		return "table"
	case "p":
		return "partitioned table"
	case "v":
		return "view"
	case "m":
		return "materialized view"
	case "f":
		return "foreign table"
	case "S":
		return "sequence"
	}
	return "index"
}

// A pattern is what the names of objects have to be like, as patterns of LIKE; "" is any.
type pattern struct {
	schema, name string
	exact        bool // there is no wildcard
}

func newPattern(s string) pattern {
	p := pattern{exact: !strings.ContainsAny(s, "*?")}
	schema, name, dotted := strings.Cut(s, ".")
	if !dotted {
		schema, name = "", s
	}
	p.schema, p.name = like(schema), like(name)
	return p
}

// like makes a pattern of LIKE of a glob.
func like(glob string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`, `*`, `%`, `?`, `_`).Replace(glob)
}

// Schema implements databases.DB. Without a pattern it lists what a bare name can mean, and
// says which other schemas there are.
func (s *Source) Schema(ctx context.Context, q databases.SchemaQuery) (*databases.Schema, error) {
	kinds, err := relkinds(q.Kind)
	if err != nil {
		return nil, err
	}
	if q.Detail == "" {
		q.Detail = databases.Names
	}
	schema, name, dotted := strings.Cut(q.Pattern, ".")
	if strings.ContainsRune(q.Pattern, 0) || len(q.Pattern) > 300 || dotted && (schema == "" || name == "") {
		return nil, fail.Errorf(fail.Invalid, "this is no pattern of names")
	}
	sum := cursor.Sum("postgres schema", q.Pattern, q.Kind, string(q.Detail))
	after := []string{"", "", ""}
	if q.Cursor != "" {
		if after, err = cursor.Decode(q.Cursor, sum, 3); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	ctx, cancel, d := s.limit(ctx)
	defer cancel()
	var out *databases.Schema
	err = s.with(ctx, func(c *conn) (err error) {
		out, err = s.list(ctx, c, d, q, kinds, after, sum)
		return err
	})
	if err != nil {
		return nil, s.explain(ctx, &statement{}, err, began)
	}
	return out, nil
}

// listing reads pages of objects.
type listing struct {
	kinds string
	p     pattern
	part  bool // the name is only a part
}

const objectsFrom = ` FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = ANY ($1::pg_catalog."char"[])
AND CASE WHEN $2::pg_catalog.text = '' THEN
		CASE WHEN $3::pg_catalog.text = '' THEN n.nspname = ANY (pg_catalog.current_schemas(false))
		ELSE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' END
	ELSE n.nspname LIKE $2::pg_catalog.text END
AND ($3::pg_catalog.text = '' OR c.relname LIKE $3::pg_catalog.text OR $4::pg_catalog.bool AND c.relname ILIKE '%' || $3::pg_catalog.text || '%')`

func (l listing) args() [][]byte {
	part := "f"
	if l.part {
		part = "t"
	}
	return [][]byte{array(strings.Split(l.kinds, "")), []byte(l.p.schema), []byte(l.p.name), []byte(part)}
}

// page returns the step for up to n objects after a name.
func (l listing) page(schema, name string, n int, full bool, rows *[][]string) step {
	size, comment := "0", "NULL"
	if full {
		comment = "pg_catalog.obj_description(c.oid, 'pg_class')"
		size = "CASE WHEN c.relkind IN ('r', 'm', 'p', 'i', 'I') THEN pg_catalog.pg_total_relation_size(c.oid) ELSE 0 END"
	}
	return step{sql: `SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.pg_table_is_visible(c.oid), CASE WHEN c.relkind IN ('r', 'm', 'p', 'f') THEN c.reltuples::pg_catalog.int8 ELSE -1 END,
` + size + `, ` + comment + objectsFrom + `
AND (n.nspname, c.relname) > ($5::pg_catalog.name, $6::pg_catalog.name) ORDER BY n.nspname, c.relname LIMIT ` + strconv.Itoa(n),
		args: append(l.args(), []byte(schema), []byte(name)), rows: text(rows)}
}

func (s *Source) list(ctx context.Context, c *conn, d time.Duration, q databases.SchemaQuery, kinds string, after []string, sum uint64) (*databases.Schema, error) {
	want := pageSize(q)
	full := q.Detail == databases.Full
	l := listing{kinds: kinds, p: newPattern(q.Pattern), part: after[2] == "part"}
	out := &databases.Schema{Detail: q.Detail, Total: -1, Objects: []databases.Object{}}
	if err := c.run(ctx, s.begin(d)); err != nil {
		return nil, err
	}
	var found [][]string
	schema, name, more := after[0], after[1], false
	for {
		n := want + 1
		if s.rules.Limited() {
			n = 2000 // most may be closed
		}
		var rows, total, others [][]string
		steps := []step{l.page(schema, name, n, full, &rows)}
		if q.Cursor == "" && out.Total < 0 && !s.rules.Limited() {
			steps = append(steps, step{sql: "SELECT pg_catalog.count(*)" + objectsFrom, args: l.args(), rows: text(&total)})
		}
		if q.Pattern == "" && q.Cursor == "" && len(found) == 0 {
			steps = append(steps, step{sql: otherSchemas, rows: text(&others)})
		}
		if err := c.run(ctx, steps); err != nil {
			return nil, err
		}
		if len(total) == 1 {
			if t, err := strconv.Atoi(total[0][0]); err == nil {
				out.Total = t
			}
		}
		out.Notes = append(out.Notes, s.noteSchemas(others)...)
		for _, r := range rows {
			if s.listed(r) {
				if len(found) == want {
					more = true
					break
				}
				found = append(found, r)
			}
			schema, name = r[1], r[2]
		}
		if more || len(rows) < n {
			break
		}
		if len(found) == want && !s.rules.Limited() {
			more = true
			break
		}
	}
	if len(found) == 0 && q.Pattern != "" && q.Cursor == "" {
		if l.p.exact && !l.part {
			if err := c.run(ctx, c.leave()...); err != nil {
				return nil, err
			}
			return s.list(ctx, c, d, q, kinds, []string{"", "", "part"}, sum)
		}
		return nil, s.noObject(ctx, c, q)
	}
	if more {
		mode := ""
		if l.part {
			mode = "part"
		}
		last := found[len(found)-1]
		out.Cursor = cursor.Encode(sum, last[1], last[2], mode)
	}
	if err := s.detail(ctx, c, out, found, q.Detail); err != nil {
		return nil, err
	}
	return out, c.run(ctx, c.leave()...)
}

// listed reports whether an object may be shown.
func (s *Source) listed(r []string) bool {
	if r[1] == "pg_catalog" || r[1] == "information_schema" {
		return s.rules.Allows(r[1], r[2], false)
	}
	return s.rules.Allows(r[1], r[2], r[4] == "t")
}

const otherSchemas = `SELECT n.nspname, pg_catalog.count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
AND n.nspname <> ALL (pg_catalog.current_schemas(false)) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10`

// noteSchemas says which other schemas there are.
func (s *Source) noteSchemas(rows [][]string) []string {
	if len(rows) == 0 || s.rules.Limited() {
		return nil
	}
	var names []string
	for _, r := range rows {
		names = append(names, r[0]+" ("+r[1]+")")
	}
	return []string{"other schemas, with how many tables and views they have: " + strings.Join(names, ", ") + "; list one with the pattern " + rows[0][0] + ".*"}
}

// noObject is the error for a pattern that nothing matches.
func (s *Source) noObject(ctx context.Context, c *conn, q databases.SchemaQuery) error {
	var known [][]string
	if err := c.run(ctx, []step{{sql: relationNames, rows: text(&known)}}); err != nil {
		return err
	}
	e := fail.Errorf(fail.NotFound, "nothing is called %q", clip(q.Pattern))
	if near := fail.Near(q.Pattern, s.addresses(known)); len(near) > 0 {
		e = e.Because("did you mean %s?", strings.Join(near, ", "))
	}
	return e.Then("list what there is with db_schema and no pattern")
}

// detail makes objects of the rows, with what the detail asks for.
func (s *Source) detail(ctx context.Context, c *conn, out *databases.Schema, found [][]string, detail databases.Detail) error {
	index := make(map[string]int)
	var oids []string
	for i, r := range found {
		o := databases.Object{Name: r[2], Kind: kindName(r[3]), Rows: integer(r[5]), Bytes: integer(r[6])}
		if r[4] != "t" {
			o.Schema = r[1]
		}
		if detail == databases.Full {
			o.Comment = r[7]
		}
		out.Objects = append(out.Objects, o)
		index[r[0]], oids = i, append(oids, r[0])
		if strings.Contains("rpvmf", r[3]) {
			s.saw(address(r[1], r[2], r[4] == "t"))
		}
	}
	if detail == databases.Names || len(oids) == 0 {
		return nil
	}
	var columns, keys, indexes, definitions [][]string
	arg := [][]byte{array(oids)}
	steps := []step{{sql: columnsSQL, args: arg, rows: text(&columns)}, {sql: keysSQL, args: arg, rows: text(&keys)}}
	if detail == databases.Full {
		steps = append(steps, step{sql: indexesSQL, args: arg, rows: text(&indexes)}, step{sql: definitionsSQL, args: arg, rows: text(&definitions)})
	}
	if err := c.run(ctx, steps); err != nil {
		return err
	}
	for _, r := range columns {
		i := index[r[0]]
		a := databases.Attribute{Name: r[1], Type: r[2], NotNull: r[3] == "t", Mask: string(s.rules.Mask(found[i][1], found[i][2], r[1]))}
		if detail == databases.Full {
			a.Default, a.Comment = r[4], r[5]
		}
		out.Objects[i].Columns = append(out.Objects[i].Columns, a)
	}
	for _, r := range keys {
		o := &out.Objects[index[r[0]]]
		names, err := jsonNames(r[2])
		if err != nil {
			return err
		}
		switch r[1] {
		case "p":
			o.Primary = names
		case "f":
			target, err := jsonNames(r[6])
			if err != nil {
				return err
			}
			if s.rules.Allows(r[3], r[4], r[5] == "t") {
				o.Foreign = append(o.Foreign, databases.Foreign{Columns: names, Table: address(r[3], r[4], r[5] == "t"), Target: target})
			}
		case "c":
			if detail == databases.Full {
				o.Checks = append(o.Checks, r[7])
			}
		}
	}
	for _, r := range indexes {
		names, err := jsonNames(r[2])
		if err != nil {
			return err
		}
		x := databases.Index{Name: r[1], Columns: names, Unique: r[3] == "t", Where: r[4]}
		if r[5] != "btree" {
			x.Method = r[5]
		}
		o := &out.Objects[index[r[0]]]
		o.Indexes = append(o.Indexes, x)
	}
	for _, r := range definitions {
		out.Objects[index[r[0]]].SQL = strings.TrimSpace(r[1])
	}
	return nil
}

// integer reads a number that the server wrote.
func integer(s string) int64 {
	var n int64
	if _, err := fmt.Sscan(s, &n); err != nil {
		return -1
	}
	return n
}
