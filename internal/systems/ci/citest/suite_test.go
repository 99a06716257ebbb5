package citest_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

// memory is a Runner of a World, with the fault it is to have, if any.
type memory struct {
	w     *citest.World
	fault string

	mu      sync.Mutex
	now     map[int]ci.Status // of runs that changed
	started []citest.Run
	open    int // logs, for the fault "busy"
}

func can() citest.Can {
	return citest.Can{Statuses: ci.Statuses(), Tasks: true, Jobs: true, PR: true, Titles: true, Times: true, Pages: true, Expired: true, Live: true,
		Start: true, Rerun: true, Cancel: true}
}

const faultVar = "CITEST_FAULT"

func TestMemory(t *testing.T) {
	citest.Suite(t, func(t *testing.T, w *citest.World) ci.Runner {
		return &memory{w: w, now: map[int]ci.Status{}, fault: os.Getenv(faultVar)}
	}, can())
}

// Each careless runner is found out, by the part of the suite that is for it.
func TestCareless(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for fault, part := range map[string]string{
		"oldest first": "list", "no branch": "list", "jobless cursor": "list", "prefix": "filters", "no status": "filters", "no task": "filters", "no pr": "filters", "no limit": "limits", "no default": "limits",
		"double": "pages", "gap": "pages", "any cursor": "cursors_of_others", "reversed jobs": "run", "late": "run", "nil run": "unknown_runs", "internal": "unknown_runs", "quote": "unknown_runs",
		"cut log": "logs", "folded log": "logs", "any log": "unknown_jobs", "busy": "large_log", "short log": "large_log", "empty log": "expired_log", "no live": "live_log",
		"long": "hostile_names", "half": "hostile_names", "page of jobs": "many_jobs", "all jobs": "too_many_jobs", "deaf": "canceled_context", "leak": "list",
		"no inputs": "tasks", "unchecked": "start", "cancel twice": "cancel", "canceled failed": "cancel", "rerun any": "rerun",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), exe, "-test.short", "-test.run=^TestMemory$/^"+part+"$")
			cmd.Env = append(os.Environ(), faultVar+"="+fault)
			out, err := cmd.CombinedOutput()
			if err == nil || !regexp.MustCompile(`(?m)^\s+--- FAIL: TestMemory/`+part+` `).Match(out) {
				t.Errorf("it passes %s: %v\n%s", part, err, out)
			}
		})
	}
}

// end is the error of a context that is over.
func (m *memory) end(ctx context.Context) error {
	if m.fault == "deaf" || ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}

func (m *memory) is(faults ...string) bool { return slices.Contains(faults, m.fault) }

func clip(s string) string {
	if len(s) > 1000 {
		s = strings.ToValidUTF8(s[:1000], "")
	}
	return s
}

func (m *memory) show(r citest.Run) ci.Run {
	out := ci.Run{ID: strconv.Itoa(r.ID), Task: r.Task, Title: clip(r.Title), Status: r.Status, Branch: r.Branch, Commit: r.Commit, Started: r.Started}
	if s, ok := m.now[r.ID]; ok {
		out.Status = s
	}
	if r.PR != 0 {
		out.PR = strconv.Itoa(r.PR)
	}
	if out.Status.Ended() {
		out.Finished = r.Started.Add(time.Minute)
	}
	switch {
	case m.is("no branch"):
		out.Branch = ""
	case m.is("late"):
		out.Finished = r.Started.Add(-time.Minute)
	case m.is("long"):
		out.Title = r.Title
	case m.is("half") && len(r.Title) > 1000:
		out.Title = r.Title[:999] + r.Title[1000:1001]
	}
	return out
}

func (m *memory) all() []citest.Run { return slices.Concat(m.w.Runs, m.started) }

func (m *memory) Runs(ctx context.Context, q ci.Query) (*ci.Runs, error) {
	if m.is("leak") {
		go func() { select {} }()
	}
	if err := m.end(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := q.Limit
	if limit <= 0 && !m.is("no default") {
		limit = ci.DefaultRuns
	}
	if !m.is("no limit") {
		limit = min(limit, ci.MaxRuns)
	}
	sum := cursor.Sum(q.Branch, q.Commit, q.PR, string(q.Status), q.Task)
	if m.is("any cursor") {
		sum = 0
	}
	skip := 0
	if q.Cursor != "" {
		fields, err := cursor.Decode(q.Cursor, sum, 1)
		if err != nil {
			return nil, err
		}
		if skip, err = strconv.Atoi(fields[0]); err != nil {
			return nil, cursor.Stale("it is damaged")
		}
	}
	out := &ci.Runs{}
	n := 0
	runs := m.all()
	if !m.is("oldest first") {
		slices.Reverse(runs)
	}
	for _, raw := range runs {
		r := m.show(raw)
		keep := (q.Branch == "" || q.Branch == r.Branch || m.is("prefix") && strings.HasPrefix(r.Branch, q.Branch)) && (q.Commit == "" || q.Commit == r.Commit) &&
			(q.Status == "" || q.Status == r.Status || m.is("no status")) && (q.Task == "" || q.Task == r.Task || m.is("no task")) && (q.PR == "" || q.PR == r.PR || m.is("no pr"))
		if !keep {
			continue
		}
		if n++; n <= skip {
			continue
		}
		if len(out.Runs) == limit {
			switch {
			case m.is("double"):
				n--
			case m.is("gap"):
				n++
			}
			out.Cursor = cursor.Encode(sum, strconv.Itoa(n-1))
			break
		}
		out.Runs = append(out.Runs, r)
	}
	if m.is("jobless cursor") {
		out.Cursor = cursor.Encode(sum, strconv.Itoa(n))
	}
	return out, nil
}

func (m *memory) find(id string) (citest.Run, error) {
	for _, r := range m.all() {
		if strconv.Itoa(r.ID) == id {
			return r, nil
		}
	}
	switch {
	case m.is("nil run"):
		return citest.Run{}, nil
	case m.is("internal"):
		return citest.Run{}, fmt.Errorf("404")
	case m.is("quote"):
		return citest.Run{}, fail.Errorf(fail.NotFound, "there is no run %s", id)
	}
	return citest.Run{}, fail.Errorf(fail.NotFound, "there is no run %.50q", id)
}

func (m *memory) Run(ctx context.Context, id string) (*ci.Run, error) {
	if err := m.end(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.find(id)
	if err != nil {
		return nil, err
	}
	out := m.show(r)
	for _, j := range r.Jobs {
		if len(out.Jobs) == ci.MaxJobs && !m.is("all jobs") || len(out.Jobs) == 100 && m.is("page of jobs") {
			out.More = len(r.Jobs) - len(out.Jobs)
			break
		}
		out.Jobs = append(out.Jobs, ci.Job{ID: strconv.Itoa(j.ID), Name: clip(j.Name), Status: j.Status})
	}
	if m.is("reversed jobs") {
		slices.Reverse(out.Jobs)
	}
	return &out, nil
}

type closer struct {
	io.Reader
	m *memory
}

func (c closer) Close() error {
	if c.m.is("busy") {
		return nil
	}
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	c.m.open--
	return nil
}

func (m *memory) Log(ctx context.Context, run *ci.Run, job *ci.Job) (io.ReadCloser, error) {
	if err := m.end(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.all() {
		for _, j := range r.Jobs {
			if strconv.Itoa(r.ID) != run.ID || strconv.Itoa(j.ID) != job.ID {
				continue
			}
			if m.open++; m.open > 40 || m.is("busy") && m.open > 4 {
				return nil, fail.Errorf(fail.Busy, "too many logs are open")
			}
			log := j.Log
			switch {
			case j.Expired && !m.is("empty log"):
				return nil, fail.Errorf(fail.NotFound, "the log of the job has expired")
			case m.is("no live") && !j.Status.Ended():
				log = ""
			case m.is("cut log"):
				log = log[:len(log)/2]
			case m.is("short log") && len(log) > 1<<20:
				log = log[:1<<20]
			case m.is("folded log"):
				log = strings.ReplaceAll(log, "\n", " ")
			}
			return closer{strings.NewReader("the service says hello\n" + log), m}, nil
		}
	}
	if m.is("any log") {
		return io.NopCloser(strings.NewReader("")), nil
	}
	return nil, fail.Errorf(fail.NotFound, "there is no such job")
}

func (m *memory) Tasks(context.Context) ([]ci.Task, error) {
	if m.is("no inputs") {
		return []ci.Task{{Name: m.w.Tasks[0].Name}}, nil
	}
	return m.w.Tasks, nil
}

func (m *memory) Start(ctx context.Context, s ci.Start) (*ci.Run, error) {
	m.mu.Lock()
	i := slices.IndexFunc(m.w.Tasks, func(t ci.Task) bool { return t.Name == s.Task })
	if i < 0 {
		m.mu.Unlock()
		return nil, ci.NoTask(s.Task, m.w.Tasks)
	}
	if err := m.w.Tasks[i].Check(s); err != nil && !m.is("unchecked") {
		m.mu.Unlock()
		return nil, err
	}
	r := citest.Run{ID: 5000 + len(m.started), Task: s.Task, Status: ci.Queued, Branch: s.Branch, Started: time.Now()}
	m.started = append(m.started, r)
	m.mu.Unlock()
	return m.Run(ctx, strconv.Itoa(r.ID))
}

func (m *memory) Rerun(ctx context.Context, id string) (*ci.Run, error) {
	if m.is("rerun any") {
		return &ci.Run{}, nil
	}
	return m.Run(ctx, id)
}

func (m *memory) Cancel(ctx context.Context, id string) (*ci.Run, error) {
	run, err := m.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if run.Status.Ended() && !m.is("cancel twice") {
		return nil, fail.Errorf(fail.Conflict, "run %s has ended: %s", run.ID, run.Status)
	}
	m.mu.Lock()
	n, err := strconv.Atoi(id)
	if err != nil {
		m.mu.Unlock()
		return nil, err
	}
	m.now[n] = ci.Canceled
	if m.is("canceled failed") {
		m.now[n] = ci.Failed
	}
	m.mu.Unlock()
	return m.Run(ctx, id)
}
