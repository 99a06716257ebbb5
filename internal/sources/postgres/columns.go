package postgres

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cleat/internal/systems/databases"
)

// metaAge is how long the names of tables are taken for true.
const metaAge = time.Minute

// A meta remembers names of types and tables, which results give as numbers.
type meta struct {
	mu     sync.Mutex
	types  map[typeKey]string
	tables map[uint32]origin
	since  time.Time // when tables was begun
}

type typeKey struct {
	oid      uint32
	modifier int32
}

// An origin is a table that a column of a result comes from.
type origin struct {
	name    string // as it is addressed
	primary []uint16
}

// learn asks for the names that the fields need and that are not known yet.
func (s *Source) learn(ctx context.Context, c *conn, d time.Duration, fields []pgconn.FieldDescription) error {
	var oids, modifiers, tables []string
	s.meta.mu.Lock()
	if s.meta.types == nil || len(s.meta.types) > maxKnown {
		s.meta.types = make(map[typeKey]string)
	}
	if s.meta.tables == nil || time.Since(s.meta.since) > metaAge {
		s.meta.tables, s.meta.since = make(map[uint32]origin), time.Now()
	}
	for _, f := range fields {
		if _, ok := s.meta.types[typeKey{f.DataTypeOID, f.TypeModifier}]; !ok && common(f) == "" {
			oids = append(oids, strconv.FormatUint(uint64(f.DataTypeOID), 10))
			modifiers = append(modifiers, strconv.Itoa(int(f.TypeModifier)))
		}
		if _, ok := s.meta.tables[f.TableOID]; !ok && f.TableOID != 0 {
			tables = append(tables, strconv.FormatUint(uint64(f.TableOID), 10))
		}
	}
	s.meta.mu.Unlock()
	if len(oids)+len(tables) == 0 {
		return nil
	}
	tables = slices.Compact(slices.Sorted(slices.Values(tables)))
	var types, names [][]string
	err := s.catalog(ctx, c, d,
		step{sql: `SELECT t.oid, t.modifier, pg_catalog.format_type(t.oid, t.modifier) FROM ROWS FROM (
pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.int4[])) t(oid, modifier)`,
			args: [][]byte{array(oids), array(modifiers)}, rows: text(&types)},
		step{sql: `SELECT c.oid, n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid), i.indkey::pg_catalog.text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE c.oid = ANY ($1::pg_catalog.oid[])`,
			args: [][]byte{array(tables)}, rows: text(&names)})
	if err != nil {
		return err
	}
	s.meta.mu.Lock()
	defer s.meta.mu.Unlock()
	for _, r := range types {
		oid, err1 := strconv.ParseUint(r[0], 10, 32)
		modifier, err2 := strconv.ParseInt(r[1], 10, 32)
		if err1 == nil && err2 == nil {
			s.meta.types[typeKey{uint32(oid), int32(modifier)}] = strings.ToLower(r[2])
		}
	}
	for _, r := range names {
		o := origin{name: address(r[1], r[2], r[3] == "t")}
		for _, k := range strings.Fields(r[4]) {
			if n, err := strconv.ParseUint(k, 10, 16); err == nil {
				o.primary = append(o.primary, uint16(n))
			}
		}
		if oid, err := strconv.ParseUint(r[0], 10, 32); err == nil {
			s.meta.tables[uint32(oid)] = o
			s.saw(o.name)
		}
	}
	return nil
}

// address is how a table is named.
func address(schema, table string, visible bool) string {
	if visible {
		return table
	}
	return schema + "." + table
}

// describe fills in what is known of a column.
func (s *Source) describe(col *databases.Column, f pgconn.FieldDescription) {
	s.meta.mu.Lock()
	defer s.meta.mu.Unlock()
	col.Type = cmp.Or(common(f), s.meta.types[typeKey{f.DataTypeOID, f.TypeModifier}])
	if o, ok := s.meta.tables[f.TableOID]; ok && f.TableAttributeNumber > 0 {
		col.Table, col.Key = o.name, slices.Contains(o.primary, f.TableAttributeNumber)
	}
}

// common returns the name of a type that everybody has, "" for others: the numbers of the
// system's own types are fixed.
func common(f pgconn.FieldDescription) string {
	if f.TypeModifier != -1 {
		return ""
	}
	switch f.DataTypeOID {
	case oidBool:
		return "boolean"
	case oidBytea:
		return "bytea"
	case oidInt8:
		return "bigint"
	case oidInt2:
		return "smallint"
	case oidInt4:
		return "integer"
	case 25:
		return "text"
	case 114:
		return "json"
	case 700:
		return "real"
	case 701:
		return "double precision"
	case 1043:
		return "character varying"
	case 1082:
		return "date"
	case oidTimestamp:
		return "timestamp without time zone"
	case oidTimestamptz:
		return "timestamp with time zone"
	case 1700:
		return "numeric"
	case 2950:
		return "uuid"
	case 3802:
		return "jsonb"
	}
	return ""
}
