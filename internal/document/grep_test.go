package document

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"cleat/internal/fail"

	"github.com/google/go-cmp/cmp"
)

func found(f *Found) string {
	var b strings.Builder
	for _, l := range f.Lines {
		mark := "-"
		if l.Match {
			mark = ":"
		}
		fmt.Fprintf(&b, "%d%s%s\n", l.Number, mark, l.Text)
	}
	fmt.Fprintf(&b, "shown %d of %d in %d lines", f.Shown, f.Matches, f.Read)
	return b.String()
}

func TestGrep(t *testing.T) {
	text := "alpha\nbeta\r\ngamma\ndelta\nbeta2\nend"
	tests := []struct {
		name          string
		text, expr    string
		around, limit int
		want          string
	}{
		{"literal", text, "beta", 0, 0, "2:beta\n5:beta2\nshown 2 of 2 in 6 lines"},
		{"end of a line", text, "beta$", 0, 0, "2:beta\nshown 1 of 1 in 6 lines"},
		{"context", text, "gamma", 1, 0, "2-beta\n3:gamma\n4-delta\nshown 1 of 1 in 6 lines"},
		{"context that meets", text, "beta", 1, 0, "1-alpha\n2:beta\n3-gamma\n4-delta\n5:beta2\n6-end\nshown 2 of 2 in 6 lines"},
		{"limit", text, "a", 0, 2, "1:alpha\n2:beta\nshown 2 of 5 in 6 lines"},
		{"no match", text, "zeta", 3, 0, "shown 0 of 0 in 6 lines"},
		{"case folded", text, "(?i)GAMMA|END", 0, 0, "3:gamma\n6:end\nshown 2 of 2 in 6 lines"},
		{"empty lines", "a\n\nb\n", "^$", 0, 0, "2:\nshown 1 of 1 in 3 lines"},
		{"lines are apart", "a\nb\n", `a\nb`, 0, 0, "shown 0 of 0 in 2 lines"},
		{"empty document", "", "a", 0, 0, "shown 0 of 0 in 0 lines"},
		{"long line", strings.Repeat("x", 5000) + "needle" + strings.Repeat("y", 5000), "needle", 0, 0,
			"1:(4500 bytes+)…" + strings.Repeat("x", 500) + "needle" + strings.Repeat("y", 1494) + "…(+3506 bytes)\nshown 1 of 1 in 1 lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Grep(t.Context(), strings.NewReader(tt.text), tt.expr, tt.around, tt.limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, found(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestGrepLeaps compares what is found when most of the document is passed over unread
// with what a plain loop finds.
func TestGrepLeaps(t *testing.T) {
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "line %d of the document\n", i+1)
	}
	text := b.String()
	for _, expr := range []string{"line 59999", "line [0-9]*777 ", "line 1 ", "line 60000", "absent"} {
		for _, around := range []int{0, 1, 3} {
			got, err := Grep(t.Context(), strings.NewReader(text), expr, around, 0)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plainGrep(text, expr, around), found(got)); diff != "" {
				t.Errorf("%s, context %d: (-want +got):\n%s", expr, around, diff)
			}
		}
	}
}

func plainGrep(text, expr string, around int) string {
	re := regexp.MustCompile(expr)
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	show := make([]byte, len(lines))
	n := 0
	for i, line := range lines {
		if !re.MatchString(line) {
			continue
		}
		n++
		for j := max(0, i-around); j <= min(len(lines)-1, i+around); j++ {
			if show[j] == 0 {
				show[j] = '-'
			}
		}
		show[i] = ':'
	}
	var b strings.Builder
	for i, line := range lines {
		if show[i] != 0 {
			fmt.Fprintf(&b, "%d%c%s\n", i+1, show[i], line)
		}
	}
	fmt.Fprintf(&b, "shown %d of %d in %d lines", n, n, len(lines))
	return b.String()
}

func TestGrepErrors(t *testing.T) {
	tests := []struct{ expr, what, next string }{
		{"", "the regular expression is empty", `write grep="." for every line that is not empty`},
		{"a(b", `bad regular expression: missing closing ) at character 2 ("(b")`, `write \( or \) for a parenthesis itself`},
		{"ab)", `bad regular expression: unexpected ) at character 3 (")")`, `write \( or \) for a parenthesis itself`},
		{"x[a-", `bad regular expression: missing closing ] at character 2 ("[a-")`, `write \[ for a bracket itself`},
		{"é**", `bad regular expression: invalid nested repetition operator at character 2 ("**")`, ""},
		{"*a", `bad regular expression: missing argument to repetition operator at character 1 ("*a")`, ""},
		{"(?=a)", `bad regular expression: invalid or unsupported Perl syntax at character 1 ("(?=a)")`, ""},
		{`a\`, "bad regular expression: trailing backslash at end of expression", `write \\ for a backslash itself`},
		{"a{5000}", `bad regular expression: invalid repeat count at character 2 ("{5000}")`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			_, err := Grep(t.Context(), strings.NewReader("a"), tt.expr, 0, 0)
			e := fail.From(err)
			if err == nil || e.Code != fail.Invalid || e.What != tt.what || e.Next == "" {
				t.Errorf("error %v, next %q; want %q and a next step", err, e.Next, tt.what)
			}
			if tt.next != "" && e.Next != tt.next {
				t.Errorf("next %q, want %q", e.Next, tt.next)
			}
		})
	}
	if _, err := Grep(t.Context(), strings.NewReader("a"), strings.Repeat("a", 5000), 0, 0); fail.From(err).Code != fail.Invalid {
		t.Errorf("an expression of 5000 bytes: %v", err)
	}
}

func TestGrepBounds(t *testing.T) {
	got, err := Grep(t.Context(), strings.NewReader(numbered(500)), "line 300$", 1_000_000_000, -1)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Lines) != 2*MaxContext+1 || len(got.Notes) != 1 {
		t.Errorf("%d lines, notes %q; want %d and a note", len(got.Lines), got.Notes, 2*MaxContext+1)
	}

	ctx, cancel := context.WithCancel(t.Context())
	doc := &stopping{endless{text: "a needle\n"}, cancel}
	got, err = Grep(ctx, doc, "needle", 0, 5)
	if err != nil {
		t.Fatal(err)
	}
	if got.Partial == "" || got.Shown != 5 || got.Matches < 1000 {
		t.Errorf("partial %q, shown %d of %d; want what was found before the end", got.Partial, got.Shown, got.Matches)
	}
}

// stopping ends its context once it has been read for a while.
type stopping struct {
	endless
	stop func()
}

func (s *stopping) Read(p []byte) (int, error) {
	if s.read > 1<<20 {
		s.stop()
	}
	return s.endless.Read(p)
}
