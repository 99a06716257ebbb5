package audit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tampering is one way of changing a log of ten records, and what Verify says of it.
type tampering struct {
	name   string
	change func(t *testing.T, dir string)
	want   Problem // What is compared as a part
}

// edit changes the lines of audit.jsonl.
func edit(change func(lines []string) []string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		lines := change(readLines(t, logPath(dir)))
		if err := os.WriteFile(logPath(dir), []byte(strings.Join(lines, "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// forge makes a record that continues line as cleat itself would.
func forge(t *testing.T, line, name string) string {
	var r Record
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatal(err)
	}
	f := sample()
	f.Time, f.ID, f.Name = r.Time, "forged", name
	forged, _ := compose(r.Seq+1, f.body(), r.Hash)
	return string(forged)
}

func tamperings() []tampering {
	at := func(kind Kind, seq uint64, line int, what string) Problem {
		return Problem{Kind: kind, Seq: seq, File: current, Line: line, What: what}
	}
	replace := func(i int, old, new string) func(*testing.T, string) {
		return edit(func(l []string) []string {
			l[i] = strings.Replace(l[i], old, new, 1)
			return l
		})
	}
	return []tampering{
		{"flip a byte", replace(4, "ticket_search", "ticket_searcg"), at(Changed, 5, 5, "own hash")},
		{"flip a byte of the number", replace(4, `"seq":5`, `"seq":7`), at(Changed, 5, 5, "own hash")},
		{"flip a byte of prev", edit(func(l []string) []string {
			i := strings.Index(l[4], `"prev":"`) + 8
			l[4] = l[4][:i] + flip(l[4][i]) + l[4][i+1:]
			return l
		}), at(Changed, 5, 5, "own hash")},
		{"flip a byte of the hash", edit(func(l []string) []string {
			i := strings.Index(l[4], `"hash":"`) + 8
			l[4] = l[4][:i] + flip(l[4][i]) + l[4][i+1:]
			return l
		}), at(Changed, 5, 5, "own hash")},
		{"flip a byte of the syntax", replace(4, `,"rule"`, `;"rule"`), at(Unreadable, 5, 5, "not a record")},
		{"flip a line feed", edit(func(l []string) []string {
			l[4] = strings.TrimSuffix(l[4], "\n") + "\v"
			return l
		}), at(Unreadable, 5, 5, "not a record")},
		{"flip a byte of the first", replace(0, "local", "locam"), at(Changed, 1, 1, "own hash")},
		{"flip a byte of the last", replace(9, "local", "locam"), at(Changed, 10, 10, "own hash")},
		{"member twice", replace(4, `"op":""`, `"op":"","op":""`), at(Unreadable, 5, 5, "not a record")},
		{"other case", replace(4, `"op":`, `"OP":`), at(Unreadable, 5, 5, "not a record")},
		{"delete a line", edit(func(l []string) []string { return slices.Delete(l, 4, 5) }), at(Missing, 5, 5, "record 5 is not here")},
		{"delete three lines", edit(func(l []string) []string { return slices.Delete(l, 4, 7) }), at(Missing, 5, 5, "records 5 to 7 are not here")},
		{"delete the first line", edit(func(l []string) []string { return l[1:] }), at(Missing, 1, 1, "record 1 is")},
		{"swap two lines", edit(func(l []string) []string {
			l[4], l[5] = l[5], l[4]
			return l
		}), at(Missing, 5, 5, "record 6 stands in its place")},
		{"repeat a line", edit(func(l []string) []string { return slices.Insert(l, 5, l[4]) }), at(Forged, 5, 5, "was put in")},
		{"repeat a line later", edit(func(l []string) []string { return slices.Insert(l, 7, l[2]) }), at(Forged, 3, 3, "was put in")},
		{"cut one record", edit(func(l []string) []string { return l[:9] }), at(Cut, 10, 10, "ends with record 9")},
		{"cut five records", edit(func(l []string) []string { return l[:5] }), at(Cut, 6, 6, "head knows records up to 10")},
		{"cut all records", edit(func([]string) []string { return nil }), at(Cut, 1, 1, "")},
		{"cut within a record", edit(func(l []string) []string {
			l[9] = l[9][:40]
			return l
		}), at(Unreadable, 10, 10, "no end")},
		{"cut the last line feed", edit(func(l []string) []string {
			l[9] = strings.TrimSuffix(l[9], "\n")
			return l
		}), at(Unreadable, 10, 10, "no end")},
		{"forged line at the end", func(t *testing.T, dir string) {
			edit(func(l []string) []string { return append(l, forge(t, l[9], "forged")) })(t, dir)
		}, at(Forged, 11, 11, "cleat did not write this")},
		{"forged line in the middle", func(t *testing.T, dir string) {
			edit(func(l []string) []string { return slices.Insert(l, 5, forge(t, l[4], "forged")) })(t, dir)
		}, at(Forged, 6, 6, "was put in")},
		{"line replaced and hashed anew", func(t *testing.T, dir string) {
			edit(func(l []string) []string {
				l[4] = forge(t, l[3], "forged")
				return l
			})(t, dir)
		}, at(Replaced, 5, 5, "continues another record")},
		{"last line replaced and hashed anew", func(t *testing.T, dir string) {
			edit(func(l []string) []string {
				l[9] = forge(t, l[8], "ticket_search") // as long as the true one but for the ID
				return l
			})(t, dir)
		}, at(Replaced, 10, 11, "the head knows")},
		{"rest of the chain made anew", func(t *testing.T, dir string) {
			edit(func(l []string) []string {
				for i := 4; i < 10; i++ {
					l[i] = forge(t, l[i-1], "ticket_search")
				}
				return l
			})(t, dir)
		}, at(Replaced, 10, 11, "the head knows")},
		{"junk line", edit(func(l []string) []string { return slices.Insert(l, 5, "# note\n") }), at(Unreadable, 6, 6, "not a record")},
		{"empty line", edit(func(l []string) []string { return slices.Insert(l, 5, "\n") }), at(Unreadable, 6, 6, "not a record")},
		{"zeros at the end", edit(func(l []string) []string { return append(l, strings.Repeat("\x00", 100)) }), at(Unreadable, 11, 11, "no end")},
		{"file deleted", func(t *testing.T, dir string) { remove(t, logPath(dir)) }, Problem{Cut, 1, current, 0, "head knows records up to 10"}},
		{"folder deleted", func(t *testing.T, dir string) { remove(t, filepath.Join(dir, folder)) }, Problem{Cut, 1, current, 0, "head knows records up to 10"}},
		{"head deleted", func(t *testing.T, dir string) { remove(t, filepath.Join(dir, headFile)) }, Problem{HeadLost, 1, current, 0, "missing or damaged"}},
		{"head damaged", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, headFile), []byte("garbage"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, Problem{HeadLost, 1, current, 0, "missing or damaged"}},
	}
}

func flip(c byte) string {
	if c == '0' {
		return "1"
	}
	return "0"
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func TestTampering(t *testing.T) {
	for _, tt := range tamperings() {
		t.Run(tt.name, func(t *testing.T) {
			l := newLog(t, Options{})
			fill(t, l, 10)
			mustVerify(t, l.opt.Dir, 10)
			tt.change(t, l.opt.Dir)
			rep := verify(t, l.opt.Dir)
			if rep.OK() {
				t.Fatal("not found")
			}
			got := rep.Problems[0]
			if !strings.Contains(got.What, tt.want.What) {
				t.Errorf("What = %q, want it to say %q", got.What, tt.want.What)
			}
			got.What = tt.want.What
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("first problem (-want +got):\n%s\nall: %v", diff, rep.Problems)
			}
		})
	}
}

// After a change that Append can see, the log goes on, and what was done stays visible.
func TestAppendAfterTampering(t *testing.T) {
	unseen := []string{"flip", "member twice", "other case", "swap", "line replaced"} // same size: only Verify looks
	for _, tt := range tamperings() {
		t.Run(tt.name, func(t *testing.T) {
			l := newLog(t, Options{})
			fill(t, l, 10)
			before := verify(t, l.opt.Dir)
			tt.change(t, l.opt.Dir)
			first := verify(t, l.opt.Dir).Problems[0]

			other := newLog(t, Options{Dir: l.opt.Dir}) // one that does not remember
			fill(t, other, 1)
			fill(t, l, 1)
			rep := verify(t, l.opt.Dir)
			if rep.OK() {
				t.Fatal("no longer found")
			}
			// A cut line feed is put back; what is cut otherwise is named as missing.
			if tt.name != "cut the last line feed" && first.Kind != HeadLost && first.Seq <= before.Seq {
				if got := rep.Problems[0]; got.Seq != first.Seq {
					t.Errorf("first problem is now %v, was %v", got, first)
				}
			}
			breaks, err := Tail(t.Context(), l.opt.Dir, 10, func(r Record) bool { return r.Method == MethodBreak })
			if err != nil {
				t.Fatal(err)
			}
			hidden := slices.ContainsFunc(unseen, func(s string) bool { return strings.HasPrefix(tt.name, s) })
			if len(breaks) == 0 && !hidden {
				t.Errorf("no record says so; problems: %v", rep.Problems)
			}
			if len(breaks) > 0 && other.Health().Broken == "" {
				t.Error("Health says nothing")
			}
		})
	}
}

// Old copies, put back: of the log, and of log and head together while a process runs.
func TestOldCopy(t *testing.T) {
	for _, both := range []bool{false, true} {
		l := newLog(t, Options{})
		fill(t, l, 5)
		oldLog, err := os.ReadFile(logPath(l.opt.Dir))
		if err != nil {
			t.Fatal(err)
		}
		head := filepath.Join(l.opt.Dir, headFile)
		oldHead, err := os.ReadFile(head)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, l, 5)
		if err := os.WriteFile(logPath(l.opt.Dir), oldLog, 0o600); err != nil {
			t.Fatal(err)
		}
		if both {
			if err := os.WriteFile(head, oldHead, 0o600); err != nil {
				t.Fatal(err)
			}
			fill(t, l, 1) // only a process that remembers can tell
		}
		rep := verify(t, l.opt.Dir)
		if rep.OK() || rep.Problems[0].Seq != 6 {
			t.Errorf("both=%t: problems %v, want one with record 6", both, rep.Problems)
		}
	}
}

func TestRotatedFileMissing(t *testing.T) {
	for i := range 3 {
		l := newLog(t, Options{Rotate: 3600})
		fill(t, l, 30)
		names, err := filepath.Glob(filepath.Join(l.opt.Dir, folder, "audit-*.jsonl"))
		if err != nil || len(names) < 3 {
			t.Fatal(names, err)
		}
		var first Record
		if err := json.Unmarshal([]byte(readLines(t, names[i])[0]), &first); err != nil {
			t.Fatal(err)
		}
		remove(t, names[i])
		rep := verify(t, l.opt.Dir)
		if rep.OK() || rep.Problems[0].Kind != Missing || rep.Problems[0].Seq != first.Seq {
			t.Errorf("without %s: problems %v, want record %d missing", names[i], rep.Problems, first.Seq)
		}
	}
}
