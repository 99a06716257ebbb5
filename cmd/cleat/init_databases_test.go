package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"cleat/internal/config"
)

// databaseKinds are the kinds that are known in these tests, whatever this version has.
func databaseKinds() []string { return []string{mysqlKind, postgresKind, sqliteKind} }

// look makes a repository of the files and returns what is suggested for it.
func look(t *testing.T, environ []string, contents map[string]string) (root string, lines []string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), []byte(content))
	}
	in := initializer{program: &program{environ: environ}, root: dir}
	return dir, suggestions(in.sights(t.Context()), databaseKinds())
}

// wantLines compares the suggestions, and checks that all of them are comments or TOML that
// the configuration takes, and that no value is shown.
func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("suggestions (-want +got):\n%s", diff)
	}
	var b strings.Builder
	for _, line := range got {
		if setting, ok := strings.CutPrefix(line, "  # "); ok {
			b.WriteString(setting + "\n")
		}
	}
	if strings.Contains(strings.Join(got, "\n"), "s3cret") {
		t.Errorf("a value is shown:\n%s", strings.Join(got, "\n"))
	}
	checkTOML(t, b.String())
}

// checkTOML wants text to be a configuration but for the kinds of its sources.
func checkTOML(t *testing.T, text string) {
	t.Helper()
	home := t.TempDir()
	path := filepath.Join(home, config.ProjectFile)
	writeFile(t, path, []byte(text))
	var kinds []config.Kind
	for _, name := range databaseKinds() {
		kinds = append(kinds, config.Kind{Name: name, Secrets: []string{"dsn"}, New: func() any { return new(anyDatabase) }})
	}
	managed := filepath.Join(home, "managed.toml") // which is not there
	if _, problems := config.Load(config.Options{Managed: managed, ManagedUID: os.Getuid(), User: path, Kinds: kinds}); len(problems) > 0 {
		t.Errorf("the configuration is refused: %v\n%s", problems, text)
	}
}

type anyDatabase struct {
	DSN  string `toml:"dsn"`
	Path string `toml:"path"`
}

func TestVariables(t *testing.T) {
	const notes = "must be in the environment of Claude Code: cleat reads no .env files"
	_, got := look(t, []string{"HOME=/", "SHOP_DATABASE_URL=postgresql://u:s3cret@h/db?x=s3cret", "SENTRY_DSN=https://s3cret@h/1"}, map[string]string{
		".env": "export MYSQL_URL='mysql://u:s3cret@h/db'\nSHOP_DATABASE_URL=postgres://u:s3cret@h/db\nCACHE_DSN=redis://:s3cret@h\n" +
			"REPORTS_DSN=\"u:s3cret@tcp(h:3306)/db\"\nDB_URL=sqlite:///s3cret.db\n",
		".env.example": "DATABASE_URL=\nSQLALCHEMY_DATABASE_URI=postgresql+asyncpg://u:s3cret@h/db\n",
	})
	wantLines(t, got,
		"Seen: SHOP_DATABASE_URL in the environment, MYSQL_URL in .env, SHOP_DATABASE_URL in .env, REPORTS_DSN in .env, DATABASE_URL in .env.example, "+
			"and 1 more (values are not shown). For your configuration:",
		"  # [sources.shop]",
		`  # kind = "postgres"`,
		`  # dsn = "env:SHOP_DATABASE_URL"`,
		"  # [sources.db]",
		`  # kind = "mysql"`,
		`  # dsn = "env:MYSQL_URL"`,
		"  # # MYSQL_URL "+notes,
		"  # # its value is a URL; cleat needs the driver's form USER:PASSWORD@tcp(HOST:3306)/DATABASE",
		"  # [sources.reports]",
		`  # kind = "mysql"`,
		`  # dsn = "env:REPORTS_DSN"`,
		"  # # REPORTS_DSN "+notes,
		"  # [sources.db-2]",
		`  # kind = "postgres"`,
		`  # dsn = "env:DATABASE_URL"`,
		"  # # DATABASE_URL "+notes,
		"  # # if that is what it holds: postgres://USER:PASSWORD@HOST:PORT/DATABASE",
		"  # [sources.db-3]",
		`  # kind = "mysql"`,
		`  # dsn = "env:DATABASE_URL"`,
		"  # # DATABASE_URL "+notes,
		"  # # if that is what it holds: USER:PASSWORD@tcp(HOST:PORT)/DATABASE",
	)
}

func TestDatabaseVariable(t *testing.T) {
	for _, c := range []struct {
		name, value string
		ok          bool
		kind        string
	}{
		{"DATABASE_URL", "", true, ""},
		{"DATABASE_URL", "${X}", true, ""},
		{"DATABASE_URL", "<postgres://…>", true, ""},
		{"DATABASE_URL", "POSTGRES://h", true, postgresKind},
		{"DATABASE_URL", "host=h dbname=x", true, postgresKind},
		{"DATABASE_URL", "mysql+pymysql://h", true, mysqlKind},
		{"DATABASE_URL", "mongodb+srv://h", false, ""},
		{"DATABASE_URL", "file:x.db", false, ""},
		{"POSTGRES_URL", "", true, postgresKind},
		{"APP_MYSQL_DSN", "", true, mysqlKind},
		{"POSTGRES_URL", "mysql://h", true, mysqlKind},
		{"MYDATABASE_URL", "postgres://h", false, ""},
		{"database_url", "postgres://h", false, ""},
		{"1_DATABASE_URL", "postgres://h", false, ""},
		{"A\u202e_DSN", "postgres://h", false, ""},
		{"SENTRY_DSN", "", false, ""},
		{strings.Repeat("A", 64) + "_DSN", "postgres://h", false, ""},
		{"PATH", "postgres://h", false, ""},
		{"", "postgres://h", false, ""},
	} {
		v, ok := databaseVariable(c.name, c.value)
		if ok != c.ok || v.kind != c.kind {
			t.Errorf("databaseVariable(%q, %q) is %q, %t, want %q, %t", c.name, c.value, v.kind, ok, c.kind, c.ok)
		}
	}
}

func TestPlainName(t *testing.T) {
	for s, want := range map[string]string{
		"shop": "shop", "SHOP_": "shop", "My.DB 2": "my-db-2", "1st": "st", "": "db", "-": "db", "all": "db", "workspace": "db",
		"a]\n[policy": "apolicy", "b\"=": "b", "datenbänke": "datenbnke", strings.Repeat("a", 99): strings.Repeat("a", 24),
	} {
		if got := plainName(s); got != want {
			t.Errorf("plainName(%q) is %q, want %q", s, got, want)
		}
	}
}

func TestCompose(t *testing.T) {
	_, got := look(t, nil, map[string]string{"compose.yaml": `
x-base: &base
  image: registry.example.com:5000/acme/postgres:16@sha256:abc
  environment: {POSTGRES_PASSWORD: s3cret}
services:
  web:
    image: nginx
    ports: ["5432:5432"]
  db:
    <<: *base
    ports: ["127.0.0.1:15432:5432/tcp"]
  geo.store:
    image: "${GEO_IMAGE:-postgis/postgis:16}"
    ports:
      - target: 5432
        published: "${PORT:-25432}"
  m:
    image: mariadb
    environment:
      - MYSQL_ROOT_PASSWORD=s3cret
    ports: [9999, "3306"]
  metrics:
    image: prometheuscommunity/postgres-exporter
`, "docker-compose.yml": "services:\n  db:\n    image: mysql\n    ports:\n      - '[::1]:33060:3306'\n", "compose.yml": "services:\n  web: {image: nginx}\n"})
	wantLines(t, got,
		"Seen: compose.yaml, docker-compose.yml with postgres, postgis, mariadb, mysql. For your configuration:",
		"  # [sources.db]",
		`  # kind = "postgres"`,
		`  # dsn = "env:DB_DSN"`,
		"  # # DB_DSN is postgres://USER:PASSWORD@127.0.0.1:15432/DATABASE",
		"  # [sources.geo-store]",
		`  # kind = "postgres"`,
		`  # dsn = "env:GEO_STORE_DSN"`,
		"  # # GEO_STORE_DSN is postgres://USER:PASSWORD@127.0.0.1:25432/DATABASE",
		"  # [sources.m]",
		`  # kind = "mysql"`,
		`  # dsn = "env:M_DSN"`,
		"  # # its port is not published; once it is, M_DSN is USER:PASSWORD@tcp(127.0.0.1:PORT)/DATABASE",
		"  # [sources.db-2]",
		`  # kind = "mysql"`,
		`  # dsn = "env:DB_DSN"`,
		"  # # DB_DSN is USER:PASSWORD@tcp([::1]:33060)/DATABASE",
	)
}

func TestPublished(t *testing.T) {
	for ports, want := range map[string]string{
		"5432:5432":                 "127.0.0.1:5432",
		"0.0.0.0:1:5432":            "127.0.0.1:1",
		"'[::]:1:5432'":             "127.0.0.1:1",
		"10.1.2.3:1:5432":           "10.1.2.3:1",
		"5432":                      "",
		"5432:80":                   "",
		"5000-5010:5432":            "",
		"${PORT}:5432":              "",
		"a:5432":                    "",
		"99999:5432":                "",
		"\"1\\e[2J:5432\"":          "",
		"{target: 5432}":            "",
		"[1, 2]":                    "",
		"null":                      "",
		"{published: 7, target: x}": "",
		"{published: 7, target: 5432, host_ip: 10.0.0.1}": "10.0.0.1:7",
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(ports), &doc); err != nil {
			t.Fatalf("%s: %v", ports, err)
		}
		if got := published(doc.Content[0], "5432"); got != want {
			t.Errorf("published(%s) is %q, want %q", ports, got, want)
		}
	}
}

// Bombs and nonsense cost nothing and suggest nothing that is not there.
func TestHostileCompose(t *testing.T) {
	laughs := "a0: &a0 {image: postgres}\n"
	for i := 1; i < 40; i++ {
		laughs += fmt.Sprintf("a%d: &a%d {<<: [%s*a%d]}\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 200), i-1)
	}
	for name, content := range map[string]string{
		"laughs":      laughs[:min(len(laughs), maxSight-100)] + "\n",
		"merges":      laughs[:strings.Index(laughs, "a9:")] + "services: {db: *a8}\n",
		"self":        "services: &s {db: {<<: *s, image: *s}, e: *s, <<: *s}\n",
		"deep":        strings.Repeat("[", maxSight-1),
		"deep maps":   strings.Repeat("{a: ", 10_000),
		"no mapping":  "- services\n",
		"odd types":   "services: [1]\n---\nservices: {db: {image: postgres}}\n",
		"odd image":   "services: {db: {image: [postgres]}, e: {image: {postgres: 1}}, f: null, g: 1}\n",
		"binary":      "\x00\xff\xfe",
		"tag":         "services: !!python/object:os.system {db: 1}\n",
		"long scalar": "services: {db: {image: '" + strings.Repeat("x", 1000) + "postgres'}}\n",
		"not closed":  "services: {db: {image: '${X:-" + strings.Repeat("${", 200) + "mongo'}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, got := look(t, nil, map[string]string{"compose.yaml": content})
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
			wantLines(t, got)
		})
	}
	_, got := look(t, nil, map[string]string{"compose.yaml": "services:\n  \"]\\n[policy]\\e[2J\\u202e\": {image: postgres}\n"})
	if len(got) != 5 || got[1] != "  # [sources.policy2j]" {
		t.Errorf("a hostile name: %q", got)
	}
	wantLines(t, got, got...)
}

func TestSQLiteFiles(t *testing.T) {
	const header = "SQLite format 3\x00"
	root, got := look(t, nil, map[string]string{
		"app.db": header, "data/b.sqlite3": header + "rest", "data/deep/C.SQLITE": header,
		"data/deep/deeper/d.db": header, ".hidden.db": header, ".cache/e.db": header, "node_modules/f.db": header,
		"short.db": "SQLite", "other.db": "Berkeley DB, say, or something else", "app.txt": header, "empty.sqlite": "", "x\u202e.db": header,
	})
	wantLines(t, got,
		"Seen: SQLite app.db, data/b.sqlite3, data/deep/C.SQLITE. For your configuration:",
		"  # [sources.app]",
		`  # kind = "sqlite"`,
		fmt.Sprintf("  # path = %q", filepath.Join(root, "app.db")),
		"  # [sources.b]",
		`  # kind = "sqlite"`,
		fmt.Sprintf("  # path = %q", filepath.Join(root, "data", "b.sqlite3")),
		"  # [sources.c]",
		`  # kind = "sqlite"`,
		fmt.Sprintf("  # path = %q", filepath.Join(root, "data", "deep", "C.SQLITE")),
	)
}

// No more than five are named, however many there are.
func TestManySQLiteFiles(t *testing.T) {
	contents := map[string]string{}
	for i := range 60 {
		contents[fmt.Sprintf("%02d.db", i)] = "SQLite format 3\x00"
	}
	_, got := look(t, nil, contents)
	if len(got) != 1+3*maxNamed || !strings.Contains(got[0], "00.db, 01.db, 02.db, 03.db, 04.db.") {
		t.Errorf("suggestions:\n%s", strings.Join(got, "\n"))
	}
}

// Links, out of the repository or not, folders and the like are no databases.
func TestOddSQLiteFiles(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(outside, "o.db"), []byte("SQLite format 3\x00"))
	for link, to := range map[string]string{"out.db": filepath.Join(outside, "o.db"), "folder": outside, "loop": ".", "self.db": "self.db"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.db"), 0o755); err != nil {
		t.Fatal(err)
	}
	if mkfifo, err := exec.LookPath("mkfifo"); err == nil {
		if out, err := exec.Command(mkfifo, filepath.Join(dir, "fifo.db"), filepath.Join(dir, "compose.yaml"), filepath.Join(dir, ".env")).CombinedOutput(); err != nil {
			t.Fatalf("mkfifo: %v\n%s", err, out)
		}
	}
	in := initializer{program: &program{}, root: dir}
	wantLines(t, suggestions(in.sights(t.Context()), databaseKinds()))
}
