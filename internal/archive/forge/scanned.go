package forge

import (
	"context"

	"cleat/internal/archive"
	"cleat/internal/gouses"
	"cleat/internal/lookup"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
)

// scanned answers q out of the files: symbols and their uses by package lookup, all else
// by package scan.
func (s *Searcher) scanned(ctx context.Context, files *archive.Files, q code.Query, o scan.Options) (*code.Result, error) {
	lo := lookup.Options{Redact: o.Redact, Deny: o.Deny, Exact: gouses.Finder(s.Host.Worker), Log: s.Host.Log}
	switch q.Mode {
	case code.Symbol:
		return lookup.Symbols(ctx, files, q, lo)
	case code.Refs:
		return lookup.Refs(ctx, files, q, lo)
	}
	m, err := scan.Compile(q)
	if err != nil {
		return nil, err
	}
	return scan.Run(ctx, files, m, o)
}
