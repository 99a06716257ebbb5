package local

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The log of a run is kept in segments, files whose names say which part of the output they
// hold: at which byte they begin, and how many line feeds come before. Those of the first
// half of what may be kept stay; of the others the newest stay. So a log can be read at any
// time, also when the process that wrote it was killed.
const (
	segmentPrefix = "log-"
	headSegments  = 8
	tailSegments  = 9 // the newest one is being written
)

type segment struct {
	name         string
	begin, lines int64
}

func segmentName(begin, lines int64) string {
	return fmt.Sprintf("%s%015d-%012d", segmentPrefix, begin, lines)
}

func parseSegment(name string) (segment, bool) {
	b, l, ok := strings.Cut(strings.TrimPrefix(name, segmentPrefix), "-")
	begin, err1 := strconv.ParseInt(b, 10, 64)
	lines, err2 := strconv.ParseInt(l, 10, 64)
	ok = ok && err1 == nil && err2 == nil && begin >= 0 && lines >= 0 && name == segmentName(begin, lines)
	return segment{name, begin, lines}, ok
}

// segments lists those of a run in order.
func segments(dir *os.Root) ([]segment, error) {
	d, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []segment
	for _, name := range names {
		if s, ok := parseSegment(name); ok {
			out = append(out, s)
		}
	}
	return out, nil
}

// A logWriter writes the segments. It is for one goroutine.
type logWriter struct {
	dir          *os.Root
	each         int64 // bytes of a segment
	begin, lines int64 // of the output so far
	file         *os.File
	room         int64    // left in file
	tail         []string // segments beyond the head
	err          error    // the first; from then on nothing is kept
}

func newLogWriter(dir *os.Root, most int64) *logWriter {
	return &logWriter{dir: dir, each: max(most/(headSegments+tailSegments-1), 1)}
}

// Write takes all of b, whether it can be kept or not: the task must not wait for room on a
// disk that is full.
func (w *logWriter) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if w.room == 0 && w.err == nil {
			w.err = w.next()
		}
		part := b
		if w.err == nil {
			part = b[:min(int64(len(b)), w.room)]
			w.room -= int64(len(part))
			_, w.err = w.file.Write(part)
		}
		w.begin += int64(len(part))
		w.lines += int64(bytes.Count(part, []byte{'\n'}))
		b = b[len(part):]
	}
	return n, nil
}

// next begins a segment, and removes the one that has become too many.
func (w *logWriter) next() error {
	if err := w.closeFile(); err != nil {
		return err
	}
	name := segmentName(w.begin, w.lines)
	f, err := w.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	w.file, w.room = f, w.each
	if w.begin < headSegments*w.each {
		return nil
	}
	w.tail = append(w.tail, name)
	if len(w.tail) > tailSegments {
		first := w.tail[0]
		w.tail = w.tail[1:]
		return w.dir.Remove(first)
	}
	return nil
}

func (w *logWriter) closeFile() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

// Close ends the log, and returns why a part of it was not kept, if it was not.
func (w *logWriter) Close() error { return errors.Join(w.err, w.closeFile()) }

// A logFile is the log of a run as it was when it was opened. Reading, and seeking, is for
// one goroutine; ReadAt is for any.
type logFile struct {
	parts []part
	files []*os.File
	size  int64
	pos   int64
}

// A part is n bytes of a logFile from the byte at on; they are those of r from the byte from on.
type part struct {
	r           io.ReaderAt
	from, at, n int64
}

// maxPartialLine is how many bytes of a line whose beginning was not kept are looked through
// for its end.
const maxPartialLine = 64 << 10

// openLog opens the log of a run.
func openLog(dir *os.Root) (*logFile, error) {
	all, err := segments(dir)
	if err != nil {
		return nil, err
	}
	l := &logFile{}
	var end int64 // of the output that is in l
	var before segment
	for _, s := range all {
		f, err := dir.OpenFile(s.name, os.O_RDONLY|openFlags, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has just become too old
		}
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.files = append(l.files, f)
		info, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		var from int64
		if s.begin > end {
			if from, err = l.gap(end, before, s, f); err != nil {
				return nil, errors.Join(err, l.Close())
			}
		}
		l.add(f, from, info.Size()-from)
		end, before = s.begin+info.Size(), s
	}
	return l, nil
}

func (l *logFile) add(r io.ReaderAt, from, n int64) {
	if n > 0 {
		l.parts = append(l.parts, part{r, from, l.size, n})
		l.size += n
	}
}

// gap adds a line about what was not kept between the byte end and the segment next, and
// returns from which of its bytes on that is to be read: from its first whole line.
func (l *logFile) gap(end int64, before, next segment, f io.ReaderAt) (from int64, err error) {
	lines, begin := next.lines, next.begin
	first := make([]byte, maxPartialLine)
	n, err := f.ReadAt(first, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if i := bytes.IndexByte(first[:n], '\n'); i >= 0 {
		from = int64(i) + 1
		lines++
	}
	newline := ""
	if len(l.parts) > 0 {
		last := l.parts[len(l.parts)-1]
		content := make([]byte, last.n)
		if _, err := last.r.ReadAt(content, last.from); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		lines -= before.lines + int64(bytes.Count(content, []byte{'\n'}))
		if content[len(content)-1] != '\n' {
			newline = "\n"
		}
	}
	l.note(newline, lines, begin+from-end)
	return from, nil
}

func (l *logFile) note(newline string, lines, size int64) {
	text := fmt.Sprintf("%s… %d lines (%d bytes) were not kept …\n", newline, lines, size)
	l.add(strings.NewReader(text), 0, int64(len(text)))
}

// Size is the number of bytes there are to read.
func (l *logFile) Size() int64 { return l.size }

// ReadAt implements io.ReaderAt.
func (l *logFile) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("a negative offset")
	}
	i, found := slices.BinarySearchFunc(l.parts, off, func(p part, off int64) int {
		switch {
		case p.at+p.n <= off:
			return -1
		case p.at > off:
			return 1
		}
		return 0
	})
	if !found {
		return 0, io.EOF
	}
	n := 0
	for ; i < len(l.parts) && n < len(b); i++ {
		p := l.parts[i]
		skip := off + int64(n) - p.at
		m, err := p.r.ReadAt(b[n:n+int(min(int64(len(b)-n), p.n-skip))], p.from+skip)
		n += m
		if err != nil && !(errors.Is(err, io.EOF) && skip+int64(m) == p.n) {
			return n, err
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Read implements io.Reader.
func (l *logFile) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := l.ReadAt(b, l.pos)
	l.pos += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Seek implements io.Seeker.
func (l *logFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += l.pos
	case io.SeekEnd:
		offset += l.size
	}
	if offset < 0 {
		return 0, errors.New("a negative offset")
	}
	l.pos = offset
	return offset, nil
}

// Close implements io.Closer.
func (l *logFile) Close() error {
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.Close())
	}
	l.files = nil
	return errors.Join(errs...)
}
