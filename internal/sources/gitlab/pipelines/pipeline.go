package pipelines

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
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
		return builds.Clip(p.Name)
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
	if !builds.IsNumber(number) {
		return ""
	}
	return number
}

// public returns p as ci has it.
func (p pipeline) public(in project) ci.Run {
	status, word := statusOf(p.Status, "")
	out := ci.Run{
		ID: in.prefix + strconv.FormatInt(p.ID, 10), Task: p.task(), Status: status, Said: word, Branch: builds.Clip(p.Ref),
		Commit: builds.Hash(p.Commit), PR: p.request(), Event: builds.Clip(p.Source), Started: p.Started,
	}
	if out.PR != "" {
		out.Branch = builds.Clip(p.branch)
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
	return ci.Unknown, builds.Cut(word, 100)
}

// Run implements ci.Runner. Who waits for a pipeline costs three requests a time: its project,
// itself and its jobs, and more only where it starts others. GitLab's updated_at moves with the
// pipeline and not with each of its jobs, and so says nothing about these.
func (r *Runner) Run(ctx context.Context, id string) (*ci.Run, error) {
	in, number, err := r.place(ctx, id)
	if err != nil {
		return nil, err
	}
	raw, err := r.raw(ctx, in, number)
	if err != nil {
		return nil, err
	}
	status, _ := statusOf(raw.Status, "")
	if n := raw.request(); n != "" {
		if raw.branch, err = r.source(ctx, in, n, !status.Ended()); err != nil {
			return nil, err
		}
	}
	out := raw.public(in)
	c := collector{r: r, in: in, live: !status.Ended(), within: map[string]bool{}}
	if err := c.add(ctx, number, "", 0); err != nil {
		return nil, err
	}
	out.Jobs, out.More, out.Title = c.found.Sorted(), c.found.More, builds.Clip(c.title)
	out.Notes = append(out.Notes, c.notes...)
	if raw.Problem != "" {
		out.Jobs = slices.Insert(out.Jobs, 0, ci.Job{ID: configJob, Name: "CI configuration", Status: ci.Failed,
			Started: out.Started, Finished: out.Finished, Reason: builds.Clip(raw.Problem)})
	}
	return &out, nil
}

// source returns the source branch of a merge request, "" where the token may not see that. It
// is asked for once of a pipeline that is live.
func (r *Runner) source(ctx context.Context, in project, number string, live bool) (string, error) {
	at := about{in.ID, number}
	if name := r.memory.branch(at); live && name != "" {
		return name, nil
	}
	m, _, err := get[request](ctx, r, in, nil, "merge_requests", number)
	if hidden(err) {
		return "", nil
	}
	if err == nil && live {
		r.memory.setBranch(at, m.Branch)
	}
	return m.Branch, err
}

// configJob is the id of what stands for a CI file that has errors.
const configJob = "config"

// raw asks for a pipeline.
func (r *Runner) raw(ctx context.Context, in project, number string) (pipeline, error) {
	raw, _, err := get[pipeline](ctx, r, in, nil, "pipelines", number)
	if err != nil {
		return pipeline{}, r.forge.Missing(err, "there is no pipeline %s in %s", number, in.Name)
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
		ID: strconv.FormatInt(j.ID, 10), Name: builds.Clip(j.Name), Stage: builds.Clip(before + j.Stage), Status: status, Optional: j.Optional,
		Started: j.Started, Reason: builds.Cut(j.Reason, 100),
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
	live     bool            // the pipeline has not ended
	within   map[string]bool // numbers of the pipelines that were read
	found    builds.Jobs
	children int
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
		c.found.Add(j.ID, j.public(before))
	}
	at := about{c.in.ID, number}
	if c.live && c.r.memory.isChildless(at) {
		return nil
	}
	bridges, err := c.list(ctx, number, "bridges")
	if err != nil {
		return err
	}
	if c.live && len(bridges) == 0 && len(raws) > 0 {
		c.r.memory.setChildless(at)
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
		c.found.Add(b.ID, own)
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
		had := len(c.found.List)
		if err := c.add(ctx, down, builds.Cut(before+b.Name, 200)+": ", depth+1); err != nil {
			return err
		}
		if len(c.found.List) > had {
			return nil
		}
	}
	c.found.Add(b.ID, own)
	return nil
}

// bridgeID stands before the number of a job that starts a pipeline and has no log.
const bridgeID = "trigger-"

// list reads the jobs or bridges of a pipeline.
func (c *collector) list(ctx context.Context, number, what string) (all jobList, err error) {
	query := pageQuery(perPage)
	for page := 1; page > 0; {
		if len(c.found.List)+len(all) >= ci.MaxJobs {
			c.found.More++ // at least
			return all, nil
		}
		query.Set("page", strconv.Itoa(page))
		list, answer, err := get[jobList](ctx, c.r, c.in, query, "pipelines", number, what)
		if err != nil {
			return nil, c.r.forge.Missing(err, "the jobs of pipeline %s in %s are not there", number, c.in.Name)
		}
		all = append(all, list...)
		if page, _, err = forge.Next(c.r.forge.Rest, answer.Header, page); err != nil {
			return nil, err
		}
	}
	return all, nil
}
