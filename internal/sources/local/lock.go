package local

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"cleat/internal/lockfile"
)

// openFlags keep an open from waiting for the other end of a FIFO.
const openFlags = lockfile.OpenFlags

// A lock is an open file with a lock that all processes respect. It ends with the process.
type lock struct{ file *os.File }

// take takes the lock on a file of dir, making the file if there is none. It fails with
// lockfile.ErrHeld at once if another has it.
func take(dir *os.Root, name string) (*lock, error) {
	f, err := dir.OpenFile(name, os.O_RDWR|os.O_CREATE|openFlags, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("a lock is no regular file"), f.Close())
	}
	if err := lockfile.Try(f); err != nil {
		f.Close()
		return nil, err
	}
	return &lock{f}, nil
}

// say makes the file name the holder.
func (l *lock) say(holder string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(holder), 0)
	return err
}

// release gives the lock back.
func (l *lock) release() {
	if l != nil {
		l.file.Close() // which unlocks
	}
}

// holder returns what the holder of the lock called itself, "" if it has not yet.
func holder(dir *os.Root, name string) (string, error) {
	f, err := dir.OpenFile(name, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 100))
	return strings.TrimSpace(string(text)), err
}

// isHeld reports whether any process has the lock on a file of dir. For as long as it looks,
// take would fail.
func isHeld(dir *os.Root, name string) (bool, error) {
	f, err := dir.OpenFile(name, os.O_RDWR|openFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = lockfile.TryShared(f)
	if errors.Is(err, lockfile.ErrHeld) {
		return true, nil
	}
	return false, err
}
