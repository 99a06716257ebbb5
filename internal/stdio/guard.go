// Package stdio is the edge of the process: the line guard that stands between stdin
// and stdout and the MCP SDK, the claim on both descriptors, and the orderly end.
//
// The guard exists because the SDK (v1.8.0) ends the session on the first malformed
// line, drops answers at the end of input, answers canceled requests, rounds ids and
// progress tokens above 2^53, and sends errors with code 0. With the guard under it the
// SDK sees only well-formed messages, under ids and progress tokens that the guard
// made; the client sees its own again, byte for byte.
package stdio

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Options says what a Guard reads, writes and bears. Zero limits mean the defaults.
type Options struct {
	In  io.Reader
	Out io.Writer

	MaxLine  int           // bytes of one line of input; default 16 MiB
	MaxDepth int           // nesting of one message; default 200, at most 900 (the SDK ends the session at 1,000)
	MaxOpen  int           // requests read but not answered; default 20,000; more are refused as busy
	MaxOut   int           // bytes waiting for Out; default 16 MiB; over it, writes wait and no input is read
	Drain    time.Duration // how long the end of input is held back for answers that are due; default 1.5 s

	Log   *slog.Logger // faults of ours and of the world; nil discards
	Fault func(Fault)  // told of each message that never reaches the server, or is refused by the SDK itself; safe for concurrent use; may be nil
}

// A FaultKind classes what is wrong with a message.
type FaultKind string

// The kinds of faults.
const (
	FaultParse     FaultKind = "parse"     // not one JSON value in UTF-8
	FaultTooLong   FaultKind = "too_long"  // a line over MaxLine
	FaultTooDeep   FaultKind = "too_deep"  // nesting over MaxDepth
	FaultAmbiguous FaultKind = "ambiguous" // a key twice, or in two spellings of case
	FaultEnvelope  FaultKind = "envelope"  // JSON, but no JSON-RPC 2.0 message that MCP knows
	FaultParams    FaultKind = "params"    // params that the SDK would misread
	FaultMethod    FaultKind = "method"    // a method that the server does not have
	FaultIDInUse   FaultKind = "id_in_use" // the id of a request that has no answer yet
	FaultBusy      FaultKind = "busy"      // MaxOpen requests are unanswered
	FaultAnswer    FaultKind = "answer"    // an answer to nothing that was asked
)

// A Fault is a message that the guard kept from the server.
type Fault struct {
	Kind   FaultKind
	ID     string // as spelt on the wire; empty if there is none, or none that can be relied on
	Method string // empty if unknown; foreign text
	Bytes  int    // length of the line
	Detail string // what was wrong; quotes foreign text only with escapes, and clipped
}

// A Guard is the reader and the writer of one mcp.IOTransport. Read is for one
// goroutine, all else is safe for concurrent use.
type Guard struct {
	opt Options

	in    *bufio.Reader // used by pump alone
	long  []byte        // pump's buffer for lines that do not fit into in
	start sync.Once
	lines chan []byte // messages for the SDK, from pump to Read
	rest  []byte      // what Read has not handed out yet

	endOnce   sync.Once
	ended     chan struct{} // closed when Read has come, or must come, to the end
	closeOnce sync.Once

	mu      sync.Mutex
	changed sync.Cond         // on mu; a call is over, output was written, or the guard ended
	inUse   map[string]*call  // by canonical id of the client; without canceled calls
	open    map[int64]*call   // by the id that the SDK knows; with canceled calls
	lastID  int64             // the last id made for the SDK
	due     int               // calls in inUse that have an answer to wait for
	asked   map[string]string // ids of the server's own requests: canonical → as sent
	out     []byte            // whole lines for Out that the writer has not taken
	spare   []byte            // the writer's other buffer
	waiting int               // bytes in out and in the writer's hands
	writing bool              // the writer runs
	outErr  error             // why Out failed
	closed  bool
}

// New returns a Guard over o.In and o.Out. It reads nothing before the first Read.
func New(o Options) *Guard {
	if o.MaxLine <= 0 {
		o.MaxLine = 16 << 20
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = 200
	}
	o.MaxDepth = min(o.MaxDepth, 900)
	if o.MaxOpen <= 0 {
		o.MaxOpen = 20_000
	}
	if o.MaxOut <= 0 {
		o.MaxOut = 16 << 20
	}
	if o.Drain <= 0 {
		o.Drain = 1500 * time.Millisecond
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Fault == nil {
		o.Fault = func(Fault) {}
	}
	g := &Guard{
		opt:   o,
		in:    bufio.NewReaderSize(o.In, 64<<10),
		lines: make(chan []byte),
		ended: make(chan struct{}),
		inUse: make(map[string]*call),
		open:  make(map[int64]*call),
		asked: make(map[string]string),
	}
	g.changed.L = &g.mu
	return g
}

// Transport returns the transport to serve on: the SDK's, over the guard. Its own
// limit on lines is off, because the guard's comes first.
func (g *Guard) Transport() *mcp.IOTransport {
	return &mcp.IOTransport{Reader: g, Writer: g, MaxLineLength: -1}
}

// Done is closed when the session has come to its end: after the end of input and the
// time for answers that were due, when Out failed, or by Close.
func (g *Guard) Done() <-chan struct{} { return g.ended }

// Read hands out the next messages for the SDK, one a line, and io.EOF at the end. It
// does not wait for In once the guard is closed; the goroutine that reads In ends when
// In does.
func (g *Guard) Read(p []byte) (int, error) {
	g.start.Do(func() { go g.pump() })
	for len(g.rest) == 0 {
		select {
		case msg, ok := <-g.lines:
			if !ok {
				return 0, io.EOF
			}
			g.rest = msg
		case <-g.ended:
			return 0, io.EOF
		}
	}
	n := copy(p, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

// flushTime is how long Close waits for Out to take what was written before.
const flushTime = 50 * time.Millisecond

// Close ends the session: Read returns io.EOF and Write io.ErrClosedPipe, blocked ones
// too. It waits for at most 50 ms until Out has taken what was written before, and
// never for In. It closes neither.
func (g *Guard) Close() error {
	g.end()
	g.closeOnce.Do(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.closed = true
		g.changed.Broadcast()
		g.wait(flushTime, func() bool { return !g.writing })
	})
	return nil
}

// end makes Read return io.EOF.
func (g *Guard) end() { g.endOnce.Do(func() { close(g.ended) }) }

// wait waits until ok reports true, or for at most d. The caller holds g.mu.
func (g *Guard) wait(d time.Duration, ok func() bool) {
	expired := false
	timer := time.AfterFunc(d, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		expired = true
		g.changed.Broadcast()
	})
	defer timer.Stop()
	for !expired && !ok() {
		g.changed.Wait()
	}
}

// room waits until fewer than MaxOut bytes wait for Out. The caller holds g.mu.
func (g *Guard) room() error {
	for g.waiting >= g.opt.MaxOut && g.outErr == nil && !g.closed {
		g.changed.Wait()
	}
	if g.outErr != nil {
		return g.outErr
	}
	if g.closed {
		return io.ErrClosedPipe
	}
	return nil
}

// put adds one line, made of parts, to what waits for Out. The caller holds g.mu and
// has waited for room.
func (g *Guard) put(parts ...[]byte) {
	before := len(g.out)
	for _, p := range parts {
		g.out = append(g.out, p...)
	}
	g.waiting += len(g.out) - before
	if !g.writing {
		g.writing = true
		go g.drainOut()
	}
}

// drainOut writes what waits for Out until nothing is left. Lines that came together
// go out together.
func (g *Guard) drainOut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.out) > 0 {
		lines := g.out
		g.out, g.spare = g.spare[:0], nil
		g.mu.Unlock()
		_, err := g.opt.Out.Write(lines)
		g.mu.Lock()
		g.waiting -= len(lines)
		if cap(lines) <= keepBuffer {
			g.spare = lines
		}
		if err != nil {
			g.opt.Log.Error("writing to the client", "error", err)
			g.outErr, g.out, g.waiting = err, nil, 0
			g.end()
		}
		g.changed.Broadcast()
	}
	g.writing = false
	g.changed.Broadcast()
}

// keepBuffer is the size over which a buffer is given back to the heap after use.
const keepBuffer = 1 << 20

// pump reads In to its end and passes on what the server may see.
func (g *Guard) pump() {
	defer close(g.lines)
	for {
		g.mu.Lock()
		err := g.room()
		g.mu.Unlock()
		if err != nil {
			return
		}
		line, tooLong, err := g.readLine()
		var msg []byte
		if tooLong > 0 {
			g.refuseLong(tooLong)
		} else {
			msg = g.accept(line)
		}
		if cap(g.long) > keepBuffer {
			g.long = nil
		}
		if msg != nil {
			select {
			case g.lines <- msg:
			case <-g.ended:
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				g.opt.Log.Warn("reading from the client", "error", err)
			}
			g.hold()
			g.end()
			return
		}
	}
}

// hold waits until all answers that are due are written, or the time for that is over.
func (g *Guard) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wait(g.opt.Drain, func() bool {
		return g.closed || g.outErr != nil || g.due == 0 && !g.writing
	})
}

// readLine returns the next line, valid until the next call. For a line over MaxLine
// it returns the line's length as tooLong, having kept none of it. At the end of input
// it returns what there is of a last line together with the error.
func (g *Guard) readLine() (line []byte, tooLong int, err error) {
	g.long = g.long[:0]
	size := 0
	for {
		part, err := g.in.ReadSlice('\n')
		size += len(part)
		whole := err != bufio.ErrBufferFull
		if whole && err == nil {
			size-- // the line feed does not count
		}
		switch {
		case size > g.opt.MaxLine:
			g.long = nil
			if whole {
				return nil, size, err
			}
		case whole && len(g.long) == 0:
			return part, 0, err
		default:
			if len(g.long)+len(part) > cap(g.long) {
				grown := make([]byte, len(g.long), max(2*cap(g.long), 4*len(part)))
				copy(grown, g.long)
				g.long = grown
			}
			g.long = append(g.long, part...)
			if whole {
				return g.long, 0, err
			}
		}
	}
}
