//go:build !unix

package claudetest

import (
	"errors"
	"os"
	"os/exec"
)

// supported says whether clients can be run here at all. Without process groups they
// could not be ended for sure.
const supported = false

func ownGroup(*exec.Cmd) {}

func endGroup(*os.Process) {}

func lock(string) (unlock func(), err error) {
	return nil, errors.ErrUnsupported
}
