package databasestest

import (
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

func parameters(s *suite) {
	s.sub("kinds", func(s *suite) {
		for _, c := range []struct{ postgres, mysql, sqlite, param, want string }{
			{"$1::bigint", "?", "?", "9007199254740993", "9007199254740993"},
			{"$1::bigint", "?", "?", "-9223372036854775808", "-9223372036854775808"},
			{"$1::bigint", "? + 0", "? + 0", "9223372036854775807", "9223372036854775807"},
			{"$1::numeric", "CAST(? AS DECIMAL(50,20))", "-", "12345678901234567890.12345678901234567890", "12345678901234567890.12345678901234567890"},
			{"$1::numeric", "CAST(? AS DECIMAL(20,0))", "-", "18446744073709551615", "18446744073709551615"},
			{"$1::float8", "? + 0e0", "?", "0.1", "0.1"},
			{"$1::text", "?", "?", `"5"`, "5"},
			{"$1::text", "CONCAT(?)", "CAST(? AS TEXT)", "5", "5"},
			{"$1::text IS NULL", "? IS NULL", "? IS NULL", "null", "true|1"},
			{"$1::text", "?", "?", "null", "NULL"},
			{"$1::boolean", "?", "?", "true", "true|1"},
			{"NOT $1::boolean", "NOT ?", "NOT ?", "false", "true|1"},
			{"$1::jsonb ->> 'a'", "JSON_EXTRACT(?, '$.a')", "json_extract(?, '$.a')", `{"a": 1}`, "1"},
			{"$1::jsonb ->> 1", "JSON_EXTRACT(?, '$[1]')", "json_extract(?, '$[1]')", `[1, 9007199254740993]`, "9007199254740993"},
			{"$1::date::text", "CAST(? AS DATE)", "date(?)", `"2026-01-02"`, "2026-01-02"},
			{"$1::timestamptz AT TIME ZONE 'UTC'", "CAST(? AS DATETIME)", "strftime('%Y-%m-%dT%H:%M:%S', ?)", `"2026-01-02T03:04:05"`, "2026-01-02T03:04:05"},
			{"length($1)", "CHAR_LENGTH(?)", "length(?)", `"Łódź"`, "4"},
			{"$1::text || '%'", "CONCAT(?, '%')", "? || '%'", `"\u2028\"\\'"`, "\u2028\"\\'%"},
		} {
			if expr := s.by(c.postgres, c.mysql, c.sqlite); expr != "-" {
				got, err := s.ask(s.db, "SELECT "+expr, c.param)
				if err != nil {
					s.Errorf("%s with %s: %v", expr, c.param, explained(err))
				} else if text := cell(got.Rows[0][0]); !strings.Contains("|"+c.want+"|", "|"+text+"|") {
					s.Errorf("%s with %s: %q, want %q", expr, c.param, text, c.want)
				}
			}
		}
		r := s.must(s.db, "SELECT id FROM orders WHERE status = "+s.ph(1)+" AND total > "+s.ph(2)+" AND day >= "+s.ph(3)+" ORDER BY id",
			`"paid"`, "12.00", `"2026-01-01"`)
		if len(r.Rows) != 4 {
			s.Errorf("three parameters: %v", table(r))
		}
	})
	s.sub("injection", func(s *suite) {
		for _, text := range []string{"' OR 1=1 --", "' OR ''='", `\' OR 1=1 #`, `" OR 1=1 --`, "'; DELETE FROM users; --",
			"\xbf\x27 OR 1=1 --", "$1", "?", "%' OR 1=1 /*"} {
			if got := s.one(s.db, "SELECT count(*) FROM users WHERE email = "+s.ph(1), quote(text)); got != "0" {
				s.Errorf("%q finds %s users", text, got)
			}
		}
		if got := s.one(s.db, "SELECT n FROM named WHERE name = "+s.ph(1), quote("' OR 1=1 --")); got != "3" {
			s.Errorf("the row with that very name is not found: %s", got)
		}
		if got := s.rows("SELECT count(*) FROM users"); got[0][0] != "5" {
			s.Errorf("there are %v users", got)
		}
	})
	s.sub("wrong", func(s *suite) {
		two := "SELECT " + s.by("$1::text, $2::text", "?, ?", "?, ?")
		for what, params := range map[string][]string{"none for two": nil, "one for two": {"1"}, "three for two": {"1", "2", "3"}} {
			_, err := s.ask(s.db, two, params...)
			s.refused(what, err, fail.Invalid)
			if err != nil && !strings.Contains(explained(err), "2") {
				s.Errorf("%s: the error does not say how many are wanted: %s", what, explained(err))
			}
		}
		_, err := s.ask(s.db, "SELECT 1", "1")
		s.refused("one for none", err, fail.Invalid)
		_, err = s.ask(s.db, "SELECT '$1 ?', 1 -- ? $1", "1")
		s.refused("one for none but in a text", err, fail.Invalid)
		for _, c := range [][2]string{{"\x00", `"a"`}, {"", `"a\u0000b"`}, {"", `"\u0000"`}} {
			_, err := s.ask(s.db, "SELECT "+s.by("$1::text", "?", "?")+c[0], c[1])
			s.refused("a NUL", err, fail.Invalid)
		}
		_, err = s.ask(s.db, "SELECT 'a\x00b'")
		s.refused("a NUL in a text of the statement", err, fail.Invalid)
		for _, bad := range []string{"", "{", "nope", `"a" "b"`, "01"} {
			_, err := s.db.Query(s.Context(), databases.Query{SQL: two, Params: []databases.Param{{JSON: []byte(bad)}, {JSON: []byte("1")}}})
			s.refused("the parameter "+bad, err, fail.Invalid)
		}
		if s.postgres() {
			for _, c := range [][2]string{{"$1::int", `"abc"`}, {"$1::int", "1.5"}, {"$1::int", "99999999999"},
				{"$1::boolean", `"maybe"`}, {"$1::date", `"soon"`}, {"$1::uuid", "5"}, {"$1::numeric", `"x"`}} {
				_, err := s.ask(s.db, "SELECT "+c[0], c[1])
				s.refused(c[0]+" with "+c[1], err, fail.Invalid)
			}
		}
		s.alive(s.db, "wrong parameters")
	})
	s.sub("plan", func(s *suite) {
		p, err := s.db.Explain(s.Context(), databases.Query{SQL: "SELECT * FROM orders WHERE status = " + s.ph(1), Params: []databases.Param{{JSON: []byte(`"paid"`)}}})
		if err != nil || len(p.Nodes) == 0 || p.Ran {
			s.Errorf("a plan: %+v, %v", p, explained(err))
		}
		_, err = s.db.Explain(s.Context(), databases.Query{SQL: "SELECT * FROM orders WHERE status = " + s.ph(1)})
		s.refused("a plan with a parameter missing", err, fail.Invalid)
		_, err = s.db.Explain(s.Context(), databases.Query{SQL: "SELECT 1; SELECT 2"})
		s.refused("a plan of two statements", err, fail.Invalid, fail.Denied)
	})
}
