package workspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"cleat/internal/fail"
	"cleat/internal/systems/documents"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// wholeLimit is the size, in bytes, up to which a file is held in memory to be redacted
// as one; larger ones are redacted block by block as they are read.
const wholeLimit = 16 << 20

// Open implements documents.Library for files of the work tree and at a ref.
func (s *Source) Open(ctx context.Context, u uri.URI) (*documents.Document, error) {
	switch u.Scheme {
	case "repo":
		return s.openAtRef(ctx, u)
	case "diff":
		return s.openDiff(ctx, u)
	}
	doc, err := s.openFile(ctx, u)
	if err == nil {
		return doc, nil
	}
	f := fail.From(err)
	switch {
	case f.Code == fail.Invalid && f.Next == "":
		return nil, f.Then("list a folder with code_search (mode=files, pattern=*, paths)")
	case f.Code == fail.NotFound && f.Next == "":
		return nil, s.near(ctx, u, f)
	}
	return nil, err
}

// near adds to a not_found the files that were probably meant.
func (s *Source) near(ctx context.Context, u uri.URI, f *fail.Error) error {
	r, name, err := s.inTree(strings.TrimSuffix(u.Path, "/"))
	if err != nil {
		return f
	}
	list, _, err := s.paths(ctx, r, false, func(string) bool { return true })
	if err != nil {
		return f // what was asked for is not there; why the search for others failed is beside the point
	}
	return nearTo(name, list, f, func(p string) string { return s.address(r, p).Path })
}

// openFile opens a file of a work tree.
func (s *Source) openFile(ctx context.Context, u uri.URI) (*documents.Document, error) {
	r, name, err := s.inTree(strings.TrimSuffix(u.Path, "/"))
	if err != nil {
		return nil, err
	}
	f, err := r.root.Open(name)
	if err != nil {
		return nil, err
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
	doc.URI = uri.New(u.Scheme, s.address(r, f.Path()).Path).String()
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
	doc := &documents.Document{Name: f.Path(), MIMEType: tree.MIMEType(f.Path()), Size: info.Size(), Modified: info.ModTime()}
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
