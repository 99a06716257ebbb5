package buildlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
)

// show writes blocks as grep does: "3:" for hits, "2-" for context.
func show(blocks [][]Line) string {
	var b strings.Builder
	for i, block := range blocks {
		if i > 0 {
			b.WriteString("--\n")
		}
		for _, l := range block {
			mark := "-"
			if l.Hit {
				mark = ":"
			}
			fmt.Fprintf(&b, "%d%s%s", l.N, mark, l.Text)
			if l.Repeat > 0 {
				fmt.Fprintf(&b, " +%d", l.Repeat)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

func TestSearch(t *testing.T) {
	const log = "start\nsetup\n\x1b[31mFA\x1b[1mIL\x1b[0m one\nnoise\nnoise\nFAIL two\nmore\nmore\nmore\n##[error]FAIL three\nend\n"
	for _, c := range []struct {
		name, pattern string
		o             Options
		want          string
		hits, more    int
	}{
		{"no context", "FAIL", Options{Max: 10}, "3:FAIL one\n--\n6:FAIL two\n--\n10:error: FAIL three\n", 3, 0},
		{"context", "FAIL", Options{Max: 10, Context: 1}, "2-setup\n3:FAIL one\n4-noise +1\n6:FAIL two\n7-more\n--\n9-more\n10:error: FAIL three\n11-end\n", 3, 0},
		{"equal context is folded", "FAIL", Options{Max: 10, Context: 2}, "1-start\n2-setup\n3:FAIL one\n4-noise +1\n6:FAIL two\n7-more +2\n10:error: FAIL three\n11-end\n", 3, 0},
		{"and apart", "two", Options{Max: 10, Context: 2, FoldOff: true}, "4-noise\n5-noise\n6:FAIL two\n7-more\n8-more\n", 1, 0},
		{"the first", "FAIL", Options{Max: 1, Context: 1}, "2-setup\n3:FAIL one\n4-noise\n", 3, 2},
		{"the context of the first ends at the second", "FAIL", Options{Max: 1, Context: 5, FoldOff: true}, "1-start\n2-setup\n3:FAIL one\n4-noise\n5-noise\n", 3, 2},
		{"the last", "FAIL", Options{Max: 1, Context: 1, Reverse: true}, "9-more\n10:error: FAIL three\n11-end\n", 3, 2},
		{"the context of the last begins after the one before", "FAIL", Options{Max: 1, Context: 5, Reverse: true}, "7-more +2\n10:error: FAIL three\n11-end\n", 3, 2},
		{"the last two", "FAIL", Options{Max: 2, Reverse: true}, "6:FAIL two\n--\n10:error: FAIL three\n", 3, 1},
		{"none wanted", "FAIL", Options{}, "", 3, 3},
		{"what the service says", "^error: ", Options{Max: 9}, "10:error: FAIL three\n", 1, 0},
		{"no hit", "absent", Options{Max: 9}, "", 0, 0},
		{"any case", "(?i)fail t", Options{Max: 9}, "6:FAIL two\n--\n10:error: FAIL three\n", 2, 0},
		{"anchors", "^FAIL.*o$", Options{Max: 9}, "6:FAIL two\n", 1, 0},
		{"no literal", "^[a-e].d$", Options{Max: 9}, "11:end\n", 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []io.Reader{strings.NewReader(log), iotest.OneByteReader(strings.NewReader(log))} {
				got, err := Search(t.Context(), r, regexp.MustCompile(c.pattern), c.o)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, show(got.Blocks)); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
				if got.Hits != c.hits || got.More != c.more || got.Lines != 11 {
					t.Errorf("%d hits, %d more, %d lines; want %d, %d, 11", got.Hits, got.More, got.Lines, c.hits, c.more)
				}
			}
		})
	}
}

// grep is Search, done slowly, without folding.
func grep(log []byte, re *regexp.Regexp, o Options) *Found {
	type line struct {
		text string
		hit  bool
	}
	var lines []line
	var hits []int
	r := NewReader(bytes.NewReader(log))
	for {
		n, text, err := r.Next()
		if err != nil {
			break
		}
		hit := re.Match(text)
		if hit {
			hits = append(hits, n-1)
		}
		lines = append(lines, line{string(text), hit})
	}
	f := &Found{Hits: len(hits), Lines: len(lines)}
	kept := hits
	if len(hits) > o.Max {
		if kept = hits[:o.Max]; o.Reverse {
			kept = hits[len(hits)-o.Max:]
		}
	}
	f.More = len(hits) - len(kept)
	if len(kept) == 0 {
		return f
	}
	low, high := 0, len(lines) // where hits that are not shown end the context
	for _, h := range hits {
		if h < kept[0] {
			low = h + 1
		}
		if h > kept[len(kept)-1] {
			high = h
			break
		}
	}
	last := -2
	for _, h := range kept {
		for i := max(h-o.Context, low, last+1); i <= min(h+o.Context, high-1); i++ {
			if i > h && lines[i].hit {
				break
			}
			if i != last+1 || last < 0 {
				f.Blocks = append(f.Blocks, nil)
			}
			k := len(f.Blocks) - 1
			f.Blocks[k] = append(f.Blocks[k], Line{N: i + 1, Text: lines[i].text, Hit: lines[i].hit})
			last = i
		}
	}
	return f
}

// TestSearchIsGrep compares Search with the slow way, over logs of several blocks.
func TestSearchIsGrep(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	words := []string{"ok", "error", "ERROR", "er\x1b[1mror", "fail", "\x1b[31mtest\x1b[0m", "x\rerror", "erq\bror", "\x00", "größe", "kſK",
		"##[error]boom", "::error file=a.go,line=3::boom", "std::error", "\xff", "\t", "a long line of text that says nothing", "12:30:01", "er\u009b1mror", "er\x7fror",
		"\ufefferror", "section_start:1:error", "section_end:12:rare\r", "::error title=a%0Dok::x", "::warning::er%0Dror", "[2026-01-02T03:04:05.123Z] ", "2026-01-02T03:04:05.123456Z 01E+", "Q", "::debug::Q%25"}
	rare := []string{"XYW", "X\x1b[1mYW", "\x1b[32mXYW\x1b[0m", "XYQ\bW", "XY", "Y", "YW\rXY", "::error::XYW", "::error file=X::YW", "##[error]XYW", "section_start:1:XYW", "XY\u009b1mW", "XY\xffW", "\ufeffXYW"}
	var log bytes.Buffer
	for log.Len() < 3*blockSize {
		if rng.IntN(3) == 0 {
			log.WriteString("2026-01-02T03:04:05.1234567Z ")
		}
		for range rng.IntN(6) {
			if log.WriteString(words[rng.IntN(len(words))]); rng.IntN(3) > 0 {
				log.WriteByte(' ')
			}
		}
		if rng.IntN(2000) == 0 {
			log.WriteString(rare[rng.IntN(len(rare))])
		}
		if rng.IntN(20_000) == 0 {
			log.Write(bytes.Repeat([]byte("error "), rng.IntN(2*blockSize/6)))
		}
		if rng.IntN(10) == 0 {
			log.WriteByte('\r')
		}
		log.WriteByte('\n')
	}
	log.WriteString("the rare end")
	for _, pattern := range []string{"error", "(?i)error", "^error:", "error|fail", "boom$", "(?i)SK", "größe.*ok", "rare", "a.go:3", "\\d+:\\d+", "", "^$", "[Ee]rror", "\ufffd", "(?:err)(or)", "nowhere",
		"Q", "Qu", "erq", "or|Z|Q", "Z ok", " error", " ok", "section_", "T03:04", "2", "error: Q", "(?i)error: |q", "error\\r", "\ufefferror", "Q%", "x:Q", "r\nok", "XYW", " XYW", "XYW|XYX", "error: XYW", "X: ?YW", "^XYW", "\u009b"} {
		for _, o := range []Options{{Max: 5, Context: 3}, {Max: 5, Context: 3, Reverse: true}, {Max: 100_000, Context: 1}, {Max: 300, Reverse: true, Context: 60}} {
			o.FoldOff = true
			re := regexp.MustCompile(pattern)
			got, err := Search(t.Context(), bytes.NewReader(log.Bytes()), re, o)
			if err != nil {
				t.Fatal(err)
			}
			if want := grep(log.Bytes(), re, o); !cmp.Equal(want, got) && !atLimit(got) {
				t.Errorf("pattern %q, %+v: (-want +got)\n%.2000s", pattern, o, cmp.Diff(want, got))
			}
		}
	}
}

// atLimit reports whether the answer is as long as it gets.
func atLimit(f *Found) bool {
	n := 0
	for _, b := range f.Blocks {
		for _, l := range b {
			n += len(l.Text)
		}
	}
	return n > MaxText-2*MaxLine && n <= MaxText+2*MaxLine
}

// FuzzSearch: the hits are those of matching each clean line.
func FuzzSearch(f *testing.F) {
	f.Add([]byte("a\n\x1b[1mb\x1b[0mc\nbc\n"), "bc", uint8(1), uint8(1), false)
	f.Add([]byte("##[error]x\n::error::y\n"), "(?i)ERROR: (x|y)", uint8(9), uint8(0), true)
	f.Add([]byte("std::x\n :: \n::group::std\n"), "std|gro", uint8(2), uint8(2), true)
	f.Fuzz(func(t *testing.T, log []byte, pattern string, most, around uint8, last bool) {
		if len(pattern) > 60 || len(log) > 1<<16 {
			return
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			return
		}
		o := Options{Max: int(most), Context: int(around), Reverse: last, FoldOff: true}
		got, err := Search(t.Context(), bytes.NewReader(log), re, o)
		if err != nil {
			return // too complex
		}
		if diff := cmp.Diff(grep(log, re, o), got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestSearchBounded(t *testing.T) {
	line := strings.Repeat("\xff.", MaxLine/2)
	log := strings.Repeat(line+"\n", 200)
	for _, last := range []bool{false, true} {
		got, err := Search(t.Context(), strings.NewReader(log), regexp.MustCompile(`\.`), Options{Max: 500, Context: 50, Reverse: last})
		if err != nil {
			t.Fatal(err)
		}
		if !atLimit(got) || got.Hits != 200 || got.More == 0 {
			t.Errorf("last=%v: %d hits, %d more, %d blocks", last, got.Hits, got.More, len(got.Blocks))
		}
		want := 1
		if last {
			want = 200
		}
		block := got.Blocks[len(got.Blocks)-1]
		if n := block[0].N; !last && n != want {
			t.Errorf("the first line is %d", n)
		}
		if n := block[len(block)-1].N; last && n != want {
			t.Errorf("the last line is %d", n)
		}
	}
}

func TestSearchFails(t *testing.T) {
	broken := errors.New("broken")
	log := io.MultiReader(strings.NewReader(strings.Repeat("line\n", blockSize)), iotest.ErrReader(broken))
	if _, err := Search(t.Context(), log, regexp.MustCompile("x"), Options{}); !errors.Is(err, broken) {
		t.Errorf("a broken log: %v", err)
	}
	complex := regexp.MustCompile(strings.Repeat(".{1000}", 20))
	var e *fail.Error
	if _, err := Search(t.Context(), strings.NewReader("x"), complex, Options{}); !errors.As(err, &e) || e.Code != fail.Invalid {
		t.Errorf("a complex pattern: %v", err)
	}
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	endless := readerFunc(func(b []byte) (int, error) {
		cancel(why)
		return copy(b, strings.Repeat("a line\n", len(b)/7+1)), nil
	})
	if _, err := Search(ctx, endless, regexp.MustCompile("[0-9]"), Options{}); !errors.Is(err, why) {
		t.Errorf("an ended context: %v", err)
	}
	if _, err := Tail(ctx, endless, 1); !errors.Is(err, why) {
		t.Errorf("Tail, an ended context: %v", err)
	}
	if _, err := Range(ctx, endless, 1<<40, 1<<41); !errors.Is(err, why) {
		t.Errorf("Range, an ended context: %v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestNeeded(t *testing.T) {
	for _, c := range []struct {
		pattern string
		want    []literal
	}{
		{"error", []literal{{"error", false}}},
		{"(?i)Error", []literal{{"error", true}}},
		{"(?i)skipped tests", []literal{{"ipped te", true}}},
		{"(?i)ks", nil},
		{`\bpanic: `, []literal{{"panic: ", false}}},
		{"a.*bcd", []literal{{"bcd", false}}},
		{"(?:foo)(bar)", []literal{{"foobar", false}}},
		{"FAIL|panic", []literal{{"FAIL", false}, {"panic", false}}},
		{"FAIL|x*", nil},
		{"(?i:foo)|Bar", []literal{{"Bar", false}, {"foo", true}}},
		{"(abc)+d", []literal{{"abc", false}}},
		{"(abc)?d", []literal{{"d", false}}},
		{"(abc){2}", []literal{{"abcabc", false}}},
		{"[Ee]rror", []literal{{"rror", false}}},
		{"x\ufffdyz", []literal{{"yz", false}}},
		{`\d+`, nil},
		{"", nil},
	} {
		re, err := syntax.Parse(c.pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		if got := needed(re.Simplify()); !cmp.Equal(c.want, got, cmp.AllowUnexported(literal{})) {
			t.Errorf("needed(%q) = %+v, want %+v", c.pattern, got, c.want)
		}
	}
}
