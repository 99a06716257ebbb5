package git_test

import (
	"fmt"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/git/gittest"

	"github.com/google/go-cmp/cmp"
)

func hashes(cs []git.Commit) (out []string) {
	for _, c := range cs {
		out = append(out, string(c.Hash))
	}
	return out
}

// The oracle is git log.
func TestLogAgreesWithGit(t *testing.T) {
	eachFormat(t, func(t *testing.T, p *past) {
		r := p.open(t)
		last := p.last()
		side := git.Hash(p.git(t, "rev-parse", "side"))
		paths := append([]string{"", "text.txt", "last-line", "-final \"\xff.txt", "copied", "only-on-side", "added", "dir", "absent"}, oddNames()...)
		found, moved := 0, 0
		for i, path := range paths {
			for _, o := range []git.LogOptions{{}, {Follow: true}, {Text: "needle"}, {Text: "line 7\nline 8\n", Follow: true}, {Text: "-x"},
				{Text: "needle", Not: []git.Hash{side}}, {Not: []git.Hash{p.commits[1], side}}, {Text: "Needle"}, {Text: "n.edle"}} {
				if o.Follow && (path == "" || path == "dir") {
					continue
				}
				if i > 9 && (o.Text != "" && !o.Follow || o.Not != nil) {
					continue
				}
				args := []string{"--literal-pathspecs", "log", "--format=%H", string(last)}
				for _, h := range o.Not {
					args = append(args, "^"+string(h))
				}
				if o.Follow {
					args = append(args, "--follow")
				}
				if o.Text != "" {
					args = append(args, "-S"+o.Text)
				}
				args = append(args, "--")
				if path != "" {
					args = append(args, path)
				}
				want := strings.Fields(p.git(t, args...))
				o.Commit, o.Path = last, path
				cs, more, err := r.Log(t.Context(), o)
				if diff := cmp.Diff(want, hashes(cs), equateEmpty()); diff != "" || more || err != nil {
					t.Errorf("Log(%+v): more = %v, %v (-git +got):\n%s", o, more, err, diff)
				}
				for _, c := range cs {
					found++
					if c.Author.Name != "Ada" || c.Committer.Email != "bob@example.org" || c.Subject == "" || c.Authored.IsZero() {
						t.Errorf("Log(%+v): %+v", o, c)
					}
					want := ""
					if o.Follow {
						want = path
						if path == "-final \"\xff.txt" && c.Hash != last {
							want, moved = "new/a\tname.txt", moved+1
							if c.Hash == p.commits[0] {
								want = "old/name.txt"
							}
						}
					}
					if path != "copied" && c.Path != want { // a copy comes from elsewhere, too
						t.Errorf("Log(%+v): %s has the path %q, want %q", o, c.Hash, c.Path, want)
					}
				}
				for n := 1; n < len(cs); n++ {
					o.N, o.Skip = n, len(cs)-n-1
					page, more, err := r.Log(t.Context(), o)
					if diff := cmp.Diff(cs[o.Skip:o.Skip+n], page); diff != "" || !more || err != nil {
						t.Errorf("Log(%+v): more = %v, %v (-want +got):\n%s", o, more, err, diff)
					}
				}
			}
		}
		if found < 50 || moved < 2 {
			t.Errorf("%d commits, %d of another name", found, moved)
		}
	})
}

func equateEmpty() cmp.Option {
	return cmp.Transformer("empty", func(s []string) string { return strings.Join(s, "\n") })
}

func TestLogOfLongHistory(t *testing.T) {
	l := gittest.Long{Commits: 2000, Files: 100, Lines: 200}
	dir := l.Make(t)
	r := open(t, dir, git.Options{Env: gittest.Env(t), Bare: true})
	head, err := r.Resolve(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	cs, more, err := r.Log(t.Context(), git.LogOptions{Commit: head, Text: gittest.Needle, Author: "author", Refs: true})
	if len(cs) != 4 || more || err != nil {
		t.Errorf("Log with a text: %d commits, more = %v, %v", len(cs), more, err)
	}
	cs, more, err = r.Log(t.Context(), git.LogOptions{Commit: head, Path: gittest.Moved, Follow: true})
	if len(cs) != 2 || more || err != nil || cs[0].Path != gittest.Moved || cs[1].Path != gittest.MovedFrom {
		t.Errorf("Log that follows: %+v, more = %v, %v", cs, more, err)
	}
	// The end of one command at once ends the other, wherever it is.
	for n := range 20 {
		cs, more, err := r.Log(t.Context(), git.LogOptions{Commit: head, Path: gittest.Big, Follow: true, N: n + 1, Skip: n})
		if len(cs) != n+1 || !more || err != nil {
			t.Errorf("Log of %d: %d commits, more = %v, %v", n+1, len(cs), more, err)
		}
	}
}

func TestLogBadInput(t *testing.T) {
	f := newFixture(t)
	f.write(t, "dir/a", "a")
	h := f.commit(t, "x")
	r := f.open(t)
	for _, o := range []git.LogOptions{{Follow: true}, {Follow: true, Path: "."}, {Follow: true, Path: "dir"}, {Follow: true, Path: "../x"},
		{Text: "a\x00b"}, {Text: strings.Repeat("x", git.MaxText+1)}, {Text: "x", Path: "/x"}, {Text: "x", Author: "a\nb"}} {
		o.Commit = h
		if _, _, err := r.Log(t.Context(), o); code(err) != fail.Invalid {
			t.Errorf("Log(%.100v): %v", o, err)
		}
	}
	if _, _, err := r.Log(t.Context(), git.LogOptions{Commit: h, Not: make([]git.Hash, 1)}); err == nil {
		t.Error("Log leaves out nothing, by an empty hash")
	}
	for _, bad := range []git.Hash{"HEAD", "--all", "^" + h, h + "\n"} {
		if _, _, err := r.Log(t.Context(), git.LogOptions{Commit: h, Not: []git.Hash{bad}}); err == nil {
			t.Errorf("Log takes %q for a hash", bad)
		}
	}
	many := make([]git.Hash, git.MaxNot+1)
	for i := range many {
		many[i] = h
	}
	if _, _, err := r.Log(t.Context(), git.LogOptions{Commit: h, Not: many}); code(err) != fail.TooLarge {
		t.Errorf("Log without very many: %v", err)
	}
	if cs, more, err := r.Log(t.Context(), git.LogOptions{Commit: h, Not: many[1:]}); len(cs) != 0 || more || err != nil {
		t.Errorf("Log without itself: %v, %v, %v", cs, more, err)
	}
	absent := git.Hash(strings.Repeat("ab", 20))
	for _, o := range []git.LogOptions{{Commit: absent, Text: "x"}, {Commit: absent, Path: "a", Follow: true}, {Commit: h, Not: []git.Hash{absent}, Text: "x"}} {
		if _, _, err := r.Log(t.Context(), o); code(err) != fail.Unavailable {
			t.Errorf("Log of an absent commit: %v", err)
		}
	}
	if cs, more, err := r.Log(t.Context(), git.LogOptions{Commit: h, Text: strings.Repeat("x", git.MaxText)}); len(cs) != 0 || more || err != nil {
		t.Errorf("Log with a long text: %v, %v, %v", cs, more, err)
	}
}

// Commits that are no git's work keep their fields apart where changes follow them, too.
func TestLogDiffsOfHostileCommits(t *testing.T) {
	f := newFixture(t)
	one := f.gitIn(t, "needle", "hash-object", "-w", "--stdin")
	entry := "100644 blob " + one + "\t"
	parent := ""
	texts := []string{"\x1b]0;t\x07\n\nbody\n", ":100644 100644 a b M\n", "x\n\n" + strings.Repeat("1", 40) + "\n:000000 100644\n", "", "\n\n\n", "x\x00" + strings.Repeat("1", 40) + "\x00y\n"}
	for i, text := range texts {
		names := ""
		for k := range i + 1 {
			names += fmt.Sprintf("%s:%d\n\tx\x00", entry, k)
		}
		tree := f.gitIn(t, names, "mktree", "-z")
		raw := "tree " + tree + "\n" + parent + "author A\x1b <a@b\xff> 1 +0000\ncommitter C <c@d> 1 +0000\n\n" + text
		parent = "parent " + f.gitIn(t, raw, "hash-object", "-w", "-t", "commit", "--stdin", "--literally") + "\n"
	}
	head := git.Hash(strings.TrimSpace(strings.TrimPrefix(parent, "parent ")))
	r := f.open(t)
	plain, _, err := r.Log(t.Context(), git.LogOptions{Commit: head})
	if err != nil || len(plain) != len(texts) {
		t.Fatalf("Log: %d commits, %v", len(plain), err)
	}
	cs, _, err := r.Log(t.Context(), git.LogOptions{Commit: head, Text: "needle"})
	if diff := cmp.Diff(plain, cs); diff != "" || err != nil {
		t.Errorf("Log with a text: %v (-plain +got):\n%s", err, diff)
	}
	for k := range texts {
		name := fmt.Sprintf(":%d\n\tx", k)
		want := plain[len(texts)-1-k] // which added it, as the first of its kind
		cs, _, err := r.Log(t.Context(), git.LogOptions{Commit: head, Path: name, Text: "needle"})
		if err != nil || len(cs) != 1 {
			t.Fatalf("Log of %q: %d commits, %v", name, len(cs), err)
		}
		if diff := cmp.Diff(want, cs[0]); diff != "" {
			t.Errorf("Log of %q (-want +got):\n%s", name, diff)
		}
		cs, _, err = r.Log(t.Context(), git.LogOptions{Commit: head, Path: name, Follow: true})
		if err != nil || len(cs) == 0 || cs[0].Hash != want.Hash || cs[0].Path != name || cs[0].Body != want.Body {
			t.Errorf("Log that follows %q: %+v, %v", name, cs, err)
		}
	}
}
