package git

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sorting"
)

const (
	maxRev    = 512   // bytes of a revision
	maxNames  = 20000 // names that are compared to find the nearest
	maxCommit = 1 << 20
)

// Resolve returns the hash of the commit that rev names.
//
// rev is one of these, followed by any number of ~, ~N, ^, ^N, ^{} and ^{commit}:
// HEAD or @, a branch, tag or remote branch (main, v1.2, origin/main), a full or partly
// full ref (refs/heads/main, heads/main), or a hash, abbreviated to at least four digits.
// The other forms of gitrevisions(7) are refused: ranges, reflogs (@{1}), searches (:/x,
// ^{/x}) and paths (HEAD:x).
//
// It fails with fail.Invalid for what is not of this form or is ambiguous, and with
// fail.NotFound, naming the nearest branches and tags, for what does not exist.
func (r *Repo) Resolve(ctx context.Context, rev string) (Hash, error) {
	if err := checkRev(rev); err != nil {
		return "", err
	}
	obj, err := r.object(ctx, rev+"^{commit}", maxCommit)
	if base := baseOf(rev); errors.Is(err, errMissing) && len(base) < 40 && isHex(strings.ToLower(base)) {
		// With a suffix git does not tell an ambiguous abbreviation from none.
		if _, why := r.object(ctx, base, maxCommit); why != nil && !errors.Is(why, errTooLarge) {
			err = why
		}
	}
	switch {
	case errors.Is(err, errMissing):
		e := fail.Errorf(fail.NotFound, "%q is not a revision of the repository %s", rev, r.Name())
		names, err := r.nearest(ctx, rev)
		if err != nil {
			return "", err
		}
		if len(names) > 0 {
			return "", e.Then("the nearest names are %s", strings.Join(names, ", "))
		}
		return "", e
	case errors.Is(err, errAmbiguous):
		return "", fail.Errorf(fail.Invalid, "%q stands for more than one object", rev).
			Then("give more digits of the hash, or the full name of the ref")
	case err != nil && !errors.Is(err, errTooLarge):
		return "", err
	}
	return obj.Hash, nil
}

// checkRev refuses everything that is not of the form that Resolve describes.
func checkRev(rev string) error {
	why := revFault(rev)
	if why == "" {
		return nil
	}
	shown := rev
	if len(shown) > 80 {
		shown = strings.ToValidUTF8(shown[:80], "") + "…"
	}
	return fail.Errorf(fail.Invalid, "%q is not a revision", shown).Because("%s", why).
		Then("give a branch, a tag, HEAD, or a hash; ~N and ^N may follow")
}

func revFault(rev string) string {
	switch {
	case rev == "":
		return "it is empty"
	case len(rev) > maxRev:
		return "it is longer than " + strconv.Itoa(maxRev) + " bytes"
	}
	base := baseOf(rev)
	if !revSuffix(rev[len(base):]) {
		return "after the name only ~, ~N, ^, ^N, ^{} and ^{commit} are taken"
	}
	return refFault(base)
}

// baseOf is rev without its suffixes.
func baseOf(rev string) string {
	if i := strings.IndexAny(rev, "~^"); i >= 0 {
		return rev[:i]
	}
	return rev
}

// revSuffix reports whether s consists of the suffixes that Resolve takes.
func revSuffix(s string) bool {
	for s != "" {
		c := s[0]
		if s = s[1:]; c == '^' {
			if rest, ok := strings.CutPrefix(s, "{}"); ok {
				s = rest
				continue
			}
			if rest, ok := strings.CutPrefix(s, "{commit}"); ok {
				s = rest
				continue
			}
		} else if c != '~' {
			return false
		}
		digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
		if digits > 6 {
			return false
		}
		s = s[digits:]
	}
	return true
}

// refFault says why name cannot be the name of a ref, or ""; the rules are those of
// git-check-ref-format(1), and that it does not begin like an option.
func refFault(name string) string {
	if name == "@" {
		return ""
	}
	for _, bad := range []string{"..", "@{", "//", "/."} {
		if strings.Contains(name, bad) {
			return "a name has no " + strconv.Quote(bad) + " in it"
		}
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c == 0x7f || strings.IndexByte("~^:?*[\\", c) >= 0 {
			return "a name has no spaces, no control characters, and none of ~^:?*[\\"
		}
	}
	switch {
	case name == "":
		return "the name is empty"
	case strings.IndexByte("-/.", name[0]) >= 0:
		return "a name does not begin with - or / or ."
	case strings.HasSuffix(name, "/"), strings.HasSuffix(name, "."), strings.HasSuffix(name, ".lock"), strings.Contains(name, ".lock/"):
		return "a name does not end with / or . or .lock"
	}
	return ""
}

// nearest returns up to three names of refs that are like rev, quoted.
func (r *Repo) nearest(ctx context.Context, rev string) ([]string, error) {
	rev = baseOf(rev)
	type near struct {
		name string
		far  int
	}
	var found []near
	err := r.stream(ctx, func(out io.Reader) error {
		in := bufio.NewReaderSize(out, 64<<10)
		for range maxNames {
			line, err := readField(in, '\n')
			if errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if far, ok := distance(rev, short(line)); ok {
				found = append(found, near{short(line), far})
			}
		}
		return errEnough
	}, "for-each-ref", "--format=%(refname)", "refs/heads/", "refs/tags/", "refs/remotes/")
	if err != nil {
		return nil, err
	}
	sorting.Sort(found, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, n := range found[:min(3, len(found))] {
		names = append(names, strconv.Quote(n.name))
	}
	return names, nil
}

// short is a ref's name without refs/heads/, refs/tags/ or refs/remotes/.
func short(ref string) string {
	for _, prefix := range []string{"refs/heads/", "refs/tags/", "refs/remotes/"} {
		if rest, ok := strings.CutPrefix(ref, prefix); ok {
			return rest
		}
	}
	return ref
}

// distance says how far name is from what was asked for, and whether it is near enough
// to be meant.
func distance(asked, name string) (int, bool) {
	a, b := strings.ToLower(short(asked)), strings.ToLower(name)
	if a == b || a == b[strings.LastIndexByte(b, '/')+1:] {
		return 0, true
	}
	if a != "" && strings.HasPrefix(b, a) || len(a) >= 3 && (strings.Contains(b, a) || len(b) >= 3 && strings.Contains(a, b)) {
		return 1, true
	}
	if len(a) > 64 || len(b) > 64 {
		return 0, false
	}
	far := fail.Edits(a, b)
	return far + 1, far <= max(1, min(2, len(a)/2), len(a)/3)
}
