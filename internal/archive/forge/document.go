package forge

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"

	"cleat/internal/archive"
	"cleat/internal/fail"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// MaxFile is the size, in bytes, of the largest file that can be read.
const MaxFile = 16 << 20

// What documents that are open at once may take, in bytes. Redacting and parsing one takes
// several times its size.
const (
	holdAll   = 64 << 20
	holdYAML  = 32 << 20  // of one with aliases, which make it as large as its author likes
	holdLeast = 256 << 10 // what is smaller is not counted
)

var room = sync.OnceValue(func() *semaphore.Weighted { return semaphore.NewWeighted(holdAll) })

// Schemes implements documents.Library.
func (s *Searcher) Schemes() []string { return []string{"repo"} }

// Address implements code.Addresser. What was found at a ref other than the default
// branch is addressed there nevertheless: a name of a repository does not tell the ref.
func (s *Searcher) Address(repo, path string) uri.URI {
	if repo == "" {
		repo = s.Allow.one()
	}
	return uri.New("repo", s.Allow.spelled(repo), head, path)
}

// Owns implements systems.Owner: a name of a repository has a slash here, which those of
// folders on this machine seldom have.
func (s *Searcher) Owns(u uri.URI) bool {
	parts, err := u.Segments(2)
	return err == nil && u.Scheme == "repo" && s.Allow.Has(parts[0])
}

// Names implements documents.Namer.
func (s *Searcher) Names(u uri.URI) (address uri.URI, path string, ok bool) {
	p, err := s.place(u)
	if err != nil {
		return uri.URI{}, "", false
	}
	return p.uri(), p.path, true
}

// head is the ref of the default branch.
const head = "HEAD"

// A place is what repo://OWNER%2FNAME/REF/PATH leads to.
type place struct {
	repo string // in the one spelling
	ref  string
	path string // clean
}

func (p place) uri() uri.URI { return uri.New("repo", p.repo, p.ref, p.path) }

// place reads an address. It fails for what may not be read, whether it exists or not.
func (s *Searcher) place(u uri.URI) (place, error) {
	parts, err := u.Segments(3)
	if err != nil {
		return place{}, err
	}
	if !strings.Contains(parts[0], "/") {
		return place{}, s.noOwner(parts)
	}
	if err := checkName(parts[0]); err != nil {
		return place{}, err
	}
	if !s.Allow.Has(parts[0]) {
		return place{}, s.Allow.denied(parts[0])
	}
	if len(parts) < 3 || path.Clean(parts[2]) == "." {
		return place{}, fail.Errorf(fail.Invalid, "%q names no file", u.String()).Then("use the form repo://OWNER%%2FNAME/REF/path; REF may be HEAD")
	}
	if err := CheckRef(parts[1]); err != nil {
		return place{}, err
	}
	name := path.Clean(parts[2])
	if archive.Names([]string{name}).Len() == 0 || parts[2][0] == '/' {
		return place{}, fail.Errorf(fail.Denied, "%.200q is outside the repository", parts[2]).
			Then("give a path relative to the root of the repository")
	}
	return place{s.Allow.spelled(parts[0]), parts[1], name}, nil
}

// noOwner is the answer to a repository without an owner.
func (s *Searcher) noOwner(parts []string) error {
	f := fail.Errorf(fail.NotFound, "no repository %.100q on %s", parts[0], s.Title)
	if full, err := s.Allow.complete(parts[0]); err == nil && full != "" {
		return f.Then("did you mean repo://%s/…?", uri.EscapeSegment(full))
	}
	return f.Then("use the form repo://OWNER%%2FNAME/REF/path, with the slash of a name as %%2F")
}

// Open implements documents.Library for files at a branch, a tag or a commit.
func (s *Searcher) Open(ctx context.Context, u uri.URI) (*documents.Document, error) {
	p, err := s.place(u)
	if err != nil {
		return nil, err
	}
	r, err := s.repository(ctx, Target{Name: p.repo, allow: s.Allow})
	if err != nil {
		return nil, err
	}
	// Rules are about names: what the forge knows by another one is not read by this one.
	if s.Allow.spelled(r.Name) != p.repo {
		return nil, fail.Errorf(fail.NotFound, "the repository %s is called %s", p.repo, r.Name).
			Then("read %q", place{r.Name, p.ref, p.path}.uri().String())
	}
	if deny := s.options(r.Name).Deny; deny != nil && tree.Denies(deny, p.path) {
		return nil, closed(p.path)
	}
	ref := p.ref
	if ref == head {
		ref = r.Branch
	}
	data, err := s.Service.File(ctx, r, ref, p.path)
	switch {
	case err == nil:
		return s.document(ctx, p, data)
	case fail.From(err).Code == fail.NotFound:
		return nil, s.noFile(ctx, r, ref, p)
	case fail.From(err).Code == fail.TooLarge:
		return nil, fail.Errorf(fail.TooLarge, "%q is larger than the %d MiB that can be read of a file", p.path, MaxFile>>20).
			Then("search it with code_search and paths")
	}
	return nil, err
}

// document makes a document of the content of a file, redacted.
func (s *Searcher) document(ctx context.Context, p place, data []byte) (*documents.Document, error) {
	if _, ok := tree.Text(data, nil); !ok {
		return nil, fail.Errorf(fail.Unsupported, "%q is not text", p.path).
			Because("it has %d bytes, among them a NUL", len(data)).Then("read a text file")
	}
	release, err := hold(ctx, p.path, int64(len(data)))
	if err != nil {
		return nil, err
	}
	utf8, _ := tree.Text(data, nil)
	utf8 = s.Host.Redact(p.path, utf8)
	return &documents.Document{URI: p.uri().String(), Name: p.path, MIMEType: tree.MIMEType(p.path), Size: int64(len(utf8)),
		Body: body{bytes.NewReader(utf8), sync.OnceFunc(release)}}, nil
}

// hold waits until a document may be taken into memory, and returns what gives the room
// back.
func hold(ctx context.Context, name string, size int64) (release func(), err error) {
	switch path.Ext(name) {
	case ".yaml", ".yml":
		size = holdYAML
	}
	if size < holdLeast {
		return func() {}, nil
	}
	if err := room().Acquire(ctx, size); err != nil {
		return nil, context.Cause(ctx)
	}
	return func() { room().Release(size) }, nil
}

// A body is the text of a document.
type body struct {
	*bytes.Reader
	release func() // once
}

var _ io.ReadSeekCloser = body{}

// Close implements io.Closer.
func (b body) Close() error {
	b.release()
	return nil
}

// closed is the refusal of a path that policy closes to everything.
func closed(name string) error {
	return fail.Errorf(fail.Denied, "policy closes %q", name).
		Then("do without it, or ask the user; `cleat policy explain` shows why")
}

// noFile is the error for a file that is not there: there may be no such ref, or files of
// a name like it.
func (s *Searcher) noFile(ctx context.Context, r Repository, ref string, p place) error {
	commit, err := s.Service.Commit(ctx, r, ref)
	if err != nil {
		return s.unknownRef(ctx, r, ref, err)
	}
	f := fail.Errorf(fail.NotFound, "no file %q in %s at %s", p.path, r.Name, text.Line(p.ref))
	var paths []string
	if kept := s.remembered(r.Name, commit); kept != nil {
		paths = kept.Paths()
	} else if paths, err = s.Service.Paths(ctx, r, commit, p.path); err != nil {
		return f.Then("look for it with code_search and mode=files") // the lookup was a courtesy
	}
	if deny := s.options(r.Name).Deny; deny != nil {
		paths = slices.DeleteFunc(paths, func(name string) bool { return tree.Denies(deny, name) })
	}
	for _, name := range paths {
		if strings.HasPrefix(name, p.path+"/") {
			return NoFile(p.path, "folder")
		}
	}
	near := tree.Near(p.path, slices.Values(paths))
	if len(near) == 0 {
		return f.Then("look for it with code_search and mode=files")
	}
	var quoted []string
	for _, name := range near {
		quoted = append(quoted, fmt.Sprintf("%q", place{p.repo, p.ref, name}.uri().String()))
	}
	return f.Because("files of a name like it: %s", strings.Join(quoted, ", ")).Then("read one of those")
}

// NoFile is the error for something of a kind that cannot be read.
func NoFile(name, kind string) error {
	return fail.Errorf(fail.Unsupported, "%q is a %s, not a file", name, kind).
		Then("list what is there with code_search, mode=files and paths")
}
