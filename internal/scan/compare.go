package scan

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// comparedLines is how many matching lines Compare holds of each side at once. A file that
// has more is not compared.
const comparedLines = 100_000

// Compare searches a and b and returns the matching lines that only one of them has, in
// the order of paths: Line.Only is "-" for those of a and "+" for those of b. Lines of a
// file that have the same text are the same, whatever their numbers; if one side has more
// of them, it is the last ones that only it has. There are no context and no scopes.
//
// A file with more than 100,000 matching lines on either side is not compared, and named
// in Result.Skipped. A path of the query need not be on both sides. Result.Stats is about
// both sides together. Limits, cursors and the end of ctx are as for Run, and
// File.Matches is the number of all lines of the file that only one side has. It fails
// as Run does, and with fail.Invalid for mode files.
func Compare(ctx context.Context, a, b tree.Files, m *Matcher, o Options) (*code.Result, error) {
	if m.q.Mode == code.Files {
		return nil, fail.Errorf(fail.Invalid, "mode=files does not compare").
			Then("use mode=text or mode=regex; the paths of one side are found with a single ref")
	}
	c := &comparison{m: m, room: m.q.Limit, began: time.Now(), res: &code.Result{}}
	at := position{walk: true}
	if m.after != nil {
		at = *m.after
	}
	for {
		sides, err := c.walk(ctx, [2]tree.Files{a, b}, at, o)
		if err != nil {
			return nil, err
		}
		end := earliest(sides[0].end, sides[1].end)
		next, more := c.deliver(sides, end, at.place)
		switch {
		case more:
			at.place = next
		case end != "":
			gained := end > at.path
			if gained {
				at.place = place{path: end}
			}
			if gained && ctx.Err() == nil {
				continue // nothing is known of what comes after end
			}
			c.res.Partial = fail.WhyEnded(ctx, c.began)
		default:
			return c.finish(nil), nil
		}
		return c.finish(&at), nil
	}
}

// A comparison is one Compare under way.
type comparison struct {
	m       *Matcher
	res     *code.Result
	room    int
	began   time.Time
	large   []string // files over the size limit
	deep    int      // folders that are too deep
	skipped []string // files with too many lines
	many    int      // … and how many they are
}

// A side is what one of two trees has. All that sorts before end is known; end is empty
// if all is.
type side struct {
	files []*found
	end   string
}

func earliest(a, b string) string {
	if a == "" || b != "" && b < a {
		return b
	}
	return a
}

// walk searches both sides at once, so that neither has the time of the other.
func (c *comparison) walk(ctx context.Context, trees [2]tree.Files, at position, o Options) (sides [2]side, err error) {
	var errs [2]error
	var runs [2]*run
	var stats [2]tree.WalkStats
	seed := maphash.MakeSeed()
	var wg sync.WaitGroup
	for i, files := range trees {
		r := newRun(ctx, c.m, o, newCollector(comparedLines+1, true))
		r.context, r.sums, r.seed = 0, true, seed
		r.perFile = comparedLines
		r.start = at.path
		runs[i] = r
		wg.Go(func() { stats[i], errs[i] = r.walk(files) })
	}
	wg.Wait()
	for i, err := range errs {
		// What is named may be on one side only.
		if err != nil && (fail.From(err).Code != fail.NotFound || errs[1-i] != nil) {
			return sides, err
		}
		if err != nil {
			stats[i].Pending = ""
		}
	}
	for i, r := range runs {
		var add code.Result
		c.large = append(c.large, r.stats(&add, stats[i])...)
		c.deep += stats[i].Deep
		c.res.Stats.Add(add.Stats)
		if sides[i].end = stats[i].Pending; sides[i].end == "" && r.c.paths.full {
			sides[i].end = r.c.last() + "\x00" // just behind it
		}
		sides[i].files = r.c.paths.sorted()
	}
	return sides, nil
}

// deliver adds what differs before end, behind the place at. If there is not room for
// all, it returns where to go on.
func (c *comparison) deliver(sides [2]side, end string, at place) (next place, more bool) {
	old, new := sides[0].files, sides[1].files
	for len(old) > 0 || len(new) > 0 {
		var pair [2]*found
		order := -1
		switch {
		case len(old) == 0:
			order = 1
		case len(new) > 0:
			order = strings.Compare(old[0].Path, new[0].Path)
		}
		if order <= 0 {
			pair[0], old = old[0], old[1:]
		}
		if order >= 0 {
			pair[1], new = new[0], new[1:]
		}
		f := c.diff(pair)
		if end != "" && f.Path >= end {
			break
		}
		given := 0
		if f.Path == at.path {
			given = min(at.given, len(f.Lines))
		}
		most := min(len(f.Lines), c.m.q.PerFile) // over all pages
		if given >= most {
			continue
		}
		n := min(most-given, c.room)
		f.Lines = f.Lines[given : given+n]
		if n > 0 {
			c.res.Files = append(c.res.Files, f)
			c.res.Matches += n
			c.room -= n
		}
		if given+n < most {
			return place{path: f.Path, given: given + n}, true
		}
	}
	return place{}, false
}

// diff returns the lines that only one of two files has, either of which may be nil.
func (c *comparison) diff(pair [2]*found) code.File {
	var f code.File
	has := make(map[uint64][2]int) // by side
	for i, side := range pair {
		if side == nil {
			continue
		}
		f.Path = side.Path
		if side.Matches > side.kept {
			if c.many++; len(c.skipped) < maxNamed {
				c.skipped = append(c.skipped, side.Path)
			}
			return f
		}
		for _, sum := range side.sums {
			n := has[sum]
			n[i]++
			has[sum] = n
		}
	}
	for i, side := range pair {
		if side == nil {
			continue
		}
		both := make(map[uint64]int)
		for k, l := range side.Lines {
			sum := side.sums[k]
			if n := has[sum]; both[sum] < min(n[0], n[1]) {
				both[sum]++
				continue
			}
			l.Only = [...]string{"-", "+"}[i]
			f.Lines = append(f.Lines, l)
		}
	}
	sorting.Sort(f.Lines, func(a, b code.Line) int { return cmp.Compare(a.Number, b.Number) })
	f.Matches = len(f.Lines)
	return f
}

// finish completes the result; next is nil at the end.
func (c *comparison) finish(next *position) *code.Result {
	if next != nil {
		c.res.Cursor = next.encode(c.m.sum)
	}
	if c.res.Partial == "" && c.deep > 0 {
		c.res.Partial = TooDeep(c.deep)
	}
	c.res.Skipped = TooLarge(c.large)
	if c.many > 0 {
		if c.res.Skipped != "" {
			c.res.Skipped += "; "
		}
		c.res.Skipped += "too many matching lines to compare: " + strings.Join(c.skipped, ", ")
		if n := c.many - len(c.skipped); n > 0 {
			c.res.Skipped += fmt.Sprintf(" and %d more", n)
		}
	}
	c.res.Stats.Took = time.Since(c.began)
	return c.res
}

// File returns the matching lines of one file that is in memory, with context and
// scopes, as Run would have them; limit and cursor do not count, but the most lines of a
// file do. It is not ok if there are none: the content is no text or too large, the
// file is closed or of another language. For mode files it says whether the path
// matches, and data may be nil. It is safe for concurrent use.
func (m *Matcher) File(path string, data []byte, o Options) (f code.File, ok bool) {
	if m.lang != "" && tree.Lang(path) != m.lang || o.Deny != nil && o.Deny(path) {
		return code.File{}, false
	}
	if m.q.Mode == code.Files {
		return code.File{Path: path}, m.paths.match(path)
	}
	r := newRun(context.Background(), m, o, newCollector(MaxLimit, true))
	w := &worker{run: r, lines: m.lines(func() bool { return false })}
	data, ok = tree.Text(data, nil)
	if !ok || int64(len(data)) > r.o.MaxFile {
		return code.File{}, false
	}
	w.lines.reset()
	h, ok := w.lines.next(data, 0)
	if !ok {
		return code.File{}, false
	}
	if data, h, ok = w.mask(path, data, h); !ok {
		return code.File{}, false
	}
	out := &found{File: code.File{Path: path}}
	w.collect(out, data, h, nil)
	if scoped(path) && len(data) <= maxScopedFile {
		out.Lines = addScopes(path, out.Lines, data, r.o.MaxLine)
	}
	return out.File, out.kept > 0
}
