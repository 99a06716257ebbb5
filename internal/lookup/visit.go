package lookup

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strings"

	"cleat/internal/scan"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// A visit goes over the files that may hold a name.
type visit struct {
	l     *lookup
	at    place
	paths []string // where to look
	// only, if not nil, are the files that are looked at.
	only map[string]bool

	wants func(lang string) bool              // whether files of this language are read
	holds func(lang string, text []byte) bool // whether a text is of interest

	workers []*worker
	stats   code.Stats
	deep    int
	gap     string // every file that sorts before it was visited; empty if all were
	large   []string
	failed  []string
}

// A worker is what one goroutine of a visit has.
type worker struct {
	scan.Tally
	buf, wide []byte
	failed    []string
}

// A file is one that is of interest. It is good until the function that it was given to
// returns.
type file struct {
	path, lang string
	text       []byte // redacted
	class      tree.Class
	count      int // of lines, once known
}

func (f *file) lines() int {
	if f.count == 0 {
		f.count = bytes.Count(f.text, []byte{'\n'}) + 1
	}
	return f.count
}

func (l *lookup) visit(at place) *visit { return &visit{l: l, at: at, paths: l.q.Paths} }

// run calls fn for the files, from several goroutines at once. When ctx ends, v.gap says
// where, and there is no error.
func (v *visit) run(ctx context.Context, files tree.Files, fn func(*file)) error {
	w := tree.WalkOptions{Paths: v.paths, Deny: v.l.o.Deny, Workers: v.l.o.Workers, From: v.at.from}
	if until := v.at.until; until != "" {
		w.Until = func() string { return until }
	}
	v.workers = make([]*worker, w.NumWorkers())
	for i := range v.workers {
		v.workers[i] = &worker{}
	}
	st, err := files.Walk(ctx, w, func(id int, e *tree.Entry) error {
		if v.at.has(e.Path) || v.only != nil && !v.only[e.Path] {
			return nil
		}
		return v.file(ctx, v.workers[id], e, fn)
	})
	if err != nil && ctx.Err() == nil {
		return err
	}
	if v.gap = st.Pending; v.gap == "" && err != nil {
		v.gap = tree.FirstPath
	}
	if v.at.until != "" && v.gap >= v.at.until {
		v.gap = ""
	}
	v.deep = st.Deep
	s := &v.stats
	s.Ignored, s.Special, s.Denied = st.Ignored, st.Special, st.Denied+st.Unreadable
	for _, w := range v.workers {
		s.Add(w.Stats)
		v.large = append(v.large, w.Large...)
		v.failed = append(v.failed, w.failed...)
	}
	return nil
}

// language returns the language of a file by its path, and whether it may be that of the
// query. Headers of C may turn out to be C++.
func (v *visit) language(file string) (string, bool) {
	lang := tree.Lang(file)
	want := v.l.lang
	return lang, want == "" || lang == want || want == "cpp" && path.Ext(file) == ".h"
}

// file reads one file and calls fn if it is of interest.
func (v *visit) file(ctx context.Context, w *worker, e *tree.Entry, fn func(*file)) error {
	lang, ok := v.language(e.Path)
	if !ok || !v.wants(lang) {
		return nil
	}
	raw, err := e.Read(w.buf, v.l.o.MaxFile)
	if err != nil {
		return w.Skip(ctx, e.Path, err)
	}
	const kept = 1 << 20 // of a buffer between files
	if cap(raw) <= kept {
		w.buf = raw
	}
	text, ok := tree.Text(raw, w.wide)
	if !ok {
		w.Binary++
		return nil
	}
	if len(text) > 0 && len(raw) > 0 && &text[0] != &raw[0] && cap(text) > cap(w.wide) && cap(text) <= kept && !within(text, raw) {
		w.wide = text
	}
	w.Files++
	w.Bytes += int64(len(raw))
	if !v.holds(lang, text) {
		return nil
	}
	if redact := v.l.o.Redact; redact != nil {
		if masked := redact(e.Path, text); !bytes.Equal(masked, text) {
			if text = masked; !v.holds(lang, text) {
				return nil
			}
		}
	}
	if ctx.Err() != nil {
		return tree.ErrStopped
	}
	if path.Ext(e.Path) == ".h" && lang == "c" && isCpp(text) {
		lang = "cpp"
	}
	if v.l.lang == "cpp" && lang == "c" {
		return nil
	}
	w.guard(e.Path, func() {
		fn(&file{path: e.Path, lang: lang, text: text, class: tree.ClassOf(e.Path, text)})
	})
	return nil
}

// within reports whether text is a part of raw and not a copy.
func within(text, raw []byte) bool {
	n := len(raw) - len(text)
	return n >= 0 && &raw[n] == &text[0]
}

// guard calls fn. A file that makes a scanner panic is left out and named in the answer;
// it must not take the others with it.
func (w *worker) guard(path string, fn func()) {
	done := false
	defer func() {
		if !done && recover() != nil {
			w.failed = append(w.failed, path)
		}
	}()
	fn()
	done = true
}

// isCpp reports whether a header is C++: C has none of these words at the start of a line.
func isCpp(text []byte) bool {
	const far = 64 << 10
	for line := range bytes.Lines(text[:min(len(text), far)]) {
		line = bytes.TrimLeft(line, " \t")
		for _, word := range [...]string{"class ", "namespace ", "template", "public:", "private:", "using ", "virtual "} {
			if len(line) > len(word) && string(line[:len(word)]) == word {
				return true
			}
		}
	}
	return false
}

// report names files that the reader may miss.
func (v *visit) report(res *code.Result) {
	res.Skipped = scan.TooLarge(v.large)
	if len(v.failed) > 0 {
		slices.Sort(v.failed)
		if res.Skipped != "" {
			res.Skipped += "; "
		}
		res.Skipped += "could not be scanned: " + strings.Join(v.failed[:min(len(v.failed), maxNamed)], ", ")
	}
}
