package databasestest

import (
	"fmt"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// corpus: what analysts write runs and gives the rows that it gives to the second
// connection.
func corpus(s *suite) {
	for i, sql := range statements(s.T, "corpus/"+s.file()) {
		if !s.fits(sql) {
			continue
		}
		s.sub(fmt.Sprintf("%03d %s", i+1, label(strings.TrimPrefix(sql, "-- "))), func(s *suite) {
			want := len(s.rows(sql))
			if _, after, ok := strings.Cut(sql, "-- want: "); ok {
				n, err := strconv.Atoi(strings.Fields(after)[0])
				if err != nil || n != want {
					s.Errorf("the server gives %d rows, the corpus says %s", want, strings.Fields(after)[0])
				}
			}
			if want == 0 {
				s.Error("the server gives no row")
			}
			r, err := s.askFor(s.db, databases.MaxRows, sql)
			if err != nil {
				s.Fatalf("%s\n%v", sql, explained(err))
			}
			if len(r.Rows) != want || r.More || r.Partial != "" {
				s.Errorf("%d rows, more %v, partial %q; want %d\n%s", len(r.Rows), r.More, r.Partial, want, sql)
			}
			for _, row := range r.Rows {
				if len(row) != len(r.Columns) {
					s.Fatalf("%d cells in %d columns", len(row), len(r.Columns))
				}
			}
			if _, err := s.db.Explain(s.Context(), databases.Query{SQL: sql}); err != nil && fail.From(err).Code != fail.Unsupported {
				s.Errorf("its plan: %v\n%s", explained(err), sql)
			}
		})
	}
}
