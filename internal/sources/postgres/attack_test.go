package postgres

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sources/postgres/pgtest"
	"cleat/internal/systems/databases"
)

// attackSetup makes functions, operators and casts with effects.
func attackSetup() []string {
	return []string{
		"CREATE EXTENSION dblink", "CREATE EXTENSION tablefunc", "CREATE SEQUENCE tickets", "GRANT ALL ON SEQUENCE tickets TO PUBLIC",
		"CREATE SCHEMA evil", "GRANT USAGE ON SCHEMA evil TO PUBLIC",
		"CREATE FUNCTION evil(int) RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN PERFORM pg_advisory_lock(66); RETURN $1; END'",
		"CREATE FUNCTION evil(users) RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN evil(1); END'",
		"CREATE FUNCTION evil2(int, int) RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN evil(1); END'",
		`CREATE FUNCTION evil."Weird ""Name"(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT evil(1)'`,
		"CREATE OPERATOR @#@ (RIGHTARG = int, FUNCTION = evil)",
		"CREATE AGGREGATE evilsum (int) (SFUNC = evil2, STYPE = int)",
		"CREATE TYPE boxed AS (i int)",
		"CREATE FUNCTION box(int) RETURNS boxed LANGUAGE plpgsql VOLATILE AS 'BEGIN PERFORM evil(1); RETURN ROW($1)::boxed; END'",
		"CREATE CAST (int AS boxed) WITH FUNCTION box(int)",
	}
}

// TestAttacksAreRefused runs statements that have to be refused in every role, and looks
// at the database through a second connection.
func TestAttacksAreRefused(t *testing.T) {
	f := newFixture(t)
	f.server.Exec(t, f.db, attackSetup()...)
	out := t.TempDir()
	for dir := out; dir != filepath.Dir(filepath.Dir(filepath.Dir(out))); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	state := func() string {
		return f.server.Rows(t, f.db, `SELECT (SELECT string_agg(o::text, ',' ORDER BY id) FROM orders o), (SELECT count(*) FROM users), (SELECT last_value || is_called::text FROM tickets),
(SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT count(*) FROM pg_largeobject_metadata),
(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim'), (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database())`)[0][0]
	}
	victim := connect(t, f.server.DSN(f.db, "app")+"?application_name=victim")
	roles := []string{"postgres", "app", "ro", "guard"}
	sources := make(map[string]*Source)
	for _, r := range roles {
		sources[r] = f.open(t, r, databases.Config{})
	}
	for _, steps := range [][]string{
		{"SELECT 1; COMMIT; INSERT INTO orders VALUES (11,1)"},         // PG-01
		{"/* x */ SELECT 1; COMMIT; INSERT INTO orders VALUES (13,1)"}, // PG-03
		{"SELECT 1;;COMMIT"},
		{"SELECT $$a$$; COMMIT"},
		{"SET TRANSACTION READ WRITE", "INSERT INTO orders VALUES (14,1)"}, // PG-04
		{"BEGIN READ WRITE", "INSERT INTO orders VALUES (15,1)"},           // PG-05
		{"START TRANSACTION READ WRITE"},
		{"COMMIT", "INSERT INTO orders VALUES (17,1)"}, // PG-07
		{"END"}, {"ROLLBACK"}, {"ABORT"}, {"COMMIT AND CHAIN"}, {"SAVEPOINT a"}, {"ROLLBACK TO a"},
		{"WITH x AS (INSERT INTO orders VALUES (19,1) RETURNING 1) SELECT * FROM x"}, // PG-09
		{"WITH RECURSIVE x AS (UPDATE orders SET total = 0 RETURNING 1) SELECT * FROM x"},
		{"WITH a AS (SELECT 1), x AS (DELETE FROM orders RETURNING 1) TABLE x"},
		{"SELECT * INTO made FROM users"}, {"SELECT 1 INTO TEMP made"},
		{"PREPARE evil AS INSERT INTO orders VALUES (22,1)", "EXECUTE evil"}, // PG-12
		{"DEALLOCATE ALL"},
		{"SELECT pg_advisory_lock(42)"}, // PG-13
		{"SELECT pg_try_advisory_lock(42)"}, {"SELECT pg_advisory_xact_lock_shared(42)"},
		{"SELECT set_config('search_path','evil',false)"}, {"SET search_path = evil"}, {"SET SESSION statement_timeout = 0"}, {"RESET ALL"}, // PG-14
		{"SET default_transaction_read_only=off", "INSERT INTO orders VALUES (23,1)"}, // PG-15
		{"SELECT set_config('default_transaction_read_only','off',false)", "INSERT INTO orders VALUES (23,1)"},
		{"SELECT set_config('transaction_read_only','off',true), nextval('tickets')"},
		{"SELECT pg_read_file('PG_VERSION')"},        // PG-16
		{"SELECT * FROM pg_read_file('PG_VERSION')"}, // PG-17
		{"SELECT * FROM ROWS FROM (pg_read_file('PG_VERSION'))"},
		{"SELECT x FROM users, LATERAL pg_read_file('PG_VERSION') x"},
		{"VALUES (pg_read_file('PG_VERSION'))"},
		{"SELECT 1 LIMIT length(pg_read_file('PG_VERSION'))"},
		{"SELECT 1 OFFSET length(pg_read_file('PG_VERSION'))"},
		{"SELECT 1 ORDER BY pg_read_file('PG_VERSION')"},
		{"SELECT count(*) FILTER (WHERE pg_read_file('PG_VERSION') > '') FROM users"},
		{"SELECT sum(1) OVER (ORDER BY pg_read_file('PG_VERSION'))"},
		{"SELECT 1 WHERE EXISTS (SELECT pg_read_file('PG_VERSION'))"},
		{"SELECT CASE WHEN pg_read_file('PG_VERSION') > '' THEN 1 END"},
		{`SELECT "pg_read_file"('PG_VERSION')`}, // PG-18
		{"SELECT pg_catalog . pg_read_file/**/('PG_VERSION')"},
		{"SELECT PG_READ_FILE -- x\n ('PG_VERSION')"},
		{`SELECT U&"pg\005fread\005ffile"('PG_VERSION')`},
		{`SELECT U&"pg!005fread!005ffile" UESCAPE '!' ('PG_VERSION')`},
		{`SELECT pg_catalog.U&"pg\+00005fread_file"('PG_VERSION')`},
		{"SELECT pg_read_binary_file('PG_VERSION')"}, {"SELECT * FROM pg_ls_dir('.')"}, {"SELECT * FROM pg_ls_waldir()"}, {"SELECT * FROM pg_ls_logdir()"},
		{"SELECT pg_stat_file('PG_VERSION')"}, {"SELECT pg_current_logfile()"}, {"SELECT * FROM pg_hba_file_rules"}, {"SELECT * FROM pg_file_settings"},
		{"SELECT * FROM pg_hba_file_rules()"}, {"SELECT * FROM pg_show_all_file_settings()"},
		{"SELECT * FROM pg_shadow"}, {"SELECT rolpassword FROM pg_catalog.pg_authid"}, {`SELECT * FROM "pg_authid"`}, {"TABLE pg_largeobject"},
		{"SELECT * FROM pg_user_mappings"}, {"SELECT subconninfo FROM pg_subscription"}, {"SELECT * FROM information_schema.user_mapping_options"},
		{"SELECT dblink_exec('dbname=" + f.db + " user=app','INSERT INTO orders VALUES (24,1)')"}, // PG-22
		{"SELECT * FROM dblink('dbname=" + f.db + " user=app','SELECT 1') AS t(a int)"},
		{"SELECT dblink_connect('x', 'dbname=" + f.db + "')"},
		{"SELECT * FROM crosstab('SELECT 1, 2, 3') AS t(a int, b int)"},
		{"SELECT * FROM connectby('users', 'id', 'id', '1', 0) AS t(a int, b int, c int)"},
		{"COPY (SELECT 'owned') TO PROGRAM 'cat > " + out + "/p'"}, // PG-25
		{"COPY (SELECT 1) TO '" + out + "/f'"}, {"COPY users FROM PROGRAM 'true'"},
		{"SELECT lo_from_bytea(0,'CANARY')"}, // PG-27
		{"SELECT lo_create(0)"}, {"SELECT lo_import('/etc/passwd')"}, {"SELECT lo_export(1, '" + out + "/lo')"}, {"SELECT lo_get(1)"},
		{"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"}, // PG-30
		{"SELECT pg_cancel_backend(pid) FROM pg_stat_activity"},
		{"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'victim'"},
		{"LOCK TABLE users IN ACCESS EXCLUSIVE MODE"}, // PG-32
		{"SELECT * FROM users FOR UPDATE"}, {"SELECT * FROM users FOR KEY SHARE"}, {"SELECT * FROM (SELECT * FROM users FOR UPDATE) x"},
		{"REINDEX TABLE users"}, {"ANALYZE users"}, {"CHECKPOINT"}, {"LOAD 'auto_explain'"}, {"VACUUM"}, {"CLUSTER"}, // PG-33
		{"COPY (SELECT * FROM users) TO STDOUT"}, // PG-34
		{"SELECT nextval('tickets')"}, {"SELECT setval('tickets', 99)"}, {"SELECT pg_notify('a', 'b')"}, {"NOTIFY a"}, {"LISTEN a"},
		{"SELECT pg_reload_conf()"}, {"SELECT pg_rotate_logfile()"}, {"SELECT pg_switch_wal()"}, {"SELECT pg_stat_reset()"}, {"SELECT pg_stat_reset_shared('bgwriter')"},
		{"SELECT pg_create_restore_point('x')"}, {"SELECT pg_export_snapshot()"}, {"SELECT pg_logical_emit_message(false, 'a', 'b')"},
		{"SELECT pg_create_physical_replication_slot('x')"}, {"SELECT pg_replication_origin_create('x')"}, {"SELECT pg_promote()"},
		{"SELECT query_to_xml('SELECT pg_read_file(''PG_VERSION'')', true, true, '')"}, {"SELECT database_to_xml(true, true, '')"},
		{"SELECT cursor_to_xml('cleat', 1, true, true, '')"}, {"SELECT * FROM ts_stat('SELECT to_tsvector(rolpassword) FROM pg_authid')"},
		{"SELECT evil(1)"}, {"SELECT u.evil FROM users u"}, {"SELECT (u).evil FROM users u"}, {`SELECT u."evil" FROM users u`},
		{"SELECT @#@ 1"}, {"SELECT OPERATOR(public.@#@) 1"}, {"SELECT evilsum(id) FROM users"}, {"SELECT evilsum(id) OVER () FROM users"},
		{"SELECT 1::boxed"}, {"SELECT CAST(1 AS public.boxed)"}, {`SELECT evil."Weird ""Name"(1)`},
		{"DO $$BEGIN PERFORM 1; END$$"}, {"CALL x()"}, {"EXPLAIN ANALYZE INSERT INTO orders VALUES (30,1)"}, {"EXPLAIN SELECT 1"}, {"DECLARE c CURSOR FOR SELECT 1"}, {"FETCH ALL FROM cleat"},
		{"MOVE 1 FROM cleat"}, {"CLOSE cleat"}, {"DISCARD ALL"}, {"GRANT ALL ON users TO PUBLIC"}, {"CREATE TEMP TABLE x (a int)"}, {"SECURITY LABEL ON TABLE users IS 'x'"},
		{"SHOW ALL"}, {"SHOW a.b; COMMIT"}, {"IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c"}, {"REFRESH MATERIALIZED VIEW x"}, {"INSERT INTO orders VALUES (31, 1)"},
		{"MERGE INTO orders USING users ON false WHEN NOT MATCHED THEN INSERT VALUES (1, 1)"}, {"SELECT 1 WHERE CURRENT OF cleat"},
	} {
		t.Run(steps[0], func(t *testing.T) {
			for _, role := range roles {
				before := state()
				for _, sql := range steps {
					_, err := query(t, sources[role], sql)
					if c := code(err); c != fail.Denied && c != fail.Invalid && c != fail.NotFound {
						t.Errorf("%s: %s: code %q: %v", role, sql, c, err)
					}
					// A plan of FOR UPDATE locks no row.
					if _, err := sources[role].Explain(t.Context(), databases.Query{SQL: sql}); err == nil && !strings.Contains(sql, " FOR ") {
						t.Errorf("%s: %s: it is explained", role, sql)
					}
				}
				if after := state(); after != before {
					t.Errorf("%s: the database changed: %s, was %s", role, after, before)
				}
				if res, err := query(t, sources[role], "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"); err != nil || flat(res) != "0" {
					t.Errorf("%s: the next call: %s %v", role, flat(res), err)
				}
				if files, err := os.ReadDir(out); err != nil || len(files) > 0 {
					t.Errorf("%s: files %v, %v", role, files, err)
				}
			}
		})
	}
	if _, err := victim.Exec(t.Context(), "SELECT 1").ReadAll(); err != nil {
		t.Errorf("another session was ended: %v", err)
	}
}

// TestFunctions shows what functions= opens.
func TestFunctions(t *testing.T) {
	f := newFixture(t)
	f.server.Exec(t, f.db, attackSetup()...)
	s := f.open(t, "app", databases.Config{Functions: []string{"public.evil", "pg_notify"}})
	if res, err := query(t, s, "SELECT evil(7), pg_notify('a', 'b') IS NULL"); err != nil || flat(res) != "7|false" {
		t.Errorf("a function that is listed: %s %v", flat(res), err)
	}
	if got := f.server.Rows(t, f.db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")[0][0]; got != "0" {
		t.Errorf("%s locks are left", got)
	}
	if _, err := query(t, s, "SELECT evil2(7, 1)"); code(err) != fail.Denied || !strings.Contains(fail.Show(err), "functions=") {
		t.Errorf("a function that is not listed: %v", err)
	}
	masked := f.open(t, "app", databases.Config{Mask: []string{"users.ssn"}, Functions: []string{"evil"}})
	if _, err := query(t, masked, "SELECT evil2(1, 1)"); code(err) != fail.Denied {
		t.Errorf("a function beyond the system's own while columns are masked: %v", err)
	}
	if res, err := query(t, masked, "SELECT evil(7), upper('a')"); err != nil || flat(res) != "7|A" {
		t.Errorf("a function that is listed, while columns are masked: %s %v", flat(res), err)
	}
}

// TestTime shows that work ends at the server (PG-39).
func TestTime(t *testing.T) {
	f := newFixture(t)
	active := func() string {
		return f.server.Rows(t, f.db, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cleat' AND state <> 'idle' AND datname = current_database()")[0][0]
	}
	for _, c := range []struct {
		name string
		ctx  func() (context.Context, context.CancelFunc)
		cfg  databases.Config
	}{
		{"the source's limit", func() (context.Context, context.CancelFunc) { return context.WithCancel(t.Context()) }, databases.Config{Timeout: 300 * time.Millisecond}},
		{"the call's deadline", func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 300*time.Millisecond)
		}, databases.Config{}},
		{"a caller that gives up", func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(300*time.Millisecond, cancel)
			return ctx, cancel
		}, databases.Config{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := f.open(t, "app", c.cfg)
			for _, sql := range []string{"SELECT count(*) FROM generate_series(1,1000000000000)", "SELECT pg_sleep(60)", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT count(*) FROM r"} {
				began := time.Now()
				ctx, cancel := c.ctx()
				_, err := s.Query(ctx, databases.Query{SQL: sql})
				cancel()
				if code(err) != fail.Timeout {
					t.Errorf("%s: %v", sql, err)
				}
				if d := time.Since(began); d > 15*time.Second {
					t.Errorf("%s: ended after %s", sql, d)
				}
				for end := time.Now().Add(20 * time.Second); active() != "0"; {
					if time.Now().After(end) {
						t.Fatalf("%s: it goes on at the server", sql)
					}
				}
			}
			if res, err := query(t, s, "SELECT 1"); err != nil || flat(res) != "1" {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

// TestState shows that nothing of a call is there in the next (PG-13, PG-14).
func TestState(t *testing.T) {
	f := newFixture(t)
	s := f.open(t, "app", databases.Config{Functions: []string{"set_config", "pg_advisory_lock"}})
	for _, sql := range []string{
		"SELECT set_config('search_path','evil',false)", "SELECT set_config('statement_timeout','0',false)", "SELECT set_config('my.own','x',false)",
		"SELECT pg_advisory_lock(42)", "SELECT setseed(0.5)",
	} {
		if _, err := query(t, s, sql); err != nil {
			t.Fatal(err)
		}
	}
	want := `"$user", public|`
	if res, err := query(t, s, "SELECT current_setting('search_path'), current_setting('my.own', true)"); err != nil || flat(res) != want && flat(res) != want+"∅" {
		t.Errorf("settings %s %v", flat(res), err)
	}
	if got := f.server.Rows(t, f.db, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")[0][0]; got != "0" {
		t.Errorf("%s locks are left", got)
	}
}

// TestSearchPath shows the key of that name.
func TestSearchPath(t *testing.T) {
	f := newFixture(t)
	f.server.ExecAs(t, f.db, "app", `CREATE SCHEMA "Odd, ""one"`, `CREATE TABLE "Odd, ""one".users (x text)`, `INSERT INTO "Odd, ""one".users VALUES ('here')`)
	s, err := Open(t.Context(), Config{DSN: f.server.DSN(f.db, "app"), SearchPath: []string{`Odd, "one`, "public"}}, testHost())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	res, err := query(t, s, "SELECT x, total FROM users, orders WHERE id = 1")
	if err != nil || flat(res) != "here|10.50" {
		t.Fatalf("%s %v", flat(res), err)
	}
}

// TestServerGoneAndBack is PG-46.
func TestServerGoneAndBack(t *testing.T) {
	server := pgtest.New(t, pgtest.Options{})
	s := open(t, server.DSN("postgres", "app"), databases.Config{})
	if _, err := query(t, s, "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	server.Stop(t)
	if _, err := query(t, s, "SELECT 1"); code(err) != fail.Unavailable {
		t.Errorf("without a server: %v", err)
	}
	if s.Health() == "" {
		t.Error("Health knows nothing of it")
	}
	server.Restart(t)
	if res, err := query(t, s, "SELECT 1"); err != nil || flat(res) != "1" {
		t.Errorf("with the server back: %v", err)
	}
	server.Stop(t)
	server.Restart(t)
	if res, err := query(t, s, "SELECT 1"); err != nil || flat(res) != "1" {
		t.Errorf("after a restart between two calls: %v", err)
	}
	if s.Health() != "" {
		t.Errorf("Health still says %q", s.Health())
	}
}

// TestHuge is PG-40 and PG-41.
func TestHuge(t *testing.T) {
	f := newFixture(t)
	s := f.open(t, "app", databases.Config{Timeout: 2 * time.Minute})
	before := rss(t)
	if _, err := query(t, s, "SELECT repeat('x',500000000)"); code(err) != fail.TooLarge {
		t.Errorf("a huge value: %v", err)
	}
	res, err := query(t, s, "SELECT g, repeat('y',1000) FROM generate_series(1,100000000) g")
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Rows) != databases.DefaultRows || !res.More {
		t.Errorf("many rows: %d", len(res.Rows))
	}
	res, err = s.Query(t.Context(), databases.Query{SQL: "SELECT g, repeat('y',100000) FROM generate_series(1,100000000) g", Limit: 1000})
	if err != nil || len(res.Rows) == 0 || len(res.Rows) > 11 || !strings.Contains(res.Stopped, "kB") {
		t.Errorf("much text: %v", err)
	}
	if res, err := query(t, s, "SELECT 1"); err != nil || flat(res) != "1" {
		t.Errorf("the next call: %v", err)
	}
	if grown := rss(t) - before; grown > 100<<20 {
		t.Errorf("the process grew by %d MB", grown>>20)
	}
}

// rss is the memory of this process, in bytes, 0 where it cannot be had.
func rss(t testing.TB) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return int(integer(strings.Fields(string(data))[1])) * os.Getpagesize()
}
