package postgres

import "encoding/json"

// jsonNames reads a JSON array of names.
func jsonNames(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	var out []string
	err := json.Unmarshal([]byte(s), &out)
	return out, err
}

const columnsSQL = `SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
CASE WHEN a.attidentity <> '' THEN 'identity' WHEN a.attgenerated <> '' THEN 'generated as ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) ELSE pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
pg_catalog.col_description(a.attrelid, a.attnum)
FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY ($1::pg_catalog.oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`

const keysSQL = `SELECT k.conrelid, k.contype, pg_catalog.to_json(ARRAY(
	SELECT a.attname::pg_catalog.text FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(n, place)
	JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.place)),
n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid), pg_catalog.to_json(ARRAY(
	SELECT a.attname::pg_catalog.text FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(n, place)
	JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.place)),
CASE WHEN k.contype = 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid) END
FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class c ON c.oid = k.confrelid LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.conrelid = ANY ($1::pg_catalog.oid[]) AND k.contype IN ('p', 'f', 'c') ORDER BY k.conrelid, k.conname`

const indexesSQL = `SELECT i.indrelid, c.relname, pg_catalog.to_json(ARRAY(
	SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k, true) FROM pg_catalog.generate_series(1, i.indnkeyatts::pg_catalog.int4) k ORDER BY k)),
i.indisunique, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true), m.amname
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE i.indrelid = ANY ($1::pg_catalog.oid[]) AND NOT i.indisprimary ORDER BY i.indrelid, c.relname`

const definitionsSQL = `SELECT c.oid, CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid, true) ELSE pg_catalog.pg_get_indexdef(c.oid) END
FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::pg_catalog.oid[]) AND c.relkind IN ('v', 'm', 'i', 'I')`
