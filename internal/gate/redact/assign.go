package redact

import "strings"

// The longest name of a value, and the longest value that is judged.
const (
	maxName  = 64
	maxValue = 1024
)

func nameByte(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' }

// assignment looks at the name around p, and, if it is one that secrets have, at the
// value that is assigned to it, in whatever notation: name = "value", "name": "value",
// NAME=value, --name value, <name>value</name>, setenv("NAME", "value").
func (c *scanner) assignment(p int) {
	s := c.s
	if p < c.named {
		return
	}
	lo, hi := p, p
	for floor := max(c.last, c.named, p-maxName); lo > floor && nameByte(s[lo-1]); {
		lo--
	}
	for ceiling := min(len(s), p+maxName); hi < ceiling && nameByte(s[hi]); {
		hi++
	}
	c.named = hi
	if hi == p+maxName || lo >= len(markerStart) && s[lo-len(markerStart):lo] == markerStart {
		return
	}
	kind := kindOf(s[lo:hi])
	if kind == "" {
		return
	}
	v, at, ok := c.operator(lo, hi)
	if !ok {
		return
	}
	switch kind {
	case kindAuth:
		c.authorization(v)
		return
	case kindCookie:
		if at == quoted || at == inCode {
			c.cookies(v)
		}
		return
	}
	start, end, at := c.value(lo, v, at)
	if s[v-1] == '>' && s[hi] == '>' && !strings.HasPrefix(s[end:], "</") {
		return // <password> as a placeholder
	}
	if at == inCode && strings.HasPrefix(s[end:], "&") && s[v-1] == '=' {
		at = inQuery
	}
	if !secretive(s[start:end], kind, at) {
		return
	}
	if end-start >= 64 { // judged by its beginning, masked to its end
		within := isQuote(s[start-1])
		for end < len(s) && s[end] != '\n' && !isQuote(s[end]) && s[end] != '\\' && (within || !c.ends(end, at)) {
			end++
		}
	}
	c.add(start, end, kind)
}

// operator looks for what stands between the name s[lo:hi] and its value. It returns
// where the value begins.
func (c *scanner) operator(lo, hi int) (v int, at place, ok bool) {
	s := c.s
	i := hi
	for i < len(s) && s[i] == '\\' {
		i++
	}
	var quote byte
	if i < len(s) && isQuote(s[i]) {
		quote = s[i]
		i++
	} else {
		i = hi
	}
	if quote != 0 && i < len(s) && s[i] == ']' { // config["password"] = …
		i++
	}
	gap := i
	i = skipSpace(s, i)
	switch rest := s[i:]; {
	case rest == "":
		return 0, 0, false
	case rest[0] == '=' && i == hi && quote == 0:
		at = c.adjacent(lo, hi)
		i++
		if i < len(s) && (s[i] == '=' || s[i] == '>' || s[i] == '~') {
			at, i = inCode, i+1
		}
	case strings.HasPrefix(rest, ":="), strings.HasPrefix(rest, "=>"), strings.HasPrefix(rest, "=="),
		strings.HasPrefix(rest, "?="), strings.HasPrefix(rest, "+="):
		i += 2
	case rest[0] == '=' || rest[0] == ':':
		i++
	case rest[0] == ',' && quote != 0: // setenv("NAME", "value")
		i++
		if v = skipSpace(s, i); v >= len(s) || s[v] != '"' && s[v] != '\'' {
			return 0, 0, false
		}
	case rest[0] == '>' && lo > 0 && s[lo-1] == '<':
		return i + 1, quoted, true
	case quote != 0 && i > gap && strings.HasPrefix(rest, "value="):
		i += len("value=")
	case i > gap && lo+2 < hi && s[lo:lo+2] == "--":
		return i, quoted, true
	default:
		return 0, 0, false
	}
	return skipSpace(s, i), at, true
}

// adjacent returns the context of a value that follows the name s[lo:hi] and =
// without a space.
func (c *scanner) adjacent(lo, hi int) place {
	s := c.s
	if lo > 0 && (s[lo-1] == '?' || s[lo-1] == '&' || s[lo-1] == ';') {
		return inQuery
	}
	for i := lo; i < hi; i++ {
		if isLower(s[i]) || s[i] == '.' {
			if s[lo] == '-' || lo > 0 && s[lo-1] == ':' { // --name=value, //host/:_name=value
				return quoted
			}
			return inCode
		}
	}
	return envLine
}

// value returns where the value that begins at v lies, without its quotes, as far as
// its first maxValue bytes.
func (c *scanner) value(lo, v int, at place) (start, end int, _ place) {
	s := c.s
	i := v
	if i+1 < len(s) && isAlnum(s[i]) && (s[i+1] == '"' || s[i+1] == '\'') { // b"…", r'…'
		i++
	}
	slashes := i
	for i < len(s) && s[i] == '\\' {
		i++
	}
	if i < len(s) && isQuote(s[i]) {
		quote, nested := s[i], i > slashes // nested: \"…\" within a literal
		if strings.HasPrefix(s[i:], `"""`) || strings.HasPrefix(s[i:], "'''") {
			i += 2
		}
		i++
		end = i
		for limit := min(len(s), i+c.reach(maxValue)); end < limit && s[end] != quote && s[end] != '\n'; end++ {
			if s[end] == '\\' && !nested && end+1 < limit {
				end++
			}
		}
		for nested && end > i && s[end-1] == '\\' {
			end--
		}
		c.spent += end - i
		return i, end, max(at, quoted)
	}
	end = v
	for limit := min(len(s), v+c.reach(maxValue)); end < limit && !c.ends(end, at); {
		end++
	}
	c.spent += end - v
	if at == inCode && c.wholeLine(lo, end) {
		at = quoted
	}
	return v, end, at
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// ends reports whether an unquoted value ends before position i.
func (c *scanner) ends(i int, at place) bool {
	s := c.s
	switch ch := s[i]; ch {
	case ' ', '\t', '\n', '\r', 0, '"', '\'', '`', '<', '>', '\\':
		return true
	case ',', ';', '&', ')', ']', '}', '|':
		if at != envLine && at != inQuery {
			return ch != '&' || at == inCode
		}
		if at == inQuery && ch == '&' {
			return true
		}
		// In NAME=value such a sign may be part of the value; it is not if another
		// name= or the end of the text's line follows.
		j := i + 1
		for limit := min(len(s), j+maxName); j < limit && (nameByte(s[j]) || s[j] == ' '); {
			j++
		}
		return j == len(s) || j == i+1 && s[j] <= ' ' || s[j] == '=' || s[j] == '"' || s[j] == '\''
	case '[':
		return strings.HasPrefix(s[i:], markerStart)
	}
	return false
}

// wholeLine reports whether the name at lo is the first thing on its line and end the
// end of it, with a colon between them, as in YAML and in headers.
func (c *scanner) wholeLine(lo, end int) bool {
	s := c.s
	rest := skipSpace(s, end)
	if rest < len(s) && s[rest] != '\n' && s[rest] != '\r' && s[rest] != '#' {
		return false
	}
	i := lo
	for i > 0 && i > lo-maxName && strings.IndexByte(" \t-\"'", s[i-1]) >= 0 {
		i--
	}
	if i > 0 && s[i-1] != '\n' {
		return false
	}
	return strings.Contains(s[lo:end], ": ")
}

func skipSpace(s string, i int) int {
	for limit := min(len(s), i+32); i < limit && isSpace(s[i]); {
		i++
	}
	return i
}

// kindOf returns the kind of secret that values of the name are, or "".
func kindOf(name string) string {
	var buf [maxName * 2]byte
	low := buf[:0]
	for i := 0; i < len(name) && len(low) < cap(low); i++ {
		switch ch := name[i]; {
		case 'A' <= ch && ch <= 'Z':
			low = append(low, ch|0x20)
		case isAlnum(ch):
			low = append(low, ch)
		}
	}
	n := string(low)
	if strings.HasSuffix(name, ".") {
		return ""
	}
	if n == "pwd" || n == "oldpwd" {
		return ""
	}
	for cut := true; cut; {
		cut = false
		n = strings.TrimRight(n, "0123456789")
		for _, suffix := range []string{
			"value", "string", "plaintext", "plain", "raw", "base64", "b64", "encoded", "prod", "production", "dev",
			"staging", "live", "test", "base", "confirmation", "confirm", "old", "new", "current", "default",
		} {
			if m, ok := strings.CutSuffix(n, suffix); ok && m != "" {
				n, cut = m, true
			}
		}
	}
	switch {
	case ends(n, "password", "passwd", "passphrase", "passwort", "passcode", "pwd"):
		return kindPassword
	case ends(n, "pass"):
		if name == "pass" || strings.HasSuffix(name, "_pass") || strings.HasSuffix(name, "_PASS") ||
			strings.HasSuffix(name, "-pass") || strings.HasSuffix(name, "Pass") && name != "Pass" {
			return kindPassword
		}
	case ends(n, "token"):
		if !ends(strings.TrimSuffix(n, "token"), "next", "page", "continuation", "continue", "sync", "cancel", "cancellation",
			"resume", "start", "end", "cursor", "pagination", "change", "delta", "idempotency", "eof", "last", "first",
			"prev", "previous", "lookahead", "invalid", "expected", "unexpected", "request", "public") {
			return kindToken
		}
	case ends(n, "secret"), ends(n, "credential", "credentials"):
		return kindSecret
	case ends(n, "apikey", "appkey", "applicationkey", "accesskey", "privatekey", "secretkey", "accountkey", "signingkey",
		"encryptionkey", "encryptkey", "masterkey", "authkey", "storagekey", "servicekey", "licensekey", "subscriptionkey"):
		return kindAPIKey
	case ends(n, "authorization", "xauth") || n == "auth" && strings.HasPrefix(name, "_"):
		return kindAuth
	case n == "cookie" || n == "setcookie":
		return kindCookie
	}
	return ""
}

func ends(s string, suffixes ...string) bool {
	for _, suffix := range suffixes {
		if strings.HasSuffix(s, suffix) {
			return true
		}
	}
	return false
}

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
			c.add(start, end, kindCookie)
		}
		for v = end; v < limit && (s[v] == ';' || isSpace(s[v])); {
			v++
		}
		if v == end {
			return
		}
	}
}
