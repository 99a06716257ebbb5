package workspace_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/workspace"
	"cleat/internal/systems/code"
	"cleat/internal/text"
)

// A story is a repository that is told commit by commit, a day apart.
type story struct {
	*testing.T
	dir  string
	days int
}

func newStory(t *testing.T) *story {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &story{T: t, dir: filepath.Join(dir, "shop")}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.git("init", "-q", "-b", "main")
	return s
}

func (s *story) git(args ...string) string {
	s.Helper()
	when := time.Date(2026, 1, s.days, 12, 0, 0, 0, time.UTC).Format(time.RFC3339)
	cmd := exec.Command("git", args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com", "GIT_AUTHOR_DATE="+when, "GIT_COMMITTER_DATE="+when, "GIT_ALLOW_PROTOCOL=file")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes the files, of which those with the content "-" go, and commits everything.
func (s *story) commit(message string, files map[string]string, args ...string) {
	s.Helper()
	s.write(files)
	s.days++
	s.git("add", "-A")
	s.git(append([]string{"commit", "-q", "--allow-empty", "-m", message}, args...)...)
}

func (s *story) write(files map[string]string) {
	s.Helper()
	for name, content := range files {
		if content == "-" {
			if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
				s.Fatal(err)
			}
			continue
		}
		put(s.T, s.dir, map[string]string{name: content})
	}
}

// open serves the repository; closed are paths that policy closes.
func (s *story) open(closed ...string) *workspace.Source {
	h := newHost(s.T)
	h.Closed = func() func(string) bool {
		return func(p string) bool {
			for _, c := range closed {
				if p == c {
					return true
				}
			}
			return false
		}
	}
	return serve(s.T, workspace.Config{Root: s.dir, Main: true}, h)
}

// lines numbers n lines.
func lines(n int, change ...int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		mark := ""
		for _, c := range change {
			if c == i {
				mark = " changed"
			}
		}
		fmt.Fprintf(&b, "line %d%s\n", i, mark)
	}
	return b.String()
}

// show renders an answer, what others wrote and what cleat says alike.
func show(a text.Renderer) string {
	var w text.Writer
	a.Text(&w)
	var b strings.Builder
	for _, s := range w.Segments() {
		b.WriteString(s.Text)
	}
	return b.String()
}

func subjects(l *code.Log) string {
	var out []string
	for _, c := range l.Commits {
		s := c.Subject
		if c.Path != "" {
			s += "@" + c.Path
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

func TestLog(t *testing.T) {
	s := newStory(t)
	s.commit("begin", map[string]string{"a.txt": lines(20), "dir/b.txt": "b\n"})
	s.commit("change b", map[string]string{"dir/b.txt": "b\nneedle\n"})
	s.git("branch", "old")
	s.git("mv", "a.txt", "dir/c.txt")
	s.commit("move a", nil)
	s.git("tag", "v1")
	s.commit("change c", map[string]string{"dir/c.txt": lines(20, 3)}, "--author=Bob <bob@example.com>")
	s.git("switch", "-q", "-c", "side", "old")
	s.commit("on the side", map[string]string{"side.txt": "x\n"})
	s.git("switch", "-q", "main")
	s.git("merge", "-q", "--no-ff", "-m", "merge side", "side")
	src := s.open()
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		q    code.HistoryQuery
		want string
	}{
		{code.HistoryQuery{}, "merge side, on the side, change c, move a, change b, begin"},
		{code.HistoryQuery{Range: "old"}, "change b, begin"},
		{code.HistoryQuery{Range: "v1..main"}, "merge side, on the side, change c"},
		{code.HistoryQuery{Range: "side...main"}, "merge side, change c, move a"},
		{code.HistoryQuery{Path: "dir/c.txt"}, "change c, move a, begin@a.txt"},
		{code.HistoryQuery{Path: "./dir/../dir/c.txt"}, "change c, move a, begin@a.txt"},
		{code.HistoryQuery{Path: "dir/"}, "change c, move a, change b, begin"},
		{code.HistoryQuery{Path: "a.txt"}, "move a, begin"},
		{code.HistoryQuery{Author: "bob"}, "change c"},
		{code.HistoryQuery{Since: day(4)}, "merge side, on the side, change c"},
		{code.HistoryQuery{Text: "needle"}, "change b"},
		{code.HistoryQuery{Text: "needle", Path: "dir/c.txt"}, ""},
	} {
		l, err := src.Log(t.Context(), c.q)
		if err != nil || subjects(l) != c.want {
			t.Errorf("%+v: %v\n got %s\nwant %s", c.q, err, subjects(l), c.want)
		}
		if c.want == "" {
			continue
		}
		// A few at a time, a branch that moves meanwhile notwithstanding.
		q, got := c.q, ""
		for q.Limit = 2; ; {
			page, err := src.Log(t.Context(), q)
			if err != nil {
				t.Fatalf("%+v: %v", q, err)
			}
			got += ", " + subjects(page)
			if q.Cursor = page.Cursor; q.Cursor == "" {
				break
			}
		}
		if got != ", "+c.want {
			t.Errorf("%+v in pages: %s", c.q, got)
		}
	}
	l, err := src.Log(t.Context(), code.HistoryQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.commit("later", nil)
	next, err := src.Log(t.Context(), code.HistoryQuery{Limit: 1, Cursor: l.Cursor})
	if err != nil || subjects(next) != "on the side" {
		t.Errorf("the second page of a branch that moved: %s, %v", subjects(next), err)
	}
	if c := l.Commits[0]; len(c.Parents) != 2 || len(c.Hash) != 10 || c.Author != "Ann" || strings.Join(c.Refs, " ") != "main" {
		t.Errorf("%+v", c)
	}
}

// TestLogFails: what cannot be answered is said, with what exists.
func TestLogFails(t *testing.T) {
	s := newStory(t)
	s.commit("begin", map[string]string{"notes.txt": "x\n", "secret/key.txt": "y\n"})
	src := s.open("secret")
	l, err := src.Log(t.Context(), code.HistoryQuery{})
	if err != nil || len(l.Commits) != 1 {
		t.Fatal(l, err)
	}
	stale, err := src.Log(t.Context(), code.HistoryQuery{Cursor: "nonsense"})
	if stale != nil || fail.From(err).Code != fail.Invalid {
		t.Error(err)
	}
	for _, c := range []struct {
		q    code.HistoryQuery
		code fail.Code
		show string
	}{
		{code.HistoryQuery{Path: "note.txt"}, fail.NotFound, `the nearest are "notes.txt"`},
		{code.HistoryQuery{Path: "../x"}, fail.Denied, "outside the root folder"},
		{code.HistoryQuery{Path: "/etc/passwd"}, fail.Denied, "outside the root folder"},
		{code.HistoryQuery{Path: "secret/key.txt"}, fail.Denied, `policy closes "secret/key.txt"`},
		{code.HistoryQuery{Path: "./x/../secret"}, fail.Denied, `policy closes "secret"`},
		{code.HistoryQuery{Range: "mian"}, fail.NotFound, `the nearest names are "main"`},
		{code.HistoryQuery{Range: "--output=x"}, fail.Invalid, "a name does not begin with -"},
		{code.HistoryQuery{Range: "main..--all"}, fail.Invalid, "a name does not begin with -"},
		{code.HistoryQuery{Range: "HEAD@{1}"}, fail.Invalid, "is not a revision"},
		{code.HistoryQuery{Range: "main..b..c"}, fail.Invalid, "is not a revision"},
		{code.HistoryQuery{Repo: "other"}, fail.NotFound, `there is no repository "other" here`},
		{code.HistoryQuery{Author: "a\nb"}, fail.Invalid, "control character"},
		{code.HistoryQuery{Cursor: strings.Repeat("x", 100_000)}, fail.Invalid, "repeat the call without a cursor"},
	} {
		for op, call := range map[string]func() error{
			"log":  func() error { _, err := src.Log(t.Context(), c.q); return err },
			"diff": func() error { _, err := src.Diff(t.Context(), c.q); return err },
		} {
			if op == "diff" && c.q.Author != "" {
				continue
			}
			err := call()
			if err == nil || fail.From(err).Code != c.code || !strings.Contains(fail.Show(err), c.show) {
				t.Errorf("%s %.100s: %s", op, fmt.Sprintf("%+v", c.q), fail.Show(err))
			}
		}
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := src.Log(ctx, code.HistoryQuery{}); fail.From(err).Code != fail.Timeout {
		t.Errorf("after the deadline: %v", err)
	}
}

// TestPickaxeTellsNoSecret: a search through history finds nothing in what is closed, nor
// what a mask hides.
func TestPickaxeTellsNoSecret(t *testing.T) {
	s := newStory(t)
	s.commit("begin", map[string]string{"a.txt": "x\n"})
	s.commit("add the token", map[string]string{".env": "API_TOKEN=q7Zr1xW9pLk3Vt8sYb2N\nPORT=80\n"})
	s.commit("add closed", map[string]string{"closed/a.txt": "treasure\n"})
	s.commit("add both", map[string]string{"closed/a.txt": "treasure gold\n", "open.txt": "gold\n"})
	src := s.open("closed")
	for text, want := range map[string]string{
		"q7Zr1xW9":  "",
		"API_TOKEN": "add the token",
		"treasure":  "",
		"gold":      "add both",
	} {
		l, err := src.Log(t.Context(), code.HistoryQuery{Text: text})
		if err != nil || subjects(l) != want {
			t.Errorf("%s is found in %q, want %q; %v", text, subjects(l), want, err)
		}
	}
}

func TestShow(t *testing.T) {
	s := newStory(t)
	s.commit("begin", map[string]string{"a.txt": "one\ntwo\n"})
	s.commit("second\n\nWith a body\nof two lines.", map[string]string{"a.txt": "one\n2\n", "b.txt": "new\n"})
	s.git("switch", "-q", "-c", "side", "HEAD~1")
	s.commit("side", map[string]string{"c.txt": "c\n"})
	s.git("switch", "-q", "main")
	s.git("merge", "-q", "--no-ff", "-m", "merge", "side")
	src := s.open()
	c, err := src.Show(t.Context(), code.HistoryQuery{Range: "main~1"})
	if err != nil {
		t.Fatal(err)
	}
	want := "commit " + s.git("rev-parse", "main~1")[:10] + `
author: Ann <ann@example.com>, 2026-01-02 12:00:00Z
parents: ` + s.git("rev-parse", "main~2")[:10] + `

second

With a body
of two lines.
2 files, +2 -1, from "` + s.git("rev-parse", "main~2")[:10] + `" to "` + s.git("rev-parse", "main~1")[:10] + `"
M a.txt +1 -1
A b.txt +1 -0
=== a.txt
@@ -1,2 +1,2 @@
 one
-two
+2
=== b.txt
@@ -0,0 +1 @@
+new
`
	if diff := cmp.Diff(want, show(c)); diff != "" {
		t.Error(diff)
	}
	root, err := src.Show(t.Context(), code.HistoryQuery{Range: "main~2"})
	if err != nil || len(root.Diff.Files) != 1 || root.Diff.Added != 2 || root.Diff.From != "nothing" {
		t.Errorf("the first commit: %+v, %v", root, err)
	}
	merge, err := src.Show(t.Context(), code.HistoryQuery{})
	if err != nil || len(merge.Commit.Parents) != 2 || len(merge.Diff.Files) != 1 || merge.Diff.Files[0].Path != "c.txt" {
		t.Errorf("the merge: %+v, %v", merge, err)
	}
	if _, err := src.Show(t.Context(), code.HistoryQuery{Range: "main~1..main"}); fail.From(err).Code != fail.Invalid {
		t.Error(err)
	}
}

func TestBlame(t *testing.T) {
	s := newStory(t)
	s.commit("begin", map[string]string{"a.txt": lines(300), "bin": "\x00\x01", ".env": "API_TOKEN=q7Zr1xW9pLk3Vt8sYb2N\n", "closed.txt": "x\n"})
	s.commit("change", map[string]string{"a.txt": lines(300, 5, 6, 250)}, "--author=Bob <b@example.com>")
	s.write(map[string]string{"a.txt": "not committed\n"})
	src := s.open("closed.txt")
	b, err := src.Blame(t.Context(), code.HistoryQuery{Path: "a.txt", First: 3, Last: 8})
	if err != nil {
		t.Fatal(err)
	}
	first, second := s.git("rev-parse", "main~1")[:10], s.git("rev-parse", "main")[:10]
	want := "lines 3-8 of 300 at " + second + `, 2 commits; of each span the first line is shown
L3-L4 ` + first + ` 2026-01-01 Ann: line 3
L5-L6 ` + second + ` 2026-01-02 Bob: line 5 changed
L7-L8 ` + first + ` 2026-01-01 Ann: line 7
commits:
` + first + ` begin
` + second + ` change
`
	if diff := cmp.Diff(want, show(b)); diff != "" {
		t.Error(diff)
	}
	// The whole file, in pages.
	q := code.HistoryQuery{Path: "a.txt"}
	at := 0
	for pages := 1; ; pages++ {
		b, err := src.Blame(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, sp := range b.Spans {
			if sp.First != at+1 {
				t.Errorf("a span begins at %d, the last ended at %d", sp.First, at)
			}
			at = sp.Last
		}
		if q.Cursor = b.Cursor; q.Cursor == "" {
			if pages != 2 || at != 300 {
				t.Errorf("%d pages end at %d", pages, at)
			}
			break
		}
		s.commit("meanwhile", nil)
	}
	env, err := src.Blame(t.Context(), code.HistoryQuery{Path: ".env"})
	if err != nil || strings.Contains(show(env), "q7Zr1") {
		t.Errorf("%s, %v", show(env), err)
	}
	old, err := src.Blame(t.Context(), code.HistoryQuery{Path: "a.txt", Range: "main~2"})
	if err == nil && len(old.Commits) == 0 {
		t.Error("no commits")
	}
	for path, want := range map[string]fail.Code{"": fail.Invalid, "none": fail.NotFound, "bin": fail.Unsupported, "closed.txt": fail.Denied, "../a": fail.Denied, ".": fail.Invalid} {
		if _, err := src.Blame(t.Context(), code.HistoryQuery{Path: path}); fail.From(err) == nil || fail.From(err).Code != want {
			t.Errorf("blame of %q: %v, want %s", path, err, want)
		}
	}
	for _, q := range []code.HistoryQuery{{Path: "a.txt", First: 301}, {Path: "a.txt", First: 9, Last: 8}, {Path: "a.txt", Range: "a..b"}, {Path: "a.txt", Cursor: "x"}} {
		if _, err := src.Blame(t.Context(), q); err == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestBranches(t *testing.T) {
	s := newStory(t)
	s.commit("begin", map[string]string{"a": "x\n"})
	s.git("branch", "feature/one")
	s.commit("second", nil)
	s.git("switch", "-q", "-c", "feature/two")
	s.commit("third", nil)
	s.commit("fourth", nil)
	s.git("update-ref", "refs/remotes/origin/main", "main")
	s.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	src := s.open()
	b, err := src.Branches(t.Context(), code.HistoryQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range b.Branches {
		got = append(got, fmt.Sprintf("%s +%d -%d %s %v", r.Name, r.Ahead, r.Behind, r.Subject, r.Remote))
	}
	want := []string{"feature/two +2 -0 fourth false", "main +0 -0 second false", "origin/main +0 -0 second true", "feature/one +0 -1 begin false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if b.Current != "feature/two" || b.Default != "origin/main" || len(b.Head) != 10 {
		t.Errorf("%+v", b)
	}
	var names []string
	q := code.HistoryQuery{Text: "FEATURE", Limit: 1}
	for {
		b, err := src.Branches(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Branches {
			names = append(names, r.Name)
		}
		if q.Cursor = b.Cursor; q.Cursor == "" {
			break
		}
	}
	if strings.Join(names, " ") != "feature/two feature/one" {
		t.Errorf("%q", names)
	}
	empty := newStory(t)
	none, err := empty.open().Branches(t.Context(), code.HistoryQuery{})
	if err != nil || len(none.Branches) != 0 || none.Current != "main" {
		t.Errorf("%+v, %v", none, err)
	}
}
