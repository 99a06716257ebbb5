//go:build !linux

package claudetest

import (
	"errors"
	"net"
	"os"
	"os/exec"
)

// Network namespaces are a thing of Linux. Elsewhere the client runs beside the test.
const (
	innerVar  = "CLAUDETEST_INNER"
	innerAddr = "127.0.0.1:61017"
)

func isolation() error {
	return errors.New("this system has none")
}

func startInner(*exec.Cmd) (net.Listener, error) {
	return nil, errors.ErrUnsupported
}

func enter() {
	os.Exit(127) // nothing starts this program with innerVar here
}
