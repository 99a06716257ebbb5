package local

import (
	"fmt"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// apart keeps signals of cleat's console from a supervisor.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true,
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW}
}

// isolate puts this process, and so all that it starts, into a job object that ends with it.
func isolate() error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return fmt.Errorf("making a job object: %w", err)
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
		windows.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err == nil {
		err = windows.AssignProcessToJobObject(job, windows.CurrentProcess())
	}
	if err != nil {
		return fmt.Errorf("setting up a job object: %w", err)
	}
	return nil // the handle stays open until this process ends
}

// closeInherited has nothing to do: a child gets only the handles it is given.
func closeInherited() {}

// A child is the task's first process. What it started ends with this process; see isolate.
type child struct {
	cmd    *exec.Cmd
	exited chan exit     // gets how it ended
	gone   chan struct{} // closed when it has
}

func startChild(cmd *exec.Cmd) (*child, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true,
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd, make(chan exit, 1), make(chan struct{})}
	go func() {
		defer close(c.gone)
		_ = cmd.Wait() // how it ended is in its state
		c.exited <- exit{code: cmd.ProcessState.ExitCode()}
	}()
	return c, nil
}

// signal ends the process: there is no TERM for programs without a window. It may have ended
// since.
func (c *child) signal(bool) { _ = c.cmd.Process.Kill() }
