package databasestest

import (
	"fmt"
	"runtime"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// million is a table expression with a million rows and one column, g, from 1 on, that no
// table is read for.
func (s *suite) million() string { return s.many(6) }

// many is such an expression with 10^digits rows.
func (s *suite) many(digits int) string {
	if s.postgres() {
		return fmt.Sprintf("generate_series(1, %d) AS t(g)", pow10(digits))
	}
	if s.sqlite() {
		return fmt.Sprintf("(WITH RECURSIVE t(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM t LIMIT %d) SELECT g FROM t) AS t", pow10(digits))
	}
	var terms, tables []string
	for i := range digits {
		terms = append(terms, fmt.Sprintf("d%d.n * %d", i, pow10(i)))
		tables = append(tables, "(SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5"+
			fmt.Sprintf(" UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) AS d%d", i))
	}
	return "(SELECT " + strings.Join(terms, " + ") + " + 1 AS g FROM " + strings.Join(tables, ", ") + ") AS t"
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

// long is an expression for a text of n bytes.
func (s *suite) long(n int) string {
	if s.sqlite() {
		return fmt.Sprintf("replace(hex(zeroblob(%d)), '00', 'x')", n)
	}
	return fmt.Sprintf("repeat('x', %d)", n)
}

func limits(s *suite) {
	s.sub("rows", func(s *suite) {
		small := s.open(databases.Config{MaxRows: 7})
		for _, c := range []struct {
			db    databases.DB
			limit int
			sql   string
			want  int
			more  bool
		}{
			{s.db, 1, "SELECT * FROM orders", 1, true},
			{s.db, 11, "SELECT * FROM orders", 11, true},
			{s.db, 12, "SELECT * FROM orders", 12, false},
			{s.db, 13, "SELECT * FROM orders", 12, false},
			{s.db, 0, "SELECT g FROM " + s.many(2), databases.DefaultRows, false},
			{s.db, 0, "SELECT g FROM " + s.many(3), databases.DefaultRows, true},
			{s.db, -5, "SELECT g FROM " + s.many(3), databases.DefaultRows, true},
			{s.db, 1 << 40, "SELECT g FROM " + s.many(4), databases.MaxRows, true},
			{s.db, 1000, "SELECT g FROM " + s.many(3), 1000, false},
			{s.db, 250, "SELECT g FROM " + s.many(3) + " ORDER BY g", 250, true},
			{s.db, 3, "SELECT id FROM orders UNION ALL SELECT id FROM users", 3, true},
			{s.db, 3, "WITH t AS (SELECT id FROM orders) SELECT * FROM t", 3, true},
			{s.db, 5, "SELECT id FROM orders LIMIT 3", 3, false},
			{small, 0, "SELECT * FROM orders", 7, true},
			{small, 100, "SELECT * FROM orders", 7, true},
			{small, 3, "SELECT * FROM orders", 3, true},
		} {
			r, err := s.askFor(c.db, c.limit, c.sql)
			if err != nil {
				s.Errorf("limit %d of %s: %v", c.limit, short(c.sql), explained(err))
				continue
			}
			if len(r.Rows) != c.want || r.More != c.more || (r.Stopped != "") != c.more || r.Partial != "" {
				s.Errorf("limit %d of %s: %d rows, more %v, stopped %q, partial %q; want %d, %v", c.limit, short(c.sql), len(r.Rows), r.More, r.Stopped, r.Partial, c.want, c.more)
			}
		}
		r := s.must(s.db, "SELECT g FROM "+s.many(3)+" ORDER BY g DESC")
		if len(r.Rows) != 100 || cell(r.Rows[0][0]) != "1000" || cell(r.Rows[99][0]) != "901" {
			s.Errorf("the order is lost: %d rows, %v", len(r.Rows), table(r)[:1])
		}
	})
	s.sub("a million rows", func(s *suite) {
		r := s.must(s.db, "SELECT g, "+s.long(100)+" AS pad FROM "+s.million())
		if len(r.Rows) != 100 || !r.More {
			s.Errorf("%d rows, more %v", len(r.Rows), r.More)
		}
		s.until("nothing runs at the server", func() bool { return len(s.active()) == 0 })
		s.alive(s.db, "a million rows")
	})
	s.sub("bytes", func(s *suite) {
		r, err := s.askFor(s.db, 1000, "SELECT g, "+s.long(50_000)+" AS pad FROM "+s.many(3))
		if err != nil {
			s.Fatal(explained(err))
		}
		sum := 0
		for _, row := range r.Rows {
			for _, c := range row {
				sum += len(cell(c))
			}
		}
		if sum > databases.MaxBytes || len(r.Rows) < 10 || !r.More || r.Stopped == "" {
			s.Errorf("%d rows of %d bytes, more %v, stopped %q", len(r.Rows), sum, r.More, r.Stopped)
		}
		s.alive(s.db, "many bytes")
	})
	s.sub("cells", func(s *suite) {
		for _, n := range []int{databases.MaxCell, databases.MaxCell + 1, 3 * databases.MaxCell, 5_000_000} {
			r := s.must(s.db, "SELECT 1 AS a, "+s.long(n)+" AS b")
			c := cell(r.Rows[0][1])
			want := 0
			if n > databases.MaxCell {
				want = n - databases.MaxCell + databases.Seam
			}
			if len(c) != n-want || strings.Trim(c, "x") != "" || (len(r.Cut) > 0) != (want > 0) ||
				want > 0 && r.Cut[0] != (databases.Cut{Row: 0, Column: 1, More: want}) {
				s.Errorf("a cell of %d bytes: %d are here, cut %v", n, len(c), r.Cut)
			}
		}
		r := s.must(s.db, "SELECT "+s.by("convert_to(repeat('x', 200000), 'UTF8')", "CAST(REPEAT('x', 200000) AS BINARY)", "zeroblob(200000)"))
		if c := cell(r.Rows[0][0]); len(c) > databases.MaxCell || !strings.HasPrefix(c, "x'") || len(r.Cut) != 1 || r.Cut[0].More <= 0 {
			s.Errorf("bytes: %q, cut %v", short(c), r.Cut)
		}
		r = s.must(s.db, "SELECT "+s.by("'a' || repeat('ł', 100000)", "CONCAT('a', REPEAT('ł', 100000))", "'a' || replace(hex(zeroblob(100000)), '00', 'ł')"))
		if c := cell(r.Rows[0][0]); len(c) > databases.MaxCell || strings.ToValidUTF8(c, "?") != c || len(r.Cut) != 1 || r.Cut[0].More+len(c) != 200_001 {
			s.Errorf("a letter is cut in two, or the sizes are wrong: %d bytes, cut %v", len(c), r.Cut)
		}
	})
	s.sub("columns", func(s *suite) {
		list := func(n int) string {
			var cols []string
			for i := range n {
				cols = append(cols, fmt.Sprintf("1 AS c%d", i))
			}
			return "SELECT " + strings.Join(cols, ", ")
		}
		if r := s.must(s.db, list(500)); len(r.Columns) != 500 || len(r.Rows[0]) != 500 {
			s.Errorf("%d of 500 columns", len(r.Columns))
		}
		_, err := s.ask(s.db, list(databases.MaxColumns+50))
		s.refused("too many columns", err, fail.TooLarge, fail.Invalid)
		s.alive(s.db, "too many columns")
	})
	s.sub("a huge value", func(s *suite) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := s.ask(s.db, "SELECT "+s.long(200_000_000))
		runtime.ReadMemStats(&after)
		if err != nil {
			s.refused("a huge value", err, fail.TooLarge, fail.Invalid)
		} else if c := r.Rows[0][0]; c != nil && (len(*c) > databases.MaxCell || len(r.Cut) != 1) {
			s.Errorf("%d bytes are here, cut %v", len(*c), r.Cut)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 150<<20 {
			s.Errorf("it took %d MB", grown>>20)
		}
		s.alive(s.db, "a huge value")
	})
}
