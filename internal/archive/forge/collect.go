package forge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cleat/internal/archive"
	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// A collector fills the result of one search by an index.
type collector struct {
	s      *Searcher
	ctx    context.Context
	began  time.Time
	q      code.Query
	m      *scan.Matcher
	paths  *paths
	lang   string
	target Target
	limit  int
	res    *code.Result

	dropped int // candidates that do not match
	foreign int // candidates of other repositories
	large   []string
}

// run reads pages until the limit is met, the index has no more, or the call has asked
// enough.
func (c *collector) run(x Question, at position) error {
	for n := 0; ; n++ {
		if n == maxPages {
			c.res.Cursor = at.encode(c.q)
			return nil
		}
		page, err := c.s.Index.Page(c.ctx, x, at.page)
		if err != nil {
			return c.stop(err, at)
		}
		if at.at > 0 || at.key != 0 {
			if at.at >= len(page.Candidates) || page.Candidates[at.at].key() != at.key {
				return cursor.Stale("what the index answers has changed since")
			}
		}
		if page.Incomplete != "" {
			c.res.Partial = page.Incomplete
		}
		full, err := c.page(page.Candidates, &at)
		if err != nil {
			return c.stop(err, at)
		}
		if full {
			c.res.Cursor = at.encode(c.q)
			return nil
		}
		if page.Next == 0 {
			return nil
		}
		at = position{page: page.Next}
		if c.limit == 0 {
			c.res.Cursor = at.encode(c.q)
			return nil
		}
	}
}

// stop ends the search early: with what was found, if anything was.
func (c *collector) stop(err error, at position) error {
	f := fail.From(err)
	switch {
	case c.ctx.Err() != nil:
		c.res.Partial = fail.WhyEnded(c.ctx, c.began)
	case len(c.res.Files) == 0, f.Code == fail.Internal:
		return err
	case f.Retry > 0:
		c.res.Partial = fmt.Sprintf("%s; go on after %s", f.What, f.Retry.Round(time.Second))
	default:
		c.res.Partial = f.What
	}
	c.res.Cursor = at.encode(c.q)
	return nil
}

// page looks at candidates from at on, and reports whether the limit was met. at is then
// where to go on.
func (c *collector) page(cands []Candidate, at *position) (full bool, err error) {
	seen := map[Candidate]bool{}
	for _, k := range cands[:at.at] {
		seen[k] = true
	}
	for from := at.at; from < len(cands); {
		to := min(from+window, len(cands))
		batch := make([]verdict, to-from)
		for i, k := range cands[from:to] {
			batch[i] = c.wanted(k, seen[k])
			seen[k] = true
		}
		if c.q.Mode == code.Files {
			c.byName(cands[from:to], batch)
		} else {
			c.look(cands[from:to], batch)
		}
		for i, v := range batch {
			if v.err != nil {
				return false, v.err
			}
			if c.add(cands[from+i], v, at) {
				return true, nil
			}
			// What is done is not looked at again, whatever ends the search.
			*at = position{page: at.page, at: from + i + 1}
			if at.at < len(cands) {
				at.key = cands[at.at].key()
			}
		}
		from = to
	}
	return false, nil
}

// wanted decides about a candidate what can be said without its content.
func (c *collector) wanted(k Candidate, seen bool) verdict {
	switch {
	case seen:
		return verdict{skip: true}
	case !c.target.Has(k.Repo):
		c.foreign++
		return verdict{skip: true}
	case archive.Names([]string{k.Path}).Len() == 0, !askable(k.Path):
		c.res.Stats.Denied++
		return verdict{skip: true}
	case !c.paths.match(k.Path), c.lang != "" && tree.Lang(k.Path) != c.lang:
		return verdict{skip: true}
	}
	if deny := c.s.options(k.Repo).Deny; deny != nil && tree.Denies(deny, k.Path) {
		c.res.Stats.Denied++
		return verdict{skip: true}
	}
	return verdict{}
}

// askable reports whether a path may stand in a request, however often it is decoded there.
func askable(path string) bool {
	_, err := rest.Path(path)
	return err == nil
}

// add takes what was found in a candidate into the result.
func (c *collector) add(k Candidate, v verdict, at *position) (full bool) {
	if v.skip {
		return false
	}
	switch v.state {
	case large:
		c.res.Stats.Large++
		c.large = append(c.large, k.Path)
		return false
	case notText:
		c.res.Stats.Binary++
		return false
	case gone:
		c.dropped++
		return false
	}
	c.res.Stats.Files++
	c.res.Stats.Bytes += v.bytes
	if v.state == unmatched {
		c.dropped++
		return false
	}
	if c.limit == 0 {
		// Something is left: the cursor stands before it.
		*at = position{page: at.page, at: at.at, key: k.key(), line: at.line}
		return true
	}
	f, last, more := part(v.file, at.line, c.limit, c.q)
	if f.Path == "" { // all of it was delivered by an earlier page
		return false
	}
	f.Repo = c.s.named(k.Repo)
	n := matches(f)
	c.res.Files = append(c.res.Files, f)
	c.res.Matches += n
	c.limit -= n
	if more {
		*at = position{page: at.page, at: at.at, key: k.key(), line: last}
	}
	return more
}

// finish says what was not shown.
func (c *collector) finish() {
	r := c.res
	r.How = "by the index of " + c.s.Title + ": " + c.s.Index.About(c.target)
	r.Skipped = scan.TooLarge(c.large)
	if c.dropped == 1 {
		r.Skipped = join(r.Skipped, "1 file that the index named does not match")
	} else if c.dropped > 1 {
		r.Skipped = join(r.Skipped, fmt.Sprintf("%d files that the index named do not match", c.dropped))
	}
}

// key tells a candidate from others.
func (k Candidate) key() uint64 {
	return max(cursor.Sum(k.Repo, k.Path, k.ID), 1) // 0 is none
}

func matches(f code.File) int {
	n := 0
	for _, l := range f.Lines {
		if l.Match {
			n++
		}
	}
	if len(f.Lines) == 0 {
		return 1 // mode files
	}
	return n
}

// part returns the lines of f after the given one, with at most limit matches, the last
// of them, and whether there are more. It is empty if nothing is left.
func part(f code.File, after, limit int, q code.Query) (out code.File, last int, more bool) {
	if len(f.Lines) == 0 {
		return f, 0, false
	}
	var hits []int // numbers of matching lines
	for _, l := range f.Lines {
		if l.Match {
			hits = append(hits, l.Number)
		}
	}
	if q.PerFile > 0 {
		hits = hits[:min(len(hits), q.PerFile)]
	}
	i, found := slices.BinarySearch(hits, after)
	if found {
		i++
	}
	rest := hits[i:]
	if len(rest) == 0 {
		return code.File{}, after, false
	}
	more = len(rest) > limit
	rest = rest[:min(len(rest), limit)]
	first, last := rest[0]-q.Context, rest[len(rest)-1]
	out = f
	out.Lines = nil
	for _, l := range f.Lines {
		if l.Match && (l.Number <= after || l.Number > last) || l.Number < first && after > 0 || l.Number > last+q.Context {
			continue
		}
		out.Lines = append(out.Lines, l)
	}
	return out, last, more
}
