package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"cleat/internal/fail"
)

const (
	maxConns = 4
	idleFor  = time.Minute
	lockWait = 2 * time.Second // for a lock that a writer holds
	schemas  = 3               // times that the schema may change under a call
)

// A pool holds the connections that are open. A connection leaves no state behind: what a
// statement may do changes none.
type pool struct {
	s     *Source
	slots chan struct{}

	mu     sync.Mutex
	idle   []*conn
	timer  *time.Timer // runs while there are idle connections
	closed bool
}

func newPool(s *Source) *pool { return &pool{s: s, slots: make(chan struct{}, maxConns)} }

// slot waits for one of the few places, until ctx ends.
func (p *pool) slot(ctx context.Context) error {
	if ctx.Err() != nil {
		return fail.From(ctx.Err())
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fail.Errorf(fail.Timeout, "the time was over while %d other statements of the source ran", maxConns).After(5 * time.Second)
		}
		return fail.From(ctx.Err())
	}
}

// get returns a connection to the file that the path names now.
func (p *pool) get(ctx context.Context) (*conn, error) {
	info, err := p.s.stat()
	if err != nil {
		p.drop()
		return nil, err
	}
	for {
		c := p.take()
		if c == nil {
			return p.s.connect(ctx, info)
		}
		if os.SameFile(c.file, info) {
			return c, nil
		}
		c.close()
	}
}

func (p *pool) take() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return c
}

// put takes a connection back.
func (p *pool) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || c.immutable || c.broken {
		c.close()
		return
	}
	c.used = time.Now()
	p.idle = append(p.idle, c)
	if p.timer == nil {
		p.timer = time.AfterFunc(idleFor, p.expire)
	}
}

// expire closes what was idle for long.
func (p *pool) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[:0]
	for _, c := range p.idle {
		if time.Since(c.used) >= idleFor {
			c.close()
		} else {
			kept = append(kept, c)
		}
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	p.timer = nil
	if len(kept) > 0 && !p.closed {
		p.timer = time.AfterFunc(idleFor, p.expire)
	}
}

// drop closes what is idle.
func (p *pool) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		c.close()
	}
	p.idle = nil
}

func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	p.mu.Unlock()
	p.drop()
	return nil
}

func (p *pool) open() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.closed
}

// with runs do on a connection within a read transaction, so that neither the data nor the
// schema change meanwhile, and ends that afterwards. sql is the caller's statement, "" if
// there is none; do gets it as it is to run.
func (s *Source) with(ctx context.Context, sql string, do func(c *conn, sql string) error) error {
	if !s.pool.open() {
		return fail.Errorf(fail.Unavailable, "the source is closed")
	}
	if err := s.pool.slot(ctx); err != nil {
		return err
	}
	defer func() { <-s.pool.slots }()
	for range schemas {
		c, err := s.pool.get(ctx)
		if err != nil {
			err = s.failure(ctx, nil, "", err)
			s.saw(nil, err)
			return err
		}
		c.watch(ctx)
		run, err := c.names(sql)
		if err != nil {
			err = s.failure(ctx, c, sql, err)
			c.end()
			s.pool.put(c)
			return err
		}
		fresh, err := c.begin()
		if err != nil {
			c.broken = true
			s.pool.put(c)
			err = s.failure(ctx, nil, "", err)
			s.saw(nil, err)
			return err
		}
		if fresh {
			err = do(c, run)
		}
		c.end()
		if !fresh {
			c.broken = true // the schema changed since the views were made
		}
		s.pool.put(c)
		if fresh {
			return err
		}
	}
	return fail.Errorf(fail.Busy, "the schema of the database keeps changing").After(time.Second)
}

// same reports whether the path still names the file.
func (s *Source) same(info fs.FileInfo) bool {
	now, err := os.Stat(s.path)
	return err == nil && os.SameFile(info, now)
}
