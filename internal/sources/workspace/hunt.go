package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
	"cleat/internal/text"
)

const (
	defaultLimit = 200
	maxNotes     = 8 // about repositories, in one answer
)

// A hunt is one page of a search through repositories, in the order of their names.
type hunt struct {
	s     *Source
	q     code.Query
	spec  spec
	units []*repository
	many  bool // not one repository that is named
	plain bool // a work tree alone, whose own cursor will do
	began time.Time
	sum   uint64

	at    int    // of units, where the page begins
	pins  string // what a ref stood for there
	inner string // the cursor there

	res      *code.Result
	room     int // lines that may still be returned
	searched int
	whole    int  // that are done with
	bare     bool // of those that were searched, at least one is bare
	notes    int
	failures []error
}

func newHunt(s *Source, q code.Query, sp spec, units []*repository) *hunt {
	h := &hunt{s: s, q: q, spec: sp, units: units, began: time.Now(), res: &code.Result{Files: []code.File{}}, room: q.Limit}
	if h.room == 0 {
		h.room = defaultLimit
	}
	h.room = min(h.room, scan.MaxLimit)
	h.many = len(units) > 1
	h.plain = !h.many && sp.ref == "" && units[0].root != nil
	mode, letters := q.Mode, q.Case
	if mode == "" {
		mode = code.Text
	}
	if letters == "" {
		letters = code.Sensitive
	}
	h.sum = cursor.Sum(append([]string{string(mode), q.Pattern, q.Lang, string(letters), strconv.FormatBool(q.Word), q.Repo, q.Ref}, q.Paths...)...)
	return h
}

// begin reads the cursor. It fails with fail.Invalid.
func (h *hunt) begin() error {
	if h.q.Cursor == "" || h.plain {
		h.inner = h.q.Cursor
		return nil
	}
	f, err := cursor.Decode(h.q.Cursor, h.sum, 3)
	if err != nil {
		return err
	}
	h.at = slices.IndexFunc(h.units, func(u *repository) bool { return u.name == f[0] })
	if h.at < 0 {
		return cursor.Stale("the repository that it goes on in is gone")
	}
	h.pins, h.inner = f[1], f[2]
	return nil
}

// goOn makes the cursor that goes on in the repository i.
func (h *hunt) goOn(i int, pins, inner string) {
	if h.plain {
		h.res.Cursor = inner
		return
	}
	h.res.Cursor = cursor.Encode(h.sum, h.units[i].name, pins, inner)
}

// run searches until the page is full or the time is over.
func (h *hunt) run(ctx context.Context) (*code.Result, error) {
	pins, inner := h.pins, h.inner
	for i := h.at; i < len(h.units); i, pins, inner = i+1, "", "" {
		if h.room <= 0 || i > h.at && ctx.Err() != nil {
			h.goOn(i, "", "")
			break
		}
		res, now, err := h.one(ctx, i, pins, inner)
		switch {
		case err != nil && ended(ctx, err):
			h.res.Partial = "the time was over before " + what(h.units[i]) + " could be searched"
			h.goOn(i, pins, inner)
		case err != nil:
			h.failed(h.units[i], err)
			h.whole++
			continue
		case res.Partial != "" && res.Cursor == "" && ctx.Err() != nil && i > h.at:
			// It cannot be gone on with, but it can be begun again.
			h.res.Partial = res.Partial
			h.goOn(i, now, "")
		case res.Cursor != "":
			h.add(h.units[i], res)
			h.goOn(i, now, res.Cursor)
		default:
			h.add(h.units[i], res)
			h.whole++
			continue
		}
		break
	}
	return h.end(ctx)
}

// ended reports whether err is only that the time was over.
func ended(ctx context.Context, err error) bool {
	switch fail.From(err).Code {
	case fail.Invalid, fail.NotFound, fail.Denied, fail.Unsupported:
		return false
	}
	return ctx.Err() != nil
}

func what(u *repository) string { return "the repository " + strconv.Quote(u.name) }

// one searches the repository i for what there is still room for.
func (h *hunt) one(ctx context.Context, i int, pins, inner string) (res *code.Result, now string, err error) {
	u := h.units[i]
	v, err := h.s.view(ctx, u, h.spec, pins, h.many)
	if err != nil {
		return nil, "", err
	}
	defer v.close()
	q := h.q
	q.Cursor, q.Limit = inner, h.room
	if res, err = h.s.search(ctx, u, v, q); err != nil {
		return nil, "", err
	}
	if !h.many {
		h.res.Scope = v.scope
	}
	return res, v.pins, nil
}

// add adds what was found in one repository.
func (h *hunt) add(u *repository, res *code.Result) {
	h.searched++
	h.bare = h.bare || u.bare
	out := h.res
	if h.s.several() {
		for i := range res.Files {
			res.Files[i].Repo = u.name
		}
		for i := range res.Definitions {
			res.Definitions[i].Repo = u.name
		}
	}
	out.Stats.Add(res.Stats)
	if res.Skipped != "" {
		h.note(u, res.Skipped)
	}
	if res.Partial != "" {
		out.Partial = join(out.Partial, h.label(u)+res.Partial)
	}
	h.room -= res.Matches
	if res.Matches == 0 && len(res.Definitions) == 0 {
		if out.Matches == 0 && len(out.Definitions) == 0 {
			out.How = res.How
		}
		return
	}
	// Names like the one asked for are only of interest while there is no better.
	switch similar := res.How == code.SimilarNames; {
	case out.How == code.SimilarNames && !similar:
		out.Definitions, out.Files, out.Matches = nil, []code.File{}, 0
	case similar && len(out.Definitions) > 0 && out.How != code.SimilarNames:
		return
	}
	out.How = res.How
	out.Definitions = append(out.Definitions, res.Definitions...)
	out.Files = append(out.Files, res.Files...)
	out.Matches += res.Matches
}

// label names a repository where that is not clear.
func (h *hunt) label(u *repository) string {
	if !h.many {
		return ""
	}
	return u.name + ": "
}

// note adds a note about a repository.
func (h *hunt) note(u *repository, what string) {
	if h.notes++; h.notes <= maxNotes {
		h.res.Skipped = join(h.res.Skipped, h.label(u)+what)
	}
}

// failed notes a repository that could not be searched.
func (h *hunt) failed(u *repository, err error) {
	h.failures = append(h.failures, err)
	h.note(u, fail.From(err).What)
}

// end finishes the page. Where nothing could be searched, that is an error.
func (h *hunt) end(ctx context.Context) (*code.Result, error) {
	if h.searched == 0 && len(h.failures) > 0 && h.at == 0 && h.res.Cursor == "" {
		return nil, h.failure()
	}
	if n := h.notes - maxNotes; n > 0 {
		h.res.Skipped = join(h.res.Skipped, "and notes on "+text.Count(n, "more repository"))
	}
	if h.many {
		h.res.Scope = h.scope()
		if ctx.Err() != nil && h.res.Cursor != "" {
			if h.res.Partial == "" {
				h.res.Partial = "the time is over"
			}
			h.res.Partial += fmt.Sprintf("; %d of %d repositories were searched to the end", h.at+h.whole, len(h.units))
		}
	}
	h.res.Stats.Took = time.Since(h.began)
	return h.res, nil
}

// failure is the one error of all repositories.
func (h *hunt) failure() error {
	first := h.failures[0]
	if len(h.failures) == 1 {
		return first
	}
	var f *fail.Error
	if !errors.As(first, &f) {
		return first
	}
	all := *f
	all.What = fmt.Sprintf("none of the %d repositories could be searched; the first: %s", len(h.units), f.What)
	return &all
}

// scope says what was searched of several repositories.
func (h *hunt) scope() string {
	n := text.Count(len(h.units), "repository")
	switch {
	case h.q.Ref != "":
		return h.q.Ref + " in " + n
	case h.bare:
		return n + ", bare ones at HEAD"
	}
	return n
}
