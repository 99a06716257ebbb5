// Package local runs the project's own tasks on this machine, in the background, and is a
// ci.Runner, ci.Starter, ci.Planner and ci.Reporter over those runs. It also has the tickets
// that are kept on this machine (package tracker).
//
// # What a run is
//
// Each run has a supervisor: cleat itself, started again with Options.Self, whose body is
// Supervise. It starts the task without a shell, in a folder of the checkout, with an
// allow-listed environment, /dev/null as its input, no inherited descriptor and no core
// dumps, and writes what it says to the log. It ends with everything it has started:
//
//   - when the task ends, what it left behind is ended as well;
//   - at the deadline, and when the run is canceled: TERM to all descendants, and KILL to
//     those that are left after 3 seconds;
//   - when the cleat that started it is gone, however it ended: the same, after 2 seconds,
//     and the run is Interrupted.
//
// On Linux the supervisor is a subreaper: daemons that left their session become its
// children, so it finds all of them. Elsewhere on Unix it is the task's process group that
// ends, and on Windows a job object. What escapes everywhere is what another program starts
// on the task's behalf: a container engine, cron, systemd. If the supervisor itself is
// killed, Linux kills the first process of the task.
//
// Of the resource limits only that on core dumps is set. The number of processes counts for
// all of a user's, and an address space is reserved in plenty by runtimes that use little of
// it, so limits on those break builds; both are left as they are, as are open files.
//
// # What is kept
//
// A run is a folder in the repository's state folder, private to the user: the record of the
// run, written by its supervisor only, and the first and the last part of the log. Locks
// that the system frees with the process say which runs are alive, so any number of cleat
// processes may share the folder, and one that starts anew sees what happened before.
package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/size"
	"cleat/internal/sources/local/tasks"
	"cleat/internal/sources/local/tracker"
)

// Limits.
const (
	DefaultTimeout = 30 * time.Minute // of a run
	MaxTimeout     = 24 * time.Hour
	DefaultMaxLog  = 64 << 20 // bytes that are kept of a log
	MinMaxLog      = 64 << 10
	MaxMaxLog      = 1 << 30
	MaxOutput      = 20e9 // bytes that a run may write before it is ended
	MaxAtOnce      = 4    // runs
	keptRuns       = 50
	keptBytes      = 1 << 30
	keptFor        = 30 * 24 * time.Hour
)

// Grace between TERM and KILL.
const (
	stopGrace      = 3 * time.Second // at the deadline, and of a run that is canceled
	interruptGrace = 2 * time.Second // when cleat is gone
	leftGrace      = 500 * time.Millisecond
)

// A Config is what the table [sources.local] may say.
type Config struct {
	// Env names variables that tasks get from cleat's own environment, beside those that
	// all children get.
	Env []string `toml:"env"`

	// Timeout of a run; DefaultTimeout if zero.
	Timeout time.Duration `toml:"timeout"`

	// MaxLog is how much of a log is kept, half of it from its beginning and half from its
	// end; DefaultMaxLog if zero.
	MaxLog size.Size `toml:"max_log"`

	// Tasks are commands by name, each a program and its arguments. Who may write the
	// configuration is trusted with them, so they need no trust of their own.
	Tasks map[string][]string `toml:"tasks"`
}

// A keyError is a problem of one key; see config.Kind.
type keyError struct{ key, what string }

func (e *keyError) Error() string { return e.key + ": " + e.what }

// Key returns the key that is wrong.
func (e *keyError) Key() string { return e.key }

// Validate returns what is wrong, all of it joined, each with a method Key() string.
func (c Config) Validate() error {
	var errs []error
	bad := func(key, what string) { errs = append(errs, &keyError{key, what}) }
	for _, name := range c.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			bad("env", "want names of variables")
			break
		}
	}
	if c.Timeout < 0 || c.Timeout > MaxTimeout {
		bad("timeout", `want up to "24h"`)
	}
	if c.MaxLog != 0 && (c.MaxLog < MinMaxLog || c.MaxLog > MaxMaxLog) {
		bad("max_log", `want "64KiB" to "1GiB"`)
	}
	for name, argv := range c.Tasks {
		switch {
		case name == "" || len(name) > maxTaskName || strings.ContainsFunc(name, isControl):
			bad("tasks", fmt.Sprintf("want names of 1 to %d printable characters", maxTaskName))
		case len(argv) == 0 || argv[0] == "":
			bad("tasks", "want a program and its arguments for each")
		case slices.ContainsFunc(argv, func(a string) bool { return strings.ContainsRune(a, 0) }):
			bad("tasks", "an argument has a NUL")
		}
	}
	return errors.Join(errs...)
}

const maxTaskName = 200 // bytes

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// Options are what the source needs of the process around it.
type Options struct {
	// Root is the folder of the checkout.
	Root string

	// Trusted reports whether a task of the project may run, as it is declared now. Nil
	// trusts none.
	Trusted func(t tasks.Task) bool

	// Getenv finds the variables that Config.Env names; os.LookupEnv if nil.
	Getenv func(name string) (value string, ok bool)

	// Self is how cleat runs itself as a supervisor.
	Self func() (argv []string, err error)

	// Branch tells what is checked out: "" for what is not known. Nil knows nothing.
	Branch func(ctx context.Context) (branch, commit string, err error)

	// Me returns the name of who uses cleat, for tickets. Nil knows nobody.
	Me func(ctx context.Context) (string, error)

	// Dirty reports whether tracked files differ from the commit. Nil means not known.
	Dirty func(ctx context.Context) (bool, error)
}

// A Source is this machine as a place where builds run. It is safe for concurrent use.
type Source struct {
	c    Config
	h    host.Host
	o    Options
	root string // Options.Root without links
	most int64  // bytes of output of a run

	tickets *tracker.Tracker

	mu     sync.Mutex
	closed bool
	owned  map[string]*supervised // by id of the run
}

// Open returns the source. It starts nothing and makes no file. It fails with fail.Invalid
// for a configuration that Validate would refuse, and with fail.Unavailable where the root
// is no folder.
func Open(c Config, h host.Host, o Options) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, fail.Errorf(fail.Invalid, "the configuration of the local runner: %w", err)
	}
	abs, err := filepath.Abs(o.Root)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	if err != nil {
		return nil, fail.Errorf(fail.Unavailable, "the folder of the local runner cannot be opened: %w", err)
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return nil, fail.Errorf(fail.Unavailable, "%s is no folder", filepath.Base(abs))
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.MaxLog == 0 {
		c.MaxLog = DefaultMaxLog
	}
	if h.Log == nil {
		h.Log = slog.New(slog.DiscardHandler)
	}
	if h.Now == nil {
		h.Now = time.Now
	}
	if o.Getenv == nil {
		o.Getenv = os.LookupEnv
	}
	return &Source{c: c, h: h, o: o, root: abs, most: MaxOutput, owned: map[string]*supervised{},
		tickets: tracker.New(h, tracker.Options{Me: o.Me})}, nil
}

// Close ends the runs that this process started: their supervisors see to that, and go on
// doing so after Close has returned, which is at the latest after 100 ms.
func (s *Source) Close() error {
	s.mu.Lock()
	s.closed = true
	var all []*supervised
	for _, o := range s.owned {
		all = append(all, o)
	}
	s.mu.Unlock()
	for _, o := range all {
		o.hangUp()
	}
	late := time.NewTimer(100 * time.Millisecond)
	defer late.Stop()
	for _, o := range all {
		select {
		case <-o.done:
		case <-late.C:
			return s.tickets.Close()
		}
	}
	return s.tickets.Close()
}
