package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"cleat/internal/gate/audit"
	"cleat/internal/proc"
	"cleat/internal/state"
	"cleat/internal/text"
)

// Below these, doctor warns.
const (
	enoughSpace = 100 << 20 // bytes
	enoughFiles = 256
)

// checkState makes sure that the state folder can be written, and reports whether it can.
func (d *doctor) checkState(folder *state.Folder, err error) bool {
	var dir *os.Root
	if err == nil {
		dir, err = folder.Open()
	}
	if err != nil {
		what, mend := reason(err)
		d.failed("state folder", what, mend)
		return false
	}
	defer dir.Close()
	if err := tryWriting(dir); err != nil {
		d.failed("state folder", fmt.Sprintf("%s cannot be written: %v", folder.Dir(), bareError(err)),
			"make it writable for you, free space on its disk, or set XDG_STATE_HOME to another folder")
		return false
	}
	if _, err := folder.Key(); err != nil {
		what, mend := reason(err)
		d.failed("state folder", what, mend)
		return false
	}
	info, err := dir.Stat(".")
	if err != nil {
		d.failed("state folder", fmt.Sprintf("%s cannot be examined: %v", folder.Dir(), bareError(err)), "make it readable for you")
		return false
	}
	line := fmt.Sprintf("%s, mode %04o", folder.Dir(), info.Mode().Perm())
	free, known := freeSpace(dir)
	switch {
	case known && free < enoughSpace:
		d.warn("state folder", fmt.Sprintf("%s, only %d MB free", line, free/1e6), "free space on that disk: the audit log and long answers are kept there")
	case known:
		d.ok("state folder", "%s, %d MB free", line, free/1e6)
	default:
		d.ok("state folder", "%s", line)
	}
	return true
}

// tryWriting writes a file and removes it again.
func tryWriting(dir *os.Root) error {
	name := "doctor." + rand.Text()
	err := dir.WriteFile(name, []byte("cleat doctor\n"), 0o600)
	if removed := dir.Remove(name); err == nil {
		err = removed
	}
	return err
}

// checkAudit verifies the audit log, as far as its patience goes.
func (d *doctor) checkAudit(ctx context.Context, dir string) {
	limit := d.patience / 2
	short, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	report, err := audit.Verify(short, dir)
	switch {
	case err != nil && short.Err() != nil && ctx.Err() == nil:
		d.auditEnd(ctx, dir, limit)
		return
	case err != nil:
		what, mend := reason(err)
		d.failed("audit log", what, mend)
		return
	case !report.OK():
		d.failed("audit log", fmt.Sprintf("%s in %s; the first: %s", text.Count(report.Bad, "problem"), text.Count(report.Records, "record"), report.Problems[0]),
			"find out who changed it: `cleat audit verify` names each record. To begin a new log, move audit and audit.head out of "+dir)
	case report.Records == 0:
		d.ok("audit log", "empty so far")
	default:
		d.ok("audit log", "%s, whole; the last of %s", text.Count(report.Records, "record"), report.Last.Format("2006-01-02 15:04Z"))
	}
	if n := len(report.Unfinished); n > 0 {
		last := report.Unfinished[n-1]
		d.warn("audit log", fmt.Sprintf("of %d writes it is not known whether they happened; the last: record %d, %s %s on %s at %s",
			n, last.Seq, last.Name, last.Op, last.Source, last.Time.Format("2006-01-02 15:04Z")),
			"look in the system that was written to; `cleat audit verify` lists them. One that runs right now counts too")
	}
}

// auditEnd looks at the end of a log that is too long to be read as a whole.
func (d *doctor) auditEnd(ctx context.Context, dir string, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	last, err := audit.Tail(ctx, dir, 1, nil)
	if err != nil || len(last) == 0 {
		what := "it has no sound record"
		if err != nil {
			what, _ = reason(err)
		}
		d.failed("audit log", fmt.Sprintf("too long to be read within %s, and at its end: %s", limit, what), "run `cleat audit verify`")
		return
	}
	d.ok("audit log", "the last record, %d of %s, is sound; all of them take longer than %s, see `cleat audit verify`",
		last[0].Seq, last[0].Time.Format("2006-01-02 15:04Z"), limit)
}

// Beyond these many bytes, the list of tools is a burden to every session.
const heavyToolList = 16_000

// checkTools says what the list of tools costs.
func (d *doctor) checkTools(a *app) {
	if len(a.problems) > 0 {
		return // there is just the one that says so
	}
	tools, err := a.registry.List(a.set, a.gate, a.config.Format == "json")
	if err != nil {
		what, mend := reason(err)
		d.failed("tools", what, mend)
		return
	}
	size, tokens := 0, 0
	for _, t := range tools {
		raw, err := json.Marshal(t)
		if err != nil {
			d.failed("tools", fmt.Sprintf("%s cannot be listed: %v", t.Name, err), "")
			return
		}
		size, tokens = size+len(raw), tokens+text.Tokens(string(raw))
	}
	line := fmt.Sprintf("%d, whose list is %d bytes, about %d tokens", len(tools), size, tokens)
	switch {
	case len(tools) == 0:
		d.warn("tools", "the policy lets none be called", "see `cleat policy show` for the rules that refuse them")
	case size > heavyToolList:
		d.warn("tools", line+" in every session", "refuse those you do not use with deny under [policy]; `cleat tools --tokens` shows what each costs")
	default:
		d.ok("tools", "%s", line)
	}
}

// checkLimits looks at what the system allows the process.
func (d *doctor) checkLimits() {
	n, known := d.limit()
	switch {
	case !known:
	case n < enoughFiles:
		d.warn("open files", fmt.Sprintf("at most %d at once, which is too few for a wide search", n), fmt.Sprintf("raise the limit, for instance with `ulimit -n %d`", 4*enoughFiles))
	case n > 1<<40:
		d.ok("open files", "no limit")
	default:
		d.ok("open files", "at most %d at once", n)
	}
}

// checkStart starts cleat as Claude Code does, lists its tools and ends it.
func (d *doctor) checkStart(ctx context.Context, broken bool) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.patience, fmt.Errorf("no answer within %s", d.patience))
	defer cancel()
	began := time.Now()
	// The whole environment, as Claude Code passes its own on: references to secrets are
	// resolved in it.
	p, err := d.group.Start(ctx, proc.Cmd{Argv: d.serve, Dir: d.dir, Env: d.environ, PipeStdin: true, MaxOutput: 64 << 10, Grace: time.Second})
	if err != nil {
		what, mend := reason(err)
		d.failed("start", what, mend)
		return
	}
	defer p.Close()
	s := session{in: p.Stdin, out: bufio.NewReader(p.Stdout)}
	answered, tools, err := s.play(began)
	if err == nil {
		err = s.end()
	}
	late := ctx.Err() != nil
	if err != nil {
		cancel() // what went wrong is known, so its end is not waited for
	}
	res, waitErr := p.Wait()
	said := ""
	if line := excerpt(string(res.Stderr)); line != "" {
		said = "; it said: " + line
	}
	const mend = "run `cleat serve </dev/null` here and look at what it prints"
	switch {
	case late && tools == nil:
		d.failed("start", fmt.Sprintf("cleat serve gave no answer within %s%s", d.patience, said), mend)
	case late, err == nil && waitErr != nil:
		d.failed("start", fmt.Sprintf("cleat serve did not end with its input within %s%s", d.patience, said), mend)
	case errors.Is(err, io.EOF):
		d.failed("start", "cleat serve ended before it answered, "+ending(res)+said, mend)
	case err != nil:
		d.failed("start", "cleat serve: "+err.Error()+said, mend)
	case res.Code != 0:
		d.failed("start", "cleat serve answered, but ended "+ending(res)+said, mend)
	case broken && slices.Equal(tools, []string{"status"}):
		d.ok("start", "cleat serve answers in %s, with status alone: the configuration is broken", answered)
	case len(tools) == 0:
		d.warn("start", fmt.Sprintf("cleat serve answers in %s, and lists no tools", answered), "see `cleat policy show`")
	default:
		d.ok("start", "cleat serve answers in %s and lists %d tools", answered, len(tools))
	}
}

// ending says how a child ended.
func ending(res proc.Result) string {
	if res.Signal != "" {
		return "by the signal " + res.Signal
	}
	return fmt.Sprintf("with exit code %d", res.Code)
}

// A session is a conversation with a server over its pipes.
type session struct {
	in  io.WriteCloser
	out *bufio.Reader
	id  int
}

// play asks as Claude Code does at the start, and returns how long the first answer took
// and which tools there are.
func (s *session) play(began time.Time) (time.Duration, []string, error) {
	if _, err := s.call("server/discover"); err != nil {
		return 0, nil, err
	}
	answered := took(began)
	raw, err := s.call("tools/list")
	if err != nil {
		return 0, nil, err
	}
	var list struct {
		Tools []struct {
			Name string `json:"name"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return 0, nil, fmt.Errorf("its list of tools makes no sense: %w", err)
	}
	tools := []string{}
	for _, t := range list.Tools {
		tools = append(tools, t.Name)
	}
	return answered, tools, nil
}

// call sends a request and returns the result.
func (s *session) call(method string) (json.RawMessage, error) {
	s.id++
	client, err := json.Marshal(map[string]string{"name": "cleat-doctor", "version": programVersion()})
	if err != nil {
		return nil, err
	}
	request := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
		`"io.modelcontextprotocol/clientInfo":%s,"io.modelcontextprotocol/clientCapabilities":{}}}}`+"\n", s.id, method, client)
	// Where it is gone already, what it printed and how it ended say more than this error.
	_, writeErr := io.WriteString(s.in, request)
	for {
		m, err := s.receive()
		if err == nil && writeErr != nil {
			err = io.EOF
		}
		if err != nil {
			return nil, err
		}
		switch {
		case m.Method != "":
			continue // a notification
		case string(m.ID) != fmt.Sprint(s.id):
			return nil, fmt.Errorf("it answered %s with the id %q", method, excerpt(string(m.ID)))
		case m.Error != nil:
			return nil, fmt.Errorf("it answered %s with the error %q", method, excerpt(m.Error.Message))
		}
		return m.Result, nil
	}
}

type wireMessage struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// receive reads a message. Anything else on stdout is an error: it breaks the protocol.
func (s *session) receive() (wireMessage, error) {
	const most = 4 << 20
	var line []byte
	for {
		part, err := s.out.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			break
		}
		if len(line) > most {
			return wireMessage{}, fmt.Errorf("it sent more than %d bytes in a line", most)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(line) == 0 {
			return wireMessage{}, io.EOF
		}
		break // an unfinished line
	}
	var m wireMessage
	if err := json.Unmarshal(line, &m); err != nil || m.Version != "2.0" {
		return m, fmt.Errorf("it prints on stdout, which belongs to the protocol: %q", excerpt(string(line)))
	}
	return m, nil
}

// end closes the input and reads what is left, in which there must be only messages.
func (s *session) end() error {
	if err := s.in.Close(); err != nil {
		return fmt.Errorf("ending its input: %w", err)
	}
	for {
		switch _, err := s.receive(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
