package git

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// A Kind says what an entry of a tree is.
type Kind string

// The kinds of entries.
const (
	File       Kind = "file"
	Executable Kind = "executable"
	Symlink    Kind = "symlink"
	Submodule  Kind = "submodule"
	Dir        Kind = "dir"
)

// An Entry is a name in a tree. Nothing is known about the name but that it is not empty
// and has no slash: it may well be "..", or end in a line feed.
type Entry struct {
	Name string
	Kind Kind
	Hash Hash // of the content; of a submodule, the commit in the other repository
}

// A Blob is a file in a commit. Of a symbolic link, Data is where it leads; of a
// submodule there is no data, and the hash is that of a commit in another repository.
type Blob struct {
	Hash Hash
	Kind Kind // not Dir
	Size int64
	Data []byte
}

// Tree returns the entries of the folder dir in the commit, in git's order. dir is
// relative to the root, with slashes; "" is the root. Links are not followed. It fails
// with fail.NotFound if there is no such folder, with fail.Invalid if it is not one, or
// is damaged.
func (r *Repo) Tree(ctx context.Context, commit Hash, dir string) ([]Entry, error) {
	dir, err := cleanPath(dir)
	if err != nil {
		return nil, err
	}
	e, err := r.lookup(ctx, commit, dir)
	if err != nil {
		return nil, err
	}
	if e.Kind != Dir {
		return nil, fail.Errorf(fail.Invalid, "%q is not a folder but a %s at %s", dir, e.Kind, abbreviate(commit))
	}
	return r.tree(ctx, string(e.Hash))
}

// Blob reads the file path in the commit. path is relative to the root, with slashes;
// links are not followed. It fails with fail.NotFound if there is no such file, with
// fail.Invalid if it is a folder, and with fail.TooLarge, unread, if it has more than
// limit bytes; a limit of 0, or above Options.MaxObject, means that.
func (r *Repo) Blob(ctx context.Context, commit Hash, path string, limit int64) (Blob, error) {
	path, err := cleanPath(path)
	if err != nil {
		return Blob{}, err
	}
	e, err := r.lookup(ctx, commit, path)
	if err != nil {
		return Blob{}, err
	}
	switch e.Kind {
	case Dir:
		return Blob{}, fail.Errorf(fail.Invalid, "%q is a folder at %s", path, abbreviate(commit))
	case Submodule:
		return Blob{Hash: e.Hash, Kind: Submodule}, nil
	}
	if limit <= 0 || limit > r.max {
		limit = r.max
	}
	obj, err := r.object(ctx, string(e.Hash), limit)
	switch {
	case errors.Is(err, errTooLarge):
		return Blob{}, fail.Errorf(fail.TooLarge, "%q has %d bytes at %s, the limit is %d", path, obj.Size, abbreviate(commit), limit)
	case errors.Is(err, errMissing):
		return Blob{}, absent(e.Hash)
	case err != nil:
		return Blob{}, err
	case obj.Type != "blob":
		return Blob{}, fail.Errorf(fail.Invalid, "the object of %q is a %s", path, obj.Type)
	}
	return Blob{Hash: e.Hash, Kind: e.Kind, Size: obj.Size, Data: obj.Data}, nil
}

// lookup walks from the commit's tree to path, which cleanPath has made.
func (r *Repo) lookup(ctx context.Context, commit Hash, path string) (Entry, error) {
	if !commit.Valid() {
		return Entry{}, fmt.Errorf("git: %q is not a hash", commit)
	}
	e := Entry{Kind: Dir, Hash: commit}
	name := string(commit) + "^{tree}"
	if path == "" {
		obj, err := r.object(ctx, name, r.max)
		if errors.Is(err, errMissing) {
			return Entry{}, absent(commit)
		} else if err != nil && !errors.Is(err, errTooLarge) {
			return Entry{}, err
		}
		e.Hash = obj.Hash
		return e, nil
	}
	gone := ""
	for part := range strings.SplitSeq(path, "/") {
		if e.Kind != Dir {
			return Entry{}, fail.Errorf(fail.NotFound, "no %q at %s", path, abbreviate(commit)).
				Because("%q is a %s there", gone, e.Kind)
		}
		entries, err := r.tree(ctx, name)
		if err != nil {
			return Entry{}, err
		}
		found := false
		for _, e = range entries {
			if found = e.Name == part; found {
				break
			}
		}
		if !found {
			return Entry{}, fail.Errorf(fail.NotFound, "no %q at %s", path, abbreviate(commit))
		}
		name = string(e.Hash)
		gone = strings.TrimPrefix(gone+"/"+part, "/")
	}
	return e, nil
}

// tree reads the tree that name stands for.
func (r *Repo) tree(ctx context.Context, name string) ([]Entry, error) {
	obj, err := r.object(ctx, name, r.max)
	switch {
	case errors.Is(err, errTooLarge):
		return nil, fail.Errorf(fail.TooLarge, "the folder's list of names has %d bytes, the limit is %d", obj.Size, r.max)
	case errors.Is(err, errMissing):
		return nil, absent(Hash(strings.TrimSuffix(name, "^{tree}")))
	case err != nil:
		return nil, err
	case obj.Type != "tree":
		return nil, fail.Errorf(fail.Invalid, "the object %s is a %s and no tree", obj.Hash, obj.Type)
	}
	entries, err := parseTree(obj.Data, len(obj.Hash)/2)
	if err != nil {
		return nil, fail.Errorf(fail.Invalid, "the tree %s is damaged: %w", obj.Hash, err)
	}
	return entries, nil
}

// absent is the error for an object that is named but is not there.
func absent(h Hash) error {
	return fail.Errorf(fail.NotFound, "the object %s is not in the repository", h).
		Because("the clone is partial or shallow, or damaged; cleat fetches nothing")
}

// parseTree reads a tree object whose hashes have n bytes.
func parseTree(data []byte, n int) ([]Entry, error) {
	entries := make([]Entry, 0, len(data)/(n+16))
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte(" "))
		if !ok || len(mode) > 7 {
			return nil, errors.New("no mode")
		}
		bits, err := strconv.ParseUint(string(mode), 8, 32)
		if err != nil {
			return nil, errors.New("a bad mode")
		}
		name, rest, ok := bytes.Cut(rest, []byte{0})
		switch {
		case !ok || len(rest) < n:
			return nil, errors.New("it ends too soon")
		case len(name) == 0, bytes.IndexByte(name, '/') >= 0:
			return nil, errors.New("an empty name, or one with a slash")
		}
		entries = append(entries, Entry{
			Name: string(name), Kind: kindOf(bits), Hash: Hash(hex.EncodeToString(rest[:n])),
		})
		data = rest[n:]
	}
	return entries, nil
}

// kindOf is what a mode means; git takes odd ones for plain files, too.
func kindOf(mode uint64) Kind {
	switch mode & 0o170000 {
	case 0o040000:
		return Dir
	case 0o120000:
		return Symlink
	case 0o160000:
		return Submodule
	}
	if mode&0o100 != 0 {
		return Executable
	}
	return File
}

// cleanPath checks a path that a caller gives and drops what means nothing in it. "" and
// "." are the root.
func cleanPath(path string) (string, error) {
	if strings.IndexByte(path, 0) >= 0 || strings.HasPrefix(path, "/") {
		return "", fail.Errorf(fail.Invalid, "%q is not a path in the repository", path).
			Then("give it relative to the repository's root, with slashes")
	}
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		switch part {
		case "", ".":
		case "..":
			return "", fail.Errorf(fail.Invalid, "%q leads out of its folder", path).
				Then("give it relative to the repository's root, without ..")
		default:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "/"), nil
}

func abbreviate(h Hash) string { return string(h[:min(12, len(h))]) }
