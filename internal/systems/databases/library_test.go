package databases

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/documents"
	"cleat/internal/systems/documents/documentstest"
	"cleat/internal/uri"
)

// fake is a database of a few tables.
type fake struct {
	rules *Rules
	seen  []string // what Known returns
	asked []string // calls
	wait  bool     // Schema waits for the end of its context
}

func newFake(t *testing.T) *fake {
	t.Helper()
	rules, err := Config{Queries: map[string]Named{
		"failed_orders": {SQL: "SELECT * FROM orders", Description: "orders that failed"},
		"orders_of":     {SQL: "SELECT $1", Params: []string{"day"}},
	}}.Compile(PostgreSQL, func(s string) string { return "d" + s })
	if err != nil {
		t.Fatal(err)
	}
	return &fake{rules: rules}
}

var objects = []Object{{Name: "a.b", Kind: "view", Rows: -1}, {Name: "orders", Kind: "table", Rows: 5, Primary: []string{"id"}, Columns: []Attribute{{Name: "id", Type: "int", NotNull: true}}},
	{Name: "orders_old", Kind: "table", Rows: -1}, {Schema: "audit", Name: "lines", Kind: "table", Rows: -1}}

func (f *fake) Dialect() Dialect { return PostgreSQL }
func (f *fake) Rules() *Rules    { return f.rules }
func (f *fake) Known() []string  { return f.seen }

func (f *fake) Explain(context.Context, Query) (*Plan, error) { return &Plan{}, nil }

func (f *fake) Query(_ context.Context, q Query) (*Result, error) {
	f.asked = append(f.asked, q.SQL)
	r := rowsOf("id,note", []string{"1", "x\ty"}, []string{"2", "NULL"})
	for _, p := range q.Params {
		text, _, err := p.Text()
		if err != nil {
			return nil, err
		}
		r.Rows[0][1] = &text
	}
	return r, nil
}

func (f *fake) Schema(ctx context.Context, q SchemaQuery) (*Schema, error) {
	f.asked = append(f.asked, "schema "+q.Pattern)
	if f.wait {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	s := &Schema{Detail: q.Detail}
	bare := strings.ReplaceAll(strings.TrimPrefix(q.Pattern, "public."), "?", ".")
	for _, o := range objects {
		if strings.Contains(TableName(o.Schema, o.Name), strings.TrimSuffix(bare, "*")) || o.Name == bare {
			s.Objects = append(s.Objects, o)
		}
	}
	s.Total = len(s.Objects)
	if s.Total == 0 {
		return nil, fail.Errorf(fail.NotFound, "there is no table %q", q.Pattern)
	}
	return s, nil
}

func (f *fake) Row(_ context.Context, table string, key []string) (*Result, error) {
	f.asked = append(f.asked, "row "+table+" "+strings.Join(key, "|"))
	switch {
	case table == "pairs" && len(key) != 2, table != "pairs" && len(key) != 1:
		return nil, fail.Errorf(fail.Invalid, "the key has another number of columns")
	case key[0] == "9":
		return rowsOf("id"), nil
	}
	r := rowsOf("id,big,ssn,note,doc,flag", []string{key[0], "9007199254740993.10", "[masked]", "NULL", "a\"b\n<&>\u2028", "NaN"})
	for i := range r.Columns {
		r.Columns[i].Number = i != 3 && i != 4
	}
	r.Columns[2].Mask = "deny"
	r.Cut = []Cut{{Row: 0, Column: 4, More: 77}}
	return r, nil
}

func TestLibrary(t *testing.T) {
	f := newFake(t)
	f.seen = []string{"audit.lines", "orders"}
	lib := NewLibrary("app", f)
	const row = `{
  "id": ID,
  "big": 9007199254740993.10,
  "ssn": "[masked]",
  "note": null,
  "doc": "a\"b\n<&>\u2028…(+77 bytes)",
  "flag": "NaN"
}
`
	const orders = "orders table, ~5 rows\n  id int not null\n  primary key (id)\n"
	documentstest.Run(t, lib, []documentstest.Case{
		{Address: "table://app/orders", Text: orders},
		{Address: "table://app/public.orders", Text: orders},
		{Address: "table://app/ORDERS", Fails: fail.NotFound},
		{Address: "table://app/audit.lines", Text: "audit.lines table\n"},
		{Address: "table://app/%22a.b%22", Text: "\"a.b\" view\n"},
		{Address: "table://app/order", Fails: fail.NotFound},
		{Address: "table://app/a.b", Fails: fail.NotFound},
		{Address: "table://app/nothing", Fails: fail.NotFound},
		{Address: "table://app/", Fails: fail.Invalid},
		{Address: "table://app", Fails: fail.Invalid},
		{Address: "table://app/%22x", Fails: fail.Invalid},
		{Address: "table://app/x.y.z", Fails: fail.Invalid},
		{Address: "table://app/orders?a=b", Fails: fail.Invalid},
		{Address: "table://other/orders", Fails: fail.NotFound},
		{Address: "row://app/users/42", Text: strings.Replace(row, "ID", "42", 1)},
		{Address: "row://app/users/a%2Fb%2Cc", Text: strings.Replace(row, "ID", `"a/b,c"`, 1)},
		{Address: "row://app/users/a,b", Text: strings.Replace(row, "ID", `"a,b"`, 1)},
		{Address: "row://app/pairs/1,2", Text: strings.Replace(row, "ID", "1", 1)},
		{Address: "row://app/pairs/1,2,3", Fails: fail.Invalid},
		{Address: "row://app/users/9", Fails: fail.NotFound},
		{Address: "row://app/users", Fails: fail.Invalid},
		{Address: "row://app/users/", Fails: fail.Invalid},
		{Address: "query://app/failed_orders", Text: "2 rows\nid\tnote\n1\tx\\ty\n2\t∅\n"},
		{Address: "query://app/orders_of?day=2026-01-01", Text: "2 rows\nid\tnote\n1\t2026-01-01\n2\t∅\n"},
		{Address: "query://app/orders_of", Fails: fail.Invalid},
		{Address: "query://app/orders_of?day=1&day=2", Fails: fail.Invalid},
		{Address: "query://app/orders_of?dya=1", Fails: fail.Invalid},
		{Address: "query://app/failed_order", Fails: fail.NotFound},
		{Address: "query://app/", Fails: fail.Invalid},
		{Address: "text://app/x", Fails: fail.NotFound},
	})
	u := uri.URI{Scheme: "row", Raw: "app/users/7", Path: "app/users/7"}
	doc, err := lib.Open(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]json.RawMessage
	if data, err := io.ReadAll(doc.Body); err != nil || json.Unmarshal(data, &v) != nil || int64(len(data)) != doc.Size {
		t.Errorf("%s, %v", data, err)
	}
	if doc.Name != "users/7.json" || doc.MIMEType != "application/json" || doc.Source != "app" || doc.Owned || doc.URI != "row://app/users/7" {
		t.Errorf("%+v", doc)
	}
	f.asked = nil
	if _, err := lib.Open(t.Context(), RowAddress("app", "pairs", "a,b", "c/d")); err != nil || !slices.Equal(f.asked, []string{"row pairs a,b|c/d"}) {
		t.Errorf("%v, %v", f.asked, err)
	}
	_, err = lib.Open(t.Context(), uri.New("table", "app", "order"))
	if s := fail.Show(err); !strings.Contains(s, `did you mean "orders"`) || !strings.Contains(s, "db_schema") {
		t.Error(s)
	}
}

func TestLibraryNames(t *testing.T) {
	lib := NewLibrary("app", newFake(t))
	for in, want := range map[string]string{
		"table://app/orders":            "table://app/orders app/orders",
		"table://app/%6Frders":          "table://app/orders app/orders",
		"table://app/%22orders%22":      "table://app/orders app/orders",
		"row://app/orders/a,b":          "row://app/orders/a,b app/orders/a,b",
		"row://app/a%2Eb/%41%2Cb":       "row://app/a.b/A%2Cb app/a.b/A,b",
		"query://app/x?day=1":           "query://app/x?day=1 app/x",
		"table://other/orders":          "",
		"row://app/orders":              "",
		"text://app/orders":             "",
		"table://app/a%22b":             "",
		"table://app/%22my.t%22":        "table://app/%22my.t%22 app/\"my.t\"",
		"table://app/audit.%22my.t%22":  "table://app/audit.%22my.t%22 app/audit.\"my.t\"",
		"table://app/a%2Fb":             "table://app/a%2Fb app/a/b",
		"table://app/%22audit%22.lines": "table://app/audit.lines app/audit.lines",
	} {
		u, err := uri.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		address, path, ok := lib.Names(u)
		if got := address.String() + " " + path; ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s, %v, want %s", in, got, ok, want)
		}
		if owns := strings.HasPrefix(u.Path, "app/") && u.Scheme != "text"; lib.Owns(u) != owns {
			t.Errorf("%s: owns %v", in, !owns)
		}
	}
}

func FuzzTableName(f *testing.F) {
	for _, s := range []string{"orders", "a.b", `a"b`, `"`, "", "x y", `"a".b`, "größe", `""`} {
		f.Add(s, "t")
		f.Add("s", s)
	}
	f.Fuzz(func(t *testing.T, schema, name string) {
		gotSchema, gotName, err := ParseTable(TableName(schema, name))
		if err != nil || gotSchema != schema || gotName != name {
			t.Fatalf("%q, %q: %s is read as %q, %q, %v", schema, name, TableName(schema, name), gotSchema, gotName, err)
		}
		if s, n, err := ParseTable(name); err == nil {
			if again, _, err := ParseTable(TableName(s, n)); err != nil || again != s {
				t.Fatalf("%q is read as %q, %q, and that as %q, %v", name, s, n, again, err)
			}
		}
		if strings.ContainsRune(schema+name, 0) || schema+name == "" || len(schema+name) > uri.Max/12 {
			return
		}
		u, err := uri.Parse(RowAddress("app", TableName(schema, name), name, schema).String())
		if err != nil {
			t.Fatal(err)
		}
		got, err := (&Library{source: "app"}).target(u)
		if err != nil || !slices.Equal(got.key, []string{name, schema}) || got.name != TableName(schema, name) {
			t.Fatalf("%q, %q: %s is read as %+v, %v", schema, name, u, got, err)
		}
	})
}

func TestLibraryLists(t *testing.T) {
	f := newFake(t)
	lib := NewLibrary("app", f)
	list := func(items []documents.Item, err error) string {
		var out []string
		for _, it := range items {
			out = append(out, it.URI)
		}
		if err != nil {
			out = append(out, err.Error())
		}
		return strings.Join(out, " ")
	}
	if got := list(lib.Recent(t.Context(), 9)); got != "query://app/failed_orders" {
		t.Errorf("before anything is seen: %s", got)
	}
	f.seen = []string{`"a.b"`, "audit.lines", "orders"}
	for _, c := range []struct{ got, want string }{
		{list(lib.Recent(t.Context(), 9)), "query://app/failed_orders table://app/%22a.b%22 table://app/audit.lines table://app/orders"},
		{list(lib.Recent(t.Context(), 1)), "query://app/failed_orders"},
		{list(lib.Find(t.Context(), "ORDERS", 9)), "table://app/orders query://app/failed_orders"},
		{list(lib.Find(t.Context(), "ORDERS", 1)), "table://app/orders"},
		{list(lib.Find(t.Context(), "failed orders", 9)), "query://app/failed_orders"},
		{list(lib.Find(t.Context(), "table://app/orders", 9)), "table://app/orders query://app/failed_orders"},
		{list(lib.Find(t.Context(), "table://other/orders", 9)), ""},
		{list(lib.Find(t.Context(), " ", 9)), ""},
		{list(lib.Find(t.Context(), "nothing", 9)), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
	if len(f.asked) > 0 {
		t.Errorf("the database was asked: %v", f.asked)
	}
}

func TestLibraryComplete(t *testing.T) {
	f := newFake(t)
	lib := NewLibrary("app", f)
	ours := map[string]string{"source": "app"}
	for _, c := range []struct {
		scheme, name, prefix string
		set                  map[string]string
		seen                 []string
		want                 []string
		asks                 int
	}{
		{"table", "source", "a", nil, nil, []string{"app"}, 0},
		{"table", "source", "b", nil, nil, nil, 0},
		{"query", "name", "orders", ours, nil, []string{"orders_of"}, 0},
		{"query", "table", "", ours, nil, nil, 0},
		{"table", "table", "or", ours, []string{"orders", "users"}, []string{"orders"}, 0},
		{"table", "table", "or", ours, nil, []string{"orders", "orders_old"}, 1},
		{"row", "table", "orders_", ours, []string{"orders"}, []string{"orders_old"}, 1},
		{"row", "table", "audit.l", nil, nil, []string{"audit.lines"}, 1},
		{"row", "table", `"a`, ours, nil, []string{`"a.b"`}, 1},
		{"row", "table", "zz", ours, nil, nil, 1},
		{"row", "table", "or", map[string]string{"source": "other"}, []string{"orders"}, nil, 0},
		{"row", "key", "", ours, nil, nil, 0},
		{"query", "params", "", ours, nil, nil, 0},
	} {
		f.seen, f.asked = c.seen, nil
		got, total, err := lib.Complete(t.Context(), c.scheme, c.name, c.prefix, c.set)
		if err != nil || total != len(got) || len(f.asked) != c.asks {
			t.Errorf("%+v: %d, %v, asked %v", c, total, err, f.asked)
		}
		if diff := cmp.Diff(c.want, append([]string(nil), got...)); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", c, diff)
		}
	}
	f.wait = true
	began := time.Now()
	if _, _, err := lib.Complete(t.Context(), "table", "table", "x", ours); err == nil || time.Since(began) > 10*completeTime {
		t.Errorf("a database that does not answer: %v", err)
	}
}
