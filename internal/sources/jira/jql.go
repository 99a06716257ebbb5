package jira

import (
	"slices"
	"strings"
	"unicode"

	"cleat/internal/fail"
)

// Limits of a query: bytes of a native one, parentheses in each other, words of a text.
const (
	maxNative = 16 << 10
	maxDepth  = 50
	maxWords  = 20
)

// quote makes a string of JQL, which stands for s and nothing else. Control characters, which
// no name has, become spaces.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsControl(r):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// words returns the words of a text that Jira's index can have, each once: letters and digits
// alone, as the rest is syntax or nothing to it.
func words(s string) ([]string, error) {
	var all, out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '_'
	}) {
		if slices.Contains(all, w) || strings.Trim(w, "_") == "" {
			continue
		}
		if all = append(all, w); !slices.Contains(stops(), w) {
			out = append(out, w)
		}
	}
	if len(out) == 0 {
		out = all
	}
	switch {
	case len(out) == 0:
		return nil, fail.Errorf(fail.Invalid, "text has no word that can be looked for").Then("give words of letters and digits")
	case len(out) > maxWords:
		return nil, fail.Errorf(fail.Invalid, "text has more than %d words", maxWords).Then("give fewer")
	}
	return out, nil
}

// stops are words that Jira's index leaves out in English: it never finds them.
func stops() []string {
	return []string{"a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
		"on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with"}
}

// native checks a native query so that it can stand in parentheses beside others: they and the
// quotes in it pair, and its order, which is returned apart, is cut off. Issues of projects
// that are not allowed must not be named: what is found would tell of them.
func (s *Source) native(query string) (jql, order string, err error) {
	bad := func(why string) (string, string, error) {
		return "", "", fail.Errorf(fail.Invalid, "native is not JQL that can be sent: %s", why).
			Then(`write it such as labels = bug AND fixVersion = "1.2"`)
	}
	if len(query) > maxNative {
		return "", "", fail.Errorf(fail.TooLarge, "native has %d bytes; at most %d are taken", len(query), maxNative)
	}
	depth, last := 0, byte(0)
	for i := 0; i < len(query); i++ {
		c := query[i]
		word := ""
		switch {
		case c == '"' || c == '\'':
			end := i + 1
			for end < len(query) && query[end] != c {
				if query[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(query) {
				return bad("a quotation mark has no other")
			}
			word = query[i+1 : end]
			if strings.ContainsFunc(word, unicode.IsControl) {
				return bad("there is a control character in quotation marks")
			}
			if last != '~' && strings.Contains(word, `\`) {
				word = "" // an escape may hide anything
				if len(s.projects) > 0 {
					return bad(`there is a \ in quotation marks that is no text to look for`)
				}
			}
			i = end
		case c == '(':
			if depth++; depth > maxDepth {
				return bad("its parentheses are nested too deep")
			}
		case c == ')':
			if depth--; depth < 0 {
				return bad("a parenthesis has no other")
			}
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			continue
		case c == '\\' || c < ' ' || c == 0x7f || c == ';':
			return bad("there is a character outside of quotation marks that JQL does not have")
		case inWord(c):
			end := i
			for end < len(query) && inWord(query[end]) {
				end++
			}
			if word = query[i:end]; depth == 0 && strings.EqualFold(word, "order") {
				if by := strings.TrimSpace(query[end:]); len(by) > 2 && strings.EqualFold(by[:2], "by") {
					return query[:i], query[i:], nil
				}
			}
			i = end - 1
		}
		// What is looked for in a text names nothing.
		if key := strings.TrimSpace(word); last != '~' && isKey(key) && !s.has(projectOf(key)) {
			return "", "", fail.Errorf(fail.Denied, "native names the issue %.60s of a project that this source may not use", word).
				Then("leave it out")
		}
		last = c
	}
	if depth != 0 {
		return bad("a parenthesis has no other")
	}
	return query, "", nil
}

// inWord reports whether c is a part of a word of JQL outside of quotation marks.
func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c >= 0x80
}
