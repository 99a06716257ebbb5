//go:build !unix

package config

import (
	"errors"
	"io/fs"
	"os"
)

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return stamp{}
	}
	if err != nil {
		return stamp{state: 2}
	}
	return stamp{state: 1, size: info.Size(), mode: uint32(info.Mode()), mtime: info.ModTime().UnixNano()}
}
