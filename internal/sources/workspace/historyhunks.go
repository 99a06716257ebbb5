package workspace

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cleat/internal/diff"
	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/sorting"
	"cleat/internal/symbols"
	"cleat/internal/systems/code"
	"cleat/internal/text"
	"cleat/internal/tree"
)

// A builder fills the files of one page of a diff.
type builder struct {
	*past
	reader  *git.Reader
	out     *code.Diff
	skip    int // pieces of hunks of the first file that an earlier page had
	most    int // bytes of hunks
	size    int // of the hunks so far
	counted int // bytes that were read to count lines
	unsaid  int // files whose lines were not counted
	several bool

	next     string // the file that the following page begins with; "" if there is none
	nextHunk int
}

func sortChanges(list []changed) {
	sorting.Sort(list, func(a, b changed) int { return cmp.Compare(a.Path, b.Path) })
}

// build adds all files, and the hunks of as many as the page takes.
func (b *builder) build(ctx context.Context, list []changed) error {
	for i := range list {
		c := &list[i]
		f := code.FileDiff{Path: c.Path, Old: c.Old, Status: string(c.Status), Added: max(c.Added, 0), Deleted: max(c.Deleted, 0)}
		if ctx.Err() != nil && b.out.Partial == "" {
			if i == 0 {
				return context.Cause(ctx)
			}
			b.out.Partial = "the time is over"
		}
		err := b.file(ctx, c, &f)
		if err != nil && ctx.Err() != nil && i > 0 {
			b.out.Partial, err = "the time is over", nil
			b.stop(c.Path, 0)
		}
		if err != nil {
			return err
		}
		if b.next != "" && f.Folded == "" && !f.Binary {
			f.Folded = "budget"
		}
		b.out.Files = append(b.out.Files, f)
		b.skip = 0
	}
	if b.unsaid > 0 && b.out.Partial == "" {
		b.out.Partial = "the lines of " + text.Count(b.unsaid, "file") + " not counted"
	}
	return nil
}

// stop ends the hunks of this page before a piece of a file.
func (b *builder) stop(path string, hunk int) {
	if b.next == "" {
		b.next, b.nextHunk = path, hunk
	}
}

// file fills in one file.
func (b *builder) file(ctx context.Context, c *changed, f *code.FileDiff) error {
	named := b.path == c.Path || b.path != "" && b.path == c.Old
	known := c.Added >= 0 // its lines, from git
	switch {
	case c.Kind == git.Submodule || c.OldKind == git.Submodule:
		if b.next == "" {
			b.submodule(c, f)
		}
		return nil
	case !c.disk && c.Hash == c.OldHash:
		if c.Status == git.Modified {
			f.Folded = "mode" // it was made executable, or no longer is
		}
		return nil
	case !c.disk && c.Added < 0 && c.Status == git.Modified && !named:
		f.Binary = true // says git
		return nil
	}
	class := tree.ClassOf(c.Path, nil)
	if !named && folds(class) && tree.ClassOf(b.path+"/x", nil) != class {
		f.Folded = class.String()
	} else if !named && b.several && f.Added+f.Deleted > diffLines {
		f.Folded = "large"
	}
	skip := f.Folded != "" || b.next != "" || ctx.Err() != nil
	if skip {
		if ctx.Err() != nil {
			b.stop(c.Path, 0)
		}
		if known {
			return nil
		}
		if b.counted > diffCounts || ctx.Err() != nil {
			b.unsaid++
			return nil
		}
	}
	old, new, err := b.texts(ctx, c)
	if errors.Is(err, diff.ErrTooLarge) {
		f.Folded = "large"
		return nil
	} else if err != nil {
		return err
	}
	b.counted += len(old) + len(new)
	head := new
	if c.Status == git.Deleted {
		head = old
	}
	old, okOld := tree.Text(old, nil)
	new, okNew := tree.Text(new, nil)
	if !okOld || !okNew {
		f.Binary, f.Added, f.Deleted = true, 0, 0
		return nil
	}
	if class := tree.ClassOf(c.Path, head); f.Folded == "" && !named && folds(class) && tree.ClassOf(b.path+"/x", nil) != class {
		f.Folded = class.String()
	}
	was := c.Path
	if c.Old != "" {
		was = c.Old
	}
	// Secrets are masked in whole texts: no cut can halve one.
	old, new = b.s.host.Redact(was, old), b.s.host.Redact(c.Path, new)
	d, err := diff.Compare(old, new)
	if errors.Is(err, diff.ErrTooLarge) {
		f.Folded = "large"
		return nil
	} else if err != nil {
		return err
	}
	f.Added, f.Deleted = d.Added, d.Deleted
	if f.Folded == "" && !named && b.several && f.Added+f.Deleted > diffLines {
		f.Folded = "large"
	}
	if f.Folded == "" && b.next == "" {
		b.hunks(d, c, f, old, new)
	}
	return nil
}

// folds reports whether files of a class are not shown unless they are named.
func folds(c tree.Class) bool {
	return c == tree.Lock || c == tree.Generated || c == tree.Vendored || c == tree.Minified
}

// submodule shows the commits that a submodule was and is at, as git does.
func (b *builder) submodule(c *changed, f *code.FileDiff) {
	var h code.Hunk
	if c.OldKind == git.Submodule {
		h.OldLine, h.OldLines = 1, 1
		h.Text = "-Subproject commit " + string(c.OldHash) + "\n"
	}
	if c.Kind == git.Submodule {
		h.NewLine, h.NewLines = 1, 1
		h.Text += "+Subproject commit " + string(c.Hash) + "\n"
	}
	f.Added, f.Deleted = h.NewLines, h.OldLines
	f.Hunks = []code.Hunk{h}
	b.size += len(h.Text)
}

// hunks adds the hunks of a file, from the piece that is next on.
func (b *builder) hunks(d *diff.Diff, c *changed, f *code.FileDiff, old, new []byte) {
	heading := headings(tree.Lang(c.Path), old, new, c.Status == git.Deleted)
	n := 0
	for _, h := range d.Hunks(3, heading) {
		ch := code.Hunk{OldLine: h.OldLine, OldLines: h.OldLines, NewLine: h.NewLine, NewLines: h.NewLines, In: h.In, Text: clipLines(d.Text(&h))}
		for _, piece := range pieces(ch) {
			if n++; n <= b.skip {
				continue
			}
			if b.size > 0 && b.size+len(piece.Text) > b.most {
				b.stop(c.Path, n-1)
				return
			}
			b.size += len(piece.Text)
			f.Hunks = append(f.Hunks, piece)
		}
	}
}

// headings returns what says which definition a line is in.
func headings(lang string, old, new []byte, deleted bool) func(oldLine, newLine int) string {
	src := new
	if deleted {
		src = old
	}
	var defs []symbols.Symbol
	scanned := false
	return func(oldLine, newLine int) string {
		if !scanned {
			scanned = true
			if len(src) < treeCounts {
				defs = symbols.Scan(lang, src)
			}
		}
		line := newLine
		if deleted {
			line = oldLine
		}
		in := ""
		for _, s := range defs {
			if s.Line > line {
				break
			}
			if s.EndLine >= line && s.EndLine > s.Line {
				in = s.Signature
			}
		}
		return clipLine(in, 100)
	}
}

// clipLines shortens the lines of a hunk that nobody reads to their end.
func clipLines(s string) string {
	if len(s) <= diffLine {
		return s
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		if len(line) <= diffLine+16 {
			b.WriteString(line)
			continue
		}
		b.WriteString(clipLine(strings.TrimSuffix(line, "\n"), diffLine) + "\n")
	}
	return b.String()
}

func clipLine(s string, n int) string {
	if len(s) <= n+16 {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…(+" + strconv.Itoa(len(s)-n) + ")"
}

// pieces cuts a long hunk into several, which follow one on another.
func pieces(h code.Hunk) []code.Hunk {
	if len(h.Text) <= diffPiece {
		return []code.Hunk{h}
	}
	// The lines that the next piece begins with.
	oldAt, newAt := h.OldLine, h.NewLine
	if h.OldLines == 0 {
		oldAt++
	}
	if h.NewLines == 0 {
		newAt++
	}
	var out []code.Hunk
	var text strings.Builder
	oldN, newN := 0, 0
	flush := func() {
		p := code.Hunk{OldLine: oldAt, OldLines: oldN, NewLine: newAt, NewLines: newN, In: h.In, Text: text.String()}
		if oldN == 0 {
			p.OldLine--
		}
		if newN == 0 {
			p.NewLine--
		}
		out = append(out, p)
		oldAt, newAt, oldN, newN = oldAt+oldN, newAt+newN, 0, 0
		text.Reset()
	}
	for line := range strings.Lines(h.Text) {
		if text.Len() > 0 && text.Len()+len(line) > diffPiece && line[0] != '\\' {
			flush()
		}
		text.WriteString(line)
		switch line[0] {
		case ' ':
			oldN++
			newN++
		case '-':
			oldN++
		case '+':
			newN++
		}
	}
	flush()
	return out
}

// texts reads both sides of a file. It fails with diff.ErrTooLarge for what is not to be
// had because of its size, or because the clone does not have it.
func (b *builder) texts(ctx context.Context, c *changed) (old, new []byte, err error) {
	var ids []git.Hash
	if c.OldHash != "" {
		ids = append(ids, c.OldHash)
	}
	if c.Hash != "" && !c.disk {
		ids = append(ids, c.Hash)
	}
	err = b.reader.Blobs(ctx, ids, func(i int, data []byte) error {
		if data == nil {
			return diff.ErrTooLarge
		}
		if i == 0 && c.OldHash != "" {
			old = slices.Clone(data)
		} else {
			new = slices.Clone(data)
		}
		return nil
	})
	if err == nil && c.disk && c.Status != git.Deleted {
		new, err = b.onDisk(c.Path)
	}
	return old, new, err
}

// onDisk reads a file of the work tree whole. One that is reached by way of a link is none:
// rules about paths are for where a file lies.
func (p *past) onDisk(name string) ([]byte, error) {
	f, err := p.u.root.Open(name)
	if err != nil {
		return nil, err
	}
	if f.Path() != name {
		err := fail.Errorf(fail.Conflict, "%q changed while it was compared", name).Then("call again")
		return nil, errors.Join(err, f.Close())
	}
	data, err := io.ReadAll(io.LimitReader(f, treeCounts+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fail.Errorf(fail.Unavailable, "%q cannot be read: %w", name, err)
	}
	if len(data) > treeCounts {
		return nil, diff.ErrTooLarge
	}
	return data, nil
}
