package workspace

import (
	"context"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
)

// Search implements code.Searcher by a parallel scan of the work tree.
func (s *Source) Search(ctx context.Context, q code.Query) (*code.Result, error) {
	if q.Repo != "" && q.Repo != "." && q.Repo != s.name {
		return nil, fail.Errorf(fail.NotFound, "there is no repository %q here", q.Repo).Then("use . or %q", s.name)
	}
	if q.Ref != "" {
		return nil, fail.Errorf(fail.Unsupported, "this source searches the work tree, not a ref").
			Then("leave ref out; read shows single files at a ref by repo://./REF/path")
	}
	m, err := scan.Compile(q)
	if err != nil {
		return nil, err
	}
	var report scan.Report
	res, err := scan.Run(ctx, s.root, m, scan.Options{Redact: s.host.Redact, Deny: s.closed(), Report: &report})
	if err != nil {
		return nil, nameable(err)
	}
	if len(report.Large) > 0 {
		res.Skipped = "too large: " + strings.Join(report.Large, ", ")
	}
	return res, nil
}
