package mysql

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/sources/mysql/mysqltest"
	"cleat/internal/systems/databases"
)

func TestMain(m *testing.M) { os.Exit(mysqltest.Main(m)) }

// testHost resolves "dsn" to the DSN itself.
func testHost(dsn string) host.Host {
	return host.Host{
		Now:    time.Now,
		Secret: func(context.Context, string) (string, error) { return dsn, nil },
		Digest: func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[:12] },
	}
}

// open opens a source on a database of srv as the role.
func open(t testing.TB, srv *mysqltest.Server, db, role string, rules databases.Config) *Source {
	t.Helper()
	return openDSN(t, srv.DSN(db, role), rules)
}

func openDSN(t testing.TB, dsn string, rules databases.Config) *Source {
	t.Helper()
	s, err := Open(t.Context(), Config{Config: rules, DSN: "env:DSN"}, testHost(dsn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// shop makes a database with a few tables, and returns its name.
func shop(t testing.TB) (*mysqltest.Server, string) {
	t.Helper()
	srv := mysqltest.Start(t)
	db := srv.Database(t)
	srv.Exec(t, db,
		"CREATE TABLE users (id int PRIMARY KEY, email varchar(100), ssn varchar(20)) COMMENT 'people'",
		"CREATE TABLE orders (id int PRIMARY KEY AUTO_INCREMENT, user_id int, total decimal(10,2) NOT NULL DEFAULT 0, FOREIGN KEY (user_id) REFERENCES users (id), CHECK (total >= 0))",
		"INSERT INTO users VALUES (1, 'ann@x.test', '111-22-3333'), (2, 'bob@x.test', '444-55-6666')",
		"INSERT INTO orders VALUES (1, 1, 10.50), (2, 1, 5), (3, 2, 7)")
	return srv, db
}

// text shows the rows of a result, one a line.
func text(res *databases.Result) string {
	var lines []string
	for _, row := range res.Rows {
		var cells []string
		for _, c := range row {
			if c == nil {
				cells = append(cells, "NULL")
			} else {
				cells = append(cells, *c)
			}
		}
		lines = append(lines, strings.Join(cells, "|"))
	}
	return strings.Join(lines, "\n")
}

func ask(t testing.TB, s *Source, sql string, params ...string) *databases.Result {
	t.Helper()
	res, err := s.Query(t.Context(), databases.Query{SQL: sql, Params: jsons(params)})
	if err != nil {
		t.Fatalf("%s: %s", sql, showErr(err))
	}
	return res
}

func jsons(params []string) []databases.Param {
	var out []databases.Param
	for _, p := range params {
		out = append(out, databases.Param{JSON: json.RawMessage(p)})
	}
	return out
}

func showErr(err error) string { return fail.Show(err) }

// wantCode fails the test unless err has the code.
func wantCode(t testing.TB, what string, err error, codes ...fail.Code) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %v", what, codes)
		return
	}
	got := fail.From(err).Code
	for _, c := range codes {
		if got == c {
			return
		}
	}
	t.Errorf("%s: %s, want %v", what, showErr(err), codes)
}

func TestQuery(t *testing.T) {
	srv, db := shop(t)
	s := open(t, srv, db, "ro", databases.Config{})
	for _, tt := range []struct {
		sql    string
		params []string
		want   string
	}{
		{"SELECT id, email FROM users ORDER BY id", nil, "1|ann@x.test\n2|bob@x.test"},
		{"/* lead */ SELECT 1; ", nil, "1"},
		{"SELECT 'a;b' -- x", nil, "a;b"},
		{"WITH x AS (SELECT 1 AS a) SELECT * FROM x", nil, "1"},
		{"VALUES (1, 2), (3, 4)", nil, "1|2\n3|4"},
		{"(SELECT 1) UNION ALL (SELECT 2)", nil, "1\n2"},
		{"SELECT ? + 1", []string{"41"}, "42"},
		{"SELECT ?, ?", []string{"9007199254740993", "18446744073709551615"}, "9007199254740993|18446744073709551615"},
		{"SELECT ?, ?, ?, ?", []string{"null", "true", `"it's"`, `{"a":[1,2]}`}, "NULL|1|it's|{\"a\":[1,2]}"},
		{"SELECT email FROM users WHERE email = ?", []string{`"' OR 1=1 --"`}, ""},
		{"SELECT total FROM orders WHERE total = ?", []string{"10.5"}, "10.50"},
		{"SELECT CAST(1.5 AS DOUBLE), CAST(1e300 AS DOUBLE), CAST(0.1 AS FLOAT)", nil, "1.5|1e+300|0.1"},
		{"SELECT x'00ff', b'101', NULL", nil, "x'00ff'|x'05'|NULL"},
		{"SELECT TIMESTAMP'2026-01-02 03:04:05', DATE'2026-01-02', TIME'-25:04:05'", nil, "2026-01-02T03:04:05|2026-01-02|-25:04:05"},
		{"SHOW VARIABLES LIKE 'tx_read_only'", nil, "tx_read_only|ON"},
		{"DESCRIBE users id", nil, "id|int(11)|NO|PRI|NULL|"},
	} {
		res := ask(t, s, tt.sql, tt.params...)
		if diff := cmp.Diff(tt.want, text(res)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.sql, diff)
		}
	}
	if d := s.Dialect(); d != databases.MariaDB {
		t.Errorf("dialect %s", d)
	}
	quiet(t, srv, db, "ro")
}

func TestLimits(t *testing.T) {
	srv, db := shop(t)
	s := open(t, srv, db, "ro", databases.Config{})
	for _, tt := range []struct {
		sql     string
		limit   int
		rows    int
		more    bool
		stopped string
	}{
		{"SELECT seq FROM seq_1_to_1000000", 0, 100, true, "the limit of 100 rows"},
		{"SELECT seq FROM seq_1_to_1000000 LIMIT 500000", 5, 5, true, "the limit of 5 rows"},
		{"SELECT seq FROM seq_1_to_5", 5, 5, false, ""},
		{"SELECT seq FROM seq_1_to_5000 UNION ALL SELECT 1", 5000, 1000, true, "the limit of 1000 rows"},
		{"SELECT REPEAT('x', 90000) FROM seq_1_to_5000", 1000, 11, true, "the limit of 1024 kB for one answer"},
	} {
		res, err := s.Query(t.Context(), databases.Query{SQL: tt.sql, Limit: tt.limit})
		if err != nil {
			t.Fatal(showErr(err))
		}
		if len(res.Rows) != tt.rows || res.More != tt.more || res.Stopped != tt.stopped {
			t.Errorf("%s: %d rows, more %v, %q", tt.sql, len(res.Rows), res.More, res.Stopped)
		}
	}
	res := ask(t, s, "SELECT REPEAT('é', 200000), REPEAT(x'00', 200000)")
	if len(res.Cut) != 2 || res.Cut[0].More != 400000-len(*res.Rows[0][0]) || res.Cut[1].More != 400003-len(*res.Rows[0][1]) {
		t.Errorf("cut: %+v", res.Cut)
	}
}

func TestErrors(t *testing.T) {
	srv, db := shop(t)
	s := open(t, srv, db, "ro", databases.Config{})
	for _, tt := range []struct {
		sql    string
		params []string
		code   fail.Code
		text   string
	}{
		{"", nil, fail.Invalid, ""},
		{" -- nothing", nil, fail.Invalid, ""},
		{"SELECT 1; SELECT 2", nil, fail.Invalid, "one statement"},
		{"SELECT ?", nil, fail.Invalid, "one parameter, and no value was given"},
		{"SELECT 1", []string{"1"}, fail.Invalid, "no parameter, and one value was given"},
		{"SELECT ?", []string{`"a\u0000b"`}, fail.Invalid, "NUL"},
		{"SELECT 1\x00", nil, fail.Invalid, ""},
		{"SELECT * FROM user", nil, fail.NotFound, "did you mean users?"},
		{"SELECT emial FROM users", nil, fail.NotFound, "did you mean email?"},
		{"SELEC 1", nil, fail.Denied, ""},
		{"SELECT 1 +", nil, fail.Invalid, "MariaDB: You have an error"},
		{"SELECT '" + strings.Repeat("x", databases.MaxSQL) + "'", nil, fail.TooLarge, ""},
		{"SELECT nofunc(1)", nil, fail.Denied, "does not have the right"},
	} {
		_, err := s.Query(t.Context(), databases.Query{SQL: tt.sql, Params: jsons(tt.params)})
		wantCode(t, tt.sql[:min(len(tt.sql), 60)], err, tt.code)
		if err != nil && !strings.Contains(showErr(err), tt.text) {
			t.Errorf("%s: %s, want %q", tt.sql, showErr(err), tt.text)
		}
	}
}

func TestTimeout(t *testing.T) {
	srv, db := shop(t)
	s := open(t, srv, db, "ro", databases.Config{Timeout: time.Second})
	began := time.Now()
	_, err := s.Query(t.Context(), databases.Query{SQL: "SELECT SLEEP(60)"})
	wantCode(t, "sleep", err, fail.Timeout)
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("took %v", took)
	}
	quiet(t, srv, db, "ro")

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !strings.Contains(strings.Join(srv.Active(t, db, "ro"), " "), "BENCHMARK") && t.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	_, err = s.Query(ctx, databases.Query{SQL: "SELECT BENCHMARK(100000000000, MD5('x'))"})
	wantCode(t, "benchmark", err, fail.Timeout)
	quiet(t, srv, db, "ro")

	// Rows that came before the time was over are shown.
	res := ask(t, s, "SELECT SQL_NO_CACHE seq, REPEAT('x', 20000), SLEEP(IF(seq > 3, 9, 0)) FROM seq_1_to_10")
	if res.Partial == "" || len(res.Rows) == 0 {
		t.Errorf("partial %q, %d rows", res.Partial, len(res.Rows))
	}
	quiet(t, srv, db, "ro")
}

// quiet waits until the role runs nothing any more, for two seconds at most.
func quiet(t *testing.T, srv *mysqltest.Server, db, role string) {
	t.Helper()
	end := time.Now().Add(15 * time.Second)
	for {
		active := srv.Active(t, db, role)
		if len(active) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still running: %q", active)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestRow(t *testing.T) {
	srv, db := shop(t)
	srv.Exec(t, db, "CREATE TABLE pairs (v varchar(10), b int, a varchar(10), PRIMARY KEY (a, b))", "INSERT INTO pairs VALUES ('v', 1, 'x')",
		"CREATE TABLE nokey (a int)", "CREATE TABLE `a.b` (id int PRIMARY KEY)", "INSERT INTO `a.b` VALUES (7)", "CREATE VIEW v AS SELECT * FROM users",
		"CREATE TABLE bin (id binary(2) PRIMARY KEY)", "INSERT INTO bin VALUES (x'00ff')")
	s := open(t, srv, db, "ro", databases.Config{})
	for _, tt := range []struct {
		table string
		key   []string
		want  string
		code  fail.Code
	}{
		{"users", []string{"1"}, "1|ann@x.test|111-22-3333", ""},
		{db + ".users", []string{"2"}, "2|bob@x.test|444-55-6666", ""},
		{"pairs", []string{"x", "1"}, "v|1|x", ""},
		{"a.b", []string{"7"}, "7", ""},
		{"bin", []string{"x'00ff'"}, "x'00ff'", ""},
		{"users", []string{"1x"}, "", fail.Invalid},
		{"users", []string{"9"}, "", fail.NotFound},
		{"users", []string{"1", "2"}, "", fail.Invalid},
		{"userz", []string{"1"}, "", fail.NotFound},
		{"nokey", []string{"1"}, "", fail.Invalid},
		{"v", []string{"1"}, "", fail.Invalid},
		{"mysql.user", []string{"1", "2"}, "", fail.Denied},
		{"users` WHERE 1=1; --", []string{"1"}, "", fail.NotFound},
	} {
		res, err := s.Row(t.Context(), tt.table, tt.key)
		if tt.code != "" {
			wantCode(t, tt.table, err, tt.code, fail.NotFound)
			continue
		}
		if err != nil {
			t.Errorf("%s: %s", tt.table, showErr(err))
			continue
		}
		if got := text(res); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.table, got, tt.want)
		}
	}
	res, err := s.Row(t.Context(), "users", []string{"1"})
	if err != nil {
		t.Fatal(err)
	}
	if c := res.Columns[0]; !c.Key || c.Table != "users" || !c.Number {
		t.Errorf("column: %+v", c)
	}
}

func TestSchema(t *testing.T) {
	srv, db := shop(t)
	srv.Exec(t, db, "CREATE VIEW paid AS SELECT id FROM orders", "CREATE INDEX by_total ON orders (total, user_id)", "ALTER TABLE users ADD UNIQUE KEY mail (email(10))")
	s := open(t, srv, db, "ro", databases.Config{Mask: []string{"users.ssn"}})
	got, err := s.Schema(t.Context(), databases.SchemaQuery{Detail: databases.Full})
	if err != nil {
		t.Fatal(showErr(err))
	}
	for i := range got.Objects {
		got.Objects[i].Rows, got.Objects[i].Bytes = 0, 0
	}
	want := []databases.Object{
		{Name: "orders", Kind: "table", Primary: []string{"id"}, Columns: []databases.Attribute{
			{Name: "id", Type: "int(11)", NotNull: true, Default: "auto_increment"}, {Name: "user_id", Type: "int(11)"},
			{Name: "total", Type: "decimal(10,2)", NotNull: true, Default: "0.00"}},
			Foreign: []databases.Foreign{{Columns: []string{"user_id"}, Table: "users", Target: []string{"id"}}},
			Indexes: []databases.Index{{Name: "by_total", Columns: []string{"total", "user_id"}}, {Name: "user_id", Columns: []string{"user_id"}}},
			Checks:  []string{"`total` >= 0"}},
		{Name: "paid", Kind: "view", Columns: []databases.Attribute{{Name: "id", Type: "int(11)", NotNull: true, Default: "0"}},
			SQL: "select `" + db + "`.`orders`.`id` AS `id` from `" + db + "`.`orders`"},
		{Name: "users", Kind: "table", Comment: "people", Primary: []string{"id"}, Columns: []databases.Attribute{
			{Name: "id", Type: "int(11)", NotNull: true}, {Name: "email", Type: "varchar(100)"}, {Name: "ssn", Type: "varchar(20)", Mask: "deny"}},
			Indexes: []databases.Index{{Name: "mail", Columns: []string{"email(10)"}, Unique: true}}},
	}
	if diff := cmp.Diff(want, got.Objects); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for pattern, want := range map[string]string{"users": "users", "*s": "orders users", "ord": "orders", "USERS": "users", db + ".paid": "paid", "z*": ""} {
		res, err := s.Schema(t.Context(), databases.SchemaQuery{Pattern: pattern, Detail: databases.Names})
		if err != nil {
			t.Errorf("%s: %s", pattern, showErr(err))
			continue
		}
		var names []string
		for _, o := range res.Objects {
			names = append(names, o.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
	_, err = s.Schema(t.Context(), databases.SchemaQuery{Pattern: "userss", Detail: databases.Names})
	wantCode(t, "userss", err, fail.NotFound)
	if !strings.Contains(showErr(err), "did you mean users?") {
		t.Error(showErr(err))
	}
	var names []string
	q := databases.SchemaQuery{Detail: databases.Names, Limit: 1}
	for {
		res, err := s.Schema(t.Context(), q)
		if err != nil {
			t.Fatal(showErr(err))
		}
		names = append(names, res.Objects[0].Name)
		if q.Cursor = res.Cursor; q.Cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"orders", "paid", "users"}, names); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"orders", "paid", "users"}, s.Known()); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
}

func TestExplain(t *testing.T) {
	srv, db := shop(t)
	srv.Exec(t, db, "INSERT INTO orders (user_id, total) SELECT 1, seq FROM seq_1_to_5000", "ANALYZE TABLE orders")
	s := open(t, srv, db, "ro", databases.Config{})
	plan, err := s.Explain(t.Context(), databases.Query{SQL: "SELECT * FROM orders WHERE total = ? ORDER BY total", Params: jsons([]string{"5"})})
	if err != nil {
		t.Fatal(showErr(err))
	}
	if plan.Ran || len(plan.Nodes) == 0 || !strings.Contains(strings.Join(plan.Advice, "\n"), "an index on orders (total) may help") {
		t.Errorf("plan: %+v", plan)
	}
	ran, err := open(t, srv, db, "ro", databases.Config{Analyze: true}).Explain(t.Context(), databases.Query{SQL: "SELECT * FROM orders o JOIN users u ON u.id = o.user_id ORDER BY email"})
	if err != nil {
		t.Fatal(showErr(err))
	}
	if !ran.Ran || len(ran.Nodes) < 2 {
		t.Errorf("plan: %+v", ran)
	}
	t.Logf("%+v", ran)
	for _, sql := range []string{"EXPLAIN SELECT 1", "DELETE FROM orders", "SELECT 1 INTO OUTFILE '/tmp/x'", "SHOW TABLES"} {
		_, err := s.Explain(t.Context(), databases.Query{SQL: sql})
		wantCode(t, sql, err, fail.Denied, fail.Invalid)
	}
}

func TestProbe(t *testing.T) {
	srv, db := shop(t)
	for role, want := range map[string]string{
		"ro":   "",
		"app":  "the role " + db + "_app can write to tables; a role with SELECT alone is safer",
		"file": "the role " + db + "_file can read and write files of the server (FILE)",
	} {
		s := open(t, srv, db, role, databases.Config{})
		got, err := s.Probe(t.Context())
		if err != nil {
			t.Fatal(showErr(err))
		}
		if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", role, diff)
		}
		if s.Health() != want {
			t.Errorf("health: %s", s.Health())
		}
		first, second := ask(t, s, "SELECT 1"), ask(t, s, "SELECT 1")
		if strings.Join(first.Notes, "\n") != want || len(second.Notes) != 0 {
			t.Errorf("notes: %q, %q", first.Notes, second.Notes)
		}
	}
	s := openDSN(t, srv.DSN(db, "ro")+"?multiStatements=true&allowAllFiles=true&interpolateParams=true&sql_mode=ANSI_QUOTES", databases.Config{Mask: []string{"users.snn"}})
	res := ask(t, s, `SELECT "x", @@sql_mode`)
	if got := strings.Join(res.Notes, "\n"); !strings.Contains(got, "multiStatements") || !strings.Contains(got, "session variables") || !strings.Contains(got, "users.snn matches no column") {
		t.Errorf("notes: %s", got)
	}
	if got := text(res); strings.Contains(got, "ANSI") {
		t.Error(got)
	}
	_, err := s.Query(t.Context(), databases.Query{SQL: "SELECT 1; COMMIT; INSERT INTO orders VALUES (17,1,1)"})
	wantCode(t, "MY-12", err, fail.Invalid)
}

func TestConnect(t *testing.T) {
	srv, db := shop(t)
	for name, dsn := range map[string]string{
		"password": strings.Replace(srv.DSN(db, "ro"), mysqltest.Password, "Secret-99", 1),
		"database": strings.Replace(srv.DSN(db, "ro"), "/"+db, "/nowhere", 1),
		"port":     "u:Secret-99@tcp(127.0.0.1:1)/x",
		"tls":      srv.DSN(db, "ro") + "?tls=true",
		"form":     "u:Secret-99@nonsense(/x",
		"network":  "u:Secret-99@udp(127.0.0.1:1)/x",
	} {
		s := openDSN(t, dsn, databases.Config{})
		_, err := s.Query(t.Context(), databases.Query{SQL: "SELECT 1"})
		wantCode(t, name, err, fail.Unavailable)
		if err != nil && (strings.Contains(showErr(err), "Secret-99") || strings.Contains(showErr(err), mysqltest.Password)) {
			t.Errorf("%s: %s", name, showErr(err))
		}
		t.Log(showErr(err))
	}
	if got := text(ask(t, openDSN(t, srv.DSN(db, "ro")+"?tls=skip-verify", databases.Config{}), "SHOW STATUS LIKE 'Ssl_version'")); !strings.HasPrefix(got, "Ssl_version|TLS") {
		t.Error(got)
	}
}

func TestRestart(t *testing.T) {
	srv := mysqltest.New(t)
	db := srv.Database(t)
	s := open(t, srv, db, "ro", databases.Config{})
	ask(t, s, "SELECT 1")
	srv.Stop(t)
	_, err := s.Query(t.Context(), databases.Query{SQL: "SELECT 1"})
	wantCode(t, "stopped", err, fail.Unavailable)
	if s.Health() == "" {
		t.Error("the source says it is well")
	}
	srv.Restart(t)
	ask(t, s, "SELECT 1")
	if h := s.Health(); h != "" {
		t.Error(h)
	}
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]Config{
		"dsn":  {},
		"ssh":  {DSN: "env:X", SSH: "-oProxyCommand=x"},
		"mask": {DSN: "env:X", Config: databases.Config{Mask: []string{"x"}}},
	} {
		err := c.Validate()
		if err == nil || strings.Contains(err.Error(), "ProxyCommand") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var key interface{ Key() string }
		if !errors.As(err, &key) || key.Key() != name {
			t.Errorf("%s: the key is not told", name)
		}
		_, err = Open(t.Context(), c, testHost(""))
		wantCode(t, name, err, fail.Invalid)
	}
}
