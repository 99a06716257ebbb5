package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"cleat/internal/sorting"
	"cleat/internal/text"
)

// The kinds of source that are databases.
const (
	postgresKind = "postgres"
	mysqlKind    = "mysql"
	sqliteKind   = "sqlite"
)

// dsnForm is what the address of a database looks like to cleat; at is "host:port".
func dsnForm(kind, at string) string {
	if kind == mysqlKind {
		return "USER:PASSWORD@tcp(" + at + ")/DATABASE"
	}
	return "postgres://USER:PASSWORD@" + at + "/DATABASE"
}

// A variable is one that is called as addresses of databases are.
type variable struct {
	name string
	file string // the file it is in; "" for the environment
	kind string // "" if its value does not tell
	note string // what is to be changed about the value
}

// databaseNames looks for variables that hold the address of a database, in the
// environment and in .env files. Of a value, nothing but its form is looked at, and nothing
// is kept.
func (in *initializer) databaseNames(_ context.Context, root *os.Root) sight {
	var found []variable
	add := func(name, value, file string) {
		if v, ok := databaseVariable(name, value); ok {
			v.file = file
			found = append(found, v)
		}
	}
	environ := slices.Clone(in.environ)
	slices.Sort(environ)
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		add(name, value, "")
	}
	for _, file := range []string{".env", ".env.local", ".env.development", ".env.example", ".env.sample"} {
		content, _ := glance(root, file)
		for line := range strings.Lines(content) {
			name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
			if ok {
				add(strings.TrimSpace(name), value, file)
			}
		}
	}
	return sightOfVariables(found)
}

func sightOfVariables(found []variable) sight {
	var names []string
	var s sight
	for i, v := range found {
		where := "the environment"
		if v.file != "" {
			where = v.file
		}
		if mention := v.name + " in " + where; !slices.Contains(names, mention) {
			names = append(names, mention)
		}
		if slices.ContainsFunc(found[:i], func(o variable) bool { return o.name == v.name }) {
			continue // the first one has been offered
		}
		o := offer{sourceNameOf(v.name), v.kind, []string{fmt.Sprintf("dsn = %q", "env:"+v.name)}}
		if v.file != "" {
			o.keys = append(o.keys, "# "+v.name+" must be in the environment of Claude Code: cleat reads no .env files")
		}
		if v.note != "" {
			o.keys = append(o.keys, "# "+v.note)
		}
		if v.kind != "" {
			s.offers = append(s.offers, o)
			continue
		}
		for _, kind := range []string{postgresKind, mysqlKind} {
			other := offer{o.name, kind, append(slices.Clone(o.keys), "# if that is what it holds: "+dsnForm(kind, "HOST:PORT"))}
			s.offers = append(s.offers, other)
		}
	}
	if len(names) > 0 {
		s.what = joinNames(names) + " (values are not shown)"
	}
	return s
}

// databaseVariable reports whether a variable holds, or is to hold, the address of a
// database that a kind of source could serve.
func databaseVariable(name, value string) (variable, bool) {
	if !isDatabaseName(name) {
		return variable{}, false
	}
	v := variable{name: name}
	value = strings.TrimLeft(strings.TrimSpace(value), `"'`)
	scheme, _, isURL := strings.Cut(value, "://")
	scheme = strings.ToLower(scheme)
	base, driver, _ := strings.Cut(scheme, "+")
	switch {
	case isURL && (base == "postgres" || base == "postgresql"):
		v.kind = postgresKind
		if driver != "" {
			v.note = "its value names a driver of another language; cleat needs the form " + dsnForm(v.kind, "HOST:PORT")
		}
	case isURL && (base == "mysql" || base == "mysql2" || base == "mariadb"):
		v.kind = mysqlKind
		v.note = "its value is a URL; cleat needs the driver's form " + dsnForm(v.kind, "HOST:3306")
	case isURL && !strings.ContainsAny(scheme, " ${}<>@()"):
		return variable{}, false // the address of something else
	case strings.HasPrefix(scheme, "sqlite:") || strings.HasPrefix(scheme, "file:") || strings.HasPrefix(scheme, "jdbc:"):
		return variable{}, false
	case strings.Contains(value, "@tcp(") || strings.Contains(value, "@unix("):
		v.kind = mysqlKind
	case strings.Contains(value, "host=") || strings.Contains(value, "dbname="):
		v.kind = postgresKind
	case strings.Contains(name, "MYSQL") || strings.Contains(name, "MARIADB"):
		v.kind = mysqlKind
	case strings.Contains(name, "POSTGRES") || strings.HasPrefix(name, "PG_"):
		v.kind = postgresKind
	}
	return v, true
}

// isDatabaseName reports whether a variable is called as addresses of databases are.
func isDatabaseName(name string) bool {
	if len(name) > 64 || name == "" || name[0] <= '9' || strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') }) {
		return false
	}
	if strings.Contains(name, "SENTRY") { // whose addresses are called DSN too
		return false
	}
	return name != addressStem(name)
}

// addressStem is the name of a variable without what says that it is the address of a
// database: all of it if it says nothing of the kind.
func addressStem(name string) string {
	for _, suffix := range []string{
		"DATABASE_URL", "DATABASE_URI", "DATABASE_DSN", "DB_URL", "DB_URI", "DB_DSN",
		"POSTGRES_URL", "POSTGRES_URI", "POSTGRES_DSN", "POSTGRESQL_URL", "POSTGRESQL_URI", "PG_URL",
		"MYSQL_URL", "MYSQL_URI", "MYSQL_DSN", "MARIADB_URL", "_DSN",
	} {
		if stem, ok := strings.CutSuffix(name, suffix); ok && (stem == "" || suffix[0] == '_' || strings.HasSuffix(stem, "_")) {
			return stem
		}
	}
	return name
}

// sourceNameOf is the name of a source whose address is in that variable.
func sourceNameOf(variable string) string { return plainName(addressStem(variable)) }

// plainName makes the name of a source of s: a small letter and up to 31 more of a-z, 0-9,
// _ and -. Where nothing is left it is "db".
func plainName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '_':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case r == '.' || r == ' ':
			return '-'
		}
		return -1
	}, s)
	s = strings.TrimLeft(s, "0123456789-_")
	s = strings.TrimRight(s[:min(len(s), 24)], "-_") // a number may follow
	switch s {
	case "", "workspace", "local", "cleat", "spill", "self", "all", "any", "none", "default": // the reserved ones too
		return "db"
	}
	return s
}

// databaseImage tells which database an image is: what it is called, the kind of source
// for it, and its port; kind is "" for other images.
func databaseImage(image string) (engine, kind, port string) {
	name := image[strings.LastIndex(image, "/")+1:]
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	name = strings.ToLower(name)
	for _, other := range []string{"exporter", "backup", "admin", "postgrest", "router", "operator"} {
		if strings.Contains(name, other) {
			return "", "", ""
		}
	}
	for _, e := range []string{"postgis", "postgres", "timescaledb", "pgvector"} {
		if strings.Contains(name, e) {
			return e, postgresKind, "5432"
		}
	}
	for _, e := range []string{"mariadb", "mysql", "percona"} {
		if strings.Contains(name, e) {
			return e, mysqlKind, "3306"
		}
	}
	return "", "", ""
}

// published returns where an entry of a service's ports publishes the port, as
// "host:port"; "" if it does not, or at a port that is not known before.
func published(n *yaml.Node, port string) string {
	host, from, to := "", scalar(valueOf(n, "published", 0)), scalar(valueOf(n, "target", 0))
	if from != "" {
		host = scalar(valueOf(n, "host_ip", 0))
	} else {
		short, _, _ := strings.Cut(scalar(n), "/")
		i := strings.LastIndex(short, ":")
		if i < 0 {
			return ""
		}
		from, to = short[:i], short[i+1:]
		if i := strings.LastIndex(from, ":"); i >= 0 {
			host, from = strings.Trim(from[:i], "[]"), from[i+1:]
		}
	}
	if n, err := strconv.ParseUint(from, 10, 16); err != nil || n == 0 || to != port {
		return ""
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.IsUnspecified() {
		return "127.0.0.1:" + from
	}
	return net.JoinHostPort(ip.String(), from)
}

// Limits of the search for SQLite files: what is beyond them is not seen.
const (
	sqliteDepth = 2    // folders below the root
	sqliteNames = 1000 // names of one folder that are looked at
	sqliteDirs  = 100  // folders
	sqliteTries = 50   // files whose header is read
)

// sqliteFiles looks for SQLite databases in the upper folders of the repository, except in
// hidden ones and those of dependencies. A name has to end as those of SQLite files do, and
// the file to begin as they do.
func (in *initializer) sqliteFiles(ctx context.Context, root *os.Root) sight {
	var found []string
	dirs, tries := []string{"."}, 0
	for n := 0; n < len(dirs) && n < sqliteDirs && len(found) < maxNamed && ctx.Err() == nil; n++ {
		for _, d := range someEntries(root, dirs[n]) {
			name := path.Join(dirs[n], d.Name())
			switch {
			case strings.HasPrefix(d.Name(), ".") || !isPrintable(name):
			case d.IsDir():
				if strings.Count(name, "/") < sqliteDepth && !slices.Contains([]string{"node_modules", "vendor", "target", "dist"}, d.Name()) {
					dirs = append(dirs, name)
				}
			case d.Type().IsRegular() && slices.Contains([]string{".db", ".sqlite", ".sqlite3", ".db3"}, strings.ToLower(path.Ext(name))):
				if tries++; tries <= sqliteTries && len(found) < maxNamed && isSQLite(root, name) {
					found = append(found, name)
				}
			}
		}
	}
	if len(found) == 0 || !isPrintable(in.root) {
		return sight{}
	}
	s := sight{what: "SQLite " + joinNames(found)}
	for _, name := range found {
		base := path.Base(name)
		s.offers = append(s.offers, offer{plainName(strings.TrimSuffix(base, path.Ext(base))), sqliteKind,
			[]string{fmt.Sprintf("path = %q", filepath.Join(in.root, filepath.FromSlash(name)))}})
	}
	return s
}

// someEntries lists the first names of a folder, sorted; of one that cannot be read, none.
func someEntries(root *os.Root, dir string) []fs.DirEntry {
	info, err := root.Lstat(dir)
	if err != nil || !info.IsDir() {
		return nil
	}
	f, err := root.OpenFile(dir, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(sqliteNames) // what came before an error counts
	sorting.Sort(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries
}

// isSQLite reports whether the regular file begins as a SQLite database.
func isSQLite(root *os.Root, name string) bool {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := root.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return false
	}
	head := make([]byte, 16)
	_, err = io.ReadFull(f, head)
	return err == nil && bytes.Equal(head, []byte("SQLite format 3\x00"))
}

// isPrintable reports whether a path can be shown, and stand in TOML as Go quotes it.
func isPrintable(s string) bool {
	if !utf8.ValidString(s) || text.Line(s) != s {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
