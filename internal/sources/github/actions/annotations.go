package actions

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/report"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// An annotation is what is used of the annotations that the API has.
type annotation struct {
	Path    string
	Line    int    `json:"start_line"`
	Column  int    `json:"start_column"`
	Level   string `json:"annotation_level"` // notice, warning, failure
	Title   string
	Message string
}

// maxAnnotations is how many pages of annotations are read. GitHub keeps at most 50 of a
// job's log; apps may add more.
const maxAnnotations = 3

// Failures implements ci.Reporter: the annotations of a job that say what failed. That a
// step's program has failed is no more than the job's status says, and is left out.
func (r *Runner) Failures(ctx context.Context, run *ci.Run, job *ci.Job) ([]report.Failure, error) {
	p, err := r.jobPlace(ctx, run, job)
	if err != nil {
		return nil, err
	}
	var out []report.Failure
	seen := map[report.Failure]bool{}
	query := url.Values{"per_page": {strconv.Itoa(perPage)}}
	for page, left := 1, maxAnnotations; page > 0 && left > 0; left-- {
		query.Set("page", strconv.Itoa(page))
		list, answer, err := get[[]annotation](ctx, r, p.repo, query, "check-runs", p.number, "annotations")
		switch rest.Status(err) {
		case http.StatusNotFound:
			return out, nil // the check of a job may be gone before the job is
		case http.StatusForbidden:
			return nil, fail.From(err).Then("read the job's log with ci_logs; annotations need the permission Checks: read")
		}
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			if f, ok := a.failure(); ok && !seen[f] && len(out) < report.MaxFailures {
				seen[f] = true
				out = append(out, f)
			}
		}
		if page, _, err = forge.Next(r.forge.Rest, answer.Header, page); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ownPath is the path that the runner gives what it says of itself.
const ownPath = ".github"

// failure returns what a says as a failure, if it says one.
func (a annotation) failure() (report.Failure, bool) {
	message := strings.TrimSpace(a.Message)
	if a.Level != "failure" || message == "" || noise(message) {
		return report.Failure{}, false
	}
	f := report.Failure{Kind: report.Finding, Tool: "github", Name: builds.Cut(strings.TrimSpace(a.Title), 200), Message: builds.Cut(message, report.MaxMessage)}
	switch {
	case a.Path == ownPath || a.Path == "":
		f.Kind = report.Line // of the runner: no space left, an action that is not there
		return f, true
	case ofCompiler(message):
		f.Kind = report.Build
	}
	f.File, f.Line, f.Column = builds.Clip(a.Path), max(a.Line, 0), max(a.Column, 0)
	return f, true
}

// noise reports whether the runner says by message only that something failed or was ended.
func noise(message string) bool {
	for _, p := range [...]string{
		"Process completed with exit code ", "The process ", "The operation was canceled", "The run was canceled by ",
		"The job was canceled because ", "The strategy configuration was canceled because ", "Canceling since ",
	} {
		if !strings.HasPrefix(message, p) {
			continue
		}
		// "The process '/usr/bin/git' failed with exit code 128" is of this kind, others are not.
		return p != "The process " || strings.Contains(message, "failed with exit code ")
	}
	return false
}

// ofCompiler reports whether message reads like one of a compiler or a loader.
func ofCompiler(message string) bool {
	m := strings.TrimPrefix(strings.ToLower(message), "error: ")
	for _, p := range [...]string{
		"undefined:", "undefined reference", "undeclared ", "syntax error", "syntaxerror", "cannot find ", "cannot use ", "cannot convert ",
		"no required module", "imported and not used", "declared and not used", "missing return", "error[e", "error ts", "error cs",
		"fatal error:", "unresolved ", "mismatched types", "incompatible types", "package does not exist",
	} {
		if strings.HasPrefix(m, p) {
			return true
		}
	}
	return false
}
