package actions

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/systems/ci"
)

// A run is what is used of the runs that the API has. Gitea's has the names that GitHub gave
// them; those of Forgejo are beside them.
type run struct {
	ID         int64     `json:"id"`
	Title      string    `json:"display_title"`
	Path       string    `json:"path"` // of the workflow's file; "@" and a ref follow
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion"`
	Event      string    `json:"event"`
	Branch     string    `json:"head_branch"`
	Commit     string    `json:"head_sha"`
	Attempt    int       `json:"run_attempt"`
	Started    time.Time `json:"started_at"`
	Completed  time.Time `json:"completed_at"`

	Name2      string    `json:"title"`
	Workflow2  string    `json:"workflow_id"`
	Event2     string    `json:"trigger_event"`
	Ref2       string    `json:"prettyref"` // a branch, a tag, or "#3"
	Commit2    string    `json:"commit_sha"`
	Created2   time.Time `json:"created"`
	Started2   time.Time `json:"started"`
	Stopped2   time.Time `json:"stopped"`
	Unapproved bool      `json:"need_approval"`
}

// Check implements rest.Checker.
func (r run) Check() error {
	if r.ID <= 0 || r.Status == "" {
		return forge.Lack("run of a workflow")
	}
	return nil
}

// task is the name of the workflow's file.
func (r run) task() string {
	file, _, _ := strings.Cut(r.Path, "@")
	file = cmp.Or(file, r.Workflow2)
	return builds.Clip(file[strings.LastIndexByte(file, '/')+1:])
}

// commit is the id of the run's commit.
func (r run) commit() string { return builds.Hash(cmp.Or(r.Commit, r.Commit2)) }

// ref returns the branch or tag that the run is for, and the number of its pull request; either
// may be "".
func (r run) ref() (branch, pull string) {
	_, ref, _ := strings.Cut(r.Path, "@")
	branch = r.Branch
	if ref == "" {
		ref = r.Ref2
	}
	if n, ok := strings.CutPrefix(ref, "refs/pull/"); ok {
		pull, _, _ = strings.Cut(n, "/")
	} else if n, ok := strings.CutPrefix(ref, "#"); ok {
		pull = n
	} else if branch == "" {
		branch = strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/")
	}
	if !builds.IsNumber(pull) {
		pull = ""
	}
	return branch, pull
}

// status is the run's status, and the server's word for it if cleat does not know it.
func (r run) status() (ci.Status, string) {
	if s, word := statusOf(r.Status, r.Conclusion); s != ci.Queued || !r.Unapproved {
		return s, word
	}
	return ci.Waiting, ""
}

// public returns r as ci has it.
func (r run) public(in repository) ci.Run {
	status, word := r.status()
	branch, pull := r.ref()
	out := ci.Run{
		ID: in.prefix + strconv.FormatInt(r.ID, 10), Task: r.task(), Title: builds.Clip(cmp.Or(r.Title, r.Name2)), Status: status, Said: word,
		Branch: builds.Clip(branch), PR: pull, Commit: r.commit(), Event: builds.Clip(cmp.Or(r.Event2, r.Event)), Attempt: r.Attempt,
	}
	for _, t := range []time.Time{r.Started, r.Started2, r.Created2} {
		if out.Started.IsZero() {
			out.Started = known(t)
		}
	}
	if status.Ended() {
		if out.Finished = known(r.Completed); out.Finished.IsZero() {
			out.Finished = known(r.Stopped2)
		}
	}
	if status == ci.Waiting {
		out.Notes = append(out.Notes, "a maintainer of the repository has to approve this run")
	}
	return out
}

// known returns t, or none for the beginning of 1970, which Gitea writes for that.
func known(t time.Time) time.Time {
	if t.Unix() <= 0 {
		return time.Time{}
	}
	return t
}

// statusOf returns what a status and a conclusion mean, and the server's word if cleat does not
// know it.
func statusOf(status, conclusion string) (ci.Status, string) {
	word := status
	if status == "completed" {
		word = conclusion
	}
	switch word {
	case "queued", "requested", "pending", "waiting", "blocked":
		return ci.Queued, ""
	case "in_progress", "running", "cancelling":
		return ci.Running, ""
	case "success":
		return ci.Passed, ""
	case "failure":
		return ci.Failed, ""
	case "timed_out":
		return ci.TimedOut, ""
	case "cancelled":
		return ci.Canceled, ""
	case "skipped":
		return ci.Skipped, ""
	case "action_required":
		return ci.Waiting, ""
	}
	return ci.Unknown, builds.Cut(word, 100)
}

// Run implements ci.Runner. Where the server lists no jobs the run has none, and a note.
func (r *Runner) Run(ctx context.Context, id string) (*ci.Run, error) {
	in, number, err := r.place(ctx, id)
	if err != nil {
		return nil, err
	}
	raw, err := r.raw(ctx, in, number)
	if err != nil {
		return nil, err
	}
	out := raw.public(in)
	if out.Jobs, out.More, err = r.jobs(ctx, in, number); err != nil {
		none := r.lacks(ctx, err, needJobs(), "lists no jobs", "")
		if none == nil {
			return nil, r.forge.Missing(err, "the jobs of run %s in %s are not there", number, in.Name)
		}
		out.Notes = append(out.Notes, "this version of the server lists no jobs of runs through its API, and gives no logs; they are on the page Actions of the repository")
	}
	return &out, nil
}

// raw asks for a run.
func (r *Runner) raw(ctx context.Context, in repository, number string) (run, error) {
	raw, _, err := get[run](ctx, r, in, nil, "actions", "runs", number)
	if err == nil {
		return raw, nil
	}
	if none := r.lacks(ctx, err, needRuns(), "tells nothing of runs", seePage(in)); none != nil {
		return run{}, none
	}
	return run{}, r.forge.Missing(err, "there is no run %s in %s", number, in.Name)
}

// seePage is the next step for what the API does not give.
func seePage(in repository) string {
	return "tell the user to look at the page Actions of " + in.Name + " in a browser, or to update the server"
}

// A job is what is used of the jobs that the API has.
type job struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	Status     string    `json:"status"`
	Conclusion string    `json:"conclusion"`
	Started    time.Time `json:"started_at"`
	Completed  time.Time `json:"completed_at"`
	Steps      []struct {
		Name       string `json:"name"`
		Status     string `json:"status"`
		Conclusion string `json:"conclusion"`
	} `json:"steps"`
}

// A jobList is a page of jobs: Gitea puts an object around it, Forgejo does not.
type jobList []job

// UnmarshalJSON implements json.Unmarshaler.
func (l *jobList) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]job)(l))
	}
	var found struct {
		Jobs []job `json:"jobs"`
		Old  []job `json:"workflow_jobs"`
	}
	err := json.Unmarshal(data, &found)
	if *l = found.Jobs; found.Jobs == nil {
		*l = found.Old
	}
	return err
}

// Check implements rest.Checker.
func (l jobList) Check() error {
	if l == nil || slices.ContainsFunc(l, func(j job) bool { return j.ID <= 0 || j.Status == "" }) {
		return forge.Lack("list of jobs")
	}
	return nil
}

// perPage is the longest page that servers make of a list, unless they are configured otherwise.
const perPage = 50

// jobs returns the jobs of a run in the order in which they ran, and how many there are beyond
// ci.MaxJobs, at least.
func (r *Runner) jobs(ctx context.Context, in repository, number string) (jobs []ci.Job, more int, err error) {
	query := url.Values{"limit": {strconv.Itoa(perPage)}}
	var found builds.Jobs
	for page := 1; page > 0; {
		query.Set("page", strconv.Itoa(page))
		list, answer, err := get[jobList](ctx, r, in, query, "actions", "runs", number, "jobs")
		if err != nil {
			return nil, 0, err
		}
		for _, j := range list {
			found.Add(j.ID, j.public())
		}
		if page, _, err = forge.Next(r.forge.Rest, answer.Header, page); err != nil {
			return nil, 0, err
		}
		if page > 0 && len(found.List) >= ci.MaxJobs {
			found.More++
			break
		}
	}
	return found.Sorted(), found.More, nil
}

// public returns j as ci has it.
func (j job) public() ci.Job {
	status, word := statusOf(j.Status, j.Conclusion)
	out := ci.Job{ID: strconv.FormatInt(j.ID, 10), Name: builds.Clip(j.Name), Status: status, Started: known(j.Started)}
	if status.Ended() {
		out.Finished = known(j.Completed)
	}
	if status == ci.Unknown {
		out.Reason = word
	}
	if status.Bad() {
		for _, step := range j.Steps {
			if s, _ := statusOf(step.Status, step.Conclusion); s.Bad() {
				out.Step = builds.Clip(step.Name)
				break
			}
		}
	}
	return out
}
