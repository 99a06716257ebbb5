package pipelines_test

import (
	"strings"
	"testing"
	"time"

	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

// Waiting for a pipeline asks for what may change, and for all when it has ended.
func TestWaitRequests(t *testing.T) {
	f := newFake(t, citest.World{Runs: []citest.Run{{ID: 301, Branch: "feature", Commit: commit("e"), PR: 5, Status: ci.Running, Started: began(),
		Jobs: []citest.Job{{ID: 31, Name: "test", Status: ci.Running}, {ID: 32, Name: "lint", Status: ci.Queued}}}}})
	r := f.open("acme/sub/shop")
	see := func(requests int, status, job ci.Status) {
		t.Helper()
		before := f.count(" ")
		run, err := r.Run(t.Context(), "301")
		if err != nil {
			t.Fatal(err)
		}
		if n := f.count(" ") - before; n != requests {
			t.Errorf("%d requests, want %d", n, requests)
		}
		if run.Status != status || run.Branch != "feature" || run.Jobs[0].Status != job {
			t.Errorf("%s, of %q, a job %s", run.Status, run.Branch, run.Jobs[0].Status)
		}
	}
	see(5, ci.Running, ci.Running)
	see(3, ci.Running, ci.Running)
	f.world.Runs[0].Jobs[0].Status = ci.Passed
	see(3, ci.Running, ci.Passed)
	f.world.Runs[0].Status = ci.Passed
	see(5, ci.Passed, ci.Passed)

	// What the token may no longer see is not remembered, nor that a pipeline has children.
	f.world.Runs[0].Status = ci.Running
	f.can("/pipelines/301/jobs", canned{403, nil, `{}`})
	if _, err := r.Run(t.Context(), "301"); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("jobs that the token may no longer see: %v", err)
	}
	f.world.Runs = append(f.world.Runs, citest.Run{ID: 302, Branch: "main", Commit: commit("f"), Status: ci.Running, Started: began(),
		Jobs: []citest.Job{{ID: 33, Name: "build", Status: ci.Running}}})
	f.bridges[302] = []object{{"id": 40, "name": "deploy", "stage": "x", "status": "running", "started_at": began().Add(time.Second), "downstream_pipeline": nil}}
	for range 2 {
		run, err := r.Run(t.Context(), "302")
		if err != nil || len(run.Jobs) != 2 {
			t.Errorf("%v, %v", run, err)
		}
	}
}
