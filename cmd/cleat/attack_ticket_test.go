package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// keyOf is the key in what ticket_write says.
func keyOf(t *testing.T, said string) string {
	t.Helper()
	key := ticketKey.FindString(said)
	if key == "" {
		t.Fatalf("no key in %s", said)
	}
	return key
}

// TestTicketsOfTwo is CO-01 and CO-07: two processes write at once, all that was acknowledged
// is there, once; and of two changes from one base the second is told, with both versions.
func TestTicketsOfTwo(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- README.md --\n# Shop\n")
	first, second := w.peer(t), w.peer(t)
	n := scaled(100)
	var mu sync.Mutex
	var keys []string
	var wg sync.WaitGroup
	for i, p := range []*peer{first, second} {
		var ids []int
		for j := range n {
			ids = append(ids, p.request("tools/call", fmt.Sprintf(`{"name":"ticket_write","arguments":{"op":"create","title":"work %d of %d","anyway":true}}`, j, i)))
		}
		wg.Go(func() {
			for _, id := range ids {
				said, failed := told(t, p.await(id))
				if failed {
					t.Errorf("a create failed: %s", said)
					continue
				}
				mu.Lock()
				keys = append(keys, ticketKey.FindString(said))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(keys)
	if got := slices.Compact(slices.Clone(keys)); len(got) != 2*n {
		t.Errorf("%d keys of %d tickets", len(got), 2*n)
	}
	out, code := w.run(t, "tickets", "export")
	if lines := strings.Count(out, `"title":"work `); code != 0 || lines != 2*n {
		t.Errorf("exit %d, %d tickets, want %d", code, lines, 2*n)
	}
	said, _ := first.tool("ticket_read", fmt.Sprintf(`{"ticket":%q}`, keys[0]))
	base := regexp.MustCompile(`base ([0-9a-f]{8})`).FindStringSubmatch(said)[1]
	change := func(p *peer, title string) (string, bool) {
		return p.tool("ticket_write", fmt.Sprintf(`{"op":"update","ticket":%q,"base":%q,"title":%q}`, keys[0], base, title))
	}
	if said, failed := change(first, "mine"); failed {
		t.Error(said)
	}
	if said, failed := change(second, "yours"); !failed || !strings.HasPrefix(said, "conflict: ") || !strings.Contains(said, `title now "mine", yours "yours"`) {
		t.Errorf("the second change: %s", said)
	}
}

// TestKilledInTicket is CO-03: kill -9 at any moment of a create leaves the store whole, and
// every ticket that was acknowledged in it once.
func TestKilledInTicket(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- README.md --\n# Shop\n")
	acknowledged := map[string]bool{}
	for i := range scaled(30) {
		p := w.peer(t)
		var ids []int
		for j := range 20 {
			ids = append(ids, p.request("tools/call", fmt.Sprintf(`{"name":"ticket_write","arguments":{"op":"create","title":"round %d, %d","anyway":true}}`, i, j)))
		}
		said, failed := told(t, p.await(ids[0]))
		if failed {
			t.Fatal(said)
		}
		acknowledged[keyOf(t, said)] = true
		time.Sleep(time.Duration(i%10) * time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		p.exit()
	}
	out, code := w.run(t, "tickets", "export")
	if code != 0 {
		t.Fatal(out)
	}
	seen := map[string]int{}
	for line := range strings.Lines(out) {
		var ticket struct{ Key string }
		if err := json.Unmarshal([]byte(line), &ticket); err != nil {
			t.Fatal(err)
		}
		seen[ticket.Key]++
	}
	for key := range acknowledged {
		if seen[key] != 1 {
			t.Errorf("%s was acknowledged and is there %d times", key, seen[key])
		}
	}
}

// TestTicketSecrets is OU-17: a secret in any argument is refused, and stands neither in the
// store nor in the audit log nor in the error.
func TestTicketSecrets(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- README.md --\n# Shop\n")
	p := w.peer(t)
	said, failed := p.tool("ticket_write", `{"op":"create","title":"Work","body":"## Steps\n\none\n"}`)
	if failed {
		t.Fatal(said)
	}
	key := keyOf(t, said)
	secret := "ghp_" + strings.Repeat("Ab3D", 9)
	for _, args := range []string{
		`{"op":"create","title":"S","anyway":true}`, `{"op":"create","title":"x","body":"S"}`, `{"op":"comment","ticket":"K","body":"a S b"}`,
		`{"op":"update","ticket":"K","edit":{"append":"S"}}`, `{"op":"update","ticket":"K","edit":{"section":"Steps","text":"S"}}`,
		`{"op":"update","ticket":"K","edit":{"find":"one","replace":"S"}}`, `{"op":"update","ticket":"K","title":"S"}`,
		`{"op":"update","ticket":"K","set":{"labels":["S"]}}`, `{"op":"update","ticket":"K","set":{"add_labels":["S"]}}`,
		`{"op":"transition","ticket":"K","to":"done","body":"S"}`,
	} {
		said, failed := p.tool("ticket_write", strings.NewReplacer("S", secret, "K", key).Replace(args))
		if !failed || !strings.HasPrefix(said, "denied: ") || strings.Contains(said, secret) {
			t.Errorf("%s: %s", args, said)
		}
	}
	p.end()
	err := filepath.Walk(w.home, func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), secret) {
			t.Errorf("%s has the secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestForeignKeys is HT-12: what is no key leads nowhere, in every place where one is taken.
func TestForeignKeys(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- README.md --\n# Shop\n")
	p := w.peer(t)
	for _, key := range []string{"ct-7x2k/../../admin", "ct-7x2k?x=y", "ct-7x2k#1", "ct-7x2k\r\nX: y", "../../etc/passwd", "ct-", "ct-7x2k%2f..%2fx",
		"ticket://local/..%2f..%2fetc", "ticket://other/ct-7x2k", "ticket://local/ct-7x2k/more", "ct-7x2k'; DROP TABLE tickets; --", strings.Repeat("ct-", 1000), "\u202ect-7x2k"} {
		quoted := quoted(t, key)
		for _, call := range []string{
			`{"name":"ticket_read","arguments":{"ticket":` + quoted + `}}`,
			`{"name":"ticket_write","arguments":{"op":"comment","ticket":` + quoted + `,"body":"x"}}`,
			`{"name":"ticket_write","arguments":{"op":"claim","ticket":` + quoted + `,"source":"local"}}`,
		} {
			said, failed := told(t, p.ask("tools/call", call))
			if code, _, _ := strings.Cut(said, ": "); !failed || code != "invalid" && code != "not_found" {
				t.Errorf("%.120s: %s", call, said)
			}
		}
	}
	if said, failed := p.tool("ticket_search", `{"text":"\") OR 1=1 --","status":"all"}`); failed || !strings.HasPrefix(said, "no tickets") {
		t.Errorf("words that are SQL: %s", said)
	}
}

// TestTicketFiles: what was exported comes back elsewhere, and a file that is none changes
// nothing and prints nothing that a terminal would obey.
func TestTicketFiles(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- README.md --\n# Shop\n")
	p := w.peer(t)
	said, failed := p.tool("ticket_write", `{"op":"create","title":"Work \u202e","body":"line\r\n\ttab 'q' \"d\"","set":{"labels":["a b"],"priority":"P1"}}`)
	if failed {
		t.Fatal(said)
	}
	if said, failed := p.tool("ticket_write", `{"op":"comment","ticket":"`+keyOf(t, said)+`","body":"said"}`); failed {
		t.Fatal(said)
	}
	if out, code := w.run(t, "tickets", "export", "all.jsonl"); code != 0 {
		t.Fatal(out)
	}
	file, err := os.ReadFile(w.dir + "/all.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	other := attacked(t, "-- README.md --\n# Other\n")
	other.write(t, "in.jsonl", string(file))
	if out, code := other.run(t, "tickets", "import", "in.jsonl"); code != 0 || !strings.HasPrefix(out, "1 new, 0 updated") {
		t.Errorf("exit %d: %s", code, out)
	}
	if out, code := other.run(t, "tickets", "export"); code != 0 || out != string(file) {
		t.Errorf("exit %d, came back as\n%s\nwant\n%s", code, out, file)
	}
	for name, text := range map[string]string{
		"text": "hello\n", "deep": strings.Repeat("[", 100_000), "long": `{"cleat":"tickets","version":1}` + "\n" + strings.Repeat("x", 5<<20),
		"newer": `{"cleat":"tickets","version":99}` + "\n", "escapes": `{"cleat":"tickets","version":1}` + "\n" + `{"key":"\u001b]0;x\u0007"}` + "\n", "raw": "\x1b[2J\x00",
	} {
		other.write(t, "bad.jsonl", text)
		out, code := other.run(t, "tickets", "import", "bad.jsonl")
		if code == 0 || strings.ContainsAny(out, "\x1b\x07\x00") || len(out) > 4000 {
			t.Errorf("%s: exit %d: %.400q", name, code, out)
		}
	}
	if out, _ := other.run(t, "tickets", "export"); out != string(file) {
		t.Errorf("bad files have changed the store:\n%s", out)
	}
}

// TestClaimOfMany: of eight processes that claim one ticket at once, one has it.
func TestClaimOfMany(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- README.md --\n# Shop\n")
	p := w.peer(t)
	said, failed := p.tool("ticket_write", `{"op":"create","title":"Work"}`)
	if failed {
		t.Fatal(said)
	}
	key := keyOf(t, said)
	var peers []*peer
	for i := range 8 {
		cmd := exec.Command(os.Args[0], "serve")
		cmd.Env = append(slices.Clone(w.env), fmt.Sprintf("USER=user%d", i))
		peers = append(peers, w.peerOf(t, cmd))
	}
	var ids []int
	for _, p := range peers {
		ids = append(ids, p.request("tools/call", `{"name":"ticket_write","arguments":{"op":"claim","ticket":"`+key+`"}}`))
	}
	won := 0
	for i, p := range peers {
		said, failed := told(t, p.await(ids[i]))
		switch {
		case !failed:
			won++
		case !strings.HasPrefix(said, "conflict: "):
			t.Errorf("one of those who lost is told %s", said)
		}
	}
	if won != 1 {
		t.Errorf("%d have it", won)
	}
}
