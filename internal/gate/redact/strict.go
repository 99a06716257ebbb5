package redact

import "strings"

// strict appends what the stricter rules for a file of secrets find in s to found.
func strict(found []span, st style, name, s string) []span {
	f := settings{s: s, style: st, found: found}
	switch {
	case st == styleNetrc:
		f.netrc()
	case (st == styleValues || st == styleMixed) && isJSON(name, s):
		f.json()
	default:
		for f.at < len(s) {
			f.line()
		}
	}
	return f.found
}

func isJSON(name, s string) bool {
	text := strings.TrimLeft(s, " \t\r\n\ufeff")
	return strings.HasSuffix(strings.ToLower(name), ".json") || strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "{{")
}

// settings goes through a file of secrets.
type settings struct {
	s      string
	style  style
	found  []span
	at     int  // the next line begins here
	public bool // within a public block of PEM
}

func (f *settings) add(start, end int) {
	for start < end && (f.s[start] <= ' ') {
		start++
	}
	for end > start && f.s[end-1] <= ' ' {
		end--
	}
	if text := f.s[start:end]; end > start && markerAt(text) != len(text) {
		f.found = append(f.found, span{start: start, end: end, kind: kindValue})
	}
}

// line looks at one line, and at those that continue its value.
func (f *settings) line() {
	s := f.s
	start := f.at
	end := start
	for end < len(s) && s[end] != '\n' && s[end] != 0 {
		end++
	}
	f.at = end + 1
	text := s[start:end]
	switch f.style {
	case styleOpaque:
		f.add(start, end)
	case styleKey:
		f.keyLine(start, end)
	case stylePgpass, styleUsers:
		if comment(text) {
			return
		}
		fields, _, _ := strings.Cut(text, markerStart) // a marker has colons of its own
		i := strings.IndexByte(fields, ':') + 1
		if f.style == stylePgpass {
			if i = colons(fields, 4); i == 0 {
				i = strings.LastIndexByte(fields, ':') + 1
			}
		}
		if i > 0 {
			f.add(start+i, end)
		}
	default:
		f.users(start, end)
		f.setting(start, end)
	}
}

// colons returns where the n+1st field of text begins, fields being parted by colons
// that have no backslash before them, or 0.
func colons(text string, n int) int {
	for i := range len(text) {
		if text[i] == ':' && (i == 0 || text[i-1] != '\\') {
			if n--; n == 0 {
				return i + 1
			}
		}
	}
	return 0
}

func comment(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '#' || line[0] == ';' || strings.HasPrefix(line, "//") && !strings.Contains(line, "/:")
}

// keyLine masks the base64 of a line of a key file outside of certificates and public keys.
func (f *settings) keyLine(start, end int) {
	text := f.s[start:end]
	if i := strings.Index(text, "-----BEGIN "); i >= 0 {
		f.public = !strings.Contains(text[i:], "PRIVATE")
		return
	}
	if strings.Contains(text, "-----END ") {
		f.public = false
		return
	}
	if f.public || comment(text) && !strings.HasPrefix(text, "//") {
		return
	}
	if longestRun(text) >= 16 || len(text) > 0 && run(text, 0, b64, len(text)) == len(text) {
		f.add(start, end)
		return
	}
	f.setting(start, end)
}

// users masks user names in URLs, which are often tokens in files of this kind.
func (f *settings) users(start, end int) {
	text := f.s[start:end]
	for from := 0; ; {
		i := strings.Index(text[from:], "://")
		if i < 0 {
			return
		}
		from += i + len("://")
		host := strings.IndexAny(text[from:], "/ \t\"'")
		if host < 0 {
			host = len(text) - from
		}
		at := strings.LastIndexByte(text[from:from+host], '@')
		if at < 0 {
			continue
		}
		user, _, both := strings.Cut(text[from:from+at], ":")
		switch strings.ToLower(user) {
		case "git", "hg", "svn", "oauth2", "x-access-token", "x-token-auth", "gitlab-ci-token", "token":
		default:
			if !both && len(user) >= 6 && !placeholder(user) {
				f.add(start+from, start+from+at)
			}
		}
	}
}

// setting masks the value of NAME=value, name: value and their like.
func (f *settings) setting(start, end int) {
	s := f.s
	i := start
	for i < end && strings.IndexByte(" \t#;+-", s[i]) >= 0 {
		i++
	}
	commented := strings.ContainsAny(s[start:i], "#;")
	for _, word := range []string{"export ", "set ", "env ", "declare -x ", "setx "} {
		if len(s[i:end]) > len(word) && strings.EqualFold(s[i:i+len(word)], word) {
			i += len(word)
		}
	}
	name, v := separator(s[i:end])
	if v < 0 {
		f.bareLine(i, end, commented)
		return
	}
	v += i
	for v < end && isSpace(s[v]) {
		v++
	}
	last := end
	block := false
	switch value := strings.TrimSpace(s[v:end]); {
	case value == "" || strings.HasPrefix(value, "#"):
		return
	case value[0] == '|' || value[0] == '>' && len(value) <= 3:
		v, last = end+1, f.indented(start, end)
		block = true
	case isQuote(value[0]) && strings.Count(value, value[:1])%2 == 1:
		last = f.closing(end, value[0])
		block = true
	case strings.HasSuffix(value, `\`):
		for last < len(s) && last > 0 && s[last-1] == '\\' {
			next := strings.IndexByte(s[last+1:], '\n')
			if next < 0 {
				last = len(s)
				break
			}
			last += 1 + next
		}
		block = true
	}
	if v >= len(s) || v >= last {
		return
	}
	f.at = max(f.at, min(last, len(s)))
	if block && last < len(s) && s[last] == '\n' {
		f.at = last + 1
	}
	value := s[v:last]
	if !block {
		if body, ok := unquote(value); ok {
			v += strings.Index(value, body)
			last = v + len(body)
			value = body
		} else if cut := strings.Index(value, " #"); cut > 0 {
			last = v + cut
			value = s[v:last]
		}
	}
	if f.masks(name, strings.TrimSpace(value), commented) {
		f.add(v, last)
	}
}

// unquote returns what is within the quotes that value begins with, if they close.
func unquote(value string) (string, bool) {
	if len(value) < 3 || !isQuote(value[0]) {
		return "", false
	}
	i := 1
	for i < len(value) && value[i] != value[0] {
		if value[i] == '\\' && value[0] == '"' {
			i++
		}
		i++
	}
	if i >= len(value) || i == 1 || strings.ContainsAny(value[i+1:], `"'=`) {
		return "", false
	}
	return value[1:i], true
}

// separator returns the name of a setting and where its value begins, or -1.
func separator(line string) (name string, value int) {
	for i := range len(line) {
		switch c := line[i]; {
		case c == '=':
			name = strings.TrimRight(line[:i], ":+? \t")
			value = i + 1
			if value < len(line) && line[value] == '>' {
				value++
			}
			return strings.Trim(name, " \t\"'"), value
		case c == ':' && (i+1 == len(line) || isSpace(line[i+1]) || i > 0 && isQuote(line[i-1])):
			return strings.Trim(line[:i], " \t\"'"), i + 1
		}
	}
	return "", -1
}

// bareLine masks a line without a name: an element of a list, a token on its own.
func (f *settings) bareLine(i, end int, commented bool) {
	text := strings.Trim(f.s[i:end], " \t\r\"',")
	if text == "" || strings.IndexByte("[{]}<", text[0]) >= 0 || commented && !token(text) {
		return
	}
	if name, rest, ok := strings.Cut(text, " "); ok { // password secret
		if kindOf(strings.TrimLeft(name, "-")) != "" && !harmless(strings.TrimSpace(rest)) {
			f.add(i+strings.Index(f.s[i:end], rest), end)
		}
		return
	}
	if token(text) || f.style == styleValues && len(text) >= 8 && digits(text) > 0 && !strings.Contains(text, markerStart) {
		v := i + strings.Index(f.s[i:end], text)
		f.add(v, v+len(text))
	}
}

// indented returns the end of the lines after end that are indented more than the one
// that begins at start.
func (f *settings) indented(start, end int) int {
	s := f.s
	depth := indent(s[start:end])
	for end < len(s) && s[end] == '\n' {
		next := strings.IndexByte(s[end+1:], '\n')
		if next < 0 {
			next = len(s) - end - 1
		}
		line := s[end+1 : end+1+next]
		if strings.TrimSpace(line) != "" && indent(line) <= depth {
			break
		}
		end += 1 + next
	}
	return end
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// closing returns the end of the line in which a quote that is open at end closes, or
// end if it does not within 200 lines.
func (f *settings) closing(end int, quote byte) int {
	at := end
	for range 200 {
		if at >= len(f.s) || f.s[at] != '\n' {
			break
		}
		next := strings.IndexByte(f.s[at+1:], '\n')
		if next < 0 {
			next = len(f.s) - at - 1
		}
		line := f.s[at+1 : at+1+next]
		at += 1 + next
		if strings.IndexByte(line, quote) >= 0 {
			return at
		}
	}
	return end
}

// json masks the values of a JSON text, by its strings. It does not need the text to be valid.
func (f *settings) json() {
	s := f.s
	name := ""
	for i := 0; i < len(s); i++ {
		if s[i] != '"' {
			if '0' <= s[i] && s[i] <= '9' && f.style == styleValues {
				end := run(s, i, alnum, len(s))
				if end-i > 6 && digits(s[i:end]) == end-i {
					f.add(i, end)
				}
				i = end - 1
			}
			continue
		}
		end := i + 1
		for end < len(s) && s[end] != '"' && s[end] != '\n' {
			if s[end] == '\\' && end+1 < len(s) && s[end+1] != '\n' {
				end++
			}
			end++
		}
		rest := strings.TrimLeft(s[min(end+1, len(s)):min(len(s), end+64)], " \t\r\n")
		if strings.HasPrefix(rest, ":") {
			name = s[i+1 : end]
		} else if f.masks(name, s[i+1:end], false) {
			f.add(i+1, end)
		}
		i = end
	}
}

// netrc masks the word after "password" or "account".
func (f *settings) netrc() {
	s := f.s
	next := false
	for i := 0; i < len(s); {
		if s[i] <= ' ' {
			i++
			continue
		}
		end := i
		for end < len(s) && s[end] > ' ' {
			end++
		}
		if next {
			f.add(i, end)
			next = false
		} else {
			word := strings.ToLower(s[i:end])
			next = word == "password" || word == "passwd" || word == "account"
		}
		i = end
	}
}
