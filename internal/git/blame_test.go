package git_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/git"

	"github.com/google/go-cmp/cmp"
)

// perLine spells spans out: commit, line there, line here and file of each line.
func perLine(spans []git.BlameSpan) (lines []string) {
	for _, s := range spans {
		for i := range s.Lines {
			lines = append(lines, fmt.Sprintf("%s %d %d %q", s.Commit, s.Orig+i, s.First+i, s.Path))
		}
	}
	return lines
}

// gitBlame is what git blame says, in the same form.
func (p *past) gitBlame(t *testing.T, commit git.Hash, path string, args ...string) (lines []string) {
	t.Helper()
	args = append([]string{"blame", "--line-porcelain"}, args...)
	head := ""
	for line := range strings.SplitSeq(p.git(t, append(args, string(commit), "--", path)...), "\n") {
		if f := strings.Split(line, " "); git.Hash(f[0]).Valid() {
			head = strings.Join(f[:3], " ")
		} else if name, ok := strings.CutPrefix(line, "filename "); ok {
			if strings.HasPrefix(name, `"`) {
				var err error
				if name, err = strconv.Unquote(name); err != nil {
					t.Fatal(err)
				}
			}
			lines = append(lines, fmt.Sprintf("%s %q", head, name))
		}
	}
	return lines
}

// The oracle is git blame, in its other form.
func TestBlameAgreesWithGit(t *testing.T) {
	eachFormat(t, func(t *testing.T, p *past) {
		r := p.open(t)
		for _, commit := range []git.Hash{p.commits[1], p.last()} {
			for path, at := range p.tree(t, commit) {
				if strings.HasPrefix(at, "160000") || strings.HasPrefix(path, "dir") {
					continue
				}
				want := p.gitBlame(t, commit, path)
				spans, commits, err := r.Blame(t.Context(), git.BlameOptions{Commit: commit, Path: path})
				if diff := cmp.Diff(want, perLine(spans)); diff != "" || err != nil {
					t.Errorf("Blame(%q): %v (-git +got):\n%s", path, err, diff)
				}
				for i, s := range spans {
					c := commits[s.Commit]
					logged, _, err := r.Log(t.Context(), git.LogOptions{Commit: s.Commit, N: 1})
					if err != nil {
						t.Fatal(err)
					}
					logged[0].Body = ""
					if diff := cmp.Diff(logged[0], c); diff != "" {
						t.Errorf("Blame(%q): the commit (-log +got):\n%s", path, diff)
					}
					if i > 0 && spans[i-1].Commit == s.Commit && spans[i-1].Orig+spans[i-1].Lines == s.Orig && spans[i-1].Path == s.Path {
						t.Errorf("Blame(%q): %+v and %+v are one", path, spans[i-1], s)
					}
				}
			}
		}
		for _, tt := range []struct {
			first, last int
			arg         string
		}{{1, 1, "1,1"}, {3, 30, "3,30"}, {0, 5, "1,5"}, {51, 0, "51,51"}, {20, 1 << 40, "20,51"}} {
			want := p.gitBlame(t, p.last(), "text.txt", "-L"+tt.arg)
			spans, _, err := r.Blame(t.Context(), git.BlameOptions{Commit: p.last(), Path: "./text.txt", First: tt.first, Last: tt.last})
			if diff := cmp.Diff(want, perLine(spans)); diff != "" || err != nil {
				t.Errorf("Blame of %d to %d: %v (-git +got):\n%s", tt.first, tt.last, err, diff)
			}
		}
		for _, tt := range []struct {
			path        string
			first, last int
			want        fail.Code
		}{
			{"text.txt", 52, 0, fail.Invalid}, {"text.txt", 3, 2, fail.Invalid}, {"text.txt", -1, 0, fail.Invalid}, {"text.txt", 0, -1, fail.Invalid},
			{"empty", 2, 0, fail.Invalid}, {"dir", 0, 0, fail.Invalid}, {"", 0, 0, fail.Invalid}, {"absent", 0, 0, fail.NotFound}, {"text.txt/x", 0, 0, fail.NotFound},
			{"../x", 0, 0, fail.Invalid}, {"/etc/passwd", 0, 0, fail.Invalid}, {"a\x00b", 0, 0, fail.Invalid}, {"--contents=/etc/passwd", 0, 0, fail.NotFound},
		} {
			if s, _, err := r.Blame(t.Context(), git.BlameOptions{Commit: p.last(), Path: tt.path, First: tt.first, Last: tt.last}); code(err) != tt.want {
				t.Errorf("Blame(%q, %d, %d): %v, %v, want %s", tt.path, tt.first, tt.last, s, err, tt.want)
			}
		}
		if s, cs, err := r.Blame(t.Context(), git.BlameOptions{Commit: p.last(), Path: "empty", First: 1}); len(s) != 0 || len(cs) != 0 || err != nil {
			t.Errorf("Blame of an empty file: %v, %v, %v", s, cs, err)
		}
		if _, _, err := r.Blame(t.Context(), git.BlameOptions{Commit: p.commits[0], Path: "module"}); code(err) != fail.Invalid {
			t.Errorf("Blame of a submodule: %v", err)
		}
		for _, bad := range []git.Hash{"HEAD", "", "-L1"} {
			if _, _, err := r.Blame(t.Context(), git.BlameOptions{Commit: bad, Path: "text.txt"}); err == nil {
				t.Errorf("Blame takes %q for a hash", bad)
			}
		}
	})
}

func TestBlameLimits(t *testing.T) {
	f := newFixture(t)
	f.write(t, "long", strings.Repeat("\n", git.MaxBlame+1))
	h := f.commit(t, "x")
	r := f.open(t)
	if _, _, err := r.Blame(t.Context(), git.BlameOptions{Commit: h, Path: "long"}); code(err) != fail.TooLarge {
		t.Errorf("Blame of very many lines: %v", err)
	}
	s, _, err := r.Blame(t.Context(), git.BlameOptions{Commit: h, Path: "long", First: 2})
	if err != nil || len(s) != 1 || s[0] != (git.BlameSpan{Commit: h, First: 2, Lines: git.MaxBlame, Orig: 2, Path: "long"}) {
		t.Errorf("Blame of as many lines as may be: %v, %v", s, err)
	}
	tight := open(t, f.dir, git.Options{Env: f.env, MaxObject: 100})
	if _, _, err := tight.Blame(t.Context(), git.BlameOptions{Commit: h, Path: "long", First: 1, Last: 1}); code(err) != fail.TooLarge {
		t.Errorf("Blame of a large file: %v", err)
	}

	// Each line has a commit with a long subject.
	var in bytes.Buffer
	body := ""
	subject := strings.Repeat("s", 60_000)
	for i := range 300 {
		body += fmt.Sprintf("%d\n", i)
		fmt.Fprintf(&in, "commit refs/heads/subjects\nmark :%d\ncommitter A <a@b> %d +0000\ndata %d\n%s\nM 644 inline f\ndata %d\n%s\n", i+1, i, len(subject), subject, len(body), body)
	}
	f.gitIn(t, in.String(), "fast-import", "--quiet")
	h = git.Hash(f.git(t, "rev-parse", "subjects"))
	if _, _, err := r.Blame(t.Context(), git.BlameOptions{Commit: h, Path: "f"}); code(err) != fail.TooLarge {
		t.Errorf("Blame of commits with long subjects: %v", err)
	}
	if s, cs, err := r.Blame(t.Context(), git.BlameOptions{Commit: h, Path: "f", Last: 200}); len(s) != 200 || len(cs) != 200 || err != nil {
		t.Errorf("Blame of some of them: %d spans, %d commits, %v", len(s), len(cs), err)
	}
}
