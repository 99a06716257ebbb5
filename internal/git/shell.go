package git

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"cleat/internal/fail"
	"cleat/internal/proc"
)

// A shell is a git dir of our own, in the folder for temporary files, without refs and
// objects, and with no more configuration than the object format. Commands that need only
// objects, by hash, run in it and borrow the objects of the repository. So nothing that
// strangers wrote can govern them: not the repository's configuration, attributes, index
// or work tree, nor what the user's own configuration means for a person, such as revisions
// that blame is to pass over. Nor can they fetch what is missing.
type shell struct {
	mu     sync.Mutex // guards the fields below
	dir    string     // "" before it is made
	closed bool
}

// inShell is the git command with args in the shell. The arguments name commits and other
// objects by hash alone.
func (r *Repo) inShell(args ...string) (proc.Cmd, error) {
	dir, err := r.shell.open(r.sha256())
	if errors.Is(err, fs.ErrClosed) {
		return proc.Cmd{}, fail.Errorf(fail.Unavailable, "the repository %s was closed", r.Name())
	} else if err != nil {
		return proc.Cmd{}, fail.Errorf(fail.Unavailable, "no temporary folder for git: %w", err)
	}
	c := r.command(args...)
	for i, arg := range c.Argv {
		if strings.HasPrefix(arg, "--git-dir=") {
			c.Argv[i] = "--git-dir=" + dir
			c.Argv = append(c.Argv[:i+1], c.Argv[i+2:]...) // and no work tree
			break
		}
	}
	c.Env = append(c.Env[:len(c.Env):len(c.Env)], "HOME="+dir, "XDG_CONFIG_HOME="+dir, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_OBJECT_DIRECTORY="+filepath.Join(r.commonDir, "objects"),
		"GIT_SHALLOW_FILE="+filepath.Join(r.commonDir, "shallow"))
	return c, nil
}

// open returns the folder and makes it if it is not there, or not there any more: there
// are programs that tidy the folder for temporary files.
func (s *shell) open(sha256 bool) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return "", fs.ErrClosed
	}
	if s.dir != "" {
		if isGitDir(s.dir) {
			return s.dir, nil
		}
		if err := os.RemoveAll(s.dir); err != nil {
			return "", err
		}
		s.dir = ""
	}
	dir, err := os.MkdirTemp("", "cleat-git-")
	if err != nil {
		return "", err
	}
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if sha256 {
		config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = sha256\n"
	}
	err = errors.Join(
		os.Mkdir(filepath.Join(dir, "refs"), 0o700),
		os.Mkdir(filepath.Join(dir, "objects"), 0o700),
		os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/none\n"), 0o600))
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	s.dir = dir
	return dir, nil
}

// close removes the folder, and no other is made.
func (s *shell) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.dir == "" {
		return nil
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("removing a temporary folder: %w", err)
	}
	s.dir = ""
	return nil
}
