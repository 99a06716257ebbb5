package forge

import (
	"context"

	"golang.org/x/sync/errgroup"

	"cleat/internal/archive"
	"cleat/internal/fail"
	"cleat/internal/scan"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// A verdict is what was seen of a candidate.
type verdict struct {
	skip  bool // it is none of the query's
	state state
	file  code.File
	bytes int64
	err   error // that ends the search
}

type state uint8

const (
	unmatched state = iota
	matched
	large
	notText
	gone // the index knows it, the repository does not
)

// look reads the content of the candidates, some at once.
func (c *collector) look(cands []Candidate, out []verdict) {
	var g errgroup.Group
	g.SetLimit(blobAtOnce)
	for i, k := range cands {
		if !out[i].skip {
			g.Go(func() error {
				out[i] = c.verify(k)
				return nil
			})
		}
	}
	_ = g.Wait() // errors are in the verdicts, each at its place
}

// verify reads one candidate and finds its matching lines.
func (c *collector) verify(k Candidate) verdict {
	data, err := c.s.Index.Blob(c.ctx, k)
	if err != nil {
		if c.ctx.Err() != nil {
			return verdict{err: context.Cause(c.ctx)}
		}
		switch fail.From(err).Code {
		case fail.TooLarge:
			return verdict{state: large}
		case fail.NotFound:
			return verdict{state: gone}
		}
		return verdict{err: err}
	}
	if _, ok := tree.Text(data, nil); !ok {
		return verdict{state: notText}
	}
	v := verdict{bytes: int64(len(data))}
	f, ok := c.m.File(k.Path, data, c.s.options(k.Repo))
	if ok {
		v.state, v.file = matched, f
	}
	return v
}

// byName decides about candidates of mode files, whose content does not matter.
func (c *collector) byName(cands []Candidate, out []verdict) {
	var paths []string
	for i, k := range cands {
		if !out[i].skip {
			paths = append(paths, k.Path)
		}
	}
	found := map[string]bool{}
	res, err := scan.Run(c.ctx, archive.Names(paths), c.m, scan.Options{})
	if err == nil {
		for _, f := range res.Files {
			found[f.Path] = true
		}
	}
	for i, k := range cands {
		switch {
		case out[i].skip:
		case err != nil:
			out[i].err = err
		case found[k.Path]:
			out[i].state, out[i].file = matched, code.File{Path: k.Path}
		}
	}
}
