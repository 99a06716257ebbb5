package zoekt

import (
	"errors"
	"time"

	"cleat/internal/rest/candidates"
	"cleat/internal/systems/code"
	"cleat/internal/text"
)

// A request is the body of POST /api/search.
type request struct {
	Q    string
	Opts options
}

// options are those of zoekt.SearchOptions that are used.
type options struct {
	Whole              bool
	MaxDocDisplayCount int
	ShardMaxMatchCount int
	TotalMaxMatchCount int
	MaxWallTime        time.Duration
}

// A reply is what comes.
type reply struct{ Result *answer }

// An answer is what is read of zoekt.SearchResult.
type answer struct {
	FileCount            *int // files that match
	FilesConsidered      int
	ShardFilesConsidered int
	FilesSkipped         int
	ShardsSkipped        int
	Crashes              int
	ContentBytesLoaded   int64
	Files                []file
}

// Check implements rest.Checker. Files is null where nothing was found, so that has to be
// said in another way too.
func (r *reply) Check() error {
	switch {
	case r.Result == nil:
		return errors.New("the key Result is missing")
	case r.Result.FileCount == nil:
		return errors.New("the key FileCount is missing")
	case *r.Result.FileCount > 0 && len(r.Result.Files) == 0:
		return errors.New("it says that files match, and has none")
	}
	return nil
}

type file struct {
	Repository  string
	FileName    string
	Branches    []string
	Version     string
	Content     []byte
	LineMatches []lineMatch
}

type lineMatch struct {
	LineNumber    int
	LineFragments []struct {
		SymbolInfo *struct{ Sym, Kind, Parent string }
	}
}

// candidate is what the collector reads.
func (f file) candidate(mode code.Mode) candidates.File {
	c := candidates.File{Repo: f.Repository, Path: f.FileName}
	if mode == code.Files {
		return c
	}
	c.Parts, c.Whole = []candidates.Part{{First: 1, Data: f.Content}}, true
	for _, l := range f.LineMatches {
		for _, frag := range l.LineFragments {
			if s := frag.SymbolInfo; s != nil {
				c.Definitions = append(c.Definitions, code.Definition{Line: l.LineNumber, Kind: s.Kind, Container: s.Parent, Name: s.Sym})
			}
		}
	}
	return c
}

// notes passes on what the server says of the search.
func (a *answer) notes(c *candidates.Collector) {
	c.Looked(max(a.FilesConsidered, a.ShardFilesConsidered), a.ContentBytesLoaded)
	if a.Crashes > 0 {
		c.Partial(text.Count(a.Crashes, "part") + " of the index crashed")
	}
	if a.ShardsSkipped > 0 {
		c.Partial(text.Count(a.ShardsSkipped, "part") + " of the index not searched, for time or because enough was found")
	}
	if a.FilesSkipped > 0 {
		c.Partial(text.Count(a.FilesSkipped, "file") + " not searched, since enough was found")
	}
}

// A listRequest is the body of POST /api/list.
type listRequest struct{ Q string }

type listReply struct{ List *list }

type list struct {
	Stats *struct{ Repos int }
	Repos []struct{ Repository repository }
}

// Check implements rest.Checker.
func (r *listReply) Check() error {
	switch {
	case r.List == nil:
		return errors.New("the key List is missing")
	case r.List.Stats == nil:
		return errors.New("the key Stats is missing")
	case r.List.Stats.Repos > 0 && len(r.List.Repos) == 0:
		return errors.New("it says that there are repositories, and has none")
	}
	return nil
}

type repository struct {
	Name     string
	Branches []struct{ Name, Version string }
}
