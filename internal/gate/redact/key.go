package redact

import "strings"

// The limits of a private key in text form.
const (
	maxKey      = 32 << 10
	maxKeyLines = 64 // of one whose end is missing
)

// armor masks a private key from its BEGIN line to its END line: PEM of every kind,
// PGP, SSH2; indented, quoted, or with its line feeds escaped. Without an END it
// masks the lines after BEGIN that look like a key, at most 64. p is at "BEGIN ".
func (c *scanner) armor(p int) {
	s := c.s
	start := p
	for start > c.last && p-start < 6 && (s[start-1] == '-' || s[start-1] == ' ') {
		start--
	}
	for start < p && s[start] == ' ' {
		start++
	}
	if p-start < 4 {
		return
	}
	name := p + len("BEGIN ")
	eol := name
	for limit := min(len(s), name+80); eol < limit && (b64.holds(s[eol]) && s[eol] != '-' || s[eol] == ' '); {
		eol++
	}
	label := s[name:eol]
	if !strings.Contains(label, "PRIVATE") || !strings.HasPrefix(s[eol:], "----") {
		return
	}
	body := eol
	for body < len(s) && s[body] == '-' {
		body++
	}
	end, ok := c.armorEnd(body, strings.TrimSpace(label))
	if !ok {
		end = keyLines(s, body, maxKeyLines)
		if end-body < 16 {
			return
		}
	}
	c.add(start, end, kindKey)
	c.found[len(c.found)-1].secret = bare(s[body:end])
}

// armorEnd returns the end of the END line that closes the key whose text begins at body.
func (c *scanner) armorEnd(body int, label string) (int, bool) {
	s := c.s
	window := s[body:min(len(s), body+maxKey)]
	if next := strings.Index(window, "-BEGIN "); next >= 0 {
		window = window[:next]
	}
	i := strings.Index(window, "END "+label+"-")
	if i < 0 {
		return 0, false
	}
	text := strings.TrimRight(window[:i], "- ")
	if !keyBody(text) && !mostlyKey(text) {
		return 0, false
	}
	end := body + i + len("END ") + len(label)
	for end < len(s) && s[end] == '-' {
		end++
	}
	return end, true
}

// keyLines returns where the lines end, from position i on and at most n, that can be
// part of a key: base64 with nothing but indentation, quotes, signs of a diff and escaped
// line feeds around it, or a header such as "Proc-Type: 4,ENCRYPTED".
func keyLines(s string, i, n int) int {
	end := i
	for ; n > 0 && i < len(s); n-- {
		eol := strings.IndexByte(s[i:], '\n')
		if eol < 0 {
			eol = len(s) - i
		}
		line := s[i : i+eol]
		used, whole := keyText(line)
		if used > 0 || strings.Trim(line, " \t\r\"'`+\\,") == "" {
			end = i + used
		}
		if !whole {
			break
		}
		end = i + eol
		i += eol + 1
	}
	return end
}

// keyText returns how much of the line can be part of a key, and whether all of it can.
func keyText(line string) (int, bool) {
	if keyHeader(line) {
		return len(line), true
	}
	n, last := len(line)-len(strings.TrimLeft(line, " \t-")), 0 // last is the end of the last run that is long enough
	for n < len(line) {
		if end := run(line, n, std64, len(line)); end > n {
			if end-n >= 16 || end-n >= 3 && line[end-1] == '=' {
				last = end
			}
			n = end
		} else if around(line[n]) {
			n++
		} else {
			break
		}
	}
	if n == len(line) && (last > 0 || strings.Trim(line, " \t\r\"'`+|>#*,\\-") == "") {
		return n, true
	}
	return last, false
}

// around reports whether c may stand around the base64 of a key: in indentation, quotes,
// diffs, comments and escapes.
func around(c byte) bool { return strings.IndexByte(" \t\r\"'`|>#*,\\;)", c) >= 0 }

// keyHeader reports whether the line is a header within an armored key.
func keyHeader(line string) bool {
	line = strings.TrimLeft(line, " \t\r\"'`+-|>#*,\\")
	for _, header := range []string{"Proc-Type:", "DEK-Info:", "Version:", "Comment:", "Subject:", "Hash:"} {
		if strings.HasPrefix(line, header) {
			return true
		}
	}
	return false
}

// keyBody reports whether text, between BEGIN and END, is nothing but a key, however short.
func keyBody(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for i := 0; i < len(line) && !keyHeader(line); i++ {
			if !std64.holds(line[i]) && !around(line[i]) ||
				line[i] == ' ' && isAlnum(line[i-1]) && isAlnum(line[i+1]) { // words
				return false
			}
		}
	}
	return longestRun(text) >= 4
}

// mostlyKey reports whether text holds a run of base64 that is most of it.
func mostlyKey(text string) bool {
	n := 0
	for i := range len(text) {
		if std64.holds(text[i]) {
			n++
		}
	}
	return longestRun(text) >= 16 && n*4 >= len(text)*3
}

// longestRun returns the length of the longest run of base64 in s.
func longestRun(s string) int {
	longest := 0
	for i := 0; i < len(s); i++ {
		end := run(s, i, std64, len(s))
		longest = max(longest, end-i)
		i = end
	}
	return longest
}

// bare returns the letters and digits of a key, so that it hashes alike however its
// lines are broken, quoted and escaped.
func bare(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '\\' && i+1 < len(text): // \n, \r
			i++
		case std64.holds(ch):
			b.WriteByte(ch)
		}
	}
	return b.String()
}

// putty masks the private lines of a PuTTY key. p is at its first line.
func (c *scanner) putty(p int) {
	s := c.s
	window := s[p+1 : min(len(s), p+maxKey)]
	if next := strings.Index(window, "PuTTY-User-Key-File-"); next >= 0 {
		window = window[:next]
	}
	i := strings.Index(window, "Private-Lines:")
	if i < 0 {
		return
	}
	eol := strings.IndexByte(window[i:], '\n')
	if eol < 0 {
		return
	}
	start := p + 1 + i + eol + 1
	end := keyLines(s, start, maxKeyLines)
	if end > start {
		c.note(start, end, kindKey)
	}
}

// jwt masks a JSON Web Token, signed or encrypted. p is at "eyJ".
func (c *scanner) jwt(p int) {
	s := c.s
	if !c.opens(p) {
		return
	}
	end := run(s, p, url64, 8*maxValue)
	if end-p < 12 || end+1 >= len(s) || s[end] != '.' {
		return
	}
	next := run(s, end+1, url64, 64*maxValue)
	if !strings.HasPrefix(s[end+1:], "eyJ") && next-end < 8 && s[min(next, len(s)-1)] != '.' || next-end < 4 {
		return
	}
	for end = next; end < len(s) && s[end] == '.'; end = next {
		if next = run(s, end+1, url64, 64*maxValue); next == end+1 && (next == len(s) || s[next] != '.') {
			break
		}
	}
	c.add(p, end, kindJWT)
}

// terraform masks ID.atlasv1.TOKEN. p is at ".atlasv1.".
func (c *scanner) terraform(p int) {
	start := p
	for floor := max(c.last, p-20); start > floor && isAlnum(c.s[start-1]); {
		start--
	}
	end := run(c.s, p+len(".atlasv1."), url64, 512)
	if p-start >= 8 && end-p >= 40 {
		c.add(start, end, kindTF)
	}
}

// telegram masks the token of a bot: a number, ":AA" and 33 characters. p is at the colon.
func (c *scanner) telegram(p int) {
	start := p
	for floor := max(c.last, p-12); start > floor && c.s[start-1] >= '0' && c.s[start-1] <= '9'; {
		start--
	}
	end := run(c.s, p+1, url64, 64)
	// In a URL the number follows the word bot.
	if p-start >= 6 && end-p >= 32 && end-p <= 48 && (c.opens(start) || strings.HasSuffix(c.s[:start], "bot")) && c.closes(end) {
		c.add(start, end, kindTelegram)
	}
}
