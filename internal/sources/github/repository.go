package github

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/google/go-github/v84/github"

	"cleat/internal/archive/forge"
	"cleat/internal/fail"
	"cleat/internal/rest"
)

// A service implements forge.Service.
type service struct{ *Source }

// Repository implements forge.Service.
func (s service) Repository(ctx context.Context, name string) (forge.Repository, error) {
	api, err := s.api()
	if err != nil {
		return forge.Repository{}, err
	}
	owner, repo, _ := strings.Cut(name, "/")
	if strings.Contains(repo, "/") {
		return forge.Repository{}, fail.Errorf(fail.NotFound, "names on GitHub have two parts").Then("give the repository as owner/name")
	}
	r, _, err := api.Repositories.Get(ctx, owner, repo)
	if err != nil {
		return forge.Repository{}, s.rest.Wrap(err)
	}
	if r.GetFullName() == "" || r.GetDefaultBranch() == "" {
		return forge.Repository{}, forge.Lacks(title, "repository")
	}
	return forge.Repository{Name: r.GetFullName(), Branch: r.GetDefaultBranch()}, nil
}

// Commit implements forge.Service.
func (s service) Commit(ctx context.Context, r forge.Repository, ref string) (string, error) {
	api, err := s.api()
	if err != nil {
		return "", err
	}
	owner, repo, _ := strings.Cut(r.Name, "/")
	id, _, err := api.Repositories.GetCommitSHA1(forge.Raw(ctx, 1<<10, "*"), owner, repo, ref, "")
	return strings.TrimSpace(id), s.rest.Wrap(err)
}

// Archive implements forge.Service.
func (s service) Archive(ctx context.Context, r forge.Repository, commit string) (io.ReadCloser, error) {
	owner, repo, _ := strings.Cut(r.Name, "/")
	p, err := rest.Path("repos", owner, repo, "tarball", commit)
	if err != nil {
		return nil, err
	}
	return forge.Download(ctx, s.rest, p, nil)
}

// maxLists bounds the requests of a listing, each of 100 names.
const maxLists = 3

// List implements forge.Service.
func (s service) List(ctx context.Context, owner string) (names []string, more bool, err error) {
	api, err := s.api()
	if err != nil {
		return nil, false, err
	}
	list := func(o github.ListOptions) ([]*github.Repository, *github.Response, error) {
		return api.Repositories.ListByOrg(ctx, owner, &github.RepositoryListByOrgOptions{ListOptions: o})
	}
	user := func(o github.ListOptions) ([]*github.Repository, *github.Response, error) {
		return api.Repositories.ListByUser(ctx, owner, &github.RepositoryListByUserOptions{ListOptions: o})
	}
	if owner == "" {
		list = func(o github.ListOptions) ([]*github.Repository, *github.Response, error) {
			return api.Repositories.ListByAuthenticatedUser(ctx, &github.RepositoryListByAuthenticatedUserOptions{ListOptions: o})
		}
	}
	o := github.ListOptions{PerPage: 100}
	for range maxLists {
		repos, resp, err := list(o)
		if rest.Status(err) == http.StatusNotFound && o.Page == 0 && owner != "" {
			list = user // an owner is an organization or a user
			repos, resp, err = list(o)
		}
		if err != nil {
			return nil, false, s.rest.Wrap(err)
		}
		for _, r := range repos {
			names = append(names, r.GetFullName())
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			return names, false, nil
		}
	}
	return names, true, nil
}

// Branches implements forge.Service.
func (s service) Branches(ctx context.Context, r forge.Repository) ([]string, error) {
	api, err := s.api()
	if err != nil {
		return nil, err
	}
	owner, repo, _ := strings.Cut(r.Name, "/")
	branches, _, err := api.Repositories.ListBranches(ctx, owner, repo, &github.BranchListOptions{ListOptions: github.ListOptions{PerPage: 100}})
	if err != nil {
		return nil, s.rest.Wrap(err)
	}
	var names []string
	for _, b := range branches {
		names = append(names, b.GetName())
	}
	return names, nil
}
