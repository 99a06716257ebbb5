package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// MaxChanges is how many changes one call of Changes returns at most.
	MaxChanges = 100_000

	// MaxDiffed is the size, in bytes, beyond which git takes every file for binary.
	MaxDiffed = 64 << 20

	maxChangesSize = 32 << 20 // bytes of the paths of one answer
	maxRenames     = 1000     // files that are compared with as many others
)

// A Status says what happened to a file.
type Status string

// What may have happened to a file. Changes itself finds no copies.
const (
	Added    Status = "added"
	Deleted  Status = "deleted"
	Modified Status = "modified" // content, or whether it is executable, or both
	Renamed  Status = "renamed"  // and modified or not
	Copied   Status = "copied"
	Retyped  Status = "type" // such as a file that has become a symbolic link
)

// A Change is a file that differs between two commits. A submodule is a file as well,
// whose hash is that of a commit in another repository; it is never entered.
type Change struct {
	Status         Status
	Path, Old      string // relative to the root; Old is where it was, if renamed
	Kind, OldKind  Kind   // "" where there is none
	Hash, OldHash  Hash   // "" where there is none
	Added, Deleted int    // lines; -1 for a binary file, and if not asked for
}

// ChangeOptions select changes.
type ChangeOptions struct {
	// Path is a file or folder, relative to the root, that is looked at alone: what was
	// moved into it counts as added. "" is everything.
	Path string

	// Counts fills in the numbers of lines. Git reads all changed files for that, however
	// small N is. Binary is what has a NUL in its first 8000 bytes, or more than MaxDiffed
	// bytes; attributes do not count.
	Counts bool

	// Renames finds files that were moved and still have half of their content, where
	// no more than 1000 were added or deleted.
	Renames bool

	// N is how many changes are wanted; 0 or more than MaxChanges means MaxChanges.
	N int
}

// Changes returns what differs between two commits, in the byte order of Path, and
// whether there is more: beyond N, or because the answer has become large. A from of ""
// is the empty tree. The work tree is not looked at.
//
// It fails with fail.Invalid for a path that leads out of the repository, and with
// fail.Unavailable if git cannot tell, such as for commits that are not there. A path
// that neither commit has is no error.
func (r *Repo) Changes(ctx context.Context, from, to Hash, o ChangeOptions) (changes []Change, more bool, err error) {
	if from == "" {
		from = r.emptyTree()
	}
	for _, h := range []Hash{from, to} {
		if !h.Valid() {
			return nil, false, fmt.Errorf("git: %q is not a hash", h)
		}
	}
	path, err := cleanPath(o.Path)
	if err != nil {
		return nil, false, err
	}
	n := o.N
	if n <= 0 || n > MaxChanges {
		n = MaxChanges
	}
	args := append([]string{"diff-tree", "-r", "-z", "--raw", "--no-abbrev"}, diffFlags()...)
	if o.Counts {
		args = append(args, "--numstat")
	}
	if o.Renames {
		args = append(args, "--find-renames=50%")
	} else {
		args = append(args, "--no-renames")
	}
	args = append(args, string(from), string(to), "--")
	if path != "" {
		args = append(args, path)
	}
	err = r.streamObjects(ctx, nil, func(out io.Reader) error {
		changes, more, err = readChanges(bufio.NewReaderSize(out, 64<<10), n, o.Counts)
		return err
	}, args...)
	if err != nil {
		return nil, false, err
	}
	return changes, more, nil
}

// diffFlags keep a diff to what its command line says: no programs, no work tree, no
// settings of the repository.
func diffFlags() []string {
	return []string{"--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--ignore-submodules=none",
		"--submodule=short", "--diff-algorithm=myers", "--indent-heuristic", "-l" + strconv.Itoa(maxRenames)}
}

// readChanges reads up to n changes and, if counts, the numbers of lines that follow all
// of them.
func readChanges(in *bufio.Reader, n int, counts bool) (changes []Change, more bool, err error) {
	size := 0
	for {
		head, err := in.Peek(1)
		if errors.Is(err, io.EOF) {
			return changes, more, nil
		} else if err != nil {
			return nil, false, err
		}
		if head[0] != ':' {
			break
		}
		c, err := readChange(in)
		if err != nil {
			return nil, false, err
		}
		size += len(c.Path) + len(c.Old)
		if more = more || len(changes) == n || size > maxChangesSize; !more {
			changes = append(changes, c)
		} else if !counts {
			return changes, true, errEnough
		}
	}
	if !counts {
		return nil, false, errors.New("git: counts that nobody asked for")
	}
	for i := 0; ; { // the same order, and perhaps not all of them
		path, added, deleted, err := readCount(in)
		if errors.Is(err, io.EOF) {
			return changes, more, nil
		} else if err != nil {
			return nil, false, err
		}
		for i < len(changes) && changes[i].Path != path {
			i++
		}
		switch {
		case i < len(changes):
			changes[i].Added, changes[i].Deleted = added, deleted
		case more:
			return changes, true, errEnough
		default:
			return nil, false, fmt.Errorf("git: counts of %.200q, which has not changed", path)
		}
	}
}

// readChange reads one entry of --raw -z: a colon, two modes, two hashes and a status,
// then a path, or two of what was renamed. At the very end the error is io.EOF.
func readChange(in *bufio.Reader) (Change, error) {
	line, err := readField(in, 0)
	if err != nil {
		return Change{}, err
	}
	f := strings.Split(strings.TrimPrefix(line, ":"), " ")
	if len(f) != 5 || f[4] == "" {
		return Change{}, fmt.Errorf("git: a change that is none: %.200q", line)
	}
	c := Change{Added: -1, Deleted: -1}
	if c.OldKind, c.OldHash, err = side(f[0], f[2]); err != nil {
		return Change{}, err
	}
	if c.Kind, c.Hash, err = side(f[1], f[3]); err != nil {
		return Change{}, err
	}
	switch f[4][0] {
	case 'A':
		c.Status = Added
	case 'D':
		c.Status = Deleted
	case 'M':
		c.Status = Modified
	case 'R':
		c.Status = Renamed
	case 'C':
		c.Status = Copied
	case 'T':
		c.Status = Retyped
	default:
		return Change{}, fmt.Errorf("git: a change of the status %.20q", f[4])
	}
	if c.Status == Renamed || c.Status == Copied {
		if c.Old, err = readField(in, 0); err != nil {
			return Change{}, unexpected(err)
		}
	}
	if c.Path, err = readField(in, 0); err != nil {
		return Change{}, unexpected(err)
	}
	return c, nil
}

// side is what a mode and a hash of --raw say; nothing if the mode is 0.
func side(mode, hash string) (Kind, Hash, error) {
	bits, err := strconv.ParseUint(mode, 8, 32)
	switch {
	case err != nil || !Hash(hash).Valid():
		return "", "", fmt.Errorf("git: a change of mode %.20q and hash %.80q", mode, hash)
	case bits == 0:
		return "", "", nil
	}
	return kindOf(bits), Hash(hash), nil
}

// readCount reads one entry of --numstat -z: two numbers, or "-" for binary files, and a
// path, or nothing and two paths. At the very end the error is io.EOF.
func readCount(in *bufio.Reader) (path string, added, deleted int, err error) {
	for i, to := range []*int{&added, &deleted} {
		field, err := readField(in, '\t')
		switch {
		case errors.Is(err, io.EOF) && i == 0:
			return "", 0, 0, io.EOF
		case err != nil:
			return "", 0, 0, unexpected(err)
		case field == "-":
			*to = -1
			continue
		}
		if *to, err = strconv.Atoi(field); err != nil || *to < 0 {
			return "", 0, 0, fmt.Errorf("git: a count of lines of %.20q", field)
		}
	}
	if path, err = readField(in, 0); err != nil {
		return "", 0, 0, unexpected(err)
	}
	if path != "" {
		return path, added, deleted, nil
	}
	if _, err = readField(in, 0); err == nil {
		path, err = readField(in, 0)
	}
	if err != nil {
		return "", 0, 0, unexpected(err)
	}
	return path, added, deleted, nil
}
