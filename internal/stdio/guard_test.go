package stdio

import (
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// One bad line costs one error at most, and the session goes on.
func TestBadLines(t *testing.T) {
	refused := func(id, code, message string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"error":{"code":` + code + `,"message":"` + message + `"}}`
	}
	const (
		noObject = "a message must be a JSON object"
		version  = `\"jsonrpc\" must be \"2.0\"`
		badID    = `\"id\" must be a string or a number`
		both     = "a message has a method, or a result or an error, not both"
	)
	long := strings.Repeat("x", 2000)
	tests := []struct {
		name, line, want string // want is empty where nothing is due
		fault            FaultKind
	}{
		{"garbage", `garbage`, refused("null", "-32700", "parse error: value expected at byte 0"), FaultParse},
		{"open brace", `{`, refused("null", "-32700", "parse error: unexpected end at byte 1"), FaultParse},
		{"not UTF-8", "\xff\xfe", refused("null", "-32700", "parse error: invalid UTF-8 at byte 0"), FaultParse},
		{"not UTF-8 inside", `{"jsonrpc":"2.0","id":1,"method":"` + "\xff" + `"}`, refused("null", "-32700", "parse error: invalid UTF-8 at byte 34"), FaultParse},
		{"two messages", ping + " " + ping, refused("null", "-32700", "parse error: data after the value at byte 46"), FaultParse},
		{"NUL", "\x00", refused("null", "-32700", "parse error: value expected at byte 0"), FaultParse},
		{"deep and open", strings.Repeat("[", 200_000), refused("null", "-32700", "parse error: unexpected end at byte 200000"), FaultParse},

		{"null", `null`, refused("null", "-32600", noObject), FaultEnvelope},
		{"string", `"x"`, refused("null", "-32600", noObject), FaultEnvelope},
		{"number", `5`, refused("null", "-32600", noObject), FaultEnvelope},
		{"empty batch", `[]`, refused("null", "-32600", noObject+"; batches are not supported"), FaultEnvelope},
		{"batch", `[` + ping + `]`, refused("null", "-32600", noObject+"; batches are not supported"), FaultEnvelope},
		{"deep", strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000), refused("null", "-32600", noObject+"; batches are not supported"), FaultEnvelope},
		{"empty object", `{}`, refused("null", "-32600", version), FaultEnvelope},
		{"other version", `{"jsonrpc":"1.0"}`, refused("null", "-32600", version), FaultEnvelope},
		{"other version with id", `{"jsonrpc":"1.0","id":4,"method":"ping"}`, refused("4", "-32600", version), FaultEnvelope},
		{"version as number", `{"jsonrpc":2.0,"id":4,"method":"ping"}`, refused("4", "-32600", version), FaultEnvelope},
		{"no method", `{"jsonrpc":"2.0","id":"a"}`, refused(`"a"`, "-32600", `\"method\" is missing`), FaultEnvelope},
		{"method null", `{"jsonrpc":"2.0","id":4,"method":null}`, refused("4", "-32600", `\"method\" must be a string`), FaultEnvelope},
		{"method as number", `{"jsonrpc":"2.0","method":4}`, refused("null", "-32600", `\"method\" must be a string`), FaultEnvelope},
		{"long method", `{"jsonrpc":"2.0","id":4,"method":"` + long + `"}`, refused("4", "-32600", `\"method\" has over 1024 bytes`), FaultEnvelope},
		{"id null", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, refused("null", "-32600", badID), FaultEnvelope},
		{"id bool", `{"jsonrpc":"2.0","id":true,"method":"ping"}`, refused("null", "-32600", badID), FaultEnvelope},
		{"id object", `{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}`, refused("null", "-32600", badID), FaultEnvelope},
		{"id array", `{"jsonrpc":"2.0","id":[1],"method":"ping"}`, refused("null", "-32600", badID), FaultEnvelope},
		{"long id", `{"jsonrpc":"2.0","id":"` + long + `","method":"ping"}`, refused("null", "-32600", `\"id\" has over 1024 bytes`), FaultEnvelope},
		{"method and result", `{"jsonrpc":"2.0","id":4,"method":"ping","result":{}}`, refused("4", "-32600", both), FaultEnvelope},
		{"notification with id", `{"jsonrpc":"2.0","id":4,"method":"notifications/cancelled","params":{"requestId":1}}`, refused("4", "-32600", `a notification has no \"id\"`), FaultEnvelope},

		{"deep params", `{"jsonrpc":"2.0","id":4,"method":"ping","params":{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}}`, refused("4", "-32600", "nesting too deep at byte 252"), FaultTooDeep},
		{"deep notification", `{"jsonrpc":"2.0","method":"notifications/x","params":{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}}`, "", FaultTooDeep},

		{"key twice", `{"jsonrpc":"2.0","id":4,"method":"ping","method":"ping"}`, refused("4", "-32600", `key \"method\" at byte 40 repeats a key of the same object (case is ignored)`), FaultAmbiguous},
		{"id twice", `{"jsonrpc":"2.0","id":4,"id":5,"method":"ping"}`, refused("null", "-32600", `key \"id\" at byte 24 repeats a key of the same object (case is ignored)`), FaultAmbiguous},
		{"id in two cases", `{"jsonrpc":"2.0","id":4,"ID":5,"method":"ping"}`, refused("null", "-32600", `key \"ID\" at byte 24 repeats a key of the same object (case is ignored)`), FaultAmbiguous},
		{"deep inside", `{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"echo","arguments":{"p":[{"path":"a","Path":"b"}]}}}`, refused("4", "-32600", `key \"Path\" at byte 100 repeats a key of the same object (case is ignored)`), FaultAmbiguous},
		{"escaped", `{"jsonrpc":"2.0","id":4,"method":"ping","params":{"a":1,"\u0061":2}}`, refused("4", "-32600", `key \"a\" at byte 56 repeats a key of the same object (case is ignored)`), FaultAmbiguous},
		{"twice in a notification", `{"jsonrpc":"2.0","method":"notifications/x","params":{"a":1,"a":2}}`, "", FaultAmbiguous},
		{"known member in upper case", `{"jsonrpc":"2.0","ID":4,"method":"ping"}`, refused("null", "-32600", `member \"ID\" must be in lower case`), FaultAmbiguous},
		{"params in upper case", `{"jsonrpc":"2.0","id":4,"method":"ping","Params":{}}`, refused("4", "-32600", `member \"Params\" must be in lower case`), FaultAmbiguous},

		{"params as array", `{"jsonrpc":"2.0","id":4,"method":"tools/call","params":[1]}`, refused("4", "-32602", `\"params\" must be an object`), FaultParams},
		{"params as string", `{"jsonrpc":"2.0","id":4,"method":"tools/call","params":"{}"}`, refused("4", "-32602", `\"params\" must be an object`), FaultParams},
		{"params of a notification", `{"jsonrpc":"2.0","method":"notifications/x","params":7}`, "", FaultParams},
		{"progress token as object", `{"jsonrpc":"2.0","id":4,"method":"ping","params":{"_meta":{"progressToken":{}}}}`, refused("4", "-32602", `\"_meta.progressToken\" must be a string or a number of at most 1024 bytes`), FaultParams},
		{"cancellation of nothing", `{"jsonrpc":"2.0","method":"notifications/cancelled"}`, "", FaultParams},
		{"cancellation of an object", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}`, "", FaultParams},

		{"answer to nothing", `{"jsonrpc":"2.0","id":1,"result":{}}`, "", FaultAnswer},
		{"error to nothing", `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}`, "", FaultAnswer},
		{"malformed error", `{"jsonrpc":"2.0","id":1,"error":"x"}`, "", FaultAnswer},

		{"empty", ``, "", ""},
		{"blanks", " \t ", "", ""},
		{"carriage return", "\r", "", ""},
		{"cancellation of an unknown request", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}`, "", ""},
		{"unknown notification", `{"jsonrpc":"2.0","method":"notifications/x"}`, "", ""},
		{"unknown method", `{"jsonrpc":"2.0","id":4,"method":"x\/y"}`, refused("4", "-32601", `method not found: \"x/y\"`), FaultMethod},
		{"a param of another kind", `{"jsonrpc":"2.0","id":4,"method":"resources/read","params":{"uri":5}}`, refused("4", "-32602", `invalid params of resources/read: \"uri\" must be a string`), FaultParams},
		{"unknown member", `{"jsonrpc":"2.0","id":4,"method":"ping","extra":{"a":"}"}}`, `{"jsonrpc":"2.0","id":4,"result":{}}`, ""},
		{"params null", `{"jsonrpc":"2.0","id":4,"method":"ping","params":null}`, `{"jsonrpc":"2.0","id":4,"result":{}}`, ""},
		{"blanks around", "  " + `{ "jsonrpc" : "2.0" , "id" : 4 , "method" : "ping" }` + " \t\r", `{"jsonrpc":"2.0","id":4,"result":{}}`, ""},
	}
	w := dial(t, nil)
	w.handshake()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			before := w.faultCount()
			w.send(tt.line)
			if tt.want != "" {
				w.want(tt.want)
			}
			w.alive()
			w.mu.Lock()
			defer w.mu.Unlock()
			var got FaultKind
			for _, f := range w.faults[before:] {
				got = f.Kind
				if f.Bytes != len(tt.line)+1 {
					t.Errorf("fault of %d bytes, want %d", f.Bytes, len(tt.line)+1)
				}
			}
			if got != tt.fault || len(w.faults) > before+1 {
				t.Errorf("faults %v, want %q", w.faults[before:], tt.fault)
			}
		})
	}
}

func TestFaultDetails(t *testing.T) {
	w := dial(t, nil)
	w.send(`{"jsonrpc":"2.0","id":"a\u0062","method":"tools\/call","params":{"x":1,"X":2}}`)
	w.recv()
	want := []Fault{{Kind: FaultAmbiguous, ID: `"a\u0062"`, Method: "tools/call", Bytes: 79,
		Detail: `key "X" at byte 71 repeats a key of the same object (case is ignored)`}}
	w.mu.Lock()
	defer w.mu.Unlock()
	if diff := cmp.Diff(want, w.faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// Ids come back byte for byte, whatever the SDK would make of them.
func TestIDsAreExact(t *testing.T) {
	w := dial(t, nil)
	w.handshake()
	for _, id := range []string{
		"0", "1", "-0", "-1", "1.0", "5.5", "1e3", "1E+3", "1e-7", "9007199254740992", "9007199254740993",
		"-9007199254740993", "18446744073709551616", "1e400", strings.Repeat("7", 1024),
		`""`, `"x"`, `"1"`, `"\u0041"`, `"A"`, `"\/"`, `"é"`, `"\ud83d\ude00"`, `"\ud800"`, `"<&>"`, `" "`,
		`"` + strings.Repeat("k", 1022) + `"`,
	} {
		w.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"ping"}`)
		w.want(`{"jsonrpc":"2.0","id":` + id + `,"result":{}}`)
		w.send(`{"jsonrpc":"2.0","id":` + id + `,"method":"none"}`)
		w.want(`{"jsonrpc":"2.0","id":` + id + `,"error":{"code":-32601,"message":"method not found: \"none\""}}`)
		w.send(`{"method":"tools/call","params":{"name":"echo","arguments":{"id":1}},"jsonrpc":"2.0","id":` + id + `}`)
		w.want(answer(id, `{"id":1}`))
	}
}

func TestIDInUse(t *testing.T) {
	w := dial(t, nil)
	w.handshake()
	w.send(call1("100", "stubborn", "{}"), call1(`"100"`, "stubborn", "{}"))
	await(t, w.started, "first call")
	await(t, w.started, "call with another id")
	for id, shown := range map[string]string{"100": "100", "100.0": "100.0", "1e2": "1e2", "1000e-1": "1000e-1",
		`"100"`: `\"100\"`, `"\u0031\u0030\u0030"`: `\"100\"`} {
		w.send(call1(id, "echo", "{}"))
		// Not under the id: the client would take it for the answer to the first.
		w.want(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"id ` + shown + ` is already in use"}}`)
		w.send(`{"jsonrpc":"1.0","id":` + id + `}`)
		w.want(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"\"jsonrpc\" must be \"2.0\""}}`)
	}
	close(w.release)
	got := []string{w.recv(), w.recv()}
	if got[0] != answer("100", "released") {
		got[0], got[1] = got[1], got[0]
	}
	if diff := cmp.Diff([]string{answer("100", "released"), answer(`"100"`, "released")}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	w.send(call1("1e2", "echo", "{}"))
	w.want(answer("1e2", "{}"))
}

func TestLongLines(t *testing.T) {
	w := dial(t, nil)
	w.handshake()
	for _, size := range []int{70_000, 5 << 20} {
		arguments := `{"s":"` + strings.Repeat("x", size) + `"}`
		w.send(call1("1", "echo", arguments))
		w.want(answer("1", arguments))
	}

	// The limit itself passes, one byte more does not; the line feed does not count.
	w = dial(t, func(o *Options) { o.MaxLine = 1 << 20 })
	head, tail := `{"jsonrpc":"2.0","id":2,"method":"ping","params":{"s":"`, `"}}`
	fits := head + strings.Repeat("x", 1<<20-len(head)-len(tail)) + tail
	w.send(fits)
	w.want(`{"jsonrpc":"2.0","id":2,"result":{}}`)
	w.send(" " + fits)
	w.want(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a line of 1048577 bytes is over the limit of 1048576"}}`)
	w.alive()
}

// A line over the limit is not kept, however long it is.
func TestHugeLineIsNotBuffered(t *testing.T) {
	w := dial(t, nil)
	w.handshake()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	chunk := make([]byte, 1<<20)
	for i := range chunk {
		chunk[i] = 'x'
	}
	for range 200 {
		if _, err := w.in.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	w.send("", ping)
	w.want(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a line of 209715200 bytes is over the limit of 16777216"}}`, pong)
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
		t.Errorf("heap grew by %d MB", grown>>20)
	}
	t.Logf("heap grew by %d MB", (int64(after.HeapSys)-int64(before.HeapSys))>>20)
}

func TestBusy(t *testing.T) {
	w := dial(t, func(o *Options) { o.MaxOpen = 2 })
	w.handshake()
	w.send(call1("1", "hang", "{}"), call1("2", "hang", "{}"))
	await(t, w.started, "call")
	await(t, w.started, "call")
	w.send(call1("3", "echo", "{}"))
	w.want(`{"jsonrpc":"2.0","id":3,"error":{"code":-32000,"message":"busy: 2 requests are unanswered; send this one again when some have been answered"}}`)
	// Cancellations still come through, and make room once the handler has returned.
	w.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	await(t, w.stopped, "cancellation")
	for {
		w.send(ping)
		if got := w.recv(); got == pong {
			return
		} else if !strings.Contains(got, "busy") {
			t.Fatalf("received %s", got)
		}
	}
}

// What the SDK writes is passed on only as whole lines of JSON.
func TestWriteOnlyLines(t *testing.T) {
	r, out := io.Pipe()
	g := New(Options{In: strings.NewReader(""), Out: out})
	defer g.Close()
	for _, s := range []string{
		"", "\n", "{}", "{}\n{}\n", "{\"a\":\n1}\n", "x\n", "{\"method\":}\n",
		`{"jsonrpc":"2.0","id":7,"result":{}}` + "\n", // nothing is open under 7
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7}}` + "\n",
		`{"jsonrpc":"2.0","method":"ok"}` + "\n",
	} {
		if n, err := g.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("Write(%q) = %d, %v", s, n, err)
		}
	}
	buf := make([]byte, 1000)
	n, err := r.Read(buf)
	if want := `{"jsonrpc":"2.0","method":"ok"}` + "\n"; err != nil || string(buf[:n]) != want {
		t.Errorf("output %q, %v; want %q", buf[:n], err, want)
	}
}
