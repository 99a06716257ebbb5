package tracker

import (
	"fmt"
	"slices"

	"cleat/internal/fail"
)

// checkCycles fails where the links of a kind make a cycle. It takes tickets away that
// nothing leads to, until there are none of those.
func (c *conn) checkCycles(kind string) error {
	out, in := map[int64][]int64{}, map[int64]int{}
	err := c.each(`SELECT source, target FROM links WHERE kind=?`, func(r row) error {
		from, to := r.int(0), r.int(1)
		out[from] = append(out[from], to)
		in[to]++
		in[from] += 0
		return nil
	}, str(kind))
	if err != nil {
		return err
	}
	var free []int64
	for id, n := range in {
		if n == 0 {
			free = append(free, id)
		}
	}
	for len(free) > 0 {
		id := free[len(free)-1]
		free = free[:len(free)-1]
		delete(in, id)
		for _, to := range out[id] {
			if in[to]--; in[to] == 0 {
				free = append(free, to)
			}
		}
	}
	for _, n := range in {
		if n > 0 {
			return c.named(kind, in, out)
		}
	}
	return nil
}

// named is the error for the tickets that are left: at least one cycle goes through them.
func (c *conn) named(kind string, in map[int64]int, out map[int64][]int64) error {
	var some []string
	for id := range in {
		if len(some) == 5 {
			break
		}
		if len(out[id]) == 0 {
			continue
		}
		if err := c.each(`SELECT key FROM tickets WHERE id=?`, func(r row) error { some = append(some, r.text(0)); return nil }, num(id)); err != nil {
			return err
		}
	}
	slices.Sort(some)
	return fail.Errorf(fail.Invalid, "the links of the kind %s would make a cycle", kind).Because("%s", fmt.Sprintf("among others, through %v", some)).
		Then("take one of these links away; nothing was imported")
}
