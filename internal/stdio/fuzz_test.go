package stdio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// Whatever comes before it, a ping is answered, and all output is lines of JSON-RPC
// with an error code that is not 0.
func FuzzGuard(f *testing.F) {
	for _, s := range []string{
		"garbage\n{\n[]\nnull\n\xff\xfe\n", initialize + "\n" + call1("1", "echo", `{"a":1}`),
		initialize + "\n" + call1("1.0", "hang", "{}") + "\n" + call1("1", "hang", "{}") + "\n" +
			`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`{"jsonrpc":"2.0","id":"l","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + modern + `}}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":1e3},"name":"progress"}}`,
		initialize + "\n" + call1("1", "ask", "{}") + "\n" + `{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}`,
		initialize + "\n" + call1("1", "ask", "{}") + "\n" + `{"jsonrpc":"2.0","id":1,"error":{"code":1e9,"message":"\ud800","data":[]}}`,
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":7}}`,
		`{"jsonrpc":"2.0","id":{},"method":"ping","params":{"a":1,"\u0041":2}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		w := dial(t, func(o *Options) {
			o.MaxLine, o.MaxOpen, o.Drain = 64<<10, 50, 5*time.Millisecond
		})
		const last = `{"jsonrpc":"2.0","id":"fuzz-last","method":"ping"}`
		go w.send(string(input), last)
		for got := ""; got != `{"jsonrpc":"2.0","id":"fuzz-last","result":{}}`; {
			got = w.recv()
			var m struct {
				Version string          `json:"jsonrpc"`
				ID      json.RawMessage `json:"id"`
				Method  string          `json:"method"`
				Result  json.RawMessage `json:"result"`
				Error   *struct {
					Code    int64  `json:"code"`
					Message string `json:"message"`
				} `json:"error"`
			}
			if err := json.Unmarshal([]byte(got), &m); err != nil {
				t.Fatalf("output %q: %v", got, err)
			}
			answers := m.ID != nil && m.Method == "" && (m.Result != nil) != (m.Error != nil)
			if m.Version != "2.0" || !answers && m.Method == "" {
				t.Errorf("output %s is no message", got)
			}
			if m.Error != nil && (m.Error.Code == 0 || m.Error.Message == "") {
				t.Errorf("output %s is no error", got)
			}
		}
		w.in.Close()
		if err := await(t, w.ran, "end"); err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

// Two numbers have one canonical spelling exactly if they are equal.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0 -0", "1 1.0", "100 1e2", "1e-2 0.01", "12.30 123E-1", "-5 5", "1e9 10e8", "0e5 0"} {
		a, b, _ := strings.Cut(s, " ")
		f.Add(a, b)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		var values [2]*big.Rat
		for i, s := range []string{a, b} {
			var n json.Number
			if len(s) > 20 || json.Unmarshal([]byte(s), &n) != nil || n.String() != s {
				return
			}
			if _, exponent, ok := strings.Cut(strings.ToLower(s), "e"); ok && len(exponent) > 4 {
				return // exact values would be huge
			}
			values[i], _ = new(big.Rat).SetString(s)
		}
		if equal := values[0].Cmp(values[1]) == 0; (number(a) == number(b)) != equal {
			t.Errorf("number(%s) = %s, number(%s) = %s, but equal is %v", a, number(a), b, number(b), equal)
		}
	})
}

// BenchmarkPing measures round trips over pipes with and without the guard.
func BenchmarkPing(b *testing.B) {
	for _, guarded := range []bool{false, true} {
		for _, size := range []int{0, 10_000} {
			b.Run(fmt.Sprintf("guard=%v/bytes=%d", guarded, size), func(b *testing.B) { benchmarkEcho(b, guarded, size) })
		}
	}
}

func benchmarkEcho(b *testing.B, guarded bool, size int) {
	inR, inW, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer outR.Close()
	ts := newTools()
	var transport mcp.Transport = &mcp.IOTransport{Reader: inR, Writer: outW}
	if guarded {
		transport = New(Options{In: inR, Out: outW}).Transport()
	}
	ran := make(chan error, 1)
	go func() { ran <- ts.server.Run(context.Background(), transport) }()
	out := bufio.NewReaderSize(outR, 64<<10)
	trip := func(line []byte) []byte {
		if _, err := inW.Write(line); err != nil {
			b.Fatal(err)
		}
		got, err := out.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		return got
	}
	trip([]byte(initialize + "\n"))
	line := []byte(ping + "\n")
	if size > 0 {
		line = []byte(call1("12", "echo", `{"s":"`+strings.Repeat("x", size)+`"}`) + "\n")
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := trip(line); !bytes.Contains(got, []byte(`"result"`)) {
			b.Fatalf("received %s", got)
		}
	}
	inW.Close()
	if err := <-ran; err != nil {
		b.Fatal(err)
	}
}
