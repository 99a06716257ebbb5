package workspace

import (
	"bytes"
	"context"
	"sync"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// diffDocument is how many bytes of hunks a diff has that is read by address: it is cut at
// line ends and read on by parts, where the answer of a tool folds.
const diffDocument = 400_000

// openDiff opens diff://REPO/RANGE: what Diff answers, as text.
func (s *Source) openDiff(ctx context.Context, u uri.URI) (*documents.Document, error) {
	repo, rng, err := diffParts(u)
	if err != nil {
		return nil, err
	}
	q := code.HistoryQuery{Repo: repo, Range: rng}
	release, err := s.hold(ctx, "a.diff", holdMost)
	if err != nil {
		return nil, err
	}
	d, err := s.diffOf(ctx, q, diffDocument)
	if err != nil {
		release()
		return nil, err
	}
	cut := d.Cursor != ""
	d.Cursor = ""
	var w text.Writer
	d.Text(&w)
	var b bytes.Buffer
	for _, seg := range w.Segments() {
		b.WriteString(seg.Text)
	}
	if cut {
		b.WriteString("… more hunks: code_history with op=diff, this range and a path\n")
	}
	data := s.host.Redact("", b.Bytes()) // paths, too, before anything is matched
	return &documents.Document{URI: diffAddress(repo, rng).String(), Name: rng + ".diff", MIMEType: "text/x-diff",
		Size: int64(len(data)), Body: held{memory{bytes.NewReader(data)}, sync.OnceFunc(release)}}, nil
}

// diffParts takes diff://REPO/RANGE apart. A slash in the range need not be encoded.
func diffParts(u uri.URI) (repo, rng string, err error) {
	parts, err := u.Segments(2)
	if err != nil {
		return "", "", err
	}
	if len(parts) < 2 || parts[1] == "" {
		return "", "", fail.Errorf(fail.Invalid, "%q names no range", u.String()).Then("use the form diff://./main..HEAD")
	}
	return parts[0], parts[1], nil
}

// diffAddress is the one spelling of an address of a diff.
func diffAddress(repo, rng string) uri.URI {
	return uri.URI{Scheme: "diff", Raw: uri.EscapeSegment(repo) + "/" + uri.EscapeSegment(rng), Path: repo + "/" + rng}
}

// span returns the commits that the argument range means.
func (p *past) span(ctx context.Context, spec string) (git.Range, error) {
	r, err := p.repo.Range(ctx, spec)
	return r, ofArgument("range", err)
}
