package rest

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
)

// longestWait bounds what a service may say of the time until it can be asked again.
const longestWait = time.Hour

// A budget remembers which rate limits are used up. Its zero value knows of none.
type budget struct {
	mu    sync.Mutex
	until map[string]time.Time // by bucket; only those that are used up
}

// allow fails with fail.Busy while the bucket is used up.
func (b *budget) allow(name, bucket string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	until, ok := b.until[bucket]
	if !ok {
		return nil
	}
	wait := until.Sub(now)
	if wait <= 0 {
		delete(b.until, bucket)
		return nil
	}
	return rateLimited(name, wait)
}

func rateLimited(name string, wait time.Duration) error {
	e := fail.Errorf(fail.Busy, "the rate limit of %s is used up", name)
	if wait <= 0 {
		return e.Then("try again later")
	}
	wait = max(wait, time.Second)
	return e.Then("call again after %s", wait.Round(time.Second)).After(wait)
}

// note reads the headers of an answer and returns how long the service wants to be left
// alone, 0 if it does not say.
func (b *budget) note(bucket string, h http.Header, now time.Time) time.Duration {
	left, ok := number(h, "X-RateLimit-Remaining", "RateLimit-Remaining", "X-Rate-Limit-Remaining")
	if !ok || left > 0 {
		return 0
	}
	wait := resetAfter(h, now)
	if wait <= 0 {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until == nil {
		b.until = map[string]time.Time{}
	}
	b.until[bucket] = now.Add(wait)
	return wait
}

// resetAfter reads when a limit begins anew: seconds from now, or since 1970.
func resetAfter(h http.Header, now time.Time) time.Duration {
	n, ok := number(h, "X-RateLimit-Reset", "RateLimit-Reset", "X-Rate-Limit-Reset")
	if !ok || n <= 0 {
		return 0
	}
	if n < 1e9 {
		return min(time.Duration(min(n, 1e6))*time.Second, longestWait)
	}
	return min(time.Unix(min(n, 1<<40), 0).Sub(now), longestWait)
}

// number returns the first of the headers that is a whole number.
func number(h http.Header, names ...string) (int64, bool) {
	for _, name := range names {
		if n, err := strconv.ParseInt(strings.TrimSpace(h.Get(name)), 10, 64); err == nil {
			return n, true
		}
	}
	return 0, false
}

// retryAfter reads Retry-After, seconds or a date; 0 if there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	if s == "" {
		return 0
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return max(0, min(time.Duration(min(n, 1e6))*time.Second, longestWait))
	}
	t, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	return max(0, min(t.Sub(now), longestWait))
}
