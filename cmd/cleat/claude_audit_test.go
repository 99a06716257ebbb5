package main

import (
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/claudetest"
	"cleat/internal/gate/audit"
)

// checkAudit verifies the log in a state folder, and returns its records.
func checkAudit(t *testing.T, cleat, state string) []audit.Record {
	t.Helper()
	cmd := exec.Command(cleat, "audit", "verify")
	cmd.Env = []string{"XDG_STATE_HOME=" + state}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("audit verify: %v\n%s", err, out)
	}
	t.Logf("audit verify: %s", out)
	records, err := audit.Tail(t.Context(), filepath.Join(state, "cleat"), 1000, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(records) == 0 {
		t.Error("the audit log is empty")
	}
	for _, r := range records {
		if r.Client != "claude-code/"+claudetest.ClaudeVersion {
			t.Errorf("record %d, %s %s, names the client %q", r.Seq, r.Method, r.Name, r.Client)
		}
	}
	return records
}

// checkRecords looks for what the sessions did in the audit log that they share.
func (s *shop) checkRecords(t *testing.T, records []audit.Record) {
	type fact struct{ Decision, Phase, Outcome string }
	var writes, hangs []fact
	var servers []string // sessions of the server that was killed, and of the next
	var from, to int64   // milliseconds in which both calls hung
	names := map[string]bool{}
	for _, r := range records {
		names[r.Method+" "+r.Name+" "+r.Outcome] = true
		switch r.Name {
		case "test_write":
			writes = append(writes, fact{r.Decision, r.Phase, r.Outcome})
			if len(servers) == 0 || servers[len(servers)-1] != r.Session {
				servers = append(servers, r.Session)
			}
			if r.Decision == audit.Deny && r.Rule != "read_only = true" {
				t.Errorf("record %d names the rule %q", r.Seq, r.Rule)
			}
		case "test_hang":
			hangs = append(hangs, fact{r.Decision, r.Phase, r.Outcome})
			end := r.Time.UnixMilli()
			if from = max(from, end-r.MS); to == 0 || end < to {
				to = end
			}
		}
	}
	want := []fact{
		{audit.Allow, audit.Intent, ""}, {audit.Allow, audit.Result, "ok"},
		{audit.Deny, "", "denied"}, {audit.Deny, "", "denied"},
	}
	if diff := cmp.Diff(want, writes); diff != "" {
		t.Errorf("records of writes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]fact{{audit.Allow, "", "timeout"}, {audit.Allow, "", "timeout"}}, hangs); diff != "" {
		t.Errorf("records of the calls that hung (-want +got):\n%s", diff)
	}
	if from >= to {
		t.Error("two calls of one turn did not run at the same time")
	}
	if len(servers) != 2 {
		t.Errorf("the writes came from the sessions %q, want two", servers)
	}
	for _, name := range []string{
		"tools/call code_search ok", "tools/call read ok", "tools/call read not_found", "tools/call find ok", "tools/call status ok",
		"resources/list  ok", "resources/read text://.env ok", "resources/read text://../secret denied", "prompts/get onboard ok",
	} {
		if !names[name] {
			t.Errorf("no record is %q", name)
		}
	}
	if t.Failed() {
		t.Logf("records: %v", slices.Sorted(maps.Keys(names)))
	}
}
