package ci

import (
	"context"
	"slices"
	"strconv"
	"time"

	"cleat/internal/fail"
)

// A Change is what is to be done to a run.
type Change struct {
	Op     string // "start", "rerun" or "cancel"
	Run    string // for rerun and cancel
	Start  Start  // for start
	Wait   time.Duration
	DryRun bool
}

// Do starts, repeats or ends a run, and waits for its end as Wait does.
func (s *Service) Do(ctx context.Context, c Change) (*Detail, error) {
	starter, ok := s.runner.(Starter)
	if !ok {
		return nil, fail.Errorf(fail.Unsupported, "the source %s can start, repeat and end no runs", s.name)
	}
	if c.Op != "start" {
		if c.Run == "" {
			return nil, fail.Errorf(fail.Invalid, "op=%s needs the run", c.Op).Then("pass run, from ci_runs")
		}
		if err := checkID(c.Run); err != nil {
			return nil, err
		}
	}
	if c.DryRun {
		return s.try(ctx, starter, c)
	}
	var run *Run
	var err error
	switch c.Op {
	case "start":
		if !s.o.Local && c.Start.Branch == "" {
			c.Start.Branch = s.position(ctx).Branch
		}
		run, err = starter.Start(ctx, c.Start)
	case "rerun":
		run, err = starter.Rerun(ctx, c.Run)
	case "cancel":
		run, err = starter.Cancel(ctx, c.Run)
	}
	if err != nil {
		return nil, err
	}
	d := &Detail{Run: *run, Op: c.Op, now: s.o.Now()}
	if c.Op == "cancel" || run.ID == "" || c.Wait <= 0 {
		return d, nil
	}
	// From here on the run exists, and an error must not hide that.
	ended, err := s.await(ctx, run, c.Wait)
	if err != nil {
		d.Run.Notes = append(slices.Clone(d.Run.Notes), "its end could not be waited for: "+fail.From(err).What)
		return d, nil
	}
	d.Run, d.Waited, d.now = *ended, !ended.Status.Ended(), s.o.Now()
	return d, nil
}

// try says what Do would do.
func (s *Service) try(ctx context.Context, starter Starter, c Change) (*Detail, error) {
	d := &Detail{Op: c.Op, DryRun: true, now: s.o.Now()}
	if c.Op != "start" {
		run, err := s.runner.Run(ctx, c.Run)
		if err != nil {
			return nil, err
		}
		if c.Op == "cancel" && run.Status.Ended() {
			return nil, fail.Errorf(fail.Conflict, "run %s has ended: %s", run.ID, run.Status)
		}
		d.Run = *run
		return d, nil
	}
	if p, ok := s.runner.(Planner); ok {
		run, err := p.Plan(ctx, c.Start)
		if err != nil {
			return nil, err
		}
		d.Run = *run
		return d, nil
	}
	tasks, err := starter.Tasks(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(tasks, func(t Task) bool { return t.Name == c.Start.Task })
	if i < 0 {
		return nil, NoTask(c.Start.Task, tasks)
	}
	if err := tasks[i].Check(c.Start); err != nil {
		return nil, err
	}
	d.Run = Run{Task: tasks[i].Name, Branch: c.Start.Branch}
	return d, nil
}

// A Planner is a Starter that can say what Start would run. Optional.
type Planner interface {
	// Plan returns the run that Start would start, without an ID, and fails as Start does.
	Plan(ctx context.Context, s Start) (*Run, error)
}

// NoTask is the error for a task that is not there.
func NoTask(name string, tasks []Task) error {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.Name
	}
	if name == "" {
		return fail.Errorf(fail.Invalid, "there is no task to start").Because("it has %s", quotedMost(names)).Then("pass one of them as task")
	}
	e := fail.Errorf(fail.NotFound, "there is no task %q", clip(name))
	if near := fail.Near(name, names); len(near) > 0 {
		return e.Because("did you mean %s?", quoted(near)).Then("pass one of them as task")
	}
	if len(names) == 0 {
		return e.Because("none is declared")
	}
	return e.Because("there are %s", quotedMost(names)).Then("pass one of them as task")
}

func quotedMost(names []string) string {
	const most = 20
	if len(names) == 0 {
		return "none"
	}
	if len(names) > most {
		return quoted(names[:most]) + ", …"
	}
	return quoted(names)
}

// Check compares what is to be started with what the task declares. It fails with
// fail.Invalid.
func (t Task) Check(s Start) error {
	if len(s.Args) > 0 && !t.Args {
		return fail.Errorf(fail.Invalid, "the task %q takes no arguments", clip(t.Name)).Then("leave args out")
	}
	var names []string
	for _, in := range t.Inputs {
		names = append(names, in.Name)
		v, ok := s.Inputs[in.Name]
		switch {
		case !ok && in.Required && in.Default == "":
			return fail.Errorf(fail.Invalid, "the task %q needs the input %q", clip(t.Name), clip(in.Name)).Then("pass it in inputs")
		case !ok:
		case in.Type == "boolean" && v != "true" && v != "false":
			return fail.Errorf(fail.Invalid, "the input %q is a boolean", clip(in.Name)).Then("pass true or false")
		case len(in.Options) > 0 && !slices.Contains(in.Options, v):
			return fail.Errorf(fail.Invalid, "the input %q has no option %q", clip(in.Name), clip(v)).
				Because("it has %s", quotedMost(in.Options)).Then("pass one of them")
		case in.Type == "number" && !isNumber(v):
			return fail.Errorf(fail.Invalid, "the input %q is a number", clip(in.Name)).Then("pass a number")
		}
	}
	for name := range s.Inputs {
		if !slices.Contains(names, name) {
			return fail.Errorf(fail.Invalid, "the task %q declares no input %q", clip(t.Name), clip(name)).
				Because("it declares %s", quotedMost(names)).Then("leave it out, or pass one that is declared")
		}
	}
	return nil
}

// isNumber reports whether v is a number in decimal.
func isNumber(v string) bool {
	_, err := strconv.ParseFloat(v, 64)
	return err == nil
}
