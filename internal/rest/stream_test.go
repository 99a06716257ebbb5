package rest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
)

// TestBombs is HT-14: bodies that have no end, or more of it than they say.
func TestBombs(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	var bomb bytes.Buffer
	zw := gzip.NewWriter(&bomb)
	zeros := bytes.Repeat([]byte(" "), 1<<20)
	for range 8 {
		zw.Write(zeros)
	}
	zw.Close()
	for name, test := range map[string]struct {
		serve http.HandlerFunc
		code  fail.Code
	}{
		"brackets without end": {func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write(bytes.Repeat([]byte("["), 1<<16)); err != nil {
					return
				}
			}
		}, fail.TooLarge},
		"gzip": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		}, fail.TooLarge},
		"a byte now and then": {func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write([]byte(" ")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-stop:
					return
				case <-r.Context().Done():
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		}, fail.Timeout},
		"nothing": {func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		}, fail.Timeout},
		"cut": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "{")
		}, fail.Unavailable},
		"headers": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("x", 1<<20))
		}, fail.Unavailable},
		"an encoding nobody asked for": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "br")
			io.WriteString(w, "{}")
		}, fail.Unavailable},
		"broken gzip": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "{}")
		}, fail.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				test.serve(w, r)
			})
			c, _ := open(t, s.URL, func(o *Options) {
				o.Config.Timeout = time.Minute
				if test.code == fail.Timeout {
					o.Config.Timeout = 200 * time.Millisecond
				}
			})
			_, _, err := Do[thing](t.Context(), c, Request{Want: Want{MaxBody: 4 << 20}})
			want(t, err, test.code)
			if len(c.slots) != 0 {
				t.Error("the request is still in flight")
			}
		})
	}
}

// TestCaller: when the caller's context ends, its cause is what comes, and nothing is held
// against the service.
func TestCaller(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c, _ := open(t, s.URL, nil)
	for range 2 * breakAfter {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		_, _, err := GetJSON[thing](ctx, c, "", nil)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
}

func TestStream(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		io.WriteString(w, "event: a\ndata: 1\n\n")
	})
	c, _ := open(t, s.URL, nil)
	r := Request{Want: Want{Types: []string{"text/event-stream"}}}
	body, _, err := c.Stream(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.slots) != 1 {
		t.Error("an open stream does not count as in flight")
	}
	var got []string
	if err := Events(body, func(e Event) error { got = append(got, e.Name+string(e.Data)); return nil }); err != nil {
		t.Error(err)
	}
	body.Close()
	body.Close()
	if len(c.slots) != 0 || !slices.Equal(got, []string{"a1"}) {
		t.Errorf("%d in flight, events %q", len(c.slots), got)
	}
	r.MaxBody = 5
	body, _, err = c.Stream(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	want(t, Events(body, func(Event) error { return nil }), fail.TooLarge)
	_, _, err = c.Stream(t.Context(), Request{})
	want(t, err, fail.Unavailable)
}

func TestEvents(t *testing.T) {
	for in, want := range map[string]string{
		"event: a\ndata: 1\n\n":                     "a=1",
		"data:1\r\n\r\n":                            "message=1",
		"\ufeffdata: 1\n\n":                         "message=1",
		": comment\n\ndata: 1\ndata: 2\n\n":         "message=1\n2",
		"data\n\n":                                  "message=",
		"event: a\n\ndata: 1\n\n":                   "message=1",
		"id: 7\nretry: 3\nother: x\ndata:  1\n\n\n": "message= 1",
		"data: cut":                                 "",
		"data: cut\n":                               "",
		"event: done\n":                             "",
		"":                                          "",
	} {
		var got []string
		if err := Events(strings.NewReader(in), func(e Event) error { got = append(got, e.Name+"="+string(e.Data)); return nil }); err != nil {
			t.Errorf("%q: %v", in, err)
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for name, in := range map[string]io.Reader{
		"a line": io.MultiReader(strings.NewReader("data: "), endless('x')),
		"an event": io.MultiReader(strings.NewReader("data: "), io.LimitReader(endless('x'), MaxEvent/2), strings.NewReader("\ndata: "),
			io.LimitReader(endless('x'), MaxEvent/2), strings.NewReader("\n\n")),
	} {
		if err := Events(in, func(Event) error { return nil }); fail.From(err).Code != fail.TooLarge {
			t.Errorf("%s without end: %v", name, err)
		}
	}
	n := 0
	err := Events(strings.NewReader("data: 1\n\ndata: 2\n\n"), func(Event) error { n++; return ErrStop })
	if err != nil || n != 1 {
		t.Errorf("stopped after %d, %v", n, err)
	}
	if err := Events(strings.NewReader("data: 1\n\n"), func(Event) error { return io.ErrClosedPipe }); err != io.ErrClosedPipe {
		t.Errorf("an error of the reader: %v", err)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestAddresses(t *testing.T) {
	type verdict struct{ origin, public bool }
	for addr, want := range map[string]verdict{
		"93.184.215.14": {true, true}, "2606:2800:220:1::1": {true, true}, "64:ff9b::5db8:d70e": {true, true}, "2002:5db8:d70e::1": {true, true},
		"127.0.0.1": {true, false}, "127.8.9.1": {true, false}, "::1": {true, false}, "::ffff:127.0.0.1": {true, false},
		"10.0.0.1": {true, false}, "172.16.0.1": {true, false}, "192.168.1.1": {true, false}, "fd12::1": {true, false}, "::ffff:10.0.0.1": {true, false},
		"100.64.0.1": {true, false}, "198.18.0.1": {true, false}, "192.0.2.1": {true, false}, "240.0.0.1": {true, false}, "fec0::1": {true, false},
		"64:ff9b::a00:1": {true, false}, "64:ff9b:1::1": {true, false}, "2002:a00:1::": {true, false}, "2001:0:5db8:d70e:0:0:f5ff:fffe": {true, false},
		"::10.0.0.1": {true, false}, "::ffff:0:10.0.0.1": {true, false}, "2001:db8::5efe:a00:1": {true, false}, "2001:db8::1": {true, false},
		"169.254.169.254": {}, "169.254.1.1": {}, "169.254.170.2": {}, "::ffff:169.254.169.254": {}, "64:ff9b::a9fe:a9fe": {}, "2002:a9fe:a9fe::": {},
		"::169.254.169.254": {}, "fd00:ec2::254": {}, "fd20:ce::254": {}, "100.100.100.200": {}, "168.63.129.16": {}, "192.0.0.192": {},
		"fe80::1": {}, "fe80::1%eth0": {}, "fd00:ec2::254%eth0": {}, "0.0.0.0": {}, "0.1.2.3": {}, "::": {}, "224.0.0.1": {}, "ff02::1": {}, "255.255.255.255": {},
	} {
		ip := netip.MustParseAddr(addr)
		if got := (verdict{checkOrigin(ip, false) == nil, checkPublic(ip) == nil}); got != want {
			t.Errorf("%s: %+v, want %+v", addr, got, want)
		}
	}
	for addr, ok := range map[string]bool{"127.0.0.1": true, "::1": true, "10.0.0.1": false, "93.184.215.14": false} {
		if err := checkOrigin(netip.MustParseAddr(addr), true); (err == nil) != ok {
			t.Errorf("%s without encryption: %v", addr, err)
		}
	}
}

// TestDialed: it is the address that is dialed that counts, not what the name looks like.
func TestDialed(t *testing.T) {
	c, clk := open(t, "https://localhost:1", nil)
	_, err := c.foreign.DialContext(t.Context(), "tcp", "localhost:1")
	if fail.From(c.Wrap(err)).Code != fail.Denied {
		t.Errorf("localhost, by name: %v", err)
	}
	_, err = get(t, c) // nobody listens there: the address as such is good for an origin
	if f := want(t, err, fail.Unavailable); !strings.Contains(f.What, "does not accept") || len(clk.slept) == 0 {
		t.Error(f)
	}
}

func TestPath(t *testing.T) {
	got, err := Path("repos", "acme", "sh op", "a/b?c=d#e", "100%zz", "%41")
	if err != nil || got != "/repos/acme/sh%20op/a%2Fb%3Fc=d%23e/100%25zz/%2541" {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", ".", "..", "../../../api/v4/user", "lodash/../../x", "@scope%2f..%2fx", "%2e%2e", "%252e%252e", `a\..\b`, "a\r\nX: y", "a\x00b", "a/. ./b/ ..", "/", "//"} { // HT-12
		if got, err := Path("repos", bad); fail.From(err) == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("%q became %q, %v", bad, got, err)
		}
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, fmt.Sprintf(`{"name":%q,"items":[]}`, r.URL.EscapedPath()))
	})
	c, _ := open(t, s.URL+"/a%2Fb/", nil)
	if v, _, err := GetJSON[thing](t.Context(), c, got, nil); err != nil || v.Name != "/a%2Fb"+got {
		t.Errorf("%+v, %v", v, err)
	}
	for _, bad := range []string{"x", "//evil.example/x", "/%zz"} {
		_, _, err := GetJSON[thing](t.Context(), c, bad, nil)
		if err == nil && bad != "//evil.example/x" {
			t.Errorf("the path %q was asked for", bad)
		}
	}
}

func TestNext(t *testing.T) {
	c, _ := open(t, "https://code.example/api", nil)
	for in, want := range map[string]string{
		`<https://code.example/api/x?page=2>; rel="next", <https://code.example/api/x?page=9>; rel="last"`: "https://code.example/api/x?page=2",
		`<https://code.example/x?a=1,2>; title="a, b"; rel="prev next"`:                                    "https://code.example/x?a=1,2",
		`</x?page=3>;rel=next`:                        "https://code.example/x?page=3",
		`<https://code.example/x>; rel="last"`:        "",
		``:                                            "",
		`<<<>>>; rel`:                                 "",
		`<https://code.example:443/x>; rel=next`:      "https://code.example:443/x",
		`<https://evil.example/x>; rel="next"`:        "denied",
		`<//evil.example/x>; rel="next"`:              "denied",
		`<http://code.example/x>; rel="next"`:         "denied",
		`<https://u:p@code.example/x>; rel="next"`:    "unavailable",
		`<https://code.example/%zz>; rel="next"`:      "unavailable",
		`<javascript:alert(1)>; rel="next"`:           "denied",
		strings.Repeat("<", 1<<20) + `x>; rel="next"`: "",
	} {
		got := ""
		u, err := c.Next(http.Header{"Link": {in}})
		if err != nil {
			got = string(fail.From(err).Code)
		} else if u != nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("%.100s: %q, want %q", in, got, want)
		}
	}
}

// FuzzEvents: an event is what can be written again and read as the same.
func FuzzEvents(f *testing.F) {
	f.Add("event: a\ndata: 1\ndata: 2\n\n: c\n\ndata\r\n\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		read := func(s string) (out []string, err error) {
			err = Events(strings.NewReader(s), func(e Event) error {
				out = append(out, e.Name+"\n"+string(e.Data))
				return nil
			})
			return out, err
		}
		events, err := read(s)
		if err != nil {
			return
		}
		var b strings.Builder
		for _, e := range events {
			lines := strings.Split(e, "\n")
			b.WriteString("event: " + lines[0] + "\n")
			for _, l := range lines[1:] {
				b.WriteString("data: " + l + "\n")
			}
			b.WriteString("\n")
		}
		again, err := read(b.String())
		if err != nil || !slices.Equal(events, again) {
			t.Errorf("%q became %q, %v", events, again, err)
		}
	})
}

// FuzzClean: what a service says becomes one short line without queries and secrets.
func FuzzClean(f *testing.F) {
	f.Add("see https://u:p@h/x?token=1#y\nand\x1b[2J " + canary)
	c, err := New(Options{Name: "x", Config: Config{URL: "https://h"}, Host: testHost(time.Now)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := c.Clean(s)
		if len(got) > maxMessage+len("…") || strings.ContainsAny(got, "\n\r\x1b") || strings.Contains(got, canary) {
			t.Errorf("%q became %q", s, got)
		}
	})
}

// FuzzLink: a target that is found stands in the header, between its brackets.
func FuzzLink(f *testing.F) {
	f.Add(`<https://h/x?page=2>; rel="next", <y>; rel=last`)
	f.Fuzz(func(t *testing.T, s string) {
		if got := link(http.Header{"Link": {s}}, "next"); got != "" && !strings.Contains(s, got) {
			t.Errorf("%q of %q", got, s)
		}
	})
}
