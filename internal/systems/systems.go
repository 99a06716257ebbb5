// Package systems brings the kinds of work that cleat knows together with the named
// sources that serve them. A capability names the System it needs; the registry picks
// the source and hands over a back end of the right type.
package systems

import (
	"context"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/code"
	"cleat/internal/systems/databases"
	"cleat/internal/systems/documents"
	"cleat/internal/systems/self"
	"cleat/internal/systems/tickets"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// A Named is one source as one system sees it.
type Named[B any] struct {
	Name    string
	Local   bool // it lives on this machine, in this repository's state
	Backend B
}

// Sources are the sources of one system, in the order of configuration: the first is
// the one that a call gets when it names none.
type Sources[B any] []Named[B]

// A Set holds the sources of every system. It is not changed after start.
type Set struct {
	CI        Sources[*ci.Service]
	Code      Sources[code.Searcher]
	Databases Sources[databases.DB]
	Documents Sources[documents.Library]
	Self      Sources[self.Reporter]
	Tickets   Sources[*tickets.Service]

	// Builds is what the services of CI share.
	Builds ci.Options

	// Offers reports whether policy lets the tool be called, so that a prompt names no
	// other. It is set in the Set that a capability gets.
	Offers func(tool string) bool

	// Opened is asked of each document that a capability opens by address, before it sees
	// it: the address may have led there through a link. Set as Offers is.
	Opened func(*documents.Document) error
}

// A System selects the sources of one kind of work from a Set.
type System[B any] struct {
	Name string
	pick func(*Set) Sources[B]
	// route chooses the source that an address belongs to; nil where the address
	// names its source.
	route func(Sources[B], uri.URI) (Named[B], error)
	// serving lists the sources that have addresses of the scheme; nil where route is.
	serving func(s Sources[B], scheme string) Sources[B]
	// choose picks the source of a call that names none, by the key that it is about, "" for
	// none; nil where it is the first.
	choose func(ctx context.Context, s Sources[B], key string) (int, error)
}

// The systems.
var (
	CI        = System[*ci.Service]{Name: "ci", pick: func(s *Set) Sources[*ci.Service] { return s.CI }}
	Code      = System[code.Searcher]{Name: "code", pick: func(s *Set) Sources[code.Searcher] { return s.Code }}
	Databases = System[databases.DB]{Name: "databases", pick: func(s *Set) Sources[databases.DB] { return s.Databases }}
	Documents = System[documents.Library]{Name: "documents", route: route, serving: serving,
		pick: func(s *Set) Sources[documents.Library] { return s.Documents }}
	Self    = System[self.Reporter]{Name: "self", pick: func(s *Set) Sources[self.Reporter] { return s.Self }}
	Tickets = System[*tickets.Service]{Name: "tickets", choose: tracker,
		pick: func(s *Set) Sources[*tickets.Service] { return s.Tickets }}

	// All is for the few tools that work over every system. Their back end is the Set,
	// narrowed to the sources that policy lets the call see.
	All = System[*Set]{Name: "all", pick: func(s *Set) Sources[*Set] {
		return Sources[*Set]{{Local: true, Backend: s}}
	}}
)

// With returns s narrowed to the sources that also implement C.
func With[C, B any](s System[B]) System[C] {
	return System[C]{Name: s.Name, pick: func(set *Set) Sources[C] {
		var out Sources[C]
		for _, n := range s.pick(set) {
			if c, ok := any(n.Backend).(C); ok {
				out = append(out, Named[C]{n.Name, n.Local, c})
			}
		}
		return out
	}}
}

// Sources returns the sources that set has of this system.
func (s System[B]) Sources(set *Set) Sources[B] { return s.pick(set) }

// Routes reports whether the system chooses a source by address.
func (s System[B]) Routes() bool { return s.route != nil }

// Route returns the source that u belongs to. It fails with fail.NotFound.
func (s System[B]) Route(set *Set, u uri.URI) (Named[B], error) { return s.route(s.pick(set), u) }

// Serving returns the sources that have addresses of the scheme.
func (s System[B]) Serving(set *Set, scheme string) Sources[B] { return s.serving(s.pick(set), scheme) }

// Choose returns the source of a call: the one called name, or where name is "" the one that
// the key is of, "" for no key. It asks nobody but the checkout. It fails with fail.NotFound,
// and with fail.Invalid for a key that may be of several.
func (s System[B]) Choose(ctx context.Context, set *Set, name, key string) (Named[B], error) {
	all := s.pick(set)
	switch n, ok := all.Named(name); {
	case ok:
		return n, nil
	case name != "":
		return n, fail.Errorf(fail.NotFound, "there is no source %q for %s", text.Line(name), s.Name).
			Because("there are %s", strings.Join(all.Names(), ", ")).Then("name one of them, or none")
	case len(all) == 0:
		return n, fail.Errorf(fail.Unsupported, "no source for %s is open to this call", s.Name).Then("see status for the sources")
	case s.choose == nil:
		return all[0], nil
	}
	i, err := s.choose(ctx, all, key)
	return all[i], err
}

// Chooses reports whether the system chooses the source of a call that names none by its key.
func (s System[B]) Chooses() bool { return s.choose != nil }

// tracker picks the source of a ticket.
func tracker(ctx context.Context, s Sources[*tickets.Service], key string) (int, error) {
	all := make([]tickets.Candidate, len(s))
	for i, n := range s {
		all[i] = tickets.Candidate{Name: n.Name, Local: n.Local, Service: n.Backend}
	}
	return tickets.Choose(ctx, all, key)
}

// Names lists the names of the sources.
func (s Sources[B]) Names() []string {
	names := make([]string, len(s))
	for i, n := range s {
		names[i] = n.Name
	}
	return names
}

// Named returns the source called name.
func (s Sources[B]) Named(name string) (Named[B], bool) {
	i := slices.IndexFunc(s, func(n Named[B]) bool { return n.Name == name })
	if i < 0 {
		return Named[B]{}, false
	}
	return s[i], true
}

func (s Sources[B]) keep(ok func(name string, local bool) bool) Sources[B] {
	var out Sources[B]
	for _, n := range s {
		if ok(n.Name, n.Local) {
			out = append(out, n)
		}
	}
	return out
}

// Narrow returns a copy of s with only the sources for which ok is true.
func (s *Set) Narrow(ok func(name string, local bool) bool) *Set {
	return &Set{CI: s.CI.keep(ok), Code: s.Code.keep(ok), Databases: s.Databases.keep(ok), Documents: s.Documents.keep(ok), Self: s.Self.keep(ok),
		Tickets: s.Tickets.keep(ok),
		Builds:  s.Builds, Offers: s.Offers, Opened: s.Opened}
}

// A Source tells of a source without its back end, for status and for policy.
type Source struct {
	Name    string
	Local   bool
	Systems []string
	Health  string // what speaks against it, in words; "" if nothing is known to
}

// A Healthy back end knows whether what it reaches answers. Optional.
type Healthy interface {
	// Health says in words what speaks against the source, and "" if nothing does. It
	// asks nobody.
	Health() string
}

// Local reports whether the source called name lives on this machine; "", which is none, does.
func (s *Set) Local(name string) bool {
	if n, ok := s.Code.Named(name); ok {
		return n.Local
	}
	if n, ok := s.Databases.Named(name); ok {
		return n.Local
	}
	if n, ok := s.CI.Named(name); ok {
		return n.Local
	}
	if n, ok := s.Documents.Named(name); ok {
		return n.Local
	}
	if n, ok := s.Self.Named(name); ok {
		return n.Local
	}
	if n, ok := s.Tickets.Named(name); ok {
		return n.Local
	}
	return name == ""
}

// List returns every source once, with the systems it serves.
func (s *Set) List() []Source {
	var out []Source
	add := func(system, name string, local bool, backend any) {
		i := slices.IndexFunc(out, func(x Source) bool { return x.Name == name })
		if i < 0 {
			out = append(out, Source{Name: name, Local: local})
			i = len(out) - 1
		}
		if !slices.Contains(out[i].Systems, system) {
			out[i].Systems = append(out[i].Systems, system)
		}
		if h, ok := backend.(Healthy); ok && out[i].Health == "" {
			out[i].Health = h.Health()
		}
	}
	for _, n := range s.CI {
		add("ci", n.Name, n.Local, n.Backend)
	}
	for _, n := range s.Code {
		add("code", n.Name, n.Local, n.Backend)
	}
	for _, n := range s.Databases {
		add("databases", n.Name, n.Local, n.Backend)
	}
	for _, n := range s.Documents {
		add("documents", n.Name, n.Local, n.Backend)
	}
	for _, n := range s.Self {
		add("self", n.Name, n.Local, n.Backend)
	}
	for _, n := range s.Tickets {
		add("tickets", n.Name, n.Local, n.Backend)
	}
	return out
}

// An Owner is a documents.Library that can tell whether an address is its own, where
// several libraries serve a scheme.
type Owner interface{ Owns(u uri.URI) bool }

// A Sole library is an Owner whose addresses name their source: what it does not own is
// never its.
type Sole interface {
	Owner
	Sole()
}

// route picks the library of u: the first that serves the scheme and says that it owns the
// address, one on this machine before others, else the first that serves the scheme.
func route(libs Sources[documents.Library], u uri.URI) (Named[documents.Library], error) {
	var first, owner *Named[documents.Library]
	var schemes []string
	known := false
	for i, n := range libs {
		schemes = append(schemes, n.Backend.Schemes()...)
		if !slices.Contains(n.Backend.Schemes(), u.Scheme) {
			continue
		}
		if o, ok := n.Backend.(Owner); ok && o.Owns(u) && (owner == nil || n.Local && !owner.Local) {
			owner = &libs[i]
		}
		known = true
		if _, sole := n.Backend.(Sole); first == nil && (!sole || u.Raw == "") {
			first = &libs[i]
		}
	}
	if owner != nil {
		return *owner, nil
	}
	if first == nil && known {
		name, _, _ := strings.Cut(u.Path, "/")
		return Named[documents.Library]{}, fail.Errorf(fail.NotFound, "no source is called %q for %s:// addresses", name, u.Scheme).
			Then("use an address that an answer gave; status lists the sources")
	}
	if first == nil {
		slices.Sort(schemes)
		return Named[documents.Library]{}, fail.Errorf(fail.NotFound, "no source serves %s:// addresses", u.Scheme).
			Then("use one of the schemes %s", strings.Join(slices.Compact(schemes), ", "))
	}
	return *first, nil
}

// serving lists the libraries that have addresses of the scheme.
func serving(libs Sources[documents.Library], scheme string) Sources[documents.Library] {
	var out Sources[documents.Library]
	for _, n := range libs {
		if slices.Contains(n.Backend.Schemes(), scheme) {
			out = append(out, n)
		}
	}
	return out
}

// WithSet returns a context that carries the Set of a call: the sources that policy lets it
// see.
func WithSet(ctx context.Context, s *Set) context.Context {
	return context.WithValue(ctx, setKey{}, s)
}

// SetOf returns the Set that WithSet put into ctx, or nil.
func SetOf(ctx context.Context) *Set {
	s, _ := ctx.Value(setKey{}).(*Set)
	return s
}

type setKey struct{}
