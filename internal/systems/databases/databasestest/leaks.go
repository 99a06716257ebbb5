package databasestest

import (
	"strings"

	"cleat/internal/systems/databases"
)

// leaks: what one call does to its session the next call does not see. All functions are
// allowed here, so that some of what is tried does run.
func leaks(s *suite) {
	db := s.open(databases.Config{Functions: []string{"*"}})
	if s.postgres() {
		s.exec("CREATE FUNCTION lock_it() RETURNS boolean LANGUAGE sql AS 'SELECT pg_try_advisory_lock(43)'", "CREATE VIEW lock_view AS SELECT lock_it() AS a")
	}
	before := s.state()
	for _, c := range s.leaky() {
		s.sub(label(c.try), func(s *suite) {
			was := make([]string, len(c.probes))
			for i, p := range c.probes {
				was[i] = s.one(db, p)
			}
			if r, err := s.ask(db, c.try); err != nil {
				s.tidy(c.try, err)
			} else {
				s.Logf("it ran: %v", table(r))
			}
			for range 6 { // whichever session is taken
				for i, p := range c.probes {
					if got := s.one(db, p); got != was[i] {
						s.Fatalf("after %s, %s gives %q, was %q", c.try, p, got, was[i])
					}
				}
			}
			s.unchanged(c.try, before)
		})
	}
	s.sub("errors", func(s *suite) {
		for range 10 {
			if _, err := s.ask(db, "SELECT no_such_column FROM users"); err == nil {
				s.Error("a column that is not there was read")
			}
			s.alive(db, "an error")
		}
	})
}

type leak struct {
	try    string
	probes []string
}

func (s *suite) leaky() []leak {
	var out []leak
	add := func(probe string, tries ...string) {
		for _, t := range tries {
			out = append(out, leak{t, strings.Split(probe, "\n")})
		}
	}
	switch {
	case s.postgres():
		add("SELECT current_setting('search_path')", "SET search_path = evil", "SET SESSION search_path TO evil",
			"SELECT set_config('search_path', 'evil', false)", "SELECT set_config('search_path', 'evil', true)",
			"SELECT 1 WHERE set_config('search_path', 'evil', false) = 'evil'", "SELECT set_config('search_path', 'evil', false), 1 / 0")
		add("SELECT current_setting('timezone')\nSELECT current_setting('datestyle')\nSELECT current_setting('bytea_output')\nSELECT '2026-01-02'::date\nSELECT '\\x00'::bytea\nSELECT '2026-01-02 00:00Z'::timestamptz",
			"SELECT set_config('timezone', 'Asia/Tokyo', false)", "SELECT set_config('datestyle', 'SQL, DMY', false)",
			"SELECT set_config('bytea_output', 'escape', false)", "SET TIME ZONE 'Asia/Tokyo'",
			"SELECT set_config('intervalstyle', 'iso_8601', false)", "SELECT set_config('extra_float_digits', '-15', false)",
			"SELECT set_config('standard_conforming_strings', 'off', false)")
		add("SELECT coalesce(current_setting('cleat.x', true), '')", "SELECT set_config('cleat.x', 'evil', false)")
		add("SELECT current_setting('transaction_read_only')\nSELECT current_setting('default_transaction_read_only')",
			"SELECT set_config('transaction_read_only', 'off', false)",
			"SELECT set_config('default_transaction_read_only', 'off', false)", "SET default_transaction_read_only = off",
			"SELECT set_config('transaction_isolation', 'serializable', false)")
		add("SELECT current_user::text", "SET ROLE pg_monitor", "SELECT set_config('role', 'pg_monitor', false)", "SET SESSION AUTHORIZATION DEFAULT")
		add("SELECT 'a\\b'", "SELECT set_config('backslash_quote', 'on', false)")
		add("SELECT count(*) FROM pg_prepared_statements WHERE name = 'evil'\nSELECT count(*) FROM pg_cursors WHERE name = 'evil'\nSELECT count(*) FROM pg_class WHERE relname = 'evil'",
			"PREPARE evil AS SELECT 1", "DECLARE evil CURSOR WITH HOLD FOR SELECT 1", "CREATE TEMP TABLE evil (a integer)", "SELECT 1 AS a INTO TEMP evil")
		add("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "SELECT pg_advisory_lock(42)", "SELECT pg_try_advisory_lock(42), 1 / 0",
			"SELECT pg_advisory_lock_shared(1, 2)", "SELECT * FROM lock_view", "SELECT lock_it()")
		add("SELECT count(*) FROM pg_listening_channels()", "LISTEN evil")
	case s.mysql():
		add("SELECT @x", "SELECT @x := 42", "SET @x = 42", "SELECT 42 INTO @x", "SELECT @x := id FROM users")
		add("SELECT @@SESSION.sql_mode\nSELECT 'a\\\\b'\nSELECT \"a\"", "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", "SET SESSION sql_mode = ''")
		add("SELECT @@SESSION.time_zone\nSELECT FROM_UNIXTIME(0)", "SET time_zone = '+09:00'")
		add("SELECT @@SESSION.autocommit\nSELECT @@SESSION.tx_read_only", "SET autocommit = 0", "SET SESSION TRANSACTION READ WRITE",
			"SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE")
		add("SELECT @@SESSION.character_set_client\nSELECT HEX('ł')", "SET NAMES latin1", "SET CHARACTER SET latin1")
		add("SELECT IS_FREE_LOCK('cleat')", "SELECT GET_LOCK('cleat', 1)", "SELECT GET_LOCK('cleat', 1), EXP(10000)",
			"DO GET_LOCK('cleat', 1)", "SELECT COUNT(GET_LOCK('cleat', 0)) FROM orders")
		add("SELECT LAST_INSERT_ID()", "SELECT LAST_INSERT_ID(5)")
		add("SELECT DATABASE()", "USE information_schema")
		add("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'evil'", "CREATE TEMPORARY TABLE evil (a int)",
			"PREPARE evil FROM 'SELECT 1'", "LOCK TABLES users READ", "HANDLER users OPEN")
	default:
		add("SELECT 'A' LIKE 'a'", "PRAGMA case_sensitive_like = ON")
		add("SELECT count(*) FROM sqlite_temp_master", "CREATE TEMP TABLE evil (a)", "CREATE TEMP VIEW users AS SELECT 1")
		add("SELECT count(*) FROM users", "ATTACH ':memory:' AS evil", "PRAGMA foreign_keys = OFF", "BEGIN",
			"BEGIN EXCLUSIVE", "SAVEPOINT s", "PRAGMA query_only = 0", "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA writable_schema = 1")
		add("SELECT changes()\nSELECT last_insert_rowid()", "INSERT INTO no_key VALUES (7, 'x')")
	}
	return out
}
