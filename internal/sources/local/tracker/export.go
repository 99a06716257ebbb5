package tracker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/text"
)

// The first line of an export.
type header struct {
	Cleat   string `json:"cleat"` // "tickets"
	Version int    `json:"version"`
}

const exportVersion = 1

// A line is one ticket of an export. The order of the fields is that in the file.
type line struct {
	Key       string        `json:"key"`
	UID       string        `json:"uid"`
	Title     string        `json:"title"`
	State     string        `json:"state"`
	Type      string        `json:"type"`
	Priority  string        `json:"priority,omitempty"`
	Author    string        `json:"author"`
	Assignees []string      `json:"assignees,omitempty"`
	Labels    []string      `json:"labels,omitempty"`
	Created   time.Time     `json:"created"`
	Updated   time.Time     `json:"updated"`
	Closed    time.Time     `json:"closed,omitzero"`
	Rev       int64         `json:"rev"`
	Body      string        `json:"body,omitempty"`
	Links     []lineLink    `json:"links,omitempty"`
	Comments  []lineComment `json:"comments,omitempty"`
	Events    []lineEvent   `json:"events,omitempty"`

	added bool // by the import
}

type lineLink struct {
	Kind string `json:"kind"`
	To   string `json:"to"`
}

type lineComment struct {
	UID     string    `json:"uid"`
	Author  string    `json:"author"`
	Created time.Time `json:"created"`
	Body    string    `json:"body"`
}

type lineEvent struct {
	UID    string    `json:"uid"`
	Author string    `json:"author"`
	Time   time.Time `json:"time"`
	What   string    `json:"what"`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to,omitempty"`
}

// Export writes all tickets as JSON lines: one that says what it is, and one for each ticket
// with its comments, links and history, by key. Equal stores give equal bytes, and a change of
// one ticket changes its line, so that the text can be kept in git.
func (t *Tracker) Export(ctx context.Context, w io.Writer) error {
	b := bufio.NewWriterSize(w, 64<<10)
	out := json.NewEncoder(visible{b})
	out.SetEscapeHTML(false)
	if err := out.Encode(header{"tickets", exportVersion}); err != nil {
		return err
	}
	err := t.within(ctx, false, func(c *conn) error {
		return c.each("SELECT "+columns(false)+" FROM tickets t ORDER BY t.key", func(r row) error {
			s := scan(r)
			l, err := c.line(s)
			if err == nil {
				err = out.Encode(l)
			}
			return err
		})
	})
	if err != nil && !errors.Is(err, errNone) {
		return err
	}
	return b.Flush()
}

// visible writes JSON with escapes in the place of the characters that no reader sees, or
// that a terminal would obey: people look at an export, and at its changes.
type visible struct{ w *bufio.Writer }

func (v visible) Write(line []byte) (int, error) {
	from := 0
	for i, r := range string(line) {
		if r < 0x7f || r > 0x7f && text.Line(string(r)) == string(r) {
			continue
		}
		v.w.Write(line[from:i]) // the writer remembers its error
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(v.w, `\u%04x`, unit)
		}
		from = i + utf8.RuneLen(r)
	}
	if _, err := v.w.Write(line[from:]); err != nil {
		return 0, err
	}
	return len(line), nil
}

// line is a ticket as it is exported.
func (c *conn) line(s *stored) (*line, error) {
	l := &line{Key: s.Key, UID: s.uid, State: s.State, Type: s.Type, Priority: s.Priority, Author: s.Author, Assignees: s.Assignees,
		Labels: s.Labels, Created: s.Created, Updated: s.Updated, Closed: s.Closed, Rev: s.rev}
	err := c.each(`SELECT title, body FROM tickets WHERE id=?`, func(r row) error {
		l.Title, l.Body = r.text(0), r.text(1)
		return nil
	}, num(s.id))
	if err != nil {
		return nil, err
	}
	err = c.each(`SELECT l.kind, o.key FROM links l JOIN tickets o ON o.id=l.target WHERE l.source=? ORDER BY l.kind, o.key`, func(r row) error {
		l.Links = append(l.Links, lineLink{r.text(0), r.text(1)})
		return nil
	}, num(s.id))
	if err != nil {
		return nil, err
	}
	err = c.each(`SELECT uid, author, created, body FROM comments WHERE ticket=? ORDER BY created, uid`, func(r row) error {
		l.Comments = append(l.Comments, lineComment{r.text(0), r.text(1), moment(r.int(2)), r.text(3)})
		return nil
	}, num(s.id))
	if err != nil {
		return nil, err
	}
	err = c.each(`SELECT uid, author, created, what, old, new FROM events WHERE ticket=? ORDER BY created, uid`, func(r row) error {
		l.Events = append(l.Events, lineEvent{r.text(0), r.text(1), moment(r.int(2)), r.text(3), r.text(4), r.text(5)})
		return nil
	}, num(s.id))
	return l, err
}

// check fails with fail.Invalid for a line that no store can have written.
func (l *line) check() error {
	switch {
	case canonical(l.Key) != l.Key || l.Key == "":
		return fail.Errorf(fail.Invalid, "%q is no key", quoted(l.Key))
	case len(l.UID) != uidLen || !isName(l.UID):
		return fail.Errorf(fail.Invalid, "%q is no uid", quoted(l.UID))
	case statusOf(l.State) == "":
		return noState(l.State)
	case l.Rev < 0 || l.Rev > 1<<40:
		return fail.Errorf(fail.Invalid, "the rev is out of range")
	case l.Title == "" || len(l.Title) > MaxBody || len(l.Body) > MaxBody:
		return fail.Errorf(fail.Invalid, "there is no title, or it or the body is too long")
	}
	if p, err := checkPriority(l.Priority); l.Priority != "" && (err != nil || p != l.Priority) {
		return fail.Errorf(fail.Invalid, "the priority is none of P0 to P4")
	}
	times := []time.Time{l.Created, l.Updated}
	if statusOf(l.State) == "done" {
		times = append(times, l.Closed)
	}
	people := []string{l.Author, l.Type}
	for _, x := range l.Comments {
		times, people = append(times, x.Created), append(people, x.Author)
		if !isUID(x.UID) || x.Body == "" || len(x.Body) > MaxBody {
			return fail.Errorf(fail.Invalid, "a comment is without a uid or a body, or too long")
		}
	}
	for _, x := range l.Events {
		times, people = append(times, x.Time), append(people, x.Author, x.What)
		if !isUID(x.UID) || len(x.From)+len(x.To) > MaxBody {
			return fail.Errorf(fail.Invalid, "an event is without a uid, or too long")
		}
	}
	for _, at := range times {
		if at.Year() < 1971 || at.Year() > 9999 {
			return fail.Errorf(fail.Invalid, "a time is missing or out of range")
		}
	}
	for _, list := range [][]string{l.Assignees, l.Labels} {
		sorted, err := checkNames("name", list)
		if err != nil {
			return err
		}
		if len(sorted) != len(list) {
			return fail.Errorf(fail.Invalid, "a name is there twice")
		}
	}
	for _, name := range people {
		if _, err := checkName("person", name); err != nil {
			return err
		}
	}
	parents := 0
	for _, x := range l.Links {
		k, err := kept(1, "", x.Kind, 2, "")
		if err != nil || k.source != 1 {
			return fail.Errorf(fail.Invalid, "the kind of a link is %q", quoted(x.Kind))
		}
		if canonical(x.To) != x.To || x.To == "" || x.To == l.Key {
			return fail.Errorf(fail.Invalid, "a link leads to %q", quoted(x.To))
		}
		if x.Kind == "parent" {
			parents++
		}
	}
	if parents > 1 {
		return fail.Errorf(fail.Invalid, "there are %d parents", parents)
	}
	return nil
}

// isUID reports whether s can be the name of a comment or an event.
func isUID(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyz") == ""
}
