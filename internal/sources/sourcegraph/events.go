package sourcegraph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/rest/candidates"
	"cleat/internal/systems/code"
)

// A match is what is read of one element of an event "matches".
type match struct {
	Type         string  `json:"type"` // content, path, symbol, repo, …
	Repository   string  `json:"repository"`
	Path         string  `json:"path"`
	ChunkMatches []chunk `json:"chunkMatches"`
	Symbols      []struct {
		Name          string `json:"name"`
		ContainerName string `json:"containerName"`
		Kind          string `json:"kind"`
		Line          int    `json:"line"` // from 1
	} `json:"symbols"`
}

// A chunk is a run of whole lines.
type chunk struct {
	Content      string `json:"content"`
	ContentStart struct {
		Line int `json:"line"` // from 0
	} `json:"contentStart"`
}

// matches is the data of an event.
type matches []match

// Check implements rest.Checker.
func (m *matches) Check() error {
	for _, x := range *m {
		if x.Type == "" || x.Repository == "" {
			return errors.New("a match has no type or no repository")
		}
		for _, c := range x.ChunkMatches {
			if c.ContentStart.Line < 0 {
				return errors.New("a line has a number below zero")
			}
		}
	}
	return nil
}

type progress struct {
	Done    bool      `json:"done"`
	Skipped []skipped `json:"skipped"`
}

type skipped struct {
	Reason   string `json:"reason"`
	Title    string `json:"title"`
	Severity string `json:"severity"`
}

type alert struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

type failure struct {
	Message string `json:"message"`
}

// A reader reads the events of one search.
type reader struct {
	sr       *search
	add      func(context.Context, match) error
	progress progress // the last one
	alert    string
	done     bool
	full     bool
}

// event reads one event. Those of other types, such as filters, are of no use.
func (r *reader) event(ctx context.Context, e rest.Event) error {
	c := r.sr.s.c
	switch e.Name {
	case "matches":
		list, err := rest.Decode[matches](c, e.Data)
		if err != nil {
			return err
		}
		for _, m := range list {
			if err := r.add(ctx, m); err != nil {
				return err
			}
			if r.sr.c.Full() {
				r.full = true
				return rest.ErrStop
			}
		}
	case "progress":
		p, err := rest.Decode[progress](c, e.Data)
		if err != nil {
			return err
		}
		r.progress = p
	case "alert":
		a, err := rest.Decode[alert](c, e.Data)
		if err != nil {
			return err
		}
		r.alert = c.Clean(strings.TrimSpace(a.Title + ": " + a.Description))
	case "error":
		f, err := rest.Decode[failure](c, e.Data)
		if err != nil {
			return err
		}
		return fail.Errorf(fail.Unavailable, "sourcegraph could not search: %s", c.Clean(f.Message))
	case "done":
		r.done = true
		return rest.ErrStop
	}
	return nil
}

// end says what the stream, which has ended, leaves to say.
func (r *reader) end() error {
	sr := r.sr
	if r.full {
		sr.more = true
		return nil
	}
	if !r.done {
		return fail.Errorf(fail.Unavailable, "the answer of sourcegraph broke off before its end")
	}
	for _, s := range r.progress.Skipped {
		said := sr.s.c.Clean(s.Title)
		switch s.Reason {
		case "repository-fork", "excluded-fork", "repository-archive", "excluded-archive":
			sr.c.Skipped(said)
		case "display", "shard-match-limit", "document-match-limit":
			sr.c.Partial("the instance stopped at a limit (" + said + "); narrow the search")
		default:
			sr.c.Partial("not all was searched: " + said)
		}
	}
	if r.alert == "" {
		return nil
	}
	if sr.q.Ref != "" && sr.c.Found() == 0 && strings.Contains(r.alert, "revision") {
		return fail.Errorf(fail.NotFound, "there is no ref %q there", sr.q.Ref).Because("%s", r.alert).
			Then("give a branch, tag or commit of the repository, or leave ref out")
	}
	sr.c.Partial("sourcegraph says: " + r.alert)
	return nil
}

// addContent adds a file with matching lines.
func (sr *search) addContent(ctx context.Context, m match) error {
	if m.Type != "content" {
		return nil
	}
	f := candidates.File{Repo: m.Repository, Path: m.Path}
	for _, c := range m.ChunkMatches {
		f.Parts = append(f.Parts, candidates.Part{First: c.ContentStart.Line + 1, Data: []byte(c.Content)})
	}
	return sr.c.Add(ctx, f)
}

// addPath adds a file whose path matches.
func (sr *search) addPath(ctx context.Context, m match) error {
	if m.Type != "path" {
		return nil
	}
	return sr.c.Add(ctx, candidates.File{Repo: m.Repository, Path: m.Path})
}

// addSymbols adds the definitions of a file.
func (sr *search) addSymbols(ctx context.Context, m match) error {
	if m.Type != "symbol" {
		return nil
	}
	return sr.c.Add(ctx, m.file())
}

// define notes the definitions of a file whose uses are looked for.
func (sr *search) define(_ context.Context, m match) error {
	if m.Type == "symbol" {
		sr.c.Define(m.file())
	}
	return nil
}

// file is a symbol match as a file with definitions.
func (m match) file() candidates.File {
	f := candidates.File{Repo: m.Repository, Path: m.Path}
	for _, s := range m.Symbols {
		f.Definitions = append(f.Definitions, code.Definition{
			Line: s.Line, Kind: strings.ToLower(fmt.Sprintf("%.40s", s.Kind)), Container: s.ContainerName, Name: s.Name,
		})
	}
	return f
}
