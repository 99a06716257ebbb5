package workspace

import (
	"bytes"
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/sorting"
	"cleat/internal/systems/code"
	"cleat/internal/text"
	"cleat/internal/tree"
)

// Blame implements code.Historian. As checked out is as in HEAD: lines that are not
// committed have no author. Of each span only the first line is given.
func (s *Source) Blame(ctx context.Context, q code.HistoryQuery) (*code.Blame, error) {
	if q.Path == "" {
		return nil, fail.Errorf(fail.Invalid, "op=blame needs a path").Then("pass the path of one file")
	}
	if strings.Contains(q.Range, "..") {
		return nil, fail.Errorf(fail.Invalid, "%q is a range, and op=blame looks at one commit", q.Range).
			Then("pass a branch, a tag or a commit as range, or leave it out for HEAD")
	}
	if q.First < 0 || q.Last < 0 || q.Last > 0 && q.Last < q.First {
		return nil, fail.Errorf(fail.Invalid, "there are no lines from %d to %d", q.First, q.Last).Then("give them as L10-L50")
	}
	p, err := s.past(q)
	if err != nil {
		return nil, err
	}
	sum := cursor.Sum("blame", p.repo.Root(), p.inGit, q.Range, strconv.Itoa(q.First), strconv.Itoa(q.Last))
	first := max(q.First, 1)
	var at git.Hash
	if q.Cursor != "" {
		f, err := cursor.Decode(q.Cursor, sum, 2)
		if err != nil {
			return nil, err
		}
		at = git.Hash(f[0])
		if first, err = strconv.Atoi(f[1]); err != nil || first < 1 || at == "" {
			return nil, cursor.Stale("it is damaged")
		}
		if err := p.known(ctx, at); err != nil {
			return nil, err
		}
	} else if r, err := p.span(ctx, q.Range); err != nil {
		return nil, err
	} else {
		at = r.To
	}
	lines, err := p.lines(ctx, at)
	if err != nil {
		return nil, err
	}
	out := &code.Blame{Path: p.path, At: short(at), Total: len(lines), Spans: []code.BlameSpan{}, Commits: []code.Commit{}}
	if first > len(lines) {
		if len(lines) == 0 && first == 1 {
			return out, nil
		}
		return nil, fail.Errorf(fail.Invalid, "line %d is past the end: the file has %s at %s", first, text.Count(len(lines), "line"), out.At).
			Then("ask for lines up to L%d", len(lines))
	}
	limit := q.Limit
	if limit <= 0 {
		limit = blameLimit
	}
	end := len(lines)
	if q.Last > 0 {
		end = min(end, q.Last)
	}
	last := min(end, first+min(limit, git.MaxBlame)-1)
	spans, commits, err := p.repo.Blame(ctx, git.BlameOptions{Commit: at, Path: p.inGit, First: first, Last: last})
	if err != nil {
		return nil, err
	}
	p.spans(out, spans, commits, lines)
	if last < end {
		out.Cursor = cursor.Encode(sum, string(at), strconv.Itoa(last+1))
	}
	return out, nil
}

// lines are the lines of the call's file at a commit, with their secrets masked.
func (p *past) lines(ctx context.Context, at git.Hash) ([]string, error) {
	blob, err := p.repo.Blob(ctx, at, p.inGit, 0)
	if err != nil {
		if fail.From(err).Code == fail.NotFound {
			return nil, p.absent(ctx, at)
		}
		return nil, err
	}
	if blob.Kind == git.Submodule {
		return nil, fail.Errorf(fail.Unsupported, "%q is a submodule at %s", p.path, short(at))
	}
	data, ok := tree.Text(blob.Data, nil)
	if !ok {
		return nil, notText(p.path, blob.Size)
	}
	// Lines are git's: those of the file as it is, which a file of other than bytes has not.
	if n := bytes.Count(blob.Data, []byte("\n")); n != bytes.Count(data, []byte("\n")) {
		return nil, fail.Errorf(fail.Unsupported, "%q is UTF-16, whose lines git does not know", p.path)
	}
	lines := strings.SplitAfter(string(p.s.host.Redact(p.path, data)), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines, nil
}

// spans fills in who changed which lines; neighbors of one commit become one span.
func (p *past) spans(out *code.Blame, spans []git.BlameSpan, commits map[git.Hash]git.Commit, lines []string) {
	named := map[git.Hash]bool{}
	for _, sp := range spans {
		if n := len(out.Spans); n > 0 && out.Spans[n-1].Commit == short(sp.Commit) {
			out.Spans[n-1].Last = sp.First + sp.Lines - 1
		} else {
			line := ""
			for i := sp.First; i < sp.First+sp.Lines && i <= len(lines) && line == ""; i++ {
				line = strings.TrimSpace(lines[i-1]) // the first that says something
			}
			out.Spans = append(out.Spans, code.BlameSpan{Commit: short(sp.Commit), First: sp.First, Last: sp.First + sp.Lines - 1,
				Lines: []string{clipLine(line, 160)}})
		}
		if !named[sp.Commit] {
			named[sp.Commit] = true
			c := p.commit(commits[sp.Commit])
			c.Parents, c.Path = nil, ""
			out.Commits = append(out.Commits, c)
		}
	}
}

// maxBranches is how many branches of each kind are looked at.
const maxBranches = 20_000

// Branches implements code.Historian.
func (s *Source) Branches(ctx context.Context, q code.HistoryQuery) (*code.Branches, error) {
	p, err := s.past(q)
	if err != nil {
		return nil, err
	}
	head, err := p.repo.Head(ctx)
	if err != nil {
		return nil, err
	}
	out := &code.Branches{Current: head.Branch(), Head: short(head.Hash), Branches: []code.Branch{}}
	if head.Hash == "" {
		return out, nil // no commit yet
	}
	base, err := p.repo.DefaultBranch(ctx)
	if err != nil {
		return nil, err
	}
	out.Default = base.Short()
	sum := cursor.Sum("branches", p.repo.Root(), q.Text)
	var after git.Ref
	if q.Cursor != "" {
		f, err := cursor.Decode(q.Cursor, sum, 3)
		if err != nil {
			return nil, err
		}
		seconds, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return nil, cursor.Stale("it is damaged")
		}
		base.Hash, after = git.Hash(f[0]), git.Ref{Name: f[2], Time: time.Unix(seconds, 0).UTC()}
		if base.Hash == "" {
			return nil, cursor.Stale("it is damaged")
		}
		if err := p.known(ctx, base.Hash); err != nil {
			return nil, err
		}
	}
	refs, err := p.branches(ctx, strings.ToLower(q.Text), after)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = branchLimit
	}
	more := len(refs) > limit
	refs = refs[:min(len(refs), limit)]
	if out.Branches, err = p.compared(ctx, base.Hash, refs); err != nil {
		return nil, err
	}
	if more {
		last := refs[len(refs)-1]
		out.Cursor = cursor.Encode(sum, string(base.Hash), strconv.FormatInt(last.Time.Unix(), 10), last.Name)
	}
	return out, nil
}

// newer orders branches: those committed to last come first.
func newer(a, b git.Ref) int { return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Name, b.Name)) }

// named reports whether word, in lower case, is in a name where a mask does not hide it.
func (s *Source) named(name, word string) bool {
	return word == "" || strings.Contains(strings.ToLower(name), word) &&
		strings.Contains(strings.ToLower(string(s.host.Redact("", []byte(name)))), word)
}

// branches lists the branches whose name has word in it and that come after one.
func (p *past) branches(ctx context.Context, word string, after git.Ref) ([]git.Ref, error) {
	var out []git.Ref
	for _, kind := range []git.RefKind{git.Branches, git.RemoteBranches} {
		o := git.RefOptions{Kind: kind}
		for n := 0; n < maxBranches; {
			refs, more, err := p.repo.Refs(ctx, o)
			if err != nil {
				return nil, err
			}
			for _, r := range refs {
				if r.To == "" && r.Hash != "" && p.s.named(r.Short(), word) &&
					(after.Name == "" || newer(after, r) < 0) {
					out = append(out, r)
				}
			}
			if !more || len(refs) == 0 {
				break
			}
			n += len(refs)
			o.After = refs[len(refs)-1].Name
		}
	}
	sorting.Sort(out, newer)
	return out, nil
}

// compared fills in what is to be said of branches.
func (p *past) compared(ctx context.Context, base git.Hash, refs []git.Ref) ([]code.Branch, error) {
	out := make([]code.Branch, len(refs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i, r := range refs {
		g.Go(func() error {
			ahead, behind, err := p.repo.AheadBehind(ctx, base, r.Hash)
			if err != nil {
				return err
			}
			commits, _, err := p.repo.Log(ctx, git.LogOptions{Commit: r.Hash, N: 1})
			if err != nil {
				return err
			}
			b := code.Branch{Name: r.Short(), Remote: strings.HasPrefix(r.Name, "refs/remotes/"), Hash: short(r.Hash), Time: r.Time,
				Ahead: ahead, Behind: behind}
			if len(commits) > 0 {
				b.Author, b.Subject = commits[0].Author.Name, commits[0].Subject
			}
			out[i] = b
			return nil
		})
	}
	return out, g.Wait()
}
