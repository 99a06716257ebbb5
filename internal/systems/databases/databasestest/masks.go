package databasestest

import (
	"fmt"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// masked returns the rules that mask users.ssn, and every email.
func masked(m databases.Mask) databases.Config {
	return databases.Config{Mask: []string{"users.ssn:" + string(m), "*.email:" + string(m)}, Analyze: true}
}

// masks: the values of a masked column are in no answer, and what does not touch them is
// answered.
func masks(s *suite) {
	s.exec(s.by("ANALYZE", "ANALYZE TABLE users PERSISTENT FOR ALL", "ANALYZE"))
	before := s.state()
	for _, m := range []databases.Mask{databases.Deny, databases.Hash, databases.Partial} {
		s.sub(string(m), func(s *suite) {
			db := s.open(masked(m))
			s.sub("shown", func(s *suite) { shown(s, db, m) })
			s.sub("hidden", func(s *suite) { hidden(s, db) })
			s.sub("derived", func(s *suite) { derived(s, db) })
			s.sub("untouched", func(s *suite) { untouched(s, db) })
			s.sub("rows and schema", func(s *suite) { maskedElsewhere(s, db, m) })
			s.alive(db, "masks")
		})
	}
	s.sub("probing", func(s *suite) { probing(s, s.open(masked(databases.Deny))) })
	s.sub("misspelt", func(s *suite) {
		db := s.open(databases.Config{Mask: []string{"users.sssn", "users.email"}})
		if r := s.must(db, "SELECT 1"); !strings.Contains(strings.Join(r.Notes, "\n"), "sssn") {
			s.Errorf("a mask that matches nothing is not told: %q", r.Notes)
		} else if strings.Contains(strings.Join(r.Notes, "\n"), "users.email") {
			s.Errorf("a mask that matches is told: %q", r.Notes)
		}
		if p, ok := db.(databases.Prober); ok {
			if found, err := p.Probe(s.Context()); err != nil || !strings.Contains(strings.Join(found, "\n"), "sssn") {
				s.Errorf("the probe does not tell it: %q, %v", found, err)
			}
		}
	})
	s.unchanged("masks", before)
}

// shown: plain columns are shown with their masks.
func shown(s *suite, db databases.DB, m databases.Mask) {
	qualified := s.by("public.", "", "main.")
	for _, sql := range []string{"SELECT ssn FROM users ORDER BY id", "SELECT SSN FROM users ORDER BY id", "SELECT u.ssn AS harmless FROM users u ORDER BY u.id",
		"SELECT users.ssn FROM " + qualified + "users ORDER BY id", "SELECT " + name(s.Dialect, "ssn") + " FROM " + name(s.Dialect, "users") + " ORDER BY id",
		"SELECT ssn AS name FROM users ORDER BY id"} {
		r, err := s.ask(db, sql)
		if s.covered(sql, r, err); err != nil {
			s.Errorf("%s: %v", sql, explained(err))
			continue
		}
		if len(r.Rows) != 5 || r.Columns[0].Mask != string(m) {
			s.Errorf("%s: %+v, %v", sql, r.Columns, table(r))
			continue
		}
		a, b, c, null := cell(r.Rows[0][0]), cell(r.Rows[1][0]), cell(r.Rows[2][0]), r.Rows[3][0]
		switch m {
		case databases.Deny:
			if a != "[masked]" || b != a || c != a || cell(null) != a {
				s.Errorf("%s: %v", sql, table(r))
			}
		case databases.Hash:
			if a != c || a == b || null != nil || !strings.HasPrefix(a, "[masked:") {
				s.Errorf("%s: equal values do not look equal, or others do: %v", sql, table(r))
			}
		default:
			if !strings.HasPrefix(a, "…") || len([]rune(a)) > 5 || null != nil {
				s.Errorf("%s: %v", sql, table(r))
			}
		}
	}
	r, err := s.ask(db, "SELECT * FROM users ORDER BY id")
	if s.covered("SELECT *", r, err); err != nil {
		s.Errorf("SELECT *: %v", explained(err))
	} else if len(r.Rows) != 5 || cell(r.Rows[0][3]) != "Ann" || r.Columns[1].Mask != string(m) || r.Columns[2].Mask != string(m) || r.Columns[3].Mask != "" {
		s.Errorf("SELECT *: %+v, %v", r.Columns, table(r))
	}
}

// hidden: however a column is hidden in the statement, its values do not come out.
func hidden(s *suite, db databases.DB) {
	for _, sql := range s.disguises() {
		r, err := s.ask(db, sql)
		s.covered(sql, r, err)
		p, err := db.Explain(s.Context(), databases.Query{SQL: sql})
		s.covered("the plan of "+sql, p, err)
	}
}

// derived: what is computed from a masked column is refused, or masked as a whole.
func derived(s *suite, db databases.DB) {
	for _, expr := range []string{"ssn LIKE 'Z%'", "CASE WHEN ssn LIKE 'Z%' THEN 1 ELSE 0 END", "length(ssn)",
		"substr(ssn, 1, 1)", "max(ssn)", "count(CASE WHEN ssn > 'M' THEN 1 END)", "min(substr(ssn, 2, 1))",
		s.by("ascii(ssn)", "ASCII(ssn)", "unicode(ssn)"), s.by("ssn ~ '^Z'", "ssn RLIKE '^Z'", "ssn GLOB 'Z*'"), "coalesce(ssn, 'x')", "replace(ssn, '-', '')", "nullif(ssn, 'x')",
		"(SELECT substr(v.ssn, 1, 1) FROM users v WHERE v.id = 1)", "(SELECT card FROM user_cards c WHERE c.id = 1)",
		"CASE WHEN EXISTS (SELECT 1 FROM users v WHERE v.ssn LIKE 'Z%') THEN 1 ELSE 0 END",
		s.by("ssn::bytea", "HEX(ssn)", "hex(ssn)"), "row_number() OVER (ORDER BY ssn)", "sum(CASE WHEN email LIKE 'a%' THEN 1 ELSE 0 END)"} {
		sql := "SELECT " + expr + " FROM users"
		r, err := s.ask(db, sql)
		s.covered(sql, r, err)
		if err != nil {
			s.refused(sql, err, fail.Denied)
		} else if r.Columns[0].Mask == "" {
			s.Errorf("%s is answered: %v", sql, table(r))
		}
	}
}

// probing: an answer does not depend on a masked value.
func probing(s *suite, db databases.DB) {
	for _, c := range [][2]string{
		{"SELECT count(*) FROM users WHERE ssn = 'Hw2Yg-Vx84u-Qs6Nj'", "SELECT count(*) FROM users WHERE ssn = 'none'"},
		{"SELECT id FROM users WHERE ssn LIKE 'Z%'", "SELECT id FROM users WHERE ssn LIKE 'A%'"},
		{"SELECT id FROM users WHERE substr(ssn, 1, 1) = 'Z'", "SELECT id FROM users WHERE substr(ssn, 1, 1) = 'A'"},
		{"SELECT id FROM user_cards WHERE card LIKE 'Z%'", "SELECT id FROM user_cards WHERE card LIKE 'A%'"},
		{"SELECT id FROM (SELECT * FROM users) t WHERE ssn LIKE 'Z%'", "SELECT id FROM (SELECT * FROM users) t WHERE ssn LIKE 'A%'"},
		{"WITH t AS (SELECT id, ssn AS x FROM users) SELECT id FROM t WHERE x LIKE 'Z%'", "WITH t AS (SELECT id, ssn AS x FROM users) SELECT id FROM t WHERE x LIKE 'A%'"},
		{"SELECT u.id FROM users u JOIN (SELECT 'Hw2Yg-Vx84u-Qs6Nj' AS x) p ON p.x = u.ssn", "SELECT u.id FROM users u JOIN (SELECT 'none' AS x) p ON p.x = u.ssn"},
		{"SELECT 1 WHERE EXISTS (SELECT 1 FROM users WHERE ssn LIKE 'Z%')", "SELECT 1 WHERE EXISTS (SELECT 1 FROM users WHERE ssn LIKE 'A%')"},
		{"SELECT 1 WHERE 'Hw2Yg-Vx84u-Qs6Nj' IN (SELECT ssn FROM users)", "SELECT 1 WHERE 'none' IN (SELECT ssn FROM users)"},
		{"SELECT id FROM users ORDER BY ssn LIKE 'Z%', id", "SELECT id FROM users ORDER BY ssn LIKE 'H%', id"},
		{"SELECT count(*) FROM users GROUP BY id HAVING max(ssn) LIKE 'Z%'", "SELECT count(*) FROM users GROUP BY id HAVING max(ssn) LIKE 'A%'"},
		{"SELECT id FROM users ORDER BY ssn", "SELECT id FROM users ORDER BY id"},
		{"SELECT id FROM users LIMIT (SELECT count(*) FROM users WHERE ssn LIKE 'Z%')", "SELECT id FROM users LIMIT (SELECT count(*) FROM users WHERE ssn LIKE 'A%')"},
		{"SELECT 'Hw2Yg-Vx84u-Qs6Nj' INTERSECT SELECT ssn FROM users", "SELECT 'none' INTERSECT SELECT ssn FROM users"},
		{"SELECT count(*) FROM (SELECT ssn FROM users UNION SELECT 'Hw2Yg-Vx84u-Qs6Nj') t", "SELECT count(*) FROM (SELECT ssn FROM users UNION SELECT 'none') t"},
		{"SELECT count(*) FROM users a JOIN users b ON a.ssn = b.ssn WHERE a.id = 1 AND b.id = 3", "SELECT count(*) FROM users a JOIN users b ON a.ssn = b.ssn WHERE a.id = 1 AND b.id = 2"},
	} {
		a, err := s.ask(db, c[0])
		if err != nil {
			if s.tidy(c[0], err); fail.From(err).Code == fail.Internal {
				s.Errorf("%s: %v", c[0], explained(err))
			}
			continue
		}
		b, err := s.ask(db, c[1])
		if err != nil || fmt.Sprint(table(a)) != fmt.Sprint(table(b)) {
			s.Errorf("%s tells about the values: %v, and for others %v, %v", c[0], table(a), table(orEmpty(b)), explained(err))
		}
	}
}

func orEmpty(r *databases.Result) *databases.Result {
	if r == nil {
		return &databases.Result{}
	}
	return r
}

// untouched: what does not read a masked column is answered.
func untouched(s *suite, db databases.DB) {
	for sql, want := range map[string]string{
		"SELECT count(*) FROM users":                                                                                     "[[5]]",
		"SELECT id, name FROM users WHERE id < 3 ORDER BY id":                                                            "[[1 Ann] [2 Bob]]",
		"SELECT u.name, o.total FROM users u JOIN orders o ON o.user_id = u.id WHERE o.id = 3":                           "[[Bob 100.10]]|[[Bob 100.1]]",
		"WITH t AS (SELECT id, upper(name) AS n FROM users) SELECT n FROM t WHERE id = 2":                                "[[BOB]]",
		"SELECT count(*) FROM (SELECT id FROM users WHERE name LIKE 'A%') t":                                             "[[1]]",
		"SELECT name FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND total > 400)":          "[[Eve Łódź]]",
		"SELECT max(id) FROM users":                                                                                      "[[5]]",
		"SELECT 'ssn', 'users.ssn' /* ssn */":                                                                            "[[ssn users.ssn]]",
		"SELECT 1 AS ssn":                                                                                                "[[1]]",
		"SELECT count(*) FROM orders, users WHERE orders.user_id = users.id GROUP BY users.name ORDER BY 1 DESC LIMIT 1": "[[3]]",
		"SELECT id, shout FROM user_cards WHERE id = 1":                                                                  "[[1 ANN]]",
		"SELECT sum(total) FROM paid_orders WHERE id < 3":                                                                "[[19.99]]",
	} {
		r, err := s.ask(db, sql)
		if err != nil {
			s.Errorf("%s: %v", sql, explained(err))
		} else if got := fmt.Sprint(table(r)); !strings.Contains("|"+want+"|", "|"+got+"|") && sql != "SELECT 1 AS ssn" {
			s.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// maskedElsewhere: a row and the schema obey the masks.
func maskedElsewhere(s *suite, db databases.DB, m databases.Mask) {
	r, err := db.Row(s.Context(), "users", []string{"1"})
	if s.covered("a row", r, err); err != nil || cell(r.Rows[0][3]) != "Ann" || r.Columns[2].Mask != string(m) {
		s.Errorf("a row: %+v, %v", r, explained(err))
	}
	for _, d := range []databases.Detail{databases.Names, databases.Summary, databases.Full} {
		list, err := db.Schema(s.Context(), databases.SchemaQuery{Detail: d, Pattern: "user*"})
		if s.covered("the schema", list, err); err != nil {
			s.Errorf("the schema: %v", explained(err))
			continue
		}
		for _, o := range list.Objects {
			for _, c := range o.Columns {
				want := ""
				if o.Name == "users" && c.Name == "ssn" || c.Name == "email" {
					want = string(m)
				}
				if c.Mask != want && o.Name == "users" {
					s.Errorf("%s.%s has the mask %q, want %q", o.Name, c.Name, c.Mask, want)
				}
			}
		}
	}
	keyed := s.open(databases.Config{Mask: []string{"named.name:" + string(m)}})
	_, err = keyed.Row(s.Context(), "named", []string{"a"})
	s.refused("a row by a masked key", err, fail.Denied)
	_, err = keyed.Row(s.Context(), "named", []string{"none"})
	s.refused("a row that is not there by a masked key", err, fail.Denied)
}

// disguises are statements that try to bring the values of users.ssn or users.email out.
func (s *suite) disguises() []string {
	return slices.Concat(statements(s.T, "hidden/all.sql"), statements(s.T, "hidden/"+s.file()))
}
