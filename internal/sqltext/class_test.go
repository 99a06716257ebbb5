package sqltext

import (
	"testing"

	"cleat/internal/fail"
)

func TestClass(t *testing.T) {
	for class, statements := range map[string][]string{
		Read: {
			"SELECT 1", "select 1;", "/* x */ (SELECT 1)", "((SELECT 1) UNION (SELECT 2))", "VALUES (1)", "TABLE orders",
			"WITH x AS (SELECT 1) SELECT * FROM x", "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM r) SELECT n FROM r",
			"WITH a AS MATERIALIZED (SELECT 1), b AS NOT MATERIALIZED (TABLE a) TABLE b", "WITH x AS (SELECT 1) (SELECT 2)",
			"(WITH x AS (SELECT 1) SELECT 2)", "WITH x AS (WITH y AS (SELECT 1) SELECT 2) SELECT 3",
			"WITH RECURSIVE x(a) AS (SELECT 1) SEARCH DEPTH FIRST BY a, b SET c, y AS (SELECT 1) SELECT 2",
			"WITH RECURSIVE x(a) AS (SELECT 1) SEARCH BREADTH FIRST BY a SET c CYCLE a, b SET d TO true DEFAULT false USING p SELECT 2",
			"SELECT replace(a, 'x', 'y'), (replace(a, 'x', 'y')) FROM t", "SELECT 1 AS into, t.into, 'INTO x' FROM t",
			"SELECT substring(a FOR 2), a.update FROM t", "SELECT CAST(a AS char(3)), b AS update FROM t FOR SYSTEM_TIME ALL",
			"SELECT 1 /* INTO x */ -- FOR UPDATE",
		},
		DML: {
			"INSERT INTO t VALUES (1)", "update t set a = 1", "DELETE FROM t", "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE",
			"REPLACE INTO t VALUES (1)", "WITH x AS (SELECT 1) DELETE FROM users", "WITH x AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT * FROM x",
			"WITH x AS MATERIALIZED (((DELETE FROM t RETURNING 1))) SELECT 1", "WITH x AS (SELECT 1), y(a) AS (UPDATE t SET a=1) SELECT 1",
			"WITH x AS (WITH y AS (MERGE INTO t USING u ON true) SELECT 1) SELECT 2",
			"WITH x AS (WITH y AS (SELECT 1) DELETE FROM t RETURNING 1) SELECT * FROM x", "WITH x AS (WITH y AS (SELECT 1) UPDATE ONLY t SET a=1) SELECT * FROM x",
			"SELECT * FROM (WITH y AS (SELECT 1) DELETE FROM \"t\" RETURNING 1) x",
			"INSERT INTO t SELECT a FROM u", "DELETE FROM t RETURNING *",
			"WITH RECURSIVE x AS (SELECT 1) CYCLE a SET b USING c DELETE FROM t",
		},
		DDL: {
			"CREATE TABLE t (a int, engine text, type text, owner text)", "CREATE TEMPORARY TABLE IF NOT EXISTS t AS SELECT 1", "CREATE TABLE x LIKE y",
			"CREATE UNIQUE INDEX i ON t (a)", "CREATE OR REPLACE VIEW v AS SELECT engine FROM t WHERE engine IS NULL", "ALTER TABLE t ADD b int",
			"ALTER TABLE t ADD COLUMN engine text", "DROP TABLE IF EXISTS t CASCADE", "TRUNCATE t", "TRUNCATE TABLE t", "RENAME TABLE a TO b",
			"COMMENT ON COLUMN t.a IS 'x'", "COMMENT ON TABLE t IS 'x'", "CREATE SEQUENCE s", "CREATE MATERIALIZED VIEW m AS SELECT 1",
			"CREATE TYPE e AS ENUM ('a')", "CREATE TYPE c AS (a int)", "ALTER TYPE e ADD VALUE 'b'", "DROP TYPE e, f", "CREATE DOMAIN d AS int CHECK (VALUE > 0)",
			"CREATE TABLE t (a int) ENGINE=InnoDB", "CREATE TABLE t (a int) ENGINE = 'MyISAM' COMMENT='x'", "ALTER TABLE t ENGINE Aria",
			"CREATE ALGORITHM=MERGE VIEW v AS SELECT 1", "CREATE SQL SECURITY INVOKER VIEW v AS SELECT 1", "CREATE STATISTICS s ON a, b FROM t",
			"DROP VIEW v",
		},
		Other: {
			"BEGIN", "BEGIN READ WRITE", "START TRANSACTION READ WRITE", "COMMIT", "ROLLBACK", "SAVEPOINT a", "SET TRANSACTION READ WRITE",
			"SET statement_timeout=0", "RESET ALL", "SHOW search_path", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE DELETE FROM t", "DESCRIBE t", "DESC t",
			"PREPARE evil AS INSERT INTO t VALUES (1)", "EXECUTE evil", "DEALLOCATE evil", "DECLARE c CURSOR FOR SELECT 1", "FETCH c", "DO $$ x $$", "DO SLEEP(1)",
			"CALL p1()", "COPY (SELECT 'owned') TO PROGRAM 'cat'", "COPY t FROM STDIN", "LOCK TABLE users", "LOCK TABLES users WRITE", "REINDEX TABLE t", "ANALYZE t",
			"CHECKPOINT", "LOAD 'auto_explain'", "LOAD DATA INFILE 'x' INTO TABLE t", "VACUUM", "VACUUM INTO 'x'", "PRAGMA query_only=OFF",
			"ATTACH DATABASE 'x' AS n", "DETACH n", "HANDLER t OPEN", "XA START 'x'", "KILL 5", "FLUSH TABLES", "INSTALL PLUGIN x SONAME 'y'",
			"GRANT ALL ON t TO x", "REVOKE ALL ON t FROM x", "NOTIFY x", "LISTEN x", "DISCARD ALL", "REFRESH MATERIALIZED VIEW m", "CLUSTER t",
			"SECURITY LABEL ON TABLE t IS 'x'", "REASSIGN OWNED BY a TO b", "DROP OWNED BY a", "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c",
			"SET STATEMENT max_statement_time=1 FOR SELECT 1", "ANALYZE FORMAT=JSON SELECT 1", "EXECUTE IMMEDIATE 'SELECT 1'", "USE x", "SIGNAL SQLSTATE '45000'",
			"CREATE USER x", "CREATE ROLE x", "ALTER ROLE x SUPERUSER", "CREATE DATABASE d", "DROP DATABASE d", "CREATE SCHEMA s", "CREATE SERVER s FOREIGN DATA WRAPPER w",
			"CREATE EXTENSION dblink", "CREATE FUNCTION f() RETURNS int AS $$ x $$", "CREATE OR REPLACE PROCEDURE p() SELECT 1", "CREATE AGGREGATE FUNCTION f RETURNS int SONAME 'x'",
			"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM users", "CREATE DEFINER=root@localhost EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
			"CREATE TABLESPACE x LOCATION 'y'", "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "CREATE PUBLICATION p", "CREATE LANGUAGE l", "CREATE FOREIGN TABLE f (a int) SERVER s",
			"CREATE VIRTUAL TABLE v USING fts5(a)", "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", "CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u",
			"CREATE POLICY p ON t", "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()", "CREATE OPERATOR + (FUNCTION = f)", "CREATE CAST (a AS b) WITH FUNCTION f(a)",
			"CREATE TYPE t (INPUT = f, OUTPUT = g)", "CREATE TYPE r AS RANGE (SUBTYPE = int, CANONICAL = f)", "ALTER SYSTEM SET x = 1", "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO x",
			"ALTER TABLE t OWNER TO x", "ALTER TABLE t ADD a int, OWNER TO x", "ALTER TYPE t OWNER TO x", "ALTER TABLE t DISABLE TRIGGER ALL", "ALTER TABLE t DISABLE ROW LEVEL SECURITY",
			"ALTER TABLE t ENABLE ALWAYS RULE r", "ALTER TABLE t SET TABLESPACE x", "ALTER TABLE t SET SCHEMA s", "CREATE TABLE t (a int) TABLESPACE x", "CREATE TABLE t AS EXECUTE p",
			"CREATE TABLE t (a int) DATA DIRECTORY='/x'", "CREATE TABLE t (a int) INDEX DIRECTORY '/x'", "CREATE TABLE t (a int) ENGINE=CONNECT TABLE_TYPE=CSV FILE_NAME='/etc/passwd'",
			"CREATE TABLE t (a int) ENGINE FEDERATED", "CREATE TABLE t (a int) ENGINE \"FEDERATED\"", "CREATE TABLE t (a int) ENGINE 'spider'", "CREATE TABLE t (a int) PARTITION BY LIST (a) (PARTITION p VALUES IN (1) ENGINE=CONNECT)",
			"ALTER TABLE t ENGINE=S3", "ALTER TABLE t CONNECTION='mysql://x'", "ALTER TABLE t UNION=(a,b)", "ALTER TABLE t IMPORT TABLESPACE", "CREATE DEFINER=a@b VIEW v AS SELECT 1",
			"CREATE SQL SECURITY DEFINER VIEW v AS SELECT 1", "RENAME USER a TO b", "COMMENT ON ROLE r IS 'x'", "COMMENT ON DATABASE d IS 'x'", "DROP FUNCTION f", "DROP USER u", "DROP TRIGGER g",
			"CREATE TABLE c AS WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "CREATE VIEW v AS WITH x AS (INSERT INTO t VALUES (1)) SELECT 1",
			"SELECT * INTO x FROM t", "SELECT a INTO TEMP x FROM t", "SELECT * FROM t INTO OUTFILE 'x'", "SELECT 1 INTO DUMPFILE 'x'", "SELECT 1 INTO @x", "TABLE t INTO OUTFILE 'x'",
			"(SELECT 1) UNION (SELECT 2) INTO OUTFILE 'x'", "SELECT (SELECT 1 INTO x)", "INSERT INTO t SELECT 1 INTO OUTFILE 'x'", "WITH x AS (SELECT 1) SELECT * INTO y FROM x",
			"SELECT * FROM t FOR UPDATE", "SELECT * FROM t FOR SHARE NOWAIT", "SELECT * FROM t FOR NO KEY UPDATE", "SELECT * FROM t FOR KEY SHARE", "SELECT * FROM t LOCK IN SHARE MODE",
			"WITH x AS (INSERT INTO t VALUES (1)) SELECT * INTO y FROM x", "SELECT insert INTO x FROM t", "SELECT t.insert INTO x FROM t", "SELECT (insert) INTO x FROM t",
			"(DELETE FROM t)", "WITH x AS (SELECT 1) CALL p()", "WITH x AS (SELECT 1) (DELETE FROM t)", "WITH x AS (SELECT 1)", "WITH", "WITH x (SELECT 1) SELECT 1",
			"WITH x AS (SELECT 1) CYCLE a SET b TO f(1) DEFAULT 2 USING c SELECT 1", "()", "((", "\"select\" 1", "'x'", "1", "SELECTS 1", "EXEC x", "UNKNOWN",
			"WITH x AS (SELECT 1) SEARCH x SELECT 1", "STREAM SELECT 1", "GO", "END", "ABORT",
		},
	} {
		for _, sql := range statements {
			for _, d := range []Dialect{PostgreSQL, MySQL, SQLite} {
				got, err := Class(d, sql)
				if bad, _ := Tokens(d, sql); bad == nil {
					continue // not of the dialect
				}
				if got != class || err != nil {
					t.Errorf("Class(%v, %q) = %q, %v, want %q", d, sql, got, err, class)
				}
			}
		}
	}
}

func TestVerb(t *testing.T) {
	for sql, want := range map[string]string{
		"select 1": "SELECT", "/* x */ ((With x AS (SELECT 1) SELECT 1))": "WITH", "-- x\n;; show x": "SHOW", `"select" 1`: "", "(": "", "?": "",
	} {
		if got, err := Verb(PostgreSQL, sql); got != want || err != nil {
			t.Errorf("Verb(%q) = %q, %v, want %q", sql, got, err, want)
		}
	}
	if _, err := Verb(MySQL, "/*! DROP */ SELECT 1"); codeOf(err) != fail.Denied {
		t.Errorf("Verb with an executable comment: %v, want fail.Denied", err)
	}
}

func TestAnyClass(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1":                                              Read,
		"UPDATE t SET a = $1 WHERE b = 'it''s'":                 DML,
		"UPDATE t SET a = ? WHERE b = :c":                       DML,
		"UPDATE t SET a = '2026-01-01'::date":                   DML,
		"UPDATE t SET a = b #>> '{c}' WHERE d = [1]":            DML,
		"INSERT INTO `t` VALUES (1)":                            DML,
		"INSERT INTO [t] VALUES (\"x\")":                        DML,
		"MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE": DML,
		"CREATE TABLE t (a int)":                                DDL,
		"DROP TABLE t":                                          DDL,
		"DROP USER u":                                           Other,
		"VACUUM":                                                Other,
		// text that is a comment in some dialects and a statement in others
		"INSERT INTO t VALUES (1) -- x":                                                 DML,
		"# x\nDROP TABLE t":                                                             Other,
		"--x\nINSERT INTO t VALUES (1)":                                                 Other,
		"/* /* */ DROP TABLE t -- */ */ INSERT INTO t VALUES (1)":                       Other,
		"/* /* */ DROP TABLE t /* */ */":                                                "",
		"INSERT INTO t VALUES ('a\\'; DROP TABLE x; -- ')":                              "",
		"INSERT INTO t VALUES ($$'; DROP TABLE x; -- $$)":                               "",
		"SELECT 1; DROP TABLE t":                                                        "",
		"/*! DROP TABLE t */":                                                           "",
		"INSERT INTO t VALUES (1) /*!, (2) */":                                          "",
		"DELETE FROM t WHERE a = 1 --1; DROP TABLE x":                                   "",
		"DELETE FROM t WHERE a = 1 # 2; DROP TABLE x":                                   "",
		"WITH x AS (SELECT '\\' AS a), y AS (DELETE FROM t), z AS (SELECT '') SELECT 1": "",
		"":                  "",
		"-- x":              "",
		"SELECT \x00":       "",
		"INSERT INTO t ('a": "",
	} {
		got, err := AnyClass(sql)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("AnyClass(%q) = %q, %v, want %q", sql, got, err, want)
		}
	}
}
