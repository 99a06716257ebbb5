package tickets

import (
	"encoding/json"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/uri"
)

// address takes a ticket:// address apart. One that says more than a source and a key, with a
// query or a fragment, is none.
func address(s string) (source, key string, ok bool) {
	u, err := uri.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme != scheme || len(u.Query) > 0 || u.Fragment != "" {
		return "", "", false
	}
	parts, err := u.Segments(2)
	if err != nil || len(parts) != 2 || parts[0] == "" || parts[1] == "" {
		return "", "", false
	}
	return parts[0], parts[1], true
}

// key is the key in what a caller wrote for a ticket of s: the key itself, or its address,
// which must not be in another source.
func (s *Service) key(asked string) (string, error) {
	source, key, ok := address(asked)
	switch {
	case !ok:
		return strings.TrimSpace(asked), nil
	case source != s.name:
		return "", fail.Errorf(fail.Invalid, "%s is no ticket of %s, which the call is for", quote(asked), s.name).
			Then("pass a key of %s, or leave source out", s.name)
	}
	return key, nil
}

// Set takes the fields of a ticket by their names, with values in JSON. Names that are not
// the system's own are custom fields. It fails with fail.Invalid.
func (c *Change) Set(fields map[string]json.RawMessage) error {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	sorting.Sort(names, strings.Compare)
	for _, name := range names {
		if err := c.set(name, fields[name]); err != nil {
			return err
		}
	}
	switch ch := &c.Changes; {
	case (ch.Add != nil || ch.Remove != nil) && ch.Labels != nil:
		return fail.Errorf(fail.Invalid, "set has labels together with add_labels or remove_labels").Then("pass labels alone for all that it will have, or the others")
	case c.Op != Relate && (c.Kind != "" || c.Write.Remove):
		return fail.Errorf(fail.Invalid, "set.kind and set.remove are for op=link").Then("leave them out, or pass op=link")
	case c.Op != Create && c.Project != "":
		return fail.Errorf(fail.Invalid, "set.project is for op=create").Because("tickets are not moved between projects").Then("leave it out")
	case (c.Op == Remark || c.Op == Relate || c.Op == Take) && len(fields) > 0 && !(c.Op == Relate && onlyKind(names)):
		return fail.Errorf(fail.Invalid, "op=%s sets no fields", c.Op).Then("set them with op=update")
	}
	return nil
}

func onlyKind(names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return n != "kind" && n != "remove" })
}

func (c *Change) set(name string, value json.RawMessage) error {
	ch := &c.Changes
	word := func(to *string) error { return setWord(name, value, to) }
	pointer := func(to **string) error {
		var s string
		*to = &s
		return setWord(name, value, &s)
	}
	list := func(to *[]string) error { return setList(name, value, to) }
	listed := func(to **[]string) error {
		l := []string{}
		*to = &l
		return setList(name, value, &l)
	}
	switch name {
	case "type":
		return word(&ch.Type)
	case "priority":
		return word(&ch.Priority)
	case "parent":
		return pointer(&ch.Parent)
	case "milestone":
		return pointer(&ch.Milestone)
	case "assignee", "assignees":
		return listed(&ch.Assignees)
	case "labels":
		return listed(&ch.Labels)
	case "add_labels":
		return list(&ch.Add)
	case "remove_labels":
		return list(&ch.Remove)
	case "project":
		return word(&c.Project)
	case "kind":
		return word(&c.Kind)
	case "remove":
		if json.Unmarshal(value, &c.Write.Remove) != nil {
			return fail.Errorf(fail.Invalid, "set.remove is true or false").Then("pass one of them")
		}
		return nil
	case "title", "body", "status", "state", "comment":
		return fail.Errorf(fail.Invalid, "set has %s", name).Then("pass title and body as arguments of their own, and op=transition to=STATE for the state")
	}
	if name == "" || len(name) > 200 || len(value) > 64<<10 {
		return fail.Errorf(fail.Invalid, "a field of set has no name, or is over 64 kB").Then("name it as ticket_read shows it")
	}
	ch.Custom = append(ch.Custom, Custom{Name: name, Value: value})
	return nil
}

// setWord reads a value that is one word; null is the empty one.
func setWord(name string, value json.RawMessage, to *string) error {
	if json.Unmarshal(value, to) != nil || strings.ContainsAny(*to, "\r\n\x00") || len(*to) > 1000 {
		return fail.Errorf(fail.Invalid, "set.%s is one line of text", name).Then("pass it as a string")
	}
	return nil
}

// setList reads a list of words; one word alone is a list of it, and null the empty list.
func setList(name string, value json.RawMessage, to *[]string) error {
	var one string
	if json.Unmarshal(value, &one) == nil && string(value) != "null" {
		if one != "" {
			*to = []string{one}
		}
	} else if json.Unmarshal(value, to) != nil {
		return fail.Errorf(fail.Invalid, "set.%s is a list of words", name).Then(`pass it as ["one","two"]`)
	}
	if *to == nil {
		*to = []string{}
	}
	if len(*to) > 100 || slices.ContainsFunc(*to, func(s string) bool { return s == "" || strings.ContainsAny(s, "\r\n\x00") || len(s) > 1000 }) {
		return fail.Errorf(fail.Invalid, "set.%s has an empty word, one of several lines, or more than 100", name).Then("pass names as ticket_read shows them")
	}
	return nil
}
