package tree

import (
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"cleat/internal/fail"
)

// Rel returns path as a clean, slash-separated path relative to the root, "." for the
// root itself. An absolute path is taken if it begins with the root's own path, as
// given or with its links resolved. Rel looks at the words only, never at the disk: it
// fails with fail.Denied for what would lie outside, and with fail.Invalid for "".
func (r *Root) Rel(name string) (string, error) { return Rel(name, r.bases()...) }

// bases are the absolute paths that the root is known by.
func (r *Root) bases() []string { return []string{r.path, r.real} }

// Rel is Root.Rel for a root that is not open, or not on disk, and is known by the
// absolute and clean paths of bases.
func Rel(name string, bases ...string) (string, error) {
	if name == "" {
		return "", fail.Errorf(fail.Invalid, "the path is empty")
	}
	if strings.IndexByte(name, 0) >= 0 {
		return "", fail.Errorf(fail.Denied, "a path with a NUL byte")
	}
	given := name
	for _, base := range bases {
		if inside, ok := under(base, name); ok {
			name = inside
			break
		}
	}
	if foreign(name) {
		return "", outside(given)
	}
	if runtime.GOOS == "windows" {
		name = filepath.ToSlash(name)
	}
	clean := path.Clean(name)
	if clean == ".." || strings.HasPrefix(clean, "../") || foreign(clean) {
		return "", outside(given)
	}
	if !filepath.IsLocal(filepath.FromSlash(clean)) { // on Windows: reserved names, drives
		return "", outside(given)
	}
	if runtime.GOOS == "windows" && strings.IndexByte(clean, ':') >= 0 { // other streams of a file
		return "", outside(given)
	}
	return clean, nil
}

// Denies reports whether deny, which is asked as WalkOptions.Deny is, closes the path or a
// folder that it lies in.
func Denies(deny func(path string) bool, name string) bool {
	for i := range len(name) {
		if name[i] == '/' && deny(name[:i]) {
			return true
		}
	}
	return deny(name)
}

// outside is the one answer to a path that leaves the root.
func outside(name string) error {
	return fail.Errorf(fail.Denied, "%q is outside the root folder", name).
		Because("only what lies inside it can be read").
		Then("give a path relative to the root folder")
}

// under returns what is left of the absolute path name below base.
func under(base, name string) (string, bool) {
	if !filepath.IsAbs(name) {
		return "", false
	}
	name = filepath.Clean(name)
	same := func(a, b string) bool { return a == b }
	if runtime.GOOS == "windows" {
		same = strings.EqualFold
	}
	if same(name, base) {
		return ".", true
	}
	if !strings.HasSuffix(base, string(filepath.Separator)) { // "/" has it
		base += string(filepath.Separator)
	}
	if len(name) > len(base) && same(name[:len(base)], base) {
		return name[len(base):], true
	}
	return "", false
}

// foreign reports whether name is absolute on this or any other system, or climbs by
// backslashes: such a name would mean another place elsewhere, and is a legal name of
// a file hardly anywhere.
func foreign(name string) bool {
	if filepath.IsAbs(name) || strings.HasPrefix(name, "/") || strings.HasPrefix(name, `\`) {
		return true
	}
	if len(name) >= 3 && name[1] == ':' && (name[2] == '/' || name[2] == '\\') && isLetter(name[0]) {
		return true
	}
	if strings.IndexByte(name, '\\') < 0 {
		return false
	}
	for seg := range strings.FieldsFuncSeq(name, func(c rune) bool { return c == '/' || c == '\\' }) {
		if seg == ".." {
			return true
		}
	}
	return false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
