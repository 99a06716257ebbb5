//go:build unix

package audit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cleat/internal/fail"
)

// special are the child's modes that need Unix.
func special(mode string, opt Options) error {
	var uid int
	switch mode {
	case "space": // fills what space there is
		limit := unix.Rlimit{Cur: 8000, Max: 8000}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
	case "user": // as the owner of the folder, whom modes can stop
		info, err := os.Stat(opt.Dir)
		if err != nil {
			return err
		}
		if uid = int(info.Sys().(*syscall.Stat_t).Uid); uid != os.Getuid() {
			if err := syscall.Setuid(uid); err != nil {
				return err
			}
		}
	case "files":
		return fewFiles(opt)
	case "full":
	default:
		return fmt.Errorf("unknown mode %s", mode)
	}
	l, err := Open(opt)
	for err == nil {
		rec := sample()
		rec.Phase = Intent
		if _, err = l.Append(context.Background(), rec); err == nil {
			fmt.Println("ok")
		}
	}
	fmt.Println(fail.Show(err))
	return nil
}

// fewFiles appends with no descriptor left, then with some, and looks for lost ones.
func fewFiles(opt Options) error {
	limit := unix.Rlimit{Cur: 64, Max: 64}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	var taken []*os.File
	take := func() {
		for {
			f, err := os.Open(os.DevNull)
			if err != nil {
				return
			}
			taken = append(taken, f)
		}
	}
	give := func() {
		for _, f := range taken {
			f.Close()
		}
		taken = nil
	}
	for range 100 {
		l, err := Open(opt)
		if err != nil {
			return err
		}
		take()
		free := len(taken)
		_, err = l.Append(context.Background(), sample())
		if e := fail.From(err); err == nil || e.Code != fail.Busy {
			return fmt.Errorf("without descriptors Append = %w, want busy", err)
		}
		give()
		if _, err := l.Append(context.Background(), sample()); err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
		take()
		if len(taken) != free {
			return fmt.Errorf("%d descriptors are free, %d before", len(taken), free)
		}
		give()
	}
	return nil
}

func TestFewFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := command(t, "files", dir, 0).Run(); err != nil {
		t.Fatal(err)
	}
	mustVerify(t, dir, 100)
}

// Killed 100 times at a random moment, while it appends as fast as it can; ten times each
// on the same log, with writes and with other calls.
func TestKillLoop(t *testing.T) {
	logs := 10
	if testing.Short() {
		logs = 2
	}
	for i := range logs {
		dir := filepath.Join(t.TempDir(), fmt.Sprint(i))
		acked := make(map[string]bool)
		for j := range 10 {
			killOnce(t, command(t, "forever", dir, j%2), acked)
			if rep := verify(t, dir); !rep.OK() {
				t.Fatalf("after a kill: %v", rep.Problems)
			}
		}
		fill(t, newLog(t, Options{Dir: dir}), 1)
		rep := verify(t, dir)
		if !rep.OK() {
			t.Fatalf("problems: %v", rep.Problems)
		}
		acknowledged(t, dir, acked)
		t.Logf("%d acknowledged, %d records in %d files, notes %q", len(acked), rep.Records, rep.Files, rep.Notes)
	}
}

// killOnce runs cmd, kills it up to 20 ms after its first record, and takes the IDs that
// it acknowledged into acked.
func killOnce(t *testing.T, cmd *exec.Cmd, acked map[string]bool) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(out)
	var once sync.Once
	for in.Scan() {
		acked[in.Text()] = true
		once.Do(func() {
			time.AfterFunc(time.Duration(rand.IntN(20_000))*time.Microsecond, func() { cmd.Process.Kill() })
		})
	}
	if e := exitedBy(cmd.Wait()); e == nil || e.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended by itself: %v", e)
	}
}

// A process that is stopped while it holds the lock keeps others waiting for their limit
// at most once; when it goes on, so do they.
func TestStoppedHolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	l := newLog(t, Options{Dir: dir, Wait: 200 * time.Millisecond})
	fill(t, l, 1)
	cmd := command(t, "hold", dir, 0)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if s, err := bufio.NewReader(out).ReadString('\n'); s != "locked\n" {
		t.Fatal(s, err)
	}
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			_, err := l.Append(t.Context(), sample())
			var e *fail.Error
			if !errors.As(err, &e) || e.Code != fail.Busy || e.Retry == 0 {
				t.Errorf("Append = %v, want busy", err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("200 calls waited %s for a limit of 200ms", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := newLog(t, Options{Dir: dir, Wait: time.Hour}).Append(ctx, sample()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Append = %v, want the context's end", err)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	fill(t, l, 3)
	mustVerify(t, dir, 4)
	if h := l.Health(); h.Failed != 200 || h.Err != nil {
		t.Errorf("Health = %+v", h)
	}
}
