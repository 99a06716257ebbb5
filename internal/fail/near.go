package fail

import (
	"cmp"
	"slices"
	"strings"
)

// Near returns up to three of known that word is probably meant to be, best
// first. Case, '-' and '_' count for nothing, and wildcards are left out.
func Near(word string, known []string) []string {
	w := fold(word)
	if w == "" || len(w) > 64 {
		return nil
	}
	type scored struct {
		name string
		dist int
	}
	var near []scored
	for _, k := range known {
		f := fold(k)
		d := Edits(w, f)
		if len(w) >= 4 && strings.HasPrefix(f, w) {
			d = min(d, 1)
		}
		if d <= max(1, len(w)/3) {
			near = append(near, scored{k, d})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.dist, b.dist), cmp.Compare(a.name, b.name))
	})
	near = slices.CompactFunc(near, func(a, b scored) bool { return a.name == b.name })
	var out []string
	for _, s := range near[:min(3, len(near))] {
		if s.dist <= near[0].dist+1 {
			out = append(out, s.name)
		}
	}
	return out
}

func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case r == '_', r == '-', r == '*', r == '?':
			return -1
		}
		return r
	}, s)
}

// Edits is the number of bytes to insert, remove, replace, or swap with their
// neighbor, to make b of a.
func Edits(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
