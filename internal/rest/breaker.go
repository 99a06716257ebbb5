package rest

import (
	"fmt"
	"sync"
	"time"

	"cleat/internal/fail"
)

const (
	breakAfter  = 5               // failures in a row
	firstBreak  = 2 * time.Second // doubles each time the probe fails
	longestRest = 2 * time.Minute
)

// A breaker stops asking a service that is down. Its zero value is closed.
type breaker struct {
	mu       sync.Mutex
	failures int           // in a row
	open     time.Duration // how long it opened last; 0 if it is closed
	until    time.Time     // when the next probe may go
	probing  bool
	last     string // what the last failure was
}

// An outcome is what an attempt says about the service.
type outcome int

const (
	neutral outcome = iota // nothing: it was canceled, or never sent
	healthy
	faulty
)

// enter asks to make an attempt. Every enter without error is followed by one leave,
// which gets probe back.
func (b *breaker) enter(name string, now time.Time) (probe bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open == 0 {
		return false, nil
	}
	wait := b.until.Sub(now)
	if wait <= 0 && !b.probing {
		b.probing = true
		return true, nil
	}
	wait = max(wait, time.Second)
	return false, fail.Errorf(fail.Unavailable, "%s failed %d times in a row and is left alone for a while", name, b.failures).
		Because("the last failure: %s", b.last).After(wait)
}

// rests reports whether nobody may make an attempt at the time.
func (b *breaker) rests(at time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open > 0 && b.until.After(at)
}

// leave says how the attempt went; what is said of it if it was faulty.
func (b *breaker) leave(probe bool, o outcome, what string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe {
		b.probing = false
	}
	switch o {
	case healthy:
		b.failures, b.open = 0, 0
	case faulty:
		b.failures++
		b.last = what
		switch {
		case probe:
			b.open = min(2*b.open, longestRest)
			b.until = now.Add(b.open)
		case b.open == 0 && b.failures >= breakAfter:
			b.open = firstBreak
			b.until = now.Add(b.open)
		}
	}
}

// state says in words what is known of the service; "" if nothing speaks against it.
func (b *breaker) state(now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures == 0 {
		return ""
	}
	s := fmt.Sprintf("failing: %s (%d in a row)", b.last, b.failures)
	if wait := b.until.Sub(now).Round(time.Second); b.open > 0 && wait > 0 {
		s += fmt.Sprintf(", left alone for %s", wait)
	}
	return s
}
