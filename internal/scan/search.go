package scan

import (
	"bytes"

	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// search finds the matching lines of a file's content.
func (w *worker) search(e *tree.Entry, raw []byte) error {
	data, ok := tree.Text(raw, w.wide)
	if !ok {
		w.Binary++
		return nil
	}
	if len(data) > 0 && len(raw) > 0 && &data[0] != &raw[0] && cap(data) > cap(w.wide) {
		w.wide = data
	}
	w.Files++
	w.Bytes += int64(len(raw))
	w.lines.reset()
	h, ok := w.lines.next(data, 0)
	if w.ended() {
		return tree.ErrStopped
	}
	if !ok {
		return nil
	}
	if w.c.walk && (w.after == nil || w.after.floor == nil) {
		return w.take(e, data, h)
	}
	return w.weigh(e, data, h)
}

// take keeps what is found in a file whose rank does not matter.
func (w *worker) take(e *tree.Entry, data []byte, h hit) error {
	f := &found{File: code.File{Path: e.Path}}
	data, h, ok := w.mask(e.Path, data, h)
	if !ok {
		return w.stopped()
	}
	w.collect(f, data, h, nil)
	if err := w.stopped(); err != nil && f.kept < w.most(e.Path) {
		return err
	}
	w.keep(f, data)
	return nil
}

// weigh keeps what is found in a file if its rank and its path let it. h is the first
// match in data.
func (w *worker) weigh(e *tree.Entry, data []byte, h hit) error {
	f := &found{File: code.File{Path: e.Path}}
	raw := w.m.judge(e.Path)
	judged := !w.c.open()
	if judged {
		w.count(&raw, data, h)
	}
	// Most files have no place in the answer: that is to be told with little work.
	known := w.m.nameRank(e.Path) // all of the rank but what the look gives
	unwanted := func(more rank) bool {
		known += more
		f.rank = w.atLeast(e.Path, known+lookRank(raw.best))
		return judged && !w.c.wants(f)
	}
	if unwanted(0) || unwanted(w.ageRank(e)) || unwanted(classRank(tree.ClassOf(e.Path, data))) {
		return w.stopped()
	}
	masked, first, ok := w.mask(e.Path, data, h)
	changed := !ok || len(masked) != len(data) || &masked[0] != &data[0]
	if changed && !judged {
		w.count(&raw, data, h)
	}
	if !ok {
		return w.stopped()
	}
	// The rank is the worse of that with and that without the mask: what is masked cannot
	// make it better, and a file is never wanted less before it was masked.
	j := w.m.judge(e.Path)
	w.lines.reset()
	w.collect(f, masked, first, &j)
	if !changed && !judged {
		w.c.count(f.Matches)
	}
	if err := w.stopped(); err != nil {
		return err // it may not have been judged to the end
	}
	if changed {
		j.best = max(j.best, raw.best)
	}
	f.rank = w.atLeast(e.Path, known+lookRank(j.best))
	if !w.delivered(f) {
		w.keep(f, masked)
	}
	return nil
}

// mask redacts data, of which h is the first match. It returns the first match in what is
// left, if there is one.
func (w *worker) mask(path string, data []byte, h hit) ([]byte, hit, bool) {
	if w.o.Redact == nil {
		return data, h, true
	}
	masked := w.o.Redact(path, data)
	if bytes.Equal(masked, data) {
		return data, h, true
	}
	w.lines.reset()
	h, ok := w.lines.next(masked, 0)
	return masked, h, ok
}

// count judges all matches in data, of which h is the first, and counts them.
func (w *worker) count(j *judge, data []byte, h hit) {
	n := 0
	w.lines.reset()
	for ok := true; ok; h, ok = w.lines.next(data, min(h.end+1, len(data))) {
		j.see(data, h)
		n++
	}
	w.c.count(n)
}

// atLeast returns the rank k, or that which the file had when an earlier page ended inside
// it.
func (w *worker) atLeast(path string, k rank) rank {
	if a := w.after; a != nil && a.floor != nil && a.floor.path == path {
		return max(k, a.floor.rank)
	}
	return k
}

// delivered reports whether the file, whose rank is known, was delivered as a whole by an
// earlier page.
func (w *worker) delivered(f *found) bool {
	if w.after == nil || w.after.floor == nil {
		return false
	}
	floor := w.after.floor
	return byRank(f, &found{File: code.File{Path: floor.path}, rank: floor.rank}) < 0
}

// keep adds a file to what was found.
func (w *worker) keep(f *found, text []byte) {
	if w.sums || !scoped(f.Path) {
		text = nil
	}
	w.c.add(f, text)
}
