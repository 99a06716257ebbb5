package github

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"path"
	"strings"

	"github.com/google/go-github/v84/github"

	"cleat/internal/archive/forge"
	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/code"
)

// An index implements forge.Index over REST code search.
type index struct{ *Source }

const (
	maxResults    = 1000 // that GitHub gives of one query
	maxQualifiers = 10   // repositories and owners of one query
	pageStride    = 1000 // a page's number is that of its query times this, plus its own
)

// About implements forge.Index.
func (index) About(forge.Target) string {
	return "whole words, default branches, files of up to 384 kB"
}

// Files implements forge.Index.
func (index) Files() bool { return true }

// Page implements forge.Index.
func (x index) Page(ctx context.Context, q forge.Question, page int) (forge.Page, error) {
	api, err := x.api()
	if err != nil {
		return forge.Page{}, err
	}
	scopes, err := scopes(q.Target, x.rest.URL() == defaultURL)
	if err != nil {
		return forge.Page{}, err
	}
	part, n := page/pageStride, max(page%pageStride, 1)
	if part >= len(scopes) {
		return forge.Page{}, cursor.Stale("what this source may search has changed since")
	}
	text, err := query(q, scopes[part])
	if err != nil {
		return forge.Page{}, err
	}
	found, resp, err := api.Search.Code(ctx, text, &github.SearchOptions{ListOptions: github.ListOptions{Page: n, PerPage: forge.PerPage}})
	if err != nil {
		if rest.Status(err) == http.StatusUnprocessableEntity {
			return forge.Page{}, fail.Errorf(fail.NotFound, "GitHub cannot search %s", q.Target).
				Because("one of them does not exist, or the token may not see it").Then("give one repository as repo")
		}
		return forge.Page{}, x.rest.Wrap(err)
	}
	if found.CodeResults == nil || found.Total == nil {
		return forge.Page{}, forge.Lacks(title, "list of files")
	}
	out := forge.Page{}
	for _, r := range found.CodeResults {
		if r.GetRepository().GetFullName() == "" || r.GetPath() == "" || !forge.IsHash(r.GetSHA()) {
			return forge.Page{}, forge.Lacks(title, "file where one belongs")
		}
		out.Candidates = append(out.Candidates, forge.Candidate{Repo: r.GetRepository().GetFullName(), Path: r.GetPath(), ID: r.GetSHA()})
	}
	if found.GetIncompleteResults() {
		out.Incomplete = "GitHub ran out of time and gave what it had found"
	}
	switch {
	case resp.NextPage > n && resp.NextPage <= maxResults/forge.PerPage:
		out.Next = part*pageStride + resp.NextPage
	case resp.NextPage > n:
		out.Incomplete = fmt.Sprintf("GitHub gives the first %d files of a search", maxResults)
	}
	if out.Next == 0 && part+1 < len(scopes) {
		out.Next = (part + 1) * pageStride
	}
	return out, nil
}

// Blob implements forge.Index. What comes has to be the blob that the index named.
func (x index) Blob(ctx context.Context, c forge.Candidate) ([]byte, error) {
	return x.blob(ctx, c.Repo, c.ID, forge.MaxBlob)
}

// blob returns the blob of a repository that has the id.
func (s *Source) blob(ctx context.Context, name, id string, limit int64) ([]byte, error) {
	api, err := s.api()
	if err != nil {
		return nil, err
	}
	owner, repo, _ := strings.Cut(name, "/")
	data, _, err := api.Git.GetBlobRaw(forge.Raw(ctx, limit, "*"), owner, repo, id)
	if err != nil {
		return nil, s.rest.Wrap(err)
	}
	if blobID(data, len(id)) != id {
		return nil, forge.Lacks(title, "content of the file that was asked for")
	}
	return data, nil
}

// blobID returns the id that git gives data, with the given number of digits.
func blobID(data []byte, digits int) string {
	var h hash.Hash = sha1.New()
	if digits == 2*sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// scopes returns the qualifiers that keep a search within the target, for one query or
// several.
func scopes(t forge.Target, public bool) ([]string, error) {
	var all []string
	switch {
	case t.Name != "":
		all = []string{"repo:" + t.Name}
	default:
		for _, n := range t.Names {
			all = append(all, "repo:"+n)
		}
		for _, o := range t.Owners {
			all = append(all, "user:"+o) // also of organizations
		}
	}
	if len(all) == 0 && public {
		return nil, fail.Errorf(fail.Invalid, "a search over all of GitHub").
			Then(`give repo, as owner/name or "owner/*"; or set the key repos of this source`)
	}
	out := []string{}
	for len(all) > maxQualifiers {
		out = append(out, strings.Join(all[:maxQualifiers], " "))
		all = all[maxQualifiers:]
	}
	return append(out, strings.Join(all, " ")), nil
}

// query writes q in GitHub's syntax. Nothing of it comes from outside but needles and
// names, whose letters are checked where they are made: a quote or a colon cannot be
// among them.
func query(q forge.Question, scope string) (string, error) {
	words := []string{`"` + q.Needle + `"`}
	if q.Mode == code.Files {
		name, err := byName(q.Name)
		if err != nil {
			return "", err
		}
		words = []string{name}
	}
	if q.Folder != "" {
		words = append(words, `path:"`+q.Folder+`"`)
	}
	if l := language(q.Lang); l != "" {
		words = append(words, "language:"+l)
	}
	if scope != "" {
		words = append(words, scope)
	}
	return strings.Join(words, " "), nil
}

// byName writes a pattern of mode files, of which GitHub's index knows names and endings.
func byName(pattern string) (string, error) {
	base := path.Base(pattern)
	if ext, ok := strings.CutPrefix(base, "*."); ok && plain(ext) {
		return "extension:" + ext, nil
	}
	if plain(base) {
		return "filename:" + base, nil
	}
	return "", fail.Errorf(fail.Unsupported, "in several repositories GitHub finds files by a whole name or an ending").
		Then(`give a name, or a pattern such as "*.go", or one repository as repo`)
}

func plain(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == "" && s[0] != '-'
}

// language returns GitHub's name of a language where all files of ours are of its.
func language(name string) string {
	switch name {
	case "go", "java", "javascript", "kotlin", "php", "python", "ruby", "rust", "scala", "swift":
		return name
	}
	return ""
}
