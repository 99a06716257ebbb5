// Package candidates makes a code.Result of the files that a remote index proposes.
//
// An index has a query language, a ranking and limits of its own. What it returns is taken
// as a proposal: which lines match is decided here, by the rules that hold for files on
// this machine, after secrets are masked. So a query means the same everywhere, and a
// service cannot make lines match that do not. The order of the files is the service's.
package candidates

import (
	"cmp"
	"context"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/cursor"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// MaxGiven is the most files that the pages of one search look at together.
const MaxGiven = 1000

const defaultLimit = 200

// A File is a file that a service proposes.
type File struct {
	Repo string
	Path string

	// Parts are what is known of its content, in order, without overlap; one part from
	// line 1 if the content is known as a whole. Mode files needs none.
	Parts []Part

	// Definitions are what the service says is defined in the file under the name that
	// is looked for; only Line, Kind, Container and Name count. They are used where no
	// scanner of ours can read the file, or Parts are not the whole.
	Definitions []code.Definition
	Whole       bool // Parts are the whole file
}

// A Part is a run of lines of a file.
type Part struct {
	First int // number of the first line, from 1
	Data  []byte
}

// Options are what a Collector needs besides the query.
type Options struct {
	Source string // identifies the source, for cursors
	Redact func(name string, text []byte) []byte
	Closed func(path string) bool // nil where no path is closed
}

// A Collector takes the files of a service in their order and keeps what matches. It is
// for one goroutine.
type Collector struct {
	q     code.Query
	o     Options
	lines *scan.Matcher // modes text, regex, refs and files
	paths *Paths
	lang  string
	name  name // modes symbol and refs
	sum   uint64

	known map[uint64][]code.Definition // what Define was told, by file

	given []uint64        // files of earlier pages and of this one, by key
	begun map[uint64]spot // files that a page ended in; several where the order changes

	res  code.Result
	n    int // what counts against the limit
	full bool
}

// New reads the query. It fails with fail.Invalid for one that cannot be understood, and
// with fail.Denied for a path that leads out of the repository.
func New(q code.Query, o Options) (*Collector, error) {
	q.Mode = cmp.Or(q.Mode, code.Text)
	c := &Collector{q: q, o: o, begun: map[uint64]spot{}}
	var err error
	if c.paths, err = NewPaths(q.Paths); err != nil {
		return nil, err
	}
	c.sum = cursor.Sum(append([]string{"candidates", o.Source, string(q.Mode), q.Pattern, q.Lang, string(q.Case),
		strconv.FormatBool(q.Word), q.Repo, q.Ref}, q.Paths...)...)
	if q.Cursor != "" {
		if err := c.resume(q.Cursor); err != nil {
			return nil, err
		}
	}
	m := q
	m.Cursor, m.Paths, m.Repo, m.Ref, m.Limit, m.PerFile = "", nil, "", "", min(q.Limit, 0), min(q.PerFile, 0)
	if m.Limit == 0 {
		m.Limit = scan.MaxLimit
	}
	switch q.Mode {
	case code.Symbol, code.Refs:
		if c.name, err = parseName(q); err != nil {
			return nil, err
		}
		m.Mode, m.Pattern, m.Word = code.Text, c.name.last, true
	}
	if c.lines, err = scan.Compile(m); err != nil {
		return nil, err
	}
	if q.Lang != "" {
		c.lang, _ = tree.LangName(q.Lang) // Compile knows it
	}
	if c.q.Limit == 0 {
		c.q.Limit = defaultLimit
	}
	if q.Mode == code.Refs {
		c.res.How = "by name"
	}
	c.res.Files, c.known = []code.File{}, map[uint64][]code.Definition{}
	return c, nil
}

// Given returns how many files were looked at, by earlier pages too: so many of the
// service's answer will be left out.
func (c *Collector) Given() int { return len(c.given) }

// Has reports whether the file was looked at as a whole, by an earlier page too.
func (c *Collector) Has(repo, path string) bool {
	return slices.Contains(c.given, keyOf(File{Repo: repo, Path: path}))
}

// Found returns how much was found.
func (c *Collector) Found() int { return c.n + len(c.res.Definitions) }

// Full reports whether the limit is reached.
func (c *Collector) Full() bool { return c.full }

// Add looks at the next file. It fails with the cause of ctx when that ends.
func (c *Collector) Add(ctx context.Context, f File) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if c.full || !fs.ValidPath(f.Path) || f.Path == "." {
		return nil
	}
	key := keyOf(f)
	if slices.Contains(c.given, key) {
		return nil
	}
	if c.n >= c.q.Limit || len(c.given) >= MaxGiven {
		c.full = true // there is at least one more that may match: the next page will tell
		return nil
	}
	c.res.Stats.Files++
	for _, p := range f.Parts {
		c.res.Stats.Bytes += int64(len(p.Data))
	}
	if c.admits(f) {
		c.look(f, key)
	}
	if !c.full {
		c.given = append(c.given, key)
		delete(c.begun, key)
	}
	return nil
}

// admits reports whether the query is about the file, and policy leaves it open.
func (c *Collector) admits(f File) bool {
	switch {
	case c.lang != "" && tree.Lang(f.Path) != c.lang, !c.paths.Match(f.Path):
		return false
	case c.o.Closed != nil && c.o.Closed(f.Path):
		c.res.Stats.Denied++
		return false
	}
	return true
}

// Define tells which definitions f has, apart from what Add may be told later: those of
// the name are shown on the first page, before everything else, and their lines are no
// uses.
func (c *Collector) Define(f File) {
	if !fs.ValidPath(f.Path) || !c.admits(f) {
		return
	}
	f.Whole = false
	defs, _, _ := c.definitions(f)
	key := keyOf(f)
	c.known[key] = append(c.known[key], defs...)
	if len(c.given) == 0 && len(c.begun) == 0 {
		c.res.Definitions = append(c.res.Definitions, defs...)
	}
}

// look adds what matches in f, and sets full if that is not all of it.
func (c *Collector) look(f File, key uint64) {
	var defs []code.Definition
	uses := map[int]bool{}
	sure := false // uses says which lines have the name outside comments and strings
	if c.name.last != "" {
		defs, uses, sure = c.definitions(f)
		if _, begun := c.begun[key]; !begun {
			for _, d := range defs {
				if !slices.Contains(c.known[key], d) {
					c.res.Definitions = append(c.res.Definitions, d)
				}
			}
		}
		defs = append(defs, c.known[key]...)
	}
	if c.q.Mode == code.Symbol {
		c.n += len(defs)
		c.res.Matches += len(defs)
		return
	}
	out := c.match(f)
	switch {
	case out == nil:
		return
	case c.q.Mode == code.Files:
		c.add(*out)
		c.n++
		return
	}
	if c.q.Mode == code.Refs {
		drop := func(n int) bool {
			return sure && !uses[n] || slices.ContainsFunc(defs, func(d code.Definition) bool { return d.Line == n })
		}
		for i, l := range out.Lines {
			if l.Match && drop(l.Number) {
				out.Lines[i].Match = false
				out.Matches--
			}
		}
		out.Lines = near(out.Lines, c.q.Context)
	}
	if out.Matches > 0 {
		c.take(f, out, key)
	}
}

// take adds the lines of a file that the page has room for.
func (c *Collector) take(f File, out *code.File, key uint64) {
	from := c.begun[key]
	room := c.q.Limit - c.n
	perFile := scan.MaxLimit
	if c.q.PerFile > 0 {
		perFile = c.q.PerFile - from.given
	}
	var kept []code.Line
	n, line := 0, from.line
	cut := false
	for _, l := range out.Lines {
		if l.Number <= from.line {
			continue
		}
		if l.Match {
			if n == perFile {
				break
			}
			if n == room {
				cut = true
				break
			}
			n++
			line = l.Number
		}
		kept = append(kept, l)
	}
	for len(kept) > 0 && !kept[len(kept)-1].Match && kept[len(kept)-1].Number > line+c.q.Context {
		kept = kept[:len(kept)-1]
	}
	if n > 0 {
		c.add(code.File{Repo: f.Repo, Path: f.Path, Lines: kept, Matches: out.Matches})
		c.res.Matches += n
		c.n += n
	}
	if cut {
		c.full = true
		c.begun[key] = spot{line, from.given + n}
	}
}

func (c *Collector) add(f code.File) {
	if c.q.Mode == code.Files {
		c.res.Matches++
	}
	c.res.Files = append(c.res.Files, f)
}

// match returns the matching lines of f, all of them, nil if there are none.
func (c *Collector) match(f File) *code.File {
	out := &code.File{Repo: f.Repo, Path: f.Path}
	if c.q.Mode == code.Files {
		if _, ok := c.lines.File(f.Path, nil, scan.Options{}); !ok {
			return nil
		}
		return out
	}
	last := 0
	for _, p := range f.Parts {
		found, ok := c.lines.File(f.Path, p.Data, scan.Options{Redact: c.o.Redact})
		if !ok {
			continue
		}
		for _, l := range found.Lines {
			l.Number += p.First - 1
			if l.Number <= last {
				continue // parts overlap, against the rules
			}
			last = l.Number
			l.Scope = l.Scope && f.Whole // what a part begins in cannot be told
			out.Lines = append(out.Lines, l)
			if l.Match {
				out.Matches++
			}
		}
	}
	if out.Matches == 0 {
		return nil
	}
	if !f.Whole {
		out.Lines = near(out.Lines, c.q.Context)
	}
	return out
}

// Result returns what was kept. more says that the service has more files than were
// added; the result then has a cursor, unless all pages together have MaxGiven files.
func (c *Collector) Result(more bool, took time.Duration) *code.Result {
	c.res.Stats.Took = took
	switch {
	case !c.full && !more:
	case len(c.given) >= MaxGiven:
		c.Partial("the pages of this search have " + strconv.Itoa(MaxGiven) + " files together, which is the most; narrow the search")
	default:
		if c.res.Cursor = c.cursor(); len(c.res.Cursor) > cursor.Max {
			c.res.Cursor = ""
			c.Partial("the pages of this search end in too many files; narrow the search")
		}
	}
	return &c.res
}

// Partial notes why the search is not complete.
func (c *Collector) Partial(why string) {
	if strings.Contains(c.res.Partial, why) {
		return
	}
	if c.res.Partial != "" {
		why = c.res.Partial + "; " + why
	}
	c.res.Partial = why
}

// Skipped notes what the reader may miss.
func (c *Collector) Skipped(what string) {
	if strings.Contains(c.res.Skipped, what) {
		return
	}
	if c.res.Skipped != "" {
		what = c.res.Skipped + "; " + what
	}
	c.res.Skipped = what
}
