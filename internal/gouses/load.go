package gouses

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/tree"
)

// What is read of a tree at most.
const (
	maxFiles    = 20_000
	maxBytes    = 256 << 20
	maxFile     = 8 << 20
	maxManifest = 1 << 20 // of a go.mod or go.work
)

// A source is a Go file.
type source struct {
	path   string
	dir    string // "." is the root
	data   []byte
	has    bool // it holds the name as a word
	owner  bool // it may declare the type that the name is qualified with
	wanted bool // positions in it are returned

	head     header // once the graph has come to its folder
	headRead bool
	tree     parsed // once it is parsed
}

// A manifest is a go.mod or go.work.
type manifest struct {
	path string
	data []byte
}

// An input is what is checked.
type input struct {
	sources   []*source // by path
	manifests []manifest
}

// loaded is what was read of a tree.
type loaded struct {
	input

	mu     sync.Mutex
	large  int // files over the size limit
	unread int // files that could not be read, or are not text
	over   int // files beyond the limits of the whole
	deep   int // folders too deep to be entered
}

// load reads the Go files. It fails as files.Walk does, also when ctx ends: what it has
// is good then.
func load(ctx context.Context, files tree.Files, q Query, n name) (*loaded, error) {
	l := &loaded{}
	seen := map[string]*source{} // guarded by l.mu
	var count, size atomic.Int64
	tooMuch := func() error {
		l.mu.Lock()
		l.over++
		l.mu.Unlock()
		return nil
	}
	add := func(e *tree.Entry, wanted bool) error {
		most := int64(maxFile)
		switch {
		case isManifest(e.Path):
			most = maxManifest
		case !strings.HasSuffix(e.Path, ".go"):
			return nil
		default:
			l.mu.Lock()
			s := seen[e.Path]
			l.mu.Unlock()
			if s != nil {
				s.wanted = true
				return nil
			}
		}
		if count.Add(1) > maxFiles || size.Load() > maxBytes {
			return tooMuch()
		}
		data, err := e.Read(nil, most)
		if err != nil {
			return l.skip(ctx, err)
		}
		if size.Add(int64(len(data))) > maxBytes {
			return tooMuch()
		}
		if isManifest(e.Path) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.manifests = append(l.manifests, manifest{e.Path, data})
			return nil
		}
		s := &source{path: e.Path, dir: path.Dir(e.Path), data: data, has: hasWord(data, n.last), wanted: wanted}
		s.owner = n.owner != "" && declares(data, n.owner)
		l.mu.Lock()
		defer l.mu.Unlock()
		seen[e.Path] = s
		l.sources = append(l.sources, s)
		return nil
	}
	all := len(q.Paths) == 0
	st, err := files.Walk(ctx, tree.WalkOptions{Deny: q.Deny}, func(_ int, e *tree.Entry) error {
		return add(e, all || isManifest(e.Path))
	})
	l.deep = st.Deep
	if err == nil && !all {
		// What is named may lie in what the first walk ignores.
		_, err = files.Walk(ctx, tree.WalkOptions{Deny: q.Deny, Paths: q.Paths}, func(_ int, e *tree.Entry) error {
			if isManifest(e.Path) {
				return nil
			}
			return add(e, true)
		})
	}
	sorting.Sort(l.sources, func(a, b *source) int { return strings.Compare(a.path, b.path) })
	sorting.Sort(l.manifests, func(a, b manifest) int { return strings.Compare(a.path, b.path) })
	return l, err
}

func isManifest(p string) bool {
	base := path.Base(p)
	return base == "go.mod" || base == "go.work"
}

// skip counts a file that could not be read.
func (l *loaded) skip(ctx context.Context, err error) error {
	var f *fail.Error
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), tree.IsSpecial(err):
	case errors.Is(err, tree.ErrTooLarge):
		l.large++
	case errors.As(err, &f):
		if ctx.Err() != nil {
			return tree.ErrStopped
		}
		return err
	default:
		l.unread++
	}
	return nil
}

// notes says what was not read.
func (l *loaded) notes() []string {
	var out []string
	if l.over > 0 {
		out = append(out, fmt.Sprintf("%s left out: the limit is %d files and %d MB",
			plural(l.over, "Go file was", "Go files were"), maxFiles, maxBytes>>20))
	}
	if l.large > 0 {
		out = append(out, fmt.Sprintf("%s over %d MB not read", plural(l.large, "Go file", "Go files"), maxFile>>20))
	}
	if l.unread > 0 {
		out = append(out, plural(l.unread, "Go file", "Go files")+" could not be read")
	}
	if l.deep > 0 {
		out = append(out, plural(l.deep, "folder lies", "folders lie")+" too deep to be entered")
	}
	return out
}
