// Package gate is what every call passes on its way in and every answer on its way out.
//
// In: audit, policy, limits, and then the capability. Out: redaction, clean-up, the
// boundary around what others wrote, and the budget. Tools, resources, prompts,
// completions, lists of resources and the command line all come through Gate.Do; there
// is no other way to a capability.
package gate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/gate/audit"
	"cleat/internal/gate/policy"
	"cleat/internal/gate/redact"
	"cleat/internal/once"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
)

// Options are what a Gate is made of. Every field is required but those said to be optional.
type Options struct {
	Registry *registry.Registry
	Set      *systems.Set

	// Rules returns the policy in force at this call, and a note where the configuration
	// was edited since the start.
	Rules func() (*policy.Policy, string)

	Audit         *audit.Log
	AuditRequired bool // no write happens that cannot be recorded
	Redactor      *redact.Redactor
	Spills        *Spills
	Once          *once.Keys // of writes that are to be done once
	Limits        Limits
	JSON          bool // answers are structured content instead of text
	Facts         Facts
	Now           func() time.Time
	Log           *slog.Logger
}

// Limits bound the calls of one process.
type Limits struct {
	Call     time.Duration // longest call
	Budget   int           // tokens of an answer that names no budget
	InFlight int           // calls that run at once
	Queue    int           // calls that wait; one more is told busy
}

// DefaultLimits are the limits where the configuration says nothing.
func DefaultLimits() Limits {
	return Limits{Call: 30 * time.Second, Budget: 6000, InFlight: 64, Queue: 10_000}
}

// A Gate implements registry.Caller. It is safe for concurrent use.
type Gate struct {
	opt     Options
	session func() string // its id, made when it is first needed
	slots   *slots
	shares  map[string]chan struct{} // of sources on the network
	usage   usage
	repeats repeats
	asks    *asks

	warned sync.Once // that the audit log cannot be written
}

// New returns a gate.
func New(opt Options) (*Gate, error) {
	return &Gate{opt: opt, session: sync.OnceValue(newSession), slots: newSlots(opt.Limits), shares: newShares(opt), asks: newAsks()}, nil
}

// newSession returns an id for one process's records.
func newSession() string {
	id := make([]byte, 6)
	rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// Do takes req through policy, audit and limits, calls the capability, and makes its
// answer fit to go out. It never panics and never returns later than a few seconds
// after the time limit of a call.
func (g *Gate) Do(ctx context.Context, req registry.Request) registry.Reply {
	v := &visit{gate: g, req: req, start: g.opt.Now()}
	v.record = audit.Record{Session: g.session(), Client: req.Client, Method: req.Method, Name: req.Name,
		Args: req.Raw(), BytesIn: int64(req.Bytes)}
	reply, err := v.guarded(ctx)
	if err != nil {
		if r := (*refusal)(nil); errors.As(err, &r) {
			v.record.Decision, v.record.Rule = audit.Deny, r.by.Rule
		}
		reply = v.failed(ctx, err)
		v.canceled = ctx.Err() != nil && reply.Err.Code == fail.Timeout
	}
	v.end(reply, err)
	return reply
}

// Shows implements registry.Caller.
func (g *Gate) Shows(e *registry.Entry, source, argument, value string) bool {
	rules, _ := g.opt.Rules()
	q := query(e, source, g.local(source))
	if argument != "" && value != "" {
		q.Args = map[string][]string{argument: {value}}
		if argument == "op" {
			q.Op = value
		}
	}
	return rules.Visible(q)
}

func (g *Gate) local(source string) bool {
	return g.opt.Set.Local(source)
}

// query is the policy's view of a capability on a source.
func query(e *registry.Entry, source string, local bool) policy.Query {
	return policy.Query{Names: append([]string{e.Name}, e.Governs...), Access: access(e.Access), Source: source, Local: local}
}

func access(a registry.Access) policy.Access {
	switch a {
	case registry.Read:
		return policy.Read
	case registry.Destructive:
		return policy.Destructive
	}
	return policy.Write // an undeclared class is write
}

// A visit is one request on its way through the gate.
type visit struct {
	gate   *Gate
	req    registry.Request
	start  time.Time
	record audit.Record
	entry  *registry.Entry
	call   *registry.Call
	intent bool // a record was written before the effect
	warn   string

	canceled bool // the client, or the end of the process, ended the call

	template []string // names that govern the address that the call reads
}

// guarded is run, with a panic turned into a failure.
func (v *visit) guarded(ctx context.Context) (reply registry.Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			reply, err = registry.Reply{}, v.panicked(p)
		}
	}()
	return v.run(ctx)
}

func (v *visit) run(ctx context.Context) (registry.Reply, error) {
	g := v.gate
	if v.req.Refused != nil {
		return registry.Reply{}, v.req.Refused
	}
	if v.req.Method == registry.ListResources {
		return v.limited(ctx, g.opt.Limits.Call, func(ctx context.Context) (registry.Reply, error) { return v.list(ctx) })
	}
	if err := v.find(); err != nil {
		return registry.Reply{Unknown: v.entry == nil}, err
	}
	rules, _ := g.opt.Rules()
	set := g.narrow(rules)
	if v.req.Method == registry.Complete {
		if err := v.completable(rules); err != nil {
			return registry.Reply{}, err
		}
		return v.limited(ctx, g.opt.Limits.Call, func(ctx context.Context) (registry.Reply, error) {
			return v.complete(ctx, rules, set(v.entry))
		})
	}
	if err := v.prepare(rules); err != nil {
		return registry.Reply{}, err
	}
	if ask, err := v.consent(); err != nil {
		return registry.Reply{}, err
	} else if ask != nil {
		return *ask, nil
	}
	if v.call.Entry.Access != registry.Read {
		if err := v.intend(ctx); err != nil {
			return registry.Reply{}, err
		}
	}
	limit := g.opt.Limits.Call
	if limit >= DefaultLimits().Call {
		limit = max(limit, v.call.Entry.Longest)
	}
	if t := v.call.Timeout; t > 0 && t < limit {
		limit = t
	} else if t > limit {
		v.call.Notes = append(v.call.Notes, fmt.Sprintf("timeout_ms was taken as %d, the limit of a call", limit.Milliseconds()))
	}
	return v.limited(ctx, limit, func(ctx context.Context) (registry.Reply, error) {
		sources := set(v.entry)
		sources.Opened = func(doc *documents.Document) error { return v.opened(rules, doc) }
		return v.perform(ctx, sources, func(err error) error { return v.closed(rules, err) })
	})
}

// find looks up what the request is for.
func (v *visit) find() error {
	g := v.gate
	kind := registry.ToolKind
	switch v.req.Method {
	case registry.ReadResource:
		u, err := uri.Parse(v.req.Name)
		if err != nil {
			return err
		}
		e, ok := g.opt.Registry.Template(u)
		if !ok {
			var forms []string
			for _, e := range g.offered(registry.TemplateKind) {
				forms = append(forms, e.URI)
			}
			f := fail.Errorf(fail.NotFound, "no resource has the scheme %q", u.Scheme)
			if g.opt.Facts.Broken != "" {
				return f.Because("%s", g.opt.Facts.Broken).Then("call status, and tell the user what it says")
			}
			return f.Then("use an address of one of the forms %s", strings.Join(forms, ", "))
		}
		v.entry = e
		return nil
	case registry.GetPrompt:
		kind = registry.PromptKind
	case registry.Complete:
		kind = v.req.Kind
		if kind == registry.TemplateKind {
			for _, e := range g.opt.Registry.Entries() {
				if e.Kind == kind && e.URI == v.req.Name {
					v.entry = &e
					return nil
				}
			}
		}
	}
	e, ok := g.opt.Registry.Lookup(kind, v.req.Name)
	if !ok {
		var known []string
		for _, e := range g.offered(kind) {
			known = append(known, e.Name)
		}
		f := fail.Errorf(fail.NotFound, "there is no %s %q", kind, clip(v.req.Name))
		if near := fail.Near(v.req.Name, known); len(near) > 0 {
			f = f.Because("did you mean %s?", strings.Join(near, ", "))
		}
		if g.opt.Facts.Broken != "" {
			return f.Because("%s", g.opt.Facts.Broken).Then("call status, and tell the user what it says")
		}
		return f.Then("use one of %s", strings.Join(known, ", "))
	}
	v.entry = e
	return nil
}

// offered are the capabilities of a kind that have a source and that policy lets be seen.
func (g *Gate) offered(kind registry.Kind) []registry.Entry {
	return slices.DeleteFunc(g.opt.Registry.Entries(), func(e registry.Entry) bool {
		return e.Kind != kind || !slices.ContainsFunc(e.Sources(g.opt.Set), func(s systems.Source) bool { return g.Shows(&e, s.Name, "", "") })
	})
}

// narrow returns a function that cuts the set down to the sources that a capability may
// see; tools that work over several sources get no other.
func (g *Gate) narrow(rules *policy.Policy) func(e *registry.Entry) *systems.Set {
	return func(e *registry.Entry) *systems.Set {
		set := g.opt.Set.Narrow(func(name string, local bool) bool {
			return rules.Visible(query(e, name, local))
		})
		set.Offers = func(tool string) bool {
			t, ok := g.opt.Registry.Lookup(registry.ToolKind, tool)
			return ok && len(t.Sources(set)) > 0 && rules.Visible(query(t, "", true))
		}
		return set
	}
}

// failed renders err.
func (v *visit) failed(ctx context.Context, err error) registry.Reply {
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, ctx.Err()) {
		err = cause
	}
	f := *fail.From(err)
	if f.Code == fail.Internal {
		v.gate.opt.Log.Error("internal error", "method", v.req.Method, "name", v.req.Name, "err", err)
	}
	// What a message quotes may be of any length: it is cut once it is redacted.
	for _, s := range []*string{&f.What, &f.Why, &f.Next} {
		*s = cut(v.gate.line(*s), maxError)
	}
	reply := registry.Reply{Err: &f, Unknown: v.entry == nil && v.req.Method == registry.CallTool}
	reply.Text = fail.Show(&f)
	if f.Retry > 0 {
		return reply // it was told to come again
	}
	if n := v.gate.repeats.count(v.req, true); n >= 3 {
		reply.Text += fmt.Sprintf("\nThis very call has failed %d times: do not repeat it.", n)
	}
	return reply
}
