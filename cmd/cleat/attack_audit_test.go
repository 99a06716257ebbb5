//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestEachCallRecorded: every call of every kind leaves one record, a write two with one id,
// with what was decided and what came of it.
func TestEachCallRecorded(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- user.toml --\n[policy]\ndeny = [\"find\", \"json\"]\n-- a.txt --\na\n-- b.json --\n{}\n")
	p := w.peer(t)
	type want struct{ method, name, decision, outcome string }
	var wants []want
	did := func(w want) { wants = append(wants, w) }
	p.tool("read", `{"uri":"a.txt"}`)
	did(want{"tools/call", "read", "allow", "ok"})
	p.tool("read", `{"uri":"none"}`)
	did(want{"tools/call", "read", "allow", "not_found"})
	p.tool("read", `{"uri":5,"x":1}`)
	did(want{"tools/call", "read", "allow", "invalid"})
	p.tool("read", `"text"`)
	did(want{"tools/call", "read", "allow", "invalid"})
	p.tool("find", `{"query":"a"}`)
	did(want{"tools/call", "find", "deny", "denied"})
	p.tool("no_such_tool", `{"a":1}`)
	did(want{"tools/call", "no_such_tool", "deny", "not_found"})
	p.tool("test_panic", `{}`)
	did(want{"tools/call", "test_panic", "allow", "internal"})
	p.ask("resources/read", `{"uri":"text://a.txt"}`)
	did(want{"resources/read", "text://a.txt", "allow", "ok"})
	p.ask("resources/read", `{"uri":"json://b.json"}`)
	did(want{"resources/read", "json://b.json", "deny", "denied"})
	p.ask("resources/read", `{"uri":"none://b"}`)
	did(want{"resources/read", "none://b", "deny", "not_found"})
	p.ask("resources/read", `{"uri":"text://%zz"}`)
	did(want{"resources/read", "text://%zz", "deny", "invalid"})
	p.ask("resources/list", `{}`)
	did(want{"resources/list", "", "allow", "ok"})
	p.ask("resources/list", `{"cursor":"x"}`)
	did(want{"resources/list", "", "deny", "invalid"})
	p.ask("prompts/get", `{"name":"onboard"}`)
	did(want{"prompts/get", "onboard", "allow", "ok"})
	p.ask("prompts/get", `{"name":"none"}`)
	did(want{"prompts/get", "none", "deny", "not_found"})
	p.ask("prompts/get", `{"name":"onboard","arguments":{"x":"y"}}`)
	did(want{"prompts/get", "onboard", "allow", "invalid"})
	p.ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"text://{+path}{#lines}"},"argument":{"name":"path","value":"a"}}`)
	did(want{"completion/complete", "text://{+path}{#lines}", "allow", "ok"})
	p.ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"json://{+path}{#pointer}"},"argument":{"name":"path","value":"a"}}`)
	did(want{"completion/complete", "json://{+path}{#pointer}", "deny", "denied"})
	p.ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"none"},"argument":{"name":"path","value":"a"}}`)
	did(want{"completion/complete", "none", "deny", "not_found"})
	p.ask("completion/complete", `{}`)
	did(want{"completion/complete", "", "deny", "invalid"})
	id := p.request("tools/call", `{"name":"test_hang"}`)
	p.ping(30 * time.Second) // a call that is canceled before it began leaves nothing
	p.line(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, id))
	did(want{"tools/call", "test_hang", "allow", "canceled"})
	w.await(t, len(wants))
	for _, line := range []string{"garbage", `{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`, `{"jsonrpc":"1.0","id":1,"method":"ping"}`, "[]", `{"jsonrpc":"2.0","id":9999,"method":"tools/call","params":[]}`} {
		p.line(line)
		did(want{"", "(refused message)", "deny", "invalid"})
	}
	w.await(t, len(wants))
	p.tool("test_write", writeEffect)
	p.end()

	got := w.audited(t)
	for i, r := range got[:min(len(got), len(wants))] {
		if r.Name == "(refused message)" {
			r.Method = "" // which is known of some of those lines
		}
		if g := (want{r.Method, r.Name, r.Decision, r.Outcome}); g != wants[i] {
			t.Errorf("record %d is %+v, want %+v", i+1, g, wants[i])
		}
		if r.Method != "" && (r.Client != "attack/1" || r.ID == "" || r.Phase != "") {
			t.Errorf("record %d: %+v", i+1, r)
		}
	}
	rest := got[min(len(got), len(wants)):]
	if len(rest) != 2 || rest[0].Phase != "intent" || rest[1].Phase != "result" || rest[0].ID != rest[1].ID || rest[1].Outcome != "ok" || rest[0].Name != "test_write" {
		t.Errorf("the records of a write are %+v", rest)
	}
	for _, n := range []int{2, 5} { // of a call that failed or was not understood too
		if len(got) > n && !bytes.Contains(got[n].Args, []byte(`"x":1`)) && !bytes.Contains(got[n].Args, []byte(`"a":1`)) {
			t.Errorf("record %d has the arguments %s", n+1, got[n].Args)
		}
	}
	if out, code := w.run(t, "audit", "verify"); code != 0 {
		t.Errorf("audit verify: exit %d\n%s", code, out)
	}
}

// await waits until the log has n records.
func (w *world) await(t *testing.T, n int) {
	t.Helper()
	var data []byte
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		data, _ = os.ReadFile(w.auditFile()) // which may not be there yet
		if bytes.Count(data, []byte("\n")) >= n {
			return
		}
	}
	t.Fatalf("the log does not come to %d records:\n%s", n, data)
}

// TestAuditUnusable: where the log is required and cannot be written, nothing is; where it
// is not required, there is a loud warning.
func TestAuditUnusable(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(w *world) error{
		"a file in place of the folder": func(w *world) error { return os.WriteFile(filepath.Dir(w.auditFile()), nil, 0o600) },
		"a link":                        func(w *world) error { return link(w, w.home+"/.bashrc") },
		"a dangling link":               func(w *world) error { return link(w, w.home+"/nowhere") },
		"a fifo":                        func(w *world) error { return plant(w, func(f string) error { return exec.Command("mkfifo", f).Run() }) },
		"a folder":                      func(w *world) error { return plant(w, func(f string) error { return os.Mkdir(f, 0o700) }) },
		"a device":                      func(w *world) error { return link(w, "/dev/null") },
		"a hard link":                   func(w *world) error { return plant(w, func(f string) error { return os.Link(w.home+"/.bashrc", f) }) },
		"a linked folder":               func(w *world) error { return os.Symlink(w.home, filepath.Dir(w.auditFile())) },
	} {
		for _, required := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, required %t", name, required), func(t *testing.T) {
				t.Parallel()
				w := attacked(t, fmt.Sprintf("-- user.toml --\n[audit]\nrequired = %t\n-- a.txt --\na\n", required))
				writeFile(t, w.home+"/.bashrc", []byte("mine\n"))
				if err := os.MkdirAll(w.home+"/state/cleat", 0o700); err != nil {
					t.Fatal(err)
				}
				if err := spoil(w); err != nil {
					t.Fatal(err)
				}
				p := w.peer(t)
				text, failed := p.tool("test_write", writeEffect)
				if failed != required || w.written(t) == required {
					t.Errorf("test_write: %s", text)
				}
				if !required && !strings.Contains(text, "NOT in the audit log") {
					t.Errorf("no warning: %s", text)
				}
				if text, failed := p.tool("read", `{"uri":"a.txt"}`); failed {
					t.Errorf("a read: %s", text)
				}
				if text, _ := p.tool("status", `{"view":"audit"}`); !strings.Contains(text, "audit problem") {
					t.Errorf("status is silent: %s", text)
				}
				p.end()
				if !strings.Contains(p.stderr.String(), "THE AUDIT LOG CANNOT BE WRITTEN") && !required {
					t.Errorf("stderr is silent: %s", p.stderr.String())
				}
				if data, err := os.ReadFile(w.home + "/.bashrc"); string(data) != "mine\n" {
					t.Errorf("another file was written: %q, %v", data, err)
				}
			})
		}
	}
}

func plant(w *world, make func(file string) error) error {
	if err := os.Mkdir(filepath.Dir(w.auditFile()), 0o700); err != nil {
		return err
	}
	return make(w.auditFile())
}

func link(w *world, target string) error {
	return plant(w, func(f string) error { return os.Symlink(target, f) })
}

// TestKilledInWrite: after a kill between intent and result, the outcome is told to be
// unknown, and the log is whole.
func TestKilledInWrite(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	// The effect blocks: its file is a FIFO that nobody reads.
	if out, err := exec.Command("mkfifo", filepath.Join(filepath.Dir(w.dir), "effect")).CombinedOutput(); err != nil {
		t.Fatalf("mkfifo: %s", out)
	}
	p := w.peer(t)
	p.request("tools/call", `{"name":"test_write","arguments":`+writeEffect+`}`)
	w.await(t, 1)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit()
	if got := w.audited(t); len(got) != 1 || got[0].Phase != "intent" || got[0].Name != "test_write" {
		t.Errorf("the log has %+v", got)
	}
	out, code := w.run(t, "audit", "verify")
	if code != 0 || !strings.Contains(out, "unknown outcome: record 1: test_write") {
		t.Errorf("audit verify: exit %d\n%s", code, out)
	}
	for _, view := range []string{"audit", "health"} {
		if text, _ := w.peer(t).tool("status", fmt.Sprintf(`{"view":%q}`, view)); !strings.Contains(text, "unknown outcome: test_write") {
			t.Errorf("status view=%s: %s", view, text)
		}
	}
	// A write that does not end in time is not called a failure either.
	begun := filepath.Join(filepath.Dir(w.dir), "effect.begun")
	if err := os.RemoveAll(begun); err != nil {
		t.Fatal(err)
	}
	q := w.peer(t)
	id := q.request("tools/call", `{"name":"test_write","arguments":`+writeEffect+`}`)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(begun); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the write does not begin")
		}
	}
	q.line(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, id))
	q.ping(30 * time.Second)
	w.awaitOutcome(t, "unknown_outcome")
}

// awaitOutcome waits until the log has a record with the outcome.
func (w *world) awaitOutcome(t *testing.T, outcome string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		data, err := os.ReadFile(w.auditFile())
		if err == nil && bytes.Contains(data, []byte(`"outcome":"`+outcome+`"`)) {
			return
		}
	}
	data, err := os.ReadFile(w.auditFile())
	t.Errorf("no record has the outcome %s: %v\n%s", outcome, err, data)
}

// TestTampering: any change of the log is found on the command line, with the record.
func TestTampering(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(lines [][]byte) [][]byte{
		"a byte": func(l [][]byte) [][]byte {
			l[4] = bytes.Replace(l[4], []byte(`"allow"`), []byte(`"alloW"`), 1)
			return l
		},
		"deleted": func(l [][]byte) [][]byte { return append(l[:4:4], l[5:]...) },
		"swapped": func(l [][]byte) [][]byte { l[4], l[5] = l[5], l[4]; return l },
		"cut":     func(l [][]byte) [][]byte { return l[:4] },
		"appended": func(l [][]byte) [][]byte {
			return append(l, bytes.Replace(l[len(l)-1], []byte(`"ok"`), []byte(`"no"`), 1))
		},
		"emptied":   func([][]byte) [][]byte { return nil },
		"torn":      func(l [][]byte) [][]byte { l[4] = l[4][:len(l[4])/2]; return l[:5] },
		"repeated":  func(l [][]byte) [][]byte { return append(l[:5:5], l[4:]...) },
		"new lines": func(l [][]byte) [][]byte { l[4] = append([]byte("\n"), l[4]...); return l },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := attacked(t, "-- a.txt --\na\n")
			p := w.peer(t)
			for range 10 {
				p.tool("read", `{"uri":"a.txt"}`)
			}
			p.end()
			if out, code := w.run(t, "audit", "verify"); code != 0 {
				t.Fatalf("before: exit %d\n%s", code, out)
			}
			data, err := os.ReadFile(w.auditFile())
			if err != nil {
				t.Fatal(err)
			}
			lines := spoil(bytes.SplitAfter(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")))
			if err := os.WriteFile(w.auditFile(), bytes.Join(lines, nil), 0o600); err != nil {
				t.Fatal(err)
			}
			out, code := w.run(t, "audit", "verify")
			if code != 1 || !regexp.MustCompile(`(?m)^record \d+: `).MatchString(out) {
				t.Errorf("audit verify: exit %d\n%s", code, out)
			}
			// What comes after does not hide it.
			p = w.peer(t)
			if text, failed := p.tool("read", `{"uri":"a.txt"}`); failed {
				t.Errorf("afterwards: %s", text)
			}
			p.end()
			if out, code := w.run(t, "audit", "verify"); code != 1 {
				t.Errorf("after more records: exit %d\n%s", code, out)
			}
		})
	}
	t.Run("removed", func(t *testing.T) {
		w := attacked(t, "-- a.txt --\na\n")
		w.peer(t).tool("read", `{"uri":"a.txt"}`)
		if err := os.RemoveAll(filepath.Dir(w.auditFile())); err != nil {
			t.Fatal(err)
		}
		if out, code := w.run(t, "audit", "verify"); code != 1 {
			t.Errorf("audit verify: exit %d\n%s", code, out)
		}
	})
}
