// Package forge is what searching and reading GitHub, GitLab and Gitea has in common: which
// repositories a source may touch, the index of a forge whose candidates are verified line
// by line, the archive of one repository at one commit for all that an index cannot
// answer, and the files that hits lead to, as repo://OWNER%2FNAME/REF/path.
//
// The allow-list holds on every way: for what a query or an address names, before any
// request; for what a search returns, before anything of it is fetched; and for the name
// that a forge gives a repository that was moved.
package forge

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/archive"
	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
	"cleat/internal/text"
)

// A Repository is a repository as the forge knows it.
type Repository struct {
	Name   string // owner/name, as the forge writes it
	Branch string // the default one; "" in an empty repository
}

// A Service is a forge. Its methods are safe for concurrent use; they fail as package rest
// does, with fail.NotFound for what does not exist.
type Service interface {
	Repository(ctx context.Context, name string) (Repository, error)

	// Commit returns the id of the commit that ref names.
	Commit(ctx context.Context, r Repository, ref string) (string, error)

	// Archive returns the tar.gz of a commit.
	Archive(ctx context.Context, r Repository, commit string) (io.ReadCloser, error)

	// List names repositories of the owner, or of all owners if it is "". more says that
	// there are others.
	List(ctx context.Context, owner string) (names []string, more bool, err error)

	// Branches names branches, at most some hundred.
	Branches(ctx context.Context, r Repository) ([]string, error)

	// File returns the content of a file at a branch, a tag or a commit, of at most
	// MaxFile bytes. It follows no links. It fails with fail.NotFound where no file is,
	// fail.TooLarge, and fail.Unsupported (see NoFile) where it sees what is there.
	File(ctx context.Context, r Repository, ref, path string) ([]byte, error)

	// Paths names files at a commit, some thousand at most; if not all, then those beside
	// near at least.
	Paths(ctx context.Context, r Repository, commit, near string) ([]string, error)
}

// A Searcher implements code.Searcher and documents.Library over a forge. It is safe for
// concurrent use.
type Searcher struct {
	Title   string // of the forge, for people: "GitHub"
	Allow   *Allow
	Service Service
	Index   Index // nil for a forge without one
	Host    host.Host
	Limits  archive.Options

	mu   sync.Mutex
	kept kept
}

// A kept is the archive that was searched last. Pages of one search, and the next question
// about the same code, find it there.
type kept struct {
	repo, commit string
	files        *archive.Files
	since        time.Time
	drop         *time.Timer
}

const (
	keepFor  = 3 * time.Minute
	keepMost = 48 << 20 // bytes
)

// Close drops what is kept.
func (s *Searcher) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	return nil
}

// forget drops the archive that is kept. s.mu is held.
func (s *Searcher) forget() {
	if s.kept.drop != nil {
		s.kept.drop.Stop()
	}
	s.kept = kept{}
}

// Search implements code.Searcher. It fails with fail.Unsupported for what can only be
// answered of one repository, where q names several.
func (s *Searcher) Search(ctx context.Context, q code.Query) (*code.Result, error) {
	began := time.Now()
	if q.Mode == "" {
		q.Mode = code.Text
	}
	res, err := s.search(ctx, began, q)
	if err != nil && ctx.Err() != nil {
		// Nothing was found yet, and the same call can go on where this one ended.
		res, err = &code.Result{Cursor: q.Cursor, Partial: fail.WhyEnded(ctx, began), Scope: text.Line(q.Repo)}, nil
	}
	if err != nil {
		return nil, err
	}
	res.Stats.Took = time.Since(began)
	return res, nil
}

func (s *Searcher) search(ctx context.Context, began time.Time, q code.Query) (*code.Result, error) {
	m, err := check(q)
	if err != nil {
		return nil, err
	}
	t, err := s.Allow.Target(q.Repo)
	if err != nil {
		return nil, err
	}
	at, err := readCursor(q)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if at.archive == "" && s.byIndex(q, t) {
		return s.indexed(ctx, began, q, m, t, at)
	}
	q.Cursor = at.archive
	r, err := s.single(ctx, q, t)
	if err != nil {
		return nil, err
	}
	return s.archived(ctx, q, r)
}

// check fails for a query that no repository could answer, before anybody is asked. The
// matcher finds all lines of a file: how many are shown is decided later.
func check(q code.Query) (*scan.Matcher, error) {
	if q.Limit < 0 || q.PerFile < 0 {
		return nil, fail.Errorf(fail.Invalid, "a number of lines below zero")
	}
	q.Cursor, q.Limit, q.PerFile = "", scan.MaxLimit, 0
	if q.Mode == code.Symbol || q.Mode == code.Refs {
		q.Mode = code.Text // what is wrong with a pattern or a language is the same
	}
	m, err := scan.Compile(q)
	if err != nil {
		return nil, err
	}
	if _, err := newPaths(q.Paths); err != nil {
		return nil, err
	}
	for _, ref := range ends(q.Ref) {
		if ref != "" {
			if err := CheckRef(ref); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// ends returns the names of commits in a ref: one, or the two of A..B.
func ends(ref string) []string {
	if from, to, ok := strings.Cut(ref, ".."); ok {
		return []string{from, to}
	}
	return []string{ref}
}

// byIndex reports whether the index of the forge can answer q.
func (s *Searcher) byIndex(q code.Query, t Target) bool {
	if s.Index == nil || q.Ref != "" {
		return false
	}
	return q.Mode == code.Text || q.Mode == code.Files && t.Name == "" && s.Index.Files()
}

// single finds the one repository that t is about.
func (s *Searcher) single(ctx context.Context, q code.Query, t Target) (Repository, error) {
	if t.Name == "" {
		names, more, err := s.list(ctx, t)
		switch {
		case err != nil:
			return Repository{}, err
		case len(names) == 0 && !more:
			return Repository{}, fail.Errorf(fail.NotFound, "no repository matches %s", text.Line(t.String())).
				Because("or the token may not see it")
		case len(names) == 1 && !more:
			t.Name = names[0]
		default:
			return Repository{}, s.several(q, names, more)
		}
	}
	return s.repository(ctx, t)
}

// several is the error for a query that can only be answered of one repository.
func (s *Searcher) several(q code.Query, names []string, more bool) error {
	what := "mode " + string(q.Mode)
	switch {
	case q.Ref != "":
		what = "a search at a ref"
	case s.Index == nil:
		what = "a search (its API has none of its own)"
	}
	n := fmt.Sprint(len(names))
	if more {
		n = "more than " + n
	}
	shown := names[:min(len(names), 10)]
	return fail.Errorf(fail.Unsupported, "on %s %s is about one repository, and this is about %s", s.Title, what, n).
		Then("give one as repo: %s", text.Line(strings.Join(shown, ", ")))
}

// repository looks up the repository that t names.
func (s *Searcher) repository(ctx context.Context, t Target) (Repository, error) {
	r, err := s.Service.Repository(ctx, t.Name)
	if err != nil {
		return Repository{}, s.unknown(ctx, t.Name, err)
	}
	// A repository that was renamed or given away is found under its old name.
	if checkSegments(r.Name, false) != "" {
		return Repository{}, fail.Errorf(fail.Unavailable, "%s calls the repository %s by a name that it cannot have", s.Title, t.Name)
	}
	if !s.Allow.Has(r.Name) {
		return Repository{}, s.Allow.denied(r.Name)
	}
	if r.Branch == "" {
		return Repository{}, fail.Errorf(fail.NotFound, "the repository %s is empty", r.Name)
	}
	return r, nil
}

// unknown adds to the error of a repository that was not found which there are.
func (s *Searcher) unknown(ctx context.Context, name string, err error) error {
	if fail.From(err).Code != fail.NotFound {
		return err
	}
	e := fail.Errorf(fail.NotFound, "no repository %s", name).
		Because("%s has none of that name, or the token may not see it", s.Title)
	owner := path.Dir(name)
	names, _, err := s.list(ctx, Target{Owners: []string{owner}, allow: s.Allow})
	if err != nil {
		return e.Then("check the name and what the token may see") // the lookup was a courtesy
	}
	if near := fail.Near(name, names); len(near) > 0 {
		return e.Then("did you mean %s?", text.Line(strings.Join(near, " or ")))
	}
	if len(names) > 0 {
		return e.Then("%s has: %s", owner, text.Line(strings.Join(names[:min(len(names), 10)], ", ")))
	}
	return e.Then("check the name and what the token may see")
}

// maxOwners bounds the requests of a listing.
const maxOwners = 10

// list names the repositories of t, sorted.
func (s *Searcher) list(ctx context.Context, t Target) (names []string, more bool, err error) {
	names = append(names, t.Names...)
	owners := t.Owners
	if len(owners) == 0 && len(names) == 0 {
		owners = []string{""}
	}
	if len(owners) > maxOwners {
		owners, more = owners[:maxOwners], true
	}
	for _, o := range owners {
		found, others, err := s.Service.List(ctx, o)
		if fail.From(err) != nil && fail.From(err).Code == fail.NotFound {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		names, more = append(names, found...), more || others
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !t.Has(n) })
	slices.Sort(names)
	return slices.CompactFunc(names, strings.EqualFold), more, nil
}

// named returns what File.Repo is for the repository.
func (s *Searcher) named(r string) string {
	if s.Allow.one() != "" {
		return ""
	}
	return r
}

// options are what a scan of the repository may show.
func (s *Searcher) options(repo string) scan.Options {
	o := scan.Options{Redact: s.Host.Redact}
	if closed := s.Host.Closed(); closed != nil {
		known := s.Allow.spelled(repo) // rules may have either spelling
		o.Deny = func(p string) bool { return closed(p) || closed(repo+"/"+p) || closed(known+"/"+p) }
	}
	return o
}
