package redact

import "strings"

// maxURL is how far a URL's credentials may reach from the "://".
const maxURL = 512

// url masks the password of scheme://user:password@host, the token of
// https://token@host, and a Sentry DSN's key. p is the position of "://".
func (c *scanner) url(p int) {
	s := c.s
	if p == 0 || !isAlnum(s[p-1]) {
		return
	}
	start := p + len("://")
	at, colon, authority := -1, -1, true
	web := strings.HasSuffix(s[:p], "http") || strings.HasSuffix(s[:p], "https")
	i := start
loop:
	for limit := min(len(s), start+c.reach(maxURL)); i < limit; i++ {
		c.spent++
		switch s[i] {
		case '@':
			at = i
			if !authority && web {
				break loop
			}
		case ':':
			if colon < 0 {
				colon = i
			}
		case '/', '?', '#':
			// A password may hold these unescaped; but a port is a number, and the path
			// of a page may well hold an @.
			if at >= 0 && (web || colon < 0 || colon > at) {
				break loop
			}
			if authority && (colon < 0 || digits(s[colon+1:i]) == i-colon-1) {
				return
			}
			authority = false
		case ' ', '\t', '\n', '\r', '"', '\'', '`', '<', '>', '|', 0:
			break loop
		case '\\':
			if i+1 < len(s) && strings.IndexByte("nrt\"", s[i+1]) >= 0 {
				break loop
			}
		}
	}
	switch {
	case at < 0:
	case colon >= 0 && colon < at:
		if text := s[colon+1 : at]; text == "x-oauth-basic" || text == "" { // https://token:x-oauth-basic@host
			c.user(start, colon)
		} else if !sham(text) && !sham(s[start:at]) {
			c.add(colon+1, at, kindURL)
		}
	default:
		c.user(start, at)
	}
}

// user masks a user name that is really a token.
func (c *scanner) user(start, end int) {
	text := c.s[start:end]
	switch host := c.s[end+1:]; {
	case sham(text) || strings.Contains(text, ":"):
	case len(text) == 32 && run(text, 0, lowerHex, 32) == 32 && strings.Contains(host[:min(len(host), 256)], "/"):
		c.add(start, end, kindDSN)
	case len(text) >= 10 && digits(text) > 0 && !wordy(text), len(text) >= 20 && !wordy(text),
		len(text) >= 8 && strings.ToUpper(text) == text && !strings.Contains(text, "_"):
		c.add(start, end, kindURL)
	}
}

// sham reports whether the user information of a URL is plainly no secret.
func sham(text string) bool {
	switch strings.ToLower(text) {
	case "", "p", "pw", "pass", "passwd", "password", "user", "username", "secret", "test", "foo", "bar", "example", "user:pass",
		"user:password", "username:password", "token", "abc", "xyz", "123", "anonymous":
		return true
	}
	return len(text) == 1 || blank(text) || strings.IndexByte("<{[$(*%", text[0]) >= 0 && !(text[0] == '%' && len(text) > 2 && isHex(text[1])) &&
		!(text[0] == '$' && !identifier(text[1:]) && !strings.HasPrefix(text, "${") && !strings.HasPrefix(text, "$(")) ||
		strings.Contains(text, markerStart) || strings.Contains(text, "${") || strings.Contains(text, "{{")
}

// goDSN masks the password of user:password@tcp(host)/database. p is at the "@".
func (c *scanner) goDSN(p int) {
	s := c.s
	colon := -1
	i := p
	for floor := max(c.last, p-c.reach(maxURL)); i > floor && strings.IndexByte(" \t\n\r\"'`=", s[i-1]) < 0; i-- {
		c.spent++
		if s[i-1] == ':' {
			colon = i - 1
		}
	}
	if colon >= 0 && !strings.HasPrefix(s[colon:], "://") && !sham(s[colon+1:p]) {
		c.add(colon+1, p, kindURL)
	}
}

// curl masks the password of curl -u user:password. p is at the name of the command.
func (c *scanner) curl(p int) {
	s := c.s
	end := p
	for limit := min(len(s), p+c.reach(maxValue)); end < limit && (s[end] != '\n' || s[end-1] == '\\'); {
		end++
	}
	c.spent += end - p
	for _, flag := range []string{" -u", " --user", " --proxy-user"} {
		i := strings.Index(s[p:end], flag)
		if i < 0 {
			continue
		}
		i = p + i + len(flag)
		if i < end && s[i] == '=' {
			i++
		}
		i = skipSpace(s, i)
		word := i
		stop := " \t\n"
		if i < end && isQuote(s[i]) {
			stop = s[i : i+1]
			i++
		}
		colon := -1
		for word = i; word < end && strings.IndexByte(stop, s[word]) < 0; word++ {
			if s[word] == ':' && colon < 0 {
				colon = word
			}
		}
		if colon > 0 && word > colon+1 && !sham(s[colon+1:word]) && !placeholder(s[colon+1:word]) {
			c.note(colon+1, word, kindPassword)
		}
	}
}

// signature masks the signature of a signed URL, with which anybody may use it. p is at
// sig= or gnature=.
func (c *scanner) signature(p int) {
	s := c.s
	lo := p
	for floor := max(c.last, p-24); lo > floor && nameByte(s[lo-1]); {
		lo--
	}
	if lo == 0 || strings.IndexByte("?&;", s[lo-1]) < 0 && !strings.HasPrefix(s[max(0, lo-5):lo], "&amp;") {
		return
	}
	start := p + strings.IndexByte(s[p:], '=') + 1
	end := start
	for limit := min(len(s), start+maxValue); end < limit && (b64.holds(s[end]) || s[end] == '%'); {
		end++
	}
	if end-start >= 16 && !wordy(s[start:end]) && c.closes(end) {
		c.add(start, end, kindQuery)
	}
}

// webhook masks the path of a URL that lets anybody post. p is at the anchor.
func (c *scanner) webhook(p int) {
	s := c.s
	start := p
	for range 4 { // past the host and words such as "services/"
		slash := strings.IndexByte(s[start:min(len(s), start+32)], '/')
		if slash < 0 || digits(s[start:start+slash]) > 0 {
			break
		}
		start += slash + 1
	}
	end := start
	for limit := min(len(s), start+c.reach(256)); end < limit && (dotted.holds(s[end]) || strings.IndexByte("/@%=", s[end]) >= 0); {
		end++
	}
	c.spent += end - start
	if text := s[start:end]; end-start >= 20 && digits(text) >= 3 && !wordy(text) {
		c.add(start, end, kindHook)
	}
}
