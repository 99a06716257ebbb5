package buildlog

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// numbers returns a log of n lines that hold their numbers.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i+1)
	}
	return b.String()
}

// kinds returns the log as a stream, as a file, and as what can be read at any place.
func kinds(t *testing.T, log string) map[string]func() io.Reader {
	name := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(name, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]func() io.Reader{
		"stream": func() io.Reader { return iotest.HalfReader(strings.NewReader(log)) },
		"sized":  func() io.Reader { return strings.NewReader(log) },
		"file": func() io.Reader {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		},
		"counted": func() io.Reader { return countedLog{strings.NewReader(log), countLines([]byte(log))} },
	}
}

type countedLog struct {
	*strings.Reader
	lines int
}

func (l countedLog) Lines() int { return l.lines }

func TestTail(t *testing.T) {
	big := numbers(900_000)
	long := strings.Repeat("x", MaxLine)
	for _, c := range []struct {
		name, log string
		n         int
		want      []Line
		total     int
	}{
		{"empty", "", 5, nil, 0},
		{"all", "a\nb\n", 5, []Line{{N: 1, Text: "a"}, {N: 2, Text: "b"}}, 2},
		{"some", "a\nb\nc", 2, []Line{{N: 2, Text: "b"}, {N: 3, Text: "c"}}, 3},
		{"exactly all", "a\nb\n", 2, []Line{{N: 1, Text: "a"}, {N: 2, Text: "b"}}, 2},
		{"none", "a\nb\n", 0, nil, 2},
		{"empty lines", "a\n\n\n", 2, []Line{{N: 2}, {N: 3}}, 3},
		{"many", big, 2, []Line{{N: 899_999, Text: "line 899999"}, {N: 900_000, Text: "line 900000"}}, 900_000},
		{"clean", "a\n\x1b[1mb\x1b[0m\r\n", 1, []Line{{N: 2, Text: "b"}}, 2},
		{"one endless line", strings.Repeat(long, 300), 1, []Line{{N: 1, Text: fmt.Sprintf("%s…(+%d bytes)", long, 299*MaxLine)}}, 1},
		{"an endless line before", "a\n" + strings.Repeat(long, 300) + "\nb\n", 1, []Line{{N: 3, Text: "b"}}, 3},
	} {
		for kind, open := range kinds(t, c.log) {
			t.Run(c.name+"/"+kind, func(t *testing.T) {
				got, err := Tail(t.Context(), open(), c.n)
				if err != nil {
					t.Fatal(err)
				}
				want := newPart(append([]Line{}, c.want...))
				want.Total, want.TotalKnown = c.total, true
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got)\n%.2000s", diff)
				}
			})
		}
	}
}

// TestTailBounded: of lines that are too much there are the last ones, with their numbers.
func TestTailBounded(t *testing.T) {
	log := strings.Repeat(strings.Repeat("x", MaxLine)+"\n", 400)
	for kind, open := range kinds(t, log) {
		got, err := Tail(t.Context(), open(), 350)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(got.Lines); n < 10 || n > MaxText/MaxLine+1 || got.To != 400 || got.From != 400-n+1 || got.Total != 400 {
			t.Errorf("%s: %d lines, %d to %d of %d", kind, n, got.From, got.To, got.Total)
		}
	}
}

func TestRange(t *testing.T) {
	big := numbers(500_000)
	for _, c := range []struct {
		name, log  string
		from, to   int
		want       []Line
		total      int // 0 if it is not known
		countedToo bool
	}{
		{"empty", "", 1, 5, nil, 0, true},
		{"within", "a\nb\nc\nd\n", 2, 3, []Line{{N: 2, Text: "b"}, {N: 3, Text: "c"}}, 0, false},
		{"below one", "a\nb\n", -5, 1, []Line{{N: 1, Text: "a"}}, 0, false},
		{"over the end", "a\nb\nc", 3, 9, []Line{{N: 3, Text: "c"}}, 3, true},
		{"behind the end", "a\nb\n", 3, 9, nil, 2, true},
		{"upside down", "a\nb\n", 2, 1, nil, 0, false},
		{"far", big, 400_000, 400_001, []Line{{N: 400_000, Text: "line 400000"}, {N: 400_001, Text: "line 400001"}}, 0, false},
	} {
		for kind, open := range kinds(t, c.log) {
			t.Run(c.name+"/"+kind, func(t *testing.T) {
				got, err := Range(t.Context(), open(), c.from, c.to)
				if err != nil {
					t.Fatal(err)
				}
				want := newPart(c.want)
				want.Total, want.TotalKnown = c.total, c.countedToo
				if kind == "counted" {
					want.Total, want.TotalKnown = countLines([]byte(c.log)), true
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got)\n%.2000s", diff)
				}
			})
		}
	}
	whole, err := Range(t.Context(), strings.NewReader(big), 1, 500_000)
	if err != nil {
		t.Fatal(err)
	}
	if whole.From != 1 || whole.To != len(whole.Lines) || whole.To < 100_000 || whole.To == 500_000 || whole.TotalKnown {
		t.Errorf("more than MaxText: %d lines, %d to %d", len(whole.Lines), whole.From, whole.To)
	}
}

// FuzzParts: Tail and Range return the lines that a Reader returns.
func FuzzParts(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), uint8(2), uint8(2))
	f.Add([]byte("\n"), uint8(1), uint8(0))
	f.Fuzz(func(t *testing.T, log []byte, n, from uint8) {
		all := readAll(t, bytes.NewReader(log))
		same := func(what string, p *Part, first, last int) {
			t.Helper()
			want := []Line{}
			for i := max(first, 1); i <= min(last, len(all)); i++ {
				want = append(want, Line{N: i, Text: all[i-1]})
			}
			if diff := cmp.Diff(want, append([]Line{}, p.Lines...)); diff != "" {
				t.Errorf("%s (-want +got)\n%s", what, diff)
			}
		}
		for _, r := range []io.Reader{bytes.NewReader(log), io.MultiReader(bytes.NewReader(log))} {
			p, err := Tail(t.Context(), r, int(n))
			if err != nil {
				t.Fatal(err)
			}
			same("Tail", p, len(all)-int(n)+1, len(all))
		}
		p, err := Range(t.Context(), bytes.NewReader(log), int(from), int(from)+int(n))
		if err != nil {
			t.Fatal(err)
		}
		same("Range", p, int(from), int(from)+int(n))
	})
}
