package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cleat/internal/lockfile"
)

// errMoved means that the path led elsewhere when the record was written, so that it may
// be lost with a removed file.
var errMoved = errors.New("the file was removed or replaced")

// append writes one record under the lock, after those that the log has to write about
// itself, and returns the place after it.
func (l *Log) append(ctx context.Context, body []byte, durable bool) (at place, err error) {
	f := &l.files
	defer func() { err = trouble(f.dir, "writing the audit log", err) }()
	if err := f.lock(ctx, l.opt); err != nil {
		return at, err
	}
	defer func() {
		if e := lockfile.Unlock(f.head); e != nil {
			err = errors.Join(err, e, f.close())
		}
	}()

	at, found, err := f.settle()
	if err != nil {
		return at, err
	}
	if found != nil {
		if at, err = l.report(at, *found); err != nil {
			return at, err
		}
	}
	at, err = f.write(at, body, durable, l.opt.Rotate)
	return at, err
}

// report writes the record of what settle found.
func (l *Log) report(at place, found finding) (place, error) {
	rec := l.prepare(Record{Method: found.method, Name: current, Decision: Allow, Outcome: found.text})
	at, err := l.files.write(at, rec.body(), true, l.opt.Rotate)
	if err != nil {
		return at, err
	}
	if found.method == MethodRepair {
		l.opt.Log.Warn("audit log mended", "seq", at.Seq, "found", found.text)
		return at, nil
	}
	l.opt.Log.Error("audit log was changed from outside", "seq", at.Seq, "found", found.text)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.Broken = found.text
	return at, nil
}

// lock opens the head where needed and takes the lock on it. It makes sure that the path
// of the head still leads to what is locked: the state folder may have been made anew.
func (f *files) lock(ctx context.Context, opt Options) error {
	for range 10 {
		if f.head == nil {
			if err := f.openHead(); err != nil {
				return err
			}
		}
		limit := opt.Wait
		if f.stuck {
			limit = min(limit, time.Millisecond) // one call has waited in vain; the others need not, one by one
		}
		err := waitLock(ctx, f.head, limit)
		f.stuck = errors.Is(err, lockfile.ErrHeld)
		if err != nil {
			return err
		}
		info, err := os.Lstat(filepath.Join(f.dir, headFile))
		if err == nil && os.SameFile(info, f.headInfo) && !loose(info, 0o600) {
			if err = refuse(filepath.Join(f.dir, headFile), info, false); err != nil {
				return errors.Join(err, lockfile.Unlock(f.head))
			}
			return nil
		}
		// Closing the file gives back the lock.
		if err := f.close(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s keeps changing", f.dir)
}

// A finding is what the log has to record about itself before it goes on.
type finding struct{ method, text string }

func broken(format string, args ...any) *finding {
	return &finding{MethodBreak, fmt.Sprintf(format, args...)}
}

// settle compares the head with the log, brings an interrupted write to its end, and
// returns where the log goes on. The caller holds the lock.
func (f *files) settle() (place, *finding, error) {
	if err := f.openAudit(); err != nil {
		return place{}, nil, err
	}
	size, err := f.openFile(false)
	if err != nil {
		return place{}, nil, err
	}
	h, state, err := readHead(f.head)
	if err != nil {
		return place{}, nil, err
	}
	if state == headOK {
		f.gen = h.Gen
	}
	var at place
	var found *finding
	switch {
	case f.last.Seq > 0 && (state != headOK || h.Seq < f.last.Seq || h.Seq == f.last.Seq && h.Hash != f.last.Hash):
		found = broken("the head was removed or replaced by an old copy: record %d was the last before", f.last.Seq)
		at = f.last
	case state == headOK:
		at, found, err = f.compare(h, max(size, 0))
	default:
		at, found, err = f.adopt(state, size)
	}
	if err != nil {
		return at, nil, err
	}
	if size, err = f.openFile(true); err != nil {
		return at, nil, err
	}
	if found != nil && found.method == MethodBreak {
		// What is there stays as it is, for those who look into it.
		if at.Size = size; size == 0 {
			at.First = at.Seq + 1
		}
		if err := f.endLine(&at); err != nil {
			return at, nil, err
		}
	}
	return at, found, nil
}

// compare settles a log that has a head.
func (f *files) compare(h head, size int64) (place, *finding, error) {
	switch {
	case h.Next == "" && size == h.Size:
		return h.place, nil, nil
	case h.Next == "" && size == 0 && f.setAside(h.place):
		return h.next(), nil, nil
	case size < h.Size:
		return h.place, broken("%d bytes are gone from the end of %s: the head knows records up to %d", h.Size-size, current, h.Seq), nil
	case h.Next == "":
		return h.place, broken("%d bytes that cleat did not write follow record %d", size-h.Size, h.Seq), nil
	case size == h.Size:
		return h.place, &finding{MethodRepair, fmt.Sprintf("a process ended before it wrote record %d", h.Seq+1)}, nil
	}
	line := make([]byte, min(h.Len, size-h.Size))
	if _, err := f.file.ReadAt(line, h.Size); err != nil {
		return h.place, nil, err
	}
	switch {
	case size == h.Size+h.Len && h.announced(line):
		return place{Seq: h.Seq + 1, Hash: h.Next, First: h.First, Size: size}, nil, nil
	case size < h.Size+h.Len && !bytes.ContainsRune(line, '\n'): // the beginning of the announced line
		if err := f.truncate(h.Size); err != nil {
			return h.place, nil, err
		}
		return h.place, &finding{MethodRepair,
			fmt.Sprintf("a process ended while it wrote record %d; its %d bytes of %d were cut", h.Seq+1, size-h.Size, h.Len)}, nil
	}
	return h.place, broken("%d bytes that cleat did not write follow record %d", size-h.Size, h.Seq), nil
}

// announced reports whether line is the record that the head announced.
func (h head) announced(line []byte) bool {
	if int64(len(line)) != h.Len || h.Len == 0 || line[len(line)-1] != '\n' {
		return false
	}
	rec, err := decode(line[:len(line)-1])
	return err == nil && rec.Hash == h.Next && rec.Seq == h.Seq+1 && rec.Prev == h.Hash
}

// next is the place at the start of a new file.
func (p place) next() place { return place{Seq: p.Seq, Hash: p.Hash, First: p.Seq + 1} }

// setAside reports whether the file that p is about has been renamed, as the first half of
// a rotation does.
func (f *files) setAside(p place) bool {
	info, err := f.audit.Lstat(rotated(p.First))
	return err == nil && info.Mode().IsRegular() && info.Size() == p.Size
}

// adopt settles a log without a head: one that is new, or whose head was removed.
func (f *files) adopt(state headState, size int64) (place, *finding, error) {
	last, ok, err := lastRecord(f.audit)
	if err != nil {
		return place{}, nil, err
	}
	at := place{Hash: genesis, First: 1}
	if ok {
		at = place{Seq: last.Seq, Hash: last.Hash, First: last.Seq + 1}
	}
	switch {
	case state == headBad:
		return at, broken("the head is damaged"), nil
	case ok || size > 0:
		return at, broken("the head is missing; the log ends with record %d", last.Seq), nil
	}
	return at, nil, nil
}

// endLine ends an unfinished last line, so that the next record begins a line of its own.
func (f *files) endLine(at *place) error {
	if at.Size == 0 {
		return nil
	}
	var last [1]byte
	if _, err := f.file.ReadAt(last[:], at.Size-1); err != nil || last[0] == '\n' {
		return err
	}
	if _, err := io.WriteString(f.file, "\n"); err != nil {
		return err
	}
	at.Size++
	return nil
}

// write announces, writes and confirms one record after at, and returns the place after
// it. It sets the file aside first when it is full.
func (f *files) write(at place, body []byte, durable bool, limit int64) (place, error) {
	line, hash := compose(at.Seq+1, body, at.Hash)
	if at.Size > 0 && at.Size+int64(len(line)) > limit {
		var err error
		if at, err = f.rotate(at); err != nil {
			return at, err
		}
	}
	if err := f.putHead(head{place: at, Next: hash, Len: int64(len(line))}); err != nil {
		return at, err
	}
	f.step("announced")
	_, err := f.file.Write(line)
	if err == nil && durable {
		err = f.file.Sync()
	}
	if err != nil {
		return at, f.withdraw(at, err)
	}
	f.step("written")
	after := place{Seq: at.Seq + 1, Hash: hash, First: at.First, Size: at.Size + int64(len(line))}
	if !f.inPlace(after.Size) {
		return at, errMoved
	}
	if err := f.putHead(head{place: after}); err != nil {
		return at, err
	}
	if durable {
		if err := f.head.Sync(); err != nil {
			return at, err
		}
	}
	f.step("confirmed")
	f.last = after
	return after, nil
}

// withdraw takes back a record that could not be written. What cannot be taken back now,
// the next settle will.
func (f *files) withdraw(at place, cause error) error {
	if err := f.truncate(at.Size); err != nil {
		return errors.Join(cause, err)
	}
	if err := f.putHead(head{place: at}); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

func (f *files) putHead(h head) error {
	f.gen++
	h.Gen = f.gen
	return writeHead(f.head, h)
}

// rotate sets audit.jsonl aside and begins a new one. Killed after the renaming, settle
// finds the renamed file by its size.
func (f *files) rotate(at place) (place, error) {
	name := rotated(at.First)
	if _, err := f.audit.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		if err == nil && !f.warn {
			f.warn = true
			f.log.Warn("audit log grows beyond its limit: the name to set it aside under is taken", "name", name)
		}
		return at, err
	}
	if err := f.audit.Rename(current, name); err != nil {
		return at, err
	}
	if err := syncDir(f.audit); err != nil {
		return at, err
	}
	f.step("renamed")
	if err := f.file.Close(); err != nil {
		return at, err
	}
	f.file = nil
	if _, err := f.openFile(true); err != nil {
		return at, err
	}
	f.step("rotated")
	return at.next(), nil
}

// step tells a test how far a write has come.
func (f *files) step(name string) {
	if f.reached != nil {
		f.reached(name)
	}
}
