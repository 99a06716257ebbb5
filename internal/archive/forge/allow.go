package forge

import (
	"slices"
	"strings"

	"cleat/internal/fail"
)

// An Allow is which repositories a source may touch. Names are compared without case, as
// forges do.
type Allow struct {
	patterns []string // as configured; none allows all that the token can see
	folded   [][]string
}

// NewAllow compiles the patterns, which CheckRepos has seen.
func NewAllow(patterns []string) *Allow {
	a := &Allow{patterns: patterns}
	for _, p := range patterns {
		a.folded = append(a.folded, fold(p))
	}
	return a
}

func fold(name string) []string { return strings.Split(strings.ToLower(name), "/") }

// Has reports whether the repository is allowed.
func (a *Allow) Has(name string) bool {
	if checkSegments(name, false) != "" {
		return false
	}
	if len(a.folded) == 0 {
		return true
	}
	segs := fold(name)
	return slices.ContainsFunc(a.folded, func(p []string) bool { return globMatch(p, segs) })
}

// one returns the only repository there is, "" if there may be several.
func (a *Allow) one() string {
	if len(a.patterns) == 1 && !hasGlob(a.patterns[0]) {
		return a.patterns[0]
	}
	return ""
}

// spelled returns the name as the configuration spells it, where that names it.
func (a *Allow) spelled(name string) string {
	for _, p := range a.patterns {
		if strings.EqualFold(p, name) && !hasGlob(p) {
			return p
		}
	}
	return name
}

// String lists the patterns for people.
func (a *Allow) String() string {
	if len(a.patterns) == 0 {
		return "all that the token can see"
	}
	return strings.Join(a.patterns, ", ")
}

// A Target is what a query is about: repositories of a source.
type Target struct {
	Name string // of the one repository; "" for several

	// Names and Owners together hold all that may match; both empty is everything.
	Names  []string
	Owners []string

	allow *Allow
	glob  []string // of the query, nil for none
}

// Has reports whether the repository belongs to the target and is allowed.
func (t Target) Has(name string) bool {
	if t.Name != "" {
		return strings.EqualFold(t.Name, name) && t.allow.Has(name)
	}
	return t.allow.Has(name) && (t.glob == nil || globMatch(t.glob, fold(name)))
}

// String names the target for people.
func (t Target) String() string {
	switch {
	case t.Name != "":
		return t.Name
	case t.glob != nil:
		return strings.Join(t.glob, "/")
	}
	return t.allow.String()
}

// Target reads Query.Repo: "" is all that is allowed, else a name or a glob. It fails with
// fail.Invalid for what is neither, and with fail.Denied for what is not allowed.
func (a *Allow) Target(repo string) (Target, error) {
	t := Target{allow: a}
	if repo == "" {
		if t.Name = a.one(); t.Name == "" {
			t.Names, t.Owners = split(a.patterns)
		}
		return t, nil
	}
	if !strings.Contains(repo, "/") {
		full, err := a.complete(repo)
		if err != nil {
			return Target{}, err
		}
		repo = full
	}
	if !hasGlob(repo) {
		if err := checkName(repo); err != nil {
			return Target{}, err
		}
		if !a.Has(repo) {
			return Target{}, a.denied(repo)
		}
		t.Name = repo
		return t, nil
	}
	if what := checkSegments(repo, true); what != "" || strings.Count(repo, "**") > 2 {
		return Target{}, fail.Errorf(fail.Invalid, "%.100q is no pattern of repositories", repo).Because("%s", what).
			Then("give owner/name; * and ? stand for parts of a name")
	}
	t.glob = fold(repo)
	t.Names, t.Owners = split([]string{repo})
	if len(t.Owners) == 0 {
		t.Names, t.Owners = split(a.patterns)
	} else if len(a.folded) > 0 && !slices.ContainsFunc(a.folded, func(p []string) bool {
		return p[0] == "**" || segmentMatch(p[0], t.glob[0])
	}) {
		return Target{}, a.denied(repo)
	}
	return t, nil
}

// complete adds the owner to a name without one, where only one can be meant.
func (a *Allow) complete(name string) (string, error) {
	var full []string
	for i, p := range a.folded {
		if len(p) != 2 || hasGlob(p[0]) || !segmentMatch(p[1], strings.ToLower(name)) {
			continue
		}
		owner, _, _ := strings.Cut(a.patterns[i], "/")
		if n := owner + "/" + name; !slices.Contains(full, n) {
			full = append(full, n)
		}
	}
	switch {
	case len(full) == 1:
		return full[0], nil
	case len(full) > 1:
		return "", fail.Errorf(fail.Invalid, "the repository %.100q may be any of %s", name, strings.Join(full, ", ")).
			Then("give one of them")
	case len(a.patterns) > 0:
		return "", a.denied(name)
	}
	return "", checkName(name)
}

func (a *Allow) denied(name string) error {
	return fail.Errorf(fail.Denied, "the repository %.100q is outside what this source may use", name).
		Because("allowed are: %s", a).
		Then("use one of them; what is allowed is in the key repos of the source")
}

// split sorts patterns into names of single repositories and owners of several, which are
// groups in groups where a pattern begins with more names than one. Both are empty if a
// pattern is about any owner.
func split(patterns []string) (names, owners []string) {
	for _, p := range patterns {
		segs := strings.Split(p, "/")
		n := slices.IndexFunc(segs, hasGlob)
		switch {
		case n < 0:
			names = append(names, p)
			continue
		case n == 0:
			return nil, nil
		}
		if owner := strings.Join(segs[:n], "/"); !slices.Contains(owners, owner) {
			owners = append(owners, owner)
		}
	}
	return names, owners
}
