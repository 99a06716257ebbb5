package tracker_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// The test binary runs itself as another process that uses the store.
const (
	roleVar = "TRACKER_TEST_ROLE"
	dirVar  = "TRACKER_TEST_DIR"
)

// TestRole is what such a process does: it says on its output, line by line, what was
// acknowledged.
func TestRole(t *testing.T) {
	role, who, _ := strings.Cut(os.Getenv(roleVar), " ")
	if role == "" {
		t.Skip("this is for the other tests")
	}
	tr := open(t, os.Getenv(dirVar), who, time.Now)
	switch role {
	case "write":
		shared := ""
		for i := range 500 {
			title := fmt.Sprintf("%s %d", who, i)
			fmt.Println("made", create(t, tr, title), title)
			if shared == "" {
				page, err := tr.Search(t.Context(), tickets.Query{Text: "shared"})
				if err != nil {
					t.Fatal(fail.Show(err))
				}
				shared = page.Tickets[0].Key
			}
			write(t, tr, tickets.Write{Op: tickets.Remark, Key: shared, Changes: tickets.Changes{Comment: title}})
		}
	case "create":
		for i := 0; ; i++ {
			title := fmt.Sprintf("%s %d", who, i)
			fmt.Println("made", create(t, tr, title), title)
		}
	case "claim":
		fmt.Println("ready")
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		page, err := tr.Search(t.Context(), tickets.Query{Status: tickets.All, Limit: 100})
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		for _, x := range page.Tickets {
			_, err := try(t, tr, tickets.Write{Op: tickets.Take, Key: x.Key})
			if err == nil {
				fmt.Println("claimed", x.Key)
			} else if fail.From(err).Code != fail.Conflict {
				t.Error(fail.Show(err))
			}
		}
	}
}

// other is a command that runs this test binary in a role.
func other(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestRole$")
	cmd.Env = append(os.Environ(), roleVar+"="+role, dirVar+"="+dir)
	return cmd
}

// acknowledged returns the titles by key that an output has.
func acknowledged(out []byte, into map[string]string) {
	lines := bytes.Split(out, []byte("\n"))
	for _, l := range lines[:len(lines)-1] { // the last may be half a line
		if rest, ok := strings.CutPrefix(string(l), "made "); ok {
			key, title, _ := strings.Cut(rest, " ")
			into[key] = title
		}
	}
}

func titles(t *testing.T, dir string) map[string]string {
	t.Helper()
	tr := open(t, dir, "me", time.Now)
	tr.Check(t)
	out := map[string]string{}
	for q := (tickets.Query{Status: tickets.All, Limit: 100}); ; {
		page, err := tr.Search(t.Context(), q)
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		for _, x := range page.Tickets {
			out[x.Key] = x.Title
		}
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return out
		}
	}
}

// Two processes write 500 tickets and 500 comments each, at once.
func TestTwoProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	tr := open(t, dir, "me", time.Now)
	shared := create(t, tr, "The shared one")
	outs := make([][]byte, 2)
	var all sync.WaitGroup
	for i := range outs {
		all.Go(func() {
			var err error
			cmd := other(t, fmt.Sprintf("write p%d", i), dir)
			if outs[i], err = cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, outs[i])
			}
		})
	}
	all.Wait()
	want := map[string]string{}
	for _, out := range outs {
		acknowledged(out, want)
	}
	got := titles(t, dir)
	if len(want) != 1000 || len(got) != 1001 {
		t.Errorf("%d were acknowledged, and %d are there", len(want), len(got))
	}
	for key, title := range want {
		if got[key] != title {
			t.Errorf("%s is %q, want %q", key, got[key], title)
		}
	}
	if x, err := tr.Ticket(t.Context(), shared, tickets.Want{}); err != nil || x.CommentCount != 1000 {
		t.Errorf("%+v, %v, want 1000 comments", x, err)
	}
}

// A process is killed while it writes, again and again: what it acknowledged is there once.
func TestKilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	want := map[string]string{}
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	for i := range rounds {
		cmd := other(t, "create k"+strconv.Itoa(i), dir)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		pause := time.NewTimer(time.Duration(rand.IntN(200)) * time.Millisecond)
		<-pause.C
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Error("it has ended by itself")
		}
		acknowledged(out.Bytes(), want)
	}
	got := titles(t, dir)
	if len(want) == 0 {
		t.Fatal("nothing was ever acknowledged")
	}
	times := map[string]int{}
	for _, title := range got {
		times[title]++
	}
	for key, title := range want {
		if got[key] != title || times[title] != 1 {
			t.Errorf("%s is %q, want %q; there %d times", key, got[key], title, times[title])
		}
	}
	// A process has at most one write under way.
	if len(got) > len(want)+rounds {
		t.Errorf("%d tickets, of which %d were acknowledged", len(got), len(want))
	}
	t.Logf("%d acknowledged, %d there, in %d rounds", len(want), len(got), rounds)
}

// Eight processes of one person claim the same tickets at once: each is claimed once.
func TestClaims(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	tr := open(t, dir, "me", time.Now)
	for i := range 40 {
		create(t, tr, fmt.Sprintf("Ticket %d", i))
	}
	winners := map[string]int{}
	var mu sync.Mutex
	var ready, all sync.WaitGroup
	start := make(chan struct{})
	for range 8 {
		cmd := other(t, "claim me", dir)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ready.Add(1)
		all.Go(func() {
			out := bufio.NewReader(pipe)
			_, err := out.ReadString('\n')
			ready.Done()
			<-start
			if _, e := fmt.Fprintln(in, "go"); err != nil || e != nil {
				t.Error(err, e)
			}
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if key, ok := strings.CutPrefix(lines.Text(), "claimed "); ok {
					mu.Lock()
					winners[key]++
					mu.Unlock()
				}
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	ready.Wait()
	close(start)
	all.Wait()
	if len(winners) != 40 {
		t.Errorf("%d tickets were claimed, want 40", len(winners))
	}
	for key, n := range winners {
		if n != 1 {
			t.Errorf("%s was claimed %d times", key, n)
		}
	}
	for key := range winners {
		if x, err := tr.Ticket(t.Context(), key, tickets.Want{}); err != nil || x.Status != tickets.Active {
			t.Errorf("%s: %+v, %v", key, x, err)
		}
	}
}
