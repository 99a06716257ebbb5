package stdio

import (
	"errors"
	"os"
	"sync/atomic"
)

var claimed atomic.Bool

// Claim takes stdin and stdout for the protocol and returns them. From then on file
// descriptor 1, and with it os.Stdout and whatever a child inherits, leads to stderr,
// and descriptor 0 to an empty file: a stray print cannot reach the client and nobody
// else can read its messages. The returned files are not inherited by children.
//
// It is for main to call, once, before any other code runs; a second call is an error.
func Claim() (in, out *os.File, err error) {
	if !claimed.CompareAndSwap(false, true) {
		return nil, nil, errors.New("stdin and stdout are claimed already")
	}
	return claim()
}
