package claudetest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Output is what a program left.
type Output struct {
	Stdout, Stderr string
	Exit           int // -1 after a signal
	Took           time.Duration
}

// defaultLimit is the time that a program has unless the test says otherwise. It is
// generous: it is there for what hangs.
const defaultLimit = time.Minute

// A job is a program to run in isolation.
type job struct {
	dir   string
	argv  []string // argv[0] with its path
	env   func(apiURL string) []string
	api   http.Handler
	limit time.Duration
}

// run runs j to its end and returns what it left. Past the limit the process group gets
// SIGTERM, then SIGKILL, and the test has failed. Nothing of the group is left at the end.
func run(t testing.TB, j job) Output {
	t.Helper()
	out, err := j.run(t, scratch(t))
	if err != nil {
		t.Fatalf("running %s: %v", filepath.Base(j.argv[0]), err)
	}
	return out
}

func (j job) run(t testing.TB, dir string) (out Output, err error) {
	t.Helper()
	limit := j.limit
	if limit == 0 {
		limit = defaultLimit
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()

	// Files, not pipes: a grandchild that keeps a pipe open would keep Wait waiting.
	stdout, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		return out, err
	}
	defer stdout.Close()
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		return out, err
	}
	defer stderr.Close()

	cmd := exec.CommandContext(ctx, j.argv[0], j.argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = j.dir, stdout, stderr
	cmd.WaitDelay = 2 * time.Second
	ownGroup(cmd)
	began := time.Now()
	listener, err := j.start(t, cmd)
	if err != nil {
		return out, err
	}
	server := &http.Server{Handler: j.api, ReadHeaderTimeout: limit}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	err = cmd.Wait()
	out.Took = time.Since(began)
	out.Exit = cmd.ProcessState.ExitCode()
	endGroup(cmd.Process)
	if err := server.Close(); err != nil {
		t.Errorf("closing the scripted API: %v", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("serving the scripted API: %v", err)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		return out, err
	}
	o, err1 := os.ReadFile(stdout.Name())
	e, err2 := os.ReadFile(stderr.Name())
	if err := errors.Join(err1, err2); err != nil {
		return out, err
	}
	out.Stdout, out.Stderr = string(bytes.ToValidUTF8(o, []byte("\uFFFD"))), string(bytes.ToValidUTF8(e, []byte("\uFFFD")))
	if ctx.Err() != nil {
		t.Errorf("%s was killed after %s", filepath.Base(j.argv[0]), limit)
	}
	return out, nil
}

// start starts cmd, in a network namespace where one can be had, and returns the
// listener of its scripted API.
func (j job) start(t testing.TB, cmd *exec.Cmd) (net.Listener, error) {
	t.Helper()
	if !initialized {
		return nil, errors.New("TestMain does not call claudetest.Init")
	}
	if err := isolation(); err != nil {
		t.Logf("no network namespace (%v): the client is kept from the network by its environment alone", err)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		cmd.Env = j.env("http://" + listener.Addr().String())
		if err := cmd.Start(); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		return listener, nil
	}
	cmd.Env = j.env("http://" + innerAddr)
	return startInner(cmd)
}

// scratch returns a new folder that is removed after the test. Its path is shorter than
// that of t.TempDir: clients make sockets in it, whose paths may not be long.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "claudetest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing scratch: %v", err)
		}
	})
	return dir
}
