package stdio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

const subscriptionKey = "io.modelcontextprotocol/subscriptionId"

// resultPrefix is how the SDK begins an answer.
const resultPrefix = `{"jsonrpc":"2.0","id":`

// Write takes one message from the SDK, puts the client's ids and tokens back, and
// queues it for Out. It blocks only while MaxOut bytes wait there. An error of Out is
// reported by a later Write. What the client must not see is dropped: answers to
// canceled requests, progress and subscriptions of calls that are over, and anything
// that is not one line.
func (g *Guard) Write(p []byte) (int, error) {
	var refused *Fault // told of once the lock is free
	defer func() {
		if refused != nil {
			g.opt.Fault(*refused)
		}
	}()
	line, ok := bytes.CutSuffix(p, []byte("\n"))
	if !ok || bytes.IndexByte(line, '\n') >= 0 || !isObject(line) || line[len(line)-1] != '}' {
		g.opt.Log.Error("the SDK wrote something other than one line; dropped", "bytes", len(p))
		return len(p), nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.room(); err != nil {
		return 0, err
	}
	if id, rest, ok := cutResult(line); ok {
		g.putResult(id, line, rest)
		return len(p), nil
	}
	if !json.Valid(line) {
		g.opt.Log.Error("the SDK wrote something other than JSON; dropped", "bytes", len(p))
		return len(p), nil
	}
	m := parse(line)
	switch {
	case m.method == nil:
		refused = g.putError(m)
	case m.id != nil:
		if key, ok := canonical(m.id); ok {
			g.asked[key] = string(m.id)
		}
		g.put(p)
	default:
		g.putNotification(p, m)
	}
	return len(p), nil
}

// cutResult splits an answer with a result into its id and what follows the id.
func cutResult(line []byte) (id int64, rest []byte, ok bool) {
	s, ok := bytes.CutPrefix(line, []byte(resultPrefix))
	if !ok {
		return 0, nil, false
	}
	end := bytes.IndexByte(s, ',')
	if end < 0 || !bytes.HasPrefix(s[end:], []byte(`,"result":`)) {
		return 0, nil, false
	}
	id, ok = sdkID(s[:end])
	return id, s[end:], ok
}

// answered takes the call with the SDK's id out of the table. It returns nil if its
// answer must not be sent. The caller holds g.mu.
func (g *Guard) answered(id int64) *call {
	c := g.open[id]
	if c == nil {
		g.opt.Log.Error("the SDK answered a request that is not open; dropped", "id", id)
		return nil
	}
	delete(g.open, id)
	if c.canceled {
		return nil
	}
	g.release(c)
	return c
}

// putResult sends an answer: rest is line from behind the id.
func (g *Guard) putResult(id int64, line, rest []byte) {
	c := g.answered(id)
	if c == nil {
		return
	}
	if c.method == methodListen {
		result := parse(line).result
		if at, ok := find(result, "_meta", subscriptionKey); ok {
			g.put([]byte(resultPrefix), c.id, []byte(`,"result":`), result[:at.start], c.id, result[at.end:], []byte("}\n"))
			return
		}
	}
	g.put([]byte(resultPrefix), c.id, rest, []byte("\n"))
}

// putError sends an answer with an error. What the SDK refused by itself, so that nobody
// behind it has seen the request, is returned as a fault.
func (g *Guard) putError(m message) *Fault {
	id, ok := sdkID(m.id)
	if !ok {
		g.opt.Log.Error("the SDK answered without an id; dropped", "error", string(m.err))
		return nil
	}
	c := g.answered(id)
	if c == nil {
		return nil
	}
	line, kind, why := mend(c, m.err)
	g.put(line)
	if kind == "" {
		return nil
	}
	return &Fault{Kind: kind, ID: string(c.id), Method: c.method, Bytes: c.bytes, Detail: why}
}

// putNotification sends a notification, whose line is p.
func (g *Guard) putNotification(p []byte, m message) {
	switch string(m.method) {
	case `"` + methodProgress + `"`:
		at, ok := find(m.params, "progressToken")
		if !ok {
			break
		}
		c := g.calledBack(m.params[at.start:at.end])
		if c == nil || c.token == nil {
			return
		}
		g.putParams(m, at, c.token)
		return
	case `"` + methodCanceled + `"`:
		if at, ok := find(m.params, "requestId"); ok {
			if key, ok := canonical(m.params[at.start:at.end]); ok {
				delete(g.asked, key)
			}
		}
	}
	if at, ok := find(m.params, "_meta", subscriptionKey); ok {
		c := g.calledBack(m.params[at.start:at.end])
		if c != nil {
			g.putParams(m, at, c.id)
		}
		return
	}
	g.put(p)
}

// calledBack returns the open call that the SDK means by id, unless it was canceled.
func (g *Guard) calledBack(id []byte) *call {
	n, ok := sdkID(id)
	if !ok {
		return nil
	}
	if c := g.open[n]; c != nil && !c.canceled {
		return c
	}
	return nil
}

// putParams sends the notification m with value in its params.
func (g *Guard) putParams(m message, at span, value []byte) {
	g.put([]byte(`{"jsonrpc":"2.0","method":`), m.method, []byte(`,"params":`),
		m.params[:at.start], value, m.params[at.end:], []byte("}\n"))
}

// acceptAnswer returns the client's answer to a request of the server's as the SDK is
// to see it, or nil if nothing was asked under its id.
func (g *Guard) acceptAnswer(m message, size int) []byte {
	key, ok := canonical(m.id)
	fault := Fault{Kind: FaultAnswer, ID: string(m.usableID()), Bytes: size}
	var id string
	if ok {
		g.mu.Lock()
		id, ok = g.asked[key]
		delete(g.asked, key)
		g.mu.Unlock()
	}
	if !ok {
		fault.Detail = "an answer to nothing that was asked"
		g.opt.Fault(fault)
		return nil
	}
	if m.err == nil || isNull(m.err) && m.result != nil {
		return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":%s}`+"\n", id, m.result)
	}
	code, okCode := find(m.err, "code")
	n, err := strconv.ParseInt(string(m.err[code.start:code.end]), 10, 64)
	say, okSay := find(m.err, "message")
	if !okCode || err != nil || !okSay || !isString(m.err[say.start:say.end]) || m.result != nil {
		fault.Detail = "neither a result nor an error with a code and a message"
		g.opt.Fault(fault)
		return errorLine([]byte(id), jsonrpc.CodeInvalidRequest, "the client's answer is malformed", nil)
	}
	var data []byte
	if at, ok := find(m.err, "data"); ok {
		data = m.err[at.start:at.end]
	}
	return errorLine([]byte(id), n, text(m.err[say.start:say.end]), data)
}

// failAsked returns an error for the SDK in place of an answer that was refused, or
// nil if nothing was asked under the id.
func (g *Guard) failAsked(id []byte, why string) []byte {
	key, ok := canonical(id)
	if !ok {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	sent, ok := g.asked[key]
	if !ok {
		return nil
	}
	delete(g.asked, key)
	return errorLine([]byte(sent), jsonrpc.CodeInvalidRequest, "the client's answer was refused: "+why, nil)
}

var (
	_ io.ReadCloser  = (*Guard)(nil)
	_ io.WriteCloser = (*Guard)(nil)
)
