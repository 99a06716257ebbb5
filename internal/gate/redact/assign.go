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
	v, at, ok := c.operator(lo, hi)
	if !ok {
		return
	}
	kind := kindOf(s[lo:hi])
	if kind == "" {
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
	if s[hi] == '>' && !strings.HasPrefix(strings.TrimLeft(s[end:min(len(s), end+32)], " \t\r\n"), "</") {
		return // <password> as a placeholder
	}
	if at == inCode && strings.HasPrefix(s[end:], "&") && s[v-1] == '=' {
		at = inQuery
	}
	if !secretive(s[start:end], kind, at) && !(c.config && at != inQuery && configured(s[start:end], kind)) {
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
	case strings.IndexByte("=:?.|+", rest[0]) >= 0:
		n := 0 // = := ::= ?= ||= .= => == and their like, or a single colon
		for n < min(3, len(rest)) && strings.IndexByte(":?.|+", rest[n]) >= 0 {
			n++
		}
		switch {
		case n < len(rest) && rest[n] == '=':
			if i == hi && n == 0 {
				at = c.adjacent(lo, hi)
			}
			if i += n + 1; i < len(s) && strings.IndexByte("=>~", s[i]) >= 0 {
				i, at = i+1, inCode
			}
		case rest[0] == ':' && n == 1:
			i++
		default:
			return 0, 0, false
		}
	case rest[0] == ',' && quote != 0 && lo > 1 && s[lo-2] == '(': // setenv("NAME", "value")
		if v = skipSpace(s, i+1); v >= len(s) || s[v] != '"' && s[v] != '\'' {
			return 0, 0, false
		}
		return v, inCode, true
	case rest[0] == '>' && lo > 0 && s[lo-1] == '<':
		for i++; i < min(len(s), hi+maxName) && s[i] <= ' '; {
			i++
		}
		return i, quoted, true
	case quote != 0 && i > gap && strings.HasPrefix(rest, "value="):
		i += len("value=")
	case i > gap && lo+2 < hi && s[lo:lo+2] == "--":
		return i, quoted, true
	case i > gap: // var name string = "value"
		return c.typed(i)
	default:
		return 0, 0, false
	}
	v = skipSpace(s, i)
	if typed, _, ok := c.typed(v); ok && at == inCode { // name: string = "value"
		v = typed
	}
	return v, at, true
}

// typed looks for a type and an equals sign at i. It returns where the value begins.
func (c *scanner) typed(i int) (v int, at place, ok bool) {
	s := c.s
	word := run(s, i, alnum, 16)
	eq := skipSpace(s, word)
	if word == i || eq+1 >= len(s) || s[eq] != '=' || s[eq+1] == '=' {
		return 0, 0, false
	}
	switch s[i:word] {
	case "string", "String", "str", "text", "char", "varchar", "any", "const":
		return skipSpace(s, eq+1), inCode, true
	}
	return 0, 0, false
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
			if s[lo] == '-' || lo > 1 && s[lo-2:lo] == "/:" { // --name=value, //host/:_name=value
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
			if s[end] == '\\' && !nested && end+1 < limit && s[end+1] != '\n' {
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
		for n != "" && n[len(n)-1] <= '9' {
			n = n[:len(n)-1]
		}
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
