package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"cleat/internal/fail"
)

// A Want says what a request expects of its answer. The zero value is the default: JSON,
// DefaultMaxBody, the timeout of the configuration.
type Want struct {
	// Types are the content types that are accepted, without parameters; JSON
	// (application/json and application/*+json) if empty. "*" accepts any, or none.
	Types []string

	MaxBody int64         // bytes after decompression
	Timeout time.Duration // of the whole request with its retries and its body

	// Repeatable says of a POST that it only reads, so that it may be sent again and a
	// lost answer leaves nothing in doubt.
	Repeatable bool

	// Empty says that an answer without a body (204) is what is expected.
	Empty bool
}

// Context returns a context whose requests through Client.HTTP expect w.
func (w Want) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, wantKey{}, call{Want: w})
}

type wantKey struct{}

// A call is what a request's context says about it.
type call struct {
	Want
	stream bool // the body is read by the caller
}

func (c *Client) callOf(ctx context.Context) call {
	w, _ := ctx.Value(wantKey{}).(call)
	if w.MaxBody <= 0 {
		w.MaxBody = DefaultMaxBody
	}
	if w.Timeout <= 0 {
		w.Timeout = c.config.Timeout
	}
	return w
}

// A Request is one request below the client's URL. The zero value is GET of the URL.
type Request struct {
	Method string     // GET if empty
	Path   string     // escaped, beginning with a slash; see Path
	Query  url.Values // may hold anything
	Header http.Header
	Body   json.Marshaler // sent as JSON if not nil; see JSON
	Want
}

// JSON returns v as the body of a Request.
func JSON[T any](v T) json.Marshaler { return body[T]{v} }

type body[T any] struct{ v T }

func (b body[T]) MarshalJSON() ([]byte, error) { return json.Marshal(b.v) }

// An Answer is what came with a body. Its header is foreign text.
type Answer struct {
	Status int
	Header http.Header
}

// A Checker is a type of answer that can say what it lacks: Check is called after
// decoding, and its error, which must not repeat values, becomes "unexpected response".
// A list that must be there, and is nil, is the usual case.
type Checker interface{ Check() error }

// GetJSON asks for path and decodes what comes. A body that is null, or of other types
// than T's, is an error, not a zero T.
func GetJSON[T any](ctx context.Context, c *Client, path string, query url.Values) (T, *Answer, error) {
	return Do[T](ctx, c, Request{Path: path, Query: query})
}

// Do sends r and decodes the JSON that comes. Errors are as the package comment says; a
// write whose outcome is not known fails with fail.UnknownOutcome.
func Do[T any](ctx context.Context, c *Client, r Request) (v T, a *Answer, err error) {
	a, err = c.into(ctx, r, &v)
	return v, a, err
}

// into decodes what comes for r into the variable that v points to, which has its zero
// value when it fails.
func (c *Client) into(ctx context.Context, r Request, v any) (*Answer, error) {
	data, a, err := c.Bytes(ctx, r)
	if err != nil {
		return nil, err
	}
	if what := decode(data, v); what != "" {
		return nil, c.doubt(r.Method, r.Repeatable, c.unexpected(a.Status, a.Header, what))
	}
	return a, nil
}

// decode reads JSON that checkJSON has accepted into the variable that v points to, and says
// what is wrong with it; then the variable has its zero value.
func decode(data []byte, v any) (what string) {
	if string(bytes.TrimSpace(data)) == "null" {
		return "null"
	}
	if err := json.Unmarshal(data, v); err != nil {
		what = jsonProblem(err)
	} else if k, ok := v.(Checker); ok {
		if err := k.Check(); err != nil {
			what = err.Error()
		}
	}
	if what != "" {
		reflect.ValueOf(v).Elem().SetZero()
	}
	return what
}

// Decode is what Do does with a body, for one that came in another way: in an event.
func Decode[T any](c *Client, data []byte) (v T, err error) {
	err = c.decoded(data, &v)
	return v, err
}

func (c *Client) decoded(data []byte, v any) error {
	what := checkJSON(data)
	if what == "" {
		what = decode(data, v)
	}
	if what != "" {
		return c.unexpected(0, nil, what)
	}
	return nil
}

// Bytes sends r and returns the whole body, of one of the types that r wants.
func (c *Client) Bytes(ctx context.Context, r Request) ([]byte, *Answer, error) {
	req, err := c.request(ctx, r, false)
	if err != nil {
		return nil, nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, c.Wrap(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body) // it is in memory already
	if err != nil {
		return nil, nil, c.Wrap(err)
	}
	return data, &Answer{resp.StatusCode, resp.Header}, nil
}

// Stream sends r and returns the body as it comes, of one of the types that r wants. The
// caller closes it; until then it counts as a request in flight. Reading fails with
// fail.TooLarge beyond r.MaxBody, fail.Timeout when r.Timeout is over, and with the cause
// of ctx when that ends.
func (c *Client) Stream(ctx context.Context, r Request) (io.ReadCloser, *Answer, error) {
	req, err := c.request(ctx, r, true)
	if err != nil {
		return nil, nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, c.Wrap(err)
	}
	return resp.Body, &Answer{resp.StatusCode, resp.Header}, nil
}

// request makes the http.Request of r.
func (c *Client) request(ctx context.Context, r Request, stream bool) (*http.Request, error) {
	u := *c.base
	raw := u.EscapedPath() + r.Path
	var err error
	if u.Path, err = url.PathUnescape(raw); err != nil || r.Path != "" && r.Path[0] != '/' {
		return nil, errors.New("rest: the path of a request is not escaped, or has no slash before it")
	}
	u.RawPath = raw
	u.RawQuery = r.Query.Encode()
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	var send io.Reader
	if r.Body != nil {
		data, err := json.Marshal(r.Body)
		if err != nil {
			return nil, err
		}
		send = bytes.NewReader(data)
	}
	ctx = context.WithValue(ctx, wantKey{}, call{Want: r.Want, stream: stream})
	req, err := http.NewRequestWithContext(ctx, method, u.String(), send)
	if err != nil {
		return nil, errors.New("rest: the request cannot be made") // the text of err has the URL
	}
	for k, v := range r.Header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	if send != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", accept(r.Types))
	}
	return req, nil
}

func accept(types []string) string {
	switch {
	case len(types) == 0:
		return "application/json"
	case types[0] == "*":
		return "*/*"
	}
	return strings.Join(types, ", ")
}

// Path joins segments to the path of a Request, each of them escaped. It fails with
// fail.Invalid for segments that could mean another place: empty ones, "." and "..",
// also between slashes and after decoding, and control characters.
func Path(segments ...string) (string, error) {
	var b strings.Builder
	for _, s := range segments {
		if !safeSegment(s) {
			return "", fail.Errorf(fail.Invalid, "%.100q cannot stand in an address", s).
				Then("use a name without control characters, and without . or .. between slashes")
		}
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String(), nil
}

func safeSegment(s string) bool {
	for range 4 { // some servers decode more than once
		parts := strings.FieldsFunc(s, func(r rune) bool { return r == '/' || r == '\\' })
		if len(parts) == 0 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return false
		}
		for _, p := range parts {
			if p = strings.TrimSpace(p); p == "." || p == ".." {
				return false
			}
		}
		decoded, err := url.PathUnescape(s)
		if err != nil || decoded == s {
			return true
		}
		s = decoded
	}
	return false
}
