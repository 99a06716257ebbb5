package git_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/git"

	"github.com/google/go-cmp/cmp"
)

// oddNames are names of files that commands and their output do not take well.
func oddNames() []string {
	return []string{"-n", "--output=x", "a b", "a\nb", "ü", ":(top)x", "*.go", "a\tb\"c", `back\slash`, "$(touch pwn)", "missing",
		"\xff\xfe", " ", "'", "dir.x/y", "dir/y", "dir0/y", "100644 blob", "summary x", "filename x"}
}

// A past is a repository with a history of everything that happens to files, and its
// commits from the oldest to the newest.
type past struct {
	fixture
	commits []git.Hash
	trees   map[git.Hash]map[string]string // "mode hash" of each path
}

func newPast(t testing.TB, args ...string) *past {
	t.Helper()
	p := &past{fixture: newFixture(t, args...), trees: make(map[git.Hash]map[string]string)}
	digits := len(p.gitIn(t, "", "hash-object", "--stdin"))
	submodule := func(digit string) {
		p.git(t, "update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat(digit, digits)+",module")
	}
	step := func(message string) {
		p.gitIn(t, message, "commit", "-q", "--allow-empty", "-F", "-")
		p.commits = append(p.commits, git.Hash(p.git(t, "rev-parse", "HEAD")))
		p.env = append(p.env, fmt.Sprintf("GIT_COMMITTER_DATE=%d +0000", 1700000100+60*len(p.commits)))
	}
	add := func() { p.git(t, "add", "-A", ".", ":!module") }
	lines := func(from, to int) string {
		var b strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "line %d\n", i)
		}
		return b.String()
	}
	for i, name := range oddNames() {
		p.write(t, name, fmt.Sprintf("odd %d\n%s", i, lines(100*i, 100*i+20)))
	}
	p.write(t, "text.txt", lines(0, 50))
	p.write(t, "old/name.txt", lines(1000, 1040))
	p.write(t, "same-a", lines(2000, 2020))
	p.write(t, "binary", "\x00\x01\x02")
	p.write(t, "empty", "")
	p.write(t, "will-be-link", "text.txt")
	p.write(t, "last-line", "no line feed")
	add()
	submodule("1")
	step("first")

	for _, name := range oddNames() {
		p.write(t, name, lines(7, 9)+p.read(t, name)+"needle\n")
	}
	p.write(t, "binary", "\x00\x01\x02\x03")
	p.write(t, "added", "needle needle\n")
	if err := os.Chmod(p.dir+"/text.txt", 0o755); err != nil {
		t.Fatal(err)
	}
	add()
	submodule("2")
	step("second")

	p.git(t, "checkout", "-q", "-b", "side", "HEAD")
	p.write(t, "text.txt", lines(0, 25)+"side\n"+lines(25, 50))
	p.write(t, "only-on-side", "needle\n")
	add()
	step("on the side")
	p.git(t, "checkout", "-q", "main")

	p.write(t, "new/a\tname.txt", p.read(t, "old/name.txt")+"more\n")
	p.git(t, "rm", "-q", "old/name.txt")
	p.write(t, "copied", p.read(t, "same-a"))
	if err := os.Remove(p.dir + "/will-be-link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("text.txt", p.dir+"/will-be-link"); err != nil {
		t.Fatal(err)
	}
	add()
	step("renames, copies, types")

	p.git(t, "merge", "-q", "--no-ff", "--no-commit", "side")
	step("merge")

	p.git(t, "mv", "--", "new/a\tname.txt", "-final \"\xff.txt")
	p.git(t, "rm", "-q", "--", "-n", "added")
	p.git(t, "rm", "-q", "--cached", "module")
	p.write(t, "last-line", "no line feed\nneedle")
	add()
	step("the end")
	return p
}

func (p *past) read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(p.dir + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (p *past) last() git.Hash { return p.commits[len(p.commits)-1] }

// eachFormat runs test on a past of each object format that git has.
func eachFormat(t *testing.T, test func(t *testing.T, p *past)) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) { test(t, newPast(t, "--object-format="+format)) })
	}
}

// fields splits what git prints with -z.
func fields(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\x00"), "\x00")
}

// The oracle is git diff, which has the same facts in other forms.
func TestChangesAgreesWithGit(t *testing.T) {
	eachFormat(t, func(t *testing.T, p *past) {
		r := p.open(t)
		empty := p.gitIn(t, "", "hash-object", "-t", "tree", "--stdin")
		seen := make(map[git.Status]int)
		for _, from := range append([]git.Hash{""}, p.commits...) {
			for _, to := range p.commits {
				for _, renames := range []bool{false, true} {
					for _, path := range []string{"", "dir", "ü", "*.go"} {
						if path != "" && !renames {
							continue
						}
						got, more, err := r.Changes(t.Context(), from, to, git.ChangeOptions{Path: path, Renames: renames, Counts: true})
						if err != nil || more {
							t.Fatalf("Changes(%s, %s): %v, more = %v", from, to, err, more)
						}
						base := string(from)
						if base == "" {
							base = empty
						}
						args := []string{"--literal-pathspecs", "-c", "core.quotePath=false", "diff", "-z", "--no-renames", base, string(to), "--"}
						if renames {
							args[5] = "-M"
						}
						if path != "" {
							args = append(args, path)
						}
						with := func(option string) []string {
							args[4] = option
							return fields(p.git(t, append(args[:4:4], append([]string{"-z"}, args[4:]...)...)...))
						}
						if diff := cmp.Diff(scores(with("--name-status")), names(got)); diff != "" {
							t.Errorf("Changes(%s, %s, %q) (-git +got):\n%s", from, to, path, diff)
						}
						if diff := cmp.Diff(with("--numstat"), counts(got)); diff != "" {
							t.Errorf("Changes(%s, %s, %q): counts (-git +got):\n%s", from, to, path, diff)
						}
						for i, c := range got {
							seen[c.Status]++
							if i > 0 && got[i-1].Path >= c.Path {
								t.Errorf("Changes(%s, %s): %q after %q", from, to, c.Path, got[i-1].Path)
							}
							p.checkSide(t, to, c.Path, c.Kind, c.Hash)
							old := c.Old
							if old == "" {
								old = c.Path
							}
							p.checkSide(t, from, old, c.OldKind, c.OldHash)
						}
						for n := 1; n < len(got) && path == ""; n += 9 {
							page, more, err := r.Changes(t.Context(), from, to, git.ChangeOptions{Renames: renames, N: n, Counts: n%2 == 1})
							if err != nil || !more || len(page) != n || page[n-1].Path != got[n-1].Path {
								t.Errorf("Changes of %d: %d, more = %v, %v", n, len(page), more, err)
							} else if want := got[n-1].Added; n%2 == 1 && page[n-1].Added != want || n%2 == 0 && page[n-1].Added != -1 {
								t.Errorf("Changes of %d: counts %d, want %d", n, page[n-1].Added, want)
							}
						}
					}
				}
			}
		}
		for _, s := range []git.Status{git.Added, git.Deleted, git.Modified, git.Renamed, git.Retyped} {
			if seen[s] == 0 {
				t.Errorf("no change is of the status %s", s)
			}
		}
	})
}

// checkSide checks what a change says about one commit.
func (p *past) checkSide(t *testing.T, commit git.Hash, path string, kind git.Kind, hash git.Hash) {
	t.Helper()
	if hash == "" != (kind == "") {
		t.Errorf("%q at %s: kind %q, hash %q", path, commit, kind, hash)
	}
	mode, at, _ := strings.Cut(p.tree(t, commit)[path], " ")
	kinds := map[string]git.Kind{"": "", "100644": git.File, "100755": git.Executable, "120000": git.Symlink, "160000": git.Submodule}
	if want, ok := kinds[mode]; !ok || kind != want || string(hash) != at {
		t.Errorf("%q at %s: kind %q, hash %s; git has %s %s", path, commit, kind, hash, mode, at)
	}
}

// tree is what git says about all files of a commit; none if there is no commit.
func (p *past) tree(t testing.TB, commit git.Hash) map[string]string {
	t.Helper()
	if commit == "" || p.trees[commit] != nil {
		return p.trees[commit]
	}
	tree := make(map[string]string)
	for _, line := range fields(p.git(t, "ls-tree", "-r", "-z", string(commit))) {
		head, path, _ := strings.Cut(line, "\t")
		f := strings.Fields(head)
		tree[path] = f[0] + " " + f[2]
	}
	p.trees[commit] = tree
	return tree
}

func names(changes []git.Change) (out []string) {
	for _, c := range changes {
		letter := strings.ToUpper(string(c.Status[:1]))
		if c.Old != "" {
			out = append(out, letter+"nnn", c.Old, c.Path)
		} else {
			out = append(out, letter, c.Path)
		}
	}
	return out
}

// scores drops how alike git finds files.
func scores(names []string) []string {
	for i, s := range names {
		if len(s) == 4 && s[0] == 'R' && strings.Trim(s[1:], "0123456789") == "" {
			names[i] = "Rnnn"
		}
	}
	return names
}

func counts(changes []git.Change) (out []string) {
	number := func(n int) string {
		if n < 0 {
			return "-"
		}
		return strconv.Itoa(n)
	}
	for _, c := range changes {
		head := number(c.Added) + "\t" + number(c.Deleted) + "\t"
		if c.Old != "" {
			out = append(out, head, c.Old, c.Path)
		} else {
			out = append(out, head+c.Path)
		}
	}
	return out
}

func TestChangesBadInput(t *testing.T) {
	f := newFixture(t)
	f.write(t, "a", "a")
	h := f.commit(t, "x")
	r := f.open(t)
	for _, path := range []string{"../x", "/x", "a\x00b", "a/../b"} {
		if _, _, err := r.Changes(t.Context(), "", h, git.ChangeOptions{Path: path}); code(err) != fail.Invalid {
			t.Errorf("Changes of %q: %v", path, err)
		}
	}
	for _, bad := range []git.Hash{"HEAD", "--output=x", "-", h[:10], h + "~1"} {
		if _, _, err := r.Changes(t.Context(), bad, h, git.ChangeOptions{}); err == nil {
			t.Errorf("Changes takes %q for a hash", bad)
		}
		if _, _, err := r.Changes(t.Context(), h, bad, git.ChangeOptions{}); err == nil {
			t.Errorf("Changes takes %q for a hash", bad)
		}
	}
	absent := git.Hash(strings.Repeat("ab", 20))
	if _, _, err := r.Changes(t.Context(), h, absent, git.ChangeOptions{}); code(err) != fail.Unavailable {
		t.Errorf("Changes of an absent commit: %v", err)
	}
	if c, more, err := r.Changes(t.Context(), "", h, git.ChangeOptions{Path: "absent"}); len(c) != 0 || more || err != nil {
		t.Errorf("Changes of an absent path: %v, %v, %v", c, more, err)
	}
	if c, _, err := r.Changes(t.Context(), "", h, git.ChangeOptions{N: -1}); len(c) != 1 || err != nil || c[0].Added != -1 || c[0].Deleted != -1 {
		t.Errorf("Changes: %+v, %v", c, err)
	}
}

func TestRange(t *testing.T) {
	eachFormat(t, func(t *testing.T, p *past) {
		r := p.open(t)
		side, second, end := p.git(t, "rev-parse", "side"), p.commits[1], p.last()
		p.git(t, "branch", "before", string(p.commits[3]))
		for spec, want := range map[string]git.Range{
			"":               {To: end},
			"HEAD":           {To: end},
			"side":           {To: git.Hash(side)},
			"side..main":     {From: git.Hash(side), To: end},
			"before...side":  {From: second, To: git.Hash(side), Base: true},
			"..side":         {From: end, To: git.Hash(side)},
			"side..":         {From: git.Hash(side), To: end},
			"..":             {From: end, To: end},
			"...":            {From: end, To: end, Base: true},
			"before~1...":    {From: p.commits[1], To: end, Base: true},
			"HEAD~1^2..@":    {From: git.Hash(side), To: end},
			side[:12] + "..": {From: git.Hash(side), To: end},
		} {
			if got, err := r.Range(t.Context(), spec); got != want || err != nil {
				t.Errorf("Range(%q) = %+v, %v, want %+v", spec, got, err, want)
			}
		}
		for spec, want := range map[string]fail.Code{
			"mian": fail.NotFound, "mian..": fail.NotFound, "..mian": fail.NotFound, "side...mian": fail.NotFound,
			"a..b..c": fail.NotFound, "main..b..c": fail.Invalid, "....": fail.Invalid, "main....side": fail.Invalid, ".": fail.Invalid, "^main": fail.Invalid,
			"--output=x": fail.Invalid, "main..--all": fail.Invalid, "-..-": fail.Invalid, "main ..side": fail.Invalid, "main..\nside": fail.Invalid,
			"main..side:x": fail.Invalid, "@{1}..": fail.Invalid, "main..:/x": fail.Invalid, strings.Repeat("x", 1000) + "..": fail.Invalid,
		} {
			if got, err := r.Range(t.Context(), spec); code(err) != want || len(fail.Show(err)) > 600 {
				t.Errorf("Range(%q) = %+v, %v, want %s", spec, got, err, want)
			}
		}
		if _, err := r.Range(t.Context(), "main..mian"); !strings.Contains(fail.Show(err), `"main"`) {
			t.Errorf("Range names none that is near: %v", fail.Show(err))
		}

		// Every pair, against git.
		for _, a := range p.commits {
			for _, b := range p.commits {
				if got, err := r.MergeBase(t.Context(), a, b); string(got) != p.git(t, "merge-base", string(a), string(b)) || err != nil {
					t.Errorf("MergeBase(%s, %s): %s, %v", a, b, got, err)
				}
				ahead, behind, err := r.AheadBehind(t.Context(), a, b)
				if want := p.git(t, "rev-list", "--count", string(b), "^"+string(a)); strconv.Itoa(ahead) != want || err != nil {
					t.Errorf("AheadBehind(%s, %s): %d ahead, %v, want %s", a, b, ahead, err, want)
				}
				if want := p.git(t, "rev-list", "--count", string(a), "^"+string(b)); strconv.Itoa(behind) != want {
					t.Errorf("AheadBehind(%s, %s): %d behind, want %s", a, b, behind, want)
				}
			}
		}
		p.git(t, "checkout", "-q", "--orphan", "other")
		p.git(t, "commit", "-q", "-m", "unrelated")
		other := git.Hash(p.git(t, "rev-parse", "HEAD"))
		if _, err := r.MergeBase(t.Context(), end, other); code(err) != fail.NotFound {
			t.Errorf("MergeBase of unrelated histories: %v", err)
		}
		if _, err := r.Range(t.Context(), "main...other"); code(err) != fail.NotFound || !strings.Contains(err.Error(), "in common") {
			t.Errorf("Range of unrelated histories: %v", err)
		}
		for _, bad := range []git.Hash{"HEAD", "", "--all", "--octopus"} {
			if _, err := r.MergeBase(t.Context(), bad, end); err == nil {
				t.Errorf("MergeBase takes %q for a hash", bad)
			}
			if _, _, err := r.AheadBehind(t.Context(), end, bad); err == nil {
				t.Errorf("AheadBehind takes %q for a hash", bad)
			}
		}
		absent := git.Hash(strings.Repeat("ab", len(end)/2))
		if _, err := r.MergeBase(t.Context(), absent, end); code(err) != fail.Unavailable {
			t.Errorf("MergeBase of an absent commit: %v", err)
		}
		if _, _, err := r.AheadBehind(t.Context(), end, absent); code(err) != fail.Unavailable {
			t.Errorf("AheadBehind of an absent commit: %v", err)
		}
	})
}

func TestDefaultBranch(t *testing.T) {
	f := newFixture(t)
	r := f.open(t)
	if b, err := r.DefaultBranch(t.Context()); code(err) != fail.NotFound {
		t.Errorf("without commits: %+v, %v", b, err)
	}
	h := f.commit(t, "x")
	for _, step := range []struct{ do, want string }{
		{"checkout -q --detach", "refs/heads/main"},
		{"branch -m main master", "refs/heads/master"},
		{"branch main", "refs/heads/main"},
		{"update-ref refs/remotes/origin/trunk HEAD", "refs/heads/main"},
		{"symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/gone", "refs/heads/main"},
		{"symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/trunk", "refs/remotes/origin/trunk"},
		{"update-ref -d refs/remotes/origin/trunk", "refs/heads/main"},
		{"branch -D main master", "HEAD"},
		{"checkout -q -b work", "refs/heads/work"},
		{"update-ref refs/heads/main/x HEAD", "refs/heads/work"},
	} {
		f.git(t, strings.Fields(step.do)...)
		b, err := r.DefaultBranch(t.Context())
		if b.Name != step.want || b.Hash != h || b.Time.IsZero() || err != nil {
			t.Errorf("after git %s: %+v, %v, want %s", step.do, b, err, step.want)
		}
	}
	f.git(t, "update-ref", "-d", "refs/heads/main/x")
	f.git(t, "branch", "main")
	write(t, f.dir+"/.git/refs/remotes/origin/HEAD", "ref: refs/heads/../../config\n")
	if b, err := r.DefaultBranch(t.Context()); b.Name != "refs/heads/main" || err != nil {
		t.Errorf("with a bad origin/HEAD: %+v, %v", b, err)
	}
}
