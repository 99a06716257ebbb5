// Package tunnel makes connections that go through the user's own ssh program, for
// databases that are reached over another host only.
//
// Each connection is one child, "ssh -W host:port -- [user@]via", whose standard input and
// output carry the bytes. There is no listening socket, no shell, and nothing that could
// be asked: keys, agents, known hosts and jump hosts are what the user's configuration of
// ssh says, and a host that is not known or a key that is not accepted is an error.
package tunnel

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/proc"
)

const (
	// connectTimeout is how long ssh tries to reach its host where ctx sets no limit.
	connectTimeout = 10 * time.Second

	// maxStderr is how many bytes of what ssh says are kept, of each connection.
	maxStderr = 64 << 10
)

// A dialer makes connections through one host.
type dialer struct {
	host   host.Host
	target target
	via    string   // as it was configured, for errors
	extra  []string // further options of ssh, for tests
}

// Dialer returns a function that connects to address, "host:port", through via,
// "[user@]host[:port]"; the host of address is looked up there, not here. It starts
// nothing by itself, and fails with fail.Invalid for a via that Valid refuses.
//
// The function is safe for concurrent use. ssh does not tell when its connection stands,
// so the function returns as soon as ssh runs, and what goes wrong later is the error of
// Read and Write: fail.Unavailable with the last line that ssh said. Reason returns it too,
// for drivers that put an error of their own in its place. Until the first byte has come
// from the far side, the end of ctx ends the connection, with context.Cause(ctx) as the
// error; after that, ctx is of no matter to it.
//
// The function itself fails with fail.Unavailable where there is no ssh, fail.Busy where
// there is no room for another process, fail.Unsupported for a network that is not TCP,
// fail.Invalid for another form of address, and context.Cause(ctx).
//
// Connections have deadlines, and are safe for concurrent use as those of package net
// are. Close ends ssh and what it started, after at most a fifth of a second for it to
// send what was written before.
func Dialer(h host.Host, via string) (func(ctx context.Context, network, address string) (net.Conn, error), error) {
	d, err := newDialer(h, via)
	if err != nil {
		return nil, err
	}
	return d.dial, nil
}

func newDialer(h host.Host, via string) (*dialer, error) {
	t, ok := parseTarget(via)
	if !ok {
		return nil, fail.Errorf(fail.Invalid, "a host to go through by ssh has the form [user@]host[:port], with an IPv6 address in brackets")
	}
	return &dialer{host: h, target: t, via: via}, nil
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, fail.Errorf(fail.Unsupported, "ssh leads to TCP addresses only, not to %q", network)
	}
	name, port, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	env := d.environ()
	program, err := proc.Look("ssh", env)
	if err != nil {
		return nil, fail.Errorf(fail.Unavailable, "%s is reached through ssh, and the program ssh is not on PATH", d.via).
			Then("ask the user to install ssh (OpenSSH)")
	}
	// The child outlives ctx, which is followed until the far side answers.
	p, err := d.host.Children.Start(context.WithoutCancel(ctx), proc.Cmd{
		Argv: d.argv(program, net.JoinHostPort(name, port), timeout(ctx)),
		// No program that a relative path of ssh's configuration names is one of the
		// repository's.
		Dir: filepath.Dir(program),
		Env: env, PipeStdin: true, MaxOutput: maxStderr,
	})
	if err != nil {
		return nil, err
	}
	return d.carry(ctx, p, addr{network, address}), nil
}

// argv is the command. What is set here holds over the user's configuration.
func (d *dialer) argv(program, address string, limit time.Duration) []string {
	argv := append([]string{program}, d.extra...)
	for _, option := range []string{
		"BatchMode=yes", "ExitOnForwardFailure=yes", "ClearAllForwardings=yes",
		"PermitLocalCommand=no", // its output would be among the bytes
		// A connection that another ssh shares is used, but none is left behind to share.
		"ControlMaster=no", "ControlPersist=no",
		"ServerAliveInterval=15", "ServerAliveCountMax=3", "LogLevel=INFO",
		"ConnectTimeout=" + strconv.Itoa(max(1, int((limit+time.Second-1)/time.Second))),
	} {
		argv = append(argv, "-o", option)
	}
	argv = append(argv, "-W", address)
	if d.target.port != "" {
		argv = append(argv, "-p", d.target.port)
	}
	return append(argv, "--", d.target.login())
}

// timeout is what is left until ctx ends, if that is less than connectTimeout.
func timeout(ctx context.Context) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		return min(time.Until(end), connectTimeout)
	}
	return connectTimeout
}

// environ is what children may have, and where the user's agent listens: the socket is no
// secret, and only who may use it anyway can.
func (d *dialer) environ() []string {
	const agent = "SSH_AUTH_SOCK"
	env := append([]string(nil), d.host.Env...)
	if _, ok := proc.Getenv(env, agent); ok {
		return env
	}
	if socket := os.Getenv(agent); filepath.IsAbs(socket) {
		env = append(env, agent+"="+socket)
	}
	return env
}
