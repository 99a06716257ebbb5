package tracker

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// fields checks what w sets of a ticket that is now, and puts it into p.
func (c *conn) fields(ctx context.Context, p *plan, w tickets.Changes, now *stored, ch *change) (err error) {
	if len(w.Custom) > 0 {
		return fail.Errorf(fail.Invalid, "the local tracker has no field %q", quoted(w.Custom[0].Name)).
			Because("there are title, body, type, priority, assignees, labels, parent")
	}
	if w.Milestone != nil {
		return fail.Errorf(fail.Unsupported, "the local tracker has no milestones").Then("use a label, or a parent of type epic")
	}
	if w.Title != nil {
		if err := checkTitle(*w.Title); err != nil {
			return err
		}
		p.Title = w.Title
	}
	if w.Body != nil {
		body, err := w.Body(now.Body)
		if err != nil {
			return err
		}
		if err := checkText("body", body); err != nil {
			return err
		}
		p.Body = &body
	}
	if err := checkText("comment", w.Comment); err != nil {
		return err
	}
	p.Comment = w.Comment
	if w.Type != "" {
		if p.Type, err = checkName("type", strings.ToLower(w.Type)); err != nil {
			return err
		}
	}
	if w.Priority != "" {
		if p.Priority, err = checkPriority(w.Priority); err != nil {
			return err
		}
	}
	if w.Assignees != nil {
		list := slices.Clone(*w.Assignees)
		for i, who := range list {
			if who == "me" {
				list[i] = ch.me
			}
		}
		if list, err = checkNames("person", list); err != nil {
			return err
		}
		p.Assignees = &list
	}
	if w.Labels != nil || len(w.Add)+len(w.Remove) > 0 {
		list := slices.Clone(now.Labels)
		if w.Labels != nil {
			list = slices.Clone(*w.Labels)
		}
		list = append(list, w.Add...)
		list = slices.DeleteFunc(list, func(l string) bool { return slices.Contains(w.Remove, l) })
		if list, err = checkNames("label", list); err != nil {
			return err
		}
		p.Labels = &list
	}
	if w.Parent != nil {
		return c.planParent(ctx, p, *w.Parent, now)
	}
	return nil
}

// planParent checks a new parent of the ticket that is now.
func (c *conn) planParent(ctx context.Context, p *plan, given string, now *stored) error {
	p.Parent = &given
	if given == "" {
		return nil
	}
	key, err := checkKey(given)
	if err != nil {
		return err
	}
	if c == nil {
		return noTicket(key)
	}
	if p.parent, key, err = c.mustID(ctx, key); err != nil {
		return err
	}
	p.Parent = &key
	if now.id == 0 || now.Parent == key {
		return nil
	}
	if now.id == p.parent {
		return fail.Errorf(fail.Invalid, "a ticket cannot be its own parent")
	}
	return c.checkCycle(link{source: now.id, target: p.parent, kind: "parent", sourceKey: now.Key, targetKey: key})
}

func checkTitle(s string) error {
	switch {
	case len(s) > MaxTitle:
		return fail.Errorf(fail.TooLarge, "the title has %d bytes, and may have %d", len(s), MaxTitle)
	case strings.TrimSpace(s) == "":
		return fail.Errorf(fail.Invalid, "the title is empty")
	case !utf8.ValidString(s), strings.ContainsFunc(s, unicode.IsControl):
		return fail.Errorf(fail.Invalid, "the title is not one line of text")
	}
	return nil
}

// checkText checks a body or a comment.
func checkText(what, s string) error {
	switch {
	case len(s) > MaxBody:
		return fail.Errorf(fail.TooLarge, "the %s has %d bytes, and may have %d", what, len(s), MaxBody)
	case !utf8.ValidString(s), strings.IndexByte(s, 0) >= 0:
		return fail.Errorf(fail.Invalid, "the %s is not text", what)
	}
	return nil
}

// checkName checks the name of a person, a label or a type, and returns it without the space
// around it.
func checkName(what, s string) (string, error) {
	name := strings.TrimSpace(s)
	switch {
	case name == "":
		return "", fail.Errorf(fail.Invalid, "the name of a %s is empty", what)
	case len(name) > MaxName:
		return "", fail.Errorf(fail.TooLarge, "the name of a %s has %d bytes, and may have %d", what, len(name), MaxName)
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		return "", fail.Errorf(fail.Invalid, "the name of a %s is not one line of text", what)
	}
	return name, nil
}

// checkNames checks a list of names, and returns it in order, each once.
func checkNames(what string, list []string) ([]string, error) {
	if len(list) > MaxNames {
		return nil, fail.Errorf(fail.TooLarge, "there are %d names of a %s, and may be %d", len(list), what, MaxNames)
	}
	out := make([]string, 0, len(list))
	for _, s := range list {
		name, err := checkName(what, s)
		if err != nil {
			return nil, err
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// checkPriority returns P0 to P4.
func checkPriority(given string) (string, error) {
	switch s := strings.ToLower(strings.TrimSpace(given)); s {
	case "p0", "urgent", "critical":
		return "P0", nil
	case "p1", "high":
		return "P1", nil
	case "p2", "medium":
		return "P2", nil
	case "p3", "low":
		return "P3", nil
	case "p4", "lowest":
		return "P4", nil
	}
	return "", fail.Errorf(fail.Invalid, "there is no priority %q", quoted(given)).
		Because("there are P0 (urgent), P1 (high), P2 (medium), P3 (low), P4 (lowest)")
}
