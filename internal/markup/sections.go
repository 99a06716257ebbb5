package markup

import (
	"fmt"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/symbols"
)

// A Heading is a heading of a Markdown text.
type Heading struct {
	Level int    // 1 to 6
	Text  string // without marks
	Line  int    // from 1
}

// Outline returns the headings of a Markdown text, at most symbols.MaxSymbols. What looks like
// one in a code block or in a comment is none.
func Outline(markdown string) []Heading {
	all, _ := headings(markdown)
	out := make([]Heading, len(all))
	for i, s := range all {
		out[i] = Heading{s.Level, s.Title, s.Line - 1}
	}
	return out
}

// headings returns the sections of a text, whose lines count from 2, and the offset of each.
func headings(markdown string) ([]symbols.Section, []int) {
	var h symbols.Headings
	var starts []int
	// A ticket has no front matter: a rule in its first line is one.
	h.Add(nil, 0)
	for at := 0; at < len(markdown); {
		end := len(markdown)
		if n := strings.IndexByte(markdown[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		line := strings.TrimSuffix(markdown[at:end], "\n")
		h.Add([]byte(line[:min(len(line), 4096)]), int64(end-at))
		starts = append(starts, at)
		at = end
	}
	all := h.Sections()
	offsets := make([]int, len(all))
	for i, s := range all {
		offsets[i] = starts[s.Line-2]
	}
	return all, offsets
}

// Section returns the range of bytes of the section under a heading, with the heading, up to
// the next one of the same or a higher level. heading is the heading's text, whose case and
// spaces count for nothing, or that text behind its level: "## Steps". It fails with
// fail.NotFound, telling the headings that exist, and with fail.Invalid if there are several.
func Section(markdown, heading string) (from, to int, err error) {
	level, want := 0, strings.TrimSpace(heading)
	if n := len(want) - len(strings.TrimLeft(want, "#")); n > 0 && n <= 6 && strings.HasPrefix(want[n:], " ") {
		level = n
	}
	all, offsets := headings(markdown)
	found, lines := -1, []string(nil)
	title := fold(want)
	if level > 0 {
		// The words are read as a heading is, so that marks in them do not matter.
		title = fold(want[level:])
		if o, _ := headings(want); len(o) == 1 {
			title = fold(o[0].Title)
		}
	} else if o, _ := headings("# " + strings.ReplaceAll(want, "\n", " ")); len(o) == 1 {
		title = fold(o[0].Title)
	}
	for i, s := range all {
		if fold(s.Title) != title || level > 0 && s.Level != level {
			continue
		}
		found = i
		lines = append(lines, fmt.Sprintf("%s in line %d", strings.Repeat("#", s.Level), s.Line-1))
	}
	switch {
	case len(lines) > 1:
		return 0, 0, fail.Errorf(fail.Invalid, "%d headings %q", len(lines), want).
			Because("%s", strings.Join(lines[:min(len(lines), 10)], ", ")).
			Then("name the heading with its level, as in %q, or edit by the text itself", "## Steps")
	case found < 0:
		return 0, 0, noSection(want, all)
	}
	return offsets[found], offsets[found] + int(all[found].Bytes), nil
}

func noSection(want string, all []symbols.Section) error {
	err := fail.Errorf(fail.NotFound, "no heading %.100q", want)
	if len(all) == 0 {
		return err.Because("the text has no headings")
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Title)
	}
	order := append(fail.Near(strings.TrimSpace(strings.TrimLeft(want, "#")), names), names...)
	var shown []string
	seen := map[string]bool{}
	for _, s := range order {
		if !seen[s] && len(shown) < 20 {
			seen[s] = true
			shown = append(shown, fmt.Sprintf("%.80q", s))
		}
	}
	return err.Because("the headings are %s", strings.Join(shown, ", "))
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
