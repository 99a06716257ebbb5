package pipelines_test

import (
	"cmp"
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

// newest returns the pipelines that keep keeps, newest first.
func (f *fake) newest(keep func(citest.Run, object) bool) []object {
	var list []object
	for _, run := range slices.Backward(f.world.Runs) {
		if o := f.pipeline(run); o["source"] != "parent_pipeline" && keep(run, o) {
			list = append(list, o)
		}
	}
	return list
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	f.page(w, r, f.newest(func(_ citest.Run, o object) bool {
		for key, as := range map[string]string{"ref": "ref", "sha": "sha", "status": "status", "name": "name"} {
			if q.Get(key) != "" && o[as] != q.Get(key) {
				return false
			}
		}
		return true
	}))
}

func (f *fake) requestObject(run citest.Run) object {
	return object{"iid": run.PR, "source_branch": run.Branch, "source_project_id": 7, "target_project_id": 7, "title": "r"}
}

func (f *fake) requests(w http.ResponseWriter, r *http.Request) {
	seen := map[int]bool{}
	list := []object{{"iid": 99, "source_branch": r.URL.Query().Get("source_branch"), "source_project_id": 8, "target_project_id": 7}} // of a fork
	for _, run := range f.world.Runs {
		if run.PR > 0 && !seen[run.PR] && run.Branch == r.URL.Query().Get("source_branch") {
			seen[run.PR] = true
			list = append(list, f.requestObject(run))
		}
	}
	f.page(w, r, list)
}

func (f *fake) request(w http.ResponseWriter, r *http.Request) {
	for _, run := range f.world.Runs {
		if run.PR > 0 && strconv.Itoa(run.PR) == r.PathValue("iid") {
			f.send(w, 200, f.requestObject(run))
			return
		}
	}
	f.gone(w)
}

func (f *fake) requestPipelines(w http.ResponseWriter, r *http.Request) {
	list := f.newest(func(run citest.Run, _ object) bool { return run.PR > 0 && strconv.Itoa(run.PR) == r.PathValue("iid") })
	if r.PathValue("iid") == "99" { // of the fork
		list = []object{f.pipeline(citest.Run{ID: 999, Branch: "feature", PR: 99, Commit: strings.Repeat("f", 40), Status: ci.Failed})}
	}
	slices.Reverse(list) // in no order that could be relied on
	f.page(w, r, list)
}

// found returns the pipeline of a request, or answers that there is none.
func (f *fake) found(w http.ResponseWriter, r *http.Request) *citest.Run {
	id, err := strconv.Atoi(r.PathValue("pid"))
	if at := slices.IndexFunc(f.world.Runs, func(run citest.Run) bool { return run.ID == id }); err == nil && at >= 0 {
		return &f.world.Runs[at]
	}
	f.gone(w)
	return nil
}

func (f *fake) one(w http.ResponseWriter, r *http.Request) {
	if run := f.found(w, r); run != nil {
		f.send(w, 200, f.pipeline(*run))
	}
}

func (f *fake) jobObject(run citest.Run, j citest.Job) object {
	o := object{"id": j.ID, "name": j.Name, "stage": "test", "status": word(j.Status), "allow_failure": false, "failure_reason": nil,
		"created_at": run.Started, "started_at": run.Started, "finished_at": nil, "erased_at": nil, "commit": object{"id": run.Commit, "title": run.Title}}
	if j.Status == ci.TimedOut {
		o["failure_reason"] = "job_execution_timeout"
	}
	if j.Status.Ended() {
		o["finished_at"] = run.Started.Add(time.Minute)
	}
	maps.Copy(o, f.jobKeys[j.ID])
	return o
}

func (f *fake) jobs(w http.ResponseWriter, r *http.Request) {
	if run := f.found(w, r); run != nil {
		var list []object
		for _, j := range run.Jobs {
			list = append(list, f.jobObject(*run, j))
		}
		slices.SortFunc(list, func(a, b object) int { return cmp.Compare(b["id"].(int), a["id"].(int)) })
		f.page(w, r, list)
	}
}

func (f *fake) listBridges(w http.ResponseWriter, r *http.Request) {
	if run := f.found(w, r); run != nil {
		f.page(w, r, f.bridges[run.ID])
	}
}

func (f *fake) report(w http.ResponseWriter, r *http.Request) {
	if run := f.found(w, r); run != nil {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, cmp.Or(f.reports[run.ID], `{"test_suites":[]}`))
	}
}

func (f *fake) findJob(id int) (citest.Run, *citest.Job) {
	for _, run := range f.world.Runs {
		for i := range run.Jobs {
			if run.Jobs[i].ID == id {
				return run, &run.Jobs[i]
			}
		}
	}
	return citest.Run{}, nil
}

func (f *fake) job(w http.ResponseWriter, r *http.Request) {
	if id, err := strconv.Atoi(r.PathValue("jid")); err == nil {
		if run, j := f.findJob(id); j != nil {
			f.send(w, 200, f.jobObject(run, *j))
			return
		}
	}
	f.gone(w)
}

// trace sends small logs itself and has larger ones in its object storage.
func (f *fake) trace(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("jid"))
	_, j := f.findJob(id)
	switch {
	case err != nil || j == nil:
		f.gone(w)
	case len(j.Log) > 1000:
		http.Redirect(w, r, "http://"+f.files+"/logs/"+strconv.Itoa(id), http.StatusFound)
	default:
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, j.Log)
	}
}

func (f *fake) file(w http.ResponseWriter, r *http.Request) {
	data, ok := f.config[r.URL.Query().Get("ref")]
	if !ok || r.PathValue("file") != ".gitlab-ci.yml" {
		f.gone(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprint(w, data)
}

func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	f.send(w, 201, object{"id": 900, "project_id": 7, "status": "created", "ref": "main", "sha": strings.Repeat("9", 40), "source": "api", "created_at": time.Now(), "name": nil})
}

func (f *fake) change(w http.ResponseWriter, r *http.Request) {
	run := f.found(w, r)
	if run == nil {
		return
	}
	switch r.PathValue("op") {
	case "retry":
		run.Status = ci.Running
		f.send(w, 201, f.pipeline(*run))
	case "cancel":
		run.Status = ci.Canceled
		f.send(w, 200, f.pipeline(*run))
	default:
		f.gone(w)
	}
}
