package workspace

import (
	"context"
	"path"
	"strings"

	"cleat/internal/git"
)

// completeRef offers branches, then tags, newest first as git lists them.
func (s *Source) completeRef(ctx context.Context, prefix string) ([]string, int, error) {
	repo, err := s.repository()
	if err != nil {
		return nil, 0, err
	}
	var values []string
	total := 0
	for _, kind := range []git.RefKind{git.Branches, git.Tags, git.RemoteBranches} {
		refs, more, err := repo.Refs(ctx, git.RefOptions{Kind: kind, Prefix: prefix, Limit: completeMax})
		if err != nil {
			return nil, 0, err
		}
		for _, r := range refs {
			values = append(values, r.Short())
		}
		if total += len(refs); more {
			total++ // at least one more than are shown
		}
	}
	return values[:min(len(values), completeMax)], total, nil
}

// completeAtRef offers the entries of the folder that prefix has come to.
func (s *Source) completeAtRef(ctx context.Context, ref, prefix string) ([]string, int, error) {
	if ref == "" {
		ref = "HEAD"
	}
	repo, err := s.repository()
	if err != nil {
		return nil, 0, err
	}
	commit, err := repo.Resolve(ctx, ref)
	if err != nil {
		return nil, 0, err
	}
	dir, _ := path.Split(prefix)
	entries, err := repo.Tree(ctx, commit, strings.TrimSuffix(dir, "/"))
	if err != nil {
		return nil, 0, err
	}
	var values []string
	for _, e := range entries {
		name := dir + e.Name
		if e.Kind == git.Dir {
			name += "/"
		}
		values = append(values, name)
	}
	return withPrefix(values, prefix)
}
