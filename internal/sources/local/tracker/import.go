package tracker

import (
	"cmp"
	"context"
	"io"
	"slices"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// MaxImport is how many bytes Import reads.
const MaxImport = 512 << 20

// A Report says what an import has done.
type Report struct {
	Added, Updated int
	Same, Kept     int // Kept: the store has it newer
	Comments       int // that were added to tickets that the store had
	Renamed        []Renamed
	Conflicts      []Conflict
}

// Renamed is a ticket whose key meant another one here.
type Renamed struct{ From, To string }

// A Conflict is a ticket that was changed on both sides since they were equal. What was
// changed last has been kept, which is Theirs if Took is set.
type Conflict struct {
	Ours, Theirs tickets.Ticket
	Took         bool
}

// An importer puts lines into the store.
type importer struct {
	c     *conn
	r     Report
	lines []*line
	ids   map[string]int64  // of the tickets by their keys in the file
	names map[string]string // keys here of those tickets
	keys  map[string]bool   // in the file
	links []int             // lines whose links are to be made
}

// Import puts the tickets of an export into the store. Those that it does not have are added,
// those that it has are changed where the file has all that the store has of their history,
// and more; comments and history of both are kept. Where both have changed a ticket, the
// newer change stays, and the report has both.
//
// It is all done or nothing. It fails with fail.Invalid, naming the line, for what is no
// export, or links to tickets that are nowhere, or would make a cycle of links; and with
// fail.Unsupported for an export of a newer cleat.
func (t *Tracker) Import(ctx context.Context, r io.Reader) (Report, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxImport+1))
	if err != nil {
		return Report{}, err
	}
	if len(data) > MaxImport {
		return Report{}, fail.Errorf(fail.TooLarge, "there are more than %d MB to import", MaxImport>>20)
	}
	im := &importer{ids: map[string]int64{}, names: map[string]string{}, keys: map[string]bool{}}
	if im.lines, err = parse(data); err != nil {
		return Report{}, err
	}
	for _, l := range im.lines {
		im.keys[l.Key] = true
	}
	err = t.within(ctx, true, func(c *conn) error {
		im.c = c
		for _, step := range []func(int, *line) error{im.find, im.merge} {
			for i, l := range im.lines {
				if err := step(i, l); err != nil {
					return err
				}
			}
		}
		for _, i := range im.links {
			if err := im.link(i); err != nil {
				return err
			}
		}
		for _, kind := range []string{"blocks", "parent"} {
			if err := c.checkCycles(kind); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	return im.r, nil
}

// find looks for the ticket of a line, and adds it if there is none.
func (im *importer) find(i int, l *line) error {
	err := im.c.each(`SELECT id, key FROM tickets WHERE uid=?`, func(r row) error {
		im.ids[l.Key], im.names[l.Key] = r.int(0), r.text(1)
		return nil
	}, str(l.UID))
	if err != nil || im.ids[l.Key] != 0 {
		return err
	}
	im.r.Added++
	im.links = append(im.links, i)
	im.lines[i].added = true
	return im.add(l)
}

// merge puts the ticket of a line that the store had into it, but for its links.
func (im *importer) merge(i int, l *line) error {
	if l.added {
		return nil
	}
	ours, err := im.c.load(im.names[l.Key])
	if err != nil {
		return err
	}
	mine, err := im.c.line(ours)
	if err != nil {
		return err
	}
	take, conflict := judge(mine, l)
	switch {
	case im.same(mine, l):
		im.r.Same++
		take = false
	case conflict:
		im.r.Conflicts = append(im.r.Conflicts, Conflict{Ours: ours.Ticket, Theirs: l.ticket(), Took: take})
	case !take:
		im.r.Kept++
	default:
		im.r.Updated++
	}
	if take {
		im.links = append(im.links, i)
		if err := im.set(ours.id, l); err != nil {
			return err
		}
	}
	err = im.c.run(`UPDATE tickets SET rev=max(rev, ?), updated=max(updated, ?) WHERE id=?`, num(l.Rev), num(l.Updated.UnixMilli()), num(ours.id))
	if err != nil {
		return err
	}
	n, err := im.texts(ours.id, l)
	im.r.Comments += n
	return err
}

// judge decides whether the line takes the place of what the store has, and whether both were
// changed since they were equal: each then has events that the other lacks.
func judge(mine, theirs *line) (take, conflict bool) {
	weHave, theyHave := map[string]bool{}, map[string]bool{}
	for _, e := range mine.Events {
		weHave[e.UID] = true
	}
	more := false // they have
	for _, e := range theirs.Events {
		theyHave[e.UID] = true
		more = more || !weHave[e.UID]
	}
	less := slices.ContainsFunc(mine.Events, func(e lineEvent) bool { return !theyHave[e.UID] })
	newer := theirs.Updated.Compare(mine.Updated)
	if newer == 0 {
		newer = cmp.Compare(theirs.Rev, mine.Rev)
	}
	switch {
	case more && less:
		return newer > 0, true
	case more != less:
		return more, false
	}
	return newer > 0, newer == 0 // of one history: the file was edited by hand
}

// same reports whether a line says the same of the ticket itself as the store's.
func (im *importer) same(mine, theirs *line) bool {
	equal := func(x, y []string) bool {
		x, y = slices.Clone(x), slices.Clone(y)
		slices.Sort(x)
		slices.Sort(y)
		return slices.Equal(x, y)
	}
	var x, y []string
	for _, l := range mine.Links {
		x = append(x, l.Kind+" "+l.To)
	}
	for _, l := range theirs.Links {
		to := im.names[l.To]
		if to == "" {
			to = l.To
		}
		y = append(y, l.Kind+" "+to)
	}
	a, b := mine, theirs
	return equal(x, y) && a.Title == b.Title && a.Body == b.Body && a.State == b.State && a.Type == b.Type && a.Priority == b.Priority &&
		a.Closed.Equal(b.Closed) && equal(a.Assignees, b.Assignees) && equal(a.Labels, b.Labels)
}

// ticket is the line as one shows a ticket.
func (l *line) ticket() tickets.Ticket {
	return tickets.Ticket{Key: l.Key, Title: l.Title, Body: l.Body, State: l.State, Status: statusOf(l.State), Type: l.Type, Priority: l.Priority, Author: l.Author,
		Assignees: l.Assignees, Labels: l.Labels, Created: l.Created, Updated: l.Updated, Closed: l.Closed, CommentCount: len(l.Comments)}
}

// add makes a ticket of a line. If its key means another here, it gets one that is free both
// here and in the file.
func (im *importer) add(l *line) error {
	key := l.Key
	taken, err := im.c.id(key)
	if err != nil {
		return err
	}
	if taken != 0 {
		for n := minName; taken != 0 && n <= uidLen; n++ {
			if key = prefix + l.UID[:n]; !isName(l.UID[:n]) || im.keys[key] {
				continue
			}
			if taken, err = im.c.id(key); err != nil {
				return err
			}
		}
		if taken != 0 {
			return fail.Errorf(fail.Conflict, "there is no free key for %s", l.Key)
		}
		im.r.Renamed = append(im.r.Renamed, Renamed{l.Key, key})
	}
	err = im.c.run(`INSERT INTO tickets (key, uid, rev, open, title, body, state, type, priority, author, created, updated, closed)
		VALUES (?, ?, ?, 1, '', '', '', '', '', ?, ?, ?, 0)`, str(key), str(l.UID), num(l.Rev), str(l.Author), num(l.Created.UnixMilli()), num(l.Updated.UnixMilli()))
	if err != nil {
		return err
	}
	id, err := im.c.id(key)
	if err != nil {
		return err
	}
	im.ids[l.Key], im.names[l.Key] = id, key
	if err := im.set(id, l); err != nil {
		return err
	}
	_, err = im.texts(id, l)
	return err
}

// set writes what a line says of the ticket itself, and takes its links away.
func (im *importer) set(id int64, l *line) error {
	open, closed := int64(1), int64(0)
	if statusOf(l.State) == tickets.Done {
		open, closed = 0, l.Closed.UnixMilli()
	}
	err := im.c.run(`UPDATE tickets SET open=?, title=?, body=?, state=?, type=?, priority=?, closed=? WHERE id=?`,
		num(open), str(l.Title), str(l.Body), str(l.State), str(l.Type), str(l.Priority), num(closed), num(id))
	if err != nil {
		return err
	}
	for _, sql := range []string{`DELETE FROM assignees WHERE ticket=?`, `DELETE FROM labels WHERE ticket=?`, `DELETE FROM links WHERE source=?`} {
		if err := im.c.run(sql, num(id)); err != nil {
			return err
		}
	}
	for _, name := range l.Assignees {
		if err := im.c.run(`INSERT INTO assignees (ticket, name) VALUES (?, ?)`, num(id), str(name)); err != nil {
			return err
		}
	}
	for _, name := range l.Labels {
		if err := im.c.run(`INSERT INTO labels (ticket, name) VALUES (?, ?)`, num(id), str(name)); err != nil {
			return err
		}
	}
	return nil
}

// texts adds the comments and the events that a ticket does not have, and returns how many
// comments those are.
func (im *importer) texts(id int64, l *line) (n int, err error) {
	for _, x := range l.Comments {
		if err := im.c.run(`INSERT OR IGNORE INTO comments (uid, ticket, author, created, body) VALUES (?, ?, ?, ?, ?)`,
			str(x.UID), num(id), str(x.Author), num(x.Created.UnixMilli()), str(x.Body)); err != nil {
			return n, err
		}
		n += int(im.c.db.Changes())
	}
	for _, x := range l.Events {
		if err := im.c.run(`INSERT OR IGNORE INTO events (uid, ticket, author, created, what, old, new) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			str(x.UID), num(id), str(x.Author), num(x.Time.UnixMilli()), str(x.What), str(x.From), str(x.To)); err != nil {
			return n, err
		}
	}
	return n, nil
}

// link makes the links of a line.
func (im *importer) link(i int) error {
	l := im.lines[i]
	source := im.ids[l.Key]
	for _, x := range l.Links {
		target := im.ids[x.To]
		if target == 0 {
			var err error
			if target, err = im.c.id(x.To); err != nil {
				return err
			}
		}
		if target == 0 || target == source {
			return atLine(i+2, fail.Errorf(fail.Invalid, "it has a link to %s, which is neither in the file nor in the store", x.To))
		}
		k := link{source: source, target: target, kind: x.Kind}
		if is, err := im.c.linked(k); err != nil || is {
			if err != nil {
				return err
			}
			continue
		}
		if err := im.c.run(`INSERT INTO links (source, kind, target) VALUES (?, ?, ?)`, num(source), str(x.Kind), num(target)); err != nil {
			return err
		}
	}
	return nil
}
