package proc_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cleat/internal/proc"
)

// The test binary plays the child: PROC_CHILD says which part.
func TestMain(m *testing.M) {
	if part := os.Getenv("PROC_CHILD"); part != "" {
		play(part)
		syscall.Exit(0) // without what os.Exit does for the coverage of a test
	}
	os.Exit(m.Run())
}

func play(part string) {
	arg := os.Getenv("PROC_ARG")
	switch part {
	case "fds":
		listDescriptors()
	case "parent-fds": // starts a grandchild through proc, with a descriptor of its own inherited
		var g proc.Group
		res, err := g.Run(context.Background(), self("fds", ""))
		fmt.Printf("%s%v\n", res.Stdout, err)
	case "env":
		env := os.Environ()
		slices.Sort(env)
		fmt.Println(strings.Join(env, "\n"))
	case "cat":
		n, err := io.Copy(os.Stdout, os.Stdin)
		fmt.Fprintln(os.Stderr, n, err)
	case "spew":
		n, _ := strconv.Atoi(arg)
		line := strings.Repeat("x", 1000)
		for ; n > 0; n -= len(line) {
			os.Stdout.WriteString(line[:min(n, len(line))])
			os.Stderr.WriteString(line[:min(n, len(line))])
		}
	case "exit":
		n, _ := strconv.Atoi(arg)
		fmt.Println("out")
		fmt.Fprintln(os.Stderr, "err")
		syscall.Exit(n)
	case "hang", "stubborn":
		if part == "stubborn" {
			signal.Ignore(syscall.SIGTERM)
		}
		fmt.Println(os.Getpid())
		time.Sleep(time.Hour)
	case "quiet":
		signal.Ignore(syscall.SIGTERM)
		time.Sleep(time.Hour)
	case "polite":
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGTERM)
		fmt.Println("ready")
		<-c
		fmt.Println("goodbye")
	case "parent": // a grandchild in the group keeps the output open
		spawn(nil)
		if arg == "wait" {
			time.Sleep(time.Hour)
		}
	case "daemon": // a grandchild in another session keeps the output open
		spawn(&syscall.SysProcAttr{Setsid: true})
	case "server": // what cleat is: it runs a child and is killed
		var g proc.Group
		p, err := g.Start(context.Background(), self("stubborn", ""))
		if err != nil {
			fmt.Println(err)
			return
		}
		line := make([]byte, 32)
		n, _ := p.Stdout.Read(line)
		os.Stdout.Write(line[:n])
		time.Sleep(time.Hour)
	case "limits":
		var core syscall.Rlimit
		// The limit is set right after the start, not before.
		for range 100 {
			if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &core); err != nil || core.Max == 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		sid, _, _ := syscall.Syscall(syscall.SYS_GETSID, 0, 0, 0)
		_, tty := os.Open("/dev/tty")
		fmt.Println("core", core.Max, "leader", int(sid) == os.Getpid() && syscall.Getpgrp() == os.Getpid(), "tty", tty == nil)
	default:
		fmt.Println("no part", part)
	}
}

// spawn starts a grandchild that only waits, with our own output, and prints its pid.
func spawn(attr *syscall.SysProcAttr) {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "PROC_CHILD=") })
	p, err := os.StartProcess(exe, []string{exe}, &os.ProcAttr{
		Env: append(env, "PROC_CHILD=quiet"), Files: []*os.File{nil, os.Stdout, os.Stderr}, Sys: attr,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Pid)
}

func listDescriptors() {
	names, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		fmt.Println(err)
	}
	for _, name := range names {
		// Descriptors that the Go runtime of the child opens are its own.
		to, err := os.Readlink(name)
		if err == nil && !strings.HasPrefix(to, "anon_inode:") && !strings.HasPrefix(to, "/sys/") && !strings.Contains(to, "/fd") {
			if i := strings.IndexByte(to, ':'); i >= 0 {
				to = to[:i]
			}
			fmt.Println(filepath.Base(name), to)
		}
	}
}

// self is the command that plays the part.
func self(part, arg string) proc.Cmd {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return proc.Cmd{Argv: []string{exe}, Env: []string{"PROC_CHILD=" + part, "PROC_ARG=" + arg}}
}
