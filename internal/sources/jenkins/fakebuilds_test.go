package jenkins

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

// show is a run as the API has it.
func (f *fake) show(r citest.Run) object {
	status := r.Status
	if s, ok := f.now[r.ID]; ok {
		status = s
	}
	branch := "refs/remotes/origin/" + r.Branch
	if r.Task != "Nightly" {
		branch, _ = url.PathUnescape(strings.TrimPrefix(home(r), "CI/"))
	}
	actions := []object{{}, {"_class": "hudson.model.CauseAction", "causes": []object{{"_class": "jenkins.branch.BranchEventCause"}}},
		{"_class": "hudson.plugins.git.util.BuildData", "lastBuiltRevision": object{"SHA1": commitOfLibrary, "branch": []object{{"SHA1": commitOfLibrary, "name": "library"}}}},
		{"_class": "hudson.plugins.git.util.BuildData", "lastBuiltRevision": object{"SHA1": r.Commit, "branch": []object{{"SHA1": r.Commit, "name": branch}}}}}
	if r.Task == "Nightly" {
		actions = slices.Delete(actions, 2, 3) // only the branch of a job tells libraries apart
	}
	o := object{"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "number": r.ID, "building": !status.Ended(), "result": nil, "timestamp": r.Started.UnixMilli(), "duration": 60000, "description": nil,
		"changeSets": []object{{"items": []object{{"commitId": r.Commit, "msg": r.Title}}}}}
	switch status {
	case ci.Passed:
		o["result"] = "SUCCESS"
	case ci.Failed:
		o["result"] = "FAILURE"
	case ci.Canceled:
		o["result"] = "ABORTED"
	case ci.TimedOut:
		o["result"] = "ABORTED"
		actions = append(actions, object{"_class": "jenkins.model.InterruptedBuildAction", "causes": []object{{"_class": "org.jenkinsci.plugins.workflow.steps.TimeoutStepExecution$ExceededTimeout"}}})
	case ci.Skipped:
		o["result"] = "NOT_BUILT"
	}
	o["actions"] = actions
	if f.edit != nil {
		f.edit(r.ID, o)
	}
	return o
}

var commitOfLibrary = strings.Repeat("f", 40)

func stageStatus(s ci.Status) string {
	return map[ci.Status]string{ci.Passed: "SUCCESS", ci.Failed: "FAILED", ci.Canceled: "ABORTED", ci.TimedOut: "ABORTED", ci.Skipped: "NOT_EXECUTED", ci.Running: "IN_PROGRESS"}[s]
}

// build answers what is below a build.
func (f *fake) build(w http.ResponseWriter, r *http.Request, name string, segs []string) {
	i := slices.IndexFunc(f.all(), func(run citest.Run) bool { return home(run) == name && strconv.Itoa(run.ID) == segs[0] })
	if i < 0 {
		f.missing(w)
		return
	}
	run := f.all()[i]
	var logs, ids []string
	for _, j := range run.Jobs {
		logs, ids = append(logs, j.Log), append(ids, strconv.Itoa(j.ID))
	}
	below := strings.Join(segs[1:], "/")
	switch {
	case below == "api/json":
		f.json(w, f.show(run))
	case below == "wfapi/describe" && !f.plain:
		stages := []object{}
		for _, j := range run.Jobs {
			status := j.Status
			if s, ok := f.now[run.ID]; ok && !status.Ended() {
				status = s
			}
			stages = append(stages, object{"id": strconv.Itoa(j.ID), "name": j.Name, "execNode": "", "status": stageStatus(status), "startTimeMillis": run.Started.UnixMilli(), "durationMillis": 1000, "pauseDurationMillis": 0})
		}
		f.json(w, object{"id": segs[0], "name": "#" + segs[0], "status": "X", "stages": stages})
	case below == "testReport/api/json" && f.tests[run.ID] != "":
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, f.tests[run.ID])
	case below == "consoleText" || below == "logText/progressiveText":
		if slices.ContainsFunc(run.Jobs, func(j citest.Job) bool { return j.Expired }) {
			f.missing(w)
			return
		}
		f.text(w, strings.Join(logs, ""), run.Status.Ended())
	case len(segs) > 4 && segs[1] == "execution":
		f.node(w, run, segs[3], strings.Join(segs[4:], "/"), ids)
	default:
		f.missing(w)
	}
}

// node answers for a stage, whose id is that of a job, and for its steps: one without a log,
// and two that have it together.
func (f *fake) node(w http.ResponseWriter, run citest.Run, id, below string, ids []string) {
	if below == "wfapi/describe" {
		i := slices.Index(ids, id)
		if i < 0 {
			f.missing(w)
			return
		}
		steps := []object{{"id": id + "0", "name": "Set up", "_links": object{"self": object{"href": "x"}}}}
		if run.Jobs[i].Log != "" || run.Jobs[i].Expired {
			for _, n := range []string{"1", "2"} {
				steps = append(steps, object{"id": id + n, "name": "Shell Script", "_links": object{"log": object{"href": "x"}}})
			}
		}
		f.json(w, object{"id": id, "stageFlowNodes": steps})
		return
	}
	i := slices.Index(ids, id[:len(id)-1])
	if i < 0 || below != "log/logText/progressiveText" || run.Jobs[i].Expired {
		f.missing(w)
		return
	}
	log := run.Jobs[i].Log
	half := strings.LastIndexByte(log[:len(log)/2], '\n') + 1
	if id[len(id)-1] == '1' {
		log = log[:half]
	} else {
		log = log[half:]
	}
	f.text(w, log, run.Status.Ended())
}

func (f *fake) text(w http.ResponseWriter, log string, whole bool) {
	w.Header().Set("Content-Type", "text/plain;charset=utf-8")
	w.Header().Set("X-Text-Size", strconv.Itoa(len(log)))
	if !whole {
		w.Header().Set("X-More-Data", "true")
	}
	if f.broken > 0 && f.broken < len(log) {
		io.WriteString(w, log[:f.broken])
		if err := http.NewResponseController(w).Flush(); err != nil {
			f.t.Error(err)
		}
		panic(http.ErrAbortHandler)
	}
	f.mu.Unlock() // a reader may be slow
	defer f.mu.Lock()
	io.WriteString(w, log)
}

// change answers what changes something.
func (f *fake) change(w http.ResponseWriter, r *http.Request, name string, segs []string) {
	if got := r.Header.Get("Jenkins-Crumb"); f.issuer && got != crumb || !f.issuer && got != "" {
		f.t.Errorf("the crumb is %q", got)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if err := r.ParseForm(); err != nil {
		f.t.Error(err)
	}
	if r.URL.RawQuery != "" {
		f.t.Errorf("there are inputs in the address: %s", r.URL.RawQuery)
	}
	f.posted = append(f.posted, strings.Join(segs, "/")+" "+r.PostForm.Encode())
	switch {
	case !slices.Contains(f.names(), name) || name == "CI":
		f.missing(w)
	case len(segs) == 2 && segs[1] == "stop":
		id, err := strconv.Atoi(segs[0])
		if err != nil {
			f.t.Error(err)
		}
		f.now[id] = ci.Canceled
		w.Header().Set("Location", "http://jenkins.invalid/job/x/") // as Jenkins thinks it is called
		w.WriteHeader(http.StatusFound)
	case segs[0] == "build" && len(f.parameters) == 0, segs[0] == "buildWithParameters" && len(f.parameters) > 0:
		id := 5000 + len(f.added)
		run := citest.Run{ID: id, Task: "CI", Branch: "main", Status: ci.Running, Started: time.Now()}
		if child, ok := strings.CutPrefix(name, "CI/"); ok {
			run.Branch = strings.ReplaceAll(child, "%2F", "/")
		} else {
			run.Task = name
		}
		f.added = append(f.added, run)
		f.polls = 0
		w.Header().Set("Location", fmt.Sprintf("http://jenkins.invalid/queue/item/%d/", id))
		w.WriteHeader(http.StatusCreated)
	default:
		f.t.Errorf("Jenkins has no POST %s", r.URL.Path)
		w.WriteHeader(http.StatusBadRequest)
	}
}

// queue tells of an item the second time that it is asked.
func (f *fake) queue(w http.ResponseWriter, id string) {
	o := object{"_class": "hudson.model.Queue$WaitingItem", "why": "In the quiet period"}
	if f.polls++; f.polls > 1 {
		n, err := strconv.Atoi(id)
		if err != nil {
			f.t.Error(err)
		}
		maps.Copy(o, object{"cancelled": false, "executable": object{"number": n}})
	}
	f.json(w, o)
}
