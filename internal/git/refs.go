package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
)

// A RefKind says which refs are meant.
type RefKind string

// The kinds of refs. AllRefs are these three and any other, such as refs/notes.
const (
	Branches       RefKind = "branch"
	Tags           RefKind = "tag"
	RemoteBranches RefKind = "remote"
	AllRefs        RefKind = ""
)

func (k RefKind) prefix() (string, error) {
	switch k {
	case Branches:
		return "refs/heads/", nil
	case Tags:
		return "refs/tags/", nil
	case RemoteBranches:
		return "refs/remotes/", nil
	case AllRefs:
		return "refs/", nil
	}
	return "", fail.Errorf(fail.Invalid, "no kind of ref %q", k).Then("the kinds are branch, tag and remote")
}

// MaxRefs is how many refs one call of Refs returns at most.
const MaxRefs = 1000

// RefOptions select refs.
type RefOptions struct {
	Kind   RefKind
	Prefix string // the names, without refs/heads/ and the like, begin with it
	After  string // full name of the last ref already had; "" begins with the first
	Limit  int    // 0 or more than MaxRefs means MaxRefs
}

// A Ref is a branch, a tag, or another name for an object.
type Ref struct {
	Name string    // full, such as refs/heads/main
	Hash Hash      // of the commit it leads to; "" if it leads to none
	Time time.Time // when that was committed, in UTC
	To   string    // the ref that a symbolic one stands for, or ""
}

// Short is the name without refs/heads/, refs/tags/ or refs/remotes/.
func (f Ref) Short() string { return short(f.Name) }

// Refs returns refs in the order of their names, and whether there are more.
func (r *Repo) Refs(ctx context.Context, o RefOptions) (refs []Ref, more bool, err error) {
	prefix, err := o.Kind.prefix()
	if err != nil {
		return nil, false, err
	}
	limit := o.Limit
	if limit <= 0 || limit > MaxRefs {
		limit = MaxRefs
	}
	pattern := []string{prefix}
	if o.Prefix != "" {
		if strings.ContainsAny(o.Prefix, "*?[\\\x00\n") {
			return nil, false, nil // no ref has such a name, and a pattern would match others
		}
		prefix += o.Prefix
		pattern = []string{prefix + "*", prefix + "*/**"}
	}
	args := append([]string{"for-each-ref", "--format=%(refname)%00%(objectname)%00%(symref)"}, pattern...)
	err = r.stream(ctx, func(out io.Reader) error {
		in := bufio.NewReaderSize(out, 64<<10)
		for {
			line, err := readField(in, '\n')
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			// A line that is too long has lost its fields.
			fields := strings.Split(line, "\x00")
			if len(fields) != 3 || fields[0] <= o.After || !strings.HasPrefix(fields[0], prefix) {
				continue
			}
			if more = len(refs) == limit; more {
				return errEnough
			}
			refs = append(refs, Ref{Name: fields[0], Hash: Hash(fields[1]), To: fields[2]})
		}
	}, args...)
	if err != nil {
		return nil, false, err
	}
	for i := range refs {
		if err := r.peel(ctx, &refs[i]); err != nil {
			return nil, false, err
		}
	}
	return refs, more, nil
}

// peel replaces the hash of what a ref names by that of the commit it leads to.
func (r *Repo) peel(ctx context.Context, f *Ref) error {
	name := string(f.Hash) + "^{commit}"
	if !f.Hash.Valid() {
		f.Hash = ""
		return nil
	}
	obj, err := r.object(ctx, name, maxCommit)
	if errors.Is(err, errMissing) {
		f.Hash = ""
		return nil
	} else if err != nil && !errors.Is(err, errTooLarge) {
		return err
	}
	f.Hash, f.Time = obj.Hash, commitTime(obj.Data)
	return nil
}

// commitTime is the committer's time in a raw commit; zero if there is none.
func commitTime(raw []byte) time.Time {
	for line := range bytes.Lines(raw) {
		if len(line) == 1 {
			break // the message begins
		}
		if rest, ok := bytes.CutPrefix(line, []byte("committer ")); ok {
			_, stamp, _ := strings.Cut(string(rest[bytes.LastIndexByte(rest, '>')+1:]), " ")
			seconds, _, _ := strings.Cut(stamp, " ")
			return unixTime(seconds)
		}
	}
	return time.Time{}
}

// unixTime is the time of a number of seconds; zero for one that is no time between the
// years 1 and 9999: whoever made the commit chose it.
func unixTime(s string) time.Time {
	seconds, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}
	}
	if t := time.Unix(seconds, 0).UTC(); t.Year() >= 1 && t.Year() <= 9999 {
		return t
	}
	return time.Time{}
}
