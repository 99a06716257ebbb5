package stdio

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"

	"cleat/internal/strict"
)

// Methods that the guard treats in their own way.
const (
	methodInitialize = "initialize"
	methodListen     = "subscriptions/listen"
	methodCanceled   = "notifications/cancelled"
	methodProgress   = "notifications/progress"
)

// codeBusy is of the range that JSON-RPC leaves to servers and MCP does not reserve.
const codeBusy = -32000

// A call is a request that has been passed to the server and not been answered.
type call struct {
	key      string // canonical id
	sdk      int64  // the id that the SDK knows
	id       []byte // the client's id, as spelt
	method   string
	bytes    int    // of the request's line
	token    []byte // the client's progress token, as spelt; nil without one
	canceled bool
}

// awaited reports whether the end of input waits for the answer. A subscription is
// open for as long as the session and has nothing to say at its end.
func (c *call) awaited() bool { return c.method != methodListen }

// accept judges one line and returns the message that the SDK is to see, or nil. What
// is refused is answered where an answer is due, and reported.
func (g *Guard) accept(line []byte) []byte {
	size := len(line)
	line = bytes.Trim(line, " \t\r\n")
	if len(line) == 0 {
		return nil
	}
	var bad *strict.Error
	errors.As(strict.Check(line, g.opt.MaxDepth), &bad)
	if bad != nil && bad.Kind == strict.Syntax {
		g.refuse(message{}, Fault{Kind: FaultParse, Bytes: size, Detail: bad.Error()},
			jsonrpc.CodeParseError, "parse error: "+bad.Error())
		return nil
	}
	if !isObject(line) {
		detail := "a message must be a JSON object"
		if line[0] == '[' {
			detail += "; batches are not supported"
		}
		g.refuse(message{}, Fault{Kind: FaultEnvelope, Bytes: size, Detail: detail},
			jsonrpc.CodeInvalidRequest, detail)
		return nil
	}

	m := parse(line)
	fault, code := check(m, bad)
	if fault.Kind == "" && m.isAnswer() {
		return g.acceptAnswer(m, size)
	}
	if isString(m.method) && len(m.method) <= maxID {
		fault.Method = text(m.method)
	}
	if fault.Kind == "" {
		fault, code = checkParams(m, fault)
	}
	if fault.Kind != "" {
		fault.Bytes = size
		return g.refuse(m, fault, code, fault.Detail)
	}
	if isNull(m.params) {
		m.params = nil
	}
	if m.id == nil {
		return g.acceptNotification(m, fault.Method, size)
	}
	return g.acceptRequest(m, fault.Method, size)
}

// check looks for what is wrong with the envelope. The fault's kind is empty if
// nothing is. bad is what strict.Check found, if anything; never a syntax error.
func check(m message, bad *strict.Error) (fault Fault, code int64) {
	envelope := func(format string, args ...any) (Fault, int64) {
		return Fault{Kind: FaultEnvelope, Detail: fmt.Sprintf(format, args...)}, jsonrpc.CodeInvalidRequest
	}
	switch {
	// The text is JSON, but not a request that this server takes: hence not -32700.
	case bad != nil && bad.Kind == strict.Depth:
		return Fault{Kind: FaultTooDeep, Detail: bad.Error()}, jsonrpc.CodeInvalidRequest
	case bad != nil:
		return Fault{Kind: FaultAmbiguous, Detail: bad.Error()}, jsonrpc.CodeInvalidRequest
	case m.odd != "":
		return Fault{Kind: FaultAmbiguous, Detail: fmt.Sprintf("member %q must be in lower case", m.odd)}, jsonrpc.CodeInvalidRequest
	case string(m.version) != `"2.0"`:
		return envelope(`"jsonrpc" must be "2.0"`)
	case m.isAnswer():
		return Fault{}, 0
	case m.method == nil:
		return envelope(`"method" is missing`)
	case !isString(m.method):
		return envelope(`"method" must be a string`)
	case len(m.method) > maxID:
		return envelope(`"method" has over %d bytes`, maxID)
	case m.result != nil || m.err != nil:
		return envelope("a message has a method, or a result or an error, not both")
	case len(m.id) > maxID:
		return envelope(`"id" has over %d bytes`, maxID)
	case m.id != nil && m.usableID() == nil:
		return envelope(`"id" must be a string or a number`)
	// The SDK acts on a cancellation even if it then refuses it for its id.
	case m.id != nil && strings.HasPrefix(text(m.method), "notifications/"):
		return envelope(`a notification has no "id"`)
	}
	return Fault{}, 0
}

// checkParams looks for params whose refusal by the SDK would have the wrong code or
// quote them whole. It completes fault.
func checkParams(m message, fault Fault) (_ Fault, code int64) {
	invalid := func(detail string) (Fault, int64) {
		fault.Kind, fault.Detail = FaultParams, detail
		return fault, jsonrpc.CodeInvalidParams
	}
	if m.params != nil && !isNull(m.params) && !isObject(m.params) {
		return invalid(`"params" must be an object`)
	}
	if m.id == nil {
		return fault, 0
	}
	if fault.Method == methodInitialize {
		if at, ok := find(m.params, "protocolVersion"); !ok || !isString(m.params[at.start:at.end]) {
			return invalid(`initialize needs "protocolVersion", a string`)
		}
	}
	if at, ok := find(m.params, "_meta", "progressToken"); ok {
		token := m.params[at.start:at.end]
		if _, ok := canonical(token); !ok && !isNull(token) {
			return invalid(fmt.Sprintf(`"_meta.progressToken" must be a string or a number of at most %d bytes`, maxID))
		}
	}
	return fault, 0
}

// refuse reports fault and answers with an error where an answer is due: not to a
// notification, and to an answer by failing what was asked. The result is for the SDK.
func (g *Guard) refuse(m message, fault Fault, code int64, say string) []byte {
	id := m.usableID()
	fault.ID = string(id)
	g.opt.Fault(fault)
	switch {
	case m.isNotification():
		return nil
	case m.isAnswer():
		return g.failAsked(id, say)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if key, ok := canonical(id); !ok || g.inUse[key] != nil {
		id = nil // or the client would take it for the answer to its earlier request
	}
	if g.room() == nil { // else nobody is there to read it
		g.put(errorLine(id, code, say, nil))
	}
	return nil
}

// refuseLong refuses a line of size bytes that was not kept.
func (g *Guard) refuseLong(size int) {
	detail := fmt.Sprintf("a line of %d bytes is over the limit of %d", size, g.opt.MaxLine)
	g.refuse(message{}, Fault{Kind: FaultTooLong, Bytes: size, Detail: detail}, jsonrpc.CodeInvalidRequest, detail)
}

// acceptRequest enters the request and returns it as the SDK is to see it.
func (g *Guard) acceptRequest(m message, method string, size int) []byte {
	c := &call{id: bytes.Clone(m.id), method: method, bytes: size}
	c.key, _ = canonical(m.id)
	token, hasToken := find(m.params, "_meta", "progressToken")
	if hasToken && !isNull(m.params[token.start:token.end]) {
		c.token = bytes.Clone(m.params[token.start:token.end])
	}

	g.mu.Lock()
	switch {
	case g.inUse[c.key] != nil:
		g.mu.Unlock()
		detail := fmt.Sprintf("id %.64s is already in use", m.id)
		if isString(m.id) {
			detail = fmt.Sprintf("id %.64q is already in use", text(m.id))
		}
		return g.refuse(m, Fault{Kind: FaultIDInUse, Method: method, Bytes: size, Detail: detail}, jsonrpc.CodeInvalidRequest, detail)
	case len(g.open) >= g.opt.MaxOpen:
		g.mu.Unlock()
		detail := fmt.Sprintf("busy: %d requests are unanswered; send this one again when some have been answered", g.opt.MaxOpen)
		return g.refuse(m, Fault{Kind: FaultBusy, Method: method, Bytes: size, Detail: detail}, codeBusy, detail)
	}
	g.lastID++
	c.sdk = g.lastID
	id := strconv.AppendInt(nil, c.sdk, 10)
	g.inUse[c.key] = c
	g.open[c.sdk] = c
	if c.awaited() {
		g.due++
	}
	g.mu.Unlock()

	b := envelope(len(m.method)+len(m.params)+2*len(id), id, m.method)
	switch {
	case c.token != nil:
		b = append(b, `,"params":`...)
		b = append(b, m.params[:token.start]...)
		b = append(b, id...)
		b = append(b, m.params[token.end:]...)
	case m.params != nil:
		b = append(b, `,"params":`...)
		b = append(b, m.params...)
	}
	return append(b, "}\n"...)
}

// acceptNotification returns the notification as the SDK is to see it, or nil. A
// cancellation reaches the SDK only for a call that is open and may be canceled.
func (g *Guard) acceptNotification(m message, method string, size int) []byte {
	if method != methodCanceled {
		b := envelope(len(m.method)+len(m.params), nil, m.method)
		if m.params != nil {
			b = append(b, `,"params":`...)
			b = append(b, m.params...)
		}
		return append(b, "}\n"...)
	}
	at, ok := find(m.params, "requestId")
	var key string
	if ok {
		key, ok = canonical(m.params[at.start:at.end])
	}
	if !ok {
		g.opt.Fault(Fault{Kind: FaultParams, Method: method, Bytes: size, Detail: `"requestId" must be a string or a number`})
		return nil
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.inUse[key]
	if c == nil || c.method == methodInitialize {
		return nil
	}
	c.canceled = true
	g.release(c)
	return cancelLine(m, c.sdk)
}

// cancelLine returns the cancellation of the SDK's request id, with the reason of m.
func cancelLine(m message, id int64) []byte {
	b := envelope(len(m.params), nil, m.method)
	b = append(b, `,"params":{"requestId":`...)
	b = strconv.AppendInt(b, id, 10)
	if at, ok := find(m.params, "reason"); ok && isString(m.params[at.start:at.end]) {
		b = append(b, `,"reason":`...)
		b = append(b, m.params[at.start:at.end]...)
	}
	return append(b, "}}\n"...)
}

// release frees the client's id of c for another request. The caller holds g.mu.
func (g *Guard) release(c *call) {
	if g.inUse[c.key] != c {
		return
	}
	delete(g.inUse, c.key)
	if c.awaited() {
		g.due--
		g.changed.Broadcast()
	}
}

// envelope begins a message for the SDK with room for about n more bytes.
func envelope(n int, id, method []byte) []byte {
	b := make([]byte, 0, n+64)
	b = append(b, `{"jsonrpc":"2.0"`...)
	if id != nil {
		b = append(b, `,"id":`...)
		b = append(b, id...)
	}
	b = append(b, `,"method":`...)
	return append(b, method...)
}
