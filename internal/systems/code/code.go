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

// An Addresser gives the address that read takes for a file of a Result, of which repo is
// File.Repo: repo://REPO/REF/PATH, or text:// where it lies in a work tree. Optional; the
// address is text://PATH where a back end has none.
type Addresser interface {
	Address(repo, path string) uri.URI
}

// A Mode says what a pattern is.
type Mode string

const (
	Text   Mode = "text"   // a literal
	Regex  Mode = "regex"  // RE2 syntax, matched line by line
	Symbol Mode = "symbol" // a name; matches where it is defined
	Refs   Mode = "refs"   // a name; matches where it is defined and where it is used
	Files  Mode = "files"  // a glob or part of a path; matches paths, not content
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
	Repo    string   // name or glob of repositories, where the source has several; its own one if empty
	Ref     string   // branch, tag or commit instead of the work tree; A..B for what only one of them has
}

// A Result is what was found, what was searched, and what was not.
type Result struct {
	Mode        Mode         `json:"mode,omitempty"`        // of the query; Text if empty
	Definitions []Definition `json:"definitions,omitempty"` // definitions, for modes symbol and refs; best first
	Files       []File       `json:"files"`
	Matches     int          `json:"matches"` // matching lines in Files; for mode files, the files
	Stats       Stats        `json:"stats"`
	Scope       string       `json:"scope,omitempty"`   // what was searched, where it is not the work tree: "v1.2 (1a2b3c4d)"
	How         string       `json:"how,omitempty"`     // how it was found, where that matters: "by name", "by types", SimilarNames
	Read        string       `json:"read,omitempty"`    // the address of the first hit, where its path alone does not say how it is read
	Cursor      string       `json:"cursor,omitempty"`  // more can be had with this; empty at the end
	Skipped     string       `json:"skipped,omitempty"` // files that the reader may miss, such as those over the size limit, by name
	Partial     string       `json:"partial,omitempty"` // why the search ended early ("deadline of 200ms"); empty if it did not
	Detail      Detail       `json:"detail,omitempty"`  // what a budget has left of Files
	Omitted     int          `json:"omitted,omitempty"` // files that a budget has left out of Files
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
	Repo    string `json:"repo,omitempty"`    // its repository; empty where the source has one
	Path    string `json:"path"`              // slash-separated, relative to the repository's root
	Lines   []Line `json:"lines,omitempty"`   // in order; matches, their context, and what encloses them
	Matches int    `json:"matches,omitempty"` // matching lines found in the file
}

// A Line is one line of a file, without its end.
type Line struct {
	Number int    `json:"line"` // from 1
	Text   string `json:"text,omitempty"`
	Match  bool   `json:"match,omitempty"` // false for context
	Scope  bool   `json:"scope,omitempty"` // it opens the definition that the lines after it are in
	Only   string `json:"only,omitempty"`  // the one side of a comparison that has it: "-" or "+"
	full   int    // length of Text before a budget clipped it
}

// A Definition is where a name is defined.
type Definition struct {
	Repo      string `json:"repo,omitempty"` // as File.Repo
	Path      string `json:"path"`
	Line      int    `json:"line"`                // of the name, from 1
	End       int    `json:"end"`                 // last line of the definition
	Kind      string `json:"kind"`                // such as function, method, struct
	Container string `json:"container,omitempty"` // names of what it is in, outermost first, joined by dots
	Name      string `json:"name"`
	Signature string `json:"signature,omitempty"` // its head on one line
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

// Add adds what another part of the same search covered. Took stays: parts may have been
// searched at once.
func (s *Stats) Add(o Stats) {
	s.Files += o.Files
	s.Bytes += o.Bytes
	s.Ignored += o.Ignored
	s.Binary += o.Binary
	s.Large += o.Large
	s.Denied += o.Denied
	s.Special += o.Special
}

// SimilarNames is Result.How where nothing has just the name that was asked for, and
// Definitions have names like it.
const SimilarNames = "similar names"
