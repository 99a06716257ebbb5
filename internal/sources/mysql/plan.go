package mysql

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

const (
	manyRows  = 1000 // from which on it is worth a word that they are all read or sorted
	mostNodes = 500
	planDepth = 200
)

// A tree is a value of JSON whose members keep their order.
type tree struct {
	text    string // of a string, a number or a boolean
	names   []string
	members []tree // of an object, and the elements of a list
}

// get returns a member of an object, empty if there is none.
func (t tree) get(names ...string) tree {
	for _, name := range names {
		if i := slices.Index(t.names, name); i >= 0 {
			return t.members[i]
		}
	}
	return tree{}
}

// number returns a member that is a number, or none.
func (t tree) number(none float64, names ...string) float64 {
	if f, err := strconv.ParseFloat(t.get(names...).text, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return f
	}
	return none
}

// join returns the texts of a list.
func (t tree) join() string {
	var out []string
	for _, m := range t.members {
		out = append(out, m.text)
	}
	return strings.Join(out, ", ")
}

var errPlan = errors.New("no plan")

func readTree(d *json.Decoder, depth int) (tree, error) {
	if depth > planDepth {
		return tree{}, errPlan
	}
	tok, err := d.Token()
	if err != nil {
		return tree{}, err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		if tok == nil {
			return tree{}, nil
		}
		return tree{text: fmt.Sprint(tok)}, nil
	}
	var t tree
	for d.More() {
		if delim == '{' {
			name, err := d.Token()
			if err != nil {
				return tree{}, err
			}
			t.names = append(t.names, fmt.Sprint(name))
		}
		m, err := readTree(d, depth+1)
		if err != nil {
			return tree{}, err
		}
		t.members = append(t.members, m)
	}
	_, err = d.Token()
	return t, err
}

// A planner makes a plan of what the server says.
type planner struct {
	plan   *databases.Plan
	hide   bool // values in conditions may be those of masked columns
	sorted float64
}

// parsePlan reads the plan that EXPLAIN FORMAT=JSON of either server, MariaDB's ANALYZE
// FORMAT=JSON or MySQL's EXPLAIN ANALYZE returned. hide leaves values out.
func parsePlan(text string, hide bool) (*databases.Plan, error) {
	p := &planner{plan: &databases.Plan{Rows: -1, Nodes: []databases.Node{}, Advice: []string{}}, hide: hide}
	if strings.HasPrefix(strings.TrimSpace(text), "->") {
		p.lines(text)
		return p.plan, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	root, err := readTree(d, 0)
	if err != nil {
		return nil, fail.Errorf(fail.Unsupported, "the server's plan cannot be read")
	}
	block := root.get("query_block")
	p.plan.Cost = max(block.get("cost_info").number(0, "query_cost"), block.number(0, "cost"))
	p.walk(root, 0)
	p.shares()
	return p.plan, nil
}

// walk adds the nodes of a tree, depth first.
func (p *planner) walk(t tree, depth int) {
	if len(t.names) == 0 {
		for _, m := range t.members {
			p.walk(m, depth)
		}
		return
	}
	for i, name := range t.names {
		m := t.members[i]
		node, below := databases.Node{Depth: depth, Rows: -1}, depth+1
		switch name {
		case "table":
			p.table(m, depth)
			continue
		case "filesort":
			node.Text, node.Detail = "Sort", p.condition(m.get("sort_key").text)
			node.Millis = m.number(0, "r_total_time_ms")
			p.sort(m)
		case "ordering_operation", "grouping_operation", "duplicates_removal", "windowing":
			if m.get("using_filesort").text != "true" && m.get("using_temporary_table").text != "true" {
				below = depth
				break
			}
			node.Text = map[string]string{"ordering_operation": "Sort", "grouping_operation": "Group", "duplicates_removal": "Remove duplicates", "windowing": "Window"}[name]
			if m.get("using_filesort").text == "true" {
				p.sort(m)
			}
		case "temporary_table":
			node.Text = "Temporary table"
		case "block-nl-join":
			node.Text, node.Detail = "Join by buffer", p.condition(m.get("attached_condition").text)
			if kind := m.get("join_type").text; kind == "BNLH" || kind == "BKAH" {
				node.Text = "Hash join"
			}
		case "union_result":
			node.Text = "Union"
		case "recursive_union":
			node.Text = "Recursive union"
		case "window_functions_computation":
			node.Text = "Window functions"
		case "materialized", "materialized_from_subquery":
			node.Text = "Materialize"
		case "subqueries", "attached_subqueries", "select_list_subqueries", "optimized_away_subqueries", "having_subqueries", "order_by_subqueries", "group_by_subqueries":
			if len(m.members) == 0 {
				continue
			}
			node.Text = "Subquery"
		case "query_block":
			if msg := m.get("message").text + m.get("table").get("message").text; msg != "" {
				node.Text = "No table is read"
				node.Detail = p.condition(msg)
			} else {
				below = depth
			}
		default:
			below = depth
		}
		if node.Text != "" {
			p.add(node)
		}
		p.walk(m, below)
	}
}

func (p *planner) add(n databases.Node) {
	if len(p.plan.Nodes) < mostNodes {
		p.plan.Nodes = append(p.plan.Nodes, n)
	}
}

// table adds the node of a table.
func (p *planner) table(t tree, depth int) {
	name := line(t.get("table_name").text)
	if name == "" {
		p.walk(t, depth)
		return
	}
	n := databases.Node{Depth: depth, Rows: t.number(-1, "rows", "rows_examined_per_scan"),
		Cost:   max(t.get("cost_info").number(0, "prefix_cost"), t.number(0, "cost")),
		Millis: t.number(0, "r_total_time_ms") + t.number(0, "r_table_time_ms") + t.number(0, "r_other_time_ms")}
	if r := t.number(-1, "r_rows"); r >= 0 {
		n.Rows = r
	}
	key := line(t.get("key").text)
	access := t.get("access_type").text
	switch strings.ToLower(access) {
	case "all":
		n.Text = "Full scan of " + name
	case "index":
		n.Text = "Full scan of the index " + key + " of " + name
	case "range", "index_merge":
		n.Text = "Range of " + name + " by " + key
	case "ref", "ref_or_null", "index_subquery", "fulltext":
		n.Text = "Lookup in " + name + " by " + key
	case "eq_ref", "unique_subquery":
		n.Text = "One row of " + name + " by " + key
	case "const", "system":
		n.Text = "Constant row of " + name
	default:
		n.Text = strings.TrimSpace(line(access) + " " + name)
	}
	var detail []string
	for _, part := range []string{"index_condition", "attached_condition"} {
		if c := p.condition(t.get(part).text); c != "" {
			detail = append(detail, c)
		}
	}
	if ref := t.get("ref").join(); ref != "" && ref != "const" {
		detail = append(detail, "with "+p.condition(ref))
	}
	n.Detail = strings.Join(detail, "; ")
	p.add(n)
	p.expect(t)
	p.adviseTable(t, name, access)
	for i, m := range t.names {
		switch m {
		case "materialized", "materialized_from_subquery", "attached_subqueries", "subqueries", "query_block":
			p.walk(tree{names: []string{m}, members: []tree{t.members[i]}}, depth+1)
		}
	}
}

// expect multiplies the rows of the tables that are joined, which is what the server expects
// before it groups.
func (p *planner) expect(t tree) {
	rows := t.number(-1, "rows", "rows_produced_per_join", "rows_examined_per_scan")
	if rows < 0 {
		return
	}
	rows *= t.number(100, "filtered") / 100
	if p.plan.Rows < 0 {
		p.plan.Rows = rows
	} else {
		p.plan.Rows *= rows
	}
	p.plan.Rows = math.Round(p.plan.Rows*100) / 100
}

// adviseTable says what an index could spare.
func (p *planner) adviseTable(t tree, name, access string) {
	rows := max(t.number(0, "rows", "rows_examined_per_scan"), t.number(0, "r_rows"))
	p.sorted = max(p.sorted, rows)
	condition := t.get("attached_condition").text
	if rows < manyRows || !strings.EqualFold(access, "ALL") || condition == "" || strings.HasPrefix(name, "<") {
		return
	}
	advice := fmt.Sprintf("%s is read in full (about %.0f rows) to find %s", name, rows, p.condition(condition))
	if columns := conditionColumns(condition, name); len(columns) > 0 {
		advice += fmt.Sprintf("; an index on %s (%s) may help", name, strings.Join(columns, ", "))
	}
	p.advise(advice)
}

func (p *planner) advise(s string) {
	if len(p.plan.Advice) < 10 && !slices.Contains(p.plan.Advice, s) {
		p.plan.Advice = append(p.plan.Advice, s)
	}
}

// sort says that rows are sorted, where they are many.
func (p *planner) sort(t tree) {
	below := &planner{plan: &databases.Plan{}}
	below.walk(t, 0)
	if below.sorted < manyRows {
		return
	}
	key := p.condition(t.get("sort_key").text)
	if key == "" {
		p.advise(fmt.Sprintf("about %.0f rows are sorted; an index in that order would spare it", below.sorted))
		return
	}
	p.advise(fmt.Sprintf("about %.0f rows are sorted by %s; an index in that order would spare it", below.sorted, key))
}

// condition is the text of a condition, without its values if they have to be hidden.
func (p *planner) condition(s string) string {
	if s == "" {
		return ""
	}
	if !p.hide {
		return line(s)
	}
	tokens, err := sqltext.Tokens(sqltext.MySQL, s)
	if err != nil {
		return ""
	}
	var b strings.Builder
	at := 0
	for _, t := range tokens {
		if t.Kind == sqltext.Word || t.Kind == sqltext.Quoted || t.Kind == sqltext.Op {
			continue
		}
		b.WriteString(s[at:t.Start])
		b.WriteString("?")
		at = t.End
	}
	b.WriteString(s[at:])
	return line(b.String())
}

// conditionColumns returns the columns of a table that a condition names, those that are
// compared with = first.
func conditionColumns(condition, table string) []string {
	tokens, err := sqltext.Tokens(sqltext.MySQL, condition)
	if err != nil {
		return nil
	}
	st := statement{tokens: tokens}
	var equal, other []string
	for i := range tokens {
		if !st.name(i) || !st.op(i+1, ".") || !st.name(i+2) || !strings.EqualFold(st.at(i).Text, table) || st.op(i+3, ".") {
			continue
		}
		column := st.at(i + 2).Text
		if slices.Contains(equal, column) || slices.Contains(other, column) {
			continue
		}
		if st.op(i+3, "=", "<=>") || st.word(i+3, "in") {
			equal = append(equal, column)
		} else {
			other = append(other, column)
		}
	}
	out := append(equal, other...)
	return out[:min(len(out), 4)]
}

// shares computes how much of the cost each node adds, where the server tells costs that
// grow from one table to the next.
func (p *planner) shares() {
	if p.plan.Cost <= 0 {
		return
	}
	last := 0.0
	for i := range p.plan.Nodes {
		n := &p.plan.Nodes[i]
		if n.Cost > last {
			n.Share = min(1, (n.Cost-last)/p.plan.Cost)
			last = n.Cost
		}
	}
}

// lines reads the text that MySQL's EXPLAIN ANALYZE returns, a node a line, indented by
// what is below what: "-> Filter: … (cost=0.35 rows=1) (actual time=0.02..0.03 rows=1 loops=1)".
func (p *planner) lines(text string) {
	for l := range strings.Lines(text) {
		body := strings.TrimLeft(l, " ")
		rest, ok := strings.CutPrefix(body, "->")
		if !ok {
			continue
		}
		n := databases.Node{Depth: (len(l) - len(body)) / 4, Rows: -1}
		rest = strings.TrimSpace(rest)
		for {
			i := strings.LastIndex(rest, "(")
			if i < 0 || !strings.HasPrefix(rest[i:], "(cost=") && !strings.HasPrefix(rest[i:], "(actual ") && !strings.HasPrefix(rest[i:], "(never") {
				break
			}
			for field := range strings.FieldsSeq(strings.Trim(rest[i:], "()")) {
				name, value, _ := strings.Cut(field, "=")
				first, last, ranged := strings.Cut(value, "..")
				if !ranged {
					last = first
				}
				f, err := strconv.ParseFloat(last, 64)
				switch {
				case err != nil:
				case name == "cost":
					n.Cost = f
				case name == "rows" && n.Rows < 0: // the actual ones are read first
					n.Rows = f
				case name == "time":
					n.Millis = f
				}
			}
			rest = strings.TrimSpace(rest[:i])
		}
		what, detail, _ := strings.Cut(rest, ": ")
		n.Text, n.Detail = line(what), p.condition(detail)
		p.add(n)
		if len(p.plan.Nodes) == 1 {
			p.plan.Cost, p.plan.Rows = n.Cost, n.Rows
		}
	}
}
