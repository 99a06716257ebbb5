package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// A Range is a commit, or two that are compared.
type Range struct {
	From Hash // "" if only one commit was named
	To   Hash
	Base bool // From is where the two that were named forked
}

// Range returns what spec names: a revision A, for which From is empty; A..B; or A...B,
// for which From is the merge base of the two. A and B are of the form that Resolve
// takes; each may be empty, which is HEAD, and so may spec.
//
// It fails as Resolve and MergeBase do.
func (r *Repo) Range(ctx context.Context, spec string) (Range, error) {
	a, b, two := strings.Cut(spec, "...")
	base := two
	if !two {
		a, b, two = strings.Cut(spec, "..")
	}
	if !two {
		to, err := r.end(ctx, spec)
		return Range{To: to}, err
	}
	from, err := r.end(ctx, a)
	if err != nil {
		return Range{}, err
	}
	to, err := r.end(ctx, b)
	if err != nil {
		return Range{}, err
	}
	if base {
		if from, err = r.MergeBase(ctx, from, to); err != nil {
			return Range{}, err
		}
	}
	return Range{From: from, To: to, Base: base}, nil
}

// end resolves one end of a range.
func (r *Repo) end(ctx context.Context, rev string) (Hash, error) {
	if rev == "" {
		rev = "HEAD"
	}
	return r.Resolve(ctx, rev)
}

// MergeBase returns the best common ancestor of two commits; of several that are equally
// good, the one that git names first. It fails with fail.NotFound if they have none, as
// may be in a shallow clone.
func (r *Repo) MergeBase(ctx context.Context, a, b Hash) (Hash, error) {
	for _, h := range []Hash{a, b} {
		if !h.Valid() {
			return "", fmt.Errorf("git: %q is not a hash", h)
		}
	}
	release, err := r.slot(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	res, err := r.run(ctx, "merge-base", string(a), string(b))
	if err != nil {
		return "", err
	}
	base := Hash(strings.TrimSuffix(string(res.Stdout), "\n"))
	switch {
	case res.Code == 1 && base == "":
		return "", fail.Errorf(fail.NotFound, "%s and %s have no commit in common", abbreviate(a), abbreviate(b)).
			Because("they come from separate histories, or the clone is shallow").
			Then("compare them directly: A..B instead of A...B")
	case res.Code != 0:
		return "", r.gitError("merge-base", res)
	case !base.Valid():
		return "", fmt.Errorf("git: a merge base of %q", base)
	}
	return base, nil
}

// AheadBehind returns how many commits tip has that base lacks, and the other way round.
func (r *Repo) AheadBehind(ctx context.Context, base, tip Hash) (ahead, behind int, err error) {
	for _, h := range []Hash{base, tip} {
		if !h.Valid() {
			return 0, 0, fmt.Errorf("git: %q is not a hash", h)
		}
	}
	release, err := r.slot(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer release()
	res, err := r.run(ctx, "rev-list", "--left-right", "--count", string(base)+"..."+string(tip), "--")
	if err != nil {
		return 0, 0, err
	}
	if err := r.gitError("rev-list", res); err != nil {
		return 0, 0, err
	}
	f := strings.Fields(string(res.Stdout))
	if len(f) != 2 {
		return 0, 0, fmt.Errorf("git: counts of commits that are none: %.200q", res.Stdout)
	}
	for i, to := range []*int{&behind, &ahead} {
		if *to, err = strconv.Atoi(f[i]); err != nil {
			return 0, 0, fmt.Errorf("git: a count of commits of %.20q", f[i])
		}
	}
	return ahead, behind, nil
}

// DefaultBranch returns the branch that others are compared with: what the remote origin
// calls its HEAD, else the branch main, else master, else what is checked out, which is
// called HEAD if it is no branch. It fails with fail.NotFound in a repository without
// commits.
func (r *Repo) DefaultBranch(ctx context.Context) (Ref, error) {
	const remote = "refs/remotes/origin/HEAD"
	names := []string{remote, "refs/heads/main", "refs/heads/master"}
	found := make(map[string]Ref, len(names))
	err := r.stream(ctx, func(out io.Reader) error {
		in := bufio.NewReaderSize(out, 64<<10)
		for {
			line, err := readField(in, '\n')
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if f := strings.Split(line, "\x00"); len(f) == 3 {
				found[f[0]] = Ref{Name: f[0], Hash: Hash(f[1]), To: f[2]}
			}
		}
	}, append([]string{"for-each-ref", "--count=" + strconv.Itoa(2*len(names)), "--format=%(refname)%00%(objectname)%00%(symref)"}, names...)...)
	if err != nil {
		return Ref{}, err
	}
	for _, name := range names {
		f, ok := found[name]
		if !ok {
			continue
		}
		if name == remote && strings.HasPrefix(f.To, "refs/remotes/origin/") {
			f.Name, f.To = f.To, ""
		}
		if err := r.peel(ctx, &f); err != nil {
			return Ref{}, err
		}
		if f.Hash != "" {
			return f, nil
		}
	}
	head, err := r.Head(ctx)
	if err != nil {
		return Ref{}, err
	}
	f := Ref{Name: head.Ref, Hash: head.Hash}
	if f.Name == "" {
		f.Name = "HEAD"
	}
	if err := r.peel(ctx, &f); err != nil {
		return Ref{}, err
	}
	if f.Hash == "" {
		return Ref{}, fail.Errorf(fail.NotFound, "the repository %s has no commits", r.Name())
	}
	return f, nil
}
