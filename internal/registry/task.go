package registry

import (
	"context"
	"sync"
	"time"

	"cleat/internal/tasks"
	"cleat/internal/text"
)

// A Follow says how a call whose work goes on after it is followed, by a client that takes
// tasks.
type Follow struct {
	// Poll tells how the work stands: its arguments are op ("get"), run, source and budget, and
	// it calls TaskOf. No client can call it, and policy takes it for the tool of its name.
	Poll Entry
	// Resume is how the model goes on by itself: arguments of the tool of Poll's name.
	Resume string
}

// followed is what the names end in under which the Polls of tools are looked up.
const followed = "/task"

// A Task is a call that may go on after its answer. Its methods may be called on nil, which
// is a call that has to be answered as a whole. It is safe for concurrent use: a call that
// does not heed its deadline may still write what nobody reads any more.
type Task struct {
	held *tasks.Task // of a Poll

	mu      sync.Mutex
	work    tasks.Work
	state   tasks.State
	message string
}

type taskKey struct{}

// TaskOf returns the task that the call of ctx may become, or is a Poll of, or nil.
func TaskOf(ctx context.Context) *Task {
	t, _ := ctx.Value(taskKey{}).(*Task)
	return t
}

// taskWait is how long a call waits for the end of its work before it becomes a task.
const taskWait = 3 * time.Second

// Wait cuts d, the time to wait for the end of the work, where the call may become a task.
func (t *Task) Wait(d time.Duration) time.Duration {
	if t == nil {
		return d
	}
	return min(d, taskWait)
}

// at notes where the call goes.
func (t *Task) at(c *Call) {
	if t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.work.Source, t.work.Local = c.Source, c.Local
	}
}

// Begin makes the call a task: its work goes on under the id, and its result is to be of at
// most budget tokens, 0 for the usual.
func (t *Task) Begin(id string, budget int) {
	if t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.work.ID, t.work.Budget = id, budget
	}
}

// begun is the work that the call made a task; its ID is "" if there is none.
func (t *Task) begun() tasks.Work {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.work
}

// Polled reports whether the call is a Poll; the methods that follow are for one.
func (t *Task) Polled() bool { return t != nil && t.held != nil }

// Works says that the work goes on, with a message in cleat's words.
func (t *Task) Works(message string) { t.stands(tasks.Working, message) }

// End says that the work has ended, canceled or not, with the result, which nobody may
// change afterwards.
func (t *Task) End(canceled bool, result text.Renderer) {
	t.held.Keep(result)
	if canceled {
		t.stands(tasks.Canceled, "")
	} else {
		t.stands(tasks.Completed, "")
	}
}

// Kept returns the result of an earlier End, or nil.
func (t *Task) Kept() text.Renderer { return t.held.Kept() }

func (t *Task) stands(state tasks.State, message string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state, t.message = state, message
}

// looked hands what the call has found to the task that is held.
func (t *Task) looked() tasks.Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held.Looked(t.state, t.message)
}

// follow is the arguments of a Poll, and of the call that ends the work.
type follow struct {
	Op     string `json:"op"`
	Run    string `json:"run"`
	Source string `json:"source,omitempty"`
	Budget int    `json:"budget,omitempty"`
}
