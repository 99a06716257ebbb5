package document

import (
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// A PartKind says how a part of a document is named.
type PartKind uint8

// The kinds of part.
const (
	Whole   PartKind = iota // all of it
	Range                   // lines, as in L10-L50
	Pointer                 // a JSON pointer, as in /a/0
	Section                 // a handle out of an outline, as in #install
)

// A Part names a part of a document.
type Part struct {
	Kind     PartKind
	From, To int    // of a Range: lines from 1; To is 0 for the end of the document
	Name     string // of a Pointer: the pointer; of a Section: the handle without "#"
}

// maxLine is the highest line number that is understood.
const maxLine = 1 << 40

// forms is what a bad part is told.
const forms = `write part as lines ("L10-L50", "L10-", "L10"), as a JSON pointer ("/a/0") or as a section handle ("#install")`

// ParsePart parses the argument "part" and the fragment of an address, which mean the
// same. The fragment is already decoded. The forms are L10, L10-L50, L10-50, 10-50 and
// L10- for lines, /a/0 for a JSON pointer, and the handle of a section, with or without
// "#"; an empty string is the whole document. A handle that looks like lines, such as
// that of the heading "10", needs its "#". It fails with fail.Invalid.
func ParsePart(s string) (Part, error) {
	switch {
	case s == "":
		return Part{}, nil
	case len(s) > 8192:
		return Part{}, fail.Errorf(fail.Invalid, "the part is %d bytes long, the limit is 8192", len(s)).Then(forms)
	case s[0] == '/':
		return Part{Kind: Pointer, Name: s}, nil
	case strings.HasPrefix(s, "#/"):
		return Part{Kind: Pointer, Name: s[1:]}, nil
	case s[0] == '#' && !strings.HasPrefix(s, "#L"):
		if !handle(s[1:]) {
			return Part{}, badPart(s, "it is no section handle")
		}
		return Part{Kind: Section, Name: s[1:]}, nil
	}
	text := strings.TrimPrefix(s, "#")
	if lines(text) {
		return parseRange(s, text)
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil || text[0] == '-' || text[0] == '+' {
		return Part{}, badPart(s, "lines are counted from 1, in whole numbers")
	}
	if !handle(text) {
		return Part{}, badPart(s, "it has none of the forms that a part can have")
	}
	return Part{Kind: Section, Name: text}, nil
}

func badPart(s, why string) error {
	return fail.Errorf(fail.Invalid, "bad part %q", short(s)).Because("%s", why).Then(forms)
}

// lines reports whether s has the form of a range of lines.
func lines(s string) bool {
	from, to, ranged := strings.Cut(s, "-")
	if !digits(strings.TrimPrefix(from, "L")) {
		return false
	}
	return !ranged || to == "" || digits(strings.TrimPrefix(to, "L"))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func parseRange(s, text string) (Part, error) {
	first, last, ranged := strings.Cut(text, "-")
	from, err := lineNumber(s, first)
	if err != nil {
		return Part{}, err
	}
	p := Part{Kind: Range, From: from, To: from}
	switch {
	case !ranged:
	case last == "":
		p.To = 0
	default:
		if p.To, err = lineNumber(s, last); err != nil {
			return Part{}, err
		}
		if p.To < p.From {
			return Part{}, fail.Errorf(fail.Invalid, "bad part %q", short(s)).
				Because("the range ends before it begins").Then(`write part="L%d-L%d"`, p.To, p.From)
		}
	}
	return p, nil
}

func lineNumber(s, text string) (int, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(text, "L"), 10, 64)
	switch {
	case err != nil || n > maxLine:
		return 0, badPart(s, "no document has that many lines")
	case n == 0:
		return 0, badPart(s, "lines are counted from 1")
	}
	return int(n), nil
}

// handle reports whether s can be a section's handle: words without spaces or marks that
// no handle has.
func handle(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == 0x7f || r == 0xfffd || strings.ContainsRune(`;"'\|*?`+"`", r) {
			return false
		}
	}
	return s != "" && len(s) <= 1024
}

// short clips s for an error.
func short(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// String writes p so that ParsePart reads it back.
func (p Part) String() string {
	switch p.Kind {
	case Range:
		switch p.To {
		case 0:
			return "L" + strconv.Itoa(p.From) + "-"
		case p.From:
			return "L" + strconv.Itoa(p.From)
		}
		return LineRange(p.From, p.To)
	case Pointer:
		return p.Name
	case Section:
		return "#" + p.Name
	}
	return ""
}

// LineRange writes a range of lines as a part: L10-L50.
func LineRange(from, to int) string {
	return "L" + strconv.Itoa(from) + "-L" + strconv.Itoa(to)
}
