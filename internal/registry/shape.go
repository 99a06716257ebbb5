package registry

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
)

// A shape is what the registry knows of an Input: its schema, and the arguments in
// the form in which calls are checked against it.
type shape struct {
	schema *jsonschema.Schema
	args   []arg
}

// An arg is one argument.
type arg struct {
	name     string
	desc     string
	kind     string // string, integer, number, boolean, array or object
	item     string // kind of an array's elements, or of an object's values
	required bool
	enum     []string
	min, max *float64
}

func (s *shape) arg(name string) *arg {
	i := slices.IndexFunc(s.args, func(a arg) bool { return a.name == name })
	if i < 0 {
		return nil
	}
	return &s.args[i]
}

func (s *shape) names() []string {
	var names []string
	for _, a := range s.args {
		names = append(names, a.name)
	}
	return names
}

// newShape infers the shape of an Input. It panics on a bad declaration: entries are
// constants, and every one of them is inferred in a test.
func newShape(t reflect.Type, edit func(*jsonschema.Schema)) *shape {
	schema, err := jsonschema.ForType(t, nil)
	if err != nil || schema.Type != "object" {
		panic(fmt.Sprintf("registry: %s makes no object schema: %v", t, err))
	}
	for _, p := range schema.Properties {
		if len(p.Types) == 2 && p.Types[0] == "null" {
			p.Type, p.Types = p.Types[1], nil // an absent argument is absent, not null
		}
	}
	common(schema)
	if edit != nil {
		edit(schema)
	}
	s := &shape{schema: schema}
	for _, name := range schema.PropertyOrder {
		p := schema.Properties[name]
		if p == nil || p.Description == "" {
			panic(fmt.Sprintf("registry: %s: the argument %q has no description", t, name))
		}
		a := arg{name: name, desc: p.Description, kind: p.Type, min: p.Minimum, max: p.Maximum,
			required: slices.Contains(schema.Required, name)}
		if p.Items != nil {
			a.item = p.Items.Type
		}
		if p.AdditionalProperties != nil {
			a.item = p.AdditionalProperties.Type
		}
		for _, v := range p.Enum {
			a.enum = append(a.enum, fmt.Sprint(v))
		}
		if p.Items != nil {
			for _, v := range p.Items.Enum {
				a.enum = append(a.enum, fmt.Sprint(v))
			}
		}
		// Bounds are clamped with a note, so that a client need not know them beforehand.
		p.Minimum, p.Maximum = nil, nil
		s.args = append(s.args, a)
	}
	return s
}

// common sets the bounds of the arguments that mean the same everywhere.
func common(s *jsonschema.Schema) {
	bound := func(name string, low, high float64) {
		if p := s.Properties[name]; p != nil {
			p.Minimum, p.Maximum = &low, &high
		}
	}
	bound("budget", MinBudget, MaxBudget)
	bound("timeout_ms", 1, maxTimeoutMS)
	bound("limit", 1, maxLimit)
}

// Bounds of the common arguments.
const (
	MinBudget    = 200    // tokens
	MaxBudget    = 10_000 // tokens
	maxLimit     = 1000
	maxTimeoutMS = 600_000
)

// input returns the schema to list, with the sources and only the given values of
// other enums.
func (s *shape) input(sources []string, keep func(arg, value string) bool) (json.RawMessage, error) {
	c := *s.schema
	c.Properties = make(map[string]*jsonschema.Schema, len(s.schema.Properties))
	for name, p := range s.schema.Properties {
		if name == "source" {
			if len(sources) < 2 {
				continue
			}
			q := *p
			for _, v := range sources {
				q.Enum = append(q.Enum, v)
			}
			p = &q
		} else if len(p.Enum) > 0 {
			q := *p
			q.Enum = slices.DeleteFunc(slices.Clone(p.Enum), func(v any) bool { return !keep(name, fmt.Sprint(v)) })
			p = &q
		}
		c.Properties[name] = p
	}
	c.PropertyOrder = slices.DeleteFunc(slices.Clone(s.schema.PropertyOrder), func(n string) bool { return c.Properties[n] == nil })
	raw, err := json.Marshal(&c)
	if err != nil {
		return nil, fmt.Errorf("encoding an input schema: %w", err)
	}
	return raw, nil
}

// outputSchema is the schema of an answer in JSON: the typed value within the envelope
// that the gate puts around it.
func outputSchema(t reflect.Type) (json.RawMessage, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{IgnoreInvalidTypes: true})
	if err != nil {
		return nil, fmt.Errorf("output schema of %s: %w", t, err)
	}
	env := &jsonschema.Schema{
		Type: "object",
		Properties: map[string]*jsonschema.Schema{
			"untrusted": {Type: "string", Description: "the source whose text the result holds"},
			"result":    s,
			"notes":     {Type: "array", Items: &jsonschema.Schema{Type: "string"}},
			"cursor":    {Type: "string"},
		},
		Required:      []string{"result"},
		PropertyOrder: []string{"untrusted", "result", "notes", "cursor"},
	}
	raw, err := json.Marshal(env)
	if err != nil {
		return nil, fmt.Errorf("encoding the output schema of %s: %w", t, err)
	}
	return raw, nil
}
