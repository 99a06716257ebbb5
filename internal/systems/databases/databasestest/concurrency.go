package databasestest

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

func concurrency(s *suite) {
	s.sub("mixed", func(s *suite) {
		db := s.open(databases.Config{Mask: []string{"users.ssn"}, Timeout: 20 * time.Second})
		calls := []func(ctx context.Context, i int) error{
			func(ctx context.Context, i int) error {
				r, err := db.Query(ctx, databases.Query{SQL: "SELECT " + s.by("$1::int", "?", "?") + ", count(*) FROM orders",
					Params: []databases.Param{{JSON: fmt.Appendf(nil, "%d", i)}}})
				if err == nil && fmt.Sprint(table(r)) != fmt.Sprintf("[[%d 12]]", i) {
					return fmt.Errorf("call %d got %v", i, table(r))
				}
				return err
			},
			func(ctx context.Context, i int) error {
				r, err := db.Row(ctx, "orders", []string{fmt.Sprint(i%12 + 1)})
				if err == nil && cell(r.Rows[0][0]) != fmt.Sprint(i%12+1) {
					return fmt.Errorf("row %d: %v", i%12+1, table(r))
				}
				return err
			},
			func(ctx context.Context, i int) error {
				r, err := db.Query(ctx, databases.Query{SQL: "SELECT g, " + s.long(100) + " AS pad FROM " + s.many(5), Limit: 200 + i})
				if err == nil && len(r.Rows) != 200+i {
					return fmt.Errorf("%d rows of %d", len(r.Rows), 200+i)
				}
				return err
			},
			func(ctx context.Context, i int) error {
				_, err := db.Schema(ctx, databases.SchemaQuery{Detail: databases.Full, Pattern: "orders"})
				return err
			},
			func(ctx context.Context, i int) error {
				_, err := db.Explain(ctx, databases.Query{SQL: "SELECT * FROM orders"})
				return err
			},
			func(ctx context.Context, i int) error {
				_, err := db.Query(ctx, databases.Query{SQL: "DELETE FROM orders"})
				return expect(err, fail.Denied, fail.Invalid)
			},
			func(ctx context.Context, i int) error {
				_, err := db.Query(ctx, databases.Query{SQL: "SELECT nothing FROM orders"})
				return expect(err, fail.NotFound, fail.Invalid)
			},
			func(ctx context.Context, i int) error {
				ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
				_, err := db.Query(ctx, databases.Query{SQL: s.forever()[0]})
				return expect(err, fail.Timeout)
			},
		}
		before := s.state()
		ctx, cancel := context.WithTimeout(s.Context(), 2*patience)
		defer cancel()
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				if err := calls[i%len(calls)](ctx, i); err != nil {
					s.Errorf("call %d of kind %d: %v", i, i%len(calls), explained(err))
				}
			})
		}
		all.Wait()
		s.until("nothing runs at the server", func() bool { return len(s.active()) == 0 })
		s.unchanged("many calls", before)
		s.alive(db, "many calls")
	})
	s.sub("closing", func(s *suite) {
		db := s.open(databases.Config{Timeout: 10 * time.Second})
		c, ok := db.(io.Closer)
		if !ok {
			s.Skip("the source is not closed")
		}
		s.alive(db, "opening")
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				sql := "SELECT count(*) FROM orders"
				if i%2 == 0 {
					sql = s.forever()[0]
				}
				if _, err := db.Query(s.Context(), databases.Query{SQL: sql}); err != nil && fail.From(err).Code == fail.Internal {
					s.Errorf("a call while closing: %v", explained(err))
				}
			})
		}
		if s.Active != nil {
			s.until("a statement runs", func() bool { return len(s.active()) > 0 })
		}
		if err := c.Close(); err != nil {
			s.Errorf("closing: %v", err)
		}
		all.Wait()
		s.until("nothing runs at the server", func() bool { return len(s.active()) == 0 })
		if _, err := db.Query(s.Context(), databases.Query{SQL: "SELECT 1"}); err != nil && fail.From(err).Code == fail.Internal {
			s.Errorf("a call after closing: %v", explained(err))
		}
		s.alive(s.db, "closing another source")
	})
}

// expect returns nil for an error of one of the codes.
func expect(err error, codes ...fail.Code) error {
	if err == nil {
		return fmt.Errorf("it was not refused, want %v", codes)
	}
	for _, code := range codes {
		if fail.From(err).Code == code {
			return nil
		}
	}
	return err
}
