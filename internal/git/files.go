package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// MaxFiles is how many files Files walks over at most. A tree of a few kilobytes can
// stand for any number of them.
const MaxFiles = 5_000_000

// ErrStop is returned by callbacks that want no more; the call then ends without an
// error.
var ErrStop = errors.New("no more is wanted")

// A TreeFile is a file of a commit, wherever in its tree.
type TreeFile struct {
	// Path is relative to the root, with slashes. Whoever made the tree chose the names
	// in it: one may be "..", .git, or end in a line feed.
	Path string
	Kind Kind  // not Dir
	Hash Hash  // of the content; of a submodule, the commit in the other repository
	Size int64 // in bytes; -1 for a submodule, and for content that is not there
}

// Files calls fn for each file below the folder dir of the commit, in the byte order of
// whole paths. dir is relative to the root, with slashes; "" is the root. Links are not
// followed, submodules are not entered. No content is read, and memory does not grow with
// the number of files.
//
// When fn returns an error, Files stops and returns it, except for ErrStop, which stands
// for success. fn may use Readers and read objects; it must not call what runs a git
// command of its own, such as Log: with several walks at once, each would wait for the
// others.
//
// It fails with fail.NotFound if there is no such folder, with fail.Invalid if it is not
// one or is damaged (such as names out of order, or a path of 64 KiB), and with
// fail.TooLarge after MaxFiles.
func (r *Repo) Files(ctx context.Context, commit Hash, dir string, fn func(TreeFile) error) error {
	dir, err := cleanPath(dir)
	if err != nil {
		return err
	}
	e, err := r.lookup(ctx, commit, dir)
	if err != nil {
		return err
	}
	if e.Kind != Dir {
		return fail.Errorf(fail.Invalid, "%q is not a folder but a %s at %s", dir, e.Kind, abbreviate(commit))
	}
	if dir != "" {
		dir += "/"
	}
	var fnErr error
	err = r.streamObjects(ctx, nil, func(out io.Reader) error {
		in := bufio.NewReaderSize(out, 64<<10)
		last := ""
		for n := 0; ; n++ {
			line, err := readField(in, 0)
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			f, err := parseFile(line)
			switch {
			case err != nil:
				return err
			case len(line) >= maxField:
				return fail.Errorf(fail.Invalid, "the tree %s has a path of more than %d bytes", abbreviate(commit), maxField)
			case n > 0 && f.Path <= last:
				return fail.Errorf(fail.Invalid, "the tree of %s is damaged: %q comes after %q", abbreviate(commit), f.Path, last)
			case n == MaxFiles:
				return fail.Errorf(fail.TooLarge, "%s has more than %d files", abbreviate(commit), MaxFiles).Then("name a folder in it")
			}
			last = f.Path
			f.Path = dir + f.Path
			if fnErr = fn(f); fnErr != nil {
				return errEnough
			}
		}
	}, "ls-tree", "-r", "-l", "-z", "--full-tree", string(e.Hash))
	if fnErr != nil && !errors.Is(fnErr, ErrStop) {
		return fnErr
	}
	return err
}

// parseFile reads a line of git ls-tree -r -l: MODE TYPE HASH SIZE, a tab, and the path.
func parseFile(line string) (TreeFile, error) {
	head, path, ok := strings.Cut(line, "\t")
	fields := strings.Fields(head)
	if !ok || path == "" || len(fields) != 4 || !Hash(fields[2]).Valid() {
		return TreeFile{}, fmt.Errorf("git: a file that is none: %.200q", line)
	}
	mode, err := strconv.ParseUint(fields[0], 8, 32)
	if err != nil {
		return TreeFile{}, fmt.Errorf("git: a file with the mode %q", fields[0])
	}
	f := TreeFile{Path: path, Kind: kindOf(mode), Hash: Hash(fields[2]), Size: -1}
	if f.Kind == Submodule || fields[3] == "BAD" || fields[3] == "-" {
		return f, nil
	}
	if f.Size, err = strconv.ParseInt(fields[3], 10, 64); err != nil || f.Size < 0 {
		return TreeFile{}, fmt.Errorf("git: a file of size %q", fields[3])
	}
	return f, nil
}
