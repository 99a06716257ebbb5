package git_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/git"

	"github.com/google/go-cmp/cmp"
)

func TestResolve(t *testing.T) {
	f := newFixture(t)
	first := f.commit(t, "first")
	f.write(t, "a.txt", "a")
	second := f.commit(t, "second")
	f.git(t, "tag", "v1.0", string(first))
	f.git(t, "tag", "-a", "-m", "notes", "v2.0", string(second))
	f.git(t, "tag", "blob", string(second)+":a.txt")
	f.git(t, "branch", "feature/Größe", string(first))
	f.git(t, "update-ref", "refs/heads/--output=x", string(first))
	f.git(t, "update-ref", "refs/remotes/origin/main", string(first))
	f.git(t, "tag", "a.txt", string(first)) // named like a file
	r := f.open(t)

	for rev, want := range map[string]git.Hash{
		"HEAD": second, "@": second, "main": second, "heads/main": second, "refs/heads/main": second,
		"v1.0": first, "v2.0": second, "v2.0^{}": second, "v2.0^{commit}": second, "a.txt": first,
		"HEAD~": first, "HEAD~1": first, "HEAD^": first, "@^1": first, "main~1^0": first, "v2.0^{}~1^{commit}": first,
		"origin/main": first, "feature/Größe": first, "refs/heads/--output=x": first, "heads/--output=x": first,
		string(second): second, string(second)[:7]: second, strings.ToUpper(string(second)): second,
	} {
		if got, err := r.Resolve(t.Context(), rev); got != want || err != nil {
			t.Errorf("Resolve(%q) = %s, %v, want %s", rev, got, err, want)
		}
	}
	for _, tt := range []struct {
		rev  string
		want fail.Code
		next string
	}{
		{"mian", fail.NotFound, `"main"`},
		{"MAIN", fail.NotFound, `"main"`},
		{"v1", fail.NotFound, `"v1.0"`},
		{"größe", fail.NotFound, ""},
		{"feature", fail.NotFound, `"feature/Größe"`},
		{"nothing-like-it", fail.NotFound, ""},
		{"blob", fail.NotFound, ""}, // a tag, but not of a commit
		{strings.Repeat("0", 40), fail.NotFound, ""},
		{"HEAD~5", fail.NotFound, ""},
		{"HEAD^2", fail.NotFound, ""},

		// GI-10 and its class.
		{"--output=x", fail.Invalid, "hash"}, {"-n1", fail.Invalid, ""}, {"-", fail.Invalid, ""}, {"--", fail.Invalid, ""},
		{"--all", fail.Invalid, ""}, {"--upload-pack=pwn", fail.Invalid, ""}, {"-Opwn", fail.Invalid, ""},
		{"", fail.Invalid, ""}, {" ", fail.Invalid, ""}, {"HEAD main", fail.Invalid, ""}, {"HEAD\nmain", fail.Invalid, ""},
		{"HEAD\x00", fail.Invalid, ""}, {"HEAD\t", fail.Invalid, ""}, {"HEAD\x7f", fail.Invalid, ""},
		{"main..HEAD", fail.Invalid, ""}, {"main...HEAD", fail.Invalid, ""}, {"^main", fail.Invalid, ""}, {"HEAD^!", fail.Invalid, ""},
		{"HEAD^@", fail.Invalid, ""}, {"HEAD^-", fail.Invalid, ""}, {"HEAD^{/first}", fail.Invalid, ""}, {":/first", fail.Invalid, ""},
		{":a.txt", fail.Invalid, ""}, {":0:a.txt", fail.Invalid, ""}, {"HEAD:a.txt", fail.Invalid, ""}, {"HEAD@{1}", fail.Invalid, ""},
		{"@{-1}", fail.Invalid, ""}, {"main@{upstream}", fail.Invalid, ""}, {"HEAD^{tree}", fail.Invalid, ""}, {"HEAD^{blob}", fail.Invalid, ""},
		{"HEAD~9999999", fail.Invalid, ""}, {"*", fail.Invalid, ""}, {"ma?n", fail.Invalid, ""}, {"[m]ain", fail.Invalid, ""},
		{"../../etc/passwd", fail.Invalid, ""}, {"/etc/passwd", fail.Invalid, ""}, {"a//b", fail.Invalid, ""}, {"a.lock", fail.Invalid, ""},
		{`a\b`, fail.Invalid, ""}, {strings.Repeat("x", 600), fail.Invalid, ""},

		// GI-26: there is no shell for these to mean anything to.
		{"; touch pwn", fail.Invalid, ""}, {"$(touch${IFS}pwn)", fail.NotFound, ""}, {"`touch`", fail.NotFound, ""}, {"|sh", fail.NotFound, ""},
	} {
		_, err := r.Resolve(t.Context(), tt.rev)
		if code(err) != tt.want || !strings.Contains(fail.Show(err), "not a revision") {
			t.Errorf("Resolve(%q): %v, want %s", tt.rev, err, tt.want)
		}
		if e := fail.From(err); !strings.Contains(e.Next, tt.next) {
			t.Errorf("Resolve(%q): next: %s, want %s", tt.rev, e.Next, tt.next)
		}
		if s := fail.Show(err); strings.Count(s, "\n") > 3 || len(s) > 800 {
			t.Errorf("Resolve(%q): %s", tt.rev, s)
		}
	}
}

func TestResolveAmbiguous(t *testing.T) {
	f := newFixture(t)
	f.commit(t, "x")
	seen := make(map[string]bool)
	var in strings.Builder
	for i := range 600 {
		fmt.Fprintf(&in, "commit refs/heads/b%d\nmark :%d\ncommitter A <a@b> %d +0000\ndata 0\n\n", i, i+1, i)
	}
	f.gitIn(t, in.String(), "fast-import", "--quiet")
	r := f.open(t)
	for _, h := range strings.Fields(f.git(t, "for-each-ref", "--format=%(objectname)")) {
		if seen[h[:4]] {
			for _, rev := range []string{h[:4], h[:4] + "~1", strings.ToUpper(h[:4]) + "^{commit}"} {
				if _, err := r.Resolve(t.Context(), rev); code(err) != fail.Invalid || !strings.Contains(err.Error(), "more than one") {
					t.Errorf("Resolve(%q): %v", rev, err)
				}
			}
			if got, err := r.Resolve(t.Context(), h); string(got) != h || err != nil {
				t.Errorf("Resolve(%q): %s, %v", h, got, err)
			}
			return
		}
		seen[h[:4]] = true
	}
	t.Fatal("no two commits of 600 begin alike")
}

func TestEmptyRepository(t *testing.T) {
	f := newFixture(t)
	r := f.open(t)
	if _, err := r.Resolve(t.Context(), "HEAD"); code(err) != fail.NotFound {
		t.Errorf("Resolve: %v", err)
	}
	if refs, more, err := r.Refs(t.Context(), git.RefOptions{}); len(refs) != 0 || more || err != nil {
		t.Errorf("Refs: %v, %v, %v", refs, more, err)
	}
}

func TestTreeAndBlob(t *testing.T) {
	f := newFixture(t)
	odd := []string{"-n", "--output=x", "a b", "a\nb", "ü", ":(top)x", "*.go", "a\tb\"c", "$(touch pwn)", "missing", "\xff\xfe"}
	for i, name := range odd {
		f.write(t, name, fmt.Sprint("odd ", i))
	}
	f.write(t, "dir/sub/file.txt", "deep\n")
	f.write(t, "empty", "")
	f.write(t, "run.sh", "#!/bin/sh\n")
	if err := os.Chmod(f.dir+"/run.sh", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"link": "../../etc/passwd", "dirlink": "dir"} {
		if err := os.Symlink(to, f.dir+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	f.git(t, "add", "-A")
	sub := strings.Repeat("1234", 10)
	f.git(t, "update-index", "--add", "--cacheinfo", "160000,"+sub+",module")
	f.git(t, "commit", "-q", "-m", "x")
	commit := git.Hash(f.git(t, "rev-parse", "HEAD"))
	r := f.open(t)

	for i, name := range odd {
		b, err := r.Blob(t.Context(), commit, name, 0)
		if want := fmt.Sprint("odd ", i); err != nil || string(b.Data) != want || b.Kind != git.File || b.Size != int64(len(want)) {
			t.Errorf("Blob(%q): %+v, %v", name, b, err)
		}
	}
	for _, tt := range []struct {
		path string
		kind git.Kind
		data string
	}{
		{"dir/sub/file.txt", git.File, "deep\n"},
		{"./dir//sub/./file.txt", git.File, "deep\n"},
		{"empty", git.File, ""},
		{"run.sh", git.Executable, "#!/bin/sh\n"},
		{"link", git.Symlink, "../../etc/passwd"},
		{"module", git.Submodule, ""},
	} {
		b, err := r.Blob(t.Context(), commit, tt.path, 0)
		if err != nil || b.Kind != tt.kind || string(b.Data) != tt.data {
			t.Errorf("Blob(%q): %+v, %v", tt.path, b, err)
		}
		want := f.git(t, "rev-parse", "HEAD:"+strings.ReplaceAll(strings.ReplaceAll(tt.path, "//", "/"), "./", ""))
		if string(b.Hash) != want {
			t.Errorf("Blob(%q) has the hash %s, want %s", tt.path, b.Hash, want)
		}
	}
	for path, want := range map[string]fail.Code{
		"absent": fail.NotFound, "dir/absent": fail.NotFound, "empty/x": fail.NotFound, "dirlink/sub/file.txt": fail.NotFound,
		"module/x": fail.NotFound, "dir": fail.Invalid, "": fail.Invalid, "../x": fail.Invalid, "dir/../empty": fail.Invalid,
		"/etc/passwd": fail.Invalid, "a\x00b": fail.Invalid,
	} {
		if b, err := r.Blob(t.Context(), commit, path, 0); code(err) != want {
			t.Errorf("Blob(%q): %+v, %v, want %s", path, b, err, want)
		}
	}
	if _, err := r.Blob(t.Context(), "HEAD", "empty", 0); err == nil {
		t.Error("Blob takes a name for a hash")
	}
	if _, err := r.Blob(t.Context(), git.Hash(strings.Repeat("ab", 20)), "empty", 0); code(err) != fail.NotFound {
		t.Errorf("Blob of an absent commit: %v", err)
	}

	entries, err := r.Tree(t.Context(), commit, "")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, e := range entries {
		mode := map[git.Kind]string{git.File: "100644 blob", git.Executable: "100755 blob", git.Symlink: "120000 blob",
			git.Submodule: "160000 commit", git.Dir: "040000 tree"}[e.Kind]
		fmt.Fprintf(&got, "%s %s\t%s\x00", mode, e.Hash, e.Name)
	}
	if diff := cmp.Diff(f.git(t, "ls-tree", "-z", "HEAD"), got.String()); diff != "" {
		t.Errorf("Tree (-git +got):\n%s", diff)
	}
	if entries, err := r.Tree(t.Context(), commit, "dir/sub/"); err != nil || len(entries) != 1 || entries[0].Name != "file.txt" {
		t.Errorf("Tree of dir/sub: %v, %v", entries, err)
	}
	for dir, want := range map[string]fail.Code{"empty": fail.Invalid, "dirlink": fail.Invalid, "absent": fail.NotFound, "module": fail.Invalid} {
		if _, err := r.Tree(t.Context(), commit, dir); code(err) != want {
			t.Errorf("Tree(%q): %v, want %s", dir, err, want)
		}
	}
}

func TestBlobLimit(t *testing.T) {
	f := newFixture(t)
	f.write(t, "big", strings.Repeat("0123456789", 1_000_000))
	f.write(t, "small", "small")
	commit := f.commit(t, "x")
	r := f.open(t)
	for range 3 {
		_, err := r.Blob(t.Context(), commit, "big", 1000)
		if code(err) != fail.TooLarge || !strings.Contains(err.Error(), "10000000 bytes") {
			t.Errorf("Blob: %v", err)
		}
		if b, err := r.Blob(t.Context(), commit, "small", 5); err != nil || string(b.Data) != "small" {
			t.Errorf("Blob after one that was too large: %+v, %v", b, err)
		}
	}
	if b, err := r.Blob(t.Context(), commit, "big", 1<<62); err != nil || len(b.Data) != 10_000_000 {
		t.Errorf("Blob: %d bytes, %v", len(b.Data), err)
	}
	tight := open(t, f.dir, git.Options{Env: f.env, MaxObject: 100})
	if _, err := tight.Blob(t.Context(), commit, "big", 1<<62); code(err) != fail.TooLarge {
		t.Errorf("Blob beyond Options.MaxObject: %v", err)
	}
}

func TestRefs(t *testing.T) {
	f := newFixture(t)
	commit := f.commit(t, "x")
	f.git(t, "tag", "-a", "-m", "notes", "v1", "HEAD")
	f.git(t, "tag", "tree", "HEAD^{tree}")
	for _, name := range []string{"heads/a", "heads/a/../b", "heads/feat/x", "heads/feat/y/z", "heads/feature", "heads/ü,é", "heads/--x", "remotes/origin/main", "notes/n"} {
		if !strings.Contains(name, "..") && name != "heads/a" {
			f.git(t, "update-ref", "refs/"+name, string(commit))
		}
	}
	f.git(t, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	// By hand: a ref to nothing, a ref that is an option, one that is no name at all, and
	// a line longer than any buffer.
	write(t, f.dir+"/.git/packed-refs", fmt.Sprintf("# pack-refs with: peeled fully-peeled sorted \n%s refs/heads/--output=y\n%s refs/heads/broken\n%s refs/heads/%s\n",
		commit, strings.Repeat("12", 20), commit, strings.Repeat("z", 200_000)))
	r := f.open(t)
	names := func(o git.RefOptions) (names []string, more bool) {
		t.Helper()
		refs, more, err := r.Refs(t.Context(), o)
		if err != nil {
			t.Fatalf("Refs(%+v): %v", o, err)
		}
		for _, ref := range refs {
			if ref.Hash != commit && ref.Hash != "" {
				t.Errorf("%s leads to %s", ref.Name, ref.Hash)
			}
			if ref.Hash != "" && ref.Time.Unix() != 1700000100 {
				t.Errorf("%s has the time %v", ref.Name, ref.Time)
			}
			name := ref.Name
			if ref.Hash == "" {
				name += " (no commit)"
			}
			if ref.To != "" {
				name += " -> " + ref.To
			}
			names = append(names, name)
		}
		return names, more
	}
	for _, tt := range []struct {
		name string
		o    git.RefOptions
		want []string
		more bool
	}{
		{"branches", git.RefOptions{Kind: git.Branches}, []string{"refs/heads/--output=y", "refs/heads/--x", "refs/heads/broken (no commit)",
			"refs/heads/feat/x", "refs/heads/feat/y/z", "refs/heads/feature", "refs/heads/main", "refs/heads/ü,é"}, false},
		{"tags", git.RefOptions{Kind: git.Tags}, []string{"refs/tags/tree (no commit)", "refs/tags/v1"}, false},
		{"remote", git.RefOptions{Kind: git.RemoteBranches}, []string{"refs/remotes/origin/HEAD -> refs/remotes/origin/main", "refs/remotes/origin/main"}, false},
		{"prefix", git.RefOptions{Kind: git.Branches, Prefix: "feat"}, []string{"refs/heads/feat/x", "refs/heads/feat/y/z", "refs/heads/feature"}, false},
		{"prefix with slash", git.RefOptions{Kind: git.Branches, Prefix: "feat/"}, []string{"refs/heads/feat/x", "refs/heads/feat/y/z"}, false},
		{"prefix like an option", git.RefOptions{Kind: git.Branches, Prefix: "--"}, []string{"refs/heads/--output=y", "refs/heads/--x"}, false},
		{"prefix with a pattern", git.RefOptions{Kind: git.Branches, Prefix: "*"}, nil, false},
		{"prefix in another case", git.RefOptions{Kind: git.Branches, Prefix: "FEAT"}, nil, false},
		{"limit", git.RefOptions{Kind: git.Branches, Limit: 2}, []string{"refs/heads/--output=y", "refs/heads/--x"}, true},
		{"next page", git.RefOptions{Kind: git.Branches, Limit: 2, After: "refs/heads/feat/y/z"}, []string{"refs/heads/feature", "refs/heads/main"}, true},
		{"last page", git.RefOptions{Kind: git.Branches, Limit: 2, After: "refs/heads/feature"}, []string{"refs/heads/main", "refs/heads/ü,é"}, false},
		{"all", git.RefOptions{Prefix: "no"}, []string{"refs/notes/n"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, more := names(tt.o)
			// A git that accepts names of any length shows the long one as well.
			if diff := cmp.Diff(tt.want, got); diff != "" || more != tt.more {
				t.Errorf("more = %v (-want +got):\n%s", more, diff)
			}
		})
	}
	if _, _, err := r.Refs(t.Context(), git.RefOptions{Kind: "branches"}); code(err) != fail.Invalid {
		t.Errorf("an unknown kind: %v", err)
	}
}

func TestTreeIsChecked(t *testing.T) {
	f := newFixture(t)
	blob := f.gitIn(t, "x", "hash-object", "-w", "--stdin")
	raw := make([]byte, 20)
	if _, err := fmt.Sscanf(blob, "%x", &raw); err != nil {
		t.Fatal(err)
	}
	commit := func(tree string) git.Hash {
		h := f.gitIn(t, tree, "hash-object", "-w", "-t", "tree", "--stdin", "--literally")
		return git.Hash(f.gitIn(t, "tree "+h+"\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n", "hash-object", "-w", "-t", "commit", "--stdin"))
	}
	r := f.open(t)
	for _, bad := range []string{"100644 a/b\x00" + string(raw), "100644 \x00" + string(raw), "100644 a\x00short", "x", "100644 a", "9 a\x00" + string(raw)} {
		if es, err := r.Tree(t.Context(), commit(bad), ""); code(err) != fail.Invalid {
			t.Errorf("Tree(%q): %v, %v", bad, es, err)
		}
	}
	es, err := r.Tree(t.Context(), commit("100644 ..\x00"+string(raw)+"100644 .git\x00"+string(raw)), "")
	if err != nil || len(es) != 2 || es[0].Name != ".." {
		t.Errorf("Tree with odd names: %v, %v", es, err)
	}
}
