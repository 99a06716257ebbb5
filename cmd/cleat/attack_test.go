package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// The attack tests stand for classes of cases, not for single ones: each goes by every way
// in (tools, resources, prompts, completions, lists, command line) against a real process.

// scaled is n, or less where everything is slow.
func scaled(n int) int {
	if raceEnabled || testing.Short() {
		return max(1, n/10)
	}
	return n
}

// attacked is a world of the files in the text of a txtar archive, with the extras linked.
func attacked(t *testing.T, files string) *world {
	t.Helper()
	w := newWorld(t, txtar.Parse([]byte(files)))
	w.env = append(w.env, extrasEnv+"=1", "TMPDIR="+filepath.Dir(w.dir))
	return w
}

// A sink collects what a process writes, and can be read meanwhile.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A peer is a client that sends without waiting, unlike process.
type peer struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	stderr sink

	mu      sync.Mutex
	changed sync.Cond
	answers map[string][]json.RawMessage // by id, whole lines
	stdout  bytes.Buffer
	ended   bool
	lastID  int
}

// peer starts cleat and shakes hands.
func (w *world) peer(t *testing.T, env ...string) *peer {
	t.Helper()
	cmd := exec.Command(os.Args[0], "serve")
	cmd.Env = append(slices.Clone(w.env), env...)
	return w.peerOf(t, cmd)
}

// peerOf is peer with a command that starts cleat in the end.
func (w *world) peerOf(t *testing.T, cmd *exec.Cmd) *peer {
	t.Helper()
	p := &peer{t: t, cmd: cmd, answers: map[string][]json.RawMessage{}}
	p.changed.L = &p.mu
	cmd.Dir, cmd.Stderr = w.dir, &p.stderr
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(bufio.NewReaderSize(out, 1<<20))
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
	p.ask("initialize", `{"protocolVersion":"`+string(legacy)+`","capabilities":{},"clientInfo":{"name":"attack","version":"1"}}`)
	return p
}

func (p *peer) read(out *bufio.Reader) {
	for {
		line, err := out.ReadBytes('\n')
		p.mu.Lock()
		p.stdout.Write(line)
		if err != nil {
			p.ended = true
		} else {
			var m struct{ ID json.RawMessage }
			if json.Unmarshal(line, &m) != nil {
				p.t.Errorf("stdout has what is no message: %.300q", line)
			}
			p.answers[string(m.ID)] = append(p.answers[string(m.ID)], line)
		}
		p.changed.Broadcast()
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// line sends text as a line, whatever it is.
func (p *peer) line(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, text+"\n"); err != nil {
		p.t.Fatalf("sending: %v, stderr:\n%s", err, p.stderr.String())
	}
}

func (p *peer) request(method, params string) int {
	p.lastID++
	p.line(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, p.lastID, method, params))
	return p.lastID
}

// await returns the answer to a request, for at most two minutes.
func (p *peer) await(id int) message {
	p.t.Helper()
	line := p.awaitLine(fmt.Sprint(id))
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p *peer) awaitLine(id string) json.RawMessage {
	p.t.Helper()
	expired := false
	timer := time.AfterFunc(2*time.Minute, func() {
		p.mu.Lock()
		expired = true
		p.changed.Broadcast()
		p.mu.Unlock()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.answers[id]) == 0 {
		if p.ended || expired {
			p.t.Fatalf("request %s was not answered, stderr:\n%.4000s", id, p.stderr.String())
		}
		p.changed.Wait()
	}
	line := p.answers[id][0]
	p.answers[id] = p.answers[id][1:]
	return line
}

func (p *peer) ask(method, params string) message {
	p.t.Helper()
	return p.await(p.request(method, params))
}

// tool calls a tool and returns the text of the answer, and whether it is of a failure.
func (p *peer) tool(name, args string) (text string, failed bool) {
	p.t.Helper()
	return told(p.t, p.ask("tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, name, args)))
}

// told is the text of any kind of answer; of structured content its JSON.
func told(t *testing.T, m message) (text string, failed bool) {
	t.Helper()
	if m.Error != nil {
		var e struct {
			Code    int
			Message string
		}
		if err := json.Unmarshal(m.Error, &e); err != nil {
			t.Fatal(err)
		}
		if e.Code == 0 {
			t.Errorf("an error without a code: %s", m.Error)
		}
		return e.Message, true
	}
	var r struct {
		Content, Contents []struct{ Text string }
		StructuredContent json.RawMessage
		Messages          []struct{ Content struct{ Text string } }
		IsError           bool
	}
	if err := json.Unmarshal(m.Result, &r); err != nil {
		t.Fatal(err)
	}
	for _, c := range append(r.Content, r.Contents...) {
		text += c.Text
	}
	for _, c := range r.Messages {
		text += c.Content.Text
	}
	if text += string(r.StructuredContent); text == "" {
		text = string(m.Result)
	}
	return text, r.IsError
}

// end closes the input and returns the exit code.
func (p *peer) end() int {
	p.t.Helper()
	p.in.Close()
	return p.exit()
}

// exit waits for the end of the process, for at most a minute, and returns its exit code.
func (p *peer) exit() int {
	p.t.Helper()
	timer := time.AfterFunc(time.Minute, func() {
		p.t.Errorf("the process does not end")
		p.cmd.Process.Kill()
	})
	defer timer.Stop()
	p.mu.Lock()
	for !p.ended {
		p.changed.Wait()
	}
	p.mu.Unlock()
	p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// said is everything that the process has written to its client and to stderr.
func (p *peer) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String() + p.stderr.String()
}

// run runs cleat on the command line and returns what it prints.
func (w *world) run(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// An auditRecord is what the tests read of the audit log.
type auditRecord struct {
	Seq                                                                  uint64
	ID, Method, Name, Source, Decision, Rule, Phase, Outcome, Client, Op string
	Args                                                                 json.RawMessage
	Error                                                                string
}

// audited reads the audit log.
func (w *world) audited(t *testing.T) []auditRecord {
	t.Helper()
	data, err := os.ReadFile(w.auditFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var out []auditRecord
	for line := range bytes.Lines(data) {
		var r auditRecord
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("record %d: %v: %s", len(out)+1, err, line)
		}
		out = append(out, r)
	}
	return out
}

func (w *world) auditFile() string { return w.home + "/state/cleat/audit/audit.jsonl" }

// everything is all that cleat has written anywhere: to the client, stderr and its state.
func (w *world) everything(t *testing.T, p *peer) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(p.said())
	err := filepath.WalkDir(w.home+"/state", func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		b.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// write puts a file into the workspace.
func (w *world) write(t *testing.T, name, data string) {
	t.Helper()
	writeFile(t, filepath.Join(w.dir, name), []byte(data))
}

// quoted is s as JSON.
func quoted(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
