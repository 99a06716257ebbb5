package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// A Call is one call of a capability, its arguments decoded. Policy, audit and
// execution all read it, so that they cannot understand it differently.
type Call struct {
	Entry   *Entry
	Source  string
	Local   bool // the source lives on this machine
	Op      string
	Args    map[string][]string // for policy: every argument, lists as lists
	JSON    json.RawMessage     // for audit: the canonical arguments
	Address *uri.URI            // of reads by address
	Budget  int                 // tokens, 0 if unset
	Timeout time.Duration       // 0 if unset
	Notes   []string            // what was clamped

	target target
}

// Prepare decodes the arguments of a tool or prompt and picks the source: of those that are
// open to the call where the arguments name none. It fails with fail.Invalid, or with what
// routing an address says.
func (e *Entry) Prepare(set, open *systems.Set, raw json.RawMessage) (*Call, error) {
	args, err := e.shape().decode(raw)
	if err != nil {
		return nil, err
	}
	return e.prepared(set, open, args, nil)
}

// PrepareURI decodes the variables of an address of a template.
func (e *Entry) PrepareURI(set *systems.Set, u uri.URI) (*Call, error) {
	vars, err := parsePattern(e.URI).match(e.URI, u)
	if err != nil {
		return nil, err
	}
	args := arguments{values: map[string]json.RawMessage{}}
	for name, v := range vars {
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("encoding the variable %s: %w", name, err)
		}
		args.values[name] = raw
	}
	return e.prepared(set, set, args, &u)
}

func (e *Entry) prepared(set, open *systems.Set, args arguments, u *uri.URI) (*Call, error) {
	canonical, err := json.Marshal(args.values)
	if err != nil {
		return nil, fmt.Errorf("encoding checked arguments: %w", err)
	}
	c := &Call{Entry: e, JSON: canonical, Notes: args.notes, Args: map[string][]string{}}
	var common struct {
		Op, View, Mode string
		Budget         int
		TimeoutMS      int64 `json:"timeout_ms"`
	}
	if err := json.Unmarshal(canonical, &common); err != nil {
		return nil, fmt.Errorf("decoding common arguments: %w", err)
	}
	c.Op, c.Budget, c.Timeout = common.Op, common.Budget, time.Duration(common.TimeoutMS)*time.Millisecond
	for name, raw := range args.values {
		c.Args[name] = values(raw)
	}
	c.target, err = e.prepare(set, open, canonical, u)
	if err != nil {
		return nil, err
	}
	c.Source, c.Local, c.Address = c.target.source, c.target.local, c.target.address
	if c.target.op != "" {
		c.Op = c.target.op
	}
	if c.Address != nil {
		// Policy must not be got round by another spelling of an address.
		c.Named(c.Address.String(), c.Address.Path)
		c.Named("", path.Clean(c.Address.Path))
		if names := c.target.names; names != nil {
			c.Named(names[0], names[1])
		}
	}
	return c, nil
}

// Named adds an address and a path, or "", to what policy knows the document of the call
// by. A path is taken for an address too, as read takes it.
func (c *Call) Named(address, path string) {
	for _, add := range []struct{ arg, value string }{{"uri", address}, {"uri", path}, {"path", path}} {
		if add.value != "" && !slices.Contains(c.Args[add.arg], add.value) {
			c.Args[add.arg] = append(c.Args[add.arg], add.value)
		}
	}
}

// values lists the value or values of an argument as text.
func values(raw json.RawMessage) []string {
	var list []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &list) != nil {
		list = []json.RawMessage{raw}
	}
	out := make([]string, len(list))
	for i, v := range list {
		if json.Unmarshal(v, &out[i]) != nil {
			out[i] = string(v)
		}
	}
	return out
}

// Run calls the capability with the back end that set has of the call's source.
func (c *Call) Run(ctx context.Context, set *systems.Set) (text.Renderer, error) {
	TaskOf(ctx).at(c)
	return c.Entry.call(ctx, set, c.target)
}

// Complete returns values that the source has for a variable of a template or an argument
// of a prompt, best first, at most 100, and how many there are.
func (e *Entry) Complete(ctx context.Context, set *systems.Set, source, name, prefix string, vars map[string]string) ([]string, int, error) {
	if e.shape().arg(name) == nil {
		return nil, 0, fail.Errorf(fail.Invalid, "%s %s has no argument %s", e.Kind, e.Name, quote(name)).
			Then("use one of %s", list(e.shape().names()))
	}
	if e.complete == nil {
		return nil, 0, nil
	}
	values, total, err := e.complete(ctx, set, source, name, prefix, vars)
	if len(values) > 100 {
		values = values[:100]
	}
	return values, max(total, len(values)), err
}
