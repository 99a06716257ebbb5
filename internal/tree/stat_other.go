//go:build !unix

package tree

import "time"

// times returns the size and the time of change of name, which may be a link itself.
func (d dir) times(name string) (int64, time.Time, error) {
	info, err := d.r.Lstat(name)
	if err != nil {
		return 0, time.Time{}, err
	}
	return info.Size(), info.ModTime(), nil
}
