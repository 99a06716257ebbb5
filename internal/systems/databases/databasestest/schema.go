package databasestest

import (
	"fmt"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// list asks for a part of the schema.
func (s *suite) list(db databases.DB, q databases.SchemaQuery) *databases.Schema {
	s.Helper()
	r, err := db.Schema(s.Context(), q)
	if err != nil {
		s.Fatalf("%+v: %v", q, explained(err))
	}
	return r
}

func names(r *databases.Schema) []string {
	out := []string{}
	for _, o := range r.Objects {
		out = append(out, o.Name)
	}
	return out
}

func schema(s *suite) {
	before := s.state()
	s.sub("names", func(s *suite) {
		r := s.list(s.db, databases.SchemaQuery{Detail: databases.Names})
		got := names(r)
		if !slices.IsSorted(got) && !s.mysql() {
			s.Errorf("not sorted: %q", got)
		}
		for _, want := range []string{"users", "orders", "paid_orders", "user_cards", "select", "we ird", "ta'ble",
			`quo"te`, "back`tick", "Mixed", "a.b", "no_key", "pairs", "empty_one", "kinds"} {
			if i := slices.Index(got, want); i < 0 {
				s.Errorf("%q is not listed: %q", want, got)
			} else if o := r.Objects[i]; o.Kind != map[bool]string{true: "view", false: "table"}[want == "paid_orders" || want == "user_cards"] || o.Schema != "" || len(o.Columns) > 0 {
				s.Errorf("%q: %+v", want, o)
			}
		}
		if r.Cursor != "" || r.Detail != databases.Names || r.Total != -1 && r.Total != len(got) {
			s.Errorf("cursor %q, detail %q, total %d of %d", r.Cursor, r.Detail, r.Total, len(got))
		}
	})
	s.sub("summary", func(s *suite) {
		o := s.object("orders", databases.Summary)
		var cols []string
		for _, c := range o.Columns {
			cols = append(cols, c.Name)
			if c.Type == "" || c.NotNull != slices.Contains([]string{"id", "total", "status"}, c.Name) && c.Name != "id" {
				s.Errorf("column %+v", c)
			}
		}
		if !slices.Equal(cols, []string{"id", "user_id", "total", "status", "note", "day"}) || !slices.Equal(o.Primary, []string{"id"}) {
			s.Errorf("columns %q, primary %q", cols, o.Primary)
		}
		if len(o.Foreign) != 1 || o.Foreign[0].Table != "users" || !slices.Equal(o.Foreign[0].Columns, []string{"user_id"}) || !slices.Equal(o.Foreign[0].Target, []string{"id"}) {
			s.Errorf("references %+v", o.Foreign)
		}
		if p := s.object("pairs", databases.Summary); !slices.Equal(p.Primary, []string{"a", "b"}) {
			s.Errorf("the primary key of pairs is (a, b) in this order: %q", p.Primary)
		}
		if p := s.object("no_key", databases.Summary); len(p.Primary) != 0 {
			s.Errorf("no_key has a primary key: %q", p.Primary)
		}
		if v := s.object("paid_orders", databases.Summary); v.Kind != "view" || len(v.Columns) != 4 {
			s.Errorf("the view: %+v", v)
		}
	})
	s.sub("full", func(s *suite) {
		o := s.object("orders", databases.Full)
		i := slices.IndexFunc(o.Indexes, func(i databases.Index) bool { return i.Name == "orders_status_day" })
		if i < 0 || !slices.Equal(o.Indexes[i].Columns, []string{"status", "day"}) || o.Indexes[i].Unique {
			s.Errorf("indexes %+v", o.Indexes)
		}
		if !strings.Contains(strings.Join(o.Checks, " "), "total") {
			s.Errorf("checks %q", o.Checks)
		}
		if !strings.Contains(o.Columns[3].Default, "open") {
			s.Errorf("the default of status: %+v", o.Columns[3])
		}
		if p := slices.IndexFunc(o.Indexes, func(i databases.Index) bool { return i.Name == "orders_open" }); !s.mysql() && (p < 0 || !strings.Contains(o.Indexes[p].Where, "open")) {
			s.Errorf("the partial index: %+v", o.Indexes)
		}
		u := s.object("users", databases.Full)
		if e := slices.IndexFunc(u.Indexes, func(i databases.Index) bool { return i.Name == "users_email" }); e < 0 || !u.Indexes[e].Unique {
			s.Errorf("indexes %+v", u.Indexes)
		}
		if !s.sqlite() && (u.Comment != "people who buy" || u.Columns[2].Comment != "never shown") {
			s.Errorf("comments %q, %q", u.Comment, u.Columns[2].Comment)
		}
		if v := s.object("paid_orders", databases.Full); !strings.Contains(v.SQL, "paid") {
			s.Errorf("the view's SQL: %q", v.SQL)
		}
		s.object("kinds", databases.Full)
	})
	s.sub("patterns", patterns)
	s.sub("kinds", func(s *suite) {
		if got := names(s.list(s.db, databases.SchemaQuery{Kind: "view", Detail: databases.Names})); !slices.Equal(got, []string{"paid_orders", "user_cards"}) {
			s.Errorf("views: %q", got)
		}
		if got := names(s.list(s.db, databases.SchemaQuery{Kind: "table", Detail: databases.Names})); slices.Contains(got, "paid_orders") || !slices.Contains(got, "orders") {
			s.Errorf("tables: %q", got)
		}
		for _, kind := range []string{"dance", "table' OR 1=1 --"} {
			_, err := s.db.Schema(s.Context(), databases.SchemaQuery{Kind: kind, Detail: databases.Names})
			s.refused("the kind "+kind, err, fail.Invalid, fail.NotFound, fail.Unsupported)
		}
	})
	s.unchanged("listing", before)
	s.sub("pages", pages)
}

// object returns the one object of that name.
func (s *suite) object(name string, d databases.Detail) databases.Object {
	s.Helper()
	r := s.list(s.db, databases.SchemaQuery{Pattern: name, Detail: d})
	if len(r.Objects) != 1 || r.Objects[0].Name != name || r.Detail != d || len(r.Objects[0].Columns) == 0 {
		s.Fatalf("%q is not listed alone: %+v", name, r)
	}
	return r.Objects[0]
}

func patterns(s *suite) {
	home := s.by("public", s.rows(s.by("SELECT 1", "SELECT DATABASE()", "SELECT 1"))[0][0], "main")
	for pattern, want := range map[string][]string{
		"orders": {"orders"}, "*_orders": {"paid_orders"}, "us?rs": {"users"}, "paid*": {"paid_orders"}, "order": {"orders", "paid_orders"}, "a?b": {"a.b"},
		home + ".users": {"users"}, "we ird": {"we ird"}, "ta'ble": {"ta'ble"}, `quo"te`: {`quo"te`}, "back`tick": {"back`tick"}, "*'*": {"ta'ble"}, "Mixed": {"Mixed"},
	} {
		r, err := s.db.Schema(s.Context(), databases.SchemaQuery{Pattern: pattern, Detail: databases.Names})
		if err != nil {
			s.Errorf("%q: %v", pattern, explained(err))
		} else if got := names(r); !slices.Equal(got, want) {
			s.Errorf("%q: %q, want %q", pattern, got, want)
		}
	}
	_, err := s.db.Schema(s.Context(), databases.SchemaQuery{Pattern: "ussers", Detail: databases.Names})
	s.refused("a name that is not there", err, fail.NotFound)
	if err != nil && !strings.Contains(explained(err), "users") {
		s.Errorf("the nearest name is not said: %v", explained(err))
	}
	for _, pattern := range []string{"users'); DROP TABLE orders;--", "' OR 1=1 --", `" OR 1=1 --`, "` OR 1=1 --",
		"%", "_sers", "u%s", "users\\", "[u]sers", ".", "users.", "no.such.thing", "users --", "a\x00b", strings.Repeat("x",
			100_000), strings.Repeat("*?", 5000) + "q", "\xff", "$1", "?1=1"} {
		for _, d := range []databases.Detail{databases.Names, databases.Full} {
			r, err := s.db.Schema(s.Context(), databases.SchemaQuery{Pattern: pattern, Detail: d})
			if err == nil && len(r.Objects) > 0 {
				s.Errorf("%q lists %q", short(pattern), names(r))
			} else if err != nil {
				s.refused("the pattern "+short(pattern), err, fail.NotFound, fail.Invalid, fail.TooLarge)
			}
		}
	}
	s.alive(s.db, "hostile patterns")
}

func pages(s *suite) {
	for i := range 60 {
		s.exec(fmt.Sprintf("CREATE TABLE page_%02d (id integer PRIMARY KEY, v %s)", i, s.by("text", "varchar(10)", "TEXT")))
	}
	db := s.open(databases.Config{})
	all := names(s.list(db, databases.SchemaQuery{Detail: databases.Names, Limit: 500}))
	if len(all) < 75 {
		s.Fatalf("only %d objects", len(all))
	}
	for _, q := range []databases.SchemaQuery{{Detail: databases.Names, Limit: 7}, {Detail: databases.Summary},
		{Detail: databases.Full}, {Detail: databases.Summary, Limit: 1, Pattern: "page_*"}} {
		var got []string
		first := q
		for range 100 {
			r := s.list(db, q)
			size := q.Limit
			if size == 0 {
				size = map[databases.Detail]int{databases.Summary: 50, databases.Full: 10}[q.Detail]
			}
			if got = append(got, names(r)...); len(r.Objects) > size {
				s.Fatalf("%+v: a page of %d", q, len(r.Objects))
			}
			if q.Cursor = r.Cursor; q.Cursor == "" {
				break
			}
		}
		want := all
		if q.Pattern != "" {
			want = slices.DeleteFunc(slices.Clone(all), func(n string) bool { return !strings.HasPrefix(n, "page_") })
		}
		if !slices.Equal(got, want) {
			s.Errorf("%+v in pages: %q, want %q", first, got, want)
		}
	}
	cursor := s.list(db, databases.SchemaQuery{Detail: databases.Names, Limit: 7}).Cursor
	if cursor == "" {
		s.Fatal("there is no cursor")
	}
	for what, q := range map[string]databases.SchemaQuery{
		"nonsense": {Cursor: "nonsense"}, "the cursor of another pattern": {Cursor: cursor, Pattern: "o*"}, "the cursor of another kind": {Cursor: cursor, Kind: "view"},
		"half a cursor": {Cursor: cursor[:len(cursor)/2]}, "a cursor and more": {Cursor: cursor + "x"},
		"a quote": {Cursor: "' OR 1=1 --"}, "a long one": {Cursor: strings.Repeat("A",
			100_000)},
	} {
		q.Detail = databases.Names
		_, err := db.Schema(s.Context(), q)
		s.refused(what, err, fail.Invalid, fail.Conflict)
	}
	// What was dropped between two pages does not lose what comes after it.
	first := s.list(db, databases.SchemaQuery{Pattern: "page_*", Detail: databases.Names, Limit: 7})
	s.exec("DROP TABLE page_06", "DROP TABLE page_07", "DROP TABLE page_00")
	next, err := db.Schema(s.Context(), databases.SchemaQuery{Pattern: "page_*", Detail: databases.Names, Limit: 2, Cursor: first.Cursor})
	if err == nil && !slices.Equal(names(next), []string{"page_08", "page_09"}) {
		s.Errorf("after dropping: %q", names(next))
	} else if err != nil {
		s.refused("a cursor after dropping", err, fail.Conflict)
	}
}
