package mysql

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// through starts a proxy before a server that cuts a connection when a client sends cut:
// before it reaches the server, or after.
func through(t *testing.T, server string, cut []byte, after bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer client.Close()
				up, err := net.Dial("tcp", server)
				if err != nil {
					t.Error(err)
					return
				}
				defer up.Close()
				done := make(chan struct{})
				wg.Go(func() {
					defer close(done)
					_, _ = io.Copy(client, up) // until either end is closed
					_ = client.Close()
				})
				buf := make([]byte, 64<<10)
				for {
					n, err := client.Read(buf)
					if err != nil {
						return
					}
					found := bytes.Contains(buf[:n], cut)
					if found && !after {
						return
					}
					if found {
						_ = client.Close()
					}
					if _, err := up.Write(buf[:n]); err != nil || found {
						if found {
							// The server has to have it before its end is closed.
							_, _ = up.Read(make([]byte, 1))
						}
						return
					}
				}
			})
		}
	})
	return l.Addr().String()
}

// When the connection breaks at COMMIT, nobody can tell what happened.
func TestLostAtCommit(t *testing.T) {
	srv, db := shop(t)
	for _, after := range []bool{false, true} {
		addr := through(t, srv.Addr, []byte("COMMIT"), after)
		s := openDSN(t, strings.Replace(srv.DSN(db, "app"), srv.Addr, addr, 1), databases.Config{})
		_, err := s.Write(t.Context(), databases.Write{SQL: "INSERT INTO orders (total) VALUES (77)", Class: databases.DML})
		wantCode(t, fmt.Sprintf("after %v", after), err, fail.UnknownOutcome)
	}
	// Before COMMIT the outcome is known: nothing was done.
	addr := through(t, srv.Addr, []byte("INSERT INTO"), false)
	s := openDSN(t, strings.Replace(srv.DSN(db, "app"), srv.Addr, addr, 1), databases.Config{})
	_, err := s.Write(t.Context(), databases.Write{SQL: "INSERT INTO orders (total) VALUES (88)", Class: databases.DML})
	wantCode(t, "before COMMIT", err, fail.Unavailable)
	if got := srv.Rows(t, db, "SELECT COUNT(*) FROM orders WHERE total = 88"); got[0][0] != "0" {
		t.Error("the row is there")
	}
	addr = through(t, srv.Addr, []byte{4, 0, 0, 0, 0x17}, false) // never seen: a packet of the wrong length
	s = openDSN(t, strings.Replace(srv.DSN(db, "app"), srv.Addr, addr, 1), databases.Config{})
	if _, err := s.Write(t.Context(), databases.Write{SQL: "CREATE TABLE lost (a int)", Class: databases.DDL}); err != nil {
		t.Error(showErr(err))
	}
	// DDL commits by itself, so its outcome is not known once it was sent. COM_STMT_EXECUTE
	// without parameters has 10 bytes.
	addr = through(t, srv.Addr, []byte{10, 0, 0, 0, 0x17}, false)
	s = openDSN(t, strings.Replace(srv.DSN(db, "app"), srv.Addr, addr, 1), databases.Config{})
	_, err = s.Write(t.Context(), databases.Write{SQL: "CREATE TABLE lost2 (a int)", Class: databases.DDL})
	wantCode(t, "ddl", err, fail.UnknownOutcome)
}

// Many calls at once share four connections, and none is lost.
func TestMany(t *testing.T) {
	srv, db := shop(t)
	s := open(t, srv, db, "ro", databases.Config{})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			res, err := s.Query(t.Context(), databases.Query{SQL: "SELECT ?", Params: jsons([]string{fmt.Sprint(i)})})
			if err != nil {
				t.Error(showErr(err))
			} else if got := text(res); got != fmt.Sprint(i) {
				t.Errorf("%s, want %d", got, i)
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Query(t.Context(), databases.Query{SQL: "SELECT 1"})
	wantCode(t, "closed", err, fail.Unavailable)
	if n := len(s.slots); n != 0 {
		t.Errorf("%d slots are held", n)
	}
}

func TestPlan(t *testing.T) {
	// The shape of MySQL 8, from its manual.
	const eight = `{"query_block":{"select_id":1,"cost_info":{"query_cost":"1000.50"},"ordering_operation":{"using_filesort":true,"nested_loop":[
		{"table":{"table_name":"o","access_type":"ALL","rows_examined_per_scan":9800,"rows_produced_per_join":980,"filtered":"10.00","cost_info":{"prefix_cost":"900.50"},"attached_condition":"(` + "`d`.`o`.`total` = 5) and (`d`.`o`.`name`" + ` = 'x')"}},
		{"table":{"table_name":"u","access_type":"eq_ref","key":"PRIMARY","ref":["d.o.user_id"],"rows_examined_per_scan":1,"filtered":"100.00","cost_info":{"prefix_cost":"1000.50"}}}]}}}`
	plan, err := parsePlan(eight, true)
	if err != nil {
		t.Fatal(err)
	}
	want := []databases.Node{
		{Text: "Sort", Rows: -1},
		{Depth: 1, Text: "Full scan of o", Detail: "(`d`.`o`.`total` = ?) and (`d`.`o`.`name` = ?)", Rows: 9800, Cost: 900.5, Share: 900.5 / 1000.5},
		{Depth: 1, Text: "One row of u by PRIMARY", Detail: "with d.o.user_id", Rows: 1, Cost: 1000.5, Share: 100 / 1000.5},
	}
	if diff := cmp.Diff(want, plan.Nodes); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if len(plan.Advice) != 2 || !strings.Contains(plan.Advice[1], "an index on o (total, name) may help") || plan.Cost != 1000.5 {
		t.Errorf("plan: %+v", plan)
	}
	plan, err = parsePlan("-> Nested loop inner join  (cost=2.5 rows=3) (actual time=0.02..0.09 rows=4 loops=1)\n    -> Filter: (u.a = 'x')  (cost=0.5 rows=1) (never executed)\n", false)
	if err != nil {
		t.Fatal(err)
	}
	want = []databases.Node{{Text: "Nested loop inner join", Rows: 4, Cost: 2.5, Millis: 0.09}, {Depth: 1, Text: "Filter", Detail: "(u.a = 'x')", Rows: 1, Cost: 0.5}}
	if diff := cmp.Diff(want, plan.Nodes); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// Whatever a server says of a plan, it is bounded and read without harm.
func FuzzPlan(f *testing.F) {
	f.Add(`{"query_block":{"nested_loop":[{"table":{"table_name":"t","access_type":"ALL","rows":1e9,"attached_condition":"t.a = 'x'"}}]}}`)
	f.Add("-> Sort: a  (cost=1 rows=1) (actual time=1..2 rows=3 loops=1)\n")
	f.Fuzz(func(t *testing.T, text string) {
		plan, err := parsePlan(text, true)
		if err != nil {
			return
		}
		if len(plan.Nodes) > mostNodes || len(plan.Advice) > 10 {
			t.Errorf("%d nodes, %d pieces of advice", len(plan.Nodes), len(plan.Advice))
		}
		for _, n := range plan.Nodes {
			if len(n.Detail) > 1000 || strings.Contains(n.Detail, "\n") || n.Rows != n.Rows {
				t.Errorf("node %+v", n)
			}
		}
	})
}
