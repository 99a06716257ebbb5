package scan

import (
	"slices"

	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// result puts what was collected in order, and says how to go on. It returns the files
// of res.
func (r *run) result(res *code.Result, st tree.WalkStats) []*found {
	gap := st.Pending
	if cut := r.c.last(); cut != "" && gap > cut {
		gap = "" // there is enough before it
	}
	p := page{run: r, room: r.m.q.Limit}
	next := &position{now: r.now.Unix()}
	if st.Pending == "" && r.c.ranked() {
		at, more := p.fill(r.c.ranks.sorted(), "", r.c.ranks.full)
		if next.floor = &at; !more {
			next = nil
		}
	} else {
		if r.after != nil {
			next.floor = r.after.floor
			p.seen = slices.Clone(r.after.seen)
		}
		at, more := p.fill(r.c.paths.sorted(), gap, r.c.paths.full)
		next.walk, next.place, next.seen = true, at, p.seen
		if a := r.after; a != nil && a.walk && gap != "" && at.path == gap && a.path >= gap {
			next.place = a.place // nothing was gained
		}
		if slices.Sort(next.seen); !more {
			next = nil
		}
	}
	for _, f := range p.files {
		res.Files = append(res.Files, f.File)
	}
	res.Matches = r.m.q.Limit - p.room
	if next != nil {
		res.Cursor = next.encode(r.m.sum)
	}
	return p.files
}

// A page is what is delivered at once.
type page struct {
	*run
	files []*found
	room  int      // lines that can be added
	seen  []uint64 // see position
}

// fill delivers files, which are in order, and returns where the next page begins, if
// there is one. gap, if not empty, is the first path that was not searched. full says
// that more files than these may have been found.
func (p *page) fill(files []*found, gap string, full bool) (at place, more bool) {
	carried := len(p.seen)
	for _, f := range files {
		beyond := gap != "" && f.Path > gap
		if f.kept > p.room || beyond && len(p.seen) == maxSeen {
			if !beyond {
				p.seen = p.seen[:carried]
				return p.part(f), true
			}
			break
		}
		p.files = append(p.files, f)
		p.room -= f.kept
		if beyond {
			p.seen = append(p.seen, hash(f.Path))
		}
	}
	switch {
	case gap != "":
		return place{path: gap}, true
	case full && len(files) > 0:
		// The lines were few enough but too long: the next page begins behind them.
		return p.last(files[len(files)-1]), true
	}
	return place{}, false
}

// last returns the place behind all that is in f.
func (p *page) last(f *found) place {
	at := place{rank: f.rank, path: f.Path}
	at.given, at.line = p.from(f.Path)
	for _, l := range f.Lines {
		if l.Match {
			at.given++
			at.line = l.Number
		}
	}
	return at
}

// part delivers as many lines of f, which has more, as there is room for, and returns
// the place behind them.
func (p *page) part(f *found) place {
	n := 0
	cut := slices.IndexFunc(f.Lines, func(l code.Line) bool {
		if l.Match {
			n++
		}
		return n > p.room
	})
	if p.room <= 0 {
		cut = 0
	}
	f.Lines = f.Lines[:cut]
	at := p.last(f)
	for n := len(f.Lines); n > 0 && f.Lines[n-1].Number > at.line+p.context; n-- {
		f.Lines = f.Lines[:n-1] // it belongs to the next match
	}
	if p.room > 0 {
		p.files = append(p.files, f)
		p.room = 0
	}
	return at
}
