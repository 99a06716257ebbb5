package scan

import (
	"bytes"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"cleat/internal/symbols"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// What scopes are told of: the first files of an answer.
const (
	maxScopedFiles = 32
	maxScopedFile  = 128 << 10 // bytes
	maxScopedBytes = 384 << 10 // of all of them
)

// scoped reports whether definitions of the file are told.
func scoped(path string) bool {
	lang := tree.Lang(path)
	return lang != "markdown" && symbols.Known(lang)
}

// scopes adds the heads of the definitions that the lines of files, which are those of
// res, are in. When ctx ends, the rest is left without.
func (r *run) scopes(res *code.Result, files []*found) error {
	if !r.c.walk && !r.c.ranked() {
		return nil // texts were kept of some of the files only, by chance
	}
	var pending []int
	size := 0
	for i, f := range files {
		if f.text != nil && size+len(f.text) <= maxScopedBytes {
			size += len(f.text)
			pending = append(pending, i)
		}
	}
	var next atomic.Int64
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	for range min(len(pending), len(r.workers)) {
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					mu.Lock()
					defer mu.Unlock()
					failed = fmt.Errorf("panic in telling scopes: %v\n%s", v, debug.Stack())
				}
			}()
			for !r.ended() {
				n := int(next.Add(1)) - 1
				if n >= len(pending) {
					return
				}
				i := pending[n]
				res.Files[i].Lines = addScopes(res.Files[i].Path, res.Files[i].Lines, files[i].text, r.o.MaxLine)
			}
		})
	}
	wg.Wait()
	return failed
}

// addScopes adds to the lines of a file the first lines of the innermost definitions
// that its matches are in, each once, unless they are shown as it is.
func addScopes(path string, lines []code.Line, text []byte, width int) []code.Line {
	var open []symbols.Symbol // the innermost last
	var heads []int           // numbers of lines, in order
	all := symbols.Scan(tree.Lang(path), text)
	for _, l := range lines {
		for len(all) > 0 && all[0].Line <= l.Number {
			open = append(open, all[0])
			all = all[1:]
		}
		for len(open) > 0 && open[len(open)-1].EndLine < l.Number {
			open = open[:len(open)-1]
		}
		if !l.Match || len(open) == 0 {
			continue
		}
		head := open[len(open)-1].Line
		at, have := slices.BinarySearch(heads, head)
		if _, shown := slices.BinarySearchFunc(lines, head, byNumber); !have && !shown {
			heads = slices.Insert(heads, at, head)
		}
	}
	if len(heads) == 0 {
		return lines
	}
	out := make([]code.Line, 0, len(lines)+len(heads))
	number, begin := 1, 0
	for _, head := range heads {
		for ; number < head; number++ {
			n := bytes.IndexByte(text[begin:], '\n')
			if n < 0 {
				return lines // the definitions are not of this text
			}
			begin += n + 1
		}
		for len(lines) > 0 && lines[0].Number < head {
			out = append(out, lines[0])
			lines = lines[1:]
		}
		line, _, _ := bytes.Cut(text[begin:], []byte{'\n'})
		out = append(out, code.Line{Number: head, Scope: true, Text: Clip(chomp(line), 0, width)})
	}
	return append(out, lines...)
}

func byNumber(l code.Line, number int) int { return l.Number - number }
