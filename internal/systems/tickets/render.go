package tickets

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cleat/internal/text"
)

// Bounds of what a row shows.
const (
	rowTitle  = 120 // bytes
	rowName   = 40
	rowLabels = 4
	rowBody   = 200
)

// Text implements text.Renderer: a line for each ticket, with just the fields that were
// asked for.
func (l *List) Text(w *text.Writer) {
	shown := l.Tickets[:len(l.Tickets)-l.dropped]
	switch {
	case len(l.Tickets) == 0:
		w.Say("no tickets in %s", l.Source)
	default:
		first := text.Count(len(l.Tickets), "ticket")
		if l.Total > len(l.Tickets) {
			first = fmt.Sprintf("%d of %s", len(l.Tickets), text.Count(l.Total, "ticket"))
		}
		w.Say("%s of %s: %s", first, l.Source, strings.Join(l.fields, "  "))
		for i := range shown {
			w.Quote(text.Origin{}, shown[i].row(l.fields, l.now))
		}
	}
	if l.dropped > 0 {
		w.Say("… %s left out for want of room: limit=%d, fewer fields, or a larger budget", text.Count(l.dropped, "ticket"), len(shown))
	}
	sayNotes(w, l.Notes)
	if l.Cursor != "" && l.dropped == 0 {
		w.Cursor(l.Cursor)
	}
}

// Shrink implements text.Shrinker: it leaves out the last tickets.
func (l *List) Shrink(keep float64) bool {
	n := len(l.Tickets) - l.dropped
	if n <= 1 {
		return false
	}
	l.dropped = min(l.dropped+max(n-int(float64(n)*keep), 1), len(l.Tickets)-1)
	return true
}

// row is the ticket on one line.
func (t *Ticket) row(fields []string, now time.Time) string {
	parts := make([]string, 0, len(fields))
	for _, f := range fields {
		parts = append(parts, t.field(f, now))
	}
	return strings.TrimRight(strings.Join(parts, "  "), " ")
}

// field is one value for a row; "-" stands for none.
func (t *Ticket) field(name string, now time.Time) string {
	v := ""
	switch name {
	case "key":
		v = word(t.Key, 120)
	case "title":
		v = word(t.Title, rowTitle)
	case "status":
		// The tracker's own word says more, where there is one.
		if v = string(t.Status); t.State != "" && !strings.EqualFold(t.State, v) {
			v = word(t.State, rowName)
			if t.Status == Done && !strings.Contains(strings.ToLower(v), "done") {
				v += " (done)"
			}
		}
	case "state":
		v = word(t.State, rowName)
	case "type":
		v = word(t.Type, rowName)
	case "priority":
		v = word(t.Priority, rowName)
	case "assignee":
		v = names(t.Assignees, 3, "@", ",")
	case "author":
		v = word(t.Author, rowName)
	case "labels":
		if v = names(t.Labels, rowLabels, "", ", "); v != "" {
			v = "[" + v + "]"
		}
	case "project":
		v = word(t.Project, 120)
	case "parent":
		v = word(t.Parent, 120)
	case "milestone":
		v = word(t.Milestone, rowName)
	case "created":
		v = day(t.Created, now)
	case "updated":
		v = day(t.Updated, now)
	case "closed":
		v = day(t.Closed, now)
	case "comments":
		if t.CommentCount >= 0 {
			v = strconv.Itoa(t.CommentCount)
		}
	case "body":
		v = word(t.Body, rowBody)
	case "url":
		v = word(t.URL, 300)
	}
	if v == "" {
		return "-"
	}
	return v
}

// names joins some names on one line.
func names(all []string, most int, before, between string) string {
	var out []string
	for _, n := range all[:min(len(all), most)] {
		out = append(out, before+word(n, rowName))
	}
	if n := len(all) - most; n > 0 {
		out = append(out, fmt.Sprintf("+%d", n))
	}
	return strings.Join(out, between)
}

// day is a time as people speak of it: to the minute in the last day, then the day of this
// year, then the date.
func day(t, now time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case now.Sub(t) < 24*time.Hour && t.Before(now.Add(time.Minute)):
		return t.UTC().Format("15:04Z")
	case t.UTC().Year() == now.UTC().Year():
		return t.UTC().Format("2 Jan")
	}
	return t.UTC().Format(time.DateOnly)
}

// word is a value of others on one line, bounded.
func word(s string, most int) string {
	if len(s) > 4*most+400 {
		s = s[:4*most+400] // what Line makes of the rest would not be shown
	}
	return cutTo(text.Line(s), most)
}

func cutTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func sayNotes(w *text.Writer, notes []string) {
	for _, n := range notes {
		w.Say("note: %s", text.Line(n))
	}
}

// ident is a key as cleat may say it: in quotes if it is no plain word.
func ident(key string) string {
	if key != "" && len(key) <= maxKey && strings.IndexFunc(key, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._/@:#-", r)
	}) < 0 {
		return key
	}
	return quote(key)
}

// date is a time to the minute.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}
