package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/buildlog"
	"cleat/internal/config"
	"cleat/internal/fail"
	"cleat/internal/gate"
	"cleat/internal/gate/audit"
	"cleat/internal/gate/policy"
	"cleat/internal/gate/redact"
	"cleat/internal/host"
	"cleat/internal/once"
	"cleat/internal/proc"
	"cleat/internal/registry"
	"cleat/internal/sources"
	"cleat/internal/sources/workspace"
	"cleat/internal/state"
	"cleat/internal/systems"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/verdict"
	"cleat/internal/systems/documents"
	"cleat/internal/systems/self"
)

// A program is what differs between the released binary and the tests of it.
type program struct {
	registry   func() *registry.Registry
	managed    string // path of the managed configuration
	managedUID int    // who has to own it
	environ    []string
	stdin      io.Reader
	stdout     io.Writer
	stderr     io.Writer
}

func (p *program) lookup(name string) (string, bool) { return proc.Getenv(p.environ, name) }

// An app is everything wired together: the configuration, the sources, and the gate.
type app struct {
	program  *program
	log      *slog.Logger
	root     string // the folder that is served
	state    *state.Folder
	trust    *config.Trust
	config   *config.Config
	problems []config.Problem
	registry *registry.Registry
	set      *systems.Set
	audit    *audit.Log
	gate     *gate.Gate
	children *proc.Group

	closers []io.Closer
	flush   func() error // of what was logged
}

// An openOption changes what is opened.
type openOption struct {
	dir      string // where cleat was started
	readOnly bool
}

// open reads the configuration and wires the sources and the gate. A broken
// configuration is no error: the app then has just the tool that says what is wrong.
func (p *program) open(ctx context.Context, o openOption) (*app, error) {
	a := &app{program: p, children: &proc.Group{}}
	var err error
	if a.root, err = findRoot(o.dir); err != nil {
		return nil, err
	}
	if a.state, err = state.Locate(p.lookup); err != nil {
		return nil, err
	}
	key, keyErr := a.state.Key()
	if key == nil {
		return nil, keyErr
	}
	redactor := redact.New(key)
	stderr := redactor.Writer(p.stderr)
	a.flush = stderr.Flush
	a.log = slog.New(slog.NewTextHandler(stderr, nil))
	if keyErr != nil {
		a.log.Warn("redacted secrets are marked differently in each process", "err", keyErr)
	}
	a.trust = config.NewTrust(a.state.Dir())
	a.config, a.problems = config.Load(config.Options{
		Managed: p.managed, ManagedUID: p.managedUID, Root: a.root, Environ: p.environ,
		Trust: a.trust, Kinds: kinds(), ReadOnly: o.readOnly,
	})
	secrets := &config.Resolver{Env: p.lookup, Root: a.root, Warn: func(s string) { a.log.Warn(s) }}
	a.set = &systems.Set{}
	h := host.Host{
		Log: a.log, Now: time.Now, Redact: redactor.Text, RedactPart: redactor.Part,
		Env: proc.Environ(p.lookup), Children: a.children,
		Digest: func(text string) string {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte("digest\x00" + text))
			return hex.EncodeToString(mac.Sum(nil)[:6])
		},
		Secret: func(ctx context.Context, ref string) (string, error) {
			s, err := secrets.Secret(ctx, ref)
			redactor.Add(s)
			for _, p := range passwords(s) {
				redactor.Add(p)
			}
			return s, err
		},
		State: sync.OnceValues(func() (*os.Root, error) { return a.state.Repository(a.root) }),
	}
	h.Worker = newWorkers(a.children, h.Env, a.log).run
	a.hold(redactor)
	if len(a.problems) == 0 {
		a.openSources(ctx, h)
	}
	if a.audit, err = audit.Open(audit.Options{
		Dir: a.state.Dir(), Rotate: int64(a.config.Audit.Rotate), Required: a.config.Audit.Required, Now: time.Now,
		Log: a.log, Redact: func(b []byte) []byte {
			raw := json.RawMessage(b) // of arguments, also what stands there in escapes
			redactor.Strings(&raw)
			return raw
		},
	}); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.audit)
	return a, a.wire(redactor, h)
}

// hold makes the credentials that stand in cleat's own environment known to the redactor
// before any call: a source resolves its own only when it is first asked for something, and
// by then an argument may have named it. Those in files, keyrings and commands are left for
// that time, as they cannot be had for nothing.
func (a *app) hold(r *redact.Redactor) {
	for _, s := range a.config.Sources {
		for _, ref := range s.Secrets {
			name, ok := strings.CutPrefix(ref, "env:")
			if !ok {
				continue
			}
			if value, ok := a.program.lookup(name); ok {
				r.Add(value)
				for _, p := range passwords(value) {
					r.Add(p)
				}
			}
		}
	}
}

// wire makes the gate of what was opened.
func (a *app) wire(redactor *redact.Redactor, h host.Host) error {
	a.registry = a.program.registry()
	var rules func() (*policy.Policy, string)
	a.problems = append(a.problems, config.RuleProblems(a.config.Stated.Validate(a.inventory()))...)
	facts := gate.Facts{Version: programVersion(), Root: a.root, State: a.state.Dir(), Files: a.files(), Notes: a.config.Notes}
	var reporter self.Reporter
	status := &gate.Status{}
	spills := &gate.Spills{State: h.State, Now: h.Now}
	if len(a.problems) > 0 {
		// Exactly one tool, whatever the files say: it tells what is wrong with them.
		a.set = &systems.Set{}
		facts.Broken = "cleat's configuration is broken, so only status is there"
		open := policy.New(nil)
		rules = func() (*policy.Policy, string) { return open, "" }
		reporter = broken(a.problems)
		e, ok := a.registry.Lookup(registry.ToolKind, "status")
		if !ok {
			return errors.New("the tool status is not linked")
		}
		a.registry = registry.New(*e)
	} else {
		w := config.NewWatcher(a.config, func(p *policy.Policy) []error { return p.Validate(a.inventory()) })
		rules = w.Current
		reporter = status
		a.set.Documents = append(a.set.Documents,
			systems.Named[documents.Library]{Name: "spill", Local: true, Backend: spills},
			systems.Named[documents.Library]{Name: "cleat", Local: true, Backend: status})
	}
	a.set.Self = systems.Sources[self.Reporter]{{Name: "cleat", Local: true, Backend: reporter}}
	var err error
	a.gate, err = gate.New(gate.Options{
		Registry: a.registry, Set: a.set, Rules: rules, Audit: a.audit, AuditRequired: a.config.Audit.Required,
		Redactor: redactor, Spills: spills, Once: once.Open(h.State, h.Now), Now: h.Now, Log: a.log, JSON: a.config.Format == "json",
		Limits: gate.Limits{Call: a.config.Limits.Call, Budget: a.config.Limits.Budget,
			InFlight: a.config.Limits.InFlight, Queue: a.config.Limits.Queue},
		Facts: facts,
	})
	status.Gate = a.gate
	return err
}

// openSources opens the workspace and what is configured. A source that cannot be opened
// is a problem of the configuration.
func (a *app) openSources(ctx context.Context, h host.Host) {
	all := sources.Kinds()
	byName := func(name string) sources.Kind {
		return all[slices.IndexFunc(all, func(k sources.Kind) bool { return k.Name == name })]
	}
	list := a.config.Sources
	embedded := []config.Source{
		{Name: "workspace", Kind: "workspace", Config: &workspace.Config{Root: a.root, Main: true}},
		{Name: localSource, Kind: "local", Config: &sources.Local{}},
	}
	for _, e := range slices.Backward(embedded) {
		if !slices.ContainsFunc(list, func(s config.Source) bool { return s.Name == e.Name }) {
			list = append([]config.Source{e}, list...)
		}
	}
	a.set.Builds = ci.Options{History: verdict.Open(h.State, h.Now), Cache: buildlog.NewCache(h.State, h.Now), Now: h.Now}
	for _, s := range list {
		h.Closed = func() func(string) bool { return a.gate.Closer(s.Name) }
		if c, ok := s.Config.(*workspace.Config); ok && s.Name == "workspace" {
			// What is configured of the embedded source changes it, and does not replace it.
			c.Main = true
			if c.Root == "" {
				c.Root = a.root
			}
		}
		if c, ok := s.Config.(*sources.Local); ok {
			c.Options = a.runs()
		}
		if c, ok := s.Config.(interface{ Relative(dir string) }); ok {
			// Relative to the file that says so, wherever cleat was started.
			dir := filepath.Dir(s.File)
			confined, ok := s.Config.(interface{ Confine(root string) })
			switch {
			case s.Origin == policy.Project && ok:
				confined.Confine(a.root)
			case s.Origin == policy.Project:
				c.Relative(a.root)
			default:
				c.Relative(dir)
			}
		}
		c, err := byName(s.Kind).Open(ctx, a.set, s.Name, s.Config, h)
		if err != nil {
			f := fail.From(err)
			a.problems = append(a.problems, config.Problem{File: s.File, Line: s.Line, Key: "sources." + s.Name, What: f.What, Mend: f.Next})
			continue
		}
		a.closers = append(a.closers, c)
	}
}

// close ends the children and gives everything back.
func (a *app) close() error {
	errs := []error{a.children.Close()}
	for _, c := range slices.Backward(a.closers) {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, a.flush())...)
}

// files lists the configuration files that were read.
func (a *app) files() []string {
	out := slices.Clone(a.config.Files)
	if a.config.Project.Present {
		trust := "not trusted: it only narrows"
		if a.config.Project.Trusted {
			trust = "trusted"
		}
		out = append(out, fmt.Sprintf("%s (%s)", a.config.Project.File, trust))
	}
	return out
}

// inventory is what policy rules may name.
func (a *app) inventory() policy.Inventory {
	var inv policy.Inventory
	for _, e := range a.registry.Entries() {
		inv.Capabilities = append(inv.Capabilities, policy.Capability{Name: e.Name,
			Ops: func() []string { return e.Ops("op") }, Args: e.Arguments})
	}
	inv.Sources = []string{"workspace", localSource, "cleat", "spill"}
	for _, s := range slices.Concat(a.config.Sources, a.config.Skipped) {
		inv.Sources = append(inv.Sources, s.Name)
	}
	return inv
}

// kinds are the kinds of source as the configuration sees them.
func kinds() []config.Kind {
	var out []config.Kind
	for _, k := range sources.Kinds() {
		out = append(out, config.Kind{Name: k.Name, New: k.Config, Local: k.Local, Secrets: k.Secrets,
			Literals: k.Literals, Exec: k.Exec, Hosts: k.Hosts})
	}
	return out
}

// findRoot returns the root of the git repository that dir lies in, or dir.
func findRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the current folder: %w", err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return dir, nil
		}
	}
}

// broken is the reporter of a configuration that cannot be used.
type broken []config.Problem

// Report implements self.Reporter: every view is the list of what is wrong.
func (b broken) Report(context.Context, self.View) (*self.Report, error) {
	r := &self.Report{}
	r.Add("configuration", fmt.Sprintf("broken, so no other tool is there; %d problems", len(b)))
	for _, p := range b {
		r.Add("problem", p.String())
	}
	r.Add("next", "tell the user to mend what is named above and to restart cleat (in Claude Code: /mcp, Reconnect); `cleat doctor` checks it")
	return r, nil
}
