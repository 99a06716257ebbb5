//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTicketLeaks is OU-17 at a service: a secret, or the name of a host of the user's
// network, leaves in no argument, also in two parts or behind escapes, and stands nowhere.
func TestTicketLeaks(t *testing.T) {
	t.Parallel()
	secret := "ghp_" + strings.Repeat("Ab3D", 9)
	for _, kind := range forgeKinds() {
		h := newForge(t, kind)
		h.mu.Lock()
		h.add("Parts", "ghp_-"+strings.TrimPrefix(secret, "ghp_")+"\n\ndb.-corp, @-ann and @bob\n")
		h.mu.Unlock()
		w := attacked(t, forgeFiles(kind, h.URL))
		p := w.peer(t)
		// The first call of all: nothing has been asked of the service yet.
		if said, failed := p.tool("ticket_write", `{"source":"gh","op":"create","title":"x","anyway":true,"body":"`+forgeToken+`"}`); !failed || !strings.HasPrefix(said, "denied: ") {
			t.Errorf("%s: the credential itself: %s", kind, said)
		}
		for _, args := range []string{
			`{"op":"create","title":"S","anyway":true}`, `{"op":"create","title":"x","body":"S","anyway":true}`, `{"op":"create","title":"x","anyway":true,"set":{"labels":["S"]}}`,
			`{"op":"create","title":"x","anyway":true,"set":{"assignees":["S"]}}`, `{"op":"create","title":"x","anyway":true,"set":{"milestone":"S"}}`, `{"op":"create","title":"x","anyway":true,"set":{"type":"S"}}`,
			`{"op":"create","title":"x","anyway":true,"set":{"parent":"S"}}`, `{"op":"create","title":"x","anyway":true,"set":{"project":"acme/S"}}`, `{"op":"create","title":"x","anyway":true,"set":{"S":1}}`,
			`{"op":"create","title":"x","anyway":true,"set":{"Field":["S"]}}`, `{"op":"create","title":"x","anyway":true,"set":{"Field":"\u0067hp_T"}}`, `{"op":"create","title":"x","dry_run":true,"body":"S"}`,
			`{"op":"comment","ticket":"#1","body":"a S b"}`, `{"op":"comment","ticket":"#1","body":"\u0067hp_T"}`, `{"op":"comment","ticket":"#1","body":"` + "```\\nS\\n```" + `"}`,
			`{"op":"comment","ticket":"#1","body":"` + forgeToken + `"}`, `{"op":"update","ticket":"#1","title":"S"}`, `{"op":"update","ticket":"#1","body":"S"}`,
			`{"op":"update","ticket":"#1","edit":{"append":"S"}}`, `{"op":"update","ticket":"#1","edit":{"section":"Steps","text":"S"}}`, `{"op":"update","ticket":"#1","edit":{"find":"one","replace":"S"}}`,
			`{"op":"update","ticket":"#1","set":{"labels":["S"]}}`, `{"op":"update","ticket":"#1","set":{"add_labels":["S"]}}`, `{"op":"update","ticket":"#1","set":{"remove_labels":["S"]}}`,
			`{"op":"update","ticket":"#1","set":{"assignee":"S"}}`, `{"op":"transition","ticket":"#1","to":"closed","body":"S"}`, `{"op":"transition","ticket":"#1","to":"S"}`,
			`{"op":"link","ticket":"#1","to":"S","set":{"kind":"blocks"}}`, `{"op":"claim","ticket":"S"}`,
			`{"op":"update","ticket":"#2","edit":{"find":"ghp_-","replace":"ghp_"}}`, `{"op":"update","ticket":"#2","edit":{"find":"db.-","replace":"db."}}`, `{"op":"update","ticket":"#2","edit":{"find":"@-","replace":"@"}}`,
			`{"op":"update","ticket":"#2","edit":{"find":"-ann and @bob","replace":"ann"}}`,
			`{"op":"comment","ticket":"#1","body":"see http://db7.corp/x"}`, `{"op":"comment","ticket":"#1","body":"10.1.2.3"}`, `{"op":"create","title":"on build.internal","anyway":true}`,
			`{"op":"update","ticket":"#1","edit":{"append":"ssh 192.168.0.7"}}`, `{"op":"comment","ticket":"#1","body":"[fd00::1]:80"}`, `{"op":"update","ticket":"#1","set":{"add_labels":["nas.lan"]}}`,
		} {
			args = strings.Replace(strings.NewReplacer("S\"", secret+"\"", "S\\n", secret+"\\n", "a S b", "a "+secret+" b", "T\"", strings.TrimPrefix(secret, "ghp_")+"\"").Replace(args), `{"op"`, `{"source":"gh","op"`, 1)
			said, failed := p.tool("ticket_write", args)
			if code, _, _ := strings.Cut(said, ": "); !failed || code != "denied" && code != "invalid" && code != "unsupported" || strings.Contains(said, secret) || strings.Contains(said, forgeToken) {
				t.Errorf("%s: %s: %s", kind, args, said)
			}
		}
		for _, req := range h.requests() {
			if !strings.HasPrefix(req, "GET ") || strings.Contains(req, "Ab3D") || strings.Contains(req, forgeToken) {
				t.Errorf("%s: sent was %s", kind, req)
			}
		}
		said := w.everything(t, p)
		for _, s := range []string{secret, strings.TrimPrefix(secret, "ghp_"), forgeToken} {
			if at := strings.Index(said, s); at >= 0 {
				t.Errorf("%s: a secret is kept or comes out: …%s…", kind, said[max(0, at-300):at+60])
			}
		}
		if said, failed := p.tool("ticket_write", `{"op":"comment","ticket":"#1","body":"nothing secret on localhost"}`); failed {
			t.Errorf("%s: %s", kind, said)
		}
		if got := h.requests("POST"); len(got) != 1 {
			t.Errorf("%s: sent were %q", kind, got)
		}
	}
}

// closedWays are ways to a ticket that the policy closes; WORD stands in its texts.
func closedWays(t *testing.T, source, key string) [][2]string {
	t.Helper()
	address := quoted(t, "ticket://"+source+"/"+strings.ReplaceAll(key, "#", "%23"))
	k := quoted(t, key)
	out := [][2]string{
		{"prompts/get", `{"name":"fix_ticket","arguments":{"ticket":` + k + `}}`}, {"prompts/get", `{"name":"fix_ticket","arguments":{"ticket":` + k + `,"source":"` + source + `"}}`},
		{"prompts/get", `{"name":"fix_ticket","arguments":{"ticket":` + address + `}}`}, {"resources/read", `{"uri":` + address + `}`},
		{"tools/call", `{"name":"read","arguments":{"uri":` + address + `}}`}, {"tools/call", `{"name":"find","arguments":{"query":` + k + `}}`}, {"tools/call", `{"name":"find","arguments":{"query":` + address + `}}`},
		{"tools/call", `{"name":"find","arguments":{"query":"inside"}}`}, {"tools/call", `{"name":"ticket_search","arguments":{}}`}, {"tools/call", `{"name":"ticket_search","arguments":{"text":"inside"}}`},
		{"tools/call", `{"name":"ticket_search","arguments":{"source":"` + source + `"}}`}, {"resources/list", `{}`},
		{"completion/complete", `{"ref":{"type":"ref/resource","uri":"ticket://{source}/{key}"},"argument":{"name":"key","value":""}}`},
		{"completion/complete", `{"ref":{"type":"ref/resource","uri":"ticket://{source}/{key}"},"argument":{"name":"key","value":""},"context":{"arguments":{"source":"` + source + `"}}}`},
		{"completion/complete", `{"ref":{"type":"ref/resource","uri":"ticket://{source}/{key}"},"argument":{"name":"source","value":""}}`},
		{"tools/call", `{"name":"ticket_write","arguments":{"op":"link","ticket":"#1","to":` + k + `,"set":{"kind":"related"}}}`},
		{"tools/call", `{"name":"ticket_write","arguments":{"op":"link","ticket":"#1","to":` + address + `,"set":{"kind":"related"}}}`},
	}
	for _, view := range []string{"summary", "comments", "history", "links", "transitions"} {
		for _, named := range []string{k, address} {
			for _, more := range []string{"", `,"source":"` + source + `"`, `,"source":"gh"`} {
				out = append(out, [2]string{"tools/call", `{"name":"ticket_read","arguments":{"view":"` + view + `","ticket":` + named + more + `}}`})
			}
		}
	}
	return out
}

// writeWays are all changes of a ticket.
func writeWays(t *testing.T, source, key string) []string {
	t.Helper()
	var out []string
	for _, named := range []string{quoted(t, key), quoted(t, "ticket://"+source+"/"+strings.ReplaceAll(key, "#", "%23"))} {
		for _, more := range []string{"", `,"source":"` + source + `"`} {
			for _, op := range []string{`"op":"update","title":"taken"`, `"op":"comment","body":"taken"`, `"op":"transition","to":"done"`, `"op":"transition","to":"closed"`, `"op":"claim"`, `"op":"link","to":"#2","set":{"kind":"related"}`,
				`"op":"update","edit":{"append":"taken"}`, `"op":"update","set":{"labels":["taken"]}`} {
				out = append(out, `{"ticket":`+named+`,`+op+more+`}`)
			}
		}
	}
	return append(out, `{"op":"create","title":"taken","anyway":true,"source":"`+source+`"}`, `{"op":"create","title":"taken","anyway":true,"dry_run":true,"source":"`+source+`"}`)
}

// TestTicketSourceClosed: a closed source of tickets is closed by every way, to reading and
// to writing, and no answer but the refusal of who named it tells of it.
func TestTicketSourceClosed(t *testing.T) {
	t.Parallel()
	for _, layer := range []string{"managed.toml", "user.toml", "cleat.toml"} {
		t.Run(layer, func(t *testing.T) {
			t.Parallel()
			h := newForge(t, "github")
			files := forgeFiles("github", h.URL)
			w := attacked(t, files)
			said, code := w.run(t, "call", "ticket_write", `{"op":"create","title":"insider","body":"insider","source":"local"}`)
			if code != 0 {
				t.Fatal(said)
			}
			key := keyOf(t, said)
			w.git(t, "commit", "-q", "--allow-empty", "-m", key+" done")
			deny := "deny = [\"*(source=local)\"]\n"
			switch layer {
			case "user.toml":
				at := filepath.Join(w.home, "config", "cleat", "cleat.toml")
				user, err := os.ReadFile(at)
				if err != nil {
					t.Fatal(err)
				}
				writeFile(t, at, []byte(string(user)+deny)) // its last table is [policy]
			case "managed.toml":
				writeFile(t, w.home+"/managed.toml", []byte("[policy]\n"+deny))
			default:
				w.write(t, layer, "[policy]\n"+deny)
			}
			before, _ := os.ReadFile(w.auditFile())
			p := w.peer(t)
			for _, way := range closedWays(t, "local", key) {
				said, failed := told(t, p.ask(way[0], way[1]))
				if strings.Contains(said, "insider") {
					t.Errorf("%s %s: %s", way[0], way[1], said)
				}
				named := strings.Contains(way[1], `"local"`) || strings.Contains(way[1], "ticket://local")
				if !named && strings.Contains(strings.ReplaceAll(said, "localhost", ""), "local") {
					t.Errorf("%s %s tells of the source: %s", way[0], way[1], said)
				}
				if named && !failed && !strings.Contains(way[1], `"find"`) && way[0] != "completion/complete" {
					t.Errorf("%s %s: %s", way[0], way[1], said)
				}
			}
			for _, args := range writeWays(t, "local", key) {
				if said, failed := p.tool("ticket_write", args); !failed || strings.Contains(said, "insider") {
					t.Errorf("%s: %s", args, said)
				}
			}
			// What is no key of anybody's is refused with the keys of open sources alone.
			for _, args := range []string{`{"op":"comment","ticket":"XX-YY-1","body":"x"}`, `{"op":"comment","ticket":"","body":"x"}`, `{"op":"claim","ticket":"nothing like it"}`, `{"op":"create","title":"x","anyway":true,"source":"lokal"}`} {
				if said, failed := p.tool("ticket_write", args); !failed || strings.Contains(said, "local") {
					t.Errorf("%s tells of the source: %s", args, said)
				}
			}
			if err := os.Remove(w.home + "/managed.toml"); err != nil && layer == "managed.toml" {
				t.Fatal(err)
			}
			if got := h.requests("POST", "PATCH", "PUT", "DELETE"); len(got) > 0 {
				t.Errorf("sent elsewhere were %q", got)
			}
			if len(before) == 0 {
				t.Error("there is no audit log")
			}
			if out, _ := w.run(t, "tickets", "export"); strings.Contains(out, "taken") {
				t.Errorf("it was changed:\n%s", out)
			}
		})
	}
}

// TestTicketWriteClosed: ticket_write is closed or bounded as the policy says, and nothing
// in the repository, in the environment or in the arguments opens it further.
func TestTicketWriteClosed(t *testing.T) {
	t.Parallel()
	open := "[policy]\nread_only = false\nallow = [\"*\", \"ticket_write\", \"ticket_write(source=gh)\"]\n"
	for name, c := range map[string]struct {
		policy  string
		args    []string
		comment bool // is allowed
	}{
		"nothing said":       {policy: ""},
		"denied":             {policy: "deny = [\"ticket_write\"]\nallow = [\"ticket_write(source=gh)\"]\n"},
		"denied by source":   {policy: "deny = [\"ticket_write(source=gh)\"]\nallow = [\"ticket_write\"]\n"},
		"comments alone":     {policy: "allow = [\"ticket_write(source=gh, op=comment)\"]\n", comment: true},
		"claims alone":       {policy: "allow = [\"ticket_write(source=gh, op=claim)\"]\n"},
		"read-only":          {policy: "read_only = true\n"},
		"read-only, allowed": {policy: "read_only = true\nallow = [\"ticket_write(source=gh, op=comment)\"]\n", comment: true},
		"flag":               {policy: "allow = [\"ticket_write\"]\n", args: []string{"--read-only"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newForge(t, "github")
			h.mu.Lock()
			h.add("Second", "x")
			h.mu.Unlock()
			files := strings.Replace(forgeFiles("github", h.URL), "allow = [\"ticket_write(source=gh)\"]\n", c.policy, 1)
			w := attacked(t, files)
			w.write(t, "cleat.toml", open)
			cmd := exec.Command(os.Args[0], append([]string{"serve"}, c.args...)...)
			cmd.Env = append(slices.Clone(w.env), "CLEAT_READ_ONLY=0", "CLEAT_POLICY_READ_ONLY=false")
			p := w.peerOf(t, cmd)
			for _, args := range writeWays(t, "gh", "#1") {
				comment := strings.Contains(args, `"op":"comment"`)
				if name == "claims alone" && strings.Contains(args, `"op":"claim"`) {
					continue
				}
				said, failed := p.tool("ticket_write", args)
				if failed == (comment && c.comment) || failed && !strings.HasPrefix(said, "denied: ") {
					t.Errorf("%s: %s", args, said)
				}
			}
			for _, args := range []string{`{"op":"Comment","ticket":"#1","body":"taken"}`, `{"op":"comment","op":"update","ticket":"#1","title":"taken"}`, `{"op":"comment","OP":"update","ticket":"#1","body":"taken"}`,
				`{"op":"comment","ticket":"#1","body":"taken","title":"taken"}`, `{"op":"comment","ticket":"#1","body":"taken","set":{"labels":["taken"]}}`, `{"op":"comment","ticket":"#1","body":"taken","to":"closed"}`,
				`{"op":"comment","ticket":"#1","body":"taken","edit":{"append":"taken"}}`, `{"op":"comment","ticket":"corp/secret#1","body":"taken"}`, `{"op":"comment ","ticket":"#1","body":"taken"}`} {
				p.tool("ticket_write", args)
			}
			for _, req := range h.requests("POST", "PATCH", "PUT", "DELETE") {
				if !c.comment || !strings.HasPrefix(req, `POST /repos/acme/shop/issues/1/comments {"body":"taken"}`) {
					t.Errorf("sent was %s", req)
				}
			}
		})
	}
}

// TestTicketRepos: of a source that is bounded to some repositories, no ticket of another is
// found, read, linked or changed, whatever the service answers.
func TestTicketRepos(t *testing.T) {
	t.Parallel()
	h := newForge(t, "github")
	h.mu.Lock()
	other := h.add("insider", "insider")
	other["repository_url"], other["html_url"] = h.URL+"/repos/corp/secret", h.URL+"/corp/secret/issues/2"
	h.mu.Unlock()
	w := attacked(t, forgeFiles("github", h.URL))
	p := w.peer(t)
	for _, way := range append(closedWays(t, "gh", "corp/secret#2"), closedWays(t, "gh", "#2")...) {
		if said, _ := told(t, p.ask(way[0], way[1])); strings.Contains(said, "insider") {
			t.Errorf("%s %s: %s", way[0], way[1], said)
		}
	}
	for _, args := range append(writeWays(t, "gh", "corp/secret#2"), writeWays(t, "gh", h.URL+"/corp/secret/issues/2")...) {
		if strings.Contains(args, `"op":"create"`) {
			continue
		}
		if said, failed := p.tool("ticket_write", args); !failed {
			t.Errorf("%s: %s", args, said)
		}
	}
	for _, native := range []string{"repo:corp/secret", "(repo:corp/secret)", "x OR repo:corp/secret", "\"x\" org:corp", "-repo:acme/shop", "x) OR (repo:corp/secret", "REPO:corp/secret", "user:corp"} {
		if said, failed := p.tool("ticket_search", `{"source":"gh","native":`+quoted(t, native)+`}`); strings.Contains(said, "insider") || !failed {
			t.Errorf("native %s: %s", native, said)
		}
	}
	for _, req := range h.requests() {
		if strings.Contains(req, "corp") || !strings.HasPrefix(req, "GET ") {
			t.Errorf("a request for another repository: %s", req)
		}
	}
}

// TestTicketStore: two processes write tickets and comments at once and lose none, and the
// store that was killed in the middle of it is whole.
func TestTicketStore(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	n := scaled(500)
	said, code := w.run(t, "call", "ticket_write", `{"op":"create","title":"Discussed"}`)
	if code != 0 {
		t.Fatal(said)
	}
	key := keyOf(t, said)
	var ids [2][]int
	peers := [2]*peer{w.peer(t), w.peer(t)}
	began := time.Now()
	for range n / 50 {
		for i, p := range peers {
			for range 25 {
				ids[i] = append(ids[i], p.request("tools/call", `{"name":"ticket_write","arguments":{"op":"create","title":"work","anyway":true}}`),
					p.request("tools/call", `{"name":"ticket_write","arguments":{"op":"comment","ticket":"`+key+`","body":"said"}}`))
			}
		}
		for i, p := range peers {
			for _, id := range ids[i] {
				if said, failed := told(t, p.await(id)); failed {
					t.Errorf("%s", said)
				}
			}
			ids[i] = nil
		}
	}
	t.Logf("%d writes of two processes in %s", n/50*100, time.Since(began))
	out, _ := w.run(t, "tickets", "export")
	tickets, comments := strings.Count(out, `"title":"work"`), 0
	for line := range strings.Lines(out) {
		var ticket struct{ Comments []json.RawMessage }
		if err := json.Unmarshal([]byte(line), &ticket); err != nil {
			t.Fatal(err)
		}
		comments += len(ticket.Comments)
	}
	if want := n / 50 * 50; tickets != want || comments != want {
		t.Errorf("%d tickets and %d comments, want %d of each", tickets, comments, want)
	}
	outcomes := 0
	for _, r := range w.audited(t) {
		if r.Name == "ticket_write" && r.Outcome == "ok" {
			outcomes++
		}
	}
	if want := n/50*100 + 1; outcomes != want {
		t.Errorf("the audit log has %d changes, want %d", outcomes, want)
	}
	if out, code := w.run(t, "audit", "verify"); code != 0 {
		t.Errorf("the audit log: %s", out)
	}
}
