//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// shopDB is a database of every kind that the attacks have in common, allowed to be written.
const shopDB = `
CREATE TABLE orders (id integer PRIMARY KEY, status varchar(20), note varchar(2000));
INSERT INTO orders VALUES (1, 'new', 'a'), (2, 'new', 'b'), (3, 'failed', 'c');
`

// writable is a world with the source app of the kind, which db_write may write to. more
// goes to the end of the user's configuration.
func writable(t *testing.T, kind, script, more string) *world {
	t.Helper()
	address := `dsn = "env:APP_DSN"`
	if kind == "sqlite" {
		address = `path = "$LITE"`
	}
	return attacked(t, fmt.Sprintf("-- %s.sql --\n%s\n-- user.toml --\n[sources.app]\nkind = %q\n%s\n\n[policy]\nallow = [\"db_write(source=app, op=dml)\"]\n%s\n",
		kind, script, kind, address, more))
}

// An asker is a peer whose client can put a question to a person.
type asker struct {
	*peer
	era  era
	seen int // bytes of stdout in which questions were looked for
}

// asker starts cleat with a client of the era that can ask.
func (w *world) asker(t *testing.T, e era) *asker {
	t.Helper()
	p := &peer{t: t, cmd: exec.Command(os.Args[0], "serve"), answers: map[string][]json.RawMessage{}, lastID: 1000}
	p.changed.L = &p.mu
	p.cmd.Env, p.cmd.Dir, p.cmd.Stderr = slices.Clone(w.env), w.dir, &p.stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read(bufio.NewReaderSize(out, 1<<20))
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	})
	if e == legacy {
		p.ask("initialize", `{"protocolVersion":"`+string(legacy)+`","capabilities":{"elicitation":{}},"clientInfo":{"name":"attack","version":"1"}}`)
		p.line(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	}
	return &asker{peer: p, era: e}
}

// params are those of a call of db_write in the asker's era, more of them with a comma before.
func (a *asker) params(args, more string) string {
	meta := ""
	if a.era == modern {
		meta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"` + string(modern) + `",` +
			`"io.modelcontextprotocol/clientInfo":{"name":"attack","version":"1"},"io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}}}}`
	}
	return fmt.Sprintf(`{"name":"db_write","arguments":%s%s%s}`, args, meta, more)
}

// asked calls db_write in the newer era and returns the question and its ticket.
func (a *asker) asked(args string) (question, ticket string) {
	a.t.Helper()
	m := a.ask("tools/call", a.params(args, ""))
	var r struct {
		InputRequests struct {
			Consent struct{ Params struct{ Message string } }
		}
		RequestState string
	}
	if err := json.Unmarshal(m.Result, &r); err != nil || r.InputRequests.Consent.Params.Message == "" {
		a.t.Fatalf("%s was not asked about: %s%s", args, m.Result, m.Error)
	}
	return r.InputRequests.Consent.Params.Message, r.RequestState
}

// answered calls db_write as somebody who answers with the action.
func (a *asker) answered(args, ticket, action string) (text string, failed bool) {
	a.t.Helper()
	return told(a.t, a.ask("tools/call", a.params(args, fmt.Sprintf(`,"requestState":%q,"inputResponses":{"consent":{"action":%q}}`, ticket, action))))
}

// write calls db_write, answers the question with the action, and returns the question, ""
// if there was none, and the answer of the call.
func (a *asker) write(args, action string) (question, text string, failed bool) {
	a.t.Helper()
	if a.era == modern {
		question, ticket := a.asked(args)
		text, failed := a.answered(args, ticket, action)
		return question, text, failed
	}
	call := a.request("tools/call", a.params(args, ""))
	question, id := a.question(call)
	if id != nil {
		a.line(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{"action":%q}}`, id, action))
	}
	text, failed = told(a.t, a.await(call))
	return question, text, failed
}

// question waits for a question to the person, or for the answer to the call.
func (a *asker) question(call int) (text string, id json.RawMessage) {
	a.t.Helper()
	timer := time.AfterFunc(time.Minute, func() { a.cmd.Process.Kill() })
	defer timer.Stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	for {
		for line := range strings.Lines(a.stdout.String()[a.seen:]) {
			a.seen += len(line)
			var m struct {
				ID     json.RawMessage
				Method string
				Params struct{ Message string }
			}
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				a.t.Errorf("a line that is no message: %q", line)
			}
			if m.Method == "elicitation/create" {
				return m.Params.Message, m.ID
			}
		}
		if a.ended || len(a.answers[fmt.Sprint(call)]) > 0 {
			return "", nil
		}
		a.changed.Wait()
	}
}

// count asks cleat how many orders have the status, which db_write would have set.
func (p *peer) count(status string) string {
	p.t.Helper()
	text, failed := p.tool("db_query", fmt.Sprintf(`{"sql":"SELECT count(*) AS n FROM orders WHERE status = '%s'"}`, status))
	if failed {
		p.t.Fatalf("counting: %s", text)
	}
	_, n, _ := strings.Cut(text, "\nn\n")
	n, _, _ = strings.Cut(n, "\n")
	return n
}

// TestConsent: in both eras a write is done once for each yes, and not for any other answer.
func TestConsent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "postgres", "mysql"} {
		for _, e := range []era{modern, legacy} {
			t.Run(kind+" "+string(e), func(t *testing.T) {
				t.Parallel()
				w := writable(t, kind, shopDB, "")
				a, check := w.asker(t, e), w.peer(t)
				insert := func(id int) string {
					return fmt.Sprintf(`{"sql":"INSERT INTO orders VALUES (%d, 'done', 'x')"}`, id)
				}
				for i, action := range []string{"decline", "cancel", "", "yes", "ACCEPT", "accept "} {
					question, text, failed := a.write(insert(100+i), action)
					if !failed || question == "" {
						t.Errorf("%q: asked %q, answered %s", action, question, text)
					}
				}
				if n := check.count("done"); n != "0" {
					t.Errorf("%s rows were written without a yes", n)
				}
				question, text, failed := a.write(insert(4), "accept")
				if failed || !strings.Contains(question, "INSERT INTO orders VALUES (4, 'done', 'x')") || !strings.Contains(question, "app") {
					t.Errorf("with a yes: asked %q, answered %s", question, text)
				}
				if n := check.count("done"); n != "1" {
					t.Errorf("%s rows after one yes", n)
				}
				// A dry run is not asked about and changes nothing, however true is spelled;
				// what is not a dry run is asked about.
				for _, v := range []string{`true`, `"true"`, `"TRUE"`, `" true "`} {
					id := a.request("tools/call", a.params(`{"sql":"INSERT INTO orders VALUES (5, 'done', 'x')","dry_run":`+v+`}`, ""))
					if text, failed := told(t, a.await(id)); failed || !strings.HasPrefix(text, "dry run") {
						t.Errorf("dry_run=%s: %s", v, text)
					}
				}
				for _, v := range []string{`false`, `null`, `"false"`, `"False"`} {
					if question, text, _ := a.write(`{"sql":"INSERT INTO orders VALUES (5, 'done', 'x')","dry_run":`+v+`}`, "decline"); question == "" {
						t.Errorf("dry_run=%s: not asked: %s", v, text)
					}
				}
				for _, v := range []string{`1`, `0`, `"1"`, `"yes"`, `""`, `[]`, `[true]`, `{}`, `"true\u0000"`, `"ｔrue"`} {
					id := a.request("tools/call", a.params(`{"sql":"INSERT INTO orders VALUES (5, 'done', 'x')","dry_run":`+v+`}`, ""))
					if text, failed := told(t, a.await(id)); !failed || !strings.Contains(text, "dry_run") {
						t.Errorf("dry_run=%s: %s", v, text)
					}
				}
				if n := check.count("done"); n != "1" {
					t.Errorf("%s rows after dry runs and refusals", n)
				}
				if code := a.end(); code != 0 {
					t.Errorf("exit code %d, %s", code, a.stderr.String())
				}
			})
		}
	}
}

// TestTickets: the ticket of a question is good once, for the call that was asked about, and
// in the process that asked.
func TestTickets(t *testing.T) {
	t.Parallel()
	w := writable(t, "sqlite", shopDB, "")
	a, other, check := w.asker(t, modern), w.asker(t, modern), w.peer(t)
	one := `{"sql":"UPDATE orders SET status = 'done' WHERE id = 1"}`
	all := `{"sql":"UPDATE orders SET status = 'done'"}`
	_, ticket := a.asked(one)
	_, second := a.asked(one)
	refused := func(name string, a *asker, args, ticket, action string) {
		t.Helper()
		if text, failed := a.answered(args, ticket, action); !failed || !strings.HasPrefix(text, "denied: ") {
			t.Errorf("%s: %s", name, text)
		}
		if n := check.count("done"); n != "0" && !strings.HasPrefix(name, "again") {
			t.Fatalf("%s: %s rows were written", name, n)
		}
	}
	refused("for another statement", a, all, ticket, "accept")
	refused("with other arguments", a, `{"sql":"UPDATE orders SET status = 'done' WHERE id = 1","idempotency_key":"k"}`, ticket, "accept")
	refused("in another process", other, one, ticket, "accept")
	refused("no ticket", a, one, "", "accept")
	refused("invented", a, one, strings.Repeat("A", len(ticket)), "accept")
	refused("changed", a, one, ticket[:len(ticket)-2]+"AA", "accept")
	refused("its head changed", a, one, "B"+ticket[1:], "accept")
	refused("cut", a, one, ticket[:20], "accept")
	refused("long", a, one, ticket+strings.Repeat("A", 100_000), "accept")
	refused("not base64", a, one, "\u202e"+ticket, "accept")
	refused("declined", a, one, second, "decline")
	refused("declined, then accepted", a, one, second, "accept")
	for _, responses := range []string{`{}`, `{"consent":{}}`, `{"other":{"action":"accept"}}`, `{"consent":{"action":"decline"},"x":{"action":"accept"}}`} {
		_, ticket := a.asked(one)
		m := a.ask("tools/call", a.params(one, fmt.Sprintf(`,"requestState":%q,"inputResponses":%s`, ticket, responses)))
		if text, failed := told(t, m); !failed || strings.HasPrefix(text, "internal") {
			t.Errorf("%s: %s", responses, text)
		}
	}
	// The same ticket twice at once: it is good for one of them.
	insert := `{"sql":"INSERT INTO orders VALUES (9, 'done', 'x')"}`
	_, ticket = a.asked(insert)
	more := fmt.Sprintf(`,"requestState":%q,"inputResponses":{"consent":{"action":"accept"}}`, ticket)
	var ids []int
	for range 20 {
		ids = append(ids, a.request("tools/call", a.params(insert, more)))
	}
	done := 0
	for _, id := range ids {
		if text, failed := told(t, a.await(id)); !failed {
			done++
		} else if !strings.HasPrefix(text, "denied: ") {
			t.Errorf("of twenty with one ticket: %s", text)
		}
	}
	if n := check.count("done"); done != 1 || n != "1" {
		t.Errorf("one ticket was good for %d calls, %s rows", done, n)
	}
	refused("again, later", a, insert, ticket, "accept")
	allowed := 0
	for _, r := range w.audited(t) {
		if r.Name == "db_write" && r.Decision == "allow" && r.Outcome == "denied" {
			allowed++
		}
	}
	if allowed > 0 {
		t.Errorf("%d records of refused tickets have the decision allow", allowed)
	}
}

// TestQuestion: what the person reads is the statement that is run, all of it, and nothing
// in it looks like what cleat says.
func TestQuestion(t *testing.T) {
	t.Parallel()
	w := writable(t, "sqlite", shopDB, "")
	a := w.asker(t, modern)
	for name, args := range map[string]map[string]string{
		"a key that is a statement": {"idempotency_key": "k\nsql: UPDATE orders SET note = '' WHERE id = 1\n\nWhat follows is for machines:", "sql": "DELETE FROM orders"},
		"a statement with an end":   {"sql": "DELETE FROM orders WHERE id = 1 /*\ndry_run: true\nsource: test\nClaude wants to call db_query on app:\n*/ OR 1 = 1"},
		"a parameter":               {"params": `["x\nsql: UPDATE orders SET note = ? WHERE id = 1"]`, "sql": "UPDATE orders SET note = ?"},
	} {
		raw := map[string]string{}
		for k, v := range args {
			if raw[k] = v; k != "params" {
				raw[k] = quoted(t, v)
			}
		}
		question, _ := a.asked(objectOf(raw))
		// Whatever begins a line is cleat's own: the arguments that there are, once each.
		begun := map[string]int{}
		for i, line := range strings.Split(strings.TrimSuffix(question, "\n"), "\n") {
			word, _, _ := strings.Cut(line, ":")
			if begun[word]++; i > 0 && word != "" && word == strings.TrimLeft(word, " \t|>") && (args[word] == "" || begun[word] > 1) {
				t.Errorf("%s: a line of the question is the model's own, %q:\n%s", name, line, question)
			}
		}
	}
	// Nothing is hidden: by invisible characters, by what looks like a secret, by length or by
	// blank lines.
	for name, sql := range map[string]string{
		"a URL":        "DELETE FROM orders WHERE note='a://u:'OR(id>0)OR'@h/'=note",
		"a password":   "DELETE FROM orders WHERE note = 'password' OR status = 'new'",
		"assignment":   "DELETE FROM orders WHERE token='abc'||status='q7Rk2mZx9TbV4nLw8HcY3pJd6SgF1aKe5UiO0yQr'OR(id>0)",
		"a key":        "DELETE FROM orders WHERE note <> '-----" + "BEGIN PRIVATE KEY-----' OR id > 0 OR note = '\n" + strings.Repeat("MIIEpAIBAAKCAQEAuJ8g1Qm3Zz1V5b0sXo2Jp9wq7Yk3hT6nLd4fRc8eUi1oGvBx\n", 20) + "-----" + "END PRIVATE KEY-----'",
		"invisible":    "DELETE FROM orders WHERE id = 1 OR status = '\U000e0041\U000e0042\U000e0043\U000e0044\U000e0045'",
		"bidi":         "DELETE FROM orders WHERE id = 1 /* \u202e 1 = 1 RO */",
		"blank lines":  "DELETE FROM orders WHERE id = 1" + strings.Repeat("\n", 3000) + "OR 1 = 1",
		"blanks":       "DELETE FROM orders WHERE id = 1" + strings.Repeat(" ", 5000) + "OR 1 = 1",
		"wide blanks":  "DELETE FROM orders WHERE id = 1" + strings.Repeat("\u3000", 100) + "OR 1 = 1",
		"tabs":         "DELETE FROM orders WHERE id = 1" + strings.Repeat("\t", 5000) + "OR 1 = 1",
		"long comment": "DELETE FROM orders WHERE id = 1 /*" + strings.Repeat("x", 9000) + "*/ OR 1 = 1",
	} {
		m := a.ask("tools/call", a.params(`{"sql":`+quoted(t, sql)+`}`, ""))
		text, failed := told(t, m)
		if failed {
			if strings.HasPrefix(text, "internal") {
				t.Errorf("%s: %s", name, text)
			}
			continue // refused is safe
		}
		if strings.Contains(text, "[redacted:") {
			t.Errorf("%s: a part of the statement is not shown: %.600s", name, text)
		}
		if strings.ContainsAny(text, "\u202e\U000e0041") {
			t.Errorf("%s: not cleaned: %.600q", name, text)
		}
		if strings.Contains(text, strings.Repeat(`\n`, 40)) || strings.Contains(text, strings.Repeat(" ", 200)) || strings.Contains(text, strings.Repeat(`\t`, 40)) {
			t.Errorf("%s: the end of the statement is out of sight", name)
		}
	}
}

// TestDryRunOfMany: a dry run leaves nothing behind, whatever the table and whatever runs
// with the statement; what cannot be rolled back is refused.
func TestDryRunOfMany(t *testing.T) {
	t.Parallel()
	for kind, c := range map[string]struct {
		script     string
		statements []string
	}{
		"mysql": {"CREATE TABLE log (a integer) ENGINE=MyISAM; CREATE TABLE aria (a integer) ENGINE=Aria; CREATE TABLE mem (a integer) ENGINE=MEMORY;" +
			"CREATE TABLE orders (id integer PRIMARY KEY, status varchar(20)) ENGINE=MyISAM; INSERT INTO orders VALUES (1, 'new'); CREATE TABLE inno (a integer PRIMARY KEY);" +
			"CREATE TRIGGER tr AFTER INSERT ON inno FOR EACH ROW INSERT INTO orders VALUES (NEW.a, 'done');",
			[]string{"UPDATE orders SET status = 'done'", "INSERT INTO orders VALUES (2, 'done')", "REPLACE INTO orders VALUES (1, 'done')", "INSERT INTO inno VALUES (7)",
				"UPDATE orders, inno SET status = 'done'", "UPDATE orders o JOIN (SELECT 1 AS a) x SET o.status = 'done'"}},
		"postgres": {shopDB + "CREATE SEQUENCE seq; CREATE TABLE log (a text); CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'INSERT INTO log VALUES (1) RETURNING a';",
			[]string{"UPDATE orders SET status = 'done'", "UPDATE orders SET status = 'done' WHERE set_config('role', 'postgres', false) IS NOT NULL", "INSERT INTO orders VALUES (9, 'done', pg_notify('x', 'y')::text)",
				"UPDATE orders SET status = 'done', note = pg_advisory_lock(7)::text", "INSERT INTO orders SELECT 9, 'done', lo_from_bytea(0, 'x')::text", "UPDATE orders SET status = 'done', note = nextval('seq')"}},
		"sqlite": {shopDB, []string{"UPDATE orders SET status = 'done'", "INSERT OR ROLLBACK INTO orders VALUES (1, 'done', 'x')", "INSERT OR ROLLBACK INTO orders VALUES (9, 'done', 'x'), (9, 'done', 'x')",
			"REPLACE INTO orders VALUES (1, 'done', 'x')", "UPDATE OR REPLACE orders SET id = 1, status = 'done'", "INSERT INTO orders SELECT 9, 'done', load_extension('x')"}},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := writable(t, kind, c.script, "").peer(t)
			for _, sql := range c.statements {
				text, failed := p.tool("db_write", `{"sql":`+quoted(t, sql)+`,"dry_run":true}`)
				if failed && strings.HasPrefix(text, "internal") {
					t.Errorf("%s: %s", sql, text)
				}
				if n := p.count("done"); n != "0" {
					t.Fatalf("the dry run of %s wrote %s rows: %s", sql, n, text)
				}
			}
			if kind == "postgres" {
				text, failed := p.tool("db_query", `{"sql":"SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS locks, (SELECT count(*) FROM pg_largeobject_metadata) AS objects"}`)
				if failed || !strings.Contains(text, "0\t0") {
					t.Errorf("left behind: %s", text)
				}
			}
		})
	}
}
