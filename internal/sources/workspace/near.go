package workspace

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// near adds to a not_found the paths that were probably meant: files of that name in
// other folders, or of a name like it.
func (s *Source) near(ctx context.Context, name string, f *fail.Error) error {
	var same, names []string
	byName := map[string]string{}
	list, _, err := s.paths(ctx, false, func(string) bool { return true })
	if err != nil {
		return f // what was asked for is not there; why the search for others failed is beside the point
	}
	for _, e := range list {
		base := path.Base(e.path)
		if base == name {
			same = append(same, e.path)
		}
		if _, ok := byName[base]; !ok {
			byName[base] = e.path
			names = append(names, base)
		}
	}
	what := "files of that name: %s"
	if len(same) == 0 {
		what = "files of a name like it: %s"
		for _, n := range fail.Near(name, names) {
			same = append(same, byName[n])
		}
	}
	if len(same) == 0 {
		return f.Then("look for it with find, or with code_search and mode=files")
	}
	slices.SortFunc(same, func(a, b string) int { return len(a) - len(b) })
	var quoted []string
	for _, p := range same[:min(3, len(same))] {
		quoted = append(quoted, fmt.Sprintf("%q", p))
	}
	return f.Because(what, strings.Join(quoted, ", ")).Then("read one of those")
}
