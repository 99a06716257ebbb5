package workspace

import (
	"context"

	"cleat/internal/fail"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
)

// Search implements code.Searcher, by a parallel scan of the work tree, of a commit, or of
// one after the other of several repositories.
func (s *Source) Search(ctx context.Context, q code.Query) (*code.Result, error) {
	sp, err := readRef(q.Ref)
	if err != nil {
		return nil, err
	}
	if err := check(q, sp); err != nil {
		return nil, err
	}
	units, err := s.matching(q.Repo)
	if err != nil {
		return nil, err
	}
	h := newHunt(s, q, sp, units)
	if err := h.begin(); err != nil {
		return nil, err
	}
	return h.run(ctx)
}

// check refuses what no repository could make sense of.
func check(q code.Query, sp spec) error {
	switch q.Mode {
	case code.Symbol, code.Refs:
		if sp.compare {
			return fail.Errorf(fail.Unsupported, "mode=%s does not compare refs", q.Mode).
				Then("compare with mode=text or regex, or name one ref")
		}
		return nil
	}
	q.Cursor = "" // it may belong to one of several repositories
	_, err := scan.Compile(q)
	return err
}

// search searches one repository.
func (s *Source) search(ctx context.Context, u *repository, v *view, q code.Query) (*code.Result, error) {
	switch q.Mode {
	case code.Symbol, code.Refs:
		return s.lookUp(ctx, u, v, q)
	}
	m, err := scan.Compile(q)
	if err != nil {
		return nil, err
	}
	o := scan.Options{Redact: s.host.Redact, Deny: s.closedIn(u)}
	if v.other != nil {
		return scan.Compare(ctx, v.files, v.other, m, o)
	}
	return scan.Run(ctx, v.files, m, o)
}

// join puts notes into one line.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
