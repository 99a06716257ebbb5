package rest

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"cleat/internal/fail"
)

// Download is Stream for GET requests whose answer may come from another host: one
// redirect off the origin is followed, without any credential, over https, to a public
// address or a host that the key downloads names. That host's 403, 404 and 410 are a
// StatusError with Elsewhere set, without its text. r.Types are what the last host may
// answer with; "*" is usual.
func (c *Client) Download(ctx context.Context, r Request) (io.ReadCloser, *Answer, error) {
	if !reads(r.Method) || r.Method == http.MethodHead {
		return nil, nil, fail.Errorf(fail.Internal, "a download is a GET")
	}
	req, err := c.request(ctx, r, true)
	if err != nil {
		return nil, nil, err
	}
	var to *url.URL
	hc := &http.Client{Transport: roundTripper{c}, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if originOf(req.URL) == c.origin {
			return c.checkRedirect(req, via)
		}
		to = req.URL
		return http.ErrUseLastResponse
	}}
	resp, err := hc.Do(req)
	if err != nil {
		return nil, nil, c.Wrap(err)
	}
	if to != nil {
		if err := resp.Body.Close(); err != nil {
			return nil, nil, c.Wrap(err)
		}
		if resp, err = c.fetch(ctx, to, r.Want); err != nil {
			return nil, nil, c.Wrap(err)
		}
	}
	return resp.Body, &Answer{resp.StatusCode, resp.Header}, nil
}

// fetch gets what another host has for a download.
func (c *Client) fetch(ctx context.Context, to *url.URL, want Want) (*http.Response, error) {
	o := originOf(to)
	listed := c.mayDownload(o.host + ":" + o.port)
	switch {
	case to.User != nil, to.Opaque != "":
		return nil, fail.Errorf(fail.Denied, "%s redirected a download to an address with a user in it", c.name)
	case o.scheme == "http" && listed && loopbackName(o.host):
	case o.scheme != "https":
		return nil, fail.Errorf(fail.Denied, "%s redirected a download to an address that is not https", c.name)
	}
	w := c.callOf(context.WithValue(ctx, wantKey{}, call{Want: want, stream: true}))
	ctx, cancel := context.WithTimeoutCause(ctx, w.Timeout, errTimeLimit)
	resp, err := c.fetchOnce(ctx, to, w)
	if err != nil {
		cancel()
		return nil, err
	}
	resp.Body.(*streamed).add(cancel)
	return resp, nil
}

func (c *Client) fetchOnce(ctx context.Context, to *url.URL, w call) (*http.Response, error) {
	o := originOf(to)
	if c.config.Proxy != "" {
		if err := c.checkNamed(ctx, o.host, o.port); err != nil {
			return nil, err
		}
	}
	clean := *to
	clean.Fragment, clean.RawFragment = "", ""
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, clean.String(), nil)
	if err != nil {
		return nil, fail.Errorf(fail.Unavailable, "%s redirected a download to an address that cannot be read", c.name)
	}
	req.Header.Set("User-Agent", "cleat")
	req.Header.Set("Accept", accept(w.Types))
	resp, err := c.foreign.RoundTrip(req)
	if err != nil {
		return nil, c.broken(ctx, err).err
	}
	body := &streamed{c: c, ctx: ctx, from: resp.Body, left: w.MaxBody}
	resp.Body = body
	what := ""
	switch {
	case resp.StatusCode == http.StatusForbidden, resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusGone:
		body.Close()
		return nil, c.refused(resp.StatusCode)
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		what = "a download was redirected a second time"
	case resp.StatusCode != http.StatusOK:
		what = "the host of a download refused it"
	default:
		what = unusable(req, resp, w)
	}
	if what != "" {
		body.Close()
		return nil, c.unexpected(resp.StatusCode, resp.Header, what)
	}
	return resp, nil
}

// refused is the error of a download that the other host does not have, or not any more. Stores
// of files answer 403 also for what was deleted, and for addresses whose time is over.
func (c *Client) refused(status int) error {
	e := &StatusError{Status: status, Elsewhere: true}
	if status == http.StatusForbidden {
		return fail.Errorf(fail.Unavailable, "the host that %s sent a download to answered %w", c.name, e).
			Because("what was to be downloaded may have been deleted there, or the address has expired").Then("call again, which asks for a new address")
	}
	return fail.Errorf(fail.NotFound, "the host that %s sent a download to answered %w", c.name, e)
}
