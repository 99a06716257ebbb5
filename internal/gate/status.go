package gate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"cleat/internal/fail"
	"cleat/internal/gate/policy"
	"cleat/internal/registry"
	"cleat/internal/systems/documents"
	"cleat/internal/systems/self"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// Facts are what status and doctor tell and what only the wiring knows.
type Facts struct {
	Version string
	Root    string   // the folder that is served
	State   string   // the state folder
	Files   []string // configuration files that were read
	Notes   []string // what is worth knowing of the configuration
	Broken  string   // why nothing but status is there, or ""
}

// usage counts the calls of this process.
type usage struct {
	mu     sync.Mutex
	counts map[string]*count
}

type count struct{ calls, failures, tokens int }

func (u *usage) of(name string) *count {
	if u.counts == nil {
		u.counts = map[string]*count{}
	}
	c := u.counts[name]
	if c == nil {
		c = &count{}
		u.counts[name] = c
	}
	return c
}

// add counts an answer of so many tokens.
func (u *usage) add(name string, tokens int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.of(name)
	c.calls++
	c.tokens += tokens
}

// fail counts a call that failed.
func (u *usage) fail(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.of(name)
	c.calls++
	c.failures++
}

// A Status tells about a gate. It implements self.Reporter, and documents.Library for
// the cleat:// addresses. The gate is set once it exists.
type Status struct{ Gate *Gate }

// Report implements self.Reporter.
func (s *Status) Report(ctx context.Context, view self.View) (*self.Report, error) {
	r := &self.Report{}
	switch view {
	case self.Health, "":
		s.health(ctx, r)
	case self.Policy:
		s.policy(r)
	case self.Usage:
		s.usage(r)
	case self.Audit:
		s.audit(ctx, r)
	case self.Whoami:
		r.Add("session", s.Gate.session())
		r.Add("root", s.Gate.opt.Facts.Root)
		r.Add("version", s.Gate.opt.Facts.Version)
	default:
		return nil, fail.Errorf(fail.Invalid, "there is no view %q", clip(string(view))).Then("use one of %v", self.Views())
	}
	return r, nil
}

func (s *Status) health(ctx context.Context, r *self.Report) {
	g := s.Gate
	r.Add("version", g.opt.Facts.Version)
	r.Add("root", g.opt.Facts.Root)
	for _, src := range g.opt.Set.List() {
		what := strings.Join(src.Systems, ", ")
		if src.Local {
			what += ", on this machine"
		}
		if src.Health != "" {
			what += "; " + src.Health
		}
		r.Add("source "+src.Name, what)
	}
	if len(g.opt.Facts.Files) == 0 {
		r.Add("configuration", "none; every embedded source is on")
	}
	for _, f := range g.opt.Facts.Files {
		r.Add("configuration", f)
	}
	for _, n := range g.opt.Facts.Notes {
		r.Add("note", n)
	}
	rules, note := g.opt.Rules()
	if note != "" {
		r.Add("note", note)
	}
	for _, c := range rules.Conflicts() {
		r.Add("note", c)
	}
	l := g.opt.Limits
	r.Add("limits", fmt.Sprintf("call %s, budget %d tokens, %d calls in flight, %d waiting", l.Call, l.Budget, l.InFlight, l.Queue))
	r.Add("protections", "files only below the pinned root, regular files only; secrets redacted by rule and by exact value; "+
		"foreign text cleaned and bounded; git runs no configured program; hard links are not told apart from files")
	if len(g.opt.Set.Databases) > 0 {
		r.Add("databases", "one statement, in a transaction that cannot write and is rolled back; sessions keep nothing; masks go by lineage and do not cover "+
			"copies of the data under other names, functions that functions= allows, and what counts and other columns tell: column grants in the database do")
	}
	s.audit(ctx, r)
}

func (s *Status) policy(r *self.Report) {
	rules, note := s.Gate.opt.Rules()
	if note != "" {
		r.Add("note", note)
	}
	for _, l := range rules.Show() {
		r.Add(l.Origin, strings.TrimSpace(l.Text+"  "+l.Where))
	}
	for _, c := range rules.Conflicts() {
		r.Add("note", c)
	}
}

func (s *Status) usage(r *self.Report) {
	u := &s.Gate.usage
	u.mu.Lock()
	defer u.mu.Unlock()
	total := count{}
	for _, name := range slices.Sorted(maps.Keys(u.counts)) {
		c := u.counts[name]
		r.Add(name, fmt.Sprintf("%d calls, %d failed, about %d tokens", c.calls, c.failures, c.tokens))
		total.calls += c.calls
		total.failures += c.failures
		total.tokens += c.tokens
	}
	r.Add("all", fmt.Sprintf("%d calls, %d failed, about %d tokens", total.calls, total.failures, total.tokens))
}

// Schemes implements documents.Library.
func (s *Status) Schemes() []string { return []string{"cleat"} }

// Open implements documents.Library for cleat://status, cleat://policy and cleat://usage.
func (s *Status) Open(ctx context.Context, u uri.URI) (*documents.Document, error) {
	view := self.View(u.Path)
	if view == "status" {
		view = self.Health
	} else if view != self.Policy && view != self.Usage {
		return nil, fail.Errorf(fail.NotFound, "there is no cleat://%s", clip(u.Path)).
			Then("use cleat://status, cleat://policy or cleat://usage")
	}
	r, err := s.Report(ctx, view)
	if err != nil {
		return nil, err
	}
	var w text.Writer
	r.Text(&w)
	var b strings.Builder
	for _, seg := range w.Segments() {
		b.WriteString(seg.Text)
	}
	return &documents.Document{URI: "cleat://" + u.Path, Name: u.Path, MIMEType: "text/plain", Size: int64(b.Len()),
		Modified: s.Gate.opt.Now(), Owned: true, Body: readCloser{strings.NewReader(b.String())}}, nil
}

// Recent implements documents.Lister: the three pages of the server itself.
func (s *Status) Recent(context.Context, int) ([]documents.Item, error) {
	var items []documents.Item
	for _, p := range []struct{ name, title string }{
		{"status", "cleat: sources, limits, protections"},
		{"policy", "cleat: the rules in force"},
		{"usage", "cleat: calls and tokens of this session"},
	} {
		items = append(items, documents.Item{URI: "cleat://" + p.name, Name: p.name, Title: p.title, MIMEType: "text/plain"})
	}
	return items, nil
}

// Complete implements documents.Completer.
func (s *Status) Complete(_ context.Context, _, _, prefix string, _ map[string]string) ([]string, int, error) {
	var out []string
	for _, name := range []string{"policy", "status", "usage"} {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	return out, len(out), nil
}

// Explain says what the policy makes of a call, without making it.
func (g *Gate) Explain(req registry.Request) (policy.Decision, []policy.Step, error) {
	v := &visit{gate: g, req: req}
	if err := v.find(); err != nil {
		return policy.Decision{}, nil, err
	}
	rules, _ := g.opt.Rules()
	q, err := v.query(g.narrow(rules)(v.entry))
	if err != nil {
		return policy.Decision{}, nil, err
	}
	return rules.Check(q), rules.Explain(q), nil
}
