package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"cleat/internal/fail"

	"github.com/google/go-cmp/cmp"
)

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i+1)
	}
	return b.String()
}

func TestLines(t *testing.T) {
	long := strings.Repeat("é", 3000)
	tests := []struct {
		name            string
		text            string
		from, to, limit int
		want            Slice
	}{
		{"a range", numbered(9), 3, 4, 0, Slice{Lines: []Line{{Number: 3, Text: "line 3"}, {Number: 4, Text: "line 4"}},
			First: 3, Last: 4, Total: 9, More: true}},
		{"to the end", "a\nb\nc", 2, 0, 0, Slice{Lines: []Line{{Number: 2, Text: "b"}, {Number: 3, Text: "c"}},
			First: 2, Last: 3, Total: 3}},
		{"past the end", "a\nb\n", 2, 1_000_000_000, 0, Slice{Lines: []Line{{Number: 2, Text: "b"}},
			First: 2, Last: 2, Total: 2, Notes: []string{"the document ends at line 2"}}},
		{"limited", numbered(5), 2, 5, 2, Slice{Lines: []Line{{Number: 2, Text: "line 2"}, {Number: 3, Text: "line 3"}},
			First: 2, Last: 3, Total: 5, More: true}},
		{"exactly all", "a\nb\n", 1, 2, 2, Slice{Lines: []Line{{Number: 1, Text: "a"}, {Number: 2, Text: "b"}},
			First: 1, Last: 2, Total: 2}},
		{"empty document", "", 1, 0, 0, Slice{Total: 0}},
		{"one empty line", "\n", 1, 0, 0, Slice{Lines: []Line{{Number: 1}}, First: 1, Last: 1, Total: 1}},
		{"carriage returns", "\ufeffa\r\nb\rc\r\n\r", 1, 0, 0, Slice{Lines: []Line{{Number: 1, Text: "a"}, {Number: 2, Text: "b\rc"}, {Number: 3}},
			First: 1, Last: 3, Total: 3}},
		{"other ends of lines", "a\u2028b\vc\fd\x00e", 1, 0, 0, Slice{Lines: []Line{{Number: 1, Text: "a\u2028b\vc\fd\x00e"}},
			First: 1, Last: 1, Total: 1}},
		{"a long line", "x" + long + "\nnext", 1, 0, 0, Slice{
			Lines: []Line{{Number: 1, Text: "x" + strings.Repeat("é", 999) + "…(+4002 bytes)", Left: 4002}, {Number: 2, Text: "next"}},
			First: 1, Last: 2, Total: 2, Notes: []string{`1 line is longer than 2000 bytes and was clipped: part="L1" alone shows up to 36000 bytes, grep shows what surrounds a match`}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Lines(t.Context(), strings.NewReader(tt.text), tt.from, tt.to, tt.limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinesErrors(t *testing.T) {
	tests := []struct {
		name     string
		from, to int
		want     string
	}{
		{"zero", 0, 1, "bad range of lines: 0 to 1"},
		{"negative", -5, 0, "bad range of lines: -5 to 0"},
		{"reversed", 5, 4, "bad range of lines: 5 to 4"},
		{"negative end", 1, -1, "bad range of lines: 1 to -1"},
		{"past the end", 4, 0, "line 4 is past the end: the document has 3 lines"},
		{"far past the end", 999_999_999, 0, "line 999999999 is past the end: the document has 3 lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Lines(t.Context(), strings.NewReader("a\nb\nc\n"), tt.from, tt.to, 0)
			e := fail.From(err)
			if err == nil || e.Code != fail.Invalid || e.What != tt.want {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// An endless document of one repeated text, which counts what is read of it.
type endless struct {
	text string
	read int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text[int(e.read+int64(n))%len(e.text):])
	}
	e.read += int64(n)
	return n, nil
}

func TestLinesCost(t *testing.T) {
	doc := &endless{text: "0123456\n"}
	got, err := Lines(t.Context(), doc, 11, 20, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got.First != 11 || got.Last != 20 || got.Total != -1 || !got.More {
		t.Errorf("lines %d to %d of %d, more %v; want 11 to 20 of -1, more", got.First, got.Last, got.Total, got.More)
	}
	if limit := int64(lookAhead + 4*bufferSize); doc.read > limit {
		t.Errorf("read %d bytes for the first lines, want at most %d", doc.read, limit)
	}

	// One line without an end, in bounded memory.
	in := newReader(t.Context(), io.LimitReader(&endless{text: "x"}, 100<<20))
	allocated := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			in = newReader(t.Context(), io.LimitReader(&endless{text: "x"}, 10<<20))
			if _, n, err := in.line(MaxLineBytes); n != 10<<20 || err != nil {
				b.Fatalf("a line of %d bytes, %v", n, err)
			}
		}
	}).AllocedBytesPerOp()
	if allocated > 1<<20 {
		t.Errorf("a line of 10 MB takes %d bytes of memory", allocated)
	}

	// Lines that are long and many stop at a size.
	big, err := Lines(t.Context(), &endless{text: strings.Repeat("y", 9999) + "\n"}, 1, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(big.Lines) > 2*MaxSlice/MaxLineBytes || !big.More {
		t.Errorf("%d lines of 10 kB, more %v", len(big.Lines), big.More)
	}
}

func TestLinesStop(t *testing.T) {
	reason := errors.New("the time is up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if _, err := Lines(ctx, &endless{text: "a\n"}, 1_000_000, 0, 0); !errors.Is(err, reason) {
		t.Errorf("error %v, want %v", err, reason)
	}
	broken := io.MultiReader(strings.NewReader("a\n"), errReader{})
	if _, err := Lines(t.Context(), broken, 1, 0, 0); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want %v", err, errBroken)
	}
}

var errBroken = errors.New("broken")

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errBroken }

// FuzzLines: slices put together are the document, whatever their bounds.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nc"), uint8(2))
	f.Add([]byte("\n\n"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, step uint8) {
		text = text[:min(len(text), 1<<12)] // each slice counts what follows it
		want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if len(text) == 0 {
			want = nil
		}
		n := int(step)%7 + 1
		at := 1
		for {
			s, err := Lines(t.Context(), bytes.NewReader(text), at, at+n-1, 0)
			if err != nil {
				if at == len(want)+1 {
					return
				}
				t.Fatalf("lines from %d of %d: %v", at, len(want), err)
			}
			if s.Total != len(want) {
				t.Fatalf("total %d, want %d", s.Total, len(want))
			}
			for _, line := range s.Lines {
				if line.Number > len(want) {
					t.Fatalf("line %d of %d", line.Number, len(want))
				}
				w := strings.TrimSuffix(want[line.Number-1], "\r")
				if line.Number == 1 {
					w = strings.TrimPrefix(w, "\ufeff")
				}
				if line.Left == 0 && line.Text != w {
					t.Fatalf("line %d is %q, want %q", line.Number, line.Text, w)
				}
			}
			if !s.More {
				return
			}
			at = s.Last + 1
		}
	})
}
