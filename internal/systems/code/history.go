package code

import (
	"context"
	"time"
)

// A Historian reads the history of repositories. Optional for a Searcher. Implementations
// are safe for concurrent use.
//
// The methods fail with fail.NotFound for a repository, revision or path that does not
// exist (naming the nearest that do), fail.Invalid for a query that makes no sense or a
// stale cursor, and fail.Denied for a path that policy closes. When ctx ends, they return
// what they have with Partial set, or context.Cause if that is nothing.
type Historian interface {
	// Log lists commits, newest first.
	Log(ctx context.Context, q HistoryQuery) (*Log, error)

	// Show returns one commit and what it changed; Range names it, HEAD if empty. Of a
	// merge it is what differs from the first parent.
	Show(ctx context.Context, q HistoryQuery) (*Show, error)

	// Diff compares two trees; Range is A..B, A...B (from where they forked), or A alone
	// for A against the work tree; HEAD if empty.
	Diff(ctx context.Context, q HistoryQuery) (*Diff, error)

	// Blame says who last changed each line of Path, at Range, a commit, or as checked
	// out.
	Blame(ctx context.Context, q HistoryQuery) (*Blame, error)

	// Branches lists branches, most recently committed first; Text is a part of the name.
	Branches(ctx context.Context, q HistoryQuery) (*Branches, error)
}

// A HistoryQuery says what is asked of a history. The zero values are defaults.
type HistoryQuery struct {
	Repo   string // name of a repository, where the source has several
	Path   string // file or folder that counts
	Range  string // a revision, A..B or A...B; see Historian
	Author string // part of the author's name or address, in any case
	Since  time.Time
	Text   string // for Log, only commits that change how often this literal occurs
	First  int    // for Blame, the first line, from 1; 0 is the first
	Last   int    // for Blame, the last line; 0 is the last
	Limit  int    // most commits, lines or branches; 0 means the default of the operation
	Cursor string // from an earlier answer
}

// A Commit is one commit of a log. Texts are foreign.
type Commit struct {
	Hash    string    `json:"hash"` // abbreviated to 10 digits
	Parents []string  `json:"parents,omitempty"`
	Author  string    `json:"author"` // name
	Email   string    `json:"email,omitempty"`
	Time    time.Time `json:"time"` // authored, UTC
	Subject string    `json:"subject"`
	Body    string    `json:"body,omitempty"`
	Refs    []string  `json:"refs,omitempty"` // branches and tags that lead to it
	Path    string    `json:"path,omitempty"` // what the file was called then, if otherwise
}

// A Log is a page of commits.
type Log struct {
	Commits []Commit `json:"commits"`
	Cursor  string   `json:"cursor,omitempty"`
	Partial string   `json:"partial,omitempty"`
	Omitted int      `json:"omitted,omitempty"` // commits that a budget has left out
}

// A Show is a commit with its changes.
type Show struct {
	Commit Commit `json:"commit"`
	Diff   Diff   `json:"diff"`
}

// A Diff is what differs between two trees, file by file in the order of paths.
type Diff struct {
	From    string     `json:"from"` // what is compared, as asked and with its hash
	To      string     `json:"to"`
	Files   []FileDiff `json:"files"`
	Added   int        `json:"added"` // lines, in all files
	Deleted int        `json:"deleted"`
	Denied  int        `json:"denied,omitempty"` // files left out because they may not be read
	Cursor  string     `json:"cursor,omitempty"`
	Partial string     `json:"partial,omitempty"`
	Omitted int        `json:"omitted,omitempty"` // files that a budget has left out
}

// A FileDiff is what differs in one file. Hunks are absent where Folded says why.
type FileDiff struct {
	Path    string `json:"path"`
	Old     string `json:"old,omitempty"` // the path before, if renamed or copied
	Status  string `json:"status"`        // added, deleted, modified, renamed, copied, type
	Added   int    `json:"added"`         // lines
	Deleted int    `json:"deleted"`
	Binary  bool   `json:"binary,omitempty"`
	Folded  string `json:"folded,omitempty"` // why its hunks are not shown: lock, generated, vendored, minified, large, budget
	Hunks   []Hunk `json:"hunks,omitempty"`
}

// A Hunk is a stretch of changed lines with the lines around it.
type Hunk struct {
	OldLine  int    `json:"old_line"` // from 1, as in a unified diff
	OldLines int    `json:"old_lines"`
	NewLine  int    `json:"new_line"`
	NewLines int    `json:"new_lines"`
	In       string `json:"in,omitempty"` // the definition it is in
	Text     string `json:"text"`         // lines that begin with " ", "-" or "+"
}

// A Blame is who last changed the lines of a file.
type Blame struct {
	Path    string      `json:"path"`
	At      string      `json:"at"` // the commit
	Spans   []BlameSpan `json:"spans"`
	Commits []Commit    `json:"commits"` // those of Spans, each once
	Total   int         `json:"total"`   // lines of the file
	Cursor  string      `json:"cursor,omitempty"`
	Partial string      `json:"partial,omitempty"`
	Detail  Detail      `json:"detail,omitempty"` // what a budget has left
}

// A BlameSpan is consecutive lines that one commit changed last.
type BlameSpan struct {
	Commit string   `json:"commit"`
	First  int      `json:"first"` // line, from 1
	Last   int      `json:"last"`
	Lines  []string `json:"lines,omitempty"`
}

// Branches is a list of branches.
type Branches struct {
	Current  string   `json:"current,omitempty"` // empty if HEAD is detached
	Head     string   `json:"head,omitempty"`    // hash of HEAD
	Default  string   `json:"default,omitempty"` // what branches are compared with
	Branches []Branch `json:"branches"`
	Cursor   string   `json:"cursor,omitempty"`
	Omitted  int      `json:"omitted,omitempty"`
}

// A Branch is a local or remote branch.
type Branch struct {
	Name    string    `json:"name"` // without refs/heads/ or refs/remotes/
	Remote  bool      `json:"remote,omitempty"`
	Hash    string    `json:"hash"`
	Time    time.Time `json:"time"`
	Author  string    `json:"author,omitempty"`
	Subject string    `json:"subject,omitempty"`
	Ahead   int       `json:"ahead,omitempty"`  // commits that the default branch lacks
	Behind  int       `json:"behind,omitempty"` // commits that it lacks of the default branch
}
