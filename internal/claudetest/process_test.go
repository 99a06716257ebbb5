package claudetest

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestIsolation shows what a client has of the test's environment and network: nothing.
func TestIsolation(t *testing.T) {
	if !supported {
		t.Skip("skipped: no process groups here")
	}
	t.Setenv("GITHUB_TOKEN", "secret")
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()

	const bin = "/folder/of/claude"
	home := t.TempDir()
	inside := CLI{Path: bin + "/claude"}.environ(t, home)
	show := func(dial func(api string) string) Output {
		return run(t, job{dir: home, argv: []string{self(t)}, api: new(API), env: func(api string) []string {
			return append(inside(api), playVar+"=environment", "DIAL="+strings.TrimPrefix(dial(api), "http://"))
		}})
	}
	out := show(func(api string) string { return api })
	if out.Exit != 0 || !strings.Contains(out.Stdout, "dial: <nil>") {
		t.Errorf("the scripted API cannot be reached: exit %d: %s%s", out.Exit, out.Stdout, out.Stderr)
	}
	var names []string
	for line := range strings.Lines(out.Stdout) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			names = append(names, name)
			if name == "PATH" && !strings.HasPrefix(value, bin+":") {
				t.Errorf("PATH %s does not begin with %s", value, bin)
			}
		}
	}
	want := []string{"ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "CLAUDETEST_PLAY", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
		"CLAUDE_CODE_TMPDIR", "CLAUDE_CONFIG_DIR", "DIAL", "DISABLE_AUTOUPDATER", "DISABLE_ERROR_REPORTING",
		"DISABLE_TELEMETRY", "HOME", "IS_SANDBOX", "LANG", "PATH", "TERM", "TMPDIR"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if err := isolation(); err != nil {
		t.Logf("the network is not shut out here: %v", err)
		return
	}
	out = show(func(string) string { return outside.Addr().String() })
	if !strings.Contains(out.Stdout, "dial: dial tcp") {
		t.Errorf("the network outside can be reached: %s%s", out.Stdout, out.Stderr)
	}
}

// TestLimit shows that nothing outlives a run that is past its limit: not the program,
// nor a child of it that ignores SIGTERM. The children hold connections to the test.
func TestLimit(t *testing.T) {
	if !supported {
		t.Skip("skipped: no process groups here")
	}
	t.Parallel()
	socket := filepath.Join(scratch(t), "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accept := make(chan string, 2)
	for range 2 {
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				accept <- err.Error()
				return
			}
			defer conn.Close()
			said, err := io.ReadAll(conn)
			if err != nil {
				accept <- err.Error()
				return
			}
			accept <- string(said)
		}()
	}
	began := time.Now()
	said := record(t, func(r testing.TB) {
		run(r, job{dir: t.TempDir(), argv: []string{self(t)}, api: new(API), limit: 2 * time.Second,
			env: func(string) []string { return []string{playVar + "=parent", "SOCKET=" + socket} }})
	})
	if len(said) != 1 || !strings.Contains(said[0], "was killed after 2s") {
		t.Errorf("the test was told %q, want one error that the limit was passed", said)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("ending the run took %s", took)
	}
	if got := <-accept + <-accept; got != "child is up" {
		t.Errorf("the processes said %q, want only the child's greeting", got)
	}
}

func TestRunErrors(t *testing.T) {
	if !supported {
		t.Skip("skipped: no process groups here")
	}
	env := func(string) []string { return nil }
	var out Output
	said := record(t, func(r testing.TB) {
		out = run(r, job{dir: t.TempDir(), argv: []string{filepath.Join(t.TempDir(), "missing")}, api: new(API), env: env})
	})
	if isolation() == nil { // the inner process finds it missing
		if out.Exit != 127 || !strings.Contains(out.Stderr, "no such file") || len(said) != 0 {
			t.Errorf("a missing program: exit %d, %q; the test was told %q", out.Exit, out.Stderr, said)
		}
	} else if len(said) != 1 || !strings.Contains(said[0], "no such file") {
		t.Errorf("a missing program: the test was told %q", said)
	}
	said = record(t, func(r testing.TB) {
		run(r, job{dir: filepath.Join(t.TempDir(), "missing"), argv: []string{self(t)}, api: new(API), env: env})
	})
	if len(said) != 1 || !strings.Contains(said[0], "no such file") {
		t.Errorf("a missing working directory: the test was told %q", said)
	}
}
