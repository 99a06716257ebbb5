package buildlog

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"cleat/internal/sorting"
)

const (
	folderName = "logs"
	tempSuffix = ".tmp"

	// abandoned is how long nothing was written to the file of a fetch that has died.
	abandoned = time.Hour
)

// folder opens the folder of the logs, making it if there is none.
func (c *Cache) folder() (*os.Root, error) {
	state, err := c.state()
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

// sweep removes logs that are old, what dead fetches left, and the oldest logs until size
// more bytes have room. The file own stays, and is in size. What cannot be removed, because
// another process has it open or has removed it before, keeps nobody from going on.
func (c *Cache) sweep(dir *os.Root, size int64, own string) error {
	type kept struct {
		name string
		size int64
		at   time.Time
	}
	d, err := dir.Open(".")
	if err != nil {
		return err
	}
	names, err := d.Readdirnames(-1)
	if err := errors.Join(err, d.Close()); err != nil {
		return err
	}
	var logs []kept
	total := size
	for _, name := range names {
		whole, temp := isLogName(name)
		if name == own || !whole && !temp {
			continue
		}
		info, err := dir.Lstat(name)
		if err != nil {
			continue
		}
		at := info.ModTime()
		if whole && c.isOld(at) || temp && c.now().Sub(at).Abs() > abandoned {
			if dir.Remove(name) == nil {
				continue
			}
		}
		total += info.Size()
		if whole {
			logs = append(logs, kept{name, info.Size(), at})
		}
	}
	sorting.Sort(logs, func(a, b kept) int { return a.at.Compare(b.at) })
	for _, l := range logs {
		if total <= c.room {
			break
		}
		if dir.Remove(l.name) == nil {
			total -= l.size
		}
	}
	return nil
}

// isLogName reports whether a file of that name is a log, or one that is being fetched.
func isLogName(name string) (whole, temp bool) {
	const digits = 64
	if len(name) < digits {
		return false, false
	}
	if _, err := hex.DecodeString(name[:digits]); err != nil {
		return false, false
	}
	rest := name[digits:]
	return rest == "", strings.HasPrefix(rest, ".") && strings.HasSuffix(rest, tempSuffix)
}
