package zoekt

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/internal/systems/code"
	"cleat/internal/systems/code/codetest"
)

// A live is a real zoekt: the folder that CLEAT_ZOEKT names has its programs
// zoekt-git-index and zoekt-webserver.
type live struct {
	t    testing.TB
	bin  string
	dir  string
	want int // repositories
}

func newLive(t testing.TB) *live {
	bin := os.Getenv("CLEAT_ZOEKT")
	if bin == "" {
		t.Skip("CLEAT_ZOEKT does not name a folder with zoekt-git-index and zoekt-webserver")
	}
	return &live{t: t, bin: bin, dir: t.TempDir()}
}

func (l *live) run(dir, name string, args ...string) string {
	l.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.com", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.com")
	out, err := cmd.Output()
	if err != nil {
		l.t.Fatalf("%s %q: %v", name, args, err)
	}
	return string(out)
}

// repository makes a clone with the tree on main and its old files on the branch old.
func (l *live) repository(tree codetest.Tree) string {
	dir := filepath.Join(l.dir, "shop")
	if err := os.Mkdir(dir, 0o700); err != nil {
		l.t.Fatal(err)
	}
	l.run(dir, "git", "init", "-q", "-b", "old")
	commit := func(files map[string]string) {
		for name, data := range files {
			name = filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				l.t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
				l.t.Fatal(err)
			}
		}
		l.run(dir, "git", "add", "-A")
		l.run(dir, "git", "commit", "-q", "-m", "files")
	}
	commit(tree.Old)
	l.run(dir, "git", "checkout", "-q", "--orphan", "main")
	l.run(dir, "git", "rm", "-rqf", ".")
	commit(tree.Files)
	return dir
}

func (l *live) index(repo, branches string) {
	l.run(l.dir, filepath.Join(l.bin, "zoekt-git-index"), "-index", filepath.Join(l.dir, "index"), "-branches", branches, repo)
	l.want++
}

// self indexes this project's own repository and returns a clone of it.
func (l *live) self() string {
	top, err := filepath.Abs("../../..")
	if err != nil {
		l.t.Fatal(err)
	}
	bare := filepath.Join(l.dir, "cleat.git")
	l.run(l.dir, "git", "clone", "-q", "--bare", top, bare)
	l.index(bare, "HEAD")
	return bare
}

// BenchmarkLive searches this project's own repository.
func BenchmarkLive(b *testing.B) {
	l := newLive(b)
	l.self()
	s := l.serve()
	for _, q := range []code.Query{{Pattern: "Errorf"}, {Pattern: "Errorf", Mode: code.Symbol}, {Pattern: "Errorf", Mode: code.Refs}, {Pattern: "*_test.go", Mode: code.Files}} {
		b.Run("mode="+string(cmp.Or(q.Mode, code.Text)), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Search(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// serve starts the web server on a port of this machine and returns a source on it.
func (l *live) serve() *Source {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	cmd := exec.Command(filepath.Join(l.bin, "zoekt-webserver"), "-listen", addr, "-index", filepath.Join(l.dir, "index"), "-rpc", "-html=false")
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	end := time.Now().Add(30 * time.Second)
	for {
		s := openAt(l.t, "http://"+addr)
		repos, err := s.list(l.t.Context(), "")
		if err == nil && len(repos) == l.want {
			return s
		}
		if time.Now().After(end) {
			l.t.Fatalf("the server does not serve %d repositories: %v, %v", l.want, repos, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestLiveSuite(t *testing.T) {
	codetest.Run(t, can(), func(t *testing.T, tree codetest.Tree) code.Searcher {
		l := newLive(t)
		l.index(l.repository(tree), "main,old")
		return l.serve()
	})
}

// TestLiveSelf searches this project's own repository and compares with git grep.
func TestLiveSelf(t *testing.T) {
	l := newLive(t)
	bare := l.self()
	s := l.serve()
	for _, test := range []struct {
		q    code.Query
		grep []string
	}{
		{code.Query{Pattern: "fail.Errorf(fail.Denied,"}, []string{"-F", "-e", "fail.Errorf(fail.Denied,"}},
		{code.Query{Pattern: "REDACT", Case: code.Ignore, Paths: []string{"cmd"}}, []string{"-i", "-F", "-e", "REDACT", "--", "cmd"}},
		{code.Query{Pattern: `"repo:x`}, []string{"-F", "-e", `"repo:x`}},
		{code.Query{Pattern: `^func \(\w+ \*?Matcher\) \w+\(`, Mode: code.Regex}, []string{"-P", "-e", `^func \(\w+ \*?Matcher\) \w+\(`}},
		{code.Query{Pattern: `return nil$`, Mode: code.Regex, Paths: []string{"internal/gate"}}, []string{"-P", "-e", `return nil$`, "--", "internal/gate"}},
		{code.Query{Pattern: "Errorf", Word: true, Lang: "go", Paths: []string{"internal/**", "!*_test.go"}}, []string{"-w", "-F", "-e", "Errorf", "--", "internal/*.go", ":!*_test.go"}},
		{code.Query{Pattern: `\t\\`}, []string{"-F", "-e", `\t\\`}},
		{code.Query{Pattern: "a"}, []string{"-I", "-F", "-e", "a"}},
	} {
		var want []string
		// The commit stands between the pattern and the paths.
		i := slices.Index(test.grep, "--")
		if i < 0 {
			i = len(test.grep)
		}
		cmd := exec.Command("git", slices.Concat([]string{"grep", "-n", "-I"}, test.grep[:i], []string{"HEAD"}, test.grep[i:])...)
		cmd.Dir = bare
		out, err := cmd.Output()
		if err != nil && cmd.ProcessState.ExitCode() != 1 { // 1 is no match
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			parts := strings.SplitN(line, ":", 4)
			want = append(want, parts[1]+":"+parts[2])
		}
		var got []string
		test.q.Limit = 5000
		for {
			r, err := s.Search(t.Context(), test.q)
			if err != nil {
				t.Fatalf("%+v: %v", test.q, err)
			}
			for _, f := range r.Files {
				for _, line := range f.Lines {
					if line.Match {
						got = append(got, fmt.Sprintf("%s:%d", f.Path, line.Number))
					}
				}
			}
			if test.q.Cursor = r.Cursor; r.Cursor == "" {
				if r.Partial != "" {
					t.Logf("%s: partial: %s", test.q.Pattern, r.Partial)
				}
				break
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %d lines, git grep has %d; first of ours %.200q, of git %.200q", test.q, len(got), len(want), difference(got, want), difference(want, got))
		}
		t.Logf("%-40s %d lines", test.q.Pattern, len(got))
	}
	r, err := s.Search(t.Context(), code.Query{Pattern: "Errorf", Mode: code.Refs, Paths: []string{"internal/fail"}})
	if err != nil || len(r.Definitions) != 1 || r.Definitions[0].Path != "internal/fail/fail.go" || len(r.Files) == 0 {
		t.Errorf("refs of Errorf: %+v, %v", r, err)
	}
}

// difference returns what only a has, at most three.
func difference(a, b []string) []string {
	var out []string
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); !ok && len(out) < 3 {
			out = append(out, x)
		}
	}
	return out
}
