package workspace

import (
	"path/filepath"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// Schemes implements documents.Library.
func (s *Source) Schemes() []string { return []string{"text", "json", "repo", "diff"} }

// Address implements code.Addresser. Paths of other than the main workspace are absolute,
// as the same path may exist in several; what has no work tree is addressed at HEAD.
func (s *Source) Address(repo, path string) uri.URI {
	u, err := s.lookup(repo)
	if err != nil {
		return uri.New("text", path) // of a repository that is there no more
	}
	return s.address(u, path)
}

func (s *Source) address(u *repository, path string) uri.URI {
	switch {
	case u.bare:
		return uri.New("repo", u.name, "HEAD", path)
	case !u.own || !s.main:
		path = filepath.ToSlash(filepath.Join(u.dir, filepath.FromSlash(path)))
	}
	return uri.New("text", path)
}

// addressed reports whether the addresses of a scheme begin with a repository's name.
func addressed(scheme string) bool { return scheme == "repo" || scheme == "diff" }

// inTree returns the repository in whose work tree the path of an address lies, and the
// path there. It looks at the words only; a path that lies in none is fail.Denied.
func (s *Source) inTree(p string) (*repository, string, error) {
	native := filepath.FromSlash(p)
	if !filepath.IsAbs(native) || s.own != nil && !s.several() {
		if s.own == nil {
			return nil, "", s.noFolder(p)
		}
		name, err := s.own.rel(p)
		return s.own, name, err
	}
	if s.own != nil {
		if name, err := s.own.rel(native); err == nil {
			return s.own, name, nil // rules about its paths hold for what lies in it
		}
	}
	var best *repository
	longest := -1
	list, _ := s.repositories()
	for _, u := range list {
		if n, ok := u.is(native); ok && !u.bare && n > longest {
			best, longest = u, n
		}
	}
	if best == nil {
		if s.own != nil {
			best = s.own // its refusal is that of all
		} else {
			_, err := tree.Rel(native)
			return nil, "", err
		}
	}
	name, err := best.rel(native)
	return best, name, err
}

// noFolder is the answer to a relative path where the source has no folder of its own.
func (s *Source) noFolder(p string) error {
	list, cut := s.repositories()
	f := fail.Errorf(fail.NotFound, "the path %q is relative, and this source has no folder of its own", p)
	if len(list) == 0 {
		return s.unknown(f, "", list, cut)
	}
	return f.Then("write repo://NAME/REF/path, with one of the repositories that find or completion names, such as %q", list[0].name)
}

// Names implements documents.Namer.
func (s *Source) Names(u uri.URI) (address uri.URI, path string, ok bool) {
	if !addressed(u.Scheme) {
		r, path, err := s.inTree(strings.TrimSuffix(u.Path, "/"))
		if err != nil {
			return uri.URI{}, path, false
		}
		address := s.address(r, path)
		address.Scheme = u.Scheme
		return address, path, true
	}
	parts, err := u.Segments(3)
	if err != nil || len(parts) < 2 {
		return uri.URI{}, "", false
	}
	r, err := s.lookup(parts[0])
	if err != nil {
		return uri.URI{}, "", false
	}
	name := r.name
	if r.own && s.main {
		name = "."
	}
	if u.Scheme == "diff" {
		_, rng, err := diffParts(u)
		return diffAddress(name, rng), rng, err == nil
	}
	if len(parts) < 3 {
		return uri.URI{}, "", false
	}
	path, err = r.rel(parts[2])
	return uri.New("repo", name, parts[1], path), path, err == nil
}

// Owns implements systems.Owner.
func (s *Source) Owns(u uri.URI) bool {
	if addressed(u.Scheme) {
		parts, err := u.Segments(2)
		if err != nil {
			return false
		}
		if parts[0] == "" || parts[0] == "." {
			return s.main
		}
		_, err = s.lookup(parts[0])
		return err == nil
	}
	if !filepath.IsAbs(filepath.FromSlash(u.Path)) {
		return s.main
	}
	_, _, err := s.inTree(u.Path)
	return err == nil
}
