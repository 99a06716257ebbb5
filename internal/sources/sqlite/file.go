package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"cleat/internal/fail"
)

// stat returns what the path names, if it is a regular file. The file is not opened for
// that: closing it again would drop the locks that this process holds on it through SQLite.
func (s *Source) stat() (fs.FileInfo, error) {
	info, err := s.look()
	name := filepath.Base(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fail.Errorf(fail.Unavailable, "there is no database file %q", name).
			Because("cleat creates none").Then("tell the user to check the path of the source")
	case err != nil:
		var p *fs.PathError
		why := "it cannot be looked at"
		if errors.As(err, &p) {
			why = p.Err.Error()
		}
		return nil, fail.Errorf(fail.Unavailable, "the database file %q cannot be opened: %s", name, why)
	case !info.Mode().IsRegular():
		return nil, fail.Errorf(fail.Unavailable, "%q is not a regular file", name).
			Then("tell the user to check the path of the source")
	}
	return info, nil
}

// look returns what the path names. It fails for what leads out of the folder that the file
// must lie in.
func (s *Source) look() (fs.FileInfo, error) {
	info, err := os.Stat(s.path)
	if err != nil || s.root == "" {
		return info, err
	}
	root, err := os.OpenRoot(s.root)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	rel, err := filepath.Rel(s.root, s.path)
	if err != nil {
		return nil, err
	}
	inside, err := root.Stat(rel)
	if err == nil && !os.SameFile(info, inside) {
		err = &fs.PathError{Op: "stat", Path: rel, Err: errors.New("it changes while it is looked at")}
	}
	return inside, err
}

// uri returns the URI of a file, with parameters such as "mode=ro". No character of the
// path has a meaning in it.
func uri(path, parameters string) string {
	path = filepath.ToSlash(path)
	if runtime.GOOS == "windows" && !strings.HasPrefix(path, "/") {
		path = "/" + path // file:///C:/…
	}
	var b strings.Builder
	b.WriteString("file://")
	const hex = "0123456789ABCDEF"
	for i := range len(path) {
		switch c := path[i]; {
		case c == '/', c == '.', c == '-', c == '_', c == '~',
			'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == ':' && runtime.GOOS == "windows":
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	b.WriteByte('?')
	b.WriteString(parameters)
	return b.String()
}

// logged reports whether there is a write-ahead log or a rollback journal with content: the
// file alone is then not the database.
func (s *Source) logged() bool {
	for _, suffix := range []string{"-wal", "-journal"} {
		if info, err := os.Stat(s.path + suffix); err == nil && info.Size() > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}
