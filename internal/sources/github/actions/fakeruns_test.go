package actions_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

// all returns the runs as they are now, newest first, as GitHub lists them.
func (h *hub) all() []citest.Run {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []citest.Run
	seen := map[int]bool{}
	for _, r := range h.w.Runs {
		seen[r.ID] = true
		if now, ok := h.change[r.ID]; ok {
			r = now
		}
		out = append(out, r)
	}
	for id, r := range h.change {
		if !seen[id] {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b citest.Run) int {
		return cmp.Or(created(b).Compare(created(a)), cmp.Compare(b.ID, a.ID))
	})
	return out
}

// created is when a run was made, to the second.
func created(r citest.Run) time.Time {
	if r.Started.IsZero() {
		return time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC).Add(time.Duration(r.ID) * time.Second)
	}
	return r.Started.UTC().Truncate(time.Second)
}

func (h *hub) run(id string) (citest.Run, bool) {
	for _, r := range h.all() {
		if strconv.Itoa(r.ID) == id {
			return r, true
		}
	}
	return citest.Run{}, false
}

// tasks returns the names of all workflows.
func (h *hub) tasks() []string {
	var names []string
	for _, t := range h.w.Tasks {
		names = append(names, t.Name)
	}
	for _, r := range h.w.Runs {
		if !slices.Contains(names, r.Task) {
			names = append(names, r.Task)
		}
	}
	return names
}

const firstWorkflow = 1000

// workflowFile is the path of a workflow's file.
func workflowFile(task string) string {
	return ".github/workflows/" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, strings.ToLower(task)) + ".yml"
}

func (h *hub) workflows(w http.ResponseWriter, r *http.Request) {
	h.known(r.URL.Query(), "per_page", "page")
	list := slices.Clone(h.extra)
	for i, name := range h.tasks() {
		list = append(list, object{"id": firstWorkflow + i, "node_id": "x", "name": name, "path": workflowFile(name), "state": "active"})
	}
	total := len(list)
	h.json(w, http.StatusOK, object{"total_count": total, "workflows": page(h, w, r, list)})
}

// show is a run as the API has it.
func (h *hub) show(r citest.Run) object {
	h.mu.Lock()
	tries := h.tries[r.ID]
	h.mu.Unlock()
	status, conclusion := state(r.Status)
	at := created(r).Format(time.RFC3339)
	o := object{
		"id": r.ID, "node_id": "WFR_x", "name": r.Task, "display_title": r.Title, "path": workflowFile(r.Task) + "@" + r.Branch, "run_number": 7, "event": "push",
		"status": status, "conclusion": conclusion, "head_branch": r.Branch, "head_sha": r.Commit, "run_attempt": tries + 1, "workflow_id": firstWorkflow + slices.Index(h.tasks(), r.Task),
		"created_at": at, "run_started_at": at, "updated_at": created(r).Add(2 * time.Minute).Format(time.RFC3339),
		"repository": object{"full_name": repo}, "head_repository": object{"full_name": repo}, "pull_requests": []object{},
		"actor": object{"login": "me"}, "triggering_actor": object{"login": "me"},
	}
	if r.ID >= firstDispatched {
		o["event"] = "workflow_dispatch"
	}
	if r.Title == "by another" {
		o["actor"], o["triggering_actor"] = object{"login": "another"}, object{"login": "another"}
	}
	if r.PR != 0 {
		o["event"] = "pull_request"
		o["head_repository"] = object{"full_name": h.home(r.PR)}
		if h.home(r.PR) == repo {
			o["pull_requests"] = []object{{"id": 5, "number": r.PR}}
		}
	}
	if h.edit != nil {
		h.edit(o)
	}
	return o
}

// home is the repository that the branch of a pull request is in: odd ones come from a fork.
func (h *hub) home(pr int) string {
	if pr%2 == 1 {
		return fork
	}
	return repo
}

func (h *hub) pull(w http.ResponseWriter, n string) {
	runs := slices.DeleteFunc(h.all(), func(r citest.Run) bool { return r.PR == 0 || strconv.Itoa(r.PR) != n })
	if len(runs) == 0 {
		h.missing(w)
		return
	}
	last := runs[len(runs)-1]
	h.json(w, http.StatusOK, object{
		"number": last.PR, "state": "open", "created_at": created(last).Add(-time.Minute).Format(time.RFC3339), "closed_at": nil,
		"head": object{"ref": last.Branch, "sha": runs[0].Commit, "repo": object{"full_name": h.home(last.PR)}},
	})
}

// list answers with runs, as far as they are what the parameters say.
func (h *hub) list(w http.ResponseWriter, r *http.Request, workflow string) {
	q := r.URL.Query()
	h.known(q, "per_page", "page", "branch", "head_sha", "status", "created", "event")
	var list []object
	for _, run := range h.all() {
		o := h.show(run)
		if h.hidden(run) {
			continue
		}
		word := o["conclusion"]
		if o["status"] != "completed" {
			word = o["status"]
		}
		keep := workflow == "" || fmt.Sprint(o["workflow_id"]) == workflow
		for key, field := range map[string]any{"branch": o["head_branch"], "head_sha": o["head_sha"], "event": o["event"], "status": word} {
			keep = keep && (!q.Has(key) || q.Get(key) == fmt.Sprint(field))
		}
		if q.Has("created") {
			at, err := time.Parse("<="+time.RFC3339, q.Get("created"))
			if err != nil {
				h.t.Errorf("created=%q", q.Get("created"))
			}
			keep = keep && !created(run).After(at)
		}
		if keep {
			list = append(list, o)
		}
	}
	total := len(list)
	h.json(w, http.StatusOK, object{"total_count": total, "workflow_runs": page(h, w, r, list)})
}

// hidden reports whether a dispatched run is not listed yet.
func (h *hub) hidden(r citest.Run) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Title != "by hand" || h.slow == 0 {
		return false
	}
	h.slow--
	return true
}

func (h *hub) jobs(w http.ResponseWriter, r *http.Request, id string) {
	h.known(r.URL.Query(), "per_page", "page", "filter")
	if f := r.URL.Query().Get("filter"); f != "latest" {
		h.t.Errorf("filter=%q", f)
	}
	run, ok := h.run(id)
	if !ok {
		h.missing(w)
		return
	}
	list := []object{}
	for i, j := range run.Jobs {
		status, conclusion := state(j.Status)
		at := created(run).Add(time.Duration(i) * time.Second)
		o := object{"id": j.ID, "run_id": run.ID, "run_attempt": 1, "name": j.Name, "status": status, "conclusion": conclusion, "labels": []string{"ubuntu-latest"},
			"started_at": at.Format(time.RFC3339), "completed_at": nil, "workflow_name": run.Task, "check_run_url": h.url + "/repos/" + repo + "/check-runs/" + strconv.Itoa(j.ID),
			"steps": []object{{"name": "Set up job", "number": 1, "status": "completed", "conclusion": "success"}, {"name": "Run make test", "number": 2, "status": status, "conclusion": conclusion}}}
		if status == "completed" {
			end := at.Add(time.Minute)
			if h.fresh {
				end = time.Now()
			}
			o["completed_at"] = end.UTC().Format(time.RFC3339)
		}
		if h.steps != nil {
			for k, v := range h.steps(j) {
				o[k] = v
			}
		}
		list = append(list, o)
	}
	total := len(list)
	h.json(w, http.StatusOK, object{"total_count": total, "jobs": page(h, w, r, list)})
}

func (h *hub) job(id string) (citest.Job, bool) {
	for _, r := range h.all() {
		for _, j := range r.Jobs {
			if strconv.Itoa(j.ID) == id {
				return j, true
			}
		}
	}
	return citest.Job{}, false
}

func (h *hub) redirect(w http.ResponseWriter, id string) {
	switch j, ok := h.job(id); {
	case !ok || !j.Status.Ended():
		h.missing(w)
	case j.Expired:
		h.json(w, http.StatusGone, object{"message": "Server Error", "status": "410"})
	default:
		w.Header().Set("Location", "http://"+h.logs+"/logs/"+id+"?sig=SIGNED")
		w.WriteHeader(http.StatusFound)
	}
}

// download serves logs from another host than the API's, with the time before each line.
func (h *hub) download(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("sig") != "SIGNED" {
		h.t.Errorf("a download of %s", r.URL)
	}
	j, ok := h.job(path.Base(r.URL.Path))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if h.logBody != nil {
		h.logBody(w, j)
		return
	}
	const stamp = "2026-01-02T03:04:05.1234567Z "
	h.write(w, []byte("\ufeff"))
	for line := range strings.Lines(j.Log) {
		if _, err := io.WriteString(w, stamp+line); err != nil {
			return // the client has gone
		}
	}
}

// contents answers with the raw file; those of the World's tasks are on every branch.
func (h *hub) contents(w http.ResponseWriter, r *http.Request, file string) {
	h.known(r.URL.Query(), "ref")
	if a := r.Header.Get("Accept"); a != "application/vnd.github.raw+json" {
		h.t.Errorf("a file was asked for as %s", a)
	}
	ref := cmp.Or(r.URL.Query().Get("ref"), h.w.Default)
	body, ok := h.files[ref+":"+file]
	branches := []string{h.w.Default}
	for _, run := range h.w.Runs {
		branches = append(branches, run.Branch)
	}
	for _, task := range h.w.Tasks {
		if !ok && workflowFile(task.Name) == file && slices.Contains(branches, ref) {
			body, ok = declare(task), true
		}
	}
	if !ok {
		h.missing(w)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.github.raw+json; charset=utf-8")
	h.write(w, []byte(body))
}

// declare writes the file of a workflow.
func declare(t ci.Task) string {
	var inputs []string // in their order, which an object does not keep
	for _, in := range t.Inputs {
		o := object{"description": "x", "required": in.Required}
		if in.Type != "" {
			o["type"] = in.Type
		}
		if in.Default != "" {
			o["default"] = in.Default
		}
		if len(in.Options) > 0 {
			o["options"] = in.Options
		}
		one, err := json.Marshal(object{in.Name: o})
		if err != nil {
			return "" // texts and booleans have a form
		}
		inputs = append(inputs, strings.Trim(string(one), "{}")+"}")
	}
	on := object{"push": nil, "workflow_dispatch": object{"inputs": json.RawMessage("{" + strings.Join(inputs, ",") + "}")}}
	data, err := json.MarshalIndent(object{"name": t.Name, "on": on, "jobs": object{}}, "", "  ")
	if err != nil {
		return "" // texts and booleans have a form
	}
	return string(data) // YAML has JSON in it
}

const firstDispatched = 900000000

// dispatch starts a workflow, after checking the request as GitHub does.
func (h *hub) dispatch(w http.ResponseWriter, r *http.Request, workflow string) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Error(err)
	}
	var body struct {
		Ref     string            `json:"ref"`
		Inputs  map[string]string `json:"inputs"`
		Details *bool             `json:"return_run_details"`
	}
	if err := json.Unmarshal(data, &body); err != nil || body.Ref == "" {
		h.t.Errorf("a dispatch with %s", data)
	}
	if h.old && body.Details != nil {
		h.json(w, http.StatusUnprocessableEntity, object{"message": "Invalid request.\n\n\"return_run_details\" is not a permitted key.", "status": "422"})
		return
	}
	n, err := strconv.Atoi(workflow)
	if err != nil || n < firstWorkflow || n >= firstWorkflow+len(h.tasks()) {
		h.missing(w)
		return
	}
	h.mu.Lock()
	h.bodies = append(h.bodies, string(data))
	id := firstDispatched + len(h.change)
	at := time.Now().UTC()
	for i := range h.others + 1 {
		title := "by hand"
		if i > 0 {
			title = "by another"
		}
		h.change[id+i] = citest.Run{ID: id + i, Task: h.tasks()[n-firstWorkflow], Title: title, Branch: body.Ref, Commit: strings.Repeat("d", 40), Status: ci.Queued, Started: at}
	}
	h.mu.Unlock()
	if h.silent || h.old {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.json(w, http.StatusOK, object{"workflow_run_id": id, "run_url": "https://api.github.com/x", "html_url": "https://github.com/x"})
}

// alter repeats or cancels a run.
func (h *hub) alter(w http.ResponseWriter, id, what string) {
	run, ok := h.run(id)
	if !ok {
		h.missing(w)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch ended := run.Status.Ended(); {
	case what == "cancel" && ended:
		h.json(w, http.StatusConflict, object{"message": "Cannot cancel a workflow run that is completed.", "status": "409"})
	case what == "cancel":
		run.Status = ci.Canceled
		h.change[run.ID] = run
		h.json(w, http.StatusAccepted, object{})
	case what == "rerun" && ended, what == "rerun-failed-jobs" && ended && run.Status != ci.Passed:
		run.Status = ci.Queued
		h.change[run.ID] = run
		h.tries[run.ID]++
		h.json(w, http.StatusCreated, object{})
	default:
		h.json(w, http.StatusForbidden, object{"message": "This workflow run cannot be retried", "status": "403"})
	}
}
