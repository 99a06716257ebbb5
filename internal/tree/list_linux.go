package tree

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"
)

// The layout of struct linux_dirent64: inode, offset, length, type, name.
const (
	direntLength = 16
	direntType   = 18
	direntName   = 19
)

// list reads the folder with getdents64, whose types save a stat for each file. All
// names of one buffer share one string.
func (d dir) list(buf []byte) ([]dirent, error) {
	var out []dirent
	for {
		n, err := again(func() (int, error) { return unix.Getdents(d.fd, buf) })
		if err != nil {
			return out, err
		}
		if n <= 0 {
			return out, nil
		}
		all := string(buf[:n])
		for at := 0; at+direntName <= n; {
			size := int(binary.NativeEndian.Uint16(buf[at+direntLength:]))
			if size < direntName || at+size > n {
				break
			}
			name := all[at+direntName : at+size]
			if i := strings.IndexByte(name, 0); i >= 0 {
				name = name[:i]
			}
			if name != "." && name != ".." && name != "" {
				k := kindUnknown
				switch buf[at+direntType] {
				case unix.DT_REG:
					k = kindFile
				case unix.DT_DIR:
					k = kindDir
				case unix.DT_LNK:
					k = kindLink
				case unix.DT_FIFO, unix.DT_SOCK, unix.DT_CHR, unix.DT_BLK, unix.DT_WHT:
					k = kindOther
				}
				out = append(out, dirent{name, k})
			}
			at += size
		}
	}
}
