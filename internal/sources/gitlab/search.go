package gitlab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"cleat/internal/archive/forge"
	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/rest"
)

// An index implements forge.Index over the search API.
type index struct{ *Source }

const pageStride = 1000 // a page's number is that of its scope times this, plus its own

// About implements forge.Index.
func (index) About(t forge.Target) string {
	if t.Name != "" {
		return "basic search of the default branch"
	}
	return "advanced search, whole words of default branches"
}

// Files implements forge.Index.
func (index) Files() bool { return false }

// A scope is what one search is about.
type scope struct {
	path string // of the request
	name string // of the project; "" for several
}

// scopes returns the searches that cover the target.
func scopes(t forge.Target) ([]scope, error) {
	var out []scope
	add := func(name string, segments ...string) error {
		p, err := at(append(segments, "search")...)
		out = append(out, scope{path: p, name: name})
		return err
	}
	names := t.Names
	if t.Name != "" {
		names = []string{t.Name}
	}
	for _, n := range names {
		if err := add(n, "projects", n); err != nil {
			return nil, err
		}
	}
	for _, o := range t.Owners {
		if err := add("", "groups", o); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return out, add("")
	}
	return out, nil
}

// A blobs is a page of the search API.
type blobs []blob

// A blob is what is used of one: a chunk of a file.
type blob struct {
	Project int64  `json:"project_id"`
	Path    string `json:"path"`
	Old     string `json:"filename"` // the path, of servers before 12.9
	Ref     string `json:"ref"`
}

// Check implements rest.Checker.
func (b blobs) Check() error {
	for _, x := range b {
		if x.Project <= 0 || x.Path == "" && x.Old == "" || x.Ref == "" {
			return forge.Lack("file where one belongs")
		}
	}
	return nil
}

// Page implements forge.Index.
func (x index) Page(ctx context.Context, q forge.Question, page int) (forge.Page, error) {
	scopes, err := scopes(q.Target)
	if err != nil {
		return forge.Page{}, err
	}
	part, n := page/pageStride, max(page%pageStride, 1)
	if part >= len(scopes) {
		return forge.Page{}, cursor.Stale("what this source may search has changed since")
	}
	s := scopes[part]
	found, answer, err := rest.GetJSON[blobs](ctx, x.rest, s.path, query(q, s, n))
	if err != nil {
		return forge.Page{}, refused(err, s)
	}
	var out forge.Page
	if out.Candidates, err = x.candidates(ctx, found, s); err != nil {
		return forge.Page{}, err
	}
	next, more, err := forge.Next(x.rest, answer.Header, n)
	switch {
	case err != nil:
		return forge.Page{}, err
	case next > 0 && next < pageStride:
		out.Next = part*pageStride + next
	case more:
		out.Incomplete = "GitLab gives no more pages of this search"
	}
	if out.Next == 0 && part+1 < len(scopes) {
		out.Next = (part + 1) * pageStride
	}
	return out, nil
}

// query writes q for a scope. A needle has none of the letters that GitLab's syntax is
// made of.
func query(q forge.Question, s scope, page int) url.Values {
	text := q.Needle
	if q.Folder != "" {
		text += " path:" + q.Folder
	}
	v := url.Values{"scope": {"blobs"}, "search": {text}, "per_page": {strconv.Itoa(forge.PerPage)}, "page": {strconv.Itoa(page)}}
	if s.name != "" {
		v.Set("search_type", "basic") // finds any part of a line; older servers ignore it
	}
	return v
}

// refused tells a search that this GitLab does not have from other errors.
func refused(err error, s scope) error {
	status := rest.Status(err)
	if s.name != "" || status != http.StatusBadRequest && status != http.StatusForbidden {
		return err
	}
	return fail.Errorf(fail.Unsupported, "this GitLab searches the code of one project only").
		Because("for a group or all projects it needs advanced or exact code search, and says: %s", fail.From(err).What).
		Then("give one project as repo, group/name")
}

// candidates names the projects of what was found. Chunks of one file are one candidate.
func (x index) candidates(ctx context.Context, found blobs, s scope) ([]forge.Candidate, error) {
	if s.name == "" {
		if err := x.learn(ctx, found); err != nil {
			return nil, err
		}
	}
	var out []forge.Candidate
	seen := map[forge.Candidate]bool{}
	for _, b := range found {
		c := forge.Candidate{Repo: s.name, Path: b.Path, ID: strconv.FormatInt(b.Project, 10) + ":" + b.Ref}
		if c.Path == "" {
			c.Path = b.Old
		}
		if c.Repo == "" {
			x.mu.Lock()
			c.Repo = x.names[b.Project]
			x.mu.Unlock()
		}
		if c.Repo != "" && !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out, nil
}

// maxNames bounds what is remembered of projects.
const maxNames = 10_000

// learn finds out the names of the projects, of which a search gives the ids. What the
// token may not see stays without a name.
func (x index) learn(ctx context.Context, found blobs) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	asked := map[int64]bool{}
	for _, b := range found {
		id := b.Project
		x.mu.Lock()
		known := x.names[id] != ""
		x.mu.Unlock()
		if known || asked[id] {
			continue
		}
		asked[id] = true
		g.Go(func() error {
			p, err := x.project(ctx, strconv.FormatInt(id, 10))
			if err != nil {
				if fail.From(err).Code == fail.NotFound {
					return nil
				}
				return err
			}
			x.mu.Lock()
			defer x.mu.Unlock()
			if len(x.names) >= maxNames {
				clear(x.names)
			}
			x.names[id] = p.Name
			return nil
		})
	}
	return g.Wait()
}

// Blob implements forge.Index.
func (x index) Blob(ctx context.Context, c forge.Candidate) ([]byte, error) {
	project, ref, _ := strings.Cut(c.ID, ":")
	if err := forge.CheckRef(ref); err != nil {
		return nil, forge.Lacks(title, "ref where one belongs")
	}
	return x.raw(ctx, project, ref, c.Path, forge.MaxBlob)
}

// raw returns the content of a file of a project, which is named or has an id.
func (s *Source) raw(ctx context.Context, project, ref, file string, limit int64) ([]byte, error) {
	p, err := at("projects", project, "repository", "files", file, "raw")
	if err != nil {
		return nil, err
	}
	data, answer, err := s.rest.Bytes(ctx, rest.Request{Path: p, Query: url.Values{"ref": {ref}},
		Want: rest.Want{Types: []string{"text/plain", "application/octet-stream"}, MaxBody: limit}})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	if want := answer.Header.Get("X-Gitlab-Content-Sha256"); want != "" && want != hex.EncodeToString(sum[:]) {
		return nil, forge.Lacks(title, "content of the file that was asked for")
	}
	return data, nil
}
