package stdio

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	initialize = `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"c","version":"1"}}}`
	ping       = `{"jsonrpc":"2.0","id":"ping","method":"ping"}`
	pong       = `{"jsonrpc":"2.0","id":"ping","result":{}}`

	// modern is the _meta of a request of the 2026-07-28 revision, to be followed by "}".
	modern = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}`
)

// long is how long a test waits for what must come.
const long = 30 * time.Second

// tools are the tools of the test server, and what tests need to steer them.
type tools struct {
	started chan string   // gets a call's tool name when it starts hanging
	stopped chan string   // gets it when the context of a hanging call is canceled
	release chan struct{} // lets a stubborn call return when closed
	server  *mcp.Server
}

func newTools() *tools {
	ts := &tools{
		started: make(chan string, 10_000),
		stopped: make(chan string, 10_000),
		release: make(chan struct{}),
	}
	s := mcp.NewServer(&mcp.Implementation{Name: "test", Version: "1"}, &mcp.ServerOptions{
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{ListChanged: true}},
	})
	ts.server = s
	add := func(name string, h func(ctx context.Context, req *mcp.CallToolRequest) (string, error)) {
		s.AddTool(&mcp.Tool{Name: name, InputSchema: json.RawMessage(`{"type":"object"}`)},
			func(ctx context.Context, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				text, err := h(ctx, req)
				if err != nil {
					return nil, err
				}
				return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil
			})
	}
	add("echo", func(_ context.Context, req *mcp.CallToolRequest) (string, error) {
		return string(req.Params.Arguments), nil
	})
	add("hang", func(ctx context.Context, _ *mcp.CallToolRequest) (string, error) {
		ts.started <- "hang"
		<-ctx.Done()
		ts.stopped <- "hang"
		return "", ctx.Err()
	})
	add("stubborn", func(context.Context, *mcp.CallToolRequest) (string, error) {
		ts.started <- "stubborn"
		<-ts.release
		return "released", nil
	})
	add("progress", func(ctx context.Context, req *mcp.CallToolRequest) (string, error) {
		err := req.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{
			ProgressToken: req.Params.GetProgressToken(), Progress: 1, Message: "half",
		})
		return "done", err
	})
	add("ask", func(ctx context.Context, req *mcp.CallToolRequest) (string, error) {
		res, err := req.Session.Elicit(ctx, &mcp.ElicitParams{Message: "sure?"})
		if err != nil {
			return "", err
		}
		return res.Action, nil
	})
	add("fail", func(context.Context, *mcp.CallToolRequest) (string, error) {
		return "", fmt.Errorf("plain error")
	})
	return ts
}

func call1(id, tool, arguments string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, id, tool, arguments)
}

func answer(id, text string) string {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":%s}]}}`, id, quoted)
}

// A wire is a client's end of a session with a real SDK server behind a guard.
type wire struct {
	t     *testing.T
	in    *io.PipeWriter
	out   *bufio.Reader
	lines chan string // closed at the end of output
	guard *Guard
	*tools
	ran chan error // gets what Server.Run returned

	mu     sync.Mutex
	faults []Fault
}

// dial starts a session. Output is read all the time, unless the test reads w.out.
func dial(t *testing.T, change func(*Options)) *wire {
	w := dialSilent(t, change)
	w.listen()
	return w
}

// dialSilent is dial without anybody to read the output.
func dialSilent(t *testing.T, change func(*Options)) *wire {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	w := &wire{t: t, in: inW, out: bufio.NewReader(outR), tools: newTools(), ran: make(chan error, 1), lines: make(chan string, 20_000)}
	o := Options{In: inR, Out: outW, Fault: func(f Fault) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.faults = append(w.faults, f)
	}}
	if change != nil {
		change(&o)
	}
	w.guard = New(o)
	go func() {
		err := w.server.Run(context.Background(), w.guard.Transport())
		outW.Close()
		w.ran <- err
	}()
	t.Cleanup(func() {
		inW.Close()
		outR.Close()
		w.guard.Close()
		select {
		case <-w.release:
		default:
			close(w.release)
		}
	})
	return w
}

func (w *wire) listen() {
	go func() {
		defer close(w.lines)
		for {
			line, err := w.out.ReadString('\n')
			if line != "" {
				w.lines <- strings.TrimSuffix(line, "\n")
			}
			if err != nil {
				return
			}
		}
	}()
}

func (w *wire) send(lines ...string) {
	w.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(w.in, line+"\n"); err != nil {
			w.t.Errorf("sending %.100s: %v", line, err)
			return
		}
	}
}

// recv returns the next line of output.
func (w *wire) recv() string {
	w.t.Helper()
	select {
	case line, ok := <-w.lines:
		if !ok {
			w.t.Fatal("output ended")
		}
		return line
	case <-time.After(long):
		w.t.Fatal("no answer")
	}
	panic("unreachable")
}

// want fails the test unless the next lines of output are these.
func (w *wire) want(lines ...string) {
	w.t.Helper()
	for _, line := range lines {
		if got := w.recv(); got != line {
			w.t.Fatalf("received\n  %.2000s\nwant\n  %.2000s", got, line)
		}
	}
}

// handshake initializes a session of the legacy era.
func (w *wire) handshake() {
	w.t.Helper()
	w.send(initialize)
	if got := w.recv(); !strings.HasPrefix(got, `{"jsonrpc":"2.0","id":"init","result":{`) {
		w.t.Fatalf("initialize: %s", got)
	}
	w.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// alive checks that the session goes on.
func (w *wire) alive() {
	w.t.Helper()
	w.send(ping)
	w.want(pong)
}

// await waits for a value.
func await[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(long):
		t.Fatalf("no %s", what)
	}
	return v
}

// faultCount returns the number of faults so far.
func (w *wire) faultCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.faults)
}
