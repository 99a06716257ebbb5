package documents

import (
	"strings"

	"cleat/internal/text"
)

// Rendered returns d with what r shows as its content.
func Rendered(d Document, r text.Renderer) *Document {
	var w text.Writer
	r.Text(&w)
	var b strings.Builder
	for _, s := range w.Segments() {
		b.WriteString(s.Text)
	}
	d.Size, d.Body = int64(b.Len()), inMemory{strings.NewReader(b.String())}
	return &d
}

// inMemory gives a reader over memory the Close that a document has.
type inMemory struct{ *strings.Reader }

func (inMemory) Close() error { return nil }
