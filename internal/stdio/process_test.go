//go:build unix

package stdio

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMain serves instead of testing where the environment says so: the tests of the
// process start their own binary again.
func TestMain(m *testing.M) {
	if os.Getenv("CLEAT_STDIO_CHILD") == "" {
		os.Exit(m.Run())
	}
	os.Exit(serveChild(os.Getenv("CLEAT_STDIO_CHILD")))
}

// serveChild is the main function of a server with the test tools.
func serveChild(mode string) int {
	in, out, err := Claim()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if mode == "stray" {
		fmt.Println("stray print")
		println("stray runtime print")
		child := exec.Command("sh", "-c", "echo stray child; echo stray on 1 >&1; cat")
		child.Stdin, child.Stdout = os.Stdin, os.Stdout
		if err := child.Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		reportLeaks(in, out)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g := New(Options{In: in, Out: out, Log: log})
	ts := newTools()
	go func() {
		for range ts.started {
			fmt.Fprintln(os.Stderr, "started")
		}
	}()
	p := Process{
		Guard: g,
		Log:   log,
		Serve: func(ctx context.Context) error { return ts.server.Run(ctx, g.Transport()) },
		Stop: func(ctx context.Context) {
			fmt.Fprintln(os.Stderr, "stopping")
			if mode == "slow stop" {
				<-ctx.Done()
				select {}
			}
			fmt.Fprintln(os.Stderr, "put away")
		},
	}
	if mode == "failing" {
		p.Serve = func(context.Context) error { return errors.New("broken") }
	}
	return p.Run(context.Background())
}

// reportLeaks says on stderr which of the files a child of ours has open.
func reportLeaks(files ...*os.File) {
	for _, f := range files {
		target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
		if err != nil {
			continue // no procfs here
		}
		open, err := exec.Command("sh", "-c", "ls -l /proc/self/fd").Output()
		if err != nil || strings.Contains(string(open), target) {
			fmt.Fprintf(os.Stderr, "leaked %s (%v):\n%s", target, err, open)
		}
	}
}

// A child is a server process under test.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	pipe   io.ReadCloser // under out
	out    *bufio.Reader
	stderr chan string // lines; closed at the end
	log    []string    // lines read so far
}

func startChild(t *testing.T, mode string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: exec.Command(exe), stderr: make(chan string, 10_000)}
	// The race detector would sleep for a second at exit.
	c.cmd.Env = append(os.Environ(), "CLEAT_STDIO_CHILD="+mode, "GORACE=atexit_sleep_ms=0")
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if c.pipe, err = c.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(c.pipe)
	errs, err := c.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.stderr)
		for s := bufio.NewScanner(errs); s.Scan(); {
			c.stderr <- s.Text()
		}
	}()
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			if err := c.cmd.Process.Kill(); err != nil {
				t.Log(err)
			}
			c.cmd.Wait() // its error is that it was killed
		}
	})
	return c
}

func (c *child) send(lines ...string) {
	c.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(c.in, line+"\n"); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *child) recv() string {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("reading output: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// handshake initializes the session.
func (c *child) handshake() {
	c.t.Helper()
	c.send(initialize)
	if got := c.recv(); !strings.Contains(got, `"protocolVersion"`) {
		c.t.Fatalf("initialize: %s", got)
	}
}

// awaitLog waits for a line on stderr.
func (c *child) awaitLog(want string) {
	c.t.Helper()
	for line := range c.stderr {
		c.log = append(c.log, line)
		if strings.Contains(line, want) {
			return
		}
	}
	c.t.Fatalf("stderr ended without %q:\n%s", want, strings.Join(c.log, "\n"))
}

func (c *child) signal(s syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// ended waits for the exit, which must come with the code and, measured from start,
// within limit. Limits are multiples of what is promised: machines are busy.
func (c *child) ended(start time.Time, limit time.Duration, code int) {
	c.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for line := range c.stderr {
			c.log = append(c.log, line)
		}
		c.cmd.Wait() // the state tells all there is
	}()
	await(c.t, done, "exit")
	took := time.Since(start)
	if got := c.cmd.ProcessState.ExitCode(); got != code {
		c.t.Errorf("exit code %d (%v), want %d; stderr:\n%s", got, c.cmd.ProcessState, code, strings.Join(c.log, "\n"))
	}
	if took > limit {
		c.t.Errorf("took %v, want at most %v", took, limit)
	}
	c.t.Logf("ended in %v", took.Round(time.Millisecond))
}

// wantStopped checks that Stop ran to its end, once.
func (c *child) wantStopped() {
	c.t.Helper()
	if n := strings.Count(strings.Join(c.log, "\n"), "put away"); n != 1 {
		c.t.Errorf("stopped %d times; stderr:\n%s", n, strings.Join(c.log, "\n"))
	}
}

func TestSignals(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		for _, tool := range []string{"", "hang", "stubborn"} {
			t.Run(fmt.Sprintf("%v in %q", s, tool), func(t *testing.T) {
				c := startChild(t, "plain")
				c.handshake()
				if tool != "" {
					c.send(call1("1", tool, "{}"))
					c.awaitLog("started")
				}
				start := time.Now()
				c.signal(s)
				c.ended(start, 3*time.Second, 0)
				c.wantStopped()
			})
		}
	}
}

// The way Claude Code ends its servers: SIGINT, then SIGTERM. What Stop does is done.
func TestSignalsInSuccession(t *testing.T) {
	c := startChild(t, "plain")
	c.handshake()
	c.send(call1("1", "stubborn", "{}"))
	c.awaitLog("started")
	start := time.Now()
	c.signal(syscall.SIGINT)
	c.awaitLog("ending")
	c.signal(syscall.SIGTERM)
	c.ended(start, 3*time.Second, 0)
	c.wantStopped()
	if log := strings.Join(c.log, "\n"); !strings.Contains(log, "calls that had not stopped") {
		t.Errorf("the second signal did not end the wait:\n%s", log)
	}
}

func TestStopThatHangs(t *testing.T) {
	c := startChild(t, "slow stop")
	c.handshake()
	start := time.Now()
	c.signal(syscall.SIGTERM)
	c.ended(start, 3*time.Second, 0)
}

func TestSignalWithBlockedOutput(t *testing.T) {
	c := startChild(t, "plain")
	c.handshake()
	big := call1("1", "echo", `{"s":"`+strings.Repeat("x", 1<<20)+`"}`)
	for i := range 4 {
		c.send(strings.Replace(big, `"id":1`, fmt.Sprintf(`"id":%d`, i), 1))
	}
	c.send(call1("9", "hang", "{}"))
	c.awaitLog("started")
	start := time.Now()
	c.signal(syscall.SIGTERM)
	c.ended(start, 3*time.Second, 0)
	c.wantStopped()
}

func TestEndOfInputOfProcess(t *testing.T) {
	t.Run("at once", func(t *testing.T) {
		c := startChild(t, "plain")
		start := time.Now()
		c.in.Close()
		c.ended(start, 3*time.Second, 0)
		c.wantStopped()
	})
	t.Run("idle", func(t *testing.T) {
		c := startChild(t, "plain")
		c.handshake()
		start := time.Now()
		c.in.Close()
		c.ended(start, 3*time.Second, 0)
		c.wantStopped()
	})
	t.Run("answers", func(t *testing.T) {
		c := startChild(t, "plain")
		var want, got []string
		c.send(initialize)
		for i := range 50 {
			id := fmt.Sprint(i)
			c.send(call1(id, "echo", `{}`))
			want = append(want, answer(id, `{}`))
		}
		c.in.Close()
		c.recv()
		for range 50 {
			got = append(got, c.recv())
		}
		c.ended(time.Now(), 3*time.Second, 0)
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
	for _, tool := range []string{"hang", "stubborn"} {
		t.Run(tool, func(t *testing.T) {
			c := startChild(t, "plain")
			c.handshake()
			c.send(call1("1", tool, "{}"))
			c.awaitLog("started")
			start := time.Now()
			c.in.Close()
			c.ended(start, 6*time.Second, 0)
			c.wantStopped()
		})
	}
}

func TestClosedOutputOfProcess(t *testing.T) {
	c := startChild(t, "plain")
	c.handshake()
	c.pipe.Close()
	c.send(ping)
	c.ended(time.Now(), 3*time.Second, 0)
	c.wantStopped()
}

func TestServeFails(t *testing.T) {
	c := startChild(t, "failing")
	c.ended(time.Now(), 3*time.Second, 1)
	c.wantStopped()
}

// Nothing but the protocol reaches the client, and nobody else reads its messages.
func TestStrayOutput(t *testing.T) {
	c := startChild(t, "stray")
	c.handshake()
	c.send(ping)
	if got := c.recv(); got != pong {
		t.Errorf("received %s", got)
	}
	c.in.Close()
	if rest, err := io.ReadAll(c.out); err != nil || len(rest) > 0 {
		t.Errorf("stray output %q, %v", rest, err)
	}
	c.ended(time.Now(), 3*time.Second, 0)
	log := strings.Join(c.log, "\n")
	for _, want := range []string{"stray print", "stray runtime print", "stray child", "stray on 1"} {
		if !strings.Contains(log, want) {
			t.Errorf("stderr lacks %q", want)
		}
	}
	if strings.Contains(log, "leaked") {
		t.Errorf("descriptors leak:\n%s", log)
	}
}

func TestClaimTwice(t *testing.T) {
	claimed.Store(true)
	defer claimed.Store(false)
	if _, _, err := Claim(); err == nil {
		t.Error("a second Claim succeeded")
	}
}
