package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cleat/internal/fail"
)

// Limits of a pool.
const (
	maxConns = 4
	idleTime = time.Minute
)

// A conn is a connection that one caller has at a time.
type conn struct {
	pg      *pgconn.PgConn
	idled   time.Time // since when nobody has it
	used    bool      // it served a call before this one
	clean   bool      // the last transaction was left, and the session is as new
	spoiled bool      // there is something in the session that cannot be undone
}

// A pool keeps connections for the next caller. No goroutine runs for it; a timer closes
// those that nobody wanted for idleTime.
type pool struct {
	dial  func(context.Context) (*conn, error)
	slots chan struct{} // one for each connection that is out

	mu     sync.Mutex
	idle   []*conn // the one last used comes last
	timer  *time.Timer
	closed bool
}

func newPool(dial func(context.Context) (*conn, error)) *pool {
	return &pool{dial: dial, slots: make(chan struct{}, maxConns)}
}

// get returns a connection, which put takes back. fresh asks for a new one. It fails with
// fail.Timeout if none is free before ctx ends.
func (p *pool) get(ctx context.Context, fresh bool) (*conn, error) {
	if ctx.Err() != nil {
		return nil, fail.From(context.Cause(ctx))
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, fail.From(context.Cause(ctx))
		}
		return nil, fail.Errorf(fail.Timeout, "all %d connections of the source were in use until the time was over", maxConns).After(time.Second)
	}
	if c := p.pop(fresh); c != nil {
		return c, nil
	}
	c, err := p.dial(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return c, nil
}

func (p *pool) pop(fresh bool) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if fresh {
		p.drop(len(p.idle)) // they are as old as the one that was found broken
		return nil
	}
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if !c.pg.IsClosed() {
			c.used, c.clean = true, false
			return c
		}
	}
	return nil
}

// put takes a connection back; keep says that its session is as new.
func (p *pool) put(c *conn, keep bool) {
	defer func() { <-p.slots }()
	if keep && !c.pg.IsClosed() && !c.pg.IsBusy() && c.pg.TxStatus() == 'I' {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.closed {
			c.idled = time.Now()
			p.idle = append(p.idle, c)
			if p.timer == nil {
				p.timer = time.AfterFunc(idleTime, p.sweep)
			}
			return
		}
	}
	hangUp(c)
}

// hangUp closes a connection and waits a moment until that is done.
func hangUp(c *conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if c.pg.IsClosed() {
		select {
		case <-c.pg.CleanupDone():
		case <-ctx.Done():
		}
		return
	}
	if c.pg.IsBusy() {
		// There is an answer that nobody reads. The server is told first, so that it
		// stops at once and not when it finds the connection gone.
		_ = c.pg.CancelRequest(ctx)
		_ = c.pg.Conn().Close()
	}
	_ = c.pg.Close(ctx) // the connection is given up, whatever it says
}

// sweep closes what was idle for too long.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.idle) && time.Since(p.idle[n].idled) >= idleTime {
		n++
	}
	p.drop(n)
	p.timer = nil
	if len(p.idle) > 0 {
		p.timer = time.AfterFunc(idleTime-time.Since(p.idle[0].idled), p.sweep)
	}
}

// drop closes the first n idle connections. p.mu is held.
func (p *pool) drop(n int) {
	for _, c := range p.idle[:n] {
		hangUp(c)
	}
	p.idle = append([]*conn(nil), p.idle[n:]...)
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.drop(len(p.idle))
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
}

// connect makes a connection. It fails with fail.Unavailable, without a word of the DSN
// but the names of host, database and role.
func (s *Source) connect(ctx context.Context) (*conn, error) {
	cfg, err := s.configure(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	pg, err := pgconn.ConnectConfig(limited, cfg)
	if err == nil {
		return &conn{pg: pg}, nil
	}
	return nil, unreachable(ctx, cfg, err)
}

// unreachable says why no connection was made.
func unreachable(ctx context.Context, cfg *pgconn.Config, err error) error {
	var f *fail.Error
	if errors.As(err, &f) {
		return f // of the tunnel
	}
	e := fail.Errorf(fail.Unavailable, "the PostgreSQL server at %s does not answer", cfg.Host)
	var refused *pgconn.PgError
	var dns *net.DNSError
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &refused) && strings.HasPrefix(refused.Code, "28"):
		return fail.Errorf(fail.Unavailable, "the server refused the role %s", cfg.User).
			Because("%s", clip(withoutValues(refused.Message, cfg.Password))+" (SQLSTATE "+refused.Code+")").
			Then("ask the user to check the role, its password and the server's pg_hba.conf")
	case errors.As(err, &refused):
		e = fail.Errorf(fail.Unavailable, "the PostgreSQL server refused the connection: %s (SQLSTATE %s)",
			clip(withoutValues(refused.Message, cfg.Password)), refused.Code)
		if refused.Code[:2] == "57" || refused.Code[:2] == "53" {
			return e.After(5 * time.Second)
		}
		return e
	case ctx.Err() != nil:
		return fail.From(context.Cause(ctx))
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || pgconn.Timeout(err):
		// Of the ways that were tried, with TLS and without, another may have failed too:
		// the time is what counts. A connection notices its end before ctx does.
		if end, ok := ctx.Deadline(); ok && time.Until(end) < 100*time.Millisecond {
			<-ctx.Done()
			return fail.From(context.Cause(ctx))
		}
		return e.Because("no answer within %s", connectTimeout).After(5 * time.Second)
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return e.Because("it does not speak TLS, which the sslmode of the DSN asks for").Then("ask the user to set up TLS there, or another sslmode")
	case errors.As(err, &certificate) || strings.Contains(err.Error(), "tls error"):
		return e.Because("TLS with it failed: its certificate is not the one that the DSN's sslmode and sslrootcert ask for, or the server broke off").
			Then("ask the user to check sslmode and sslrootcert in the DSN")
	case errors.As(err, &dns):
		return e.Because("the name of its host is not known").Then("ask the user to check the host in the DSN")
	case errors.As(err, &op) && op.Op == "dial":
		return e.Because("%s", clip(op.Err.Error())).After(5 * time.Second)
	}
	return e.Because("the connection broke while it was made").After(5 * time.Second)
}

// withoutValues removes a secret from the text of a server.
func withoutValues(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, "…")
}
