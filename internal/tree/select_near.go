package tree

import (
	"iter"
	"path"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sorting"
)

// maxNear is how many paths are compared to find the nearest.
const maxNear = 50_000

// near returns the files and folders that rel is probably meant to be, of those that deny
// does not close.
func (l List) near(rel string, deny func(path string) bool) []string {
	return Near(rel, func(yield func(string) bool) {
		dir := "."
		for i := range l.Len {
			p := l.path(i)
			if deny != nil && Denies(deny, p) {
				continue
			}
			// A folder comes with its first file.
			for up := path.Dir(p); up != "." && up != dir && !strings.HasPrefix(dir, up+"/"); up = path.Dir(up) {
				if !yield(up) {
					return
				}
			}
			dir = path.Dir(p)
			if !yield(p) {
				return
			}
		}
	})
}

// Near returns up to three of paths that name is probably meant to be, best first: those
// of the same last element in other folders, or else those that are spelled like it, or
// whose last element is. No more than some ten thousand paths are looked at.
func Near(name string, paths iter.Seq[string]) []string {
	base := path.Base(name)
	var same, like []string
	byBase := make(map[string]string)
	n := 0
	for p := range paths {
		if n++; n > maxNear {
			break
		}
		b := path.Base(p)
		if b == base {
			same = append(same, p)
		}
		if alike(len(name), len(p)) {
			like = append(like, p)
		}
		if _, ok := byBase[b]; !ok && alike(len(base), len(b)) {
			byBase[b] = p
		}
	}
	if len(same) == 0 {
		same = fail.Near(name, like)
	}
	if len(same) == 0 {
		names := make([]string, 0, len(byBase))
		for b := range byBase {
			names = append(names, b)
		}
		for _, b := range fail.Near(base, names) {
			same = append(same, byBase[b])
		}
	}
	sorting.Sort(same, func(a, b string) int { return len(a) - len(b) })
	return same[:min(3, len(same))]
}

// alike reports whether names of these lengths can be near each other: an edit changes
// the length by one, and a name may be cut short.
func alike(asked, other int) bool { return other >= asked-max(1, asked/3)-4 }
