package databasestest

import (
	"context"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// seconds is how long a call may take whose time is over after much less.
const seconds = 15 * time.Second

// forever are queries that do not end.
func (s *suite) forever() []string {
	cross := "SELECT count(*) FROM orders a, orders b, orders c, orders d, orders e, orders f, orders g, orders h, orders i, orders j, orders k WHERE a.total + b.total + c.total + d.total + e.total + f.total + g.total + h.total + i.total + j.total + k.total < 0"
	switch {
	case s.postgres():
		return []string{cross, "SELECT count(*) FROM generate_series(1, 1000000000000)", "SELECT g FROM generate_series(1, 1000000000000) g WHERE g < 0",
			"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT 1 FROM r) SELECT count(*) FROM r",
			"SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' ~ '((a*)*)*\\1b', count(*) FROM generate_series(1, 1000000000000)"}
	case s.mysql():
		return []string{cross, "SELECT COUNT(*) FROM " + s.many(12) + " WHERE g < 0", "SELECT g FROM " + s.many(12) + " WHERE g * 2 < 0"}
	}
	return []string{cross, "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r WHERE n < 0"}
}

func endless(s *suite) {
	quick := s.open(databases.Config{Timeout: 300 * time.Millisecond, Analyze: true})
	s.sub("the source's timeout", func(s *suite) {
		for _, sql := range s.forever() {
			s.ends(sql, quick, func(context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(s.Context()) })
		}
	})
	s.sub("a deadline", func(s *suite) {
		s.ends(s.forever()[0], s.db, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 400*time.Millisecond)
		})
	})
	s.sub("canceled", func(s *suite) {
		s.ends(s.forever()[0], s.db, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			stop := time.AfterFunc(500*time.Millisecond, cancel)
			return ctx, func() { stop.Stop(); cancel() }
		})
		ctx, cancel := context.WithCancel(s.Context())
		cancel()
		_, err := s.db.Query(ctx, databases.Query{SQL: "SELECT 1"})
		s.refused("a call that was canceled before", err, fail.Timeout)
		_, err = s.db.Row(ctx, "users", []string{"1"})
		s.refused("a row that was canceled before", err, fail.Timeout)
		s.alive(s.db, "a canceled call")
	})
	s.sub("a slow stream", func(s *suite) {
		sql := "SELECT t.g, " + s.long(4000) + " AS pad, (SELECT count(*) FROM " + s.slow() + ") AS n FROM " + s.many(6)
		// On a slow machine the first row takes longer than the shorter times.
		for _, limit := range []time.Duration{1500 * time.Millisecond, 5 * time.Second, 12 * time.Second} {
			db := s.open(databases.Config{Timeout: limit})
			began := time.Now()
			r, err := s.askFor(db, 1000, sql)
			if err != nil && fail.From(err).Code == fail.Timeout && limit < 12*time.Second {
				continue
			}
			// On a quick one the limit of bytes may be met before the time is over.
			if err != nil || len(r.Rows) == 0 || r.Partial == "" && r.Stopped == "" {
				s.Errorf("what was there before the time was over is lost: %v, %+v", explained(err), brief(r))
			}
			s.inTime(sql, began)
			s.alive(db, "a slow stream")
			return
		}
	})
	s.sub("a plan that runs", func(s *suite) {
		began := time.Now()
		p, err := quick.Explain(s.Context(), databases.Query{SQL: s.forever()[0]})
		if err != nil {
			s.refused("a plan of what does not end", err, fail.Timeout)
		} else if p.Ran {
			s.Errorf("it ran: %+v", p)
		}
		s.inTime("a plan", began)
		s.alive(quick, "a plan of what does not end")
	})
	s.sub("a lock", func(s *suite) {
		take := s.by("BEGIN", "LOCK TABLES orders WRITE", "BEGIN EXCLUSIVE")
		if s.exec(take); s.postgres() {
			s.exec("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
		}
		began := time.Now()
		_, err := s.ask(quick, "SELECT * FROM orders")
		s.exec(s.by("ROLLBACK", "UNLOCK TABLES", "ROLLBACK"))
		if err != nil || !s.sqlite() { // SQLite in WAL mode does not wait for those who write
			s.refused("a locked table", err, fail.Timeout, fail.Busy)
		}
		s.inTime("waiting for a lock", began)
		s.alive(quick, "a lock")
	})
}

// slow is a table expression that takes some ten milliseconds to count, and looks at a
// column g of a table t outside, so that it is counted for each row.
func (s *suite) slow() string {
	if s.sqlite() {
		return "(WITH RECURSIVE w(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM w LIMIT 60000) SELECT n FROM w) AS w WHERE w.n + t.g > 0"
	}
	if s.postgres() {
		return "generate_series(1, 100000) AS w(n) WHERE w.n + t.g > 0"
	}
	return "orders a, orders b, orders c, orders d, orders e WHERE a.id + b.id + c.id + d.id + e.id + t.g > 0"
}

// ends expects that a call whose time is over ends here and at the server.
func (s *suite) ends(sql string, db databases.DB, limit func(context.Context) (context.Context, context.CancelFunc)) {
	s.Helper()
	ctx, cancel := limit(s.Context())
	defer cancel()
	began := time.Now()
	r, err := db.Query(ctx, databases.Query{SQL: sql})
	if err != nil {
		s.refused(short(sql), err, fail.Timeout)
	} else if r.Partial == "" {
		s.Errorf("%s: it is not said that the time was over: %+v", short(sql), brief(r))
	}
	s.inTime(sql, began)
	s.alive(db, short(sql))
}

func (s *suite) inTime(what string, began time.Time) {
	s.Helper()
	if took := time.Since(began); took > seconds {
		s.Errorf("%s: it took %s", short(what), took)
	}
	s.until("nothing runs at the server", func() bool { return len(s.active()) == 0 })
}

// brief is a result without its rows.
func brief(r *databases.Result) databases.Result {
	if r == nil {
		return databases.Result{}
	}
	b := *r
	b.Rows, b.Columns = nil, nil
	return b
}
