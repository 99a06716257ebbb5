// Package fail holds the errors that a model, or the person behind it, can act on.
//
// Back ends say what happened (Errorf), tools say what to do next (Hint), and Show
// renders both in the form that cleat promises its readers: the code and what
// happened on the first line, then why, then "next: …", then "retry: …".
// Any other error is a fault of ours or of the world; From turns it into an
// Internal failure whose chain only the log sees.
package fail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Code is the stable name of a kind of failure.
type Code string

// The codes. No others exist; clients and tests rely on their spelling.
const (
	Invalid        Code = "invalid"         // the arguments are wrong; other arguments would work
	NotFound       Code = "not_found"       // what was named does not exist
	Denied         Code = "denied"          // policy, scope or trust forbids it
	Unsupported    Code = "unsupported"     // this source or build cannot do it
	Unavailable    Code = "unavailable"     // a back end or a program is not there
	Timeout        Code = "timeout"         // the deadline ended the work
	TooLarge       Code = "too_large"       // a limit on size was met
	Busy           Code = "busy"            // too much in flight; the same call may pass later
	Conflict       Code = "conflict"        // something changed underneath
	UnknownOutcome Code = "unknown_outcome" // a write may or may not have happened
	Internal       Code = "internal"        // a fault of cleat's
)

// An Error is a failure with a code, what happened, why, and what to do next.
// What, Why and Next are single lines of plain text without secrets.
type Error struct {
	Code  Code
	What  string
	Why   string        // optional
	Next  string        // optional; names only tools and arguments that exist
	Retry time.Duration // > 0: the same call may succeed after this long; 0: it will not
	err   error
}

// Errorf returns an Error with the given code. A %w operand is kept for errors.Is
// and errors.As, and its text is part of What. It and the methods that add to an Error are
// called at a thousand places: copies of them in each would be 0.16 MB of the binary.
//
//go:noinline
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, What: err.Error(), err: errors.Unwrap(err)}
}

// Because returns e with the reason set.
//
//go:noinline
func (e *Error) Because(format string, args ...any) *Error {
	c := *e
	c.Why = fmt.Sprintf(format, args...)
	return &c
}

// Then returns e with the next step set.
//
//go:noinline
func (e *Error) Then(format string, args ...any) *Error {
	c := *e
	c.Next = fmt.Sprintf(format, args...)
	return &c
}

// After returns e marked as worth repeating after d.
//
//go:noinline
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.Retry = d
	return &c
}

// Error returns what happened, on one line, for logs and for wrapping.
func (e *Error) Error() string { return string(e.Code) + ": " + e.What }

// Unwrap returns the error that Errorf was given with %w.
func (e *Error) Unwrap() error { return e.err }

// Hint adds the next step to err, unless it already has one. A nil err stays nil.
// An error that is not an Error passes unchanged: what to do about a fault of ours
// is not for a tool to say.
func Hint(err error, next string) error {
	var e *Error
	if !errors.As(err, &e) || e.Next != "" {
		return err
	}
	return e.Then("%s", next)
}

// From returns err as an Error. Deadlines and cancellations become Timeout; what is
// not an Error becomes Internal, without its text: the text may quote anything.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{Code: Timeout, What: "the time limit ended the call", err: err,
			Next: "narrow the call, or raise timeout_ms where the tool has it"}
	}
	if errors.Is(err, context.Canceled) {
		return &Error{Code: Timeout, What: "the call was canceled", err: err}
	}
	return &Error{Code: Internal, What: "internal error", err: err,
		Next: "tell the user to look in cleat's log (stderr) and audit log"}
}

// WhyEnded says in a few words why ctx has ended, for an answer that is only a part of
// what was asked: "deadline of 200ms", counted from began, or "the call was canceled". A
// ctx that has not ended yet is taken for one whose deadline is about to come.
func WhyEnded(ctx context.Context, began time.Time) string {
	end, ok := ctx.Deadline()
	if err := ctx.Err(); !ok || err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return "the call was canceled"
	}
	if d := end.Sub(began).Round(time.Millisecond); d > 0 {
		return "deadline of " + d.String()
	}
	return "deadline"
}

// Show renders err for the model; see the package comment for the form. A next step
// and the retry line are always there.
func Show(err error) string {
	e := From(err)
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", e.Code, e.What)
	if e.Why != "" {
		// Others' words must not look like a line of ours.
		if begins(e.Why, "next:", "retry:", "cursor:", "note:") {
			b.WriteString("it says: ")
		}
		b.WriteString(e.Why + "\n")
	}
	next := e.Next
	if next == "" {
		next = defaultNext(e.Code)
	}
	fmt.Fprintf(&b, "next: %s\n", next)
	if e.Retry > 0 {
		fmt.Fprintf(&b, "retry: after %s", e.Retry.Round(time.Second).String())
	} else {
		b.WriteString("retry: no")
	}
	return b.String()
}

// begins reports whether s begins with one of the words, whatever their case and the space
// before them.
func begins(s string, words ...string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, w := range words {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}

// defaultNext is the next step of an error whose author gave none.
func defaultNext(c Code) string {
	switch c {
	case Invalid:
		return "correct the argument named above and call again"
	case NotFound:
		return "check the name, or look for it with find"
	case Denied:
		return "ask the user; `cleat policy show` lists the rules"
	case Unsupported:
		return "use another tool or source; status lists them"
	case Unavailable, Busy:
		return "try again later; status shows the sources' health"
	case Timeout:
		return "narrow the call"
	case TooLarge:
		return "ask for a smaller part"
	case Conflict:
		return "read it again, then repeat the call"
	case UnknownOutcome:
		return "check whether it happened before repeating it"
	}
	return "tell the user to look in cleat's audit log"
}
