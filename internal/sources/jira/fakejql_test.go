package jira

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A clause of JQL is a test of an issue.
type clause func(i *item) bool

// A parser reads JQL, as far as the tests have it.
type parser struct {
	f    *fake
	toks []string // strings with a quotation mark before them
	at   int
}

// jql reads a query. It panics with a refusal in Jira's words.
func (f *fake) jql(query string) clause {
	p := &parser{f: f, toks: tokens(query)}
	c := p.or()
	if p.next("order") && p.next("by") {
		for p.at < len(p.toks) { // the last changed are always first
			p.at++
		}
	}
	if p.at < len(p.toks) {
		refuse(400, "Error in the JQL Query: Expecting either 'OR' or 'AND' but got '"+p.toks[p.at]+"'.")
	}
	return c
}

func tokens(s string) (out []string) {
	word := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-.[]", r)
	}
	list := []rune(s)
	for i := 0; i < len(list); {
		r := list[i]
		switch {
		case unicode.IsSpace(r):
			i++
		case r == '"' || r == '\'':
			var b strings.Builder
			b.WriteByte('"')
			for i++; i < len(list) && list[i] != r; i++ {
				if list[i] == '\\' && i+1 < len(list) {
					i++
				}
				b.WriteRune(list[i])
			}
			if i++; i > len(list) {
				refuse(400, "Error in the JQL Query: The quoted string has not been completed.")
			}
			out = append(out, b.String())
		case word(r):
			from := i
			for i < len(list) && word(list[i]) {
				i++
			}
			out = append(out, string(list[from:i]))
		case strings.ContainsRune("!<>", r) && i+1 < len(list) && list[i+1] == '=':
			out, i = append(out, string(list[i:i+2])), i+2
		case strings.ContainsRune("(),=~<>", r):
			out, i = append(out, string(r)), i+1
		default:
			refuse(400, "Error in the JQL Query: The character is a reserved JQL character.")
		}
	}
	return out
}

func (p *parser) peek() string {
	if p.at < len(p.toks) {
		return strings.ToLower(p.toks[p.at])
	}
	return ""
}

func (p *parser) next(word string) bool {
	if p.peek() != word {
		return false
	}
	p.at++
	return true
}

func (p *parser) or() clause {
	c := p.and()
	for p.next("or") {
		a, b := c, p.and()
		c = func(i *item) bool { return a(i) || b(i) }
	}
	return c
}

func (p *parser) and() clause {
	c := p.term()
	for p.next("and") {
		a, b := c, p.term()
		c = func(i *item) bool { return a(i) && b(i) }
	}
	return c
}

func (p *parser) term() clause {
	if p.next("(") {
		c := p.or()
		if !p.next(")") {
			refuse(400, "Error in the JQL Query: Expecting ')' before the end of the query.")
		}
		return c
	}
	field := strings.TrimPrefix(p.peek(), `"`)
	p.at++
	values := p.f.values(field)
	if values == nil {
		refuse(400, "Field '"+field+"' does not exist or you do not have permission to view it.")
	}
	op := p.peek()
	p.at++
	not := op == "!="
	if op == "is" || op == "not" {
		not = p.next("not") || op == "not"
		if op == "not" {
			op = p.peek()
			p.at++
		}
	}
	var want []string
	value := func() {
		v := strings.TrimPrefix(p.peek(), `"`)
		if v == "" || p.peek() == "(" || p.peek() == ")" {
			refuse(400, "Error in the JQL Query: Expecting a value.")
		}
		p.at++
		if v == "currentuser" && p.next("(") && p.next(")") {
			v = p.f.id(p.f.world.Me)
		}
		want = append(want, strings.ToLower(v))
	}
	if op == "in" && p.next("(") {
		value()
		for p.next(",") {
			value()
		}
		if !p.next(")") {
			refuse(400, "Error in the JQL Query: Expecting ')'.")
		}
	} else {
		value()
	}
	if field == "project" {
		for _, v := range want {
			if v != "empty" && !slices.ContainsFunc(p.f.world.Projects, func(x project) bool { return strings.EqualFold(x.Name, v) }) {
				refuse(400, "The value '"+v+"' does not exist for the field 'project'.")
			}
		}
	}
	return func(i *item) bool {
		have := values(i)
		for n := range have {
			have[n] = strings.ToLower(have[n])
		}
		hit := false
		switch op {
		case "=", "!=", "in":
			hit = slices.ContainsFunc(have, func(h string) bool { return slices.Contains(want, h) })
		case "is":
			hit = len(have) == 0
		case "~":
			hit = slices.ContainsFunc(have, func(h string) bool {
				return slices.Contains(strings.FieldsFunc(h, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), want[0])
			})
		case ">=":
			least, err := strconv.ParseInt(want[0], 10, 64)
			if err != nil {
				refuse(400, "Date value '"+want[0]+"' for field '"+field+"' is invalid.")
			}
			at, err := strconv.ParseInt(have[0], 10, 64)
			hit = err == nil && at >= least
		default:
			refuse(400, "Error in the JQL Query: the operator is not known.")
		}
		return hit != not
	}
}

// values returns how the values of a field are read, nil for a field that there is not.
func (f *fake) values(field string) func(i *item) []string {
	some := func(s string) []string {
		if s == "" {
			return nil
		}
		return []string{s}
	}
	switch field {
	case "project":
		return func(i *item) []string { return []string{i.project} }
	case "summary":
		return func(i *item) []string { return []string{i.title} }
	case "description":
		return func(i *item) []string { return some(string(i.body)) }
	case "statuscategory":
		return func(i *item) []string {
			return []string{map[string]string{"new": "To Do", "indeterminate": "In Progress", "done": "Done"}[i.status.category]}
		}
	case "status":
		return func(i *item) []string { return []string{i.status.name} }
	case "assignee":
		return func(i *item) []string { return some(f.id(i.assignee)) }
	case "creator", "reporter":
		return func(i *item) []string { return some(f.id(i.author)) }
	case "labels":
		return func(i *item) []string { return slices.Clone(i.labels) }
	case "updated":
		return func(i *item) []string { return []string{strconv.FormatInt(i.updated.UnixMilli(), 10)} }
	case "created":
		return func(i *item) []string { return []string{strconv.FormatInt(i.created.UnixMilli(), 10)} }
	case "parent", "cf[10014]":
		return func(i *item) []string {
			if i.parent == nil {
				return nil
			}
			return []string{i.parent.key()}
		}
	}
	return nil
}
