package databasestest

import (
	"slices"
	"strings"

	"cleat/internal/fail"
)

func row(s *suite) {
	before := s.state()
	home := s.by("public", s.rows(s.by("SELECT 1", "SELECT DATABASE()", "SELECT 1"))[0][0], "main")
	s.sub("by key", func(s *suite) {
		for _, c := range []struct {
			table string
			key   []string
			want  string // some cells
		}{
			{"users", []string{"2"}, "2|bob.k3vy@mail.test|Hw2Yg-Vx84u-Qs6Nj|Bob"}, {home + ".users", []string{"4"}, "4|dee.r5ju@mail.test|NULL|Dee O'Brien"},
			{"pairs", []string{"x", "2"}, "x2|2|x"}, {"pairs", []string{"o'k", "1"}, "quoted|1|o'k"}, {"pairs", []string{"y/z", "1"}, "slash|1|y/z"},
			{"named", []string{"' OR 1=1 --"}, "' OR 1=1 --|3"}, {"named", []string{"1"}, "1|2"},
			{"select", []string{"1"}, "1|one"}, {"we ird", []string{"2"}, "2|two"}, {"ta'ble", []string{"1"}, "1|one"}, {`quo"te`, []string{"1"}, "1|one"},
			{"back`tick", []string{"1"}, "1|one"}, {"Mixed", []string{"2"}, "2|two"}, {"kinds", []string{"2"}, "2|NULL"},
		} {
			r, err := s.db.Row(s.Context(), c.table, c.key)
			if err != nil {
				s.Errorf("%s %q: %v", c.table, c.key, explained(err))
			} else if len(r.Rows) != 1 || !strings.HasPrefix(strings.Join(table(r)[0], "|")+"|", c.want+"|") {
				s.Errorf("%s %q: %v, want %s", c.table, c.key, table(r), c.want)
			}
		}
		r, err := s.db.Row(s.Context(), "users", []string{"1"})
		if err != nil || !slices.Equal(columns(r), []string{"id", "email", "ssn", "name", "created"}) || r.Columns[0].Table != "users" || !r.Columns[0].Key || r.Columns[1].Key {
			s.Errorf("the columns: %+v, %v", r, explained(err))
		}
	})
	s.sub("no such row", func(s *suite) {
		for _, c := range []struct {
			table string
			key   []string
		}{
			{"users", []string{"99"}}, {"users", []string{"1 OR 1=1"}}, {"users", []string{"1abc"}}, {"users", []string{""}}, {"users", []string{"1; DROP TABLE orders"}},
			{"users", []string{"' OR ''='"}}, {"users", []string{"99999999999999999999"}}, {"users", []string{"NULL"}}, {"pairs",
				[]string{"x", "3"}}, {"pairs", []string{"2", "x"}},
			{"named", []string{"' OR '1'='1"}}, {"named", []string{"%"}}, {"empty_one", []string{"1"}}, {"named", []string{strings.Repeat("x", 100_000)}},
		} {
			_, err := s.db.Row(s.Context(), c.table, c.key)
			s.refused(c.table+" "+short(strings.Join(c.key, "/")), err, fail.NotFound, fail.Invalid, fail.TooLarge)
		}
		_, err := s.db.Row(s.Context(), "users", []string{"99"})
		s.refused("users 99", err, fail.NotFound)
		_, err = s.db.Row(s.Context(), "named", []string{"a\x00"})
		s.refused("a NUL in the key", err, fail.Invalid)
	})
	s.sub("wrong keys", func(s *suite) {
		for _, c := range []struct {
			table string
			key   []string
			says  []string
		}{
			{"users", nil, []string{"id"}}, {"users", []string{"1", "2"}, []string{"id"}}, {"pairs", []string{"x"},
				[]string{"a", "b"}}, {"pairs", []string{"x", "1", "2"}, []string{"a", "b"}},
			{"no_key", []string{"1"}, nil}, {"paid_orders", []string{"1"}, nil},
		} {
			_, err := s.db.Row(s.Context(), c.table, c.key)
			s.refused(c.table, err, fail.Invalid)
			for _, word := range c.says {
				if err != nil && !strings.Contains(explained(err), word) {
					s.Errorf("%s: the error does not name %q: %v", c.table, word, explained(err))
				}
			}
		}
	})
	s.sub("no such table", func(s *suite) {
		for _, t := range []string{"", "nope", "users; DROP TABLE orders", "users WHERE 1=1 --", `users" WHERE 1=1 --`,
			"users` WHERE 1=1 --", "(SELECT * FROM users)", "users, orders", "nope.users", home + ".nope",
			"users\x00", strings.Repeat("x", 100_000), "a.b.c.d", ".users", "users."} {
			_, err := s.db.Row(s.Context(), t, []string{"1"})
			s.refused("the table "+short(t), err, fail.NotFound, fail.Invalid)
		}
		_, err := s.db.Row(s.Context(), "ussers", []string{"1"})
		s.refused("a misspelt table", err, fail.NotFound)
		if err != nil && !strings.Contains(explained(err), "users") {
			s.Errorf("the nearest name is not said: %v", explained(err))
		}
	})
	s.alive(s.db, "rows")
	s.unchanged("rows", before)
}
