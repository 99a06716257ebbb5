package workspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"syscall"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/systems/documents"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// wholeLimit is the size, in bytes, up to which a file is held in memory to be redacted
// as one; larger ones are redacted block by block as they are read.
const wholeLimit = 16 << 20

// Open implements documents.Library for files of the work tree and at a ref.
func (s *Source) Open(ctx context.Context, u uri.URI) (*documents.Document, error) {
	if u.Scheme == "repo" {
		return s.openAtRef(ctx, u)
	}
	doc, err := s.openFile(ctx, u)
	if err == nil {
		return doc, nil
	}
	f := fail.From(err)
	switch {
	case f.Code == fail.Invalid && f.Next == "":
		return nil, f.Then("list a folder with code_search (mode=files, pattern=*, paths)")
	case f.Code == fail.NotFound:
		return nil, s.near(ctx, path.Base(u.Path), f)
	}
	return nil, err
}

// openFile opens a file of the work tree.
func (s *Source) openFile(ctx context.Context, u uri.URI) (*documents.Document, error) {
	f, err := s.root.Open(strings.TrimSuffix(u.Path, "/"))
	if err != nil {
		return nil, nameable(err)
	}
	release, err := s.hold(ctx, f.Path(), f.Stat().Size())
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	doc, err := s.document(f)
	if err != nil {
		release()
		return nil, errors.Join(err, f.Close())
	}
	doc.Body = held{doc.Body, sync.OnceFunc(release)}
	doc.URI = uri.New(u.Scheme, s.Address(f.Path()).Path).String()
	return doc, nil
}

// checkText fails with fail.Unsupported for a file that is not text.
func checkText(f *tree.File) error {
	head := make([]byte, min(f.Stat().Size(), 8<<10))
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return fail.Errorf(fail.Unavailable, "%q cannot be read: %w", f.Path(), err)
	}
	if _, ok := tree.Text(head, nil); !ok {
		return notText(f.Path(), f.Stat().Size())
	}
	return nil
}

// document makes a document of an open file, redacted.
func (s *Source) document(f *tree.File) (*documents.Document, error) {
	info := f.Stat()
	if err := checkText(f); err != nil {
		return nil, err
	}
	doc := &documents.Document{Name: f.Path(), MIMEType: mimeType(f.Path()), Size: info.Size(), Modified: info.ModTime()}
	if info.Size() > wholeLimit {
		doc.Body = &masked{file: f, name: f.Path(), redact: s.host.RedactPart}
		return doc, nil
	}
	var data bytes.Buffer
	data.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := data.ReadFrom(io.LimitReader(f, wholeLimit+1)); err != nil {
		return nil, fail.Errorf(fail.Unavailable, "%q cannot be read: %w", f.Path(), err)
	}
	if data.Len() > wholeLimit {
		return nil, fail.Errorf(fail.Conflict, "%q grows while it is read", f.Path()).Then("read it again, or use grep")
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("closing %s: %w", f.Path(), err)
	}
	doc.Body = s.memory(f.Path(), data.Bytes())
	return doc, nil
}

// nameable returns err, or that there is nothing of the name where the system cannot even
// have files of such names.
func nameable(err error) error {
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return fail.Errorf(fail.NotFound, "no file or folder of that path: it is longer than paths can be")
	}
	return err
}

// memory is a body of data, as UTF-8 and redacted.
func (s *Source) memory(name string, data []byte) io.ReadSeekCloser {
	text, _ := tree.Text(data, nil)
	return memory{bytes.NewReader(s.host.Redact(name, text))}
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

func notText(name string, size int64) error {
	return fail.Errorf(fail.Unsupported, "%q is not text", name).
		Because("it has %d bytes, among them a NUL", size).
		Then("read a text file; code_search with mode=files lists what is beside it")
}

// openAtRef opens repo://REPO/REF/PATH.
func (s *Source) openAtRef(ctx context.Context, u uri.URI) (*documents.Document, error) {
	parts, err := u.Segments(3)
	if err != nil {
		return nil, err
	}
	if len(parts) < 3 || parts[2] == "" {
		return nil, fail.Errorf(fail.Invalid, "%q names no file", u.String()).Then("use the form repo://./REF/path")
	}
	if parts[0] != "." && parts[0] != s.name {
		return nil, fail.Errorf(fail.NotFound, "there is no repository %q here", parts[0]).
			Then("use . or %q", s.name)
	}
	repo, err := s.repository()
	if err != nil {
		return nil, err
	}
	name, err := s.root.Rel(parts[2]) // the same rules for names as in the work tree
	if err != nil {
		return nil, err
	}
	commit, err := repo.Resolve(ctx, parts[1])
	if err != nil {
		return nil, err
	}
	blob, err := repo.Blob(ctx, commit, name, 0)
	if err != nil {
		return nil, err
	}
	if blob.Kind != git.File && blob.Kind != git.Executable {
		return nil, fail.Errorf(fail.Unsupported, "%q is a %s at %q, not a file", name, blob.Kind, parts[1])
	}
	if _, ok := tree.Text(blob.Data, nil); !ok {
		return nil, notText(name, int64(len(blob.Data)))
	}
	release, err := s.hold(ctx, name, int64(len(blob.Data)))
	if err != nil {
		return nil, err
	}
	return &documents.Document{URI: uri.New("repo", parts[0], parts[1], name).String(), Name: name, MIMEType: mimeType(name),
		Size: int64(len(blob.Data)), Body: held{s.memory(name, blob.Data), sync.OnceFunc(release)}}, nil
}

// mimeType says what a file is to a client, by its ending.
func mimeType(name string) string {
	switch path.Ext(name) {
	case ".md", ".markdown":
		return "text/markdown"
	case ".json":
		return "application/json"
	case ".html", ".htm":
		return "text/html"
	case ".csv":
		return "text/csv"
	case ".yaml", ".yml":
		return "application/yaml"
	case ".toml":
		return "application/toml"
	}
	return "text/plain"
}
