// Package host is what a back end may use of the process: its log, its clock, its
// secrets, its state folder, its redaction and its children. A back end reaches nothing
// else.
package host

import (
	"context"
	"io"
	"log/slog"
	"os"
	"time"

	"cleat/internal/proc"
)

// A Host is handed to every source when it is opened. All functions are safe for
// concurrent use, and none is nil but Worker.
type Host struct {
	// Log writes to stderr, redacted. It never reaches the model.
	Log *slog.Logger

	// Now is the clock.
	Now func() time.Time

	// Secret resolves a reference such as "env:GITHUB_TOKEN". The value is from then
	// on redacted wherever it appears. It fails with fail.Unavailable.
	Secret func(ctx context.Context, ref string) (string, error)

	// Redact masks secrets in text, keeping the number of line feeds. name is the
	// file name or another hint of what the text is ("" if unknown).
	Redact func(name string, text []byte) []byte

	// RedactPart masks secrets in part, which stands between before and after: a secret
	// that began before is known as one.
	RedactPart func(name string, before, part, after []byte) []byte

	// Digest returns 12 hexadecimal digits of a digest of text that is keyed per state
	// folder: equal texts have equal digests, and nobody else can compute them.
	Digest func(text string) string

	// Closed returns what tells the paths of this source that policy closes altogether: they
	// are neither listed, nor searched, nor completed. It is asked for at each call, and
	// returns nil where no path is closed.
	Closed func() func(path string) bool

	// State opens the state folder of the repository cleat serves, mode 0700, and
	// makes it on the first call.
	State func() (*os.Root, error)

	// Env is the environment that child processes may have, as "NAME=value": no
	// tokens, nothing that changes what a program runs.
	Env []string

	// Children are the processes that end with cleat.
	Children *proc.Group

	// Worker runs cleat itself as the worker of that name, for work on foreign input
	// that may take all memory or never end: request is its standard input, and the
	// answer what it wrote. It has limits of its own: 64 MB of stack for a goroutine,
	// 3 GB of memory, a minute of processor time, two minutes in all or until ctx ends.
	// Two run at once, the others wait.
	//
	// It fails with fail.Unavailable, whose text says why the worker ended early, also
	// for an answer of more than most bytes; with fail.Busy where there is no room for
	// another process; and with context.Cause(ctx) when ctx ends. What an answer says
	// is to be verified: the worker may be in the hands of what it was given.
	//
	// If Worker is nil, such work is done in the process, as in tests and for trees that
	// are trusted.
	Worker func(ctx context.Context, name string, request io.Reader, most int64) ([]byte, error)
}
