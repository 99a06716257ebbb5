package audit

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// openFlags: opening a regular name never waits on Windows.
const openFlags = 0

// foreign: who may reach a file is the folder's ACL's business on Windows.
func foreign(fs.FileInfo) string { return "" }

// loose: the modes that Go shows on Windows say nothing about others.
func loose(fs.FileInfo, fs.FileMode) bool { return false }

// setMode: see loose.
func setMode(*os.File, fs.FileMode) error { return nil }

// syncDir: folders cannot be synced on Windows; the file system's journal keeps the names.
func syncDir(*os.Root) error { return nil }

func noSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

func readOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }
