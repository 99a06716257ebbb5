package sorting_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"cleat/internal/sorting"
)

// Sort does what slices.SortStableFunc does.
func TestSort(t *testing.T) {
	type pair struct{ key, place int }
	by := func(a, b pair) int { return cmp.Compare(a.key, b.key) }
	for n := range 200 {
		got := make([]pair, n)
		for i := range got {
			got[i] = pair{rand.IntN(n/3 + 1), i}
		}
		want := slices.Clone(got)
		slices.SortStableFunc(want, by)
		if sorting.Sort(got, by); !slices.Equal(got, want) {
			t.Fatalf("%d elements: %v, want %v", n, got, want)
		}
	}
}
