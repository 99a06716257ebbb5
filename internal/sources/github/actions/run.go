package actions

import (
	"cmp"
	"context"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/systems/ci"
)

// A run is what is used of the runs that the API has.
type run struct {
	ID         int64
	Name       string
	Title      string `json:"display_title"`
	Path       string // of the workflow's file; "@" and a ref may follow
	Status     string
	Conclusion string
	Event      string
	Branch     string     `json:"head_branch"`
	Commit     string     `json:"head_sha"`
	Attempt    int        `json:"run_attempt"`
	Created    time.Time  `json:"created_at"`
	Started    time.Time  `json:"run_started_at"`
	Updated    time.Time  `json:"updated_at"`
	Repository repository `json:"repository"`
	Head       repository `json:"head_repository"` // a fork's; null where that is gone
	Actor      user       `json:"actor"`
	Trigger    user       `json:"triggering_actor"`
	Pulls      []struct {
		Number int64
	} `json:"pull_requests"`
}

type repository struct {
	Name   string `json:"full_name"`
	Branch string `json:"default_branch"`
}

type user struct{ Login string }

// Check implements rest.Checker.
func (r run) Check() error {
	if r.ID <= 0 || r.Status == "" {
		return forge.Lack("run of a workflow")
	}
	return nil
}

// task is the name of the run's workflow. Where the workflow names its runs itself, name has
// been seen to be the run's; a workflow without a name has that of its file.
func (r run) task() string {
	file, _, _ := strings.Cut(r.Path, "@")
	if file != "" && (r.Name == "" || r.Name == file || r.Name == r.Title) {
		return builds.Clip(path.Base(file))
	}
	return builds.Clip(r.Name)
}

// public returns r as ci has it.
func (r run) public(p place) ci.Run {
	status, word := statusOf(r.Status, r.Conclusion)
	out := ci.Run{
		ID: p.prefix + strconv.FormatInt(r.ID, 10), Task: r.task(), Title: builds.Clip(r.Title), Status: status, Said: word,
		Branch: builds.Clip(r.Branch), Commit: builds.Hash(r.Commit), Event: builds.Clip(r.Event), Attempt: r.Attempt, Started: r.Started,
	}
	if out.Started.IsZero() {
		out.Started = r.Created
	}
	if r.Status == completed {
		out.Finished = r.Updated
	}
	if len(r.Pulls) > 0 {
		out.PR = strconv.FormatInt(r.Pulls[0].Number, 10)
	}
	if r.Head.Name != "" && !strings.EqualFold(r.Head.Name, cmp.Or(r.Repository.Name, p.repo)) {
		note := "the commit is one of a fork"
		if builds.IsName(r.Head.Name, false) { // anything else is no word of cleat's
			note += ", " + r.Head.Name
		}
		out.Notes = append(out.Notes, note)
	}
	switch {
	case r.Conclusion == "action_required":
		out.Notes = append(out.Notes, "a maintainer of the repository has to approve this run")
	case r.Conclusion == "startup_failure":
		out.Notes = append(out.Notes, "GitHub could not start this run: the workflow's file is not valid, or names what is not there")
	}
	return out
}

const completed = "completed" // the status of what has a conclusion

// statusOf returns what a status and a conclusion of GitHub's mean, and their word if cleat
// does not know it.
func statusOf(status, conclusion string) (ci.Status, string) {
	word := status
	if status == completed {
		word = conclusion
	}
	for _, s := range ci.Statuses() {
		if slices.Contains(words(s), word) {
			return s, ""
		}
	}
	return ci.Unknown, builds.Cut(word, 100)
}

// words are GitHub's for a status, those that runs can be filtered by.
func words(s ci.Status) []string {
	switch s {
	case ci.Queued:
		return []string{"queued", "requested", "pending"}
	case ci.Running:
		return []string{"in_progress"}
	case ci.Waiting:
		return []string{"waiting", "action_required"}
	case ci.Passed:
		return []string{"success", "neutral"}
	case ci.Failed:
		return []string{"failure", "startup_failure"}
	case ci.TimedOut:
		return []string{"timed_out"}
	case ci.Canceled:
		return []string{"cancelled"}
	case ci.Skipped:
		return []string{"skipped"}
	case ci.Interrupted:
		return []string{"stale"} // GitHub gave up waiting for its end
	}
	return nil
}

// Run implements ci.Runner. Of a run that was repeated, the jobs are those that count: of its
// last attempt, and those that passed before and were not repeated.
func (r *Runner) Run(ctx context.Context, id string) (*ci.Run, error) {
	p, err := r.place(ctx, id)
	if err != nil {
		return nil, err
	}
	raw, err := r.raw(ctx, p)
	if err != nil {
		return nil, err
	}
	out := raw.public(p)
	if out.Jobs, out.More, err = r.jobs(ctx, p); err != nil {
		return nil, err
	}
	for i, j := range out.Jobs {
		out.Jobs[i].Optional = out.Status == ci.Passed && j.Status.Bad()
	}
	return &out, nil
}

// raw asks for a run.
func (r *Runner) raw(ctx context.Context, p place) (run, error) {
	raw, _, err := get[run](ctx, r, p.repo, nil, "actions", "runs", p.number)
	if err != nil {
		return run{}, r.forge.Missing(err, "there is no run %s in %s", p.number, p.repo)
	}
	return raw, r.forge.Moved(p.repo, raw.Repository.Name)
}

// A job is what is used of the jobs that the API has.
type job struct {
	ID         int64
	Name       string
	Status     string
	Conclusion string
	Started    time.Time `json:"started_at"`
	Finished   time.Time `json:"completed_at"`
	Steps      []struct{ Name, Conclusion string }
}

// A jobList is a page of jobs.
type jobList struct {
	Total int `json:"total_count"`
	Jobs  []job
}

// Check implements rest.Checker.
func (l jobList) Check() error {
	if l.Jobs == nil || slices.ContainsFunc(l.Jobs, func(j job) bool { return j.ID <= 0 || j.Status == "" }) {
		return forge.Lack("list of jobs")
	}
	return nil
}

// perPage is the longest page that GitHub makes of a list.
const perPage = 100

// jobs returns the jobs of a run in the order in which they ran, and how many there are
// beyond ci.MaxJobs.
func (r *Runner) jobs(ctx context.Context, p place) (jobs []ci.Job, more int, err error) {
	query := url.Values{"filter": {"latest"}, "per_page": {strconv.Itoa(perPage)}}
	var found builds.Jobs
	var total int
	for page := 1; page > 0 && len(found.List) < ci.MaxJobs; {
		query.Set("page", strconv.Itoa(page))
		list, answer, err := get[jobList](ctx, r, p.repo, query, "actions", "runs", p.number, "jobs")
		if err != nil {
			return nil, 0, r.forge.Missing(err, "the jobs of run %s in %s are not there", p.number, p.repo)
		}
		total = list.Total
		for _, j := range list.Jobs {
			found.Add(j.ID, j.public())
		}
		if page, _, err = forge.Next(r.forge.Rest, answer.Header, page); err != nil {
			return nil, 0, err
		}
	}
	jobs = found.Sorted()
	return jobs, max(total-len(jobs), 0), nil
}

// public returns j as ci has it. The API tells neither continue-on-error, which an expression
// over a matrix may set, nor the status of a step's program but in an annotation, a request for
// each job: so Optional is known only of jobs that failed in a run that passed, which Run sets,
// and Exit is left to the log.
func (j job) public() ci.Job {
	status, word := statusOf(j.Status, j.Conclusion)
	out := ci.Job{ID: strconv.FormatInt(j.ID, 10), Name: builds.Clip(j.Name), Status: status, Started: j.Started}
	if j.Status == completed {
		out.Finished = j.Finished
	}
	if status == ci.Unknown {
		out.Reason = word
	}
	for _, bad := range []string{"failure", "timed_out", "cancelled"} {
		for _, step := range j.Steps {
			if step.Conclusion == bad && out.Step == "" {
				out.Step = builds.Clip(step.Name)
			}
		}
	}
	if !status.Bad() && status != ci.Canceled {
		out.Step = "" // one that was allowed to fail
	}
	return out
}
