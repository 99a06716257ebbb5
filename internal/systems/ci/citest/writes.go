package citest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

// canceled expects that the end of a context ends a call, and is its error.
func canceled(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	run := s.get(t, s.w.Runs[0].ID)
	over := errors.New("the call was taken back")
	ctx, end := context.WithCancelCause(t.Context())
	end(over)
	for what, call := range map[string]func() error{
		"Runs": func() error { _, err := s.Runs(ctx, ci.Query{}); return err },
		"Run":  func() error { _, err := s.Run(ctx, run.ID); return err },
		"Log":  func() error { _, err := s.Log(ctx, run, &run.Jobs[0]); return err },
	} {
		if err := call(); !errors.Is(err, over) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want the context's end", what, err)
		}
	}
}

// concurrent expects that calls at once get what each alone gets.
func concurrent(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	ended := s.first(t, func(r Run) bool { return r.Status == ci.Failed })
	look := func(ctx context.Context) (string, error) {
		list, err := s.Runs(ctx, ci.Query{Branch: "main"})
		if err != nil {
			return "", err
		}
		run, err := s.Run(ctx, s.ids[ended.ID])
		if err != nil {
			return "", err
		}
		log, err := s.Log(ctx, run, &run.Jobs[0])
		if err != nil {
			return "", err
		}
		lines, err := clean(log)
		return fmt.Sprintf("%q\n%s\n%q", s.shapes(list.Runs), s.shape(*run), lines), errors.Join(err, log.Close())
	}
	want, err := look(t.Context())
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	g, ctx := errgroup.WithContext(t.Context())
	for range 16 {
		g.Go(func() error {
			got, err := look(ctx)
			if err == nil && got != want {
				err = fmt.Errorf("(-want +got)\n%s", cmp.Diff(want, got))
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// starter returns the runner as a Starter.
func (s *subject) starter(t *testing.T) ci.Starter {
	t.Helper()
	st, ok := s.Runner.(ci.Starter)
	if !ok {
		t.Fatalf("%T is no ci.Starter", s.Runner)
	}
	return st
}

// count returns how many runs there are.
func (s *subject) count(t *testing.T) int {
	t.Helper()
	got, err := s.Runs(t.Context(), ci.Query{Limit: ci.MaxRuns})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	return len(got.Runs)
}

func tasks(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	got, err := s.starter(t).Tasks(t.Context())
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := s.right()
	i := slices.IndexFunc(got, func(task ci.Task) bool { return task.Name == want.Task })
	if i < 0 {
		t.Fatalf("no task %q in %+v", want.Task, got)
	}
	if got[i].Closed != "" {
		t.Errorf("the task %q cannot be started: %s", want.Task, got[i].Closed)
	}
	if s.can.Right == nil {
		if diff := cmp.Diff(s.w.Tasks[0].Inputs, got[i].Inputs); diff != "" {
			t.Errorf("its inputs (-want +got)\n%s", diff)
		}
	}
	if err := got[i].Check(want); err != nil {
		t.Error(fail.Show(err))
	}
}

// right is something that can be started.
func (s *subject) right() ci.Start {
	if s.can.Right != nil {
		return *s.can.Right
	}
	return ci.Start{Task: s.w.Tasks[0].Name, Inputs: map[string]string{"env": "prod"}, Branch: s.w.Default}
}

func start(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	st := s.starter(t)
	before := s.count(t)
	wrong := map[string]func(*ci.Start){
		"no task":       func(c *ci.Start) { c.Task = "" },
		"unknown task":  func(c *ci.Start) { c.Task = "zebra" },
		"path":          func(c *ci.Start) { c.Task = "../../bin/sh" },
		"command":       func(c *ci.Start) { c.Task += "; touch x" },
		"unknown input": func(c *ci.Start) { c.Inputs = map[string]string{"zebra": "1"} },
	}
	if s.can.Right == nil {
		wrong["no option"] = func(c *ci.Start) { c.Inputs = map[string]string{"env": "moon"} }
		wrong["no boolean"] = func(c *ci.Start) { c.Inputs = map[string]string{"loud": "very"} }
		wrong["args"] = func(c *ci.Start) { c.Args = []string{"x"} }
	}
	for what, change := range wrong {
		c := s.right()
		change(&c)
		run, err := st.Start(t.Context(), c)
		if err == nil {
			t.Errorf("%s: %+v was started", what, run)
			continue
		}
		fails(t, what, err, fail.Invalid, fail.NotFound)
	}
	if n := s.count(t); n != before {
		t.Errorf("%d runs were started by what was refused", n-before)
	}
	run, err := st.Start(t.Context(), s.right())
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if run.ID == "" {
		return // it need not tell
	}
	for _, id := range s.ids {
		if run.ID == id {
			t.Errorf("the new run has the id of an old one, %s", id)
		}
	}
	if again, err := s.Run(t.Context(), run.ID); err != nil || again.ID != run.ID {
		t.Errorf("the new run: %+v, %v", again, err)
	}
}

func rerun(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	st := s.starter(t)
	w := s.first(t, func(r Run) bool { return r.Status == ci.Failed && r.PR == 0 })
	run, err := st.Rerun(t.Context(), s.ids[w.ID])
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if run.ID != "" {
		if again, err := s.Run(t.Context(), run.ID); err != nil || again.ID != run.ID {
			t.Errorf("the repeated run: %+v, %v", again, err)
		}
	}
	_, err = st.Rerun(t.Context(), "999999999")
	fails(t, "to repeat a run that is not there", err, fail.NotFound, fail.Invalid)
}

func cancel(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	st := s.starter(t)
	w := s.first(t, func(r Run) bool { return r.Status == ci.Running })
	id := s.ids[w.ID]
	run, err := st.Cancel(t.Context(), id)
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if run.ID != id || run.Status.Ended() && run.Status != ci.Canceled {
		t.Errorf("the run that was canceled: %+v", run)
	}
	await(t, "the run to end", func() bool { return s.get(t, w.ID).Status.Ended() })
	if got := s.get(t, w.ID).Status; got != ci.Canceled {
		t.Errorf("the run that was canceled is %s", got)
	}
	_, err = st.Cancel(t.Context(), id)
	fails(t, "to cancel twice", err, fail.Conflict)
	_, err = st.Cancel(t.Context(), s.ids[s.w.Runs[0].ID])
	fails(t, "to cancel a run that has ended", err, fail.Conflict)
	_, err = st.Cancel(t.Context(), "999999999")
	fails(t, "to cancel a run that is not there", err, fail.NotFound, fail.Invalid)
}
