package stdio

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A canceled request gets no answer, and its id is free for another one.
func TestCancel(t *testing.T) {
	for _, id := range []string{"7", "9007199254740993", `"a\u0062"`} {
		t.Run(id, func(t *testing.T) {
			w := dial(t, nil)
			w.handshake()
			w.send(call1(id, "hang", "{}"))
			await(t, w.started, "call")
			w.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications\/cancelled","params":{"requestId":%s,"reason":"user"}}`, id))
			await(t, w.stopped, "cancellation")
			w.alive()
			w.send(call1(id, "echo", "{}"))
			w.want(answer(id, "{}"))
		})
	}
}

func TestCancelByEqualValue(t *testing.T) {
	w := dial(t, nil)
	w.handshake()
	w.send(call1(`"ab"`, "hang", "{}"), call1("10", "hang", "{}"))
	for _, id := range []string{`"\u0061b"`, "1e1"} {
		await(t, w.started, "call")
		w.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `,"reason":5}}`)
		await(t, w.stopped, "cancellation")
	}
	w.alive()
}

// The ids that the guard makes are its own affair: a client cannot cancel by them.
func TestCancelMissesForeignIDs(t *testing.T) {
	w := dial(t, nil)
	w.handshake()
	w.send(call1("100", "stubborn", "{}"), call1("101", "hang", "{}"))
	await(t, w.started, "call")
	await(t, w.started, "call")
	for id := range 20 {
		w.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, id))
	}
	w.alive()
	close(w.release)
	w.want(answer("100", "released"))
	select {
	case <-w.stopped:
		t.Error("a call was canceled by the id that the SDK knows")
	default:
	}
}

// initialize cannot be canceled; its answer comes whatever the client sends.
func TestCancelInitialize(t *testing.T) {
	g := New(Options{
		In: strings.NewReader(initialize + "\n" +
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"init"}}` + "\n" + ping + "\n"),
		Out: io.Discard,
	})
	defer g.Close()
	buf := make([]byte, 4096)
	var got []string
	for range 2 {
		n, err := g.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(buf[:n]))
	}
	if !strings.Contains(got[0], `"initialize"`) || !strings.Contains(got[1], `"ping"`) {
		t.Errorf("the SDK saw %q", got)
	}
}

func TestProgress(t *testing.T) {
	w := dial(t, nil)
	w.handshake()
	for _, token := range []string{"5", "9007199254740993", "1.0", "1e3", `"x"`, `"\u0041"`, "-0"} {
		w.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"a":[{}],"progressToken":` + token + `,"b":{}},"name":"progress","arguments":{}}}`)
		w.want(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":`+token+`,"message":"half","progress":1}}`,
			answer("1", "done"))
	}
	w.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":null},"name":"progress"}}`)
	w.want(answer("1", "done"))
}

// A subscription's notifications carry the client's id; they end with the subscription.
func TestSubscription(t *testing.T) {
	for _, id := range []string{`"listen:0"`, "9007199254740993", `"\u0041"`, "1e3"} {
		t.Run(id, func(t *testing.T) {
			w := dial(t, nil)
			w.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + modern + `}}}`)
			w.want(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":` + id + `},"notifications":{"toolsListChanged":true}}}`)
			w.server.RemoveTools("fail")
			w.want(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":` + id + `}}}`)
			w.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}`)
			w.send(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{},` + modern + `}}}`)
			if got := w.recv(); !strings.HasPrefix(got, `{"jsonrpc":"2.0","id":2,"result":`) {
				t.Errorf("received %s", got)
			}
		})
	}
}

// A subscription to nothing is over at once, and names its id in the result.
func TestEmptySubscription(t *testing.T) {
	w := dial(t, nil)
	w.send(`{"jsonrpc":"2.0","id":1.0,"method":"subscriptions/listen","params":{"notifications":{},` + modern + `}}}`)
	w.want(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1.0},"notifications":{}}}`)
	got := w.recv()
	if !strings.HasPrefix(got, `{"jsonrpc":"2.0","id":1.0,"result":{`) || !strings.Contains(got, `"io.modelcontextprotocol/subscriptionId":1.0`) {
		t.Errorf("received %s", got)
	}
}

// What the server asks of the client is answered by what can only be the answer to it.
func TestServerRequests(t *testing.T) {
	const asked = `{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"mode":"form","message":"sure?"}}`
	failed := func(why string) string {
		return `{"jsonrpc":"2.0","id":8,"error":{"code":-32600,"message":"calling \"elicitation/create\": the client's answer ` + why + `"}}`
	}
	tests := []struct{ name, reply, want string }{
		{"result", `{"jsonrpc":"2.0","id":1,"result":{"action":"decline"}}`, answer("8", "decline")},
		{"result and no error", `{"jsonrpc":"2.0","id":1.0,"error":null,"result":{"action":"decline"}}`, answer("8", "decline")},
		{"error", `{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"}}`, `{"jsonrpc":"2.0","id":8,"error":{"code":-1,"message":"calling \"elicitation/create\": no"}}`},
		{"error with odd code", `{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":"no"}}`, failed("is malformed")},
		{"error as string", `{"jsonrpc":"2.0","id":1,"error":"no"}`, failed("is malformed")},
		{"both", `{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no"},"result":{"action":"accept"}}`, failed("is malformed")},
		{"ambiguous", `{"jsonrpc":"2.0","id":1,"result":{"action":"decline","Action":"accept"}}`, failed(`was refused: key \"Action\" at byte 53 repeats a key of the same object (case is ignored)`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := dial(t, nil)
			w.handshake()
			w.send(call1("8", "ask", "{}"))
			w.want(asked)
			for _, other := range []string{"2", "1.4", `"1"`} {
				w.send(`{"jsonrpc":"2.0","id":` + other + `,"result":{"action":"accept"}}`)
			}
			w.alive()
			w.send(tt.reply)
			w.want(tt.want)
		})
	}
}

// No error of the SDK's goes out with code 0 or with its types and our input in it.
func TestErrorsAreMended(t *testing.T) {
	initializeWith := func(params string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"initialize","params":` + params + `}`
	}
	e := func(code int, message string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":%q}}`, code, message)
	}
	const noVersion = `initialize needs "protocolVersion", a string`
	before := []struct{ line, want string }{
		{initializeWith(`{"protocolVersion":7}`), e(-32602, noVersion)},
		{initializeWith(`{}`), e(-32602, noVersion)},
		{initializeWith(`null`), e(-32602, noVersion)},
		{initializeWith(`[]`), e(-32602, `"params" must be an object`)},
		{initializeWith(`"{}"`), e(-32602, `"params" must be an object`)},
		{`{"jsonrpc":"2.0","id":1,"method":"initialize"}`, e(-32602, noVersion)},
		{initializeWith(`{"protocolVersion":"2025-11-25","capabilities":7}`), e(-32602, `invalid params of initialize: "capabilities" must be an object`)},
		{initializeWith(`{"protocolVersion":"2025-11-25","clientInfo":{"name":7}}`), e(-32602, `invalid params of initialize: "clientInfo.name" must be a string`)},
		{call1("1", "echo", "{}"), e(-32600, `method "tools/call" is invalid during session initialization`)},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, e(-32600, `method "tools/list" is invalid during session initialization`)},
	}
	after := []struct{ line, want string }{
		{initializeWith(`{"protocolVersion":"2025-11-25"}`), e(-32600, `duplicate "initialize" received`)},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call"}`, e(-32600, `invalid request: missing required "params"`)},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}`, e(-32602, `invalid params of tools/call: "name" must be a string`)},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":" into a *mcp.X: json"}}`, e(-32602, `invalid params of tools/call: "_meta" must be an object`)},
		{`{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/x"},"argument":{"name":"a","value":"b"}}}`, e(-32602, `invalid params of completion/complete: unrecognized content type "ref/x"`)},
		{call1("1", "none", "{}"), e(-32602, `unknown tool "none"`)},
		{call1("1", "fail", "{}"), e(-32603, "plain error")},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2999-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}`,
			`{"jsonrpc":"2.0","id":1,"error":{"code":-32022,"message":"unsupported protocol version","data":{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"],"requested":"2999-01-01"}}}`},
	}
	w := dial(t, nil)
	for _, tt := range before {
		w.send(tt.line)
		w.want(tt.want)
	}
	w.handshake()
	for _, tt := range after {
		w.send(tt.line)
		w.want(tt.want)
	}
}

func TestEveryVersionIsNegotiated(t *testing.T) {
	for _, version := range append(mcp.SupportedProtocolVersions(), "9999-99-99", "", "x") {
		w := dial(t, nil)
		w.send(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"` + version + `","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`)
		if got := w.recv(); !strings.HasPrefix(got, `{"jsonrpc":"2.0","id":1,"result":`) {
			t.Errorf("version %q: %s", version, got)
		}
	}
}

// Calls in flight at the end of input are answered before the server hears of the end.
func TestEndOfInput(t *testing.T) {
	tests := []struct {
		name, send string
		want       []string
	}{
		{"at once", "", nil},
		{"after a line", ping + "\n", []string{pong}},
		{"within a whole message", ping, []string{pong}},
		{"within a message", ping[:20], []string{`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error: unexpected end at byte 20"}}`}},
		{"within blanks", "  ", nil},
		{"after many", strings.Repeat(ping+"\n{\n", 1) + strings.Repeat("{\n", 98) + `{"jsonrpc":"2.0","id":2,"method":"ping"}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := dial(t, func(o *Options) { o.Drain = time.Hour })
			if _, err := io.WriteString(w.in, tt.send); err != nil {
				t.Fatal(err)
			}
			w.in.Close()
			if err := await(t, w.ran, "end"); err != nil {
				t.Errorf("Run = %v", err)
			}
			var got []string
			for line := range w.lines {
				got = append(got, line)
			}
			if tt.name == "after many" {
				if len(got) != 101 || !slices.Contains(got, pong) || !slices.Contains(got, `{"jsonrpc":"2.0","id":2,"result":{}}`) {
					t.Errorf("received %d lines", len(got))
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEndOfInputWaitsForAnswers(t *testing.T) {
	w := dial(t, func(o *Options) { o.Drain = time.Hour })
	w.handshake()
	w.send(call1("1", "stubborn", "{}"),
		`{"jsonrpc":"2.0","id":2,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},`+modern+`}}}`)
	await(t, w.started, "call")
	w.recv() // the subscription's acknowledgment; it does not hold back the end
	w.in.Close()
	close(w.release)
	w.want(answer("1", "released"))
	if err := await(t, w.ran, "end"); err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestEndOfInputDoesNotWaitForEver(t *testing.T) {
	w := dial(t, func(o *Options) { o.Drain = 50 * time.Millisecond })
	w.handshake()
	w.send(call1("1", "hang", "{}"))
	await(t, w.started, "call")
	w.in.Close()
	await(t, w.stopped, "cancellation")
	await(t, w.guard.Done(), "end")
	if err := await(t, w.ran, "end"); err != nil {
		t.Errorf("Run = %v", err)
	}
}

// A client that sends a thousand calls before it reads anything gets every answer.
func TestClientThatDoesNotRead(t *testing.T) {
	w := dialSilent(t, nil)
	w.send(initialize)
	const calls = 1000
	for i := range calls {
		w.send(call1(fmt.Sprint(i), "echo", `{"s":"`+strings.Repeat("x", 1000)+`"}`), "garbage")
	}
	w.listen()
	var got, errs int
	for range 1 + 2*calls {
		if line := w.recv(); strings.Contains(line, "parse error") {
			errs++
		} else {
			got++
		}
	}
	if got != 1+calls || errs != calls {
		t.Errorf("%d answers and %d errors, want %d and %d", got, errs, 1+calls, calls)
	}
	w.alive()
}

// With the output blocked, neither what is written nor what is read grows without
// bound; once it is read again all goes on, and Close needs no reader.
func TestBlockedOutput(t *testing.T) {
	w := dialSilent(t, func(o *Options) { o.MaxOut = 64 << 10 })
	w.send(initialize)
	const calls = 500
	sent := make(chan int)
	go func() {
		defer close(sent)
		for i := range calls {
			w.send(call1(fmt.Sprint(i), "echo", `{"s":"`+strings.Repeat("x", 4000)+`"}`))
			sent <- i
		}
	}()
	count := 0
	for stuck := false; !stuck; {
		select {
		case <-sent:
			count++
		case <-time.After(300 * time.Millisecond):
			stuck = true
		}
	}
	if count >= calls {
		t.Fatalf("read all of %d calls while 64 kB of output waited", calls)
	}
	if n := runtime.NumGoroutine(); n > calls {
		t.Errorf("%d goroutines", n)
	}
	w.listen()
	go func() {
		for range sent {
		}
	}()
	for range 1 + calls {
		w.recv()
	}
	w.alive()
}

func TestCloseWithBlockedOutput(t *testing.T) {
	w := dialSilent(t, func(o *Options) { o.MaxOut = 1000 })
	w.send(initialize)
	for i := range 5 {
		w.send(call1(fmt.Sprint(i), "hang", "{}"))
		await(t, w.started, "call")
		w.send("garbage") // until the guard stops reading, or not
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		w.guard.Close()
	}()
	await(t, closed, "end of Close")
	if err := await(t, w.ran, "end"); err != nil {
		t.Logf("Run = %v", err) // the SDK may have met the closed guard in a write
	}
}

// When the client stops listening for good, the session ends.
func TestBrokenOutput(t *testing.T) {
	broken, pipe := io.Pipe()
	broken.Close()
	w := dialSilent(t, func(o *Options) { o.Out = pipe })
	w.send(call1("1", "hang", "{}"))
	if err := await(t, w.ran, "end"); err != nil {
		t.Logf("Run = %v", err)
	}
	await(t, w.guard.Done(), "end")
}

func TestManyHangingCalls(t *testing.T) {
	w := dial(t, nil)
	w.handshake()
	const calls = 5000
	for i := range calls {
		w.send(call1(fmt.Sprint(i), "hang", "{}"))
	}
	for range calls {
		await(t, w.started, "call")
	}
	w.alive()
	for i := range calls {
		w.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, i))
	}
	for range calls {
		await(t, w.stopped, "cancellation")
	}
	w.alive()
	w.guard.mu.Lock()
	if n := len(w.guard.inUse); n != 0 {
		t.Errorf("%d ids are still in use", n)
	}
	w.guard.mu.Unlock()
	w.send(call1("4999", "echo", "{}"))
	w.want(answer("4999", "{}"))
}
