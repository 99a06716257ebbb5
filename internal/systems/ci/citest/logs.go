package citest

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/internal/buildlog"
	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

// clean returns the lines of a log that say something.
func clean(r io.Reader) ([]string, error) {
	var out []string
	for lines := buildlog.NewReader(r); ; {
		_, text, err := lines.Next()
		switch {
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, err
		case len(text) > 0:
			out = append(out, string(text))
		}
	}
}

// contains reports whether the lines want stand in lines, one after the other: a service may
// put its own before and after them.
func contains(lines, want []string) bool {
	for i := 0; i+len(want) <= len(lines); i++ {
		if slices.Equal(lines[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

// read returns the lines of a job's log.
func (s *subject) read(t *testing.T, run *ci.Run, job *ci.Job) []string {
	t.Helper()
	log, err := s.Log(t.Context(), run, job)
	if err != nil {
		t.Fatalf("the log of job %.100q of run %s: %s", job.Name, run.ID, fail.Show(err))
	}
	lines, err := clean(log)
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatalf("the log of job %.100q of run %s: %s", job.Name, run.ID, fail.Show(err))
	}
	return lines
}

func logs(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	for _, w := range s.w.Runs {
		if !w.Status.Ended() {
			continue
		}
		run := s.get(t, w.ID)
		for i, j := range w.Jobs {
			if j.Status == ci.Skipped {
				log, err := s.Log(t.Context(), run, &run.Jobs[i])
				if err != nil {
					fails(t, "the log of a job that was skipped", err, fail.NotFound, fail.Unsupported)
				} else if err := log.Close(); err != nil {
					t.Error(err)
				}
				continue
			}
			want, err := clean(strings.NewReader(j.Log))
			if err != nil {
				t.Fatal(err)
			}
			if got := s.read(t, run, &run.Jobs[i]); !contains(got, want) {
				t.Errorf("the log of job %s of run %s: %.500q, want %.500q", j.Name, run.ID, got, want)
			}
		}
	}
}

func unknownJobs(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	run := s.get(t, s.w.Runs[0].ID)
	for _, id := range []string{"999999999", "", "x", "../1", "1?x=y", "-1", "\x1b[31m", strings.Repeat("9", 1000)} {
		job := run.Jobs[0]
		job.ID, job.Finished = id, time.Time{}
		log, err := s.Log(t.Context(), run, &job)
		if err == nil {
			// A service may notice when it is read.
			_, err = io.Copy(io.Discard, log)
			err = errors.Join(err, log.Close())
		}
		fails(t, fmt.Sprintf("the log of job %.30q", id), err, fail.NotFound, fail.Invalid, fail.Denied)
	}
	gone := *run
	gone.ID = "999999999"
	job := run.Jobs[0]
	job.ID = "999999999"
	_, err := s.Log(t.Context(), &gone, &job)
	fails(t, "the log of a run that is not there", err, fail.NotFound, fail.Invalid)
}

// large reads a log of 20 MB, and gives one up.
func large(t *testing.T, s *subject) {
	size := 20 << 20
	if testing.Short() {
		size = 2 << 20
	}
	line := func(i int) string { return fmt.Sprintf("%08d the quick brown fox jumps over the lazy dog, again", i) }
	var b strings.Builder
	b.Grow(size + 100)
	n := 0
	for ; b.Len() < size; n++ {
		b.WriteString(line(n))
		b.WriteByte('\n')
	}
	w := &World{Default: "main"}
	w.add(s.can, Run{Branch: "main", Commit: commit(1), Status: ci.Passed, Jobs: []Job{{Name: "test", Status: ci.Passed, Log: b.String()}}})
	s.on(t, w)
	run := s.get(t, firstRun)
	log, err := s.Log(t.Context(), run, &run.Jobs[0])
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	next := 0
	for lines := buildlog.NewReader(log); ; {
		_, text, err := lines.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		if want := line(next); string(text) == want {
			next++
		} else if next > 0 && next < n {
			t.Fatalf("after %d lines: %q, want %q", next, text, want)
		}
	}
	if next != n {
		t.Errorf("%d lines, want %d", next, n)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	for range 6 { // more than may be in flight at once
		log, err := s.Log(t.Context(), run, &run.Jobs[0])
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		if _, err := io.ReadFull(log, make([]byte, 1000)); err != nil {
			t.Error(err)
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	}
}

func expired(t *testing.T, s *subject) {
	w := &World{Default: "main"}
	w.add(s.can, Run{Branch: "main", Commit: commit(1), Status: ci.Failed, Jobs: []Job{{Name: "test", Status: ci.Failed, Expired: true}}})
	s.on(t, w)
	run := s.get(t, firstRun)
	_, err := s.Log(t.Context(), run, &run.Jobs[0])
	fails(t, "a log that expired", err, fail.NotFound)
	if err != nil && !strings.Contains(strings.ToLower(fail.Show(err)), "expired") && !strings.Contains(fail.Show(err), "deleted") {
		t.Errorf("%q does not say that the log expired or was deleted", fail.Show(err))
	}
}

func live(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	w := s.first(t, func(r Run) bool { return r.Status == ci.Running })
	for i, j := range w.Jobs {
		if j.Status != ci.Running {
			continue
		}
		want, err := clean(strings.NewReader(j.Log))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		await(t, "the log of a job that runs", func() bool {
			run := s.get(t, w.ID)
			got = s.read(t, run, &run.Jobs[i])
			return contains(got, want)
		})
	}
}
