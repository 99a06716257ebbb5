package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// answer checks what came. The body of resp is read, or wrapped for a streamed call.
func (c *Client) answer(ctx context.Context, req *http.Request, resp *http.Response, w call, bucket string) (*http.Response, attempted) {
	now := c.host.Now()
	wait := max(retryAfter(resp.Header, now), c.budget.note(bucket, resp.Header, now))
	fine := resp.StatusCode >= 200 && resp.StatusCode < 300
	body := &streamed{c: c, ctx: ctx, from: resp.Body, left: w.MaxBody}
	resp.Body, resp.Request = body, req
	switch {
	case redirects(resp), resp.StatusCode == http.StatusNotModified && conditional(req):
		body.Close()
		resp.Body = http.NoBody
		if w.stream {
			resp.Body = &streamed{c: c, ctx: ctx, from: http.NoBody}
		}
		return resp, attempted{}
	case !fine:
		said, err := io.ReadAll(io.LimitReader(body, maxErrorBody))
		body.Close()
		if err != nil {
			said = nil // the status is what counts
		}
		if resp.StatusCode == http.StatusUnauthorized {
			c.forget()
		}
		f := c.failure(resp.StatusCode, resp.Header, said, wait)
		if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
			f = c.doubt(req.Method, w.Repeatable, f)
		}
		return nil, attempted{err: f, again: passing(resp.StatusCode), wait: wait}
	}
	if what := unusable(req, resp, w); what != "" {
		body.Close()
		return nil, attempted{err: c.doubt(req.Method, w.Repeatable, c.unexpected(resp.StatusCode, resp.Header, what))}
	}
	if w.stream {
		return resp, attempted{}
	}
	return c.whole(req, resp, w)
}

// whole reads the body of resp.
func (c *Client) whole(req *http.Request, resp *http.Response, w call) (*http.Response, attempted) {
	data, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		a := attempted{err: err, again: errors.Is(err, errBroken)}
		if !reads(req.Method) && !w.Repeatable {
			a.err = c.doubt(req.Method, false, fail.From(err))
		}
		return nil, a
	}
	if len(w.Types) == 0 && req.Method != http.MethodHead && !(w.Empty && len(data) == 0) {
		if what := checkJSON(data); what != "" {
			return nil, attempted{err: c.doubt(req.Method, w.Repeatable, c.unexpected(resp.StatusCode, resp.Header, what))}
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	resp.ContentLength = int64(len(data))
	return resp, attempted{}
}

// passing reports whether a status may be another one soon.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// redirects reports whether http.Client would follow.
func redirects(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return resp.Header.Get("Location") != ""
	}
	return false
}

func conditional(req *http.Request) bool {
	return req.Header.Get("If-None-Match") != "" || req.Header.Get("If-Modified-Since") != ""
}

// unusable says why the head of a successful answer is not what was asked for, "" if it is.
func unusable(req *http.Request, resp *http.Response, w call) string {
	if e := resp.Header.Get("Content-Encoding"); e != "" && !resp.Uncompressed && !strings.EqualFold(e, "identity") {
		return "it is encoded in a way that was not asked for"
	}
	if resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusResetContent {
		if w.Empty || req.Method == http.MethodHead || req.Method == http.MethodDelete {
			return ""
		}
		return "there is no content"
	}
	if resp.StatusCode == http.StatusPartialContent && req.Header.Get("Range") == "" {
		return "it is only a part, which was not asked for"
	}
	switch {
	case len(w.Types) == 0:
		if isJSON(resp.Header) || req.Method == http.MethodHead || w.Empty && resp.ContentLength == 0 {
			return ""
		}
		return "it is not JSON"
	case w.Types[0] == "*":
		return ""
	}
	t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err == nil && slices.Contains(w.Types, t) {
		return ""
	}
	return "it is not of the type that was asked for"
}

func isJSON(h http.Header) bool {
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json"))
}
