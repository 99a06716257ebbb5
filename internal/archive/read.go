// Package archive reads the files of a repository out of the tar.gz that a forge makes
// of one commit, and lets them be walked as a folder can be, without a disk.
//
// What is in an archive is a stranger's: all of it is bounded, names that would leave
// the folder are refused, and links are not followed.
package archive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/tree"
)

// Options bound what is read of an archive. The zero value is the default.
type Options struct {
	MaxBytes  int64 // of text kept in memory; 0 means 64 MiB
	MaxFiles  int   // that are kept, whatever is in them; 0 means 20,000
	MaxFile   int64 // bytes of a file that is kept; 0 means 4 MiB
	MaxStream int64 // bytes of the archive after decompression; 0 means 512 MiB
}

const (
	defaultBytes  = 64 << 20
	defaultFiles  = 20_000
	defaultFile   = 4 << 20
	defaultStream = 512 << 20

	maxName    = 4096     // bytes of a path
	maxEntries = 10       // for each file that may be kept: headers are work too
	perEntry   = 256      // bytes that an entry costs beside its content
	sniff      = 8 << 10  // bytes that tell whether a file is text, as in package tree
	chunk      = 64 << 10 // of what is read between two looks at the context
)

func (o Options) orDefaults() Options {
	set := func(n *int64, zero int64) {
		if *n <= 0 {
			*n = zero
		}
	}
	set(&o.MaxBytes, defaultBytes)
	set(&o.MaxFile, defaultFile)
	set(&o.MaxStream, defaultStream)
	if o.MaxFiles <= 0 {
		o.MaxFiles = defaultFiles
	}
	return o
}

// errStream is what the limited stream returns at its end.
var errStream = errors.New("the archive is over the size limit")

// Read reads a tar.gz until its end, or until a limit of o: what was read by then is
// returned, and Files.Cut says which limit it was. The top folder that forges put
// around a repository is left out of the paths.
//
// It fails with fail.Unavailable for what is no such archive or ends early, with the
// *fail.Error that r fails with (fail.TooLarge is a limit like those of o), and with the
// cause of ctx when that ends.
func Read(ctx context.Context, r io.Reader, o Options) (*Files, error) {
	o = o.orDefaults()
	in := &contextReader{ctx: ctx, r: r}
	z, err := gzip.NewReader(bufio.NewReaderSize(in, chunk))
	if err != nil {
		return nil, broken(ctx, err)
	}
	defer z.Close()

	l := &loader{o: o, files: &Files{}, seen: make(map[string]bool)}
	plain := &limitedReader{r: &contextReader{ctx: ctx, r: z}, left: o.MaxStream}
	t := tar.NewReader(plain)
	for l.files.cut == "" {
		h, err := t.Next()
		if err == io.EOF {
			// What follows the last entry is padding; the checksum is after it.
			if _, err = io.Copy(io.Discard, plain); err == nil {
				break
			}
		}
		if err == nil {
			err = l.entry(h, t)
		}
		if errors.Is(err, errStream) {
			l.files.cut = fmt.Sprintf("the archive has more than %d MiB", o.MaxStream>>20)
			break
		}
		if f := new(fail.Error); errors.As(err, &f) && f.Code == fail.TooLarge {
			l.files.cut = "the archive is over the limit of a download"
			break
		}
		if err != nil {
			return nil, broken(ctx, err)
		}
	}
	l.files.finish()
	return l.files, nil
}

// broken is the error for an archive that could not be read.
func broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var known *fail.Error
	if errors.As(err, &known) {
		return known
	}
	why := "it is damaged"
	switch {
	case errors.Is(err, gzip.ErrHeader):
		why = "it does not begin as a gzip file does"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		why = "it ends in the middle"
	}
	return fail.Errorf(fail.Unavailable, "the archive of the repository could not be read").Because("%s", why)
}

// A loader puts the entries of an archive into files.
type loader struct {
	o     Options
	files *Files
	top   string // the folder around all, with its slash; "" before the first entry
	seen  map[string]bool
	count int   // entries of any kind
	bytes int64 // kept
	head  [sniff]byte
}

// entry takes one entry of the archive.
func (l *loader) entry(h *tar.Header, r io.Reader) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		if id := h.PAXRecords["comment"]; l.files.commit == "" && IsHash(id) {
			l.files.commit = id
		}
		return nil
	}
	if l.count++; l.count > maxEntries*l.o.MaxFiles {
		l.files.cut = fmt.Sprintf("the archive has more than %d entries", maxEntries*l.o.MaxFiles)
		return nil
	}
	if h.Typeflag == tar.TypeDir {
		l.folder(h.Name)
		return nil
	}
	name, ok := l.name(h.Name)
	switch {
	case !ok:
		l.files.refused++
		return nil
	case l.bytes > l.o.MaxBytes:
		l.files.cut = tooMuch(l.o)
		return nil
	case h.Typeflag != tar.TypeReg:
		l.files.list = append(l.files.list, file{path: name, modified: h.ModTime, special: true})
		return nil
	case len(l.files.list) >= l.o.MaxFiles:
		l.files.cut = fmt.Sprintf("the repository has more than %d files", l.o.MaxFiles)
		return nil
	}
	f, err := l.read(name, h, r)
	if err != nil || l.files.cut != "" {
		return err
	}
	l.files.list = append(l.files.list, f)
	return nil
}

// folder looks at the entry of a folder, which may be the top one.
func (l *loader) folder(name string) {
	if top, rest, ok := strings.Cut(name, "/"); ok && rest == "" && l.top == "" && local(top) {
		l.top = top + "/"
	}
}

// name returns the path of an entry below the top folder. ok is false for a name that
// is in no such folder, leaves it, is git's own or was there before.
func (l *loader) name(entry string) (name string, ok bool) {
	if l.top == "" {
		top, _, ok := strings.Cut(entry, "/")
		if !ok || !local(top) {
			return "", false
		}
		l.top = top + "/"
	}
	name, ok = strings.CutPrefix(entry, l.top)
	if !ok || !local(name) || l.seen[name] {
		return "", false
	}
	l.seen[name] = true
	l.bytes += perEntry + int64(len(name))
	return name, true
}

// local reports whether name is a plain relative path that stays where it is.
func local(name string) bool {
	if name == "" || len(name) > maxName || strings.ContainsAny(name, "\x00\n\r") {
		return false
	}
	for seg := range strings.SplitSeq(name, "/") {
		if seg == "" || seg == "." || seg == ".." || strings.EqualFold(seg, ".git") {
			return false
		}
	}
	return path.Clean(name) == name
}

// read reads one file. What is not text or too large is known by its name alone.
func (l *loader) read(name string, h *tar.Header, r io.Reader) (file, error) {
	f := file{path: name, size: h.Size, modified: h.ModTime}
	n, err := io.ReadFull(r, l.head[:])
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return f, err
	}
	if int64(n) < h.Size && n < len(l.head) {
		return f, io.ErrUnexpectedEOF
	}
	head := l.head[:n]
	if _, text := tree.Text(head, nil); !text {
		f.err = tree.ErrBinary
		return f, nil
	}
	if h.Size > l.o.MaxFile {
		f.err = tree.ErrTooLarge
		return f, nil
	}
	if l.bytes+h.Size > l.o.MaxBytes {
		l.files.cut = tooMuch(l.o)
		return f, nil
	}
	f.data = make([]byte, h.Size)
	copy(f.data, head)
	if _, err := io.ReadFull(r, f.data[min(int64(n), h.Size):]); err != nil && h.Size > int64(n) {
		return f, err
	}
	l.bytes += h.Size
	return f, nil
}

func tooMuch(o Options) string {
	return fmt.Sprintf("the repository has more than %d MiB of text", o.MaxBytes>>20)
}

// IsHash reports whether s is written as the id of a git object is.
func IsHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// A contextReader ends when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

// A limitedReader fails with errStream when there is more than it may read.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (r *limitedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, errStream
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// A file is one file of an archive.
type file struct {
	path     string
	size     int64
	modified time.Time
	data     []byte
	special  bool  // a link or its like
	err      error // why data is not there: tree.ErrBinary or tree.ErrTooLarge
}
