package ci

import (
	"fmt"
	"strconv"
	"strings"

	"cleat/internal/systems/ci/verdict"
	"cleat/internal/text"
)

// Text implements text.Renderer: the run, the failures of each job, and in cleat's own words
// since when they fail.
func (s *Summary) Text(w *text.Writer) {
	w.Say("%s", s.Run.head(s.now))
	sayNotes(w, s.Run.Notes)
	switch {
	case len(s.Jobs) == 0 && s.Run.Status.Ended():
		w.Say("nothing failed in it")
	case len(s.Jobs) == 0:
		w.Say("nothing has failed so far; it has not ended: ci_runs op=wait run=%s", ident(s.Run.ID))
	case s.JobCount > 1:
		w.Say("%d of %s failed", s.FailedJobs, text.Count(s.JobCount, "job"))
	}
	// What others wrote stands in one piece, and what cleat says of it after that.
	var after, unread []string
	for i := range s.Jobs {
		if s.Jobs[i].skipped {
			unread = append(unread, strconv.Quote(clip(s.Jobs[i].Job.Name)))
			continue
		}
		after = append(after, s.job(w, &s.Jobs[i])...)
	}
	for _, a := range after {
		w.Say("%s", a)
	}
	if len(unread) > 0 {
		more := ""
		if len(unread) > 20 {
			more = fmt.Sprintf(" and %d more", len(unread)-20)
			unread = unread[:20]
		}
		w.Say("… not read, failed as well: %s%s: job=NAME", strings.Join(unread, ", "), more)
	}
	s.verdicts(w)
	if s.gone > 0 {
		w.Say("… %s left out for want of room: job=NAME, or a larger budget", text.Count(s.gone, "failure"))
	}
	for _, o := range s.Others {
		w.Say("same commit: run %s %s: %q", ident(o.ID), o.Status, cutTo(line(o.Task), 80))
	}
}

// job writes what is foreign of a job's failures, and returns what cleat has to say of them.
func (s *Summary) job(w *text.Writer, j *JobFailures) (after []string) {
	var head []string
	if s.JobCount > 1 || j.Job.Name != s.Run.Task {
		head = append(head, "job "+line(j.Job.Name))
	}
	if j.Job.Step != "" {
		head = append(head, "step "+line(j.Job.Step))
	}
	if j.Job.Optional {
		head = append(head, "allowed to fail")
	}
	if c := j.Counts; c.Failed+c.Passed+c.Skipped > 0 {
		tests := fmt.Sprintf("tests: %d failed, %d passed", c.Failed, c.Passed)
		if c.Skipped > 0 {
			tests += fmt.Sprintf(", %d skipped", c.Skipped)
		}
		head = append(head, tests)
	}
	if len(j.Failures) == 0 && j.Job.Reason != "" {
		head = append(head, line(j.Job.Reason))
	}
	if len(head) > 0 {
		w.Quote(text.Origin{}, strings.Join(head, "; "))
	}
	for i := range j.Failures {
		w.Quote(text.Origin{}, j.Failures[i].text(s.step))
	}
	if len(j.Tail) > 0 {
		w.Quote(text.Origin{}, fmt.Sprintf("last lines of %d:", j.LogLines))
		for _, l := range j.Tail {
			w.Quote(text.Origin{}, numbered(l, ':'))
		}
	}
	name := ""
	if s.JobCount > 1 {
		name = fmt.Sprintf("job %q: ", clip(j.Job.Name))
	}
	if j.More > 0 {
		after = append(after, fmt.Sprintf("… %s%s: ci_logs run=%s op=search pattern=…", name, text.Count(j.More, "more failure"), ident(s.Run.ID)))
	}
	if j.LogCut {
		after = append(after, fmt.Sprintf("… %sthe log is longer than the %d MB that are read of one; what comes after is not known", name, MaxLog>>20))
	}
	if j.Problem != "" {
		after = append(after, "note: "+name+text.Line(j.Problem))
	}
	return after
}

// text is the failure: what, where, and why. The more steps, the less is told.
func (f *Failure) text(step int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#%d ", f.Number)
	name := line(f.Name)
	if name != "" {
		b.WriteString(name + "  ")
	}
	switch {
	case f.Path != "":
		b.WriteString(line(f.Path))
		if f.PathLine > 0 {
			fmt.Fprintf(&b, ":%d", f.PathLine)
		}
	case f.File != "":
		b.WriteString(line(f.File))
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		b.WriteString(" (not in this checkout)")
	case f.Scope != "":
		b.WriteString(line(f.Scope))
	}
	if f.At > 0 && step < 3 {
		fmt.Fprintf(&b, "  log L%d", f.At)
	}
	most := 12
	switch {
	case step == 1:
		most = 4
	case step == 2:
		most = 1
	case step > 2:
		most = 0
	}
	lines := strings.Split(strings.TrimRight(f.Message, "\n"), "\n")
	if f.Message == "" {
		lines = nil
	}
	for i, l := range lines {
		if i == most {
			if most > 0 {
				fmt.Fprintf(&b, "\n  … %s", text.Count(len(lines)-most, "more line"))
			}
			break
		}
		b.WriteString("\n  " + cutTo(strings.TrimRight(l, " \t\r"), 500))
	}
	return b.String()
}

// verdicts says since when the failures are there, the same of all in one line.
func (s *Summary) verdicts(w *text.Writer) {
	type group struct {
		says    string
		numbers []string
	}
	var groups []*group
	total := 0
	for i := range s.Jobs {
		for k := range s.Jobs[i].Failures {
			f := &s.Jobs[i].Failures[k]
			total++
			says := judged(f.Judgement)
			if says == "" {
				continue
			}
			var g *group
			for _, x := range groups {
				if x.says == says {
					g = x
				}
			}
			if g == nil {
				g = &group{says: says}
				groups = append(groups, g)
			}
			g.numbers = append(g.numbers, fmt.Sprintf("#%d", f.Number))
		}
	}
	for _, g := range groups {
		if len(g.numbers) == total {
			w.Say("%s", g.says)
			continue
		}
		w.Say("%s: %s", strings.Join(g.numbers, " "), g.says)
	}
}

// judged is a verdict in words, "" where nothing is known.
func judged(j verdict.Judgement) string {
	switch j.Verdict {
	case verdict.New:
		return "new: not seen on the base branch"
	case verdict.OnBase:
		since := "fails on the base branch as well"
		if j.Since != "" {
			since += ", since run " + ident(j.Since)
		}
		if isHash(j.Commit) {
			since += " (" + short(j.Commit) + ")"
		}
		return since
	case verdict.Flaky:
		return fmt.Sprintf("flaky: failed %d and passed %d of the runs that are known", j.Failed, j.Passed)
	}
	return ""
}

// Shrink implements text.Shrinker: shorter messages, then no tails, then fewer failures.
func (s *Summary) Shrink(keep float64) bool {
	if s.step < 3 {
		s.step++
		for i := range s.Jobs {
			if n := len(s.Jobs[i].Tail); n > 0 {
				s.Jobs[i].Tail = s.Jobs[i].Tail[n-n/4*(3-s.step):]
			}
		}
		return true
	}
	most := 0
	for i := range s.Jobs {
		most = max(most, len(s.Jobs[i].Failures))
	}
	if most <= 1 {
		if len(s.Others) > 0 {
			s.Others = nil
			return true
		}
		return false
	}
	left := max(int(float64(most)*min(keep, 0.7)), 1)
	for i := range s.Jobs {
		if f := s.Jobs[i].Failures; len(f) > left {
			s.gone += len(f) - left
			s.Jobs[i].Failures = f[:left]
		}
	}
	return true
}
