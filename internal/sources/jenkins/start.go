package jenkins

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// Plan implements ci.Planner.
func (s *Source) Plan(ctx context.Context, c ci.Start) (*ci.Run, error) {
	_, run, err := s.plan(ctx, c)
	return run, err
}

// plan checks what is to be started. The run is what it will be, without an ID.
func (s *Source) plan(ctx context.Context, c ci.Start) (place, *ci.Run, error) {
	if !slices.Contains(s.jobs, c.Task) {
		return place{}, nil, s.noTask(c.Task)
	}
	t, p, err := s.task(ctx, c.Task, c.Branch)
	if err != nil {
		return p, nil, err
	}
	if t.Closed != "" {
		return p, nil, fail.Errorf(fail.Unsupported, "the task %q cannot be started", c.Task).Because("%s", t.Closed)
	}
	if err := builds.Check(t, c); err != nil {
		return p, nil, err
	}
	for name := range c.Inputs {
		// Jenkins reads these itself, and so never passes them on.
		if slices.Contains([]string{"json", "delay", "token", "cause"}, name) {
			return p, nil, fail.Errorf(fail.Unsupported, "the input %q cannot be given over the API of %s", name, title).Then("leave it out: its default counts")
		}
	}
	run := &ci.Run{Task: c.Task, Status: ci.Queued}
	if p.child != "" {
		run.Branch, run.PR = p.branch()
	} else if c.Branch != "" {
		run.Notes = append(run.Notes, "the job says itself which branch it builds; the one that was given was not passed on")
	}
	return p, run, nil
}

// Start implements ci.Starter.
func (s *Source) Start(ctx context.Context, c ci.Start) (*ci.Run, error) {
	p, run, err := s.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.start(ctx, p, run, c.Inputs)
}

// start sends the request, and waits a little for Jenkins to begin.
func (s *Source) start(ctx context.Context, p place, run *ci.Run, inputs map[string]string) (*ci.Run, error) {
	form := url.Values{}
	for name, v := range inputs {
		form.Set(name, v)
	}
	below := "build"
	if len(form) > 0 {
		below = "buildWithParameters"
	} else if declares, err := s.declares(ctx, p); err != nil {
		return nil, err
	} else if declares {
		below = "buildWithParameters" // Jenkins refuses the other
	}
	resp, err := s.send(ctx, p, form, below)
	if err != nil {
		return nil, missing(err, "there is no job %q, or it cannot be built", p.job())
	}
	item, ok := queueItem(resp.Header.Get("Location"))
	if resp.StatusCode != http.StatusCreated || !ok {
		return nil, fail.Errorf(fail.UnknownOutcome, "it is not known whether %s started the job: it answered with status %d and no place in the queue", title, resp.StatusCode).
			Then("look with ci_runs before repeating it")
	}
	return s.begun(ctx, p, run, item), nil
}

// declares reports whether the job has parameters of any kind.
func (s *Source) declares(ctx context.Context, p place) (bool, error) {
	path, err := p.path()
	if err != nil {
		return false, err
	}
	d, err := get[definition](ctx, s, path, paramTree, 0)
	if err != nil {
		return false, missing(err, "there is no job %q", p.job())
	}
	for _, prop := range d.Property {
		if len(prop.Parameters) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// queueItem returns the number of the item that a Location names, on whatever host: behind a
// proxy Jenkins may not know its own address.
func queueItem(location string) (string, bool) {
	u, err := url.Parse(location)
	if err != nil {
		return "", false
	}
	dir, n := path.Split(strings.TrimSuffix(u.Path, "/"))
	return n, strings.HasSuffix(dir, "/queue/item/") && builds.IsNumber(n)
}

// queued is what is used of an item of the queue.
type queued struct {
	Canceled   bool `json:"cancelled"`
	Executable *struct{ Number int64 }
}

// patience is how long a start waits for the queue.
const patience = 8 * time.Second

// begun returns the run that an item of the queue became, or run as it is where that takes
// longer. From here on nothing is an error: the run was asked for.
func (s *Source) begun(ctx context.Context, p place, run *ci.Run, item string) *ci.Run {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		select {
		case <-ctx.Done():
			run.Notes = append(run.Notes, "it waits in the queue of Jenkins, and has no number yet; see ci_runs")
			return run
		case <-wait.C:
		}
		q, err := get[queued](ctx, s, "/queue/item/"+item, "cancelled,executable[number]", 0)
		switch {
		case err != nil && ctx.Err() == nil:
			run.Notes = append(run.Notes, "its number is not known: "+fail.From(err).What)
			return run
		case q.Canceled:
			run.Status = ci.Canceled
			run.Notes = append(run.Notes, "it was taken out of the queue of Jenkins")
			return run
		case q.Executable != nil && q.Executable.Number > 0:
			p.number = q.Executable.Number
			run.ID, run.Status = p.id(), ci.Running
			return run
		}
		wait.Reset(pause)
	}
}

// Rerun implements ci.Starter: it starts the job anew, with the inputs of the run.
func (s *Source) Rerun(ctx context.Context, id string) (*ci.Run, error) {
	p, err := s.place(id)
	if err != nil {
		return nil, err
	}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	b, err := get[build](ctx, s, path, "number,timestamp,actions[parameters[name,value]]", 0)
	if err != nil {
		return nil, missing(err, "there is no run %s", p.id())
	}
	p.number = 0
	job, err := p.path()
	if err != nil {
		return nil, err
	}
	d, err := get[definition](ctx, s, job, "buildable,"+paramTree, 0)
	if err != nil {
		return nil, missing(err, "there is no job %q any more", p.job())
	}
	if d.Buildable != nil && !*d.Buildable {
		return nil, fail.Errorf(fail.Unsupported, "the job %q cannot be started", p.job()).Because("it is disabled")
	}
	run := &ci.Run{Task: p.task, Status: ci.Queued}
	run.Branch, run.PR = p.branch()
	inputs, left := b.inputs(d)
	if len(left) > 0 {
		run.Notes = append(run.Notes, fmt.Sprintf("these inputs of the run were not passed on, as they are not declared any more, or no text: %.300q", left))
	}
	return s.start(ctx, p, run, inputs)
}

// inputs returns what a build was started with, as far as it can be given again, and the
// names of the others.
func (b build) inputs(d definition) (inputs map[string]string, left []string) {
	inputs = map[string]string{}
	declared := map[string]bool{}
	for _, prop := range d.Property {
		for _, par := range prop.Parameters {
			if _, ok := par.input(); ok {
				declared[par.Name] = true
			}
		}
	}
	for _, a := range b.Actions {
		for _, par := range a.Parameters {
			if declared[par.Name] {
				inputs[par.Name] = plain(par.Value)
			} else {
				left = append(left, builds.Clip(par.Name))
			}
		}
	}
	return inputs, left
}

// Cancel implements ci.Starter.
func (s *Source) Cancel(ctx context.Context, id string) (*ci.Run, error) {
	run, err := s.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if run.Status.Ended() {
		return nil, fail.Errorf(fail.Conflict, "run %s has ended: %s", run.ID, run.Status)
	}
	p, err := s.place(id)
	if err != nil {
		return nil, err
	}
	if _, err := s.send(ctx, p, nil, "stop"); err != nil {
		return nil, missing(err, "there is no run %s", p.id())
	}
	if now, err := s.run(ctx, p); err == nil {
		return now, nil
	}
	run.Notes = append(run.Notes, "Jenkins was told to end it; how it is now could not be read")
	return run, nil
}

// send posts a form to a place. Jenkins answers with a redirect or 201: neither is followed.
func (s *Source) send(ctx context.Context, p place, form url.Values, below ...string) (*http.Response, error) {
	to, err := p.path(below...)
	if err != nil {
		return nil, err
	}
	name, crumb, err := s.crumb(ctx)
	if err != nil {
		return nil, err
	}
	ctx = rest.Want{Types: []string{"*"}, MaxBody: 1 << 20}.Context(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.rest.URL()+to, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fail.Errorf(fail.Internal, "the request to %s cannot be made", title) // the text of err has the URL
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if crumb != "" {
		req.Header.Set(name, crumb)
	}
	resp, err := s.post.Do(req)
	if err != nil {
		return nil, s.rest.Wrap(err)
	}
	_, err = io.Copy(io.Discard, resp.Body) // what it says is of no interest, its status is
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, s.rest.Wrap(err)
	}
	return resp, nil
}

// crumb returns the header with which a request says that it is no forgery. Requests with
// an API token need none, but some servers want it all the same; servers without an issuer
// of crumbs, none.
func (s *Source) crumb(ctx context.Context) (name, value string, err error) {
	c, _, err := rest.GetJSON[struct {
		Field string `json:"crumbRequestField"`
		Crumb string
	}](ctx, s.rest, "/crumbIssuer/api/json", nil)
	switch {
	case rest.Status(err) == http.StatusNotFound:
		return "", "", nil
	case err != nil:
		return "", "", err
	case c.Field != "Jenkins-Crumb" && c.Field != ".crumb", len(c.Crumb) > 500, strings.ContainsFunc(c.Crumb, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", "", fail.Errorf(fail.Unavailable, "unexpected response of %s: the crumb is none", title)
	}
	return c.Field, c.Crumb, nil
}
