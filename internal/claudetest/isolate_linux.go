package claudetest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A client in a network namespace cannot reach a listener of the test process, so that
// the listener is made inside. The test program is started again in a new namespace;
// Init sees innerVar there, brings loopback up, listens, hands the listener to the test
// process over a socket, and becomes the client.
const (
	innerVar = "CLAUDETEST_INNER"

	// innerAddr is always free: the namespace is new.
	innerAddr = "127.0.0.1:61017"

	// innerSocket is the descriptor of the socket to the test process.
	innerSocket = 3
)

// isolation tries once whether this process may make a network namespace.
var isolation = sync.OnceValue(func() error {
	cmd := new(exec.Cmd) // no client: enter ends after the listener
	listener, err := startInner(cmd)
	if err != nil {
		return err
	}
	return errors.Join(cmd.Wait(), listener.Close())
})

// startInner starts cmd in a new network namespace and returns a listener on innerAddr
// in there. If it succeeds, the caller waits for cmd.
func startInner(cmd *exec.Cmd) (net.Listener, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "socket"), os.NewFile(uintptr(fds[1]), "socket")
	defer ours.Close()
	defer theirs.Close()

	cmd.Path, cmd.Args = self, append([]string{self}, cmd.Args...)
	cmd.Env = append(cmd.Env, innerVar+"=1")
	cmd.ExtraFiles = []*os.File{theirs}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	if os.Getuid() != 0 {
		// A user may make a namespace inside a user namespace in which he is root.
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	theirs.Close() // so that the end of the child is seen
	listener, err := receive(ours)
	if err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), wait(cmd))
	}
	return listener, nil
}

// wait waits for a cmd whose exit status does not matter.
func wait(cmd *exec.Cmd) error {
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// receive returns the listener that enter sends over the socket f, or its complaint.
func receive(f *os.File) (net.Listener, error) {
	text, control := make([]byte, 512), make([]byte, unix.CmsgSpace(4))
	var n, cn int
	var err error
	for {
		n, cn, _, _, err = unix.Recvmsg(int(f.Fd()), text, control, unix.MSG_CMSG_CLOEXEC)
		if err != unix.EINTR {
			break
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("waiting for the inner process: %w", err)
	case n == 0:
		return nil, errors.New("the inner process ended early")
	case cn == 0:
		return nil, errors.New(string(text[:n]))
	}
	messages, err := unix.ParseSocketControlMessage(control[:cn])
	if err != nil {
		return nil, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fds[0]), "listener")
	defer file.Close()
	return net.FileListener(file)
}

// enter is what Init does in a process that startInner started. The arguments of the
// process are the client's.
func enter() {
	if err := os.Unsetenv(innerVar); err != nil {
		leave(err)
	}
	unix.CloseOnExec(innerSocket)
	if err := sendListener(); err != nil {
		leave(errors.Join(err, unix.Sendmsg(innerSocket, []byte(err.Error()), nil, nil, 0)))
	}
	if len(os.Args) == 1 {
		os.Exit(0)
	}
	path, err := exec.LookPath(os.Args[1])
	if err != nil {
		leave(err)
	}
	leave(syscall.Exec(path, os.Args[1:], os.Environ()))
}

// leave ends the inner process before it has become the client.
func leave(err error) {
	fmt.Fprintf(os.Stderr, "claudetest: %v: %v\n", strings.Join(os.Args[1:], " "), err)
	os.Exit(127)
}

// sendListener brings loopback up, listens on innerAddr and hands the listener over.
func sendListener() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("bringing loopback up: %w", err)
	}
	listener, err := net.Listen("tcp", innerAddr)
	if err != nil {
		return err
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer file.Close()
	return unix.Sendmsg(innerSocket, []byte("listener"), unix.UnixRights(int(file.Fd())), nil, 0)
}
