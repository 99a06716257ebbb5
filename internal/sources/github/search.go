package github

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

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

// A list is what is used of the answers of code search.
type list struct {
	Total      *int   `json:"total_count"`
	Incomplete bool   `json:"incomplete_results"`
	Items      []item // nil if there is no list
}

// An item is a file that code search names.
type item struct {
	Path, SHA  string
	Repository struct {
		Name string `json:"full_name"`
	}
}

// Check implements rest.Checker.
func (l list) Check() error {
	if l.Total == nil || l.Items == nil {
		return forge.Lack("list of files")
	}
	for _, f := range l.Items {
		if f.Repository.Name == "" || f.Path == "" || !forge.IsHash(f.SHA) {
			return forge.Lack("file where one belongs")
		}
	}
	return nil
}

// Page implements forge.Index.
func (x index) Page(ctx context.Context, q forge.Question, page int) (forge.Page, error) {
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
	found, answer, err := rest.GetJSON[list](ctx, x.rest, "/search/code",
		url.Values{"q": {text}, "per_page": {strconv.Itoa(forge.PerPage)}, "page": {strconv.Itoa(n)}})
	if rest.Status(err) == http.StatusUnprocessableEntity {
		return forge.Page{}, fail.Errorf(fail.NotFound, "GitHub cannot search %s", q.Target).
			Because("one of them does not exist, or the token may not see it").Then("give one repository as repo")
	}
	if err != nil {
		return forge.Page{}, err
	}
	var out forge.Page
	for _, f := range found.Items {
		out.Candidates = append(out.Candidates, forge.Candidate{Repo: f.Repository.Name, Path: f.Path, ID: f.SHA})
	}
	if found.Incomplete {
		out.Incomplete = "GitHub ran out of time and gave what it had found"
	}
	next, more, err := forge.Next(x.rest, answer.Header, n)
	switch {
	case err != nil:
		return forge.Page{}, err
	case next > 0 && next <= maxResults/forge.PerPage:
		out.Next = part*pageStride + next
	case next > 0:
		out.Incomplete = fmt.Sprintf("GitHub gives the first %d files of a search", maxResults)
	case more:
		out.Incomplete = "GitHub gives no more pages of this search"
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
	p, err := at(name, "git", "blobs", id)
	if err != nil {
		return nil, err
	}
	data, err := s.raw(ctx, p, "application/vnd.github.v3.raw", limit)
	if err != nil {
		return nil, err
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
