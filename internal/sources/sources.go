// Package sources is the table of the kinds of source that a configuration can name, and
// the only place that knows their implementations.
package sources

import (
	"context"
	"fmt"
	"io"

	"cleat/internal/host"
	"cleat/internal/sources/workspace"
	"cleat/internal/systems"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
)

// A Kind is a kind of source.
type Kind struct {
	Name  string
	Local bool // what it serves lies on this machine

	// Config returns a pointer to a new configuration with the defaults set.
	Config func() any

	open func(ctx context.Context, config any, h host.Host) (io.Closer, error)
}

// of makes a Kind of a back end's Open.
func of[C any, S io.Closer](name string, local bool, open func(context.Context, C, host.Host) (S, error)) Kind {
	return Kind{Name: name, Local: local,
		Config: func() any { return new(C) },
		open: func(ctx context.Context, config any, h host.Host) (io.Closer, error) {
			c, ok := config.(*C)
			if !ok {
				return nil, fmt.Errorf("sources: configuration of %s is a %T", name, config)
			}
			return open(ctx, *c, h)
		},
	}
}

// Kinds lists the kinds, sorted by name.
func Kinds() []Kind {
	return []Kind{
		of("workspace", true, workspace.Open),
	}
}

// Open makes a source of the kind and adds it to set under name, for every system that
// it serves. It connects to nothing. The caller closes what is returned.
func (k Kind) Open(ctx context.Context, set *systems.Set, name string, config any, h host.Host) (io.Closer, error) {
	src, err := k.open(ctx, config, h)
	if err != nil {
		return nil, err
	}
	if s, ok := src.(code.Searcher); ok {
		set.Code = append(set.Code, systems.Named[code.Searcher]{Name: name, Local: k.Local, Backend: s})
	}
	if s, ok := src.(documents.Library); ok {
		set.Documents = append(set.Documents, systems.Named[documents.Library]{Name: name, Local: k.Local, Backend: s})
	}
	return src, nil
}
