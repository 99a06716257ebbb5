package buildlog

import (
	"bytes"
)

// afterStamps returns line without the time stamps of services in front:
//
//	2026-01-02T03:04:05.1234567Z text      GitHub, Gitea
//	2026-01-02T03:04:05.123456Z 00O text   GitLab; also 01E, and + for a line's continuation
//	2026-01-02T03:04:05.123456789Z text    Docker, Kubernetes
//	[2026-01-02T03:04:05.123Z] text        Jenkins
//
// Stamps of other forms are the programs' own, and stay.
func afterStamps(line []byte) []byte {
	for {
		rest := afterStamp(line)
		if len(rest) == len(line) {
			return line
		}
		line = rest
	}
}

func afterStamp(line []byte) []byte {
	b, bracket := line, false
	if len(b) > 0 && b[0] == '[' {
		b, bracket = b[1:], true
	}
	const form = "0000-00-00T00:00:00." // 0 is any digit
	if len(b) <= len(form) || b[0] != '2' {
		return line
	}
	for i := range len(form) {
		if form[i] == '0' && !isDigit(b[i]) || form[i] != '0' && form[i] != b[i] {
			return line
		}
	}
	digits := len(form)
	for digits < len(b) && isDigit(b[digits]) {
		digits++
	}
	b, digits = b[digits:], digits-len(form)
	if len(b) == 0 || b[0] != 'Z' {
		return line
	}
	b = b[1:]
	switch {
	case bracket && digits == 3 && len(b) > 0 && b[0] == ']':
		return bytes.TrimPrefix(b[1:], []byte(" "))
	case bracket:
	case digits == 6 && len(b) >= 4 && b[0] == ' ' && isDigit(b[1]) && isDigit(b[2]) && (b[3] == 'O' || b[3] == 'E'):
		if b = b[4:]; len(b) == 0 {
			return b
		}
		if b[0] == ' ' || b[0] == '+' {
			return b[1:]
		}
	case digits == 7 || digits == 9:
		if len(b) == 0 {
			return b
		}
		if b[0] == ' ' {
			return b[1:]
		}
	}
	return line
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// afterSection returns line without a marker of GitLab's sections in front, as it is in the
// raw log or without its controls:
//
//	section_start:1560896352:name[collapsed=true]\r\e[0Ktitle
func afterSection(line []byte) []byte {
	for {
		b, found := line, false
		for bytes.HasPrefix(b, []byte("\x1b[0K")) {
			b = b[len("\x1b[0K"):]
		}
		if b, found = bytes.CutPrefix(b, []byte("section_start:")); !found {
			if b, found = bytes.CutPrefix(b, []byte("section_end:")); !found {
				return line
			}
		}
		n := 0
		for n < len(b) && isDigit(b[n]) {
			n++
		}
		if n == 0 || n == len(b) || b[n] != ':' {
			return line
		}
		for n++; n < len(b) && b[n] > ' ' && b[n] < 0x7f; n++ {
		}
		switch {
		case n == len(b):
			return nil
		case b[n] != '\r':
			return line
		}
		line = bytes.TrimPrefix(b[n+1:], []byte("\x1b[0K"))
	}
}

// marker returns line with the marker of GitHub, Gitea or Azure in front made readable, and
// whether it was.
func (c *cleaner) marker(line []byte) ([]byte, bool) {
	if b, ok := bytes.CutPrefix(line, []byte("##[")); ok {
		name, text, ok := bytes.Cut(b, []byte("]"))
		if !ok {
			return line, false
		}
		switch string(name) {
		case "group", "section", "command":
			return text, true
		case "endgroup":
			return nil, true
		case "error", "warning", "notice", "debug":
			return c.level(name, text), true
		}
		return line, false
	}
	b, ok := bytes.CutPrefix(line, []byte("::"))
	if !ok {
		return line, false
	}
	head, text, ok := bytes.Cut(b, []byte("::"))
	if !ok {
		return line, false
	}
	name, properties, _ := bytes.Cut(head, []byte(" "))
	switch string(name) {
	case "group":
		return text, true
	case "endgroup", "add-mask":
		return nil, true
	case "error", "warning", "notice", "debug":
		return c.command(name, properties, text), true
	}
	return line, false
}

// level returns "name: text", with the name once.
func (c *cleaner) level(name, text []byte) []byte {
	if n := len(name); len(text) > n && text[n] == ':' && bytes.EqualFold(text[:n], name) {
		return text
	}
	c.front = append(append(append(c.front[:0], name...), ": "...), text...)
	return c.front
}

// command returns a workflow command, such as "::error file=a.go,line=3,title=T::text", as
// "error: a.go:3: T: text".
func (c *cleaner) command(name, properties, text []byte) []byte {
	var file, line, column, title []byte
	for len(properties) > 0 {
		var one []byte
		one, properties, _ = bytes.Cut(properties, []byte(","))
		key, value, _ := bytes.Cut(one, []byte("="))
		switch string(bytes.TrimSpace(key)) {
		case "file":
			file = value
		case "line":
			line = value
		case "col":
			column = value
		case "title":
			title = value
		}
	}
	out := make([]byte, 0, len(name)+len(properties)+len(text)+8)
	out = append(append(out, name...), ": "...)
	if len(file) > 0 {
		out = unescape(out, file)
		for _, number := range [][]byte{line, column} {
			if len(number) == 0 {
				break
			}
			out = unescape(append(out, ':'), number)
		}
		out = append(out, ": "...)
	}
	if len(title) > 0 {
		out = append(unescape(out, title), ": "...)
	}
	return unescape(out, text)
}

// unescape appends b with the escapes of workflow commands undone: %25, %2C and %3A; the
// line breaks %0D and %0A become a space.
func unescape(out, b []byte) []byte {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '%')
		if i < 0 {
			break
		}
		out, b = append(out, b[:i]...), b[i:]
		n := 3
		switch string(bytes.ToUpper(b[:min(3, len(b))])) {
		case "%25":
			out = append(out, '%')
		case "%2C":
			out = append(out, ',')
		case "%3A":
			out = append(out, ':')
		case "%0A":
			out = append(out, ' ')
		case "%0D":
		default:
			out, n = append(out, '%'), 1
		}
		b = b[n:]
	}
	return append(out, b...)
}
