package buildlog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
	}{
		{"nothing", "a\nb\nc", "a\nb\nc"},
		{"equal lines", "a\na\nb\nb\nb\na", "a +1\nb +2\na"},
		{"equal failures", "FAIL x\nFAIL x", "FAIL x +1"},
		{"empty lines", "a\n\n\nb", "a\n +1\nb"},
		{"numbers", "pulled 1 of 20\npulled 2 of 20\npulled 13 of 20\ndone", "pulled 1 of 20 +2\ndone"},
		{"two are not enough", "pulled 1\npulled 2\ndone", "pulled 1\npulled 2\ndone"},
		{"equal and alike", "pulled 1\npulled 1\npulled 2", "pulled 1 +2"},
		{"hashes", "layer 4f5e6d7a8b90: ready\nlayer 0123456789ab: ready\nlayer ffeeddccbb11: ready", "layer 4f5e6d7a8b90: ready +2"},
		{"UUIDs", "id 0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f ok\nid 9f8e7d6c-0a1b-4a1b-8a1b-0a1b2c3d4e5f ok\nid 11111111-2222-3333-4444-555555555555 ok", "id 0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f ok +2"},
		{"times", "at 12:30:01.5 up\nat 12:30:02 up\nat 2026-01-02/12:30:02 up", "at 12:30:01.5 up +2"},
		{"bars", "[=>    ] 10%\n[==>   ] 50%\n[=====>] 99%", "[=>    ] 10% +2"},
		{"passes", "--- PASS: Test1 (0.01s)\n  ok 1\n  ok 2\n  ok 3", "--- PASS: Test1 (0.01s)\n  ok 1 +2"},
		{"other words", "compiling a1\nlinking a1\ncopying a1", "compiling a1\nlinking a1\ncopying a1"},
		{"failures", "--- FAIL: Test1\n--- FAIL: Test2\n--- FAIL: Test3", "--- FAIL: Test1\n--- FAIL: Test2\n--- FAIL: Test3"},
		{"wants", "case 1: got 2, want 3\ncase 2: got 3, want 4\ncase 3: got 4, want 5", "case 1: got 2, want 3\ncase 2: got 3, want 4\ncase 3: got 4, want 5"},
		{"places", "a.go:1: x\na.go:2: x\na.go:3: x", "a.go:1: x\na.go:2: x\na.go:3: x"},
		{"places in parentheses", "at f (b.cs(1,2))\nat f (b.cs(3,2))\nat f (b.cs(4,2))", "at f (b.cs(1,2))\nat f (b.cs(3,2))\nat f (b.cs(4,2))"},
		{"a difference", "+ 1\n+ 2\n+ 3", "+ 1\n+ 2\n+ 3"},
		{"TAP", "not ok 1\nnot ok 2\nnot ok 3\nok 4\nok 5\nok 6", "not ok 1\nnot ok 2\nnot ok 3\nok 4 +2"},
		{"pytest", "E   1\nE   2\nE   3", "E   1\nE   2\nE   3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var lines []Line
			for i, s := range strings.Split(c.in, "\n") {
				lines = append(lines, Line{N: i + 10, Text: s})
			}
			before := append([]Line{}, lines...)
			folded := Fold(lines)
			if diff := cmp.Diff(before, lines); diff != "" {
				t.Errorf("the argument was changed:\n%s", diff)
			}
			var got []string
			for _, line := range strings.Split(strings.TrimSuffix(show([][]Line{folded}), "\n"), "\n") {
				_, text, _ := strings.Cut(line, "-")
				got = append(got, text)
			}
			if diff := cmp.Diff(strings.Split(c.want, "\n"), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(folded, Fold(folded)); diff != "" {
				t.Errorf("folding again changes it:\n%s", diff)
			}
		})
	}
}

func TestFoldKeeps(t *testing.T) {
	apart := []Line{{N: 1, Text: "a"}, {N: 3, Text: "a"}, {N: 4, Text: "a", Hit: true}, {N: 5, Text: "a", Hit: true}, {N: 6, Text: "a"}}
	if diff := cmp.Diff(apart, Fold(apart)); diff != "" {
		t.Errorf("lines that do not follow each other, or hits (-want +got)\n%s", diff)
	}
	if got := Fold(nil); len(got) != 0 {
		t.Errorf("Fold(nil) = %v", got)
	}
}

// FuzzFold: every line is either there or counted, in order.
func FuzzFold(f *testing.F) {
	f.Add("a 1\na 2\na 3\nFAIL\nFAIL\n")
	f.Add("\n\n1:2\n1-\n")
	f.Fuzz(func(t *testing.T, log string) {
		texts := strings.Split(log, "\n")
		lines := make([]Line, len(texts))
		for i, s := range texts {
			lines[i] = Line{N: i + 1, Text: s}
		}
		next := 1
		for _, l := range Fold(lines) {
			if l.N != next || l.Text != texts[l.N-1] || l.Repeat < 0 {
				t.Fatalf("line %d %q, %d folded, where %d was next", l.N, l.Text, l.Repeat, next)
			}
			next += 1 + l.Repeat
		}
		if next != len(texts)+1 {
			t.Errorf("%d lines of %d", next-1, len(texts))
		}
	})
}
