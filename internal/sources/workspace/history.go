package workspace

import (
	"context"
	"path"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

var _ code.Historian = (*Source)(nil)

// Sizes of answers where the caller does not say.
const (
	logLimit    = 50  // commits
	blameLimit  = 200 // lines
	branchLimit = 30
	shortHash   = 10 // digits
)

// A past is the history of one repository, as one call may see it.
type past struct {
	s      *Source
	u      *repository
	repo   *git.Repo
	path   string // what the call is about, clean; "" is everything
	inGit  string // the same from the top of the repository, which the place may be a folder of
	top    string // the place, from there, with a slash; "" if they are the same
	closed func(path string) bool
}

// past opens the history that q is about. It fails with fail.Denied for a path that policy
// closes.
func (s *Source) past(q code.HistoryQuery) (*past, error) {
	u, err := s.lookup(q.Repo)
	if err != nil {
		return nil, err
	}
	repo, err := u.git()
	if err != nil {
		return nil, err
	}
	p := &past{s: s, u: u, repo: repo, closed: below(s.closedIn(u))}
	if q.Path != "" {
		if p.path, err = u.rel(strings.TrimSuffix(q.Path, "/")); err != nil {
			return nil, err
		}
		if p.path == "." {
			p.path = ""
		}
		if p.path != "" && p.closed(p.path) {
			return nil, policyCloses(p.path)
		}
	}
	p.inGit = u.inGit(repo, p.path)
	if p.top = u.inGit(repo, ""); p.top != "" {
		p.top += "/"
	}
	return p, nil
}

// open returns what the place calls a path of the repository, and whether the call may see
// it: that it lies in the place, and that policy does not close it.
func (p *past) open(inGit string) (name string, ok bool) {
	name, ok = strings.CutPrefix(inGit, p.top)
	return name, ok && !p.closed(name)
}

// below makes of what tells closed paths, as a walk asks it, what also knows the paths
// below closed folders.
func below(closed func(string) bool) func(string) bool {
	return func(p string) bool { return tree.Denies(closed, p) }
}

// sum is the fingerprint of a question: what must be the same for every page.
func (p *past) sum(op string, q code.HistoryQuery) uint64 {
	return cursor.Sum(op, p.repo.Root(), p.inGit, q.Range, q.Author, q.Text)
}

// absent is the error for the path of the call, which is not there at a commit.
func (p *past) absent(ctx context.Context, at git.Hash) error {
	f := fail.Errorf(fail.NotFound, "no file or folder %q in the history of %s", p.path, at[:shortHash])
	var names []string
	err := p.repo.Files(ctx, at, strings.TrimSuffix(p.top, "/"), func(t git.TreeFile) error {
		if name, ok := p.open(t.Path); ok {
			names = append(names, name)
		}
		if len(names) == pathsMax {
			return git.ErrStop
		}
		return nil
	})
	if err != nil {
		return f // what was asked for is not there; why the search for others failed is beside the point
	}
	near := tree.Near(p.path, slices.Values(names))
	if len(near) == 0 {
		return f.Then("give a path from the top of the repository; code_search with mode=files finds it")
	}
	for i, n := range near {
		near[i] = strconv.Quote(n)
	}
	return f.Because("the nearest are %s", strings.Join(near, ", ")).Then("pass one of those as path")
}

// kindAt is what the path of the call is at a commit; "" if it is not there.
func (p *past) kindAt(ctx context.Context, at git.Hash) (git.Kind, error) {
	if p.inGit == "" {
		return git.Dir, nil
	}
	dir := path.Dir(p.inGit)
	if dir == "." {
		dir = ""
	}
	entries, err := p.repo.Tree(ctx, at, dir)
	if c := fail.From(err); err != nil && (c.Code == fail.NotFound || c.Code == fail.Invalid) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	base := path.Base(p.inGit)
	for _, e := range entries {
		if e.Name == base {
			return e.Kind, nil
		}
	}
	return "", nil
}

// commit is what a list shows of a commit: no more than fits a line.
func (p *past) commit(c git.Commit) code.Commit {
	out := code.Commit{Hash: short(c.Hash), Author: c.Author.Name, Time: c.Authored, Subject: c.Subject}
	for _, h := range c.Parents {
		out.Parents = append(out.Parents, short(h))
	}
	for _, name := range c.Refs {
		out.Refs = append(out.Refs, git.Ref{Name: name}.Short())
	}
	if name, ok := p.open(c.Path); c.Path != "" && ok && name != p.path {
		out.Path = name
	}
	return out
}

func short(h git.Hash) string { return string(h[:min(len(h), shortHash)]) }

// known checks the commits that a cursor names. It may name any: a cursor is no secret.
func (p *past) known(ctx context.Context, commits ...git.Hash) error {
	for _, h := range commits {
		if h == "" {
			continue
		}
		if !h.Valid() {
			return cursor.Stale("it is damaged")
		}
		if _, err := p.repo.Resolve(ctx, string(h)); err != nil {
			if fail.From(err).Code == fail.NotFound {
				return cursor.Stale("a commit that it goes on from is gone")
			}
			return err
		}
	}
	return nil
}
