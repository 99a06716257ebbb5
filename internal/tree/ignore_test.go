package tree

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// write makes files below dir, whose folders it makes too. A name that ends in a slash
// is a folder.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func open(t testing.TB, dir string) *Root {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// visited returns the sorted paths of a walk.
func visited(t testing.TB, r *Root, o WalkOptions) ([]string, WalkStats) {
	t.Helper()
	var mu sync.Mutex
	var got []string
	st, err := r.Walk(t.Context(), o, func(_ int, e *Entry) error {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, e.Path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	return got, st
}

func TestIgnoreRules(t *testing.T) {
	for _, c := range []struct {
		name   string
		ignore map[string]string
		files  string // those with a minus are ignored
	}{
		{"name anywhere", map[string]string{".gitignore": "foo"}, "-foo -a/foo -b/foo/x foobar"},
		{"folder only", map[string]string{".gitignore": "foo/"}, "foo -a/foo/x"},
		{"anchored", map[string]string{".gitignore": "/foo"}, "-foo a/foo"},
		{"inner slash anchors", map[string]string{".gitignore": "a/foo"}, "-a/foo b/a/foo"},
		{"negation", map[string]string{".gitignore": "*.log\n!keep.log"}, "-a.log keep.log -b/c.log"},
		{"order counts", map[string]string{".gitignore": "!keep.log\n*.log"}, "-keep.log"},
		{"parent excluded", map[string]string{".gitignore": "d/\n!d/keep"}, "-d/keep"},
		{"contents excluded", map[string]string{".gitignore": "d/*\n!d/keep"}, "d/keep -d/x"},
		{"star stops at slash", map[string]string{".gitignore": "a/*/x"}, "-a/b/x a/x a/b/c/x"},
		{"leading **", map[string]string{".gitignore": "**/a/x"}, "-a/x -b/a/x b/x"},
		{"trailing **", map[string]string{".gitignore": "a/**"}, "-a/x -a/b/c b/a"},
		{"inner **", map[string]string{".gitignore": "a/**/x"}, "-a/x -a/b/x -a/b/c/x ax"},
		{"comment and escape", map[string]string{".gitignore": "#a\n\\#b\n\\!c"}, "#a -#b -!c"},
		{"trailing space", map[string]string{".gitignore": "a  \nb\\ "}, "-a b -b\\s"},
		{"carriage return", map[string]string{".gitignore": "a\r\nb"}, "-a -b"},
		{"byte order mark", map[string]string{".gitignore": "\xef\xbb\xbfa"}, "-a"},
		{"class", map[string]string{".gitignore": "[a-c]1\n[!a-c]2\n[[:digit:]]x\n[]]y"}, "-a1 d1 a2 -d2 -5x ax -]y"},
		{"bad class", map[string]string{".gitignore": "[a\n[[:nope:]]\nx\\"}, "a [a x"},
		{"question mark", map[string]string{".gitignore": "a?c"}, "-abc ac abbc"},
		{"nested file wins", map[string]string{".gitignore": "*.txt", "sub/.gitignore": "!*.txt\n/only"}, "-a.txt sub/a.txt -sub/only only sub/x/only"},
		{"info exclude comes last", map[string]string{".git/info/exclude": "*.txt", ".gitignore": "!a.txt"}, "a.txt -b.txt"},
		{"ignore beats gitignore", map[string]string{".ignore": "!a.txt", "sub/.gitignore": "*.txt"}, "sub/a.txt -sub/b.txt"},
		{"nested repository", map[string]string{".gitignore": "*.txt", "sub/.git/HEAD": "x"}, "-a.txt sub/a.txt"},
		{"hidden files are files", map[string]string{}, ".github/workflows/ci.yml .env"},
		{"git folder", map[string]string{".git/config": "x", "sub/.git": "gitdir: x"}, "a sub/b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.ignore)
			var want []string
			for f := range strings.FieldsSeq(c.files) {
				f = strings.ReplaceAll(f, `\s`, " ")
				name, ignored := strings.CutPrefix(f, "-")
				write(t, dir, map[string]string{name: ""})
				if !ignored {
					want = append(want, name)
				}
			}
			got, _ := visited(t, open(t, dir), WalkOptions{})
			got = slices.DeleteFunc(got, func(p string) bool {
				return strings.HasSuffix(p, ".gitignore") || strings.HasSuffix(p, ".ignore")
			})
			slices.Sort(want)
			if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("files (-want +got):\n%s", d)
			}
		})
	}
}

func TestUserIgnoreFile(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	write(t, dir, map[string]string{"a.swp": "", "b.swp": "", "c": "", ".gitignore": "!b.swp"})
	write(t, home, map[string]string{"git/ignore": "*.swp\n"})
	t.Setenv("XDG_CONFIG_HOME", home)
	r := open(t, dir)
	if err := r.UseIgnoreFile(UserIgnoreFile()); err != nil {
		t.Fatal(err)
	}
	got, _ := visited(t, r, WalkOptions{})
	if d := cmp.Diff([]string{".gitignore", "b.swp", "c"}, got); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	if err := r.UseIgnoreFile(filepath.Join(home, "absent")); err != nil {
		t.Errorf("an absent file: %v", err)
	}
}

// TestAsGitIgnores makes random trees with random ignore files and compares a walk with
// what git says.
func TestAsGitIgnores(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	rounds := 120
	if testing.Short() {
		rounds = 15
	}
	seed := rand.Uint64()
	for i := range rounds {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		dir := t.TempDir()
		run := func(stdin []byte, args ...string) []byte {
			cmd := exec.Command(git, append([]string{"-C", dir}, args...)...)
			cmd.Env = []string{"HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "PATH=" + os.Getenv("PATH")}
			cmd.Stdin = bytes.NewReader(stdin)
			out, err := cmd.Output()
			if err != nil && cmd.ProcessState.ExitCode() != 1 {
				t.Fatalf("git %s: %v", args, err)
			}
			return out
		}
		run(nil, "init", "-q")
		ignores := map[string]string{".gitignore": randomRules(rnd)}
		if rnd.IntN(2) == 0 {
			ignores[".git/info/exclude"] = randomRules(rnd)
		}
		files := make(map[string]string)
		for range 60 {
			name := randomName(rnd)
			for range rnd.IntN(4) {
				name = randomName(rnd) + "/" + name
			}
			files[name] = ""
		}
		var all []string
		for name := range files {
			path := filepath.Join(dir, name)
			// A name may be a file here and a folder there: the first one wins.
			if os.MkdirAll(filepath.Dir(path), 0o755) != nil || os.WriteFile(path, nil, 0o644) != nil {
				continue
			}
			if rnd.IntN(8) == 0 && strings.Contains(name, "/") {
				sub := filepath.Dir(name) + "/.gitignore"
				ignores[sub] = randomRules(rnd)
			}
		}
		write(t, dir, ignores)
		err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if e.Name() == ".git" {
				return fs.SkipDir
			}
			if e.Type().IsRegular() {
				rel, _ := filepath.Rel(dir, p)
				all = append(all, rel)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		out := run([]byte(strings.Join(all, "\x00")+"\x00"), "check-ignore", "--no-index", "--stdin", "-z")
		gone := strings.Split(string(out), "\x00")
		want := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return slices.Contains(gone, p) })
		got, _ := visited(t, open(t, dir), WalkOptions{})
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("seed %d round %d, ignore files %q (-git +got):\n%s", seed, i, ignores, d)
		}
	}
}

func randomName(r *rand.Rand) string {
	names := []string{"a", "b", "c", "ab", "abc", "a.o", "b.o", "foo", "foo.txt", "x-y", "A", "a b", "#x", "!y", "d]", "1", "_"}
	return names[r.IntN(len(names))]
}

func randomRules(r *rand.Rand) string {
	parts := []string{"a", "b", "c", "o", "foo", ".", "*", "**", "?", "/", "/", "**/", "/**", "[a-c]", "[!a]", "[[:alpha:]]",
		"[]d]", "[^b-", `\a`, `\*`, `\`, " ", "x-y", "*.o", "d]", "[a\\-c]", "***"}
	var b strings.Builder
	for range 1 + r.IntN(6) {
		switch r.IntN(8) {
		case 0:
			b.WriteString("!")
		case 1:
			b.WriteString("/")
		case 2:
			b.WriteString("#")
		}
		for range 1 + r.IntN(4) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		if r.IntN(5) == 0 {
			b.WriteString("/")
		}
		if r.IntN(6) == 0 {
			b.WriteString(" ")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// FuzzIgnore: no ignore file and no path makes the matcher panic or take long, and a
// file of one plain line ignores that name.
func FuzzIgnore(f *testing.F) {
	f.Add("*.log\n!a/**/b\n[a-z]?", "a/b/c.log")
	f.Add("**/**/**/*a*a*a*b", strings.Repeat("a/", 50)+"a")
	f.Fuzz(func(t *testing.T, rules, path string) {
		l := parseIgnore([]byte(rules))
		name := path[strings.LastIndexByte(path, '/')+1:]
		for _, dir := range []bool{false, true} {
			if v := l.verdict(path, name, dir); v > kept {
				t.Errorf("verdict %d", v)
			}
		}
		if name != "" && !strings.ContainsAny(name, "\\*?[!# \r\n\x00") {
			if v := parseIgnore([]byte(name)).verdict(path, name, false); v != ignored && !strings.HasPrefix(name, "\xef\xbb\xbf") {
				t.Errorf("%q does not ignore itself", name)
			}
		}
	})
}

// FuzzGlob: matching agrees with a plain recursive matcher.
func FuzzGlob(f *testing.F) {
	f.Add("a/**/b*c", "a/x/y/bzc")
	f.Add("**/*", "x")
	f.Add("*a*b", "aab")
	f.Fuzz(func(t *testing.T, p, s string) {
		if len(p) > 12 || len(s) > 16 {
			return
		}
		g := compileGlob(p, false)
		if got, want := g.match(s), slowMatch(g.toks, s); got != want {
			t.Errorf("%q on %q: got %v, want %v (%s)", p, s, got, want, fmt.Sprint(g.toks))
		}
	})
}

func slowMatch(toks []token, s string) bool {
	if len(toks) == 0 {
		return s == ""
	}
	tok, rest := toks[0], toks[1:]
	switch tok.kind {
	case tokLit:
		return strings.HasPrefix(s, tok.lit) && slowMatch(rest, s[len(tok.lit):])
	case tokAny:
		return s != "" && s[0] != '/' && slowMatch(rest, s[1:])
	case tokClass:
		return s != "" && s[0] != '/' && tok.set.has(s[0]) && slowMatch(rest, s[1:])
	case tokStar:
		return slowMatch(rest, s) || s != "" && s[0] != '/' && slowMatch(toks, s[1:])
	case tokDeep:
		if slowMatch(rest, s) {
			return true
		}
		i := strings.IndexByte(s, '/')
		return i >= 0 && slowMatch(toks, s[i+1:])
	case tokAll:
		return true
	}
	return false
}
