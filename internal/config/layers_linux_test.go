package config

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUnreadable: a file without permission is broken, in each layer.
func TestUnreadable(t *testing.T) {
	o := setup(t, "[policy]\nread_only = true", "[policy]\nread_only = true", "")
	check(t, os.Chmod(o.Managed, 0))
	check(t, os.Chmod(o.User, 0))
	o.Root = ""
	var problems []Problem
	done := make(chan error)
	go func() {
		var err error
		if os.Getuid() == 0 {
			// Root reads everything, so this thread becomes nobody for the file system.
			// It is not unlocked: the runtime ends it with the goroutine.
			runtime.LockOSThread()
			_, err = unix.SetfsuidRetUid(65534)
		}
		_, problems = Load(o)
		done <- err
	}()
	check(t, <-done)
	want := "the file cannot be read: permission denied; make it readable for the user who runs cleat"
	if len(problems) != 2 || !strings.HasSuffix(problems[0].String(), want) || !strings.HasSuffix(problems[1].String(), want) {
		t.Errorf("problems %v, want %q twice", problems, want)
	}
}
