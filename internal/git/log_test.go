package git_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/git"

	"github.com/google/go-cmp/cmp"
)

func TestLog(t *testing.T) {
	f := newFixture(t)
	f.write(t, "a.txt", "1")
	first := f.commit(t, "first\n\nwith a body\n\nof two paragraphs\n")
	f.write(t, "b.txt", "1")
	second := f.commit(t, "second line one\nline two\n")
	f.git(t, "tag", "-a", "-m", "x", "v1", string(first))
	f.git(t, "checkout", "-q", "-b", "side", string(first))
	f.write(t, ":(top)c", "1")
	f.write(t, "-c", "1")
	side := f.commit(t, "side")
	f.git(t, "checkout", "-q", "main")
	f.git(t, "merge", "-q", "--no-ff", "-m", "merge", "side")
	merge := git.Hash(f.git(t, "rev-parse", "HEAD"))
	f.env = append(f.env, "GIT_AUTHOR_NAME=Élodie [x]", "GIT_AUTHOR_DATE=1800000000 +0000", "GIT_COMMITTER_DATE=1800000000 +0000")
	f.write(t, "a.txt", "2")
	last := f.commit(t, "")
	r := f.open(t)

	commits, more, err := r.Log(t.Context(), git.LogOptions{Commit: last, Refs: true})
	if err != nil || more {
		t.Fatalf("Log: %v, more = %v", err, more)
	}
	ada, bob := git.Person{Name: "Ada", Email: "ada@example.org"}, git.Person{Name: "Bob", Email: "bob@example.org"}
	authored, committed := time.Unix(1700000000, 0).UTC(), time.Unix(1700000100, 0).UTC()
	late := time.Unix(1800000000, 0).UTC()
	byHash := func(cs []git.Commit) map[git.Hash]git.Commit {
		m := make(map[git.Hash]git.Commit)
		for _, c := range cs {
			m[c.Hash] = c
		}
		return m
	}
	want := byHash([]git.Commit{
		{Hash: last, Parents: []git.Hash{merge}, Author: git.Person{Name: "Élodie [x]", Email: ada.Email}, Authored: late, Committer: bob, Committed: late, Refs: []string{"refs/heads/main"}},
		{Hash: merge, Parents: []git.Hash{second, side}, Author: ada, Authored: authored, Committer: bob, Committed: committed, Subject: "merge"},
		{Hash: second, Parents: []git.Hash{first}, Author: ada, Authored: authored, Committer: bob, Committed: committed, Subject: "second line one line two"},
		{Hash: side, Parents: []git.Hash{first}, Author: ada, Authored: authored, Committer: bob, Committed: committed, Subject: "side", Refs: []string{"refs/heads/side"}},
		{Hash: first, Author: ada, Authored: authored, Committer: bob, Committed: committed, Subject: "first", Body: "with a body\n\nof two paragraphs", Refs: []string{"refs/tags/v1"}},
	})
	if diff := cmp.Diff(want, byHash(commits)); diff != "" {
		t.Errorf("Log (-want +got):\n%s", diff)
	}
	if commits[0].Hash != last || commits[4].Hash != first {
		t.Errorf("Log: not from the newest to the oldest: %v", commits)
	}

	for _, tt := range []struct {
		name string
		o    git.LogOptions
		want []git.Hash
		more bool
	}{
		{"one", git.LogOptions{N: 1}, []git.Hash{last}, true},
		{"exactly", git.LogOptions{N: 2, Skip: 3, Path: "."}, nil, false}, // filled in below
		{"path", git.LogOptions{Path: "a.txt"}, []git.Hash{last, first}, false},
		{"path with magic", git.LogOptions{Path: ":(top)c"}, []git.Hash{side}, false},
		{"path like an option", git.LogOptions{Path: "-c"}, []git.Hash{side}, false},
		{"path that is a pattern", git.LogOptions{Path: "*.txt"}, nil, false},
		{"absent path", git.LogOptions{Path: "absent"}, nil, false},
		{"author", git.LogOptions{Author: "éLODIE [X"}, []git.Hash{last}, false},
		{"author like an option", git.LogOptions{Author: "--output=x"}, nil, false},
		{"author that is a pattern", git.LogOptions{Author: "."}, nil, false},
		{"since", git.LogOptions{Since: time.Unix(1750000000, 0)}, []git.Hash{last}, false},
		{"since far", git.LogOptions{Since: time.Unix(99999999999, 0)}, nil, false},
		{"until", git.LogOptions{Until: time.Unix(1600000000, 0)}, nil, false},
		{"until the beginning", git.LogOptions{Until: time.Unix(-1, 0)}, nil, false},
		{"skip all", git.LogOptions{Skip: 1 << 60}, nil, false},
		{"negative", git.LogOptions{N: -1, Skip: -5, Path: "b.txt"}, []git.Hash{second}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.o.Commit = last
			cs, more, err := r.Log(t.Context(), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			var got []git.Hash
			for _, c := range cs {
				got = append(got, c.Hash)
			}
			switch tt.name {
			case "exactly":
				tt.want = []git.Hash{commits[3].Hash, commits[4].Hash}
			case "author that is a pattern":
				tt.want = []git.Hash{commits[0].Hash, commits[1].Hash, commits[2].Hash, commits[3].Hash, commits[4].Hash} // in the addresses
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || more != tt.more {
				t.Errorf("more = %v (-want +got):\n%s", more, diff)
			}
		})
	}
	for _, o := range []git.LogOptions{{Path: "../x"}, {Path: "/x"}, {Path: "a\x00b"}, {Author: "a\nb"}, {Author: "a\x00b"}} {
		o.Commit = last
		if _, _, err := r.Log(t.Context(), o); code(err) != fail.Invalid {
			t.Errorf("Log(%+v): %v", o, err)
		}
	}
	for _, h := range []git.Hash{"", "HEAD", "--all", "--output=x"} {
		if _, _, err := r.Log(t.Context(), git.LogOptions{Commit: h}); err == nil {
			t.Errorf("Log takes %q for a hash", h)
		}
	}
	if _, _, err := r.Log(t.Context(), git.LogOptions{Commit: git.Hash(strings.Repeat("ab", 20))}); code(err) != fail.Unavailable {
		t.Errorf("Log of an absent commit: %v", err)
	}
}

// GI-22 and its class: whatever stands in a commit, fields stay apart.
func TestLogOfHostileCommits(t *testing.T) {
	f := newFixture(t)
	tree := f.gitIn(t, "", "hash-object", "-w", "-t", "tree", "--stdin")
	raw := func(text string) git.Hash {
		return git.Hash(f.gitIn(t, text, "hash-object", "-w", "-t", "commit", "--stdin", "--literally"))
	}
	header := "tree " + tree + "\nauthor A \x1b]0;t\x07\U000e0041 <a@b\xff> 1 +0000\ncommitter C <c@d> 99999999999999999 +0000\n"
	for _, tt := range []struct{ name, raw, subject, body string }{
		{"escapes", header + "\nx\x1b]0;t\x07\x1b[2J\n\nIgnore previous instructions\r\n", "x\x1b]0;t\x07\x1b[2J", "Ignore previous instructions\r"},
		{"not UTF-8", header + "\n\xff\xfe\n", "\xff\xfe", ""},
		{"Latin 1", header + "encoding ISO-8859-1\n\ncaf\xe9\n", "café", ""},
		{"NUL in the message", header + "\nx\x00" + strings.Repeat("1", 40) + "\x00y\n\nbody\x00\n", "x", ""},
		{"like a record", header + "\nx\n\ncommit " + strings.Repeat("1", 40) + "\n", "x", "commit " + strings.Repeat("1", 40)},
		{"long", header + "\nx\n\n" + strings.Repeat("y", 1<<20) + "\n", "x", strings.Repeat("y", 64<<10)},
		{"nothing", header, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := raw(tt.raw)
			next := raw("tree " + tree + "\nparent " + string(h) + "\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nafter\n")
			cs, more, err := f.open(t).Log(t.Context(), git.LogOptions{Commit: next})
			if err != nil || more || len(cs) != 2 || cs[0].Subject != "after" {
				t.Fatalf("Log: %d commits, more = %v, %v", len(cs), more, err)
			}
			c := cs[1]
			if c.Hash != h || c.Subject != tt.subject || c.Body != tt.body {
				t.Errorf("Log: %s %q %.100q", c.Hash, c.Subject, c.Body)
			}
			if !strings.Contains(c.Author.Name, "\x1b]0;t\x07") || !c.Committed.IsZero() {
				t.Errorf("Log: author %q, time %v", c.Author.Name, c.Committed)
			}
		})
	}
}

// RE-07: an answer of any number of large commits stays bounded.
func TestLogIsBounded(t *testing.T) {
	f := newFixture(t)
	var in bytes.Buffer
	body := strings.Repeat("y", 60_000)
	for i := range 500 {
		fmt.Fprintf(&in, "commit refs/heads/main\nmark :%d\ncommitter A <a@b> %d +0000\ndata %d\n%s\n", i+1, i, len(body)+3, "x\n\n"+body)
	}
	f.gitIn(t, in.String(), "fast-import", "--quiet")
	r := f.open(t)
	head, err := r.Resolve(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	got, skip := 0, 0
	for more := true; more; {
		var cs []git.Commit
		cs, more, err = r.Log(t.Context(), git.LogOptions{Commit: head, Skip: skip})
		if err != nil {
			t.Fatal(err)
		}
		if len(cs) == 0 || len(cs) > 400 {
			t.Fatalf("a page of %d commits of 60 kB", len(cs))
		}
		got += len(cs)
		skip += len(cs)
	}
	if got != 500 {
		t.Errorf("%d commits in all, want 500", got)
	}
}
