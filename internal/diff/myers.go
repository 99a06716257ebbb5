package diff

import "math"

// match marks the changed lines of both sides.
func match(a, b *side) {
	lo, hiA, hiB := 0, a.len(), b.len()
	for lo < hiA && lo < hiB && a.id[lo] == b.id[lo] {
		lo++
	}
	for hiA > lo && hiB > lo && a.id[hiA-1] == b.id[hiB-1] {
		hiA--
		hiB--
	}
	// Lines that the other side has nowhere cannot be in common.
	counts := make([]uint8, 1+max(maxOf(a.id[lo:hiA]), maxOf(b.id[lo:hiB])))
	for _, id := range a.id[lo:hiA] {
		counts[id] |= 1
	}
	for _, id := range b.id[lo:hiB] {
		counts[id] |= 2
	}
	m := &myers{a: shared(a, lo, hiA, counts), b: shared(b, lo, hiB, counts)}
	n := len(m.a.id) + len(m.b.id)
	m.limit = max(min(maxCost, maxCost*fullCost/max(n, 1)), minCost)
	m.offset = len(m.b.id) + 1
	m.forward = make([]int, n+3)
	m.backward = make([]int, n+3)
	m.solve(0, len(m.a.id), 0, len(m.b.id))
}

// The cost at which the search for the middle of a stretch is cut short, in edits. Finding
// all costs at most twice this number of steps for each line.
const (
	maxCost  = 256
	fullCost = 200_000 // lines of both texts up to which maxCost holds
	minCost  = 24
)

func maxOf(ids []int32) int32 {
	var n int32
	for _, id := range ids {
		n = max(n, id)
	}
	return n
}

// A stretch is the lines of a side that the other has, too, somewhere.
type stretch struct {
	id      []int32
	line    []int32 // where they are in the side
	changed []bool  // of the side
}

// shared returns the lines from lo to hi that both sides have, and marks the others.
func shared(s *side, lo, hi int, counts []uint8) stretch {
	t := stretch{changed: s.changed}
	for i := lo; i < hi; i++ {
		if counts[s.id[i]] != 3 {
			s.changed[i] = true
			continue
		}
		t.id = append(t.id, s.id[i])
		t.line = append(t.line, int32(i))
	}
	return t
}

func (t *stretch) mark(from, to int) {
	for _, l := range t.line[from:to] {
		t.changed[l] = true
	}
}

// myers is the search for a short edit script; see "An O(ND) Difference Algorithm and Its
// Variations", part 4b.
type myers struct {
	a, b   stretch
	limit  int
	offset int // of the diagonal 0 below
	// The farthest x reached on each diagonal x-y, from either end.
	forward, backward []int
}

// solve marks what changes between a[a0:a1] and b[b0:b1].
func (m *myers) solve(a0, a1, b0, b1 int) {
	for {
		for a0 < a1 && b0 < b1 && m.a.id[a0] == m.b.id[b0] {
			a0++
			b0++
		}
		for a0 < a1 && b0 < b1 && m.a.id[a1-1] == m.b.id[b1-1] {
			a1--
			b1--
		}
		if a0 == a1 || b0 == b1 {
			m.a.mark(a0, a1)
			m.b.mark(b0, b1)
			return
		}
		x, y := m.middle(a0, a1, b0, b1)
		// The smaller half is solved by recursion, so that its depth stays small.
		if x-a0+y-b0 < a1-x+b1-y {
			m.solve(a0, x, b0, y)
			a0, b0 = x, y
		} else {
			m.solve(x, a1, y, b1)
			a1, b1 = x, y
		}
	}
}

// middle returns a point of a shortest path from one corner to the other, or, where that
// is too costly, one of a path that has come far. It is neither of the corners. The box is not
// empty, and its first and last lines differ.
func (m *myers) middle(a0, a1, b0, b1 int) (x, y int) {
	var (
		fwd, bwd   = m.forward, m.backward
		o          = m.offset
		dmin, dmax = a0 - b1, a1 - b0 // the diagonals of the box
		start, end = a0 - b0, a1 - b1
		odd        = (start-end)&1 != 0
		fmin, fmax = start, start // the diagonals that were reached
		bmin, bmax = end, end
	)
	fwd[o+start], bwd[o+end] = a0, a1
	for cost := 1; ; cost++ {
		if fmin > dmin {
			fmin--
			fwd[o+fmin-1] = -1
		} else {
			fmin++
		}
		if fmax < dmax {
			fmax++
			fwd[o+fmax+1] = -1
		} else {
			fmax--
		}
		for d := fmax; d >= fmin; d -= 2 {
			x := max(fwd[o+d-1]+1, fwd[o+d+1])
			y := x - d
			for x < a1 && y < b1 && m.a.id[x] == m.b.id[y] {
				x++
				y++
			}
			fwd[o+d] = x
			if odd && bmin <= d && d <= bmax && bwd[o+d] <= x {
				return x, y
			}
		}
		if bmin > dmin {
			bmin--
			bwd[o+bmin-1] = math.MaxInt
		} else {
			bmin++
		}
		if bmax < dmax {
			bmax++
			bwd[o+bmax+1] = math.MaxInt
		} else {
			bmax--
		}
		for d := bmax; d >= bmin; d -= 2 {
			x := min(bwd[o+d-1], bwd[o+d+1]-1)
			y := x - d
			for x > a0 && y > b0 && m.a.id[x-1] == m.b.id[y-1] {
				x--
				y--
			}
			bwd[o+d] = x
			if !odd && fmin <= d && d <= fmax && x <= fwd[o+d] {
				return x, y
			}
		}
		if cost >= m.limit {
			return m.farthest(a0, a1, b0, b1, fmin, fmax, bmin, bmax)
		}
	}
}

// farthest returns the point that came farthest from its corner.
func (m *myers) farthest(a0, a1, b0, b1, fmin, fmax, bmin, bmax int) (x, y int) {
	far := -1
	for d := fmax; d >= fmin; d -= 2 {
		i := min(m.forward[m.offset+d], a1)
		if i-d > b1 {
			i = b1 + d
		}
		if n := i - a0 + i - d - b0; n > far {
			far, x, y = n, i, i-d
		}
	}
	for d := bmax; d >= bmin; d -= 2 {
		i := max(m.backward[m.offset+d], a0)
		if i-d < b0 {
			i = b0 + d
		}
		if n := a1 - i + b1 - (i - d); n > far {
			far, x, y = n, i, i-d
		}
	}
	return x, y
}
