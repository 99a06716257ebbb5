package redact

import "strings"

// authorization masks the credentials of an Authorization header whose value begins at v.
func (c *scanner) authorization(v int) {
	s := c.s
	for v < len(s) && strings.IndexByte("\\\"'`[", s[v]) >= 0 && !strings.HasPrefix(s[v:], markerStart) {
		v++
	}
	word := run(s, v, url64, 32)
	body := skipSpace(s, word)
	if body == word || !scheme(s[v:word]) {
		end := run(s, v, b64, maxValue)
		end = run(s, end, dotted, maxValue)
		if c.closes(end) && secretive(s[v:end], kindToken, inCode) {
			c.add(v, end, kindAuth)
		}
		return
	}
	end := body
	whole := strings.EqualFold(s[v:word], "digest") || strings.HasPrefix(strings.ToUpper(s[v:word]), "AWS4-")
	for limit := min(len(s), body+8*maxValue); end < limit; end++ {
		if ch := s[end]; ch == '\n' || ch == '\r' || !whole && strings.IndexByte(" \t\"'`\\,;<>)", ch) >= 0 ||
			ch == '[' && strings.HasPrefix(s[end:], markerStart) {
			break
		}
	}
	if text := s[body:end]; len(text) >= 8 && !placeholder(text) && !plainWord(text) && c.closes(end) {
		c.add(body, end, kindAuth)
	}
}

// scheme reports whether word is a scheme of the Authorization header.
func scheme(word string) bool {
	switch strings.ToLower(word) {
	case "bearer", "basic", "token", "digest", "apikey", "api-key", "negotiate", "ntlm", "googlelogin", "private-token",
		"aws4-hmac-sha256", "dpop", "key", "hawk", "splunk", "snyk", "jwt":
		return true
	}
	return false
}

// plainWord reports whether s is a word or a name of words, all in one case.
func plainWord(s string) bool {
	low, up, other := 0, 0, 0
	for i := range len(s) {
		switch {
		case isLower(s[i]):
			low++
		case isAlnum(s[i]) && s[i] > '9':
			up++
		case s[i] == '_' || s[i] == '-' || s[i] == '.':
			other++
		default:
			return false
		}
	}
	return up == 0 || other > 0 || low > 0 && wordy(s)
}

// bearer masks what follows the word bearer outside of a header.
func (c *scanner) bearer(p int) {
	s := c.s
	i := p + len("bearer")
	v := skipSpace(s, i)
	if v == i || !c.opens(p) {
		return
	}
	end := run(s, v, b64, maxValue)
	end = run(s, end, dotted, maxValue)
	if c.closes(end) && secretive(s[v:end], kindToken, quoted) {
		c.add(v, end, kindAuth)
	}
}

// cookies masks the values of a cookie header that begins at v which look like
// sessions, up to the end of the line.
func (c *scanner) cookies(v int) {
	s := c.s
	for limit := min(len(s), v+4*c.reach(maxValue)); v < limit && s[v] != '\n'; {
		eq := v
		for eq < min(limit, v+maxName) && strings.IndexByte("=\n\"'", s[eq]) < 0 {
			eq++
		}
		if eq >= limit || s[eq] != '=' {
			return
		}
		start := eq + 1
		c.spent += start - v
		end := start
		for end < limit && strings.IndexByte("; \t\r\n\"'\\", s[end]) < 0 {
			end++
		}
		if text := s[start:end]; secretive(text, kindToken, quoted) && !strings.Contains(text, markerStart) {
			c.note(start, end, kindCookie)
		}
		for v = end; v < limit && (s[v] == ';' || isSpace(s[v])); {
			v++
		}
		if v == end {
			return
		}
	}
}
