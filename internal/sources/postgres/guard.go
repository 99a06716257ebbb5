package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/sqltext"
)

// A transaction that is READ ONLY still calls functions with effects: they end other
// sessions, read files of the server, take locks, connect elsewhere, and read tables by
// text where nothing else sees it. The guard is a statement of ours that runs in the same
// batch right before the statement of the model and fails if that could call one of them,
// so that the server passes over the rest of the batch.
//
// It asks the catalog for every name that stands before a parenthesis or after a dot
// (SELECT t.f FROM t calls f(t)), in every schema the name can mean. A function is let
// through if all of that name are stable or immutable and none reads by text, if it is on
// the short list of harmless, or if the configuration names it. Operators and casts that
// people made are looked at too: they are functions with other names.

// guardMark begins the value with which the guard fails.
const guardMark = "cleat-guard:"

// guardSQL takes names, their schemas ("" if bare), whether they stand before a
// parenthesis, functions that are allowed, whether all beyond the system's own are to be
// named, the statement, its words, and two lists of names: harmless and closed.
const guardSQL = `
WITH wanted AS (
	SELECT n.name, n.schema, n.called FROM ROWS FROM (
		pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.bool[])) n(name, schema, called)
), functions AS (
	SELECT s.nspname, p.proname, p.oid, p.provolatile, p.prokind, p.pronamespace,
		EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e') AS extension
	FROM wanted w
	JOIN pg_catalog.pg_proc p ON p.proname = w.name::pg_catalog.name
	JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
	WHERE (w.schema = '' AND s.nspname = ANY (pg_catalog.current_schemas(true)) OR s.nspname = w.schema
			OR w.schema = 'pg_temp' AND s.oid = pg_catalog.pg_my_temp_schema() OR w.schema = '*')
		AND (w.called OR p.pronargs > 0 AND (
			SELECT t.typtype IN ('c', 'p') FROM pg_catalog.pg_type t WHERE t.oid = p.proargtypes[0]))
)
SELECT ('` + guardMark + `' || f.nspname || '.' || f.proname)::pg_catalog.int4 FROM functions f
WHERE NOT (f.nspname || '.' || f.proname = ANY ($4::pg_catalog.text[]))
	AND (f.proname = ANY ($9::pg_catalog.name[])
		OR f.provolatile = 'v' AND NOT ((f.nspname = 'pg_catalog' OR f.extension) AND f.proname = ANY ($8::pg_catalog.name[]))
		OR $5::pg_catalog.bool AND f.nspname <> 'pg_catalog'
		OR f.prokind = 'a' AND f.oid >= 16384 AND EXISTS (
			SELECT FROM pg_catalog.pg_aggregate a
			JOIN pg_catalog.pg_proc p ON p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
			WHERE a.aggfnoid = f.oid AND p.provolatile = 'v'))
UNION ALL
SELECT ('` + guardMark + `operator ' || o.oprname)::pg_catalog.int4
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
WHERE o.oid >= 16384 AND pg_catalog.strpos($6::pg_catalog.text, o.oprname::pg_catalog.text) > 0
	AND (p.provolatile = 'v' OR $5::pg_catalog.bool AND s.nspname <> 'pg_catalog')
	AND NOT (s.nspname || '.' || p.proname = ANY ($4::pg_catalog.text[]))
UNION ALL
SELECT ('` + guardMark + `cast to ' || t.typname)::pg_catalog.int4
FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc JOIN pg_catalog.pg_namespace s ON s.oid = p.pronamespace
JOIN pg_catalog.pg_type t ON t.oid = c.casttarget
WHERE c.oid >= 16384 AND t.typname = ANY ($7::pg_catalog.name[])
	AND (p.provolatile = 'v' OR $5::pg_catalog.bool AND s.nspname <> 'pg_catalog')
	AND NOT (s.nspname || '.' || p.proname = ANY ($4::pg_catalog.text[]))`

// quickSQL is a guard that stops at more than guardSQL does, but costs a tenth of it. Where
// it stops, guardSQL decides. It takes the same first parameters: the names, the words and
// the statement, harmless and closed names.
const quickSQL = `
SELECT ('` + guardMark + quickFunction + `' || p.proname)::pg_catalog.int4 FROM pg_catalog.pg_proc p
WHERE p.proname = ANY ($1::pg_catalog.name[])
	AND (p.oid >= 16384 OR p.proname = ANY ($4::pg_catalog.name[]) OR p.provolatile = 'v' AND p.proname <> ALL ($3::pg_catalog.name[]))
UNION ALL
SELECT ('` + guardMark + quickOther + `' || o.oprname)::pg_catalog.int4 FROM pg_catalog.pg_operator o
WHERE o.oid >= 16384 AND pg_catalog.strpos($2::pg_catalog.text, o.oprname::pg_catalog.text) > 0
UNION ALL
SELECT ('` + guardMark + quickOther + `' || c.oid)::pg_catalog.int4 FROM pg_catalog.pg_cast c WHERE c.oid >= 16384`

// What quickSQL says that it stopped at.
const (
	quickFunction = "function?"
	quickOther    = "operator or cast?"
)

// harmless returns volatile functions that change nothing that outlives the transaction,
// take no lock and read no file. They are the system's own or of extensions.
func harmless() []string {
	return []string{
		"array_sample", "array_shuffle", "bernoulli", "clock_timestamp", "current_query", "currval", "gen_random_bytes", "gen_random_uuid", "gen_salt",
		"lastval", "pg_blocking_pids", "pg_current_wal_flush_lsn", "pg_current_wal_insert_lsn", "pg_current_wal_lsn", "pg_database_size",
		"pg_get_wal_replay_pause_state", "pg_indexes_size", "pg_is_in_recovery", "pg_is_wal_replay_paused", "pg_jit_available",
		"pg_last_committed_xact", "pg_last_wal_receive_lsn", "pg_last_wal_replay_lsn", "pg_last_xact_replay_timestamp",
		"pg_notification_queue_usage", "pg_partition_ancestors", "pg_partition_tree", "pg_relation_size", "pg_safe_snapshot_blocking_pids",
		"pg_sequence_last_value", "pg_sleep", "pg_sleep_for", "pg_sleep_until", "pg_table_size", "pg_tablespace_size", "pg_total_relation_size",
		"pg_xact_commit_timestamp", "pg_xact_status", "random", "random_normal", "setseed", "system", "system_rows", "system_time",
		"timeofday", "txid_status", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "uuidv4", "uuidv7",
	}
}

// byText returns functions that read tables or files that an argument names, or run an
// argument as SQL, whatever their volatility is said to be.
func byText() []string {
	return []string{
		"connectby", "crosstab", "crosstab2", "crosstab3", "crosstab4", "crosstabn", "cursor_to_xml", "cursor_to_xmlschema",
		"database_to_xml", "database_to_xml_and_xmlschema", "database_to_xmlschema", "dblink", "dblink_exec", "dblink_open", "dblink_send_query",
		"normal_rand_sql", "pg_read_binary_file", "pg_read_file", "pg_ls_dir", "pg_stat_file", "query_to_xml", "query_to_xml_and_xmlschema",
		"query_to_xmlschema", "schema_to_xml", "schema_to_xml_and_xmlschema", "schema_to_xmlschema", "table_to_xml", "table_to_xml_and_xmlschema",
		"table_to_xmlschema", "ts_stat", "xpath_table", "xslt_process",
	}
}

// A name is a function that a statement may call.
type name struct {
	schema, name string
	called       bool // it stands before a parenthesis
}

// names returns the functions that a statement may call.
func names(st *statement) ([]name, error) {
	calls, err := sqltext.Calls(sqltext.PostgreSQL, st.sql)
	if err != nil {
		return nil, err
	}
	var out []name
	for _, c := range calls {
		out = append(out, name{cut(c.Schema), cut(c.Name), true})
	}
	for i, t := range st.tokens {
		if i > 0 && st.tokens[i-1].Kind == sqltext.Op && st.tokens[i-1].Text == "." && (t.Kind == sqltext.Word || t.Kind == sqltext.Quoted) {
			out = append(out, name{"*", cut(t.Text), false})
		}
	}
	sorting.Sort(out, func(a, b name) int {
		return strings.Compare(a.schema+"\x00"+a.name, b.schema+"\x00"+b.name)
	})
	return slices.Compact(out), nil
}

// cut shortens an identifier as the server does: to maxName bytes, at a character.
func cut(s string) string {
	if len(s) <= maxName {
		return s
	}
	return strings.ToValidUTF8(s[:maxName], "")
}

// guard returns the step that fails if the statement could call a function with effects.
// extra are more names that are harmless.
func (s *Source) guard(st *statement, extra ...string) (step, error) {
	found, err := names(st)
	if err != nil {
		return step{}, err
	}
	var name, schema, called, words []string
	for _, f := range found {
		name, schema = append(name, f.name), append(schema, f.schema)
		if f.called {
			called = append(called, "t")
		} else {
			called = append(called, "f")
		}
	}
	for _, t := range st.tokens {
		if t.Kind == sqltext.Word || t.Kind == sqltext.Quoted {
			words = append(words, cut(t.Text))
		}
	}
	s.mu.Lock()
	allowed, full := array(s.allowed), st.full || s.full
	s.mu.Unlock()
	if !full {
		return step{sql: quickSQL, args: [][]byte{array(name), []byte(st.sql), array(append(harmless(), extra...)), array(byText())}}, nil
	}
	strict := "f"
	if s.strict() {
		strict = "t"
	}
	return step{sql: guardSQL, args: [][]byte{array(name), array(schema), array(called), allowed, []byte(strict),
		[]byte(st.sql), array(words), array(append(harmless(), extra...)), array(byText())}}, nil
}

// guarded returns what the guard stopped at, if err is its failure.
func guarded(err error) (what string, ok bool) {
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "22P02" {
		return "", false
	}
	_, what, ok = strings.Cut(e.Message, guardMark)
	return strings.TrimRight(what, `"'»“”`), ok
}

// guarding calls f again as long as the guard stops it at what needs a closer look, or at
// functions that the configuration allows.
func (s *Source) guarding(ctx context.Context, c *conn, st *statement, f func() error) error {
	for {
		err := f()
		what, stopped := guarded(err)
		if !stopped {
			return err
		}
		switch {
		case strings.HasPrefix(what, quickFunction):
			st.full = true
		case strings.HasPrefix(what, quickOther):
			// With such an extension the quick guard stops at most statements.
			st.full = true
			s.mu.Lock()
			s.full = true
			s.mu.Unlock()
		default:
			if err := s.permit(what); err != nil {
				return err
			}
		}
		if c.pg.TxStatus() != 'I' {
			if err := c.run(ctx, c.leave()...); err != nil {
				return err
			}
		}
	}
}

// permit decides on what the guard stopped at: nil if the configuration allows it, and the
// statement is to be tried again.
func (s *Source) permit(what string) error {
	schema, function, ok := strings.Cut(what, ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok && s.rules.AllowsFunction(schema, function) && !slices.Contains(s.allowed, what) {
		s.allowed = append(s.allowed, what)
		return nil
	}
	shown := what
	if ok {
		shown = strings.TrimPrefix(what, "pg_catalog.")
	}
	e := fail.Errorf(fail.Denied, "the function %s may not be called", clip(shown))
	if !ok {
		e = fail.Errorf(fail.Denied, "the %s calls a function that may not be called", clip(what))
	}
	return e.Because("it may have effects that a read-only transaction does not hold back, or read what is not named in the statement").
		Then("write the statement without it; a person can allow it with the key functions=[…] of the source")
}

// closed refuses statements that name the system's own tables of secrets. Nothing in them
// is of use to an analysis.
func (s *Source) closed(tokens []sqltext.Token) error {
	for _, t := range tokens {
		if t.Kind != sqltext.Word && t.Kind != sqltext.Quoted {
			continue
		}
		if _, secret := slices.BinarySearch(secrets(), t.Text); secret {
			return fail.Errorf(fail.Denied, "%s may not be read", t.Text).Because("it holds password hashes, credentials or large objects of others").
				Then("use pg_roles for roles")
		}
		if _, statistic := slices.BinarySearch(statistics(), t.Text); statistic && s.rules.Masks() {
			return fail.Errorf(fail.Denied, "%s may not be read while columns are masked", t.Text).Because("it holds values of columns, or statements with values in them")
		}
	}
	return nil
}

// secrets returns relations that hold secrets, sorted.
func secrets() []string {
	return []string{"_pg_foreign_servers", "_pg_user_mappings", "foreign_server_options", "pg_authid", "pg_file_settings", "pg_foreign_server",
		"pg_hba_file_rules", "pg_ident_file_mappings", "pg_largeobject", "pg_shadow", "pg_subscription", "pg_user_mapping", "pg_user_mappings",
		"user_mapping_options"}
}

// statistics returns relations that hold values of columns, sorted.
func statistics() []string {
	return []string{"pg_stat_statements", "pg_statistic", "pg_statistic_ext_data", "pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"}
}
