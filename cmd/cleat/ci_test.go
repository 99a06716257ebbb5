package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/text"
)

// TestBrokenTest breaks a test of this very project: the run, and one call more, tell which
// test it is, what it says and where it stands, in few words.
func TestBrokenTest(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- env --\nGOFLAGS=-count=1\n")
	if err := os.RemoveAll(w.dir); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("git", "clone", "-q", "--depth=1", "file://"+absolute(t, "../.."), w.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	w.env = append(w.env, "XDG_CACHE_HOME="+cache, "GOMODCACHE="+strings.TrimSpace(string(modules)))
	writeFile(t, w.home+"/config/cleat/cleat.toml", []byte("[sources.local]\nkind = \"local\"\nenv = [\"GOMODCACHE\"]\n"))

	const file = "internal/size/size_test.go"
	at := filepath.Join(w.dir, file)
	source, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Replace(source, []byte(`"64MB": 64e6`), []byte(`"64MB": 65e6`), 1)
	if bytes.Equal(broken, source) {
		t.Fatal("the test to be broken is not there any more")
	}
	writeFile(t, at, broken)
	w.run(t, "trust", "--yes")
	p := w.peer(t)
	said, failed := p.tool("ci_run", `{"task":"go test","args":["./internal/size"],"wait":45,"timeout_ms":46000}`)
	for !failed && strings.Contains(said, "not finished") { // the machine is slow
		said, failed = p.tool("ci_runs", `{"op":"wait"}`)
	}
	if failed || !strings.Contains(said, "failed") {
		t.Fatalf("%s", said)
	}
	told, failed := p.tool("ci_failures", `{}`)
	if failed {
		t.Fatal(told)
	}
	t.Logf("%d and %d tokens:\n%s\n%s", text.Tokens(said), text.Tokens(told), said, told)
	for _, want := range []string{"TestParse", file + ":", "= 64000000, true, want 65000000"} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is missing in:\n%s", want, told)
		}
	}
	if n := text.Tokens(told); n > 250 {
		t.Errorf("%d tokens, the limit is 250:\n%s", n, told)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// TestProgress: who asks for it hears of a run while it goes on, and nothing after its end.
func TestProgress(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- Makefile --\n.PHONY: slow\nslow:\n\t@sleep 4\n")
	w.run(t, "trust", "--yes")
	p := w.peer(t)
	m := p.ask("tools/call", `{"name":"ci_run","arguments":{"task":"make slow","wait":30},"_meta":{"progressToken":"p1"}}`)
	if text, failed := told(t, m); failed || !strings.Contains(text, "passed") {
		t.Fatalf("%s", text)
	}
	p.mu.Lock()
	out := p.stdout.String()
	p.mu.Unlock()
	if n := strings.Count(out, `"method":"notifications/progress"`); n < 1 || n > 10 {
		t.Errorf("%d notifications of progress:\n%s", n, out)
	}
	if last := strings.LastIndex(out, "notifications/progress"); last > strings.LastIndex(out, `"result"`) {
		t.Errorf("progress was told after the answer:\n%s", out)
	}
}
