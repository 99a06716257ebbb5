package workspace_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/sources/workspace"
	"cleat/internal/systems/code"
	"cleat/internal/uri"
)

// A clone whose .git leads outside is searched as the folder that it is, and nothing is
// read of the repository that it leads to.
func TestDotGitLeadsOutside(t *testing.T) {
	w := newTown(t)
	put(t, w.dir, map[string]string{"src/trap/order.txt": "order of the trap\n", "src/trap/.git": "gitdir: " + w.dir + "/private/.git\n", "private/key.txt": "an order, CANARY\n"})
	private := w.dir + "/private"
	runGit(t, private, "init", "-q", "-b", "main")
	runGit(t, private, "add", ".")
	runGit(t, private, "commit", "-qm", "x")
	s := w.all(t)
	if got := matches(search(t, s, code.Query{Pattern: "order", Repo: "trap"})); len(got) != 1 {
		t.Errorf("the work tree: %q", got)
	}
	for _, q := range []code.Query{{Pattern: "CANARY", Repo: "trap", Ref: "main"}, {Pattern: "CANARY", Repo: "trap", Ref: "HEAD.."}} {
		if r, err := s.Search(t.Context(), q); fail.From(err).Code != fail.Denied {
			t.Errorf("%+v: %+v, %v", q, r, err)
		}
	}
	r := search(t, s, code.Query{Pattern: "CANARY", Ref: "main"})
	if r.Matches != 0 || !strings.Contains(r.Skipped, "trap: the .git of ") {
		t.Errorf("%q, skipped %q", matches(r), r.Skipped)
	}
	if _, err := s.Open(t.Context(), uri.New("repo", "trap", "main", "key.txt")); fail.From(err).Code != fail.Denied {
		t.Errorf("read: %v", err)
	}
	if v, _, err := s.Complete(t.Context(), "repo", "ref", "", map[string]string{"repo": "trap"}); fail.From(err).Code != fail.Denied {
		t.Errorf("completion: %q, %v", v, err)
	}
}

// Nothing runs that the configuration of a mirror or a clone names.
func TestConfigNamesPrograms(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the bait is a script")
	}
	w := newTown(t)
	mark, bait := filepath.Join(w.dir, "mark"), filepath.Join(w.dir, "bait")
	if err := os.WriteFile(bait, []byte("#!/bin/sh\ntouch "+mark+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	config := "[core]\n\tfsmonitor = " + bait + "\n\thooksPath = " + w.dir + "\n\tsshCommand = " + bait + "\n\tpager = " + bait +
		"\n\tgitProxy = " + bait + "\n\tattributesFile = " + w.dir + "/attributes\n\talternateRefsCommand = " + bait + "\n\teditor = " + bait +
		"\n[diff]\n\texternal = " + bait + "\n[filter \"f\"]\n\tclean = " + bait + "\n\tsmudge = " + bait + "\n\tprocess = " + bait +
		"\n[diff \"f\"]\n\ttextconv = " + bait + "\n\tcommand = " + bait + "\n[credential]\n\thelper = !" + bait + "\n[grep]\n\tfallbackToNoIndex = true\n" +
		"[remote \"origin\"]\n\tuploadpack = " + bait + "\n\tpromisor = true\n\turl = ext::" + bait + "\n[extensions]\n\tpartialClone = origin\n[alias]\n\tcat-file = !" + bait + "\n\tls-tree = !" + bait + "\n"
	put(t, w.dir, map[string]string{"attributes": "* filter=f diff=f\n", "src/kiosk/.gitattributes": "* filter=f diff=f\n"})
	for _, name := range []string{"mirrors/tools.git/config", "src/kiosk/.git/config"} {
		f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, config); err != nil || f.Close() != nil {
			t.Fatal(err)
		}
	}
	s := w.all(t)
	for _, q := range []code.Query{
		{Pattern: "order"}, {Pattern: "order", Ref: "main"}, {Pattern: "order", Mode: code.Symbol}, {Pattern: "order", Mode: code.Refs, Ref: "main"},
		{Pattern: "order", Repo: "kiosk", Ref: "main.."}, {Pattern: "sale", Mode: code.Files, Repo: "tools"}, {Pattern: "-Opwn", Repo: "tools"},
		{Pattern: "--open-files-in-pager=" + bait, Repo: "tools", Ref: "main"}, {Pattern: "$(" + bait + ")", Repo: "tools", Paths: []string{"$(" + bait + ")"}},
	} {
		if _, err := s.Search(t.Context(), q); err != nil && fail.From(err).Code == fail.Internal {
			t.Errorf("%+v: %v", q, err)
		}
	}
	for _, repo := range []string{"tools", "kiosk"} {
		doc, err := s.Open(t.Context(), uri.New("repo", repo, "main", "sale.go"))
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.Body.Close(); err != nil {
			t.Error(err)
		}
		for _, name := range []string{"ref", "path"} {
			if _, _, err := s.Complete(t.Context(), "repo", name, "", map[string]string{"repo": repo}); err != nil {
				t.Errorf("%s of %s: %v", name, repo, err)
			}
		}
	}
	if _, err := s.Find(t.Context(), "sale", 5); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a program of the configuration was run")
	}
}

// Links in the folders that a glob matches lead nowhere, and what is named oddly is found
// by no other name.
func TestOddRepositories(t *testing.T) {
	w := newTown(t)
	for name, target := range map[string]string{"src/loop": "..", "src/ring": "ring", "src/out": "../outside", "src/shop/up": ".."} {
		if err := os.Symlink(target, filepath.Join(w.dir, name)); err != nil {
			t.Skip(err)
		}
	}
	runGit(t, w.dir+"/outside", "init", "-q")
	s := serve(t, workspace.Config{Repos: []string{w.dir + "/src/*", w.dir + "/src/**", w.dir + "/src/*/*"}}, w.host)
	got, _, err := s.Complete(t.Context(), "repo", "repo", "", nil)
	if err != nil || strings.Join(got, " ") != "kiosk shop" {
		t.Errorf("%q, %v", got, err)
	}
	for _, repo := range []string{"--upload-pack=x", "../outside", w.dir + "/outside", "kiosk/", "kiosk\x00", "kiosk/../shop", strings.Repeat("x", 1<<16), "KIOSK", "out", "loop", "-"} {
		if _, err := s.Search(t.Context(), code.Query{Pattern: "order", Repo: repo}); fail.From(err).Code != fail.NotFound {
			t.Errorf("repo %.40q: %v", repo, err)
		}
	}
	for _, ref := range []string{"--all", "-p", "main:sale.go", "@{1}", ":/x", "^{/x}", "main\nHEAD", "main..--all", "a..b..c", strings.Repeat("x", 1<<16), "main^{tree}", "..\x00"} {
		if _, err := s.Search(t.Context(), code.Query{Pattern: "order", Repo: "kiosk", Ref: ref}); fail.From(err).Code != fail.Invalid {
			t.Errorf("ref %.40q: %v", ref, err)
		}
	}
}
