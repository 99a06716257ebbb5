package git

import (
	"fmt"
	"strings"
)

// An entry is one setting of a configuration file. Section and key are in lower case,
// the subsection is as written.
type entry struct{ section, sub, key, value string }

// parseConfig reads the syntax of git-config(1). Includes are settings like any other
// and are not followed; a key without a value has the value "true".
func parseConfig(data []byte) ([]entry, error) {
	s := strings.TrimPrefix(string(data), "\ufeff")
	p := configParser{s: strings.ReplaceAll(s, "\r\n", "\n"), line: 1}
	var entries []entry
	var section, sub string
	for {
		p.space(true)
		switch c := p.peek(); {
		case c == eof:
			return entries, nil
		case c == '#' || c == ';':
			p.comment()
		case c == '[':
			var err error
			if section, sub, err = p.header(); err != nil {
				return nil, err
			}
		case isLetter(c):
			e := entry{section: section, sub: sub, value: "true"}
			from := p.pos
			for isLetter(p.peek()) || isDigit(p.peek()) || p.peek() == '-' {
				p.next()
			}
			e.key = strings.ToLower(p.s[from:p.pos])
			p.space(false)
			switch p.peek() {
			case '=':
				p.next()
				var err error
				if e.value, err = p.value(); err != nil {
					return nil, err
				}
			case '\n', eof:
			default:
				return nil, p.error("no = after a name")
			}
			if section != "" { // git takes the others, too, and has no use for them
				entries = append(entries, e)
			}
		default:
			return nil, p.error("neither a section nor a setting")
		}
	}
}

// lastValue returns the value of section.key, without a subsection, that counts.
func lastValue(entries []entry, section, key string) (string, bool) {
	for i := len(entries) - 1; i >= 0; i-- {
		if e := entries[i]; e.section == section && e.sub == "" && e.key == key {
			return e.value, true
		}
	}
	return "", false
}

const eof = -1

type configParser struct {
	s    string
	pos  int
	line int
}

func (p *configParser) peek() int {
	if p.pos == len(p.s) {
		return eof
	}
	return int(p.s[p.pos])
}

func (p *configParser) next() int {
	c := p.peek()
	if c != eof {
		p.pos++
	}
	if c == '\n' {
		p.line++
	}
	return c
}

func (p *configParser) error(what string) error {
	return fmt.Errorf("configuration, line %d: %s", p.line, what)
}

func (p *configParser) space(lines bool) {
	for c := p.peek(); isSpace(c) || lines && c == '\n'; c = p.peek() {
		p.next()
	}
}

func (p *configParser) comment() {
	for c := p.peek(); c != eof && c != '\n'; c = p.peek() {
		p.next()
	}
}

// header reads [section], [section "subsection"] or the old [section.subsection].
func (p *configParser) header() (section, sub string, err error) {
	p.next()
	var b strings.Builder
	for {
		switch c := p.next(); {
		case c == ']':
			section = strings.ToLower(b.String())
			section, sub, _ = strings.Cut(section, ".")
			if section == "" {
				return "", "", p.error("an empty section name")
			}
			return section, sub, nil
		case isLetter(c), isDigit(c), c == '-', c == '.':
			b.WriteByte(byte(c))
		case isSpace(c):
			p.space(false)
			if p.next() != '"' {
				return "", "", p.error("no quote before a subsection")
			}
			sub, err = p.subsection()
			return strings.ToLower(b.String()), sub, err
		default:
			return "", "", p.error("a bad section header")
		}
	}
}

func (p *configParser) subsection() (string, error) {
	var b strings.Builder
	for {
		c := p.next()
		if c == '"' {
			break
		}
		if c == '\\' {
			c = p.next()
		}
		if c == eof || c == '\n' {
			return "", p.error("a subsection without an end")
		}
		b.WriteByte(byte(c))
	}
	if p.next() != ']' {
		return "", p.error("no ] after a subsection")
	}
	return b.String(), nil
}

// value reads what stands after "=" to the end of the line, or of several that end
// with a backslash: spaces at both ends are dropped, quotes keep them.
func (p *configParser) value() (string, error) {
	var b strings.Builder
	quoted, keep := false, 0 // keep: the length that trailing spaces are not part of
	p.space(false)
	for {
		c := p.next()
		switch {
		case c == eof || c == '\n':
			if quoted {
				return "", p.error("a value whose quotes do not end")
			}
			return b.String()[:keep], nil
		case !quoted && (c == '#' || c == ';'):
			p.comment()
			continue
		case !quoted && isSpace(c):
			if b.Len() > 0 {
				b.WriteByte(byte(c))
			}
			continue
		case c == '"':
			quoted = !quoted
			keep = b.Len()
			continue
		case c == '\\':
			switch c = p.next(); c {
			case '\n':
				continue
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case '\\', '"':
			default:
				return "", p.error("an unknown escape in a value")
			}
		}
		b.WriteByte(byte(c))
		keep = b.Len()
	}
}

func isLetter(c int) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c int) bool  { return c >= '0' && c <= '9' }
func isSpace(c int) bool  { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' }
