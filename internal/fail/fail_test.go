package fail_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
)

func TestShow(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fail.Errorf(fail.NotFound, "no file %q", "a").Because("there is %q", "b").Then("read b"),
			"not_found: no file \"a\"\nthere is \"b\"\nnext: read b\nretry: no"},
		{fail.Errorf(fail.Busy, "full").After(1500 * time.Millisecond),
			"busy: full\nnext: try again later; status shows the sources' health\nretry: after 2s"},
		{fmt.Errorf("reading x: %w", fail.Errorf(fail.Denied, "closed")),
			"denied: closed\nnext: ask the user; `cleat policy show` lists the rules\nretry: no"},
		{errors.New("dial tcp: password=hunter2"),
			"internal: internal error\nnext: tell the user to look in cleat's log (stderr) and audit log\nretry: no"},
		{context.DeadlineExceeded,
			"timeout: the time limit ended the call\nnext: narrow the call, or raise timeout_ms where the tool has it\nretry: no"},
	} {
		if got := fail.Show(c.err); got != c.want {
			t.Errorf("Show(%v):\n%s\nwant:\n%s", c.err, got, c.want)
		}
	}
}

func TestHint(t *testing.T) {
	if err := fail.Hint(nil, "x"); err != nil {
		t.Errorf("Hint(nil) = %v", err)
	}
	if got := fail.Show(fail.Hint(fail.Errorf(fail.NotFound, "gone"), "look again")); !strings.Contains(got, "next: look again") {
		t.Error(got)
	}
	if got := fail.Show(fail.Hint(fail.Errorf(fail.NotFound, "gone").Then("first"), "second")); !strings.Contains(got, "next: first") {
		t.Errorf("a hint replaced the one that was there: %s", got)
	}
	if err := fail.Hint(io.EOF, "x"); err != io.EOF {
		t.Errorf("Hint changed a fault: %v", err)
	}
	if !errors.Is(fail.Errorf(fail.Internal, "reading: %w", io.EOF), io.EOF) {
		t.Error("%w is lost")
	}
}
