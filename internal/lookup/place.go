package lookup

import (
	"encoding/binary"
	"slices"
	"strconv"

	"cleat/internal/cursor"
	"cleat/internal/systems/code"
)

// A phase says what a page is of.
type phase byte

const (
	undecided phase = iota // exact names, or similar ones if there are none
	exactly
	similarly
)

// A place is where a lookup goes on: with the files from "from" on, those in seen left
// out, up to and not including until, and there with what has at least rank skip.
type place struct {
	phase       phase
	from, until string
	skip        int
	seen        []uint64 // hashes of paths, which were delivered whole; sorted
}

const (
	maxSeen = 32
	maxSkip = 1 << 20
)

// sumOf is the fingerprint of what is looked for.
func sumOf(q code.Query) uint64 {
	return cursor.Sum(append([]string{string(q.Mode), q.Pattern, q.Lang, string(q.Case), q.Repo, q.Ref}, q.Paths...)...)
}

func (p place) encode(sum uint64) string {
	var seen []byte
	for _, s := range p.seen {
		seen = binary.LittleEndian.AppendUint64(seen, s)
	}
	return cursor.Encode(sum, strconv.Itoa(int(p.phase)), p.from, p.until, strconv.Itoa(p.skip), string(seen))
}

func readPlace(s string, sum uint64) (place, error) {
	f, err := cursor.Decode(s, sum, 5)
	if err != nil {
		return place{}, err
	}
	ph, err1 := strconv.ParseUint(f[0], 10, 8)
	skip, err2 := strconv.ParseUint(f[3], 10, 32)
	if err1 != nil || err2 != nil || phase(ph) > similarly || skip > maxSkip || len(f[4])%8 != 0 || len(f[4]) > 8*maxSeen {
		return place{}, cursor.Stale("it is damaged, or of another version of cleat")
	}
	p := place{phase: phase(ph), from: f[1], until: f[2], skip: int(skip)}
	for b := []byte(f[4]); len(b) > 0; b = b[8:] {
		p.seen = append(p.seen, binary.LittleEndian.Uint64(b))
	}
	slices.Sort(p.seen)
	return p, nil
}

// has reports whether the file is none of this place's.
func (p *place) has(path string) bool {
	if p.until != "" && path >= p.until {
		return true
	}
	if len(p.seen) == 0 {
		return false
	}
	_, ok := slices.BinarySearch(p.seen, cursor.Sum(path))
	return ok
}

// page picks from what was found what one page shows, and says where the next one goes
// on, if there is more: first definitions, then the lines of sites, limit of both
// together. gap is where the files end that were reached, or empty; sites, which page may
// shorten, are in the order in which they are shown.
func (p place) page(b *best, sites *sites, gap string, limit int) ([]found, *place) {
	defs := b.sorted()
	next := p
	if gap != "" {
		if p.skip > 0 {
			sites.take(0, 0)
			return nil, &p // ranks mean nothing before all was seen
		}
		beyond := map[string]bool{}
		for _, d := range defs {
			if d.Path >= gap {
				beyond[d.Path] = true
			}
		}
		sites.beyond(gap, beyond)
		total := b.total + sites.total()
		next = place{phase: p.phase, from: gap}
		if total <= limit && len(beyond)+len(p.seen) <= maxSeen {
			next.seen = slices.Clone(p.seen)
			for path := range beyond {
				next.seen = append(next.seen, cursor.Sum(path))
			}
			slices.Sort(next.seen)
			return defs, &next
		}
		// What lies beyond is left to a later page; of the rest there may be more.
		defs = slices.DeleteFunc(defs, func(d found) bool { return d.Path >= gap })
		sites.cut(gap)
		next.seen = p.seen
		if len(defs) < min(b.total, limit) || len(defs)+sites.total() > limit {
			next = place{phase: p.phase, from: p.from, until: gap, seen: p.seen}
			defs = defs[:min(len(defs), limit)]
			sites.take(0, limit-len(defs))
			next.skip = len(defs) + sites.total()
		}
		return defs, &next
	}
	total := b.total + sites.total()
	shown := defs[min(p.skip, len(defs)):min(p.skip+limit, len(defs))]
	sites.take(max(0, p.skip-b.total), limit-len(shown))
	switch {
	case total > p.skip+limit:
		next.skip += limit
		if next.skip > maxSkip {
			return shown, nil
		}
	case p.until != "":
		next = place{phase: p.phase, from: p.until, seen: p.seen}
	default:
		return shown, nil
	}
	return shown, &next
}
