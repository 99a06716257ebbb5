package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unicode/utf8"
)

// ManagedFile is the path of the managed layer. Neither a flag nor a variable of the
// environment moves it.
func ManagedFile() string {
	if runtime.GOOS == "windows" {
		return `C:\ProgramData\cleat\managed.toml`
	}
	return "/etc/cleat/managed.toml"
}

// ProjectFile is the name of the project layer, in the root of the repository.
const ProjectFile = "cleat.toml"

// The most bytes that a configuration file may have.
const maxFile = 1 << 20

// UserFile returns the path of the user layer: $XDG_CONFIG_HOME/cleat/cleat.toml,
// or without that variable ~/.config/cleat/cleat.toml, on macOS
// ~/Library/Application Support/cleat/cleat.toml, and on Windows
// %AppData%\cleat\cleat.toml. It is "" if there is no home directory, and fails if
// XDG_CONFIG_HOME is not absolute. lookup is as os.LookupEnv.
func UserFile(lookup func(string) (string, bool)) (string, error) {
	return userFile(runtime.GOOS, lookup)
}

func userFile(goos string, lookup func(string) (string, bool)) (string, error) {
	if dir, _ := lookup("XDG_CONFIG_HOME"); dir != "" {
		if !filepath.IsAbs(dir) {
			return "", errors.New("XDG_CONFIG_HOME is not an absolute path")
		}
		return filepath.Join(dir, "cleat", ProjectFile), nil
	}
	base := []string{".config"}
	home, _ := lookup("HOME")
	switch goos {
	case "darwin":
		base = []string{"Library", "Application Support"}
	case "windows":
		base = nil
		home, _ = lookup("AppData")
	}
	if home == "" || !filepath.IsAbs(home) {
		return "", nil
	}
	return filepath.Join(append(append([]string{home}, base...), "cleat", ProjectFile)...), nil
}

// A brokenFile is a file that is there but cannot be used.
type brokenFile struct{ what, mend string }

func (e *brokenFile) Error() string { return e.what }

// readFile returns the content of the file at path, and its handle's metadata.
// Only a file that is really not there is fs.ErrNotExist.
func readFile(path string) ([]byte, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) && absent(path) {
			return nil, nil, fs.ErrNotExist
		}
		return nil, nil, openError(err)
	}
	defer f.Close()
	return readOpen(f)
}

// readProject is readFile for the project layer, which never leaves the repository.
func readProject(dir string) ([]byte, fs.FileInfo, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, &brokenFile{what: "the folder of the repository cannot be opened"}
	}
	defer root.Close()
	f, err := root.OpenFile(ProjectFile, os.O_RDONLY|openFlags, 0)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			if _, err := root.Lstat(ProjectFile); errors.Is(err, fs.ErrNotExist) {
				return nil, nil, fs.ErrNotExist
			}
		}
		return nil, nil, openError(err)
	}
	defer f.Close()
	return readOpen(f)
}

func readOpen(f *os.File) ([]byte, fs.FileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, openError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, &brokenFile{what: "it is " + typeName(info.Mode()) + ", not a file"}
	}
	tooLarge := &brokenFile{what: fmt.Sprintf("the file is larger than %d bytes", maxFile)}
	if info.Size() > maxFile {
		return nil, nil, tooLarge
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, nil, openError(err)
	case len(data) > maxFile:
		return nil, nil, tooLarge
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return nil, nil, &brokenFile{what: "the file begins with a byte order mark", mend: "save it as UTF-8 without one"}
	case !utf8.Valid(data):
		return nil, nil, &brokenFile{what: "the file is not UTF-8", mend: "save it as UTF-8"}
	}
	return data, info, nil
}

func typeName(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	}
	return "not a regular file"
}

// openError says why a file cannot be used, without repeating its path.
func openError(err error) error {
	what := err
	var pe *fs.PathError
	if errors.As(err, &pe) {
		what = pe.Err
	}
	b := &brokenFile{what: "the file cannot be read: " + what.Error()}
	switch {
	case errors.Is(err, fs.ErrPermission):
		b.mend = "make it readable for the user who runs cleat"
	case errors.Is(err, fs.ErrNotExist):
		b.what, b.mend = "it is a link to nothing", "remove the link, or make its target"
	case strings.Contains(what.Error(), "escapes"):
		b.what, b.mend = "it is a link that leaves the repository", "put the file itself there"
	}
	return b
}

// absent reports whether nothing is at path: no file, and no dangling link on the
// way there either, since that is a file somebody meant to be read.
func absent(path string) bool {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); err == nil {
			info, err := os.Stat(dir)
			return err == nil && info.IsDir()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// checkManaged reports whether anyone but the owner uid could change the file at
// path, which has been opened with the metadata info.
func checkManaged(path string, info fs.FileInfo, uid int) *brokenFile {
	const mend = "let root own it, and take away the write permission of group and others"
	if !ownedBy(info, uid) {
		return &brokenFile{"the managed file is not owned by root", mend}
	}
	if writableByOthers(info) {
		return &brokenFile{"the managed file can be written by its group or by anyone", mend}
	}
	dirs := []string{filepath.Dir(path)}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return &brokenFile{what: "the managed file changed while it was read"}
	}
	if d := filepath.Dir(real); d != dirs[0] {
		dirs = append(dirs, d)
	}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil {
			return &brokenFile{what: "the managed file changed while it was read"}
		}
		if !ownedBy(info, uid) || writableByOthers(info) {
			return &brokenFile{"the folder of the managed file can be changed by others than root", "let root own the folder, and take away the write permission of group and others"}
		}
	}
	return nil
}
