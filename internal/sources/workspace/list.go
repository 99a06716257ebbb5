package workspace

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/documents"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// Limits of walks that only look at names.
const (
	recentTime  = 300 * time.Millisecond // a client asks for the list at every start
	findTime    = 2 * time.Second        // for the repositories that are not the own one
	completeMax = 100
	pathsMax    = 1_000_000
)

// A found is a path of the work tree.
type found struct {
	path     string
	modified time.Time
	size     int64
}

// paths lists the files of a repository that keep is true for: those of its work tree, or
// of HEAD if it has none. When ctx ends, what was found so far is returned, and whole is
// false.
func (s *Source) paths(ctx context.Context, u *repository, times bool, keep func(string) bool) (list []found, whole bool, err error) {
	files, err := u.files(ctx)
	if err != nil {
		return nil, false, err
	}
	return s.pathsOf(ctx, u, files, times, keep)
}

// pathsOf is paths for other files of the repository.
func (s *Source) pathsOf(ctx context.Context, u *repository, files tree.Files, times bool, keep func(string) bool) (list []found, whole bool, err error) {
	opt := tree.WalkOptions{Deny: s.closedIn(u)}
	parts := make([][]found, opt.NumWorkers())
	var total atomic.Int64
	_, err = files.Walk(ctx, opt, func(worker int, e *tree.Entry) error {
		if !keep(e.Path) {
			return nil
		}
		f := found{path: e.Path}
		if times {
			var err error
			f.size, f.modified, err = e.Stat()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		if total.Add(1) > pathsMax {
			return errTooMany
		}
		parts[worker] = append(parts[worker], f)
		return nil
	})
	list = slices.Concat(parts...)
	sorting.Sort(list, func(a, b found) int { return cmp.Compare(a.path, b.path) })
	switch {
	case err == nil:
		return list, true, nil
	case ctx.Err() != nil || errors.Is(err, errTooMany):
		return list, false, nil
	}
	return nil, false, err
}

var errTooMany = errors.New("too many files")

// Recent implements documents.Lister: the files changed last in the source's own folder. On
// a large tree it returns the best of what it saw within a fraction of a second.
func (s *Source) Recent(ctx context.Context, limit int) ([]documents.Item, error) {
	if s.own == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, recentTime)
	defer cancel()
	list, _, err := s.paths(ctx, s.own, true, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	sorting.Sort(list, func(a, b found) int { return b.modified.Compare(a.modified) })
	items := make([]documents.Item, 0, limit)
	for _, f := range list {
		if len(items) == limit || ctx.Err() != nil {
			break
		}
		if s.isText(f.path) {
			items = append(items, s.item(s.own, f))
		}
	}
	return items, nil
}

// isText reports whether a file of the own folder could be read: it is there, and text.
func (s *Source) isText(name string) bool {
	f, err := s.own.root.Open(name)
	if err != nil {
		return false
	}
	return errors.Join(checkText(f), f.Close()) == nil
}

func (s *Source) item(u *repository, f found) documents.Item {
	return documents.Item{URI: s.address(u, f.path).String(), Name: f.path, MIMEType: tree.MIMEType(f.path), Size: f.size, Modified: f.modified}
}

// Find implements documents.Finder: an address or an exact path first, then the paths in
// which all the words occur, whatever their case; names count more than folders. Those of
// the own folder come before those of other repositories, through which it looks as long
// as its time allows.
func (s *Source) Find(ctx context.Context, query string, limit int) ([]documents.Item, error) {
	query = strings.TrimSpace(query)
	u, err := uri.Parse(query)
	if err == nil && slices.Contains(s.Schemes(), u.Scheme) && s.Owns(u) {
		switch it, err := s.exact(ctx, u); {
		case err == nil:
			return []documents.Item{it}, nil
		case fail.From(err).Code == fail.Denied:
			return nil, err
		}
	}
	words := strings.FieldsFunc(strings.ToLower(query), func(r rune) bool { return strings.ContainsRune(" \t,;\"'`", r) })
	if len(words) == 0 {
		return nil, nil
	}
	var items []documents.Item
	if s.own != nil {
		if items, err = s.findIn(ctx, []*repository{s.own}, words, limit); err != nil {
			return nil, err
		}
	}
	if !s.several() || len(items) >= limit {
		return items, nil
	}
	var others []*repository
	list, _ := s.repositories()
	for _, u := range list {
		if !u.own {
			others = append(others, u)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	more, err := s.findIn(ctx, others, words, limit-len(items))
	return append(items, more...), err
}

// findIn finds the paths that have all the words, best first. A repository that cannot be
// listed has none; when all cannot, that is an error.
func (s *Source) findIn(ctx context.Context, units []*repository, words []string, limit int) ([]documents.Item, error) {
	type hit struct {
		found
		in *repository
	}
	var hits []hit
	var failed error
	ok := 0
	for _, u := range units {
		if ok > 0 && ctx.Err() != nil {
			break
		}
		list, _, err := s.paths(ctx, u, false, func(p string) bool {
			p = strings.ToLower(p)
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(p, w) })
		})
		if err != nil {
			failed = cmp.Or(failed, err)
			continue
		}
		ok++
		for _, f := range list {
			hits = append(hits, hit{f, u})
		}
	}
	if ok == 0 {
		return nil, failed
	}
	sorting.Sort(hits, func(a, b hit) int {
		return cmp.Or(rank(a.path, words)-rank(b.path, words), len(a.path)-len(b.path))
	})
	items := make([]documents.Item, 0, limit)
	for _, f := range hits[:min(limit, len(hits))] {
		items = append(items, s.item(f.in, f.found))
	}
	return items, nil
}

// exact returns the document at u if there is one, without its text.
func (s *Source) exact(ctx context.Context, u uri.URI) (documents.Item, error) {
	open := s.openFile
	switch u.Scheme {
	case "repo":
		open = s.openAtRef
	case "diff":
		open = s.openDiff
	}
	doc, err := open(ctx, u)
	if err != nil {
		return documents.Item{}, err
	}
	if !addressed(u.Scheme) && s.isClosed(u, doc.Name) {
		return documents.Item{}, errors.Join(policyCloses(doc.Name), doc.Body.Close())
	}
	return documents.Item{URI: doc.URI, Name: doc.Name, MIMEType: doc.MIMEType, Size: doc.Size, Modified: doc.Modified}, doc.Body.Close()
}

// rank is lower for better paths: the name itself, its stem, its beginning, in it, only
// in the folders.
func rank(p string, words []string) int {
	base := strings.ToLower(path.Base(p))
	stem := strings.TrimSuffix(base, path.Ext(base))
	worst := 0
	for _, w := range words {
		r := 4
		switch {
		case base == w:
			r = 0
		case stem == w:
			r = 1
		case strings.HasPrefix(base, w):
			r = 2
		case strings.Contains(base, w):
			r = 3
		}
		worst = max(worst, r)
	}
	return worst
}
