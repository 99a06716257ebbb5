package tracker

import (
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// A link as it is kept: in one of the two directions.
type link struct {
	source, target       int64
	kind                 string
	sourceKey, targetKey string
}

// kept is the link of the kind from one ticket to another, in the direction that is kept.
// It fails with fail.Invalid for what is no kind of a link.
func kept(from int64, fromKey, kind string, to int64, toKey string) (link, error) {
	switch kind {
	case "blocks", "parent", "related", "duplicates", "discovered_from":
		return link{from, to, kind, fromKey, toKey}, nil
	case "blocked_by", "child", "duplicated_by", "discovered":
		return link{to, from, tickets.Inverse(kind), toKey, fromKey}, nil
	}
	e := fail.Errorf(fail.Invalid, "there is no kind of link %q", quoted(kind)).Because("there are %s", strings.Join(tickets.LinkKinds(), ", "))
	if near := fail.Near(kind, tickets.LinkKinds()); len(near) > 0 {
		e = e.Then("did you mean %s?", near[0])
	}
	return link{}, e
}

// linked reports whether there is the link. One that is "related" has no direction.
func (c *conn) linked(l link) (is bool, err error) {
	a, b := l.source, l.target
	if l.kind == "related" {
		a, b = b, a
	}
	err = c.each(`SELECT 1 FROM links WHERE kind=?1 AND (source=?2 AND target=?3 OR source=?4 AND target=?5)`,
		func(row) error { is = true; return nil }, str(l.kind), num(l.source), num(l.target), num(a), num(b))
	return is, err
}

// checkLink fails where the link cannot be made.
func (c *conn) checkLink(l link) error {
	if l.source == l.target {
		return fail.Errorf(fail.Invalid, "a ticket cannot be linked to itself")
	}
	is, err := c.linked(l)
	if err != nil {
		return err
	}
	if is {
		return fail.Errorf(fail.Conflict, "%s has this link already: %s %s", l.sourceKey, l.kind, l.targetKey)
	}
	if l.kind == "parent" {
		var has string
		err := c.each(`SELECT p.key FROM links l JOIN tickets p ON p.id=l.target WHERE l.source=? AND l.kind='parent'`,
			func(r row) error { has = r.text(0); return nil }, num(l.source))
		if err != nil {
			return err
		}
		if has != "" {
			return fail.Errorf(fail.Conflict, "%s has a parent already: %s", l.sourceKey, has).Then("take that link away first, or set parent with an update")
		}
	}
	return c.checkCycle(l)
}

// maxVisited is how many tickets are looked at for a cycle.
const maxVisited = 100_000

// checkCycle fails with fail.Invalid, naming the cycle, where l would close one of the kinds
// that must have none.
func (c *conn) checkCycle(l link) error {
	if l.kind != "blocks" && l.kind != "parent" {
		return nil
	}
	type step struct{ from int64 }
	seen := map[int64]step{l.target: {}}
	queue := []int64{l.target}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if at == l.source {
			return c.cycle(l, func(id int64) int64 { return seen[id].from })
		}
		err := c.each(`SELECT target FROM links WHERE source=? AND kind=?`, func(r row) error {
			next := r.int(0)
			if _, ok := seen[next]; !ok {
				seen[next] = step{at}
				queue = append(queue, next)
			}
			return nil
		}, num(at), str(l.kind))
		if err != nil {
			return err
		}
		if len(seen) > maxVisited {
			return fail.Errorf(fail.TooLarge, "there are too many links to see whether this makes a cycle")
		}
	}
	return nil
}

// cycle is the error for a cycle that l would close. before tells from which ticket another
// was reached, on the way from l's target to its source.
func (c *conn) cycle(l link, before func(int64) int64) error {
	var way []string
	for id := l.source; id != 0; id = before(id) {
		err := c.each(`SELECT key FROM tickets WHERE id=?`, func(r row) error { way = append(way, r.text(0)); return nil }, num(id))
		if err != nil {
			return err
		}
	}
	way = append(way, l.sourceKey)
	slices.Reverse(way)
	if len(way) > 12 {
		way = append(append(way[:6:6], "…"), way[len(way)-5:]...)
	}
	return fail.Errorf(fail.Invalid, "the link would make a cycle: %s", strings.Join(way, " "+l.kind+" "))
}

// putLink makes a link, with an event for both tickets.
func (c *conn) putLink(l link, ch *change) error {
	if err := c.run(`INSERT INTO links (source, kind, target) VALUES (?, ?, ?)`, num(l.source), str(l.kind), num(l.target)); err != nil {
		return err
	}
	return c.toldLink(l, ch, "link", false)
}

// dropLink takes a link away, with an event for both tickets.
func (c *conn) dropLink(l link, ch *change) error {
	if err := c.run(`DELETE FROM links WHERE kind=? AND (source=? AND target=?)`, str(l.kind), num(l.source), num(l.target)); err != nil {
		return err
	}
	if l.kind == "related" {
		if err := c.run(`DELETE FROM links WHERE kind=? AND (source=? AND target=?)`, str(l.kind), num(l.target), num(l.source)); err != nil {
			return err
		}
	}
	return c.toldLink(l, ch, "unlink", true)
}

func (c *conn) toldLink(l link, ch *change, what string, gone bool) error {
	for _, side := range []struct {
		id   int64
		text string
	}{{l.source, l.kind + " " + l.targetKey}, {l.target, tickets.Inverse(l.kind) + " " + l.sourceKey}} {
		before, after := "", side.text
		if gone {
			before, after = after, before
		}
		if err := c.event(side.id, ch, what, before, after); err != nil {
			return err
		}
		if err := c.touch(side.id, ch); err != nil {
			return err
		}
	}
	return nil
}
