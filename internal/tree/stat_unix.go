//go:build unix

package tree

import (
	"time"

	"golang.org/x/sys/unix"
)

// times returns the size and the time of change of name, which may be a link itself.
func (d dir) times(name string) (int64, time.Time, error) {
	st, err := again(func() (unix.Stat_t, error) {
		var st unix.Stat_t
		err := unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW)
		return st, err
	})
	return st.Size, time.Unix(st.Mtim.Unix()), err
}
