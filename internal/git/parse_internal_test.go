package git

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const someHash = "0123456789012345678901234567890123456789"

// What is read as changes can be written down again and is then the same.
func FuzzReadChanges(f *testing.F) {
	raw := ":100644 100755 " + someHash + " " + someHash + " "
	f.Add([]byte(raw+"M\x00a\x00"+raw+"R100\x00a\x00b\x00"+"1\t2\ta\x00-\t-\t\x00a\x00b\x00"), 5, true)
	f.Add([]byte(":000000 160000 "+strings.Repeat("0", 40)+" "+someHash+" A\x00x\x00"), 1, false)
	f.Add([]byte(raw+"M"), 1, true)
	f.Fuzz(func(t *testing.T, data []byte, n int, counts bool) {
		n = min(max(1, n), MaxChanges)
		changes, more, err := readChanges(bufio.NewReader(bytes.NewReader(data)), n, counts)
		if err != nil && !errors.Is(err, errEnough) {
			return
		}
		if len(changes) > n || errors.Is(err, errEnough) && !more || more && err == nil && !counts {
			t.Fatalf("%d changes of %d, more = %v, %v", len(changes), n, more, err)
		}
		modes := map[Kind]string{"": "000000", File: "100644", Executable: "100755", Symlink: "120000", Submodule: "160000", Dir: "040000"}
		letters := map[Status]string{Added: "A", Deleted: "D", Modified: "M", Renamed: "R", Copied: "C", Retyped: "T"}
		var b bytes.Buffer
		for _, c := range changes {
			hash := func(h Hash) string { return string(h) + strings.Repeat("0", (40-len(h))*min(1, max(0, 40-len(h)))) }
			fmt.Fprintf(&b, ":%s %s %s %s %s\x00", modes[c.OldKind], modes[c.Kind], hash(c.OldHash), hash(c.Hash), letters[c.Status])
			if c.Status == Renamed || c.Status == Copied {
				b.WriteString(c.Old + "\x00")
			}
			b.WriteString(c.Path + "\x00")
		}
		again, _, err := readChanges(bufio.NewReader(&b), MaxChanges, false)
		if err != nil || len(again) != len(changes) {
			t.Fatalf("%d changes, then %d, %v", len(changes), len(again), err)
		}
		for i, c := range changes {
			if c.Added < -1 || c.Deleted < -1 {
				t.Errorf("counts of %+v", c)
			}
			if c.Added, c.Deleted = -1, -1; c != again[i] {
				t.Errorf("%+v, then %+v", c, again[i])
			}
		}
	})
}

// What is read as blame has lines that are there, and what inOrder accepts covers exactly
// the lines that were asked about.
func FuzzReadBlame(f *testing.F) {
	f.Add([]byte(someHash+" 1 1 2\nauthor A\nsummary filename x\nfilename \"a\\tb\\377\"\n"+someHash+" 4 3 1\nfilename a\n"), 1, 3)
	f.Add([]byte(someHash+" 1 1 1\nfilename \"\n"), 1, 1)
	f.Add([]byte("boundary\n"), 0, 0)
	f.Fuzz(func(t *testing.T, data []byte, first, last int) {
		spans, err := readBlame(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, s := range spans {
			if !s.Commit.Valid() || s.First < 1 || s.Lines < 1 || s.Orig < 1 {
				t.Fatalf("%+v", s)
			}
		}
		joined, err := inOrder(spans, first, last)
		if err != nil {
			return
		}
		next := first
		for _, s := range joined {
			if s.First != next {
				t.Fatalf("line %d after line %d", s.First, next-1)
			}
			next += s.Lines
		}
		if next != last+1 {
			t.Fatalf("up to line %d of %d", next-1, last)
		}
	})
}

// A file that is accepted has what callers rely on, and its line can be made again.
func FuzzParseFile(f *testing.F) {
	f.Add("100644 blob " + someHash + "      12\ta\tb\n")
	f.Add("160000 commit " + someHash + "       -\tx")
	f.Add("120000 blob " + someHash + "     BAD\t ")
	f.Fuzz(func(t *testing.T, line string) {
		file, err := parseFile(line)
		if err != nil {
			return
		}
		if file.Path == "" || !file.Hash.Valid() || file.Size < -1 || !strings.HasSuffix(line, "\t"+file.Path) {
			t.Errorf("%q: %+v", line, file)
		}
	})
}
