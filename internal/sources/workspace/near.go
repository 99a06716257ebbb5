package workspace

import (
	"fmt"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/tree"
)

// nearTo adds to a not_found the paths that were probably meant by name: files of that
// name in other folders, or spelled like it.
func nearTo(name string, list []found, f *fail.Error, address func(path string) string) error {
	var paths []string
	for _, e := range list {
		paths = append(paths, e.path)
	}
	near := tree.Near(name, slices.Values(paths))
	if len(near) == 0 {
		return f.Then("look for it with find, or with code_search and mode=files")
	}
	what := "files of a name like it: %s"
	if base(near[0]) == base(name) {
		what = "files of that name: %s"
	}
	var quoted []string
	for _, p := range near {
		quoted = append(quoted, fmt.Sprintf("%q", address(p)))
	}
	return f.Because(what, strings.Join(quoted, ", ")).Then("read one of those")
}

func base(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }
