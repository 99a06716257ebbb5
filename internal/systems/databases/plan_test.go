package databases

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/text"
)

func TestPlanText(t *testing.T) {
	p := &Plan{Cost: 1234.5, Rows: 340, Advice: []string{"an index on \"orders\" (status)\nwould help"}, Notes: []string{"hypothetical"}, Nodes: []Node{
		{Text: "Hash Join", Detail: "o.user_id = u.id", Cost: 1234.5, Rows: 340, Share: 0.05},
		{Depth: 1, Text: "Seq Scan on orders", Detail: "status = 'failed'", Cost: 980, Rows: 340, Share: 0.79},
		{Depth: 1, Text: "Index Scan\nusing users_pkey", Cost: 0.4, Rows: -1, Share: 0.16},
	}}
	want := `estimated, not run: cost 1234, ~340 rows
advice: an index on "orders" (status)\nwould help
| Hash Join (o.user_id = u.id) cost 1234 rows 340
|   Seq Scan on orders (status = 'failed') cost 980 rows 340 ← 79 %
|   Index Scan\nusing users_pkey cost 0.4 ← 16 %
note: hypothetical
`
	if diff := cmp.Diff(want, written(p)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	ran := &Plan{Ran: true, Rows: -1, Nodes: []Node{{Text: "SCAN t", Rows: 2_500_000, Millis: 12.34}}}
	if got, want := written(ran), "ran\n| SCAN t rows 2.5M 12 ms\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPlanShrink(t *testing.T) {
	for _, budget := range []int{20_000, 3000, 1500, 500, 200, 60, 5} {
		p := &Plan{Cost: 100, Rows: 5}
		for i := range 120 {
			p.Nodes = append(p.Nodes, Node{Depth: i % 40, Text: fmt.Sprintf("Scan %d", i), Detail: strings.Repeat("a = 1 AND ", i%30), Cost: 5, Rows: 1, Share: 1.0 / 120})
		}
		for range 24 {
			size := text.Tokens(plain(p))
			if size <= budget || !p.Shrink(float64(budget)/float64(size)) {
				break
			}
		}
		got := plain(p)
		if n := text.Tokens(got); n > budget && budget > 100 {
			t.Errorf("budget %d: %d tokens", budget, n)
		}
		dropped := 120 - len(p.Nodes)
		if len(p.Nodes) == 0 || p.dropped() != dropped || strings.Contains(got, fmt.Sprintf("%d of 120 nodes", dropped)) != (dropped > 0) {
			t.Errorf("budget %d: %d nodes are left out:\n%s", budget, dropped, got)
		}
		if p.Nodes[0].Text != "Scan 0" {
			t.Errorf("budget %d: the root is gone", budget)
		}
	}
}

func TestNumber(t *testing.T) {
	for f, want := range map[float64]string{0: "0", 0.04: "0", 0.5: "0.5", 9: "9", 9.97: "10", 950: "950", 9999: "9999", 9999.9: "10k", 12_345: "12k", 999_600: "1M", 3_400_000: "3.4M", 5e9: "5G", 7e12: "7T", 7e16: "70000T", -12_000: "-12k"} {
		if got := number(f); got != want {
			t.Errorf("number(%v) = %s, want %s", f, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 245_760: "246 kB", 1_250_000: "1.2 MB", 5e15: "5000 TB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %s, want %s", n, got, want)
		}
	}
}
