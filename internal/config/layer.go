package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"cleat/internal/gate/policy"
	"cleat/internal/size"
)

// A layer is what one file says.
type layer struct {
	origin  string
	file    string // as messages show it
	present bool
	content []byte
	digest  digest
	notes   []string

	policy  policy.Layer
	sources []Source

	call                    setting[time.Duration]
	budget, inFlight, queue setting[int]
	required                setting[bool]
	rotate                  setting[size.Size]
	format                  setting[string]
}

// A setting is a value with its place, such as "cleat.toml:3: limits.budget".
type setting[T any] struct {
	set   bool
	value T
	at    string
}

// A layerReader fills a layer from its tree.
type layerReader struct {
	*layer
	rep   *report
	kinds []Kind
	dir   string // that relative paths are relative to
	home  string
}

func (l *layerReader) read(root *node) {
	if l.origin == policy.Managed && !root.states() && len(l.rep.problems) == 0 {
		l.rep.add(Problem{What: "the managed file says nothing", Mend: "remove it, or write into it what should hold, such as [policy]"})
		return
	}
	d := &decoder{rep: l.rep}
	sections := []string{"audit", "limits", "output", "policy", "sources"}
	for _, key := range root.keys {
		n := root.table[key]
		switch key {
		case "policy":
			l.section(n, []string{"allow", "deny", "read_only"}, l.readPolicy)
		case "limits":
			l.section(n, []string{"budget", "call", "in_flight", "queue"}, func(key string, n *node) {
				switch key {
				case "call":
					l.call = bounded(d, n, 10*time.Millisecond, time.Hour)
				case "budget":
					l.budget = bounded(d, n, 1, 10000)
				case "in_flight":
					l.inFlight = bounded(d, n, 1, 1024)
				case "queue":
					l.queue = bounded(d, n, 1, 1000000)
				}
			})
		case "audit":
			l.section(n, []string{"required", "rotate"}, func(key string, n *node) {
				switch key {
				case "required":
					l.required = settingOf[bool](d, n)
				case "rotate":
					l.rotate = bounded[size.Size](d, n, 4<<10, 16<<30)
				}
			})
		case "output":
			l.section(n, []string{"format"}, func(_ string, n *node) {
				l.format = settingOf[string](d, n)
				if v := l.format.value; l.format.set && v != "text" && v != "json" {
					l.rep.add(Problem{Line: n.line, Col: n.col, Key: n.name, What: showWord("format", v), Known: []string{"text", "json"}})
				}
			})
		case "sources":
			l.sources = l.readSources(n)
		default:
			d.unknown(n, key, sections)
		}
	}
}

// section calls read for each of the known keys of the table n.
func (l *layerReader) section(n *node, known []string, read func(key string, n *node)) {
	if n.shape != isTable {
		l.rep.at(n, "want a table, not %s", n.shape)
		return
	}
	d := &decoder{rep: l.rep}
	for _, key := range n.keys {
		if !slices.Contains(known, key) {
			d.unknown(n.table[key], key, slices.Clone(known))
			continue
		}
		read(key, n.table[key])
	}
}

func settingOf[T any](d *decoder, n *node) setting[T] {
	before := len(d.rep.problems) + d.rep.more
	s := setting[T]{at: fmt.Sprintf("%s:%d: %s", d.rep.file, n.line, n.name)}
	d.value(n, reflect.ValueOf(&s.value).Elem())
	s.set = len(d.rep.problems)+d.rep.more == before
	return s
}

func bounded[T cmp.Ordered](d *decoder, n *node, least, most T) setting[T] {
	s := settingOf[T](d, n)
	if s.set && (s.value < least || s.value > most) {
		d.rep.at(n, "want a value from %v to %v", least, most)
		s.set = false
	}
	return s
}

func (l *layerReader) readPolicy(key string, n *node) {
	d := &decoder{rep: l.rep}
	switch key {
	case "read_only":
		if s := settingOf[bool](d, n); s.set {
			l.policy.ReadOnly, l.policy.ReadOnlyLine = &s.value, n.line
		}
	case "allow":
		l.policy.Allow = l.rules(n)
	case "deny":
		l.policy.Deny = l.rules(n)
	}
}

func (l *layerReader) rules(n *node) []policy.Rule {
	if n.shape != isArray {
		l.rep.at(n, "want an array of rules, not %s", n.shape)
		return nil
	}
	var out []policy.Rule
	for i, item := range n.items {
		if item.shape != isString {
			l.rep.at(item, "want a rule as a string, not %s", item.shape)
			continue
		}
		r, err := policy.ParseRule(item.text)
		if err != nil {
			p := Problem{Line: item.line, Col: item.col, Key: n.name + "[" + strconv.Itoa(i) + "]", What: err.Error()}
			if se, ok := err.(*policy.SyntaxError); ok {
				p.What = fmt.Sprintf("the rule is wrong at its byte %d: %s", se.Pos, se.What)
				if item.verbatim {
					p.Col += 1 + se.Pos
				}
			}
			l.rep.add(p)
			continue
		}
		r.File, r.Line = l.file, item.line
		out = append(out, r)
	}
	return out
}
