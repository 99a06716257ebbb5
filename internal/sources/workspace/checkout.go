package workspace

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

var _ ci.Checkout = checkout{}

// checkout is the own folder of the source, as builds see it.
type checkout struct{ s *Source }

// Checkout returns the own folder of the main workspace as a place that failures can be in,
// nil for any other source.
func (s *Source) Checkout() ci.Checkout {
	if s.own == nil || !s.main {
		return nil
	}
	return checkout{s}
}

// Dir implements checkout.Files.
func (c checkout) Dir() string { return c.s.own.real }

// Paths implements checkout.Files.
func (c checkout) Paths(ctx context.Context) ([]string, error) {
	list, _, err := c.s.paths(ctx, c.s.own, false, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	out := make([]string, len(list))
	for i, f := range list {
		out[i] = f.path
	}
	return out, nil
}

// maxManifest is how much of a file Read returns, in bytes.
const maxManifest = 256 << 10

// Read implements checkout.Files.
func (c checkout) Read(name string) (_ []byte, err error) {
	if c.s.own.root == nil {
		return nil, fail.Errorf(fail.Unsupported, "a bare repository has no files")
	}
	f, err := c.s.own.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, maxManifest))
}

// Position implements ci.Checkout. It fails as git does where there is no repository.
func (c checkout) Position(ctx context.Context) (ci.Position, error) {
	repo, err := c.s.own.git()
	if err != nil {
		return ci.Position{}, err
	}
	head, err := repo.Head(ctx)
	if err != nil {
		return ci.Position{}, err
	}
	p := ci.Position{Branch: head.Branch(), Commit: string(head.Hash)}
	remotes, err := repo.Remotes()
	if err != nil {
		return ci.Position{}, err
	}
	// The one that a clone calls origin is where its builds run.
	for _, origin := range []bool{true, false} {
		for _, r := range remotes {
			if (r.Name == "origin") == origin && r.URL != "" && !slices.Contains(p.Remotes, r.URL) {
				p.Remotes = append(p.Remotes, r.URL)
			}
		}
	}
	if ref, err := repo.DefaultBranch(ctx); err == nil { // without a commit there is none
		p.Default = ref.Short()
		if strings.HasPrefix(ref.Name, "refs/remotes/") {
			_, p.Default, _ = strings.Cut(p.Default, "/")
		}
	}
	return p, nil
}
