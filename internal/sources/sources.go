// Package sources is the table of the kinds of source that a configuration can name, and
// the only place that knows their implementations.
package sources

import (
	"context"
	"fmt"
	"io"

	"cleat/internal/host"
	"cleat/internal/sources/gitea"
	"cleat/internal/sources/github"
	"cleat/internal/sources/gitlab"
	"cleat/internal/sources/jenkins"
	"cleat/internal/sources/jira"
	"cleat/internal/sources/linear"
	"cleat/internal/sources/local"
	"cleat/internal/sources/mysql"
	"cleat/internal/sources/postgres"
	"cleat/internal/sources/sourcegraph"
	"cleat/internal/sources/sqlite"
	"cleat/internal/sources/workspace"
	"cleat/internal/sources/zoekt"
	"cleat/internal/systems"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/code"
	"cleat/internal/systems/databases"
	"cleat/internal/systems/documents"
	"cleat/internal/systems/tickets"
)

// A Kind is a kind of source.
type Kind struct {
	Name     string
	Local    bool     // what it serves lies on this machine
	Secrets  []string // keys that are references to secrets
	Literals []string // those of them that may hold the secret itself
	Exec     []string // keys that make something run
	Hosts    []string // keys that name a host

	// Config returns a pointer to a new configuration with the defaults set.
	Config func() any

	open func(ctx context.Context, config any, h host.Host) (io.Closer, error)
}

// of makes a Kind of a back end's Open.
func of[C any, S io.Closer](k Kind, open func(context.Context, C, host.Host) (S, error)) Kind {
	k.Config = func() any { return new(C) }
	k.open = func(ctx context.Context, config any, h host.Host) (io.Closer, error) {
		c, ok := config.(*C)
		if !ok {
			return nil, fmt.Errorf("sources: configuration of %s is a %T", k.Name, config)
		}
		return open(ctx, *c, h)
	}
	return k
}

// remote is a Kind that is reached over the network.
func remote(name string) Kind {
	return Kind{Name: name, Secrets: []string{"token"}, Hosts: []string{"url", "proxy", "downloads"}}
}

// jiraKind is a Kind that is reached over the network and has an address for people besides.
func jiraKind() Kind {
	k := remote("jira")
	k.Hosts = append(k.Hosts, "web")
	return k
}

// server is a Kind of database with a server. That it is not local keeps it read-only
// until a rule allows db_write.
func server(name string) Kind {
	return Kind{Name: name, Secrets: []string{"dsn"}, Literals: []string{"dsn"}, Exec: []string{"ssh"}, Hosts: []string{"ssh"}}
}

// A Local is the configuration of this machine as a place where builds run.
type Local struct {
	local.Config
	Options local.Options `toml:"-"` // set by whoever opens the source
}

func openLocal(_ context.Context, c Local, h host.Host) (*local.Source, error) {
	return local.Open(c.Config, h, c.Options)
}

// Kinds lists the kinds, sorted by name.
func Kinds() []Kind {
	return []Kind{
		of(remote("gitea"), gitea.Open),
		of(remote("github"), github.Open),
		of(remote("gitlab"), gitlab.Open),
		of(remote("jenkins"), jenkins.Open),
		of(jiraKind(), jira.Open),
		of(remote("linear"), linear.Open),
		of(Kind{Name: "local", Local: true, Exec: []string{"tasks", "env"}}, openLocal),
		of(server("mysql"), mysql.Open),
		of(server("postgres"), postgres.Open),
		of(remote("sourcegraph"), sourcegraph.Open),
		of(Kind{Name: "sqlite"}, sqlite.Open), // a file that others share, and so not local to policy
		of(Kind{Name: "workspace", Local: true}, workspace.Open),
		of(remote("zoekt"), zoekt.Open),
	}
}

// Open makes a source of the kind and adds it to set under name, for every system that
// it serves. It connects to nothing. The caller closes what is returned.
func (k Kind) Open(ctx context.Context, set *systems.Set, name string, config any, h host.Host) (io.Closer, error) {
	src, err := k.open(ctx, config, h)
	if err != nil {
		return nil, err
	}
	if s, ok := src.(interface{ Checkout() ci.Checkout }); ok {
		if c := s.Checkout(); c != nil {
			set.Builds.Checkout = func() ci.Checkout { return c }
		}
	}
	var runner ci.Runner
	switch s := src.(type) {
	case ci.Runner:
		runner = s
	case interface {
		Builds(remotes func(context.Context) ([]string, error)) ci.Runner
	}:
		runner = s.Builds(func(ctx context.Context) ([]string, error) { return remotes(ctx, set) })
	}
	if runner != nil {
		o := set.Builds
		o.Local = k.Local
		o.Checkout = func() ci.Checkout { return checkout(set) }
		service := ci.New(name, runner, o)
		set.CI = append(set.CI, systems.Named[*ci.Service]{Name: name, Local: k.Local, Backend: service})
		set.Documents = append(set.Documents,
			systems.Named[documents.Library]{Name: name, Local: k.Local, Backend: ci.NewLibrary(service)})
	}
	tracker := trackerOf(src, func(ctx context.Context) ([]string, error) { return remotes(ctx, set) })
	if tracker != nil {
		service := tickets.New(name, tracker, tickets.Options{Local: k.Local, Now: h.Now, Related: related,
			Redact: func(s string) string { return string(h.Redact("", []byte(s))) }})
		set.Tickets = append(set.Tickets, systems.Named[*tickets.Service]{Name: name, Local: k.Local, Backend: service})
		set.Documents = append(set.Documents,
			systems.Named[documents.Library]{Name: name, Local: k.Local, Backend: tickets.NewLibrary(service)})
	}
	if s, ok := src.(code.Searcher); ok {
		set.Code = append(set.Code, systems.Named[code.Searcher]{Name: name, Local: k.Local, Backend: s})
	}
	if s, ok := src.(databases.DB); ok {
		s.Rules().Source = name
		set.Databases = append(set.Databases, systems.Named[databases.DB]{Name: name, Local: k.Local, Backend: s})
		set.Documents = append(set.Documents,
			systems.Named[documents.Library]{Name: name, Local: k.Local, Backend: databases.NewLibrary(name, s)})
	}
	if s, ok := src.(documents.Library); ok {
		set.Documents = append(set.Documents, systems.Named[documents.Library]{Name: name, Local: k.Local, Backend: s})
	}
	return src, nil
}

// trackerOf is what a source has of tickets, nil if nothing. remotes are the addresses that
// the checkout is pushed to.
func trackerOf(src io.Closer, remotes func(context.Context) ([]string, error)) tickets.Tracker {
	switch s := src.(type) {
	case tickets.Tracker:
		return s
	case interface {
		Tickets(remotes func(context.Context) ([]string, error)) tickets.Tracker
	}:
		return s.Tickets(remotes)
	}
	return nil
}

// checkout is the work tree that is served, nil if there is none. It may be opened after
// whoever asks for it.
func checkout(set *systems.Set) ci.Checkout {
	if set.Builds.Checkout == nil {
		return nil
	}
	return set.Builds.Checkout()
}

// remotes are the addresses that the checkout is pushed to.
func remotes(ctx context.Context, set *systems.Set) ([]string, error) {
	c := checkout(set)
	if c == nil {
		return nil, nil
	}
	p, err := c.Position(ctx)
	return p.Remotes, err
}
