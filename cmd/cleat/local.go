package main

import (
	"context"
	"os"

	"cleat/internal/fail"
	"cleat/internal/sources/local"
	"cleat/internal/sources/local/tasks"
	"cleat/internal/systems/ci"
)

const (
	localSource    = "local" // the embedded source of builds
	supervisorName = "run"   // the worker that a run has
)

// runs are the options of builds on this machine.
func (a *app) runs() local.Options {
	position := func(ctx context.Context) (ci.Position, error) {
		if a.set.Builds.Checkout == nil {
			return ci.Position{}, nil
		}
		return a.set.Builds.Checkout().Position(ctx)
	}
	return local.Options{
		Root:    a.root,
		Trusted: a.trusts,
		Getenv:  a.program.lookup,
		Self: func() ([]string, error) {
			self, err := os.Executable()
			if err != nil {
				return nil, fail.Errorf(fail.Unavailable, "cleat's own program is not to be found: %w", err)
			}
			return []string{self, "worker", supervisorName}, nil
		},
		Branch: func(ctx context.Context) (branch, commit string, err error) {
			p, err := position(ctx)
			return p.Branch, p.Commit, err
		},
		Me: func(context.Context) (string, error) { return a.program.login(), nil },
	}
}

// login is what the system calls the person who runs cleat, "" if it does not say.
func (p *program) login() string {
	for _, name := range []string{"USER", "LOGNAME", "USERNAME"} {
		if v, ok := p.lookup(name); ok && v != "" {
			return v
		}
	}
	return ""
}

// trustName is what a task is called where trust is kept.
func trustName(t tasks.Task) string { return "task " + t.Name }

// trusts reports whether the developer has trusted the task as it is now.
func (a *app) trusts(t tasks.Task) bool { return a.trust.Trusted(a.root, trustName(t), t.Definition) }
