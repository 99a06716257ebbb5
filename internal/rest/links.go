package rest

import (
	"net/http"
	"net/url"
	"strings"

	"cleat/internal/fail"
)

// Next returns the address of the following page that the Link header of an answer names
// (rel="next"), nil if it names none. It fails with fail.Denied where that is not on the
// origin. Its query is foreign text: back ends take page numbers or cursors out of it.
func (c *Client) Next(h http.Header) (*url.URL, error) {
	ref := link(h, "next")
	if ref == "" {
		return nil, nil
	}
	u, err := c.base.Parse(ref)
	if err != nil || u.User != nil {
		return nil, c.unexpected(0, nil, "its Link header cannot be read")
	}
	if originOf(u) != c.origin {
		return nil, fail.Errorf(fail.Denied, "%s says that its next page is on another host", c.name)
	}
	return u, nil
}

// maxLinks bounds what is read of Link headers, in bytes.
const maxLinks = 16 << 10

// link returns the target of the first link with the relation; see RFC 8288.
func link(h http.Header, rel string) string {
	for _, s := range h.Values("Link") {
		if len(s) > maxLinks {
			continue
		}
		for {
			start := strings.IndexByte(s, '<')
			if start < 0 {
				break
			}
			target, rest, ok := strings.Cut(s[start+1:], ">")
			if !ok {
				break
			}
			params, after := cutLink(rest)
			if hasRel(params, rel) {
				return strings.TrimSpace(target)
			}
			s = after
		}
	}
	return ""
}

// cutLink cuts s at the comma after the parameters of a link; commas may be quoted.
func cutLink(s string) (params, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func hasRel(params, rel string) bool {
	for p := range strings.SplitSeq(params, ";") {
		key, value, ok := strings.Cut(p, "=")
		if !ok || !strings.EqualFold(strings.TrimSpace(key), "rel") {
			continue
		}
		for _, r := range strings.Fields(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(r, rel) {
				return true
			}
		}
	}
	return false
}
