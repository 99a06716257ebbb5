package ci

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cleat/internal/buildlog"
	"cleat/internal/fail"
	"cleat/internal/progress"
	"cleat/internal/systems/ci/checkout"
	"cleat/internal/systems/ci/verdict"
	"cleat/internal/text"
)

// A Position is where the checkout stands. What is not known is "".
type Position struct {
	Branch  string   // checked out
	Commit  string   // full hash
	Default string   // the branch that others are compared with
	Remotes []string // their URLs, that of the current branch first
}

// A Checkout is the work tree that failures are mapped into.
type Checkout interface {
	Position(ctx context.Context) (Position, error)
	checkout.Files
}

// Options are what a Service works with, the same for every source of one process.
type Options struct {
	Local    bool            // runs of this machine: of all branches, with logs that need no cache
	Checkout func() Checkout // nil, or returning nil, where there is none
	History  *verdict.History
	Cache    *buildlog.Cache
	Now      func() time.Time
}

// A Service answers questions about the runs of one source. It is safe for concurrent use.
type Service struct {
	name   string
	runner Runner
	o      Options
	saw    func(...Run) // is told of runs that were seen
}

// New returns the Service of the source called name. It opens nothing.
func New(name string, runner Runner, o Options) *Service {
	return &Service{name: name, runner: runner, o: o, saw: func(...Run) {}}
}

// Starts reports whether the source can start runs.
func (s *Service) Starts() bool { _, ok := s.runner.(Starter); return ok }

// Health implements systems.Healthy.
func (s *Service) Health() string {
	if h, ok := s.runner.(interface{ Health() string }); ok {
		return h.Health()
	}
	return ""
}

func (o *Options) checkout() Checkout {
	if o.Checkout == nil {
		return nil
	}
	return o.Checkout()
}

// position is where the checkout stands, as far as it is known: a folder without git has
// runs as well.
func (s *Service) position(ctx context.Context) Position {
	c := s.o.checkout()
	if c == nil {
		return Position{}
	}
	p, err := c.Position(ctx)
	if err != nil {
		return Position{}
	}
	return p
}

// A Which says which run is meant: Run, or the last one that the others describe.
type Which struct{ Run, PR, Branch string }

// AnyBranch is the branch that stands for all of them.
const AnyBranch = "*"

// List returns runs, newest first: of the current branch where q says neither branch, commit
// nor PR and the source is a service.
func (s *Service) List(ctx context.Context, q Query) (*Listing, error) {
	p := s.position(ctx)
	assumed := q.Branch == "" && q.Commit == "" && q.PR == "" && !s.o.Local && p.Branch != ""
	switch {
	case assumed:
		q.Branch = p.Branch
	case q.Branch == AnyBranch:
		q.Branch = ""
	}
	if q.Limit <= 0 {
		q.Limit = DefaultRuns
	}
	q.Limit = min(q.Limit, MaxRuns)
	runs, err := s.runner.Runs(ctx, q)
	if err != nil {
		return nil, err
	}
	s.saw(runs.Runs...)
	l := &Listing{Runs: *runs, now: s.o.Now()}
	if assumed {
		l.Branch = q.Branch
	}
	if len(l.Runs.Runs) == 0 && s.o.Local {
		l.Tasks = s.tasks(ctx)
	}
	return l, nil
}

// tasks are the names of what can be started. That they cannot be told is no reason to tell
// nothing else.
func (s *Service) tasks(ctx context.Context) []string {
	starter, ok := s.runner.(Starter)
	if !ok {
		return nil
	}
	tasks, err := starter.Tasks(ctx)
	if err != nil {
		return nil
	}
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.Name
	}
	return names
}

// Get returns one run with its jobs.
func (s *Service) Get(ctx context.Context, w Which) (*Detail, error) {
	run, err := s.one(ctx, w)
	if err != nil {
		return nil, err
	}
	return &Detail{Run: *run, now: s.o.Now()}, nil
}

// one returns the run that is meant, with its jobs.
func (s *Service) one(ctx context.Context, w Which) (*Run, error) {
	if w.Run != "" {
		if err := checkID(w.Run); err != nil {
			return nil, err
		}
		return s.runner.Run(ctx, w.Run)
	}
	group, err := s.last(ctx, w)
	if err != nil {
		return nil, err
	}
	return s.runner.Run(ctx, worst(group).ID)
}

// maxID is how long the id of a run may be, in bytes.
const maxID = 300

// checkID refuses what cannot be the id of a run.
func checkID(id string) error {
	if len(id) <= maxID && strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r == 0x7f }) < 0 {
		return nil
	}
	return fail.Errorf(fail.Invalid, "that is not the id of a run").Then("take the run's id from ci_runs")
}

// last returns the newest run that w describes with those that belong to the same commit:
// the workflows of one push.
func (s *Service) last(ctx context.Context, w Which) ([]Run, error) {
	list, err := s.List(ctx, Query{Branch: w.Branch, PR: w.PR})
	if err != nil {
		return nil, err
	}
	runs := list.Runs.Runs
	if len(runs) == 0 {
		e := fail.Errorf(fail.NotFound, "there is no run%s", s.of(w, list.Branch))
		if s.o.Local {
			return nil, e.Then("start one with ci_run op=start")
		}
		return nil, e.Then("list the runs of all branches with ci_runs branch=%s", AnyBranch)
	}
	if s.o.Local || runs[0].Commit == "" {
		return runs[:1], nil
	}
	var group []Run
	seen := map[string]bool{}
	for _, r := range runs {
		// Of a workflow that ran twice for the commit, the newer run counts.
		if r.Commit == runs[0].Commit && !seen[r.Task] {
			seen[r.Task] = true
			group = append(group, r)
		}
	}
	return group, nil
}

// of says what was asked for.
func (s *Service) of(w Which, assumed string) string {
	switch {
	case w.PR != "":
		return fmt.Sprintf(" of pull request %q", clip(w.PR))
	case w.Branch != "" && w.Branch != AnyBranch:
		return fmt.Sprintf(" of branch %q", clip(w.Branch))
	case assumed != "":
		return fmt.Sprintf(" of the current branch %q", clip(assumed))
	}
	return ""
}

// worst is the run that a reader wants to see first: one that failed, then one that has not
// ended, then the newest.
func worst(group []Run) Run {
	for _, bad := range []func(Status) bool{Status.Bad, func(st Status) bool { return !st.Ended() }} {
		if i := slices.IndexFunc(group, func(r Run) bool { return bad(r.Status) }); i >= 0 {
			return group[i]
		}
	}
	return group[0]
}

// Limits of waiting for the end of a run.
const (
	MaxWait     = 45 * time.Second
	waitMargin  = 500 * time.Millisecond // what is left of a call's time for its answer
	localPoll   = 100 * time.Millisecond
	servicePoll = 3 * time.Second
)

// Wait returns the run once it has ended, and at the latest after d, which is cut to MaxWait
// and to the time of the call: whether it has ended its status says.
func (s *Service) Wait(ctx context.Context, w Which, d time.Duration) (*Detail, error) {
	run, err := s.one(ctx, w)
	if err != nil {
		return nil, err
	}
	run, err = s.await(ctx, run, d)
	if err != nil {
		return nil, err
	}
	return &Detail{Run: *run, Waited: !run.Status.Ended(), now: s.o.Now()}, nil
}

func (s *Service) await(ctx context.Context, run *Run, d time.Duration) (*Run, error) {
	began := time.Now()
	end := began.Add(min(max(d, 0), MaxWait))
	if at, ok := ctx.Deadline(); ok && at.Add(-waitMargin).Before(end) {
		end = at.Add(-waitMargin)
	}
	every := servicePoll
	if s.o.Local {
		every = localPoll
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	over := time.NewTimer(time.Until(end))
	defer over.Stop()
	told := began
	for !run.Status.Ended() && run.ID != "" {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-over.C:
			return run, nil
		case <-tick.C:
		}
		next, err := s.runner.Run(ctx, run.ID)
		if err != nil {
			return nil, err
		}
		run = next
		if time.Since(told) >= time.Second {
			told = time.Now()
			progress.Report(ctx, time.Since(began).Seconds(), fmt.Sprintf("run %s: %s for %d s", text.Line(run.ID), run.Status, int(time.Since(began).Seconds())))
		}
	}
	return run, nil
}

// openLog opens the log of a job: of one that has ended from the cache, once the service has
// shown the run to this credential.
func (s *Service) openLog(ctx context.Context, run *Run, job *Job) (io.ReadCloser, bool, error) {
	fetch := func(ctx context.Context) (io.ReadCloser, error) { return s.runner.Log(ctx, run, job) }
	if s.o.Local || s.o.Cache == nil || !job.Status.Ended() {
		log, err := fetch(ctx)
		return log, false, err
	}
	f, err := s.o.Cache.Open(ctx, strings.Join([]string{s.name, run.ID, job.ID, fmt.Sprint(run.Attempt), job.Finished.UTC().Format(time.RFC3339)}, "\x00"), fetch)
	if err != nil {
		return nil, false, err
	}
	return f, f.Cut(), nil
}

// job chooses the job called name, or the one whose log a reader wants first.
func (run *Run) job(name string) (*Job, error) {
	if len(run.Jobs) == 0 {
		return nil, fail.Errorf(fail.NotFound, "run %s has no job with a log", run.ID).Then("see its state with ci_runs op=get run=%s", run.ID)
	}
	if name == "" {
		bad := slices.IndexFunc(run.Jobs, func(j Job) bool { return j.Status.Bad() && !j.Optional })
		if bad < 0 {
			bad = slices.IndexFunc(run.Jobs, func(j Job) bool { return j.Status.Bad() })
		}
		return &run.Jobs[max(bad, 0)], nil
	}
	if i := slices.IndexFunc(run.Jobs, func(j Job) bool { return j.Name == name || j.ID == name }); i >= 0 {
		return &run.Jobs[i], nil
	}
	var hits []int
	var names []string
	for i, j := range run.Jobs {
		if strings.Contains(strings.ToLower(j.Name), strings.ToLower(name)) {
			hits = append(hits, i)
		}
		names = append(names, j.Name)
	}
	if len(hits) == 1 {
		return &run.Jobs[hits[0]], nil
	}
	what, near := "there is no job", fail.Near(name, names)
	if len(hits) > 1 {
		what, near = "several jobs are called like", nil
		for _, i := range hits[:min(len(hits), 5)] {
			near = append(near, names[i])
		}
	}
	if len(near) == 0 {
		near = names[:min(len(names), 10)]
	}
	return nil, fail.Errorf(fail.NotFound, "%s %q in run %s", what, clip(name), run.ID).
		Because("its jobs: %s", quoted(near)).Then("pass one of them as job")
}

// clip is s as an error may quote it.
func clip(s string) string {
	s = text.Line(s)
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", clip(n))
	}
	return strings.Join(out, ", ")
}
