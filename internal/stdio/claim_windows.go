package stdio

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

func claim() (in, out *os.File, err error) {
	empty, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, fmt.Errorf("replacing stdin: %w", err)
	}
	in, out = os.Stdin, os.Stdout
	for _, f := range []*os.File{in, out} {
		if err := windows.SetHandleInformation(windows.Handle(f.Fd()), windows.HANDLE_FLAG_INHERIT, 0); err != nil {
			return nil, nil, fmt.Errorf("keeping %s: %w", f.Name(), err)
		}
	}
	if err := windows.SetStdHandle(windows.STD_INPUT_HANDLE, windows.Handle(empty.Fd())); err != nil {
		return nil, nil, fmt.Errorf("replacing stdin: %w", err)
	}
	if err := windows.SetStdHandle(windows.STD_OUTPUT_HANDLE, windows.Handle(os.Stderr.Fd())); err != nil {
		return nil, nil, fmt.Errorf("pointing stdout at stderr: %w", err)
	}
	os.Stdin, os.Stdout = empty, os.Stderr
	return in, out, nil
}
