package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
)

const canary = "CANARY-0123456789"

// A clock is the time of a test: it moves when somebody sleeps.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func testHost(now func() time.Time) host.Host {
	return host.Host{
		Log: slog.New(slog.DiscardHandler), Now: now,
		Secret: func(_ context.Context, ref string) (string, error) {
			if ref != "env:T" {
				return "", fail.Errorf(fail.Unavailable, "no such secret")
			}
			return canary, nil
		},
		Redact: func(_ string, b []byte) []byte { return bytes.ReplaceAll(b, []byte(canary), []byte("[redacted]")) },
	}
}

// open makes a client of a server, with a token and a clock of its own.
func open(t *testing.T, url string, change func(*Options)) (*Client, *clock) {
	t.Helper()
	clk := newClock()
	o := Options{Name: "fake", Config: Config{URL: url, Token: "env:T"}, Host: testHost(clk.Now), Sleep: clk.sleep}
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, clk
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// want fails the test unless err has the code and its text is fit to be shown.
func want(t *testing.T, err error, code fail.Code) *fail.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	for _, s := range []string{err.Error(), fail.Show(err), fmt.Sprintf("%+v", err)} {
		if strings.Contains(s, canary) || strings.Contains(s, "127.0.0.1") || strings.Contains(s, "?") {
			t.Errorf("the error says too much: %s", s)
		}
	}
	f := fail.From(err)
	if f.Code != code {
		t.Fatalf("%s, want %s", fail.Show(err), code)
	}
	if strings.ContainsAny(f.What+f.Why+f.Next, "\n\x1b") {
		t.Errorf("more than a line: %q", f)
	}
	return f
}

type thing struct {
	Name  string   `json:"name"`
	Items []string `json:"items"`
}

func (th *thing) Check() error {
	if th.Items == nil {
		return errors.New("the list items is missing")
	}
	return nil
}

func get(t *testing.T, c *Client) (thing, error) {
	t.Helper()
	v, _, err := GetJSON[thing](t.Context(), c, "/api/things", url.Values{"q": {"a b&c"}})
	return v, err
}

func TestGet(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got := []string{r.Method, r.URL.Path, r.URL.Query().Get("q"), r.Header.Get("Authorization"), r.Header.Get("Accept"), r.UserAgent()}
		want := []string{"GET", "/base/api/things", "a b&c", "Bearer " + canary, "application/json", "cleat"}
		if !slices.Equal(got, want) {
			t.Errorf("the server saw %q, want %q", got, want)
		}
		answer(w, 200, `{"name":"x","items":[]}`)
	})
	c, _ := open(t, s.URL+"/base/", nil)
	if v, err := get(t, c); err != nil || v.Name != "x" {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestUnexpected is HT-15: no answer of a wrong form passes for an empty one.
func TestUnexpected(t *testing.T) {
	for name, test := range map[string]struct{ typ, body, what string }{
		"login page":    {"text/html", "<html>log in</html>", "not JSON"},
		"page as JSON":  {"application/json", "<html>log in</html>", "broken"},
		"no type":       {"", `{"items":[]}`, "not JSON"},
		"empty":         {"application/json", "", "empty"},
		"space":         {"application/json", " \n", "empty"},
		"null":          {"application/json", " null ", "null"},
		"null list":     {"application/json", `{"items":null}`, "missing"},
		"no list":       {"application/json", `{}`, "missing"},
		"cut":           {"application/json", `{"items":["a"`, "cut off"},
		"more":          {"application/json", `{"items":[]}{"items":[]}`, "broken"},
		"wrong type":    {"application/json", `{"name":7,"items":[]}`, "number where a string"},
		"list":          {"application/json", `[]`, "array where"},
		"string":        {"application/json", `"items"`, "string where"},
		"NaN":           {"application/json", `{"items":NaN}`, "broken"},
		"twice":         {"application/json", `{"items":["a"],"items":[]}`, "twice"},
		"twice escaped": {"application/json", `{"items":["a"],"\u0069tems":[]}`, "twice"},
		"twice deep":    {"application/json", `{"items":[],"o":[{"a":{"b":1},"a":2}]}`, "twice"},
		"deep":          {"application/json", strings.Repeat("[", 300) + strings.Repeat("]", 300), "deep"},
		"not UTF-8":     {"application/json", "{\"items\":[\"\xff\"]}", "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{test.typ}
				io.WriteString(w, test.body)
			})
			c, clk := open(t, s.URL, nil)
			_, err := get(t, c)
			f := want(t, err, fail.Unavailable)
			if !strings.Contains(f.What, "unexpected response") || !strings.Contains(f.What, test.what) || !strings.Contains(f.What, "status 200") {
				t.Error(f.What)
			}
			if len(clk.slept) > 0 {
				t.Error("asked again")
			}
		})
	}
	for _, status := range []int{201, 204, 205, 206, 300, 304, 302, 399, 600, 999} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
		})
		c, _ := open(t, s.URL, nil)
		if _, err := get(t, c); !strings.Contains(want(t, err, fail.Unavailable).What, fmt.Sprintf("status %d", status)) {
			t.Errorf("%d: %v", status, err)
		}
	}
	// Keys that differ in case are data.
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"Shop":1,"shop":2}`) })
	c, _ := open(t, s.URL, nil)
	if m, _, err := GetJSON[map[string]int](t.Context(), c, "", nil); err != nil || len(m) != 2 {
		t.Errorf("%v, %v", m, err)
	}
}

// TestStatus is HT-16: what is told of errors, and what never is.
func TestStatus(t *testing.T) {
	for _, test := range []struct {
		status     int
		body       string
		code       fail.Code
		what, next string
	}{
		{401, `{"message":"Bad credentials Bearer ` + canary + `"}`, fail.Denied, "401 Unauthorized: Bad credentials Bearer", "key token"},
		{403, `{"error":"insufficient scope"}`, fail.Denied, "insufficient scope", "scope"},
		{404, `{"message":{"id":["is bad"]}}`, fail.NotFound, "404 Not Found", ""},
		{400, `{"error":{"message":"bad q"}}`, fail.Invalid, "bad q", ""},
		{422, `{"errorMessages":["a","b"]}`, fail.Invalid, "a; b", ""},
		{400, `{"message":{"base":["Reference not found"]}}`, fail.Invalid, "400 Bad Request: base: Reference not found", ""},
		{400, `{"message":{"title":["can't be blank","is too short"],"a":[]}}`, fail.Invalid, "title: can't be blank; is too short", ""},
		{400, `{"errorMessages":[],"errors":{"summary":"is required","a":"b"}}`, fail.Invalid, "400 Bad Request: a: b; summary: is required", ""},
		{400, `{"errorMessages":["x"],"errors":{}}`, fail.Invalid, "400 Bad Request: x", ""},
		{422, `{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"},{"resource":"Pull","code":"custom","message":"none"}]}`,
			fail.Invalid, "Validation Failed; Issue.title: missing_field; Pull: none", ""},
		{422, `{"message":"no","errors":["no"]}`, fail.Invalid, "422 Unprocessable Entity: no", ""},
		{400, `{"errors":[{"message":"Entity not found","path":["x"],"extensions":{"code":"INPUT_ERROR","x":{"y":1}}}]}`, fail.Invalid, "400 Bad Request: Entity not found (INPUT_ERROR)", ""},
		{400, `{"errors":[{"message":"a","extensions":{"code":7}},{"message":["b"]}]}`, fail.Invalid, "a; message: b", ""},
		{400, `{"message":{"` + canary + `":["` + canary + ` x"]},"errors":{"\u001b[2J\n":"` + canary + `"}}`, fail.Invalid, "400 Bad Request: ", ""},
		{400, `{"message":` + strings.Repeat(`{"a":`, 50) + `"deep"` + strings.Repeat("}", 50) + `}`, fail.Invalid, "400 Bad Request", ""},
		{400, `{"message":{"k":["x"],"z":7},"errors":[null,7,[],{},true]}`, fail.Invalid, "400 Bad Request: k: x", ""},
		{409, `{}`, fail.Conflict, "409", ""},
		{413, `{}`, fail.TooLarge, "413", ""},
		{429, `{}`, fail.Busy, "429", ""},
		{500, `{"message":"see https://h.example/x?private_token=` + canary + `#y now"}`, fail.Unavailable, "https://h.example/x", ""},
		{501, `{}`, fail.Unsupported, "501", ""},
		{504, `{}`, fail.Timeout, "504", ""},
		{500, `{"message":"a\u001b[2Jb\nc\u202e` + strings.Repeat("x", 5000) + `"}`, fail.Unavailable, "a\\", ""},
		{500, `<html>Bearer ` + canary + `</html>`, fail.Unavailable, "fake answered 500 Internal Server Error", ""},
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { answer(w, test.status, test.body) })
		c, _ := open(t, s.URL, nil)
		_, err := get(t, c)
		if err != nil {
			err = errors.New(strings.ReplaceAll(err.Error(), "?…", "")) // the mark of a cut
		}
		_, again := get(t, c)
		f := fail.From(again)
		if f.Code != test.code || !strings.Contains(f.What, test.what) || !strings.Contains(f.Next, test.next) || len(f.What) > 300 {
			t.Errorf("%d: %s", test.status, fail.Show(f))
		}
		if strings.Contains(err.Error()+fail.Show(f), canary) || strings.ContainsAny(f.What, "\x1b\n\u202e") {
			t.Errorf("%d: %s", test.status, fail.Show(f))
		}
		if Status(again) != test.status {
			t.Errorf("Status = %d, want %d", Status(again), test.status)
		}
	}
}

func TestUnreachable(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	s.Close()
	c, clk := open(t, s.URL, nil)
	_, err := get(t, c)
	if f := want(t, err, fail.Unavailable); !strings.Contains(f.What, "does not accept connections") || len(clk.slept) != maxRetries {
		t.Errorf("%s; slept %v", f.What, clk.slept)
	}
}

// TestRetries is HT-01: what is repeated, when, and how often.
func TestRetries(t *testing.T) {
	type step struct {
		status int
		retry  string
	}
	date := newClock().Now().Add(3 * time.Second).Format(http.TimeFormat)
	for name, test := range map[string]struct {
		steps []step // the last one goes on
		least []time.Duration
		code  fail.Code // "" for none
		after time.Duration
	}{
		"429 then 200":   {[]step{{429, "2"}, {200, ""}}, []time.Duration{2 * time.Second}, "", 0},
		"a date":         {[]step{{503, date}, {200, ""}}, []time.Duration{3 * time.Second}, "", 0},
		"backoff":        {[]step{{502, ""}, {503, ""}, {504, ""}, {200, ""}}, []time.Duration{125 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond}, "", 0},
		"too often":      {[]step{{503, ""}}, []time.Duration{1, 1, 1}, fail.Unavailable, 0},
		"too long":       {[]step{{429, "90"}}, nil, fail.Busy, 90 * time.Second},
		"far too long":   {[]step{{429, "99999999999999999"}}, nil, fail.Busy, time.Hour},
		"beyond numbers": {[]step{{429, "99999999999999999999999"}, {200, ""}}, []time.Duration{1}, "", 0},
		"negative":       {[]step{{429, "-5"}, {200, ""}}, []time.Duration{1}, "", 0},
		"500":            {[]step{{500, ""}}, nil, fail.Unavailable, 0},
		"404":            {[]step{{404, ""}}, nil, fail.NotFound, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				st := test.steps[min(int(n.Add(1)), len(test.steps))-1]
				if st.retry != "" {
					w.Header().Set("Retry-After", st.retry)
				}
				answer(w, st.status, `{"items":[]}`)
			})
			c, clk := open(t, s.URL, nil)
			_, err := get(t, c)
			if test.code == "" && err != nil {
				t.Fatal(err)
			}
			if test.code != "" {
				if f := want(t, err, test.code); f.Retry != test.after {
					t.Errorf("retry after %v, want %v", f.Retry, test.after)
				}
			}
			if len(clk.slept) != len(test.least) || int(n.Load()) != len(test.least)+1 {
				t.Fatalf("slept %v and sent %d", clk.slept, n.Load())
			}
			for i, d := range clk.slept {
				if d < test.least[i] || d > test.least[i]*4+2*time.Second {
					t.Errorf("wait %d was %v, want %v or a bit more", i, d, test.least[i])
				}
			}
		})
	}
}

// TestWrites is HT-04: a write is sent once, and a lost answer is said to be one.
func TestWrites(t *testing.T) {
	drop := func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }
	status := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { answer(w, n, `{}`) }
	}
	for name, test := range map[string]struct {
		serve http.HandlerFunc
		code  fail.Code
	}{
		"dropped": {drop, fail.UnknownOutcome}, "503": {status(503), fail.UnknownOutcome}, "502": {status(502), fail.UnknownOutcome},
		"cut":   {func(w http.ResponseWriter, r *http.Request) { answer(w, 201, `{"name":`) }, fail.UnknownOutcome},
		"wrong": {func(w http.ResponseWriter, r *http.Request) { answer(w, 201, `{"name":3}`) }, fail.UnknownOutcome},
		"429":   {status(429), fail.Busy}, "400": {status(400), fail.Invalid}, "401": {status(401), fail.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				n.Add(1)
				io.Copy(io.Discard, r.Body)
				test.serve(w, r)
			})
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
				n.Store(0)
				c, _ := open(t, s.URL, nil)
				_, _, err := Do[thing](t.Context(), c, Request{Method: method, Path: "/x", Body: JSON(thing{Name: "n"})})
				want(t, err, test.code)
				if n.Load() != 1 {
					t.Errorf("%s was sent %d times", method, n.Load())
				}
			}
		})
	}
	// Nobody was reached: nothing has happened.
	s := serve(t, drop)
	s.Close()
	c, _ := open(t, s.URL, nil)
	_, _, err := Do[thing](t.Context(), c, Request{Method: "POST", Body: JSON(1)})
	want(t, err, fail.Unavailable)

	// A POST that only reads is repeated, with its body.
	var n atomic.Int32
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if n.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		answer(w, 200, fmt.Sprintf(`{"name":%q,"items":[]}`, body))
	})
	c, _ = open(t, s.URL, nil)
	v, _, err := Do[thing](t.Context(), c, Request{Method: "POST", Body: JSON("q"), Want: Want{Repeatable: true}})
	if err != nil || v.Name != `"q"` {
		t.Errorf("%+v, %v", v, err)
	}
}
