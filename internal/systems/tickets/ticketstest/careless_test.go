package ticketstest_test

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

const faultVar = "TICKETSTEST_FAULT"

func fault() string { return os.Getenv(faultVar) }

// Each careless tracker is found out, by the part of the suite that is for it.
func TestCareless(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for fault, part := range map[string]string{
		"oldest first": "search", "no status": "filters", "literal me": "filters", "any label": "filters", "no since": "filters", "titles only": "filters",
		"any state": "bad_filters", "no body": "fields", "no limit": "limits", "double": "pages", "gap": "pages", "any cursor": "pages",
		"native closed": "native", "blocked for ever": "ready", "internal": "keys", "any key": "malformed_keys", "asks": "malformed_keys",
		"trimmed": "bodies", "oldest comments": "comments", "no comment cursor": "comments", "one way": "links", "links closed": "hidden_links",
		"finds closed": "closed_projects", "reads closed": "closed_projects", "writes closed": "closed_writes", "links to closed": "closed_writes",
		"long": "hostile_texts", "deaf": "canceled_context", "prepares": "create", "two requests": "create", "any length": "bad_writes",
		"anybody": "bad_writes", "sets labels": "labels", "any new label": "labels", "no base": "base", "closes twice": "transition", "takes": "claim",
		"no tokens": "tokens", "sends again": "faults_of_create", "all is lost": "faults_of_update", "odd denial": "faults_of_update", "finds nothing": "faults_of_create",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), exe, "-test.short", "-test.run=^TestMemory$/^"+part+"$")
			cmd.Env = append(os.Environ(), faultVar+"="+fault)
			out, err := cmd.CombinedOutput()
			if err == nil || !regexp.MustCompile(`(?m)^\s+--- FAIL: TestMemory/`+part+` `).Match(out) {
				t.Errorf("it passes %s: %v\n%s", part, err, out)
			}
		})
	}
}
