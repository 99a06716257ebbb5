package ci

import (
	"context"
	"regexp"

	"cleat/internal/buildlog"
	"cleat/internal/document"
	"cleat/internal/fail"
)

// A LogQuery asks for a part of a log.
type LogQuery struct {
	Which
	Job     string
	Op      string // "search", "tail" or "range"
	Pattern string // a regular expression, for search
	Context int    // lines around each hit
	Part    string // lines as "L10-L50", for range
	Limit   int    // hits or lines
	Last    bool   // of many hits the last and not the first
}

// Limits of what is shown of a log.
const (
	DefaultHits = 20
	MaxHits     = 500
	MaxLines    = 2000
	MaxContext  = 50
	maxPattern  = 1000 // bytes
)

// Log returns the part of a job's log that is asked for.
func (s *Service) Log(ctx context.Context, q LogQuery) (*Excerpt, error) {
	var re *regexp.Regexp
	if q.Op == "search" {
		if q.Pattern == "" || len(q.Pattern) > maxPattern {
			return nil, fail.Errorf(fail.Invalid, "op=search needs a pattern of 1 to %d bytes", maxPattern).Then("pass pattern, or op=tail")
		}
		var err error
		if re, err = regexp.Compile(q.Pattern); err != nil {
			return nil, fail.Errorf(fail.Invalid, "the pattern is no regular expression: %s", clip(err.Error())).
				Because("the syntax is RE2's").Then("mend the pattern; \\Q…\\E quotes a literal")
		}
	}
	var lines document.Part
	if q.Op == "range" {
		var err error
		if lines, err = document.ParsePart(q.Part); err != nil {
			return nil, err
		}
		if lines.Kind != document.Range {
			return nil, fail.Errorf(fail.Invalid, "op=range needs lines").Then("pass part=L10-L50")
		}
	}
	run, err := s.one(ctx, q.Which)
	if err != nil {
		return nil, err
	}
	job, err := run.job(q.Job)
	if err != nil {
		return nil, err
	}
	log, cut, err := s.openLog(ctx, run, job)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	e := &Excerpt{Run: run.ID, Job: job.Name, Status: job.Status, Op: q.Op, Cut: cut, several: len(run.Jobs) > 1}
	switch q.Op {
	case "search":
		o := buildlog.Options{Context: min(max(q.Context, 0), MaxContext), Max: limit(q.Limit, DefaultHits, MaxHits), Reverse: q.Last}
		found, err := buildlog.Search(ctx, log, re, o)
		if err != nil {
			return nil, err
		}
		e.Hits, e.Total, e.Blocks, e.last = found.Hits, found.Lines, found.Blocks, q.Last
	case "range":
		to := lines.To
		if most := lines.From + limit(q.Limit, MaxLines, MaxLines) - 1; to == 0 || to > most {
			to = most
		}
		part, err := buildlog.Range(ctx, log, lines.From, to)
		if err != nil {
			return nil, err
		}
		e.part(part)
		if part.TotalKnown && lines.From > part.Total {
			return nil, fail.Errorf(fail.NotFound, "the log has %d lines", part.Total).Then("pass a part that begins before its end")
		}
	default:
		part, err := buildlog.Tail(ctx, log, limit(q.Limit, 100, MaxLines))
		if err != nil {
			return nil, err
		}
		e.part(part)
	}
	return e, nil
}

// part takes over what was read in one piece.
func (e *Excerpt) part(p *buildlog.Part) {
	e.Total, e.From, e.To = -1, p.From, p.To
	if p.TotalKnown {
		e.Total = p.Total
	}
	if lines := buildlog.Fold(p.Lines); len(lines) > 0 {
		e.Blocks = [][]buildlog.Line{lines}
	}
}

func limit(n, usual, most int) int {
	if n <= 0 {
		return usual
	}
	return min(n, most)
}
