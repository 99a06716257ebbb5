package tickets

import (
	"strings"

	"cleat/internal/fail"
	"cleat/internal/markup"
)

// A Part is a change of a part of a body: what is sent is the change and not the whole. One
// of Text, Append and Find is set.
type Part struct {
	Section string // heading of the section that counts; "" for the whole body
	Text    string // new content of the section
	Append  string // put at the end
	Find    string // words that occur once
	Replace string // put in their place
}

// PartOf makes a Part of its fields by their names. It fails with fail.Invalid.
func PartOf(fields map[string]string) (*Part, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	p := &Part{}
	for name, value := range fields {
		switch name {
		case "section":
			p.Section = value
		case "text":
			p.Text = value
		case "append":
			p.Append = value
		case "find":
			p.Find = value
		case "replace":
			p.Replace = value
		default:
			return nil, fail.Errorf(fail.Invalid, "edit has no %s", quote(name)).Then("pass section, and text, append, or find with replace")
		}
	}
	return p, nil
}

// apply is an Edit.
func (p *Part) apply(body string) (string, error) {
	set := 0
	for _, s := range []string{p.Text, p.Append, p.Find} {
		if s != "" {
			set++
		}
	}
	if set != 1 || p.Replace != "" && p.Find == "" {
		return "", fail.Errorf(fail.Invalid, "edit needs one of text, append, and find with replace").Then("pass one of them")
	}
	from, to := 0, len(body)
	head := 0 // where the content of the section begins
	if p.Section != "" {
		var err error
		if from, to, err = markup.Section(body, p.Section); err != nil {
			return "", fail.Hint(err, "pass one of its headings as edit.section, or use edit.find")
		}
		head = headingEnd(body[from:to])
	}
	part := body[from:to]
	switch {
	case p.Text != "":
		if p.Section == "" {
			return "", fail.Errorf(fail.Invalid, "edit.text needs the section that it is for").Then("pass edit.section, or the whole text as body")
		}
		part = whole(part, head, p.Text)
	case p.Append != "":
		part = glue(part, p.Append, to < len(body))
	default:
		switch n := strings.Count(part, p.Find); n {
		case 1:
			part = strings.Replace(part, p.Find, p.Replace, 1)
		case 0:
			return "", fail.Errorf(fail.NotFound, "the words of edit.find are not in the body").
				Because("they have to be as ticket_read shows them, spaces and line ends too").Then("read the body with ticket_read")
		default:
			return "", fail.Errorf(fail.Invalid, "the words of edit.find occur %d times", n).Then("pass more of what stands around them, or edit.section")
		}
	}
	return body[:from] + part + body[to:], nil
}

// headingEnd is where the heading of a section ends: after its line, and after the line below
// that underlines it.
func headingEnd(section string) int {
	line := strings.IndexByte(section, '\n') + 1
	if line == 0 {
		return len(section)
	}
	below, _, _ := strings.Cut(section[line:], "\n")
	marks := strings.TrimSpace(below)
	if strings.HasPrefix(strings.TrimLeft(section, " "), "#") || marks == "" || strings.Trim(marks, "=") != "" && strings.Trim(marks, "-") != "" {
		return line
	}
	return min(line+len(below)+1, len(section))
}

// whole is a section with the new content below its heading, which ends at head and stays.
func whole(section string, head int, text string) string {
	heading := strings.TrimRight(section[:head], "\r\n")
	// A model that sends the heading along means the same one.
	if first, rest, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n"); strings.TrimSpace(first) == strings.TrimSpace(heading) {
		text = rest
	}
	tail := section[len(strings.TrimRight(section, "\r\n")):]
	if tail == "" {
		tail = "\n"
	}
	return heading + "\n\n" + strings.Trim(text, "\r\n") + tail
}

// glue puts more at the end of text, as a paragraph of its own unless it goes on with a list.
func glue(text, more string, inside bool) string {
	kept := strings.TrimRight(text, "\r\n")
	more = strings.Trim(more, "\r\n")
	sep := "\n\n"
	last := kept[strings.LastIndexByte(kept, '\n')+1:]
	switch {
	case kept == "":
		sep = ""
	case item(last) && item(more):
		sep = "\n"
	}
	end := ""
	if inside {
		end = "\n\n"
	}
	return kept + sep + more + end
}

// item reports whether a line is an item of a list, or a row of a table.
func item(line string) bool {
	line = strings.TrimLeft(line, " \t")
	return line != "" && (isItem(line) || line[0] == '|')
}

// isItem reports whether a line begins an item of a list.
func isItem(s string) bool {
	digits := strings.TrimLeft(s, "0123456789")
	if n := len(s) - len(digits); n > 0 && n < 10 {
		return strings.HasPrefix(digits, ". ") || strings.HasPrefix(digits, ") ")
	}
	return len(s) > 1 && strings.IndexByte("-*+", s[0]) >= 0 && s[1] == ' '
}
