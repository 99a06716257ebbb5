package tree

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/fail"
)

const canary = "CANARY-7f3a"

func codeOf(err error) fail.Code {
	var e *fail.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// scene is a root with a secret beside it.
func scene(t *testing.T) (root, outside string) {
	t.Helper()
	top := t.TempDir()
	root = filepath.Join(top, "repo")
	write(t, top, map[string]string{
		"secret":           canary,
		"repo-evil/f":      canary,
		"repo/a.txt":       "alpha",
		"repo/sub/b.txt":   "beta",
		"repo/app/[id]/p":  "brackets",
		"repo/aux.c":       "a legal name here",
		"repo/sub/deep/":   "",
		"repo/.git/config": "x",
	})
	return root, top
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skipf("links cannot be made here: %v", err)
	}
}

func TestOpen(t *testing.T) {
	root, top := scene(t)
	link(t, "../secret", filepath.Join(root, "out"))
	link(t, filepath.Join(top, "secret"), filepath.Join(root, "outabs"))
	link(t, "../absent", filepath.Join(root, "outabsent"))
	link(t, "..", filepath.Join(root, "sub", "up"))
	link(t, "../..", filepath.Join(root, "sub", "upup"))
	link(t, "sub/b.txt", filepath.Join(root, "in"))
	link(t, filepath.Join(root, "sub"), filepath.Join(root, "inabs"))
	link(t, "in", filepath.Join(root, "in2"))
	link(t, "nowhere", filepath.Join(root, "dangling"))
	link(t, "loop", filepath.Join(root, "loop"))
	link(t, "sub/up/sub/up/a.txt", filepath.Join(root, "winding"))
	link(t, "../repo/a.txt", filepath.Join(root, "outandin"))
	link(t, "../repo-evil", filepath.Join(root, "evil"))
	alias := filepath.Join(top, "alias")
	link(t, root, alias)

	for _, where := range []string{root, alias} {
		r := open(t, where)
		for _, c := range []struct {
			path, want string // the content, or a code
			real       string // where it is, if not path
		}{
			{"a.txt", "alpha", ""},
			{"./sub//b.txt", "beta", "sub/b.txt"},
			{"sub/../a.txt", "alpha", "a.txt"},
			{"app/[id]/p", "brackets", ""},
			{"aux.c", "a legal name here", ""},
			{filepath.Join(root, "a.txt"), "alpha", "a.txt"},
			{where + "/sub/../a.txt", "alpha", "a.txt"},
			{"in", "beta", "sub/b.txt"},
			{"in2", "beta", "sub/b.txt"},
			{"inabs/b.txt", "beta", "sub/b.txt"},
			{"winding", "alpha", "a.txt"},
			{"sub/up/a.txt", "alpha", "a.txt"},
			{"sub", "invalid", ""},
			{".", "invalid", ""},
			{"sub/up", "invalid", ""},
			{"", "invalid", ""},
			{"absent", "not_found", ""},
			{"absent/x", "not_found", ""},
			{"a.txt/x", "not_found", ""},
			{"dangling", "not_found", ""},
			{"loop", "not_found", ""},
			{"out", "denied", ""},
			{"outabs", "denied", ""},
			{"outabsent", "denied", ""},
			{"outandin", "denied", ""},
			{"evil/f", "denied", ""},
			{"sub/upup/secret", "denied", ""},
			{"sub/upup/repo/a.txt", "denied", ""},
			{"../secret", "denied", ""},
			{"../absent", "denied", ""},
			{"a/../../secret", "denied", ""},
			{"..", "denied", ""},
			{"../repo-evil/f", "denied", ""},
			{"../repo/a.txt", "denied", ""},
			{root + "-evil/f", "denied", ""},
			{root + "/../secret", "denied", ""},
			{"/etc/passwd", "denied", ""},
			{"/", "denied", ""},
			{`C:\Windows\win.ini`, "denied", ""},
			{"c:/Windows/win.ini", "denied", ""},
			{`\\server\share\f`, "denied", ""},
			{"//server/share/f", "denied", ""},
			{`\\?\C:\f`, "denied", ""},
			{`..\secret`, "denied", ""},
			{`sub\..\..\secret`, "denied", ""},
			{"a.txt\x00.png", "denied", ""},
		} {
			f, err := r.Open(c.path)
			if err != nil {
				if got := string(codeOf(err)); got != c.want {
					t.Errorf("Open(%q) = %v, want %s", c.path, err, c.want)
				}
				continue
			}
			b, err := io.ReadAll(f)
			f.Close()
			if err != nil || string(b) != c.want {
				t.Errorf("Open(%q) reads %q, %v, want %s", c.path, b, err, c.want)
			}
			if real := c.real; real == "" && f.Path() != c.path || real != "" && f.Path() != real {
				t.Errorf("Open(%q).Path() = %q", c.path, f.Path())
			}
			if int(f.Stat().Size()) != len(b) {
				t.Errorf("Open(%q).Stat() says %d bytes of %d", c.path, f.Stat().Size(), len(b))
			}
		}
	}
}

// What is refused is refused in words that do not depend on what is there.
func TestDeniedTellsNothing(t *testing.T) {
	root, _ := scene(t)
	link(t, "../secret", filepath.Join(root, "l1"))
	link(t, "../absent", filepath.Join(root, "l2"))
	r := open(t, root)
	for _, pair := range [][2]string{{"../secret", "../absent"}, {"l1", "l2"}, {"l1/x", "l2/x"}} {
		var text [2]string
		for i, p := range pair {
			_, err := r.Open(p)
			text[i] = strings.ReplaceAll(fail.Show(err), p, "PATH")
			if strings.Contains(text[i], canary) || codeOf(err) != fail.Denied {
				t.Errorf("Open(%q) = %v", p, err)
			}
		}
		if text[0] != text[1] {
			t.Errorf("%q and %q are told apart:\n%s\n%s", pair[0], pair[1], text[0], text[1])
		}
	}
}

func TestOpenRootErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"f": ""})
	for path, want := range map[string]fail.Code{"absent": fail.NotFound, "f": fail.Invalid, "f/x": fail.NotFound} {
		if _, err := Open(filepath.Join(dir, path)); codeOf(err) != want {
			t.Errorf("Open(%q) = %v, want %s", path, err, want)
		}
	}
}

// A root whose path names something else, or nothing, fails: it does not move along.
func TestPinned(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, top, root string) error
	}{
		{"removed", func(t *testing.T, top, root string) error { return os.RemoveAll(root) }},
		{"removed and made again", func(t *testing.T, top, root string) error {
			defer write(t, top, map[string]string{"repo/a.txt": canary})
			return os.RemoveAll(root)
		}},
		{"renamed and made again", func(t *testing.T, top, root string) error {
			defer write(t, top, map[string]string{"repo/a.txt": canary})
			return os.Rename(root, root+"2")
		}},
		{"replaced by a link", func(t *testing.T, top, root string) error {
			if err := os.Rename(root, root+"2"); err != nil {
				return err
			}
			return os.Symlink(filepath.Join(top, "repo-evil"), root)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, top := scene(t)
			r := open(t, root)
			if err := c.change(t, top, root); err != nil {
				t.Skip(err)
			}
			if f, err := r.Open("a.txt"); codeOf(err) != fail.Unavailable {
				t.Errorf("Open = %v, %v, want unavailable", f, err)
			}
			_, err := r.Walk(t.Context(), WalkOptions{}, func(_ int, e *Entry) error {
				t.Errorf("visited %s", e.Path)
				return nil
			})
			if codeOf(err) != fail.Unavailable {
				t.Errorf("Walk = %v, want unavailable", err)
			}
		})
	}
}

// The link that was the root's path is turned elsewhere.
func TestPinnedThroughLink(t *testing.T) {
	root, top := scene(t)
	alias := filepath.Join(top, "alias")
	link(t, root, alias)
	r := open(t, alias)
	if err := os.Remove(alias); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(top, "repo-evil"), alias)
	if _, err := r.Open("f"); codeOf(err) != fail.Unavailable {
		t.Errorf("Open = %v, want unavailable", err)
	}
}

func TestClose(t *testing.T) {
	root, _ := scene(t)
	r := open(t, root)
	f, err := r.Open("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Open("a.txt"); codeOf(err) != fail.Unavailable {
		t.Errorf("Open after Close = %v", err)
	}
	if _, err := f.ReadAt(make([]byte, 5), 0); err != nil {
		t.Errorf("an open file does not outlive its root: %v", err)
	}
	if at, err := f.Seek(2, io.SeekStart); at != 2 || err != nil {
		t.Errorf("Seek = %d, %v", at, err)
	}
}

// FuzzRel: what Rel accepts is a clean path inside, and Rel leaves it as it is.
func FuzzRel(f *testing.F) {
	for _, s := range []string{"a/b", "../x", "/etc", "a/../../b", `a\..\..\b`, "C:/x", "./.", "a//b/", "…/x"} {
		f.Add(s)
	}
	dir := f.TempDir()
	r := open(f, dir)
	f.Fuzz(func(t *testing.T, name string) {
		rel, err := r.Rel(name)
		if err != nil {
			if c := codeOf(err); c != fail.Denied && c != fail.Invalid {
				t.Errorf("Rel(%q) = %v", name, err)
			}
			return
		}
		if !filepath.IsLocal(rel) {
			t.Errorf("Rel(%q) = %q, which is not inside", name, rel)
		}
		if again, err := r.Rel(rel); err != nil || again != rel {
			t.Errorf("Rel(%q) = %q, but Rel of that is %q, %v", name, rel, again, err)
		}
	})
}
