//go:build !unix

package tree

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// A dir is an os.Root: where there is no openat, it is what confines.
type dir struct{ r *os.Root }

func openDirPath(path string) (dir, error) {
	r, err := os.OpenRoot(path)
	if err != nil {
		if info, serr := os.Stat(path); serr == nil && !info.IsDir() {
			return dir{}, errNotDir
		}
	}
	return dir{r}, err
}

func (d dir) dup() (dir, error) {
	r, err := d.r.OpenRoot(".")
	return dir{r}, err
}

func (d dir) stat() (fs.FileInfo, error) { return d.r.Stat(".") }

func (d dir) openDir(name string) (dir, error) {
	switch k, err := d.kind(name); {
	case err != nil:
		return dir{}, err
	case k == kindLink:
		return dir{}, errIsLink
	case k != kindDir:
		return dir{}, errNotDir
	}
	r, err := d.r.OpenRoot(name)
	return dir{r}, err
}

func (d dir) openFile(name string) (rawFile, error) {
	switch k, err := d.kind(name); {
	case err != nil:
		return rawFile{}, err
	case k == kindLink:
		return rawFile{}, errIsLink
	case k == kindDir:
		return rawFile{}, errIsDir
	case k != kindFile:
		return rawFile{}, errSpecial
	}
	f, err := d.r.Open(name)
	if err != nil {
		return rawFile{}, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errSpecial
	}
	if err != nil {
		f.Close()
		return rawFile{}, err
	}
	return rawFile{f, info}, nil
}

func (d dir) readLink(name string) (string, error) { return d.r.Readlink(name) }

func (d dir) kind(name string) (kind, error) {
	info, err := d.r.Lstat(name)
	if err != nil {
		return kindUnknown, err
	}
	return kindOf(info.Mode()), nil
}

func kindOf(m fs.FileMode) kind {
	switch {
	case m.IsRegular():
		return kindFile
	case m.IsDir():
		return kindDir
	case m&fs.ModeSymlink != 0:
		return kindLink
	}
	return kindOther
}

func (d dir) list([]byte) ([]dirent, error) {
	f, err := d.r.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	list, err := f.ReadDir(-1)
	out := make([]dirent, len(list))
	for i, e := range list {
		out[i] = dirent{e.Name(), kindOf(e.Type())}
	}
	return out, err
}

func (d dir) close() error { return d.r.Close() }

func isScarce(error) bool { return false }

func descriptors() int { return 1 << 12 }

type rawFile struct {
	f    *os.File
	info fs.FileInfo
}

func (f rawFile) size() int64 { return f.info.Size() }

func (f rawFile) read(b []byte) (int, error) {
	n, err := f.f.Read(b)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (f rawFile) file(string) (*os.File, fs.FileInfo, error) { return f.f, f.info, nil }

func (f rawFile) close() error { return f.f.Close() }
