package git

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"cleat/internal/fail"
)

// A Head is what is checked out. The zero Head is a branch without commits whose name is
// not known.
type Head struct {
	Ref  string // what HEAD stands for, such as refs/heads/main; "" if it is detached
	Hash Hash   // "" on a branch without commits
}

// Branch is the name of the branch, or "".
func (h Head) Branch() string {
	name, _ := strings.CutPrefix(h.Ref, "refs/heads/")
	if name == h.Ref {
		return ""
	}
	return name
}

// Head returns what is checked out, from the files of the git dir alone; it asks git
// only where refs are not kept in files. The hash may be that of an object that is
// missing or no commit. It fails with fail.Invalid if HEAD makes no sense.
func (r *Repo) Head(ctx context.Context) (Head, error) {
	tables, err := r.usesReftable()
	if err != nil {
		return Head{}, err
	}
	if tables {
		return r.askHead(ctx)
	}
	var head Head
	name := "HEAD"
	for range maxDepth {
		ref, hash, err := r.readRef(name)
		if err != nil {
			return Head{}, err
		}
		if ref == "" {
			if hash == "" && name == "HEAD" {
				return Head{}, fail.Errorf(fail.Invalid, "the repository %s has no HEAD", r.Name())
			}
			head.Hash = hash
			return head, nil
		}
		if name == "HEAD" {
			head.Ref = ref
		}
		name = ref
	}
	return Head{}, fail.Errorf(fail.Invalid, "the HEAD of the repository %s leads from ref to ref", r.Name())
}

// askHead is Head by way of git.
func (r *Repo) askHead(ctx context.Context) (Head, error) {
	var head Head
	obj, err := r.object(ctx, "HEAD", maxCommit)
	if err != nil && !errors.Is(err, errMissing) && !errors.Is(err, errTooLarge) {
		return Head{}, err
	}
	head.Hash = obj.Hash
	release, err := r.slot(ctx)
	if err != nil {
		return Head{}, err
	}
	defer release()
	res, err := r.run(ctx, "symbolic-ref", "--quiet", "HEAD")
	if err != nil {
		return Head{}, err
	}
	if res.Code == 0 {
		head.Ref = strings.TrimSuffix(string(res.Stdout), "\n")
	} else if res.Code != 1 { // 1 is for a detached HEAD
		return Head{}, r.gitError("symbolic-ref", res)
	}
	return head, nil
}

// readRef reads one ref from its file or from packed-refs: what it stands for, or its
// hash, or neither if it does not exist. Links are followed only within the git dir.
func (r *Repo) readRef(name string) (ref string, hash Hash, err error) {
	dir := r.commonDir
	if name == "HEAD" || strings.HasPrefix(name, "refs/worktree/") || strings.HasPrefix(name, "refs/bisect/") ||
		strings.HasPrefix(name, "refs/rewritten/") {
		dir = r.gitDir
	}
	data, err := readIn(dir, name, maxSmall)
	if errors.Is(err, fs.ErrNotExist) {
		if name == "HEAD" {
			return "", "", nil
		}
		hash, err = r.readPacked(name)
		return "", hash, err
	} else if err != nil {
		return "", "", err
	}
	line := strings.TrimRight(string(data), " \t\r\n")
	if target, ok := strings.CutPrefix(line, "ref:"); ok {
		target = strings.TrimLeft(target, " \t")
		if !strings.HasPrefix(target, "refs/") || refFault(target) != "" {
			return "", "", fail.Errorf(fail.Invalid, "the ref %q of the repository %s leads to no ref", name, r.Name())
		}
		return target, "", nil
	}
	if !Hash(line).Valid() {
		return "", "", fail.Errorf(fail.Invalid, "the ref %q of the repository %s is damaged", name, r.Name())
	}
	return "", Hash(line), nil
}

// readPacked looks name up in packed-refs; "" means that it is not there.
func (r *Repo) readPacked(name string) (Hash, error) {
	root, err := os.OpenRoot(r.commonDir)
	if err != nil {
		return "", fail.Errorf(fail.Unavailable, "the git dir cannot be opened: %w", err)
	}
	defer root.Close()
	f, err := root.OpenFile("packed-refs", openFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", fail.Errorf(fail.Invalid, "packed-refs cannot be read: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", fail.Errorf(fail.Invalid, "packed-refs is not a regular file")
	}
	in := bufio.NewReaderSize(f, 64<<10)
	for {
		line, err := readField(in, '\n')
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return "", nil
		} else if err != nil {
			return "", fail.Errorf(fail.Invalid, "packed-refs cannot be read: %w", err)
		}
		hash, ref, ok := strings.Cut(line, " ")
		if ok && ref == name && Hash(hash).Valid() {
			return Hash(hash), nil
		}
	}
}

// readIn reads a small regular file below dir, following no link that leaves dir.
func readIn(dir, name string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fail.Errorf(fail.Unavailable, "the git dir cannot be opened: %w", err)
	}
	defer root.Close()
	f, err := root.OpenFile(name, openFlags, 0)
	return readOpened(f, err, name, limit)
}

// config reads the repository's own configuration file, and no other.
func (r *Repo) config() ([]entry, error) {
	data, err := readIn(r.commonDir, "config", maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	entries, err := parseConfig(data)
	if err != nil {
		return nil, fail.Errorf(fail.Invalid, "the repository %s: %w", r.Name(), err)
	}
	return entries, nil
}

func (r *Repo) usesReftable() (bool, error) {
	entries, err := r.config()
	if err != nil {
		return false, err
	}
	storage, _ := lastValue(entries, "extensions", "refstorage")
	return strings.EqualFold(storage, "reftable"), nil
}
