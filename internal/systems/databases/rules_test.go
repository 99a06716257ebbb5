package databases

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
)

func compiled(t *testing.T, c Config, d Dialect) *Rules {
	t.Helper()
	r, err := c.Compile(d, func(s string) string { return "digest of " + s })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every key that is wrong is named, and no value is told.
func TestValidate(t *testing.T) {
	const secret = "CANARY"
	for _, c := range []struct {
		name string
		in   Config
		keys []string
	}{
		{"nothing", Config{}, nil},
		{"all", Config{Mask: []string{"users.email", "*.ssn:hash", "hr.people.name:partial", "users.*:deny"}, Tables: []string{"users", "audit.*"},
			Functions: []string{"my_sum", "ext.*"}, Timeout: time.Second, MaxRows: 10, Queries: map[string]Named{"failed_1": {SQL: "SELECT 1", Params: []string{"a", "b"}}}}, nil},
		{"mask without a table", Config{Mask: []string{secret}}, []string{"mask"}},
		{"mask of four parts", Config{Mask: []string{secret + ".a.b.c"}}, []string{"mask"}},
		{"mask of another kind", Config{Mask: []string{"a.b:" + secret}}, []string{"mask"}},
		{"mask of no kind", Config{Mask: []string{"a.b:"}}, []string{"mask"}},
		{"empty part", Config{Mask: []string{".ssn"}, Tables: []string{secret + "."}}, []string{"mask", "tables"}},
		{"empty entries", Config{Mask: []string{""}, Tables: []string{""}, Functions: []string{""}}, []string{"functions", "mask", "tables"}},
		{"three parts", Config{Tables: []string{"a.b." + secret}, Functions: []string{"a.b.c"}}, []string{"functions", "tables"}},
		{"rows", Config{MaxRows: MaxRows + 1}, []string{"max_rows"}},
		{"no rows", Config{MaxRows: -1}, []string{"max_rows"}},
		{"queries", Config{Queries: map[string]Named{secret: {SQL: "SELECT 1"}, "b": {}, "c": {SQL: "SELECT 1", Params: []string{"x", "x"}}, "d": {SQL: "SELECT 1", Params: []string{"a b"}},
			"e": {SQL: strings.Repeat("x", MaxSQL+1)}, strings.Repeat("f", 41): {SQL: "x"}}}, []string{"queries"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.in.Validate()
			var keys []string
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, e := range joined.Unwrap() {
					var k interface{ Key() string }
					if !errors.As(e, &k) {
						t.Fatalf("%v has no key", e)
					}
					keys = append(keys, k.Key())
				}
			}
			slices.Sort(keys)
			if keys = slices.Compact(keys); !slices.Equal(keys, c.keys) {
				t.Errorf("keys %v, want %v: %v", keys, c.keys, err)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("a value is told: %v", err)
			}
			if _, compile := c.in.Compile(PostgreSQL, nil); (compile == nil) != (err == nil) {
				t.Errorf("compiled: %v, validated: %v", compile, err)
			}
		})
	}
}

func TestMask(t *testing.T) {
	r := compiled(t, Config{Mask: []string{"users.email:hash", "*.SSN", "hr.people.*:partial", "users.e*:partial", "us?rs.phone:partial"}}, PostgreSQL)
	for _, c := range []struct {
		schema, table, column string
		want                  Mask
	}{
		{"public", "users", "email", Hash}, // the stricter of two
		{"other", "Users", "EMAIL", Hash},
		{"public", "users", "extra", Partial},
		{"public", "orders", "email", NoMask},
		{"x", "y", "ssn", Deny},
		{"hr", "people", "ssn", Deny},
		{"hr", "people", "name", Partial},
		{"public", "people", "name", NoMask},
		{"", "users", "phone", Partial},
		{"", "users", "id", NoMask},
		{"", "", "", NoMask},
	} {
		if got := r.Mask(c.schema, c.table, c.column); got != c.want {
			t.Errorf("%s.%s.%s: %q, want %q", c.schema, c.table, c.column, got, c.want)
		}
	}
	for column, want := range map[string]Mask{"ssn": Deny, "email": Hash, "EXTRA": Partial, "anything": Partial} {
		if got := r.MaskName(column); got != want {
			t.Errorf("any table's %s: %q, want %q", column, got, want)
		}
	}
	if !r.Masks() || !r.MasksIn("public", "anything") || compiled(t, Config{}, SQLite).Masks() {
		t.Error("whether there are masks")
	}
	narrow := compiled(t, Config{Mask: []string{"hr.people.name"}}, SQLite)
	if !narrow.MasksIn("HR", "People") || narrow.MasksIn("hr", "places") || narrow.MasksIn("public", "people") {
		t.Error("masks in a table")
	}
	got := r.Unmatched([][3]string{{"public", "Users", "Email"}, {"public", "users", "phone"}})
	if want := []string{"*.SSN", "hr.people.*:partial"}; !slices.Equal(got, want) {
		t.Errorf("unmatched %q, want %q", got, want)
	}
}

func TestCover(t *testing.T) {
	r := compiled(t, Config{}, PostgreSQL)
	long, short, empty, wide := "123-45-6789", "abc", "", "äöüßäöüß"
	for _, c := range []struct {
		mask  Mask
		value *string
		want  string
	}{
		{NoMask, &long, long}, {NoMask, nil, "NULL"},
		{Deny, &long, "[masked]"}, {Deny, nil, "[masked]"}, {Deny, &empty, "[masked]"},
		{Hash, &long, "[masked:digest of 123-45-6789]"}, {Hash, nil, "NULL"},
		{Partial, &long, "…89"}, {Partial, &short, "…"}, {Partial, &empty, "…"}, {Partial, nil, "NULL"}, {Partial, &wide, "…üß"},
	} {
		got := "NULL"
		if s := r.Cover(c.mask, c.value); s != nil {
			got = *s
		}
		if got != c.want {
			t.Errorf("%s of %v: %q, want %q", c.mask, c.value, got, c.want)
		}
	}
}

func TestAllows(t *testing.T) {
	c := Config{Tables: []string{"users", "log_*", "audit.*", "*.shared"}}
	for _, x := range []struct {
		schema, table string
		standard      bool
		want          bool
	}{
		{"public", "users", true, true},
		{"other", "users", false, false}, // a bare name is in the default schema
		{"public", "log_2026", true, true},
		{"public", "secrets", true, false},
		{"audit", "lines", false, true},
		{"auditx", "lines", false, false},
		{"any", "shared", false, true},
		{"public", "Users", true, false},
		{"pg_catalog", "pg_authid", false, false},
	} {
		if got := compiled(t, c, PostgreSQL).Allows(x.schema, x.table, x.standard); got != x.want {
			t.Errorf("%s.%s: %v", x.schema, x.table, got)
		}
	}
	if r := compiled(t, c, SQLite); !r.Allows("main", "USERS", true) || !r.Limited() {
		t.Error("in SQLite names have no case")
	}
	if r := compiled(t, Config{}, PostgreSQL); !r.Allows("any", "thing", false) || r.Limited() {
		t.Error("no list allows all")
	}
	f := compiled(t, Config{Functions: []string{"my_*", "ext.Sum"}}, PostgreSQL)
	for name, want := range map[[2]string]bool{{"", "my_sum"}: true, {"any", "MY_SUM"}: true, {"ext", "sum"}: true, {"", "sum"}: false, {"pg_catalog", "pg_read_file"}: false} {
		if got := f.AllowsFunction(name[0], name[1]); got != want {
			t.Errorf("the function %v: %v", name, got)
		}
	}
	if compiled(t, Config{}, PostgreSQL).AllowsFunction("", "anything") {
		t.Error("without a list a function is named")
	}
}

func TestNamedOf(t *testing.T) {
	r := compiled(t, Config{Queries: map[string]Named{"failed_orders": {SQL: "SELECT 1"}, "users": {SQL: "SELECT 2"}}}, PostgreSQL)
	if q, err := r.Named("users"); err != nil || q.SQL != "SELECT 2" || !slices.Equal(r.Queries(), []string{"failed_orders", "users"}) {
		t.Errorf("%+v, %v, %v", q, err, r.Queries())
	}
	for _, c := range []struct {
		rules      *Rules
		name, want string
	}{
		{r, "failed_order", "did you mean failed_orders?"},
		{r, "x\nnext: y" + strings.Repeat("z", 500), "use one of failed_orders, users"},
		{compiled(t, Config{}, PostgreSQL), "users", "pass sql instead"},
	} {
		_, err := c.rules.Named(c.name)
		s := fail.Show(err)
		if err == nil || fail.From(err).Code != fail.NotFound || !strings.Contains(s, c.want) || strings.Contains(s, "\nnext: y") || len(s) > 400 {
			t.Errorf("%s", s)
		}
	}
}

func TestDefaults(t *testing.T) {
	r := compiled(t, Config{}, PostgreSQL)
	if r.Timeout != DefaultTimeout || r.MaxRows != MaxRows || r.Analyze {
		t.Errorf("%+v", r)
	}
	r = compiled(t, Config{Timeout: time.Second, MaxRows: 3, Analyze: true}, PostgreSQL)
	if r.Timeout != time.Second || r.MaxRows != 3 || !r.Analyze {
		t.Errorf("%+v", r)
	}
}
