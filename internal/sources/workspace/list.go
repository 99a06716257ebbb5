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
	"cleat/internal/systems/documents"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// Limits of walks that only look at names.
const (
	recentTime  = 300 * time.Millisecond // a client asks for the list at every start
	completeMax = 100
	pathsMax    = 1_000_000
)

// A found is a path of the work tree.
type found struct {
	path     string
	modified time.Time
	size     int64
}

// paths lists the files of the work tree that keep is true for. When ctx ends, what was
// found so far is returned, and whole is false.
func (s *Source) paths(ctx context.Context, times bool, keep func(string) bool) (list []found, whole bool, err error) {
	opt := tree.WalkOptions{Deny: s.closed()}
	parts := make([][]found, opt.NumWorkers())
	var total atomic.Int64
	_, err = s.root.Walk(ctx, opt, func(worker int, e *tree.Entry) error {
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
	slices.SortFunc(list, func(a, b found) int { return cmp.Compare(a.path, b.path) })
	switch {
	case err == nil:
		return list, true, nil
	case ctx.Err() != nil || errors.Is(err, errTooMany):
		return list, false, nil
	}
	return nil, false, err
}

var errTooMany = errors.New("too many files")

// Recent implements documents.Lister: the files changed last. On a large tree it returns
// the best of what it saw within a fraction of a second.
func (s *Source) Recent(ctx context.Context, limit int) ([]documents.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, recentTime)
	defer cancel()
	list, _, err := s.paths(ctx, true, func(string) bool { return true })
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b found) int { return b.modified.Compare(a.modified) })
	items := make([]documents.Item, 0, limit)
	for _, f := range list {
		if len(items) == limit || ctx.Err() != nil {
			break
		}
		if s.isText(f.path) {
			items = append(items, s.item(f))
		}
	}
	return items, nil
}

// isText reports whether a file could be read: it is there, and text.
func (s *Source) isText(name string) bool {
	f, err := s.root.Open(name)
	if err != nil {
		return false
	}
	return errors.Join(checkText(f), f.Close()) == nil
}

func (s *Source) item(f found) documents.Item {
	return documents.Item{URI: s.Address(f.path).String(), Name: f.path, MIMEType: mimeType(f.path), Size: f.size, Modified: f.modified}
}

// Find implements documents.Finder: an address or an exact path first, then the paths in
// which all the words occur, whatever their case; names count more than folders.
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
	list, _, err := s.paths(ctx, false, func(p string) bool {
		p = strings.ToLower(p)
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(p, w) })
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b found) int {
		return cmp.Or(rank(a.path, words)-rank(b.path, words), len(a.path)-len(b.path))
	})
	items := make([]documents.Item, 0, limit)
	for _, f := range list[:min(limit, len(list))] {
		items = append(items, s.item(f))
	}
	return items, nil
}

// exact returns the document at u if there is one, without its text.
func (s *Source) exact(ctx context.Context, u uri.URI) (documents.Item, error) {
	open := s.openFile
	if u.Scheme == "repo" {
		open = s.openAtRef
	}
	doc, err := open(ctx, u)
	if err != nil {
		return documents.Item{}, err
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

// Complete implements documents.Completer for the variables of text://, json:// and repo://.
func (s *Source) Complete(ctx context.Context, scheme, name, prefix string, set map[string]string) ([]string, int, error) {
	switch name {
	case "repo":
		return withPrefix([]string{".", s.name}, prefix)
	case "ref":
		return s.completeRef(ctx, prefix)
	case "path":
		if scheme == "repo" {
			return s.completeAtRef(ctx, set["ref"], prefix)
		}
		return s.completePath(ctx, scheme, prefix)
	}
	return nil, 0, nil
}

// completePath offers what begins with prefix, a folder at a time, then what has it
// anywhere in its name.
func (s *Source) completePath(ctx context.Context, scheme, prefix string) ([]string, int, error) {
	low := strings.ToLower(prefix)
	list, _, err := s.paths(ctx, false, func(p string) bool {
		return (scheme != "json" || structured(p)) &&
			(strings.HasPrefix(p, prefix) || low != "" && strings.Contains(strings.ToLower(path.Base(p)), low))
	})
	if err != nil {
		return nil, 0, err
	}
	var values []string
	for _, f := range list {
		values = append(values, f.path)
	}
	slices.SortStableFunc(values, func(a, b string) int {
		pa, pb := strings.HasPrefix(a, prefix), strings.HasPrefix(b, prefix)
		if pa != pb {
			return map[bool]int{true: -1, false: 1}[pa]
		}
		return cmp.Or(strings.Count(a, "/")-strings.Count(b, "/"), cmp.Compare(a, b))
	})
	return values[:min(len(values), completeMax)], len(values), nil
}

func structured(p string) bool {
	switch path.Ext(p) {
	case ".json", ".yaml", ".yml", ".toml":
		return true
	}
	return false
}

func withPrefix(all []string, prefix string) ([]string, int, error) {
	all = slices.DeleteFunc(all, func(v string) bool { return !strings.HasPrefix(v, prefix) })
	return all[:min(len(all), completeMax)], len(all), nil
}
