package tracker

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// states lists the states, those of closed tickets last.
func states() []string { return []string{"todo", "active", "done", "wontdo", "duplicate"} }

// statusOf is the status of a state, "" if there is no such state.
func statusOf(state string) tickets.Status {
	switch state {
	case "todo":
		return tickets.Todo
	case "active":
		return tickets.Active
	case "done", "wontdo", "duplicate":
		return tickets.Done
	}
	return ""
}

// noState is the error for a state that there is not.
func noState(given string) error {
	e := fail.Errorf(fail.Invalid, "the local tracker has no state %q", quoted(given)).Because("there are %s", strings.Join(states(), ", "))
	if near := fail.Near(given, states()); len(near) > 0 {
		e = e.Then("did you mean %s?", near[0])
	}
	return e
}

// A question is a search as SQL: what has to hold, and the values in it.
type question struct {
	where []string
	args  []value
	match string // what FTS5 is asked, "" for nothing
	short bool   // all words of it are indexed as beginnings
}

func (q *question) and(sql string, args ...value) {
	q.where = append(q.where, sql)
	q.args = append(q.args, args...)
}

// sql is the question as a WHERE clause.
func (q *question) sql() string {
	if len(q.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(q.where, " AND ")
}

const isReady = `t.open=1 AND NOT EXISTS (SELECT 1 FROM assignees a WHERE a.ticket=t.id) AND NOT EXISTS
	(SELECT 1 FROM links l JOIN tickets b ON b.id=l.source WHERE l.target=t.id AND l.kind='blocks' AND b.open=1)`

// ask makes a question of a query. me is who asks.
func ask(q tickets.Query, me string) (*question, error) {
	out := &question{}
	switch q.Status {
	case "", tickets.Open:
		out.and("t.open=1")
	case tickets.All:
	case string(tickets.Done):
		out.and("t.open=0")
	default:
		status := statusOf(strings.ToLower(q.Status))
		if status == "" {
			return nil, noState(q.Status)
		}
		open := int64(1)
		if status == tickets.Done {
			open = 0
		}
		out.and("t.open=? AND t.state=?", num(open), str(strings.ToLower(q.Status)))
	}
	switch who := q.Assignee; who {
	case "":
	case "none":
		out.and("NOT EXISTS (SELECT 1 FROM assignees a WHERE a.ticket=t.id)")
	default:
		if who == "me" {
			who = me
		}
		out.and("t.id IN (SELECT ticket FROM assignees WHERE name=?)", str(who))
	}
	if len(q.Labels) > MaxNames {
		return nil, fail.Errorf(fail.TooLarge, "at most %d labels", MaxNames)
	}
	for _, l := range q.Labels {
		out.and("t.id IN (SELECT ticket FROM labels WHERE name=?)", str(l))
	}
	if !q.Since.IsZero() {
		out.and("t.updated>=?", num(q.Since.UnixMilli()))
	}
	if q.Ready {
		out.and(isReady)
	}
	if q.Text != "" {
		var err error
		if out.match, out.short, err = words(q.Text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// many is how many tickets a text is in that is better looked for ticket by ticket.
const many = 4000

// few adds what has to hold for the words, and reports whether few tickets have them. Those
// are the way to the tickets; else the order of the tickets is, and the words are a filter.
func (c *conn) few(q *question) (bool, error) {
	if q.match == "" {
		return true, nil
	}
	n := 0
	err := c.each(`SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ? LIMIT ?)`,
		func(r row) error { n = int(r.int(0)); return nil }, str(q.match), num(many))
	switch {
	case n < many:
		q.and("t.id IN (SELECT rowid FROM words WHERE words MATCH ?)", str(q.match))
	case q.short:
		q.and("EXISTS (SELECT 1 FROM words WHERE words MATCH ? AND rowid=t.id)", str(q.match))
	default: // FTS5 would put the list of a longer word together for each ticket
		q.and("+t.id IN (SELECT rowid FROM words WHERE words MATCH ?)", str(q.match))
	}
	return n < many, err
}

// maxIndexed is the longest beginning of a word, in characters, that FTS5 has an index of;
// see makeSchema.
const maxIndexed = 4

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// words is what FTS5 is asked for a text: its words, all of which have to be there, each as
// the beginning of a word if it has two bytes or more. Nothing in the text is syntax. short
// tells whether none is longer than what is indexed.
func words(given string) (match string, short bool, err error) {
	list := strings.FieldsFunc(given, func(r rune) bool { return !isWord(r) && !unicode.IsMark(r) })
	list = slices.DeleteFunc(list, func(s string) bool { return !strings.ContainsFunc(s, isWord) })
	if len(list) == 0 {
		return "", false, fail.Errorf(fail.Invalid, "there is no word in the text %q", quoted(given))
	}
	if len(list) > maxWords || len(given) > 4000 {
		return "", false, fail.Errorf(fail.Invalid, "the text is of more than %d words", maxWords)
	}
	var b strings.Builder
	short = true
	for _, word := range list {
		short = short && utf8.RuneCountInString(word) <= maxIndexed
		b.WriteString(`"` + word + `" `)
		if len(word) > 1 { // the beginning of nearly every word is no use, and slow
			b.WriteString("* ")
		}
	}
	return b.String(), short, nil
}

// Search finds tickets. Text is looked up as the beginnings of words in titles and bodies.
func (t *Tracker) Search(ctx context.Context, q tickets.Query) (*tickets.Page, error) {
	if q.Project != "" {
		return nil, noProject(q.Project)
	}
	if q.Native != "" {
		return nil, fail.Errorf(fail.Unsupported, "the local tracker has no query language").Then("use text, status, assignee, labels and since")
	}
	me, err := t.me(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := ask(q, me)
	if err != nil {
		return nil, err
	}
	sum := cursor.Sum("local", q.Text, strings.ToLower(q.Status), q.Assignee, strings.Join(q.Labels, separator), q.Since.UTC().Format(time.RFC3339Nano), strconv.FormatBool(q.Ready))
	limit := q.Limit
	if limit <= 0 {
		limit = tickets.DefaultLimit
	}
	limit = min(limit, tickets.MaxLimit)
	out := &tickets.Page{}
	err = t.within(ctx, false, func(c *conn) error {
		few, err := c.few(asked)
		if err != nil {
			return err
		}
		all := *asked
		if q.Cursor != "" {
			updated, id, err := position(q.Cursor, sum)
			if err != nil {
				return err
			}
			asked.and("(t.updated, t.id)<(?, ?)", num(updated), num(id))
		}
		var last *stored
		err = c.each("SELECT "+columns(slices.Contains(q.Fields, "body"))+" FROM tickets t"+asked.sql()+" ORDER BY t.updated DESC, t.id DESC LIMIT ?", func(r row) error {
			if len(out.Tickets) == limit {
				out.Cursor = cursor.Encode(sum, strconv.FormatInt(last.updated, 10), strconv.FormatInt(last.id, 10))
				return nil
			}
			last = scan(r)
			out.Tickets = append(out.Tickets, last.Ticket)
			return nil
		}, append(asked.args, num(int64(limit)+1))...)
		if err != nil {
			return err
		}
		switch {
		case q.Cursor == "" && out.Cursor == "":
			out.Total = len(out.Tickets)
		case !few || q.Ready:
			out.Total = -1 // to count them takes longer than to find some
		default:
			return c.each("SELECT count(*) FROM tickets t"+all.sql(), func(r row) error { out.Total = int(r.int(0)); return nil }, all.args...)
		}
		return nil
	})
	if errors.Is(err, errNone) {
		return &tickets.Page{Notes: []string{"the local tracker has no tickets yet; ticket_write makes the first"}}, nil
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// position is where a cursor stands: a time and a number.
func position(given string, sum uint64) (at, id int64, err error) {
	fields, err := cursor.Decode(given, sum, 2)
	if err != nil {
		return 0, 0, err
	}
	at, err1 := strconv.ParseInt(fields[0], 10, 64)
	id, err2 := strconv.ParseInt(fields[1], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, 0, cursor.Stale("it is damaged")
	}
	return at, id, nil
}

func noProject(given string) error {
	return fail.Errorf(fail.Invalid, "the local tracker has no projects, such as %q", quoted(given)).Then("leave project away")
}
