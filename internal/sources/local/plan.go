package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/proc"
	"cleat/internal/sources/local/tasks"
	"cleat/internal/systems/ci"
)

// configured is the kind of the tasks that the configuration declares.
const configured = "configuration"

// find lists the tasks, those of the configuration first: they win over others of the name.
func (s *Source) find(ctx context.Context) ([]tasks.Task, []tasks.Hint, error) {
	found, hints, err := tasks.Find(ctx, s.root)
	if err != nil {
		return nil, nil, err
	}
	var all []tasks.Task
	for _, name := range slices.Sorted(maps.Keys(s.c.Tasks)) {
		all = append(all, tasks.Task{Name: name, About: "declared in cleat's configuration", Argv: s.c.Tasks[name], Dir: ".", Kind: configured})
	}
	for _, t := range found {
		if _, ok := s.c.Tasks[t.Name]; !ok {
			all = append(all, t)
		}
	}
	return all, hints, nil
}

func (s *Source) trusted(t tasks.Task) bool {
	return t.Kind == configured || s.o.Trusted != nil && s.o.Trusted(t)
}

// Tasks implements ci.Starter.
func (s *Source) Tasks(ctx context.Context) ([]ci.Task, error) {
	all, _, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]ci.Task, len(all))
	for i, t := range all {
		out[i] = ci.Task{Name: t.Name, About: t.About, Args: t.Args}
		if !s.trusted(t) {
			out[i].Closed = "not trusted, or changed since"
		}
	}
	return out, nil
}

// Hints returns commands that the project's workflows would run elsewhere: they are there to
// be shown, and never run.
func (s *Source) Hints(ctx context.Context) ([]tasks.Hint, error) {
	_, hints, err := s.find(ctx)
	return hints, err
}

// Plan implements ci.Planner.
func (s *Source) Plan(ctx context.Context, start ci.Start) (*ci.Run, error) {
	req, err := s.prepare(ctx, start)
	if err != nil {
		return nil, err
	}
	req.Run.ID = ""
	return req.Run.run(), nil
}

// prepare checks what is to be started, and says how. It starts nothing.
func (s *Source) prepare(ctx context.Context, start ci.Start) (*request, error) {
	if len(start.Inputs) > 0 {
		return nil, fail.Errorf(fail.Invalid, "tasks on this machine have no inputs").Then("leave inputs out; some tasks take args")
	}
	all, _, err := s.find(ctx)
	if err != nil {
		return nil, err
	}
	t, err := tasks.Lookup(all, start.Task)
	if err != nil {
		return nil, err
	}
	argv := t.Argv
	switch {
	case len(start.Args) > 0 && !t.Args:
		return nil, fail.Errorf(fail.Invalid, "the task %q takes no arguments", t.Name).Then("leave args out")
	case len(start.Args) > 0:
		if argv, err = t.With(start.Args); err != nil {
			return nil, err
		}
	}
	if !s.trusted(t) {
		return nil, fail.Errorf(fail.Denied, "the task %q is not trusted, or changed since", t.Name).
			Because("tasks of a repository run only after its user has read and trusted them").
			Then("ask the user to run `cleat trust`")
	}
	rec := record{Task: t.Name, Args: start.Args, Argv: argv, Dir: t.Dir, Status: ci.Queued}
	if err := s.position(ctx, start.Branch, &rec); err != nil {
		return nil, err
	}
	env := s.environ()
	dir, program, err := s.resolve(t.Dir, argv[0], env)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(s.root + "\x00" + t.Dir + "\x00" + t.Name))
	return &request{
		Run: rec, Program: program, Dir: dir, Env: append(env, "PWD="+dir),
		Locks:   []string{locksFolder + "/task-" + hex.EncodeToString(sum[:8])},
		Timeout: s.c.Timeout, MaxLog: int64(s.c.MaxLog), Most: s.most,
	}, nil
}

// position notes what is checked out. A run is of the checkout as it is, and not of another
// branch.
func (s *Source) position(ctx context.Context, branch string, rec *record) error {
	if s.o.Branch != nil {
		b, commit, err := s.o.Branch(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			s.h.Log.Debug("what is checked out is not known", "error", err)
		default:
			rec.Branch, rec.Commit = b, commit
		}
	}
	if branch != "" && branch != rec.Branch {
		return fail.Errorf(fail.Unsupported, "tasks on this machine run in the checkout as it is, and not on another branch").
			Then("leave branch out, or check the branch out first")
	}
	if s.o.Dirty == nil || rec.Commit == "" {
		return nil
	}
	dirty, err := s.o.Dirty(ctx)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		s.h.Log.Debug("whether the checkout has changes is not known", "error", err)
	case dirty:
		rec.Notes = append(rec.Notes, "dirty: it ran with changes that are not in the commit")
	}
	return nil
}

// environ is the environment of a task: what all children get, what says that nobody watches,
// and what the configuration adds.
func (s *Source) environ() []string {
	added := func(name string) (string, bool) {
		if !slices.Contains(s.c.Env, name) {
			return "", false
		}
		return s.o.Getenv(name)
	}
	// Of two values for a name the last counts.
	return slices.Concat(s.h.Env, []string{"CI=true", "TERM=dumb", "NO_COLOR=1"}, proc.Environ(added, s.c.Env...))
}

// resolve finds the folder to run in and the program. Both stay inside the checkout where
// they are relative; a program that is a mere name comes from PATH.
func (s *Source) resolve(dir, program string, env []string) (absDir, absProgram string, err error) {
	root, err := os.OpenRoot(s.root)
	if err != nil {
		return "", "", fail.Errorf(fail.Unavailable, "the checkout cannot be opened: %w", rootCause(err))
	}
	defer root.Close()
	dir = path.Clean("./" + dir)
	info, err := root.Stat(filepath.FromSlash(dir))
	if err != nil || !info.IsDir() {
		return "", "", fail.Errorf(fail.NotFound, "the folder %s of the task is not there", dir).
			Because("%s", because(err, "it is no folder"))
	}
	absDir = filepath.Join(s.root, filepath.FromSlash(dir))
	rel, relative := strings.CutPrefix(program, "./")
	switch {
	case relative:
		rel = path.Clean(rel)
		info, err := root.Stat(filepath.FromSlash(rel))
		if err != nil || !info.Mode().IsRegular() {
			return "", "", fail.Errorf(fail.NotFound, "the program %s of the task is not there", rel).
				Because("%s", because(err, "it is no regular file"))
		}
		return absDir, filepath.Join(s.root, filepath.FromSlash(rel)), nil
	case filepath.IsAbs(program):
		return absDir, program, nil
	}
	absProgram, err = proc.Look(program, env)
	return absDir, absProgram, err
}

// because is why something is not there: what err says without paths, or else.
func because(err error, otherwise string) string {
	switch {
	case err == nil:
		return otherwise
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file or folder"
	}
	return "it cannot be opened inside the checkout"
}
