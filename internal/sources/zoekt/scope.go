package zoekt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/rest/candidates"
	"cleat/internal/systems/code"
	"cleat/internal/text"
)

// A scope is which repositories and which branch are searched.
type scope struct {
	repo  string // an expression, "" for all
	ref   string // "" for the default branches
	repos []repository
}

// scope finds the repositories and the branch that q names. It asks the server only where
// q names one. It fails with fail.NotFound, which says what there is.
func (s *Source) scope(ctx context.Context, q code.Query) (scope, error) {
	if q.Repo == "" && q.Ref == "" {
		return scope{}, nil
	}
	sc := scope{}
	if q.Repo != "" {
		sc.repo = candidates.RepoRegexp(q.Repo)
	}
	repos, err := s.list(ctx, sc.repo)
	if err != nil {
		return sc, err
	}
	if len(repos) == 0 {
		return sc, s.noRepository(ctx, q.Repo)
	}
	sc.repos = repos
	if q.Ref == "" {
		return sc, nil
	}
	var names []string
	for _, r := range repos {
		for _, b := range r.Branches {
			commit := len(q.Ref) >= 7 && strings.HasPrefix(b.Version, strings.ToLower(q.Ref))
			if b.Name == q.Ref || commit {
				sc.ref = b.Name
			}
			names = append(names, b.Name)
		}
	}
	if sc.ref == "" {
		slices.Sort(names)
		e := fail.Errorf(fail.NotFound, "the index has no ref %q", q.Ref)
		return sc, e.Then("it has: %s", some(slices.Compact(names)))
	}
	return sc, nil
}

// list returns the repositories whose name matches the expression.
func (s *Source) list(ctx context.Context, repo string) ([]repository, error) {
	text := ""
	if repo != "" {
		text = "repo:" + quote(repo)
	}
	r, _, err := rest.Do[listReply](ctx, s.c, rest.Request{Method: "POST", Path: "/api/list",
		Body: rest.JSON(listRequest{text}), Want: rest.Want{Repeatable: true, MaxBody: s.most}})
	if err != nil {
		return nil, explain(err)
	}
	var out []repository
	for _, e := range r.List.Repos {
		out = append(out, e.Repository)
	}
	return out, nil
}

// noRepository is the error for a name that no repository has.
func (s *Source) noRepository(ctx context.Context, name string) error {
	e := fail.Errorf(fail.NotFound, "the index has no repository %q", name)
	all, err := s.list(ctx, "")
	if err != nil {
		return e // what was asked for is not there; why the search for others failed is beside the point
	}
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	return e.Then("%s", candidates.NearRepos(name, names))
}

// some lists the first names.
func some(names []string) string {
	more := ""
	if len(names) > 10 {
		names, more = names[:10], ", …"
	}
	var out []string
	for _, n := range names {
		out = append(out, text.Line(n))
	}
	return strings.Join(out, ", ") + more
}

// has reports whether the file is on the branch: the server compares parts of names.
func (sc scope) has(f file) bool { return slices.Contains(f.Branches, sc.ref) }

// String says what was searched.
func (sc scope) String() string {
	ref := "default branch"
	if sc.ref != "" {
		ref = sc.ref
	}
	switch {
	case sc.repos == nil:
		return "all repositories of the index, " + ref
	case len(sc.repos) > 1:
		return fmt.Sprintf("%d repositories of the index, %s", len(sc.repos), ref)
	}
	for _, b := range sc.repos[0].Branches {
		if sc.ref == "" || b.Name == sc.ref {
			return fmt.Sprintf("%s@%s (%.8s)", sc.repos[0].Name, b.Name, b.Version)
		}
	}
	return sc.repos[0].Name + "@" + ref
}
