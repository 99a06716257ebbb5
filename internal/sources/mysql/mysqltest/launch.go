package mysqltest

import (
	"os/exec"
	"runtime"
)

// launch starts cmd, and closes done once it ended. The system ends a process when the thread
// ends that started it, so that one goroutine keeps its thread until then.
func launch(cmd *exec.Cmd, done chan<- struct{}) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // a killed server has no good end
			close(done)
		}
	}()
	return <-started
}
