// Package finding looks through all systems for what a name, a path or a few words may
// mean, and answers with addresses.
package finding

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// Places lists the systems that can be looked in.
func Places() []string { return []string{"documents", "code"} }

// A Query says what to look for. In is empty for every system; Limit 0 means 20.
type Query struct {
	Text  string
	In    []string
	Limit int
}

// Found is what a query may mean, best first.
type Found struct {
	Items   []Item   `json:"items"`
	Looked  []string `json:"looked"`            // the sources asked, with what they had
	Missed  []string `json:"missed,omitempty"`  // the sources that could not be asked, and why
	Omitted int      `json:"omitted,omitempty"` // items that the budget left out
}

// An Item is one candidate.
type Item struct {
	URI    string `json:"uri"`
	Title  string `json:"title,omitempty"` // a title, or the line that matched
	Source string `json:"source"`
}

// Find asks the sources of set. A source that fails is named and does not hide what the
// others have; when every one fails, so does Find.
func Find(ctx context.Context, set *systems.Set, q Query) (*Found, error) {
	if strings.TrimSpace(q.Text) == "" {
		return nil, fail.Errorf(fail.Invalid, "the query is empty").Then("pass a path, a file name or words")
	}
	if q.Limit == 0 {
		q.Limit = 20
	}
	wanted := func(place string) bool { return len(q.In) == 0 || slices.Contains(q.In, place) }
	out := &Found{Items: []Item{}}
	var errs []error
	if wanted("documents") {
		for _, n := range set.Documents {
			if f, ok := n.Backend.(documents.Finder); ok {
				items, err := f.Find(ctx, q.Text, q.Limit)
				errs = append(errs, out.asked(n.Name+" paths", len(items), err))
				for _, it := range items {
					out.add(Item{URI: it.URI, Title: it.Title, Source: n.Name})
				}
			}
		}
	}
	// Who may not search code gets no hits of it by this way either.
	if wanted("code") && len(out.Items) < q.Limit && (set.Offers == nil || set.Offers("code_search")) {
		for _, n := range set.Code {
			res, err := n.Backend.Search(ctx, code.Query{Pattern: strings.TrimSpace(q.Text), Case: code.Smart,
				Limit: q.Limit, PerFile: 1})
			if err != nil {
				errs = append(errs, out.asked(n.Name+" content", 0, err))
				continue
			}
			errs = append(errs, out.asked(fmt.Sprintf("%s content of %d files", n.Name, res.Stats.Files), len(res.Files), nil))
			for _, f := range res.Files {
				at := uri.New("text", f.Path)
				if a, ok := n.Backend.(code.Addresser); ok {
					at = a.Address(f.Path)
				}
				for _, l := range f.Lines {
					at.Fragment = fmt.Sprintf("L%d", l.Number)
					out.add(Item{URI: at.String(), Title: strings.TrimSpace(l.Text), Source: n.Name})
				}
			}
		}
	}
	out.Items = out.Items[:min(len(out.Items), q.Limit)]
	if len(out.Looked) == 0 {
		if err := errors.Join(errs...); err != nil {
			return nil, firstFailure(errs)
		}
		return nil, fail.Errorf(fail.Unsupported, "no source can be looked in").Then("see status for the sources")
	}
	return out, nil
}

func firstFailure(errs []error) error {
	i := slices.IndexFunc(errs, func(e error) bool { return e != nil })
	return errs[i]
}

// asked notes that a source was asked, and returns err.
func (f *Found) asked(what string, n int, err error) error {
	if err != nil {
		f.Missed = append(f.Missed, what+": "+fail.From(err).Error())
		return err
	}
	f.Looked = append(f.Looked, fmt.Sprintf("%s: %d", what, n))
	return nil
}

// add appends it, unless the same thing is there already.
func (f *Found) add(it Item) {
	if !slices.ContainsFunc(f.Items, func(x Item) bool { return x.URI == it.URI }) {
		f.Items = append(f.Items, it)
	}
}

// Text renders f, an address a line with its title behind it.
func (f *Found) Text(w *text.Writer) {
	if len(f.Items) == 0 {
		w.Say("nothing found; looked in %s", strings.Join(f.Looked, ", "))
		w.Say("next: fewer or other words, or code_search with mode=regex")
	} else {
		w.Say("%d found; looked in %s", len(f.Items)+f.Omitted, strings.Join(f.Looked, ", "))
	}
	for _, it := range f.Items {
		line := text.Line(it.URI)
		if it.Title != "" {
			line += "  " + text.Line(it.Title)
		}
		w.Quote(text.Origin{Source: it.Source}, line)
	}
	for _, m := range f.Missed {
		w.Say("not asked: %s", text.Line(m))
	}
	if f.Omitted > 0 {
		w.Say("… %d more: raise budget, or use more words", f.Omitted)
	}
}

// titleWidth is how long titles are, in bytes, before whole items go.
const titleWidth = 80

// Shrink implements text.Shrinker: titles are cut, then items go from the end.
func (f *Found) Shrink(keep float64) bool {
	cut := false
	for i := range f.Items {
		if t := f.Items[i].Title; len(t) > titleWidth+8 {
			f.Items[i].Title = strings.ToValidUTF8(t[:titleWidth], "") + "…"
			cut = true
		}
	}
	if cut {
		return true
	}
	n := min(int(float64(len(f.Items))*keep), len(f.Items)-1)
	if n < 1 {
		return false
	}
	f.Omitted += len(f.Items) - n
	f.Items = f.Items[:n]
	return true
}
