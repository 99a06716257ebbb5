package workspace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"cleat/internal/gouses"
	"cleat/internal/lookup"
	"cleat/internal/systems/code"
)

// lookUp finds definitions and uses of a name in one repository.
func (s *Source) lookUp(ctx context.Context, u *repository, v *view, q code.Query) (*code.Result, error) {
	o := lookup.Options{Redact: s.host.Redact, Deny: s.closedIn(u), Cache: s.symbols, HashBlob: hash, Exact: gouses.Finder(s.host.Worker), Log: s.host.Log}
	if q.Mode == code.Symbol {
		return lookup.Symbols(ctx, v.files, q, o)
	}
	return lookup.Refs(ctx, v.files, q, o)
}

// hash tells texts apart, whichever repository they are in and whatever its own hashes are.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
