package databasestest

import (
	"strings"

	"cleat/internal/fail"
)

// faults: errors say what is wrong, in one line, and hurt no later call.
func faults(s *suite) {
	for _, c := range []struct {
		sql   string
		codes []fail.Code
		says  string
	}{
		{"SELECT * FROM usres", []fail.Code{fail.NotFound}, "users"},
		{"SELECT * FROM " + s.by("public.", "", "main.") + "ordrs", []fail.Code{fail.NotFound}, "orders"},
		{"SELECT o.id FROM orders o JOIN payed_orders p ON p.id = o.id", []fail.Code{fail.NotFound}, "paid_orders"},
		{"SELECT emial FROM users", []fail.Code{fail.NotFound}, "email"},
		{"SELECT u.nmae FROM users u", []fail.Code{fail.NotFound}, "name"},
		{"SELECT * FROM users WHERE emial = 'x'", []fail.Code{fail.NotFound}, "email"},
		{"SELECT * FROM no_such_thing_at_all", []fail.Code{fail.NotFound}, "no_such_thing_at_all"},
		{"SELECT FROM WHERE", []fail.Code{fail.Invalid}, ""},
		{"SELEC 1", []fail.Code{fail.Invalid, fail.Denied}, ""},
		{"SELECT 1 +", []fail.Code{fail.Invalid}, ""},
		{"SELECT (1", []fail.Code{fail.Invalid}, ""},
		{"SELECT id FROM users, orders", []fail.Code{fail.Invalid}, "id"},
		{"SELECT nofunction(1)", []fail.Code{fail.Invalid, fail.NotFound, fail.Denied}, "nofunction"},
		{"SELECT * FROM nowhere.users", []fail.Code{fail.NotFound, fail.Invalid, fail.Denied}, ""},
		{"SELECT 1 UNION SELECT 1, 2", []fail.Code{fail.Invalid}, ""},
		{"SELECT (SELECT id FROM orders)" + s.by("", "", " FROM json('{')"), []fail.Code{fail.Invalid}, ""},
		{"SELECT " + strings.Repeat("x", 5000), []fail.Code{fail.NotFound, fail.Invalid}, ""},
		{"SELECT " + name(s.Dialect, "no\nsuch\r\x1b[2J") + " FROM users", []fail.Code{fail.NotFound, fail.Invalid}, ""},
		{"SELECT * FROM " + name(s.Dialect, "no\nsuch\u202e"), []fail.Code{fail.NotFound, fail.Invalid}, ""},
		{"SELECT " + strings.Repeat("(", 20_000) + "1" + strings.Repeat(")", 20_000), []fail.Code{fail.Invalid, fail.TooLarge}, ""},
		{"hello", []fail.Code{fail.Invalid, fail.Denied}, ""}, {"1", []fail.Code{fail.Invalid, fail.Denied},
			""}, {"\\d users", []fail.Code{fail.Invalid, fail.Denied}, ""}, {"SELECT 1\\G", []fail.Code{fail.Invalid},
			""},
	} {
		_, err := s.ask(s.db, c.sql)
		s.refused(short(c.sql), err, c.codes...)
		if err == nil {
			continue
		}
		if text := explained(err); !strings.Contains(text, c.says) {
			s.Errorf("%s: the error does not say %q: %s", short(c.sql), c.says, text)
		}
		e := fail.From(err)
		for _, noise := range []string{"pgx", "go-sql", "sql:", "modernc", "zombiezen", ".go:", "%!", "ERROR:", "Error 1", "<nil>", "errno", "goroutine", "0x"} {
			if strings.Contains(e.What+e.Why, noise) {
				s.Errorf("%s: the error speaks of the driver (%q): %s", short(c.sql), noise, explained(err))
			}
		}
		s.alive(s.db, short(c.sql))
	}
	if s.postgres() {
		for _, sql := range []string{"SELECT 1 / 0", "SELECT 'x'::int", "SELECT g, 10 / (g - 50) FROM generate_series(1, 100) g", "SELECT repeat('x', 2000000000)"} {
			r, err := s.ask(s.db, sql)
			if err == nil && r.Partial == "" {
				s.Errorf("%s: no error: %+v", sql, brief(r))
			} else if err != nil {
				s.refused(sql, err, fail.Invalid, fail.TooLarge)
			}
			s.alive(s.db, sql)
		}
	}
}
