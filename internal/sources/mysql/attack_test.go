package mysql

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/mysql/mysqltest"
	"cleat/internal/systems/databases"
)

// attack runs statements that must be refused through a source of each role, and looks at
// what is there before and after.
func attack(t *testing.T, statements []string) {
	t.Helper()
	srv, db := shop(t)
	srv.Exec(t, db, "CREATE SEQUENCE sq", "CREATE TABLE my (a int) ENGINE=MyISAM",
		"CREATE PROCEDURE p1() BEGIN COMMIT; INSERT INTO orders VALUES (18, 1, 1); END",
		"CREATE FUNCTION fw() RETURNS int DETERMINISTIC BEGIN INSERT INTO orders VALUES (19, 1, 1); RETURN 1; END",
		"CREATE FUNCTION fm() RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO my VALUES (1); RETURN 1; END")
	look := func() string {
		var b strings.Builder
		for _, q := range []string{"SHOW TABLES", "SELECT * FROM orders", "SELECT * FROM users", "SELECT * FROM my", "SELECT next_not_cached_value FROM sq",
			"SELECT event_name FROM information_schema.events", "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY 1",
			"SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1",
			"SELECT user FROM mysql.user ORDER BY 1", "SELECT variable_value FROM information_schema.global_variables WHERE variable_name IN ('READ_ONLY', 'MAX_CONNECTIONS', 'GENERAL_LOG') ORDER BY variable_name"} {
			for _, row := range srv.Rows(t, db, q) {
				b.WriteString(strings.Join(row, "|") + "\n")
			}
		}
		entries, err := os.ReadDir(srv.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			b.WriteString("file " + e.Name() + "\n")
		}
		return b.String()
	}
	before := look()
	for _, role := range []string{"ro", "app", "file", "root"} {
		s := open(t, srv, db, role, databases.Config{})
		for _, sql := range statements {
			sql = strings.ReplaceAll(sql, "$OUT", srv.Dir)
			if _, err := s.Query(t.Context(), databases.Query{SQL: sql}); err == nil {
				t.Errorf("%s: accepted: %s", role, sql)
			} else if c := fail.From(err).Code; c == fail.Internal || c == fail.Unavailable || c == fail.Timeout {
				t.Errorf("%s: %s: %s", role, sql, showErr(err))
			}
			if _, err := s.Explain(t.Context(), databases.Query{SQL: sql}); err == nil {
				t.Errorf("%s: explained: %s", role, sql)
			}
		}
		if diff := cmp.Diff(before, look()); diff != "" {
			t.Fatalf("%s: something changed (-before +after):\n%s", role, diff)
		}
		if got := text(ask(t, s, "SELECT COUNT(*) FROM orders")); got != "3" {
			t.Errorf("%s: %s orders", role, got)
		}
	}
}

// MY-01, MY-02, MY-06, MY-07, MY-09 and their like: statements that are no reads.
func TestAttackStatements(t *testing.T) {
	attack(t, []string{
		"DROP TABLE orders", "TRUNCATE orders", "TRUNCATE TABLE orders", "ALTER TABLE orders ADD c int", "CREATE TABLE zz(i int)",
		"RENAME TABLE orders TO o2", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM users", "CREATE TEMPORARY TABLE zz (i int)",
		"CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE TABLE zz SELECT 1", "CREATE INDEX i ON orders (total)", "DROP DATABASE " + "nowhere",
		"BEGIN", "BEGIN WORK", "START TRANSACTION", "START TRANSACTION READ WRITE", "COMMIT", "COMMIT AND CHAIN", "ROLLBACK", "SAVEPOINT a", "XA START 'a'",
		"INSERT INTO orders VALUES (2,1,1)", "REPLACE INTO orders VALUES (1,1,1)", "UPDATE orders SET total = 0", "DELETE FROM orders",
		"INSERT INTO orders VALUES (20,1,1) RETURNING id", "DELETE FROM orders RETURNING id", "INSERT my VALUES (1)",
		"WITH x AS (SELECT 1) DELETE FROM orders", "WITH x AS (SELECT 1) UPDATE orders SET total = 0",
		"SELECT 1; COMMIT; INSERT INTO orders VALUES (17,1,1)", "/* x */ SELECT 1; INSERT INTO orders VALUES (17,1,1)", "SELECT 1;;SELECT 2",
		"BEGIN NOT ATOMIC COMMIT; INSERT INTO orders VALUES (14,1,1); END", "BEGIN NOT ATOMIC INSERT INTO my VALUES (1)\\; END",
		"IF 1 THEN INSERT INTO my VALUES (1); END IF", "CASE WHEN 1 THEN DELETE FROM my; END CASE",
		"CALL p1()", "CALL p1", "{CALL p1()}", "DO fw()", "DO SLEEP(1)", "DO GET_LOCK('a', 1)", "EXECUTE IMMEDIATE 'DELETE FROM orders'",
		"PREPARE s FROM 'DELETE FROM orders'", "EXECUTE s", "DEALLOCATE PREPARE s",
		"SET SESSION TRANSACTION READ WRITE", "SET @@session.tx_read_only = 0", "SET GLOBAL read_only = 1", "SET autocommit = 1", "SET @a = 1", "SET PASSWORD = ''",
		"SET STATEMENT max_statement_time = 0 FOR SELECT SLEEP(1)", "SET STATEMENT tx_read_only = 0 FOR INSERT INTO my VALUES (1)",
		"HANDLER orders OPEN", "LOCK TABLES orders WRITE", "LOCK TABLE orders READ", "UNLOCK TABLES", "FLUSH TABLES WITH READ LOCK", "FLUSH LOGS", "BACKUP STAGE START",
		"KILL 1", "KILL QUERY 1", "SHUTDOWN", "RESET MASTER", "RESET QUERY CACHE", "PURGE BINARY LOGS TO 'x'", "CHANGE MASTER TO MASTER_HOST='x'", "START SLAVE", "STOP SLAVE",
		"LOAD DATA INFILE '/etc/passwd' INTO TABLE my", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE my", "LOAD XML INFILE 'x' INTO TABLE my", "LOAD INDEX INTO CACHE my",
		"ANALYZE TABLE orders", "CHECK TABLE orders", "OPTIMIZE TABLE orders", "REPAIR TABLE my", "CHECKSUM TABLE orders", "CACHE INDEX my IN x",
		"ANALYZE SELECT * FROM orders", "ANALYZE FORMAT=JSON UPDATE orders SET total = 0", "EXPLAIN SELECT 1", "EXPLAIN UPDATE orders SET total = 0", "EXPLAIN ANALYZE SELECT 1",
		"DESCRIBE SELECT 1", "DESC UPDATE orders SET total = 0", "DESC ANALYZE SELECT 1", "DESCRIBE FORMAT=JSON SELECT 1",
		"USE mysql", "HELP 'x'", "INSTALL PLUGIN x SONAME 'x.so'", "INSTALL SONAME 'x'", "UNINSTALL PLUGIN x",
		"CREATE FUNCTION f RETURNS INTEGER SONAME 'x.so'", "CREATE USER evil", "DROP USER evil", "GRANT ALL ON *.* TO evil", "REVOKE ALL ON *.* FROM evil", "CREATE ROLE evil", "SET ROLE NONE",
		"SIGNAL SQLSTATE '45000'", "RESIGNAL", "GET DIAGNOSTICS @a = NUMBER", "BINLOG 'x'", "IMPORT TABLE FROM 'x'", "CLONE LOCAL DATA DIRECTORY '$OUT/c'", "RESTART", "ALTER INSTANCE RELOAD TLS",
		"SHOW ENGINE INNODB STATUS", "SHOW PROCESSLIST", "SHOW GRANTS", "SHOW CREATE USER root", "SHOW BINARY LOGS", "SHOW VARIABLES WHERE (SELECT fw())",
		"/*! DELETE FROM orders */", "SELECT 1 /*! INTO OUTFILE '$OUT/x' */", "/*!50000 INSERT INTO my VALUES (1) */", "/*M! DELETE FROM my */", "/*M!100000 DELETE FROM my */",
		"SELECT 1 /*!99999 , */ INTO OUTFILE '$OUT/x'", "-- x\nDELETE FROM orders", "#x\nDELETE FROM orders", "--\tx\r\nDELETE FROM my", "/**/DELETE/**/FROM/**/my",
		"(DELETE FROM orders)", "((SELECT 1) INTO OUTFILE '$OUT/x')", "SELECT 1 --1; DELETE FROM orders",
	})
}

// MY-03, MY-13 and their like: reads that do more than read.
func TestAttackReads(t *testing.T) {
	attack(t, []string{
		"SELECT * FROM users INTO OUTFILE '$OUT/o.txt'", "SELECT * INTO OUTFILE '$OUT/o.txt' FROM users", "SELECT 'x' INTO DUMPFILE '$OUT/o.txt'", "SELECT 1 INTO @a",
		"SELECT 1 into/**/outfile '$OUT/o.txt'", "SELECT 1 INTO\nOUTFILE '$OUT/o.txt'", "(SELECT 1 INTO OUTFILE '$OUT/o.txt')", "SELECT 1 UNION SELECT 2 INTO OUTFILE '$OUT/o.txt'",
		"WITH x AS (SELECT 1 INTO OUTFILE '$OUT/o.txt') SELECT * FROM x", "SELECT (SELECT 1 INTO OUTFILE '$OUT/o.txt')", "TABLE users INTO OUTFILE '$OUT/o.txt'", "VALUES (1) INTO OUTFILE '$OUT/o.txt'",
		"SELECT 1 FROM users LIMIT 1 INTO OUTFILE '$OUT/o.txt'", "SELECT 1 FROM users FOR UPDATE INTO OUTFILE '$OUT/o.txt'",
		"SELECT LOAD_FILE('/etc/hostname')", "SELECT load_file ('/etc/hostname')", "SELECT `load_file`('/etc/hostname')", "SELECT LOAD_FILE/**/('/etc/hostname')", "SELECT 1 WHERE LENGTH(LOAD_FILE('/etc/passwd')) > 1",
		"SELECT * FROM users WHERE email = LOAD_FILE(CONCAT('/etc/', 'hostname'))", "SELECT mysql.LOAD_FILE('/etc/hostname')", "SELECT id FROM users ORDER BY LOAD_FILE('/etc/hostname')",
		"SELECT LOAD_FILE -- x\n ('/etc/hostname')", "VALUES (LOAD_FILE('/etc/hostname'))", "SHOW VARIABLES WHERE variable_name = LOAD_FILE('/etc/hostname')",
		"SELECT GET_LOCK('a', 1)", "SELECT RELEASE_LOCK('a')", "SELECT RELEASE_ALL_LOCKS()", "SELECT MASTER_POS_WAIT('x', 1, 1)", "SELECT MASTER_GTID_WAIT('0-1-1', 1)",
		"SELECT sys_exec('id')", "SELECT sys_eval('id')",
		"SELECT NEXTVAL(sq)", "SELECT NEXT VALUE FOR sq", "SELECT SETVAL(sq, 100)", "SELECT LASTVAL(sq)", "SELECT next/**/value\nfor sq", "SELECT PREVIOUS VALUE FOR sq",
		"SELECT * FROM users FOR UPDATE", "SELECT * FROM users FOR SHARE", "SELECT * FROM users LOCK IN SHARE MODE", "SELECT * FROM users FOR UPDATE SKIP LOCKED", "SELECT (SELECT id FROM users LIMIT 1 FOR UPDATE)",
		"SELECT * FROM users PROCEDURE ANALYSE()", "SELECT fw()", "SELECT fm()", "SELECT `fm`()", "SELECT id FROM users WHERE fm() = 1",
		"SELECT * FROM mysql.user", "SELECT authentication_string FROM `mysql`.`user`", "SELECT * FROM mysql.global_priv", "SELECT * FROM mysql . db", "SELECT Password FROM MySQL.User", "TABLE mysql.user",
		"SELECT u.* FROM users, mysql.user u", "SELECT (SELECT COUNT(*) FROM mysql.proc)", "SELECT * FROM mysql.column_stats", "SELECT * FROM mysql.general_log", "SELECT * FROM mysql.slow_log", "SELECT * FROM mysql.servers",
	})
}

func TestNothingLeaks(t *testing.T) {
	srv, db := shop(t)
	s := open(t, srv, db, "app", databases.Config{})
	ask(t, s, "SELECT @a := 5, @@session.sql_mode")
	if got := text(ask(t, s, "SELECT @a")); got != "NULL" {
		t.Errorf("a variable stayed: %s", got)
	}
	for range 20 {
		ask(t, s, "SELECT 1")
	}
	if n := len(srv.Rows(t, "", "SELECT id FROM information_schema.processlist WHERE user = '"+mysqltest.User(db, "app")+"'")); n > 4 {
		t.Errorf("%d connections", n)
	}
	if got := srv.Rows(t, "", "SELECT COUNT(*) FROM information_schema.innodb_trx"); got[0][0] != "0" {
		t.Errorf("%s transactions", got[0][0])
	}
}

// A value on one row may be more than we want to hold.
func TestHugeRow(t *testing.T) {
	srv, db := shop(t)
	s := open(t, srv, db, "ro", databases.Config{})
	res := ask(t, s, "SELECT REPEAT('x', 500000000)") // beyond max_allowed_packet: the server says NULL
	if text(res) != "NULL" {
		t.Errorf("%.80s", text(res))
	}
	_, err := s.Query(t.Context(), databases.Query{SQL: "SELECT REPEAT('x', 16000000), REPEAT('y', 16000000), REPEAT('z', 16000000)"})
	wantCode(t, "a row of 48 MB", err, fail.TooLarge)
	quiet(t, srv, db, "ro")
	ask(t, s, "SELECT 1")
}
