package gitea

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
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
	Empty  bool   `json:"empty"`
}

// Check implements rest.Checker.
func (r repository) Check() error {
	if r.Name == "" {
		return forge.Lack("repository")
	}
	return nil
}

// Repository implements forge.Service.
func (s service) Repository(ctx context.Context, name string) (forge.Repository, error) {
	if strings.Count(name, "/") != 1 {
		return forge.Repository{}, fail.Errorf(fail.NotFound, "names on Gitea have two parts").Then("give the repository as owner/name")
	}
	p, err := at(name)
	if err != nil {
		return forge.Repository{}, err
	}
	r, _, err := rest.GetJSON[repository](ctx, s.rest, p, nil)
	if r.Empty {
		r.Branch = ""
	}
	return forge.Repository{Name: r.Name, Branch: r.Branch}, err
}

// A commit is what is used of the commits that the API has: most have a sha, that of a
// branch has an id.
type commit struct{ SHA, ID string }

// Check implements rest.Checker.
func (c commit) Check() error {
	if c.SHA == "" {
		return forge.Lack("commit")
	}
	return nil
}

// Commit implements forge.Service.
func (s service) Commit(ctx context.Context, r forge.Repository, ref string) (string, error) {
	if strings.Contains(ref, "/") {
		return s.slashed(ctx, r.Name, ref)
	}
	p, err := at(r.Name, "git", "commits", ref)
	if err != nil {
		return "", err
	}
	c, _, err := rest.GetJSON[commit](ctx, s.rest, p, nil)
	return c.SHA, err
}

// A named is a branch or a tag.
type named struct {
	Name   string
	Commit commit
}

// slashed finds the commit of a branch or tag whose name has a slash: the way by which
// other names are found takes none.
func (s service) slashed(ctx context.Context, repo, ref string) (string, error) {
	p, err := at(repo, append([]string{"branches"}, strings.Split(ref, "/")...)...)
	if err != nil {
		return "", err
	}
	b, _, err := rest.GetJSON[named](ctx, s.rest, p, nil)
	if err == nil && b.Commit.ID == "" {
		return "", forge.Lacks(title, "branch")
	}
	if rest.Status(err) != http.StatusNotFound {
		return b.Commit.ID, err
	}
	if p, err = at(repo, "tags", ref); err != nil {
		return "", err
	}
	t, _, err := rest.GetJSON[named](ctx, s.rest, p, nil)
	if err == nil && t.Commit.SHA == "" {
		return "", forge.Lacks(title, "tag")
	}
	return t.Commit.SHA, err
}

// Archive implements forge.Service.
func (s service) Archive(ctx context.Context, r forge.Repository, commit string) (io.ReadCloser, error) {
	p, err := at(r.Name, "archive", commit+".tar.gz")
	if err != nil {
		return nil, err
	}
	return forge.Download(ctx, s.rest, p, nil)
}

// Limits of a listing: requests, and names in each.
const (
	maxLists = 6
	perList  = 50
)

// A list is a page of repositories.
type list []repository

// UnmarshalJSON implements json.Unmarshaler: a search puts an object around the list.
func (l *list) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '{' {
		return json.Unmarshal(data, (*[]repository)(l))
	}
	var found struct{ Data []repository }
	err := json.Unmarshal(data, &found)
	*l = found.Data
	return err
}

// Check implements rest.Checker.
func (l list) Check() error {
	if l == nil {
		return forge.Lack("list of repositories")
	}
	return nil
}

// List implements forge.Service. An owner is an organization or a user.
func (s service) List(ctx context.Context, owner string) (names []string, more bool, err error) {
	paths := []string{api + "/repos/search"}
	if owner != "" {
		p, err := rest.Path(owner)
		if err != nil {
			return nil, false, err
		}
		paths = []string{api + "/orgs" + p + "/repos", api + "/users" + p + "/repos"}
	}
	return forge.Pages(ctx, s.rest, paths, url.Values{"limit": {strconv.Itoa(perList)}}, maxLists, func(page list) (names []string) {
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
	names, _, err := forge.Pages(ctx, s.rest, []string{p}, url.Values{"limit": {strconv.Itoa(perList)}}, 1, func(page []named) (names []string) {
		for _, b := range page {
			names = append(names, b.Name)
		}
		return names
	})
	return names, err
}

// File implements forge.Service. Of a link it returns where that leads.
func (s service) File(ctx context.Context, r forge.Repository, ref, file string) ([]byte, error) {
	p, err := at(r.Name, append([]string{"raw"}, strings.Split(file, "/")...)...)
	if err != nil {
		return nil, err
	}
	data, answer, err := s.rest.Bytes(ctx, rest.Request{Path: p, Query: url.Values{"ref": {ref}},
		Want: rest.Want{Types: []string{"*"}, MaxBody: forge.MaxFile}})
	if err != nil {
		return nil, err
	}
	// Text is sent as text/plain, whatever it is; images and their like as what they are.
	if t, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || t == "text/html" || t == "application/xhtml+xml" {
		return nil, forge.Lacks(title, "file, but a web page")
	}
	return data, nil
}

// perTree is how many entries of a tree are asked for: what servers give at most, unless
// they are configured otherwise.
const perTree = 1000

// Paths implements forge.Service.
func (s service) Paths(ctx context.Context, r forge.Repository, commit, _ string) ([]string, error) {
	p, err := at(r.Name, "git", "trees", commit)
	if err != nil {
		return nil, err
	}
	type tree struct {
		Tree []struct{ Type, Path string }
	}
	t, _, err := rest.GetJSON[tree](ctx, s.rest, p, url.Values{"recursive": {"true"}, "per_page": {strconv.Itoa(perTree)}})
	var names []string
	for _, e := range t.Tree {
		if e.Type == "blob" {
			names = append(names, e.Path)
		}
	}
	return names, err
}

// at returns the path of a request about a repository.
func at(repo string, segments ...string) (string, error) {
	p, err := rest.Path(slices.Concat([]string{"repos"}, strings.Split(repo, "/"), segments)...)
	return api + p, err
}
