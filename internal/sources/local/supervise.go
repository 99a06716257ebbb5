package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"cleat/internal/fail"
	"cleat/internal/lockfile"
	"cleat/internal/systems/ci"
)

// Supervise is the body of a supervisor: it runs one task to its end, as the request on
// stdin says, and answers on stdout once the task has started. The end of stdin ends the run.
//
// It makes the process its own: it takes its signals, waits for all of its children, and
// leaves it without core dumps. It returns when the run is over and its record says so.
func Supervise(stdin io.Reader, stdout io.Writer) error {
	signals := make(chan os.Signal, 8)
	// A handler, unlike ignoring it, is not what the task inherits; PIPE would end this
	// process where the one that started it is gone already.
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt, syscall.SIGHUP, syscall.SIGPIPE)
	decoder := json.NewDecoder(stdin)
	var req request
	if err := decoder.Decode(&req); err != nil {
		return fmt.Errorf("reading what is to be run: %w", err)
	}
	hangUp := make(chan struct{})
	go func() {
		defer close(hangUp)
		// Whatever this ends with, nobody is there any more.
		_, _ = io.Copy(io.Discard, stdin)
	}()
	s := &supervisor{req: req, run: req.Run, signals: signals, hangUp: hangUp}
	defer s.close()
	err := s.start()
	reply := answer{Run: s.run, Held: s.held}
	if err != nil {
		reply.Error = refusalOf(err)
	}
	// If nobody is there to read it, stdin has ended too.
	sendErr := json.NewEncoder(stdout).Encode(reply)
	if c, ok := stdout.(io.Closer); ok {
		sendErr = errors.Join(sendErr, c.Close())
	}
	if err != nil {
		return sendErr
	}
	return errors.Join(s.await(), ignorePipe(sendErr))
}

func ignorePipe(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

type supervisor struct {
	req     request
	run     record
	signals <-chan os.Signal
	hangUp  <-chan struct{}

	state, dir *os.Root
	alive      *lock   // of the run
	locks      []*lock // of the task, and of its place
	held       string

	child   *child
	log     *logWriter
	written atomic.Int64
	over    chan struct{} // closed when too much was written
	logged  chan struct{} // closed when the output has ended
}

// An exit says how the task's first process ended.
type exit struct {
	code   int    // -1 if a signal ended it
	signal string // its name, or ""
}

// start takes the locks, makes the run's folder and starts the task. If it fails, nothing is
// left.
func (s *supervisor) start() (err error) {
	if err := isolate(); err != nil {
		return fmt.Errorf("preparing the supervisor: %w", err)
	}
	if s.state, err = os.OpenRoot(s.req.State); err != nil {
		return unusable(err)
	}
	if err := s.state.MkdirAll(locksFolder, 0o700); err != nil {
		return unusable(err)
	}
	if err := s.lock(); err != nil {
		return err
	}
	folder := runsFolder + "/" + s.run.ID
	if err := s.state.Mkdir(folder, 0o700); err != nil {
		return unusable(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.state.RemoveAll(folder))
		}
	}()
	if s.dir, err = s.state.OpenRoot(folder); err != nil {
		return unusable(err)
	}
	if s.alive, err = take(s.dir, lockName); err != nil {
		return unusable(err)
	}
	s.run.Status, s.run.Started = ci.Running, time.Now().UTC()
	// The record comes first: of what has started, something is known.
	if err := s.run.write(s.dir); err != nil {
		return unusable(err)
	}
	return s.launch()
}

// lock takes the lock of the task, and one of the places for runs.
func (s *supervisor) lock() error {
	name := s.req.Locks[0]
	l, err := take(s.state, name)
	if errors.Is(err, lockfile.ErrHeld) {
		s.held = s.holder(name)
		return busyTask(s.run.Task, s.held)
	}
	if err != nil {
		return unusable(err)
	}
	s.locks = append(s.locks, l)
	if err := l.say(s.run.ID); err != nil {
		return unusable(err)
	}
	for i := range MaxAtOnce {
		l, err := take(s.state, fmt.Sprintf("%s/place-%d", locksFolder, i))
		if errors.Is(err, lockfile.ErrHeld) {
			continue
		}
		if err != nil {
			return unusable(err)
		}
		s.locks = append(s.locks, l)
		return nil
	}
	return fail.Errorf(fail.Busy, "%d runs are going on, which is as many as may at once", MaxAtOnce).
		Then("wait for one of them with ci_runs op=wait, or end one with ci_run op=cancel").After(30 * time.Second)
}

// holder is the run that has a lock. What it called itself may come a moment after it took
// the lock, and until then the file names the run before.
func (s *supervisor) holder(name string) string {
	for range 25 {
		id, err := holder(s.state, name)
		if err == nil && isID(id) {
			if alive, err := isHeld(s.state, runsFolder+"/"+id+"/"+lockName); err == nil && alive {
				return id
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return ""
}

// launch starts the task's first process.
func (s *supervisor) launch() error {
	out, in, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	cmd := &exec.Cmd{Path: s.req.Program, Args: append([]string{s.req.Program}, s.run.Argv[1:]...), Dir: s.req.Dir,
		Env: append([]string{}, s.req.Env...), Stdout: in, Stderr: in}
	s.child, err = startChild(cmd)
	in.Close()
	if err != nil {
		out.Close()
		return startError(s.run.Argv[0], err)
	}
	s.log = newLogWriter(s.dir, s.req.MaxLog)
	s.over, s.logged = make(chan struct{}), make(chan struct{})
	go s.pump(out)
	return nil
}

// pump writes the output to the log. Beyond what may be written it only reads.
func (s *supervisor) pump(out *os.File) {
	defer close(s.logged)
	defer out.Close()
	buf := make([]byte, 128<<10)
	for {
		n, err := out.Read(buf)
		if total := s.written.Add(int64(n)); total <= s.req.Most {
			_, _ = s.log.Write(buf[:n]) // it keeps its error, and takes all
		} else if total-int64(n) <= s.req.Most {
			close(s.over)
		}
		if err != nil {
			return
		}
	}
}

// await waits for the end of the run, sees to it, and records it.
func (s *supervisor) await() error {
	deadline := time.NewTimer(s.req.Timeout)
	defer deadline.Stop()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	var e exit
	for ended := false; !ended; {
		select {
		case e = <-s.child.exited:
			s.run.Status, s.run.Reason = e.status()
			ended = true
		case <-deadline.C:
			e, ended = s.stop(ci.TimedOut, fmt.Sprintf("it had not ended after %v", s.req.Timeout), stopGrace), true
		case <-s.hangUp:
			e, ended = s.stop(ci.Interrupted, "the cleat that had started it ended", interruptGrace), true
		case sig := <-s.signals:
			if sig != syscall.SIGPIPE {
				e, ended = s.stop(ci.Interrupted, "its supervisor was told to end", interruptGrace), true
			}
		case <-s.over:
			e, ended = s.stop(ci.Failed, fmt.Sprintf("it wrote more than %d bytes", s.req.Most), 0), true
		case <-look.C:
			if _, err := s.dir.Lstat(cancelName); err == nil {
				e, ended = s.stop(ci.Canceled, "", stopGrace), true
			}
		}
	}
	if e.signal == "" && e.code >= 0 {
		s.run.Exit = &e.code
	}
	s.endLeft()
	return s.finish()
}

// status says what it means for the run that the task ended like this by itself.
func (e exit) status() (ci.Status, string) {
	switch {
	case e.signal != "":
		return ci.Failed, "ended by " + e.signal
	case e.code != 0:
		return ci.Failed, fmt.Sprintf("exit status %d", e.code)
	}
	return ci.Passed, ""
}

// stop ends the task and all that it has started, and says how its first process ended.
func (s *supervisor) stop(status ci.Status, reason string, grace time.Duration) exit {
	s.run.Status, s.run.Reason = status, reason
	s.child.signal(false)
	select {
	case <-s.child.gone:
	case <-time.After(grace):
		s.kill()
	}
	select {
	case e := <-s.child.exited:
		return e
	case <-time.After(time.Second): // it hangs inside the kernel
		return exit{code: -1}
	}
}

// endLeft ends what the task has left behind.
func (s *supervisor) endLeft() {
	if s.isGone(100 * time.Millisecond) {
		return
	}
	s.run.Notes = append(s.run.Notes, "the task had left processes behind, which were ended")
	s.child.signal(false)
	if !s.isGone(leftGrace) {
		s.kill()
	}
}

// kill sends KILL until nobody is left, for at most five seconds: those that cannot be
// killed are another user's, or hang inside the kernel.
func (s *supervisor) kill() {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		s.child.signal(true)
		if s.isGone(time.Millisecond) {
			return
		}
	}
	s.run.Notes = append(s.run.Notes, "some of the task's processes could not be ended")
}

func (s *supervisor) isGone(after time.Duration) bool {
	late := time.NewTimer(after)
	defer late.Stop()
	select {
	case <-s.child.gone:
		return true
	case <-late.C:
		return false
	}
}

// finish records the end.
func (s *supervisor) finish() error {
	select {
	case <-s.logged:
		if err := s.log.Close(); err != nil {
			s.run.Notes = append(s.run.Notes, "a part of the log could not be kept: "+rootCause(err).Error())
		}
	case <-time.After(500 * time.Millisecond):
		s.run.Notes = append(s.run.Notes, "the end of the log may be missing: something still held the output")
	}
	s.run.Finished = time.Now().UTC()
	// Who sees the end may start the task again at once.
	s.unlock()
	return s.run.write(s.dir)
}

func (s *supervisor) unlock() {
	for _, l := range s.locks {
		l.release()
	}
	s.locks = nil
}

func (s *supervisor) close() {
	s.unlock()
	s.alive.release()
	for _, r := range []*os.Root{s.dir, s.state} {
		if r != nil {
			r.Close()
		}
	}
}
