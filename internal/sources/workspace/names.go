package workspace

import (
	"path/filepath"
	"strings"
)

// uniqueNames returns what the repositories in the folders dirs are called: by their
// folder, without ".git", and as much of the path above it as tells them apart. The first
// own of them keep their folder's name in any case.
func uniqueNames(dirs []string, own int) []string {
	// The elements of each path, the last first.
	parts := make([][]string, len(dirs))
	taken := make(map[string]bool, len(dirs))
	for _, d := range dirs {
		taken[d] = true
	}
	for i, d := range dirs {
		short := strings.TrimSuffix(d, ".git")
		if taken[short] || filepath.Base(d) == ".git" {
			short = d // a clone and its mirror side by side
		}
		for p := short; ; p = filepath.Dir(p) {
			parts[i] = append(parts[i], filepath.Base(p))
			if p == filepath.Dir(p) {
				break
			}
		}
	}
	names := make([]string, len(dirs))
	depth := make([]int, len(dirs))
	for again := true; again; {
		again = false
		count := make(map[string]int, len(dirs))
		for i := range dirs {
			name := parts[i][0]
			for _, up := range parts[i][1 : 1+depth[i]] {
				name = up + "/" + name
			}
			names[i] = name
			count[name]++
		}
		for i := range dirs {
			if count[names[i]] > 1 && i >= own && depth[i] < len(parts[i])-2 {
				depth[i]++
				again = true
			}
		}
	}
	return names
}
