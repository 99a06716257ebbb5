package tickets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/text"
)

// Base names the state of what can be edited of a ticket, in 8 hexadecimal digits: title,
// body, state, type, priority, parent, milestone, assignees and labels. Comments and the time
// of the last change are not part of it.
func (t *Ticket) Base() string {
	h := sha256.New()
	for _, s := range []string{t.Title, t.Body, string(t.Status), t.State, t.Type, t.Priority, t.Parent, t.Milestone} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	for _, list := range [][]string{t.Assignees, t.Labels} {
		list = slices.Clone(list)
		slices.Sort(list)
		fmt.Fprintf(h, "%d:%q", len(list), list)
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// CheckBase fails with fail.Conflict, with both versions in it, where w was made for another
// state of the ticket than now.
func CheckBase(w Write, now *Ticket) error {
	if w.Base == "" || w.Base == now.Base() {
		return nil
	}
	e := fail.Errorf(fail.Conflict, "%s has changed since base %s; it is at base %s now", text.Line(now.Key), clip(w.Base), now.Base())
	var said []string
	add := func(name, yours, theirs string) {
		if yours != theirs {
			said = append(said, fmt.Sprintf("%s now %s, yours %s", name, quote(theirs), quote(yours)))
		}
	}
	if c := w.Changes; c.Title != nil {
		add("title", *c.Title, now.Title)
	}
	if w.Changes.Body != nil {
		if yours, err := w.Changes.Body(now.Body); err == nil {
			add("body", changed(yours, now.Body), changed(now.Body, yours))
		}
	}
	if w.To != "" && w.Op == Move {
		add("state", w.To, now.State)
	}
	if len(said) == 0 {
		said = append(said, fmt.Sprintf("title %s, state %s, body of %d bytes", quote(now.Title), quote(now.State+string(now.Status)), len(now.Body)))
	}
	return e.Because("%s", strings.Join(said, "; ")).
		Then("read it again with ticket_read ticket=%s, then repeat the call with base=%s", text.Line(now.Key), now.Base())
}

// changed is what of a is not in b: between what they have in common at both ends.
func changed(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	j := 0
	for j < len(a)-i && j < len(b)-i && a[len(a)-1-j] == b[len(b)-1-j] {
		j++
	}
	from := max(strings.LastIndexByte(a[:i], '\n')+1, i-60)
	to := len(a) - j
	if k := strings.IndexByte(a[to:], '\n'); k >= 0 && k < 60 {
		to += k
	}
	return strings.ToValidUTF8(a[from:to], "")
}

// Partly is the failure of a write of several requests, of which some were done. done says
// what they did, in words.
func Partly(err error, done ...string) error {
	if len(done) == 0 {
		return err
	}
	e := fail.From(err)
	p := fail.Errorf(e.Code, "only a part was done: %s; then %w", strings.Join(done, ", "), err)
	p.What = fmt.Sprintf("only a part was done: %s; then %s", strings.Join(done, ", "), e.What)
	return p.Because("%s", e.Why).Then("read it with ticket_read, and repeat what is missing")
}

// clip is s on one line, as an error may show it.
func clip(s string) string { return word(s, 80) }

// quote is s in quotes, as an error may show it: what cannot be seen is escaped.
func quote(s string) string {
	const most = 160
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
