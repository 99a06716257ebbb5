package databasestest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A state is what the database holds and how it is set up: a digest for each table and each
// part of the catalog, by name.
type state map[string]string

// state looks at the database through the second connection. It tells nothing that a
// server changes by itself.
func (s *suite) state() state {
	s.Helper()
	st := state{}
	var tables, catalog []string
	switch {
	case s.postgres():
		for _, r := range s.rows("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm', 'S') AND c.relpersistence <> 't'" +
			" AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%' ORDER BY 1, 2") {
			tables = append(tables, name(s.Dialect, r[0])+"."+name(s.Dialect, r[1]))
		}
		catalog = postgresCatalog()
	case s.mysql():
		for _, r := range s.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SEQUENCE') ORDER BY 1") {
			tables = append(tables, name(s.Dialect, r[0]))
		}
		catalog = mysqlCatalog()
	default:
		for _, r := range s.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1") {
			tables = append(tables, name(s.Dialect, r[0]))
		}
		catalog = []string{"SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master", "PRAGMA user_version",
			"PRAGMA application_id", "PRAGMA journal_mode", "PRAGMA page_size",
			"PRAGMA page_count", "PRAGMA auto_vacuum", "PRAGMA encoding", "PRAGMA schema_version", "PRAGMA integrity_check"}
		st["the folder"] = strings.Join(listing(s.path()), " ")
	}
	for _, t := range tables {
		catalog = append(catalog, "SELECT * FROM "+t)
	}
	for _, sql := range catalog {
		var lines []string
		for _, row := range s.rows(sql) {
			lines = append(lines, fmt.Sprintf("%q", row))
		}
		slices.Sort(lines)
		sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
		st[sql] = fmt.Sprintf("%d rows, %s", len(lines), hex.EncodeToString(sum[:6]))
	}
	return st
}

// unchanged expects the state to be what it was.
func (s *suite) unchanged(after string, before state) {
	s.Helper()
	now := s.state()
	for _, what := range slices.Sorted(maps.Keys(before)) {
		if now[what] != before[what] {
			s.Errorf("%s changed %s: %s, was %s", short(after), what, now[what], before[what])
		}
	}
	for _, what := range slices.Sorted(maps.Keys(now)) {
		if _, ok := before[what]; !ok {
			s.Errorf("%s made something: %s: %s", short(after), what, now[what])
		}
	}
}

// path is the file of an SQLite database.
func (s *suite) path() string {
	for _, r := range s.rows("PRAGMA database_list") {
		if len(r) > 2 && r[1] == "main" {
			return r[2]
		}
	}
	s.Fatal("the database has no file")
	return ""
}

// listing names the files beside an SQLite database, without those that reading makes.
func listing(path string) []string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, e := range entries {
		if base := filepath.Base(path); !slices.Contains([]string{base + "-wal", base + "-shm", base + "-journal"}, e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out
}

func postgresCatalog() []string {
	in := " WHERE %s >= 16384" // what was there before the first object of a user does not matter
	return []string{
		"SELECT oid, relname, relnamespace, relkind, relowner, relacl, relnatts, relfilenode, relrowsecurity, relhasrules, relhastriggers, reloptions FROM pg_class" +
			fmt.Sprintf(in, "oid") + " AND relpersistence <> 't'",
		"SELECT attrelid, attname, atttypid, attnotnull, attisdropped, attstattarget, attacl FROM pg_attribute" + fmt.Sprintf(in, "attrelid"),
		"SELECT oid, proname, prosrc, proacl FROM pg_proc" + fmt.Sprintf(in, "oid"),
		"SELECT oid, typname, typowner FROM pg_type" + fmt.Sprintf(in, "oid"),
		"SELECT tgrelid, tgname, tgenabled FROM pg_trigger", "SELECT rulename, ev_class FROM pg_rewrite" + fmt.Sprintf(in, "oid"), "SELECT polname FROM pg_policy",
		"SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname NOT LIKE 'pg_%temp%'", "SELECT extname, extversion FROM pg_extension",
		"SELECT rolname, rolsuper, rolcanlogin, rolconnlimit, rolvaliduntil FROM pg_roles", "SELECT * FROM pg_db_role_setting", "SELECT * FROM pg_auth_members",
		"SELECT oid, lomowner FROM pg_largeobject_metadata", "SELECT count(*) FROM pg_largeobject", "SELECT conname, conrelid FROM pg_constraint",
		"SELECT stxname FROM pg_statistic_ext",
		"SELECT objoid, objsubid, description FROM pg_description" + fmt.Sprintf(in, "objoid"), "SELECT gid FROM pg_prepared_xacts",
		"SELECT srvname FROM pg_foreign_server",
		"SELECT slot_name FROM pg_replication_slots", "SELECT name, setting FROM pg_file_settings", "SELECT datname, datconnlimit, datacl FROM pg_database WHERE datname = current_database()",
		// What a session of the source must not keep.
		"SELECT l.locktype, l.mode, l.objid FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.datname = current_database() AND a.backend_type = 'client backend'" +
			" AND l.pid <> pg_backend_pid() AND l.locktype <> 'virtualxid'",
	}
}

func mysqlCatalog() []string {
	return []string{
		"SELECT table_schema, table_name, table_type, engine, create_options, table_comment FROM information_schema.tables WHERE table_schema = DATABASE()",
		"SELECT table_name, column_name, column_type, column_default, extra, column_comment FROM information_schema.columns WHERE table_schema = DATABASE()",
		"SELECT table_name, index_name, column_name, non_unique FROM information_schema.statistics WHERE table_schema = DATABASE()",
		"SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = DATABASE()",
		"SELECT routine_name, routine_type, routine_definition FROM information_schema.routines WHERE routine_schema = DATABASE()",
		"SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()", "SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()",
		"SELECT schema_name, default_character_set_name FROM information_schema.schemata WHERE schema_name IN (DATABASE(), 'evil')",
		"SELECT * FROM information_schema.user_privileges", "SELECT * FROM information_schema.schema_privileges",
		"SELECT user, host FROM mysql.user", "SELECT name FROM mysql.func",
		"SELECT plugin_name, plugin_status FROM information_schema.plugins", "SELECT server_name FROM mysql.servers",
		"SELECT @@GLOBAL.sql_mode, @@GLOBAL.general_log, @@GLOBAL.general_log_file, @@GLOBAL.max_connections, @@GLOBAL.local_infile, @@GLOBAL.read_only, @@GLOBAL.autocommit, @@GLOBAL.time_zone",
		"SELECT IS_USED_LOCK('cleat')",
	}
}
