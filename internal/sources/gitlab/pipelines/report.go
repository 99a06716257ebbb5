package pipelines

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/report"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// A suite is what is used of the test suites that the API has: all the tests of a job, or of
// the parts of one that runs in parallel.
type suite struct {
	Name   string `json:"name"`
	Failed int    `json:"failed_count"`
	Errors int    `json:"error_count"`
	Cases  []struct {
		Status string   `json:"status"`
		Name   string   `json:"name"`
		Class  string   `json:"classname"`
		File   string   `json:"file"`
		Output freeText `json:"system_output"`
		Trace  freeText `json:"stack_trace"`
	} `json:"test_cases"`
}

// suites is a test report, or the summary of one, whose suites have no cases.
type suites struct {
	Suites []suite `json:"test_suites"`
}

// freeText is a text that may be null, or an object with the text in it, as GitLab makes of the
// elements of a report.
type freeText string

// UnmarshalJSON implements json.Unmarshaler.
func (t *freeText) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = freeText(s)
		return nil
	}
	var parts struct {
		Message string `json:"message"`
		Content string `json:"__content__"`
	}
	if json.Unmarshal(data, &parts) == nil {
		s = strings.TrimSpace(parts.Message + "\n" + parts.Content)
	}
	*t = freeText(s) // what is neither tells nothing
	return nil
}

// maxReport is how much is read of a test report, in bytes: it has the output of every test.
const maxReport = 64 << 20

// Failures implements ci.Reporter: the tests of a job that failed by the reports which it
// uploaded. GitLab keeps one report for all the parts of a parallel job; it belongs to the
// first part that failed.
func (r *Runner) Failures(ctx context.Context, run *ci.Run, j *ci.Job) ([]report.Failure, error) {
	if !builds.IsNumber(j.ID) {
		return nil, nil // of what starts a pipeline, or of the configuration
	}
	names := suiteNames(j.Name)
	if len(names) > 1 {
		at := slices.IndexFunc(run.Jobs, func(o ci.Job) bool {
			of := suiteNames(o.Name)
			return o.Status.Bad() && of[len(of)-1] == names[len(names)-1]
		})
		if at >= 0 && run.Jobs[at].ID != j.ID {
			names = names[:1]
		}
	}
	in, number, err := r.place(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	bad := func(s suite) bool { return slices.Contains(names, s.Name) && s.Failed+s.Errors > 0 }
	summary, _, err := get[suites](ctx, r, in, nil, "pipelines", number, "test_report_summary")
	if hidden(err) {
		return nil, nil // reports may be switched off, or closed to the token
	}
	if err != nil || !slices.ContainsFunc(summary.Suites, bad) {
		return nil, err
	}
	path, err := in.at("pipelines", number, "test_report")
	if err != nil {
		return nil, err
	}
	all, _, err := rest.Do[suites](ctx, r.forge.Rest, rest.Request{Path: path, Want: rest.Want{MaxBody: maxReport}})
	if err != nil {
		return nil, fail.Hint(err, "read the job's log with ci_logs")
	}
	var out []report.Failure
	for _, s := range all.Suites {
		if bad(s) {
			out = append(out, s.failures(report.MaxFailures-len(out))...)
		}
	}
	return out, nil
}

// failures returns the tests that failed, at most n.
func (s suite) failures(n int) (out []report.Failure) {
	for _, c := range s.Cases {
		if len(out) >= n {
			break
		}
		if c.Status != "failed" && c.Status != "error" {
			continue
		}
		message := strings.TrimSpace(string(c.Output))
		if message == "" {
			message = strings.TrimSpace(string(c.Trace))
		}
		out = append(out, report.Failure{Kind: report.Test, Tool: "junit", Name: builds.Clip(c.Name), Scope: builds.Clip(c.Class),
			Message: builds.Cut(message, report.MaxMessage), File: builds.Clip(c.File)})
	}
	return out
}

// suiteNames returns the names that the suite of a job may have: its own, and without the part
// of a parallel job, "rspec 1/3" or "rspec: [ruby, 3]".
func suiteNames(name string) []string {
	if base, part, ok := cutLast(name, " "); ok {
		if x, y, ok := strings.Cut(part, "/"); ok && builds.IsNumber(x) && builds.IsNumber(y) {
			return []string{name, base}
		}
	}
	if base, _, ok := strings.Cut(name, ": ["); ok && strings.HasSuffix(name, "]") {
		return []string{name, base}
	}
	return []string{name}
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
