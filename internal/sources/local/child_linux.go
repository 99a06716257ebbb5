package local

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolate makes this process the one that its descendants fall to, keeps what it was started
// with from them, and forbids core dumps.
func isolate() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	closeInherited()
	return noCore()
}

// closeInherited keeps descriptors that this process was started with from its children.
func closeInherited() {
	if unix.CloseRange(3, 1<<31-1, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	for fd := 3; fd < 1024; fd++ { // Linux before 5.11
		unix.CloseOnExec(fd)
	}
}

// A child is the task's first process with all of its descendants.
type child struct {
	exited chan exit     // gets how the first process ended
	gone   chan struct{} // closed when no descendant is left
}

// startChild starts cmd. The goroutine keeps its thread from then on: the kernel ties the
// signal for the parent's death to it.
func startChild(cmd *exec.Cmd) (*child, error) {
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	pid := cmd.Process.Pid
	c := &child{exited: make(chan exit, 1), gone: make(chan struct{})}
	if err := cmd.Process.Release(); err != nil {
		return nil, err
	}
	go c.reap(pid)
	return c, nil
}

// reap waits for all children of this process: the first one, and those whose parents ended
// before them.
func (c *child) reap(pid int) {
	defer close(c.gone)
	for {
		var ws syscall.WaitStatus
		got, err := syscall.Wait4(-1, &ws, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil: // ECHILD: nobody is left, and so nobody can come
			return
		case got == pid:
			c.exited <- exitOf(ws)
		}
	}
}

// signal sends TERM or KILL to all descendants, those with a process group of theirs at one
// stroke. That some have ended since is fine.
func (c *child) signal(kill bool) {
	pids, groups := descendants()
	for group := range groups {
		_ = syscall.Kill(-group, sig(kill))
	}
	if !kill {
		// Most have got the signal with their group; once is enough for TERM.
		return
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig(kill))
	}
}

// descendants lists the processes that descend from this one, and their process groups. None
// of those is ours: the first one began a session, and nobody can join a group of another.
func descendants() (pids []int, groups map[int]bool) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil, nil
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, nil
	}
	type process struct{ pid, group int }
	children := map[int][]process{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended
		}
		if parent, group, ok := parseStat(stat); ok {
			children[parent] = append(children[parent], process{pid, group})
		}
	}
	groups = map[int]bool{}
	for todo := []int{os.Getpid()}; len(todo) > 0; {
		parent := todo[0]
		todo = todo[1:]
		for _, p := range children[parent] {
			pids = append(pids, p.pid)
			todo = append(todo, p.pid)
			if p.group > 1 && p.group != unix.Getpgrp() {
				groups[p.group] = true
			}
		}
	}
	return pids, groups
}

// parseStat reads the parent and the process group from /proc/PID/stat, where the name of the
// program may hold anything.
func parseStat(stat []byte) (parent, group int, ok bool) {
	_, rest, found := bytes.Cut(stat[max(bytes.LastIndexByte(stat, ')'), 0):], []byte(") "))
	fields := bytes.Fields(rest)
	if !found || len(fields) < 3 {
		return 0, 0, false
	}
	parent, err1 := strconv.Atoi(string(fields[1]))
	group, err2 := strconv.Atoi(string(fields[2]))
	return parent, group, err1 == nil && err2 == nil
}
