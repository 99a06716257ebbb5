package github

import (
	"context"
	"io"
	"net/url"
	"strconv"
	"strings"

	"cleat/internal/archive/forge"
	"cleat/internal/fail"
	"cleat/internal/rest"
)

// A service implements forge.Service.
type service struct{ *Source }

// A repository is what is used of the repository that the API has.
type repository struct {
	Name   string `json:"full_name"`
	Branch string `json:"default_branch"`
}

// Check implements rest.Checker. An empty repository has a default branch too.
func (r repository) Check() error {
	if r.Name == "" || r.Branch == "" {
		return forge.Lack("repository")
	}
	return nil
}

// Repository implements forge.Service.
func (s service) Repository(ctx context.Context, name string) (forge.Repository, error) {
	if strings.Count(name, "/") != 1 {
		return forge.Repository{}, fail.Errorf(fail.NotFound, "names on GitHub have two parts").Then("give the repository as owner/name")
	}
	p, err := at(name)
	if err != nil {
		return forge.Repository{}, err
	}
	r, _, err := rest.GetJSON[repository](ctx, s.rest, p, nil)
	return forge.Repository{Name: r.Name, Branch: r.Branch}, err
}

// Commit implements forge.Service.
func (s service) Commit(ctx context.Context, r forge.Repository, ref string) (string, error) {
	p, err := at(r.Name, append([]string{"commits"}, strings.Split(ref, "/")...)...)
	if err != nil {
		return "", err
	}
	data, err := s.raw(ctx, p, "application/vnd.github.v3.sha", 1<<10)
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(data))
	if !forge.IsHash(id) {
		return "", forge.Lacks(title, "commit")
	}
	return id, nil
}

// Archive implements forge.Service.
func (s service) Archive(ctx context.Context, r forge.Repository, commit string) (io.ReadCloser, error) {
	p, err := at(r.Name, "tarball", commit)
	if err != nil {
		return nil, err
	}
	return forge.Download(ctx, s.rest, p, nil)
}

// Limits of a listing: requests, and names in each.
const (
	maxLists = 3
	perList  = 100
)

// List implements forge.Service. An owner is an organization or a user.
func (s service) List(ctx context.Context, owner string) (names []string, more bool, err error) {
	paths := []string{"/user/repos"}
	if owner != "" {
		p, err := rest.Path(owner)
		if err != nil {
			return nil, false, err
		}
		paths = []string{"/orgs" + p + "/repos", "/users" + p + "/repos"}
	}
	return forge.Pages(ctx, s.rest, paths, url.Values{"per_page": {strconv.Itoa(perList)}}, maxLists, func(page []repository) (names []string) {
		for _, r := range page {
			names = append(names, r.Name)
		}
		return names
	})
}

// Branches implements forge.Service.
func (s service) Branches(ctx context.Context, r forge.Repository) ([]string, error) {
	p, err := at(r.Name, "branches")
	if err != nil {
		return nil, err
	}
	type branch struct{ Name string }
	names, _, err := forge.Pages(ctx, s.rest, []string{p}, url.Values{"per_page": {strconv.Itoa(perList)}}, 1, func(page []branch) (names []string) {
		for _, b := range page {
			names = append(names, b.Name)
		}
		return names
	})
	return names, err
}
