//go:build linux

package main

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"cleat/internal/sources/mysql/mysqltest"
	"cleat/internal/sources/postgres/pgtest"
)

// thePassword has everything in it that some encoding changes.
const thePassword = `CaN@rY"p\w/7%<é'&x:z`

// spellings are the ways in which the password could come out.
func spellings() []string {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(thePassword)
	return []string{"CaN@rY", "CaN%40rY", thePassword, url.QueryEscape(thePassword), url.PathEscape(thePassword), escaped,
		strings.NewReplacer("<", `\u003c`, "&", `\u0026`).Replace(escaped), strings.ReplaceAll(thePassword, `\`, `\\`), "p\\w/7", `p\\w/7`}
}

// passwordServer makes a role with the password on a real server, and a table of its own
// with it in it; it returns the address of the database with the password as an URL or as
// MySQL writes it.
func passwordServer(t *testing.T, kind string) (dsn func(password string) string) {
	t.Helper()
	if kind == "postgres" {
		s := pgtest.New(t, pgtest.Options{Scram: true})
		db := s.Database(t)
		role := "pw_" + strings.ToLower(db)
		lit := "'" + strings.ReplaceAll(thePassword, "'", "''") + "'"
		s.Exec(t, db, "SET standard_conforming_strings = on", "CREATE ROLE "+role+" LOGIN PASSWORD "+lit, "GRANT ALL ON SCHEMA public TO "+role,
			"CREATE TABLE keys (id integer PRIMARY KEY, k text)", "GRANT SELECT, UPDATE, INSERT ON keys TO "+role,
			"INSERT INTO keys VALUES (1, "+lit+"), (2, repeat('z', 3000) || "+lit+" || repeat('z', 3000))")
		t.Cleanup(func() { s.Exec(t, db, "DROP OWNED BY "+role, "DROP ROLE "+role) })
		at, err := url.Parse(s.DSN(db, "app"))
		if err != nil {
			t.Fatal(err)
		}
		return func(password string) string {
			u := *at
			u.User = url.UserPassword(role, password)
			return u.String()
		}
	}
	s := mysqltest.Start(t)
	db := s.Database(t)
	user, address, _ := cutLast(s.DSN(db, "app"), "@")
	user, _, _ = strings.Cut(user, ":")
	root, err := sql.Open("mysql", s.DSN(db, "app")+"?multiStatements=true")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	lit := "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(thePassword) + "'"
	if _, err := root.ExecContext(t.Context(), "CREATE TABLE `keys` (id integer PRIMARY KEY, k text); INSERT INTO `keys` VALUES (1, "+lit+"), (2, CONCAT(REPEAT('z', 3000), "+lit+", REPEAT('z', 3000)));"+
		"SET PASSWORD = PASSWORD("+lit+")"); err != nil {
		t.Fatal(err)
	}
	return func(password string) string { return user + ":" + password + "@" + address }
}

// TestDatabasePassword: the password of a database comes out nowhere: not from its rows, by
// no error of a connection, not in a report, a log, a record or a list of processes.
func TestDatabasePassword(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"postgres", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dsn := passwordServer(t, kind)
			w := attacked(t, "-- user.toml --\n[sources.app]\nkind = \""+kind+"\"\ndsn = \"env:APP_DSN\"\n[policy]\nallow = [\"db_write(source=app, op=dml)\"]\n")
			right := dsn(thePassword)
			host := func(s, with string) string {
				at := strings.LastIndex(s, "127.0.0.1")
				end := at + strings.IndexAny(s[at:], ")/")
				return s[:at] + with + s[end:]
			}
			for name, c := range map[string]string{
				"right":        right,
				"wrong":        dsn(thePassword + "CaN@rY"),
				"no such host": host(right, "nowhere..invalid:5432"),
				"closed port":  host(right, "127.0.0.1:1"),
				"bad port":     host(right, "127.0.0.1:99999999"),
				"bad host":     host(right, "[::1"),
				"TLS":          map[string]string{"postgres": right + "&sslmode=verify-full", "mysql": right + "?tls=true"}[kind],
				"bad option":   map[string]string{"postgres": right + "&nope=1&sslmode=banana", "mysql": right + "?nope=1&tls=banana"}[kind],
				"bad escape":   strings.Replace(right, "CaN", "%zzCaN@rY", 1),
				"no scheme":    "://" + right, "cut": right[:strings.LastIndex(right, "127")+4], "words": "host=x password=" + thePassword,
			} {
				t.Run(name, func(t *testing.T) {
					w := *w
					w.env = append(w.env[:len(w.env):len(w.env)], "APP_DSN="+c, "XDG_STATE_HOME="+w.home+"/"+name+"/state")
					w.home += "/" + name
					// What cleat cannot read out of an address it cannot know in what it is sent.
					known := name != "wrong" && name != "words" && name != "bad escape" && name != "no scheme" && name != "cut"
					p := w.peer(t)
					worked := 0
					var said strings.Builder
					for _, way := range [][2]string{
						{"tools/call", `{"name":"db_query","arguments":{"sql":"SELECT id, k FROM ` + map[string]string{"postgres": "keys", "mysql": "`keys`"}[kind] + `"}}`},
						{"tools/call", `{"name":"db_query","arguments":{"sql":"SELECT k FROM nope WHERE k = ` + strings.ReplaceAll(strings.ReplaceAll(thePassword, `\`, `\\`), `"`, `\"`) + `"}}`},
						{"tools/call", `{"name":"db_query","arguments":{"sql":"SELECT 1 WHERE 'x' = ` + map[string]string{"postgres": "$1", "mysql": "?"}[kind] + `","params":[` + quoted(t, thePassword) + `]}}`},
						{"tools/call", `{"name":"db_schema","arguments":{"detail":"full"}}`},
						{"tools/call", `{"name":"db_write","arguments":{"sql":"UPDATE nope SET a = ` + map[string]string{"postgres": "$1", "mysql": "?"}[kind] + `","params":[` + quoted(t, thePassword) + `]}}`},
						{"tools/call", `{"name":"read","arguments":{"uri":"row://app/keys/1"}}`},
						{"tools/call", `{"name":"read","arguments":{"uri":"row://app/keys/2","part":"/k"}}`},
						{"resources/read", `{"uri":"row://app/keys/1"}`}, {"resources/read", `{"uri":"row://app/keys/2"}`}, {"resources/read", `{"uri":"table://app/keys"}`},
						{"resources/list", `{}`}, {"prompts/get", `{"name":"explore_db"}`}, {"tools/call", `{"name":"status","arguments":{}}`},
						{"completion/complete", `{"ref":{"type":"ref/resource","uri":"table://{source}/{table}"},"argument":{"name":"table","value":""}}`},
					} {
						m := p.ask(way[0], way[1])
						answer, failed := told(t, m)
						if said.WriteString(way[1] + "\n" + answer + "\n"); !failed && strings.Contains(answer, "redacted") {
							worked++
						}
						if strings.Contains(answer, "internal") || strings.Contains(answer, "goroutine") {
							t.Errorf("%s: %.300s", way[1], answer)
						}
						for _, s := range spellings() {
							if strings.Contains(answer, s) {
								t.Errorf("%s tells %s: %.400s", way[1], s, answer)
							}
						}
					}
					if name == "right" && worked < 4 {
						t.Errorf("the rows with the password were not seen, so the test shows nothing:\n%.2000s", said.String())
					}
					if data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.cmd.Process.Pid)); err != nil || strings.Contains(string(data), "CaN") {
						t.Errorf("the list of processes: %q, %v", data, err)
					}
					p.end()
					doctor, _ := w.run(t, "doctor")
					rest := map[string]string{"stderr": p.stderr.String(), "doctor": doctor}
					for i, r := range w.audited(t) {
						if rest[fmt.Sprint("record ", i+1)] = r.Error + r.Name + r.Source; known {
							rest[fmt.Sprint("record ", i+1)] += string(r.Args)
						}
					}
					for what, text := range rest {
						for _, s := range spellings() {
							if i := strings.Index(text, s); i >= 0 {
								t.Errorf("%s has %s: %.400s", what, s, text[max(0, i-150):])
								break
							}
						}
					}
				})
			}
		})
	}
}

// knocks listens and counts who comes.
func knocks(t *testing.T) (address string, count *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	count = new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			c.Close()
		}
	}()
	return l.Addr().String(), count
}

// TestEnvironmentOfTheDeveloper: what the clients of databases read from the environment and
// from the home folder is no part of a source.
func TestEnvironmentOfTheDeveloper(t *testing.T) {
	t.Parallel()
	s := pgtest.New(t, pgtest.Options{Scram: true})
	db := s.Database(t)
	good, err := url.Parse(s.DSN(db, "app"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := good.User.Password()
	bare := *good
	bare.User = url.User("app")
	address, count := knocks(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	w := attacked(t, "-- user.toml --\n[sources.app]\nkind = \"postgres\"\ndsn = \"env:APP_DSN\"\n")
	writeFile(t, w.home+"/.pgpass", []byte("*:*:*:*:"+password+"\n"))
	writeFile(t, w.home+"/service.conf", []byte("[x]\nhost="+host+"\nport="+port+"\npassword="+password+"\n"))
	if err := os.Chmod(w.home+"/.pgpass", 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"PGPASSWORD=" + password, "PGHOST=" + host, "PGPORT=" + port, "PGUSER=postgres", "PGDATABASE=postgres", "PGPASSFILE=" + w.home + "/.pgpass",
		"PGSERVICEFILE=" + w.home + "/service.conf", "PGSERVICE=x", "PGOPTIONS=-c search_path=evil", "PGSSLMODE=disable", "PGAPPNAME=evil", "PGTARGETSESSIONATTRS=any"}
	p := w.peer(t, append(env, "APP_DSN="+bare.String())...)
	text, failed := p.tool("db_query", `{"sql":"SELECT current_user"}`)
	if !failed {
		t.Errorf("without a password in the address it connects: %s", text)
	}
	p = w.peer(t, append(env, "APP_DSN="+good.String())...)
	text, failed = p.tool("db_query", `{"sql":"SELECT current_user AS u, current_database() = '`+db+`' AS d, current_setting('search_path') AS s, current_setting('application_name') AS a"}`)
	if failed || strings.Contains(text, "evil") || !strings.Contains(text, "app\ttrue\t") {
		t.Errorf("with all of its address: %s", text)
	}
	hostless := *good
	hostless.Host = ""
	p = w.peer(t, append(env, "APP_DSN="+hostless.String())...)
	if text, failed := p.tool("db_query", `{"sql":"SELECT 1"}`); !failed {
		t.Errorf("without a host: %s", text)
	}
	if n := count.Load(); n != 0 {
		t.Errorf("the environment's host was called %d times", n)
	}

	m := mysqltest.Start(t)
	mdb := m.Database(t)
	user, at, _ := cutLast(m.DSN(mdb, "app"), "@")
	user, password, _ = strings.Cut(user, ":")
	w = attacked(t, "-- user.toml --\n[sources.app]\nkind = \"mysql\"\ndsn = \"env:APP_DSN\"\n")
	writeFile(t, w.home+"/.my.cnf", []byte("[client]\npassword="+password+"\nhost="+host+"\nport="+port+"\n"))
	p = w.peer(t, "MYSQL_PWD="+password, "MYSQL_HOST="+host, "MYSQL_TCP_PORT="+port, "APP_DSN="+user+"@"+at)
	if text, failed := p.tool("db_query", `{"sql":"SELECT current_user"}`); !failed {
		t.Errorf("MySQL without a password in the address connects: %s", text)
	}
	if n := count.Load(); n != 0 {
		t.Errorf("the environment's host was called %d times", n)
	}
}
