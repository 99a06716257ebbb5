//go:build unix

package tunnel

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cleat/internal/fail"
)

func TestTunnel(t *testing.T) {
	s := serve(t)
	h := testHost(t)
	d := s.dialer(t, h, "client_config")
	address := listen(t, echo)

	t.Run("a megabyte both ways", func(t *testing.T) {
		c := connect(t, t.Context(), d, address)
		sent := make([]byte, 1<<20)
		if _, err := rand.Read(sent); err != nil {
			t.Fatal(err)
		}
		var group errgroup.Group
		group.Go(func() error {
			_, err := c.Write(sent)
			return err
		})
		got := make([]byte, len(sent))
		if _, err := io.ReadFull(c, got); err != nil {
			t.Fatal(err)
		}
		if err := group.Wait(); err != nil || !bytes.Equal(sent, got) {
			t.Errorf("write: %v; the same comes back: %t", err, bytes.Equal(sent, got))
		}
		if got := c.RemoteAddr(); got.Network() != "tcp" || got.String() != address {
			t.Errorf("the remote address is %v", got)
		}
		if err := Reason(c); err != nil {
			t.Errorf("a connection that stands has a reason: %v", err)
		}
		pid := c.process.Pid()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		wantGone(t, pid)
		if _, err := c.Read(got); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read after Close: %v", err)
		}
		if _, err := c.Write(sent); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after Close: %v", err)
		}
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Close again: %v", err)
		}
	})

	t.Run("deadlines", func(t *testing.T) {
		c := connect(t, t.Context(), d, address)
		exchange(t, c, "hello")
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %d, %v", n, err)
		}
		if err := c.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		exchange(t, c, "again")

		full := connect(t, t.Context(), d, listen(t, func(c net.Conn) {
			_, _ = io.WriteString(c, "!")
			<-t.Context().Done() // reads nothing
		}))
		if _, err := io.ReadFull(full, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if err := full.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, err := full.Write(make([]byte, 64<<20)); n == 64<<20 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %d, %v", n, err)
		}
		pid := full.process.Pid()
		if err := full.Close(); err != nil {
			t.Error(err)
		}
		wantGone(t, pid)
	})

	t.Run("close while reading and writing", func(t *testing.T) {
		c := connect(t, t.Context(), d, listen(t, func(net.Conn) { <-t.Context().Done() }))
		var group errgroup.Group
		for _, f := range []func([]byte) (int, error){c.Read, c.Write} {
			group.Go(func() error {
				if _, err := f(make([]byte, 64<<20)); !errors.Is(err, net.ErrClosed) {
					return fmt.Errorf("ended with %v", err)
				}
				return nil
			})
		}
		pid := c.process.Pid()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
		wantGone(t, pid)
	})

	t.Run("closed by the far side", func(t *testing.T) {
		c := connect(t, t.Context(), d, listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "bye") }))
		got, err := io.ReadAll(c)
		if err != nil || string(got) != "bye" {
			t.Errorf("read %q, %v", got, err)
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("write: %v", err)
		}
		if err := Reason(c); err != nil {
			t.Errorf("reason: %v", err)
		}
	})

	t.Run("what was written comes before Close", func(t *testing.T) {
		got := make(chan string, 1)
		c := connect(t, t.Context(), d, listen(t, func(c net.Conn) {
			_, _ = io.WriteString(c, "!")
			all, _ := io.ReadAll(c)
			got <- string(all)
		}))
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "terminate"); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if all := <-got; all != "terminate" {
			t.Errorf("the far side got %q", all)
		}
	})

	t.Run("ctx of the dialing ends after the first byte", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := connect(t, ctx, d, address)
		exchange(t, c, "hello")
		cancel()
		exchange(t, c, "still there")
	})

	t.Run("twenty at once", func(t *testing.T) {
		var group errgroup.Group
		for i := range 20 {
			group.Go(func() error {
				c, err := d.dial(t.Context(), "tcp", address)
				if err != nil {
					return err
				}
				defer c.Close()
				text := strings.Repeat(fmt.Sprint(i, " "), 1000)
				if _, err := io.WriteString(c, text); err != nil {
					return err
				}
				got := make([]byte, len(text))
				if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
					return fmt.Errorf("connection %d: %d bytes, %w", i, len(got), err)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	})
	if n := h.Children.Running(); n != 0 {
		t.Errorf("%d children are left", n)
	}
}

// What keeps a connection from being made is the error of reading, of writing and of Reason.
func TestFailures(t *testing.T) {
	s := serve(t)
	s.write(t, "empty", "")
	s.write(t, "wrong_hosts", "[127.0.0.1]:"+s.port+" "+s.read(t, "other.pub"))
	s.write(t, "unknown_host", s.config("user", "empty"))
	s.write(t, "wrong_host", s.config("user", "wrong_hosts"))
	s.write(t, "wrong_key", s.config("other", "known_hosts"))
	s.write(t, "broken", "Nonsense hunter2\n")
	address := listen(t, echo)
	for _, c := range []struct{ name, config, address, want string }{
		{"unknown host", "unknown_host", address, "Host key verification failed"},
		{"wrong host key", "wrong_host", address, "Host key verification failed"},
		{"wrong key", "wrong_key", address, "Permission denied (publickey)"},
		{"broken configuration", "broken", address, "terminating, 1 bad configuration options"},
		{"nothing listens", "client_config", "127.0.0.1:" + freePort(t), "open failed: connect failed: Connection refused"},
		{"no such name", "client_config", "nowhere.invalid:5432", "open failed: connect failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := testHost(t)
			tunneled := connect(t, t.Context(), s.dialer(t, h, c.config), c.address)
			_, err := tunneled.Read(make([]byte, 1))
			e, ok := errors.AsType[*fail.Error](err)
			if !ok || e.Code != fail.Unavailable || e.Next == "" || !strings.Contains(e.What, c.want) || strings.Contains(fail.Show(err), "hunter2") {
				t.Errorf("read: %v\nwant %q", err, c.want)
			}
			if _, err := tunneled.Write([]byte("x")); err != error(e) {
				t.Errorf("write: %v", err)
			}
			pid := tunneled.process.Pid()
			tunneled.Close()
			if err := Reason(tunneled); err != error(e) {
				t.Errorf("reason: %v", err)
			}
			wantGone(t, pid)
			if n := h.Children.Running(); n != 0 {
				t.Errorf("%d children are left", n)
			}
		})
	}
}

// A host that accepts and says nothing: the end of ctx ends the connecting.
func TestContextEndsConnecting(t *testing.T) {
	findSSHD(t)
	silent := listen(t, func(net.Conn) { <-t.Context().Done() })
	h := testHost(t)
	d, err := newDialer(h, silent)
	if err != nil {
		t.Fatal(err)
	}
	d.extra = []string{"-F", os.DevNull}
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := connect(t, ctx, d, "127.0.0.1:1")
	time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
	if _, err := c.Read(make([]byte, 1)); err != cause {
		t.Errorf("read: %v", err)
	}
	if err := Reason(c); err != cause {
		t.Errorf("reason: %v", err)
	}
	wantGone(t, c.process.Pid())
	if _, err := d.dial(ctx, "tcp", "127.0.0.1:1"); err != cause {
		t.Errorf("dial: %v", err)
	}

	short, cancelShort := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancelShort()
	if _, err := connect(t, short, d, "127.0.0.1:1").Read(make([]byte, 1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read after the deadline: %v", err)
	}
}

// The end of cleat ends the tunnels.
func TestGroupCloses(t *testing.T) {
	s := serve(t)
	h := testHost(t)
	c := connect(t, t.Context(), s.dialer(t, h, "client_config"), listen(t, echo))
	exchange(t, c, "hello")
	if err := h.Children.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := c.Read(make([]byte, 1))
	if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != fail.Unavailable {
		t.Errorf("read: %v", err)
	}
	_, err = s.dialer(t, h, "client_config").dial(t.Context(), "tcp", "127.0.0.1:1")
	if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != fail.Unavailable {
		t.Errorf("dial: %v", err)
	}
}

func TestRefusedAtDial(t *testing.T) {
	h := testHost(t)
	dial, err := Dialer(h, "bastion")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		network, address string
		want             fail.Code
	}{
		{"unix", "/tmp/.s.PGSQL.5432", fail.Unsupported},
		{"udp", "h:1", fail.Unsupported},
		{"tcp", "h", fail.Invalid},
		{"tcp", "-oProxyCommand=x:22", fail.Invalid},
		{"tcp", "", fail.Invalid},
	} {
		_, err := dial(t.Context(), c.network, c.address)
		if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != c.want {
			t.Errorf("%s %s: %v, want %s", c.network, c.address, err, c.want)
		}
	}
	if h.Children.Running() != 0 {
		t.Error("something was started")
	}
	if _, err := Dialer(h, "-oProxyCommand=x"); fail.From(err).Code != fail.Invalid {
		t.Errorf("Dialer: %v", err)
	}
}

// Neither the current folder nor a relative entry of PATH chooses the program.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	said := filepath.Join(dir, "said")
	for _, name := range []string{"ssh", filepath.Join("bin", "ssh")} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("#!/bin/sh\necho ran >"+said+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h := testHost(t)
	h.Env = []string{"PATH=.:bin:"}
	dial, err := Dialer(h, "bastion")
	if err != nil {
		t.Fatal(err)
	}
	_, err = dial(t.Context(), "tcp", "h:1")
	if e := fail.From(err); e.Code != fail.Unavailable || !strings.Contains(e.What, "the program ssh is not on PATH") {
		t.Errorf("dial: %v", err)
	}
	if _, err := os.Stat(said); err == nil {
		t.Error("a program of the repository ran")
	}
}

// The child gets what children may have, and the agent's socket.
func TestEnvironment(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "/run/agent")
	t.Setenv("APP_TOKEN", "hunter2")
	h := testHost(t)
	h.Env = []string{"PATH=/bin"}
	d, err := newDialer(h, "bastion")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(d.environ(), "\n"); got != "PATH=/bin\nSSH_AUTH_SOCK=/run/agent" {
		t.Errorf("environment:\n%s", got)
	}
	t.Setenv("SSH_AUTH_SOCK", "agent") // relative to whatever folder
	if got := strings.Join(d.environ(), "\n"); got != "PATH=/bin" {
		t.Errorf("environment:\n%s", got)
	}
}
