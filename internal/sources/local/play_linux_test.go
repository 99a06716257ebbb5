package local

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cleat/internal/host"
	"cleat/internal/systems/ci"
)

// play plays a part, and returns the exit status.
func play(part string, args []string) int {
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	switch part {
	case "say": // STATUS TEXT
		code, err := strconv.Atoi(arg(0))
		if err != nil {
			return 99
		}
		fmt.Print(arg(1))
		return code
	case "hang", "stubborn": // MARK
		if part == "stubborn" {
			signal.Ignore(syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
		}
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "daemons": // MARK HOW: leaves daemons behind, and ends or hangs
		for _, how := range []string{"plain", "setsid", "twice"} {
			spawn(how, arg(0))
		}
		fmt.Println("ready")
		if arg(1) == "hang" {
			time.Sleep(time.Hour)
		}
	case "twice": // MARK: the parent of a daemon, which ends
		spawn("setsid", arg(0))
	case "spew": // BYTES
		n, err := strconv.Atoi(arg(0))
		if err != nil {
			return 99
		}
		block := bytes.Repeat([]byte("y\n"), 32<<10)
		fmt.Println("begin")
		for ; n > 0; n -= len(block) {
			os.Stdout.Write(block)
		}
		fmt.Println("end")
	case "fds":
		names, err := filepath.Glob("/proc/self/fd/*")
		if err != nil {
			return 99
		}
		for _, name := range names {
			to, err := os.Readlink(name)
			if err == nil && !strings.HasPrefix(to, "anon_inode:") && !strings.HasPrefix(to, "/sys/") && !strings.Contains(to, "/fd") {
				fmt.Println(filepath.Base(name), to)
			}
		}
		for fd := 3; fd <= 20; fd++ {
			if n, err := syscall.Write(fd, []byte("polluted\n")); err == nil {
				fmt.Println("wrote", n, "bytes to", fd)
			}
		}
	case "cleat": // STATE ROOT NAME ARGV...: another cleat, which starts a task and waits to be killed
		return another(args)
	}
	return 0
}

// another is another cleat. It was started with descriptors that its children must not have.
func another(args []string) int {
	state, err := os.OpenRoot(args[0])
	if err != nil {
		return 99
	}
	exe, err := os.Executable()
	if err != nil {
		return 99
	}
	s, err := Open(Config{Tasks: map[string][]string{args[2]: args[3:]}}, host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Env: []string{"PATH=" + os.Getenv("PATH")},
		State: func() (*os.Root, error) { return state, nil },
	}, Options{Root: args[1], Self: func() ([]string, error) { return []string{exe, "worker", "run"}, nil }})
	if err != nil {
		fmt.Println(err)
		return 99
	}
	run, err := s.Start(context.Background(), ci.Start{Task: args[2]})
	if err != nil {
		fmt.Println(err)
		return 99
	}
	fmt.Println(run.ID)
	time.Sleep(time.Hour)
	return 0
}

func spawn(how, mark string) {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(exe, "play", "stubborn", mark)
	if how != "plain" {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		cmd.Env = []string{"CLEARED=1"}
	}
	if how == "twice" {
		cmd.Args[2] = "twice"
	}
	cmd.Stdout = os.Stdout
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	if how == "twice" {
		if err := cmd.Wait(); err != nil {
			panic(err)
		}
	}
}

// marked counts the processes that have mark among their arguments.
func marked(t testing.TB, mark string) int {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		for arg := range bytes.SplitSeq(line, []byte{0}) {
			if string(arg) == mark {
				n++
				break
			}
		}
	}
	return n
}
