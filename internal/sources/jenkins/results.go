package jenkins

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cleat/internal/builds"
	"cleat/internal/report"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// Results of tests may be long: all of a run come at once.
const (
	resultsTree = "suites[name,enclosingBlocks,cases[className,name,status,errorDetails,errorStackTrace]]"
	maxResults  = 64 << 20
)

// results are what is used of the report of the plugin JUnit.
type results struct {
	Suites []struct {
		Name   string
		Blocks []string `json:"enclosingBlocks"` // ids of the stage, and what is around it
		Cases  []testCase
	}
}

type testCase struct {
	Class   string `json:"className"`
	Name    string
	Status  string
	Details string `json:"errorDetails"`
	Trace   string `json:"errorStackTrace"`
}

// Failures implements ci.Reporter: tests that failed in the stage. Where Jenkins does not say
// in which they ran, that is the first one that failed.
func (s *Source) Failures(ctx context.Context, run *ci.Run, job *ci.Job) ([]report.Failure, error) {
	p, err := s.place(run.ID)
	if err != nil {
		return nil, err
	}
	path, err := p.path("testReport")
	if err != nil {
		return nil, err
	}
	res, err := get[results](ctx, s, path, resultsTree, maxResults)
	if err != nil {
		if rest.Status(err) == http.StatusNotFound {
			return nil, nil // it has no report
		}
		return nil, err
	}
	first := slices.IndexFunc(run.Jobs, func(j ci.Job) bool { return j.Status.Bad() })
	stages := map[string]bool{}
	for _, j := range run.Jobs {
		stages[j.ID] = true
	}
	var out []report.Failure
	for _, suite := range res.Suites {
		known := slices.ContainsFunc(suite.Blocks, func(id string) bool { return stages[id] })
		mine := slices.Contains(suite.Blocks, job.ID)
		if !known {
			mine = len(run.Jobs) <= 1 || first >= 0 && run.Jobs[first].ID == job.ID
		}
		if !mine {
			continue
		}
		for _, c := range suite.Cases {
			if (c.Status == "FAILED" || c.Status == "REGRESSION") && len(out) < report.MaxFailures {
				out = append(out, c.failure(suite.Name))
			}
		}
	}
	return out, nil
}

// failure returns c as report has it.
func (c testCase) failure(suite string) report.Failure {
	f := report.Failure{Kind: report.Test, Tool: "junit", Name: builds.Clip(c.Name), Scope: builds.Clip(c.Class), Message: strings.TrimSpace(c.Details)}
	if f.Scope == "" {
		f.Scope = builds.Clip(suite)
	}
	if f.Message == "" {
		f.Message, _, _ = strings.Cut(strings.TrimSpace(c.Trace), "\n")
	}
	if len(f.Message) > report.MaxMessage {
		f.Message = strings.ToValidUTF8(f.Message[:report.MaxMessage-len("…")], "") + "…"
	}
	f.File, f.Line = frame(c.Class, c.Trace)
	return f
}

var (
	javaFrame   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*at ([\w.$/@]+)\(([\w$]+\.\w+):(\d+)\)`) })
	pythonFrame = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\s*File "([^"\n]{1,300})", line (\d+)`) })
	plainFrame  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`([\w./\\+-]{1,300}\.\w{1,6}):(\d+)\b`) })
)

// maxTrace is how much of a trace is read for its place, in bytes.
const maxTrace = 64 << 10

// frame returns the place that a trace names: in Java the first one in the test's class, in
// Python the innermost, else the first.
func frame(class, trace string) (file string, line int) {
	trace = trace[:min(len(trace), maxTrace)]
	var java, python, plain []string
	for l := range strings.Lines(trace) {
		l = l[:min(len(l), 2000)]
		if m := javaFrame().FindStringSubmatch(l); m != nil {
			method := m[1][strings.LastIndexByte(m[1], '/')+1:] // without the module
			if java == nil && class != "" && (strings.HasPrefix(method, class+".") || strings.HasPrefix(method, class+"$")) {
				java = m[2:]
			}
			continue
		}
		if m := pythonFrame().FindStringSubmatch(l); m != nil {
			python = m[1:]
		} else if m := plainFrame().FindStringSubmatch(l); m != nil && plain == nil {
			plain = m[1:]
		}
	}
	for _, m := range [][]string{java, python, plain} {
		if m == nil {
			continue
		}
		if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
			return builds.Clip(m[0]), n
		}
	}
	return "", 0
}
