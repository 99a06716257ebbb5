package view

import (
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// A Part is a stretch of a document.
type Part struct {
	first, last int     // lines; 0 where open
	pointer     *string // a JSON pointer
	heading     string  // of a Markdown section
}

func (p Part) lines() bool { return p.first > 0 || p.last > 0 }

// forms are the parts there are, for messages.
const forms = `use L10-L50, L10- (to the end), L10, a JSON pointer such as /a/0, or a Markdown heading such as #install`

// ParsePart parses a part: lines "L10", "L10-L50", "10-50" or "L10-"; a JSON pointer
// (RFC 6901), which begins with a slash; or a heading, which begins with "#" or is none
// of the others. "" is the whole. It fails with fail.Invalid.
func ParsePart(s string) (Part, error) {
	switch {
	case s == "":
		return Part{}, nil
	case s[0] == '/':
		return Part{pointer: &s}, nil
	case s[0] == '#' && len(s) > 1:
		return Part{heading: s[1:]}, nil
	}
	from, to, ranged := strings.Cut(s, "-")
	first, ok := line(from)
	if !ok {
		if looksLikeLines(s) {
			return Part{}, fail.Errorf(fail.Invalid, "%q is no part of a document", clip(s)).Then(forms)
		}
		return Part{heading: s}, nil
	}
	p := Part{first: first, last: first}
	if ranged {
		p.last = 0
		if to != "" {
			if p.last, ok = line(to); !ok {
				return Part{}, fail.Errorf(fail.Invalid, "%q is no part of a document", clip(s)).Then(forms)
			}
		}
	}
	switch {
	case p.first == 0:
		return Part{}, fail.Errorf(fail.Invalid, "lines are counted from 1, not from 0").Then(forms)
	case p.last > 0 && p.last < p.first:
		return Part{}, fail.Errorf(fail.Invalid, "the part %q ends before it begins", clip(s)).Then(forms)
	case ranged && p.last == 0 && to != "":
		return Part{}, fail.Errorf(fail.Invalid, "lines are counted from 1, not from 0").Then(forms)
	}
	return p, nil
}

// line reads "L10" or "10". A number too large for any file is taken for the largest.
func line(s string) (int, bool) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "L"), "l")
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil || n > maxLineNumber {
		n = maxLineNumber
	}
	return n, true
}

const maxLineNumber = 1 << 40

// looksLikeLines reports whether s was meant for lines and is not a heading.
func looksLikeLines(s string) bool {
	s = strings.TrimPrefix(strings.ToLower(s), "l")
	return s == "" || strings.IndexByte("-0123456789.+", s[0]) >= 0
}

// clip shortens what a caller sent for a message.
func clip(s string) string {
	if len(s) <= 80 {
		return s
	}
	return strings.ToValidUTF8(s[:80], "") + "…"
}
