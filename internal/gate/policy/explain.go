package policy

import (
	"fmt"
	"strings"
)

// A Line is one statement of the effective policy, for people.
type Line struct {
	Origin string // layer, or "default"
	Where  string // FILE:LINE; "" for the defaults
	Kind   string // "read_only", "allow", "deny" or "default"
	Text   string
	Older  bool // no longer in the files, but in force until a restart
}

// Show returns everything that is in force: the layers from the highest to the
// lowest, each with its read_only, deny and allow, then the defaults.
func (p *Policy) Show() []Line {
	if p == nil {
		return []Line{{Origin: builtIn, Kind: "deny", Text: "*: the configuration is broken"}}
	}
	var out []Line
	for i, s := range p.sets {
		older := i < len(p.sets)-1
		for j := range s.layers {
			l := &s.layers[j]
			if l.ReadOnly != nil {
				out = append(out, Line{l.Origin, l.readOnlyAt, "read_only", fmt.Sprintf("read_only = %t", l.readOnly), older})
			}
			for _, r := range l.deny {
				out = append(out, Line{l.Origin, r.where, "deny", r.text, older})
			}
			for _, r := range l.allow {
				out = append(out, Line{l.Origin, r.where, "allow", r.text, older})
			}
		}
	}
	for _, text := range [...]string{ruleRead, ruleLocal, ruleRemote, ruleDestructive} {
		out = append(out, Line{Origin: builtIn, Kind: builtIn, Text: text})
	}
	return out
}

// A Step is one statement, and what it does to a query.
type Step struct {
	Line
	Matches bool
	Effect  string // "refuses", "grants", "exception" to its layer's read_only, "allows", or "" for nothing
}

// Explain returns every statement with what it does to q. The decision itself is
// that of Check: one "refuses" is enough.
func (p *Policy) Explain(q Query) []Step {
	lines := p.Show()
	out := make([]Step, 0, len(lines))
	if p == nil || len(q.Names) == 0 {
		for _, l := range lines {
			out = append(out, Step{Line: l, Matches: true, Effect: "refuses"})
		}
		return out
	}
	write := q.Access != Read
	add := func(matches bool, effect string) {
		s := Step{Line: lines[len(out)], Matches: matches}
		if matches {
			s.Effect = effect
		}
		out = append(out, s)
	}
	granted := true
	for _, s := range p.sets {
		inSet := false
		for i := range s.layers {
			l := &s.layers[i]
			if l.ReadOnly != nil {
				add(l.readOnly && write && l.allows(&q, exact) == nil, "refuses")
			}
			for j := range l.deny {
				add(l.deny[j].denies(&q), "refuses")
			}
			for j := range l.allow {
				one := layer{Layer: l.Layer, allow: l.allow[j : j+1]}
				effect := ""
				switch {
				case write && one.grants(&q, exact) != nil:
					effect = "grants"
					inSet = true
				case write && l.readOnly:
					effect = "exception"
				}
				add(l.allow[j].allows(&q, exact), effect)
			}
		}
		granted = granted && inSet
	}
	add(!write, "allows")
	add(q.Access == Write && q.Local, "allows")
	add(q.Access == Write && !q.Local && !granted, "refuses")
	add(q.Access != Write && write && !granted, "refuses")
	return out
}

// Conflicts returns what lower layers say and a higher one overrules, one line for
// each. Empty means that all layers agree.
func (p *Policy) Conflicts() []string {
	if p == nil || len(p.sets) == 0 {
		return nil
	}
	var out []string
	layers := p.sets[len(p.sets)-1].layers
	for i := range layers {
		low := &layers[i]
		if low.ReadOnly != nil && !low.readOnly {
			for j := range layers {
				high := &layers[j]
				if high.readOnly && (j < i || high.Origin == Flag) {
					out = append(out, fmt.Sprintf("%s: read_only = false is overruled by read_only = true of the %s layer (%s)",
						low.readOnlyAt, high.Origin, high.readOnlyAt))
				}
			}
		}
		if low.Origin == Project && !low.readOnly && len(low.allow) > 0 {
			out = append(out, fmt.Sprintf("%s: allow of a project file makes exceptions to its own read_only and grants nothing",
				low.allow[0].where))
		}
	}
	return out
}

// canonical returns a text that is equal for sets that decide alike.
func (s *set) canonical() string {
	var b strings.Builder
	for i := range s.layers {
		l := &s.layers[i]
		fmt.Fprintf(&b, "%s %t\n", l.Origin, l.readOnly)
		for _, r := range l.deny {
			fmt.Fprintf(&b, "-%s\n", r.text)
		}
		for _, r := range l.allow {
			fmt.Fprintf(&b, "+%s\n", r.text)
		}
	}
	return b.String()
}

// mend says what a person would have to change so that s allows q.
func (s *set) mend(q *Query, v verdict) string {
	if v.denied {
		return v.layer.unlock(fmt.Sprintf("take %s out of deny in %s", v.rule, v.where))
	}
	line, ok := ruleFor(q)
	if !ok {
		return ""
	}
	var parts []string
	user, userSays := (*layer)(nil), false
	granted := q.Access == Write && q.Local
	for i := range s.layers {
		l := &s.layers[i]
		if l.Origin == User {
			user = l
		}
		granted = granted || l.grants(q, exact) != nil
		if !l.readOnly || l.allows(q, exact) != nil {
			continue
		}
		if l.Origin == Managed || l.Origin == Flag {
			return l.unlock("")
		}
		userSays = userSays || l.Origin == User
		parts = append(parts, l.addLine(line))
	}
	if !granted && !userSays {
		if user == nil {
			user = &layer{Layer: Layer{Origin: User}}
		}
		parts = append([]string{user.addLine(line)}, parts...)
	}
	return strings.Join(parts, "; and ")
}

// unlock returns advice, unless the layer is not the person's to change.
func (l *layer) unlock(advice string) string {
	switch l.Origin {
	case Managed:
		return "only whoever manages " + l.File + " can allow it"
	case Flag:
		return "start cleat without --read-only"
	}
	return advice
}

func (l *layer) addLine(line string) string {
	file := l.File
	if file == "" {
		file = "the user's cleat.toml"
	}
	if len(l.allow) > 0 {
		return fmt.Sprintf("add %q to allow under [policy] in %s", line, file)
	}
	return fmt.Sprintf("add allow = [%q] under [policy] in %s", line, file)
}

// ruleFor returns the narrowest rule that names q. It is not ok if a part of q is
// not a plain word: that comes from the model, and advice must not repeat it.
func ruleFor(q *Query) (string, bool) {
	r := Rule{Tool: q.Names[0]}
	for _, c := range [...]Cond{{"source", q.Source}, {"op", q.Op}} {
		if c.Glob != "" {
			r.Conds = append(r.Conds, c)
		}
		if !word(c.Glob) {
			return "", false
		}
	}
	return r.String(), r.Tool != "" && word(r.Tool)
}

func word(s string) bool {
	for _, r := range s {
		if !keyChar(r) {
			return false
		}
	}
	return len(s) <= 64
}
