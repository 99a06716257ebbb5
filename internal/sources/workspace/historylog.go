package workspace

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"cleat/internal/cursor"
	"cleat/internal/git"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

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
			seen, err = p.list(ctx, out, commits, o)
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
func (p *past) list(ctx context.Context, out *code.Log, commits []git.Commit, o git.LogOptions) (int, error) {
	for i, c := range commits {
		if c.Path != "" {
			if _, ok := p.open(c.Path); !ok {
				continue // what it is called now is open, what it was called is not
			}
		}
		if !p.by(c.Author, o.Author) {
			continue
		}
		if o.Text != "" {
			ok, err := p.shows(ctx, c, o.Text)
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

// by reports whether word is in the name or address of a person where a mask does not hide
// it: git looks at them as they are.
func (p *past) by(who git.Person, word string) bool {
	if word == "" {
		return true
	}
	whole := who.Name + " <" + who.Email + ">"
	shown := string(p.s.host.Redact("", []byte(whole)))
	return shown == whole || strings.Contains(strings.ToLower(shown), strings.ToLower(word))
}

// nothing is the answer where no commit changes the path of a log.
func (p *past) nothing(ctx context.Context, q code.HistoryQuery, at git.Hash) error {
	o := git.LogOptions{Commit: at, Path: p.inGit, N: 1}
	if commits, _, err := p.repo.Log(ctx, o); err != nil || len(commits) > 0 {
		return err // it has a history, only not of this author, time or range
	}
	return p.absent(ctx, at)
}

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
