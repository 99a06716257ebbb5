package verdict

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"cleat/internal/fail"
	"cleat/internal/lockfile"
)

// The files in the state folder.
const (
	folderName = "verdicts"
	lockName   = "lock"          // held by whoever reads or writes
	fileName   = "results.jsonl" // one line for each result, after a line that names the file
	draftName  = "results.new"   // what takes its place
)

// headSize is the length of the first line of the file: a random word, so that a file is
// known again, and its line feed.
const headSize = 26 + 1

// A file is the file of results, open under the lock of all processes.
type file struct {
	*os.File
	dir *os.Root
}

// locked calls f with the file, which is made if there is none. Calls of one process, and
// of several, come one after the other.
func (h *History) locked(ctx context.Context, f func(*file) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	dir, err := h.folder()
	if err != nil {
		return unusable(err)
	}
	defer dir.Close()
	lock, err := openFile(dir, lockName)
	if err != nil {
		return unusable(err)
	}
	defer lock.Close() // which gives the lock back
	if err := lockfile.Wait(ctx, lock, 50*time.Millisecond); errors.Is(err, lockfile.ErrHeld) {
		return fail.Errorf(fail.Busy, "another process holds the history of builds: %w", context.Cause(ctx)).
			After(time.Second)
	} else if err != nil {
		return unusable(err)
	}
	results, err := openFile(dir, fileName)
	if err != nil {
		return unusable(err)
	}
	open := &file{results, dir}
	defer func() { open.Close() }() // which may be another one by then
	h.mu.Lock()                     // nobody waits here: the lock above is held
	defer h.mu.Unlock()
	return f(open)
}

// folder opens the folder of the history, making it if there is none.
func (h *History) folder() (*os.Root, error) {
	state, err := h.state()
	if err != nil {
		return nil, err
	}
	if err := state.Mkdir(folderName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	info, err := state.Lstat(folderName)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, errors.New("its folder is not one")
	}
	return state.OpenRoot(folderName)
}

// openFile opens a regular file for reading and writing, making it if there is none.
func openFile(dir *os.Root, name string) (*os.File, error) {
	info, err := dir.Lstat(name)
	if err == nil && !info.Mode().IsRegular() || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, fmt.Errorf("%s is not a regular file", name))
	}
	f, err := dir.OpenFile(name, os.O_RDWR|os.O_CREATE|lockfile.OpenFlags, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s is not a regular file", name), f.Close())
	}
	return f, nil
}

func unusable(err error) error {
	if _, ok := errors.AsType[*fail.Error](err); ok {
		return err
	}
	return fail.Errorf(fail.Unavailable, "the history of builds cannot be kept: %w", err).
		Then("tell the user that cleat's state folder cannot be written to")
}

// refresh reads what the file has more than at the last call, or all of it if it is
// another file. What no one can read in it is passed over.
func (h *History) refresh(f *file) error {
	info, err := f.Stat()
	if err != nil {
		return unusable(err)
	}
	head := make([]byte, headSize)
	_, err = f.ReadAt(head, 0)
	whole := err == nil && head[headSize-1] == '\n'
	if err != nil && !errors.Is(err, io.EOF) {
		return unusable(err)
	}
	size := info.Size()
	switch {
	case !whole || size > 2*MaxBytes: // new, damaged, or not of cleat
		return h.salvage(f, size)
	case string(head) != h.kept.head || size < h.kept.size:
		h.kept = ledger{head: string(head), size: headSize}
	}
	if size == h.kept.size {
		return nil
	}
	more := make([]byte, size-h.kept.size)
	if _, err := f.ReadAt(more, h.kept.size); err != nil {
		return unusable(err)
	}
	h.kept.add(more)
	h.kept.size = size
	return nil
}

// salvage makes a new file of what can be read of this one.
func (h *History) salvage(f *file, size int64) error {
	content := make([]byte, min(size, MaxBytes))
	if _, err := f.ReadAt(content, size-int64(len(content))); err != nil && !errors.Is(err, io.EOF) {
		return unusable(err)
	}
	h.kept = ledger{}
	h.kept.add(content)
	return h.shrink(f)
}

// record writes those of the results that are not kept yet.
func (h *History) record(f *file, results []Result) error {
	if err := h.refresh(f); err != nil {
		return err
	}
	var lines []byte
	if h.kept.torn {
		lines = append(lines, '\n')
	}
	fresh := 0
	for _, r := range results {
		e, err := newEntry(r)
		if err != nil {
			return err
		}
		if h.kept.has(e) || e.At.Before(h.oldest()) {
			continue
		}
		line, err := e.line()
		if err != nil {
			return err
		}
		lines = append(lines, line...)
		fresh++
	}
	if fresh == 0 {
		return nil
	}
	size := h.kept.size
	if _, err := f.WriteAt(lines, size); err != nil {
		// What was written of it is taken back, or else is a line that is passed over.
		return unusable(errors.Join(err, f.Truncate(size)))
	}
	h.kept.add(lines)
	h.kept.size = size + int64(len(lines))
	if h.kept.lines > MaxResults || h.kept.size > MaxBytes {
		return h.shrink(f)
	}
	return nil
}

// oldest is when the runs began whose results are kept the longest.
func (h *History) oldest() time.Time { return h.now().Add(-Life) }

// shrink makes the file one of the newest results, with some room for more.
func (h *History) shrink(f *file) error {
	const results, bytes = MaxResults * 3 / 4, MaxBytes * 3 / 4
	var kept [][]byte
	size := headSize
	oldest := h.oldest()
	for _, e := range h.kept.newest(func(e *entry) bool { return !e.At.Before(oldest) }) {
		line, err := e.line()
		if err != nil {
			return err
		}
		if size += len(line); size > bytes || len(kept) == results {
			break
		}
		kept = append(kept, line)
	}
	var lines []byte
	for i := len(kept) - 1; i >= 0; i-- {
		lines = append(lines, kept[i]...)
	}
	return h.replace(f, lines)
}

// replace puts a new file of these lines in place of f, whole or not at all. f remains open.
func (h *History) replace(f *file, lines []byte) error {
	head := rand.Text() + "\n"
	draft, err := f.dir.OpenFile(draftName, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|lockfile.OpenFlags, 0o600)
	if err != nil {
		return unusable(err)
	}
	_, err = draft.Write(append([]byte(head), lines...))
	err = errors.Join(err, draft.Sync(), draft.Close())
	if err == nil {
		err = f.swap()
	}
	if err != nil {
		return unusable(errors.Join(err, f.dir.Remove(draftName)))
	}
	h.kept = ledger{head: head}
	h.kept.add(lines)
	h.kept.size = int64(headSize + len(lines))
	return nil
}

// swap makes the draft the file, and opens that.
func (f *file) swap() error {
	if err := f.Close(); err != nil { // Windows renames over no open file
		return err
	}
	err := f.dir.Rename(draftName, fileName)
	next, problem := openFile(f.dir, fileName)
	if problem == nil {
		f.File = next
	}
	return errors.Join(err, problem)
}
