package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/registry"
)

// A place is a repository, a home folder and a PATH of a test's own.
type place struct {
	dir, home, bin string
	p              *program
	stdout, stderr bytes.Buffer
}

// newPlace makes an empty git repository the current folder. PATH has git and nothing else.
func newPlace(t *testing.T) *place {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &place{dir: filepath.Join(base, "shop"), home: filepath.Join(base, "home"), bin: filepath.Join(base, "bin")}
	for _, dir := range []string{l.dir, l.home, l.bin} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not on PATH")
	}
	if err := os.Symlink(git, filepath.Join(l.bin, "git")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	t.Chdir(l.dir)
	l.p = &program{registry: registry.Default, managed: filepath.Join(l.home, "managed.toml"), managedUID: os.Getuid(),
		stdin: strings.NewReader(""), stdout: &l.stdout, stderr: &l.stderr}
	l.p.environ = []string{"PATH=" + l.bin, "HOME=" + l.home, "USERPROFILE=" + l.home, "AppData=" + l.home, "LOCALAPPDATA=" + l.home,
		"XDG_CONFIG_HOME=" + filepath.Join(l.home, "config"), "XDG_STATE_HOME=" + filepath.Join(l.home, "state"),
		asProgram + "=1", managedEnv + "=" + l.p.managed}
	l.git(t, "init", "-q", "-b", "main")
	return l
}

func (l *place) git(t *testing.T, args ...string) {
	t.Helper()
	w := world{dir: l.dir, env: l.p.environ}
	w.git(t, args...)
}

// run runs cleat and returns its exit code and what it printed.
func (l *place) run(args ...string) (code int, stdout, stderr string) {
	l.stdout.Reset()
	l.stderr.Reset()
	code = l.p.run(args)
	return code, l.stdout.String(), l.stderr.String()
}

// script puts a program on PATH.
func (l *place) script(t *testing.T, name, body string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	path := filepath.Join(l.bin, name)
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// claude is a program that records how it was called, says what is given, and ends.
func (l *place) claude(t *testing.T, says string, code string) {
	t.Helper()
	l.script(t, "claude", `if read line; then stdin=yes; else stdin=none; fi
for a in "$PWD" "$stdin" "$CLAUDE_CONFIG_DIR" "$HOME" "$@"; do printf '%s\n' "$a"; done >>"$HOME/called"
printf '%s\n' '`+says+`'
exit `+code)
}

// called returns how claude was called; "" if it was not.
func (l *place) called(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(l.home, "called"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

func (l *place) settings() string { return filepath.Join(l.dir, settingsDir, settingsFile) }

func fileText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// treeOf lists the files under dir with their content.
func treeOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() == ".git" {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		out[p] = d.Type().String()
		if d.Type().IsRegular() {
			out[p] = fileText(t, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantAll(t *testing.T, what, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%s lacks %q:\n%s", what, w, got)
		}
	}
}

const allowedTools = `{
  "permissions": {
    "allow": [
      "mcp__cleat__ci_failures",
      "mcp__cleat__ci_logs",
      "mcp__cleat__ci_runs",
      "mcp__cleat__code_history",
      "mcp__cleat__code_search",
      "mcp__cleat__find",
      "mcp__cleat__read",
      "mcp__cleat__status",
      "mcp__cleat__ticket_read",
      "mcp__cleat__ticket_search"
    ]
  }
}
`

func TestInitTwice(t *testing.T) {
	l := newPlace(t)
	l.claude(t, "Added stdio MCP server", "0")
	l.p.environ = append(l.p.environ, "CLAUDE_CONFIG_DIR="+l.home+"/claude")
	code, out, stderr := l.run("init", "--yes")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d\n%s\n%s", code, out, stderr)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "stdout", out, "claude mcp add --transport stdio cleat -- "+exe+" serve\n", "  claude: Added stdio MCP server\n",
		"Claude Code starts cleat from its next session on", "  mcp__cleat__code_search\n", "No configuration is needed")
	want := strings.Join([]string{l.dir, "none", l.home + "/claude", l.home, "mcp", "add", "--transport", "stdio", "cleat", "--", exe, "serve", ""}, "\n")
	if diff := cmp.Diff(want, l.called(t)); diff != "" {
		t.Errorf("claude was called otherwise (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(allowedTools, fileText(t, l.settings())); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}

	before := treeOf(t, l.dir)
	l.claude(t, "MCP server cleat already exists in local config", "1")
	code, out, stderr = l.run("init", "--yes")
	if code != 0 || stderr != "" {
		t.Fatalf("second time: exit %d\n%s\n%s", code, out, stderr)
	}
	wantAll(t, "second stdout", out, "That is fine", "without asking already")
	if strings.Contains(out, "Added to") {
		t.Errorf("something was added again:\n%s", out)
	}
	if diff := cmp.Diff(before, treeOf(t, l.dir)); diff != "" {
		t.Errorf("the second run changed files (-before +after):\n%s", diff)
	}
}

func TestInitAsks(t *testing.T) {
	l := newPlace(t)
	l.claude(t, "Added", "0")
	code, out, _ := l.run("init") // stdin is no terminal
	if code != 0 || l.called(t) != "" {
		t.Fatalf("exit %d, claude was called with:\n%s", code, l.called(t))
	}
	wantAll(t, "stdout", out, "It was not run. `cleat init --yes` runs it.")
}

func TestInitWithoutClaude(t *testing.T) {
	l := newPlace(t)
	code, out, stderr := l.run("init", "--yes")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	wantAll(t, "stdout", out, "PATH has no program claude", "npm install -g @anthropic-ai/claude-code", "run the line above")
	if got := fileText(t, l.settings()); got != allowedTools {
		t.Errorf("settings are %s", got)
	}
}

func TestInitAddFails(t *testing.T) {
	for _, c := range []struct{ name, says, code, want string }{
		{"exit code", "error: no such thing\x1b[2J", "3", "cleat: claude mcp add ended with exit code 3\n      mend: run the line above yourself\n"},
		{"signal", "", "$(kill -9 $$)", "cleat: claude mcp add was ended by "},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newPlace(t)
			l.claude(t, c.says, c.code)
			code, out, stderr := l.run("init", "--yes")
			if code != 1 {
				t.Errorf("exit %d", code)
			}
			wantAll(t, "stderr", stderr, c.want)
			if strings.ContainsRune(out, '\x1b') {
				t.Errorf("what claude says is shown raw: %q", out)
			}
			if got := fileText(t, l.settings()); got != allowedTools {
				t.Errorf("the other steps were not taken: %s", got)
			}
		})
	}
	t.Run("no program", func(t *testing.T) {
		l := newPlace(t)
		l.claude(t, "", "0")
		if err := os.WriteFile(filepath.Join(l.bin, "claude"), []byte("neither script nor binary"), 0o755); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := l.run("init", "--yes")
		if code != 1 {
			t.Errorf("exit %d", code)
		}
		wantAll(t, "stderr", stderr, "claude mcp add was not done: the program claude cannot be started", "mend: ")
	})
}

func TestInitAlreadyRegistered(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	entry := func(command string) string {
		raw, err := json.Marshal(map[string]any{"type": "stdio", "command": command, "args": []string{"serve"}, "env": map[string]string{"T": "s3cret-token"}})
		if err != nil {
			t.Fatal(err)
		}
		return `{"mcpServers":{"cleat":` + string(raw) + `}}`
	}
	for _, c := range []struct {
		name, file, content string
		code                int
		want                string
	}{
		{"local scope", "home/.claude.json", `{"projects":{"$DIR":` + entry(exe) + `}}`, 0, "Claude Code has it already: local scope"},
		{"user scope", "home/.claude.json", entry(exe), 0, "Claude Code has it already: user scope"},
		{"project scope", "shop/.mcp.json", entry(exe), 0, "Claude Code has it already: project scope"},
		{"another program", "home/.claude.json", entry("/bin/sh"), 0, "run `claude mcp remove cleat -s user`"},
		{"a program that is gone", "home/.claude.json", entry("/nowhere/cleat"), 1, "cannot start it: there is no /nowhere/cleat"},
		{"not on PATH", "home/.claude.json", entry("cleat"), 1, "the program cleat is not on PATH"},
		{"another name", "home/.claude.json", strings.Replace(entry("/nowhere/cleat"), `{"cleat"`, `{"boat"`, 1), 1, "run `claude mcp remove boat -s user`"},
		{"this program by another name", "home/.claude.json", strings.Replace(entry("cleat"), `{"cleat"`, `{"boat"`, 1), 0, "It is called boat there"},
		{"broken file", "home/.claude.json", "{\n\"a\": oops}", 1, ".claude.json is not JSON (line 2)"},
		{"another project", "home/.claude.json", `{"projects":{"/other":` + entry(exe) + `}}`, 0, "It was not run"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newPlace(t)
			l.claude(t, "Added", "0")
			if c.name == "this program by another name" {
				if err := os.Symlink(exe, filepath.Join(l.bin, "cleat")); err != nil {
					t.Fatal(err)
				}
			}
			writeFile(t, filepath.Join(filepath.Dir(l.dir), c.file), []byte(strings.ReplaceAll(c.content, "$DIR", l.dir)))
			code, out, stderr := l.run("init")
			if code != c.code {
				t.Errorf("exit %d, want %d\n%s\n%s", code, c.code, out, stderr)
			}
			wantAll(t, "output", out+stderr, c.want)
			if strings.Contains(out+stderr, "s3cret") {
				t.Errorf("a value of the entry is shown:\n%s", out+stderr)
			}
			if got := l.called(t); got != "" {
				t.Errorf("claude was called with:\n%s", got)
			}
		})
	}
}

// The line that is printed calls cleat by name only where PATH leads to this very file.
func TestCallableAs(t *testing.T) {
	l := newPlace(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got := l.p.callableAs(exe); got != exe {
		t.Errorf("without cleat on PATH: %s", got)
	}
	l.script(t, "cleat", "exit 0")
	if got := l.p.callableAs(exe); got != exe {
		t.Errorf("with another cleat on PATH: %s", got)
	}
	if err := os.Remove(filepath.Join(l.bin, "cleat")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(exe, filepath.Join(l.bin, "cleat")); err != nil {
		t.Fatal(err)
	}
	if got := l.p.callableAs(exe); got != "cleat" {
		t.Errorf("with this cleat on PATH: %s", got)
	}
	_, out, _ := l.run("init")
	wantAll(t, "stdout", out, "  claude mcp add --transport stdio cleat -- cleat serve\n")
}

func TestInitDryRun(t *testing.T) {
	l := newPlace(t)
	l.claude(t, "Added", "0")
	before := treeOf(t, l.dir)
	code, out, stderr := l.run("init", "--dry-run", "--yes", "--config")
	if code != 0 || stderr != "" || l.called(t) != "" {
		t.Fatalf("exit %d, claude called %q\n%s", code, l.called(t), stderr)
	}
	wantAll(t, "stdout", out, "Dry run: it is not run.", "mcp__cleat__read", "#[policy]")
	if diff := cmp.Diff(before, treeOf(t, l.dir)); diff != "" {
		t.Errorf("files were changed (-before +after):\n%s", diff)
	}
	if _, err := os.Lstat(filepath.Join(l.home, "config")); err == nil {
		t.Error("a configuration was written")
	}
}

func TestInitPrintAllow(t *testing.T) {
	l := newPlace(t)
	writeFile(t, filepath.Join(l.home, "config", "cleat", "cleat.toml"), []byte("[policy]\ndeny = [\"code_search\"]\n"))
	before := treeOf(t, l.dir)
	code, out, _ := l.run("init", "--print-allow")
	want := "[\n  \"mcp__cleat__ci_failures\",\n  \"mcp__cleat__ci_logs\",\n  \"mcp__cleat__ci_runs\",\n  \"mcp__cleat__code_history\",\n  \"mcp__cleat__find\",\n  \"mcp__cleat__read\",\n  \"mcp__cleat__status\",\n  \"mcp__cleat__ticket_read\",\n  \"mcp__cleat__ticket_search\"\n]\n"
	if code != 0 || out != want {
		t.Errorf("exit %d, got %q, want %q", code, out, want)
	}
	if diff := cmp.Diff(before, treeOf(t, l.dir)); diff != "" {
		t.Errorf("files were changed (-before +after):\n%s", diff)
	}
}

// A broken configuration keeps the settings as they are, and nothing else.
func TestInitBrokenConfiguration(t *testing.T) {
	l := newPlace(t)
	l.claude(t, "Added", "0")
	writeFile(t, filepath.Join(l.dir, "cleat.toml"), []byte("[polcy]\n"))
	code, out, stderr := l.run("init", "--yes")
	if code != 1 || l.called(t) == "" {
		t.Errorf("exit %d, claude called %q\n%s", code, l.called(t), out)
	}
	wantAll(t, "stderr", stderr, "configuration is broken", "mend: see `cleat doctor`")
	if _, err := os.Lstat(l.settings()); err == nil {
		t.Error("settings were written")
	}
	if code, _, stderr := l.run("init", "--print-allow"); code != 1 || !strings.Contains(stderr, "cleat.toml:1:") {
		t.Errorf("--print-allow: exit %d, %s", code, stderr)
	}
}

func TestInitOutsideOfGit(t *testing.T) {
	l := newPlace(t)
	plain := filepath.Join(l.home, "plain")
	if err := os.Mkdir(plain, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(plain)
	code, out, stderr := l.run("init")
	if code != 0 || stderr != "" {
		t.Errorf("exit %d\n%s\n%s", code, out, stderr)
	}
	if got := fileText(t, filepath.Join(plain, settingsDir, settingsFile)); got != allowedTools {
		t.Errorf("settings are %s", got)
	}
}

func TestQuoteWords(t *testing.T) {
	for _, c := range []struct {
		words   []string
		windows bool
		want    string
	}{
		{[]string{"claude", "/usr/bin/cleat", "a-b_c.d=e,f:g@h%i+j"}, false, "claude /usr/bin/cleat a-b_c.d=e,f:g@h%i+j"},
		{[]string{"/a b/cleat", "", "it's", "$(x)", "`x`", "~", "a\\b", "ä", "a\nb", "*"}, false,
			`'/a b/cleat' '' 'it'\''s' '$(x)' '` + "`x`" + `' '~' 'a\b' 'ä' 'a` + "\n" + `b' '*'`},
		{[]string{`C:\go\bin\cleat.exe`, `C:\Program Files\cleat.exe`, "100%", ""}, true, `C:\go\bin\cleat.exe "C:\Program Files\cleat.exe" "100%" ""`},
	} {
		if got := quoteWords(c.words, c.windows); got != c.want {
			t.Errorf("quoteWords(%q) is %s, want %s", c.words, got, c.want)
		}
		if c.windows || runtime.GOOS == "windows" {
			continue
		}
		out, err := exec.Command("/bin/sh", "-c", `printf '%s\0' `+quoteWords(c.words, false)).Output()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Join(c.words, "\x00")+"\x00", string(out)); diff != "" {
			t.Errorf("a shell reads something else (-want +got):\n%s", diff)
		}
	}
}
