package code

import (
	"fmt"
	"strings"
	"time"

	"cleat/internal/text"
)

// Text renders r: what was found and searched; definitions as "path:12: signature
// [method of Repo, to L40]"; lines as "path:12: code", with context as "path-13- code" and
// what encloses them as "path=10= func …"; then what was left out and how to go on. Lines
// that one side of a comparison has begin with its sign. Repositories are named once, on a
// line above what is in them.
func (r *Result) Text(w *text.Writer) {
	w.Say("%s", r.summary())
	if next := r.next(); next != "" {
		w.Say("next: %s", next)
	}
	var from text.Origin // the source that was called
	w.Quote(from, r.body())
	if r.Skipped != "" {
		w.Quote(from, "skipped "+text.Line(r.Skipped))
	}
	if r.Detail != Whole {
		w.Say("… shown with %s to fit the budget: narrow with paths, lang or a longer pattern", r.Detail)
	}
	if r.Omitted > 0 {
		w.Say("… %s with matches left out to fit the budget: narrow with paths or lang", text.Count(r.Omitted, "more file"))
	}
	if r.Read != "" {
		w.Quote(from, "read the first at "+text.Line(r.Read))
	}
	if r.Partial != "" {
		way := "go on with the cursor"
		if r.Cursor == "" {
			way = "raise timeout_ms"
		}
		w.Say("partial: %s; narrow with paths, or %s", r.Partial, way)
	}
	w.Cursor(r.Cursor)
}

// body is what was found, by repository.
func (r *Result) body() string {
	var b strings.Builder
	order, parts := r.repos()
	for _, repo := range order {
		if repo != "" {
			fmt.Fprintf(&b, "repo %s:\n", text.Line(repo))
		}
		for _, d := range parts[repo].definitions {
			d.text(&b)
		}
		for _, f := range parts[repo].files {
			f.text(&b, r.Detail)
		}
	}
	return b.String()
}

// A share is what one repository has of a result.
type share struct {
	definitions []*Definition
	files       []*File
}

// repos groups the result by repository, in the order in which they come.
func (r *Result) repos() (order []string, parts map[string]*share) {
	parts = make(map[string]*share)
	of := func(repo string) *share {
		p := parts[repo]
		if p == nil {
			p = new(share)
			parts[repo] = p
			order = append(order, repo)
		}
		return p
	}
	for i := range r.Definitions {
		p := of(r.Definitions[i].Repo)
		p.definitions = append(p.definitions, &r.Definitions[i])
	}
	for i := range r.Files {
		p := of(r.Files[i].Repo)
		p.files = append(p.files, &r.Files[i])
	}
	return order, parts
}

func (r *Result) summary() string {
	var b strings.Builder
	b.WriteString(r.found())
	if r.How != "" {
		fmt.Fprintf(&b, " (%s)", said(r.How))
	}
	s := r.Stats
	if r.Cursor != "" && r.Partial == "" {
		b.WriteString(", more with the cursor")
	}
	verb := "searched"
	if r.compared() {
		verb = "compared"
	}
	fmt.Fprintf(&b, "; %s %s", verb, text.Count(s.Files, "file"))
	if s.Bytes > 0 {
		fmt.Fprintf(&b, " (%s)", size(s.Bytes))
	}
	if r.Scope != "" {
		fmt.Fprintf(&b, " of %s", quoted(r.Scope))
	}
	var skipped []string
	for _, k := range []struct {
		n    int
		name string
	}{{s.Ignored, "ignored"}, {s.Binary, "binary"}, {s.Large, "too large"}, {s.Denied, "closed"}, {s.Special, "not regular"}} {
		if k.n > 0 {
			skipped = append(skipped, fmt.Sprintf("%d %s", k.n, k.name))
		}
	}
	if len(skipped) > 0 {
		fmt.Fprintf(&b, ", skipped %s", strings.Join(skipped, ", "))
	}
	fmt.Fprintf(&b, "; took %s", s.Took.Round(time.Millisecond))
	return b.String()
}

// compared reports whether the result is of a comparison, which Scope tells.
func (r *Result) compared() bool { return strings.Contains(r.Scope, " against ") }

// empty reports whether nothing was found.
func (r *Result) empty() bool {
	return r.Matches == 0 && len(r.Definitions) == 0 && len(r.Files) == 0 && r.Omitted == 0
}

// found says how much was found.
func (r *Result) found() string {
	files := len(r.Files) + r.Omitted
	sofar := ""
	if r.Partial != "" {
		sofar = " so far"
	}
	_, defined := r.detail()
	switch {
	case r.empty() && (r.Mode == Symbol || r.How == SimilarNames):
		return "no definition" + sofar
	case r.empty() && (r.Mode == Refs || r.How != ""):
		return "no definition and no use" + sofar
	case r.empty() && r.compared():
		return "no line that only one side has" + sofar
	case r.empty():
		return "no match" + sofar
	case defined > 0 && files > 0:
		return fmt.Sprintf("%s, %s in %s", text.Count(defined, "definition"), text.Count(r.Matches, "use"), text.Count(files, "file"))
	case defined > 0 && r.How != "" && r.How != SimilarNames:
		return text.Count(defined, "definition") + ", no use" + sofar
	case defined > 0:
		return text.Count(defined, "definition")
	case r.How != "":
		return fmt.Sprintf("no definition%s, %s in %s", sofar, text.Count(r.Matches, "use"), text.Count(files, "file"))
	case r.compared():
		return fmt.Sprintf("%s that only one side has in %s", text.Count(r.Matches, "line"), text.Count(files, "file"))
	case len(r.Files) > 0 && r.Files[0].Matches == 0:
		return text.Count(files, "path")
	}
	return fmt.Sprintf("%s in %s", text.Count(r.Matches, "match"), text.Count(files, "file"))
}

// next says what to try where nothing was found.
func (r *Result) next() string {
	switch {
	case !r.empty() || r.Partial != "":
		return ""
	case r.Stats.Files == 0 && r.How == "":
		return "no file was searched: check paths and lang, or find paths with mode=files"
	case r.Mode == Symbol || r.How == SimilarNames:
		return "try a part of the name, or mode=text"
	case r.Mode == Refs || r.How != "":
		return "mode=symbol finds similar names, mode=text also what is in comments and strings"
	case r.compared():
		return "search one side alone, with a single ref"
	}
	return "try case=ignore, a shorter pattern, or another mode: text for content, files for paths"
}

// said returns s as part of what cleat says: in quotes if it has more than words in it.
func said(s string) string {
	plain := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune(" ,;.-", c)
	}
	if strings.ContainsFunc(s, func(c rune) bool { return !plain(c) }) {
		return quoted(s)
	}
	return s
}

// quoted returns what others may have written as part of what cleat says.
func quoted(s string) string { return `"` + text.Line(strings.ReplaceAll(s, `"`, "'")) + `"` }

func (d *Definition) text(b *strings.Builder) {
	sig := d.Signature
	if sig == "" {
		sig = d.Name
	}
	fmt.Fprintf(b, "%s:%d: %s [%s", text.Line(d.Path), d.Line, text.Line(sig), text.Line(d.Kind))
	if d.Container != "" {
		b.WriteString(" of " + text.Line(d.Container))
	}
	if d.End > d.Line {
		fmt.Fprintf(b, ", to L%d", d.End)
	}
	b.WriteString("]\n")
}

func (f *File) text(b *strings.Builder, d Detail) {
	path := text.Line(f.Path)
	switch {
	case f.Matches == 0 && len(f.Lines) == 0: // mode files
		b.WriteString(path + "\n")
	case len(f.Lines) == 0:
		fmt.Fprintf(b, "%s: %s\n", path, text.Count(f.Matches, "match"))
	case d == Numbers:
		b.WriteString(path + ":")
		sep := ""
		for _, l := range f.Lines {
			if l.Match {
				fmt.Fprintf(b, "%s%s%d", sep, l.Only, l.Number)
				sep = ","
			}
		}
		b.WriteByte('\n')
	default:
		f.lines(b, path)
	}
}

func (f *File) lines(b *strings.Builder, path string) {
	gaps := hasContext(f.Lines)
	last := 0 // number of the line before; 0 if there is none, or a gap is plain
	for _, l := range f.Lines {
		if gaps && last > 0 && l.Number > last+1 {
			b.WriteString("--\n")
		}
		last = l.Number
		mark := '-'
		switch {
		case l.Match:
			mark = ':'
		case l.Scope:
			mark, last = '=', 0
		}
		fmt.Fprintf(b, "%s%s%c%d%c %s\n", l.Only, path, mark, l.Number, mark, l.Text)
	}
}

func hasContext(lines []Line) bool {
	for _, l := range lines {
		if !l.Match && !l.Scope {
			return true
		}
	}
	return false
}

func size(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
