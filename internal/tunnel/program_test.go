//go:build unix

package tunnel

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"cleat/internal/fail"
)

// script is a dialer whose ssh is a shell script.
func script(t *testing.T, via, body string) *dialer {
	t.Helper()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "ssh"), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	h := testHost(t)
	h.Env = []string{"PATH=" + bin + ":/usr/bin:/bin"}
	d, err := newDialer(h, via)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The command says all that matters, and no value can be taken for an option.
func TestArguments(t *testing.T) {
	d := script(t, "ann@[2001:db8::1]:2222", `for a in "$@"; do echo "$a"; done; pwd`)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	got, err := io.ReadAll(connect(t, ctx, d, "[::1]:5432"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(got)), "\n")
	for _, want := range [][]string{
		{"-o", "BatchMode=yes"}, {"-o", "ExitOnForwardFailure=yes"}, {"-o", "ClearAllForwardings=yes"},
		{"-o", "PermitLocalCommand=no"}, {"-o", "ControlMaster=no"}, {"-o", "ConnectTimeout=10"},
		{"-W", "[::1]:5432", "-p", "2222", "--", "ann@2001:db8::1"},
	} {
		if !contains(lines, want) {
			t.Errorf("the arguments lack %q:\n%q", want, lines)
		}
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if lines[len(lines)-1] == here {
		t.Error("ssh runs in the current folder, where a repository's programs may be")
	}
}

func contains(lines, want []string) bool {
	for i := range lines {
		if i+len(want) <= len(lines) && slices.Equal(lines[i:i+len(want)], want) {
			return true
		}
	}
	return false
}

func TestConnectTimeout(t *testing.T) {
	for left, want := range map[time.Duration]string{-time.Second: "1", time.Millisecond: "1", 1500 * time.Millisecond: "2", 10 * time.Second: "10"} {
		argv := (&dialer{target: target{host: "h"}}).argv("/ssh", "a:1", left)
		if !slices.Contains(argv, "ConnectTimeout="+want) {
			t.Errorf("%s: %q", left, argv)
		}
	}
}

// What ssh said is redacted before it is cut, is one clean line, and is the useful one.
func TestSaid(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"redacted":       {`echo "the password hunter2 is wrong" >&2; exit 255`, "ssh: the password [masked] is wrong"},
		"the last line":  {`echo Welcome >&2; echo kaput >&2; echo >&2; exit 255`, "ssh: kaput"},
		"the cause":      {`echo "channel 0: open failed: no" >&2; printf 'stdio forwarding failed\r\n' >&2; exit 255`, "ssh: channel 0: open failed: no"},
		"nothing":        {`exit 3`, "ssh: it ended with status 3"},
		"killed":         {`kill -9 $$`, "ssh: it was ended by SIGKILL"},
		"no terminal":    {`printf 'a\033[2Jb\n' >&2; exit 255`, `ssh: a\u{1b}[2Jb`},
		"long":           {`i=0; while [ $i -lt 200 ]; do printf 'ééé' >&2; i=$((i+1)); done; exit 255`, "ssh: " + strings.Repeat("é", 150)},
		"more than kept": {`head -c 3000000 /dev/zero | tr '\0' '\n' >&2; exit 255`, "ssh: it ended with status 255"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := io.ReadAll(connect(t, t.Context(), script(t, "bastion", c.body), "db:5432"))
			want := "the connection through bastion failed: " + c.want
			if e := fail.From(err); len(got) != 0 || e.Code != fail.Unavailable || e.What != want || !utf8.ValidString(e.What) {
				t.Errorf("read %q, %v\nwant %s", got, err, want)
			}
		})
	}
}

// What came before the failure is read first.
func TestFailureAfterBytes(t *testing.T) {
	got, err := io.ReadAll(connect(t, t.Context(), script(t, "bastion", `echo hello; echo "Timeout, server not responding." >&2; exit 255`), "db:5432"))
	if e := fail.From(err); string(got) != "hello\n" || e.Code != fail.Unavailable || !strings.Contains(e.What, "not responding") {
		t.Errorf("read %q, %v", got, err)
	}
}

// What ssh started, such as the program of a ProxyCommand, ends with it, even if nobody of
// them wants to.
func TestCloseEndsTheTree(t *testing.T) {
	d := script(t, "bastion", `trap '' TERM; sh -c 'trap "" TERM; exec sleep 1000' & echo $!; while :; do sleep 1000; done`)
	c := connect(t, t.Context(), d, "db:5432")
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	parent := c.process.Pid()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	wantGone(t, parent)
	for end := time.Now().Add(10 * time.Second); alive(pid); {
		if time.Now().After(end) {
			t.Fatalf("the process %d is still there", pid)
		}
		time.Sleep(time.Millisecond) // it is another's child, and cannot be waited for
	}
}

// alive reports whether the process runs: one that nobody has reaped does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		p, err := os.FindProcess(pid)
		return err == nil && p.Signal(syscall.Signal(0)) == nil
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}
