package workspace

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

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
	return func(p string) bool {
		for i := range len(p) {
			if p[i] == '/' && closed(p[:i]) {
				return true
			}
		}
		return closed(p)
	}
}

// sum is the fingerprint of a question: what must be the same for every page.
func (p *past) sum(op string, q code.HistoryQuery) uint64 {
	return cursor.Sum(op, p.repo.Root(), p.inGit, q.Range, q.Author, q.Text)
}

// Log implements code.Historian. A...B lists what B has since the two forked. A commit is
// found by Text only if the change can be seen: not where policy closes the file, and not
// where a mask hides the words.
func (s *Source) Log(ctx context.Context, q code.HistoryQuery) (*code.Log, error) {
	p, err := s.past(q)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = logLimit
	}
	at, err := p.logStart(ctx, q)
	if err != nil {
		return nil, err
	}
	o := git.LogOptions{Commit: at.To, Path: p.inGit, Author: q.Author, Since: at.since, Text: q.Text}
	if at.From != "" {
		o.Not = []git.Hash{at.From}
	}
	kind, err := p.kindAt(ctx, at.To)
	if err != nil {
		return nil, err
	}
	o.Follow = kind != "" && kind != git.Dir
	out := &code.Log{Commits: []code.Commit{}}
	var names map[git.Hash][]string
	g, namesCtx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { // while git looks for commits
		names, err = p.names(namesCtx)
		return err
	})
	err = p.fill(ctx, out, o, &at, limit, p.sum("log", q))
	if namesErr := g.Wait(); err == nil && ctx.Err() == nil {
		err = namesErr
	}
	if err != nil {
		return nil, err
	}
	for i := range out.Commits {
		c := &out.Commits[i]
		c.Refs, c.Hash = names[git.Hash(c.Hash)], c.Hash[:shortHash]
	}
	if len(out.Commits) == 0 && kind == "" && p.path != "" && q.Cursor == "" {
		return nil, p.nothing(ctx, q, at.To)
	}
	return out, nil
}

// names are the branches and tags that lead to commits, without symbolic ones.
func (p *past) names(ctx context.Context) (map[git.Hash][]string, error) {
	names := map[git.Hash][]string{}
	add := func(kind git.RefKind) (more bool, err error) {
		refs, more, err := p.repo.Refs(ctx, git.RefOptions{Kind: kind})
		for _, r := range refs {
			if s := r.Short(); r.To == "" && s != r.Name && !slices.Contains(names[r.Hash], s) {
				names[r.Hash] = append(names[r.Hash], s)
			}
		}
		return more, err
	}
	// At once where they are few: each call runs git.
	if more, err := add(git.AllRefs); !more {
		return names, err
	}
	for _, kind := range []git.RefKind{git.Branches, git.Tags, git.RemoteBranches} {
		if _, err := add(kind); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// fill adds up to limit commits to out, with their whole hashes, and the cursor.
func (p *past) fill(ctx context.Context, out *code.Log, o git.LogOptions, at *start, limit int, sum uint64) error {
	for len(out.Commits) < limit {
		o.N, o.Skip = limit-len(out.Commits), at.skip
		commits, more, err := p.repo.Log(ctx, o)
		seen := 0
		if err == nil {
			seen, err = p.list(ctx, out, commits, o.Text)
		}
		at.skip += seen
		if err != nil && ctx.Err() != nil && len(out.Commits) > 0 {
			out.Partial, out.Cursor = "the time is over", at.cursor(sum)
			return nil
		}
		if err != nil || !more {
			return err
		}
	}
	out.Cursor = at.cursor(sum)
	return nil
}

// list adds commits to out, and returns how many it came past.
func (p *past) list(ctx context.Context, out *code.Log, commits []git.Commit, text string) (int, error) {
	for i, c := range commits {
		if c.Path != "" {
			if _, ok := p.open(c.Path); !ok {
				continue // what it is called now is open, what it was called is not
			}
		}
		if text != "" {
			ok, err := p.shows(ctx, c, text)
			if err != nil {
				return i, err
			}
			if !ok {
				continue
			}
		}
		cc := p.commit(c)
		cc.Hash = string(c.Hash)
		if len(cc.Parents) < 2 {
			cc.Parents = nil // of merges only
		}
		out.Commits = append(out.Commits, cc)
	}
	return len(commits), nil
}

// nothing is the answer where no commit changes the path of a log.
func (p *past) nothing(ctx context.Context, q code.HistoryQuery, at git.Hash) error {
	o := git.LogOptions{Commit: at, Path: p.inGit, N: 1}
	if commits, _, err := p.repo.Log(ctx, o); err != nil || len(commits) > 0 {
		return err // it has a history, only not of this author, time or range
	}
	return p.absent(ctx, at)
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

// shows reports whether a commit changes how often text occurs in a file that is open, as
// it looks when its secrets are masked.
func (p *past) shows(ctx context.Context, c git.Commit, text string) (bool, error) {
	var from git.Hash
	if len(c.Parents) > 0 {
		from = c.Parents[0]
	}
	where := p.inGit
	if c.Path != "" {
		where = c.Path
	}
	changes, _, err := p.repo.Changes(ctx, from, c.Hash, git.ChangeOptions{Path: where})
	if err != nil {
		return false, err
	}
	var ids []git.Hash
	var paths []string
	for _, ch := range changes {
		name, ok := p.open(ch.Path)
		if !ok || ch.Kind == git.Submodule || ch.OldKind == git.Submodule {
			continue
		}
		for _, id := range []git.Hash{ch.OldHash, ch.Hash} {
			if id == "" {
				id = p.repo.HashBlob(nil) // git may not have it: it counts as empty
			}
			ids = append(ids, id)
			paths = append(paths, name)
		}
	}
	reader := p.repo.Reader()
	defer reader.Close()
	var old []byte
	found := false
	err = reader.Blobs(ctx, ids, func(i int, data []byte) error {
		data, _ = tree.Text(data, nil)
		if i%2 == 0 {
			old = append(old[:0], data...)
			return nil
		}
		word := []byte(text)
		if bytes.Count(old, word) == bytes.Count(data, word) {
			return nil
		}
		redact := p.s.host.Redact
		if found = bytes.Count(redact(paths[i], old), word) != bytes.Count(redact(paths[i], data), word); found {
			return git.ErrStop
		}
		return nil
	})
	return found, err
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

// A start is where a page of a log begins. What its names stand for is settled on the first
// page, so that a branch that moves meanwhile does not mix pages.
type start struct {
	git.Range
	since time.Time
	skip  int // commits that were looked at
}

func (a start) cursor(sum uint64) string {
	since := int64(-1)
	if !a.since.IsZero() {
		since = a.since.Unix()
	}
	return cursor.Encode(sum, string(a.To), string(a.From), strconv.Itoa(a.skip), strconv.FormatInt(since, 10))
}

// sinceSlack is how far the since of a page may be from that of the first one: ages, such
// as "2 weeks", are counted from the time of each call.
const sinceSlack = time.Hour

func (p *past) logStart(ctx context.Context, q code.HistoryQuery) (start, error) {
	if q.Cursor == "" {
		r, err := p.span(ctx, q.Range)
		return start{Range: r, since: q.Since}, err
	}
	f, err := cursor.Decode(q.Cursor, p.sum("log", q), 4)
	if err != nil {
		return start{}, err
	}
	a := start{Range: git.Range{To: git.Hash(f[0]), From: git.Hash(f[1])}}
	var since int64
	if a.skip, err = strconv.Atoi(f[2]); err == nil {
		since, err = strconv.ParseInt(f[3], 10, 64)
	}
	if err != nil || a.skip < 0 {
		return start{}, cursor.Stale("it is damaged")
	}
	if since >= 0 {
		a.since = time.Unix(since, 0)
	}
	if a.since.IsZero() != q.Since.IsZero() || a.since.Sub(q.Since).Abs() > sinceSlack {
		return start{}, cursor.Stale("it was given for another since")
	}
	return a, p.known(ctx, a.To, a.From)
}

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
