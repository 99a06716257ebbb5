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

// NewTool returns the entry of a tool. It panics on a bad declaration, so that any
// test of its package finds it.
func NewTool[B, In any, Out text.Renderer](sys systems.System[B], t Tool, run Func[B, In, Out]) Entry {
	if !validName(t.Name) || t.Title == "" || t.Description == "" || t.Access == undeclared {
		panic(fmt.Sprintf("registry: tool %q needs a name of [a-z_], a title, a description and an access", t.Name))
	}
	e := newEntry(sys, run, t.Schema)
	e.Kind, e.Name, e.Title, e.Description = ToolKind, t.Name, t.Title, t.Description
	e.Access, e.Idempotent, e.AlwaysLoad, e.AskUser, e.ops = t.Access, t.Idempotent, t.AlwaysLoad, t.AskUser, t.Ops
	e.Longest = t.Longest
	return e
}

// NewTemplate returns the entry of a resource template. The fields of In are the
// variables of the address, all strings.
func NewTemplate[B, In any, Out text.Renderer](sys systems.System[B], t Template, read Func[B, In, Out]) Entry {
	if !validName(t.Name) || t.Title == "" || t.Description == "" || t.MIMEType == "" {
		panic(fmt.Sprintf("registry: template %q needs a name, a title, a description and a MIME type", t.Name))
	}
	stringsOnly[In](t.Name, parsePattern(t.URI).variables())
	e := newEntry(sys, read, nil)
	e.Kind, e.Name, e.Title, e.Description = TemplateKind, t.Name, t.Title, t.Description
	e.URI, e.MIMEType, e.Governs, e.Access, e.Idempotent = t.URI, t.MIMEType, t.Governs, Read, true
	p := parsePattern(t.URI)
	if sys.Routes() {
		// A library of other schemes is no reason to list the template.
		e.sources = func(set *systems.Set) []systems.Source { return listed(sys.Serving(set, p.scheme)) }
	}
	completers := func(set *systems.Set) systems.Sources[B] {
		if !sys.Routes() {
			return sys.Sources(set)
		}
		if slices.Contains(p.variables(), "source") {
			return sys.Serving(set, p.scheme)
		}
		n, err := sys.Route(set, uri.URI{Scheme: p.scheme})
		if err != nil {
			return nil
		}
		return systems.Sources[B]{n}
	}
	e.completers = func(set *systems.Set) []systems.Source { return listed(completers(set)) }
	e.complete = func(ctx context.Context, set *systems.Set, source, name, prefix string, vars map[string]string) ([]string, int, error) {
		n, ok := completers(set).Named(source)
		if !ok {
			return nil, 0, nil
		}
		if c, ok := any(n.Backend).(completer); ok {
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

// NewPrompt returns the entry of a prompt. The fields of In are its arguments, all
// strings, assigned in order from the words that a person types.
func NewPrompt[B, In any, Out text.Renderer](sys systems.System[B], p Prompt, render Func[B, In, Out]) Entry {
	if !validName(p.Name) || p.Title == "" || p.Description == "" {
		panic(fmt.Sprintf("registry: prompt %q needs a name of [a-z_], a title and a description", p.Name))
	}
	stringsOnly[In](p.Name, nil)
	e := newEntry(sys, render, nil)
	e.Kind, e.Name, e.Title, e.Description = PromptKind, p.Name, p.Title, p.Description
	e.Governs, e.Access, e.Idempotent = p.Governs, Read, true
	return e
}

func newEntry[B, In any, Out text.Renderer](sys systems.System[B], run Func[B, In, Out], edit func(*jsonschema.Schema)) Entry {
	return Entry{
		System:  sys.Name,
		shape:   sync.OnceValue(func() *shape { return newShape(reflect.TypeFor[In](), edit) }),
		output:  sync.OnceValues(func() (json.RawMessage, error) { return outputSchema(reflect.TypeFor[Out]()) }),
		sources: func(set *systems.Set) []systems.Source { return listed(sys.Sources(set)) },
		prepare: func(set, open *systems.Set, args []byte, u *uri.URI) (target, error) {
			in := new(In)
			if err := json.Unmarshal(args, in); err != nil {
				// The arguments were checked against the schema, so this is a schema that
				// says other than its type.
				return target{}, fmt.Errorf("decoding checked arguments: %w", err)
			}
			if a, ok := any(*in).(Addressed); ok {
				parsed, err := uri.Parse(a.Address())
				if err != nil {
					return target{}, err
				}
				u = &parsed
			}
			n, err := pick(sys, set, open, args, u)
			t := target{in: in, source: n.Name, local: n.Local, address: u}
			if c, ok := any(*in).(Classed); ok && err == nil {
				t.op, err = c.Class()
			}
			if namer, ok := any(n.Backend).(documents.Namer); ok && u != nil && err == nil {
				if address, path, ok := namer.Names(*u); ok {
					t.names = []string{address.String(), path}
				}
			}
			return t, err
		},
		call: func(ctx context.Context, set *systems.Set, t target) (text.Renderer, error) {
			backend, ok := sys.Sources(set).Named(t.source)
			if !ok {
				return nil, fail.Errorf(fail.Denied, "policy closes the source %q to this call", t.source)
			}
			b := backend.Backend
			if lib, ok := any(b).(documents.Library); ok && set.Opened != nil {
				if asking, ok := any(opener{lib, set.Opened}).(B); ok {
					b = asking
				}
			}
			return run(ctx, b, *t.in.(*In))
		},
	}
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

// listed are the sources without their back ends.
func listed[B any](sources systems.Sources[B]) []systems.Source {
	var out []systems.Source
	for _, n := range sources {
		out = append(out, systems.Source{Name: n.Name, Local: n.Local})
	}
	return out
}

// pick returns the source that a call is for: by address, by the source argument, or
// the first that is open to it. One that is closed and named is returned too, so that the
// refusal can say which rule closes it; no other error tells of it.
func pick[B any](sys systems.System[B], set, open *systems.Set, args []byte, u *uri.URI) (systems.Named[B], error) {
	if u != nil && sys.Routes() {
		return sys.Route(set, *u)
	}
	sources := sys.Sources(set)
	if len(sources) == 0 {
		return systems.Named[B]{}, fail.Errorf(fail.Unsupported, "no source for %s is configured", sys.Name)
	}
	var arg struct{ Source string }
	if err := json.Unmarshal(args, &arg); err != nil {
		return systems.Named[B]{}, fmt.Errorf("decoding the source argument: %w", err)
	}
	choice := sys.Sources(open)
	if arg.Source == "" {
		return append(choice, sources[0])[0], nil
	}
	n, ok := sources.Named(arg.Source)
	if !ok {
		return n, unknownValue("source", arg.Source, choice.Names())
	}
	return n, nil
}

func validName(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == "" && s[0] != '_'
}

// stringsOnly panics unless In is a struct of strings and, where vars is given, has a
// field for each variable.
func stringsOnly[In any](name string, vars []string) {
	t := reflect.TypeFor[In]()
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
