package registry

import (
	"strings"

	"cleat/internal/fail"
	"cleat/internal/uri"
)

// A pattern is a parsed URI template: RFC 6570 restricted to the operators that
// cleat's addresses use.
type pattern struct {
	scheme   string
	segments []string // literal text, or "{x}" as x with variable set; the last may be a rest
	variable []bool
	rest     string // {+x}, after the segments
	fragment string // {#x}
	query    string // {?x*}
}

// parsePattern parses a template's URI. It panics on what it does not know: templates
// are constants.
func parsePattern(s string) pattern {
	scheme, body, ok := strings.Cut(s, "://")
	if !ok {
		panic("registry: template without a scheme: " + s)
	}
	p := pattern{scheme: scheme}
	if i := strings.Index(body, "{?"); i >= 0 {
		p.query = strings.TrimSuffix(strings.TrimSuffix(body[i+2:], "}"), "*")
		body = body[:i]
	}
	if i := strings.Index(body, "{#"); i >= 0 {
		p.fragment = strings.TrimSuffix(body[i+2:], "}")
		body = body[:i]
	}
	for seg := range strings.SplitSeq(body, "/") {
		name, isVar := strings.CutPrefix(seg, "{")
		name = strings.TrimSuffix(name, "}")
		switch {
		case p.rest != "":
			panic("registry: template goes on after a rest: " + s)
		case isVar && strings.HasPrefix(name, "+"):
			p.rest = name[1:]
		default:
			p.segments = append(p.segments, name)
			p.variable = append(p.variable, isVar)
		}
	}
	return p
}

// variables lists the names of the variables, in order.
func (p pattern) variables() []string {
	var names []string
	for i, s := range p.segments {
		if p.variable[i] {
			names = append(names, s)
		}
	}
	for _, s := range []string{p.rest, p.fragment, p.query} {
		if s != "" {
			names = append(names, s)
		}
	}
	return names
}

// match returns the decoded values of the variables in u. Empty segments and a missing
// rest are refused, with the form that the address has.
func (p pattern) match(template string, u uri.URI) (map[string]string, error) {
	bad := func(why string) error {
		return fail.Errorf(fail.Invalid, "%q is no address of the form %s", u.String(), template).Because("%s", why)
	}
	vars := map[string]string{}
	raw := u.Raw
	for i, seg := range p.segments {
		part, tail, more := strings.Cut(raw, "/")
		if i == len(p.segments)-1 && p.rest == "" {
			part, tail, more = raw, "", false
		}
		if strings.Contains(part, "/") {
			return nil, bad("it has too many segments; encode a slash inside a segment as %2F")
		}
		value, err := uri.Unescape(part)
		if err != nil {
			return nil, err
		}
		switch {
		case part == "":
			return nil, bad("the part {" + seg + "} is empty")
		case !p.variable[i] && value != seg:
			return nil, bad("it should have " + seg + " there")
		case p.variable[i]:
			vars[seg] = value
		}
		if !more && (i < len(p.segments)-1 || p.rest != "") {
			return nil, bad("it has too few segments")
		}
		raw = tail
	}
	if p.rest != "" {
		value, err := uri.Unescape(raw)
		if err != nil {
			return nil, err
		}
		if value == "" {
			return nil, bad("the part {+" + p.rest + "} is empty")
		}
		vars[p.rest] = value
	}
	if p.fragment != "" {
		vars[p.fragment] = u.Fragment
	} else if u.Fragment != "" {
		return nil, bad("it takes no fragment")
	}
	if p.query == "" && len(u.Query) > 0 {
		return nil, bad("it takes no query")
	}
	if p.query != "" {
		_, vars[p.query], _ = strings.Cut(uri.URI{Query: u.Query}.String(), "?")
	}
	return vars, nil
}
