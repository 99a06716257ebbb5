// Package documents is the system of things that are read by address: files of the
// work tree, files at a ref, spilled answers, the server's own state.
package documents

import (
	"context"
	"io"
	"time"

	"cleat/internal/uri"
)

// A Library serves the addresses of some schemes. Implementations are safe for
// concurrent use and open nothing before the first call.
type Library interface {
	// Schemes lists the schemes served, such as "text" and "json".
	Schemes() []string

	// Open returns the document at u, whose scheme is one of Schemes. The caller
	// closes its Body. It fails with fail.NotFound, fail.Denied for what lies
	// outside the roots (without saying whether it exists), fail.Invalid for a bad
	// address, and fail.Unsupported for what is not text.
	Open(ctx context.Context, u uri.URI) (*Document, error)
}

// A Document is an open document. Its text is already redacted by the library where
// redaction needs to see more than the part that is shown.
type Document struct {
	URI      string // canonical, without fragment
	Name     string // path or title; its ending says what language it is
	MIMEType string
	Size     int64 // bytes, -1 if unknown
	Modified time.Time
	Body     io.ReadSeekCloser
	Source   string // the source that its text came from, where that is another than the library
	Owned    bool   // the text is cleat's own, not a stranger's: it needs no boundary
}

// A Lister knows which documents were used last. Optional.
type Lister interface {
	// Recent returns at most limit documents, most recent first.
	Recent(ctx context.Context, limit int) ([]Item, error)
}

// An Item is a document in a list.
type Item struct {
	URI, Name, Title, MIMEType string
	Size                       int64
	Modified                   time.Time
}

// A Completer completes the variables of a template. Optional.
type Completer interface {
	// Complete returns values for the variable called name that begin with prefix,
	// best first, at most 100, and how many there are in all. set holds the
	// variables that already have values.
	Complete(ctx context.Context, scheme, name, prefix string, set map[string]string) (values []string, total int, err error)
}

// A Finder finds documents by words in their path or title. Optional.
type Finder interface {
	// Find returns at most limit documents, best first.
	Find(ctx context.Context, query string, limit int) ([]Item, error)
}

// A Namer tells by what names a document is known, whichever way its address is spelled,
// so that rules about one spelling hold for all. Optional.
type Namer interface {
	// Names returns the address of u in the one spelling that lists have, and its path
	// from the root. It looks at the words only; for what the library does not serve it
	// returns false.
	Names(u uri.URI) (address uri.URI, path string, ok bool)
}

// An Overviewer can tell a newcomer what the documents are about. Optional.
type Overviewer interface {
	Overview(ctx context.Context) (*Overview, error)
}

// An Overview is the first look at a repository.
type Overview struct {
	Name      string   // of the root folder
	Branch    string   // and commit, if it is a git repository
	Entries   []string // of the root folder, folders with a slash
	Languages []string // such as "go 412 files", most first
	Commits   []string // the newest, a line each
	Readme    string   // the path of the file to read first, if there is one
	Opening   string   // the first lines of it
	Partial   string   // what is missing and why, or ""
}
