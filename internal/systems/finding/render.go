package finding

import (
	"strings"

	"cleat/internal/text"
)

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
		w.Say("not searched: %s", text.Line(m))
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
