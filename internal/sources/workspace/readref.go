package workspace

import (
	"context"
	"sync"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/systems/documents"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// openAtRef opens repo://REPO/REF/PATH.
func (s *Source) openAtRef(ctx context.Context, u uri.URI) (*documents.Document, error) {
	parts, err := u.Segments(3)
	if err != nil {
		return nil, err
	}
	if len(parts) < 3 || parts[2] == "" {
		return nil, fail.Errorf(fail.Invalid, "%q names no file", u.String()).Then("use the form repo://./REF/path")
	}
	r, err := s.lookup(parts[0])
	if err != nil {
		return nil, err
	}
	repo, err := r.git()
	if err != nil {
		return nil, err
	}
	name, err := r.rel(parts[2]) // the same rules for names as in the work tree
	if err != nil {
		return nil, err
	}
	if tree.Denies(s.closedIn(r), name) {
		return nil, policyCloses(name)
	}
	commit, err := repo.Resolve(ctx, parts[1])
	if err != nil {
		return nil, err
	}
	blob, err := repo.Blob(ctx, commit, r.inGit(repo, name), 0)
	if f := fail.From(err); err != nil && f.Code == fail.NotFound && f.Why == "" {
		return nil, s.nearAtRef(ctx, r, repo, commit, parts, name, f)
	} else if err != nil {
		return nil, err
	}
	if blob.Kind != git.File && blob.Kind != git.Executable {
		return nil, fail.Errorf(fail.Unsupported, "%q is a %s at %q, not a file", name, blob.Kind, parts[1])
	}
	if _, ok := tree.Text(blob.Data, nil); !ok {
		return nil, notText(name, int64(len(blob.Data)))
	}
	release, err := s.hold(ctx, name, int64(len(blob.Data)))
	if err != nil {
		return nil, err
	}
	return &documents.Document{URI: uri.New("repo", parts[0], parts[1], name).String(), Name: name, MIMEType: tree.MIMEType(name),
		Size: int64(len(blob.Data)), Body: held{s.memory(name, blob.Data), sync.OnceFunc(release)}}, nil
}

// nearAtRef adds to a not_found the files of the commit that were probably meant.
func (s *Source) nearAtRef(ctx context.Context, r *repository, repo *git.Repo, commit git.Hash, parts []string, name string, f *fail.Error) error {
	list, _, err := s.pathsOf(ctx, r, r.at(repo, commit), false, func(string) bool { return true })
	if err != nil {
		return f // as in near
	}
	return nearTo(name, list, f, func(p string) string { return uri.New("repo", parts[0], parts[1], p).String() })
}

// policyCloses is the refusal of a path that policy closes to everything.
func policyCloses(name string) error {
	return fail.Errorf(fail.Denied, "policy closes %q", name).
		Then("do without it, or ask the user; `cleat policy explain` shows why")
}

// isClosed reports whether policy closes a file of a work tree that an address led to.
func (s *Source) isClosed(u uri.URI, name string) bool {
	r, _, err := s.inTree(u.Path)
	return err == nil && tree.Denies(s.closedIn(r), name)
}
