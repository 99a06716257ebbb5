package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// An Addressed input names what it is about by an address; the registry picks the
// source that the address belongs to, and policy sees it.
type Addressed interface {
	// Address returns the address, as the caller wrote it.
	Address() string
}

// A Keyed input names what it is about by a key. Where a call names no source, a system that
// can tell by the key which one it is of does so.
type Keyed interface {
	// Key returns the key, as the caller wrote it; "" for none.
	Key() string
}

// A Classed input tells by its content what kind of operation it is, for policy: one of the
// Ops of its tool.
type Classed interface {
	// Class fails with what is wrong with the content.
	Class() (string, error)
}

// A target is what a call was decoded to: the input, and where it goes.
type target struct {
	in      any // a *In of the entry
	source  string
	local   bool
	address *uri.URI
	op      string   // of a Classed input
	names   []string // of what the address leads to, in their one spelling: its address, its path
}

// A declaration is a capability without its types: they are in run alone, so that all else
// is compiled once and not for each capability.
type declaration struct {
	sys     pool
	in, out reflect.Type
	run     runner
	writes  bool // it is a tool that does more than read
}

// A runner calls the function of a capability with a *In and with the first of the back
// ends that is of its type.
type runner func(ctx context.Context, in any, backends ...any) (text.Renderer, error)

// declare takes the types off a capability.
func declare[B, In any, Out text.Renderer](sys systems.System[B], run Func[B, In, Out]) declaration {
	return declaration{sys: erased(sys), in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		run: func(ctx context.Context, in any, backends ...any) (text.Renderer, error) {
			for _, b := range backends {
				if b, ok := b.(B); ok {
					return run(ctx, b, *in.(*In))
				}
			}
			return nil, errBackend
		}}
}

// errBackend is a fault of this package: a pool has only back ends of its capability's type.
var errBackend = errors.New("no back end of the capability's type")

// NewTool returns the entry of a tool. It panics on a bad declaration, so that any
// test of its package finds it.
func NewTool[B, In any, Out text.Renderer](sys systems.System[B], t Tool, run Func[B, In, Out]) Entry {
	return declare(sys, run).tool(t)
}

// NewTemplate returns the entry of a resource template. The fields of In are the
// variables of the address, all strings.
func NewTemplate[B, In any, Out text.Renderer](sys systems.System[B], t Template, read Func[B, In, Out]) Entry {
	return declare(sys, read).template(t)
}

// NewPrompt returns the entry of a prompt. The fields of In are its arguments, all
// strings, assigned in order from the words that a person types.
func NewPrompt[B, In any, Out text.Renderer](sys systems.System[B], p Prompt, render Func[B, In, Out]) Entry {
	return declare(sys, render).prompt(p)
}

func (d declaration) tool(t Tool) Entry {
	if !validName(t.Name) || t.Title == "" || t.Description == "" || t.Access == undeclared {
		panic(fmt.Sprintf("registry: tool %q needs a name of [a-z_], a title, a description and an access", t.Name))
	}
	d.writes = t.Access != Read
	e := d.entry(t.Schema)
	e.Kind, e.Name, e.Title, e.Description = ToolKind, t.Name, t.Title, t.Description
	e.Access, e.Idempotent, e.AlwaysLoad, e.AskUser, e.ops = t.Access, t.Idempotent, t.AlwaysLoad, t.AskUser, t.Ops
	e.Longest, e.follow = t.Longest, t.Follow
	return e
}

func (d declaration) template(t Template) Entry {
	if !validName(t.Name) || t.Title == "" || t.Description == "" || t.MIMEType == "" {
		panic(fmt.Sprintf("registry: template %q needs a name, a title, a description and a MIME type", t.Name))
	}
	p := parsePattern(t.URI)
	stringsOnly(d.in, t.Name, p.variables())
	e := d.entry(nil)
	e.Kind, e.Name, e.Title, e.Description = TemplateKind, t.Name, t.Title, t.Description
	e.URI, e.MIMEType, e.Governs, e.Access, e.Idempotent = t.URI, t.MIMEType, t.Governs, Read, true
	if d.sys.Routes() {
		// A library of other schemes is no reason to list the template.
		e.sources = func(set *systems.Set) []systems.Source { return listed(d.sys.serving(set, p.scheme)) }
	}
	completers := func(set *systems.Set) systems.Sources[any] {
		if !d.sys.Routes() {
			return d.sys.Sources(set)
		}
		if slices.Contains(p.variables(), "source") {
			return d.sys.serving(set, p.scheme)
		}
		n, err := d.sys.route(set, uri.URI{Scheme: p.scheme})
		if err != nil {
			return nil
		}
		return systems.Sources[any]{n}
	}
	e.completers = func(set *systems.Set) []systems.Source { return listed(completers(set)) }
	e.complete = func(ctx context.Context, set *systems.Set, source, name, prefix string, vars map[string]string) ([]string, int, error) {
		n, ok := completers(set).Named(source)
		if !ok {
			return nil, 0, nil
		}
		if c, ok := n.Backend.(completer); ok {
			return c.Complete(ctx, p.scheme, name, prefix, vars)
		}
		return nil, 0, nil
	}
	return e
}

// completer is what a back end implements to complete template variables; see
// documents.Completer.
type completer interface {
	Complete(ctx context.Context, scheme, name, prefix string, set map[string]string) ([]string, int, error)
}

func (d declaration) prompt(p Prompt) Entry {
	if !validName(p.Name) || p.Title == "" || p.Description == "" {
		panic(fmt.Sprintf("registry: prompt %q needs a name of [a-z_], a title and a description", p.Name))
	}
	stringsOnly(d.in, p.Name, nil)
	e := d.entry(nil)
	e.Kind, e.Name, e.Title, e.Description = PromptKind, p.Name, p.Title, p.Description
	e.Governs, e.Access, e.Idempotent = p.Governs, Read, true
	return e
}

func (d declaration) entry(edit func(*jsonschema.Schema)) Entry {
	return Entry{
		System:  d.sys.Name,
		shape:   sync.OnceValue(func() *shape { return newShape(d.in, edit) }),
		output:  sync.OnceValues(func() (json.RawMessage, error) { return outputSchema(d.out) }),
		sources: func(set *systems.Set) []systems.Source { return listed(d.sys.Sources(set)) },
		prepare: d.prepare,
		call:    d.call,
	}
}

// prepare decodes checked arguments and picks the source.
func (d declaration) prepare(set, open *systems.Set, args []byte, u *uri.URI) (target, error) {
	in := reflect.New(d.in).Interface()
	if err := json.Unmarshal(args, in); err != nil {
		// The arguments were checked against the schema, so this is a schema that
		// says other than its type.
		return target{}, fmt.Errorf("decoding checked arguments: %w", err)
	}
	if a, ok := in.(Addressed); ok {
		parsed, err := uri.Parse(a.Address())
		if err != nil {
			return target{}, err
		}
		u = &parsed
	}
	key := ""
	if k, ok := in.(Keyed); ok {
		key = k.Key()
	}
	n, err := d.sys.choose(set, open, args, key, u, d.writes)
	t := target{in: in, source: n.Name, local: n.Local, address: u}
	if c, ok := in.(Classed); ok && err == nil {
		t.op, err = c.Class()
	}
	if namer, ok := n.Backend.(documents.Namer); ok && u != nil && err == nil {
		if address, path, ok := namer.Names(*u); ok {
			t.names = []string{address.String(), path}
		}
	}
	return t, err
}

// call runs the capability with the back end that set has of the target's source.
func (d declaration) call(ctx context.Context, set *systems.Set, t target) (text.Renderer, error) {
	ctx = systems.WithSet(ctx, set)
	n, ok := d.sys.Sources(set).Named(t.source)
	if !ok {
		return nil, fail.Errorf(fail.Denied, "policy closes the source %q to this call", t.source)
	}
	if d.sys.Routes() && t.address != nil {
		// A source may have a library for each of its schemes.
		if r, err := d.sys.route(set, *t.address); err == nil && r.Name == t.source {
			n = r
		}
	}
	if lib, ok := n.Backend.(documents.Library); ok && set.Opened != nil {
		return d.run(ctx, t.in, opener{lib, set.Opened}, n.Backend)
	}
	return d.run(ctx, t.in, n.Backend)
}

// An opener is a library that asks before it hands out what it has opened.
type opener struct {
	documents.Library
	opened func(*documents.Document) error
}

// Open implements documents.Library.
func (o opener) Open(ctx context.Context, u uri.URI) (*documents.Document, error) {
	doc, err := o.Library.Open(ctx, u)
	if err != nil {
		return nil, err
	}
	if err := o.opened(doc); err != nil {
		return nil, errors.Join(err, doc.Body.Close())
	}
	return doc, nil
}

func validName(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == "" && s[0] != '_'
}

// stringsOnly panics unless t is a struct of strings and, where vars is given, has a
// field for each variable.
func stringsOnly(t reflect.Type, name string, vars []string) {
	have := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type.Kind() != reflect.String {
			panic(fmt.Sprintf("registry: %s: field %s is not a string", name, f.Name))
		}
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		have[tag] = true
	}
	for _, v := range vars {
		if !have[v] {
			panic(fmt.Sprintf("registry: %s: no field for the variable {%s}", name, v))
		}
	}
}
