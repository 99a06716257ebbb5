// Package redact masks secrets in whatever leaves cleat: answers, errors, logs, the
// audit, outgoing text.
//
// Three things are looked for in one text: the secrets that cleat itself holds
// (Add), in the spellings that programs give them; credentials that are known by
// their shape or by the name, header or URL they stand in; and, in files that
// exist to hold secrets (SecretFile), every value that is not plainly harmless. Each
// becomes [redacted:KIND:HASH]. HASH is keyed, so that equal secrets look equal within a state folder and
// cannot be found by guessing without its key.
//
// A marker never adds or removes lines: a secret of several lines, such as a
// private key, becomes one marker followed by as many line feeds as it had. A text that
// was redacted stays as it is when it is redacted again.
//
// The rules are a net, not a wall: they prefer known prefixes and clear contexts to
// guessing, because an answer full of wrong markers is of no use. What they cannot
// know, a password in prose or a secret cut in two, passes.
package redact

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"cleat/internal/sorting"
)

// A Redactor masks secrets. All methods are safe for concurrent use. A nil Redactor
// is not valid.
type Redactor struct {
	key  []byte
	held atomic.Pointer[literals]

	mu     sync.Mutex // serializes Add
	values []string   // what Add was given, sorted
}

// New returns a Redactor whose hashes are made with key, which should be random and
// kept with the state folder. It copies key; an empty one is allowed, but lets short secrets be
// guessed from their hash.
func New(key []byte) *Redactor {
	r := &Redactor{key: bytes.Clone(key)}
	r.held.Store(&literals{})
	return r
}

// Text returns b with its secrets masked, or b itself if there is nothing to mask;
// b is never changed. name is the name or path of the file that b is from, or "";
// in a SecretFile the stricter rules hold.
func (r *Redactor) Text(name string, b []byte) []byte {
	s := view(b)
	found := r.find(name, s)
	if len(found) == 0 {
		return b
	}
	return r.render(nil, s, found, 0, len(s))
}

// String returns s with its secrets masked.
func (r *Redactor) String(s string) string {
	found := r.find("", s)
	if len(found) == 0 {
		return s
	}
	return string(r.render(nil, s, found, 0, len(s)))
}

// How much of what surrounds a part is looked at. A private key of 16384 bits is 13 kB.
const (
	lookBehind = 32 << 10
	lookAhead  = 16 << 10
)

// Part returns part with its secrets masked, as a piece of the text before + part +
// after: a private key that began before it, or a value whose name stands there, is
// masked too. It looks at the last 32 kB of before and the first 16 kB of after.
// Like Text it keeps the number of line feeds, and returns part itself if there is nothing to mask.
func (r *Redactor) Part(name string, before, part, after []byte) []byte {
	if n := len(before) - lookBehind; n > 0 {
		before = before[n:]
	}
	if len(after) > lookAhead {
		after = after[:lookAhead]
	}
	if len(before)+len(after) == 0 {
		return r.Text(name, part)
	}
	s := view(slices.Concat(before, part, after))
	lo := len(before)
	hi := lo + len(part)
	found := slices.DeleteFunc(r.find(name, s), func(sp span) bool { return sp.end <= lo || sp.start >= hi })
	if len(found) == 0 {
		return part
	}
	return r.render(nil, s, found, lo, hi)
}

// view returns b as a string without a copy. The string must not outlive the call
// that was given b.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// A span is a secret within a text.
type span struct {
	start, end int
	kind       string
	secret     string // what is hashed; "" means the text of the span
}

// find returns the secrets of s, sorted and without overlaps.
func (r *Redactor) find(name, s string) []span {
	found := r.held.Load().find(nil, s)
	found = scan(found, s, configFile(name))
	if st := styleOf(name); st != styleNone {
		found = strict(found, st, name, s)
	}
	if len(found) < 2 {
		return found
	}
	sorting.Sort(found, func(a, b span) int {
		return cmp.Or(a.start-b.start, b.end-a.end)
	})
	out := found[:1]
	for _, sp := range found[1:] {
		last := &out[len(out)-1]
		switch {
		case sp.start >= last.end:
			out = append(out, sp)
		case sp.end > last.end: // they overlap: mask both as one
			last.end, last.secret = sp.end, ""
		}
	}
	return out
}

// render appends s[lo:hi] to b with the spans replaced by their markers.
func (r *Redactor) render(b []byte, s string, found []span, lo, hi int) []byte {
	if b == nil {
		b = make([]byte, 0, hi-lo+40*min(len(found), 100))
	}
	for _, sp := range found {
		start, end := max(sp.start, lo), min(sp.end, hi)
		b = append(b, s[lo:start]...)
		secret := sp.secret
		if secret == "" {
			secret = s[sp.start:sp.end]
		}
		b = r.appendMarker(b, sp.kind, secret)
		for range strings.Count(s[start:end], "\n") {
			b = append(b, '\n')
		}
		lo = end
	}
	return append(b, s[lo:hi]...)
}

// markerStart opens every marker.
const markerStart = "[redacted:"

// appendMarker appends the marker of one secret.
func (r *Redactor) appendMarker(b []byte, kind, secret string) []byte {
	h := hmac.New(sha256.New, r.key)
	h.Write([]byte(secret)) // never fails
	b = append(b, markerStart...)
	b = append(b, kind...)
	b = append(b, ':')
	b = hex.AppendEncode(b, h.Sum(nil)[:3])
	return append(b, ']')
}

// markerAt returns the length of the marker that s begins with, or 0.
func markerAt(s string) int {
	if !strings.HasPrefix(s, markerStart) {
		return 0
	}
	i := len(markerStart)
	for i < len(s) && (s[i] == '-' || 'a' <= s[i] && s[i] <= 'z') {
		i++
	}
	if i == len(markerStart) || len(s) < i+8 || s[i] != ':' || s[i+7] != ']' {
		return 0
	}
	for _, c := range []byte(s[i+1 : i+7]) {
		if !isHex(c) {
			return 0
		}
	}
	return i + 8
}
