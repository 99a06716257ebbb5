//go:build unix && !linux

package tree

import "os"

// list reads the names only: the walk asks for the kind of each, relative to d.
func (d dir) list([]byte) ([]dirent, error) {
	n, err := d.dup()
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(n.fd), ".")
	defer f.Close()
	names, err := f.Readdirnames(-1)
	out := make([]dirent, len(names))
	for i, name := range names {
		out[i].name = name
	}
	return out, err
}
