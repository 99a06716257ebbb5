package jenkins

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// Log implements ci.Runner. Of a run that has not ended it is the log so far.
func (s *Source) Log(ctx context.Context, run *ci.Run, job *ci.Job) (io.ReadCloser, error) {
	p, err := s.place(run.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case job.ID == console && job.Status.Ended():
		return s.text(ctx, p, nil, "consoleText")
	case job.ID == console:
		return s.text(ctx, p, url.Values{"start": {"0"}}, "logText", "progressiveText")
	case !builds.IsNumber(job.ID):
		return nil, fail.Errorf(fail.NotFound, "run %s has no job with the id %.50q", p.id(), job.ID).
			Then("see its jobs with ci_runs op=get run=%s", p.id())
	}
	steps, err := s.steps(ctx, p, job.ID)
	if err != nil {
		return nil, err
	}
	l := &stepLogs{steps: steps, open: func(step string) (io.ReadCloser, error) {
		return s.text(ctx, p, url.Values{"start": {"0"}}, "execution", "node", step, "log", "logText", "progressiveText")
	}}
	// What is wrong with the first of them is told at once.
	if err := l.next(); err != nil && err != io.EOF {
		return nil, err
	}
	return l, nil
}

// A node is what the plugin has of a stage and of its steps.
type node struct {
	Steps []struct {
		ID    string
		Links struct {
			Log *struct{} `json:"log"`
		} `json:"_links"`
	} `json:"stageFlowNodes"`
}

// steps returns the ids of those steps of a stage that have a log, in their order.
func (s *Source) steps(ctx context.Context, p place, stage string) ([]string, error) {
	path, err := p.path("execution", "node", stage, "wfapi", "describe")
	if err != nil {
		return nil, err
	}
	n, _, err := rest.GetJSON[node](ctx, s.rest, path, nil)
	if err != nil {
		return nil, missing(err, "run %s has no stage with the id %s", p.id(), stage)
	}
	var ids []string
	for _, st := range n.Steps {
		if st.Links.Log != nil && builds.IsNumber(st.ID) {
			ids = append(ids, st.ID)
		}
	}
	return ids, nil
}

// text opens a plain text of a build.
func (s *Source) text(ctx context.Context, p place, query url.Values, below ...string) (io.ReadCloser, error) {
	path, err := p.path(below...)
	if err != nil {
		return nil, err
	}
	body, _, err := s.rest.Stream(ctx, rest.Request{Path: path, Query: query,
		Want: rest.Want{Types: []string{"text/plain"}, MaxBody: builds.MaxLog, Timeout: builds.LogTime}})
	if status := rest.Status(err); status == http.StatusNotFound || status == http.StatusGone {
		return nil, fail.Errorf(fail.NotFound, "the log of run %s is gone: it has expired, or was deleted", p.id()).
			Because("%s keeps logs for as long as the job says", title).
			Then("see what else is known of the run with ci_runs op=get run=%s", p.id())
	}
	return body, err
}

// stepLogs are the logs of steps, one after the other. It is for one goroutine.
type stepLogs struct {
	steps []string // that were not opened
	open  func(step string) (io.ReadCloser, error)
	body  io.ReadCloser // nil for none
	last  byte          // that was read
}

// next opens the log of the next step; io.EOF after the last.
func (l *stepLogs) next() error {
	if len(l.steps) == 0 {
		return io.EOF
	}
	body, err := l.open(l.steps[0])
	if err != nil {
		return err
	}
	l.steps, l.body = l.steps[1:], body
	return nil
}

// Read implements io.Reader. Each log begins on a line of its own.
func (l *stepLogs) Read(p []byte) (int, error) {
	for len(p) > 0 {
		if l.body == nil {
			if err := l.next(); err != nil {
				return 0, err
			}
			if l.last != 0 && l.last != '\n' {
				l.last, p[0] = '\n', '\n'
				return 1, nil
			}
		}
		n, err := l.body.Read(p)
		if err == io.EOF {
			err = l.body.Close()
			l.body = nil
		}
		if n > 0 {
			l.last = p[n-1]
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// Close implements io.Closer.
func (l *stepLogs) Close() error {
	l.steps = nil
	if l.body == nil {
		return nil
	}
	body := l.body
	l.body = nil
	return body.Close()
}
