package workspace

import (
	"context"
	"fmt"
	"strings"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/tree"
)

// A spec is what Query.Ref asks for.
type spec struct {
	ref     string // a revision; "" is the work tree
	compare bool   // what ref has against what to has
	to      string // "" is the work tree
}

// readRef reads Query.Ref: a revision, or A..B, where an empty A is HEAD and an empty B the
// work tree.
func readRef(ref string) (spec, error) {
	from, to, compare := strings.Cut(ref, "..")
	if !compare {
		return spec{ref: ref}, nil
	}
	if strings.HasPrefix(to, ".") || strings.Contains(to, "..") {
		return spec{}, fail.Errorf(fail.Invalid, "%.80q is not a ref to search", ref).
			Because("two sides are compared as A..B").
			Then("write A..B, A.. for A against the work tree, or one branch, tag or commit")
	}
	if from == "" {
		from = "HEAD"
	}
	return spec{from, true, to}, nil
}

// A view is what is searched of one repository.
type view struct {
	files tree.Files
	other tree.Files // that files are compared with; nil if they are not
	scope string     // what that is, for the reader; "" for the work tree
	pins  string     // the hashes of it, for the following page
	close func()
}

// view opens what sp means in the repository u. Where pins are given, they are what it
// meant on the first page. With brief, what was not open before is closed by view.close.
func (s *Source) view(ctx context.Context, u *repository, sp spec, pins string, brief bool) (*view, error) {
	v := &view{close: func() {}}
	if sp.ref == "" && u.root != nil {
		v.files = u.root
		return v, nil
	}
	if sp.ref == "" {
		sp.ref = "HEAD"
	}
	var repo *git.Repo
	var err error
	if brief {
		repo, v.close, err = u.once()
	} else {
		repo, err = u.git()
	}
	if err != nil {
		return nil, err
	}
	if err := v.open(ctx, u, repo, sp, pins); err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

func (v *view) open(ctx context.Context, u *repository, repo *git.Repo, sp spec, pins string) error {
	pin, otherPin, _ := strings.Cut(pins, "..")
	a, err := resolve(ctx, repo, sp.ref, pin)
	if err != nil {
		return err
	}
	v.files, v.scope, v.pins = u.at(repo, a), scope(sp.ref, a), string(a)
	if !sp.compare {
		return nil
	}
	if sp.to == "" && u.root != nil {
		v.other, v.scope = u.root, v.scope+" against the work tree"
		return nil
	}
	if sp.to == "" {
		sp.to = "HEAD"
	}
	b, err := resolve(ctx, repo, sp.to, otherPin)
	if err != nil {
		return err
	}
	v.other, v.scope, v.pins = u.at(repo, b), v.scope+" against "+scope(sp.to, b), v.pins+".."+string(b)
	return nil
}

// resolve returns the commit that ref means; where pin is given, that is what it meant.
// A pin comes from a cursor, and so from the caller.
func resolve(ctx context.Context, repo *git.Repo, ref, pin string) (git.Hash, error) {
	if pin == "" {
		h, err := repo.Resolve(ctx, ref)
		if fail.From(err) != nil && fail.From(err).Code == fail.NotFound {
			err = fail.Hint(err, "check the name; code_history with op=branches lists branches")
		}
		return h, ofArgument("ref", err)
	}
	if !git.Hash(pin).Valid() {
		return "", cursor.Stale("it is damaged")
	}
	h, err := repo.Resolve(ctx, pin)
	if err != nil && fail.From(err).Code == fail.NotFound {
		return "", cursor.Stale("the commit that it goes on in is gone")
	}
	return h, err
}

// ofArgument returns err with the argument that it is about, where that is all it lacks.
func ofArgument(argument string, err error) error {
	if f := fail.From(err); err != nil && f.Code == fail.Invalid && strings.HasPrefix(f.What, `"`) {
		return fail.Errorf(fail.Invalid, "%s %s", argument, f.What).Because("%s", f.Why).Then("%s", f.Next)
	}
	return err
}

// scope says what was searched: a ref and what it stands for.
func scope(ref string, h git.Hash) string {
	if ref == string(h) {
		return short(h)
	}
	return fmt.Sprintf("%s (%s)", ref, short(h))
}
