package rest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"cleat/internal/fail"
)

// TestBreaker is HT-03.
func TestBreaker(t *testing.T) {
	var n atomic.Int32
	var down atomic.Bool
	down.Store(true)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		if down.Load() {
			answer(w, 503, `{}`)
			return
		}
		answer(w, 200, `{"items":[]}`)
	})
	c, clk := open(t, s.URL, nil)
	other, _ := open(t, s.URL, nil)
	for range 2 {
		_, err := get(t, c)
		want(t, err, fail.Unavailable)
	}
	if n.Load() != breakAfter {
		t.Errorf("%d requests before the breaker opened, want %d", n.Load(), breakAfter)
	}
	wait := time.Duration(0)
	for range 8 { // it fails fast, for longer and longer
		before := n.Load()
		_, err := get(t, c)
		f := want(t, err, fail.Unavailable)
		if n.Load() != before || f.Retry < wait || f.Retry > longestRest || !strings.Contains(f.Why, "503") {
			t.Fatalf("sent %d; %s", n.Load()-before, fail.Show(f))
		}
		wait = f.Retry
		clk.sleep(t.Context(), wait)
		_, err = get(t, c) // one probe
		want(t, err, fail.Unavailable)
		if n.Load() != before+1 {
			t.Fatalf("%d probes", n.Load()-before)
		}
	}
	if wait != longestRest {
		t.Errorf("the longest rest is %v", wait)
	}
	down.Store(false)
	if _, err := get(t, other); err != nil {
		t.Errorf("another client is affected: %v", err)
	}
	clk.sleep(t.Context(), longestRest)
	for range 3 {
		if _, err := get(t, c); err != nil {
			t.Errorf("it recovered, but: %v", err)
		}
	}
}

func TestRateBudget(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		headers map[string]string
		wait    time.Duration
	}{
		"epoch":     {200, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(newClock().Now().Unix() + 40)}, 40 * time.Second},
		"seconds":   {200, map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": "30"}, 30 * time.Second},
		"forbidden": {403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(newClock().Now().Unix() + 40)}, 40 * time.Second},
		"forever":   {200, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9223372036854775807"}, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				n.Add(1)
				if r.URL.Path == "/free" {
					answer(w, 200, `{"items":[]}`)
					return
				}
				for k, v := range test.headers {
					w.Header().Set(k, v)
				}
				answer(w, test.status, `{"items":[]}`)
			})
			c, clk := open(t, s.URL, func(o *Options) { o.Bucket = func(r *http.Request) string { return r.URL.Path } })
			_, err := get(t, c)
			if test.status == 200 && err != nil {
				t.Fatal(err)
			}
			if test.status == 403 {
				want(t, err, fail.Busy)
			}
			_, err = get(t, c)
			if f := want(t, err, fail.Busy); f.Retry != test.wait || n.Load() != 1 {
				t.Errorf("retry after %v, want %v; %d requests", f.Retry, test.wait, n.Load())
			}
			if _, _, err := GetJSON[thing](t.Context(), c, "/free", nil); err != nil {
				t.Errorf("another bucket: %v", err)
			}
			clk.sleep(t.Context(), test.wait)
			if _, _ = get(t, c); n.Load() != 3 {
				t.Errorf("%d requests after the wait", n.Load())
			}
		})
	}
}

func TestInFlight(t *testing.T) {
	var now, most atomic.Int32
	entered, gate := make(chan struct{}, 6), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		entered <- struct{}{}
		<-gate
		answer(w, 200, `{"items":[]}`)
	})
	c, _ := open(t, s.URL, func(o *Options) { o.InFlight = 2 })
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, _, err := GetJSON[thing](t.Context(), c, "", nil); err != nil {
				t.Error(err)
			}
		})
	}
	<-entered
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := GetJSON[thing](ctx, c, "", nil); fail.From(err).Code != fail.Timeout {
		t.Errorf("with no room: %v", err)
	}
	close(gate)
	wg.Wait()
	if most.Load() != 2 {
		t.Errorf("%d at once, want 2", most.Load())
	}
}

// FuzzMessage: whatever an error's body says, what is told of it is one short line of text
// without the token, and the same each time.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{`{"message":{"base":["a"]}}`, `{"errors":[{"message":"a","extensions":{"code":"b"}}]}`, `{"errorMessages":["a"],"errors":{"b":"` + canary + `"}}`,
		`{"message":"a","errors":[{"resource":"r","field":"f","code":"c"}]}`, `{"error":{"a":[{"b":{"c":["d"]}}]}}`, `[]`, `{"message":"\u202e\u001b"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, _ := open(t, "https://fake.example", nil)
		c.token = canary
		h := http.Header{"Content-Type": {"application/json"}}
		got := c.message(h, data)
		if len(got) > maxMessage+len("…") || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x1b\u202e") || strings.Contains(got, canary) {
			t.Errorf("%q", got)
		}
		if again := c.message(h, data); again != got {
			t.Errorf("%q, then %q", got, again)
		}
	})
}
