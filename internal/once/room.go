package once

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"cleat/internal/fail"
	"cleat/internal/lockfile"
	"cleat/internal/sorting"
)

const (
	folderName = "once"
	lockName   = "lock" // of the folder; held while a key begins

	// sweepEvery is how often expired entries are looked for.
	sweepEvery = time.Hour
)

// folder opens the folder of the keys, making it if there is none.
func (k *Keys) folder() (*os.Root, error) {
	state, err := k.state()
	if err != nil {
		return nil, err
	}
	err = state.Mkdir(folderName, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err == nil {
		if err := syncDir(state); err != nil {
			return nil, err
		}
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

// makeRoom removes what has expired, and the oldest finished entries where there are too
// many beside own. It fails with fail.Busy if that is not enough. A file that cannot be
// read or removed is one more that stays, and keeps nobody from writing. The folder is
// locked.
func (k *Keys) makeRoom(dir *os.Root, own string) error {
	names, err := entries(dir, own)
	if err != nil {
		return unusable(err)
	}
	full := len(names) >= MaxEntries
	if !full && !k.isTimeToSweep() {
		return nil
	}
	type old struct {
		name  string
		began time.Time
	}
	var finished []old
	left := 0
	for _, name := range names {
		var r record
		gone, err := settle(dir, name, func(found record) bool {
			r = found
			return found.state == free || k.expired(found.Began)
		})
		switch {
		case gone && err == nil:
			continue
		case err == nil && r.state == done:
			finished = append(finished, old{name, r.Began})
		}
		left++
	}
	sorting.Sort(finished, func(a, b old) int { return a.began.Compare(b.began) })
	for _, o := range finished {
		if left < MaxEntries {
			break
		}
		if gone, err := settle(dir, o.name, func(found record) bool { return found.state == done }); gone && err == nil {
			left--
		}
	}
	if left >= MaxEntries {
		return fail.Errorf(fail.Busy, "%d idempotency keys are under way or without a known end", left).
			Because("nothing was done: no more than %d are kept", MaxEntries).
			Then("call without idempotency_key; keys are forgotten after %d days", int(Life/(24*time.Hour)))
	}
	return nil
}

// isTimeToSweep reports whether the last sweep is long ago, and notes this one.
func (k *Keys) isTimeToSweep() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	if since := now.Sub(k.swept); !k.swept.IsZero() && since >= 0 && since < sweepEvery {
		return false
	}
	k.swept = now
	return true
}

// entries lists the files of the keys, without own.
func entries(dir *os.Root, own string) ([]string, error) {
	d, err := dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	all, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(name string) bool { return name == own || !isFileName(name) }), nil
}

// settle removes the entry if drop says so, and reports whether it is gone. An entry that
// is in use stays, and so does a file that is no entry; drop does not see them.
func settle(dir *os.Root, name string, drop func(record) bool) (gone bool, err error) {
	info, err := dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, nil
	}
	f, err := dir.OpenFile(name, os.O_RDWR|lockfile.OpenFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if err := lockfile.Try(f); err != nil {
		f.Close()
		if errors.Is(err, lockfile.ErrHeld) {
			return false, nil
		}
		return false, err
	}
	e := &entry{lock: &lock{f}, name: name, dir: dir}
	defer e.close()
	if there, err := isThere(dir, name, f); err != nil || !there {
		return false, err // another one of that name, which is new
	}
	r, err := e.read()
	if err != nil {
		return false, err
	}
	if !drop(r) {
		return false, nil
	}
	return true, dir.Remove(name)
}
