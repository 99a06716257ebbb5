package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"cleat/internal/gate/audit"
	"cleat/internal/gate/redact"
)

// checked is the form of a line of doctor's.
var checked = regexp.MustCompile(`^(ok  |warn|FAIL)  \S.{13,} \S`)

// doctor runs cleat doctor and checks the form of what it prints: every line is a check,
// and what is not ok is followed by its mend.
func (l *place) doctor(t *testing.T) (code int, stdout string) {
	t.Helper()
	code, stdout, stderr := l.run("doctor")
	if stderr != "" {
		t.Errorf("stderr:\n%s", stderr)
	}
	checkForm(t, code, stdout)
	return code, stdout
}

func checkForm(t *testing.T, code int, stdout string) {
	t.Helper()
	body, sum, ok := strings.Cut(stdout, "\n\n")
	if !ok || strings.Count(sum, "\n") != 1 {
		t.Errorf("no last line:\n%s", stdout)
	}
	lines := strings.Split(body, "\n")
	failures := 0
	for i, line := range lines {
		if mend, ok := strings.CutPrefix(line, "      mend: "); ok {
			if i == 0 || strings.HasPrefix(lines[i-1], "ok") || strings.TrimSpace(mend) == "" {
				t.Errorf("line %d mends nothing, or with nothing:\n%s", i+1, stdout)
			}
			continue
		}
		if !checked.MatchString(line) {
			t.Errorf("line %d is of no known form: %q", i+1, line)
		}
		if strings.HasPrefix(line, "FAIL") {
			failures++
		}
		if !strings.HasPrefix(line, "ok") && (i+1 == len(lines) || !strings.HasPrefix(lines[i+1], "      mend: ")) {
			t.Errorf("line %d is not followed by its mend:\n%s", i+1, stdout)
		}
	}
	if (code != 0) != (failures > 0) {
		t.Errorf("exit %d with %d failures:\n%s", code, failures, stdout)
	}
}

// register writes a configuration of Claude Code that starts the command as cleat.
func (l *place) register(t *testing.T, command string, args ...string) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"projects": map[string]any{l.dir: map[string]any{"mcpServers": map[string]any{
		"cleat": map[string]any{"command": command, "args": args, "env": map[string]string{"TOKEN": "s3cret-of-claude"}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(l.home, ".claude.json"), raw)
}

func executable(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func TestDoctorInOrder(t *testing.T) {
	l := newPlace(t)
	l.script(t, "claude", `echo '2.1.330 (Claude Code)'`)
	l.register(t, executable(t), "serve")
	writeFile(t, filepath.Join(l.dir, "a.txt"), []byte("a\n"))
	l.git(t, "add", "-A")
	l.git(t, "commit", "-q", "-m", "Begin")
	code, out := l.doctor(t)
	if code != 0 || strings.Contains(out, "warn") {
		t.Errorf("exit %d\n%s", code, out)
	}
	wantAll(t, "stdout", out, "ok    version        cleat ", "ok    root           "+l.dir+", a git repository, branch main\n",
		"ok    git trusts it  ", "ok    Claude Code    version 2.1.330\n", "ok    registered     Claude Code starts "+executable(t)+" (local scope, in "+l.home+"/.claude.json)\n",
		"ok    managed file   none, which is fine", "ok    source         workspace: code, documents\n", "ok    state folder   "+l.home+"/state/cleat",
		"ok    audit log      empty so far\n", "ok    tools          12, whose list is ", "ok    start          cleat serve answers in ", " and lists 12 tools\n",
		"\nEverything is in order.\n")
}

func TestDoctorFinds(t *testing.T) {
	user := func(l *place) string { return filepath.Join(l.home, "config", "cleat", "cleat.toml") }
	state := func(l *place) string { return filepath.Join(l.home, "state", "cleat") }
	file := func(name func(*place) string, content string) func(*testing.T, *place) {
		return func(t *testing.T, l *place) { writeFile(t, name(l), []byte(content)) }
	}
	project := func(l *place) string { return filepath.Join(l.dir, "cleat.toml") }
	for _, c := range []struct {
		name string
		make func(*testing.T, *place)
		want []string
	}{
		{"no repository", func(t *testing.T, l *place) {
			if err := os.RemoveAll(filepath.Join(l.dir, ".git")); err != nil {
				t.Fatal(err)
			}
		}, []string{"warn  root           $DIR: not in a git repository; files are searched and read, but branches and history are not\n      mend: start cleat, and Claude Code, in a git repository",
			"ok    git            version"}},
		{"a .git that is none", func(t *testing.T, l *place) {
			if err := os.Rename(filepath.Join(l.dir, ".git", "HEAD"), filepath.Join(l.dir, ".git", "HEAD.old")); err != nil {
				t.Fatal(err)
			}
		}, []string{"warn  root           $DIR: not in a git repository; files are searched and read, but"}},
		{"no git", func(t *testing.T, l *place) {
			if err := os.Remove(filepath.Join(l.bin, "git")); err != nil {
				t.Fatal(err)
			}
		}, []string{"ok    root           $DIR, a git repository, branch main", "warn  git            the program git is not on PATH; files are searched", "\n      mend: install git 2.30 or newer"}},
		{"old git", func(t *testing.T, l *place) { l.script(t, "git", "echo git version 2.20.1") },
			[]string{"warn  git            version 2.20.1 is older than 2.30"}},
		{"no Claude Code", func(*testing.T, *place) {},
			[]string{"warn  Claude Code    PATH has no program claude\n      mend: npm install -g @anthropic-ai/claude-code",
				"warn  registered     Claude Code is not told to start cleat in this folder\n      mend: run `cleat init`", "\nIt works, with 2 warnings.\n"}},
		{"old Claude Code", func(t *testing.T, l *place) { l.script(t, "claude", "echo '1.0.88 (Claude Code)'") },
			[]string{"warn  Claude Code    version 1.0.88 is older than 2.0"}},
		{"another claude", func(t *testing.T, l *place) { l.script(t, "claude", "echo usage: claude FILE >&2; exit 64") },
			[]string{"warn  Claude Code    $BIN/claude does not say its version: exit code 64, \"usage: claude FILE\""}},
		{"registered with a program that is gone", func(t *testing.T, l *place) { l.register(t, "/nowhere/cleat", "serve") },
			[]string{"warn  registered     Claude Code cannot start cleat (local scope, in $HOME/.claude.json): there is no /nowhere/cleat\n      mend: run `claude mcp remove cleat -s local`, then `cleat init`"}},
		{"registered with a folder", func(t *testing.T, l *place) { l.register(t, l.home) }, []string{"): $HOME is no program"}},
		{"registered with another verb", func(t *testing.T, l *place) {
			l.script(t, "cleat", "exit 0")
			l.register(t, "cleat", "server")
		}, []string{"warn  registered     Claude Code starts cleat (local scope, in $HOME/.claude.json) without the verb serve"}},
		{"registered with another cleat", func(t *testing.T, l *place) {
			l.script(t, "cleat", "exit 0")
			l.register(t, "cleat", "serve")
		}, []string{"ok    registered     Claude Code starts $BIN/cleat, which is another program than this one"}},
		{"broken .claude.json", file(func(l *place) string { return filepath.Join(l.home, ".claude.json") }, "{"),
			[]string{"warn  registered     $HOME/.claude.json is not JSON (line 1)"}},
		{"odd .mcp.json", file(func(l *place) string { return filepath.Join(l.dir, ".mcp.json") }, `{"mcpServers": ["cleat"]}`),
			[]string{"warn  registered     $DIR/.mcp.json: mcpServers is of the wrong type"}},
		{"unknown keys in the user file", file(user, "[policy]\nread_onyl = true\n\n[limits]\ncal = \"3s\"\n"),
			[]string{"FAIL  user file      $HOME/config/cleat/cleat.toml:2:1: policy: unknown key \"read_onyl\", want one of allow, deny, read_only\n      mend: did you mean read_only?", "FAIL  user file      $HOME/config/cleat/cleat.toml:5:1: limits: unknown key \"cal\", ",
				"ok    project file   none", "warn  sources        none is open while the configuration is broken",
				"with status alone: the configuration is broken\n", "\n2 failures, 3 warnings.\n"}},
		{"an unknown kind in the project file", file(project, "[sources.a]\nkind = \"postgers\"\n"),
			[]string{"FAIL  project file   cleat.toml:2:1: sources.a: unknown kind", "\n      mend: did you mean postgres?\n", "ok    user file      none", "ok    trust          cleat.toml is not trusted; mend it first"}},
		{"an empty managed file", file(func(l *place) string { return l.p.managed }, ""),
			[]string{"FAIL  managed file   $HOME/managed.toml: the managed file says nothing\n      mend: remove it, or write into it what should hold"}},
		{"a folder as the user file", func(t *testing.T, l *place) {
			if err := os.MkdirAll(user(l), 0o755); err != nil {
				t.Fatal(err)
			}
		}, []string{"FAIL  user file      $HOME/config/cleat/cleat.toml: it is a folder, not a file"}},
		{"a rule that names nothing", file(user, "[policy]\ndeny = [\"ticket_raed\"]\n"),
			[]string{"FAIL  user file      $HOME/config/cleat/cleat.toml:2: policy: rule ticket_raed"}},
		{"a source that cannot be opened", file(user, "[sources.docs]\nkind = \"workspace\"\nroot = \"/nowhere/at/all\"\n"),
			[]string{"FAIL  user file      $HOME/config/cleat/cleat.toml:1: sources.docs: "}},
		{"a relative XDG_CONFIG_HOME", func(_ *testing.T, l *place) { l.p.environ = append(l.p.environ, "XDG_CONFIG_HOME=here") },
			[]string{"FAIL  configuration  XDG_CONFIG_HOME is not an absolute path\n      mend: set it to an absolute path, or unset it"}},
		{"a project file that is not trusted", func(t *testing.T, l *place) {
			writeFile(t, project(l), []byte("[sources.docs]\nkind = \"workspace\"\nroot = \"docs\"\n"))
		}, []string{"ok    project file   $DIR/cleat.toml", "warn  trust          cleat.toml is not trusted, so these sources of it are left out: docs\n      mend: read the file, then run `cleat trust`"}},
		{"a project file without additions", file(project, "[policy]\nread_only = true\n"),
			[]string{"ok    trust          cleat.toml is not trusted, and adds nothing that would need it"}},
		{"a variable that does nothing", func(_ *testing.T, l *place) { l.p.environ = append(l.p.environ, "CLEAT_TOKEN=s3cret") },
			[]string{"warn  note           CLEAT_TOKEN is ignored"}},
		{"everything denied", file(user, "[policy]\ndeny = [\"*\"]\n"),
			[]string{"warn  tools          the policy lets none be called", "warn  start          cleat serve answers in "}},
		{"a file in the state folder's place", file(state, ""),
			[]string{"FAIL  state folder   the state folder $HOME/state/cleat cannot be used: ", "\n      mend: make it a folder of yours with mode 0700",
				"warn  audit log      not checked", "\n1 failure, 3 warnings.\n"}},
		{"a link in the state folder's place", func(t *testing.T, l *place) {
			if err := os.MkdirAll(filepath.Join(l.home, "state"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(l.dir, state(l)); err != nil {
				t.Fatal(err)
			}
		}, []string{"FAIL  state folder   the state folder $HOME/state/cleat cannot be used: it is not a folder"}},
		{"a damaged key", func(t *testing.T, l *place) { writeFile(t, filepath.Join(state(l), "key"), []byte("short")) },
			[]string{"FAIL  state folder   the state folder $HOME/state/cleat cannot be used: the file key is damaged; remove it"}},
		{"no home", func(_ *testing.T, l *place) {
			l.p.environ = []string{"PATH=" + l.bin, asProgram + "=1", managedEnv + "=" + l.p.managed}
		}, []string{"FAIL  cleat          it cannot start: there is no folder for cleat's state", "\n      mend: set HOME or XDG_STATE_HOME to an absolute path",
			"FAIL  state folder   there is no folder for cleat's state"}},
		{"a changed audit log", func(t *testing.T, l *place) {
			record(t, state(l), audit.Record{Name: "read"}, audit.Record{Name: "read"})
			name := filepath.Join(state(l), "audit", "audit.jsonl")
			writeFile(t, name, []byte(strings.Replace(fileText(t, name), `"name":"read"`, `"name":"raed"`, 1)))
		}, []string{"FAIL  audit log      1 problem in 2 records; the first: ", "\n      mend: find out who changed it: `cleat audit verify` names each record."}},
		{"a removed audit log", func(t *testing.T, l *place) {
			record(t, state(l), audit.Record{Name: "read"})
			if err := os.Remove(filepath.Join(state(l), "audit", "audit.jsonl")); err != nil {
				t.Fatal(err)
			}
		}, []string{"FAIL  audit log      "}},
		{"a write without an end", func(t *testing.T, l *place) {
			record(t, state(l), audit.Record{Name: "ticket_write", Op: "create", Source: "gh", Phase: audit.Intent})
		}, []string{"ok    audit log      1 record, whole", "warn  audit log      of 1 writes it is not known whether they happened; the last: record 1, ticket_write create on gh at "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newPlace(t)
			c.make(t, l)
			_, out := l.doctor(t)
			for _, w := range c.want {
				wantAll(t, "stdout", out, strings.NewReplacer("$DIR", l.dir, "$HOME", l.home, "$BIN", l.bin).Replace(w))
			}
			if strings.Contains(out, "s3cret") {
				t.Errorf("a secret is shown:\n%s", out)
			}
		})
	}
}

// record appends records to the audit log of a state folder.
func record(t *testing.T, dir string, records ...audit.Record) {
	t.Helper()
	log, err := audit.Open(audit.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if _, err := log.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDoctorTrusted(t *testing.T) {
	l := newPlace(t)
	writeFile(t, filepath.Join(l.dir, "docs", "a.md"), []byte("# A\n"))
	writeFile(t, filepath.Join(l.dir, "cleat.toml"), []byte("[sources.docs]\nkind = \"workspace\"\nroot = \"docs\"\n"))
	if code, out, stderr := l.run("trust", "--yes"); code != 0 {
		t.Fatalf("trust: exit %d\n%s\n%s", code, out, stderr)
	}
	code, out := l.doctor(t)
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	wantAll(t, "stdout", out, "ok    trust          this content of cleat.toml is trusted\n", "ok    source         docs: code, documents\n")
}

// A repository of somebody else, in which git does not work.
func TestDoctorForeignRepository(t *testing.T) {
	if os.Getuid() != 0 || runtime.GOOS == "windows" {
		t.Skip("needs root, to give a folder away")
	}
	l := newPlace(t)
	err := filepath.WalkDir(l.dir, func(p string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(p, 12345, 12345))
	})
	if err != nil {
		t.Fatal(err)
	}
	code, out := l.doctor(t)
	if code != 0 {
		t.Errorf("exit %d", code)
	}
	wantAll(t, "stdout", out, "warn  git trusts it  git: detected dubious ownership in repository", "branches and history are not\n      mend: if the repository is trusted, the user runs: git config --global --add safe.directory")
}

// No secret of the configuration, the environment or a remote's address is shown.
func TestDoctorShowsNoSecrets(t *testing.T) {
	const secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
	l := newPlace(t)
	l.p.environ = append(l.p.environ, "GITHUB_TOKEN="+secret, "ANTHROPIC_API_KEY="+secret)
	l.script(t, "claude", "echo broken "+secret+"; exit 1")
	l.register(t, "/nowhere/"+secret, secret)
	l.git(t, "remote", "add", "origin", "https://ann:"+secret+"@github.com/acme/shop.git")
	writeFile(t, filepath.Join(l.home, "config", "cleat", "cleat.toml"), []byte("[sources.gh]\nkind = \"github\"\ntoken = \""+secret+"\"\n[policy]\n"+secret+" = 1\nallow = [\""+secret+"(\"]\n"))
	writeFile(t, filepath.Join(l.dir, ".env"), []byte("DATABASE_URL="+secret+"\n"))
	code, out := l.doctor(t)
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	if strings.Contains(out, secret) || strings.Contains(out, secret[:20]) {
		t.Errorf("the secret is shown:\n%s", out)
	}
	wantAll(t, "stdout", out, "[redacted:")
}

// What a server can do wrong at its start.
func TestDoctorStart(t *testing.T) {
	const answers = `read line; echo '{"jsonrpc":"2.0","id":1,"result":{}}'; read line; `
	const tools = `echo '{"jsonrpc":"2.0","method":"notifications/message"}'; echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"read"}]}}'; `
	for _, c := range []struct{ name, script, want string }{
		{"sound", answers + tools + "read line; exit 0", "ok    start          cleat serve answers in "},
		{"prints on stdout", "echo Welcome to cleat; " + answers, `FAIL  start          cleat serve: it prints on stdout, which belongs to the protocol: "Welcome to cleat"`},
		{"prints JSON on stdout", `echo '{"level":"info"}'; ` + answers, `FAIL  start          cleat serve: it prints on stdout, which belongs to the protocol: "{\"level\":\"info\"}"`},
		{"prints at the end", answers + tools + "read line; echo Bye", `FAIL  start          cleat serve: it prints on stdout, which belongs to the protocol: "Bye"`},
		{"an unfinished line", "printf Hello", `belongs to the protocol: "Hello"`},
		{"ends at once", "echo 'panic: token ghp_0123456789abcdefghijABCDEFGHIJ012345' >&2; exit 7",
			"FAIL  start          cleat serve ended before it answered, with exit code 7; it said: panic: token [redacted:"},
		{"is killed", "kill -9 $$", "FAIL  start          cleat serve ended before it answered, by the signal "},
		{"answers with an error", `read line; echo '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"oh"}}'; read line`,
			`FAIL  start          cleat serve: it answered server/discover with the error "oh"`},
		{"answers another request", `read line; echo '{"jsonrpc":"2.0","id":9,"result":{}}'; read line`, `cleat serve: it answered server/discover with the id "9"`},
		{"lists nonsense", answers + `echo '{"jsonrpc":"2.0","id":2,"result":{"tools":7}}'; read line`, "cleat serve: its list of tools makes no sense"},
		{"lists nothing", answers + `echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[]}}'; read line; exit 0`, "warn  start          cleat serve answers in "},
		{"fails at the end", answers + tools + "read line; exit 3", "FAIL  start          cleat serve answered, but ended with exit code 3"},
		{"never answers", "while read line; do :; done", "FAIL  start          cleat serve gave no answer within 300ms"},
		{"never ends", answers + tools + "while :; do sleep 0.1; done", "FAIL  start          cleat serve did not end with its input within 3s"},
		{"a line without end", "while :; do printf xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "FAIL  start          cleat serve"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newPlace(t)
			l.script(t, "server", `PATH=/usr/bin:/bin; `+c.script)
			d, err := l.p.newDoctor()
			if err != nil {
				t.Fatal(err)
			}
			d.serve = []string{filepath.Join(l.bin, "server")}
			switch c.name { // the others end by themselves, however slow the machine
			case "never answers", "a line without end":
				d.patience = 300 * time.Millisecond
			case "never ends":
				d.patience = 3 * time.Second
			}
			d.redact = redact.New(nil).String
			d.checkStart(t.Context(), false)
			out := l.stdout.String()
			if bad := !strings.HasPrefix(c.want, "ok"); bad != strings.Contains(out, "\n      mend: ") {
				t.Errorf("mend or not:\n%s", out)
			}
			wantAll(t, "stdout", out, c.want)
		})
	}
	t.Run("is not there", func(t *testing.T) {
		l := newPlace(t)
		d, err := l.p.newDoctor()
		if err != nil {
			t.Fatal(err)
		}
		d.serve = []string{filepath.Join(l.bin, "server")}
		d.redact = redact.New(nil).String
		d.checkStart(t.Context(), false)
		wantAll(t, "stdout", l.stdout.String(), "FAIL  start          the program server cannot be started")
	})
}

func TestDoctorFewFiles(t *testing.T) {
	for _, c := range []struct {
		limit uint64
		known bool
		want  string
	}{
		{64, true, "warn  open files     at most 64 at once, which is too few for a wide search\n      mend: raise the limit"},
		{1024, true, "ok    open files     at most 1024 at once\n"},
		{1<<64 - 1, true, "ok    open files     no limit\n"},
		{0, false, ""},
	} {
		l := newPlace(t)
		d, err := l.p.newDoctor()
		if err != nil {
			t.Fatal(err)
		}
		d.redact = func(s string) string { return s }
		d.limit = func() (uint64, bool) { return c.limit, c.known }
		d.checkLimits()
		if got := l.stdout.String(); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("with a limit of %d: %q, want %q", c.limit, got, c.want)
		}
	}
}

// A log that is too long to be read in time is looked at from its end.
func TestDoctorLongAudit(t *testing.T) {
	l := newPlace(t)
	dir := filepath.Join(l.home, "state", "cleat")
	record(t, dir, audit.Record{Name: "read"}, audit.Record{Name: "find"})
	d, err := l.p.newDoctor()
	if err != nil {
		t.Fatal(err)
	}
	d.redact = func(s string) string { return s }
	d.auditEnd(t.Context(), dir, time.Minute)
	wantAll(t, "stdout", l.stdout.String(), "ok    audit log      the last record, 2 of ", "is sound")

	l.stdout.Reset()
	writeFile(t, filepath.Join(dir, "audit", "audit.jsonl"), []byte("nonsense\n"))
	d.auditEnd(t.Context(), dir, time.Minute)
	wantAll(t, "stdout", l.stdout.String(), "FAIL  audit log      too long", "it has no sound record\n      mend: ")
}

func TestDoctorInterrupted(t *testing.T) {
	l := newPlace(t)
	d, err := l.p.newDoctor()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("doctor ended with %v", err)
	}
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{
		"2.30.0": true, "2.30": true, "2.39.5.windows.1": true, "3.0": true, "10.1": true,
		"2.29.9": false, "1.99": false, "2": false, "": false, "x.y": false, "2.x": false,
	} {
		if got := atLeast(version, 2, 30); got != want {
			t.Errorf("atLeast(%q, 2, 30) is %t", version, got)
		}
	}
}
