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

	// MaxNot is how many commits LogOptions.Not may have.
	MaxNot = 1000

	// MaxText is how many bytes LogOptions.Text may have.
	MaxText = 8 << 10

	maxAuthor  = 1000     // bytes of LogOptions.Author
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
	Not    []Hash    // leave out what these reach, and these; at most MaxNot

	// Follow takes Path for one file and goes on with what it was called before it was
	// renamed, as git log --follow does: the name changes for all commits that are older
	// than the renaming one. No history is left out for being beside the point, as it is
	// for a Path otherwise, and Skip reads what it skips.
	Follow bool

	// Text leaves the commits that change how often this literal, in this case and of at
	// most MaxText bytes, occurs in a file, in Path if there is one. Moving a file is no
	// change. Skip reads what it skips.
	Text string
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
	Path      string   // with LogOptions.Follow, what the file was called in it
}

// Log returns commits from the newest to the oldest, and whether there are more: beyond
// N, or because the answer has become large. With Follow or Text there are no merges among
// them. It fails with fail.Invalid for a path that leads out of the repository, a folder
// that is to be followed, an author with control characters, a text with NUL or that is too
// long. A path that no commit changes is no error.
func (r *Repo) Log(ctx context.Context, o LogOptions) (commits []Commit, more bool, err error) {
	path, err := r.checkLog(ctx, o)
	if err != nil {
		return nil, false, err
	}
	n := o.N
	if n <= 0 || n > MaxLog {
		n = MaxLog
	}
	if o.Follow || o.Text != "" {
		commits, more, err = r.logDiffs(ctx, o, path, n)
	} else {
		args := append(walk(o), "--max-count="+strconv.Itoa(n+1), "--skip="+strconv.Itoa(min(max(0, o.Skip), 1<<30)))
		args = append(args, "--encoding=UTF-8", commitFormat)
		err = r.stream(ctx, func(out io.Reader) error {
			commits, more, err = readLog(out, n)
			if err == nil && more {
				return errEnough
			}
			return err
		}, append(args, starts(o, path)...)...)
	}
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

// commitFormat is what readCommit reads. NUL ends every field: no text of a commit can
// have one.
const commitFormat = "--format=tformat:%H%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%s%x00%b%x00"

// checkLog checks what a caller wants of Log and returns the path in its plain form.
func (r *Repo) checkLog(ctx context.Context, o LogOptions) (path string, err error) {
	for _, h := range append([]Hash{o.Commit}, o.Not...) {
		if !h.Valid() {
			return "", fmt.Errorf("git: %q is not a hash", h)
		}
	}
	if len(o.Not) > MaxNot {
		return "", fail.Errorf(fail.TooLarge, "%d commits to leave out, the limit is %d", len(o.Not), MaxNot)
	}
	if path, err = cleanPath(o.Path); err != nil {
		return "", err
	}
	if len(o.Author) > maxAuthor {
		return "", fail.Errorf(fail.Invalid, "the author has %d bytes, the limit is %d", len(o.Author), maxAuthor).
			Then("give a part of the name or address")
	}
	if i := strings.IndexFunc(o.Author, func(c rune) bool { return c < ' ' || c == 0x7f }); i >= 0 {
		return "", fail.Errorf(fail.Invalid, "the author has a control character at byte %d", i)
	}
	if i := strings.IndexByte(o.Text, 0); i >= 0 {
		return "", fail.Errorf(fail.Invalid, "the text has a NUL at byte %d", i)
	}
	if len(o.Text) > MaxText {
		return "", fail.Errorf(fail.Invalid, "the text has %d bytes, the limit is %d", len(o.Text), MaxText).
			Then("give a part of it that is rare")
	}
	if !o.Follow {
		return path, nil
	}
	if path == "" {
		return "", fail.Errorf(fail.Invalid, "no file to follow").Then("give the path of one")
	}
	e, err := r.lookup(ctx, o.Commit, path)
	switch {
	case err == nil && e.Kind == Dir:
		return "", fail.Errorf(fail.Invalid, "%q is a folder at %s, and only a file can be followed", path, abbreviate(o.Commit))
	case err != nil && fail.From(err).Code != fail.NotFound: // it may have been deleted
		return "", err
	}
	return path, nil
}

// walk is the command that lists the commits of o, with what selects by the commit alone.
func walk(o LogOptions) []string {
	args := []string{"rev-list"}
	if o.Author != "" {
		args = append(args, "--fixed-strings", "--regexp-ignore-case", "--author="+o.Author)
	}
	if !o.Since.IsZero() {
		args = append(args, "--since="+stamp(o.Since))
	}
	if !o.Until.IsZero() {
		args = append(args, "--until="+stamp(o.Until))
	}
	return args
}

// starts are the last arguments of the command: where it begins and ends.
func starts(o LogOptions, path string) []string {
	args := []string{string(o.Commit)}
	for _, h := range o.Not {
		args = append(args, "^"+string(h))
	}
	args = append(args, "--")
	if path != "" {
		args = append(args, path)
	}
	return args
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
		c, err := readCommit(in)
		if err != nil {
			return nil, false, fmt.Errorf("reading the log: %w", unexpected(err))
		}
		size += c.size()
		if len(commits) == n || size > maxLogSize && len(commits) > 0 {
			return commits, true, nil
		}
		commits = append(commits, c)
	}
}

// readCommit reads one commit of commitFormat. At the very end the error is io.EOF.
func readCommit(in *bufio.Reader) (Commit, error) {
	var f [10]string
	var err error
	for i := range f {
		if f[i], err = readField(in, 0); err != nil {
			if i > 0 {
				err = unexpected(err)
			}
			return Commit{}, err
		}
	}
	if _, err := readField(in, '\n'); err != nil {
		return Commit{}, unexpected(err)
	}
	c := Commit{
		Hash:   Hash(f[0]),
		Author: Person{f[2], f[3]}, Authored: unixTime(f[4]),
		Committer: Person{f[5], f[6]}, Committed: unixTime(f[7]),
		Subject: f[8], Body: strings.TrimRight(f[9], "\n"),
	}
	if !c.Hash.Valid() {
		return Commit{}, fmt.Errorf("%.100q is not a hash", f[0])
	}
	for p := range strings.FieldsSeq(f[1]) {
		c.Parents = append(c.Parents, Hash(p))
	}
	return c, nil
}

// size is how many bytes the texts of c have, roughly.
func (c *Commit) size() int {
	return len(c.Hash)*(1+len(c.Parents)) + len(c.Author.Name) + len(c.Author.Email) + len(c.Committer.Name) +
		len(c.Committer.Email) + len(c.Subject) + len(c.Body) + len(c.Path)
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
