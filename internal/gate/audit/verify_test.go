package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Whatever the file holds, reading it needs little memory, ends, and says what is wrong.
func TestHostileLog(t *testing.T) {
	deep := strings.Repeat("[", 8000) + strings.Repeat("]", 8000)
	tests := []struct {
		name, add string
		size      int64 // the file is made so long
	}{
		{"gigabyte without a line feed", "", 1 << 30},
		{"line over the limit", strings.Repeat("x", maxLine) + "\n", 0},
		{"line at the limit", strings.Repeat("x", maxLine-1) + "\n", 0},
		{"long line that is almost a record", `{"seq":4,"seq":` + strings.Repeat("9", 1<<19) + "}\n", 0},
		{"deep", deep + "\n", 0},
		{"deep in arguments", `{"seq":4,"args":` + deep[1:16000] + "}\n", 0},
		{"no JSON", "hello\n", 0},
		{"other JSON", "[]\nnull\n1\n{}\n", 0},
		{"many lines", strings.Repeat("\n", 100_000), 0},
		{"terminal escapes", "\x1b[2J\x1b]0;pwned\x07\n", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLog(t, Options{})
			fill(t, l, 3)
			f, err := os.OpenFile(logPath(l.opt.Dir), os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString(tt.add)
			}
			if err == nil && tt.size > 0 {
				err = f.Truncate(tt.size)
			}
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rep := verify(t, l.opt.Dir)
			if tt.size == 0 { // reading a gigabyte backward takes long with the race detector
				recs, err := Tail(t.Context(), l.opt.Dir, 2, nil)
				if err != nil || len(recs) != 2 || recs[1].Seq != 3 {
					t.Errorf("Tail = %v, %v, want the records before", recs, err)
				}
			}
			runtime.ReadMemStats(&after)
			if got := after.HeapSys - before.HeapSys; got > 64<<20 && after.HeapSys > before.HeapSys {
				t.Errorf("the heap grew by %d MB", got>>20)
			}
			if rep.OK() || rep.Problems[0].Seq != 4 || rep.Problems[0].Line != 4 {
				t.Errorf("problems %v, want one in line 4", rep.Problems)
			}
			if rep.Records < 3 || len(rep.Problems) > maxProblems {
				t.Errorf("%d records, %d problems", rep.Records, len(rep.Problems))
			}
			for _, p := range rep.Problems {
				if strings.ContainsFunc(p.String(), func(r rune) bool { return r < ' ' || r > '~' }) {
					t.Errorf("problem %q is not for a terminal", p)
				}
			}
		})
	}
}

// A forged break record cannot smuggle control characters into a report.
func TestReportIsPrintable(t *testing.T) {
	for _, method := range []string{MethodBreak, MethodRepair} {
		l := newLog(t, Options{})
		rec := sample()
		rec.Method, rec.Outcome = method, "\x1b[2J\u202e"
		if _, err := l.Append(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		rep := verify(t, l.opt.Dir)
		text := fmt.Sprint(rep.Problems, rep.Notes)
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) || !strings.Contains(text, `\u202e`) {
			t.Errorf("report: %q", text)
		}
	}
}

func TestTail(t *testing.T) {
	l := newLog(t, Options{Rotate: 3000})
	for i := range 30 {
		rec := sample()
		rec.ID, rec.Name = fmt.Sprint(i), []string{"find", "read"}[i%2]
		if i == 20 { // an over-long line and junk among them
			f, err := os.OpenFile(logPath(l.opt.Dir), os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString(strings.Repeat("y", 300_000) + "\njunk\n")
			}
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Append(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	find := func(r Record) bool { return r.Name == "find" }
	tests := []struct {
		n      int
		filter func(Record) bool
		want   []string
	}{
		{0, nil, nil},
		{-1, nil, nil},
		{3, nil, []string{"27", "28", "29"}},
		{3, find, []string{"24", "26", "28"}},
		{2, func(r Record) bool { return r.ID == "0" }, []string{"0"}},
		{2, func(r Record) bool { return r.Decision == Deny }, nil},
		{6, func(r Record) bool { return r.Method != MethodBreak && r.Seq < 26 }, []string{"18", "19", "20", "21", "22", "23"}},
	}
	for i, tt := range tests {
		recs, err := Tail(t.Context(), l.opt.Dir, tt.n, tt.filter)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, r := range recs {
			ids = append(ids, r.ID)
		}
		if !slices.Equal(ids, tt.want) {
			t.Errorf("%d: Tail = %v, want %v", i, ids, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Tail(ctx, l.opt.Dir, 3, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Tail after cancel: %v", err)
	}
	if _, err := Verify(ctx, l.opt.Dir); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify after cancel: %v", err)
	}
}

// Tail reads the end of a large log, not all of it.
func TestTailReadsLittle(t *testing.T) {
	lines := strings.Repeat(strings.Repeat("z", 99)+"\n", 100_000)
	counter := &countingReader{r: strings.NewReader(lines)}
	n := 0
	for range backward(counter, int64(len(lines))) {
		if n++; n == 10 {
			break
		}
	}
	if counter.n > 1<<17 {
		t.Errorf("read %d bytes for 10 lines", counter.n)
	}
}

type countingReader struct {
	r *strings.Reader
	n int
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += n
	return n, err
}

// backward yields what splitting at line feeds yields, in reverse and without what is
// empty or too long.
func FuzzBackward(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"))
	f.Add(append(bytes.Repeat([]byte("x"), 70_000), "\nend\n"...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got, want []string
		for line, err := range backward(bytes.NewReader(b), int64(len(b))) {
			if err != nil {
				t.Fatal(err)
			}
			if len(line) < maxLine {
				got = append(got, string(line))
			}
		}
		for line := range bytes.SplitSeq(b, []byte("\n")) {
			if len(line) > 0 && len(line) < maxLine {
				want = append(want, string(line))
			}
		}
		slices.Reverse(want)
		if !slices.Equal(got, want) {
			t.Errorf("got %d lines, want %d", len(got), len(want))
		}
	})
}

// What Append makes of any texts is one line of printable ASCII that decode accepts and
// that comes back the same.
func FuzzRecord(f *testing.F) {
	f.Add("find", "\x1b[0m\u202e", []byte(`{"a":"\ud800é"}`))
	f.Add(strings.Repeat("\U0001f600", 200), "x", []byte(`{"a":1,"a":2} `))
	f.Add("", strings.Repeat("\"", 3000), []byte("{"))
	f.Fuzz(func(t *testing.T, name, text string, args []byte) {
		l, err := Open(Options{Dir: os.TempDir()}) // no file is touched
		if err != nil {
			t.Fatal(err)
		}
		rec := l.prepare(Record{Name: name, Error: text, Outcome: text, Args: args})
		line, hash := compose(7, rec.body(), genesis)
		if len(line) >= maxLine || bytes.ContainsFunc(line[:len(line)-1], func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("line %q", line)
		}
		got, err := decode(line[:len(line)-1])
		if err != nil || got.Hash != hash || got.Seq != 7 {
			t.Fatalf("decode(%s) = %v", line, err)
		}
		again, _ := compose(got.Seq, got.body(), got.Prev)
		if !bytes.Equal(line, again) {
			t.Errorf("%s\ncomes back as\n%s", line, again)
		}
	})
}

// Verify ends without a panic whatever the files hold, and calls a log whole only when
// each line continues the one before and the head names the last.
func FuzzVerify(f *testing.F) {
	l := newLog(f, Options{Rotate: 1200})
	for range 5 {
		if _, err := l.Append(context.Background(), sample()); err != nil {
			f.Fatal(err)
		}
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(l.opt.Dir, name))
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	older, log, head := read(folder+"/"+rotated(3)), read(folder+"/"+current), read(headFile)
	oldest := read(folder + "/" + rotated(1))
	f.Add(slices.Concat(oldest, older), log, head)
	f.Add(oldest, log, head)
	f.Add([]byte{}, log, []byte{})
	f.Add([]byte{}, []byte{}, head)
	f.Fuzz(func(t *testing.T, older, log, head []byte) {
		h, state, err := readHead(bytes.NewReader(head))
		if err != nil {
			t.Fatal(err)
		}
		v := newVerifier(h, state)
		if err := errors.Join(v.read(t.Context(), rotated(1), bytes.NewReader(older), false),
			v.read(t.Context(), current, bytes.NewReader(log), true)); err != nil {
			t.Fatal(err)
		}
		rep := v.finish()
		if !rep.OK() {
			if len(rep.Problems) == 0 || rep.Problems[0].What == "" {
				t.Error("not whole, and no reason")
			}
			return
		}
		prev, n := genesis, uint64(0)
		for line := range bytes.Lines(slices.Concat(older, log)) {
			rec, err := decode(bytes.TrimSuffix(line, []byte("\n")))
			if err != nil {
				break // may only be what a dead process left
			}
			if n++; rec.Prev != prev || rec.Seq != n {
				t.Errorf("whole, but record %d does not follow", n)
			}
			prev = rec.Hash
		}
		if n != uint64(rep.Records) || state == headOK && (n < h.Seq || n > h.Seq+1 || n == h.Seq && n > 0 && prev != h.Hash) {
			t.Errorf("whole with %d records, %d reported, head at %d", n, rep.Records, h.Seq)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, phase := range []string{"", Intent} {
		name := "unsynced"
		if phase != "" {
			name = "synced"
		}
		b.Run(name, func(b *testing.B) {
			l := newLog(b, Options{})
			rec := sample()
			rec.Phase = phase
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.Append(b.Context(), rec); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	l := newLog(b, Options{})
	fill(b, l, 10_000)
	info, err := os.Stat(logPath(l.opt.Dir))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		if rep := verify(b, l.opt.Dir); !rep.OK() {
			b.Fatal(rep.Problems)
		}
	}
}
