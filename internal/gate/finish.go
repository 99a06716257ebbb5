package gate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/text"
)

// maxChars is the length beyond which no answer goes, whatever its budget: the client
// puts longer ones into a file instead of before the model.
const maxChars = 40_000

// finish makes out ready to go out. Redaction comes first, so that no cut can halve a
// secret; then the answer is fitted to the budget; then it is marked.
func (v *visit) finish(out text.Renderer) (registry.Reply, error) {
	g := v.gate
	g.opt.Redactor.Strings(out)
	if k, ok := out.(text.Keeper); ok {
		if err := k.Keep(v.keep); err != nil {
			return registry.Reply{}, err
		}
	}
	budget := v.call.Budget
	if budget == 0 {
		budget = g.opt.Limits.Budget
	}
	var reply registry.Reply
	var err error
	if g.opt.JSON && v.req.Method == registry.CallTool {
		reply.Structured, err = v.structured(out, budget)
	} else {
		reply.Text, err = v.text(out, budget)
		reply.MIMEType = "text/plain" // marked text is no longer JSON or Markdown
	}
	g.usage.add(v.entry.Name, text.Tokens(reply.Text)+text.Tokens(string(reply.Structured)))
	return reply, err
}

// keep stores a part of an answer that is not shown, redacted and cleaned as what is shown
// is, and returns its address.
func (v *visit) keep(s string) (string, error) {
	s, _ = text.Clean(v.gate.opt.Redactor.String(s))
	id, err := v.gate.opt.Spills.Put(v.call.Source, v.call.Entry.Name, s)
	return spillScheme + "://" + id, err
}

// page is a rendered answer before it is cut.
type page struct {
	parts  []text.Segment
	cursor string
	notes  []string
}

// render writes out, cleans what others wrote, and counts what was cleaned.
func (v *visit) render(out text.Renderer) page {
	var w text.Writer
	out.Text(&w)
	p := page{parts: w.Segments(), cursor: w.NextPage(), notes: v.call.Notes}
	cleaned := 0
	for i := range p.parts {
		s := &p.parts[i]
		if s.Foreign && s.From.Source == "" {
			s.From.Source = v.call.Source
		}
		s.Text = v.gate.opt.Redactor.String(s.Text)
		var n int
		s.Text, n = text.Clean(s.Text)
		cleaned += n
	}
	if cleaned > 0 {
		p.notes = append(p.notes[:len(p.notes):len(p.notes)],
			fmt.Sprintf("%d control or invisible characters are shown escaped, as \\u{…}", cleaned))
	}
	if v.warn != "" {
		p.notes = append(p.notes[:len(p.notes):len(p.notes)], v.warn)
	}
	return p
}

// cuts are the lines with which cleat says what was left out and how it is had; a typed
// value does not have them.
func (p page) cuts() []string {
	var out []string
	for _, s := range p.parts {
		if s.Foreign {
			continue
		}
		for line := range strings.Lines(s.Text) {
			if strings.HasPrefix(line, "… ") {
				out = append(out, strings.TrimSuffix(line, "\n"))
			}
		}
	}
	return out
}

// text is the answer as text within the budget.
func (v *visit) text(out text.Renderer, budget int) (string, error) {
	nonce := text.Nonce()
	for range maxShrinks {
		p := v.render(out)
		s := p.mark(nonce)
		size := text.Tokens(s)
		if size <= budget && len(s) <= maxChars {
			return s, nil
		}
		sh, ok := out.(text.Shrinker)
		if !ok {
			break
		}
		keep := min(float64(budget)/float64(size), float64(maxChars)/float64(len(s)))
		if !sh.Shrink(keep) {
			break
		}
	}
	return v.spill(v.render(out), nonce, budget)
}

// maxShrinks bounds the steps of degrading. Each step aims at the budget, so few are needed.
const maxShrinks = 24

// mark writes the answer with a boundary around each stretch that others wrote.
func (p page) mark(nonce string) string {
	var b strings.Builder
	for _, s := range p.parts {
		if !s.Foreign {
			b.WriteString(s.Text)
			continue
		}
		b.WriteString(openTag(nonce, s.From))
		b.WriteString(s.Text)
		b.WriteString("</untrusted " + nonce + ">\n")
	}
	for _, n := range p.notes {
		b.WriteString("note: " + n + "\n")
	}
	if p.cursor != "" {
		b.WriteString("cursor: " + p.cursor + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func openTag(nonce string, from text.Origin) string {
	tag := "<untrusted " + nonce + " source=" + text.Attr(from.Source)
	if from.Author != "" {
		tag += " author=" + text.Attr(from.Author)
	}
	if from.Trust != "" {
		tag += " trust=" + text.Attr(from.Trust)
	}
	return tag + ">\n"
}

// spill keeps what others wrote in a file, redacted, and answers with as many of its
// lines as fit and the address of the rest.
func (v *visit) spill(p page, nonce string, budget int) (string, error) {
	var whole strings.Builder
	source := v.call.Source
	for _, s := range p.parts {
		if s.Foreign || len(p.parts) == 1 {
			whole.WriteString(s.Text)
			if s.From.Source != "" {
				source = s.From.Source
			}
		}
	}
	id, err := v.gate.opt.Spills.Put(source, v.call.Entry.Name, whole.String())
	if err != nil {
		return "", fail.Errorf(fail.TooLarge, "the answer is %d bytes long and cannot be kept for reading on", whole.Len()).
			Because("%s", fail.From(err).What).Then("narrow the call")
	}
	lines := strings.SplitAfter(whole.String(), "\n")
	lines = lines[:len(lines)-1] // a writer ends every line
	cut := page{notes: p.notes, cursor: p.cursor}
	note := func(shown int) string {
		return fmt.Sprintf("… %d more lines: spill://%s#L%d-L%d", len(lines)-shown, id, shown+1, len(lines))
	}
	// The number of lines that fit is found by halving: one line may be as long as all others.
	fits := func(n int) (string, bool) {
		c := cut
		c.parts = nil
		left := n
		for _, s := range p.parts {
			if !s.Foreign && len(p.parts) > 1 {
				c.parts = append(c.parts, s)
				continue
			}
			own := strings.SplitAfter(s.Text, "\n")
			own = own[:len(own)-1]
			take := min(left, len(own))
			left -= take
			if take > 0 {
				s.Text = strings.Join(own[:take], "")
				c.parts = append(c.parts, s)
			}
		}
		c.parts = append(c.parts, text.Segment{Text: note(n) + "\n"})
		s := c.mark(nonce)
		return s, text.Tokens(s) <= budget && len(s) <= maxChars
	}
	best, _ := fits(0)
	for lo, hi := 0, len(lines); lo < hi; {
		mid := (lo + hi + 1) / 2
		if s, ok := fits(mid); ok {
			best, lo = s, mid
		} else {
			hi = mid - 1
		}
	}
	if len(best) > maxChars {
		return "", fail.Errorf(fail.TooLarge, "the answer does not fit, even without its text").Then("narrow the call")
	}
	return best, nil
}

// An envelope is an answer in JSON: the same facts as the text.
type envelope struct {
	Untrusted string        `json:"untrusted,omitempty"`
	Result    text.Renderer `json:"result"`
	Notes     []string      `json:"notes,omitempty"`
	Cursor    string        `json:"cursor,omitempty"`
}

// structured is the answer as JSON within the budget.
func (v *visit) structured(out text.Renderer, budget int) (json.RawMessage, error) {
	cleaned := 0
	each(out, func(s string) string {
		s, n := text.Clean(s)
		cleaned += n
		return s
	})
	size := 0
	for range maxShrinks {
		p := v.render(out)
		env := envelope{Result: out, Notes: slices.Concat(p.notes, p.cuts()), Cursor: p.cursor}
		if cleaned > 0 {
			env.Notes = append(env.Notes, fmt.Sprintf("%d control or invisible characters are shown escaped, as \\u{…}", cleaned))
		}
		for _, s := range p.parts {
			if s.Foreign {
				env.Untrusted = s.From.Source
			}
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(env); err != nil {
			return nil, fmt.Errorf("encoding an answer: %w", err)
		}
		size = text.Tokens(b.String())
		if size <= budget && b.Len() <= maxChars {
			return bytes.TrimSpace(b.Bytes()), nil
		}
		keep := min(float64(budget)/float64(size), float64(maxChars)/float64(b.Len()))
		if sh, ok := out.(text.Shrinker); !ok || !sh.Shrink(keep) {
			break
		}
	}
	var whole strings.Builder
	for _, s := range v.render(out).parts {
		whole.WriteString(s.Text)
	}
	id, err := v.gate.opt.Spills.Put(v.call.Source, v.call.Entry.Name, whole.String())
	if err != nil {
		return nil, err
	}
	return nil, fail.Errorf(fail.TooLarge, "the answer is about %d tokens long, the budget is %d", size, budget).
		Then("read spill://%s, or narrow the call", id)
}

// line makes a one-line value of others fit to be shown: redacted and escaped.
func (g *Gate) line(s string) string {
	if s == "" {
		return ""
	}
	return text.Line(g.opt.Redactor.String(s))
}

func (g *Gate) lines(values []string) []string {
	out := make([]string, len(values))
	for i, s := range values {
		out[i] = g.line(s)
	}
	return out
}

// clip shortens a name from a request for an error.
func clip(s string) string { return cut(s, 100) }

// maxError is the length of each of the parts of an error, in bytes.
const maxError = 1500

// cut shortens s to n bytes, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
