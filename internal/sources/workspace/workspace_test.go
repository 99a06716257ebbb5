package workspace_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/gate/redact"
	"cleat/internal/host"
	"cleat/internal/proc"
	"cleat/internal/sources/workspace"
	"cleat/internal/systems/code"
	"cleat/internal/systems/code/codetest"
	"cleat/internal/systems/documents/documentstest"
	"cleat/internal/uri"
)

// open makes a workspace of the files.
func open(t *testing.T, files map[string]string) (*workspace.Source, string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, files)
	return serve(t, workspace.Config{Root: dir, Main: true}, newHost(t)), dir
}

// newHost is a host with a state folder of its own.
func newHost(t *testing.T) host.Host {
	t.Helper()
	r := redact.New([]byte("key"))
	state := t.TempDir()
	return host.Host{Log: slog.New(slog.DiscardHandler), Now: time.Now, Redact: r.Text, RedactPart: r.Part,
		Closed: func() func(string) bool { return nil }, Children: &proc.Group{},
		State: func() (*os.Root, error) { return os.OpenRoot(state) }, Env: proc.Environ(os.LookupEnv)}
}

// serve opens a source until the end of the test.
func serve(t *testing.T, cfg workspace.Config, h host.Host) *workspace.Source {
	t.Helper()
	s, err := workspace.Open(t.Context(), cfg, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// runGit runs git in dir and returns what it prints, without the last line feed.
func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=A", "-c", "user.email=a@b.c"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// put writes files below dir.
func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSearcher(t *testing.T) {
	codetest.Run(t, codetest.All(), func(t *testing.T, tree codetest.Tree) code.Searcher {
		s, dir := open(t, tree.Old)
		runGit(t, dir, "init", "-q", "-b", "old")
		runGit(t, dir, "add", ".")
		runGit(t, dir, "commit", "-qm", "old")
		runGit(t, dir, "switch", "-q", "--orphan", "main")
		put(t, dir, tree.Files)
		return s
	})
}

func TestLibrary(t *testing.T) {
	s, dir := open(t, map[string]string{
		"a.txt": "one\ntwo\n", "sub/a b#1.md": "# A\n", "image.png": "\x89PNG\x00\x00", "utf16.txt": "\xff\xfeh\x00i\x00",
		".env": "API_TOKEN=q7Zr1xW9pLk3Vt8sYb2N\nPORT=80\n",
	})
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "a.txt"}, {"commit", "-qm", "x"}, {"branch", "feature/x"}} {
		runGit(t, dir, args...)
	}
	if err := os.WriteFile(dir+"/a.txt", []byte("changed\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", dir+"/out"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.txt", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	documentstest.Run(t, s, []documentstest.Case{
		{Address: "text://a.txt", Text: "changed\n"},
		{Address: "a.txt", Text: "changed\n"},
		{Address: "text://./sub/../a.txt", Text: "changed\n"},
		{Address: "text://" + dir + "/a.txt", Text: "changed\n"},
		{Address: "text://sub/a%20b%231.md", Text: "# A\n"},
		{Address: "text://link", Text: "changed\n"},
		{Address: "text://utf16.txt", Text: "hi"},
		{Address: "repo://./main/a.txt", Text: "one\ntwo\n"},
		{Address: "repo://./feature%2Fx/a.txt", Text: "one\ntwo\n"},
		{Address: "repo://" + filepath.Base(dir) + "/HEAD/a.txt", Text: "one\ntwo\n"},
		{Address: "text://image.png", Fails: fail.Unsupported},
		{Address: "text://none", Fails: fail.NotFound},
		{Address: "text://sub", Fails: fail.Invalid},
		{Address: "text://out", Fails: fail.Denied},
		{Address: "text://../a", Fails: fail.Denied},
		{Address: "repo://./main/../../etc/passwd", Fails: fail.Denied},
		{Address: "repo://./none/a.txt", Fails: fail.NotFound},
		{Address: "repo://./main/none", Fails: fail.NotFound},
	})
	doc, err := s.Open(t.Context(), uri.New("text", ".env"))
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Body.Close()
	data, err := io.ReadAll(doc.Body)
	if err != nil || bytes.Contains(data, []byte("q7Zr1xW9")) || !bytes.Contains(data, []byte("PORT=80")) {
		t.Errorf("%s, %v", data, err)
	}
}

// TestLarge: a file that is redacted block by block comes out as one that is redacted
// whole, secrets that lie across the blocks included.
func TestLarge(t *testing.T) {
	const secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
	var b strings.Builder
	for i := 0; b.Len() < 18<<20; i++ {
		fmt.Fprintf(&b, "line %d %s\n", i, strings.Repeat("x", i%97))
		if i%50 == 0 {
			b.WriteString("token " + secret + "\n")
		}
	}
	s, _ := open(t, map[string]string{"big.log": b.String()})
	doc, err := s.Open(t.Context(), uri.New("text", "big.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Body.Close()
	got, err := io.ReadAll(doc.Body)
	if err != nil || bytes.Contains(got, []byte(secret)) {
		t.Fatalf("a secret is left, %v", err)
	}
	want := redact.New([]byte("key")).Text("big.log", []byte(b.String()))
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
}

func TestComplete(t *testing.T) {
	s, _ := open(t, map[string]string{"cmd/main.go": "", "cmd/tool.go": "", "a.json": "{}", "docs/command.md": ""})
	for _, c := range []struct {
		scheme, prefix string
		want           []string
	}{
		{"text", "cmd/", []string{"cmd/main.go", "cmd/tool.go"}},
		{"text", "comm", []string{"docs/command.md"}},
		{"json", "", []string{"a.json"}},
		{"text", "zzz", nil},
	} {
		got, total, err := s.Complete(t.Context(), c.scheme, "path", c.prefix, nil)
		if err != nil || !slices.Equal(got, c.want) || total != len(c.want) {
			t.Errorf("%s %q: %q of %d, %v", c.scheme, c.prefix, got, total, err)
		}
	}
}
