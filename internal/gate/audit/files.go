package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"cleat/internal/fail"
)

// Names below the state folder.
const (
	folder   = "audit"
	current  = "audit.jsonl"
	headFile = "audit.head"
)

// rotated is the name of an older file whose first record is seq.
func rotated(seq uint64) string { return fmt.Sprintf("audit-%012d.jsonl", seq) }

// files are the handles of a log. They are opened when needed and again when the paths
// lead elsewhere than the handles.
type files struct {
	dir  string // the state folder
	path string // of audit.jsonl
	log  *slog.Logger

	head  *os.File // audit.head, which is also the lock
	audit *os.Root // the audit folder
	file  *os.File // audit.jsonl, for appending

	headInfo, auditInfo, fileInfo fs.FileInfo // which inodes the handles are

	last  place  // the last place seen; Seq 0 before the first
	gen   uint64 // of the newest slot of the head
	stuck bool   // the last wait for the lock ended without it
	warn  bool   // it was said that a file cannot be set aside

	// reached, where set, is told how far a write has come; tests stop there.
	reached func(step string)
}

// close closes all handles.
func (f *files) close() error {
	var errs []error
	if f.file != nil {
		errs = append(errs, f.file.Close())
	}
	if f.audit != nil {
		errs = append(errs, f.audit.Close())
	}
	if f.head != nil {
		errs = append(errs, f.head.Close())
	}
	f.file, f.audit, f.head = nil, nil, nil
	return errors.Join(errs...)
}

// openHead opens the state folder and the head in it, making both where missing.
func (f *files) openHead() error {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	if err := f.admitDir(root, ".", f.dir, info); err != nil {
		return err
	}
	f.head, f.headInfo, err = f.open(root, headFile, f.dir, os.O_RDWR, true)
	return err
}

// openAudit makes sure that audit is the folder that the path leads to.
func (f *files) openAudit() error {
	path := filepath.Join(f.dir, folder)
	for range 3 {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if f.audit != nil && os.SameFile(info, f.auditInfo) && !loose(info, 0o700) {
			return nil
		}
		if err := refuse(path, info, true); err != nil {
			return err
		}
		root, err := os.OpenRoot(path)
		if err != nil {
			return err
		}
		opened, err := root.Stat(".")
		if err == nil {
			err = f.admitDir(root, ".", path, opened)
		}
		if err != nil || !os.SameFile(info, opened) {
			root.Close()
			if err != nil {
				return err
			}
			continue
		}
		if f.audit != nil {
			f.audit.Close()
		}
		f.audit, f.auditInfo = root, opened
		return nil
	}
	return fmt.Errorf("%s keeps changing", path)
}

// openFile opens audit.jsonl, making it where it is missing and create is set, and returns
// its size. Without create, a missing file has size -1.
func (f *files) openFile(create bool) (int64, error) {
	info, err := os.Lstat(f.path)
	if err == nil && f.file != nil && os.SameFile(info, f.fileInfo) && !loose(info, 0o600) {
		return info.Size(), refuse(f.path, info, false)
	}
	if errors.Is(err, fs.ErrNotExist) && !create {
		return -1, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
	file, info, err := f.open(f.audit, current, filepath.Dir(f.path), os.O_RDWR|os.O_APPEND, create)
	if err != nil {
		if !create && errors.Is(err, fs.ErrNotExist) {
			return -1, nil
		}
		return 0, err
	}
	f.file, f.fileInfo = file, info
	return info.Size(), nil
}

// open opens a regular file of ours in root, with its mode tightened. With create it makes
// the file where it is missing, never through a link. dir is root's path, for messages.
func (f *files) open(root *os.Root, name, dir string, flags int, create bool) (*os.File, fs.FileInfo, error) {
	path := filepath.Join(dir, name)
	for range 3 {
		before, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) && create {
			file, err := root.OpenFile(name, flags|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			err = setMode(file, 0o600) // whatever the umask took or a default ACL gave
			if err == nil {
				err = syncDir(root)
			}
			if err == nil {
				before, err = file.Stat()
			}
			if err != nil {
				file.Close()
				return nil, nil, err
			}
			return file, before, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if err := refuse(path, before, false); err != nil {
			return nil, nil, err
		}
		file, err := root.OpenFile(name, flags|openFlags, 0)
		if err != nil {
			return nil, nil, err
		}
		info, err := file.Stat()
		if err == nil && os.SameFile(before, info) {
			if loose(info, 0o600) {
				f.log.Warn("file of the audit log was open to others; tightened", "path", path, "mode", info.Mode().String())
				if err := setMode(file, 0o600); err != nil {
					file.Close()
					return nil, nil, err
				}
			}
			return file, info, nil
		}
		file.Close()
		if err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, fmt.Errorf("%s keeps changing", path)
}

// admitDir refuses a folder that is not ours, and tightens its mode.
func (f *files) admitDir(root *os.Root, name, path string, info fs.FileInfo) error {
	if err := refuse(path, info, true); err != nil {
		return err
	}
	if !loose(info, 0o700) {
		return nil
	}
	f.log.Warn("folder of the audit log was open to others; tightened", "path", path, "mode", info.Mode().String())
	return root.Chmod(name, 0o700)
}

// refuse says why a file or folder must not be written, if so. info is not of a link's target.
func refuse(path string, info fs.FileInfo, dir bool) error {
	if err := wrongKind(path, info, dir); err != nil {
		return err
	}
	if why := foreign(info); why != "" {
		return refusal(path, why)
	}
	return nil
}

// wrongKind says why a file or folder must not even be read, if so.
func wrongKind(path string, info fs.FileInfo, dir bool) error {
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return refusal(path, "is a symbolic link")
	case dir && !mode.IsDir():
		return refusal(path, "is not a folder")
	case !dir && mode.IsDir():
		return refusal(path, "is a folder")
	case !dir && !mode.IsRegular():
		return refusal(path, "is not a regular file")
	}
	return nil
}

func refusal(path, why string) error {
	return fail.Errorf(fail.Unavailable, "the audit log is not used: %s %s", path, why).
		Then("ask the user to look at %s and to move it away; cleat makes it anew", path)
}

// truncate cuts audit.jsonl. It takes a handle of its own, since one for appending cannot
// cut on Windows.
func (f *files) truncate(size int64) error {
	file, err := f.audit.OpenFile(current, os.O_RDWR|openFlags, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(info, f.fileInfo) {
		return errMoved
	}
	return file.Truncate(size)
}

// inPlace reports whether the path of audit.jsonl still leads to the open file, and the
// file has the given size.
func (f *files) inPlace(size int64) bool {
	info, err := os.Lstat(f.path)
	return err == nil && os.SameFile(info, f.fileInfo) && info.Size() == size
}

// trouble turns an error of the system into one that says what to do. Those that say so
// already, and errMoved, pass.
func trouble(dir, doing string, err error) error {
	var e *fail.Error
	if err == nil || errors.As(err, &e) || errors.Is(err, errMoved) {
		return err
	}
	switch {
	case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
		return fail.Errorf(fail.Busy, "%s: %w", doing, err).
			Because("too many files are open").After(time.Second)
	case noSpace(err):
		return fail.Errorf(fail.Unavailable, "%s: %w", doing, err).
			Then("ask the user to free space on the disk that holds %s", dir)
	case errors.Is(err, fs.ErrPermission) || readOnly(err):
		return fail.Errorf(fail.Unavailable, "%s: %w", doing, err).
			Then("ask the user to make %s writable for cleat (folders 0700, files 0600)", dir)
	}
	return fail.Errorf(fail.Unavailable, "%s: %w", doing, err).
		Then("ask the user to look at %s", dir)
}
