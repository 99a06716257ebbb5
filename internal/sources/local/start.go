package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

const (
	// answerTime is how long a supervisor may take to start a task.
	answerTime = 20 * time.Second
	// cancelTime is how long Cancel waits for the end of the run.
	cancelTime = stopGrace + 2*time.Second
	// maxComplaint is how much of what a supervisor writes to stderr is kept, in bytes.
	maxComplaint = 4 << 10
)

// A supervised run is one that ends with this process.
type supervised struct {
	stdin io.Closer
	once  sync.Once
	done  chan struct{} // closed when the supervisor has ended
}

// hangUp has the supervisor end the run.
func (o *supervised) hangUp() { o.once.Do(func() { o.stdin.Close() }) }

// Start implements ci.Starter. The run goes on when ctx has ended; it ends with Close.
//
// It fails with fail.Busy while the same task runs in the same folder, and while MaxAtOnce
// runs are going on.
func (s *Source) Start(ctx context.Context, start ci.Start) (*ci.Run, error) {
	req, err := s.prepare(ctx, start)
	if err != nil {
		return nil, err
	}
	return s.launch(ctx, req)
}

// Rerun implements ci.Starter: the same task with the same arguments runs again, as it is
// declared now.
func (s *Source) Rerun(ctx context.Context, id string) (*ci.Run, error) {
	rec, err := s.record(ctx, id)
	if err != nil {
		return nil, err
	}
	req, err := s.prepare(ctx, ci.Start{Task: rec.Task, Args: rec.Args})
	if err != nil {
		return nil, err
	}
	req.Run.Notes = append(req.Run.Notes, "it repeats the run "+rec.ID)
	return s.launch(ctx, req)
}

func (s *Source) launch(ctx context.Context, req *request) (*ci.Run, error) {
	state, err := s.h.State()
	if err != nil {
		return nil, err
	}
	if req.State, err = filepath.Abs(state.Name()); err != nil {
		return nil, unusable(err)
	}
	req.Run.ID = newID(s.h.Now())
	if s.o.Self == nil {
		return nil, fail.Errorf(fail.Unsupported, "this cleat cannot run tasks")
	}
	argv, err := s.o.Self()
	if err != nil {
		return nil, fail.Errorf(fail.Unavailable, "cleat's own program is not to be found: %w", err)
	}
	reply, err := s.supervise(ctx, argv, req)
	if err != nil {
		return nil, err
	}
	if r := reply.Error; r != nil {
		if r.Code == fail.Internal {
			return nil, fmt.Errorf("starting a task: %s", r.What)
		}
		return nil, &fail.Error{Code: r.Code, What: r.What, Why: r.Why, Next: r.Next, Retry: r.Wait}
	}
	if err := s.prune(state); err != nil {
		s.h.Log.Warn("old runs could not be removed", "error", err)
	}
	return reply.Run.run(), nil
}

// supervise starts a supervisor and returns its answer.
func (s *Source) supervise(ctx context.Context, argv []string, req *request) (answer, error) {
	if err := context.Cause(ctx); err != nil {
		return answer{}, err
	}
	closeInherited()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append([]string{}, s.h.Env...)
	cmd.Dir = req.State
	apart(cmd)
	complaint := &complaint{}
	cmd.Stderr = complaint
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return answer{}, startError("cleat", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return answer{}, errors.Join(startError("cleat", err), stdin.Close())
	}
	o := &supervised{stdin: stdin, done: make(chan struct{})}
	if !s.own(req.Run.ID, o) {
		stdin.Close()
		stdout.Close()
		return answer{}, fail.Errorf(fail.Unavailable, "cleat is ending and starts no more tasks")
	}
	if err := cmd.Start(); err != nil {
		s.disown(req.Run.ID, o)
		return answer{}, startError("cleat", err)
	}
	type told struct {
		answer answer
		err    error
	}
	answers := make(chan told, 1)
	go func() {
		var t told
		if t.err = json.NewEncoder(stdin).Encode(req); t.err == nil {
			t.err = json.NewDecoder(io.LimitReader(stdout, maxRecord)).Decode(&t.answer)
		}
		if t.err != nil || t.answer.Error != nil {
			o.hangUp()
		}
		answers <- t
		err := cmd.Wait()
		if text := complaint.String(); err != nil || text != "" {
			s.h.Log.Warn("a supervisor of a run ended badly", "run", req.Run.ID, "error", err, "stderr", text)
		}
		s.disown(req.Run.ID, o)
	}()
	late := time.NewTimer(answerTime)
	defer late.Stop()
	select {
	case t := <-answers:
		if t.err != nil {
			return answer{}, fail.Errorf(fail.Unavailable, "the supervisor of the run ended before the task began").
				Because("cleat's log (stderr) says more")
		}
		return t.answer, nil
	case <-ctx.Done():
		o.hangUp()
		return answer{}, context.Cause(ctx)
	case <-late.C:
		o.hangUp()
		return answer{}, fail.Errorf(fail.Busy, "the task did not start in %v", answerTime).After(answerTime)
	}
}

// own notes a supervisor, unless the source is closed.
func (s *Source) own(id string, o *supervised) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.owned[id] = o
	}
	return !s.closed
}

func (s *Source) disown(id string, o *supervised) {
	o.hangUp()
	s.mu.Lock()
	delete(s.owned, id)
	s.mu.Unlock()
	close(o.done)
}

// A complaint keeps the beginning of what is written to it.
type complaint struct {
	mu   sync.Mutex
	text []byte
}

func (c *complaint) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, b[:min(len(b), maxComplaint-len(c.text))]...)
	return len(b), nil
}

func (c *complaint) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}

// Cancel implements ci.Starter. It returns when the run has ended, which takes as long as the
// task needs after TERM, at most 3 seconds.
func (s *Source) Cancel(ctx context.Context, id string) (*ci.Run, error) {
	dir, err := s.open(id)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	rec, err := settled(dir)
	if err != nil {
		return nil, s.noRun(id, err)
	}
	if rec.Status.Ended() {
		return nil, fail.Errorf(fail.Conflict, "run %s has ended: %s", id, rec.Status).
			Then("repeat it with ci_run op=rerun run=%s if need be", id)
	}
	f, err := dir.OpenFile(cancelName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fail.Errorf(fail.Conflict, "run %s is being canceled already: %s", id, rec.Status).
			Then("wait for its end with ci_runs op=wait run=%s", id)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, unusable(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(cancelTime)
	defer late.Stop()
	for {
		rec, err := settled(dir)
		if err != nil {
			return nil, s.noRun(id, err)
		}
		if rec.Status.Ended() {
			if rec.Status != ci.Canceled {
				rec.Notes = append(rec.Notes, "it ended before it could be canceled")
			}
			return rec.run(), nil
		}
		select {
		case <-tick.C:
		case <-late.C:
			rec.Notes = append(rec.Notes, "it is being canceled")
			return rec.run(), nil
		case <-ctx.Done():
			return nil, fail.Errorf(fail.UnknownOutcome, "run %s is being canceled: %w", id, context.Cause(ctx)).
				Then("wait for its end with ci_runs op=wait run=%s", id)
		}
	}
}
