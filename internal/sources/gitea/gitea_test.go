package gitea_test

import (
	"fmt"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/sources/forgetest"
	"cleat/internal/sources/gitea"
	"cleat/internal/systems/code"
)

// Every mode is about one repository; what there is, is named.
func TestSeveral(t *testing.T) {
	var repos []forgetest.Repo
	for i := range 70 {
		repos = append(repos, forgetest.Repo{Name: fmt.Sprintf("acme/r%02d", i), Refs: map[string]map[string]string{"main": {"a.go": "word\n"}}})
	}
	fake := forgetest.Gitea(t, repos...)
	s := open(t, fake)
	forgetest.Fails(t, s, code.Query{Pattern: "word"}, fail.Unsupported, "its API has none of its own", "about 70", "acme/r00, acme/r01")
	forgetest.Fails(t, s, code.Query{Pattern: "word", Repo: "acme/r1*"}, fail.Unsupported, "about 10", "acme/r10")
	forgetest.Expect(t, s, code.Query{Pattern: "word", Repo: "acme/?69"}, "acme/r69:a.go:1")
	for _, a := range fake.Asked() {
		if strings.Contains(a, "version") {
			t.Errorf("the server was asked for its version: %s", a)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := (gitea.Config{}).Validate(); err == nil || !strings.Contains(err.Error(), "url") {
		t.Errorf("without a url: %v", err)
	}
	_, err := gitea.Open(t.Context(), gitea.Config{}, forgetest.Gitea(t).Host())
	if err == nil || fail.From(err).Code != fail.Invalid {
		t.Errorf("opened without a url: %v", err)
	}
}

// An empty repository is not one in which nothing was found.
func TestEmpty(t *testing.T) {
	s := open(t, forgetest.Gitea(t, forgetest.Repo{Name: "acme/new"}), "acme/new")
	forgetest.Fails(t, s, code.Query{Pattern: "word"}, fail.NotFound, "acme/new is empty")
}
