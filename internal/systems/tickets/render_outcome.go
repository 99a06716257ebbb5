package tickets

import (
	"fmt"
	"strings"

	"cleat/internal/text"
)

// Text implements text.Renderer: what was done, and how the ticket stands then; or what
// would be sent.
func (o *Outcome) Text(w *text.Writer) {
	if o.DryRun {
		o.dry(w)
		sayNotes(w, o.Notes)
		return
	}
	t := &o.Ticket
	w.Say("%s: %s %s, base %s; read uri=%s", o.done(), ident(t.Key), status(t), o.Base, Address(o.Source, t.Key))
	line := word(t.Title, rowTitle)
	if len(t.Assignees) > 0 {
		line += "  " + names(t.Assignees, 3, "@", ",")
	}
	if len(t.Labels) > 0 {
		line += "  [" + names(t.Labels, rowLabels, "", ", ") + "]"
	}
	if line != "" {
		w.Quote(text.Origin{}, line)
	}
	if t.URL != "" && o.Op == Create {
		w.Quote(text.Origin{}, word(t.URL, 300))
	}
	sayNotes(w, o.Notes)
	sayNotes(w, t.Notes)
}

// done is what was done, in a word.
func (o *Outcome) done() string {
	switch o.Op {
	case Create:
		return "created"
	case Update:
		return "updated"
	case Remark:
		return "commented"
	case Move:
		return "moved"
	case Relate:
		return "linked"
	case Take:
		return "claimed"
	}
	return string(o.Op)
}

// dry shows the requests.
func (o *Outcome) dry(w *text.Writer) {
	w.Say("dry run, nothing was changed; %s would be sent to %s", text.Count(len(o.Requests), "request"), o.Source)
	for _, r := range o.Requests {
		head := strings.TrimSpace(fmt.Sprintf("%s %s", r.Method, r.Path))
		if len(r.Body) > 0 {
			head = strings.TrimSpace(head + "\n" + string(r.Body))
		}
		w.Quote(text.Origin{}, head)
	}
	if o.Before != nil {
		w.Say("the ticket is %s, base %s now", status(o.Before), o.Base)
	}
}
