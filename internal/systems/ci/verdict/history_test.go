package verdict

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
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
)

// content is what the file of results has.
func content(t *testing.T, dir string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, folderName, fileName))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func put(t *testing.T, dir, data string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, folderName, fileName), []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func runs(t *testing.T, h *History) []string {
	t.Helper()
	ids, err := h.Runs(t.Context(), "gh", "ci", "main")
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// another is the same history as another process sees it.
func another(h *History) *History { return Open(h.state, h.now) }

func wantRuns(t *testing.T, h *History, want ...string) {
	t.Helper()
	wantSame(t, want, runs(t, h))
	wantSame(t, want, runs(t, another(h)))
}

func wantSame(t *testing.T, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

func TestRecord(t *testing.T) {
	h, dir := newHistory(t)
	wantRuns(t, h)
	list := results("main/c1/ok main/c2/p,q other/c3/ok main/c4/broke")
	record(t, h, list...)
	wantRuns(t, h, "r3", "r1", "r0")
	before := content(t, dir)
	record(t, h, list...)
	record(t, another(h), list[1])
	if after := content(t, dir); after != before {
		t.Errorf("what is known was written again: %q", strings.TrimPrefix(after, before))
	}
	// A job that is known better takes the place; another attempt and job do not.
	better := list[3]
	better.Passed = true
	second, job := better, better
	second.Attempt, job.Job = 2, "windows"
	record(t, h, better, second, job)
	wantRuns(t, h, "r3", "r1", "r0")
	j := judge(t, another(h), Question{Source: "gh", Task: "ci", Branch: "main", Base: "main", Run: "this"}, "p")[0]
	if j.Verdict != New || j.Failed != 1 || j.Passed != 3 {
		t.Errorf("after a correction: %+v", j)
	}
	if runtime.GOOS != "windows" {
		for name, mode := range map[string]os.FileMode{".": 0o700, fileName: 0o600, lockName: 0o600} {
			if info, err := os.Stat(filepath.Join(dir, folderName, name)); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	}
}

// What cannot be is refused or made to fit.
func TestRecordOdd(t *testing.T) {
	h, dir := newHistory(t)
	for _, r := range []Result{{At: now()}, {Run: "r"}} {
		if err := h.Record(t.Context(), r); err == nil {
			t.Errorf("%+v was recorded", r)
		}
	}
	if err := h.Record(t.Context()); err != nil {
		t.Error(err)
	}
	long := strings.Repeat("é", 50_000)
	r := Result{Source: long, Task: "a\nb\x00\xff", Job: "j", Branch: long + "1", Commit: long, Run: long, At: now(), Prints: []string{long, "b", "a", "b"}, Whole: true, Passed: true}
	record(t, h, r)
	if n := len(content(t, dir)); n > 5000 {
		t.Errorf("%d bytes", n)
	}
	q := Question{Source: long, Task: r.Task, Job: "j", Branch: "x", Base: long + "1", Run: "this"}
	for _, p := range r.Prints {
		if j := judge(t, h, q, p)[0]; j.Verdict != OnBase { // a result with failures did not pass
			t.Errorf("%.10q: %+v", p, j)
		}
	}
	q.Base = long + "2"
	if j := judge(t, h, q, "a")[0]; j.Verdict != Unknown {
		t.Errorf("two long branches are one: %+v", j)
	}
	many := r
	many.Run, many.Branch, many.Prints = "many", "many", nil
	for i := range MaxPrints + 1 {
		many.Prints = append(many.Prints, fmt.Sprintf("%012x", i))
	}
	record(t, h, many)
	q.Base = "many"
	if j := judge(t, another(h), q, "000000000000", "ffffffffffff"); j[0].Verdict != OnBase || j[1].Verdict != Unknown {
		t.Errorf("of too many: %+v", j)
	}
}

// Whatever becomes of the file, what can be read of it counts, and it goes on.
func TestDamage(t *testing.T) {
	h, dir := newHistory(t)
	record(t, h, results("main/c1/ok main/c2/p main/c3/ok")...)
	good := content(t, dir)
	lines := strings.SplitAfter(good, "\n")
	for name, tt := range map[string]struct {
		data string
		runs []string
	}{
		"empty":             {"", nil},
		"no line":           {lines[0], nil},
		"cut head":          {lines[0][:5], nil},
		"no head":           {strings.Join(lines[1:], ""), []string{"r2", "r1", "r0"}},
		"bad head":          {"x" + good, []string{"r2", "r1", "r0"}},
		"cut line":          {good[:len(good)-5], []string{"r1", "r0"}},
		"no last line feed": {good[:len(good)-1], []string{"r2", "r1", "r0"}},
		"garbage between":   {lines[0] + lines[1] + "\x00\xff{}[]\n\n" + `{"run":5}` + "\n" + lines[3], []string{"r2", "r0"}},
		"no run":            {lines[0] + lines[1] + `{"source":"gh","at":"2026-01-01T00:00:00Z"}` + "\n", []string{"r0"}},
		"a long line":       {lines[0] + strings.Repeat("x", 1<<20) + "\n" + lines[1], []string{"r0"}},
		"binary":            {strings.Repeat("\x00\xfe\xff", 1000), nil},
		"far too large":     {good + strings.Repeat("x\n", MaxBytes) + strings.Join(lines[1:], ""), []string{"r2", "r1", "r0"}},
	} {
		t.Run(name, func(t *testing.T) {
			put(t, dir, tt.data)
			h := another(h) // a process that has read a file goes on behind what it knows
			wantRuns(t, h, tt.runs...)
			next := results("main/c9/p=next")[0]
			next.At = minute(9)
			record(t, h, next)
			wantRuns(t, h, append([]string{"next"}, tt.runs...)...)
			if len(content(t, dir)) > MaxBytes {
				t.Errorf("%d bytes are left", len(content(t, dir)))
			}
		})
	}
	// A file that others cut is read anew.
	put(t, dir, good)
	wantRuns(t, h, "r2", "r1", "r0")
	put(t, dir, lines[0]+lines[1])
	wantRuns(t, h, "r0")
	if err := os.Remove(filepath.Join(dir, folderName, fileName)); err != nil {
		t.Fatal(err)
	}
	wantRuns(t, h)
}

// The file stays within its bounds, and the newest results stay.
func TestBounds(t *testing.T) {
	h, dir := newHistory(t)
	var list []Result
	for i := range MaxResults + 1 {
		list = append(list, Result{Source: "gh", Task: "ci", Branch: "main", Run: fmt.Sprint(i), At: start().Add(time.Duration(i) * time.Second), Passed: true})
	}
	record(t, h, list[:MaxResults]...)
	if n := len(runs(t, h)); n != MaxResults {
		t.Fatalf("%d runs", n)
	}
	other := another(h)
	if n := len(runs(t, other)); n != MaxResults {
		t.Fatalf("%d runs, as another sees it", n)
	}
	record(t, h, list[MaxResults:]...)
	for _, h := range []*History{h, other, another(h)} {
		ids := runs(t, h)
		if len(ids) > MaxResults || len(ids) < MaxResults/2 || ids[0] != fmt.Sprint(MaxResults) {
			t.Fatalf("%d runs, the newest %s", len(ids), ids[0])
		}
		if !slices.IsSortedFunc(ids, func(a, b string) int { return strings.Compare(fmt.Sprintf("%9s", b), fmt.Sprintf("%9s", a)) }) {
			t.Error("they are not sorted")
		}
	}
	// By bytes: of lines as long as they can be, about 100 fit.
	prints := make([]string, MaxPrints)
	for i := range prints {
		prints[i] = fmt.Sprintf("%0*x", maxText, i)
	}
	for i := range 150 {
		record(t, h, Result{Source: "gh", Task: "ci", Branch: "main", Run: fmt.Sprint("big", i), At: now().Add(time.Duration(i) * time.Second), Prints: prints})
		info, err := os.Stat(filepath.Join(dir, folderName, fileName))
		if err != nil || info.Size() > MaxBytes {
			t.Fatalf("%d bytes, %v", info.Size(), err)
		}
	}
	wantSame(t, runs(t, h), runs(t, another(h)))
	if ids := runs(t, h); ids[0] != "big149" || len(ids) < 60 || slices.Contains(ids, "0") {
		t.Errorf("the newest is %s of %d", ids[0], len(ids))
	}
	if names, err := os.ReadDir(filepath.Join(dir, folderName)); err != nil || len(names) != 2 {
		t.Errorf("%v, %v", names, err)
	}
}

// Results are forgotten, and those of the future are not.
func TestLife(t *testing.T) {
	h, dir := newHistory(t)
	at := now()
	h.now = func() time.Time { return at }
	list := results("main/c1/ok main/c2/p")
	list[0].At = now().Add(-Life - time.Hour)
	list[1].At = now().Add(time.Hour)
	record(t, h, list[0])
	if n := len(content(t, dir)); n != headSize {
		t.Errorf("what is too old was written: %d bytes", n)
	}
	record(t, h, list[1])
	wantRuns(t, h, "r1")
	at = at.Add(Life)
	wantRuns(t, h, "r1")
	at = at.Add(2 * time.Hour)
	wantRuns(t, h)
	if j := judge(t, h, Question{Source: "gh", Task: "ci", Base: "main", Run: "x"}, "p")[0]; j.Verdict != Unknown {
		t.Errorf("%+v", j)
	}
}

// Many calls at once, of two histories that share the folder.
func TestConcurrent(t *testing.T) {
	h, dir := newHistory(t)
	other := another(h)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			h := []*History{h, other}[i%2]
			for k := range 20 {
				r := Result{Source: "gh", Task: "ci", Branch: "main", Run: fmt.Sprint(k), At: minute(k), Passed: true}
				if err := h.Record(t.Context(), r); err != nil {
					t.Error(err)
				}
				if _, err := h.Judge(t.Context(), Question{Source: "gh", Task: "ci", Branch: "main", Base: "main"}, []string{"p"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if n := strings.Count(content(t, dir), "\n"); n != 21 {
		t.Errorf("%d lines", n)
	}
}

func TestEnded(t *testing.T) {
	h, dir := newHistory(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the client went away")
	cancel(why)
	if err := h.Record(ctx, results("main/c1/ok")...); !errors.Is(err, why) {
		t.Errorf("Record: %v", err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
}

// What is no folder or file is not used, nor waited for.
func TestUnusable(t *testing.T) {
	broken := errors.New("no state folder")
	h := Open(func() (*os.Root, error) { return nil, broken }, now)
	wantUnavailable(t, h)
	if err := h.Record(t.Context()); !errors.Is(err, broken) {
		t.Errorf("the reason is lost: %v", err)
	}
	for _, name := range []string{fileName, lockName, "."} {
		h, dir := newHistory(t)
		if name == "." {
			if err := os.WriteFile(filepath.Join(dir, folderName), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		} else if err := os.MkdirAll(filepath.Join(dir, folderName, name), 0o700); err != nil {
			t.Fatal(err)
		}
		wantUnavailable(t, h)
	}
}

func wantUnavailable(t *testing.T, h *History) {
	t.Helper()
	_, err := h.Judge(t.Context(), Question{}, []string{"p"})
	for _, err := range []error{err, h.Record(t.Context(), results("main/c1/ok")...)} {
		if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != fail.Unavailable {
			t.Errorf("%v, want unavailable", err)
		}
	}
}

// Whatever stands in the file, it is read, and what is recorded then is there.
func FuzzFile(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("ABCDEFGHIJKLMNOPQRSTUVWXYZ\n" + `{"source":"gh","task":"ci","branch":"main","run":"r0","at":"2026-02-28T12:00:00Z","prints":["q","p"]}` + "\n{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, dir := newHistory(t)
		if ids := runs(t, h); len(ids) != 0 {
			t.Fatal(ids)
		}
		put(t, dir, string(data))
		r := Result{Source: "gh", Task: "ci", Branch: "main", Run: "mine", At: now(), Prints: []string{"p"}}
		record(t, another(h), r)
		if !slices.Contains(runs(t, another(h)), "mine") {
			t.Error("it is not there")
		}
		if got := []byte(content(t, dir)); !bytes.HasSuffix(got, []byte("\n")) {
			t.Errorf("%q has no end", got)
		}
	})
}
