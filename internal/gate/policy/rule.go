package policy

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The most bytes that a rule may have. A longer one is a mistake, or an attack on
// whoever has to read it.
const maxRule = 2048

// A Rule is one entry of an allow or a deny list.
type Rule struct {
	Tool  string // glob over names of capabilities
	Conds []Cond // all must hold

	File string // where it stands, for messages; "" if it does not come from a file
	Line int    // 1-based; 0 if unknown
}

// A Cond restricts a rule to calls whose source, op or argument matches a glob.
type Cond struct {
	Key  string // "source", "op", or the name of an argument
	Glob string
}

// A SyntaxError says where a rule is wrong.
type SyntaxError struct {
	Pos  int // byte offset in the rule, from 0
	What string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("at byte %d: %s", e.Pos, e.What)
}

// ParseRule parses TOOL_GLOB or TOOL_GLOB(key=glob, …). A value with commas,
// parentheses, equal signs or spaces stands in double quotes, where \" and \\ are
// escapes; * and ? are wildcards there as well. The error is a *SyntaxError.
func ParseRule(s string) (Rule, error) {
	p := ruleParser{s: s}
	r, err := p.rule()
	if err != nil {
		return Rule{}, err
	}
	return r, nil
}

// String returns the rule in its one canonical spelling, which ParseRule accepts.
func (r Rule) String() string {
	if len(r.Conds) == 0 {
		return r.Tool
	}
	var b strings.Builder
	b.WriteString(r.Tool)
	for i, c := range r.Conds {
		if i == 0 {
			b.WriteByte('(')
		} else {
			b.WriteString(", ")
		}
		b.WriteString(c.Key)
		b.WriteByte('=')
		if strings.ContainsFunc(c.Glob, func(r rune) bool { return !plainValue(r) }) {
			b.WriteByte('"')
			for i := range len(c.Glob) {
				if c.Glob[i] == '"' || c.Glob[i] == '\\' {
					b.WriteByte('\\')
				}
				b.WriteByte(c.Glob[i])
			}
			b.WriteByte('"')
		} else {
			b.WriteString(c.Glob)
		}
	}
	b.WriteByte(')')
	return b.String()
}

// where returns FILE:LINE as far as it is known.
func (r *Rule) where() string { return position(r.File, r.Line) }

func position(file string, line int) string {
	if line == 0 || file == "" {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// cond returns the glob for key.
func (r *Rule) cond(key string) (string, bool) {
	for i := range r.Conds {
		if r.Conds[i].Key == key {
			return r.Conds[i].Glob, true
		}
	}
	return "", false
}

type ruleParser struct {
	s string
	i int
}

func (p *ruleParser) fail(pos int, format string, args ...any) error {
	return &SyntaxError{Pos: pos, What: fmt.Sprintf(format, args...)}
}

func (p *ruleParser) spaces() {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t') {
		p.i++
	}
}

// take advances over the characters that ok accepts.
func (p *ruleParser) take(ok func(rune) bool) string {
	start := p.i
	for p.i < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.s[p.i:])
		if !ok(r) {
			break
		}
		p.i += n
	}
	return p.s[start:p.i]
}

func (p *ruleParser) rule() (Rule, error) {
	if len(p.s) > maxRule {
		return Rule{}, p.fail(maxRule, "a rule has at most %d bytes", maxRule)
	}
	for i, r := range p.s {
		if !unicode.IsPrint(r) && r != '\t' || r == utf8.RuneError {
			return Rule{}, p.fail(i, "character that cannot be seen, or invalid UTF-8")
		}
	}
	var r Rule
	p.spaces()
	at := p.i
	r.Tool = p.take(toolChar)
	if r.Tool == "" {
		return Rule{}, p.fail(at, "want the name of a tool, such as db_query or db_*")
	}
	p.spaces()
	if p.i == len(p.s) {
		return r, nil
	}
	if p.s[p.i] != '(' {
		return Rule{}, p.fail(p.i, `want "(" or the end of the rule after the tool`)
	}
	p.i++
	for {
		c, err := p.cond(&r)
		if err != nil {
			return Rule{}, err
		}
		r.Conds = append(r.Conds, c)
		p.spaces()
		if p.i == len(p.s) {
			return Rule{}, p.fail(p.i, `")" is missing`)
		}
		sep := p.s[p.i]
		p.i++
		if sep == ')' {
			break
		}
		if sep != ',' {
			return Rule{}, p.fail(p.i-1, `want "," or ")" after a value`)
		}
	}
	p.spaces()
	if p.i != len(p.s) {
		return Rule{}, p.fail(p.i, `nothing may follow the closing ")"`)
	}
	return r, nil
}

func (p *ruleParser) cond(r *Rule) (Cond, error) {
	p.spaces()
	at := p.i
	key := p.take(keyChar)
	if key == "" {
		return Cond{}, p.fail(at, "want source, op or the name of an argument")
	}
	if _, twice := r.cond(key); twice {
		return Cond{}, p.fail(at, "%s is given twice", key)
	}
	p.spaces()
	if p.i == len(p.s) || p.s[p.i] != '=' {
		return Cond{}, p.fail(p.i, `want "=" after %s`, key)
	}
	p.i++
	p.spaces()
	at = p.i
	var glob string
	if p.i < len(p.s) && p.s[p.i] == '"' {
		var err error
		if glob, err = p.quoted(); err != nil {
			return Cond{}, err
		}
	} else {
		glob = p.take(plainValue)
	}
	if glob == "" {
		return Cond{}, p.fail(at, "want a value for %s; * is for any", key)
	}
	return Cond{Key: key, Glob: glob}, nil
}

func (p *ruleParser) quoted() (string, error) {
	start := p.i
	p.i++
	var b strings.Builder
	for p.i < len(p.s) {
		c := p.s[p.i]
		p.i++
		switch c {
		case '"':
			return b.String(), nil
		case '\\':
			if p.i == len(p.s) || p.s[p.i] != '"' && p.s[p.i] != '\\' {
				return "", p.fail(p.i-1, `only \" and \\ are escapes`)
			}
			c = p.s[p.i]
			p.i++
		}
		b.WriteByte(c)
	}
	return "", p.fail(start, "the closing quote is missing")
}

func toolChar(r rune) bool { return keyChar(r) || r == '*' || r == '?' }

func keyChar(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r == '.'
}

// plainValue reports whether r may stand in a value without quotes.
func plainValue(r rune) bool {
	switch r {
	case ',', '(', ')', '"', '=', '\\', ' ', '\t':
		return false
	}
	return unicode.IsPrint(r) && !unicode.IsSpace(r)
}
