package snapshot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/scan"
	"cleat/internal/snapshot"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// run runs git in dir and returns what it prints.
func run(t testing.TB, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil && !(args[0] == "grep" && out.Len() == 0) {
		t.Fatalf("git %v: %v\n%s", args, err, complaint.String())
	}
	return out.String()
}

// commit makes a bare repository with one commit of the files, by fast-import. A name that
// ends in "@" is a link; "NAME=" is a submodule.
func commit(t testing.TB, files map[string]string) (*git.Repo, git.Hash, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "r.git")
	run(t, "", "", "init", "-q", "--bare", dir)
	var b strings.Builder
	b.WriteString("commit refs/heads/main\ncommitter A <a@b.c> 1700000000 +0000\ndata 1\nx\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data := files[name]
		switch {
		case strings.HasSuffix(name, "="):
			fmt.Fprintf(&b, "M 160000 %s %s\n", strings.Repeat("1", 40), strings.TrimSuffix(name, "="))
			continue
		case strings.HasSuffix(name, "@"):
			fmt.Fprintf(&b, "M 120000 inline %s\n", strings.TrimSuffix(name, "@"))
		default:
			fmt.Fprintf(&b, "M 100644 inline %s\n", name)
		}
		fmt.Fprintf(&b, "data %d\n%s\n", len(data), data)
	}
	run(t, dir, b.String(), "fast-import", "--quiet")
	repo, err := git.Open(dir, git.Options{Bare: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := repo.Close(); err != nil {
			t.Error(err)
		}
	})
	hash, err := repo.Resolve(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	return repo, hash, dir
}

// contents walks files and returns what is in them, or the error of reading them.
func contents(t *testing.T, files tree.Files, o tree.WalkOptions) (map[string]string, tree.WalkStats) {
	t.Helper()
	var mu sync.Mutex
	out := make(map[string]string)
	bufs := make([][]byte, tree.MaxWorkers)
	st, err := files.Walk(t.Context(), o, func(w int, e *tree.Entry) error {
		data, err := e.Read(bufs[w], 8<<20)
		text := string(data)
		if err != nil {
			text = "error: " + err.Error()
		} else {
			bufs[w] = data
		}
		mu.Lock()
		defer mu.Unlock()
		if _, ok := out[e.Path]; ok {
			t.Errorf("%s is visited twice", e.Path)
		}
		out[e.Path] = text
		return nil
	})
	if err != nil || st.Pending != "" || st.Files != len(out) {
		t.Errorf("%d files, %+v, %v", len(out), st, err)
	}
	return out, st
}

// mixed are files of all kinds, many enough for several workers.
func mixed() map[string]string {
	files := map[string]string{
		".gitignore": "*.log\n", "x.log": "needle in what is ignored\n", "bin.dat": "needle\x00\n", "u16.txt": "\xff\xfen\x00e\x00e\x00d\x00l\x00e\x00\n\x00",
		"empty": "", "big.txt": strings.Repeat("a long line of hay and then a needle"+strings.Repeat(" ", 60)+"\n", 30_000), "large.bin": strings.Repeat("\x00needle\n", 400_000),
		"a b/sp ace.txt": "needle\n", "latin\xff.txt": "needle\n", "dir/deep/er/f.go": "needle\n", "dir.go": "no\n", "dir-x/f.go": "a needle\n",
		"crlf.txt": "needle\r\nx\r\n", "link@": "dir.go", "sub=": "", "no-newline": "needle",
	}
	for i := range 900 {
		ext := []string{"go", "txt", "md"}[i%3]
		files[fmt.Sprintf("many/d%02d/f%03d.%s", i%17, i, ext)] = strings.Repeat("hay\n", i%50) + []string{"needle", "pin", ""}[i%3] + fmt.Sprint(i) + "\n"
	}
	return files
}

// A commit has the files and the bytes of a checkout of it.
func TestIsCheckout(t *testing.T) {
	repo, hash, dir := commit(t, mixed())
	out := t.TempDir()
	run(t, dir, "", "--work-tree="+out, "checkout", "-q", "main", "--", ".")
	root, err := tree.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	files := snapshot.New(repo, hash)
	for _, o := range []tree.WalkOptions{
		{}, {Workers: 1}, {Workers: 8}, {Paths: []string{"many/d03", "*.txt", "!many/d0*/f00*"}}, {From: "many/d05"}, {Paths: []string{"big.txt"}},
		{Paths: []string{"*.GO"}, IgnoreCase: true}, {Deny: func(p string) bool { return p == "many/d03" || strings.HasSuffix(p, "7.go") }},
	} {
		got, st := contents(t, files, o)
		o.NoIgnore = true
		want, wst := contents(t, root, o)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%+v (-checkout +commit):\n%.2000s", o, d)
		}
		if st.Denied != wst.Denied {
			t.Errorf("%+v: %d denied, want %d", o, st.Denied, wst.Denied)
		}
	}
	if _, st := contents(t, files, tree.WalkOptions{}); st.Special != 2 {
		t.Errorf("%d special files, want the link and the submodule", st.Special)
	}
}

// Files of a folder are those of the commit below it.
func TestIn(t *testing.T) {
	repo, hash, _ := commit(t, map[string]string{"a.txt": "outside", "sub/b.txt": "b", "sub/in/c.txt": "c", "sub-x/d": "outside"})
	sub := snapshot.New(repo, hash).In("sub", filepath.FromSlash("/srv/sub"))
	got, _ := contents(t, sub, tree.WalkOptions{})
	if d := cmp.Diff(map[string]string{"b.txt": "b", "in/c.txt": "c"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	got, _ = contents(t, sub, tree.WalkOptions{Paths: []string{filepath.FromSlash("/srv/sub/in")}})
	if d := cmp.Diff(map[string]string{"in/c.txt": "c"}, got); d != "" {
		t.Errorf("an absolute path (-want +got):\n%s", d)
	}
	for _, p := range []string{"../a.txt", filepath.FromSlash("/srv/a.txt"), "sub/../../a.txt"} {
		if _, err := sub.Walk(t.Context(), tree.WalkOptions{Paths: []string{p}}, nil); fail.From(err).Code != fail.Denied {
			t.Errorf("path %q: %v", p, err)
		}
	}
	if got, _ := contents(t, snapshot.New(repo, hash).In("absent", ""), tree.WalkOptions{}); len(got) > 0 {
		t.Errorf("a folder that is not there has %q", got)
	}
}

// A search finds what git grep finds at the commit.
func TestIsGitGrep(t *testing.T) {
	repo, hash, dir := commit(t, mixed())
	files := snapshot.New(repo, hash)
	for _, c := range []struct {
		q    code.Query
		args []string
	}{
		{code.Query{Pattern: "needle", Limit: 100_000, Paths: []string{"!u16.txt", "!bin.dat", "!large.bin"}}, []string{"-F", "-e", "needle"}},
		{code.Query{Pattern: "pin[0-9]*1$", Mode: code.Regex}, []string{"-E", "-e", "pin[0-9]*1$"}},
		{code.Query{Pattern: "NEEDLE", Case: code.Ignore, Paths: []string{"many/d04"}}, []string{"-F", "-i", "-e", "NEEDLE", "main", "--", "many/d04"}},
		{code.Query{Pattern: "absent"}, []string{"-F", "-e", "absent"}},
	} {
		m, err := scan.Compile(c.q)
		if err != nil {
			t.Fatal(err)
		}
		res, err := scan.Run(t.Context(), files, m, scan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range res.Files {
			for _, l := range f.Lines {
				if l.Match {
					got = append(got, fmt.Sprintf("%s:%d", f.Path, l.Number))
				}
			}
		}
		args := append([]string{"grep", "-n", "-I", "-z"}, c.args...)
		if !slices.Contains(args, "main") {
			args = append(args, "main")
		}
		var want []string
		for line := range strings.Lines(run(t, dir, "", args...)) {
			path, rest, _ := strings.Cut(strings.TrimPrefix(line, "main:"), "\x00")
			number, _, _ := strings.Cut(rest, "\x00")
			want = append(want, path+":"+number)
		}
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%+v (-git +scan):\n%.2000s", c.q, d)
		}
	}
}

// However early a walk ends, all that sorts before Pending was visited.
func TestPending(t *testing.T) {
	repo, hash, _ := commit(t, mixed())
	files := snapshot.New(repo, hash)
	var all []string
	if err := files.Paths(t.Context(), func(p string) bool { all = append(all, p); return true }); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("enough")
	for _, stopAt := range []int64{1, 5, 9, 73, 250, 900} {
		for _, how := range []string{"cancel", "stopped", "fail", "panic"} {
			ctx, cancel := context.WithCancel(t.Context())
			var mu sync.Mutex
			seen := make(map[string]bool)
			var n atomic.Int64
			st, err := files.Walk(ctx, tree.WalkOptions{}, func(_ int, e *tree.Entry) error {
				if n.Load()%2 == 0 {
					if _, err := e.Read(nil, 1<<20); err != nil && ctx.Err() == nil && !errors.Is(err, tree.ErrBinary) && !errors.Is(err, tree.ErrTooLarge) {
						return err
					}
				}
				if n.Add(1) == stopAt {
					switch how {
					case "fail":
						return boom
					case "panic":
						panic("boom")
					case "stopped":
						cancel()
						return tree.ErrStopped
					}
					cancel()
				}
				mu.Lock()
				defer mu.Unlock()
				seen[e.Path] = true
				return nil
			})
			cancel()
			switch {
			case how == "fail" && !errors.Is(err, boom), how == "panic" && (err == nil || !strings.Contains(err.Error(), "boom")),
				(how == "cancel" || how == "stopped") && !errors.Is(err, context.Canceled):
				t.Errorf("%s at file %d: the walk ended with %v", how, stopAt, err)
			}
			if st.Pending == "" && len(seen) < len(all) {
				t.Errorf("%s at file %d: %d of %d files seen, nothing is pending", how, stopAt, len(seen), len(all))
			}
			for _, p := range all {
				if (st.Pending == "" || p < st.Pending) && !seen[p] {
					t.Errorf("%s at file %d: %s is before %q and was not visited", how, stopAt, p, st.Pending)
				}
			}
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(boom)
	st, err := files.Walk(ctx, tree.WalkOptions{}, func(int, *tree.Entry) error { t.Error("visited"); return nil })
	if !errors.Is(err, boom) || st.Pending != "\x00" {
		t.Errorf("after the end: %+v, %v", st, err)
	}
}

// Until ends a walk without a gap.
func TestUntil(t *testing.T) {
	repo, hash, _ := commit(t, mixed())
	got, st := contents(t, snapshot.New(repo, hash), tree.WalkOptions{Until: func() string { return "dir.go" }})
	for p := range got {
		if p > "dir.go" {
			t.Errorf("%s is beyond", p)
		}
	}
	if _, ok := got["dir.go"]; !ok || st.Pending != "" {
		t.Errorf("%d files, %+v", len(got), st)
	}
}

// A file whose object is missing is unreadable, and the others are read.
func TestMissingObject(t *testing.T) {
	repo, hash, dir := commit(t, map[string]string{"a.txt": "a\n", "b.txt": "gone\n", "c.txt": "c\n"})
	run(t, dir, "", "config", "transfer.unpackLimit", "100")
	packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs { // loose objects are easier to lose
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{p, strings.TrimSuffix(p, ".pack") + ".idx"} {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		run(t, dir, string(data), "unpack-objects", "-q")
	}
	lost := strings.TrimSpace(run(t, dir, "gone\n", "hash-object", "--stdin"))
	if err := os.Remove(filepath.Join(dir, "objects", lost[:2], lost[2:])); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	got, _ := contents(t, snapshot.New(repo, hash), tree.WalkOptions{})
	want := map[string]string{"a.txt": "a\n", "b.txt": "error: " + snapshot.ErrAbsent.Error(), "c.txt": "c\n"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Names that could not be checked out are not there, and a path named .git is refused.
func TestHostileTree(t *testing.T) {
	repo, _, dir := commit(t, map[string]string{"a.txt": "a"})
	blob := strings.TrimSpace(run(t, dir, "evil", "hash-object", "-w", "--stdin"))
	sub := strings.TrimSpace(run(t, dir, "100644 blob "+blob+"\tconfig\x00", "mktree", "-z"))
	top := strings.TrimSpace(run(t, dir, "040000 tree "+sub+"\t..\x00040000 tree "+sub+"\t.git\x00040000 tree "+sub+"\t.GIT\x00100644 blob "+blob+"\tok\nname\x00100644 blob "+blob+"\t.\x00", "mktree", "-z"))
	hash := strings.TrimSpace(run(t, dir, "", "commit-tree", "-m", "x", top))
	files := snapshot.New(repo, git.Hash(hash))
	got, _ := contents(t, files, tree.WalkOptions{})
	if d := cmp.Diff(map[string]string{"ok\nname": "evil"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, p := range []string{".git", ".git/config", "..", "../config"} {
		if _, err := files.Walk(t.Context(), tree.WalkOptions{Paths: []string{p}}, nil); fail.From(err).Code != fail.Denied {
			t.Errorf("path %q: %v", p, err)
		}
	}
}
