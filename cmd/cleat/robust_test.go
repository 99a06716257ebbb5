//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTwoProcesses: processes that share a state folder lose no record and do not hinder
// each other.
func TestTwoProcesses(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	const processes = 3
	n := scaled(300)
	var all sync.WaitGroup
	for i := range processes {
		p := w.peer(t)
		all.Go(func() {
			var ids []int
			for k := range n {
				call := `{"name":"read","arguments":{"uri":"a.txt"}}`
				if k%3 == 0 {
					call = fmt.Sprintf(`{"name":"test_write","arguments":{"text":"effect-%d-%d"}}`, i, k)
				}
				ids = append(ids, p.request("tools/call", call))
			}
			for _, id := range ids {
				if text, failed := told(t, p.await(id)); failed || strings.Contains(text, "NOT in the audit log") {
					t.Errorf("process %d: %s", i, text)
				}
			}
			if code := p.end(); code != 0 {
				t.Errorf("process %d: exit code %d", i, code)
			}
		})
	}
	all.Wait()
	intents, results, reads := 0, 0, 0
	for i, r := range w.audited(t) {
		if r.Seq != uint64(i+1) {
			t.Fatalf("record %d has the number %d", i+1, r.Seq)
		}
		switch r.Phase {
		case "intent":
			intents++
		case "result":
			results++
		default:
			reads++
		}
	}
	writes := (n + 2) / 3
	if intents != processes*writes || results != intents || reads != processes*(n-writes) {
		t.Errorf("%d intents, %d results, %d reads", intents, results, reads)
	}
	if out, code := w.run(t, "audit", "verify"); code != 0 {
		t.Errorf("audit verify: exit %d\n%s", code, out)
	}
}

// TestStateRemoved: a state folder that goes away while cleat runs costs an error at most,
// and nothing is said to be kept that is not.
func TestStateRemoved(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	w.write(t, "long.json", `{"a":[`+strings.Repeat(`"some value",`, 20_000)+`1]}`)
	w.write(t, "wide.txt", strings.Repeat(strings.Repeat("x", 150)+"\n", 2000))
	p := w.peer(t)
	everyTool(t, p)
	for range 3 {
		if err := os.RemoveAll(w.home + "/state"); err != nil {
			t.Fatal(err)
		}
		everyTool(t, p)
		if text, failed := p.tool("read", `{"uri":"a.txt"}`); failed {
			t.Errorf("read: %s", text)
		}
		text, failed := p.tool("test_write", writeEffect)
		if failed || !w.written(t) {
			t.Errorf("test_write: %s", text)
		}
		if records := w.audited(t); !strings.Contains(text, "NOT in the audit log") && (len(records) == 0 || records[len(records)-1].Outcome != "ok") {
			t.Errorf("a write that is said to be recorded is not: %d records", len(records))
		}
	}
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestKillLoop kills cleat at random moments of writes, again and again: every write that
// was acknowledged is in the log, and the log is whole.
func TestKillLoop(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	acknowledged := 0
	for range scaled(30) {
		p := w.peer(t)
		for i := range 20 {
			fmt.Fprintf(p.in, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"test_write","arguments":%s}}`+"\n", 1000+i, writeEffect)
		}
		time.Sleep(rand.N(150 * time.Millisecond)) // the moment is to be any
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		p.exit()
		acknowledged += strings.Count(p.stdout.String(), "written: effect")
	}
	results := 0
	for _, r := range w.audited(t) {
		if r.Phase == "result" && r.Outcome == "ok" {
			results++
		}
	}
	t.Logf("%d writes were acknowledged, %d are in the log", acknowledged, results)
	if results < acknowledged || acknowledged == 0 {
		t.Errorf("%d writes were acknowledged, %d are in the log", acknowledged, results)
	}
	if out, code := w.run(t, "audit", "verify"); code != 0 {
		t.Errorf("audit verify: exit %d\n%s", code, out)
	}
}

// descriptors counts what the process has open.
func (p *peer) descriptors() int {
	p.t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	return len(entries)
}

// mixed sends n calls of all kinds at once and returns how many failed, other than as busy.
func (p *peer) mixed(n int) (failures []string, busy int) {
	p.t.Helper()
	calls := []struct{ method, params string }{
		{"tools/call", `{"name":"code_search","arguments":{"pattern":"inside"}}`},
		{"tools/call", `{"name":"read","arguments":{"uri":"a.txt"}}`},
		{"tools/call", `{"name":"read","arguments":{"uri":"repo://./main/sub/b.txt"}}`},
		{"tools/call", `{"name":"find","arguments":{"query":"b.txt"}}`},
		{"resources/read", `{"uri":"text://a.txt"}`},
		{"resources/list", `{}`},
		{"prompts/get", `{"name":"onboard"}`},
		{"completion/complete", `{"ref":{"type":"ref/resource","uri":"text://{+path}{#lines}"},"argument":{"name":"path","value":"s"}}`},
		{"completion/complete", `{"ref":{"type":"ref/resource","uri":"repo://{repo}/{ref}/{+path}"},"argument":{"name":"ref","value":"m"}}`},
		{"tools/call", `{"name":"status","arguments":{}}`},
	}
	var ids []int
	for i := range n {
		c := calls[i%len(calls)]
		ids = append(ids, p.request(c.method, c.params))
	}
	for _, id := range ids {
		switch text, failed := told(p.t, p.await(id)); {
		case failed && strings.HasPrefix(text, "busy: "):
			busy++
		case failed:
			failures = append(failures, text)
		}
	}
	return failures, busy
}

// TestDescriptors: few descriptors are enough, and none is lost.
func TestDescriptors(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := enclosed(t)
	for i := range 300 {
		w.write(t, fmt.Sprintf("d%d/e%d/f%d.txt", i%10, i%30, i), "inside\n")
	}
	w.git(t, "add", "-A")
	w.git(t, "commit", "-q", "-m", "More")
	for _, limit := range []int{64, 0} {
		cmd := exec.Command(os.Args[0], "serve")
		if limit > 0 {
			cmd = exec.Command("sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$0" serve`, limit), os.Args[0])
		}
		cmd.Env = w.env
		p := w.peerOf(t, cmd)
		p.mixed(20)
		before := p.descriptors()
		for range 5 {
			failures, busy := p.mixed(100)
			if len(failures) > 0 {
				t.Errorf("with %d descriptors %d calls failed, %d were told busy: %.500s", limit, len(failures), busy, failures[0])
			}
		}
		if failures, busy := p.mixed(10); len(failures) > 0 || busy > 0 {
			t.Errorf("with %d descriptors, afterwards: %v", limit, failures)
		}
		if after := p.descriptors(); after > before+3 {
			t.Errorf("%d descriptors before, %d after", before, after)
		}
		p.bounded(300)
		p.end()
	}
}

// TestChildrenEnd: no git process outlives cleat.
func TestChildrenEnd(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := enclosed(t)
	bin := filepath.Join(filepath.Dir(w.dir), "bin")
	writeFile(t, filepath.Join(bin, "git"), []byte("#!/bin/sh\necho $$ >>"+bin+"/pids\nsleep 1000 & echo $! >>"+bin+"/pids\nwait\n"))
	if err := os.Chmod(filepath.Join(bin, "git"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := w.peer(t, "PATH="+bin+":"+os.Getenv("PATH"))
	if text, failed := p.tool("read", `{"uri":"repo://./main/a.txt","timeout_ms":300}`); !failed || strings.HasPrefix(text, "internal") {
		t.Errorf("with a git that hangs: %s", text)
	}
	p.request("tools/call", `{"name":"read","arguments":{"uri":"repo://./main/a.txt"}}`)
	if text, failed := p.tool("read", `{"uri":"a.txt"}`); failed {
		t.Errorf("a file, beside a git that hangs: %s", text)
	}
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	data, err := os.ReadFile(bin + "/pids")
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range strings.Fields(string(data)) {
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			if err != nil || bytes.Contains(stat, []byte(") Z ")) {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("process %s outlives cleat: %s", pid, stat)
				break
			}
		}
	}
}

// TestFullDisk: where spilled answers find no room, the answer is an error, nothing half
// written stays, and all else goes on.
func TestFullDisk(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	for i := range 2000 {
		w.write(t, fmt.Sprintf("many/%s-%d.txt", strings.Repeat("n", 200), i), "x\n")
	}
	state := w.home + "/state"
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", state, "tmpfs", 0, "size=64k,mode=700"); err != nil {
		t.Skip("a small file system cannot be mounted here: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(state, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	p := w.peer(t)
	p.tool("read", `{"uri":"a.txt"}`)
	if err := os.WriteFile(state+"/filler", make([]byte, 64<<10), 0o600); err == nil {
		t.Log("the file system is larger than asked for")
	}
	for range 20 {
		for _, call := range []string{`{"pattern":"*","mode":"files","limit":1000,"budget":200}`, `{"pattern":"x","limit":1000,"budget":200}`} {
			if text, failed := p.tool("code_search", call); failed && !strings.HasPrefix(text, "too_large: ") && !strings.HasPrefix(text, "unavailable: ") {
				t.Errorf("on a full disk: %s", text)
			}
		}
	}
	if text, failed := p.tool("read", `{"uri":"a.txt"}`); failed {
		t.Errorf("a read: %s", text)
	}
	if text, _ := p.tool("test_write", writeEffect); !strings.Contains(text, "NOT in the audit log") {
		records := w.audited(t)
		if len(records) == 0 || records[len(records)-1].Phase != "result" {
			t.Errorf("a write without its record: %s", text)
		}
	}
	if err := os.Remove(state + "/filler"); err != nil {
		t.Fatal(err)
	}
	if text, failed := p.tool("test_write", writeEffect); failed || strings.Contains(text, "NOT in the audit log") {
		t.Errorf("with room again: %s", text)
	}
	p.end()
	if out, code := w.run(t, "audit", "verify"); code != 0 {
		t.Errorf("audit verify: exit %d\n%s", code, out)
	}
}

// TestBigTree: a search for everything in a tree of many and of large files takes bounded
// memory and no longer than it may.
func TestBigTree(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	for i := range scaled(6000) {
		w.write(t, fmt.Sprintf("d%d/e%d/f%d.txt", i%20, i%200, i), strings.Repeat("every line matches\n", 50))
	}
	for i := range 8 {
		w.write(t, fmt.Sprintf("large%d.txt", i), strings.Repeat("every line matches, also of what is large\n", 300_000))
	}
	one, err := os.Create(filepath.Join(w.dir, "one-line.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := one.Write(bytes.Repeat([]byte("y"), 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(w.dir, "one-line.txt"), 100<<20); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(w.dir, "sparse.txt"), []byte("text\n"))
	if err := os.Truncate(filepath.Join(w.dir, "sparse.txt"), 20<<30); err != nil {
		t.Logf("no sparse file: %v", err)
	}
	p := w.peer(t)
	for _, args := range []string{`{"pattern":".","mode":"regex","limit":1000,"budget":10000}`, `{"pattern":".*","mode":"regex","case":"ignore"}`, `{"pattern":"e"}`, `{"pattern":"(.*)(.*)(.*)(.*)zz","mode":"regex"}`,
		`{"pattern":"*","mode":"files","paths":["**/**/**/**/*"]}`, `{"pattern":"not there at all","word":true}`} {
		begin := time.Now()
		text, failed := p.tool("code_search", args[:len(args)-1]+`,"timeout_ms":3000}`)
		if took := time.Since(begin); failed || took > 15*time.Second {
			t.Errorf("%s: %s after %s", args, text, took)
		}
	}
	for _, uri := range []string{"one-line.txt", "sparse.txt", "large0.txt"} {
		for _, more := range []string{``, `,"part":"L1"`, `,"grep":"zzz"`, `,"outline":true`, `,"part":"L5-"`} {
			begin := time.Now()
			text, failed := p.tool("read", `{"uri":"`+uri+`","timeout_ms":2000`+more+`}`)
			if took := time.Since(begin); took > 15*time.Second || failed && strings.HasPrefix(text, "internal") {
				t.Errorf("%s%s: %.300s after %s", uri, more, text, took)
			}
		}
	}
	p.bounded(300)
	var ids []int
	for i := range 64 { // at once
		ids = append(ids, p.request("tools/call", fmt.Sprintf(`{"name":"read","arguments":{"uri":"large%d.txt","grep":"zzz"}}`, i%8)))
	}
	for _, id := range ids {
		p.await(id)
	}
	p.ping(30 * time.Second)
	p.bounded(500)
}
