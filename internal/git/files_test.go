package git_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/git"

	"github.com/google/go-cmp/cmp"
)

// walkTree lists what is below dir by reading one tree after the other.
func walkTree(t *testing.T, r *git.Repo, commit git.Hash, dir string) (files []git.TreeFile) {
	t.Helper()
	entries, err := r.Tree(t.Context(), commit, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := strings.TrimPrefix(dir+"/"+e.Name, "/")
		if e.Kind == git.Dir {
			files = append(files, walkTree(t, r, commit, path)...)
			continue
		}
		b, err := r.Blob(t.Context(), commit, path, 0)
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == git.Submodule {
			b.Size = -1
		}
		files = append(files, git.TreeFile{Path: path, Kind: e.Kind, Hash: e.Hash, Size: b.Size})
	}
	return files
}

func list(t *testing.T, r *git.Repo, commit git.Hash, dir string) (files []git.TreeFile) {
	t.Helper()
	if err := r.Files(t.Context(), commit, dir, func(f git.TreeFile) error { files = append(files, f); return nil }); err != nil {
		t.Errorf("Files(%q): %v", dir, err)
	}
	return files
}

func TestFiles(t *testing.T) {
	eachFormat(t, func(t *testing.T, p *past) {
		r := p.open(t)
		for _, commit := range p.commits {
			for _, dir := range []string{"", "dir", "dir.x"} {
				want := walkTree(t, r, commit, dir)
				slices.SortFunc(want, func(a, b git.TreeFile) int { return strings.Compare(a.Path, b.Path) })
				if diff := cmp.Diff(want, list(t, r, commit, dir)); diff != "" || len(want) == 0 {
					t.Errorf("Files(%s, %q) (-want +got):\n%s", commit, dir, diff)
				}
			}
		}
		if got := list(t, r, p.last(), "./dir//"); len(got) != 1 || got[0].Path != "dir/y" {
			t.Errorf("Files of ./dir//: %v", got)
		}
		for dir, want := range map[string]fail.Code{"absent": fail.NotFound, "text.txt": fail.Invalid, "../x": fail.Invalid, "/": fail.Invalid,
			"d*": fail.NotFound, ":(glob)d*": fail.NotFound, "--": fail.NotFound, "a\x00": fail.Invalid, "will-be-link/x": fail.NotFound} {
			if err := r.Files(t.Context(), p.last(), dir, func(git.TreeFile) error { return nil }); code(err) != want {
				t.Errorf("Files(%q): %v, want %s", dir, err, want)
			}
		}
		for _, bad := range []git.Hash{"HEAD", "", "-r", "--full-tree"} {
			if err := r.Files(t.Context(), bad, "", func(git.TreeFile) error { return nil }); err == nil {
				t.Errorf("Files takes %q for a hash", bad)
			}
		}
		mine := errors.New("mine")
		for _, tt := range []struct{ give, want error }{{git.ErrStop, nil}, {fmt.Errorf("x: %w", git.ErrStop), nil}, {mine, mine}} {
			n := 0
			err := r.Files(t.Context(), p.last(), "", func(git.TreeFile) error {
				if n++; n == 3 {
					return tt.give
				}
				return nil
			})
			if n != 3 || !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("Files with %v from the third call: %v after %d", tt.give, err, n)
			}
		}
	})
}

// Trees that no git makes: nothing is listed out of order, and no end is no trouble.
func TestFilesOfHostileTrees(t *testing.T) {
	f := newFixture(t)
	hash := func(s string) (raw string) {
		for i := 0; i < len(s); i += 2 {
			var b byte
			if _, err := fmt.Sscanf(s[i:i+2], "%02x", &b); err != nil {
				t.Fatal(err)
			}
			raw += string([]byte{b})
		}
		return raw
	}
	blob := hash(f.gitIn(t, "x", "hash-object", "-w", "--stdin"))
	tree := func(raw string) string {
		return f.gitIn(t, raw, "hash-object", "-w", "-t", "tree", "--stdin", "--literally")
	}
	commit := func(tree string) git.Hash {
		return git.Hash(f.gitIn(t, "tree "+tree+"\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n", "hash-object", "-w", "-t", "commit", "--stdin"))
	}
	r := f.open(t)
	none := func(git.TreeFile) error { return nil }
	for name, raw := range map[string]string{
		"out of order": "100644 b\x00" + blob + "100644 a\x00" + blob,
		"twice":        "100644 a\x00" + blob + "100644 a\x00" + blob,
		"a blob twice": "100644 a\x00" + blob + "40000 a\x00" + hash(tree("100644 x\x00"+blob)) + "100644 a\x00" + blob,
		"a long name":  "100644 " + strings.Repeat("n", 70<<10) + "\x00" + blob,
	} {
		if err := r.Files(t.Context(), commit(tree(raw)), "", none); code(err) != fail.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, raw := range map[string]string{"short": "100644 a\x00short", "no mode": "x", "a missing tree": "40000 a\x00" + strings.Repeat("\x12", 20)} {
		if err := r.Files(t.Context(), commit(tree(raw)), "", none); code(err) != fail.Unavailable && code(err) != fail.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	odd := list(t, r, commit(tree("100644 ..\x00"+blob+"100644 .git\x00"+blob+"100644 missing\x00"+strings.Repeat("\x12", 20))), "")
	if len(odd) != 3 || odd[0].Path != ".." || odd[0].Size != 1 || odd[2].Size != -1 {
		t.Errorf("odd names: %+v", odd)
	}

	// 10 to the 40 files.
	h := tree("100644 x\x00" + blob)
	for range 40 {
		raw := ""
		for i := range 10 {
			raw += fmt.Sprintf("40000 d%d\x00%s", i, hash(h))
		}
		h = tree(raw)
	}
	n := 0
	err := r.Files(t.Context(), commit(h), "", func(git.TreeFile) error {
		if n++; n == 50_000 {
			return git.ErrStop
		}
		return nil
	})
	if n != 50_000 || err != nil {
		t.Errorf("endless: %d files, %v", n, err)
	}
}

func TestReader(t *testing.T) {
	eachFormat(t, func(t *testing.T, p *past) {
		r := open(t, p.dir, git.Options{Env: p.env, MaxObject: 100_000})
		p.write(t, "large", strings.Repeat("x", 100_001))
		p.write(t, "full", strings.Repeat("y", 100_000))
		p.git(t, "add", "large", "full")
		p.git(t, "commit", "-q", "-m", "x")
		commit := git.Hash(p.git(t, "rev-parse", "HEAD"))
		missing := git.Hash(strings.Repeat("ab", len(commit)/2))
		var ids []git.Hash
		var want []string
		for _, f := range list(t, r, commit, "") {
			if f.Kind == git.Submodule {
				continue
			}
			content := "not there"
			if f.Path != "large" {
				b, err := r.Blob(t.Context(), commit, f.Path, 0)
				if err != nil {
					t.Fatal(err)
				}
				content = "there: " + string(b.Data)
				if got := r.HashBlob(b.Data); got != f.Hash {
					t.Errorf("HashBlob of %q: %s, want %s", f.Path, got, f.Hash)
				}
			}
			ids, want = append(ids, f.Hash, missing, commit), append(want, content, "not there", "not there")
		}
		if !slices.Contains(want, "there: ") || !slices.Contains(want, "not there") {
			t.Fatal("neither an empty blob nor a large one")
		}
		d := r.Reader()
		for range 3 {
			var got []string
			err := d.Blobs(t.Context(), ids, func(i int, data []byte) error {
				if i != len(got) {
					t.Fatalf("index %d after %d", i, len(got)-1)
				}
				if data == nil {
					got = append(got, "not there")
				} else {
					got = append(got, "there: "+string(data))
				}
				return nil
			})
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("Blobs: %v (-want +got):\n%s", err, diff)
			}
		}
		mine := errors.New("mine")
		for _, tt := range []struct{ give, want error }{{git.ErrStop, nil}, {mine, mine}} {
			n := 0
			err := d.Blobs(t.Context(), slices.Repeat(ids, 50), func(i int, data []byte) error {
				if n++; n == 3 {
					return tt.give
				}
				return nil
			})
			if n != 3 || !errors.Is(err, tt.want) || tt.want == nil && err != nil {
				t.Errorf("Blobs with %v from the third call: %v after %d", tt.give, err, n)
			}
		}
		if err := d.Blobs(t.Context(), nil, nil); err != nil {
			t.Errorf("Blobs of nothing: %v", err)
		}
		for _, bad := range []git.Hash{"HEAD", "", "x\ny", commit + "\n"} {
			if err := d.Blobs(t.Context(), []git.Hash{bad}, func(int, []byte) error { return nil }); err == nil {
				t.Errorf("Blobs takes %q for a hash", bad)
			}
		}
		for range 2 {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := d.Blobs(t.Context(), ids, func(int, []byte) error { return nil }); err == nil {
			t.Error("Blobs of a closed Reader")
		}
	})
}

func TestHashBlob(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		f := newFixture(t, "--object-format="+format)
		r := f.open(t)
		for _, s := range []string{"", "x", "x\n", "\x00\xff", strings.Repeat("long\r\n", 100_000)} {
			if got, want := r.HashBlob([]byte(s)), f.gitIn(t, s, "hash-object", "--stdin"); string(got) != want {
				t.Errorf("HashBlob(%.20q) = %s, want %s", s, got, want)
			}
		}
	}
}
