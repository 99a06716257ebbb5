package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"cleat/internal/fail"
)

// A request is what a supervisor is told on its standard input, which then stays open for as
// long as the run may go on.
type request struct {
	State   string        `json:"state"` // the repository's state folder, absolute
	Run     record        `json:"run"`
	Program string        `json:"program"` // absolute
	Dir     string        `json:"dir"`     // absolute
	Env     []string      `json:"env"`
	Locks   []string      `json:"locks"` // to be held while it runs, in the state folder
	Timeout time.Duration `json:"timeout"`
	MaxLog  int64         `json:"max_log"`
	Most    int64         `json:"most"` // bytes of output
}

// An answer is what a supervisor says on its standard output, once.
type answer struct {
	Run   record   `json:"run"`
	Error *refusal `json:"error,omitempty"`
	Held  string   `json:"held,omitempty"` // the run that has the task's lock
}

// A refusal is a fail.Error on its way between two processes.
type refusal struct {
	Code fail.Code     `json:"code"`
	What string        `json:"what"`
	Why  string        `json:"why,omitempty"`
	Next string        `json:"next,omitempty"`
	Wait time.Duration `json:"wait,omitempty"`
}

func refusalOf(err error) *refusal {
	e, ok := errors.AsType[*fail.Error](err)
	if !ok {
		return &refusal{Code: fail.Internal, What: err.Error()} // for the log
	}
	return &refusal{e.Code, e.What, e.Why, e.Next, e.Retry}
}

// rootCause is the system's own error in err, without the paths around it.
func rootCause(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	return err
}

func startError(program string, err error) error {
	program = filepath.Base(program)
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM):
		return fail.Errorf(fail.Busy, "no room for another program (%s): %w", program, rootCause(err)).
			Because("the limit on open files or processes is reached").After(time.Second)
	case errors.Is(err, syscall.ENOEXEC):
		return fail.Errorf(fail.Unavailable, "%s cannot be started: it is neither a program nor a script with a first line such as #!/bin/sh", program)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, exec.ErrNotFound):
		return fail.Errorf(fail.Unavailable, "%s cannot be started: %w", program, rootCause(err))
	case errors.Is(err, syscall.E2BIG):
		return fail.Errorf(fail.TooLarge, "the arguments of %s are too long: %w", program, rootCause(err))
	}
	return fmt.Errorf("starting %s: %w", program, err)
}

func unusable(err error) error {
	if _, ok := errors.AsType[*fail.Error](err); ok {
		return err
	}
	return fail.Errorf(fail.Unavailable, "runs cannot be kept in cleat's state folder: %w", rootCause(err)).
		Then("tell the user that cleat's state folder cannot be written to")
}

func busyTask(task, held string) error {
	e := fail.Errorf(fail.Busy, "the task %q is running already", task).After(5 * time.Second)
	if held == "" {
		return e.Then("find its run with ci_runs, wait for it with ci_runs op=wait, or end it with ci_run op=cancel")
	}
	return e.Because("it is the run %s", held).
		Then("wait for it with ci_runs op=wait run=%s, or end it with ci_run op=cancel run=%s", held, held)
}
