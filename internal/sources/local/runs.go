package local

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"cleat/internal/fail"
	"cleat/internal/lockfile"
	"cleat/internal/sorting"
	"cleat/internal/systems/ci"
	"cleat/internal/text"
)

// run is the record as others see it.
func (r record) run() *ci.Run {
	run := &ci.Run{
		ID: r.ID, Task: r.Task, Status: r.Status, Branch: r.Branch, Commit: r.Commit, Event: "local",
		Started: r.Started, Finished: r.Finished, Notes: r.Notes, Argv: r.Argv,
	}
	if r.ID != "" {
		run.Jobs = []ci.Job{{ID: r.ID, Name: r.Task, Status: r.Status, Exit: r.Exit,
			Started: r.Started, Finished: r.Finished, Reason: r.Reason}}
	}
	return run
}

// open opens the folder of a run, which the caller closes.
func (s *Source) open(id string) (*os.Root, error) {
	state, err := s.h.State()
	if err != nil {
		return nil, err
	}
	dir, err := openRun(state, id)
	if err != nil {
		return nil, s.noRun(id, err)
	}
	return dir, nil
}

// noRun is the error for a run that cannot be read.
func (s *Source) noRun(id string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fail.Errorf(fail.Unavailable, "the run cannot be read: %w", rootCause(err))
	}
	e := fail.Errorf(fail.NotFound, "there is no run %q on this machine", clip(id))
	if isID(id) {
		e = e.Because("only the last %d are kept, at most for %d days", keptRuns, int(keptFor/(24*time.Hour)))
	}
	return e.Then("list the runs with ci_runs")
}

// clip is s as an error may quote it.
func clip(s string) string { return text.Line(s[:min(len(s), 80)]) }

func (s *Source) record(ctx context.Context, id string) (record, error) {
	if err := context.Cause(ctx); err != nil {
		return record{}, err
	}
	dir, err := s.open(id)
	if err != nil {
		return record{}, err
	}
	defer dir.Close()
	rec, err := settled(dir)
	if err == nil && rec.ID != id {
		err = fs.ErrNotExist
	}
	if err != nil {
		return record{}, s.noRun(id, err)
	}
	return rec, nil
}

// Run implements ci.Runner.
func (s *Source) Run(ctx context.Context, id string) (*ci.Run, error) {
	rec, err := s.record(ctx, id)
	if err != nil {
		return nil, err
	}
	return rec.run(), nil
}

// Runs implements ci.Runner. The cursor is the id of the last run of the page before.
func (s *Source) Runs(ctx context.Context, q ci.Query) (*ci.Runs, error) {
	state, err := s.h.State()
	if err != nil {
		return nil, err
	}
	all, err := s.records(ctx, state)
	if err != nil {
		return nil, err
	}
	if q.Cursor != "" {
		i := slices.IndexFunc(all, func(r record) bool { return r.ID == q.Cursor })
		if i < 0 {
			return nil, fail.Errorf(fail.Invalid, "the cursor is of a run that is not there any more").Then("list the runs from the first page")
		}
		all = all[i+1:]
	}
	limit := q.Limit
	if limit <= 0 {
		limit = ci.DefaultRuns
	}
	limit = min(limit, ci.MaxRuns)
	out := &ci.Runs{}
	for _, r := range all {
		if !matches(r, q) {
			continue
		}
		if len(out.Runs) == limit {
			out.Cursor = out.Runs[limit-1].ID
			break
		}
		run := r.run()
		run.Jobs = nil
		out.Runs = append(out.Runs, *run)
	}
	return out, nil
}

func matches(r record, q ci.Query) bool {
	return (q.Branch == "" || q.Branch == r.Branch) && (q.Commit == "" || q.Commit == r.Commit) &&
		q.PR == "" && (q.Status == "" || q.Status == r.Status) && (q.Task == "" || q.Task == r.Task)
}

// records reads all runs, newest first. One that cannot be read is passed over: it is being
// made, or removed.
func (s *Source) records(ctx context.Context, state *os.Root) ([]record, error) {
	ids, err := runIDs(state)
	if err != nil {
		return nil, unusable(err)
	}
	var all []record
	for _, id := range ids {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		rec, err := recordOf(state, id)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				s.h.Log.Warn("a run cannot be read", "run", id, "error", err)
			}
			continue
		}
		all = append(all, rec)
	}
	sorting.Sort(all, func(a, b record) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID))
	})
	return all, nil
}

func recordOf(state *os.Root, id string) (record, error) {
	dir, err := openRun(state, id)
	if err != nil {
		return record{}, err
	}
	defer dir.Close()
	rec, err := settled(dir)
	if err == nil && rec.ID != id {
		err = errors.New("the record is of another run")
	}
	return rec, err
}

// Log implements ci.Runner. What it returns is the log at the time of the call, also while
// the run goes on, and is an io.ReaderAt and io.Seeker with a method Size() int64 as well. A
// line in it says how much of the middle was not kept.
func (s *Source) Log(ctx context.Context, run *ci.Run, job *ci.Job) (io.ReadCloser, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if job.ID != run.ID {
		return nil, fail.Errorf(fail.NotFound, "there is no job %q in run %s", clip(job.ID), clip(run.ID)).
			Then("see its jobs with ci_runs op=get")
	}
	dir, err := s.open(run.ID)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	log, err := openLog(dir)
	if err != nil {
		return nil, s.noRun(run.ID, err)
	}
	return log, nil
}

// Progress tells how many lines a run has written so far, and the last of them, cleaned, ""
// if there is none. It is cheap, and fails as Log does.
func (s *Source) Progress(id string) (lines int, last string, err error) {
	dir, err := s.open(id)
	if err != nil {
		return 0, "", err
	}
	defer dir.Close()
	all, err := segments(dir)
	if err != nil || len(all) == 0 {
		return 0, "", err
	}
	newest := all[len(all)-1]
	content, err := dir.ReadFile(newest.name)
	if errors.Is(err, fs.ErrNotExist) {
		return int(newest.lines), "", nil
	}
	if err != nil {
		return 0, "", err
	}
	lines = int(newest.lines) + bytes.Count(content, []byte{'\n'})
	tail := bytes.TrimSpace(content[max(0, len(content)-4<<10):])
	tail = tail[bytes.LastIndexByte(tail, '\n')+1:]
	return lines, text.Line(string(bytes.TrimSpace(tail))), nil
}

// prune removes runs that have ended: what is beyond the limits of number, size and age.
func (s *Source) prune(state *os.Root) error {
	ids, err := runIDs(state)
	if err != nil {
		return err
	}
	slices.Sort(ids) // by time
	slices.Reverse(ids)
	var errs []error
	var total int64
	kept := 0
	for _, id := range ids {
		size, age, err := s.measure(state, id)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if kept < keptRuns && total+size <= keptBytes && age <= keptFor {
			kept, total = kept+1, total+size
			continue
		}
		errs = append(errs, remove(state, id))
	}
	return errors.Join(errs...)
}

// measure returns how large a run is, in bytes, and how old.
func (s *Source) measure(state *os.Root, id string) (size int64, age time.Duration, err error) {
	dir, err := openRun(state, id)
	if err != nil {
		return 0, 0, err
	}
	defer dir.Close()
	d, err := dir.Open(".")
	if err != nil {
		return 0, 0, err
	}
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return 0, 0, err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			size += info.Size()
		}
	}
	began, err := time.Parse("060102-150405", id[:len("060102-150405")])
	if err != nil {
		return 0, 0, fmt.Errorf("a run has the id %s: %w", id, err)
	}
	return size, s.h.Now().Sub(began), nil
}

// remove removes a run, unless it goes on.
func remove(state *os.Root, id string) error {
	dir, err := openRun(state, id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	l, err := take(dir, lockName)
	if errors.Is(err, lockfile.ErrHeld) {
		return nil
	}
	if err != nil {
		return err
	}
	defer l.release()
	return state.RemoveAll(runsFolder + "/" + id)
}
