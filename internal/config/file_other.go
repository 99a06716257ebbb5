//go:build !unix

package config

import "io/fs"

const (
	openFlags = 0
	noFollow  = 0
)

// Permissions are access control lists here, which are not examined: the folders
// that the files are in are protected by the system's defaults.

func ownedBy(fs.FileInfo, int) bool { return true }

func writableByOthers(fs.FileInfo) bool { return false }

func readableByOthers(fs.FileInfo) bool { return false }
