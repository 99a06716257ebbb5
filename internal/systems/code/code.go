// Package code is the system of source code: what a back end that can be searched
// for code looks like.
package code

import (
	"context"
	"time"

	"cleat/internal/uri"
)

// A Searcher finds code. Implementations are safe for concurrent use and open
// nothing before the first call.
//
// Search fails with fail.Invalid for a query it cannot understand (a bad regular
// expression, a stale cursor), fail.NotFound for a path that does not exist, and
// fail.Denied for a path outside its roots. When ctx ends, the work stops and what
// was found so far is returned with Result.Partial set, and no error.
type Searcher interface {
	Search(ctx context.Context, q Query) (*Result, error)
}

// An Addresser gives the address that read takes for a path of a Result. Optional; the
// address is text://PATH where a back end has none.
type Addresser interface{ Address(path string) uri.URI }

// A Mode says what a pattern is.
type Mode string

const (
	Text  Mode = "text"  // a literal
	Regex Mode = "regex" // RE2 syntax, matched line by line
	Files Mode = "files" // a glob or part of a path; matches paths, not content
)

// A Case says how letter case counts.
type Case string

const (
	Sensitive Case = "sensitive"
	Ignore    Case = "ignore"
	Smart     Case = "smart" // Ignore if the pattern has no upper-case letter
)

// A Query says what to look for. The zero values of all but Pattern are defaults.
type Query struct {
	Pattern string
	Mode    Mode     // Text if empty
	Paths   []string // files, folders or globs under the root; all if empty. A leading "!" excludes
	Lang    string   // only files of this language, such as "go"
	Case    Case     // Sensitive if empty
	Word    bool     // the match must be a whole word
	Context int      // lines shown before and after each match
	Limit   int      // most matching lines returned; 0 means 200
	PerFile int      // most matching lines returned of one file; 0 means Limit
	Cursor  string   // from an earlier Result
	Repo    string   // name of a repository, where the source has several
	Ref     string   // branch, tag or commit instead of the work tree
}

// A Result is what was found, what was searched, and what was not.
type Result struct {
	Files   []File `json:"files"`
	Matches int    `json:"matches"` // matching lines in Files; for mode files, the files
	Stats   Stats  `json:"stats"`
	Cursor  string `json:"cursor,omitempty"`  // more can be had with this; empty at the end
	Skipped string `json:"skipped,omitempty"` // files that the reader may miss, such as those over the size limit, by name
	Partial string `json:"partial,omitempty"` // why the search ended early ("deadline of 200ms"); empty if it did not
	Detail  Detail `json:"detail,omitempty"`  // what a budget has left of Files
	Omitted int    `json:"omitted,omitempty"` // files that a budget has left out of Files
}

// A Detail is a step of degrading.
type Detail string

// The steps, in the order in which a budget takes them.
const (
	Whole   Detail = ""
	Bare    Detail = "no context"        // context lines left out
	Clipped Detail = "clipped lines"     // long lines cut around nothing but their beginning
	Numbers Detail = "line numbers only" // the text of lines left out
	Counts  Detail = "counts per file"   // the lines left out
)

// A File is one file with matches. Mode Files has no Lines.
type File struct {
	Path    string `json:"path"`              // slash-separated, relative to the source's root
	Lines   []Line `json:"lines,omitempty"`   // in order; matches and their context
	Matches int    `json:"matches,omitempty"` // matching lines found in the file
}

// A Line is one line of a file, without its end.
type Line struct {
	Number int    `json:"line"` // from 1
	Text   string `json:"text,omitempty"`
	Match  bool   `json:"match,omitempty"` // false for context
	full   int    // length of Text before a budget clipped it
}

// Stats says what a search covered.
type Stats struct {
	Files   int           `json:"files"` // files whose content (or path, for mode files) was looked at
	Bytes   int64         `json:"bytes,omitempty"`
	Ignored int           `json:"ignored,omitempty"` // files and folders left out by ignore files
	Binary  int           `json:"binary,omitempty"`  // files left out because they are not text
	Large   int           `json:"large,omitempty"`   // files left out because they are over the size limit
	Denied  int           `json:"denied,omitempty"`  // files left out because they may not be read
	Special int           `json:"special,omitempty"` // links, devices and others that are not regular files
	Took    time.Duration `json:"took"`              // nanoseconds
}
