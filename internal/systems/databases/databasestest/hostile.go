package databasestest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// hostile: nothing that is sent as a query changes anything, whatever it looks like, and
// it is refused.
func hostile(s *suite) {
	out, back := s.powers()
	defer s.exec(back...) // roles belong to the whole server
	var path string
	if s.sqlite() {
		path = s.path()
	}
	for _, sql := range statements(s.T, "hostile/"+strings.TrimSuffix(s.file(), ".sql")+".setup.sql") {
		if s.fits(sql) {
			s.exec(sql)
		}
	}
	if s.postgres() {
		s.exec("RESET ROLE")
	}
	ran := s.open(databases.Config{Analyze: true, Timeout: 5 * time.Second})
	others := s.others()
	for i, text := range statements(s.T, "hostile/"+s.file()) {
		text = strings.NewReplacer("$OUT", out, "$DB", path).Replace(text)
		steps := strings.Split(text, "\n-- then --\n")
		s.sub(fmt.Sprintf("%03d %s", i+1, label(steps[0])), func(s *suite) {
			before := s.state()
			for n, sql := range steps {
				codes := []fail.Code{fail.Denied, fail.Invalid}
				if n > 0 {
					codes = append(codes, fail.NotFound) // what the step before did not make
				}
				_, err := s.ask(s.db, sql)
				s.refused(sql, err, codes...)
			}
			s.alive(s.db, label(text))
			s.unchanged(text, before)
			for _, sql := range steps {
				ctx, cancel := context.WithTimeout(s.Context(), patience)
				_, err := ran.Explain(ctx, databases.Query{SQL: sql})
				cancel()
				if err != nil {
					s.refused("the plan of "+sql, err, fail.Denied, fail.Invalid, fail.NotFound, fail.Unsupported, fail.Timeout)
				}
			}
			s.alive(ran, "the plan of "+label(text))
			s.unchanged("the plan of "+text, before)
			if files := within(s, out); len(files) > 0 {
				s.Errorf("it made %v", files)
			}
			if now := s.others(); now != others {
				s.Errorf("the session of another program is gone")
				others = now
			}
		})
	}
}

// powers gives the source's role more rights than it should have, and returns a folder
// that the server can write to and the statements that take the rights back. On PostgreSQL
// the second connection is in that role then.
func (s *suite) powers() (out string, back []string) {
	out = s.TempDir()
	for _, dir := range []string{filepath.Dir(out), out} {
		if err := os.Chmod(dir, 0o777); err != nil {
			s.Fatal(err)
		}
	}
	switch {
	case s.postgres():
		role := name(s.Dialect, s.one(s.db, "SELECT current_user"))
		for _, power := range []string{"pg_read_server_files", "pg_write_server_files", "pg_execute_server_program", "pg_signal_backend", "pg_monitor"} {
			if s.rows("SELECT pg_has_role('" + strings.Trim(role, `"`) + "', '" + power + "', 'MEMBER')")[0][0] == "f" {
				s.exec("GRANT " + power + " TO " + role)
				back = append(back, "REVOKE "+power+" FROM "+role)
			}
		}
		if s.rows("SELECT count(*) FROM pg_available_extensions WHERE name = 'dblink'")[0][0] != "0" {
			s.exec("CREATE EXTENSION dblink")
		}
		s.exec("GRANT ALL ON DATABASE "+name(s.Dialect, s.rows("SELECT current_database()")[0][0])+" TO "+role, "SET ROLE "+role)
	case s.mysql():
		user, host, _ := strings.Cut(s.one(s.db, "SELECT CURRENT_USER()"), "@")
		s.exec(fmt.Sprintf("GRANT FILE, RELOAD, PROCESS ON *.* TO '%s'@'%s'", user, host))
		back = append(back, fmt.Sprintf("REVOKE FILE, RELOAD, PROCESS ON *.* FROM '%s'@'%s'", user, host))
	}
	return out, back
}

// others tells whether the second connection is still the one that it was.
func (s *suite) others() string {
	if s.sqlite() {
		return ""
	}
	return s.rows(s.by("SELECT pg_backend_pid()", "SELECT CONNECTION_ID()", ""))[0][0]
}

// fits reports whether a text of a file is for this server; it says so in a line
// "-- only: DIALECT".
func (s *suite) fits(sql string) bool {
	_, only, has := strings.Cut(sql, "-- only: ")
	if !has {
		return true
	}
	only, _, _ = strings.Cut(only, "\n")
	return only == string(s.Dialect)
}

func label(sql string) string {
	sql = strings.Join(strings.Fields(sql), " ")
	return strings.ToValidUTF8(sql[:min(len(sql), 40)], "")
}

func within(s *suite, dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
