package ci

import (
	"fmt"
	"strings"
	"time"

	"cleat/internal/text"
)

// Text implements text.Renderer: a line for each run.
func (l *Listing) Text(w *text.Writer) {
	switch {
	case len(l.Runs.Runs) == 0 && l.Branch != "":
		w.Say("no runs of the current branch %q; ci_runs branch=%s lists all", clip(l.Branch), AnyBranch)
	case len(l.Runs.Runs) == 0 && len(l.Tasks) > 0:
		w.Say("no runs yet")
		w.Quote(text.Origin{}, "tasks: "+strings.Join(lines1(l.Tasks), ", "))
		w.Say("start one with ci_run op=start task=NAME")
	case len(l.Runs.Runs) == 0:
		w.Say("no runs")
	default:
		first := text.Count(len(l.Runs.Runs)+l.dropped, "run") + ", newest first"
		if l.Branch != "" {
			first += fmt.Sprintf(", of the current branch %q (branch=%s for all)", clip(l.Branch), AnyBranch)
		}
		w.Say("%s: id, status, task, branch, commit, age, duration, title", first)
		for _, r := range l.Runs.Runs[:len(l.Runs.Runs)-l.dropped] {
			w.Quote(text.Origin{}, r.row(l.now, l.Branch))
		}
	}
	if l.dropped > 0 {
		w.Say("… %s left out for want of room: limit=%d, or a larger budget", text.Count(l.dropped, "older run"), len(l.Runs.Runs)-l.dropped)
	}
	sayNotes(w, l.Notes)
	if l.Cursor != "" && l.dropped == 0 {
		w.Cursor(l.Cursor)
	}
}

// row is the run on one line. The branch is left out where all runs are of it.
func (r Run) row(now time.Time, branch string) string {
	parts := []string{line(r.ID), string(r.Status), line(r.Task)}
	if r.Branch != "" && r.Branch != branch {
		parts = append(parts, line(r.Branch))
	}
	if r.PR != "" {
		parts = append(parts, "PR "+line(r.PR))
	}
	if r.Commit != "" {
		parts = append(parts, short(r.Commit))
	}
	if !r.Started.IsZero() {
		parts = append(parts, age(now.Sub(r.Started))+" ago")
	}
	if d := r.took(now); d != "" {
		parts = append(parts, d)
	}
	if r.Title != "" {
		parts = append(parts, cutTo(line(r.Title), 80))
	}
	return strings.Join(parts, "  ")
}

// Shrink implements text.Shrinker: it leaves out the oldest runs.
func (l *Listing) Shrink(keep float64) bool {
	n := len(l.Runs.Runs) - l.dropped
	if n <= 1 {
		return false
	}
	l.dropped += max(n-int(float64(n)*keep), 1)
	l.dropped = min(l.dropped, len(l.Runs.Runs)-1)
	return true
}

// Text implements text.Renderer: the run, and its jobs, those that failed first.
func (d *Detail) Text(w *text.Writer) {
	if d.DryRun {
		d.dry(w)
		return
	}
	if d.ID == "" {
		w.Say("%s was accepted; the service does not tell which run it became: look for it with ci_runs", d.Op)
		sayNotes(w, d.Notes)
		return
	}
	w.Say("%s", d.Run.head(d.now))
	sayNotes(w, d.Notes)
	several := len(d.Jobs) > 1 || len(d.Jobs) == 1 && d.Jobs[0].Name != d.Task
	if several {
		w.Say("jobs, those that failed first: name, status, duration, failed step")
	}
	if d.Title != "" {
		w.Quote(text.Origin{}, "title: "+cutTo(line(d.Title), 200))
	}
	if several {
		jobs := d.Jobs[:len(d.Jobs)-d.dropped]
		for _, bad := range []bool{true, false} {
			for _, j := range jobs {
				if j.Status.Bad() == bad {
					w.Quote(text.Origin{}, j.row(d.now))
				}
			}
		}
		if more := d.More + d.dropped; more > 0 {
			w.Say("… %s not shown", text.Count(more, "more job"))
		}
	}
	switch {
	case d.Waited:
		w.Say("not finished; go on with ci_runs op=wait run=%s", ident(d.ID))
	case d.Status.Bad():
		w.Say("what failed: ci_failures run=%s", ident(d.ID))
	}
}

// dry says what would be done.
func (d *Detail) dry(w *text.Writer) {
	if d.Op != "start" {
		w.Say("dry run, nothing was done: %s of %s", d.Op, d.Run.head(d.now))
		return
	}
	w.Say("dry run, nothing was started")
	what := "task " + line(d.Task)
	if len(d.Argv) > 0 {
		what += ": " + strings.Join(quoteArgs(d.Argv), " ")
	}
	if d.Branch != "" {
		what += "\nbranch " + line(d.Branch)
	}
	w.Quote(text.Origin{}, what)
	sayNotes(w, d.Notes)
}

// row is the job on one line.
func (j Job) row(now time.Time) string {
	parts := []string{line(j.Name), string(j.Status)}
	if j.Stage != "" && j.Stage != j.Name {
		parts[0] = line(j.Stage) + " / " + parts[0]
	}
	if j.Optional {
		parts[1] += " (allowed to)"
	}
	if d := (Run{Started: j.Started, Finished: j.Finished}).took(now); d != "" {
		parts = append(parts, d)
	}
	if j.Step != "" {
		parts = append(parts, line(j.Step))
	}
	if j.Reason != "" {
		parts = append(parts, cutTo(line(j.Reason), 120))
	}
	return strings.Join(parts, "  ")
}

// Shrink implements text.Shrinker: it leaves out the last jobs.
func (d *Detail) Shrink(keep float64) bool {
	n := len(d.Jobs) - d.dropped
	if n <= 1 {
		return false
	}
	d.dropped += max(n-int(float64(n)*keep), 1)
	d.dropped = min(d.dropped, len(d.Jobs)-1)
	return true
}

// head is what cleat says of a run: foreign words in quotes.
func (r Run) head(now time.Time) string {
	var b strings.Builder
	if r.ID != "" {
		fmt.Fprintf(&b, "run %s ", ident(r.ID))
	}
	fmt.Fprintf(&b, "%s: %q", r.Status, cutTo(line(r.Task), 80))
	if r.Said != "" && r.Status == Unknown {
		fmt.Fprintf(&b, " (the service says %q)", cutTo(line(r.Said), 40))
	}
	if r.Branch != "" {
		fmt.Fprintf(&b, ", branch %q", cutTo(line(r.Branch), 80))
	}
	if r.PR != "" {
		fmt.Fprintf(&b, ", pull request %q", cutTo(line(r.PR), 20))
	}
	if isHash(r.Commit) {
		fmt.Fprintf(&b, ", %s", short(r.Commit))
	}
	if r.Attempt > 1 {
		fmt.Fprintf(&b, ", attempt %d", r.Attempt)
	}
	if d := r.took(now); d != "" {
		fmt.Fprintf(&b, ", %s", d)
	}
	return b.String()
}

// took is how long the run took, or goes on, "" if it is not known.
func (r Run) took(now time.Time) string {
	switch {
	case r.Started.IsZero():
		return ""
	case r.Finished.IsZero():
		return "" // its age says as much
	case r.Finished.Before(r.Started):
		return ""
	}
	return age(r.Finished.Sub(r.Started))
}

// age is d in its largest unit.
func age(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}

func sayNotes(w *text.Writer, notes []string) {
	for _, n := range notes {
		w.Say("note: %s", text.Line(n))
	}
}

// ident is the id of a run as cleat may say it: in quotes if it is no plain word.
func ident(id string) string {
	if len(id) <= maxID && strings.IndexFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._/@:#-", r)
	}) < 0 {
		return id
	}
	return fmt.Sprintf("%q", line(id))
}

// isHash reports whether s is written as the id of a commit is.
func isHash(s string) bool {
	return len(s) >= 8 && strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }) < 0
}

func short(commit string) string { return line(commit[:min(len(commit), 8)]) }

// line is one value of others on one line, bounded.
func line(s string) string { return cutTo(text.Line(s), 300) }

func lines1(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = line(s)
	}
	return out
}

func cutTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// quoteArgs writes each argument so that one can be told from the next.
func quoteArgs(argv []string) []string {
	out := make([]string, len(argv))
	for i, a := range argv {
		out[i] = line(a)
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$`&|;<>()*?[]{}~#!") {
			out[i] = fmt.Sprintf("%q", out[i])
		}
	}
	return out
}
