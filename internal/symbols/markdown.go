package symbols

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
)

// A Section is a heading of a Markdown document and what stands under it.
type Section struct {
	Title   string
	Slug    string // as forges make it for links; unique in the document, "-1" and so on appended
	Level   int    // 1 to 6
	Line    int    // of the heading, from 1
	EndLine int    // the last line before the next heading of the same or a higher level
	Bytes   int64  // from the heading to there
	Parent  int    // index of the section it is in, or -1
}

// maxHeadingLine is how many bytes of a line the reader of headings looks at.
const maxHeadingLine = 2000

// Headings reads the headings of a Markdown document line by line, so that a document
// of any size costs the memory of its headings. The zero value is ready.
type Headings struct {
	sections []Section
	starts   []int64 // offset of each section
	open     []int   // sections that have not ended, outermost first
	slugs    map[string]int
	line     int
	offset   int64

	fence     byte // the character of an open code fence
	fenceLen  int
	until     string // what ends an open comment or block of HTML
	front     bool   // in the front matter
	para      []string
	paraLine  int
	paraStart int64
}

// Add reads the next line, given without its end. size is its length in bytes with the
// end and with what was left out of line, which may be clipped.
func (h *Headings) Add(line []byte, size int64) {
	h.line++
	start := h.offset
	h.offset += size
	line = bytes.TrimSuffix(line[:min(len(line), maxHeadingLine)], []byte("\r"))
	if h.line == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
		if string(bytes.TrimRight(line, " \t")) == "---" {
			h.front = true
			return
		}
	}
	indent := 0
	for indent < len(line) && line[indent] == ' ' {
		indent++
	}
	text := bytes.TrimRight(line[indent:], " \t")
	switch {
	case h.front:
		h.front = string(text) != "---" && string(text) != "..." || indent > 0
		return
	case h.until != "":
		if containsFold(text, h.until) {
			h.until = ""
		}
		return
	case h.fence != 0:
		if n := run(text, h.fence); indent < 4 && n >= h.fenceLen && n == len(text) {
			h.fence = 0
		}
		return
	case len(text) == 0:
		h.para = h.para[:0]
		return
	case indent >= 4 || text[0] == '\t':
		return // code, or the middle of a paragraph
	}
	switch c := text[0]; {
	case c == '#':
		if n := run(text, '#'); n <= 6 && (n == len(text) || text[n] == ' ' || text[n] == '\t') {
			h.add(closeATX(text[n:]), n, h.line, start)
			h.para = h.para[:0]
			return
		}
	case c == '`' || c == '~':
		if n := run(text, c); n >= 3 && (c == '~' || bytes.IndexByte(text[n:], '`') < 0) {
			h.fence, h.fenceLen = c, n
			h.para = h.para[:0]
			return
		}
	case c == '<':
		if until := htmlBlock(text); until != "" {
			if !containsFold(text[1:], until) {
				h.until = until
			}
			h.para = h.para[:0]
			return
		}
	case (c == '=' || c == '-') && len(h.para) > 0 && run(text, c) == len(text):
		level := 1
		if c == '-' {
			level = 2
		}
		h.add([]byte(strings.Join(h.para, " ")), level, h.paraLine, h.paraStart)
		h.para = h.para[:0]
		return
	}
	if blockStart(text) {
		h.para = h.para[:0]
		return
	}
	if len(h.para) == 0 {
		h.paraLine, h.paraStart = h.line, start
	}
	if len(h.para) < 4 {
		h.para = append(h.para, string(text))
	}
}

// Sections returns the sections of the lines read. It ends the reading.
func (h *Headings) Sections() []Section {
	for _, i := range h.open {
		h.end(i, h.line, h.offset)
	}
	h.open = nil
	return h.sections
}

// Lines returns how many lines have been read.
func (h *Headings) Lines() int { return h.line }

func (h *Headings) end(i, line int, offset int64) {
	h.sections[i].EndLine = max(line, h.sections[i].Line)
	h.sections[i].Bytes = offset - h.starts[i]
}

func (h *Headings) add(text []byte, level, line int, start int64) {
	if len(h.sections) >= MaxSymbols {
		return
	}
	for n := len(h.open); n > 0 && h.sections[h.open[n-1]].Level >= level; n = len(h.open) {
		h.end(h.open[n-1], line-1, start)
		h.open = h.open[:n-1]
	}
	parent := -1
	if n := len(h.open); n > 0 {
		parent = h.open[n-1]
	}
	title := headingText(text)
	h.sections = append(h.sections, Section{
		Title: clip(title, MaxName), Slug: h.slug(title), Level: level, Line: line, Parent: parent,
	})
	h.starts = append(h.starts, start)
	h.open = append(h.open, len(h.sections)-1)
}

// slug returns the link name of a heading, made unique.
func (h *Headings) slug(title string) string {
	if h.slugs == nil {
		h.slugs = map[string]int{}
	}
	base := Slug(title)
	slug := base
	for {
		n, taken := h.slugs[slug]
		if !taken {
			break
		}
		// The counter stands with the base, so that many equal headings stay cheap.
		n = max(n, h.slugs[base]) + 1
		h.slugs[base] = n
		slug = base + "-" + strconv.Itoa(n)
	}
	h.slugs[slug] = 0
	return slug
}

// Slug returns the link name of a heading: lower case, spaces as hyphens, punctuation
// left out. A heading without letters or digits is called "section".
func Slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '-' || r == '_':
			b.WriteRune(r)
		case r == ' ' || r == '\t':
			b.WriteByte('-')
		}
	}
	if s := clip(b.String(), MaxName); strings.Trim(s, "-_") != "" {
		return s
	}
	return "section"
}

// headingText takes the marks of links, images, code and emphasis off a heading.
func headingText(text []byte) string {
	var b strings.Builder
	s := bytes.TrimSpace(text)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == '!' && i+1 < len(s) && s[i+1] == '[', c == '[', c == '`', c == '*':
		case c == ']':
			if i+1 < len(s) && s[i+1] == '(' {
				if n := bytes.IndexByte(s[i:], ')'); n > 0 {
					i += n
				}
			}
		default:
			b.WriteByte(c)
		}
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(b.String(), "\ufffd")), " ")
}

// closeATX takes the closing "##" off a heading.
func closeATX(s []byte) []byte {
	s = bytes.TrimSpace(s)
	if t := bytes.TrimRight(s, "#"); len(t) == 0 || t[len(t)-1] == ' ' || t[len(t)-1] == '\t' {
		return t
	}
	return s
}

// run returns how many bytes c stand at the start of s.
func run(s []byte, c byte) int {
	n := 0
	for n < len(s) && s[n] == c {
		n++
	}
	return n
}

// htmlBlock returns what ends the raw HTML that begins with text, or "".
func htmlBlock(text []byte) string {
	if bytes.HasPrefix(text, []byte("<!--")) {
		return "-->"
	}
	for _, tag := range []string{"pre", "script", "style", "textarea"} {
		if n := len(tag) + 1; len(text) >= n && strings.EqualFold(string(text[1:n]), tag) &&
			(len(text) == n || text[n] == ' ' || text[n] == '>') {
			return "</" + tag + ">"
		}
	}
	return ""
}

func containsFold(text []byte, s string) bool {
	return bytes.Contains(bytes.ToLower(text), []byte(s))
}

// blockStart reports whether a line begins a quotation, a list or a rule, after which an
// underline makes no heading.
func blockStart(text []byte) bool {
	switch c := text[0]; c {
	case '>', '|':
		return true
	case '-', '+', '*', '_':
		return len(text) == 1 || text[1] == ' ' || text[1] == '\t' || run(text, c) == len(text) && len(text) >= 3
	}
	n := 0
	for n < len(text) && n < 9 && isDigit(text[n]) {
		n++
	}
	return n > 0 && n+1 < len(text) && (text[n] == '.' || text[n] == ')') && text[n+1] == ' '
}

func scanMarkdown(src []byte) []Symbol {
	var h Headings
	for len(src) > 0 {
		line := src
		if n := bytes.IndexByte(src, '\n'); n >= 0 {
			line = src[:n]
			src = src[n+1:]
		} else {
			src = nil
		}
		h.Add(line, int64(len(line))+1)
	}
	sections := h.Sections()
	out := make([]Symbol, 0, len(sections))
	for _, s := range sections {
		if s.Title == "" {
			continue
		}
		container := ""
		if s.Parent >= 0 {
			container = sections[s.Parent].Title
		}
		out = append(out, Symbol{Name: s.Title, Kind: Heading, Container: container, Line: s.Line, EndLine: s.EndLine,
			Signature: clip(strings.Repeat("#", s.Level)+" "+s.Title, MaxSignature)})
	}
	return out
}
