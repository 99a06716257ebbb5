package proc

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A tree is a child and what it started: on Windows, a job object, which ends with the
// last handle to it and so with cleat.
type tree struct {
	mark string // unused: a job knows its members
	proc *os.Process
	job  windows.Handle
}

func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		HideWindow:    true,
		CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
	}
}

// attach puts the child into a job of its own. Where that fails, such as inside a job
// that allows no other, only the child itself can be ended.
func (t *tree) attach(p *os.Process) {
	t.proc = p
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
		windows.JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err == nil {
		err = p.WithHandle(func(h uintptr) {
			if assign := windows.AssignProcessToJobObject(job, windows.Handle(h)); assign == nil {
				t.job = job
			}
		})
	}
	if err != nil || t.job == 0 {
		_ = windows.CloseHandle(job)
	}
}

// signal ends the tree: Windows has no TERM for programs without a window.
func (t *tree) signal(bool) {
	if t.job != 0 {
		_ = windows.TerminateJobObject(t.job, 1)
		return
	}
	_ = t.proc.Kill() // it may have ended since
}

func (t *tree) end() {
	if t.job != 0 {
		_ = windows.TerminateJobObject(t.job, 1)
		_ = windows.CloseHandle(t.job)
		t.job = 0
	}
}

func pinThread() (unpin func()) { return func() {} }

func awaitExit(*os.Process) bool { return false }

func newMark() string { return "CLEAT_CHILD=1" }

// closeInherited has nothing to do: a child gets only the handles it is given.
func closeInherited() {}

func exitResult(s *os.ProcessState) Result {
	if s == nil {
		return Result{Code: -1}
	}
	return Result{Code: s.ExitCode()}
}
