package buildlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// readAll returns the text of all lines, and checks their numbers.
func readAll(t *testing.T, r io.Reader) []string {
	t.Helper()
	var out []string
	for lines := NewReader(r); ; {
		n, text, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if out = append(out, string(text)); n != len(out) {
			t.Fatalf("line %d has the number %d", len(out), n)
		}
	}
}

func TestReader(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	for _, c := range []struct {
		name, log string
		want      []string
	}{
		{"empty", "", nil},
		{"one line feed", "\n", []string{""}},
		{"no line feed at the end", "a\nb", []string{"a", "b"}},
		{"line feed at the end", "a\nb\n", []string{"a", "b"}},
		{"lines with nothing to show count", "##[group]a\n##[endgroup]\n\nb\n", []string{"a", "", "", "b"}},
		{"line ends of Windows", "a\r\nb\r\n", []string{"a", "b"}},
		{"the longest line", long + "\nb\n", []string{long, "b"}},
		{"a longer line", long + "yz\nb", []string{long + "…(+2 bytes)", "b"}},
		{"a longer line at the end", "a\n" + long + "yz", []string{"a", long + "…(+2 bytes)"}},
		{"cut within a character", long[1:] + "é\n", []string{long[1:] + "…(+2 bytes)"}},
		{"a huge line", "a\n" + strings.Repeat(long, 50) + "\nb\n", []string{"a", fmt.Sprintf("%s…(+%d bytes)", long, 49*MaxLine), "b"}},
		{"a huge line at the end", strings.Repeat(long, 50), []string{fmt.Sprintf("%s…(+%d bytes)", long, 49*MaxLine)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, readAll(t, strings.NewReader(c.log))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.want, readAll(t, iotest.DataErrReader(iotest.HalfReader(strings.NewReader(c.log))))); diff != "" {
				t.Errorf("in small pieces (-want +got)\n%s", diff)
			}
		})
	}
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("broken")
	r := NewReader(io.MultiReader(strings.NewReader("a\nb\n"), iotest.ErrReader(broken)))
	for range 2 {
		if _, _, err := r.Next(); !errors.Is(err, broken) {
			t.Errorf("Next: %v, want %v", err, broken)
		}
	}
}

// FuzzReader: there are as many lines as line feeds, and one more where the last has none;
// each has the text that Clean gives it.
func FuzzReader(f *testing.F) {
	f.Add([]byte("a\n\x1b[1mb\r\n\n\xff"), uint8(3))
	f.Add([]byte("##[group]x\ny"), uint8(0))
	f.Fuzz(func(t *testing.T, log []byte, long uint8) {
		// Some lines that are longer than what is held.
		log = bytes.ReplaceAll(log, []byte("LONG"), bytes.Repeat([]byte("x"), int(long)*8<<10))
		got := readAll(t, bytes.NewReader(log))
		want := bytes.Count(log, []byte("\n"))
		if len(log) > 0 && log[len(log)-1] != '\n' {
			want++
		}
		if len(got) != want {
			t.Fatalf("%d lines, want %d", len(got), want)
		}
		for i, raw := range bytes.Split(log, []byte("\n"))[:want] {
			if len(raw) <= MaxLine && got[i] != string(Clean(raw)) {
				t.Errorf("line %d is %q, want %q", i+1, got[i], Clean(raw))
			}
		}
	})
}
