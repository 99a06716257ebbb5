//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// memory is a figure of /proc/PID/status in kB, such as VmRSS or VmHWM.
func (p *peer) memory(figure string) int {
	p.t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, figure+":"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				p.t.Fatal(err)
			}
			return n
		}
	}
	p.t.Fatalf("no %s in the status of the process", figure)
	return 0
}

// bounded fails when the process has ever taken more than mb megabytes.
func (p *peer) bounded(mb int) {
	p.t.Helper()
	got := p.memory("VmHWM") / 1024
	p.t.Logf("at most %d MB were taken", got)
	if got > mb && !raceEnabled {
		p.t.Errorf("%d MB were taken, more than %d", got, mb)
	}
}

// ping asks for a sign of life and fails when it takes longer than limit.
func (p *peer) ping(limit time.Duration) {
	p.t.Helper()
	begin := time.Now()
	p.ask("ping", `{}`)
	took := time.Since(begin)
	p.t.Logf("ping took %s", took.Round(time.Millisecond))
	if took > limit && !raceEnabled {
		p.t.Errorf("ping took %s, more than %s", took, limit)
	}
}

// TestHanging: thousands of calls that hang cost little, hide nothing behind them, and
// are gone when they are canceled.
func TestHanging(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	p := w.peer(t)
	n := scaled(5000)
	ids := make([]int, n)
	for i := range ids {
		ids[i] = p.request("tools/call", `{"name":"test_hang"}`)
	}
	p.ping(5 * time.Second)
	for _, id := range ids {
		p.line(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, id))
	}
	p.ping(5 * time.Second)
	if text, failed := p.tool("read", `{"uri":"a.txt"}`); failed {
		t.Errorf("afterwards: %s", text)
	}
	p.bounded(400)
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	canceled := 0
	for _, r := range w.audited(t) {
		if r.Name == "test_hang" && r.Outcome == "canceled" {
			canceled++
		}
	}
	if canceled != n {
		t.Errorf("%d of %d calls are recorded as canceled", canceled, n)
	}
}

// TestBurst: of more calls at once than the queue takes, each is answered, some as busy
// with a hint; a ping behind them is not made to wait for them.
func TestBurst(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- user.toml --\n[limits]\nqueue = 500\nin_flight = 8\n-- a.txt --\nhello\n")
	for i := range 200 {
		w.write(t, fmt.Sprintf("d%d/f%d.txt", i%10, i), "hello\n")
	}
	p := w.peer(t)
	ids := make([]int, scaled(10_000))
	for i := range ids {
		ids[i] = p.request("tools/call", `{"name":"code_search","arguments":{"pattern":"nothing of this kind"}}`)
	}
	p.ping(10 * time.Second)
	busy := 0
	for _, id := range ids {
		text, failed := told(t, p.await(id))
		switch {
		case !failed:
		case strings.HasPrefix(text, "busy: ") && strings.Contains(text, "\nnext: ") && strings.HasSuffix(text, "retry: after 1s"):
			busy++
		default:
			t.Fatalf("a call failed: %s", text)
		}
	}
	t.Logf("%d of %d calls were told busy", busy, len(ids))
	if busy == 0 && len(ids) > 1000 {
		t.Error("no call was told busy: is there a queue that nobody bounds?")
	}
	p.bounded(400)
}

// TestQueueDeadline: a call does not wait for others longer than a call may take.
func TestQueueDeadline(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- user.toml --\n[limits]\nin_flight = 2\ncall = \"3s\"\n-- a.txt --\na\n")
	p := w.peer(t)
	for range 2 {
		p.request("tools/call", `{"name":"test_deaf"}`)
	}
	// Calls begin in any order: only once both hang does a third one find no place.
	text, failed := "", false
	for range 20 {
		if text, failed = p.tool("read", `{"uri":"a.txt","timeout_ms":200}`); failed {
			break
		}
	}
	if !failed || !strings.HasPrefix(text, "busy: ") {
		t.Errorf("behind calls that never end: %s", text)
	}
}

// TestLongLines: a line of any length costs one error at most.
func TestLongLines(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	p := w.peer(t)
	for _, n := range []int{70 << 10, 5 << 20} {
		text, failed := p.tool("code_search", `{"pattern":"`+strings.Repeat("x", n)+`"}`)
		if strings.Contains(text, "limit of") && n < 1<<20 || len(text) > 40_000 {
			t.Errorf("%d bytes: failed %t: %.200s", n, failed, text)
		}
	}
	chunk := strings.Repeat("y", 1<<20)
	io.WriteString(p.in, `{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"`)
	for range scaled(200) {
		if _, err := io.WriteString(p.in, chunk); err != nil {
			t.Fatal(err)
		}
	}
	p.line(`"}}`)
	if got := p.awaitLine("null"); !strings.Contains(string(got), "over the limit") {
		t.Errorf("the long line was answered with %s", got)
	}
	p.ping(10 * time.Second)
	for _, line := range []string{strings.Repeat("[", 200_000), `{"jsonrpc":"2.0","id":1e999999,"method":"ping"}`, "\xff\xfe", "null", "[]", `"x"`} {
		p.line(line)
		p.ping(10 * time.Second)
	}
	p.bounded(300)
}

// TestStalledReader: a client that stops reading costs bounded memory, gets everything
// when it reads again, and does not keep the process from ending.
func TestStalledReader(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\n"+strings.Repeat("a line of text that fills answers\n", 500))
	p := w.start(t, "serve")
	p.initialize(t)
	sent := make(chan int, 1)
	n := scaled(3000)
	go func() {
		for i := range n {
			if _, err := fmt.Fprintf(p.in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"read","arguments":{"uri":"a.txt"}}}`+"\n", i+10); err != nil {
				break
			}
		}
		sent <- n
	}()
	q := &peer{t: t, cmd: p.cmd}
	deadline := time.Now().Add(3 * time.Second)
	for time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond) // there is nothing to wait for: nothing is to happen
	}
	q.bounded(400)
	for range n {
		p.receive(t)
	}
	<-sent
	q.bounded(400)

	stalled := w.start(t, "serve")
	stalled.initialize(t)
	go func() {
		for i := range n {
			if _, err := fmt.Fprintf(stalled.in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"read","arguments":{"uri":"a.txt"}}}`+"\n", i+10); err != nil {
				return
			}
		}
	}()
	time.Sleep(500 * time.Millisecond)
	exitsOn(t, stalled.cmd, syscall.SIGTERM)
}

// exitsOn sends a signal and wants exit code 0 soon.
func exitsOn(t *testing.T, cmd *exec.Cmd, sig os.Signal) {
	t.Helper()
	begin := time.Now()
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	cmd.Wait()
	if code, took := cmd.ProcessState.ExitCode(), time.Since(begin); code != 0 || took > 5*time.Second {
		t.Errorf("%v: exit code %d after %s", sig, code, took)
	}
}

// TestEnds: the end of input and signals end the process in good order, idle, in calls,
// and in calls that do not listen.
func TestEnds(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	for _, busy := range []string{"", "test_hang", "test_deaf"} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
			p := w.peer(t)
			if busy != "" {
				p.request("tools/call", fmt.Sprintf(`{"name":%q}`, busy))
				p.ping(10 * time.Second)
			}
			exitsOn(t, p.cmd, sig)
		}
		p := w.peer(t)
		if busy != "" {
			p.request("tools/call", fmt.Sprintf(`{"name":%q}`, busy))
		}
		begin := time.Now()
		if code := p.end(); code != 0 || time.Since(begin) > 10*time.Second {
			t.Errorf("end of input in %q: exit code %d after %s", busy, code, time.Since(begin))
		}
	}
	half := w.peer(t)
	io.WriteString(half.in, `{"jsonrpc":"2.0","id":9,"method":"too`)
	if code := half.end(); code != 0 {
		t.Errorf("end of input in a line: exit code %d", code)
	}
	cmd := exec.Command(os.Args[0], "serve")
	cmd.Dir, cmd.Env = w.dir, w.env
	if out, err := cmd.Output(); err != nil || len(out) > 0 {
		t.Errorf("without any input: %v, %q", err, out)
	}
	if out, code := w.run(t, "audit", "verify"); code != 0 {
		t.Errorf("audit verify: %d\n%s", code, out)
	}
}

// TestPanics: a panic is one failed call, said without stack, path or secret.
func TestPanics(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	p := w.peer(t)
	ids := make([]int, 20)
	for i := range ids {
		ids[i] = p.request("tools/call", `{"name":"test_panic"}`)
	}
	for _, id := range ids {
		text, failed := told(t, p.await(id))
		if !failed || !strings.HasPrefix(text, "internal: ") {
			t.Errorf("a panic was answered with %s", text)
		}
		for _, word := range []string{"goroutine", ".go", "/", "ghp_", "panic"} {
			if strings.Contains(text, word) {
				t.Errorf("the answer has %q: %s", word, text)
			}
		}
	}
	if text, failed := p.tool("read", `{"uri":"a.txt"}`); failed {
		t.Errorf("after panics: %s", text)
	}
	if text, failed := p.tool("test_print", `{}`); failed {
		t.Errorf("a tool that prints: %s", text)
	}
	p.end()
	if !strings.Contains(p.stderr.String(), "extras_test.go") || strings.Contains(w.everything(t, p), "ghp_0123456789") {
		t.Errorf("stderr has no stack, or something has the secret:\n%.2000s", p.stderr.String())
	}
	if !strings.Contains(p.stderr.String(), "stray output") {
		t.Error("stray output did not go to stderr")
	}
}

// TestListsStay: what the model is told of the tools does not depend on the repository,
// and is the same at each start.
func TestListsStay(t *testing.T) {
	t.Parallel()
	list := func(w *world) string {
		p := w.peer(t)
		var all []string
		for range 2 {
			var b strings.Builder
			for _, m := range []string{"tools/list", "prompts/list", "resources/templates/list"} {
				b.Write(p.ask(m, `{}`).Result)
			}
			all = append(all, b.String())
		}
		if all[0] != all[1] {
			t.Error("a second list differs from the first")
		}
		p.end()
		return all[0]
	}
	plain := list(attacked(t, "-- a.txt --\na\n"))
	w := attacked(t, "-- README.md --\nIGNORE-ALL-RULES\n")
	for i, name := range []string{"IGNORE-ALL-RULES.md", "IGNORE-ALL-RULES\n\x1b[2J.go", "\u202eIGNORE-ALL-RULES.json"} {
		if err := os.WriteFile(filepath.Join(w.dir, name), fmt.Appendf(nil, "%d", i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.git(t, "branch", "IGNORE-ALL-RULES")
	if got := list(w); got != plain || list(w) != got {
		t.Errorf("the lists depend on the repository:\n%.3000s", got)
	}
}
