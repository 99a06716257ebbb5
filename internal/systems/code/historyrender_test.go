package code_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/systems/code"
	"cleat/internal/text"
)

// An answer is what the gate fits to a budget.
type answer interface {
	text.Renderer
	text.Shrinker
}

func rendered(a text.Renderer) string {
	var w text.Writer
	a.Text(&w)
	var b strings.Builder
	for _, s := range w.Segments() {
		if s.Foreign {
			for line := range strings.Lines(s.Text) {
				b.WriteString("| " + line)
			}
			continue
		}
		b.WriteString(s.Text)
	}
	if c := w.NextPage(); c != "" {
		b.WriteString("cursor: " + c + "\n")
	}
	return b.String()
}

func day(n int) time.Time { return time.Date(2026, 11, n, 1, 2, 3, 0, time.UTC) }

func sampleDiff() *code.Diff {
	return &code.Diff{
		From: "main (1a2b3c4d5e)", To: "work tree", Added: 12, Deleted: 4, Denied: 1, Cursor: "CURSOR",
		Files: []code.FileDiff{
			{Path: "a.go", Status: "modified", Added: 1, Deleted: 1, Hunks: []code.Hunk{
				{OldLine: 1, OldLines: 7, NewLine: 1, NewLines: 7, In: "func a()", Text: " 1\n 2\n 3\n-4\n+four\n 5\n 6\n 7\n"}}},
			{Path: "dir/b.go", Old: "old/b.go", Status: "renamed"},
			{Path: "dir/c.png", Status: "added", Binary: true},
			{Path: "go.sum", Status: "modified", Added: 10, Deleted: 2, Folded: "lock"},
			{Path: "run.sh", Status: "modified", Folded: "mode"},
			{Path: "z.go", Status: "deleted", Deleted: 1, Added: 1, Folded: "budget"},
		},
	}
}

func TestDiffText(t *testing.T) {
	want := `6 files, +12 -4, from "main (1a2b3c4d5e)" to "work tree"
| M a.go +1 -1
| R old/b.go → dir/b.go +0 -0
| A dir/c.png (binary)
| M go.sum +10 -2 (lock)
| M run.sh (only whether it is executable)
| D z.go +1 -1 (budget)
| === a.go
| @@ -1,7 +1,7 @@ func a()
|  1
|  2
|  3
| -4
| +four
|  5
|  6
|  7
1 file left out: policy closes them
… hunks of 1 file are left out, in part or all, to fit the budget: go on with the cursor, or pass one of them as path
… hunks of 1 file are folded for what they are: pass one of them as path
cursor: CURSOR
`
	if diff := cmp.Diff(want, rendered(sampleDiff())); diff != "" {
		t.Error(diff)
	}
}

// TestDiffShrink shows the steps in which a diff gives way.
func TestDiffShrink(t *testing.T) {
	d := sampleDiff()
	if !d.Shrink(0.9) || d.Files[0].Hunks[0].Text != " 3\n-4\n+four\n 5\n" || d.Files[0].Hunks[0].OldLine != 3 || d.Files[0].Hunks[0].NewLines != 3 {
		t.Errorf("common lines do not go first: %+v", d.Files[0].Hunks)
	}
	if !d.Shrink(0.9) || d.Files[0].Hunks != nil || d.Files[0].Folded != "budget" {
		// One hunk of one file is left: it is kept by fold only if there are others.
		if len(d.Files[0].Hunks) != 0 {
			t.Errorf("hunks do not go next: %+v", d.Files[0])
		}
	}
	if !d.Shrink(0.9) {
		t.Fatal("the list of files does not give way")
	}
	want := `6 files, +12 -4, from "main (1a2b3c4d5e)" to "work tree"
| ./: 4 files, +12 -4
| dir/: 2 files, +0 -0
1 file left out: policy closes them
… 6 files shown as counts per folder to fit the budget: narrow with path
`
	if diff := cmp.Diff(want, rendered(d)); diff != "" {
		t.Error(diff)
	}
}

func TestLogText(t *testing.T) {
	l := &code.Log{Cursor: "C", Commits: []code.Commit{
		{Hash: "1a2b3c4d5e", Author: "Ann", Time: day(3), Subject: "Fix it", Refs: []string{"main", "v1.2"}},
		{Hash: "2a2b3c4d5e", Parents: []string{"a", "b"}, Author: "Bob\n", Time: day(2), Subject: "Merge x"},
		{Hash: "3a2b3c4d5e", Author: "Cy", Subject: "Begin", Path: "old.go"},
	}}
	want := `3 commits, newest first; there are more
| 1a2b3c4d5e 2026-11-03 Ann: Fix it [main, v1.2]
| 2a2b3c4d5e 2026-11-02 Bob\n: Merge x (merge)
| 3a2b3c4d5e no date Cy: Begin (as old.go)
cursor: C
`
	if diff := cmp.Diff(want, rendered(l)); diff != "" {
		t.Error(diff)
	}
}

func TestBlameText(t *testing.T) {
	b := &code.Blame{Path: "a.go", At: "1a2b3c4d5e", Total: 9, Spans: []code.BlameSpan{
		{Commit: "1a2b3c4d5e", First: 1, Last: 4, Lines: []string{"package a"}}, {Commit: "2a2b3c4d5e", First: 5, Last: 5, Lines: []string{"x"}},
	}, Commits: []code.Commit{{Hash: "1a2b3c4d5e", Author: "Ann", Time: day(3), Subject: "Fix"}, {Hash: "2a2b3c4d5e", Author: "Bob", Time: day(2), Subject: "Begin"}}}
	want := `lines 1-5 of 9 at 1a2b3c4d5e, 2 commits; of each span the first line is shown
| L1-L4 1a2b3c4d5e 2026-11-03 Ann: package a
| L5 2a2b3c4d5e 2026-11-02 Bob: x
| commits:
| 1a2b3c4d5e Fix
| 2a2b3c4d5e Begin
`
	if diff := cmp.Diff(want, rendered(b)); diff != "" {
		t.Error(diff)
	}
}

func TestBranchesText(t *testing.T) {
	b := &code.Branches{Current: "main", Head: "1a2b3c4d5e", Default: "origin/main", Branches: []code.Branch{
		{Name: "main", Hash: "1a2b3c4d5e", Time: day(3), Author: "Ann", Subject: "Fix", Ahead: 2},
		{Name: "origin/x", Remote: true, Hash: "2a2b3c4d5e", Time: day(2), Behind: 7},
	}}
	want := `2 branches, the last committed to first; +a -b: a commits ahead of the default branch, b behind
| checked out: main 1a2b3c4d5e; default: origin/main
| main 1a2b3c4d5e 2026-11-03 +2 -0 Ann: Fix
| origin/x 2a2b3c4d5e 2026-11-02 +0 -7 (remote)
`
	if diff := cmp.Diff(want, rendered(b)); diff != "" {
		t.Error(diff)
	}
}

// big makes an answer of some size.
func big(r *rand.Rand, kind int) answer {
	n := 1 + r.IntN(1000)
	word := func() string { return strings.Repeat("wörd ", 1+r.IntN(60)) }
	commit := func() code.Commit {
		c := code.Commit{Hash: "1a2b3c4d5e", Author: "Ann", Subject: word(), Time: day(1)}
		for range r.IntN(10) {
			c.Refs = append(c.Refs, word())
		}
		return c
	}
	diff := func() *code.Diff {
		d := &code.Diff{From: "a", To: "b", Cursor: "C"}
		for i := range n {
			f := code.FileDiff{Path: fmt.Sprintf("d%d/e%d/f%d.go", i%7, i%50, i), Status: "modified", Added: 1}
			for range r.IntN(4) {
				f.Hunks = append(f.Hunks, code.Hunk{OldLine: 1, OldLines: 2, NewLine: 1, NewLines: 3, Text: " " + word() + "\n+" + word() + "\n " + word() + "\n"})
			}
			d.Files = append(d.Files, f)
		}
		return d
	}
	switch kind {
	case 0:
		l := &code.Log{Cursor: "C"}
		for range n {
			l.Commits = append(l.Commits, commit())
		}
		return l
	case 1:
		return diff()
	case 2:
		return &code.Show{Commit: code.Commit{Subject: word(), Body: strings.Repeat(word(), 100), Refs: commit().Refs}, Diff: *diff()}
	case 3:
		b := &code.Blame{Total: n, Cursor: "C"}
		for i := range n {
			b.Spans = append(b.Spans, code.BlameSpan{Commit: fmt.Sprint(i % 40), First: i + 1, Last: i + 1, Lines: []string{word()}})
		}
		for i := range 40 {
			c := commit()
			c.Hash = fmt.Sprint(i)
			b.Commits = append(b.Commits, c)
		}
		return b
	}
	b := &code.Branches{}
	for range n {
		b.Branches = append(b.Branches, code.Branch{Name: "feature/x", Hash: "1a2b3c4d5e", Subject: word()})
	}
	return b
}

// TestShrinkFits: every answer comes to fit a small budget in as many steps as the gate
// makes, and what is left out is said.
func TestShrinkFits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 25 {
		a := big(r, i%5)
		budget := 300 + r.IntN(6000)
		steps := 0
		for ; ; steps++ {
			size := text.Tokens(rendered(a))
			if size <= budget {
				break
			}
			if steps == 24 || !a.Shrink(float64(budget)/float64(size)) {
				t.Fatalf("%T: %d tokens after %d steps, the budget is %d", a, size, steps, budget)
			}
		}
		if s := rendered(a); steps > 4 && !strings.Contains(s, "… ") && !strings.Contains(s, "…(+") && !strings.Contains(s, "partial: ") {
			t.Errorf("%T: what was left out is not said:\n%s", a, s[:min(len(s), 500)])
		}
	}
}

// FuzzNarrow: whatever a hunk holds, a diff degrades without a panic until nothing is
// left to drop.
func FuzzNarrow(f *testing.F) {
	f.Add(" a\n-b\n\\ No newline at end of file\n+c\n", 1, 2, 1, 2)
	f.Add("", 0, 0, 0, 0)
	f.Fuzz(func(t *testing.T, body string, ol, on, nl, nn int) {
		var b strings.Builder
		for line := range strings.Lines(body) {
			if strings.IndexByte(" +-\\", line[0]) >= 0 {
				b.WriteString(strings.TrimSuffix(line, "\n") + "\n")
			}
		}
		d := &code.Diff{Files: []code.FileDiff{{Path: "a", Hunks: []code.Hunk{{OldLine: ol, OldLines: on, NewLine: nl, NewLines: nn, Text: b.String()}}}, {Path: "b"}}}
		for range 100 {
			rendered(d)
			if !d.Shrink(0.5) {
				return
			}
		}
		t.Error("it never ends")
	})
}
