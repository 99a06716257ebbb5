package tickets

import (
	"fmt"
	"strings"
	"time"

	"cleat/internal/text"
)

// Text implements text.Renderer: what cleat says of the ticket, then what others wrote.
func (v *View) Text(w *text.Writer) {
	w.Say("%s %s, base %s", ident(v.Key), status(&v.Ticket), v.Base)
	w.Quote(text.Origin{}, v.Ticket.head(v.View == Summary, v.now))
	switch v.View {
	case Summary:
		v.body(w)
		v.comments(w)
	case Comments:
		v.comments(w)
	case History:
		v.events(w)
	case Links:
		v.links(w)
	case Transitions:
		v.transitions(w)
	}
	sayNotes(w, v.Notes)
}

// status is the state of a ticket as cleat may say it.
func status(t *Ticket) string {
	s := string(t.Status)
	if t.State != "" && !strings.EqualFold(t.State, s) {
		s += fmt.Sprintf(" (%s)", quote(word(t.State, rowName)))
	}
	if t.Ready {
		s += ", ready"
	}
	return s
}

// head are the fields of a ticket, those without a value left out.
func (t *Ticket) head(whole bool, now time.Time) string {
	var b strings.Builder
	b.WriteString("title: " + word(t.Title, 400))
	if !whole {
		return b.String()
	}
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+": "+value)
		}
	}
	add("type", word(t.Type, rowName))
	add("priority", word(t.Priority, rowName))
	add("assignee", names(t.Assignees, 10, "@", ", "))
	author := word(t.Author, rowName)
	if t.Trusted != "" && author != "" {
		author += " (" + string(t.Trusted) + ")"
	}
	add("author", author)
	add("labels", names(t.Labels, 30, "", ", "))
	add("milestone", word(t.Milestone, 100))
	add("parent", word(t.Parent, 120))
	for _, at := range []struct{ name, day string }{{"created", day(t.Created, now)}, {"updated", day(t.Updated, now)}, {"closed", day(t.Closed, now)}} {
		add(at.name, at.day)
	}
	for i, f := range t.Custom {
		if i == 30 {
			parts = append(parts, fmt.Sprintf("… %d more fields", len(t.Custom)-i))
			break
		}
		add(word(f.Name, 60), word(f.Value, 200))
	}
	if len(parts) > 0 {
		b.WriteString("\n" + strings.Join(parts, "; "))
	}
	return b.String()
}

// body shows the body, as far as there is room for it.
func (v *View) body(w *text.Writer) {
	body := strings.TrimRight(v.Body, "\r\n")
	if strings.TrimSpace(body) == "" {
		w.Say("no body")
		return
	}
	cut := v.Cut
	if v.bodyTo > 0 && len(body) > v.bodyTo {
		cut += len(body) - v.bodyTo
		body = strings.ToValidUTF8(body[:v.bodyTo], "")
	}
	w.Quote(text.Origin{}, "\n"+body)
	if cut > 0 {
		w.Say("… %d more bytes of the body: read uri=%s", cut, Address(v.Source, v.Key))
	}
}

// comments shows comments, newest first, each with who wrote it.
func (v *View) comments(w *text.Writer) {
	shown := v.Ticket.Comments[:max(len(v.Ticket.Comments)-v.dropped, 0)]
	if len(v.Ticket.Comments) == 0 {
		if v.CommentCount == 0 || v.View == Comments {
			w.Say("no comments")
		}
		return
	}
	count := text.Count(len(shown), "comment")
	if v.CommentCount > len(shown) {
		count = fmt.Sprintf("%d of %s", len(shown), text.Count(v.CommentCount, "comment"))
	}
	w.Say("%s, newest first", count)
	for i := range shown {
		c := &shown[i]
		head := fmt.Sprintf("\n— %s %s", word(c.Author, rowName), day(c.Created, v.now))
		if c.Trusted != "" {
			head += ", " + string(c.Trusted)
		}
		if !c.Updated.IsZero() && c.Updated.After(c.Created) {
			head += ", edited " + day(c.Updated, v.now)
		}
		if c.Private {
			head += ", private"
		}
		body := strings.TrimRight(c.Body, "\r\n")
		cut := c.Cut
		if v.eachTo > 0 && len(body) > v.eachTo {
			cut += len(body) - v.eachTo
			body = strings.ToValidUTF8(body[:v.eachTo], "")
		}
		if cut > 0 {
			body += fmt.Sprintf(" …(+%d bytes)", cut)
		}
		w.Quote(text.Origin{}, head+"\n"+body)
	}
	switch {
	case v.dropped > 0:
		w.Say("… %s left out for want of room: view=comments limit=%d, or a larger budget", text.Count(v.dropped, "older comment"), max(len(shown), 1))
	case v.Cursor != "" && v.View == Comments:
		w.Cursor(v.Cursor)
	case v.CommentCount > len(shown):
		w.Say("… %s: view=comments", text.Count(v.CommentCount-len(shown), "older comment"))
	}
}

// events shows the history, newest first.
func (v *View) events(w *text.Writer) {
	shown := v.Events[:max(len(v.Events)-v.dropped, 0)]
	if len(v.Events) == 0 {
		w.Say("no history")
		return
	}
	w.Say("%s, newest first: time, who, what, from -> to", text.Count(len(shown), "event"))
	for _, e := range shown {
		row := fmt.Sprintf("%s  %s  %s", date(e.Time), word(e.Author, rowName), word(e.What, rowName))
		switch {
		case e.From != "" && e.To != "":
			row += "  " + word(e.From, 120) + " -> " + word(e.To, 120)
		case e.From != "":
			row += "  " + word(e.From, 120) + " -> -"
		case e.To != "":
			row += "  " + word(e.To, 120)
		}
		w.Quote(text.Origin{}, row)
	}
	switch {
	case v.dropped > 0:
		w.Say("… %s left out for want of room: limit=%d, or a larger budget", text.Count(v.dropped, "older event"), max(len(shown), 1))
	case v.Cursor != "":
		w.Cursor(v.Cursor)
	}
}

// links shows where the ticket leads.
func (v *View) links(w *text.Writer) {
	if len(v.Ticket.Links) == 0 {
		w.Say("no links")
	} else {
		w.Say("%s: kind, what, where, status, title", text.Count(len(v.Ticket.Links), "link"))
	}
	for _, l := range v.Ticket.Links {
		row := fmt.Sprintf("%s  %s  %s", word(l.Kind, rowName), word(l.What, rowName), word(l.To, 200))
		if l.Status != "" {
			row += "  " + string(l.Status)
		}
		if l.Title != "" {
			row += "  " + word(l.Title, rowTitle)
		}
		w.Quote(text.Origin{}, row)
	}
	if v.Hidden > 0 {
		w.Say("%s to projects that are not allowed here", text.Count(v.Hidden, "more link"))
	}
}

// transitions shows the states that the ticket can be moved to, and what they need.
func (v *View) transitions(w *text.Writer) {
	if len(v.Ticket.Transitions) == 0 {
		w.Say("no transitions: you may not move it, or it is where it ends")
		return
	}
	w.Say("%s: name, status it leads to, what it needs", text.Count(len(v.Ticket.Transitions), "transition"))
	for _, t := range v.Ticket.Transitions {
		row := word(t.Name, 80)
		if t.State != "" && t.State != t.Name {
			row += " -> " + word(t.State, 80)
		}
		row += "  " + string(t.Status)
		for _, n := range t.Needs {
			row += "  needs " + n.line()
		}
		w.Quote(text.Origin{}, row)
	}
}

// line is a need on one line.
func (n *Need) line() string {
	s := word(n.Name, 80)
	switch {
	case len(n.Options) > 0:
		s += " (" + names(n.Options, 10, "", ", ") + ")"
	case n.Type != "":
		s += " (" + word(n.Type, 40) + ")"
	}
	return s
}

// Shrink implements text.Shrinker: older comments and events go first, then the ends of long
// comments, then the end of the body.
func (v *View) Shrink(keep float64) bool {
	n := max(len(v.Ticket.Comments), len(v.Events))
	if left := n - v.dropped; left > 3 || left > 1 && v.shrunken > 2 {
		v.dropped = min(v.dropped+max(left-int(float64(left)*keep), 1), n-1)
		v.shrunken++
		return true
	}
	longest := 0
	for _, c := range v.Ticket.Comments[:max(len(v.Ticket.Comments)-v.dropped, 0)] {
		longest = max(longest, len(c.Body))
	}
	if v.eachTo > 0 {
		longest = min(longest, v.eachTo)
	}
	v.shrunken++
	if longest > 400 {
		v.eachTo = max(int(float64(longest)*keep), 400)
		return true
	}
	if v.View != Summary {
		return false
	}
	body := len(v.Body)
	if v.bodyTo > 0 {
		body = min(body, v.bodyTo)
	}
	if body <= 400 {
		return false
	}
	v.bodyTo = max(int(float64(body)*keep), 400)
	return true
}
