package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden sessions anew")

// TestGolden plays each session of testdata/golden against a real process, in both eras
// of the protocol, and compares what comes back. The eras must not differ.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("../../testdata/golden/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden sessions: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, file)
		})
	}
}

func golden(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "session" })
	if at < 0 {
		t.Fatal("no session in the file")
	}
	want := string(archive.Files[at].Data)
	eras := []era{modern, legacy}
	if strings.Contains(want, "=> ") {
		eras = eras[:1] // raw lines have their own envelope, and are of no era
	}
	for i, e := range eras {
		got := play(t, archive, want, e)
		if *update && i == 0 {
			archive.Files[at].Data = []byte(got)
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
			want = got
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s session differs (-want +got; go test ./cmd/cleat -run TestGolden -update writes it anew):\n%s", e, diff)
		}
	}
}

type era string

const (
	modern era = "2026-07-28"
	legacy era = "2025-11-25"
)

// play runs the requests of a session and returns it with the answers that came.
func play(t *testing.T, archive *txtar.Archive, session string, e era) string {
	w := newWorld(t, archive)
	var out strings.Builder
	var p *process
	for _, step := range steps(session) {
		out.WriteString(step + "\n")
		kind, rest, _ := strings.Cut(step, " ")
		switch kind {
		case "#", "":
			continue
		case "$":
			out.WriteString(w.mask(w.command(t, strings.Fields(w.fill(rest)))))
			continue
		case "!":
			w.change(t, rest)
			continue
		}
		if p == nil {
			p = w.start(t, "serve")
			if kind == "->" && e == legacy {
				p.initialize(t)
			}
		}
		switch kind {
		case "->":
			method, params, _ := strings.Cut(rest, " ")
			out.WriteString(w.mask(show(t, p.call(t, e, method, w.fill(params)))))
		case "=>":
			out.WriteString(w.mask(p.raw(t, w.fill(rest))))
		default:
			t.Fatalf("a step begins with %q", kind)
		}
	}
	if p != nil {
		if code := p.end(t); code != 0 {
			t.Errorf("exit code %d at the end of input, stderr:\n%s", code, p.stderr.String())
		}
	}
	return out.String()
}

// steps are the lines of a session that ask for something: "-> METHOD PARAMS", "=> RAW
// LINE", "$ ARGUMENTS of the command line", "! change to the workspace", "# remark".
// Everything else is answers.
func steps(session string) []string {
	var out []string
	for line := range strings.Lines(session) {
		line = strings.TrimSuffix(line, "\n")
		for _, prefix := range []string{"-> ", "=> ", "$ ", "! ", "# "} {
			if strings.HasPrefix(line, prefix) {
				if prefix == "# " && len(out) > 0 {
					out = append(out, "")
				}
				out = append(out, line)
			}
		}
	}
	return out
}

// A world is a workspace with the files of a session, and folders for state and
// configuration of its own.
type world struct {
	dir, home string
	env       []string
	fake      string   // the address of the fake server, if there is one
	tickets   []string // keys of tickets of this machine, in the order in which they appeared
	dsn, lite string   // the address of the database server, the path of the SQLite file, if there is one
	lastRun   string   // the id of the run that was started last
	commits   int      // git commands so far: each is a day later than the one before
}

func newWorld(t testing.TB, archive *txtar.Archive) *world {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{dir: filepath.Join(base, "shop"), home: filepath.Join(base, "home")}
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.home, "XDG_CONFIG_HOME=" + w.home + "/config",
		"XDG_STATE_HOME=" + w.home + "/state", "TZ=UTC", "LC_ALL=C", asProgram + "=1",
		managedEnv + "=" + w.home + "/managed.toml",
	}
	var user []byte
	for _, f := range archive.Files {
		switch f.Name {
		case "session":
			continue
		case "user.toml":
			user = f.Data
		case "managed.toml":
			writeFile(t, w.home+"/managed.toml", f.Data)
		case "env":
			w.env = append(w.env, strings.Fields(string(f.Data))...)
		case "fake":
			w.fake = serveFake(t, string(f.Data))
		case "postgres.sql", "mysql.sql", "sqlite.sql":
			w.database(t, f.Name, string(f.Data))
		default:
			writeFile(t, filepath.Join(w.dir, f.Name), f.Data)
		}
	}
	if user != nil {
		writeFile(t, w.home+"/config/cleat/cleat.toml", []byte(w.fill(string(user))))
	}
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w.git(t, "init", "-q", "-b", "main")
	w.git(t, "add", "-A")
	w.git(t, "commit", "-q", "--allow-empty", "-m", "Begin")
	return w
}

func writeFile(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// git runs git in the workspace with a fixed identity and time, so that hashes are fixed.
func (w *world) git(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	date := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).AddDate(0, 0, max(0, w.commits-2)).Format(time.RFC3339)
	w.commits++
	cmd.Env = append(slices.Clone(w.env), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.com",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.com",
		"GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// change does to the workspace what a "!" step asks: "write NAME TEXT", where \n stands
// for a line feed, "remove NAME", "mkfifo NAME", "link NAME TARGET", "git ARGUMENTS", or
// "commit MESSAGE" for all that is there.
func (w *world) change(t *testing.T, what string) {
	t.Helper()
	f := strings.SplitN(what, " ", 3)
	switch f[0] {
	case "git":
		w.git(t, strings.Fields(what)[1:]...)
		return
	case "commit":
		w.git(t, "add", "-A")
		w.git(t, "commit", "-q", "-m", strings.TrimPrefix(what, "commit "))
		return
	}
	name := filepath.Join(w.dir, f[1])
	var err error
	switch f[0] {
	case "write":
		writeFile(t, name, []byte(strings.ReplaceAll(f[2], `\n`, "\n")+"\n"))
	case "remove":
		err = os.RemoveAll(name)
	case "link":
		err = os.Symlink(w.fill(f[2]), name)
	case "mkfifo":
		err = exec.Command("mkfifo", name).Run()
	default:
		t.Fatalf("no change is called %q", f[0])
	}
	if err != nil {
		t.Fatal(err)
	}
}

// fill puts the world's names into what is sent.
func (w *world) fill(s string) string {
	pairs := []string{"$DIR", w.dir, "$HOME", w.home, "$FAKE", w.fake, "$LITE", w.lite, "$RUN", w.lastRun}
	for i, key := range w.tickets {
		pairs = append(pairs, fmt.Sprintf("$T%d", i+1), key)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

// command runs cleat on the command line and shows what it prints.
func (w *world) command(t *testing.T, args []string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	out, err := cmd.CombinedOutput()
	s := indent(string(out))
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		s += fmt.Sprintf("exit %d\n", code)
	}
	return s
}

func indent(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		b.WriteString("  " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}

// A process is a running cleat, spoken to in lock-step.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	lastID int
}

func (w *world) start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0], args...)}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = w.dir, w.env, &p.stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReaderSize(out, 1<<20)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	})
	return p
}

// end closes the input and returns the exit code.
func (p *process) end(t *testing.T) int {
	t.Helper()
	p.in.Close()
	if rest, err := io.ReadAll(p.out); err != nil || len(rest) > 0 {
		t.Errorf("after the last answer came %q, %v", rest, err)
	}
	p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) send(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		t.Fatalf("sending: %v, stderr:\n%s", err, p.stderr.String())
	}
}

// receive reads one line, for at most a minute.
func (p *process) receive(t *testing.T) string {
	t.Helper()
	type read struct {
		line string
		err  error
	}
	c := make(chan read, 1)
	go func() {
		line, err := p.out.ReadString('\n')
		c <- read{line, err}
	}()
	select {
	case r := <-c:
		if r.err != nil {
			t.Fatalf("reading an answer: %v, stderr:\n%s", r.err, p.stderr.String())
		}
		return strings.TrimSuffix(r.line, "\n")
	case <-time.After(time.Minute):
		t.Fatalf("no answer within a minute, stderr:\n%s", p.stderr.String())
		return ""
	}
}

func (p *process) initialize(t *testing.T) {
	t.Helper()
	p.send(t, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+string(legacy)+
		`","capabilities":{},"clientInfo":{"name":"golden","version":"1"}}}`)
	if got := p.receive(t); !strings.Contains(got, `"protocolVersion":"`+string(legacy)+`"`) {
		t.Fatalf("initialize was answered with %s", got)
	}
	p.send(t, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// A message is an answer as it came.
type message struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// call sends a request in the form of the era and waits for its answer.
func (p *process) call(t *testing.T, e era, method, params string) message {
	t.Helper()
	p.lastID++
	if params == "" {
		params = "{}"
	}
	if e == modern {
		meta := `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + string(modern) + `",` +
			`"io.modelcontextprotocol/clientInfo":{"name":"golden","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
		sep := ","
		if strings.TrimSpace(strings.Trim(params, "{}")) == "" {
			sep = ""
		}
		params = "{" + meta + sep + params[1:]
	}
	p.send(t, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, p.lastID, method, params))
	var m message
	line := p.receive(t)
	if err := json.Unmarshal([]byte(line), &m); err != nil || string(m.ID) != fmt.Sprint(p.lastID) {
		t.Fatalf("%s was answered with %q, %v", method, line, err)
	}
	return m
}

// raw sends a line as it is and returns the answer as it came. A notification has none:
// a ping behind it shows that.
func (p *process) raw(t *testing.T, line string) string {
	t.Helper()
	p.send(t, line)
	var m struct {
		ID     json.RawMessage
		Method string
	}
	if json.Unmarshal([]byte(line), &m) != nil || m.Method == "" || m.ID != nil {
		return "<= " + p.receive(t) + "\n"
	}
	p.send(t, `{"jsonrpc":"2.0","id":"after","method":"ping"}`)
	if got := p.receive(t); !strings.Contains(got, `"id":"after"`) {
		t.Errorf("a notification was answered with %s", got)
		p.receive(t)
	}
	return "<= (nothing)\n"
}

// show writes an answer for a person to review: text as text, everything else as JSON.
func show(t *testing.T, m message) string {
	t.Helper()
	if m.Error != nil {
		var e struct {
			Code    int
			Message string
		}
		if err := json.Unmarshal(m.Error, &e); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("<- error %d\n%s", e.Code, indent(e.Message))
	}
	var r struct {
		Content  []struct{ Type, Text string }
		Contents []struct {
			URI, MIMEType, Text string
		}
		Messages []struct {
			Role    string
			Content struct{ Type, Text string }
		}
		IsError bool
	}
	if err := json.Unmarshal(m.Result, &r); err == nil {
		switch {
		case len(r.Content) == 1 && r.Content[0].Type == "text" && r.IsError:
			return "<- failed\n" + indent(r.Content[0].Text)
		case len(r.Content) == 1 && r.Content[0].Type == "text":
			return "<- text\n" + indent(r.Content[0].Text)
		case len(r.Contents) == 1:
			return fmt.Sprintf("<- contents %s %s\n%s", r.Contents[0].URI, r.Contents[0].MIMEType, indent(r.Contents[0].Text))
		case len(r.Messages) == 1:
			return fmt.Sprintf("<- %s\n%s", r.Messages[0].Role, indent(r.Messages[0].Content.Text))
		}
	}
	// What only the newer era has is left out, so that the eras can be compared.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(m.Result, &fields); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"resultType", "ttlMs", "cacheScope", "_meta"} {
		delete(fields, k)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("  ", "  ")
	if err := enc.Encode(fields); err != nil {
		t.Fatal(err)
	}
	return "<- result\n  " + b.String()
}
