package tree

import (
	"io/fs"
	"os"
)

// A File is a regular file open for reading. The caller closes it.
type File struct {
	f    *os.File
	path string
	info fs.FileInfo
}

// Path returns where the file really lies, slash-separated and relative to the root:
// links that led to it are resolved. Rules about paths are to be asked about this one.
func (f *File) Path() string { return f.path }

// Stat returns what was known of the file when it was opened.
func (f *File) Stat() fs.FileInfo { return f.info }

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) { return f.f.Read(p) }

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.f.ReadAt(p, off) }

// Seek implements io.Seeker.
func (f *File) Seek(offset int64, whence int) (int64, error) { return f.f.Seek(offset, whence) }

// Close implements io.Closer.
func (f *File) Close() error { return f.f.Close() }
