package rest

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cleat/internal/fail"
	"cleat/internal/text"
)

// A roundTripper is what keeps the rules; see the package comment.
type roundTripper struct{ c *Client }

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.c.roundTrip(req, t.c.callOf(req.Context()))
	if err != nil && req.Body != nil {
		req.Body.Close() // its error is of no interest: the request has failed
	}
	return resp, err
}

var errTimeLimit = errors.New("the time limit of a request")

func (c *Client) roundTrip(req *http.Request, w call) (*http.Response, error) {
	if err := c.checkTarget(req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), w.Timeout, errTimeLimit)
	done := cancel
	defer func() { done() }()
	bucket := c.bucket(req)
	var last error
	for try := 0; ; try++ {
		resp, a := c.attempt(ctx, req, w, bucket, try > 0)
		if a.err == nil {
			if w.stream {
				done = func() {} // the body ends it
				resp.Body.(*streamed).add(cancel)
			}
			return resp, nil
		}
		if try > 0 && a.unsent {
			return nil, last // the breaker opened meanwhile: what opened it says more
		}
		last = a.err
		if !a.again || try == maxRetries || !repeatable(req, w) {
			return nil, a.err
		}
		wait := a.wait
		if wait <= 0 {
			wait = backoff(try)
		}
		if end, ok := ctx.Deadline(); ok && wait >= time.Until(end) || c.breaker.rests(c.host.Now().Add(wait)) {
			return nil, a.err
		}
		if err := c.sleep(ctx, wait); err != nil {
			return nil, a.err
		}
	}
}

// backoff is how long to wait after a failed try: twice as long each time, half of it
// by chance, so that many who failed together do not come back together.
func backoff(try int) time.Duration {
	d := 250 * time.Millisecond << try
	return d/2 + rand.N(d)
}

// repeatable reports whether req may be sent more than once.
func repeatable(req *http.Request, w call) bool {
	return (reads(req.Method) || w.Repeatable) && (req.Body == nil || req.Body == http.NoBody || req.GetBody != nil)
}

// checkTarget refuses requests that the credential is not for.
func (c *Client) checkTarget(req *http.Request) error {
	switch {
	case originOf(req.URL) != c.origin:
		return fail.Errorf(fail.Denied, "a request to another host than that of %s was refused", c.name)
	case req.URL.User != nil || req.URL.Opaque != "" || req.Method == http.MethodConnect:
		return errors.New("rest: a request of a form that is not made")
	}
	return nil
}

// checkRedirect follows redirects of reading requests within the origin.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case !reads(via[0].Method):
		return fail.Errorf(fail.Unavailable, "%s redirected a request that may not be repeated; it was not followed", c.name).
			Then("tell the user to check the key url of this source")
	case originOf(req.URL) != c.origin:
		return c.elsewhere(req.URL)
	case len(via) > maxRedirects:
		return fail.Errorf(fail.Unavailable, "%s redirected more than %d times", c.name, maxRedirects)
	}
	return nil
}

// elsewhere is the error of a redirect off the origin.
func (c *Client) elsewhere(to *url.URL) error {
	return fail.Errorf(fail.Denied, "%s redirected to another host (%.100s), which was not followed", c.name, text.Line(to.Hostname())).
		Then("tell the user: the service may want a login, or the key url of this source is not its address")
}

// An attempted says how one attempt ended.
type attempted struct {
	err    error
	again  bool          // another attempt may go better
	wait   time.Duration // that the service asks for before it
	unsent bool          // nobody was asked
}

// attempt sends req once. For a streamed call the body of the answer holds the slot.
func (c *Client) attempt(ctx context.Context, req *http.Request, w call, bucket string, again bool) (*http.Response, attempted) {
	if err := c.budget.allow(c.name, bucket, c.host.Now()); err != nil {
		return nil, attempted{err: err, unsent: true}
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, attempted{err: c.ended(ctx), unsent: true}
	}
	free := sync.OnceFunc(func() { <-c.slots })
	kept := false
	defer func() {
		if !kept {
			free()
		}
	}()
	probe, err := c.breaker.enter(c.name, c.host.Now())
	if err != nil {
		return nil, attempted{err: err, unsent: true}
	}
	result := neutral
	what := ""
	defer func() { c.breaker.leave(probe, result, what, c.host.Now()) }()

	began := c.host.Now()
	var sent atomic.Bool
	own, err := c.prepare(ctx, req, again, &sent)
	if err != nil {
		return nil, attempted{err: err}
	}
	resp, err := c.own.RoundTrip(own)
	if err == nil {
		var a attempted
		if resp, a = c.answer(ctx, req, resp, w, bucket); a.err == nil {
			result = healthy
			if w.stream {
				kept = true
				resp.Body.(*streamed).add(free)
			}
			return resp, a
		}
		switch result = healthy; {
		case ctx.Err() != nil && Status(a.err) == 0:
			result = neutral
			if late(ctx, c.host.Now().Sub(began)) {
				result, what = faulty, fail.From(a.err).What
			}
		case faulted(a.err):
			result, what = faulty, fail.From(a.err).What
		}
		return nil, a
	}
	a := c.broken(ctx, err)
	if ctx.Err() == nil && fail.From(a.err).Code != fail.Denied || late(ctx, c.host.Now().Sub(began)) {
		result, what = faulty, fail.From(a.err).What
	}
	if sent.Load() && !reads(req.Method) && !w.Repeatable {
		a.err = c.doubt(req.Method, false, fail.From(a.err))
	}
	return nil, a
}

// late reports whether a deadline ended what had a fair time.
func late(ctx context.Context, took time.Duration) bool {
	return errors.Is(ctx.Err(), context.DeadlineExceeded) && took >= time.Second
}

// faulted reports whether an answer's error says that the service is down: that it
// answers with another than what was expected says nothing.
func faulted(err error) bool {
	s := Status(err)
	return s >= 500 && s != http.StatusNotImplemented || errors.Is(err, errBroken)
}

// prepare makes the request that is sent of one that an SDK made: with our credential
// and no other, and a context that knows when something was written.
func (c *Client) prepare(ctx context.Context, req *http.Request, again bool, sent *atomic.Bool) (*http.Request, error) {
	trace := &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
	own := req.Clone(httptrace.WithClientTrace(ctx, trace))
	if again && req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		own.Body = body
	}
	own.Host = ""
	var name, value string
	if c.config.Token != "" {
		token, err := c.secret(ctx)
		if err != nil {
			return nil, err
		}
		name, value = c.auth(token)
	}
	for key := range own.Header { // SDKs write keys that are not in the usual form
		switch k := http.CanonicalHeaderKey(key); k {
		case "Authorization", "Cookie", "Proxy-Authorization", "Private-Token", "Job-Token", "X-Api-Key",
			"User-Agent", http.CanonicalHeaderKey(name):
			delete(own.Header, key)
		}
	}
	own.Header.Set("User-Agent", "cleat")
	if name != "" {
		own.Header.Set(name, value)
	}
	return own, nil
}

// secret returns the token, resolved at the first request that needs it.
func (c *Client) secret(ctx context.Context) (string, error) {
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token != "" {
		return token, nil
	}
	token, err := c.host.Secret(ctx, c.config.Token)
	if err != nil {
		return "", err
	}
	token = strings.TrimSpace(token)
	bad := func(r rune) bool { return r <= ' ' || r >= 0x7f }
	if token == "" || strings.ContainsFunc(token, bad) {
		return "", fail.Errorf(fail.Unavailable, "what the key token of %s refers to is empty, or has characters no token has", c.name).
			Then("tell the user to check it")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
	return token, nil
}

// forget makes the next request resolve the token anew.
func (c *Client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = ""
}

// ended is the error of a context that is over: our own limit, or the caller's.
func (c *Client) ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errTimeLimit) {
		return fail.Errorf(fail.Timeout, "%s did not answer in time", c.name).
			Because("the key timeout of this source is the limit")
	}
	return cause
}

// broken is what an error of the connection comes to. Its text, which may have
// addresses, is not passed on.
func (c *Client) broken(ctx context.Context, err error) attempted {
	var f *fail.Error
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case ctx.Err() != nil:
		return attempted{err: c.ended(ctx)}
	case errors.As(err, &f):
		return attempted{err: f}
	case untrusted(err):
		return attempted{err: fail.Errorf(fail.Unavailable, "the certificate of %s is not trusted", c.name).
			Because("%s", certificate(err)).
			Then("tell the user: a company's own authority belongs into the certificates of this machine; there is no switch to skip the check")}
	case errors.As(err, &dns):
		e := fail.Errorf(fail.Unavailable, "the host of %s is not known here", c.name)
		return attempted{err: e.Then("tell the user to check the key url, the network and the key proxy"), again: dns.IsTemporary}
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return attempted{err: fail.Errorf(fail.Unavailable, "the proxy for %s does not connect", c.name), again: true}
	case errors.As(err, &op) && op.Op == "dial":
		return attempted{err: fail.Errorf(fail.Unavailable, "%s does not accept connections", c.name), again: true}
	}
	return attempted{err: fail.Errorf(fail.Unavailable, "the connection to %s broke", c.name), again: true}
}
