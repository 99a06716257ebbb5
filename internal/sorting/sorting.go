// Package sorting sorts slices with one copy of the sorting code for all of them.
//
// The compiler makes slices.SortFunc anew for each type of element, 10 to 20 kB of it: with
// the types of this program that was 2 % of the binary.
package sorting

import "slices"

// Sort sorts s as cmp orders its elements, and keeps equal ones in the order they have: it
// is slices.SortStableFunc, with an index and a copy of s in memory meanwhile.
func Sort[S ~[]E, E any](s S, cmp func(a, b E) int) {
	index := order(len(s), func(i, j int) int { return cmp(s[i], s[j]) })
	sorted := make([]E, len(index))
	for i, at := range index {
		sorted[i] = s[at]
	}
	copy(s, sorted)
}

// order returns 0 to n-1 as cmp orders them; nil where there is nothing to order.
func order(n int, cmp func(i, j int) int) []int {
	if n < 2 {
		return nil
	}
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, cmp)
	return index
}
