package pgtest

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestServers(t *testing.T) {
	for _, c := range []struct {
		name string
		opts Options
		want string // beginning of its version
	}{
		{name: "of this machine"},
		{name: "with TLS and passwords", opts: Options{TLS: true, Scram: true}},
		{name: "the other version", opts: Options{Beta: true}, want: BetaVersion[:strings.IndexByte(BetaVersion, '.')]},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(t, c.opts)
			db := s.Database(t)
			s.ExecAs(t, db, "app", "CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)")
			if got := s.Rows(t, db, "SELECT id, NULL FROM t"); len(got) != 1 || got[0][0] != "1" || got[0][1] != "NULL" {
				t.Errorf("rows %v", got)
			}
			if got := s.Rows(t, db, "SHOW server_version")[0][0]; !strings.HasPrefix(got, c.want) {
				t.Errorf("version %s, want %s", got, c.want)
			}
			s.Stop(t)
			s.Restart(t)
			if got := s.Rows(t, db, "SELECT tableowner FROM pg_tables WHERE tablename = 't'"); len(got) != 1 || got[0][0] != "app" {
				t.Errorf("after a restart: owner %v", got)
			}
		})
	}
}

func TestDatabasesAreApart(t *testing.T) {
	s := Start(t)
	a, b := s.Database(t), s.Database(t)
	s.Exec(t, a, "CREATE TABLE t (id int)")
	if got := s.Rows(t, b, "SELECT 1 FROM pg_tables WHERE tablename = 't'"); len(got) != 0 {
		t.Error("a table of one database is in another")
	}
}
