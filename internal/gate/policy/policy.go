package policy

import (
	"slices"

	"cleat/internal/glob"
)

// Access is the class of effect that a call has.
type Access uint8

// The classes. The zero value is Write: what nobody declared may write.
const (
	Write Access = iota
	Read
	Destructive
)

func (a Access) String() string {
	switch a {
	case Read:
		return "read"
	case Destructive:
		return "destructive"
	}
	return "write"
}

// The origins of layers, highest first.
const (
	Managed = "managed"
	User    = "user"
	Project = "project"
	Flag    = "flag" // --read-only
)

// origin of what no layer says
const builtIn = "default"

// A Query is a call, or a thing that could be listed, as the policy sees it. Its
// values must be those that are executed: decoded, with defaults filled in.
type Query struct {
	// Names holds the capability, and after it those that govern it too, such as
	// "read" and "text". A deny rule for any of them counts; an allow rule has to
	// name the first.
	Names  []string
	Access Access
	Source string              // "" if the call has none
	Local  bool                // the source lies on this machine
	Op     string              // "" if the call has none
	Args   map[string][]string // a list argument has several values
}

// A Layer is what one configuration file says. A layer that says nothing changes
// nothing, but its File is still named in advice.
type Layer struct {
	Origin       string // Managed, User, Project or Flag
	File         string
	ReadOnly     *bool // nil if not stated
	ReadOnlyLine int
	Allow, Deny  []Rule
}

// A Decision is the answer for one call.
type Decision struct {
	Allow  bool
	Rule   string // what decided: a rule, "read_only = true", or a default
	Origin string // its layer, or "default"
	Where  string // FILE:LINE of the rule, where it has one
	Mend   string // for a refusal: what a person would have to change, and where
}

// A Policy holds the rules in force. It is immutable and safe for concurrent use.
// The nil *Policy refuses everything.
type Policy struct {
	sets []*set // a call passes only if it passes all of them; the last is the newest
}

// A set is the layers of one state of the configuration.
type set struct {
	layers []layer
	text   string // the same for sets that decide alike
}

type layer struct {
	Layer
	readOnly    bool
	readOnlyAt  string // FILE:LINE
	allow, deny []rule
}

// A rule has its texts ready, so that a decision does not format anything.
type rule struct {
	Rule
	text, where string
}

// New returns the policy of the given layers, highest first. Without any, the
// default holds.
func New(layers []Layer) *Policy {
	s := &set{}
	for _, l := range layers {
		s.layers = append(s.layers, layer{
			Layer:      l,
			readOnly:   l.ReadOnly != nil && *l.ReadOnly,
			readOnlyAt: position(l.File, l.ReadOnlyLine),
			allow:      compile(l.Allow),
			deny:       compile(l.Deny),
		})
	}
	s.text = s.canonical()
	return &Policy{sets: []*set{s}}
}

func compile(rules []Rule) []rule {
	out := make([]rule, len(rules))
	for i, r := range rules {
		r.Conds = slices.Clone(r.Conds)
		out[i] = rule{Rule: r, text: r.String(), where: r.where()}
	}
	return out
}

// Narrow returns the policy that allows what both start and now allow. It is for a
// configuration that is edited while cleat runs: an edit tightens at once and
// loosens nothing before a restart. now is the newer one.
func Narrow(start, now *Policy) *Policy {
	if start == nil || now == nil {
		return nil
	}
	sets := slices.Clone(start.sets)
	for _, s := range now.sets {
		// A state that comes back moves to the end, so that the last is always the newest.
		sets = slices.DeleteFunc(sets, func(t *set) bool { return t.text == s.text })
		sets = append(sets, s)
	}
	return &Policy{sets: sets}
}

// Check decides one call. It does no I/O, and allocates only for a refusal.
func (p *Policy) Check(q Query) Decision {
	if p == nil || len(p.sets) == 0 {
		return Decision{Rule: "the configuration is broken", Origin: builtIn, Mend: "mend the configuration, then restart cleat"}
	}
	if len(q.Names) == 0 {
		return Decision{Rule: "a call without a name", Origin: builtIn}
	}
	var last verdict
	for i, s := range p.sets {
		last = s.decide(&q, exact)
		if last.allow {
			continue
		}
		d := Decision{Rule: last.rule, Origin: last.origin, Where: last.where}
		if now := p.sets[len(p.sets)-1]; i < len(p.sets)-1 && now.decide(&q, exact).allow {
			d.Mend = "restart cleat: the configuration allows it now, but an edit loosens nothing before a restart"
		} else {
			d.Mend = s.mend(&q, last)
		}
		return d
	}
	return Decision{Allow: true, Rule: last.rule, Origin: last.origin, Where: last.where}
}

// A verdict is a decision without advice.
type verdict struct {
	allow               bool
	rule, origin, where string
	denied              bool   // by a deny rule,
	layer               *layer // of this layer
}

// A mode says what is known of a query. In a call everything is; when a list is
// made, the arguments never are, and source and op may not be.
type mode uint8

const (
	exact     mode = 0
	anyArgs   mode = 1 << iota // arguments are not known yet
	anyOp                      // an empty Op stands for any
	anySource                  // an empty Source stands for any
)

const (
	ruleReadOnly    = "read_only = true"
	ruleRead        = "reads are allowed"
	ruleLocal       = "writes on local sources are allowed"
	ruleRemote      = "writes on remote sources need an allow rule"
	ruleDestructive = "destructive calls need an allow rule that names them, and their op if they have one"
)

func (s *set) decide(q *Query, m mode) verdict {
	for i := range s.layers {
		l := &s.layers[i]
		for j := range l.deny {
			if r := &l.deny[j]; r.denies(q) {
				return verdict{rule: r.text, origin: l.Origin, where: r.where, denied: true, layer: l}
			}
		}
	}
	if q.Access == Read {
		return verdict{allow: true, rule: ruleRead, origin: builtIn}
	}
	v := verdict{allow: true, rule: ruleLocal, origin: builtIn}
	granted := q.Access == Write && q.Local
	for i := range s.layers {
		l := &s.layers[i]
		if l.readOnly && l.allows(q, m) == nil {
			return verdict{rule: ruleReadOnly, origin: l.Origin, where: l.readOnlyAt, layer: l}
		}
		if granted {
			continue
		}
		if r := l.grants(q, m); r != nil {
			granted = true
			v = verdict{allow: true, rule: r.text, origin: l.Origin, where: r.where}
		}
	}
	if !granted {
		v = verdict{rule: ruleRemote, origin: builtIn}
		if q.Access != Write {
			v.rule = ruleDestructive
		}
	}
	return v
}

// allows returns the first allow rule that matches.
func (l *layer) allows(q *Query, m mode) *rule {
	for i := range l.allow {
		if l.allow[i].allows(q, m) {
			return &l.allow[i]
		}
	}
	return nil
}

// grants returns the first allow rule that grants q; nil if the layer has none, or
// may not grant. For a destructive call with an op the rule has to state the op:
// each is allowed apart.
func (l *layer) grants(q *Query, m mode) *rule {
	if l.Origin != Managed && l.Origin != User {
		return nil
	}
	for i := range l.allow {
		r := &l.allow[i]
		if !r.allows(q, m) {
			continue
		}
		if q.Access == Write || q.Op == "" {
			return r
		}
		if _, stated := r.cond("op"); stated {
			return r
		}
	}
	return nil
}

func (r *rule) denies(q *Query) bool {
	named := false
	for _, n := range q.Names {
		if glob.Match(r.Tool, n) {
			named = true
			break
		}
	}
	if !named {
		return false
	}
	for i := range r.Conds {
		c := &r.Conds[i]
		if glob.All(c.Glob) {
			continue
		}
		switch c.Key {
		case "source":
			if q.Source == "" || !glob.Match(c.Glob, q.Source) {
				return false
			}
		case "op":
			if q.Op == "" || !glob.Match(c.Glob, q.Op) {
				return false
			}
		default:
			if !anyMatches(c.Glob, q.Args[c.Key]) {
				return false
			}
		}
	}
	return true
}

func (r *rule) allows(q *Query, m mode) bool {
	if !glob.Match(r.Tool, q.Names[0]) {
		return false
	}
	for i := range r.Conds {
		c := &r.Conds[i]
		if glob.All(c.Glob) {
			continue
		}
		switch c.Key {
		case "source":
			if q.Source == "" && m&anySource != 0 {
				continue
			}
			if q.Source == "" || !glob.Match(c.Glob, q.Source) {
				return false
			}
		case "op":
			if q.Op == "" && m&anyOp != 0 {
				continue
			}
			if q.Op == "" || !glob.Match(c.Glob, q.Op) {
				return false
			}
		default:
			if m&anyArgs != 0 {
				continue
			}
			if !allMatch(c.Glob, q.Args[c.Key]) {
				return false
			}
		}
	}
	return true
}

func anyMatches(g string, values []string) bool {
	for _, v := range values {
		if glob.Match(g, v) {
			return true
		}
	}
	return false
}

func allMatch(g string, values []string) bool {
	for _, v := range values {
		if !glob.Match(g, v) {
			return false
		}
	}
	return len(values) > 0
}

// Same reports whether p and q hold the same rules, so that they decide alike.
func (p *Policy) Same(q *Policy) bool {
	if p == nil || q == nil {
		return p == q
	}
	return slices.EqualFunc(p.sets, q.sets, func(a, b *set) bool { return a.text == b.text })
}
