package databases

import (
	"fmt"
	"slices"
	"strings"

	"cleat/internal/sorting"
	"cleat/internal/text"
)

// What is shown of a plan.
const (
	costly      = 3   // nodes that are marked, at most
	costlyShare = 0.1 // of the whole cost, for a node to be marked
	detailWidth = 300 // characters of a node's conditions
	shortDetail = 60  // the same where it is tight
	maxIndent   = 30  // levels that are set in
)

// Text renders p: whether it ran, the advice, and the nodes as a tree, the costliest of
// them marked with their share of the whole cost:
//
//	Hash Join (o.user_id = u.id) cost 1.2k rows 340
//	  Seq Scan on orders (status = 'failed') cost 980 rows 340 ← 78 %
func (p *Plan) Text(w *text.Writer) {
	w.Say("%s", p.summary())
	for _, a := range p.Advice {
		w.Say("advice: %s", text.Line(a))
	}
	marked := p.costliest()
	var b strings.Builder
	for i, n := range p.Nodes {
		n.text(&b, slices.Contains(marked, i))
	}
	w.Quote(text.Origin{}, b.String())
	sayNotes(w, p.Notes)
}

func (p *Plan) summary() string {
	s := "estimated, not run"
	if p.Ran {
		s = "ran"
	}
	if p.Cost > 0 {
		s += ": cost " + number(p.Cost)
	}
	if p.Rows >= 0 {
		s += fmt.Sprintf(", ~%s rows", number(p.Rows))
	}
	return s
}

// costliest returns the indices of the nodes with the largest shares.
func (p *Plan) costliest() []int {
	var order []int
	for i, n := range p.Nodes {
		if n.Share >= costlyShare {
			order = append(order, i)
		}
	}
	sorting.Sort(order, func(a, b int) int {
		switch {
		case p.Nodes[a].Share > p.Nodes[b].Share:
			return -1
		case p.Nodes[a].Share < p.Nodes[b].Share:
			return 1
		}
		return 0
	})
	return order[:min(len(order), costly)]
}

func (n *Node) text(b *strings.Builder, mark bool) {
	b.WriteString(strings.Repeat("  ", min(max(n.Depth, 0), maxIndent)))
	b.WriteString(text.Line(n.Text))
	if n.Detail != "" {
		head, left := clip(n.Detail, detailWidth)
		b.WriteString(" (" + text.Line(head))
		if left > 0 {
			fmt.Fprintf(b, "…(+%d)", left)
		}
		b.WriteByte(')')
	}
	if n.Cost > 0 {
		b.WriteString(" cost " + number(n.Cost))
	}
	if n.Rows >= 0 {
		b.WriteString(" rows " + number(n.Rows))
	}
	if n.Millis > 0 {
		b.WriteString(" " + number(n.Millis) + " ms")
	}
	if mark {
		fmt.Fprintf(b, " ← %.0f %%", 100*n.Share)
	}
	b.WriteByte('\n')
}

// Shrink implements text.Shrinker: conditions are clipped, then left out, then the nodes
// that lie deepest; one node stays.
func (p *Plan) Shrink(keep float64) bool {
	cut := false
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if head, left := clip(n.Detail, shortDetail); left > 0 && !looksClipped(n.Detail) {
			n.Detail, cut = fmt.Sprintf("%s…(+%d)", head, left), true
		}
	}
	if cut {
		p.fitted("long conditions are clipped")
		return true
	}
	if slices.ContainsFunc(p.Nodes, func(n Node) bool { return n.Detail != "" }) {
		for i := range p.Nodes {
			p.Nodes[i].Detail = ""
		}
		p.fitted("conditions are left out")
		return true
	}
	if len(p.Nodes) <= 1 {
		return false
	}
	dropped := p.dropped()
	left := max(1, min(int(float64(len(p.Nodes))*keep*0.95), len(p.Nodes)-1))
	for len(p.Nodes) > left {
		deepest := 0
		for _, n := range p.Nodes {
			deepest = max(deepest, n.Depth)
		}
		// Of the deepest, the cheap ones go first.
		least := -1
		for i, n := range p.Nodes {
			if n.Depth == deepest && (least < 0 || n.Share <= p.Nodes[least].Share) {
				least = i
			}
		}
		p.Nodes = slices.Delete(p.Nodes, least, least+1)
		dropped++
	}
	p.fitted(fmt.Sprintf("%d of %d nodes, the deepest, and conditions are left out: explain a part of the statement", dropped, dropped+len(p.Nodes)))
	return true
}

// fitted says what was done to fit, instead of what was said before.
func (p *Plan) fitted(what string) { p.Notes = replaceFit(p.Notes, what) }

// dropped is how many nodes were left out so far.
func (p *Plan) dropped() int {
	n := 0
	for _, note := range p.Notes {
		if rest, ok := strings.CutPrefix(note, fitMark); ok {
			if _, err := fmt.Sscanf(rest, "%d of", &n); err != nil {
				return 0
			}
		}
	}
	return n
}

// replaceFit puts what was done to fit a budget into notes, in the place of what was said
// of that before.
func replaceFit(notes []string, what string) []string {
	notes = slices.DeleteFunc(slices.Clone(notes), func(n string) bool { return strings.HasPrefix(n, fitMark) })
	return append(notes, fitMark+what)
}
