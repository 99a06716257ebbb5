package gitlab

import (
	"context"
	"io"
	"net/url"
	"path"
	"strconv"

	"cleat/internal/archive/forge"
	"cleat/internal/rest"
)

// A service implements forge.Service.
type service struct{ *Source }

// A project is what is used of the project that the API has.
type project struct {
	ID     int64  `json:"id"`
	Name   string `json:"path_with_namespace"`
	Branch string `json:"default_branch"`
}

// Check implements rest.Checker.
func (p project) Check() error {
	if p.ID == 0 || p.Name == "" {
		return forge.Lack("project")
	}
	return nil
}

// Repository implements forge.Service.
func (s service) Repository(ctx context.Context, name string) (forge.Repository, error) {
	p, err := s.project(ctx, name)
	return forge.Repository{Name: p.Name, Branch: p.Branch}, err
}

// project looks up a project by its name or the digits of its id.
func (s *Source) project(ctx context.Context, id string) (project, error) {
	p, err := at("projects", id)
	if err != nil {
		return project{}, err
	}
	found, _, err := rest.GetJSON[project](ctx, s.rest, p, nil)
	return found, err
}

// A commit is what is used of the commit that the API has.
type commit struct {
	ID string `json:"id"`
}

// Check implements rest.Checker.
func (c commit) Check() error {
	if c.ID == "" {
		return forge.Lack("commit")
	}
	return nil
}

// Commit implements forge.Service.
func (s service) Commit(ctx context.Context, r forge.Repository, ref string) (string, error) {
	p, err := at("projects", r.Name, "repository", "commits", ref)
	if err != nil {
		return "", err
	}
	c, _, err := rest.GetJSON[commit](ctx, s.rest, p, nil)
	return c.ID, err
}

// Archive implements forge.Service.
func (s service) Archive(ctx context.Context, r forge.Repository, commit string) (io.ReadCloser, error) {
	p, err := rest.Path("projects", r.Name, "repository", "archive.tar.gz")
	if err != nil {
		return nil, err
	}
	return forge.Download(ctx, s.rest, api+p, url.Values{"sha": {commit}})
}

// Limits of a listing: requests, and names in each.
const (
	maxLists = 3
	perList  = 100
)

// List implements forge.Service. An owner is a group or a user.
func (s service) List(ctx context.Context, owner string) (names []string, more bool, err error) {
	query := url.Values{"simple": {"true"}, "per_page": {strconv.Itoa(perList)}}
	paths := []string{api + "/projects"}
	if owner == "" {
		query.Set("membership", "true")
	} else {
		group, err := at("groups", owner, "projects")
		if err != nil {
			return nil, false, err
		}
		user, err := at("users", owner, "projects")
		if err != nil {
			return nil, false, err
		}
		query.Set("include_subgroups", "true") // says nothing of a user
		paths = []string{group, user}
	}
	return forge.Pages(ctx, s.rest, paths, query, maxLists, func(page []project) (names []string) {
		for _, p := range page {
			names = append(names, p.Name)
		}
		return names
	})
}

// Branches implements forge.Service.
func (s service) Branches(ctx context.Context, r forge.Repository) ([]string, error) {
	p, err := at("projects", r.Name, "repository", "branches")
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

// File implements forge.Service. Of a link it returns where that leads.
func (s service) File(ctx context.Context, r forge.Repository, ref, file string) ([]byte, error) {
	return s.raw(ctx, r.Name, ref, file, forge.MaxFile)
}

// Paths implements forge.Service: first what is in the folder of near.
func (s service) Paths(ctx context.Context, r forge.Repository, commit, near string) ([]string, error) {
	p, err := at("projects", r.Name, "repository", "tree")
	if err != nil {
		return nil, err
	}
	type entry struct{ Type, Path string }
	files := func(page []entry) (names []string) {
		for _, e := range page {
			if e.Type == "blob" {
				names = append(names, e.Path)
			}
		}
		return names
	}
	query := url.Values{"ref": {commit}, "per_page": {strconv.Itoa(perList)}, "path": {path.Dir(near)}}
	var beside []string
	if path.Dir(near) != "." {
		// Without such a folder the rest has to do.
		if beside, _, err = forge.Pages(ctx, s.rest, []string{p}, query, 1, files); err != nil && ctx.Err() != nil {
			return nil, err
		}
	}
	query.Del("path")
	query.Set("recursive", "true")
	all, _, err := forge.Pages(ctx, s.rest, []string{p}, query, maxLists, files)
	return append(beside, all...), err
}
