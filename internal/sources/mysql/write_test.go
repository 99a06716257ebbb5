package mysql

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

func TestWrite(t *testing.T) {
	srv, db := shop(t)
	s := open(t, srv, db, "app", databases.Config{})
	write := func(sql string, class databases.Class, dry bool, params ...string) (*databases.Written, error) {
		return s.Write(t.Context(), databases.Write{SQL: sql, Class: class, DryRun: dry, Params: jsons(params)})
	}
	count := func() string { return srv.Rows(t, db, "SELECT COUNT(*) FROM orders")[0][0] }
	got, err := write("INSERT INTO orders (user_id, total) VALUES (1, ?), (2, 4)", databases.DML, true, "3.25")
	if err != nil || got.Rows != 2 || !got.DryRun || count() != "3" {
		t.Errorf("dry run: %+v, %v, %s rows", got, err, count())
	}
	got, err = write("INSERT INTO orders (user_id, total) VALUES (1, ?)", databases.DML, false, "3.25")
	if err != nil || got.Rows != 1 || count() != "4" {
		t.Errorf("insert: %+v, %v, %s rows", got, err, count())
	}
	got, err = write("DELETE FROM orders WHERE total = 3.25 RETURNING user_id, total", databases.DML, false)
	if err != nil || got.Rows != 1 || text(got.Result) != "1|3.25" || count() != "3" {
		t.Errorf("delete: %+v, %v, %s rows", got, err, count())
	}
	_, err = write("DROP TABLE orders", databases.DML, false)
	wantCode(t, "ddl as dml", err, fail.Denied)
	_, err = write("INSERT INTO orders (user_id, total) VALUES (1, 1)", databases.DDL, false)
	wantCode(t, "dml as ddl", err, fail.Denied)
	_, err = write("CREATE TABLE z (a int)", databases.DDL, true)
	wantCode(t, "dry ddl", err, fail.Unsupported)
	if _, err = write("CREATE TABLE z (a int) ENGINE=MyISAM", databases.DDL, false); err != nil {
		t.Error(showErr(err))
	}
	_, err = write("INSERT INTO z VALUES (1)", databases.DML, true)
	wantCode(t, "dry run on MyISAM", err, fail.Unsupported)
	srv.Exec(t, db, "CREATE TRIGGER tr AFTER INSERT ON users FOR EACH ROW INSERT INTO z VALUES (NEW.id)")
	_, err = write("INSERT INTO users VALUES (9, 'x', 'y')", databases.DML, true)
	wantCode(t, "dry run with a trigger on MyISAM", err, fail.Unsupported)
	for _, sql := range []string{"GRANT ALL ON *.* TO x", "CALL p()", "SET @a = 1", "LOAD DATA INFILE '/etc/passwd' INTO TABLE z", "SELECT 1",
		"BEGIN NOT ATOMIC INSERT INTO orders VALUES (99, 1, 1); END", "DELETE FROM orders; DELETE FROM users"} {
		for _, class := range []databases.Class{databases.DML, databases.DDL} {
			_, err = write(sql, class, false)
			wantCode(t, sql, err, fail.Denied, fail.Invalid)
		}
	}
	for _, sql := range []string{"CREATE USER x", "CREATE FUNCTION f RETURNS INTEGER SONAME 'x.so'", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM users",
		"CREATE TABLE q (a int) DATA DIRECTORY '/tmp'", "CREATE TABLE q (a int) ENGINE=FEDERATED CONNECTION='mysql://x/y/z'",
		"CREATE SERVER x FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'x')", "CREATE DEFINER=root@localhost VIEW vv AS SELECT * FROM mysql.user"} {
		_, err = write(sql, databases.DDL, false)
		wantCode(t, sql, err, fail.Denied)
	}
	if n := count(); n != "3" {
		t.Errorf("%s orders", n)
	}
	if _, err := write("INSERT INTO orders VALUES (1, 1, 1)", databases.DML, false); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("duplicate: %v", err)
	}
	if diff := cmp.Diff("3", text(ask(t, s, "SELECT COUNT(*) FROM orders"))); diff != "" {
		t.Error(diff)
	}
}
