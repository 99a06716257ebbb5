package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/strict"
	"cleat/internal/text"
)

const (
	maxErrorBody = 64 << 10 // of an answer that says what went wrong
	maxMessage   = 200      // bytes of what is told of it
	maxDepth     = 200      // of nested JSON
)

// A StatusError is a status that is no success. Message is what the service says, one
// cleaned and redacted line, or "".
type StatusError struct {
	Status    int
	Message   string
	Elsewhere bool // another host said so, which the service had sent a download to
}

// Error returns the status, its name and the message.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		s += ": " + e.Message
	}
	return strings.TrimSpace(s)
}

// Status returns the status that err is about, 0 if it is about none.
func Status(err error) int {
	var e *StatusError
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// Elsewhere reports whether err is about a status of another host, which the service had sent
// a download to.
func Elsewhere(err error) bool {
	var e *StatusError
	return errors.As(err, &e) && e.Elsewhere
}

// Wrap returns err as what callers may see: the *fail.Error in it; the cause of a context
// that ended; "unexpected response" for what an SDK could not decode. The text of any
// other error, which may hold a URL, is left to the chain that only the log sees.
func (c *Client) Wrap(err error) error {
	if err == nil {
		return nil
	}
	var f *fail.Error
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &syntax), errors.As(err, &typ), errors.Is(err, io.ErrUnexpectedEOF):
		return c.unexpected(0, nil, jsonProblem(err))
	}
	return &opaque{c.name + ": the request failed", err}
}

// An opaque error has a chain that its text does not tell.
type opaque struct {
	what string
	err  error
}

func (e *opaque) Error() string { return e.what }
func (e *opaque) Unwrap() error { return e.err }

// unexpected is an answer that is not what the service answers. what must not quote it.
func (c *Client) unexpected(status int, h http.Header, what string) *fail.Error {
	said := ""
	if status > 0 {
		said = fmt.Sprintf(" (status %d, %s)", status, typeOf(h))
	}
	return fail.Errorf(fail.Unavailable, "unexpected response of %s%s: %s", c.name, said, what).
		Then("tell the user to check the keys url and token of this source: a proxy or a login page may have answered")
}

// doubt makes of an answer that cannot be used the error of a write that may have happened.
func (c *Client) doubt(method string, repeatable bool, e *fail.Error) *fail.Error {
	if repeatable || reads(method) {
		return e
	}
	return fail.Errorf(fail.UnknownOutcome, "it is not known whether %s did what was asked: %w", c.name, e).
		Then("check whether it happened before repeating it")
}

func reads(method string) bool {
	return method == "" || method == http.MethodGet || method == http.MethodHead
}

// typeOf names the content type of an answer.
func typeOf(h http.Header) string {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || len(t) > 80 {
		return "no content type"
	}
	return text.Line(t)
}

// jsonProblem says why JSON cannot be used, without quoting it.
func jsonProblem(err error) string {
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		what, _, _ := strings.Cut(typ.Value, " ") // a number's own digits may follow
		return fmt.Sprintf("its JSON has a %s where a %s belongs (%s)", what, typ.Type, typ.Field)
	}
	return "its JSON is cut off or broken"
}

// checkJSON says what is wrong with a body that should be JSON, "" if nothing is.
func checkJSON(data []byte) string {
	if len(bytes.TrimSpace(data)) == 0 {
		return "its body is empty"
	}
	err := strict.Check(data, maxDepth)
	var e *strict.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e) && e.Kind == strict.Duplicate:
		// Keys that differ in case alone are data: names of repositories, for one.
		if !repeats(data) {
			return ""
		}
		return "its JSON has a key twice"
	case errors.As(err, &e) && e.Kind == strict.Depth:
		return "its JSON is nested too deep"
	}
	return "its JSON is cut off or broken"
}

// repeats reports whether an object of data, which is JSON, has a key twice.
func repeats(data []byte) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	type level struct {
		keys map[string]bool // nil in an array
		key  bool            // a key comes next
	}
	var stack []level
	for {
		tok, err := d.Token()
		if err != nil {
			return !errors.Is(err, io.EOF)
		}
		if end, ok := tok.(json.Delim); ok && (end == '}' || end == ']') {
			stack = stack[:len(stack)-1]
			continue
		}
		if n := len(stack); n > 0 && stack[n-1].keys != nil {
			top := &stack[n-1]
			if top.key {
				key, _ := tok.(string)
				if top.keys[key] {
					return true
				}
				top.keys[key], top.key = true, false
				continue
			}
			top.key = true
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, level{map[string]bool{}, true})
		case json.Delim('['):
			stack = append(stack, level{})
		}
	}
}

// Clean returns what a service said as one short line that an error may hold: redacted,
// without URLs' queries, cleaned and cut.
func (c *Client) Clean(s string) string {
	if len(s) > maxErrorBody {
		s = s[:maxErrorBody]
	}
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token != "" {
		s = strings.ReplaceAll(s, token, "…")
	}
	s = string(c.host.Redact("", []byte(s)))
	s = withoutQueries(s)
	s = text.Line(strings.Join(strings.Fields(s), " "))
	if len(s) <= maxMessage {
		return s
	}
	n := maxMessage
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// withoutQueries cuts URLs in s at their user, query or fragment.
func withoutQueries(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		at := strings.Index(w, "://")
		if at < 0 {
			continue
		}
		if q := strings.IndexAny(w[at:], "?#"); q >= 0 {
			w = w[:at+q] + "?…"
		}
		if u := strings.LastIndexByte(w, '@'); u > at {
			w = w[:at+3] + "…" + w[u:]
		}
		words[i] = w
	}
	return strings.Join(words, " ")
}

// failure is the error of an answer whose status is no success. wait is how long the
// service wants to be left alone, 0 if it does not say.
func (c *Client) failure(status int, h http.Header, body []byte, wait time.Duration) *fail.Error {
	se := &StatusError{Status: status, Message: c.message(h, body)}
	said := func(code fail.Code) *fail.Error { return fail.Errorf(code, "%s answered %w", c.name, se) }
	switch {
	case status == http.StatusUnauthorized:
		e := said(fail.Denied)
		if c.config.Token == "" {
			return e.Then("tell the user that this source needs a token: the key token")
		}
		return e.Because("the token is wrong, expired or revoked").
			Then("tell the user to renew the token that the key token of this source refers to")
	case status == http.StatusForbidden && wait > 0, status == http.StatusTooManyRequests:
		e := said(fail.Busy)
		if wait > 0 {
			return e.Then("call again after %s", max(wait, time.Second).Round(time.Second)).After(max(wait, time.Second))
		}
		return e.Then("try again later")
	case status == http.StatusForbidden:
		return said(fail.Denied).Then("tell the user: the token of this source may lack a scope, or its owner the permission")
	case status == http.StatusProxyAuthRequired:
		return said(fail.Unavailable).Because("the proxy wants a login, which cleat has none for")
	case status == http.StatusNotFound, status == http.StatusGone:
		return said(fail.NotFound)
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return said(fail.Conflict)
	case status == http.StatusRequestEntityTooLarge:
		return said(fail.TooLarge)
	case status == http.StatusRequestTimeout, status == http.StatusGatewayTimeout:
		return said(fail.Timeout)
	case status == http.StatusNotImplemented, status == http.StatusMethodNotAllowed:
		return said(fail.Unsupported)
	case status >= 400 && status < 500:
		return said(fail.Invalid)
	case status >= 500 && status < 600:
		e := said(fail.Unavailable)
		if wait > 0 {
			e = e.After(max(wait, time.Second))
		}
		return e
	}
	return c.unexpected(status, h, "no answer to this request has that status")
}
