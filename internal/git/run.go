package git

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/proc"
	"cleat/internal/text"
)

// overrides are the settings that every command is given, "key=value". They win over
// every configuration file. Most close ways to run a program that the commands of this
// package do not take anyway; two barriers are better than one.
func overrides() []string {
	return []string{
		// Programs that git starts on its own.
		"core.fsmonitor=false",
		"core.hooksPath=" + os.DevNull,
		"core.pager=cat",
		"core.editor=:",
		"sequence.editor=:",
		"core.askPass=",
		"core.sshCommand=false",
		"core.gitProxy=none",
		"core.alternateRefsCommand=:",
		"credential.helper=",
		"diff.external=",
		"interactive.diffFilter=",
		"gpg.program=false",
		"gpg.openpgp.program=false",
		"gpg.x509.program=false",
		"gpg.ssh.program=false",
		"gpg.ssh.defaultKeyCommand=",
		"log.showSignature=false",
		"gc.auto=0",
		"maintenance.auto=false",

		// Other repositories: none over the network, none by surprise.
		"protocol.allow=never",
		"safe.bareRepository=explicit",
		"submodule.recurse=false",
		"diff.ignoreSubmodules=all",

		// Files that the configuration names, and settings that change what is printed.
		"core.attributesFile=" + os.DevNull,
		"diff.orderFile=",
		"mailmap.file=" + os.DevNull,
		"mailmap.blob=",
		"log.mailmap=false",
		"i18n.logOutputEncoding=UTF-8",
		"color.ui=false",
		"advice.graftFileDeprecated=false",
		"core.useReplaceRefs=false", // in a repository, true wins over the command line's option
		"core.quotePath=true",
		"core.bigFileThreshold=" + strconv.Itoa(MaxDiffed),
	}
}

// environment completes a filtered environment with what git must know.
func environment(filtered []string) []string {
	env := make([]string, 0, len(filtered)+24)
	for _, kv := range filtered {
		// The language decides which messages there are to recognize; UTF-8 is for
		// letters beyond ASCII when case does not matter.
		if !strings.HasPrefix(kv, "LC_") && !strings.HasPrefix(kv, "LANG") {
			env = append(env, kv)
		}
	}
	return append(env,
		"LC_ALL=C.UTF-8",
		"TERM=dumb",
		"GIT_TERMINAL_PROMPT=0",
		"GIT_ASKPASS=",
		"SSH_ASKPASS=",
		"GIT_EDITOR=:",
		"GIT_SEQUENCE_EDITOR=:",
		"GIT_PAGER=cat",
		"GIT_SSH_COMMAND=false",
		"GIT_OPTIONAL_LOCKS=0",
		"GIT_NO_REPLACE_OBJECTS=1",
		"GIT_GRAFT_FILE="+os.DevNull,
		"GIT_ATTR_NOSYSTEM=1",
		"GIT_LITERAL_PATHSPECS=1",
		"GIT_ADVICE=0",
		"GIT_FLUSH=0", // not after each line: answers are read to their end
		// A partial clone fetches what is missing, with whatever its configuration says.
		// The first variable forbids it where git knows it; the second allows no
		// transport, also not one that protocol.NAME.allow in the repository allows.
		"GIT_NO_LAZY_FETCH=1",
		"GIT_ALLOW_PROTOCOL=none",
	)
}

// globals are the options before the subcommand.
func globals() []string {
	args := []string{"--no-pager", "--no-optional-locks", "--no-replace-objects", "--literal-pathspecs"}
	for _, kv := range overrides() {
		args = append(args, "-c", kv)
	}
	return args
}

// command is the git command with args on the repository. The git dir and the work tree
// are always named: what the configuration says about them, such as core.worktree, does
// not count. The working directory is the file system's root, so that no folder of the
// repository is searched for anything.
func (r *Repo) command(args ...string) proc.Cmd {
	argv := append([]string{r.git}, globals()...)
	argv = append(argv, "--git-dir="+r.gitDir, "--work-tree="+r.root)
	return proc.Cmd{
		Argv: append(argv, args...), Dir: filepath.VolumeName(r.root) + string(filepath.Separator),
		Env: r.env, MaxOutput: maxSmall,
	}
}

// stopped is the error of a command that ended because it was stopped.
func (r *Repo) stopped(err error) error {
	if errors.Is(err, proc.ErrClosed) {
		return fail.Errorf(fail.Unavailable, "the repository %s was closed", r.Name())
	}
	return err
}

// gitError is what a command's end means; nil if all is well.
func (r *Repo) gitError(command string, res proc.Result) error {
	if res.Code == 0 {
		return nil
	}
	what := complaint(res.Stderr)
	if what == "" {
		what = "no reason given"
		if res.Signal != "" {
			what = "it was ended by " + res.Signal
		}
	}
	return fail.Errorf(fail.Unavailable, "git %s on %s: %s", command, r.Name(), what).
		Then("check the repository with `git fsck`")
}

// complaint is the line of git's standard error that says what is wrong: the first
// fatal one, or the first error, or the first.
func complaint(stderr []byte) string {
	const most = 300
	var lines []string
	for line := range bytes.Lines(stderr) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(lines, string(line))
		}
	}
	found := ""
	for _, prefix := range []string{"fatal: ", "error: ", ""} {
		i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, prefix) })
		if i < 0 {
			continue
		}
		found = strings.TrimPrefix(lines[i], prefix)
		if strings.HasSuffix(found, ":") && i+1 < len(lines) {
			found += " " + lines[i+1]
		}
		break
	}
	if len(found) > most {
		found = strings.ToValidUTF8(found[:most], "") + "…"
	}
	return text.Line(found)
}

// verified remembers that git agreed to work on the repository.
type verified struct {
	lock lock
	ok   bool
}

// ready makes sure, once, that git exists and is willing: with an explicit git dir, git
// does not look at who owns the repository, so it is asked to find the repository by
// itself first. Its refusal is passed on with its own remedy. It must also find the same
// git dir that we did.
func (r *Repo) ready(ctx context.Context) error {
	if r.closed.Load() {
		return fail.Errorf(fail.Unavailable, "the repository %s was closed", r.Name())
	}
	if r.gitErr != nil {
		return r.gitErr
	}
	if err := r.verified.lock.acquire(ctx); err != nil {
		return err
	}
	defer r.verified.lock.release()
	if r.verified.ok {
		return nil
	}
	argv := append([]string{r.git}, globals()...)
	if r.bare {
		argv = append(argv, "-c", "safe.bareRepository=all")
	}
	res, err := r.group.Run(ctx, proc.Cmd{
		Argv: append(argv, "rev-parse", "--absolute-git-dir"), Dir: r.root, MaxOutput: maxSmall,
		Env: append(r.env[:len(r.env):len(r.env)], "GIT_CEILING_DIRECTORIES="+filepath.Dir(r.root),
			"GIT_DISCOVERY_ACROSS_FILESYSTEM=1"),
	})
	if err != nil {
		return r.stopped(err)
	}
	if err := r.ownership(res); err != nil {
		return err
	}
	if err := r.gitError("rev-parse", res); err != nil {
		return err
	}
	if dir := string(bytes.TrimSuffix(res.Stdout, []byte("\n"))); !sameFile(filepath.FromSlash(dir), r.gitDir) {
		return fail.Errorf(fail.Denied, "git takes %s for the git dir of %s, which is not what its files say", text.Line(dir), r.root)
	}
	r.verified.ok = true
	return nil
}

// ownership recognizes git's refusal to work on another user's repository.
func (r *Repo) ownership(res proc.Result) error {
	if res.Code == 0 || !bytes.Contains(res.Stderr, []byte("safe.directory")) {
		return nil
	}
	e := fail.Errorf(fail.Denied, "git: %s", complaint(res.Stderr)).
		Because("git works on another user's repository only where the user's own git configuration allows it")
	for line := range bytes.Lines(res.Stderr) {
		if mend := bytes.TrimSpace(line); bytes.HasPrefix(mend, []byte("git config ")) {
			return e.Then("if the repository is trusted, the user runs: %s", text.Line(string(mend)))
		}
	}
	return e
}

// Version returns the version of git, such as "2.39.5". It fails with fail.Unavailable
// if there is no git on the PATH of env; a nil env means cleat's own environment.
func Version(ctx context.Context, g *proc.Group, env []string) (string, error) {
	path, filtered, err := program(env)
	if err != nil {
		return "", err
	}
	res, err := g.Run(ctx, proc.Cmd{
		Argv: []string{path, "version"}, Dir: filepath.VolumeName(path) + string(filepath.Separator),
		Env: environment(filtered), MaxOutput: maxSmall,
	})
	if err != nil {
		return "", err
	}
	fields := strings.Fields(string(res.Stdout))
	if res.Code != 0 || len(fields) < 3 || fields[0] != "git" || fields[1] != "version" {
		return "", fail.Errorf(fail.Unavailable, "%s does not say its version: %s", path, complaint(res.Stderr))
	}
	return fields[2], nil
}
