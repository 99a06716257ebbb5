package forge

import (
	"context"
	"strings"
	"time"
	"unicode"

	"cleat/internal/fail"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
	"cleat/internal/text"
	"cleat/internal/tree"
)

// An Index is the search that a forge has of its own. It names files that may hold what
// is looked for; what they hold is for a Searcher to see. Its methods are safe for
// concurrent use.
type Index interface {
	// Page returns a page of candidates. page is 0, or Page.Next of the page before.
	Page(ctx context.Context, q Question, page int) (Page, error)

	// Blob returns the content of a candidate, of at most MaxBlob bytes; beyond it fails
	// with fail.TooLarge.
	Blob(ctx context.Context, c Candidate) ([]byte, error)

	// Files reports whether Page finds files by their names.
	Files() bool

	// About says in a few words what the index knows of the target.
	About(t Target) string
}

// A Question is what is asked of an index. A file that holds what is looked for has
// Needle in it (for mode files: in its path), lies below Folder and is one of Target's.
type Question struct {
	Mode   code.Mode // Text or Files
	Needle string    // letters, digits, "_", "." and single spaces; never empty
	Name   string    // for mode files: the pattern, part of a path or a glob
	Folder string    // "" for any; slash-separated names of letters, digits and . _ -
	Lang   string    // as package tree names it; "" for any
	Target Target
}

// A Page is what an index returns at once.
type Page struct {
	Candidates []Candidate
	Next       int    // the page after it; 0 if there is none
	Incomplete string // why the index may have missed something, "" if it did not
}

// A Candidate is a file that may hold what is looked for.
type Candidate struct {
	Repo, Path string
	ID         string // by which Blob finds the content
}

// Limits of a search by an index.
const (
	PerPage    = 30      // candidates
	MaxBlob    = 1 << 20 // bytes of a candidate
	maxPages   = 4       // for one call
	blobAtOnce = 4
	window     = 2 * blobAtOnce // candidates that are looked at before the limit is
)

// question makes of q what an index is asked. ok is false if the pattern has nothing in
// it that an index could look for.
func question(q code.Query, t Target, p *paths) (Question, bool) {
	x := Question{Mode: q.Mode, Target: t, Needle: needle(q.Pattern), Name: q.Pattern}
	x.Lang, _ = tree.LangName(q.Lang)
	if f := p.folder(); plainFolder(f) {
		x.Folder = f
	}
	return x, x.Needle != ""
}

// maxNeedle is how much of a pattern an index is asked for, in bytes.
const maxNeedle = 200

// needle returns the longest part of a pattern that no index can take for anything but
// text: its syntax, whatever it is, has quotes, colons, signs and brackets.
func needle(pattern string) string {
	best := ""
	for _, run := range strings.FieldsFunc(pattern, func(r rune) bool { return !plainRune(r) && r != ' ' }) {
		for part := range strings.SplitSeq(run, "  ") {
			part = clip(strings.Trim(part, " ."))
			if words(part) > words(best) {
				best = part
			}
		}
	}
	return best
}

func plainRune(r rune) bool {
	return r == '_' || r == '.' || r != unicode.ReplacementChar && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// words counts what tells texts apart: letters and digits.
func words(s string) int {
	n := 0
	for _, r := range s {
		if r != ' ' && r != '.' {
			n++
		}
	}
	return n
}

// clip cuts what is too long after a word, or anywhere if there is none.
func clip(s string) string {
	if len(s) <= maxNeedle {
		return s
	}
	n := maxNeedle
	if i := strings.LastIndexAny(s[:n], " ."); i > 0 {
		n = i
	}
	return strings.Trim(strings.ToValidUTF8(s[:n], ""), " .")
}

func plainFolder(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !plainRune(r) && r != '/' && r != '-' || r > unicode.MaxASCII
	})
}

// indexed answers q by the index, from at on.
func (s *Searcher) indexed(ctx context.Context, began time.Time, q code.Query, m *scan.Matcher, t Target, at position) (*code.Result, error) {
	p, err := newPaths(q.Paths)
	if err != nil {
		return nil, err
	}
	scope := text.Line(t.String())
	var r Repository // the one there is, if there is one
	if t.Name != "" {
		if r, err = s.repository(ctx, t); err != nil {
			return nil, err
		}
		t.Name, scope = r.Name, r.Name+"@"+text.Line(r.Branch)
	}
	x, ok := question(q, t, p)
	if !ok {
		if t.Name == "" {
			return nil, fail.Errorf(fail.Unsupported, "the index of %s finds words, and there is none in %.100q", s.Title, q.Pattern).
				Then("give one repository as repo: its archive is searched then")
		}
		return s.archived(ctx, q, r)
	}
	c := &collector{s: s, ctx: ctx, began: began, q: q, m: m, paths: p, lang: x.Lang, target: t, limit: limit(q), res: &code.Result{Scope: scope}}
	err = c.run(x, at)
	switch {
	case err != nil:
		return nil, err
	case c.res.Matches == 0 && c.res.Partial == "" && q.Cursor == "" && c.res.Cursor == "" && t.Name != "" && q.Mode == code.Text:
		// An index knows words, and a literal may be less or other than one. Before
		// "nothing" is said, the files themselves are searched.
		res, err := s.archived(ctx, q, r)
		if err == nil {
			return res, nil
		}
		if code := fail.From(err).Code; code == fail.NotFound || code == fail.Denied || code == fail.Invalid || ctx.Err() != nil {
			return nil, err
		}
		c.res.Partial = "the archive could not be searched for what the index lacks: " + fail.From(err).What
	}
	c.finish()
	return c.res, nil
}

func limit(q code.Query) int {
	if q.Limit <= 0 {
		return 200
	}
	return min(q.Limit, scan.MaxLimit)
}
