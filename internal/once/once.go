// Package once keeps a write from being done twice: a caller that repeats a call with the
// same idempotency key gets the result of the first one.
//
// What is kept of a key is one file in the state folder of the repository: when the write
// began, a keyed digest of its request, and its result. It is durable before the write
// begins, so that after a crash it is known that the write may have happened. The file is
// also the lock under which the write runs; any number of processes may share the folder.
package once

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/lockfile"
)

// Limits of what is kept.
const (
	MaxKey     = 128                // characters of a key
	MaxResult  = 64 << 10           // bytes of a result; of a longer one only the fact is kept
	MaxEntries = 1000               // keys; the oldest finished ones make room
	Life       = 7 * 24 * time.Hour // of a key, from when its write began
)

// ErrUnrecorded is in the chain of Do's error when f has succeeded, but that could not be
// recorded: the result is valid, and the same key will from then on fail with
// fail.UnknownOutcome.
var ErrUnrecorded = errors.New("it was done, but that could not be recorded for a repetition")

// Keys are the idempotency keys of a repository. They are safe for concurrent use, also
// by several processes.
type Keys struct {
	state func() (*os.Root, error)
	now   func() time.Time

	mu    sync.Mutex
	swept time.Time // when expired entries were last removed, zero if never
}

// Open returns the keys kept in the state folder that state opens; it touches nothing
// before the first Do, and does not close the folder. now is the clock.
func Open(state func() (*os.Root, error), now func() time.Time) *Keys {
	return &Keys{state: state, now: now}
}

// Do runs f, unless it was run before with this key and request: then it returns the
// result of that time, and repeated is true. A result of more than MaxResult bytes is not
// kept; repeated is then true and the result nil, where an empty one is not nil. request
// must hold all that the write depends on, the name of the tool too. Only a digest of it is
// kept, but the result is kept as it is, so it must be free of secrets: redacted, if it
// comes from elsewhere.
//
// If f fails with fail.UnknownOutcome, or the process ends while it runs, the key fails
// with fail.UnknownOutcome from then on: f must return that error wherever it does not
// know. Any other error of f is returned as it is and frees the key.
//
// While another call runs with the same key, Do waits for it, and fails with fail.Busy when
// ctx ends first. It fails without running f with fail.Invalid for a key that is not 1 to
// MaxKey printable characters, fail.Conflict for a key that was used for another request,
// fail.Unavailable where nothing can be kept, fail.Busy where too many keys are without an
// end, and context.Cause(ctx). See ErrUnrecorded for the one error that comes with a result.
func (k *Keys) Do(ctx context.Context, key string, request []byte, f func() (result []byte, err error)) (result []byte, repeated bool, err error) {
	if err := checkKey(key); err != nil {
		return nil, false, err
	}
	dir, err := k.folder()
	if err != nil {
		return nil, false, unusable(err)
	}
	defer dir.Close()
	e, err := openEntry(ctx, dir, fileName(key))
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, false, busy(ctx, "another call with this idempotency_key is under way")
	}
	if err != nil {
		return nil, false, unusable(err)
	}
	defer e.close()
	if result, known, err := k.recall(e, key, request); known || err != nil {
		return result, known, err
	}
	if err := k.begin(ctx, dir, e, key, request); err != nil {
		return nil, false, e.freeAfter(err)
	}
	result, err = f()
	switch {
	case isUnknown(err):
		return nil, false, err
	case err != nil:
		return nil, false, e.freeAfter(err)
	}
	if err := e.finish(k.now(), result); err != nil {
		return result, false, fmt.Errorf("%w: %w", ErrUnrecorded, err)
	}
	return result, false, nil
}

// recall returns what is known of the key; known is false if it is free.
func (k *Keys) recall(e *entry, key string, request []byte) (result []byte, known bool, err error) {
	r, err := e.read()
	switch {
	case err != nil:
		return nil, false, unusable(err)
	case r.state == free || k.expired(r.Began):
		return nil, false, nil
	case r.state == damaged:
		return nil, false, fail.Errorf(fail.UnknownOutcome, "a call with this idempotency_key was made, and its record is damaged").
			Then("check whether it happened, and repeat it with a new idempotency_key only if it did not")
	case !r.matches(key, request):
		return nil, false, fail.Errorf(fail.Conflict, "this idempotency_key was used for another request at %s", stamp(r.Began)).
			Then("use a new idempotency_key for a new request, and the same one only to repeat a call unchanged")
	case r.state == begun:
		return nil, false, fail.Errorf(fail.UnknownOutcome, "a call with this idempotency_key began at %s and its end was not recorded", stamp(r.Began)).
			Because("cleat ended in between, or the other side did not answer").
			Then("check whether it happened, and repeat it with a new idempotency_key only if it did not")
	}
	return r.Result, true, nil
}

// begin makes room for the key, and records durably that its write begins.
func (k *Keys) begin(ctx context.Context, dir *os.Root, e *entry, key string, request []byte) error {
	// One at a time, so that the number of entries is kept to.
	lock, err := openLock(ctx, dir, lockName)
	if errors.Is(err, lockfile.ErrHeld) {
		return busy(ctx, "another process holds the idempotency keys")
	}
	if err != nil {
		return unusable(err)
	}
	defer lock.close()
	if err := k.makeRoom(dir, e.name); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := e.begin(k.now(), key, request); err != nil {
		return unusable(err)
	}
	if err := syncDir(dir); err != nil {
		return unusable(err)
	}
	return nil
}

// expired reports whether what began at t is to be forgotten. What began in the future is
// not: a clock was wrong.
func (k *Keys) expired(t time.Time) bool { return k.now().Sub(t) > Life }

func checkKey(key string) error {
	printable := utf8.ValidString(key)
	for _, r := range key {
		printable = printable && unicode.IsPrint(r)
	}
	if n := utf8.RuneCountInString(key); n < 1 || n > MaxKey || !printable {
		return fail.Errorf(fail.Invalid, "idempotency_key must be 1 to %d printable characters", MaxKey).
			Then("use a short random word that is new for each request")
	}
	return nil
}

func isUnknown(err error) bool {
	e, ok := errors.AsType[*fail.Error](err)
	return ok && e.Code == fail.UnknownOutcome
}

func busy(ctx context.Context, what string) error {
	return fail.Errorf(fail.Busy, "%s: %w", what, context.Cause(ctx)).
		Then("repeat the call unchanged to get its result").After(2 * time.Second)
}

func unusable(err error) error {
	if _, ok := errors.AsType[*fail.Error](err); ok {
		return err
	}
	return fail.Errorf(fail.Unavailable, "idempotency_key cannot be kept: %w", err).
		Because("nothing was done, since a repetition could not be told").
		Then("tell the user that cleat's state folder cannot be written to, or call without idempotency_key")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
