package workspace

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/systems/code"
)

// Sizes of a page of a diff.
const (
	diffFiles  = 20_000
	diffText   = 14_000     // bytes of hunks: about what fits the default budget
	diffLines  = 300        // changed lines from which one of several files is folded
	diffPiece  = 6_000      // bytes of a hunk from which it is shown in pieces
	diffLine   = 500        // bytes of a line that are shown
	diffCounts = 64 << 20   // bytes that are read only to count lines
	treeCounts = 16_000_000 // bytes of one file that is compared
)

// Show implements code.Historian.
func (s *Source) Show(ctx context.Context, q code.HistoryQuery) (*code.Show, error) {
	if strings.Contains(q.Range, "..") {
		return nil, fail.Errorf(fail.Invalid, "%q is a range, and op=show shows one commit", q.Range).
			Then("use op=diff or op=log with this range")
	}
	p, err := s.past(q)
	if err != nil {
		return nil, err
	}
	at, err := p.diffStart(ctx, "show", q)
	if err != nil {
		return nil, err
	}
	if q.Cursor == "" {
		r, err := p.span(ctx, q.Range)
		if err != nil {
			return nil, err
		}
		at.to = r.To
	}
	commits, _, err := p.repo.Log(ctx, git.LogOptions{Commit: at.to, N: 1, Refs: true})
	if err != nil {
		return nil, err
	}
	if len(commits) == 0 {
		return nil, fail.Errorf(fail.NotFound, "the commit %s is not in the repository", short(at.to))
	}
	c := p.commit(commits[0])
	c.Email = commits[0].Author.Email
	c.Subject, c.Body = s.message(commits[0])
	at.fromName, at.toName = "nothing", c.Hash
	if parents := commits[0].Parents; len(parents) > 0 {
		at.from, at.fromName = parents[0], short(parents[0])
	}
	d, err := p.diff(ctx, q, at, diffText)
	if err != nil {
		return nil, err
	}
	return &code.Show{Commit: c, Diff: *d}, nil
}

// message is a commit's subject and body, masked as the one text that they are: a key may
// begin in the one and go on in the other.
func (s *Source) message(c git.Commit) (subject, body string) {
	whole := string(s.host.Redact("", []byte(c.Subject+"\n\n"+c.Body)))
	subject, body, _ = strings.Cut(whole, "\n\n")
	return subject, body
}

// Diff implements code.Historian. The work tree is its files as they are, without those
// that are ignored and not committed; links and submodules in it are not compared.
func (s *Source) Diff(ctx context.Context, q code.HistoryQuery) (*code.Diff, error) {
	return s.diffOf(ctx, q, diffText)
}

func (s *Source) diffOf(ctx context.Context, q code.HistoryQuery, most int) (*code.Diff, error) {
	p, err := s.past(q)
	if err != nil {
		return nil, err
	}
	at, err := p.diffStart(ctx, "diff", q)
	if err != nil {
		return nil, err
	}
	a, b, two := strings.Cut(q.Range, "...")
	base := two
	if !two {
		a, b, two = strings.Cut(q.Range, "..")
	}
	if at.disk = !two; at.disk && p.u.root == nil {
		return nil, fail.Errorf(fail.Invalid, "the repository %q has no work tree to compare with", p.u.name).
			Then("compare two revisions: range=A..B")
	}
	if q.Cursor == "" {
		r, err := p.span(ctx, q.Range)
		if err != nil {
			return nil, err
		}
		if at.from, at.to = r.From, r.To; at.disk {
			at.from, at.to = r.To, ""
		}
	}
	at.fromName, at.toName = named(a, at.from), named(b, at.to)
	if base {
		at.fromName = fmt.Sprintf("%s, where %s and %s forked", short(at.from), orHead(a), orHead(b))
	}
	if at.disk {
		at.toName = "work tree"
	}
	return p.diff(ctx, q, at, most)
}

// named is a revision as it was asked for, and what it stands for.
func named(rev string, h git.Hash) string {
	if rev = orHead(rev); strings.HasPrefix(string(h), rev) {
		return short(h)
	}
	return fmt.Sprintf("%s (%s)", rev, short(h))
}

func orHead(rev string) string {
	if rev == "" {
		return "HEAD"
	}
	return rev
}

// A diffStart is what is compared, and where a page begins.
type diffStart struct {
	op               string
	from, to         git.Hash
	disk             bool // to is the work tree
	fromName, toName string
	path             string // of the first file; "" is the first of all
	hunk             int    // of it, from 0
}

func (a diffStart) cursor(sum uint64) string {
	return cursor.Encode(sum, string(a.from), string(a.to), a.path, strconv.Itoa(a.hunk))
}

// diffStart reads the cursor, if there is one.
func (p *past) diffStart(ctx context.Context, op string, q code.HistoryQuery) (diffStart, error) {
	a := diffStart{op: op}
	if q.Cursor == "" {
		return a, nil
	}
	f, err := cursor.Decode(q.Cursor, p.sum(op, q), 4)
	if err != nil {
		return a, err
	}
	a.from, a.to, a.path = git.Hash(f[0]), git.Hash(f[1]), f[2]
	if a.hunk, err = strconv.Atoi(f[3]); err != nil || a.hunk < 0 || a.from == "" && a.to == "" {
		return a, cursor.Stale("it is damaged")
	}
	return a, p.known(ctx, a.from, a.to)
}

// A changed file is a git.Change whose paths are those of the place. With disk, the new
// content is in the work tree, and has no hash.
type changed struct {
	git.Change
	disk bool
}

// diff makes a page with about most bytes of hunks.
func (p *past) diff(ctx context.Context, q code.HistoryQuery, at diffStart, most int) (*code.Diff, error) {
	out := &code.Diff{From: at.fromName, To: at.toName, Files: []code.FileDiff{}}
	var list []changed
	var err error
	if at.disk {
		list, err = p.workChanges(ctx, at.from, out)
	} else {
		list, err = p.treeChanges(ctx, at.from, at.to, out)
	}
	if err != nil {
		return nil, err
	}
	if len(list) == 0 && p.path != "" && out.Denied == 0 {
		if err := p.exists(ctx, at); err != nil {
			return nil, err
		}
	}
	first := 0
	for at.path != "" && first < len(list) && list[first].Path < at.path {
		first++
	}
	if first == len(list) || list[first].Path != at.path {
		at.hunk = 0 // the file is no longer changed
	}
	b := &builder{past: p, reader: p.repo.Reader(), out: out, skip: at.hunk, most: most, several: len(list) > 1}
	defer b.reader.Close()
	if err := b.build(ctx, list[first:]); err != nil {
		return nil, err
	}
	if b.next != "" {
		at.path, at.hunk = b.next, b.nextHunk
		out.Cursor = at.cursor(p.sum(at.op, q))
	}
	for _, f := range out.Files {
		out.Added += f.Added
		out.Deleted += f.Deleted
	}
	return out, nil
}

// exists fails unless the path of the call is on one of the sides.
func (p *past) exists(ctx context.Context, at diffStart) error {
	if at.disk {
		if _, err := p.u.root.Open(p.path); err == nil || fail.From(err).Code == fail.Invalid {
			return nil // a file or a folder
		}
		at.to = at.from
	}
	for _, h := range []git.Hash{at.from, at.to} {
		if h == "" {
			continue
		}
		if kind, err := p.kindAt(ctx, h); err != nil || kind != "" {
			return err
		}
	}
	return p.absent(ctx, at.to)
}

// treeChanges lists what differs between two commits.
func (p *past) treeChanges(ctx context.Context, from, to git.Hash, out *code.Diff) ([]changed, error) {
	changes, more, err := p.repo.Changes(ctx, from, to, git.ChangeOptions{Path: p.inGit, Counts: true, Renames: true, N: diffFiles})
	if err != nil {
		return nil, err
	}
	if more {
		out.Partial = fmt.Sprintf("there are more than %d files", diffFiles)
	}
	if len(changes) == 1 && p.path != "" {
		if changes[0], err = p.moved(ctx, from, to, changes[0]); err != nil {
			return nil, err
		}
	}
	list := make([]changed, 0, len(changes))
	for _, c := range changes {
		name, ok := p.open(c.Path)
		if c.Old == "" {
			if !ok {
				out.Denied++
				continue
			}
			c.Path = name
			list = append(list, changed{Change: c})
			continue
		}
		// Of what was moved into or out of sight, only the one end is there.
		old, oldOK := p.open(c.Old)
		switch {
		case ok && oldOK:
			c.Path, c.Old = name, old
		case ok:
			c = git.Change{Status: git.Added, Path: name, Kind: c.Kind, Hash: c.Hash, Added: -1, Deleted: -1}
		case oldOK:
			c = git.Change{Status: git.Deleted, Path: old, OldKind: c.OldKind, OldHash: c.OldHash, Added: -1, Deleted: -1}
		}
		if !ok || !oldOK {
			out.Denied++
		}
		if ok || oldOK {
			list = append(list, changed{Change: c})
		}
	}
	sortChanges(list)
	return list, nil
}

// moved finds out whether the one file that was asked about was moved: git looks only at
// what lies below a path when it is given one.
func (p *past) moved(ctx context.Context, from, to git.Hash, c git.Change) (git.Change, error) {
	if c.Path != p.inGit || c.Status != git.Added && c.Status != git.Deleted {
		return c, nil
	}
	all, _, err := p.repo.Changes(ctx, from, to, git.ChangeOptions{Path: strings.TrimSuffix(p.top, "/"), Renames: true})
	if err != nil {
		return c, err
	}
	for _, o := range all {
		if o.Status == git.Renamed && (o.Path == c.Path || o.Old == c.Path) {
			return o, nil
		}
	}
	return c, nil
}
