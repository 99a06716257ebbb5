package ci

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"cleat/internal/buildlog"
	"cleat/internal/fail"
	"cleat/internal/report"
	"cleat/internal/systems/ci/checkout"
	"cleat/internal/systems/ci/verdict"
)

// Limits of a Summary, before its budget cuts further.
const (
	MaxTail      = 200 // lines of a log's end
	DefaultTail  = 20  // where nothing else tells what failed
	maxRead      = 8   // jobs whose logs are read
	maxFailures  = 50  // that are shown of a run
	baseRuns     = 3   // of the base branch that are looked at
	baseTime     = 8 * time.Second
	maxBaseReads = 2 // logs of the base branch's runs that are read
)

// A Question asks what failed.
type Question struct {
	Which
	Job string
	// Tail is how many of the log's last lines are shown; -1 where the failures decide.
	Tail int
}

// Failures says what failed in the run that is meant, where that is in the checkout, and
// since when it fails.
func (s *Service) Failures(ctx context.Context, q Question) (*Summary, error) {
	sum := &Summary{now: s.o.Now()}
	group := []Run{{ID: q.Run}}
	if q.Run == "" {
		var err error
		if group, err = s.last(ctx, q.Which); err != nil {
			return nil, err
		}
	} else if err := checkID(q.Run); err != nil {
		return nil, err
	}
	chosen := group[0]
	if q.Run == "" {
		chosen = worst(group)
	}
	run, err := s.runner.Run(ctx, chosen.ID)
	if err != nil {
		return nil, err
	}
	sum.Run = *run
	sum.Run.Jobs = nil
	for _, r := range group {
		if r.ID != run.ID {
			sum.Others = append(sum.Others, Other{r.ID, r.Task, r.Status})
		}
	}
	jobs, err := run.failing(q.Job)
	if err != nil {
		return nil, err
	}
	sum.JobCount = len(run.Jobs)
	paths, err := s.paths(ctx)
	if err != nil {
		sum.Run.Notes = append(sum.Run.Notes, "places are as the log has them: "+fail.From(err).What)
	}
	for i, j := range jobs {
		job := JobFailures{Job: *j, skipped: i >= maxRead}
		sum.FailedJobs++
		if !job.skipped {
			if err := s.read(ctx, run, j, &job, q.Tail, paths); err != nil {
				if ctx.Err() != nil || len(jobs) == 1 {
					return nil, err
				}
				job.Problem = fail.From(err).What
			}
		}
		sum.Jobs = append(sum.Jobs, job)
	}
	sum.number()
	s.judge(ctx, run, sum)
	return sum, nil
}

// failing lists the jobs that failed, or the one called name. Of a run that failed without
// a job that did it is those that ended badly in any way.
func (run *Run) failing(name string) ([]*Job, error) {
	if name != "" {
		j, err := run.job(name)
		return []*Job{j}, err
	}
	var out []*Job
	for _, optional := range []bool{false, true} {
		for i, j := range run.Jobs {
			if j.Status.Bad() && j.Optional == optional {
				out = append(out, &run.Jobs[i])
			}
		}
	}
	if len(out) == 0 && run.Status.Bad() {
		for i, j := range run.Jobs {
			if j.Status != Passed && j.Status != Skipped {
				out = append(out, &run.Jobs[i])
			}
		}
	}
	return out, nil
}

// paths is the map of the checkout for one call, nil where there is none.
func (s *Service) paths(ctx context.Context) (*checkout.Map, error) {
	c := s.o.checkout()
	if c == nil {
		return nil, nil
	}
	return checkout.New(ctx, c)
}

// read fills in what is told of the job's failures: by its log, and by the service's own
// reports.
func (s *Service) read(ctx context.Context, run *Run, j *Job, into *JobFailures, tail int, paths *checkout.Map) error {
	var own []report.Failure
	if r, ok := s.runner.(Reporter); ok {
		var err error
		if own, err = r.Failures(ctx, run, j); err != nil {
			// The log tells most of it as well.
			into.Problem = "the service's own report: " + fail.From(err).What
		}
	}
	rep, last, err := s.parse(ctx, run, j)
	if err != nil {
		if len(own) == 0 {
			return err
		}
		into.Problem = "its log: " + fail.From(err).What
		rep = &report.Report{}
	}
	into.Counts, into.More, into.LogLines, into.LogCut = rep.Counts, rep.More, last.total, last.cut
	found := merge(rep.Failures, own)
	if len(found) > maxFailures {
		into.More += len(found) - maxFailures
		found = found[:maxFailures]
	}
	for _, f := range found {
		into.Failures = append(into.Failures, s.place(f, paths))
	}
	if tail < 0 && !slices.ContainsFunc(found, func(f report.Failure) bool { return f.Kind != report.Line }) {
		tail = DefaultTail
	}
	if tail = min(tail, MaxTail); tail > 0 {
		into.Tail = buildlog.Fold(last.lines(tail))
	}
	return nil
}

// place returns f with its place in the checkout.
func (s *Service) place(f report.Failure, paths *checkout.Map) Failure {
	out := Failure{Failure: f}
	if paths == nil || f.File == "" {
		return out
	}
	if path, line, ok := paths.Place(f); ok {
		out.Path, out.PathLine = path, line
	}
	return out
}

// merge joins what the log and the service tell: a failure of the service that the log tells
// as well, by its name or its place, comes once, and better with a message.
func merge(log, own []report.Failure) []report.Failure {
	out := slices.Clone(log)
	for _, f := range own {
		i := slices.IndexFunc(out, func(x report.Failure) bool {
			if f.Name != "" && x.Name != "" {
				return f.Name == x.Name && (f.Scope == x.Scope || f.Scope == "" || x.Scope == "" ||
					strings.HasSuffix(f.Scope, x.Scope) || strings.HasSuffix(x.Scope, f.Scope))
			}
			return f.File != "" && f.Line == x.Line && f.Line > 0 && base(f.File) == base(x.File)
		})
		if i < 0 {
			out = append(out, f)
			continue
		}
		if out[i].Message == "" {
			out[i].Message = f.Message
		}
		if out[i].File == "" {
			out[i].File, out[i].Line = f.File, f.Line
		}
	}
	if len(own) > 0 {
		// Guesses are worth nothing beside what the service knows.
		out = slices.DeleteFunc(out, func(f report.Failure) bool { return f.Kind == report.Line })
	}
	return out
}

func base(path string) string { return path[strings.LastIndexAny(path, `/\`)+1:] }

// An ending is the last lines of a log, and how many it has.
type ending struct {
	kept  []buildlog.Line // a ring
	total int
	cut   bool // the log itself was cut at MaxLog
}

// lines returns the last n.
func (e *ending) lines(n int) []buildlog.Line {
	n = min(n, len(e.kept))
	out := make([]buildlog.Line, 0, n)
	for i := e.total - n; i < e.total; i++ {
		out = append(out, e.kept[i%MaxTail])
	}
	return out
}

// parse reads the log of the job once.
func (s *Service) parse(ctx context.Context, run *Run, j *Job) (*report.Report, *ending, error) {
	log, cut, err := s.openLog(ctx, run, j)
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	p, r, end := report.NewParser(), buildlog.NewReader(log), &ending{cut: cut}
	for {
		n, line, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		p.Line(n, line)
		kept := buildlog.Line{N: n, Text: string(line[:min(len(line), maxTailLine)])}
		if len(end.kept) < MaxTail {
			end.kept = append(end.kept, kept)
		} else {
			end.kept[end.total%MaxTail] = kept
		}
		end.total++
	}
	return p.Report(), end, nil
}

// maxTailLine is how much of a line of a log's end is kept, in bytes.
const maxTailLine = 2000

// judge says of each failure since when it fails, by what is known of other runs. The
// history is filled with what can be learnt in a short time.
func (s *Service) judge(ctx context.Context, run *Run, sum *Summary) {
	if s.o.History == nil || !run.Status.Ended() || run.Status == Canceled {
		return
	}
	if err := s.o.History.Record(ctx, s.results(run, sum.Jobs)...); err != nil {
		sum.Run.Notes = append(sum.Run.Notes, "since when it fails is not known: "+fail.From(err).What)
		return
	}
	if !slices.ContainsFunc(sum.Jobs, func(j JobFailures) bool { return len(j.Failures) > 0 }) {
		return
	}
	base := s.position(ctx).Default
	if base != "" {
		limited, cancel := context.WithTimeout(ctx, baseTime)
		defer cancel()
		s.learn(limited, run, base)
	}
	for i := range sum.Jobs {
		j := &sum.Jobs[i]
		q := verdict.Question{Source: s.name, Task: run.Task, Job: j.Job.Name, Branch: run.Branch, Base: base,
			Commit: s.known(run), Run: run.ID, Attempt: run.Attempt, At: run.Started}
		all, err := s.o.History.Judge(ctx, q, prints(j.Failures))
		if err != nil {
			sum.Run.Notes = append(sum.Run.Notes, "since when it fails is not known: "+fail.From(err).What)
			return
		}
		for k := range all {
			j.Failures[k].Judgement = all[k]
		}
	}
}

// prints are the fingerprints of failures.
func prints(failures []Failure) []string {
	out := make([]string, len(failures))
	for i, f := range failures {
		out[i] = verdict.Fingerprint(f.Failure)
	}
	return out
}

// known is the commit that the run was of, "" if the work tree had changes beside it, or on
// this machine may have had.
func (s *Service) known(run *Run) string {
	if run.Dirty || s.o.Local {
		return ""
	}
	return run.Commit
}

// reports are the failures as they were told.
func reports(failures []Failure) []report.Failure {
	out := make([]report.Failure, len(failures))
	for i, f := range failures {
		out[i] = f.Failure
	}
	return out
}

// results are those of the run's jobs for the history: of the jobs that failed those that
// were read.
func (s *Service) results(run *Run, failed []JobFailures) []verdict.Result {
	result := func(job string) verdict.Result {
		return verdict.Result{Source: s.name, Task: run.Task, Job: job, Branch: run.Branch, Commit: s.known(run), Run: run.ID,
			Attempt: run.Attempt, At: run.Started}
	}
	var out []verdict.Result
	for _, j := range run.Jobs {
		if j.Status == Passed {
			r := result(j.Name)
			r.Passed, r.Whole = true, true
			out = append(out, r)
		}
	}
	for _, j := range failed {
		if j.skipped || j.Problem != "" {
			continue
		}
		r := result(j.Job.Name)
		r.Prints, r.Whole = verdict.Prints(reports(j.Failures), j.More)
		r.Whole = r.Whole && !j.LogCut && len(j.Failures) > 0
		out = append(out, r)
	}
	return out
}

// learn looks at the last runs of the base branch. What cannot be had in time is not known,
// and the verdict says so.
func (s *Service) learn(ctx context.Context, run *Run, base string) {
	seen, err := s.o.History.Runs(ctx, s.name, run.Task, base)
	if err != nil {
		return
	}
	runs, err := s.runner.Runs(ctx, Query{Branch: base, Task: run.Task, Limit: baseRuns})
	if err != nil {
		return
	}
	reads := 0
	for _, r := range runs.Runs[:min(len(runs.Runs), baseRuns)] {
		if r.ID == run.ID || slices.Contains(seen, r.ID) || r.Status != Passed && !r.Status.Bad() {
			continue
		}
		if r.Status.Bad() {
			if reads++; reads > maxBaseReads {
				continue
			}
		}
		whole, err := s.runner.Run(ctx, r.ID)
		if err != nil {
			return
		}
		jobs, err := whole.failing("")
		if err != nil {
			return
		}
		var failed []JobFailures
		for _, j := range jobs[:min(len(jobs), maxRead)] {
			one := JobFailures{Job: *j}
			if s.read(ctx, whole, j, &one, 0, nil) == nil {
				failed = append(failed, one)
			}
		}
		if s.o.History.Record(ctx, s.results(whole, failed)...) != nil {
			return
		}
	}
}
