package github_test

import (
	"testing"

	"cleat/internal/archive/forge"
	"cleat/internal/sources/forgetest"
	"cleat/internal/sources/github"
	"cleat/internal/systems/code"
	"cleat/internal/systems/code/codetest"
)

// open opens a source on a fake, with the patterns of the key repos.
func open(t *testing.T, fake *forgetest.Server, repos ...string) *github.Source {
	t.Helper()
	s, err := github.Open(t.Context(), github.Config{Config: forge.Config{Config: fake.Config(), Repos: repos}}, fake.Host())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSearcher(t *testing.T) {
	can := codetest.All()
	can.Local = false // the service is asked, and it ranks
	codetest.Run(t, can, func(t *testing.T, tree codetest.Tree) code.Searcher {
		return open(t, forgetest.GitHub(t, forgetest.Repo{Name: "acme/shop", Refs: map[string]map[string]string{"main": tree.Files, "old": tree.Old}}), "acme/shop")
	})
}

func TestForge(t *testing.T) {
	forgetest.Run(t, forgetest.Kind{Start: forgetest.GitHub, Open: func(t *testing.T, s *forgetest.Server, repos ...string) code.Searcher {
		return open(t, s, repos...)
	}})
}
