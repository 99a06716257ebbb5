package linear

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/rest"
)

const endpoint = "/graphql"

// A request is the body of every request.
type request struct {
	Query     string    `json:"query"`
	Variables variables `json:"variables"`
}

// Variables are what the requests of this package are about.
type variables struct {
	ID       string          `json:"id,omitempty"`
	Filter   json.RawMessage `json:"filter,omitempty"`
	First    int             `json:"first,omitempty"`
	After    string          `json:"after,omitempty"`
	Input    json.RawMessage `json:"input,omitempty"`
	Comments int             `json:"comments,omitempty"`
	Older    string          `json:"older,omitempty"` // comments after this one
	Events   int             `json:"events,omitempty"`
	Earlier  string          `json:"earlier,omitempty"` // events after this one
}

// An answer is the body of every answer: errors come with status 200 too.
type answer struct {
	Data   *data     `json:"data"`
	Errors []problem `json:"errors"`
}

// Check implements rest.Checker.
func (a answer) Check() error {
	if a.Data == nil && len(a.Errors) == 0 {
		return errNoData
	}
	return nil
}

type lack string

func (l lack) Error() string { return string(l) }

const errNoData = lack("it has neither data nor errors")

// A problem is one error of an answer.
type problem struct {
	Message    string `json:"message"`
	Extensions struct {
		Code    string `json:"code"`
		Type    string `json:"type"`
		Message string `json:"userPresentableMessage"`
	} `json:"extensions"`
}

// text is what a problem says.
func (p problem) text() string {
	if p.Extensions.Message != "" && !strings.Contains(p.Message, p.Extensions.Message) {
		return p.Message + ": " + p.Extensions.Message
	}
	return p.Message
}

// read asks a query that changes nothing.
func (s *Source) read(ctx context.Context, query string, v variables) (*data, error) {
	body, err := json.Marshal(request{query, v})
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, body, false)
}

// ask sends a request. What a write's answer says of errors beside its data is for the caller
// of it to judge: the data are returned if there are any.
func (s *Source) ask(ctx context.Context, body json.RawMessage, write bool) (*data, error) {
	if err := s.rested(); err != nil {
		return nil, err
	}
	a, head, err := rest.Do[answer](ctx, s.rest, rest.Request{Method: http.MethodPost, Path: endpoint, Body: body,
		Want: rest.Want{Repeatable: !write}})
	if err != nil {
		return nil, refused(err)
	}
	s.note(head.Header)
	if len(a.Errors) > 0 {
		err = s.failure(a.Errors[0], write)
		if !write || a.Data == nil {
			return nil, err
		}
	}
	return a.Data, err
}

// refused explains a status that Linear gives for several reasons.
func refused(err error) error {
	if rest.Status(err) != http.StatusBadRequest {
		return err
	}
	e := fail.From(err)
	if strings.Contains(strings.ToLower(e.What), "rate limit") || strings.Contains(strings.ToLower(e.What), "ratelimit") {
		return limited(time.Minute)
	}
	return e.Because("Linear does not understand the query, or the rate limit of the token is used up: both have this status").
		Then("correct native if it was given, else try again later")
}

func limited(wait time.Duration) error {
	wait = max(wait, time.Second).Round(time.Second)
	return fail.Errorf(fail.Busy, "the rate limit of %s is used up", title).Then("call again after %s", wait).After(wait)
}

// rested fails while the rate limit is known to be used up.
func (s *Source) rested() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := s.until.Sub(s.host.Now()); wait > 0 {
		return limited(wait)
	}
	return nil
}

const longestWait = time.Hour

// note reads the headers of the rate limits, whose ends are in milliseconds since 1970.
func (s *Source) note(h http.Header) {
	for _, kind := range [...]string{"Requests", "Complexity"} {
		if h.Get("X-RateLimit-"+kind+"-Remaining") != "0" {
			continue
		}
		ms, err := strconv.ParseInt(h.Get("X-RateLimit-"+kind+"-Reset"), 10, 64)
		if err != nil {
			continue
		}
		now := s.host.Now()
		s.mu.Lock()
		s.until = now.Add(max(0, min(time.UnixMilli(ms).Sub(now), longestWait)))
		s.mu.Unlock()
	}
}

// failure is the error of a problem. Linear names the kinds in its published client.
func (s *Source) failure(p problem, write bool) error {
	kind := p.Extensions.Type
	if kind == "" {
		kind = p.Extensions.Code
	}
	said := s.rest.Clean(p.text())
	e := func(code fail.Code) *fail.Error { return fail.Errorf(code, "%s says: %s", title, said) }
	switch strings.ReplaceAll(strings.ToLower(kind), "_", " ") {
	case "authentication error":
		return e(fail.Denied).Because("the token is wrong, expired or revoked").
			Then("tell the user to renew the token that the key token of this source refers to")
	case "forbidden", "feature not accessible", "usage limit exceeded":
		return e(fail.Denied).Then("tell the user: the token may lack a scope, its owner the permission, or the workspace's plan this feature")
	case "ratelimited":
		return limited(time.Minute)
	case "lock timeout":
		return e(fail.Busy).Then("try again later").After(5 * time.Second)
	case "invalid input", "input error", "user error", "graphql error", "graphql validation failed", "bad user input":
		if strings.Contains(strings.ToLower(p.Message), "not found") {
			return e(fail.NotFound)
		}
		return e(fail.Invalid)
	}
	if write {
		return fail.Errorf(fail.UnknownOutcome, "it is not known whether %s did what was asked; it says: %s", title, said).
			Then("check whether it happened before repeating it")
	}
	return e(fail.Unavailable)
}

// quote writes s as JSON.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // a string can always be written
	}
	return string(b)
}
