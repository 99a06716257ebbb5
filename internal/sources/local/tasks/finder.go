package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/tree"
)

// How much one Find looks at, so that no project can make it slow.
const (
	maxTotal   = 16 << 20 // bytes of all files together
	maxEntries = 10_000   // of a folder
	maxFound   = 2000     // tasks before they are sorted
)

// A finder is one Find.
type finder struct {
	ctx   context.Context
	root  *tree.Root
	names *os.Root // the same folder, for listing folders

	read  map[string]source // by path
	total int               // bytes in read

	tasks []Task
	hints []Hint
}

// A source is a file that was read.
type source struct {
	data []byte
	sum  string // SHA-256 in hexadecimal digits
	exec bool   // its owner may execute it

	absent bool
	bad    bool // it is there and was not read; a Hint says why
}

func (s source) ok() bool { return !s.absent && !s.bad }

// file reads the file name once. What is not there or not readable is no error.
func (f *finder) file(name string) (source, error) {
	if s, ok := f.read[name]; ok {
		return s, nil
	}
	if err := context.Cause(f.ctx); err != nil {
		return source{}, err
	}
	s, err := f.load(name)
	if err != nil {
		var e *fail.Error
		switch {
		case !errors.As(err, &e), e.Code == fail.Busy, e.Code == fail.Unavailable, e.Code == fail.Internal:
			return source{}, err
		case e.Code == fail.NotFound, e.Code == fail.Invalid: // none, or a folder
			s = source{absent: true}
		default:
			s = source{bad: true}
			f.note(name, 0, "not read: "+e.What)
		}
	}
	f.read[name] = s
	f.total += len(s.data)
	return s, nil
}

func (f *finder) load(name string) (source, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return source{}, err
	}
	defer file.Close()
	limit := min(MaxFile, maxTotal-f.total)
	data, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	switch {
	case err != nil:
		return source{}, fail.Errorf(fail.Denied, "%q cannot be read", name)
	case len(data) > MaxFile:
		return source{}, fail.Errorf(fail.TooLarge, "%q is over 1 MiB", name)
	case len(data) > limit:
		return source{}, fail.Errorf(fail.TooLarge, "the files before it are %d MiB already", maxTotal>>20)
	}
	sum := sha256.Sum256(data)
	return source{data: data, sum: hex.EncodeToString(sum[:]), exec: file.Stat().Mode()&0o100 != 0}, nil
}

// existing returns those of names that are there, in dir; also those that were not read.
func (f *finder) existing(dir string, names ...string) ([]string, error) {
	var out []string
	for _, name := range names {
		s, err := f.file(path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if !s.absent {
			out = append(out, path.Join(dir, name))
		}
	}
	return out, nil
}

// first returns the first of names that is there, in dir, and its path; or "".
func (f *finder) first(dir string, names ...string) (string, source, error) {
	for _, name := range names {
		p := path.Join(dir, name)
		if s, err := f.file(p); err != nil || !s.absent {
			return p, s, err
		}
	}
	return "", source{}, nil
}

// An entry is what list tells of a name.
type entry struct {
	name string
	dir  bool
}

// list returns what is in the folder dir, sorted, links among the files. What is no folder
// has nothing in it; neither has one behind a link that leads out.
func (f *finder) list(dir string) ([]entry, error) {
	if err := context.Cause(f.ctx); err != nil {
		return nil, err
	}
	d, err := f.names.OpenFile(dir, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, nil // not there, or not for us: all the same here
	}
	defer d.Close()
	if info, err := d.Stat(); err != nil || !info.IsDir() {
		return nil, nil
	}
	found, err := d.ReadDir(maxEntries)
	if err != nil && !errors.Is(err, io.EOF) {
		f.note(dir, 0, "the folder cannot be read")
		return nil, nil
	}
	out := make([]entry, len(found))
	for i, e := range found {
		out[i] = entry{e.Name(), e.IsDir()}
	}
	sorting.Sort(out, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// add adds a task, unless its name, or a file of it, cannot be used. Name is as in the root;
// about may be of any form.
func (f *finder) add(t Task, about, file string, line int) error {
	for _, name := range t.Files {
		s, err := f.file(name)
		if err != nil {
			return err
		}
		if s.bad {
			return nil // what it says could change without anybody noticing; a Hint says so
		}
	}
	if t.Dir != "." {
		t.Name += " in " + t.Dir
	}
	if len(f.tasks) >= maxFound || len(t.Name) > maxName || !isPrintable(t.Name) {
		return nil
	}
	if file != "" {
		where := file
		if line > 0 {
			where = fmt.Sprintf("%s:%d", file, line)
		}
		if about = oneLine(about, maxAbout-len(where)-3); about == "" {
			about = where
		} else {
			about += " (" + where + ")"
		}
	}
	t.About = oneLine(about, maxAbout)
	f.tasks = append(f.tasks, t)
	return nil
}

// note adds a Hint that says why a file was not read.
func (f *finder) note(file string, line int, why string) {
	if len(f.hints) < 2*MaxHints {
		f.hints = append(f.hints, Hint{Name: file, File: file, Line: line, Note: oneLine(why, maxAbout)})
	}
}

// isName reports whether s may be the name of a target, script or recipe: one word that
// no program takes for an option.
func isName(s string) bool {
	return s != "" && len(s) <= maxName && s[0] != '-' && isPrintable(s) && !strings.Contains(s, " ")
}

// isPrintable reports whether s has no control, formatting or odd space characters.
func isPrintable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// oneLine returns s as one line of printable characters, of at most n bytes.
func oneLine(s string, n int) string {
	if n <= 0 {
		return ""
	}
	if len(s) > 4*n {
		s = s[:4*n]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, s)
	return cut(strings.Join(strings.Fields(s), " "), n)
}

// cut returns the beginning of s if it is over n bytes, with an ellipsis.
func cut(s string, n int) string {
	const dots = "…"
	if len(s) <= n {
		return s
	}
	if n -= len(dots); n <= 0 {
		return ""
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + dots
}
