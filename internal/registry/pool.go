package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"cleat/internal/fail"
	"cleat/internal/systems"
	"cleat/internal/uri"
)

// A pool is a system whose back ends have lost their type.
type pool struct {
	systems.System[any]
	// route and serving are those of a system that chooses by address, else nil.
	route   func(*systems.Set, uri.URI) (systems.Named[any], error)
	serving func(set *systems.Set, scheme string) systems.Sources[any]
	// named returns the name of the source of a call that names none, where the system knows
	// it by the key that the call is about, else nil.
	named func(set *systems.Set, key string) (string, error)
}

// erased takes the type off sys.
func erased[B any](sys systems.System[B]) pool {
	p := pool{System: systems.With[any](sys)}
	if sys.Chooses() {
		p.named = func(set *systems.Set, key string) (string, error) {
			// Nobody but the checkout is asked, so no call's end has to be heeded.
			n, err := sys.Choose(context.Background(), set, "", key)
			return n.Name, err
		}
	}
	if !sys.Routes() {
		return p
	}
	p.route = func(set *systems.Set, u uri.URI) (systems.Named[any], error) {
		n, err := sys.Route(set, u)
		return systems.Named[any]{Name: n.Name, Local: n.Local, Backend: n.Backend}, err
	}
	p.serving = func(set *systems.Set, scheme string) systems.Sources[any] {
		var out systems.Sources[any]
		for _, n := range sys.Serving(set, scheme) {
			out = append(out, systems.Named[any]{Name: n.Name, Local: n.Local, Backend: n.Backend})
		}
		return out
	}
	return p
}

// Routes reports whether the system chooses a source by address.
func (p pool) Routes() bool { return p.route != nil }

// choose returns the source that a call is for: by address, by the source argument, by the
// key that it is about, or the first that is open to it. One that is closed and named is returned too, so that the
// refusal can say which rule closes it; no other error tells of it. For a call that writes,
// the one that its key means is chosen among all: where policy does not let it be changed,
// the refusal says so, and nothing is written elsewhere instead.
func (p pool) choose(set, open *systems.Set, args []byte, key string, u *uri.URI, writes bool) (systems.Named[any], error) {
	if u != nil && p.Routes() {
		return p.route(set, *u)
	}
	sources := p.Sources(set)
	if len(sources) == 0 {
		return systems.Named[any]{}, fail.Errorf(fail.Unsupported, "no source for %s is configured", p.Name)
	}
	var arg struct{ Source string }
	if err := json.Unmarshal(args, &arg); err != nil {
		return systems.Named[any]{}, fmt.Errorf("decoding the source argument: %w", err)
	}
	choice := p.Sources(open)
	if arg.Source == "" && p.named != nil && len(choice) > 0 {
		var err error
		among := open
		if writes {
			among = set
		}
		if arg.Source, err = p.named(among, key); err != nil {
			// The error names sources: those that are open, and no others.
			if _, told := p.named(open, key); told != nil {
				err = told
			}
			return systems.Named[any]{}, err
		}
	}
	if arg.Source == "" {
		return append(choice, sources[0])[0], nil
	}
	n, ok := sources.Named(arg.Source)
	if !ok {
		return n, unknownValue("source", arg.Source, choice.Names())
	}
	return n, nil
}

// listed are the sources without their back ends.
func listed(sources systems.Sources[any]) []systems.Source {
	var out []systems.Source
	for _, n := range sources {
		out = append(out, systems.Source{Name: n.Name, Local: n.Local})
	}
	return out
}
