package workspace

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"cleat/internal/document"
	"cleat/internal/git"
	"cleat/internal/sorting"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// Complete implements documents.Completer for the variables of text://, json://, repo:// and
// diff://.
func (s *Source) Complete(ctx context.Context, scheme, name, prefix string, set map[string]string) ([]string, int, error) {
	switch name {
	case "repo":
		return s.completeRepo(prefix)
	case "ref", "range":
		u, err := s.lookup(set["repo"])
		if err != nil {
			return nil, 0, err
		}
		return s.completeRef(ctx, u, prefix)
	case "path":
		if scheme != "repo" {
			return s.completePath(ctx, scheme, prefix)
		}
		u, err := s.lookup(set["repo"])
		if err != nil {
			return nil, 0, err
		}
		return s.completeAtRef(ctx, u, set["ref"], prefix)
	case "lines":
		return s.completePart(ctx, set["path"], prefix)
	}
	return nil, 0, nil
}

// completePart offers the definitions of a file, or its headings, by the names that part
// takes.
func (s *Source) completePart(ctx context.Context, file, prefix string) ([]string, int, error) {
	if file == "" {
		return nil, 0, nil
	}
	u := uri.New("text", file)
	doc, err := s.Open(ctx, u)
	if err != nil {
		return nil, 0, err
	}
	if s.isClosed(u, doc.Name) {
		return nil, 0, errors.Join(policyCloses(doc.Name), doc.Body.Close())
	}
	o, err := document.ReadOutline(ctx, doc.Name, tree.Lang(doc.Name), doc.Body)
	if err := errors.Join(err, doc.Body.Close()); err != nil {
		return nil, 0, err
	}
	var values []string
	for _, it := range o.Items {
		switch {
		case o.Kind == "markdown":
			values = append(values, strings.TrimPrefix(it.Handle, "#"))
		case o.Kind == "code" && it.Container != "":
			values = append(values, it.Container+"."+it.Name)
		case o.Kind == "code":
			values = append(values, it.Name)
		}
	}
	return withPrefix(values, prefix)
}

// completeRepo offers the source's own repository, then the others by name.
func (s *Source) completeRepo(prefix string) ([]string, int, error) {
	var values []string
	if s.own != nil {
		values = append(values, ".", s.own.name)
	}
	list, _ := s.repositories()
	for _, u := range list {
		if !u.own {
			values = append(values, u.name)
		}
	}
	return withPrefix(values, prefix)
}

// completePath offers what begins with prefix, a folder at a time, then what has it
// anywhere in its name.
func (s *Source) completePath(ctx context.Context, scheme, prefix string) ([]string, int, error) {
	if s.own == nil {
		return nil, 0, nil // relative paths mean nothing here
	}
	low := strings.ToLower(prefix)
	list, _, err := s.paths(ctx, s.own, false, func(p string) bool {
		return (scheme != "json" || structured(p)) &&
			(strings.HasPrefix(p, prefix) || low != "" && strings.Contains(strings.ToLower(path.Base(p)), low))
	})
	if err != nil {
		return nil, 0, err
	}
	var values []string
	for _, f := range list {
		values = append(values, f.path)
	}
	sorting.Sort(values, func(a, b string) int {
		if first := strings.HasPrefix(a, prefix); first != strings.HasPrefix(b, prefix) {
			if first {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Count(a, "/")-strings.Count(b, "/"), cmp.Compare(a, b))
	})
	return values[:min(len(values), completeMax)], len(values), nil
}

func structured(p string) bool {
	switch path.Ext(p) {
	case ".json", ".yaml", ".yml", ".toml":
		return true
	}
	return false
}

func withPrefix(all []string, prefix string) ([]string, int, error) {
	all = slices.DeleteFunc(all, func(v string) bool { return !strings.HasPrefix(v, prefix) })
	return all[:min(len(all), completeMax)], len(all), nil
}

// completeRef offers branches, then tags, in the order of their names.
func (s *Source) completeRef(ctx context.Context, u *repository, prefix string) ([]string, int, error) {
	repo, err := u.git()
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
			// What a mask hides of a name is not found by its beginning.
			if s.named(r.Short(), strings.ToLower(prefix)) {
				values = append(values, r.Short())
				total++
			}
		}
		if more {
			total++ // at least one more than are shown
		}
	}
	return values[:min(len(values), completeMax)], total, nil
}

// completeAtRef offers the entries of the folder that prefix has come to.
func (s *Source) completeAtRef(ctx context.Context, u *repository, ref, prefix string) ([]string, int, error) {
	if ref == "" {
		ref = "HEAD"
	}
	repo, err := u.git()
	if err != nil {
		return nil, 0, err
	}
	commit, err := repo.Resolve(ctx, ref)
	if err != nil {
		return nil, 0, err
	}
	dir, _ := path.Split(prefix)
	in, err := u.rel(path.Clean(dir)) // the place may be a folder of its repository
	if err != nil {
		return nil, 0, err
	}
	entries, err := repo.Tree(ctx, commit, u.inGit(repo, in))
	if err != nil {
		return nil, 0, err
	}
	closed := below(s.closedIn(u))
	var values []string
	for _, e := range entries {
		name := dir + e.Name
		if closed(path.Clean(name)) {
			continue
		}
		if e.Kind == git.Dir {
			name += "/"
		}
		values = append(values, name)
	}
	return withPrefix(values, prefix)
}
