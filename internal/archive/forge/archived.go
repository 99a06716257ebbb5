package forge

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"cleat/internal/archive"
	"cleat/internal/fail"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
	"cleat/internal/text"
)

// atOnce lets few archives be in memory at once, whatever number of searches runs.
var atOnce = sync.OnceValue(func() chan struct{} { return make(chan struct{}, 3) })

// archived answers q out of the archive of one repository. q.Cursor is that of package scan
// or lookup.
func (s *Searcher) archived(ctx context.Context, q code.Query, r Repository) (*code.Result, error) {
	slots := atOnce()
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if from, to, ok := strings.Cut(q.Ref, ".."); ok {
		return s.compared(ctx, q, r, from, to)
	}
	ref := q.Ref
	if ref == "" {
		ref = r.Branch
	}
	files, commit, err := s.at(ctx, r, ref)
	if err != nil {
		return nil, err
	}
	o := s.options(r.Name)
	res, err := s.scanned(ctx, files, q, o)
	if err != nil {
		return nil, err
	}
	res.Scope = fmt.Sprintf("%s@%s (%.10s)", r.Name, text.Line(ref), commit)
	return s.finish(res, q, r, files), nil
}

// compared answers q about what only one of two commits has.
func (s *Searcher) compared(ctx context.Context, q code.Query, r Repository, from, to string) (*code.Result, error) {
	if q.Mode != code.Text && q.Mode != code.Regex {
		return nil, fail.Errorf(fail.Unsupported, "mode %s cannot compare two commits", q.Mode).
			Then("use text or regex, or give one ref")
	}
	for _, end := range []*string{&from, &to} {
		if *end == "" {
			*end = r.Branch
		}
	}
	m, err := scan.Compile(q)
	if err != nil {
		return nil, err
	}
	a, old, err := s.at(ctx, r, from)
	if err != nil {
		return nil, err
	}
	b, now, err := s.at(ctx, r, to)
	if err != nil {
		return nil, err
	}
	res, err := scan.Compare(ctx, a, b, m, s.options(r.Name))
	if err != nil {
		return nil, err
	}
	res.Scope = fmt.Sprintf("%s@%s..%s (%.10s..%.10s)", r.Name, text.Line(from), text.Line(to), old, now)
	return s.finish(res, q, r, a, b), nil
}

// finish fills in what is said of every search in archives.
func (s *Searcher) finish(res *code.Result, q code.Query, r Repository, files ...*archive.Files) *code.Result {
	for i := range res.Files {
		res.Files[i].Repo = s.named(r.Name)
	}
	for i := range res.Definitions {
		res.Definitions[i].Repo = s.named(r.Name)
	}
	for _, f := range files {
		if cut := f.Cut(); cut != "" {
			res.Partial = join(res.Partial, cut+", the rest was not searched")
		}
	}
	if res.Cursor != "" {
		res.Cursor = position{archive: res.Cursor}.encode(q)
	}
	return res
}

func join(a, b string) string {
	if a != "" && b != "" {
		return a + "; " + b
	}
	return a + b
}

// at returns the files of the repository at ref, and the commit that is.
func (s *Searcher) at(ctx context.Context, r Repository, ref string) (*archive.Files, string, error) {
	commit, err := s.Service.Commit(ctx, r, ref)
	if err != nil {
		return nil, "", s.unknownRef(ctx, r, ref, err)
	}
	if !IsHash(commit) {
		return nil, "", fail.Errorf(fail.Unavailable, "%s names a commit by something that is no id", s.Title)
	}
	if f := s.remembered(r.Name, commit); f != nil {
		return f, commit, nil
	}
	body, err := s.Service.Archive(ctx, r, commit)
	if err != nil {
		return nil, "", err
	}
	defer body.Close()
	f, err := archive.Read(ctx, body, s.Limits)
	if err != nil {
		return nil, "", err
	}
	s.remember(r.Name, commit, f)
	return f, commit, nil
}

// unknownRef adds to the error of a ref that was not found which there are. A forge says
// 404 or 422 for it.
func (s *Searcher) unknownRef(ctx context.Context, r Repository, ref string, err error) error {
	if code := fail.From(err).Code; code != fail.NotFound && code != fail.Invalid {
		return err
	}
	e := fail.Errorf(fail.NotFound, "no branch, tag or commit %s in %s", text.Line(ref), r.Name)
	names, err := s.Service.Branches(ctx, r)
	if err != nil {
		return e.Then("the default branch is %s", text.Line(r.Branch)) // the lookup was a courtesy
	}
	if near := fail.Near(ref, names); len(near) > 0 {
		return e.Then("did you mean %s?", text.Line(strings.Join(near, " or ")))
	}
	if len(names) == 0 {
		return e.Then("leave ref out for the default branch")
	}
	return e.Then("branches: %s", text.Line(strings.Join(names[:min(len(names), 10)], ", ")))
}

func (s *Searcher) remembered(repo, commit string) *archive.Files {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept.repo != repo || s.kept.commit != commit || s.Host.Now().Sub(s.kept.since) > keepFor {
		return nil
	}
	return s.kept.files
}

// remember keeps the archive for a while, in place of another.
func (s *Searcher) remember(repo, commit string, f *archive.Files) {
	if f.Bytes() > keepMost || f.Cut() != "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	s.kept = kept{repo: repo, commit: commit, files: f, since: s.Host.Now()}
	s.kept.drop = time.AfterFunc(keepFor, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.kept.files == f {
			s.kept = kept{}
		}
	})
}
