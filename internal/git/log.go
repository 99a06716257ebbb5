package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
)

const (
	// MaxLog is how many commits one call of Log returns at most.
	MaxLog = 10000

	maxField   = 64 << 10 // bytes of one field of a commit that are kept
	maxLogSize = 16 << 20 // bytes of all commits of one answer
)

// LogOptions select commits.
type LogOptions struct {
	Commit Hash      // the newest; required
	Path   string    // a file or folder that they change, relative to the root; "" for any
	N      int       // 0 or more than MaxLog means MaxLog
	Skip   int       // how many of the first to leave out
	Author string    // part of the author's name or address, in any case; no pattern
	Since  time.Time // not older than this; zero for no limit
	Until  time.Time // not newer than this; zero for no limit
	Refs   bool      // fill in Commit.Refs, which reads all refs
}

// A Person is an author or a committer, as the commit has it.
type Person struct{ Name, Email string }

// A Commit is what the log says about one. Times are in UTC, and zero where the commit
// has nonsense. Texts are cut after 64 KiB.
type Commit struct {
	Hash      Hash
	Parents   []Hash
	Author    Person
	Authored  time.Time
	Committer Person
	Committed time.Time
	Subject   string
	Body      string
	Refs      []string // full names of refs that lead to it, if asked for
}

// Log returns commits from the newest to the oldest, and whether there are more: beyond
// N, or because the answer has become large. It fails with fail.Invalid for a path that
// leads out of the repository or an author with control characters. A path that no
// commit changes is no error.
func (r *Repo) Log(ctx context.Context, o LogOptions) (commits []Commit, more bool, err error) {
	if !o.Commit.Valid() {
		return nil, false, fmt.Errorf("git: %q is not a hash", o.Commit)
	}
	path, err := cleanPath(o.Path)
	if err != nil {
		return nil, false, err
	}
	n := o.N
	if n <= 0 || n > MaxLog {
		n = MaxLog
	}
	args := []string{
		"rev-list", "--encoding=UTF-8",
		// NUL ends every field: no text of a commit can have one.
		"--format=tformat:%H%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%s%x00%b%x00",
		"--max-count=" + strconv.Itoa(n+1), "--skip=" + strconv.Itoa(min(max(0, o.Skip), 1<<30)),
	}
	if o.Author != "" {
		if i := strings.IndexFunc(o.Author, func(c rune) bool { return c < ' ' || c == 0x7f }); i >= 0 {
			return nil, false, fail.Errorf(fail.Invalid, "the author has a control character at byte %d", i)
		}
		args = append(args, "--fixed-strings", "--regexp-ignore-case", "--author="+o.Author)
	}
	if !o.Since.IsZero() {
		args = append(args, "--since="+stamp(o.Since))
	}
	if !o.Until.IsZero() {
		args = append(args, "--until="+stamp(o.Until))
	}
	args = append(args, string(o.Commit), "--")
	if path != "" {
		args = append(args, path)
	}
	err = r.stream(ctx, func(out io.Reader) error {
		commits, more, err = readLog(out, n)
		if err == nil && more {
			return errEnough
		}
		return err
	}, args...)
	if err != nil {
		return nil, false, err
	}
	if o.Refs {
		if err := r.decorate(ctx, commits); err != nil {
			return nil, false, err
		}
	}
	return commits, more, nil
}

// stamp writes t in the one form in which git does not guess what is meant.
func stamp(t time.Time) string { return "@" + strconv.FormatInt(max(0, t.Unix()), 10) + " +0000" }

// readLog reads up to n commits, and whether there is another one.
func readLog(out io.Reader, n int) (commits []Commit, more bool, err error) {
	in := bufio.NewReaderSize(out, 64<<10)
	size := 0
	for {
		// A line of rev-list's own comes before each commit.
		if _, err := readField(in, '\n'); errors.Is(err, io.EOF) {
			return commits, false, nil
		} else if err != nil {
			return nil, false, err
		}
		var f [10]string
		for i := range f {
			if f[i], err = readField(in, 0); err != nil {
				return nil, false, fmt.Errorf("reading the log: %w", unexpected(err))
			}
			size += len(f[i])
		}
		if _, err := readField(in, '\n'); err != nil {
			return nil, false, fmt.Errorf("reading the log: %w", unexpected(err))
		}
		if len(commits) == n || size > maxLogSize && len(commits) > 0 {
			return commits, true, nil
		}
		c := Commit{
			Hash:   Hash(f[0]),
			Author: Person{f[2], f[3]}, Authored: unixTime(f[4]),
			Committer: Person{f[5], f[6]}, Committed: unixTime(f[7]),
			Subject: f[8], Body: strings.TrimRight(f[9], "\n"),
		}
		if !c.Hash.Valid() {
			return nil, false, fmt.Errorf("reading the log: %q is not a hash", f[0])
		}
		for p := range strings.FieldsSeq(f[1]) {
			c.Parents = append(c.Parents, Hash(p))
		}
		commits = append(commits, c)
	}
}

// readField reads up to the end byte and keeps the first maxField bytes. At the very
// end of the input the error is io.EOF.
func readField(in *bufio.Reader, end byte) (string, error) {
	var b []byte
	for {
		part, err := in.ReadSlice(end)
		keep := min(len(part), maxField+1-len(b))
		b = append(b, part[:keep]...)
		switch {
		case err == nil:
			if keep == len(part) {
				return string(b[:len(b)-1]), nil
			}
			return string(b[:maxField]), nil
		case errors.Is(err, io.EOF) && len(b) > 0:
			return "", io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}

// decorate fills in the names that lead to the commits, of the first MaxRefs branches,
// tags and remote branches.
func (r *Repo) decorate(ctx context.Context, commits []Commit) error {
	at := make(map[Hash]int, len(commits))
	for i, c := range commits {
		at[c.Hash] = i
	}
	for _, kind := range []RefKind{Branches, Tags, RemoteBranches} {
		refs, _, err := r.Refs(ctx, RefOptions{Kind: kind})
		if err != nil {
			return err
		}
		for _, f := range refs {
			if i, ok := at[f.Hash]; ok {
				commits[i].Refs = append(commits[i].Refs, f.Name)
			}
		}
	}
	return nil
}
