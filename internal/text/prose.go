package text

import "strings"

// Prose fills in the text of a prompt. A line that begins with "[tool] " is kept, without
// the mark, where offers says that the tool can be called; then the old and new strings
// of pairs are replaced as by strings.NewReplacer. It stands for text/template, which
// costs a third of the binary: it makes the linker keep every method there is.
func Prose(prose string, offers func(tool string) bool, pairs ...string) string {
	var b strings.Builder
	for line := range strings.Lines(prose) {
		if strings.HasPrefix(line, "[") {
			tool, rest, ok := strings.Cut(line[1:], "] ")
			if ok && !offers(tool) {
				continue
			}
			if ok {
				line = rest
			}
		}
		b.WriteString(line)
	}
	return strings.NewReplacer(pairs...).Replace(b.String())
}
