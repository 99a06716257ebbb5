//go:build !unix

package mysqltest

import (
	"errors"
	"syscall"
)

func identity() error { return errors.New("the tests start it on Unix only") }

func own(string) error { return nil }

func attributes() *syscall.SysProcAttr { return nil }
