//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/sources/mysql/mysqltest"
	"cleat/internal/sources/postgres/pgtest"
)

// TestNoConnectionBeforeAsked: a start, and all that lists, connects to no database and is
// the same whether or not one is there.
func TestNoConnectionBeforeAsked(t *testing.T) {
	t.Parallel()
	address, count := knocks(t)
	var lists []string
	for _, at := range []string{address, "127.0.0.1:1", "203.0.113.1:5432"} {
		w := attacked(t, "-- user.toml --\n[sources.pg]\nkind = \"postgres\"\ndsn = \"env:PG_DSN\"\n[sources.my]\nkind = \"mysql\"\ndsn = \"env:MY_DSN\"\n"+
			"[sources.lite]\nkind = \"sqlite\"\npath = \"$HOME/absent.db\"\n[sources.pg.queries.q]\nsql = \"SELECT 1\"\n"+
			"[policy]\nallow = [\"db_write(source=pg, op=dml)\", \"db_write(source=my, op=dml)\"]\n")
		begin := time.Now()
		p := w.peer(t, "PG_DSN=postgres://u:p@"+at+"/d", "MY_DSN=u:p@tcp("+at+")/d")
		var all strings.Builder
		for _, way := range [][2]string{
			{"tools/list", `{}`}, {"prompts/list", `{}`}, {"resources/templates/list", `{}`}, {"resources/list", `{}`},
			{"completion/complete", `{"ref":{"type":"ref/resource","uri":"table://{source}/{table}"},"argument":{"name":"source","value":""}}`},
			{"completion/complete", `{"ref":{"type":"ref/resource","uri":"query://{source}/{name}{?params*}"},"argument":{"name":"name","value":""}}`},
			{"completion/complete", `{"ref":{"type":"ref/prompt","name":"explore_db"},"argument":{"name":"source","value":""}}`},
			{"tools/call", `{"name":"find","arguments":{"query":"table"}}`},
		} {
			m := p.ask(way[0], way[1])
			all.Write(m.Result)
			all.Write(m.Error)
		}
		status, failed := p.tool("status", `{}`)
		if failed || !strings.Contains(status, "source my") {
			t.Errorf("status: %s", status)
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("the lists took %s", took)
		}
		list := all.String()
		for strings.Contains(list, "<untrusted ") { // the nonce differs
			before, after, _ := strings.Cut(list, "<untrusted ")
			_, after, _ = strings.Cut(after, " ")
			list = before + after
		}
		lists = append(lists, list)
		p.end()
	}
	if n := count.Load(); n != 0 {
		t.Errorf("%d connections before the first call", n)
	}
	if lists[0] != lists[1] || lists[0] != lists[2] {
		t.Errorf("what is listed depends on the server:\n%.1500s\n%.1500s\n%.1500s", lists[0], lists[1], lists[2])
	}
}

// TestDeadDatabase: a server that takes connections and says nothing, or hangs up in the
// middle of an answer, costs its callers an error on time, and nobody else anything.
func TestDeadDatabase(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(net.Conn){
		"silent": func(c net.Conn) { io.Copy(io.Discard, c) },
		"hangs up": func(c net.Conn) {
			c.Read(make([]byte, 1))
			c.Close()
		},
		"greets and hangs up": func(c net.Conn) {
			c.Write([]byte("J\x00\x00\x00\x0a5.5.5-10.11.1-MariaDB\x00"))
			c.Close()
		},
		"endless": func(c net.Conn) {
			for b := make([]byte, 1<<16); ; {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		},
		"huge": func(c net.Conn) { // a message that is said to have two gigabytes
			c.Write([]byte("R\x7f\xff\xff\xff\xff\xff\xff\x00" + strings.Repeat("x", 1000)))
			io.Copy(io.Discard, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var conns sync.WaitGroup
			t.Cleanup(func() { l.Close() })
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					conns.Go(func() { serve(c); c.Close() })
				}
			}()
			w := attacked(t, "-- a.txt --\nneedle\n-- user.toml --\n[sources.pg]\nkind = \"postgres\"\ndsn = \"env:PG_DSN\"\n[sources.my]\nkind = \"mysql\"\ndsn = \"env:MY_DSN\"\n")
			p := w.peer(t, "PG_DSN=postgres://u:p@"+l.Addr().String()+"/d", "MY_DSN=u:p@tcp("+l.Addr().String()+")/d")
			begin := time.Now()
			var completions, ids []int
			for _, source := range []string{"pg", "my"} {
				completions = append(completions, p.request("completion/complete", `{"ref":{"type":"ref/resource","uri":"table://{source}/{table}"},"argument":{"name":"table","value":"a"},"context":{"arguments":{"source":"`+source+`"}}}`))
			}
			for i := range 40 {
				source := []string{"pg", "my"}[i%2]
				ids = append(ids, p.request("tools/call", fmt.Sprintf(`{"name":"db_query","arguments":{"sql":"SELECT 1","source":%q,"timeout_ms":2000}}`, source)))
			}
			searched := time.Now()
			if text, failed := p.tool("code_search", `{"pattern":"needle"}`); failed || !strings.Contains(text, "a.txt") {
				t.Errorf("code_search: %s", text)
			}
			if took := time.Since(searched); took > 10*time.Second {
				t.Errorf("code_search took %s", took)
			}
			for _, id := range completions {
				if text, failed := told(t, p.await(id)); failed && strings.HasPrefix(text, "internal") {
					t.Errorf("completion: %s", text)
				}
			}
			codes := map[string]int{}
			for _, id := range ids {
				text, failed := told(t, p.await(id))
				code, _, _ := strings.Cut(text, ": ")
				if codes[code]++; !failed || code != "unavailable" && code != "timeout" && code != "busy" {
					t.Errorf("an answer of a dead server: %s", text)
				}
			}
			if took := time.Since(begin); took > 40*time.Second {
				t.Errorf("the errors took %s", took)
			}
			t.Logf("%v after %s", codes, time.Since(begin).Round(time.Millisecond))
			p.bounded(300)
			if code := p.end(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestDatabaseStorm: many calls at once, with cancellations and short times, while the
// server goes away and comes back: each is answered once, and afterwards all is well.
func TestDatabaseStorm(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	for _, kind := range []string{"postgres", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var dsn, sleep string
			var stop, start func()
			if kind == "postgres" {
				s := pgtest.New(t, pgtest.Options{})
				dsn, sleep = s.DSN(s.Database(t), "app"), "SELECT count(*) AS n FROM generate_series(1, 100000000)"
				stop, start = func() { s.Stop(t) }, func() { s.Restart(t) }
			} else {
				s := mysqltest.New(t)
				dsn, sleep = s.DSN(s.Database(t), "app"), "SELECT SLEEP(20) AS n"
				stop, start = func() { s.Stop(t) }, func() { s.Restart(t) }
			}
			w := attacked(t, "-- user.toml --\n[sources.app]\nkind = \""+kind+"\"\ndsn = \"env:APP_DSN\"\n")
			p := w.peer(t, "APP_DSN="+dsn)
			if text, failed := p.tool("db_query", `{"sql":"SELECT 1 AS n"}`); failed {
				t.Fatal(text)
			}
			before := p.descriptors()
			var ids []int
			canceled := map[int]bool{}
			for i := range 200 {
				args := `{"sql":"SELECT 1 AS n"}`
				if i%3 == 0 {
					args = fmt.Sprintf(`{"sql":%q,"timeout_ms":%d}`, sleep, 1+i*10)
				}
				id := p.request("tools/call", `{"name":"db_query","arguments":`+args+`}`)
				ids = append(ids, id)
				if i%5 == 0 {
					canceled[id] = true
					p.line(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, id))
				}
				switch i {
				case 60:
					stop()
				case 120:
					start()
				}
			}
			for _, id := range ids {
				if canceled[id] {
					continue
				}
				text, failed := told(t, p.await(id))
				code, _, _ := strings.Cut(text, ": ")
				if failed && code != "unavailable" && code != "timeout" && code != "busy" {
					t.Errorf("in the storm: %s", text)
				}
			}
			var text string
			failed := true
			for range 3 { // the second may still find a connection of before
				if text, failed = p.tool("db_query", `{"sql":"SELECT 1 AS n"}`); !failed {
					break
				}
			}
			if failed {
				t.Errorf("afterwards: %s", text)
			}
			if after := p.descriptors(); after > before+8 {
				t.Errorf("%d descriptors before, %d after", before, after)
			}
			p.bounded(300)
			if code := p.end(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestKilledInDatabaseWrite: cleat is killed while a write waits for a lock: nothing is written, and
// the next session says that the outcome is not known, and does not do it for the same key.
func TestKilledInDatabaseWrite(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	db := s.Database(t)
	s.ExecAs(t, db, "app", shopDB, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$",
		"CREATE TRIGGER slow BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION slow()")
	w := attacked(t, "-- user.toml --\n[sources.app]\nkind = \"postgres\"\ndsn = \"env:APP_DSN\"\n[policy]\nallow = [\"db_write(source=app, op=dml)\"]\n")
	w.env = append(w.env, "APP_DSN="+s.DSN(db, "app"))
	const args = `{"sql":"UPDATE orders SET status = 'done' WHERE id = 1","idempotency_key":"once"}`
	p := w.peer(t)
	p.request("tools/call", `{"name":"db_write","arguments":`+args+`}`)
	active := func() string {
		return fmt.Sprint(s.Rows(t, db, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'UPDATE orders%' AND state = 'active' AND datname = current_database()"))
	}
	for deadline := time.Now().Add(20 * time.Second); active() != "[[1]]"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the write has not begun: %s, %.500s", active(), p.said())
		}
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.exit()
	p = w.peer(t)
	if text, failed := p.tool("status", `{"view":"audit"}`); failed || !strings.Contains(text, "unknown outcome: db_write dml on app") {
		t.Errorf("status: %s", text)
	}
	if text, failed := p.tool("db_write", args); !failed || !strings.HasPrefix(text, "unknown_outcome: ") {
		t.Errorf("the same key again: %s", text)
	}
	s.Exec(t, db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'UPDATE orders%' AND pid <> pg_backend_pid() AND datname = current_database()")
	if got := fmt.Sprint(s.Rows(t, db, "SELECT count(*) FROM orders WHERE status = 'done'")); got != "[[0]]" {
		t.Errorf("written: %s", got)
	}
}

// TestKeys: a key is good for one write of one source, whoever sends it and however often at
// once, and no key does harm.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := writable(t, "sqlite", shopDB, "")
	a, b := w.peer(t), w.peer(t)
	const one = `{"sql":"INSERT INTO orders VALUES (50, 'done', 'x')","idempotency_key":"k"}`
	var ids [2][]int
	for range 20 {
		ids[0] = append(ids[0], a.request("tools/call", `{"name":"db_write","arguments":`+one+`}`))
		ids[1] = append(ids[1], b.request("tools/call", `{"name":"db_write","arguments":`+one+`}`))
	}
	first := 0
	for i, p := range []*peer{a, b} {
		for _, id := range ids[i] {
			switch text, failed := told(t, p.await(id)); {
			case failed && !strings.HasPrefix(text, "busy: "):
				t.Errorf("with the key: %s", text)
			case !failed && !strings.Contains(text, "done before"):
				first++
			}
		}
	}
	if n := a.count("done"); first != 1 || n != "1" {
		t.Errorf("done %d times, %s rows", first, n)
	}
	for _, key := range []string{"../../../etc/passwd", strings.Repeat("k", 100_000), "\u202e\x1b[2J", "k\nseq: 1", " k", "k ", "K", ".", "/", "con", "%00", "é", "e\u0301", "{}", "k;rm"} {
		text, failed := a.tool("db_write", `{"sql":"UPDATE orders SET note = 'y' WHERE id = 1","idempotency_key":`+quoted(t, key)+`}`)
		if failed && !strings.HasPrefix(text, "invalid: ") && !strings.HasPrefix(text, "too_large: ") {
			t.Errorf("the key %.40q: %.300s", key, text)
		}
		if !failed && strings.Contains(text, "done before") {
			t.Errorf("the key %.40q is taken for another: %s", key, text)
		}
		if strings.ContainsAny(text, "\x1b\u202e") {
			t.Errorf("the key %.40q comes back raw: %q", key, text)
		}
	}
	for _, v := range []string{`1`, `true`, `[]`, `{}`, `"a\u0000"`, `["k"]`} {
		if text, failed := a.tool("db_write", `{"sql":"UPDATE orders SET note = 'z' WHERE id = 1","idempotency_key":`+v+`}`); failed && !strings.Contains(text, "idempotency_key") {
			t.Errorf("idempotency_key=%s: %s", v, text)
		}
	}
	if text, failed := b.tool("db_write", `{"sql":"DELETE FROM orders","idempotency_key":"k"}`); !failed || !strings.HasPrefix(text, "conflict: ") {
		t.Errorf("a key used for another write: %s", text)
	}
	if _, err := os.Stat(w.home + "/etc"); err == nil {
		t.Error("a key made a folder")
	}
}
