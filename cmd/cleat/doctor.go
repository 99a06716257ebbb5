package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"cleat/internal/gate/redact"
	"cleat/internal/git"
	"cleat/internal/proc"
	"cleat/internal/state"
	"cleat/internal/text"
)

func (p *program) doctorCommand() *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Check the whole setup; exit 1 if something is broken",
		Long: "doctor checks everything that cleat needs, one line each: ok, warn (it works, but less well) or FAIL.\n" +
			"What is not ok is followed by how to mend it. It needs no client; of the network it uses the\n" +
			"databases that are configured. A broken configuration does not keep it from looking at the rest.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			d, err := p.newDoctor()
			if err != nil {
				return err
			}
			return d.run(ctx)
		}}
}

// A doctor is one run of cleat doctor.
type doctor struct {
	*program
	dir      string   // where it was started
	serve    []string // what starts cleat as Claude Code would
	patience time.Duration
	limit    func() (openFiles uint64, known bool)

	group       proc.Group
	redact      func(string) string
	warns, fail int
	err         error // of writing
}

func (p *program) newDoctor() (*doctor, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("finding the current folder: %w", err)
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	return &doctor{program: p, dir: dir, serve: []string{exe, "serve"}, patience: 10 * time.Second, limit: openFilesLimit}, nil
}

// run makes the checks one after the other and prints each at once: a slow one shows
// what it is that takes long.
func (d *doctor) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, d.group.Close()) }()
	folder, stateErr := state.Locate(d.lookup)
	var key []byte
	if stateErr == nil {
		// Without a kept key, secrets are marked differently each time; the check of the
		// state folder says why.
		key, _ = folder.Key()
	}
	d.redact = redact.New(key).String

	d.ok("version", "cleat %s, %s/%s, %s", programVersion(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	quiet := *d.program
	quiet.stderr = io.Discard // what it would log is said here
	a, openErr := quiet.open(ctx, openOption{dir: d.dir})
	if openErr == nil {
		defer func() { err = errors.Join(err, a.close()) }()
	}
	root, rootErr := findRoot(d.dir)
	if rootErr != nil {
		d.failed("root", rootErr.Error(), "start cleat in a folder that exists")
	} else {
		d.checkRoot(ctx, root)
		d.checkClaude(ctx, root)
	}
	if openErr != nil {
		what, mend := reason(openErr)
		d.failed("cleat", "it cannot start: "+what, mend)
	} else {
		d.checkConfiguration(a)
		d.checkSources(ctx, a)
	}
	if d.checkState(folder, stateErr) {
		d.checkAudit(ctx, folder.Dir())
	} else {
		d.warn("audit log", "not checked, since the state folder cannot be used", "mend the state folder first")
	}
	if openErr == nil {
		d.checkTools(a)
	}
	d.checkLimits()
	if openErr == nil {
		d.checkStart(ctx, len(a.problems) > 0)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return d.sum()
}

// sum prints the last line and decides on the exit code.
func (d *doctor) sum() error {
	count := func(n int, what string) string {
		if n == 1 {
			return "1 " + what
		}
		return strconv.Itoa(n) + " " + what + "s"
	}
	line := "Everything is in order."
	switch {
	case d.fail > 0:
		line = count(d.fail, "failure") + ", " + count(d.warns, "warning") + "."
	case d.warns > 0:
		line = "It works, with " + count(d.warns, "warning") + "."
	}
	if _, err := fmt.Fprintln(d.stdout, "\n"+line); err != nil && d.err == nil {
		d.err = err
	}
	if d.err == nil && d.fail > 0 {
		return errFailed
	}
	return d.err
}

// line prints one check. Whatever is in it, it stays one line without secrets.
func (d *doctor) line(verdict, subject, what string) {
	if _, err := fmt.Fprintf(d.stdout, "%-4s  %-14s %s\n", verdict, subject, d.clean(what)); err != nil && d.err == nil {
		d.err = err
	}
}

func (d *doctor) clean(s string) string { return text.Line(d.redact(s)) }

func (d *doctor) mend(how string) {
	if how == "" {
		how = "see the README, or report it as a fault of cleat's"
	}
	if _, err := fmt.Fprintf(d.stdout, "      mend: %s\n", d.clean(how)); err != nil && d.err == nil {
		d.err = err
	}
}

func (d *doctor) ok(subject, format string, args ...any) {
	d.line("ok", subject, fmt.Sprintf(format, args...))
}

func (d *doctor) warn(subject, what, mend string) {
	d.warns++
	d.line("warn", subject, what)
	d.mend(mend)
}

func (d *doctor) failed(subject, what, mend string) {
	d.fail++
	d.line("FAIL", subject, what)
	d.mend(mend)
}

// checkRoot looks at the folder, git, and what git thinks of the folder.
func (d *doctor) checkRoot(ctx context.Context, root string) {
	repo, repoErr := git.Open(root, git.Options{Env: d.environ, Group: &d.group})
	if repoErr == nil {
		defer repo.Close()
		if !isSameFile(repo.Root(), root) {
			repoErr = fmt.Errorf("its .git is not a repository")
		}
	}
	const less = "files are searched and read, but branches and history are not"
	if repoErr != nil {
		what, mend := reason(repoErr)
		if _, err := os.Lstat(filepath.Join(root, ".git")); err != nil {
			what, mend = "not in a git repository", ""
		}
		if mend == "" {
			mend = "start cleat, and Claude Code, in a git repository; or leave it, if this folder is meant"
		}
		d.warn("root", root+": "+strings.TrimPrefix(what, root+" is ")+"; "+less, mend)
	} else {
		d.ok("root", "%s, a git repository%s", root, onBranch(ctx, repo))
	}
	version, err := git.Version(ctx, &d.group, d.environ)
	const install = "install git 2.30 or newer, and see that PATH finds it"
	switch {
	case err != nil:
		what, _ := reason(err)
		d.warn("git", what+"; "+less, install)
	case !atLeast(version, 2, 30):
		d.warn("git", "version "+version+" is older than 2.30, which is not tested", install)
	default:
		d.ok("git", "version %s", version)
	}
	if err != nil || repoErr != nil {
		return
	}
	// Any command makes git judge whose repository it is.
	if _, _, err := repo.Refs(ctx, git.RefOptions{Limit: 1}); err != nil {
		what, mend := reason(err)
		d.warn("git trusts it", what+"; "+less, mend)
		return
	}
	d.ok("git trusts it", "git is willing to work on this repository")
}

func onBranch(ctx context.Context, repo *git.Repo) string {
	head, err := repo.Head(ctx)
	switch {
	case err != nil:
		what, _ := reason(err)
		return ", but " + what
	case head.Branch() != "":
		return ", branch " + head.Branch()
	}
	return fmt.Sprintf(", at %.12s", head.Hash)
}

// atLeast reports whether version, such as "2.39.5", is not older than major.minor. What
// is no version is older.
func atLeast(version string, major, minor int) bool {
	a, rest, _ := strings.Cut(version, ".")
	b, _, _ := strings.Cut(rest, ".")
	x, err := strconv.Atoi(a)
	if err != nil {
		return false
	}
	y, err := strconv.Atoi(b)
	return x > major || x == major && err == nil && y >= minor
}
