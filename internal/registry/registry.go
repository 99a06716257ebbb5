// Package registry holds cleat's capabilities: tools, resource templates and prompts.
//
// A capability is a description plus a typed function, declared in a package of its
// own as a value (NewTool, NewTemplate, NewPrompt) and linked by one Register call in
// that package's init. Nothing happens at registration but an append: schemas are
// inferred, templates parsed and arguments checked when a server is made of them.
//
// The way of a call through this package: Prepare decodes the arguments once, strictly,
// into what policy, audit and execution all read; Call.Run picks the back end and calls
// the capability. What stands between the two, and after them, is the gate's.
package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/sorting"
	"cleat/internal/systems"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// A Kind is what a capability is to a client.
type Kind int

// The kinds, in the order in which they are listed.
const (
	ToolKind Kind = iota
	TemplateKind
	PromptKind
)

func (k Kind) String() string {
	switch k {
	case ToolKind:
		return "tool"
	case TemplateKind:
		return "resource"
	}
	return "prompt"
}

// Access is what a capability may do. The zero value is undeclared, which counts as
// Write wherever it is asked for.
type Access int

// The classes of access.
const (
	undeclared  Access = iota
	Read               // changes nothing
	Write              // changes something that can be changed back
	Destructive        // changes something for good
)

// Func is the function of a capability: it gets the back end of the source that the
// call is for. It is called concurrently, and holds no state.
type Func[B, In any, Out text.Renderer] = func(ctx context.Context, backend B, in In) (Out, error)

// A Tool describes a tool.
type Tool struct {
	Name, Title, Description string
	Access                   Access
	Idempotent               bool
	AlwaysLoad               bool                     // part of every prompt, not looked up when needed
	AskUser                  bool                     // a person must agree to each call
	Ops                      []string                 // what a Classed input can be, for policy; nil if it is not one
	Longest                  time.Duration            // what a call may take that waits for others, where that is more than the limit of calls
	Schema                   func(*jsonschema.Schema) // adds enums and bounds to the inferred input schema; optional
	Follow                   *Follow                  // of a tool whose work may go on after a call; optional
}

// A Template describes a resource template. URI is its address, such as
// "repo://{repo}/{ref}/{+path}": {x} is one segment, {+x} the rest of the path,
// {#x} the fragment, {?x*} the query.
type Template struct {
	Name, Title, Description, URI, MIMEType string
	Governs                                 []string // tools whose policy holds here too
}

// A Prompt describes a prompt.
type Prompt struct {
	Name, Title, Description string
	Governs                  []string // tools whose policy holds here too
}

// An Entry is one capability, ready to be bound to a server. It is immutable.
type Entry struct {
	Kind                            Kind
	Name, Title, Description        string
	URI, MIMEType                   string   // templates only
	Governs                         []string // names of tools whose policy holds here too
	Access                          Access
	Idempotent, AlwaysLoad, AskUser bool
	System                          string
	Longest                         time.Duration // see Tool.Longest

	follow *Follow

	ops     []string // of a Classed input
	shape   func() *shape
	sources func(*systems.Set) []systems.Source
	prepare func(set, open *systems.Set, args []byte, u *uri.URI) (target, error)
	call    func(ctx context.Context, set *systems.Set, t target) (text.Renderer, error)
	// complete is for templates whose back end completes variables.
	complete func(ctx context.Context, set *systems.Set, source, name, prefix string, vars map[string]string) ([]string, int, error)
	// completers are the sources that can be asked to complete, also where policy closes them.
	completers func(set *systems.Set) []systems.Source
	output     func() (json.RawMessage, error)
}

// Sources returns the sources of set that can serve the capability.
func (e *Entry) Sources(set *systems.Set) []systems.Source { return e.sources(set) }

// Completers returns the sources of set that complete the variables of the template; none
// for what has nothing to complete.
func (e *Entry) Completers(set *systems.Set) []systems.Source {
	if e.completers == nil {
		return nil
	}
	return e.completers(set)
}

// Ops returns the values of the tool's "op", "view" or "mode" argument called name, or nil.
// What a Classed input can be counts as its "op".
func (e *Entry) Ops(name string) []string {
	if name == "op" && e.ops != nil {
		return e.ops
	}
	if a := e.shape().arg(name); a != nil {
		return a.enum
	}
	return nil
}

// Arguments lists the names of the arguments, in the order of the schema.
func (e *Entry) Arguments() []string {
	var names []string
	for _, a := range e.shape().args {
		names = append(names, a.name)
	}
	return names
}

// linked is the list that init functions add to. Default seals it.
var linked struct {
	sync.Mutex
	entries []Entry
	sealed  bool
}

// Register adds e to what Default returns. It is called from init functions only and
// panics once the list is sealed.
func Register(e Entry) {
	linked.Lock()
	defer linked.Unlock()
	if linked.sealed {
		panic(fmt.Sprintf("registry: %s %q registered after start; call Register from init", e.Kind, e.Name))
	}
	linked.entries = append(linked.entries, e)
}

// A Registry is a sorted list of capabilities.
type Registry struct{ entries []Entry }

// Default returns everything linked into the binary, and seals the list.
func Default() *Registry {
	linked.Lock()
	defer linked.Unlock()
	linked.sealed = true
	return New(linked.entries...)
}

// New returns a registry of exactly these entries. It panics when two have a kind and
// name, or two templates a scheme, in common.
func New(es ...Entry) *Registry {
	r := &Registry{entries: slices.Clone(es)}
	sorting.Sort(r.entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	for i := 1; i < len(r.entries); i++ {
		if a, b := r.entries[i-1], r.entries[i]; a.Kind == b.Kind && a.Name == b.Name {
			panic(fmt.Sprintf("registry: two entries for %s %q", a.Kind, a.Name))
		}
	}
	schemes := map[string]string{}
	for _, e := range r.entries {
		if e.Kind != TemplateKind {
			continue
		}
		s := parsePattern(e.URI).scheme
		if other, ok := schemes[s]; ok {
			panic(fmt.Sprintf("registry: templates %q and %q share the scheme %q", other, e.Name, s))
		}
		schemes[s] = e.Name
	}
	return r
}

// Entries returns the capabilities, sorted by kind and name.
func (r *Registry) Entries() []Entry { return slices.Clone(r.entries) }

// Lookup returns the capability of a kind by its name: of a tool also the Poll, whose name
// is that of the tool and "/task".
func (r *Registry) Lookup(k Kind, name string) (*Entry, bool) {
	name, poll := strings.CutSuffix(name, followed)
	for i := range r.entries {
		e := &r.entries[i]
		if e.Kind != k || e.Name != name {
			continue
		}
		if !poll {
			return e, true
		}
		if e.follow != nil {
			return &e.follow.Poll, true
		}
	}
	return nil, false
}

// Template returns the template that u is an address of.
func (r *Registry) Template(u uri.URI) (*Entry, bool) {
	for i := range r.entries {
		if e := &r.entries[i]; e.Kind == TemplateKind && parsePattern(e.URI).scheme == u.Scheme {
			return e, true
		}
	}
	return nil, false
}

// Names lists the names of the capabilities of a kind.
func (r *Registry) Names(k Kind) []string {
	var names []string
	for _, e := range r.entries {
		if e.Kind == k {
			names = append(names, e.Name)
		}
	}
	return names
}
