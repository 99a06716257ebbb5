package once

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"cleat/internal/lockfile"
)

// A state is how far the write of a key has come.
type state int

const (
	free    state = iota // it has not begun
	begun                // it has begun, and its end is not known
	done                 // it succeeded
	damaged              // it cannot be told
)

// A record is what the file of a key says: one line when the write begins, and another
// when it has succeeded.
type record struct {
	Began   time.Time
	Salt    []byte // of the digest
	Request []byte // digest of the request
	Result  []byte // nil if it was not kept
	state   state
}

// The two lines.
type (
	beginLine struct {
		Began   time.Time `json:"began"`
		Salt    []byte    `json:"salt"`
		Request []byte    `json:"request"`
	}
	endLine struct {
		Ended  time.Time `json:"ended"`
		Kept   bool      `json:"kept"`
		Result []byte    `json:"result,omitempty"`
	}
)

// maxFile is more than the file of a key ever has, in bytes.
const maxFile = 2*MaxResult + 4<<10

// fileName is the name of a key's file.
func fileName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// isFileName reports whether a name is one that fileName makes.
func isFileName(name string) bool {
	b, err := hex.DecodeString(name)
	return err == nil && len(b) == sha256.Size && name == hex.EncodeToString(b)
}

// digest is that of a request, keyed so that equal requests of two keys do not look equal.
func digest(salt []byte, key string, request []byte) []byte {
	mac := hmac.New(sha256.New, salt)
	fmt.Fprintf(mac, "%d\x00%s", len(key), key)
	mac.Write(request)
	return mac.Sum(nil)
}

func (r record) matches(key string, request []byte) bool {
	return hmac.Equal(r.Request, digest(r.Salt, key, request))
}

// parse reads the content of a file.
func parse(content []byte) record {
	if len(content) == 0 {
		return record{}
	}
	first, rest, whole := bytes.Cut(content, []byte("\n"))
	var b beginLine
	if !whole || json.Unmarshal(first, &b) != nil || b.Began.IsZero() || len(b.Salt) == 0 || len(b.Request) != sha256.Size {
		return record{state: damaged}
	}
	r := record{Began: b.Began, Salt: b.Salt, Request: b.Request, state: begun}
	second, _, whole := bytes.Cut(rest, []byte("\n"))
	var e endLine
	if !whole || json.Unmarshal(second, &e) != nil || e.Ended.IsZero() {
		return r
	}
	r.state = done
	if e.Kept {
		r.Result = append([]byte{}, e.Result...) // not nil
	}
	return r
}

// An entry is the file of a key, open and locked.
type entry struct {
	*lock
	name string
	dir  *os.Root
}

// openEntry opens the file of a key, making it if there is none, and locks it.
func openEntry(ctx context.Context, dir *os.Root, name string) (*entry, error) {
	l, err := openLock(ctx, dir, name)
	if err != nil {
		return nil, err
	}
	return &entry{lock: l, name: name, dir: dir}, nil
}

// read returns what the file says.
func (e *entry) read() (record, error) {
	if _, err := e.file.Seek(0, io.SeekStart); err != nil {
		return record{}, err
	}
	content, err := io.ReadAll(io.LimitReader(e.file, maxFile+1))
	if err != nil {
		return record{}, err
	}
	r := parse(content)
	if len(content) > maxFile {
		r = record{state: damaged}
	}
	if r.state == damaged { // it lives on as long as others
		info, err := e.file.Stat()
		if err != nil {
			return record{}, err
		}
		r.Began = info.ModTime()
	}
	return r, nil
}

// begin makes the file say that the write begins, and nothing else.
func (e *entry) begin(now time.Time, key string, request []byte) error {
	salt := make([]byte, sha256.Size)
	if _, err := rand.Read(salt); err != nil {
		return fmt.Errorf("making a salt: %w", err)
	}
	if err := e.file.Truncate(0); err != nil {
		return err
	}
	return e.append(0, beginLine{Began: now.UTC(), Salt: salt, Request: digest(salt, key, request)})
}

// finish adds that the write has succeeded.
func (e *entry) finish(now time.Time, result []byte) error {
	line := endLine{Ended: now.UTC(), Kept: len(result) <= MaxResult}
	if line.Kept {
		line.Result = result
	}
	end, err := e.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	return e.append(end, line)
}

// append writes a line at the given place, and waits until it is durable.
func (e *entry) append(at int64, line any) error {
	data, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encoding a record: %w", err)
	}
	if _, err := e.file.WriteAt(append(data, '\n'), at); err != nil {
		return err
	}
	return e.file.Sync()
}

// freeAfter makes the key as good as new after err, which it returns.
func (e *entry) freeAfter(err error) error {
	if problem := e.free(); problem != nil {
		return errors.Join(err, problem)
	}
	return err
}

// free makes the key as good as new. The file goes too, if it can.
func (e *entry) free() error {
	if err := e.file.Truncate(0); err != nil {
		return fmt.Errorf("freeing an idempotency_key: %w", err)
	}
	if err := e.file.Sync(); err != nil {
		return fmt.Errorf("freeing an idempotency_key: %w", err)
	}
	_ = e.dir.Remove(e.name) // an empty file means the same
	return nil
}

// A lock is an open file with the lock that all processes respect.
type lock struct{ file *os.File }

// openLock opens a regular file of dir for reading and writing, making it if there is
// none, and takes its lock. It waits until ctx ends, and then fails with lockfile.ErrHeld.
func openLock(ctx context.Context, dir *os.Root, name string) (*lock, error) {
	for {
		l, err := openFile(dir, name)
		if err != nil {
			return nil, err
		}
		if err := lockfile.Wait(ctx, l.file, 50*time.Millisecond); err != nil {
			l.file.Close()
			return nil, err
		}
		// Whoever had the lock before may have removed the file.
		there, err := isThere(dir, name, l.file)
		if err != nil {
			l.close()
			return nil, err
		}
		if there {
			return l, nil
		}
		l.close()
	}
}

// openFile opens a file that openLock can lock.
func openFile(dir *os.Root, name string) (*lock, error) {
	info, err := dir.Lstat(name)
	if err == nil && !info.Mode().IsRegular() || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, errors.New("its file is not a regular one"))
	}
	f, err := dir.OpenFile(name, os.O_RDWR|os.O_CREATE|lockfile.OpenFlags, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("its file is not a regular one"), f.Close())
	}
	return &lock{f}, nil
}

// isThere reports whether name still leads to the file.
func isThere(dir *os.Root, name string, f *os.File) (bool, error) {
	at, err := dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	open, err := f.Stat()
	return err == nil && os.SameFile(at, open), err
}

// close gives the lock back. All that matters was synced before.
func (l *lock) close() {
	_ = lockfile.Unlock(l.file) // closing does the same
	l.file.Close()
}
