package outgoing

import (
	"regexp"
	"strings"
	"sync"
)

// A neutralizer takes the effects out of one text. Where Markdown leaves room for doubt about
// what is code, text is taken for no code.
type neutralizer struct {
	mentions, keywords, actions bool

	named, closing, commands int             // what was changed
	found                    map[string]bool // and what that was, where it is not nil

	list   int    // column of the content of the list item that the line is in; 0 outside of lists
	fence  string // the marks of the code block that the line is in, "" outside of one
	within int    // column from which the lines of that block begin
	raw    bool   // HTML has begun, in which marks of Markdown mean nothing
}

// find remembers an effect.
func (n *neutralizer) find(what string) {
	if n.found != nil {
		n.found[strings.ToLower(what)] = true
	}
}

// text returns s without effects.
func (n *neutralizer) text(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 64)
	var group []string // lines of one paragraph, with their ends
	flush := func() {
		paired := !n.raw
		for _, l := range group {
			_, ok := spans(l)
			paired = paired && ok
		}
		for _, l := range group {
			body := strings.TrimRight(l, "\r\n")
			b.WriteString(n.inline(body, paired))
			b.WriteString(l[len(body):])
		}
		group = group[:0]
	}
	for line := range strings.Lines(s) {
		raw := n.raw
		switch indent, rest := indentation(strings.TrimRight(line, "\r\n")); {
		case rest == "":
			flush()
			b.WriteString(line)
		case n.code(indent, rest):
			flush()
			b.WriteString(line)
		default:
			if n.raw != raw {
				n.raw = raw
				flush()
				n.raw = true
			}
			if n.actions && command().MatchString(rest) {
				n.commands++
				n.find(rest)
				at := strings.Index(line, rest)
				line = line[:at] + `\` + line[at:]
			}
			group = append(group, line)
		}
	}
	flush()
	return b.String()
}

// code reports whether the line, which is not empty, belongs to a block of code between
// fences.
func (n *neutralizer) code(indent int, rest string) bool {
	if n.fence != "" {
		if indent >= n.within {
			if closes(rest, n.fence) && indent < n.within+4 {
				n.fence = ""
			}
			return true
		}
		n.fence = "" // the list item is over, and so is the block in it
	}
	if indent < n.list {
		n.list = 0
	}
	if marks := opens(rest); marks != "" && indent < n.list+4 && !n.raw {
		n.fence, n.within = marks, n.list
		return true
	}
	if w := marker(rest); w > 0 && indent < n.list+4 {
		n.list = indent + w
	}
	n.raw = n.raw || tag(strings.TrimLeft(rest, "-*+>0123456789.) \t"))
	return false
}

// tag reports whether s may begin with HTML.
func tag(s string) bool {
	return len(s) > 1 && s[0] == '<' && (s[1] == '!' || s[1] == '?' || s[1] == '/' || wordByte(s[1]))
}

// inline takes the effects out of what is not code in the line.
func (n *neutralizer) inline(line string, paired bool) string {
	if !strings.ContainsAny(line, "@#/-") {
		return line
	}
	parts := []string{line}
	if paired {
		parts, _ = spans(line)
	}
	var b strings.Builder
	for i, p := range parts {
		if i%2 == 1 {
			b.WriteString(p) // code
			continue
		}
		if n.keywords {
			p = n.closers(p, paired)
		}
		if n.mentions {
			p = n.names(p, paired)
		}
		b.WriteString(p)
	}
	return b.String()
}

// names makes mentions words without effect.
func (n *neutralizer) names(s string, paired bool) string {
	var b strings.Builder
	token, url := 0, -1 // the ends of the word that the sign stands in, and of the web address if it is one
	marked := -1        // where the last code that was made ends: a sign there has no word before it any more
	for i := 0; i < len(s); {
		j := strings.IndexByte(s[i:], '@')
		if j < 0 {
			b.WriteString(s[i:])
			break
		}
		at := i + j
		if at >= token {
			from := strings.LastIndexAny(s[:at], notAddress) + 1
			token = len(s)
			if k := strings.IndexAny(s[at:], notAddress); k >= 0 {
				token = at + k
			}
			url = -1
			if m := address().FindStringIndex(s[from:token]); m != nil && from+m[1] <= at {
				url = token
			}
		}
		end := at + 1
		for end < len(s) && (wordByte(s[end]) || strings.IndexByte("/.-", s[end]) >= 0 && end > at+1) {
			end++
		}
		b.WriteString(s[i:at])
		i = end
		name := strings.TrimRight(s[at:end], "./-")
		switch {
		case end == at+1, at > 0 && at != marked && wordByte(s[at-1]) || at < url:
			b.WriteString(s[at:end])
		case !paired:
			n.named++
			n.find(name)
			b.WriteString("＠" + s[at+1:end])
		default:
			n.named++
			n.find(name)
			b.WriteString("`" + name + "`")
			i = at + len(name)
			marked = i
		}
	}
	return b.String()
}

// closers makes the tickets after closing keywords words without effect.
func (n *neutralizer) closers(s string, paired bool) string {
	return keyword().ReplaceAllStringFunc(s, func(hit string) string {
		m := keyword().FindStringSubmatchIndex(hit)
		from, to := m[2], m[3]
		n.closing++
		n.find("close " + hit[from:to])
		if !paired {
			return hit[:from] + strings.NewReplacer("#", "＃", "-", "－", "/issues/", "/issue/").Replace(hit[from:to]) + hit[to:]
		}
		return hit[:from] + "`" + hit[from:to] + "`" + hit[to:]
	})
}

// keyword finds closing keywords with the ticket that follows, in all forms that GitHub,
// GitLab, Gitea, Jira and Linear know.
var keyword = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?|complet(?:e[sd]?|ing)|reopen(?:s|ed|ing)?)\b(?:[:\s]|issues?\b)*((?:https?://\S+/(?:issues|browse|issue|work_items)/\S*\w)|(?:[\w.-]+/)*[\w.-]*#\d+|\b[A-Z][A-Z0-9]+-\d+\b)`)
})

// command finds a line that is a command.
var command = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^/[A-Za-z_]+(?:\s|$)`) })

// spans cuts a line into text and code, in turn, text first. paired is false where marks are
// left over: then another line may have what they pair with.
func spans(line string) (parts []string, paired bool) {
	last := 0
	for i := 0; i < len(line); {
		if line[i] == '\\' && i+1 < len(line) {
			i += 2
			continue
		}
		if line[i] != '`' {
			i++
			continue
		}
		open := run(line, i)
		end := -1
		for j := i + open; j < len(line); {
			if line[j] != '`' {
				j++
				continue
			}
			k := run(line, j)
			if k == open {
				end = j + k
				break
			}
			j += k
		}
		if end < 0 {
			return []string{line}, false // what looks like code may be the text between two codes
		}
		parts = append(parts, line[last:i], line[i:end])
		last, i = end, end
	}
	parts = append(parts, line[last:])
	for i := 0; i < len(parts)-1; i += 2 {
		// The marks may stand in an attribute of HTML.
		if at := strings.IndexByte(parts[i], '<'); at >= 0 && tag(parts[i][at:]) {
			return []string{line}, false
		}
	}
	return parts, true
}

// run is how many code marks stand at i.
func run(s string, i int) int {
	n := 0
	for i+n < len(s) && s[i+n] == '`' {
		n++
	}
	return n
}

// indentation is the column at which the text of a line begins, and that text. Marks of
// quotes count as space.
func indentation(line string) (int, string) {
	col := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			col++
		case '\t':
			col += 4 - col%4
		default:
			return col, line[i:]
		}
	}
	return col, ""
}

// opens returns the marks with which a line begins a block of code, "" if it does not.
func opens(s string) string {
	n := 0
	for n < len(s) && s[n] == s[0] {
		n++
	}
	if n < 3 || s[0] != '`' && s[0] != '~' || s[0] == '`' && strings.Contains(s[n:], "`") {
		return ""
	}
	return s[:n]
}

// closes reports whether a line ends the block of code that the marks began.
func closes(s, marks string) bool {
	s = strings.TrimRight(s, " \t")
	return len(s) >= len(marks) && strings.Trim(s, marks[:1]) == ""
}

// marker is how wide the mark of a list item is with the space after it, 0 if there is none.
func marker(s string) int {
	i := 0
	for i < len(s) && i < 9 && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	switch {
	case i > 0 && i < len(s) && (s[i] == '.' || s[i] == ')'):
	case i == 0 && strings.IndexByte("-*+", s[0]) >= 0:
	default:
		return 0
	}
	i++
	if i >= len(s) || s[i] != ' ' && s[i] != '\t' {
		return 0
	}
	return i + 1
}

// notAddress are the characters that a web address in a text ends before.
const notAddress = " \t(<>[]\"'"

// address finds the beginning of a web address, with its host.
var address = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d+)?/`)
})

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
