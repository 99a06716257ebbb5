package tickets

import (
	"fmt"
	"strings"

	"cleat/internal/fail"
)

// A heading is one of a Markdown text, with the section that it begins.
type heading struct {
	level   int
	text    string
	from    int // byte at which its line begins
	content int // byte after its line, or lines
	to      int // end of the section: the next heading of its level or above
}

// headings lists those of a text, in its order: lines that begin with one to six "#", and
// lines that are underlined, of CommonMark 4.2 and 4.3, outside of blocks of code.
func headings(body string) []heading {
	var out []heading
	fence, list := "", false
	before, at := "", 0 // the line before if it is a paragraph of its own, and where it begins
	several := false    // the paragraph has several lines, and so has its heading: it is left alone
	pos := 0
	for line := range strings.Lines(body) {
		from := pos
		pos += len(line)
		text := strings.TrimRight(line, " \t\r\n")
		indent := len(text) - len(strings.TrimLeft(text, " "))
		bare := text[indent:]
		if fence != "" {
			if (indent < 4 || list) && strings.HasPrefix(bare, fence) && strings.Trim(bare, fence[:1]) == "" {
				fence = ""
			}
			before, several = "", false
			continue
		}
		switch marks := fenceOf(bare); {
		case marks != "" && (indent < 4 || list):
			fence, before, several = marks, "", false
			continue
		case indent >= 4 || bare == "":
			before, several = "", false
			continue
		case isItem(bare):
			list = true
		case indent == 0:
			list = false
		}
		if level, title := atx(bare); level > 0 {
			out = append(out, heading{level: level, text: title, from: from, content: pos})
			before, several = "", false
			continue
		}
		if level := underline(bare); level > 0 && !several && before != "" && !isItem(before) && before[0] != '>' {
			out = append(out, heading{level: level, text: before, from: at, content: pos})
			before = ""
			continue
		}
		several = before != "" && underline(bare) == 0
		before, at = bare, from
	}
	for i := range out {
		out[i].to = len(body)
		for _, next := range out[i+1:] {
			if next.level <= out[i].level {
				out[i].to = next.from
				break
			}
		}
	}
	return out
}

// fenceOf returns the marks that begin a block of code, "" for any other line.
func fenceOf(s string) string {
	for _, c := range []string{"`", "~"} {
		n := len(s) - len(strings.TrimLeft(s, c))
		if n >= 3 && (c == "~" || !strings.Contains(s[n:], "`")) {
			return s[:n]
		}
	}
	return ""
}

// atx reads a line such as "## Steps ##".
func atx(s string) (level int, title string) {
	rest := strings.TrimLeft(s, "#")
	level = len(s) - len(rest)
	if level == 0 || level > 6 || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return 0, ""
	}
	title = strings.TrimSpace(rest)
	if cut := strings.TrimRight(title, "#"); cut == "" || strings.HasSuffix(cut, " ") {
		title = strings.TrimSpace(cut)
	}
	return level, title
}

// underline is the level of the heading that the line underlines, 0 for any other line.
func underline(s string) int {
	switch {
	case strings.Trim(s, "=") == "":
		return 1
	case strings.Trim(s, "-") == "":
		return 2
	}
	return 0
}

// isItem reports whether a line begins an item of a list.
func isItem(s string) bool {
	digits := strings.TrimLeft(s, "0123456789")
	if n := len(s) - len(digits); n > 0 && n < 10 {
		return strings.HasPrefix(digits, ". ") || strings.HasPrefix(digits, ") ")
	}
	return len(s) > 1 && strings.IndexByte("-*+", s[0]) >= 0 && s[1] == ' '
}

// find returns the section under a heading, which is named by its text, in any case, with or
// without the marks of its level. It fails with fail.NotFound, naming those that there are,
// and with fail.Invalid where there are several.
func find(body, name string) (heading, error) {
	level, want := atx(strings.TrimSpace(name))
	if level == 0 {
		want = strings.TrimSpace(name)
	}
	var hits []heading
	var names []string
	for _, h := range headings(body) {
		names = append(names, h.text)
		if strings.EqualFold(h.text, want) && (level == 0 || h.level == level) {
			hits = append(hits, h)
		}
	}
	switch {
	case len(hits) == 1:
		return hits[0], nil
	case len(hits) > 1:
		return heading{}, fail.Errorf(fail.Invalid, "%d headings are called %s", len(hits), quote(name)).
			Then("pass it with the marks of its level, or use edit.find with words that occur once")
	case len(names) == 0:
		return heading{}, fail.Errorf(fail.NotFound, "the body has no headings").Then("use edit.append, edit.find, or body for the whole")
	}
	shown := fail.Near(want, names)
	if len(shown) == 0 {
		shown = names[:min(len(names), 20)]
	}
	var quoted []string
	for _, n := range shown {
		quoted = append(quoted, quote(n))
	}
	return heading{}, fail.Errorf(fail.NotFound, "no heading is called %s", quote(name)).
		Because("%s", fmt.Sprintf("there are %s", strings.Join(quoted, ", "))).Then("pass one of them as edit.section")
}
