package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/git"

	"github.com/google/go-cmp/cmp"
)

// exerciseHistory is the part of exercise that compares commits and reads many files. All
// that it asks has one answer, whatever the repository's files say.
func exerciseHistory(ctx context.Context, r *git.Repo, commit git.Hash) error {
	var errs []error
	is := func(what string, err error, want, got any) {
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			errs = append(errs, fmt.Errorf("%s: %v (-want +got):\n%s", what, err, diff))
		}
	}
	span, err := r.Range(ctx, string(commit)+"~1..."+string(commit))
	is("Range", err, git.Range{From: span.From, To: commit, Base: true}, span)
	first := span.From
	base, err := r.MergeBase(ctx, commit, first)
	is("MergeBase", err, first, base)
	ahead, behind, err := r.AheadBehind(ctx, first, commit)
	is("AheadBehind", err, [2]int{1, 0}, [2]int{ahead, behind})
	branch, err := r.DefaultBranch(ctx)
	is("DefaultBranch", err, "refs/heads/main", branch.Name)

	one, two, three := r.HashBlob([]byte("one\n")), r.HashBlob([]byte("two\n")), r.HashBlob([]byte("three\n"))
	changes, _, err := r.Changes(ctx, first, commit, git.ChangeOptions{Counts: true, Renames: true})
	is("Changes", err, []git.Change{{Status: git.Modified, Path: "a.txt", Kind: git.File, OldKind: git.File, Hash: three, OldHash: one, Added: 1, Deleted: 1}}, changes)
	changes, _, err = r.Changes(ctx, "", first, git.ChangeOptions{Counts: true, Path: "dir"})
	is("Changes of the first commit", err, []git.Change{{Status: git.Added, Path: "dir/b.txt", Kind: git.File, Hash: two, Added: 1}}, changes)

	var files []git.TreeFile
	err = r.Files(ctx, commit, "", func(f git.TreeFile) error { files = append(files, f); return nil })
	is("Files", err, []git.TreeFile{{Path: "a.txt", Kind: git.File, Hash: three, Size: 6}, {Path: "dir/b.txt", Kind: git.File, Hash: two, Size: 4}}, files)
	d := r.Reader()
	defer d.Close()
	var blobs []string
	err = d.Blobs(ctx, []git.Hash{one, two, three}, func(_ int, data []byte) error { blobs = append(blobs, string(data)); return nil })
	is("Blobs", err, []string{"one\n", "two\n", "three\n"}, blobs)

	for _, o := range []git.LogOptions{{Path: "a.txt", Follow: true}, {Path: "a.txt", Follow: true, Text: "one"}, {Text: "one"}, {Text: "one", Path: "a.txt"}} {
		o.Commit, o.Author = commit, "ada"
		cs, _, err := r.Log(ctx, o)
		is("Log", err, []string{string(commit), string(first)}, hashes(cs))
		for _, c := range cs {
			is("Log", nil, git.Person{Name: "Ada", Email: "ada@example.org"}, c.Author)
		}
	}
	for path, by := range map[string]git.Hash{"a.txt": commit, "dir/b.txt": first} {
		spans, commits, err := r.Blame(ctx, git.BlameOptions{Commit: commit, Path: path})
		is("Blame", err, []git.BlameSpan{{Commit: by, First: 1, Lines: 1, Orig: 1, Path: path}}, spans)
		is("Blame", nil, git.Person{Name: "Ada", Email: "ada@example.org"}, commits[by].Author)
	}
	return errors.Join(errs...)
}

func (tr trap) set(t *testing.T, settings ...string) {
	t.Helper()
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		tr.git(t, "config", "--add", key, strings.NewReplacer("PWN", tr.pwn, "OUT", tr.out, "COMMIT", string(tr.commit)).Replace(value))
	}
}

// The class of GI-01, 02, 04 for what compares and blames: whatever is configured, nothing
// is run and nothing changes an answer.
func TestHostileSettingsOfHistory(t *testing.T) {
	// All that may name a driver for the two files.
	attributes := func(line string) func(t *testing.T, tr trap) {
		return func(t *testing.T, tr trap) {
			for _, path := range []string{".gitattributes", "dir/.gitattributes", ".git/info/attributes"} {
				tr.write(t, path, line)
			}
			write(t, tr.out+"/attributes", line)
			tr.git(t, "config", "core.attributesFile", tr.out+"/attributes")
			tr.git(t, "add", "--", ".gitattributes", "dir/.gitattributes")
		}
	}
	drivers := attributes("* diff=x filter=x merge=x\n")
	for _, tt := range []struct {
		name     string
		bait     func(t *testing.T, tr trap)
		settings []string
		control  []string
	}{
		{"diff driver", drivers, []string{"diff.x.command=PWN"}, []string{"diff", "HEAD~1", "HEAD"}},
		{"diff driver by a prefix of another", drivers, []string{"diff.x.command=PWN", "diff.x.trustExitCode=true"}, []string{"log", "-p", "--ext-diff"}},
		{"textconv", drivers, []string{"diff.x.textconv=PWN"}, []string{"blame", "HEAD", "--", "a.txt"}},
		{"textconv for a pickaxe", drivers, []string{"diff.x.textconv=PWN"}, []string{"log", "-Sone"}},
		{"cached textconv", drivers, []string{"diff.x.textconv=PWN", "diff.x.cachetextconv=true"}, []string{"log", "-p"}},
		{"external diff", nil, []string{"diff.external=PWN"}, []string{"diff", "HEAD~1", "HEAD"}},
		{"filters", drivers, []string{"filter.x.clean=PWN", "filter.x.smudge=PWN", "filter.x.required=true"}, []string{"diff"}},
		{"filter process", drivers, []string{"filter.x.process=PWN", "filter.x.required=true"}, []string{"diff"}},
		{"file system monitor", nil, []string{"core.fsmonitor=PWN", "core.fsmonitorHookVersion=2"}, []string{"blame", "a.txt"}},
		{"text that is called binary", attributes("* -diff\n"), nil, nil},
		{"text that is called binary by a driver", drivers, []string{"diff.x.binary=true"}, nil},
		{"driver with a pattern that is none", drivers, []string{"diff.x.xfuncname=(", "diff.x.wordRegex=(", "diff.x.algorithm=patience"}, nil},
		{"hunk names by a pattern that takes for ever", drivers, []string{"diff.x.xfuncname=((((a*)*)*)*)*b"}, nil},
		{"log.*", nil, []string{"log.follow=true", "log.diffMerges=PWN", "log.showRoot=false", "log.abbrevCommit=true", "log.decorate=full", "log.date=relative",
			"log.showSignature=true", "log.mailmap=true", "log.graphColors=red", "log.initialDecorationSet=all", "log.excludeDecoration=*", "format.pretty=%B",
			"format.notes=*", "notes.displayRef=*", "pretty.x=%x00", "color.diff=always", "color.ui=always", "format.outputDirectory=OUT"}, nil},
		{"diff.*", nil, []string{"diff.renames=copies", "diff.renameLimit=1", "diff.algorithm=patience", "diff.noPrefix=true", "diff.mnemonicPrefix=true",
			"diff.orderFile=OUT/none", "diff.relative=true", "diff.context=0", "diff.interHunkContext=9", "diff.wordRegex=(", "diff.suppressBlankEmpty=true",
			"diff.colorMoved=zebra", "diff.ignoreSubmodules=all", "diff.submodule=log", "diff.dirstat=cumulative", "diff.statGraphWidth=1", "diff.indentHeuristic=false",
			"diff.wsErrorHighlight=all", "diff.tool=PWN", "diff.autoRefreshIndex=true", "diff.guitool=PWN", "diff.stat-name-width=1", "diff.trustExitCode=true"}, nil},
		{"core.*", nil, []string{"core.bigFileThreshold=1", "core.quotePath=false", "core.abbrev=4", "core.whitespace=cr-at-eol", "core.autocrlf=true", "core.eol=crlf",
			"core.safecrlf=true", "core.checkRoundtripEncoding=*", "core.ignoreCase=true", "core.fileMode=false", "core.symlinks=false", "core.untrackedCache=true",
			"core.splitIndex=true", "core.sparseCheckout=true", "core.pager=PWN", "core.notesRef=refs/heads/main", "core.useReplaceRefs=true", "core.deltaBaseCacheLimit=1"}, nil},
		{"blame.*", func(t *testing.T, tr trap) { write(t, tr.out+"/revs", string(tr.commit)+"\n") },
			[]string{"blame.ignoreRevsFile=OUT/revs", "blame.markIgnoredLines=true", "blame.markUnblamableLines=true", "blame.showRoot=true", "blame.blankBoundary=true",
				"blame.showEmail=true", "blame.date=relative", "blame.coloring=highlightRecent", "color.blame.highlightRecent=red", "color.blame.repeatedLines=cyan"}, nil},
		{"mailmap", func(t *testing.T, tr trap) {
			tr.write(t, ".mailmap", "Eve <eve@example.org> <ada@example.org>\n")
			tr.git(t, "add", ".mailmap")
		}, []string{"log.mailmap=true", "mailmap.file=OUT/none", "mailmap.blob=:.mailmap"}, nil},
		{"revisions to pass over by the user's own configuration", func(t *testing.T, tr trap) {
			tr.git(t, "config", "--global", "blame.ignoreRevsFile", ".git-blame-ignore-revs")
			tr.git(t, "config", "--global", "core.useReplaceRefs", "true")
		}, nil, nil},
		{"revisions to pass over that are not there", nil, []string{"blame.ignoreRevsFile=none", "blame.ignoreRevsFile=~nobody/x"}, nil},
		{"replaced commits", func(t *testing.T, tr trap) {
			evil := tr.gitIn(t, "evil", "commit-tree", string(tr.commit)+"~1^{tree}")
			first := tr.git(t, "rev-parse", "HEAD~1")
			tr.git(t, "replace", string(tr.commit), evil)
			tr.git(t, "replace", first, evil)
		}, []string{"core.useReplaceRefs=true"}, nil},
		{"grafts", func(t *testing.T, tr trap) {
			tr.write(t, ".git/info/grafts", string(tr.commit)+"\n")
		}, []string{"advice.graftFileDeprecated=false"}, nil},
		{"notes", func(t *testing.T, tr trap) { tr.git(t, "notes", "add", "-m", "CANARY\x1b", "HEAD") }, []string{"notes.displayRef=refs/notes/*"}, nil},
		{"a sparse checkout and a broken index", func(t *testing.T, tr trap) {
			write(t, tr.dir+"/.git/index", "broken")
			write(t, tr.dir+"/.git/info/sparse-checkout", "/nothing\n")
		}, []string{"core.sparseCheckout=true"}, nil},
		{"submodule settings", func(t *testing.T, tr trap) {
			tr.write(t, ".gitmodules", "[submodule \"x\"]\n\tpath = dir\n\turl = ext::"+tr.pwn+"\n\tignore = all\n")
		}, []string{"submodule.x.ignore=all", "submodule.recurse=true", "submodule.x.url=ext::PWN", "submodule.x.update=!PWN", "diff.submodule=diff"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTrap(t)
			if tt.bait != nil {
				tt.bait(t, tr)
			}
			tr.set(t, tt.settings...)
			tr.clean(t) // making the bait may have sprung it
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := exerciseHistory(ctx, tr.open(t), tr.commit); err != nil {
				t.Errorf("exercise: %v", err)
			}
			if marks := tr.sprung(); marks != "" {
				t.Fatalf("it was run: %s", marks)
			}
			if tt.control == nil {
				return
			}
			cmd := exec.Command("git", tt.control...)
			cmd.Dir, cmd.Env = tr.dir, tr.env
			out, err := cmd.CombinedOutput() // it may well fail
			if tr.sprung() == "" {
				t.Errorf("git %q does not take the bait either: %v\n%s", tt.control, err, out)
			}
		})
	}
}

// Changes of submodules are shown, whatever the settings say about them, and the other
// repository is not entered, even where it is there and full of bait.
func TestSubmoduleIsNotEntered(t *testing.T) {
	tr := newTrap(t)
	inner := trap{fixture: fixture{dir: tr.dir + "/sub", env: tr.env}, out: tr.out, pwn: tr.pwn}
	if err := os.Mkdir(inner.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	inner.git(t, "init", "-q", "-b", "main")
	inner.write(t, "a.txt", "1\n")
	before := inner.fixture.commit(t, "before")
	tr.git(t, "-c", "advice.addEmbeddedRepo=false", "add", "sub")
	first := tr.commit2(t)
	inner.write(t, "a.txt", "2\n")
	after := inner.fixture.commit(t, "after")
	tr.git(t, "-c", "advice.addEmbeddedRepo=false", "add", "sub")
	second := tr.commit2(t)
	tr.write(t, ".gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = ../x\n\tignore = all\n")
	for _, f := range []trap{tr, inner} {
		f.set(t, "core.fsmonitor=PWN", "diff.external=PWN", "submodule.sub.ignore=all", "submodule.sub.active=true", "diff.ignoreSubmodules=all",
			"diff.submodule=diff", "status.submoduleSummary=true", "submodule.recurse=true", "core.alternateRefsCommand=PWN")
	}
	inner.write(t, ".git/info/attributes", "* diff=x\n")
	inner.set(t, "diff.x.textconv=PWN", "diff.x.command=PWN")
	tr.clean(t)
	r := tr.open(t)
	got, more, err := r.Changes(t.Context(), first, second, git.ChangeOptions{Renames: true, Counts: true})
	want := []git.Change{{Status: git.Modified, Path: "sub", Kind: git.Submodule, OldKind: git.Submodule, Hash: after, OldHash: before, Added: 1, Deleted: 1}}
	if diff := cmp.Diff(want, got); diff != "" || more || err != nil {
		t.Errorf("Changes: more = %v, %v (-want +got):\n%s", more, err, diff)
	}
	for _, f := range list(t, r, second, "") {
		if strings.HasPrefix(f.Path, "sub") && (f.Kind != git.Submodule || f.Size != -1 || f.Hash != after) {
			t.Errorf("Files: %+v", f)
		}
	}
	cs, _, err := r.Log(t.Context(), git.LogOptions{Commit: second, Text: string(after)})
	if len(cs) != 1 || err != nil {
		t.Errorf("Log with the submodule's hash: %d commits, %v", len(cs), err)
	}
	if marks := tr.sprung(); marks != "" {
		t.Errorf("it was run: %s", marks)
	}
}

// commit2 commits what is staged.
func (tr trap) commit2(t *testing.T) git.Hash {
	t.Helper()
	tr.git(t, "commit", "-q", "-m", "x")
	return git.Hash(tr.git(t, "rev-parse", "HEAD"))
}

// Objects that only a remote has are reported as absent, and nobody is asked for them.
func TestHistoryOfPartialClone(t *testing.T) {
	for _, url := range []string{"ext::PWN %S", "ssh://host/x", "file:///nowhere"} {
		tr := newTrap(t)
		url = strings.ReplaceAll(url, "PWN", tr.pwn)
		tr.partial(t, url)
		tr.set(t, "core.sshCommand=PWN", "remote.origin.uploadpack=PWN", "core.gitProxy=PWN", "core.alternateRefsCommand=PWN")
		blob := tr.git(t, "rev-parse", "HEAD:a.txt")
		if err := os.Remove(tr.dir + "/.git/objects/" + blob[:2] + "/" + blob[2:]); err != nil {
			t.Fatal(err)
		}
		tr.clean(t)
		r := tr.open(t)
		first, err := r.Resolve(t.Context(), "HEAD~1")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list(t, r, tr.commit, "") {
			if want := map[string]int64{"a.txt": -1, "dir/b.txt": 4}[f.Path]; f.Size != want {
				t.Errorf("Files: %+v, want the size %d", f, want)
			}
		}
		d := r.Reader()
		defer d.Close()
		err = d.Blobs(t.Context(), []git.Hash{git.Hash(blob), r.HashBlob([]byte("two\n"))}, func(i int, data []byte) error {
			if want := []string{"", "two\n"}[i]; string(data) != want || i == 0 && data != nil {
				t.Errorf("Blobs: %q, want %q", data, want)
			}
			return nil
		})
		if err != nil {
			t.Errorf("Blobs: %v", err)
		}
		if changes, _, err := r.Changes(t.Context(), first, tr.commit, git.ChangeOptions{}); len(changes) != 1 || err != nil {
			t.Errorf("Changes: %+v, %v", changes, err)
		}
		if changes, _, err := r.Changes(t.Context(), first, tr.commit, git.ChangeOptions{Counts: true}); code(err) != fail.Unavailable {
			t.Errorf("Changes with counts: %+v, %v", changes, err)
		}
		if spans, _, err := r.Blame(t.Context(), git.BlameOptions{Commit: tr.commit, Path: "a.txt"}); code(err) != fail.NotFound {
			t.Errorf("Blame: %v, %v", spans, err)
		}
		if cs, _, err := r.Log(t.Context(), git.LogOptions{Commit: tr.commit, Text: "one"}); code(err) != fail.Unavailable {
			t.Errorf("Log: %d commits, %v", len(cs), err)
		}
		if marks := tr.sprung(); marks != "" {
			t.Errorf("it was run: %s", marks)
		}
	}
}

// What the git dir leads to is looked at before each command, not only by Open.
func TestPartsChangeAfterOpen(t *testing.T) {
	for name, bait := range map[string]func(t *testing.T, tr, other trap) error{
		"alternates": func(t *testing.T, tr, other trap) error {
			return os.WriteFile(tr.dir+"/.git/objects/info/alternates", []byte(other.dir+"/.git/objects\n"), 0o644)
		},
		"a pack that is a link": func(t *testing.T, tr, other trap) error {
			return os.Symlink(other.dir+"/a.txt", tr.dir+"/.git/objects/pack/pack-"+strings.Repeat("1", 40)+".pack")
		},
		"config": func(t *testing.T, tr, other trap) error {
			return errors.Join(os.Remove(tr.dir+"/.git/config"), os.Symlink(other.dir+"/.git/config", tr.dir+"/.git/config"))
		},
		"packed-refs": func(t *testing.T, tr, other trap) error {
			return os.Symlink(other.dir+"/a.txt", tr.dir+"/.git/packed-refs")
		},
	} {
		t.Run(name, func(t *testing.T) {
			tr, other := newTrap(t), newTrap(t)
			r := tr.open(t)
			if err := exercise(t.Context(), r, tr.commit); err != nil {
				t.Fatal(err)
			}
			if err := bait(t, tr, other); err != nil {
				t.Fatal(err)
			}
			none := func(int, []byte) error { return nil }
			d := r.Reader()
			defer d.Close()
			_, _, logErr := r.Log(t.Context(), git.LogOptions{Commit: tr.commit})
			_, _, textErr := r.Log(t.Context(), git.LogOptions{Commit: tr.commit, Text: "one"})
			_, _, changesErr := r.Changes(t.Context(), "", tr.commit, git.ChangeOptions{})
			_, _, blameErr := r.Blame(t.Context(), git.BlameOptions{Commit: tr.commit, Path: "a.txt"})
			_, baseErr := r.MergeBase(t.Context(), tr.commit, tr.commit)
			filesErr := r.Files(t.Context(), tr.commit, "", func(git.TreeFile) error { return nil })
			for i, err := range []error{logErr, textErr, changesErr, blameErr, baseErr, filesErr, d.Blobs(t.Context(), []git.Hash{tr.commit}, none)} {
				if code(err) != fail.Denied {
					t.Errorf("call %d: %v, want it denied", i, err)
				}
			}
		})
	}
}
