package tunnel

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/proc"
	"cleat/internal/text"
)

const (
	// closeDelay is how long Close waits for ssh to send what was written before.
	closeDelay = 200 * time.Millisecond

	// maxReason is how many bytes of what ssh said are in an error.
	maxReason = 300

	bufferSize = 32 << 10 // bytes
)

// A conn is one end of a pipe in memory, which has the deadlines; two goroutines carry the
// bytes between its other end and ssh. They end with ssh.
type conn struct {
	net.Conn
	address addr
	process *proc.Process
	release func() bool   // ends the watch over the context of dial
	over    chan struct{} // closed when ssh is reaped; reason does not change after that

	mu       sync.Mutex
	answered bool  // the far side has sent something
	closed   bool  // by Close
	reason   error // why the connection ended, where it did not just end
}

// carry makes a connection of a running ssh.
func (d *dialer) carry(ctx context.Context, p *proc.Process, a addr) *conn {
	near, far := net.Pipe()
	c := &conn{Conn: near, address: a, process: p, over: make(chan struct{})}
	c.release = context.AfterFunc(ctx, func() { c.abort(context.Cause(ctx)) })
	go c.send(far)
	go func() {
		c.receive(far)
		res, err := p.Wait()
		c.release()
		c.end(d.reason(res, err))
		far.Close()
	}()
	return c
}

// send carries what is written to ssh, until Close or the end of ssh.
func (c *conn) send(from io.Reader) {
	// An error is the end of ssh, whose cause the other goroutine finds.
	_, _ = io.CopyBuffer(struct{ io.Writer }{c.process.Stdin}, struct{ io.Reader }{from}, make([]byte, bufferSize))
	c.process.Stdin.Close()
}

// receive carries what ssh writes, until it ends. After Close nobody wants it, but ssh
// must not wait for that.
func (c *conn) receive(to io.Writer) {
	buf := make([]byte, bufferSize)
	for {
		n, err := c.process.Stdout.Read(buf)
		if n > 0 {
			c.mu.Lock()
			first := !c.answered
			c.answered = true
			c.mu.Unlock()
			if first {
				c.release()
			}
			if to != nil {
				if _, err := to.Write(buf[:n]); err != nil {
					to = nil
				}
			}
		}
		if err != nil {
			return // an error other than the end shows in how ssh ended
		}
	}
}

// abort ends the connection because of cause.
func (c *conn) abort(cause error) {
	c.mu.Lock()
	late := c.answered || c.closed
	if !late && c.reason == nil {
		c.reason = cause
	}
	c.mu.Unlock()
	if !late {
		c.process.Close()
	}
}

// end records why ssh ended, unless it is known better.
func (c *conn) end(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason == nil && !c.closed {
		c.reason = reason
	}
	close(c.over)
}

// Read reads what the far side sent. It returns io.EOF when that side has closed the
// connection, and why there is none where ssh failed.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
		err = c.ended(io.EOF)
	}
	return n, err
}

// Write hands b on. That it has come to the far side is not known.
func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if errors.Is(err, io.ErrClosedPipe) {
		err = c.ended(io.ErrClosedPipe)
	}
	return n, err
}

// ended returns the error of a connection that is closed, on either side; plain is that
// of one which the far side just closed.
func (c *conn) ended(plain error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	return cmp.Or(c.reason, plain)
}

// Close ends ssh and what it started, and waits for that.
func (c *conn) Close() error {
	c.mu.Lock()
	again, answered := c.closed, c.answered
	c.closed = true
	c.mu.Unlock()
	if again {
		return net.ErrClosed
	}
	c.release()
	err := c.Conn.Close()
	if answered {
		late := time.NewTimer(closeDelay)
		defer late.Stop()
		select {
		case <-c.over:
		case <-late.C:
		}
	}
	c.process.Close()
	return err
}

// LocalAddr returns an address of no meaning: this end is inside cleat.
func (c *conn) LocalAddr() net.Addr { return addr{c.address.network, "127.0.0.1:0"} }

// RemoteAddr returns the address that was dialed.
func (c *conn) RemoteAddr() net.Addr { return c.address }

// Reason returns why a connection of a Dialer failed, also once it is closed:
// fail.Unavailable with what ssh said, or the cause of the context that it was dialed
// with. It is nil for a connection that stands, for one that either side just closed, and
// for one of another kind.
func Reason(c net.Conn) error {
	t, ok := c.(*conn)
	if !ok {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reason
}

// reason is what is to be said of how ssh ended; nil if there is nothing.
func (d *dialer) reason(res proc.Result, err error) error {
	if errors.Is(err, proc.ErrClosed) {
		return fail.Errorf(fail.Unavailable, "the connection through %s was ended: %w", d.via, err)
	}
	if err != nil {
		return fmt.Errorf("waiting for ssh to %s: %w", d.via, err)
	}
	if res.Code == 0 {
		return nil
	}
	said := d.said(res)
	e := fail.Errorf(fail.Unavailable, "the connection through %s failed: ssh: %s", d.via, said)
	switch {
	case strings.Contains(said, "Host key verification failed"):
		return e.Because("the host key of %s is not known to the user's ssh, or is another one", d.via).
			Then("ask the user to run `ssh %s` in a terminal and to compare the host key", d.target.login())
	case strings.Contains(said, "Permission denied"):
		return e.Because("ssh can ask for no password or passphrase here").
			Then("ask the user to load a key that %s accepts into ssh-agent, and to try `ssh -o BatchMode=yes %s`", d.via, d.target.login())
	}
	return e.Then("ask the user to try `ssh -o BatchMode=yes %s`, and whether the database runs", d.target.login()).After(5 * time.Second)
}

// said is the line of ssh's that says what went wrong, without secrets. It is the last one,
// but for the one by which ssh says no more than that it ends.
func (d *dialer) said(res proc.Result) string {
	lines := strings.Split(strings.TrimSpace(string(d.host.Redact("", res.Stderr))), "\n")
	for _, line := range slices.Backward(lines) {
		line = text.Line(strings.TrimSpace(line))
		if line == "" || line == "stdio forwarding failed" {
			continue
		}
		if len(line) > maxReason {
			line = line[:maxReason]
			for !utf8.ValidString(line) {
				line = line[:len(line)-1]
			}
		}
		return line
	}
	if res.Signal != "" {
		return "it was ended by " + res.Signal
	}
	return fmt.Sprintf("it ended with status %d", res.Code)
}
