package citest

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

func one(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	for _, w := range s.w.Runs {
		got := s.get(t, w.ID)
		if diff := cmp.Diff(s.want(w), s.shape(*got)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if s.can.Times && w.Status != ci.Queued && !got.Started.Equal(w.Started) {
			t.Errorf("run %s began at %s, want %s", got.ID, got.Started, w.Started)
		}
		if !got.Status.Ended() && !got.Finished.IsZero() || !got.Finished.IsZero() && got.Finished.Before(got.Started) {
			t.Errorf("run %s is %s, began at %s and ended at %s", got.ID, got.Status, got.Started, got.Finished)
		}
		var want, jobs []string
		for _, j := range w.Jobs {
			want = append(want, fmt.Sprintf("%s %s", j.Name, j.Status))
		}
		seen := map[string]bool{}
		for _, j := range got.Jobs {
			name := j.Name
			if !s.can.Jobs && len(got.Jobs) == 1 {
				name = w.Task // what a back end calls it is its matter
			}
			jobs = append(jobs, fmt.Sprintf("%s %s", name, j.Status))
			if j.ID == "" || seen[j.ID] || strings.ContainsAny(j.ID, " \n") {
				t.Errorf("run %s: the id of a job is %q", got.ID, j.ID)
			}
			seen[j.ID] = true
		}
		if diff := cmp.Diff(want, jobs); diff != "" {
			t.Errorf("jobs of run %s (-want +got)\n%s", got.ID, diff)
		}
	}
}

func unknownRuns(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	known := s.ids[s.w.Runs[0].ID]
	for _, id := range []string{"999999999", "", " ", "0", "-1", "x", "../1", known + "/..", known + "/jobs", known + "?x=y", known + "#", known + "\n", known + "%2f..", known + "\x00",
		strings.Repeat("9", 10_000), "\u202e" + known, "latest", "*"} {
		run, err := s.Run(t.Context(), id)
		if err == nil {
			t.Errorf("run %.50q: it is there, as %+v", id, run)
			continue
		}
		fails(t, fmt.Sprintf("run %.50q", id), err, fail.NotFound, fail.Invalid, fail.Denied)
	}
	_, err := s.Run(t.Context(), strings.Replace(known, fmt.Sprint(s.w.Runs[0].ID), "999999999", 1)+strings.Repeat("9", 3))
	fails(t, "a run that is not there", err, fail.NotFound, fail.Invalid)
}

// hostile expects that names are bounded, whole in their characters, and not taken for
// something else.
func hostile(t *testing.T, s *subject) {
	bad := []string{"\x1b[31mred\x1b[0m\nsecond line", "\u202egnp.exe", strings.Repeat("ä", 50_000), "x" + strings.Repeat("ä", 50_000), "'; DROP TABLE runs; --", "</script>", "%s%n", "../../etc/passwd"}
	w := &World{Default: "main"}
	for i, name := range bad {
		w.add(s.can, Run{Title: name, Branch: "main", Commit: commit(i), Status: ci.Passed, Jobs: []Job{{Name: name, Status: ci.Passed, Log: "the log\n"}}})
	}
	s.on(t, w)
	check := func(what, got, want string) {
		t.Helper()
		if len(got) > 4<<10 || !utf8.ValidString(got) {
			t.Errorf("%s is of %d bytes, or cut inside a character", what, len(got))
		}
		if len(want) < 100 && got == "" {
			t.Errorf("%s is empty, want something of %q", what, want)
		}
	}
	got, err := s.Runs(t.Context(), ci.Query{})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if len(got.Runs) != len(bad) {
		t.Fatalf("%d runs, want %d", len(got.Runs), len(bad))
	}
	for i, r := range got.Runs {
		check("a title", r.Title, bad[len(bad)-1-i])
	}
	for i, r := range w.Runs {
		run := s.get(t, r.ID)
		check("a title", run.Title, bad[i])
		if len(run.Jobs) != 1 {
			t.Errorf("run %s has %d jobs", run.ID, len(run.Jobs))
			continue
		}
		check("the name of a job", run.Jobs[0].Name, bad[i])
		if lines := s.read(t, run, &run.Jobs[0]); !contains(lines, []string{"the log"}) {
			t.Errorf("the log of job %.50q: %q", bad[i], lines)
		}
	}
}

func many(t *testing.T, s *subject) {
	const n = 250
	s.on(t, withJobs(s.can, n))
	run := s.get(t, firstRun)
	var want, got []string
	for i := range n {
		want = append(want, fmt.Sprintf("job %d", i))
	}
	for _, j := range run.Jobs {
		got = append(got, j.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if run.More != 0 {
		t.Errorf("%d more jobs", run.More)
	}
	for _, i := range []int{0, 99, 100, n - 1} {
		want := []string{fmt.Sprintf("job job %d of run %d", i, firstRun)}
		if lines := s.read(t, run, &run.Jobs[i]); !contains(lines, want) {
			t.Errorf("the log of job %d: %q", i, lines)
		}
	}
}

func tooMany(t *testing.T, s *subject) {
	s.on(t, withJobs(s.can, ci.MaxJobs+100))
	if run := s.get(t, firstRun); len(run.Jobs) != ci.MaxJobs || run.More < 1 {
		t.Errorf("%d jobs and %d more, want %d and some", len(run.Jobs), run.More, ci.MaxJobs)
	}
}
