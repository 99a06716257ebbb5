package tree

import "errors"

// What opening a name in a folder can find besides the errors of io/fs.
var (
	errIsLink  = errors.New("a link")
	errIsDir   = errors.New("a folder")
	errNotDir  = errors.New("not a folder")
	errSpecial = errors.New("not a regular file")
)

// A kind is what an entry of a folder is.
type kind uint8

const (
	kindUnknown kind = iota
	kindFile
	kindDir
	kindLink
	kindOther // devices, FIFOs, sockets
)

// A dirent is one entry of a folder.
type dirent struct {
	name string
	kind kind
}

// Each system has a type dir, an open folder, with these methods. None follows a link:
//
//	dup() (dir, error)                        another handle of the same folder
//	stat() (fs.FileInfo, error)
//	openDir(name string) (dir, error)         errIsLink, errNotDir
//	openFile(name string) (rawFile, error)    regular files: errIsLink, errIsDir, errSpecial
//	readLink(name string) (string, error)     an error if name is no link
//	kind(name string) (kind, error)
//	list(buf []byte) ([]dirent, error)        once for each handle
//	close() error
//
// and a type rawFile, an open regular file, with
//
//	size() int64
//	read(b []byte) (int, error)               0, nil at the end
//	file(name string) (*os.File, fs.FileInfo, error)   takes the file over
//	close() error
