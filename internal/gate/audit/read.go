package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/lockfile"
)

// Tail returns the last n records of the log in the state folder dir for which filter is
// true, the oldest first; a nil filter takes all. It reads from the end and stops when it
// has n; it looks at the whole log only when fewer match. Lines that are no records, or do
// not match their own hash, are left out: Verify names them. A log that does not exist is
// empty. Tail changes no file.
func Tail(ctx context.Context, dir string, n int, filter func(Record) bool) ([]Record, error) {
	var out []Record
	if n <= 0 {
		return nil, nil
	}
	err := newestFirst(ctx, dir, func(r Record) bool {
		if filter == nil || filter(r) {
			out = append(out, r)
		}
		return len(out) < n
	})
	slices.Reverse(out)
	return out, err
}

// maxUnfinished bounds the memory for writes whose end is looked for.
const maxUnfinished = 10_000

// Unfinished returns the intents of writes at or after since that have no result, the
// oldest first: their outcome is unknown, or they are at work in another process, which
// Time and Session tell. A caller that has shown one closes it with a result of the same
// ID. since bounds how much is read; the zero time reads all. At most 10,000 are returned.
func Unfinished(ctx context.Context, dir string, since time.Time) ([]Record, error) {
	// Clocks may go back a little between records, so reading goes on for a while.
	const slack = time.Minute
	results := make(map[callKey]bool)
	var open []Record
	err := newestFirst(ctx, dir, func(r Record) bool {
		switch {
		case r.Time.Before(since.Add(-slack)):
			return false
		case r.Phase == Result && len(results) < maxUnfinished:
			results[keyOf(r)] = true
		case r.Phase == Intent && results[keyOf(r)]:
			delete(results, keyOf(r))
		case r.Phase == Intent && !r.Time.Before(since):
			open = append(open, r)
		}
		return len(open) < maxUnfinished
	})
	slices.Reverse(open)
	return open, err
}

// newestFirst calls yield with all records from the last to the first, until it returns false.
func newestFirst(ctx context.Context, dir string, yield func(Record) bool) error {
	s, err := takeSnapshot(ctx, dir)
	if err != nil {
		return err
	}
	defer s.close()
	for _, name := range slices.Backward(s.names) {
		file, size, err := s.open(name)
		if err != nil {
			return err
		}
		more, err := records(ctx, file, size, yield)
		file.Close()
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// records yields the records of one file from the last to the first, and reports whether
// yield wants more.
func records(ctx context.Context, file io.ReaderAt, size int64, yield func(Record) bool) (more bool, err error) {
	for line, err := range backward(file, size) {
		if err != nil {
			return false, fmt.Errorf("reading the audit log: %w", err)
		}
		if err := context.Cause(ctx); err != nil {
			return false, err
		}
		if rec, err := decode(line); err == nil && !yield(rec) {
			return false, nil
		}
	}
	return true, nil
}

// lastRecord returns the last line of all files that is a record.
func lastRecord(audit *os.Root) (last Record, ok bool, err error) {
	names, err := logNames(audit)
	if err != nil {
		return last, false, err
	}
	for _, name := range slices.Backward(names) {
		file, info, err := openRead(audit, name)
		if err != nil {
			return last, false, err
		}
		_, err = records(context.Background(), file, info.Size(), func(r Record) bool {
			last, ok = r, true
			return false
		})
		file.Close()
		if err != nil || ok {
			return last, ok, err
		}
	}
	return last, false, nil
}

// backward yields the lines of the first size bytes of r from the last to the first,
// without line feeds. Lines longer than any record are skipped. A line is valid until the
// next is asked for.
func backward(r io.ReaderAt, size int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		block := make([]byte, 64<<10)
		var rest []byte // end of a line whose beginning is not read yet
		long := false   // that line is longer than any record
		for pos := size; pos > 0; {
			data := block[:min(pos, int64(len(block)))]
			pos -= int64(len(data))
			if _, err := r.ReadAt(data, pos); err != nil {
				yield(nil, err)
				return
			}
			for {
				i := bytes.LastIndexByte(data, '\n')
				if i < 0 {
					break
				}
				line := slices.Concat(data[i+1:], rest)
				if !long && len(line) > 0 && !yield(line, nil) {
					return
				}
				data, rest, long = data[:i], nil, false
			}
			if rest = slices.Concat(data, rest); len(rest) > maxLine {
				rest, long = nil, true
			}
		}
		if !long && len(rest) > 0 {
			yield(rest, nil)
		}
	}
}

// A snapshot is the state of a log's files at one moment at which nobody was writing.
type snapshot struct {
	dir   string
	audit *os.Root // nil: there is no folder
	names []string // of the files, in order; the last one may be audit.jsonl
	file  *os.File // audit.jsonl, nil: there is none; it keeps its place when it is renamed
	size  int64    // of audit.jsonl
	head  head
	state headState
}

// takeSnapshot looks at the log under its lock, and gives the lock back.
func takeSnapshot(ctx context.Context, dir string) (s *snapshot, err error) {
	s = &snapshot{dir: dir}
	defer func() {
		if err != nil {
			s.close()
			s, err = nil, trouble(dir, "reading the audit log", err)
		}
	}()
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	defer root.Close()
	lock, _, err := openRead(root, headFile)
	switch {
	case err == nil:
		defer lock.Close()
		if err := waitLock(ctx, lock, defaultWait); err != nil {
			return s, err
		}
		defer func() { err = errors.Join(err, lockfile.Unlock(lock)) }()
		if s.head, s.state, err = readHead(lock); err != nil {
			return s, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return s, err
	}
	return s, s.openAll(root)
}

// openAll opens the audit folder in root and audit.jsonl in it, and lists the others.
func (s *snapshot) openAll(root *os.Root) error {
	info, err := root.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = wrongKind(filepath.Join(s.dir, folder), info, true)
	}
	if err != nil {
		return err
	}
	if s.audit, err = root.OpenRoot(folder); err != nil {
		return err
	}
	if s.names, err = logNames(s.audit); err != nil {
		return err
	}
	if slices.Contains(s.names, current) {
		s.file, info, err = openRead(s.audit, current)
		if err != nil {
			return err
		}
		s.size = info.Size()
	}
	return nil
}

func (s *snapshot) close() {
	if s.file != nil {
		s.file.Close()
	}
	if s.audit != nil {
		s.audit.Close()
	}
}

// open opens one of the files and returns how much of it belongs to the snapshot. The
// caller closes it.
func (s *snapshot) open(name string) (*os.File, int64, error) {
	if name == current {
		file := s.file
		s.file = nil
		return file, s.size, nil
	}
	file, info, err := openRead(s.audit, name)
	if err != nil {
		return nil, 0, trouble(s.dir, "reading the audit log", err)
	}
	return file, info.Size(), nil
}

// logNames lists the log files in a folder, in the order of their records. Other names
// are of no concern.
func logNames(audit *os.Root) ([]string, error) {
	d, err := audit.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var seqs []uint64
	last := false
	for {
		some, err := d.Readdirnames(1024)
		for _, name := range some {
			digits := strings.TrimSuffix(strings.TrimPrefix(name, "audit-"), ".jsonl")
			if seq, err := strconv.ParseUint(digits, 10, 64); err == nil && name == rotated(seq) {
				seqs = append(seqs, seq)
			}
			last = last || name == current
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(seqs)
	names := make([]string, 0, len(seqs)+1)
	for _, seq := range seqs {
		names = append(names, rotated(seq))
	}
	if last {
		names = append(names, current)
	}
	return names, nil
}

// openRead opens a regular file for reading. Unlike files.open it does not mind whose the
// file is: a log may be looked at elsewhere.
func openRead(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	path := filepath.Join(root.Name(), name)
	before, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if err := wrongKind(path, before, false); err != nil {
		return nil, nil, err
	}
	file, err := root.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !os.SameFile(before, info) {
		err = fail.Errorf(fail.Unavailable, "%s was replaced while it was opened", path)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}
