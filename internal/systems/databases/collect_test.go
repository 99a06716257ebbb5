package databases

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
)

func collector(t *testing.T, c Config, columns []Column, limit int) *Collector {
	t.Helper()
	col, err := NewCollector(compiled(t, c, PostgreSQL), columns, limit)
	if err != nil {
		t.Fatal(err)
	}
	return col
}

// fill adds rows until one is not taken, and returns how many were.
func fill(c *Collector, cell string) int {
	for n := 0; ; n++ {
		s := cell
		if !c.Add([]*string{&s}, nil) {
			return n
		}
	}
}

func TestCollectorLimits(t *testing.T) {
	one := []Column{{Name: "v"}}
	for _, c := range []struct {
		name    string
		rules   Config
		limit   int
		cell    string
		want    int
		stopped string
	}{
		{"default", Config{}, 0, "x", DefaultRows, "the limit of 100 rows"},
		{"asked", Config{}, 7, "x", 7, "the limit of 7 rows"},
		{"rules", Config{MaxRows: 5}, 7, "x", 5, "the limit of 5 rows"},
		{"most", Config{}, 1_000_000, "x", MaxRows, "the limit of 1000 rows"},
		{"negative", Config{}, -3, "x", DefaultRows, "the limit of 100 rows"},
		{"bytes", Config{}, 1000, strings.Repeat("x", 50_000), MaxBytes / 50_000, "the limit of 1024 kB for one answer"},
		{"long cells", Config{}, 1000, strings.Repeat("x", 2*MaxCell), MaxBytes / MaxCell, "the limit of 1024 kB for one answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			col := collector(t, c.rules, one, c.limit)
			if n := fill(col, c.cell); n != c.want || col.Rows() != n {
				t.Errorf("%d rows, want %d", n, c.want)
			}
			r := col.Result("")
			if !col.Full() || !r.More || r.Stopped != c.stopped || len(r.Rows) != c.want {
				t.Errorf("more %v, stopped %q, want %q", r.More, r.Stopped, c.stopped)
			}
			if s := "x"; col.Add([]*string{&s}, nil) {
				t.Error("a row is taken after the limit")
			}
		})
	}
	col := collector(t, Config{}, one, 3)
	for range 3 {
		col.Add([]*string{nil}, nil)
	}
	if r := col.Result("deadline of 2s", "a", "b"); col.Full() || r.More || r.Partial != "deadline of 2s" || len(r.Notes) != 2 {
		t.Errorf("three of three rows: %+v", r)
	}
	if _, err := NewCollector(compiled(t, Config{}, PostgreSQL), make([]Column, MaxColumns+1), 1); err == nil || fail.From(err).Code != fail.TooLarge {
		t.Errorf("too many columns: %v", err)
	}
}

func TestCollectorCuts(t *testing.T) {
	col := collector(t, Config{}, []Column{{Name: "a"}, {Name: "b"}, {Name: "c"}}, 10)
	ä := strings.Repeat("ä", MaxCell) // its characters have two bytes
	odd := "x" + ä
	begun := "beginning"
	col.Add([]*string{nil, nil, nil}, nil)
	col.Add([]*string{&ä, &odd, &begun}, []int{0, 0, 5000})
	r := col.Result("")
	want := []Cut{{1, 0, len(ä) - MaxCell + Seam}, {1, 1, len(odd) - MaxCell + 1 + Seam}, {1, 2, 5000 - len(begun) + len(begun)/2}}
	if diff := cmp.Diff(want, r.Cut); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for i, cell := range r.Rows[1] {
		if !utf8.ValidString(*cell) || len(*cell) > MaxCell {
			t.Errorf("cell %d has %d bytes, valid %v", i, len(*cell), utf8.ValidString(*cell))
		}
	}
	if r.Rows[0][0] != nil {
		t.Error("NULL does not stay")
	}
}

// Of a masked column nothing comes out, whatever its size.
func TestCollectorMasks(t *testing.T) {
	columns := []Column{{Name: "id"}, {Name: "ssn", Mask: "deny"}, {Name: "email", Mask: "hash"}, {Name: "phone", Mask: "partial"}}
	col := collector(t, Config{}, columns, 10)
	id, ssn, email, phone := "1", "CANARY"+strings.Repeat("s", 2*MaxCell), "ann@example.org", "+49 170 1234567"
	col.Add([]*string{&id, &ssn, &email, &phone}, []int{0, 9_999_999, 0, 0})
	col.Add([]*string{&id, nil, nil, nil}, nil)
	r := col.Result("")
	if len(r.Cut) > 0 {
		t.Errorf("the size of a masked value is told: %v", r.Cut)
	}
	want := `2 rows
masked: "ssn" (deny), "email" (hash), "phone" (partial)
| id	ssn	email	phone
| 1	[masked]	[masked:digest of ann@example.org]	…567
| 1	[masked]	∅	∅
`
	if diff := cmp.Diff(want, written(r)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestFirstRow: a row that is beyond the limit of an answer by itself is there all the same,
// each cell with its part of the room.
func TestFirstRow(t *testing.T) {
	rules, err := Config{}.Compile(SQLite, nil)
	if err != nil {
		t.Fatal(err)
	}
	const width = 500
	columns, row := make([]Column, width), make([]*string, width)
	value := strings.Repeat("é", MaxCell)
	for i := range row {
		row[i] = &value
	}
	c, err := NewCollector(rules, columns, 10)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Add(row, nil) {
		t.Fatal("the row was not taken")
	}
	r := c.Result("")
	total := 0
	for i, cell := range r.Rows[0] {
		total += len(*cell)
		if !utf8.ValidString(*cell) || len(*cell) < MaxBytes/width-Seam-utf8.UTFMax || r.Cut[i].More+len(*cell) != len(value) {
			t.Fatalf("cell %d has %d bytes, %+v", i, len(*cell), r.Cut[i])
		}
	}
	if total > MaxBytes || len(r.Cut) != width {
		t.Errorf("%d bytes in all, %d cuts", total, len(r.Cut))
	}
}

// TestMaskedBeginning: of a value whose beginning alone is known, a digest or its last
// characters would say what is not so.
func TestMaskedBeginning(t *testing.T) {
	rules, err := Config{Mask: []string{"t.a:hash", "t.b:partial"}}.Compile(SQLite, strings.ToUpper)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCollector(rules, []Column{{Name: "a", Mask: string(Hash)}, {Name: "b", Mask: string(Partial)}}, 10)
	if err != nil {
		t.Fatal(err)
	}
	a, b, whole := "beginning", "beginning", "whole"
	c.Add([]*string{&a, &b}, []int{100, 100})
	c.Add([]*string{&whole, nil}, nil)
	r := c.Result("")
	if got := *r.Rows[0][0] + " " + *r.Rows[0][1] + " " + *r.Rows[1][0]; got != "[masked] [masked] [masked:WHOLE]" || len(r.Cut) != 0 {
		t.Errorf("%s, %+v", got, r.Cut)
	}
}
