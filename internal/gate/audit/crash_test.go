package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// died is what a test panics with in place of kill -9.
type died struct{ step string }

// dieAt appends a record and ends the process, as it were, at the given step.
func dieAt(t *testing.T, l *Log, step string) {
	t.Helper()
	l.files.reached = func(s string) {
		if s == step {
			panic(died{s})
		}
	}
	func() {
		defer func() {
			if _, ok := recover().(died); !ok {
				t.Fatalf("step %s was not reached", step)
			}
		}()
		l.Append(t.Context(), sample())
	}()
	l.files.reached = nil
	l.files.close() // gives back the lock, as the end of a process does
}

// Killed at each step of a write, and with each possible part of the line on the disk:
// verify is content before and after the next process has mended it, nothing acknowledged
// is lost, and what the crash left is recorded.
func TestKilledAtEachStep(t *testing.T) {
	length := 0
	{
		l := newLog(t, Options{})
		fill(t, l, 4)
		length = len(readLines(t, logPath(l.opt.Dir))[3])
	}
	type crash struct {
		step   string
		cut    int // bytes of the line that were not written
		whole  int // records that are there afterwards
		repair bool
	}
	cases := []crash{
		{"announced", 0, 3, true}, {"written", 0, 4, false}, {"confirmed", 0, 4, false},
	}
	for cut := 1; cut <= length; cut += 7 {
		cases = append(cases, crash{"written", cut, 3, true})
	}
	cases = append(cases, crash{"written", length, 3, true})
	for _, tt := range cases {
		t.Run(fmt.Sprintf("%s-%d", tt.step, tt.cut), func(t *testing.T) {
			l := newLog(t, Options{})
			fill(t, l, 3)
			dieAt(t, l, tt.step)
			if tt.cut > 0 {
				info, err := os.Stat(logPath(l.opt.Dir))
				if err == nil {
					err = os.Truncate(logPath(l.opt.Dir), info.Size()-int64(tt.cut))
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			rep := mustVerify(t, l.opt.Dir, tt.whole)
			if (len(rep.Notes) > 0) != tt.repair {
				t.Errorf("notes before: %q", rep.Notes)
			}
			next := newLog(t, Options{Dir: l.opt.Dir})
			fill(t, next, 1)
			want := tt.whole + 1
			if tt.repair {
				want++
			}
			rep = mustVerify(t, l.opt.Dir, want)
			if (len(rep.Notes) > 0) != tt.repair {
				t.Errorf("notes after: %q", rep.Notes)
			}
			if got := next.Health(); got.Broken != "" {
				t.Errorf("false alarm: %s", got.Broken)
			}
		})
	}
}

func TestKilledInRotation(t *testing.T) {
	for _, step := range []string{"renamed", "rotated"} {
		l := newLog(t, Options{Rotate: 1500})
		n := 0
		for size := int64(0); size+600 <= 1500; n++ { // up to the record before which the file is set aside
			fill(t, l, 1)
			size = l.files.last.Size
			if n > 10 {
				t.Fatal("the file does not grow")
			}
		}
		dieAt(t, l, step)
		mustVerify(t, l.opt.Dir, n)
		next := newLog(t, Options{Dir: l.opt.Dir, Rotate: 1500})
		fill(t, next, 5)
		if rep := mustVerify(t, l.opt.Dir, n+5); len(rep.Notes) > 0 || rep.Files < 3 {
			t.Errorf("%s: %d files, notes %q", step, rep.Files, rep.Notes)
		}
	}
}

// A forged line does not pass as the one that a dead process announced.
func TestForgedInPlaceOfAnnounced(t *testing.T) {
	l := newLog(t, Options{})
	fill(t, l, 3)
	dieAt(t, l, "announced")
	edit(func(lines []string) []string { return append(lines, forge(t, lines[2], "ticket_search")) })(t, l.opt.Dir)
	rep := verify(t, l.opt.Dir)
	if rep.OK() || rep.Problems[0].Kind != Forged || rep.Problems[0].Seq != 4 {
		t.Errorf("problems %v, want record 4 forged", rep.Problems)
	}
	fill(t, newLog(t, Options{Dir: l.opt.Dir}), 1)
	rep = verify(t, l.opt.Dir)
	if rep.OK() || rep.Problems[0].Kind != Forged || rep.Problems[0].Seq != 4 {
		t.Errorf("after the next record: problems %v, want record 4 forged", rep.Problems)
	}
}

// A slot of the head that was torn while it was written leaves the other one, and with it
// the log is whole.
func TestTornHead(t *testing.T) {
	for _, step := range []string{"announced", "confirmed"} { // the steps that end with writing a slot
		for n := 0; n < slotSize; n += 37 {
			l := newLog(t, Options{})
			fill(t, l, 3)
			dieAt(t, l, step)
			path := filepath.Join(l.opt.Dir, headFile)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			h, _, err := readHead(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			clear(b[int(h.Gen%2)*slotSize+n : (int(h.Gen%2)+1)*slotSize])
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			want := 3
			if step == "confirmed" {
				want = 4
			}
			mustVerify(t, l.opt.Dir, want)
			fill(t, newLog(t, Options{Dir: l.opt.Dir}), 1)
			mustVerify(t, l.opt.Dir, want+1)
		}
	}
}

// Writes whose process died in the middle: the intent is there, and found.
func TestUnknownOutcome(t *testing.T) {
	l := newLog(t, Options{Rotate: 4000})
	for i := range 12 {
		for _, phase := range []string{Intent, Result} {
			rec := sample()
			rec.ID, rec.Phase, rec.Name = fmt.Sprint(i), phase, "ticket_write"
			if phase == Result && i%5 == 3 {
				continue // killed after the back end took it
			}
			if _, err := l.Append(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := Unfinished(t.Context(), l.opt.Dir, l.opt.Now().AddDate(0, 0, -1))
	if err != nil {
		t.Fatal(err)
	}
	ids := func(recs []Record) (ids []string) {
		for _, r := range recs {
			ids = append(ids, r.ID)
		}
		return ids
	}
	if want := []string{"3", "8"}; !slices.Equal(ids(got), want) {
		t.Errorf("Unfinished = %v, want %v", ids(got), want)
	}
	rep := mustVerify(t, l.opt.Dir, 22)
	if want := []string{"3", "8"}; !slices.Equal(ids(rep.Unfinished), want) {
		t.Errorf("Report.Unfinished = %v, want %v", ids(rep.Unfinished), want)
	}
	done := got[0]
	done.Phase, done.Outcome = Result, "unknown_outcome"
	if _, err := l.Append(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	if got, err = Unfinished(t.Context(), l.opt.Dir, l.opt.Now().AddDate(0, 0, -1)); err != nil || len(got) != 1 {
		t.Errorf("after closing one: %v, %v", ids(got), err)
	}
	if got, err = Unfinished(t.Context(), l.opt.Dir, l.opt.Now().AddDate(0, 0, 1)); err != nil || len(got) != 0 {
		t.Errorf("since tomorrow: %v, %v", ids(got), err)
	}
}

// Three processes at once, rotating all the time, while others look.
func TestProcessesTogether(t *testing.T) {
	const procs, each = 3, 500
	dir := filepath.Join(t.TempDir(), "state")
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range procs {
		cmd := command(t, "count", dir, each)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	looks := 0
	for running := true; running; looks++ {
		select {
		case <-done:
			running = false
		default:
		}
		rep, err := Verify(t.Context(), dir)
		if err != nil || !rep.OK() {
			t.Fatalf("Verify meanwhile: %v, %v", err, rep.Problems)
		}
	}
	rep := mustVerify(t, dir, procs*each)
	t.Logf("%d files, verified %d times meanwhile", rep.Files, looks)
	ids := make(map[string]int)
	recs, err := Tail(t.Context(), dir, procs*each, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recs {
		ids[r.ID]++
	}
	if len(ids) != procs*each {
		t.Errorf("%d different records, want %d", len(ids), procs*each)
	}
}

// acknowledged checks that each ID is in the log exactly once.
func acknowledged(t *testing.T, dir string, acked map[string]bool) {
	t.Helper()
	missing := maps.Clone(acked)
	twice := 0
	seen := make(map[string]bool)
	_, err := Tail(context.Background(), dir, 1, func(r Record) bool {
		if seen[r.ID] {
			twice++
		}
		seen[r.ID] = true
		delete(missing, r.ID)
		return false
	})
	if err != nil || len(missing) > 0 || twice > 0 {
		t.Errorf("of %d acknowledged records %d are missing and %d are there twice (%v)", len(acked), len(missing), twice, err)
	}
}

func exitedBy(err error) *exec.ExitError {
	var e *exec.ExitError
	errors.As(err, &e)
	return e
}
