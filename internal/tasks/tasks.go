// Package tasks keeps the calls that go on after their answer, as tasks in the sense of the
// extension io.modelcontextprotocol/tasks (SEP-2663): the client asks after them, and gets
// the result when there is one. What a task is of (a run of CI) lives elsewhere and longer:
// here is its name alone, and how often it may be looked at.
package tasks

import (
	"crypto/rand"
	"net/url"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/text"
)

// Limits.
const (
	Max       = 32            // tasks of one process
	TTL       = 6 * time.Hour // how long a task is kept
	localPoll = time.Second   // between two looks at work on this machine
	farPoll   = 5 * time.Second

	maxID = 2 << 10 // bytes of an id that are read
)

// Work says what a task is of.
type Work struct {
	Tool, Source string
	Local        bool   // the work is on this machine
	ID           string // of the work, at its source
	Budget       int    // tokens of the result, 0 if the call named none
}

// A State is how a task stands, in the extension's words.
type State string

// The states. Input is never required, and what fails has a result that says so.
const (
	Working   State = "working"
	Completed State = "completed"
	Canceled  State = "cancelled"
)

// A Status is what a client is told of a task.
type Status struct {
	State   State
	Message string // in cleat's words, "" for none
	Updated time.Time
}

// A Task is one that is held. It is safe for concurrent use.
type Task struct {
	ID       string
	Work     Work
	Created  time.Time
	Interval time.Duration // the least between two looks at the work

	now func() time.Time

	mu       sync.Mutex
	status   Status
	looked   time.Time // when the last look ended; with the monotonic clock
	looking  bool
	stopping bool // its end was asked for
	result   text.Renderer
	failure  string
}

// A Store holds the tasks of one process. It is safe for concurrent use.
type Store struct {
	now  func() time.Time
	mu   sync.Mutex
	held []*Task // oldest first
}

// NewStore returns an empty Store with a clock.
func NewStore(now func() time.Time) *Store { return &Store{now: now} }

// Add makes a task of w. Where Max are held, the oldest that has ended goes; if none has, ok
// is false and there is no task.
func (s *Store) Add(w Work) (t *Task, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	if len(s.held) >= Max {
		ended := -1
		for i, t := range s.held {
			if t.Status().State != Working {
				ended = i
				break
			}
		}
		if ended < 0 {
			return nil, false
		}
		s.held = append(s.held[:ended:ended], s.held[ended+1:]...)
	}
	now := s.now()
	t = &Task{ID: w.path() + "." + rand.Text(), Work: w, Created: now,
		Interval: farPoll, now: s.now, status: Status{State: Working, Updated: now}, looked: now}
	if w.Local {
		t.Interval = localPoll
	}
	s.held = append(s.held, t)
	return t, true
}

// path names the work: people see it, as a part of the id of the task.
func (w Work) path() string { return w.Tool + "/" + w.Source + "/" + url.PathEscape(w.ID) }

// read returns the work that the id of a task names, if it can stand in an argument as it is.
func read(id string) (w Work, ok bool) {
	if len(id) > maxID {
		return w, false
	}
	id = id[:max(strings.LastIndexByte(id, '.'), 0)]
	w.Tool, id, _ = strings.Cut(id, "/")
	w.Source, id, _ = strings.Cut(id, "/")
	var err error
	w.ID, err = url.PathUnescape(id)
	return w, err == nil && plain(w.Source) && plain(w.ID)
}

// Get returns the task that has the id. For any other id it fails with fail.NotFound, and
// tells what the id was of as far as that can be read: an id is no proof of anything, so all
// of it is as the caller wrote it.
func (s *Store) Get(id string) (*Task, *Work, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	for _, t := range s.held {
		if t.ID == id {
			return t, &t.Work, nil
		}
	}
	err := fail.Errorf(fail.NotFound, "this process of cleat has no task of that id").
		Because("a task lives as long as the process that began it, and at most %d hours", int(TTL.Hours()))
	if w, ok := read(id); ok {
		return nil, &w, err
	}
	return nil, nil, err
}

// plain reports whether s can stand in an argument as it is.
func plain(s string) bool {
	return s != "" && len(s) <= 300 && text.Line(s) == s && !strings.ContainsAny(s, " \"'`")
}

// expire drops what is too old. The Store is locked.
func (s *Store) expire() {
	for len(s.held) > 0 && s.now().Sub(s.held[0].Created) > TTL {
		s.held = s.held[1:]
	}
}

// Status returns how the task stood when it was last looked at.
func (t *Task) Status() Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}

// Look reports whether the caller may look at the work now, and has to call Looked then. It
// may where nobody else does and the last look is Interval ago, and always once there is a
// result, which costs no look at the work itself.
func (t *Task) Look() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status.State != Working {
		return t.status.State == Completed && t.failure == ""
	}
	if t.looking || t.now().Sub(t.looked) < t.Interval {
		return false
	}
	t.looking = true
	return true
}

// Looked ends a look, with what was found. A task that has ended stays so.
func (t *Task) Looked(state State, message string) Status {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status.State == Working {
		t.looking, t.looked = false, t.now()
		if state == Canceled && !t.stopping {
			state = Completed // by others: the result says so
		}
		if t.status.State != state || t.status.Message != message {
			t.status = Status{state, message, t.now()}
		}
	}
	return t.status
}

// Fail ends a look that showed that there will be no result: the failure stands for it.
func (t *Task) Fail(failure string) Status {
	t.Looked(Completed, "")
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.result == nil {
		t.failure = failure
	}
	return t.status
}

// Failure is what stands for the result, or "".
func (t *Task) Failure() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failure
}

// Stop reports whether the caller is the one who has to end the work: the task is at work,
// and nobody has done so before.
func (t *Task) Stop() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status.State != Working || t.stopping {
		return false
	}
	t.stopping = true
	return true
}

// Unstopped takes Stop back: the work could not be ended.
func (t *Task) Unstopped() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopping = false
}

// Keep keeps the result of the work, so that a client that asks again and again costs one
// look. Nobody may change it afterwards.
func (t *Task) Keep(result text.Renderer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.result = result
}

// Kept returns what was kept, or nil.
func (t *Task) Kept() text.Renderer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.result
}
