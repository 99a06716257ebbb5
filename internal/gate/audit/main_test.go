package audit

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// The test binary runs itself as another process that uses the log; CLEAT_AUDIT_CHILD
// says what it does, CLEAT_AUDIT_DIR where.
func TestMain(m *testing.M) {
	if mode := os.Getenv("CLEAT_AUDIT_CHILD"); mode != "" {
		if err := child(mode, os.Getenv("CLEAT_AUDIT_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(mode, dir string) error {
	n, _ := strconv.Atoi(os.Getenv("CLEAT_AUDIT_N"))
	opt := Options{Dir: dir, Rotate: 20_000, Wait: time.Minute}
	switch mode {
	case "forever": // says the ID of each record when it is acknowledged; writes when n is 1
		l, err := Open(opt)
		for i := 0; err == nil; i++ {
			rec := sample()
			rec.ID = fmt.Sprintf("%d-%d", os.Getpid(), i)
			if n == 1 {
				rec.Phase = []string{Intent, Result}[i%2]
			}
			if _, err = l.Append(context.Background(), rec); err == nil {
				_, err = os.Stdout.WriteString(rec.ID + "\n")
			}
		}
		return err
	case "count": // n records
		l, err := Open(opt)
		for i := 0; err == nil && i < n; i++ {
			rec := sample()
			rec.ID = fmt.Sprintf("%d-%d", os.Getpid(), i)
			_, err = l.Append(context.Background(), rec)
		}
		return err
	case "hold": // holds the lock from when it has said so until its input ends
		l, err := Open(opt)
		if err == nil {
			err = l.files.lock(context.Background(), l.opt)
		}
		if err != nil {
			return err
		}
		fmt.Println("locked")
		_, err = bufio.NewReader(os.Stdin).ReadString('\n')
		if err.Error() != "EOF" {
			return err
		}
		return nil
	}
	return special(mode, opt)
}

// command is this test binary as a child.
func command(t testing.TB, mode, dir string, n int) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "CLEAT_AUDIT_CHILD="+mode, "CLEAT_AUDIT_DIR="+dir, "CLEAT_AUDIT_N="+strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	return cmd
}
