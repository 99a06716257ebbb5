package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/proc"
)

// A trap is a repository with two commits, a changed file in its work tree, and a
// program that leaves a mark when it is run.
type trap struct {
	fixture
	commit git.Hash
	out    string // where marks are left
	pwn    string // leaves one
}

func newTrap(t *testing.T) trap {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the bait is a script")
	}
	f := newFixture(t)
	f.write(t, "a.txt", "one\n")
	f.write(t, "dir/b.txt", "two\n")
	f.commit(t, "first")
	f.write(t, "a.txt", "three\n")
	tr := trap{fixture: f, commit: f.commit(t, "second"), out: realTemp(t)}
	f.write(t, "a.txt", "changed\n")
	tr.pwn = tr.out + "/run"
	write(t, tr.pwn, "#!/bin/sh\necho \"$0 $*\" >>"+tr.out+"/pwn\n")
	if err := os.Chmod(tr.pwn, 0o755); err != nil {
		t.Fatal(err)
	}
	return tr
}

func (tr trap) sprung() string {
	marks, err := os.ReadFile(tr.out + "/pwn")
	if err != nil {
		return ""
	}
	return string(marks)
}

// exercise calls everything that a Repo can do. Errors are returned, not judged.
func exercise(ctx context.Context, r *git.Repo, commit git.Hash) error {
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	_, err := r.Head(ctx)
	note(err)
	_, err = r.Remotes()
	note(err)
	for _, rev := range []string{"HEAD", "main", "HEAD~1", string(commit), "no-such-branch"} {
		if _, err = r.Resolve(ctx, rev); code(err) != fail.NotFound {
			note(err)
		}
	}
	_, _, err = r.Refs(ctx, git.RefOptions{})
	note(err)
	_, _, err = r.Refs(ctx, git.RefOptions{Kind: git.Branches, Prefix: "m"})
	note(err)
	for _, dir := range []string{"", "dir"} {
		_, err = r.Tree(ctx, commit, dir)
		note(err)
	}
	b, err := r.Blob(ctx, commit, "a.txt", 0)
	note(err)
	if err == nil && string(b.Data) != "three\n" {
		note(fmt.Errorf("a.txt is %q", b.Data))
	}
	_, err = r.Blob(ctx, commit, "dir/b.txt", 1)
	if code(err) != fail.TooLarge {
		note(err)
	}
	for _, path := range []string{"", "a.txt", "dir"} {
		cs, _, err := r.Log(ctx, git.LogOptions{Commit: commit, Path: path, Author: "ada", Refs: true})
		note(err)
		if err == nil && (len(cs) == 0 || cs[0].Author.Name != "Ada") {
			note(fmt.Errorf("the log of %q is %+v", path, cs))
		}
	}
	note(exerciseHistory(ctx, r, commit))
	return errors.Join(errs...)
}

// GI-01, 02, 04, 06, 09, 15, 17 and their class: whatever the repository's files say,
// reading it runs nothing. Where git itself takes the bait, control shows that it is one.
func TestHostileRepository(t *testing.T) {
	for _, tt := range []struct {
		name    string
		bait    func(t *testing.T, tr trap)
		control []string
	}{
		{"core.fsmonitor", func(t *testing.T, tr trap) { tr.git(t, "config", "core.fsmonitor", tr.pwn) }, []string{"status"}},
		{"core.fsmonitor by include", func(t *testing.T, tr trap) {
			write(t, tr.dir+"/.git/more", "[core]\n\tfsmonitor = "+tr.pwn+"\n")
			tr.git(t, "config", "include.path", "more")
		}, []string{"status"}},
		{"core.fsmonitor by includeIf", func(t *testing.T, tr trap) {
			write(t, tr.out+"/more", "[core]\n\tfsmonitor = "+tr.pwn+"\n")
			tr.git(t, "config", "includeIf.gitdir:"+tr.dir+"/.path", tr.out+"/more")
			tr.git(t, "config", "includeIf.onbranch:*.path", tr.out+"/more")
		}, []string{"status"}},
		{"core.fsmonitor in config.worktree", func(t *testing.T, tr trap) {
			tr.git(t, "config", "extensions.worktreeConfig", "true")
			tr.git(t, "config", "--worktree", "core.fsmonitor", tr.pwn)
		}, []string{"status"}},
		{"diff.external", func(t *testing.T, tr trap) { tr.git(t, "config", "diff.external", tr.pwn) }, []string{"diff"}},
		{"diff driver", func(t *testing.T, tr trap) {
			tr.write(t, ".gitattributes", "*.txt diff=x\n")
			tr.git(t, "config", "diff.x.command", tr.pwn)
		}, []string{"diff"}},
		{"textconv", func(t *testing.T, tr trap) {
			tr.write(t, ".git/info/attributes", "*.txt diff=x\n")
			tr.git(t, "config", "diff.x.textconv", tr.pwn)
		}, []string{"log", "-p"}},
		{"filter.clean", func(t *testing.T, tr trap) {
			tr.write(t, ".gitattributes", "*.txt filter=f\n")
			tr.git(t, "config", "filter.f.clean", tr.pwn)
		}, []string{"diff"}},
		{"filter.smudge", func(t *testing.T, tr trap) {
			tr.write(t, ".git/info/attributes", "*.txt filter=f\n")
			tr.git(t, "config", "filter.f.smudge", tr.pwn)
		}, []string{"cat-file", "--filters", "HEAD:a.txt"}},
		{"filter.process", func(t *testing.T, tr trap) {
			tr.write(t, ".git/info/attributes", "*.txt filter=f\n")
			tr.git(t, "config", "filter.f.process", tr.pwn)
		}, []string{"cat-file", "--filters", "HEAD:a.txt"}},
		{"filter by core.attributesFile", func(t *testing.T, tr trap) {
			write(t, tr.out+"/attributes", "*.txt filter=f\n")
			tr.git(t, "config", "core.attributesFile", tr.out+"/attributes")
			tr.git(t, "config", "filter.f.clean", tr.pwn)
		}, []string{"diff"}},
		{"core.hooksPath", func(t *testing.T, tr trap) {
			for _, hook := range []string{"post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"} {
				write(t, tr.out+"/hooks/"+hook, "#!/bin/sh\nexec "+tr.pwn+"\n")
				if err := os.Chmod(tr.out+"/hooks/"+hook, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			tr.git(t, "config", "core.hooksPath", tr.out+"/hooks")
		}, []string{"update-ref", "refs/heads/other", "HEAD"}},
		{".git/hooks", func(t *testing.T, tr trap) {
			write(t, tr.dir+"/.git/hooks/reference-transaction", "#!/bin/sh\nexec "+tr.pwn+"\n")
			if err := os.Chmod(tr.dir+"/.git/hooks/reference-transaction", 0o755); err != nil {
				t.Fatal(err)
			}
		}, []string{"update-ref", "refs/heads/other", "HEAD"}},
		{"gpg.program", func(t *testing.T, tr trap) {
			signed := "tree " + tr.git(t, "rev-parse", "HEAD^{tree}") + "\nparent " + string(tr.commit) +
				"\nauthor Ada <ada@b> 1 +0000\ncommitter Ada <ada@b> 1 +0000\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\nsigned\n"
			h := tr.gitIn(t, signed, "hash-object", "-w", "-t", "commit", "--stdin")
			tr.git(t, "update-ref", "refs/heads/main", h)
			tr.git(t, "config", "gpg.program", tr.pwn)
			tr.git(t, "config", "log.showSignature", "true")
		}, []string{"log"}},
		{"aliases", func(t *testing.T, tr trap) {
			for _, name := range []string{"x", "rev-parse", "rev-list", "cat-file", "for-each-ref", "symbolic-ref", "version"} {
				tr.git(t, "config", "alias."+name, "!"+tr.pwn)
			}
		}, []string{"x"}},
		{"a missing object of a partial clone, ext", func(t *testing.T, tr trap) {
			tr.partial(t, "ext::"+tr.pwn+" %S")
		}, []string{"cat-file", "-p", strings.Repeat("12", 20)}},
		{"a missing object of a partial clone, ssh", func(t *testing.T, tr trap) {
			tr.partial(t, "ssh://host/x")
			tr.git(t, "config", "core.sshCommand", tr.pwn)
		}, []string{"cat-file", "-p", strings.Repeat("12", 20)}},
		{"a missing object of a partial clone, upload pack", func(t *testing.T, tr trap) {
			tr.partial(t, tr.dir)
			tr.git(t, "config", "remote.origin.uploadpack", tr.pwn)
		}, []string{"cat-file", "-p", strings.Repeat("12", 20)}},
		{"a missing object of a partial clone, proxy", func(t *testing.T, tr trap) {
			tr.partial(t, "git://host/x")
			tr.git(t, "config", "core.gitProxy", tr.pwn)
		}, []string{"cat-file", "-p", strings.Repeat("12", 20)}},
		{"a missing object of a partial clone, remote helper", func(t *testing.T, tr trap) {
			tr.partial(t, "x")
			tr.git(t, "config", "remote.origin.vcs", "ext::"+tr.pwn)
		}, nil},
		{"trace to a file", func(t *testing.T, tr trap) {
			for _, target := range []string{"normal", "event", "perf"} {
				tr.git(t, "config", "trace2."+target+"Target", tr.out+"/pwn")
			}
		}, nil},
		{"pager, editor, askpass, credentials", func(t *testing.T, tr trap) {
			for _, key := range []string{"core.pager", "pager.log", "pager.rev-list", "pager.for-each-ref", "core.editor", "sequence.editor",
				"core.askPass", "credential.helper", "core.alternateRefsCommand", "uploadpack.packObjectsHook", "interactive.diffFilter",
				"gpg.ssh.program", "gpg.ssh.defaultKeyCommand", "web.browser", "help.browser", "diff.tool", "difftool.x.cmd", "merge.x.driver",
				"submodule.x.update", "log.diffMerges", "trailer.x.cmd", "trailer.x.command", "init.templateDir", "core.gitProxy", "remote.origin.receivepack"} {
				tr.git(t, "config", key, tr.pwn)
			}
		}, nil},
		{"mailmap", func(t *testing.T, tr trap) {
			tr.write(t, ".mailmap", "Ada\x1b <eve@example.org> <ada@example.org>\n")
			tr.git(t, "config", "mailmap.file", tr.dir+"/.mailmap")
			tr.git(t, "config", "mailmap.blob", "HEAD:.mailmap")
			tr.git(t, "config", "log.mailmap", "true")
		}, nil},
		{"replaced objects and grafts", func(t *testing.T, tr trap) {
			evil := tr.gitIn(t, "CANARY", "hash-object", "-w", "--stdin")
			tr.git(t, "replace", tr.git(t, "rev-parse", "HEAD:a.txt"), evil)
			tr.write(t, ".git/info/grafts", string(tr.commit)+"\n")
		}, nil},
		{"settings that change what is printed", func(t *testing.T, tr trap) {
			for key, value := range map[string]string{"log.showSignature": "true", "format.pretty": "%B", "color.ui": "always", "log.follow": "true",
				"i18n.logOutputEncoding": "UTF-16", "i18n.commitEncoding": "ISO-8859-5", "core.quotePath": "true", "core.abbrev": "4", "log.date": "human",
				"grep.patternType": "perl", "core.commentChar": "x", "diff.orderFile": tr.out + "/absent", "rev-list.x": "y", "tag.sort": "-x", "core.warnAmbiguousRefs": "true",
				"log.excludeDecoration": "*", "notes.displayRef": "*", "core.precomposeUnicode": "true", "core.ignoreCase": "true", "core.bare": "true"} {
				tr.git(t, "config", key, value)
			}
		}, nil},
		{"core.worktree", func(t *testing.T, tr trap) {
			write(t, tr.out+"/other/a.txt", "CANARY")
			tr.git(t, "config", "core.worktree", tr.out+"/other")
			tr.git(t, "config", "core.fsmonitor", tr.pwn)
		}, []string{"diff"}},
		{"submodules", func(t *testing.T, tr trap) {
			tr.write(t, ".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = ext::"+tr.pwn+"\n\tupdate = !"+tr.pwn+"\n")
			tr.git(t, "config", "submodule.x.url", "ext::"+tr.pwn)
			tr.git(t, "config", "submodule.x.update", "!"+tr.pwn)
			tr.git(t, "config", "submodule.recurse", "true")
		}, nil},
		{"names like options", func(t *testing.T, tr trap) {
			write(t, tr.dir+"/.git/packed-refs", fmt.Sprintf("# pack-refs with: peeled fully-peeled sorted \n%s refs/heads/--output=%s/pwn\n%s refs/heads/-O%s\n%s refs/tags/a.txt\n",
				tr.commit, strings.TrimPrefix(tr.out, "/"), tr.commit, strings.TrimPrefix(tr.pwn, "/"), tr.commit))
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTrap(t)
			tt.bait(t, tr)
			tr.clean(t) // making the bait may have sprung it
			if err := exercise(t.Context(), tr.open(t), tr.commit); err != nil {
				t.Errorf("exercise: %v", err)
			}
			if _, err := tr.open(t).Resolve(t.Context(), strings.Repeat("12", 20)); code(err) != fail.NotFound {
				t.Errorf("Resolve of a missing object: %v", err)
			}
			if marks := tr.sprung(); marks != "" {
				t.Fatalf("it was run: %s", marks)
			}
			if tt.control == nil {
				return
			}
			cmd := exec.Command("git", tt.control...)
			cmd.Dir = tr.dir
			cmd.Env = append(tr.env, "GIT_ALLOW_PROTOCOL=ext:ssh:git:file")
			out, err := cmd.CombinedOutput() // it may well fail
			if tr.sprung() == "" {
				t.Errorf("git %q does not take the bait either: %v\n%s", tt.control, err, out)
			}
		})
	}
}

// partial makes the repository a partial clone from url.
func (tr trap) partial(t *testing.T, url string) {
	t.Helper()
	for _, kv := range [][2]string{{"core.repositoryformatversion", "1"}, {"extensions.partialClone", "origin"}, {"remote.origin.url", url},
		{"remote.origin.promisor", "true"}, {"remote.origin.partialclonefilter", "blob:none"}, {"remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"},
		{"protocol.allow", "always"}, {"protocol.ext.allow", "always"}, {"protocol.ssh.allow", "always"}, {"protocol.git.allow", "always"}, {"protocol.file.allow", "always"}} {
		tr.git(t, "config", kv[0], kv[1])
	}
}

func (tr trap) clean(t *testing.T) {
	t.Helper()
	if err := os.Remove(tr.out + "/pwn"); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

// An object that only a remote has is reported as absent.
func TestPartialCloneFetchesNothing(t *testing.T) {
	tr := newTrap(t)
	tr.partial(t, "ext::"+tr.pwn+" %S")
	blob := tr.git(t, "rev-parse", "HEAD:a.txt")
	if err := os.Remove(tr.dir + "/.git/objects/" + blob[:2] + "/" + blob[2:]); err != nil {
		t.Fatal(err)
	}
	r := tr.open(t)
	for range 2 {
		if _, err := r.Blob(t.Context(), tr.commit, "a.txt", 0); code(err) != fail.NotFound || !strings.Contains(fail.Show(err), "partial") {
			t.Errorf("Blob: %v", err)
		}
		if b, err := r.Blob(t.Context(), tr.commit, "dir/b.txt", 0); err != nil || string(b.Data) != "two\n" {
			t.Errorf("Blob of what is there: %+v, %v", b, err)
		}
	}
	if marks := tr.sprung(); marks != "" {
		t.Errorf("it was run: %s", marks)
	}
}

// GI-18 and its class: the environment that cleat was started with changes nothing.
func TestHostileEnvironment(t *testing.T) {
	tr := newTrap(t)
	priv := newFixture(t)
	priv.write(t, "a.txt", "CANARY\n")
	priv.commit(t, "private")
	write(t, tr.out+"/global", "[core]\n\tfsmonitor = "+tr.pwn+"\n[diff]\n\texternal = "+tr.pwn+"\n")
	for _, name := range []string{"git", "git-cat-file", "git-rev-list", "git-rev-parse", "git-for-each-ref"} {
		write(t, tr.out+"/exec/"+name, "#!/bin/sh\nexec "+tr.pwn+" \"$@\"\n")
		if err := os.Chmod(tr.out+"/exec/"+name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, kv := range append(tr.env,
		"GIT_EXTERNAL_DIFF="+tr.pwn, "GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=diff.external", "GIT_CONFIG_VALUE_0="+tr.pwn,
		"GIT_CONFIG_KEY_1=core.fsmonitor", "GIT_CONFIG_VALUE_1="+tr.pwn, "GIT_CONFIG_PARAMETERS='core.fsmonitor="+tr.pwn+"'",
		"GIT_CONFIG_GLOBAL="+tr.out+"/global", "GIT_CONFIG_SYSTEM="+tr.out+"/global", "GIT_CONFIG="+tr.out+"/global",
		"GIT_TRACE="+tr.out+"/pwn", "GIT_TRACE2="+tr.out+"/pwn", "GIT_TRACE2_EVENT="+tr.out+"/pwn", "GIT_TRACE_SETUP="+tr.out+"/pwn", "GIT_TRACE_PACK_ACCESS="+tr.out+"/pwn",
		"GIT_DIR="+priv.dir+"/.git", "GIT_WORK_TREE="+priv.dir, "GIT_COMMON_DIR="+priv.dir+"/.git", "GIT_INDEX_FILE="+tr.out+"/index",
		"GIT_OBJECT_DIRECTORY="+priv.dir+"/.git/objects", "GIT_ALTERNATE_OBJECT_DIRECTORIES="+priv.dir+"/.git/objects", "GIT_NAMESPACE=x",
		"GIT_EXEC_PATH="+tr.out+"/exec", "GIT_TEMPLATE_DIR="+tr.out, "GIT_SSH="+tr.pwn, "GIT_SSH_COMMAND="+tr.pwn, "GIT_PROXY_COMMAND="+tr.pwn, "GIT_ASKPASS="+tr.pwn,
		"GIT_EDITOR="+tr.pwn, "GIT_PAGER="+tr.pwn, "PAGER="+tr.pwn, "EDITOR="+tr.pwn, "GIT_PAGER_IN_USE=1", "GIT_ALLOW_PROTOCOL=ext", "GIT_DEFAULT_HASH=sha256",
		"GIT_CEILING_DIRECTORIES="+tr.dir, "GIT_LITERAL_PATHSPECS=0", "GIT_GLOB_PATHSPECS=1", "GIT_REDIRECT_STDOUT="+tr.out+"/pwn", "GIT_REPLACE_REF_BASE=refs/x",
		"GIT_SHALLOW_FILE="+tr.out+"/x", "GIT_GRAFT_FILE="+tr.out+"/x", "GIT_ICASE_PATHSPECS=1", "GIT_QUARANTINE_PATH=x", "GIT_FLUSH=0", "SHELL="+tr.pwn, "LANG=de_DE.UTF-8", "LANGUAGE=de",
		"PATH=.:exec::"+os.Getenv("PATH")+":.",
	) {
		name, value, _ := strings.Cut(kv, "=")
		t.Setenv(name, value)
	}
	// A relative PATH entry would find the planted git here.
	for _, dir := range []string{tr.out + "/exec", tr.out} {
		t.Chdir(dir)
		for name, env := range map[string][]string{"own environment": nil, "given": os.Environ()} {
			r := open(t, tr.dir, git.Options{Env: env})
			if err := exercise(t.Context(), r, tr.commit); err != nil {
				t.Errorf("%s: exercise: %v", name, err)
			}
			var g proc.Group
			if _, err := git.Version(t.Context(), &g, env); err != nil {
				t.Errorf("%s: Version: %v", name, err)
			}
		}
	}
	if marks := tr.sprung(); marks != "" {
		t.Errorf("it was run, or a trace was written: %s", marks)
	}
	cmd := exec.Command("/bin/sh", "-c", "git status")
	cmd.Dir = tr.out + "/exec"
	if out, err := cmd.CombinedOutput(); tr.sprung() == "" {
		t.Errorf("git does not take the bait either: %v\n%s", err, out)
	}
}

// A git program planted in the repository is not run, even where cleat's working
// directory is the repository and PATH names the current folder first.
func TestPlantedGit(t *testing.T) {
	tr := newTrap(t)
	write(t, tr.dir+"/git", "#!/bin/sh\nexec "+tr.pwn+"\n")
	if err := os.Chmod(tr.dir+"/git", 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(tr.dir)
	env := append([]string{"PATH=.:" + os.Getenv("PATH")}, tr.env[1:]...)
	if err := exercise(t.Context(), open(t, ".", git.Options{Env: env}), tr.commit); err != nil {
		t.Errorf("exercise: %v", err)
	}
	only := open(t, ".", git.Options{Env: []string{"PATH=.:./bin:"}})
	if _, err := only.Resolve(t.Context(), "HEAD"); code(err) != fail.Unavailable {
		t.Errorf("Resolve with a relative PATH only: %v", err)
	}
	if marks := tr.sprung(); marks != "" {
		t.Errorf("it was run: %s", marks)
	}
}

// A configuration that makes git wait for somebody costs the call its time, and nothing
// else.
func TestConfigurationThatHangs(t *testing.T) {
	tr := newTrap(t)
	mkfifo, err := exec.LookPath("mkfifo")
	if err != nil {
		t.Skip("no mkfifo")
	}
	if out, err := exec.Command(mkfifo, tr.out+"/fifo").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := tr.open(t)
	write(t, tr.dir+"/.git/config", "[include]\n\tpath = "+filepath.Join(tr.out, "fifo")+"\n")
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begin := time.Now()
		if _, err := r.Resolve(ctx, "HEAD"); code(err) != fail.Timeout {
			t.Errorf("Resolve: %v", err)
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("Resolve took %v", took)
		}
	}
	write(t, tr.dir+"/.git/config", "[core]\n\trepositoryformatversion = 0\n")
	if _, err := r.Resolve(t.Context(), "HEAD"); err != nil {
		t.Errorf("Resolve afterwards: %v", err)
	}
}

// What git says about a broken repository reaches the caller on one line.
func TestBrokenRepository(t *testing.T) {
	for _, tt := range []struct{ config, want string }{
		{"[core]\n\trepositoryformatversion = 99\n", "version"},
		{"[core]\n\trepositoryformatversion = 1\n[extensions]\n\tnonsense = true\n", "nonsense"},
		{"[core\n", "config"},
	} {
		f := newFixture(t)
		f.commit(t, "x")
		r := f.open(t)
		write(t, f.dir+"/.git/config", tt.config)
		_, err := r.Resolve(t.Context(), "HEAD")
		if code(err) != fail.Unavailable || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: Resolve: %v", tt.config, err)
		}
	}
}
