package local

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
)

// What is kept of an output is a beginning and an end of it, with a line between them that
// says exactly what is missing, however the output was written.
func TestLogKeeps(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i, tt := range []struct {
		name       string
		most, size int
		line       int // mean length
	}{
		{"nothing", 1600, 0, 10},
		{"a little", 1600, 100, 10},
		{"all that may be", 1600, 1600, 10},
		{"one segment too many", 1600, 1701, 10},
		{"much", 1600, 50_000, 10},
		{"long lines", 1600, 50_000, 3000},
		{"one line", 1600, 50_000, 1 << 30},
		{"empty lines", 1600, 50_000, 1},
		{"tiny", 1, 500, 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			output := make([]byte, tt.size)
			for i := range output {
				output[i] = byte('a' + i%26)
				if random.IntN(tt.line) == 0 {
					output[i] = '\n'
				}
			}
			dir, err := os.OpenRoot(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer dir.Close()
			w := newLogWriter(dir, int64(tt.most))
			for rest := output; len(rest) > 0; {
				n := min(1+random.IntN(max(tt.most/3, 1)), len(rest))
				if m, err := w.Write(rest[:n]); m != n || err != nil {
					t.Fatal(m, err)
				}
				rest = rest[n:]
				if i%2 == 0 { // what is read while it is written is as true
					checkLog(t, dir, output[:len(output)-len(rest)], tt.most)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			checkLog(t, dir, output, tt.most)
		})
	}
}

// checkLog compares a log with the output it is of.
func checkLog(t *testing.T, dir *os.Root, output []byte, most int) {
	t.Helper()
	log, err := openLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	got, err := io.ReadAll(log)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(got)) != log.Size() {
		t.Fatalf("Size is %d, but %d bytes were read", log.Size(), len(got))
	}
	if err := iotest.TestReader(io.NewSectionReader(log, 0, log.Size()), got); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Seek(-int64(len(got))/2, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if half, err := io.ReadAll(log); err != nil || !bytes.Equal(half, got[len(got)-len(got)/2:]) {
		t.Fatalf("after Seek: %d bytes, %v", len(half), err)
	}
	if len(output) <= most {
		if !bytes.Equal(got, output) {
			t.Fatalf("a short log is not the output: %q, %q", got, output)
		}
		return
	}
	where := regexp.MustCompile(`(\n?)… (\d+) lines \((\d+) bytes\) were not kept …\n`).FindSubmatchIndex(got)
	if where == nil {
		if !bytes.Equal(got, output) {
			t.Fatal("something is missing without a word about it")
		}
		return
	}
	var lines, missing int
	if _, err := fmt.Sscan(string(got[where[4]:where[5]])+" "+string(got[where[6]:where[7]]), &lines, &missing); err != nil {
		t.Fatal(err)
	}
	head, tail := got[:where[0]], got[where[1]:]
	if where[3] > where[2] && len(head) > 0 && bytes.HasPrefix(output[len(head):], []byte("\n")) {
		head = output[:len(head)+1] // the line feed is the output's own
	}
	if !bytes.HasPrefix(output, head) || !bytes.HasSuffix(output, tail) {
		t.Fatalf("neither beginning nor end of the output: %q", got)
	}
	cut := output[len(head) : len(output)-len(tail)]
	if missing != len(cut) && missing != len(cut)+1 || lines != bytes.Count(cut, []byte("\n")) {
		t.Fatalf("%d lines (%d bytes) are said to be missing, not %d (%d)", lines, missing, bytes.Count(cut, []byte("\n")), len(cut))
	}
	if len(got) > most+most/4+200 {
		t.Fatalf("%d bytes are kept, %d may be", len(got), most)
	}
}

// A disk that is full stops the log, and not the task.
func TestLogCannotBeKept(t *testing.T) {
	dir, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := dir.Mkdir(segmentName(100, 0), 0o700); err != nil { // in the way of the second segment
		t.Fatal(err)
	}
	w := newLogWriter(dir, 1600)
	for range 10 {
		if n, err := w.Write(make([]byte, 70)); n != 70 || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("Close: %v", err)
	}
}

func FuzzSegment(f *testing.F) {
	f.Add(segmentName(0, 0))
	f.Add(segmentName(1<<60, 12345))
	f.Add("log--1-+3")
	f.Fuzz(func(t *testing.T, name string) {
		if s, ok := parseSegment(name); ok && (segmentName(s.begin, s.lines) != name || s.begin < 0 || s.lines < 0) {
			t.Errorf("%q is %+v", name, s)
		}
	})
}
