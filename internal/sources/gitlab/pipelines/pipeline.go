package pipelines

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/archive/forge"
	"cleat/internal/sorting"
	"cleat/internal/systems/ci"
)

// A pipeline is what is used of the pipelines that the API has. Lists tell less of each.
type pipeline struct {
	ID       int64     `json:"id"`
	Name     string    `json:"name"` // of workflow:name
	Commit   string    `json:"sha"`
	Ref      string    `json:"ref"`
	Status   string    `json:"status"`
	Source   string    `json:"source"`
	Problem  string    `json:"yaml_errors"`
	Created  time.Time `json:"created_at"`
	Updated  time.Time `json:"updated_at"`
	Started  time.Time `json:"started_at"`
	Finished time.Time `json:"finished_at"`

	branch string // of the merge request it is for, where that is known
	offset int    // in the list it was read from, from 1
}

// Check implements rest.Checker.
func (p pipeline) Check() error {
	if p.ID <= 0 || p.Status == "" {
		return forge.Lack("pipeline")
	}
	return nil
}

// Task is the name of what can be started.
const Task = "pipeline"

// task is the name of the pipeline's kind: of its workflow where that has one.
func (p pipeline) task() string {
	switch {
	case p.Name != "":
		return clip(p.Name)
	case p.Source == "schedule":
		return "scheduled pipeline"
	case p.Source == "parent_pipeline":
		return "child pipeline"
	}
	return Task
}

// request returns the number of the merge request that the pipeline is for, "" if for none.
func (p pipeline) request() string {
	number, ok := strings.CutPrefix(p.Ref, "refs/merge-requests/")
	if !ok {
		return ""
	}
	number, _, _ = strings.Cut(number, "/")
	if !isNumber(number) {
		return ""
	}
	return number
}

// public returns p as ci has it.
func (p pipeline) public(in project) ci.Run {
	status, word := statusOf(p.Status, "")
	out := ci.Run{
		ID: in.prefix + strconv.FormatInt(p.ID, 10), Task: p.task(), Status: status, Said: word, Branch: clip(p.Ref),
		Commit: hash(p.Commit), PR: p.request(), Event: clip(p.Source), Started: p.Started,
	}
	if out.PR != "" {
		out.Branch = clip(p.branch)
	}
	if out.Started.IsZero() {
		out.Started = p.Created
	}
	if status.Ended() {
		if out.Finished = p.Finished; out.Finished.IsZero() {
			out.Finished = p.Updated
		}
	}
	if p.Status == "manual" {
		out.Notes = append(out.Notes, "a person has to start one of its jobs for it to go on")
	}
	return out
}

// statusOf returns what a status of GitLab's and the reason of a failure mean, and the word if
// cleat does not know it.
func statusOf(word, reason string) (ci.Status, string) {
	switch word {
	case "created", "waiting_for_resource", "waiting_for_callback", "preparing", "pending", "scheduled":
		return ci.Queued, ""
	case "running", "canceling":
		return ci.Running, ""
	case "success":
		return ci.Passed, ""
	case "failed":
		if reason == "job_execution_timeout" || reason == "stuck_or_timeout_failure" || reason == "job_execution_server_timeout" {
			return ci.TimedOut, ""
		}
		return ci.Failed, ""
	case "canceled":
		return ci.Canceled, ""
	case "skipped":
		return ci.Skipped, ""
	case "manual":
		return ci.Waiting, ""
	}
	return ci.Unknown, cut(word, 100)
}

// Run implements ci.Runner.
func (r *Runner) Run(ctx context.Context, id string) (*ci.Run, error) {
	in, number, err := r.place(ctx, id)
	if err != nil {
		return nil, err
	}
	raw, err := r.raw(ctx, in, number)
	if err != nil {
		return nil, err
	}
	if n := raw.request(); n != "" {
		m, _, err := get[request](ctx, r, in, nil, "merge_requests", n)
		if err != nil && !hidden(err) {
			return nil, err
		}
		raw.branch = m.Branch // "" where the token may not see it
	}
	out := raw.public(in)
	c := collector{r: r, in: in, seen: map[int64]bool{}, within: map[string]bool{}}
	if err := c.add(ctx, number, "", 0); err != nil {
		return nil, err
	}
	out.Jobs, out.More, out.Title = c.sorted(), c.more, clip(c.title)
	out.Notes = append(out.Notes, c.notes...)
	if raw.Problem != "" {
		out.Jobs = slices.Insert(out.Jobs, 0, ci.Job{ID: configJob, Name: "CI configuration", Status: ci.Failed,
			Started: out.Started, Finished: out.Finished, Reason: clip(raw.Problem)})
	}
	return &out, nil
}

// configJob is the id of what stands for a CI file that has errors.
const configJob = "config"

// raw asks for a pipeline.
func (r *Runner) raw(ctx context.Context, in project, number string) (pipeline, error) {
	raw, _, err := get[pipeline](ctx, r, in, nil, "pipelines", number)
	if err != nil {
		return pipeline{}, missing(err, "there is no pipeline %s in %s", number, in.Name)
	}
	return raw, nil
}

// A job is what is used of the jobs that the API has, and of those that start other pipelines.
type job struct {
	ID       int64     `json:"id"`
	Name     string    `json:"name"`
	Stage    string    `json:"stage"`
	Status   string    `json:"status"`
	Optional bool      `json:"allow_failure"`
	Reason   string    `json:"failure_reason"`
	Started  time.Time `json:"started_at"`
	Finished time.Time `json:"finished_at"`
	Erased   time.Time `json:"erased_at"`
	Commit   struct{ Title string }
	Down     *struct {
		ID      int64  `json:"id"`
		Project int64  `json:"project_id"`
		Status  string `json:"status"`
	} `json:"downstream_pipeline"`
}

// Check implements rest.Checker.
func (j job) Check() error {
	if j.ID <= 0 || j.Status == "" {
		return forge.Lack("job")
	}
	return nil
}

// A jobList is a page of jobs.
type jobList []job

// Check implements rest.Checker.
func (l jobList) Check() error {
	if l == nil || slices.ContainsFunc(l, func(j job) bool { return j.Check() != nil }) {
		return forge.Lack("list of jobs")
	}
	return nil
}

// public returns j as ci has it; before stands before the name of its stage.
func (j job) public(before string) ci.Job {
	status, word := statusOf(j.Status, j.Reason)
	out := ci.Job{
		ID: strconv.FormatInt(j.ID, 10), Name: clip(j.Name), Stage: clip(before + j.Stage), Status: status, Optional: j.Optional,
		Started: j.Started, Reason: cut(j.Reason, 100),
	}
	if status.Ended() {
		out.Finished = j.Finished
	}
	if status == ci.Unknown {
		out.Reason = word
	}
	return out
}

// Limits of the pipelines below one: how deep GitLab itself nests them, and how many are read.
const (
	maxDepth    = 2
	maxChildren = 20
	perPage     = 100 // the longest page that GitLab makes
)

// A collector collects the jobs of a pipeline and of its children.
type collector struct {
	r        *Runner
	in       project
	seen     map[int64]bool
	within   map[string]bool // numbers of the pipelines that were read
	jobs     []ci.Job
	order    []int64 // ids of jobs
	children int
	more     int
	title    string // of the commit
	notes    []string
}

// add adds the jobs of a pipeline; before stands before the names of their stages.
func (c *collector) add(ctx context.Context, number, before string, depth int) error {
	c.within[number] = true
	raws, err := c.list(ctx, number, "jobs")
	if err != nil {
		return err
	}
	for _, j := range raws {
		c.title = cmp.Or(c.title, j.Commit.Title)
		c.take(j, j.public(before))
	}
	bridges, err := c.list(ctx, number, "bridges")
	if err != nil {
		return err
	}
	for _, b := range bridges {
		if err := c.bridge(ctx, b, before, depth); err != nil {
			return err
		}
	}
	return nil
}

// bridge adds a job that starts a pipeline: that pipeline's jobs, or itself where these cannot
// be had.
func (c *collector) bridge(ctx context.Context, b job, before string, depth int) error {
	own := b.public(before)
	own.ID = bridgeID + own.ID
	if b.Down == nil || b.Down.ID <= 0 {
		c.take(b, own)
		return nil
	}
	down := strconv.FormatInt(b.Down.ID, 10)
	status, _ := statusOf(b.Down.Status, "")
	switch {
	case b.Down.Project != c.in.ID:
		c.notes = append(c.notes, "job "+own.ID+" started pipeline "+down+" of another project: "+string(status)+"; see it with ci_runs op=get run=GROUP/NAME@"+down)
	case c.within[down]:
	case depth >= maxDepth || c.children >= maxChildren:
		c.notes = append(c.notes, "the jobs of child pipeline "+down+" are not listed here; see them with ci_runs op=get run="+c.in.prefix+down)
	default:
		c.children++
		had := len(c.jobs)
		if err := c.add(ctx, down, cut(before+b.Name, 200)+": ", depth+1); err != nil {
			return err
		}
		if len(c.jobs) > had {
			return nil
		}
	}
	c.take(b, own)
	return nil
}

// bridgeID stands before the number of a job that starts a pipeline and has no log.
const bridgeID = "trigger-"

// take adds a job, once.
func (c *collector) take(raw job, j ci.Job) {
	switch {
	case c.seen[raw.ID]: // a page may shift while another is read
	case len(c.jobs) >= ci.MaxJobs:
		c.more++
	default:
		c.seen[raw.ID] = true
		c.jobs = append(c.jobs, j)
		c.order = append(c.order, raw.ID)
	}
}

// list reads the jobs or bridges of a pipeline.
func (c *collector) list(ctx context.Context, number, what string) (all jobList, err error) {
	query := pageQuery(perPage)
	for page := 1; page > 0; {
		if len(c.jobs)+len(all) >= ci.MaxJobs {
			c.more++ // at least
			return all, nil
		}
		query.Set("page", strconv.Itoa(page))
		list, answer, err := get[jobList](ctx, c.r, c.in, query, "pipelines", number, what)
		if err != nil {
			return nil, missing(err, "the jobs of pipeline %s in %s are not there", number, c.in.Name)
		}
		all = append(all, list...)
		if page, _, err = forge.Next(c.r.rest, answer.Header, page); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sorted returns the jobs in the order in which they ran, those that wait last.
func (c *collector) sorted() []ci.Job {
	at := make([]int, len(c.jobs))
	for i := range at {
		at[i] = i
	}
	sorting.Sort(at, func(a, b int) int {
		x, y := c.jobs[a].Started, c.jobs[b].Started
		if x.IsZero() != y.IsZero() {
			return y.Compare(x)
		}
		return cmp.Or(x.Compare(y), cmp.Compare(c.order[a], c.order[b]))
	})
	out := make([]ci.Job, len(at))
	for i, k := range at {
		out[i] = c.jobs[k]
	}
	return out
}
