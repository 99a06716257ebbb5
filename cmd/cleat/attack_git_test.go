//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// everyTool drives everything that there is once, and returns all that was said.
func everyTool(t *testing.T, p *peer) string {
	t.Helper()
	said := everyWay(t, p, "a.txt")
	for _, m := range []message{
		p.ask("tools/call", `{"name":"code_search","arguments":{"pattern":"inside","context":2}}`),
		p.ask("tools/call", `{"name":"find","arguments":{"query":"a"}}`),
		p.ask("tools/call", `{"name":"status","arguments":{}}`),
		p.ask("prompts/get", `{"name":"onboard"}`),
		p.ask("resources/list", `{}`),
		p.ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"repo://{repo}/{ref}/{+path}"},"argument":{"name":"ref","value":""}}`),
		p.ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"repo://{repo}/{ref}/{+path}"},"argument":{"name":"path","value":""},"context":{"arguments":{"ref":"main"}}}`),
		p.ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"repo://{repo}/{ref}/{+path}"},"argument":{"name":"path","value":"sub/"},"context":{"arguments":{"ref":"HEAD"}}}`),
	} {
		text, _ := told(t, m)
		said += text
	}
	return said
}

// armed is a world with a program that leaves a mark when it runs.
func armed(t *testing.T) (w *world, program, mark string) {
	t.Helper()
	w = enclosed(t)
	w.write(t, "sub/b.bin", "changed\n")
	program, mark = filepath.Join(filepath.Dir(w.dir), "pwn"), filepath.Join(filepath.Dir(w.dir), "pwned")
	writeFile(t, program, []byte("#!/bin/sh\necho \"$0 $*\" >>"+mark+"\ncat 2>/dev/null\nexit 0\n"))
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	return w, program, mark
}

// TestHostileRepository: nothing that a repository's configuration, attributes or hooks
// name is run by anything that cleat does.
func TestHostileRepository(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"programs": "[core]\n fsmonitor = $P\n pager = $P\n editor = $P\n sshCommand = $P\n askPass = $P\n gitProxy = $P\n hooksPath = $H\n alternateRefsCommand = $P\n" +
			"[sequence]\n editor = $P\n[diff]\n external = $P\n[interactive]\n diffFilter = $P\n[credential]\n helper = !$P\n[gpg]\n program = $P\n[gpg \"ssh\"]\n program = $P\n defaultKeyCommand = $P\n" +
			"[log]\n showSignature = true\n[uploadpack]\n packObjectsHook = $P\n[pager]\n log = $P\n show = $P\n cat-file = $P\n for-each-ref = $P\n[web]\n browser = x\n[browser \"x\"]\n cmd = $P\n",
		"filters": "[filter \"f\"]\n clean = $P\n smudge = $P\n process = $P\n required = true\n[diff \"f\"]\n textconv = $P\n command = $P\n[merge \"f\"]\n driver = $P %A\n",
		"aliases": "[alias]\n log = !$P\n cat-file = !$P\n ls-tree = !$P\n for-each-ref = !$P\n rev-parse = !$P\n show = !$P\n status = !$P\n grep = !$P\n",
		"include": "[include]\n path = $I\n[includeIf \"gitdir:/\"]\n path = $I\n",
		"promisor": "[extensions]\n partialClone = origin\n[remote \"origin\"]\n url = ext::$P\n promisor = true\n partialclonefilter = blob:none\n uploadpack = $P\n receivepack = $P\n vcs = pwn\n" +
			"[protocol]\n allow = always\n[protocol \"ext\"]\n allow = always\n",
		"worktree":     "[core]\n worktree = $O\n",
		"worktree .":   "[extensions]\n worktreeConfig = true\n[core]\n bare = false\n",
		"trailers":     "[trailer \"x\"]\n command = $P\n cmd = $P\n[notes]\n displayRef = *\n[mailmap]\n file = $O/f.txt\n[core]\n attributesFile = $O/f.txt\n excludesFile = $O/f.txt\n",
		"fsck":         "[core]\n repositoryformatversion = 1\n[extensions]\n objectFormat = sha1\n refStorage = files\n[maintenance]\n auto = true\n[gc]\n auto = 1\n recentObjectsHook = $P\n",
		"submodule":    "[submodule]\n recurse = true\n[submodule \"s\"]\n url = ext::$P\n update = !$P\n active = true\n",
		"bad values":   "[core]\n compression = 99\n bigFileThreshold = -1\n[color]\n ui = always\n[i18n]\n logOutputEncoding = UTF-16\n[log]\n date = format:%Y\n decorate = full\n follow = true\n[format]\n pretty = $P\n",
		"not a config": "[[[\x00",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, program, mark := armed(t)
			hooks := filepath.Join(filepath.Dir(w.dir), "hooks")
			for _, h := range []string{"post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc", "fsmonitor-watchman"} {
				for _, dir := range []string{hooks, filepath.Join(w.dir, ".git", "hooks")} {
					writeFile(t, filepath.Join(dir, h), []byte("#!/bin/sh\necho hook >>"+mark+"\n"))
					if err := os.Chmod(filepath.Join(dir, h), 0o755); err != nil {
						t.Fatal(err)
					}
				}
			}
			include := filepath.Join(filepath.Dir(w.dir), "included")
			fill := strings.NewReplacer("$P", program, "$H", hooks, "$I", include, "$O", filepath.Join(filepath.Dir(w.dir), "other"))
			writeFile(t, include, []byte(fill.Replace("[core]\n fsmonitor = $P\n[diff]\n external = $P\n[alias]\n log = !$P\n")))
			for _, attributes := range []string{".gitattributes", ".git/info/attributes"} {
				w.write(t, attributes, "* filter=f diff=f merge=f\n*.bin -text\n")
			}
			file := filepath.Join(w.dir, ".git", "config")
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, file, append(data, fill.Replace(config)...))
			writeFile(t, file+".worktree", []byte(fill.Replace("[core]\n fsmonitor = $P\n worktree = $O\n")))
			w.write(t, "a.txt", "inside and changed\n")
			if name == "promisor" { // an object is missing, and could be fetched
				writeFile(t, filepath.Join(w.dir, ".git", "refs", "heads", "gone"), []byte("1234567890123456789012345678901234567890\n"))
			}
			p := w.peer(t)
			said := everyTool(t, p)
			p.tool("read", `{"uri":"repo://./gone/a.txt"}`)
			w.run(t, "read", "repo://./main/a.txt")
			w.run(t, "prompt", "onboard")
			w.run(t, "doctor")
			if p.end() != 0 {
				t.Error("a bad end")
			}
			if ran, err := os.ReadFile(mark); err == nil {
				t.Errorf("a program was run:\n%s", ran)
			}
			if strings.Contains(said, canary) {
				t.Errorf("another folder was read:\n%.3000s", said)
			}
		})
	}
}

// TestEmbeddedBare: a bare repository that lies in the tree is a folder like others.
func TestEmbeddedBare(t *testing.T) {
	t.Parallel()
	w, program, mark := armed(t)
	w.git(t, "init", "-q", "--bare", "bare")
	writeFile(t, filepath.Join(w.dir, "bare", "config"), []byte("[core]\n bare = true\n fsmonitor = "+program+"\n[alias]\n log = !"+program+"\n"))
	p := w.peer(t)
	everyTool(t, p)
	everyWay(t, p, "bare")
	p.tool("code_search", `{"pattern":"x","paths":["bare"]}`)
	sub := *w
	sub.dir = filepath.Join(w.dir, "bare")
	q := sub.peer(t)
	everyTool(t, q)
	if ran, err := os.ReadFile(mark); err == nil {
		t.Errorf("a program was run:\n%s", ran)
	}
}

// TestGitEnvironment: nothing that the environment says to git counts.
func TestGitEnvironment(t *testing.T) {
	t.Parallel()
	w, program, mark := armed(t)
	other := filepath.Join(filepath.Dir(w.dir), "other")
	trace := filepath.Join(filepath.Dir(w.dir), "trace")
	p := w.peer(t, "GIT_EXTERNAL_DIFF="+program, "GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=core.fsmonitor", "GIT_CONFIG_VALUE_0="+program,
		"GIT_CONFIG_KEY_1=alias.log", "GIT_CONFIG_VALUE_1=!"+program, "GIT_CONFIG_PARAMETERS='core.fsmonitor="+program+"'",
		"GIT_TRACE="+trace, "GIT_TRACE2="+trace, "GIT_TRACE2_EVENT="+trace, "GIT_TRACE_SETUP="+trace, "GIT_DIR="+other+"/.git", "GIT_WORK_TREE="+other,
		"GIT_OBJECT_DIRECTORY="+other+"/.git/objects", "GIT_ALTERNATE_OBJECT_DIRECTORIES="+other+"/.git/objects", "GIT_INDEX_FILE="+other+"/.git/index",
		"GIT_COMMON_DIR="+other+"/.git", "GIT_EXEC_PATH="+filepath.Dir(program), "GIT_PAGER="+program, "PAGER="+program, "GIT_EDITOR="+program, "GIT_SSH_COMMAND="+program,
		"GIT_ASKPASS="+program, "SSH_ASKPASS="+program, "GIT_CONFIG_GLOBAL="+other+"/f.txt", "GIT_CONFIG_SYSTEM="+other+"/f.txt", "GIT_PROXY_COMMAND="+program,
		"GIT_TEMPLATE_DIR="+other, "GIT_NAMESPACE=x", "GIT_CEILING_DIRECTORIES="+w.dir, "GIT_REF_PARANOIA=1", "LD_PRELOAD=", "GIT_ATTR_SOURCE=main", "GIT_CLONE_PROTECTION_ACTIVE=false",
		"BASH_ENV="+program, "ENV="+program, "MCPGODEBUG=x=1")
	said := everyTool(t, p)
	if text, failed := p.tool("read", `{"uri":"repo://./main/a.txt"}`); failed || !strings.Contains(text, "inside") {
		t.Errorf("with a hostile environment: %s", text)
	}
	if ran, err := os.ReadFile(mark); err == nil {
		t.Errorf("a program was run:\n%s", ran)
	}
	if _, err := os.Stat(trace); err == nil {
		t.Error("a trace was written")
	}
	if strings.Contains(said, canary) {
		t.Errorf("another repository was read:\n%.3000s", said)
	}
}

// TestRevisions: a ref that looks like an option, or leads elsewhere, is no revision, and
// makes no file.
func TestRevisions(t *testing.T) {
	t.Parallel()
	w, program, mark := armed(t)
	out := filepath.Join(filepath.Dir(w.dir), "out")
	p := w.peer(t)
	for _, ref := range []string{"--output=" + out, "-O" + out, "--upload-pack=" + program, "-c", "--exec-path=" + filepath.Dir(program), "--open-files-in-pager=" + program, "-u", "--help",
		"main --output=" + out, "main\n--output=" + out, "$(touch " + out + ")", "`touch " + out + "`", "; touch " + out, "| sh", "main; touch " + out, "ext::" + program, "@{upstream}", "@{-1}",
		"main^{/of-the}", ":/of-the", "main:a.txt", "main..HEAD", "^main", "main@{1 day ago}", "*", "refs/heads/*", "..", "../../other", "HEAD^0~0^{commit}", strings.Repeat("a", 5000), strings.Repeat("HEAD^", 1000),
		"stash@{0}", "refs/../../other/.git/HEAD", "worktrees/x/HEAD", "\x01", "main\x00x"} {
		escaped := strings.NewReplacer("%", "%25", "/", "%2F", "#", "%23", "?", "%3F", "\n", "%0A", "\x01", "%01", "\x00", "%00").Replace(ref)
		text, failed := p.tool("read", `{"uri":`+quoted(t, "repo://./"+escaped+"/a.txt")+`}`)
		if strings.HasPrefix(text, "internal") || strings.Contains(text, canary) {
			t.Errorf("ref %.80q: %.500s", ref, text)
		}
		if strings.HasPrefix(ref, "-") && !failed {
			t.Errorf("ref %q is taken for a revision: %s", ref, text)
		}
		for _, name := range []string{"ref", "path"} {
			m := p.ask("completion/complete", fmt.Sprintf(`{"ref":{"type":"ref/resource","uri":"repo://{repo}/{ref}/{+path}"},"argument":{"name":%q,"value":%s},"context":{"arguments":{"ref":%[2]s,"repo":"."}}}`,
				name, quoted(t, strings.ReplaceAll(ref, "\x00", ""))))
			if text, _ := told(t, m); strings.HasPrefix(text, "internal") || strings.Contains(text, canary) {
				t.Errorf("completion of %s from %.80q: %.300s", name, ref, text)
			}
		}
	}
	for _, pattern := range []string{"-O" + program, "--open-files-in-pager=" + program, "-e", "--", "$(touch " + out + ")", "`touch " + out + "`", "; touch " + out} {
		p.tool("code_search", `{"pattern":`+quoted(t, pattern)+`}`)
		p.tool("code_search", `{"mode":"files","pattern":`+quoted(t, pattern)+`,"paths":[`+quoted(t, pattern)+`]}`)
		p.tool("find", `{"query":`+quoted(t, pattern)+`}`)
		p.tool("read", `{"uri":"a.txt","grep":`+quoted(t, pattern)+`}`)
	}
	for _, name := range []string{mark, out} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

// TestRemoteCredentials: a token in the address of a remote is not said.
func TestRemoteCredentials(t *testing.T) {
	t.Parallel()
	w := enclosed(t)
	token := "tok-" + letters(24, 90)
	w.git(t, "remote", "add", "origin", "https://ann:"+token+"@example.com/r.git")
	w.git(t, "config", "http.extraHeader", "Authorization: Bearer "+token)
	w.git(t, "config", "url.https://x:"+token+"@example.com/.insteadOf", "gh:")
	p := w.peer(t)
	everyTool(t, p)
	everyWay(t, p, ".git/config")
	p.end()
	out, _ := w.run(t, "doctor")
	if said := w.everything(t, p) + out; strings.Contains(said, token) {
		i := strings.Index(said, token)
		t.Errorf("the token was said: …%s…", said[max(0, i-200):i+len(token)])
	}
}
