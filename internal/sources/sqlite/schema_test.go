package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

func TestSchemaFull(t *testing.T) {
	d := newDB(t,
		"CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
		`CREATE TABLE "we""ird" (a TEXT, b INTEGER DEFAULT (1 + 2), c INTEGER AS (b * 2), team INTEGER REFERENCES teams, PRIMARY KEY (b, a), CHECK (b > 0), FOREIGN KEY (a, b) REFERENCES "we""ird" (a, b)) STRICT, WITHOUT ROWID`,
		`CREATE INDEX some ON "we""ird" (lower(a), b) WHERE b > 10`,
		"CREATE VIEW seen AS SELECT name FROM teams", "CREATE VIRTUAL TABLE notes USING fts5(body)",
		"INSERT INTO teams (name) VALUES ('a'), ('b'), ('c')", "ANALYZE")
	s := d.source(t, databases.Config{})
	got, err := s.Schema(t.Context(), databases.SchemaQuery{Detail: databases.Full})
	if err != nil {
		t.Fatal(err)
	}
	want := []databases.Object{
		{Name: "notes", Kind: "virtual table", Rows: -1, Columns: []databases.Attribute{{Name: "body"}}, SQL: "CREATE VIRTUAL TABLE notes USING fts5(body)"},
		{Name: "seen", Kind: "view", Rows: -1, Columns: []databases.Attribute{{Name: "name", Type: "text"}}, SQL: "CREATE VIEW seen AS SELECT name FROM teams"},
		{Name: "teams", Kind: "table", Rows: 3, Columns: []databases.Attribute{{Name: "id", Type: "integer"}, {Name: "name", Type: "text", NotNull: true}}, Primary: []string{"id"},
			Indexes: []databases.Index{{Name: "sqlite_autoindex_teams_1", Columns: []string{"name"}, Unique: true}}},
		{Name: `we"ird`, Kind: "table", Rows: 0, Comment: "WITHOUT ROWID, STRICT",
			Columns: []databases.Attribute{{Name: "a", Type: "text", NotNull: true}, {Name: "b", Type: "integer", NotNull: true, Default: "1 + 2"}, {Name: "c", Type: "integer", Comment: "generated"}, {Name: "team", Type: "integer"}},
			Primary: []string{"b", "a"},
			Foreign: []databases.Foreign{{Columns: []string{"team"}, Table: "teams", Target: []string{"id"}}, {Columns: []string{"a", "b"}, Table: `we"ird`, Target: []string{"a", "b"}}},
			Indexes: []databases.Index{{Name: "some", Columns: []string{"lower(a)", "b"}, Where: "b > 10"}, {Name: `sqlite_autoindex_we"ird_1`, Columns: []string{"b", "a"}, Unique: true}},
			Checks:  []string{"b > 0"}},
	}
	if diff := cmp.Diff(want, got.Objects); diff != "" {
		t.Errorf("schema (-want +got):\n%s", diff)
	}
}

func TestSchemaPages(t *testing.T) {
	var script []string
	for i := range 130 {
		script = append(script, fmt.Sprintf("CREATE TABLE t%03d (id INTEGER PRIMARY KEY)", i))
	}
	d := newDB(t, append(script, "CREATE VIEW v1 AS SELECT 1", "CREATE VIEW broken AS SELECT * FROM gone", "CREATE INDEX i1 ON t001 (id)")...)
	s := d.source(t, databases.Config{})
	seen := map[string]bool{}
	cursor, pages := "", 0
	for {
		got, err := s.Schema(t.Context(), databases.SchemaQuery{Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range got.Objects {
			if seen[o.Name] {
				t.Errorf("%s twice", o.Name)
			}
			seen[o.Name] = true
		}
		pages++
		if cursor = got.Cursor; cursor == "" {
			break
		}
	}
	if len(seen) != 132 || pages != 3 {
		t.Errorf("%d objects on %d pages", len(seen), pages)
	}
	for _, tt := range []struct {
		q    databases.SchemaQuery
		want string
		code fail.Code
	}{
		{databases.SchemaQuery{Pattern: "t00?", Detail: databases.Names}, "t000 t001 t002 t003 t004 t005 t006 t007 t008 t009", ""},
		{databases.SchemaQuery{Pattern: "T001"}, "t001", ""},
		{databases.SchemaQuery{Pattern: "main.t001"}, "t001", ""},
		{databases.SchemaQuery{Pattern: "v", Kind: "view"}, "v1", ""},
		{databases.SchemaQuery{Kind: "index"}, "i1", ""},
		{databases.SchemaQuery{Pattern: "broken"}, "broken", ""},
		{databases.SchemaQuery{Pattern: "t0011"}, "", fail.NotFound},
		{databases.SchemaQuery{Pattern: "users'); DROP TABLE t001;--"}, "", fail.NotFound},
		{databases.SchemaQuery{Kind: "function"}, "", fail.Invalid},
		{databases.SchemaQuery{Detail: "all"}, "", fail.Invalid},
		{databases.SchemaQuery{Cursor: "x"}, "", fail.Invalid},
	} {
		got, err := s.Schema(t.Context(), tt.q)
		if code(err) != tt.code {
			t.Errorf("%+v: %v, want code %q", tt.q, err, tt.code)
			continue
		}
		if err != nil {
			continue
		}
		var names []string
		for _, o := range got.Objects {
			names = append(names, o.Name)
		}
		if strings.Join(names, " ") != tt.want {
			t.Errorf("%+v lists %v, want %s", tt.q, names, tt.want)
		}
	}
	if known := s.Known(); len(known) != 132 {
		t.Errorf("%d names are known", len(known))
	}
}

func TestExplain(t *testing.T) {
	d := newDB(t, "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, status TEXT, day TEXT)", "CREATE INDEX orders_day ON orders (day)", "CREATE TABLE small (id INTEGER PRIMARY KEY, x)",
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2000) INSERT INTO orders SELECT n, n % 50, 'x', 'd' FROM r")
	s := d.source(t, databases.Config{})
	for _, tt := range []struct{ sql, node, detail, advice string }{
		{"SELECT * FROM orders WHERE id = 7", "SEARCH orders USING INTEGER PRIMARY KEY", "rowid=?", ""},
		{"SELECT * FROM orders WHERE day = 'x'", "SEARCH orders USING INDEX orders_day", "day=?", ""},
		{"SELECT * FROM orders WHERE user_id = 7", "SCAN orders", "", "orders is read as a whole, about 2000 rows: an index on orders (user_id) would find the rows of the condition"},
		{"SELECT * FROM orders AS o WHERE o.status = 'a' AND o.user_id IN (1, 2)", "SCAN o", "", "index on orders (status, user_id)"},
		{"SELECT * FROM small WHERE x = 1", "SCAN small", "", ""},
		{"SELECT * FROM orders WHERE day > 'a' ORDER BY status", "SEARCH orders USING INDEX orders_day", "day>?", "rows are sorted for ORDER BY"},
	} {
		plan, err := s.Explain(t.Context(), databases.Query{SQL: tt.sql})
		if err != nil {
			t.Errorf("%s: %v", tt.sql, err)
			continue
		}
		advice := strings.Join(plan.Advice, "\n")
		if plan.Nodes[0].Text != tt.node || plan.Nodes[0].Detail != tt.detail || tt.advice == "" && advice != "" || !strings.Contains(advice, tt.advice) || plan.Ran || plan.Rows != -1 {
			t.Errorf("%s: %+v", tt.sql, plan)
		}
	}
	plan, err := s.Explain(t.Context(), databases.Query{SQL: "SELECT * FROM (SELECT user_id FROM orders UNION SELECT id FROM small) ORDER BY 1"})
	if err != nil || len(plan.Nodes) < 3 || plan.Nodes[len(plan.Nodes)-1].Depth == 0 && plan.Nodes[1].Depth == 0 {
		t.Errorf("a nested plan: %+v, %v", plan, err)
	}
}

func TestProbe(t *testing.T) {
	d := newDB(t, "CREATE TABLE t (a)")
	found, err := d.source(t, databases.Config{Mask: []string{"t.b"}}).Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(found, "\n")
	for _, want := range []string{"can write to a.db", "t.b"} {
		if !strings.Contains(all, want) {
			t.Errorf("the probe does not say %q:\n%s", want, all)
		}
	}
}
