package git

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/proc"
)

const (
	maxSmall  = 64 << 10 // of HEAD, a .git file, a loose ref
	maxConfig = 1 << 20  // of a configuration
	maxDepth  = 5        // of alternates, as git itself has it
)

// A scope is a list of folders, without links, in which everything must lie.
type scope []string

func (s scope) holds(path string) bool {
	for _, dir := range s {
		if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// discover finds the repository of dir and checks that its parts belong together.
func (r *Repo) discover(dir string, o Options) error {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fail.Errorf(fail.NotFound, "no folder %q: %w", dir, err)
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return fail.Errorf(fail.NotFound, "no folder %q", dir)
	}
	dotGit := ""
	if o.Bare && isGitDir(abs) {
		r.root, r.gitDir, r.bare = abs, abs, true
	} else if dotGit, err = findDotGit(abs); err != nil {
		return err
	} else if dotGit == "" {
		return fail.Errorf(fail.NotFound, "%s is not in a git repository", dir)
	} else if r.gitDir, err = followDotGit(dotGit); err != nil {
		return err
	} else {
		r.root = filepath.Dir(dotGit)
	}
	in := scope{r.root}
	for _, a := range o.Allow {
		if real, err := filepath.EvalSymlinks(a); err == nil && filepath.IsAbs(real) {
			in = append(in, real)
		}
	}
	if err := r.findCommon(); err != nil {
		return err
	}
	if !in.holds(r.gitDir) {
		switch {
		case r.isLinked(dotGit):
			in = append(in, r.commonDir)
		case r.commonDir == r.gitDir && r.claimsWorktree():
			in = append(in, r.gitDir)
		default:
			return denied("the .git of %s leads to %s, which does not name it as its work tree", r.root, r.gitDir)
		}
	}
	if !in.holds(r.commonDir) && !r.isLinked(dotGit) {
		return denied("the repository of %s shares %s, which does not name it as its work tree", r.root, r.commonDir)
	}
	if !in.holds(r.commonDir) {
		in = append(in, r.commonDir)
	}
	r.scope = in
	return r.checkParts(in)
}

func denied(format string, args ...any) error {
	return fail.Errorf(fail.Denied, format, args...).
		Because("a repository may keep its data only in its own folder, or where git's own bookkeeping leads").
		Then("ask the user; a folder that is meant to be used can be allowed in the user's configuration")
}

// findDotGit walks up from dir to the first folder that has a .git, as git does; ""
// means there is none. A folder called .git that is no git dir is passed over.
func findDotGit(dir string) (string, error) {
	for {
		dotGit := filepath.Join(dir, ".git")
		info, err := os.Stat(dotGit)
		switch {
		case err == nil && info.IsDir():
			if isGitDir(dotGit) {
				return dotGit, nil
			}
		case err == nil && info.Mode().IsRegular():
			return dotGit, nil
		case err == nil:
			return "", fail.Errorf(fail.Invalid, "%s is neither a folder nor a file", dotGit)
		case !errors.Is(err, fs.ErrNotExist):
			return "", fail.Errorf(fail.Invalid, "%s cannot be read: %w", dotGit, err)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", nil
		}
		dir = up
	}
}

// followDotGit returns the git dir, without links, that a .git folder or file stands for.
func followDotGit(dotGit string) (string, error) {
	target := dotGit
	if info, err := os.Stat(dotGit); err == nil && !info.IsDir() {
		data, err := readFile(dotGit, maxSmall)
		if err != nil {
			return "", err
		}
		path, ok := strings.CutPrefix(string(data), "gitdir: ")
		path = strings.TrimRight(path, "\r\n")
		if !ok || path == "" || strings.ContainsRune(path, 0) {
			return "", fail.Errorf(fail.Invalid, "%s is not a git repository file", dotGit)
		}
		target = absoluteIn(filepath.Dir(dotGit), path)
	}
	real, err := filepath.EvalSymlinks(target)
	if err != nil || !isGitDir(real) {
		return "", fail.Errorf(fail.Invalid, "%s leads to no git dir", dotGit)
	}
	return real, nil
}

// isGitDir reports whether dir has what a git dir has: HEAD, and either objects and
// refs, or the way to a git dir that has them.
func isGitDir(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil {
		return false
	}
	if _, err := os.Stat(filepath.Join(dir, "commondir")); err == nil {
		return true
	}
	for _, name := range []string{"objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// findCommon sets the folder that refs and objects are in.
func (r *Repo) findCommon() error {
	r.commonDir = r.gitDir
	path := filepath.Join(r.gitDir, "commondir")
	data, err := readFile(path, maxSmall)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(absoluteIn(r.gitDir, strings.TrimRight(string(data), "\r\n")))
	if err != nil || !isGitDir(real) {
		return fail.Errorf(fail.Invalid, "%s leads to no git dir", path)
	}
	r.commonDir = real
	return nil
}

// isLinked reports whether the common git dir knows the work tree as one of its linked
// ones: git dir COMMON/worktrees/NAME, with a file gitdir that leads back to dotGit.
// Nobody but who may write to the common git dir can make it say so.
func (r *Repo) isLinked(dotGit string) bool {
	if dotGit == "" || filepath.Dir(r.gitDir) != filepath.Join(r.commonDir, "worktrees") {
		return false
	}
	back, err := readFile(filepath.Join(r.gitDir, "gitdir"), maxSmall)
	return err == nil && sameFile(absoluteIn(r.gitDir, strings.TrimRight(string(back), "\r\n")), dotGit)
}

// claimsWorktree reports whether the git dir's own configuration names the root as its
// work tree, as git writes it for submodules and separate git dirs.
func (r *Repo) claimsWorktree() bool {
	for _, name := range []string{"config", "config.worktree"} {
		data, err := readFile(filepath.Join(r.gitDir, name), maxConfig)
		if err != nil {
			continue
		}
		entries, err := parseConfig(data)
		if err != nil {
			continue
		}
		if tree, ok := lastValue(entries, "core", "worktree"); ok && sameFile(absoluteIn(r.gitDir, tree), r.root) {
			return true
		}
	}
	return false
}

// checkParts checks that what git will read lies in scope and is of a kind that can be
// read without waiting for somebody.
func (r *Repo) checkParts(in scope) error {
	for _, dir := range []string{r.gitDir, r.commonDir} {
		for _, name := range []string{"HEAD", "config", "config.worktree", "packed-refs", "shallow", "refs", "logs", "objects", "info"} {
			if err := checkPart(in, filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return checkObjects(in, filepath.Join(r.commonDir, "objects"), 0)
}

func checkPart(in scope, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return nil // absent: git will say if it needs it
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return nil // leads nowhere; an old-style HEAD of an empty branch does
		}
		if !in.holds(real) {
			return denied("%s is a link that leads out of the repository", path)
		}
		if info, err = os.Lstat(real); err != nil {
			return nil
		}
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return fail.Errorf(fail.Invalid, "%s is neither a folder nor a file", path)
	}
	return nil
}

// checkObjects checks an object folder: no links out of scope in it, and no alternates
// out of scope behind it. Loose objects themselves are not looked at: to plant a link
// in the place of one, its content must be known already.
func checkObjects(in scope, dir string, depth int) error {
	for _, sub := range []string{"", "pack", "info"} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			if none := proc.Exhausted(err); none != nil {
				return none
			}
			return fail.Errorf(fail.Invalid, "the object folder cannot be read: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() || e.Type().IsRegular() {
				continue
			}
			if err := checkPart(in, filepath.Join(dir, sub, e.Name())); err != nil {
				return err
			}
		}
	}
	data, err := readFile(filepath.Join(dir, "info", "alternates"), maxConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if line[0] == '"' { // git writes odd names in C's quotes
			if line, err = strconv.Unquote(line); err != nil {
				return denied("%s names an alternate that cannot be read", dir)
			}
		}
		real, err := filepath.EvalSymlinks(absoluteIn(dir, line))
		if err != nil {
			continue // git passes over alternates that are not there
		}
		if !in.holds(real) {
			return denied("the repository borrows objects from %s", real)
		}
		if depth < maxDepth {
			if err := checkObjects(in, real, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// readFile reads a regular file of at most limit bytes. Its errors are fs.ErrNotExist
// and those of the fail package.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, openFlags, 0)
	return readOpened(f, err, path, limit)
}

func readOpened(f *os.File, err error, path string, limit int64) ([]byte, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	} else if err != nil {
		return nil, fail.Errorf(fail.Invalid, "%s cannot be read: %w", path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fail.Errorf(fail.Invalid, "%s is not a regular file", path)
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fail.Errorf(fail.Invalid, "%s cannot be read: %w", path, err)
	}
	if n > limit {
		return nil, fail.Errorf(fail.TooLarge, "%s is larger than %d bytes", path, limit)
	}
	return b.Bytes(), nil
}

func absoluteIn(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func sameFile(a, b string) bool {
	ai, err := os.Stat(a)
	if err != nil {
		return false
	}
	bi, err := os.Stat(b)
	return err == nil && os.SameFile(ai, bi)
}
