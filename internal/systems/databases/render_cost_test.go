package databases

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"cleat/internal/text"
)

// realistic is a table as applications have them.
func realistic(rows int) *Result {
	r := rowsOf("order_id,customer_email,status,total,created_at,shipping_city")
	for i := range rows {
		row := []string{strconv.Itoa(100_000 + 37*i), fmt.Sprintf("customer%d@example.com", i*7%50), []string{"pending", "paid", "failed", "refunded"}[i%4],
			fmt.Sprintf("%d.%02d", 10+i*13%900, i*7%100), fmt.Sprintf("2026-01-%02dT%02d:%02d:05Z", 1+i%28, i%24, i%60),
			[]string{"Berlin", "Madrid", "Łódź", "São Paulo"}[i%4]}
		cells := make([]*string, len(row))
		for k := range row {
			cells[k] = &row[k]
		}
		r.Rows = append(r.Rows, cells)
	}
	return r
}

// A typical answer costs little more than its bare values, and much less than objects.
func TestCost(t *testing.T) {
	wide := rowsOf("id,first_name,last_name,email_address,is_active,last_login_at,failed_login_count,account_type")
	for i := range 60 {
		row := []string{strconv.Itoa(i), "Ann", "Other", "ann@example.org", "true", "2026-01-02T03:04:05Z", "0", "standard"}
		cells := make([]*string, len(row))
		for k := range row {
			cells[k] = &row[k]
		}
		wide.Rows = append(wide.Rows, cells)
	}
	counts := rowsOf("status,count", []string{"paid", "1021"}, []string{"failed", "13"}, []string{"refunded", "7"}, []string{"pending", "290"}, []string{"NULL", "3"})
	for name, r := range map[string]*Result{"orders": realistic(100), "users": wide, "counts": counts} {
		var values strings.Builder
		var objects []string
		for _, row := range r.Rows {
			var members []string
			for k, cell := range row {
				v := []byte("null")
				if cell != nil {
					values.WriteString(*cell + " ")
					if v = []byte(*cell); !isNumber(*cell) {
						var err error
						if v, err = json.Marshal(*cell); err != nil {
							t.Fatal(err)
						}
					}
				}
				members = append(members, fmt.Sprintf("%q:%s", r.Columns[k].Name, v))
			}
			objects = append(objects, "{"+strings.Join(members, ",")+"}")
		}
		asObjects := "[" + strings.Join(objects, ",") + "]"
		got := plain(NewTable("app", r))
		bare := text.Tokens(values.String())
		t.Logf("%s: %d bytes for %d of objects (%.0f %%), %d tokens for %d of values (%.2f) and %d of objects", name, len(got), len(asObjects),
			100*float64(len(got))/float64(len(asObjects)), text.Tokens(got), bare, float64(text.Tokens(got))/float64(bare), text.Tokens(asObjects))
		if float64(len(got)) > 0.6*float64(len(asObjects)) {
			t.Errorf("%s: %d bytes, as objects %d", name, len(got), len(asObjects))
		}
		if name == "orders" && float64(text.Tokens(got)) > 1.3*float64(bare) {
			t.Errorf("%s: %d tokens, the values alone %d", name, text.Tokens(got), bare)
		}
	}
}

// Whatever the budget, what is said to be left out is what is left out.
func TestTableShrink(t *testing.T) {
	r := realistic(100)
	for i := range r.Rows {
		bio := strings.Repeat([]string{"lorem ipsum ", "日本語の本文", "\n"}[i%3], 1+i%60)
		r.Rows[i][5] = &bio
	}
	r.More, r.Stopped = true, "the limit of 100 rows"
	for _, budget := range []int{20_000, 6000, 3000, 1500, 800, 400, 200, 100, 10} {
		table := NewTable("app", r)
		if err := table.Keep(func(string) (string, error) { return "spill://X", nil }); err != nil {
			t.Fatal(err)
		}
		steps := 0
		for ; steps < 24; steps++ {
			size := text.Tokens(plain(table))
			if size <= budget || !table.Shrink(float64(budget)/float64(size)) {
				break
			}
		}
		got := plain(table)
		if size := text.Tokens(got); size > budget && budget > 200 {
			t.Errorf("budget %d: %d tokens after %d steps", budget, size, steps)
		}
		_, rows, missing := parseRows(foreign(table))
		if len(rows) == 0 || len(rows) != table.shown {
			t.Fatalf("budget %d: %d rows", budget, len(rows))
		}
		said := strings.Contains(got, fmt.Sprintf("… %d of 100 rows shown to fit the budget", len(rows)))
		if said != (len(rows) < 100) {
			t.Errorf("budget %d: %d rows are shown:\n%s", budget, len(rows), got)
		}
		clipped := 0
		for i, row := range rows {
			for k, cell := range row {
				if n := missing[i][k]; *cell != (*r.Rows[i][k])[:len(*cell)] || len([]rune((*r.Rows[i][k])[len(*cell):])) != n {
					t.Fatalf("budget %d: row %d has %q (+%d) for %q", budget, i, *cell, n, *r.Rows[i][k])
				} else if n > 0 {
					clipped++
				}
			}
		}
		if clipped > maxHandles && !strings.Contains(got, fmt.Sprintf("… clipped %d cells of", clipped)) {
			t.Errorf("budget %d: %d clipped cells are not said:\n%s", budget, clipped, got)
		}
		checkJSON(t, table, r)
	}
}

// checkJSON checks that the JSON form shows what the text shows and counts the rest.
func checkJSON(t *testing.T, table *Table, r *Result) {
	t.Helper()
	data, err := json.Marshal(table)
	if err != nil {
		t.Fatal(err)
	}
	var got Result
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != table.shown || !got.More {
		t.Fatalf("%d rows of %d in JSON, more %v", len(got.Rows), table.shown, got.More)
	}
	if want := fmt.Sprintf("%d of %d rows fit the budget", table.shown, len(r.Rows)); table.shown < len(r.Rows) && !strings.HasPrefix(got.Stopped, want) {
		t.Errorf("stopped: %q, want %q", got.Stopped, want)
	}
	more := make(map[[2]int]int)
	for _, c := range got.Cut {
		more[[2]int{c.Row, c.Column}] = c.More
	}
	for i, row := range got.Rows {
		for k, cell := range row {
			if len(*r.Rows[i][k]) != len(*cell)+more[[2]int{i, k}] {
				t.Fatalf("row %d has %q and %d more of %q", i, *cell, more[[2]int{i, k}], *r.Rows[i][k])
			}
		}
	}
}
