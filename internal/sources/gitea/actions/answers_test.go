package actions_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

// words are a status and a conclusion as Gitea has them.
func words(s ci.Status) (status, conclusion string) {
	switch s {
	case ci.Passed:
		return "completed", "success"
	case ci.Failed, ci.TimedOut, ci.Interrupted:
		return "completed", "failure"
	case ci.Canceled:
		return "completed", "cancelled"
	case ci.Skipped:
		return "completed", "skipped"
	case ci.Running:
		return "in_progress", ""
	case ci.Unknown:
		return "strange_\x1b[31mword", ""
	}
	return "queued", ""
}

func (f *fake) runObject(run citest.Run) object {
	status, conclusion := words(run.Status)
	file := run.Task
	if f.forgejo() {
		ref := run.Branch
		if run.PR > 0 {
			ref = "#" + strconv.Itoa(run.PR)
		}
		if status == "completed" {
			status = conclusion
		}
		if status == "in_progress" {
			status = "running"
		}
		return object{"id": run.ID, "title": run.Title, "workflow_id": file, "index_in_repo": run.ID - 100, "prettyref": ref, "commit_sha": run.Commit,
			"event": "push", "trigger_event": "push", "status": status, "started": run.Started, "stopped": time.Unix(0, 0), "created": run.Started}
	}
	ref, branch := "refs/heads/"+run.Branch, run.Branch
	if run.PR > 0 {
		ref, branch = fmt.Sprintf("refs/pull/%d/head", run.PR), ""
	}
	return object{"id": run.ID, "display_title": run.Title, "path": file + "@" + ref, "event": "push", "run_attempt": 1, "run_number": run.ID - 100,
		"head_sha": run.Commit, "head_branch": branch, "status": status, "conclusion": conclusion,
		"started_at": run.Started, "completed_at": time.Unix(0, 0), "repository": object{"full_name": f.name}}
}

func (f *fake) runs(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := r.URL.Query()
	var list []object
	for _, run := range slices.Backward(f.world.Runs) {
		_, conclusion := words(run.Status)
		branch := q.Get("branch") == "" || run.PR == 0 && run.Branch == q.Get("branch")
		if f.forgejo() {
			branch = true // it has no such filter
		}
		if branch && (q.Get("head_sha") == "" || run.Commit == q.Get("head_sha")) && (q.Get("status") == "" || conclusion == q.Get("status")) {
			o := f.runObject(run)
			if strings.HasPrefix(run.Title, "dispatched") {
				o["event"], o["trigger_event"] = "workflow_dispatch", "workflow_dispatch"
			}
			list = append(list, o)
		}
	}
	f.send(w, 200, object{"workflow_runs": f.page(w, r, list), "total_count": len(list)})
}

func (f *fake) found(w http.ResponseWriter, r *http.Request) *citest.Run {
	for i := range f.world.Runs {
		if strconv.Itoa(f.world.Runs[i].ID) == r.PathValue("run") {
			return &f.world.Runs[i]
		}
	}
	f.gone(w)
	return nil
}

func (f *fake) run(w http.ResponseWriter, r *http.Request) {
	if run := f.found(w, r); run != nil {
		f.send(w, 200, f.runObject(*run))
	}
}

func (f *fake) jobs(w http.ResponseWriter, r *http.Request) {
	run := f.found(w, r)
	if run == nil {
		return
	}
	list := []object{}
	for _, j := range run.Jobs {
		status, conclusion := words(j.Status)
		o := object{"id": j.ID, "name": j.Name, "status": status, "conclusion": conclusion, "started_at": run.Started,
			"completed_at": run.Started.Add(time.Minute), "steps": f.steps[j.ID]}
		if j.Status == ci.Queued {
			o["started_at"] = time.Unix(0, 0)
		}
		list = append(list, o)
	}
	if f.forgejo() {
		f.send(w, 200, list)
		return
	}
	f.send(w, 200, object{"jobs": f.page(w, r, list), "total_count": len(list)})
}

func (f *fake) findJob(id string) *citest.Job {
	for _, run := range f.world.Runs {
		for i := range run.Jobs {
			if strconv.Itoa(run.Jobs[i].ID) == id {
				return &run.Jobs[i]
			}
		}
	}
	return nil
}

// logs sends small logs itself and has larger ones in its object storage.
func (f *fake) logs(w http.ResponseWriter, r *http.Request) {
	j := f.findJob(r.PathValue("job"))
	switch {
	case j == nil || j.Log == "":
		f.gone(w)
	case len(j.Log) > 1000:
		http.Redirect(w, r, "http://"+f.files+"/logs/"+strconv.Itoa(j.ID), http.StatusFound)
	default:
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, j.Log)
	}
}

func (f *fake) workflows(w http.ResponseWriter, r *http.Request) {
	list := []object{}
	for _, p := range slices.Sorted(maps.Keys(f.tree)) {
		file := p[strings.LastIndexByte(p, '/')+1:]
		state := "active"
		if file == "off.yml" {
			state = "disabled_manually"
		}
		list = append(list, object{"id": file, "name": "The " + file, "path": p, "state": state})
	}
	f.send(w, 200, object{"workflows": list, "total_count": len(list)})
}

func (f *fake) contents(w http.ResponseWriter, r *http.Request) {
	list := []object{}
	for _, p := range slices.Sorted(maps.Keys(f.tree)) {
		if name, ok := strings.CutPrefix(p, r.PathValue("path")+"/"); ok {
			list = append(list, object{"name": name, "path": p, "type": "file"})
		}
	}
	if len(list) == 0 {
		f.gone(w)
		return
	}
	f.send(w, 200, list)
}

func (f *fake) raw(w http.ResponseWriter, r *http.Request) {
	data, ok := f.tree[r.PathValue("path")]
	if !ok || r.URL.Query().Get("ref") != "main" {
		f.gone(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, data)
}

func (f *fake) start(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.world.Runs = append(f.world.Runs, citest.Run{ID: 900, Task: r.PathValue("w"), Title: "dispatched", Branch: "main", Status: ci.Queued, Started: began(), Commit: commit("f")})
	if f.dispatch == "" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	fmt.Fprint(w, f.dispatch)
}

func (f *fake) change(w http.ResponseWriter, r *http.Request) {
	run := f.found(w, r)
	if run == nil {
		return
	}
	switch r.PathValue("op") {
	case "rerun", "rerun-failed-jobs":
		run.Status = ci.Running
		w.WriteHeader(http.StatusCreated)
	case "cancel":
		run.Status = ci.Canceled
		w.WriteHeader(http.StatusOK)
	default:
		f.gone(w)
	}
}
