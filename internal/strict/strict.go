// Package strict checks that JSON text has one meaning only, before anything acts on it.
//
// Decoders disagree about objects that name a key twice: the first value wins for
// some, the last for others, and encoding/json takes "Path" and "path" for the same
// struct field. What policy read must be what is executed and what the audit log
// shows, so such text is refused as a whole.
package strict

import "fmt"

// A Kind says why text was refused.
type Kind int

// The kinds. Syntax outranks the others: text that is both ambiguous and not JSON is
// reported as not JSON.
const (
	Syntax    Kind = iota + 1 // not one JSON value in UTF-8
	Depth                     // nested deeper than allowed
	Duplicate                 // an object has a key twice, or in two spellings of case
)

// String returns the name of k in lower case.
func (k Kind) String() string {
	switch k {
	case Syntax:
		return "syntax"
	case Depth:
		return "depth"
	case Duplicate:
		return "duplicate"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// An Error is the reason why Check refused a text.
type Error struct {
	Kind   Kind
	Offset int    // of the first offending byte; of the second key for Duplicate
	Key    string // the second key, unescaped, for Duplicate; may be of any length
	what   string
}

// Error says what is wrong and where. It quotes at most the first 64 bytes of a key
// and nothing else of the text.
func (e *Error) Error() string {
	if e.Kind == Duplicate {
		return fmt.Sprintf("key %.64q at byte %d repeats a key of the same object (case is ignored)", e.Key, e.Offset)
	}
	return fmt.Sprintf("%s at byte %d", e.what, e.Offset)
}

// Check reports whether data is exactly one JSON value, with white space around it at
// most, that nests no deeper than maxDepth and in which no object has two keys that
// are equal after unescaping and simple Unicode case folding, the comparison by which
// encoding/json finds struct fields. A scalar has depth 0 and [] has depth 1. The
// error, if any, is an *Error.
//
// Strings must be valid UTF-8, as RFC 8259 requires of text that is exchanged; bytes
// that are not are a Syntax error. Escaped lone surrogates are allowed; they all count
// as U+FFFD when keys are compared, which is how encoding/json decodes them.
//
// Time is linear in len(data), which must be below 4 GiB. Memory is about 24 bytes for
// each key of the objects that are open at one time, and one bit for each level of
// nesting.
func Check(data []byte, maxDepth int) error {
	c := checker{data: data, maxDepth: maxDepth}
	if err := c.run(); err != nil {
		return err
	}
	if c.first != nil {
		return c.first
	}
	return nil
}
