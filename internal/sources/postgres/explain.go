package postgres

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/sorting"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// Explain implements databases.DB.
func (s *Source) Explain(ctx context.Context, q databases.Query) (*databases.Plan, error) {
	st, err := read(q)
	if err != nil {
		return nil, err
	}
	if err := s.closed(st.tokens); err != nil {
		return nil, err
	}
	began := time.Now()
	ctx, cancel, d := s.limit(ctx)
	defer cancel()
	var out *databases.Plan
	err = s.with(ctx, func(c *conn) error {
		return s.guarding(ctx, c, st, func() (err error) {
			out, err = s.planOf(ctx, c, st, d)
			return err
		})
	})
	if err != nil {
		return nil, s.explain(ctx, st, err, began)
	}
	return out, nil
}

func (s *Source) planOf(ctx context.Context, c *conn, st *statement, d time.Duration) (*databases.Plan, error) {
	guard, err := s.guard(st)
	if err != nil {
		return nil, err
	}
	group := append(s.begin(d), guard)
	if s.strict() {
		if _, err := s.inspect(ctx, c, group, st, declare); err != nil {
			return nil, err
		}
		group = nil
	}
	options := "VERBOSE, FORMAT JSON"
	if s.rules.Analyze {
		options = "ANALYZE, BUFFERS, " + options
	}
	var rows [][]string
	run := step{sql: "EXPLAIN (" + options + ") " + declare + st.sql, args: st.args, rows: text(&rows)}
	if err := c.run(ctx, append(group, run)); err != nil {
		return nil, err
	}
	root, err := parsePlan(rows)
	if err != nil {
		return nil, err
	}
	out := &databases.Plan{Cost: root.numbers["Total Cost"], Rows: root.numbers["Plan Rows"], Ran: s.rules.Analyze, Advice: []string{}}
	list(out, root, 0)
	out.Advice = append(out.Advice, costly(out)...)
	if err := s.indexes(ctx, c, st, root, out); err != nil {
		return nil, err
	}
	return out, c.run(ctx, c.leave()...)
}

// list appends the node and those below it.
func list(out *databases.Plan, n *node, depth int) {
	own := n.numbers["Total Cost"]
	for _, p := range n.plans {
		own -= p.numbers["Total Cost"]
	}
	node := databases.Node{Depth: depth, Text: title(n), Detail: detail(n), Cost: n.numbers["Total Cost"], Rows: n.numbers["Plan Rows"]}
	if out.Cost > 0 {
		node.Share = math.Round(min(1, max(0, own/out.Cost))*1000) / 1000
	}
	if out.Ran {
		loops := max(1, n.numbers["Actual Loops"])
		node.Millis = n.numbers["Actual Total Time"] * loops
		node.Rows = n.numbers["Actual Rows"] * loops
	}
	out.Nodes = append(out.Nodes, node)
	for _, p := range n.plans {
		list(out, p, depth+1)
	}
}

// title is what a node does, as EXPLAIN writes it.
func title(n *node) string {
	kind := n.kind
	switch join := n.names["Join Type"]; {
	case kind == "Aggregate" && n.names["Strategy"] == "Hashed":
		kind = "HashAggregate"
	case kind == "Aggregate" && n.names["Strategy"] == "Sorted":
		kind = "GroupAggregate"
	case join != "" && join != "Inner" && kind == "Nested Loop":
		kind += " " + join + " Join"
	case join != "" && join != "Inner":
		kind = strings.TrimSuffix(kind, "Join") + join + " Join"
	}
	if p := n.names["Subplan Name"]; p != "" {
		kind = p + ": " + kind
	}
	if i := n.names["Index Name"]; i != "" {
		kind += " using " + i
	}
	target := cmp.Or(n.relation, n.names["CTE Name"], n.names["Function Name"])
	if target == "" {
		if n.alias != "" {
			kind += " on " + n.alias
		}
		return kind
	}
	kind += " on " + target
	if n.alias != "" && n.alias != target {
		kind += " " + n.alias
	}
	return kind
}

// detail is the conditions and keys of a node.
func detail(n *node) string {
	var out []string
	for _, key := range []string{"Index Cond", "Recheck Cond", "TID Cond", "Hash Cond", "Merge Cond", "Join Filter", "Filter", "One-Time Filter", "Group Key", "Sort Key"} {
		if v := n.texts[key]; len(v) > 0 {
			out = append(out, key+": "+strings.Join(v, ", "))
		}
	}
	return strings.Join(out, "; ")
}

// costly names the nodes that take most of the cost.
func costly(p *databases.Plan) []string {
	nodes := slices.Clone(p.Nodes)
	sorting.Sort(nodes, func(a, b databases.Node) int { return int((b.Share - a.Share) * 1000) })
	var out []string
	for _, n := range nodes[:min(2, len(nodes))] {
		if n.Share >= 0.25 && len(p.Nodes) > 1 {
			out = append(out, fmt.Sprintf("%s takes %.0f %% of the cost", n.Text, n.Share*100))
		}
	}
	return out
}

// Bounds of what is worth an index.
const (
	bigTable = 10_000 // rows
	fewRows  = 0.1    // of the table
	maxIdeas = 3
)

// An idea is an index that may help.
type idea struct {
	schema, table string
	columns       []string
}

// indexes looks for scans of big tables that keep few rows, and says which index would
// spare them. Where the extension hypopg is there, the server is asked what it would gain.
func (s *Source) indexes(ctx context.Context, c *conn, st *statement, root *node, out *databases.Plan) error {
	var scans []*node
	root.walk(func(n *node) {
		if n.kind == "Seq Scan" && len(n.texts["Filter"]) > 0 && len(scans) < maxIdeas {
			scans = append(scans, n)
		}
	})
	if len(scans) == 0 {
		return nil
	}
	var schemas, tables []string
	for _, n := range scans {
		schemas, tables = append(schemas, n.schema), append(tables, n.relation)
	}
	var sizes, hypopg [][]string
	err := c.run(ctx, []step{
		{sql: `SELECT n.nspname, c.relname, c.reltuples::pg_catalog.int8 FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.name[]), pg_catalog.unnest($2::pg_catalog.name[])) w(s, t)
JOIN pg_catalog.pg_namespace n ON n.nspname = w.s JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.t`, args: [][]byte{array(schemas), array(tables)}, rows: text(&sizes)},
		{sql: "SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'hypopg'", rows: text(&hypopg)},
	})
	if err != nil {
		return err
	}
	for _, n := range scans {
		i := slices.IndexFunc(sizes, func(r []string) bool { return r[0] == n.schema && r[1] == n.relation })
		if i < 0 {
			continue
		}
		size, err := strconv.ParseFloat(sizes[i][2], 64)
		columns := indexable(n)
		if err != nil || size < bigTable || n.numbers["Plan Rows"] > size*fewRows || len(columns) == 0 {
			continue
		}
		advice := fmt.Sprintf("an index on %s (%s) would spare reading its %.0f rows to keep about %.0f", n.relation, strings.Join(columns, ", "), size, n.numbers["Plan Rows"])
		if len(hypopg) == 1 {
			c.spoiled = true // DISCARD ALL knows nothing of such indexes
			after, err := tryIndex(ctx, c, st, hypopg[0][0], idea{n.schema, n.relation, columns})
			if err != nil {
				return err
			}
			if after < out.Cost {
				advice += fmt.Sprintf("; with it the cost would be %.0f and not %.0f", after, out.Cost)
			} else {
				advice += "; but the server would not use it as it is"
			}
		}
		out.Advice = append(out.Advice, advice)
	}
	return nil
}

// tryIndex returns the cost of the statement with an index that is not really made.
func tryIndex(ctx context.Context, c *conn, st *statement, schema string, i idea) (float64, error) {
	var quoted []string
	for _, column := range i.columns {
		quoted = append(quoted, quote(column))
	}
	create := "CREATE INDEX ON " + quote(i.schema) + "." + quote(i.table) + " (" + strings.Join(quoted, ", ") + ")"
	var rows [][]string
	err := c.run(ctx, []step{
		{sql: "SELECT " + quote(schema) + ".hypopg_create_index($1)", args: [][]byte{[]byte(create)}},
		{sql: explainPlain + declare + st.sql, args: st.args, rows: text(&rows)},
		{sql: "SELECT " + quote(schema) + ".hypopg_reset()"},
	})
	if err != nil {
		return 0, err
	}
	root, err := parsePlan(rows)
	if err != nil {
		return 0, err
	}
	return root.numbers["Total Cost"], nil
}

// indexable returns the columns of a scan's filter in the order of an index: those that
// are compared with =, then one of the others.
func indexable(n *node) []string {
	var equal, other []string
	for _, filter := range n.texts["Filter"] {
		tokens, err := sqltext.Tokens(sqltext.PostgreSQL, filter)
		if err != nil {
			return nil
		}
		for i := 0; i+2 < len(tokens); i++ {
			if tokens[i].Text != n.alias || tokens[i+1].Text != "." || tokens[i+1].Kind != sqltext.Op {
				continue
			}
			column := tokens[i+2].Text
			op := ""
			for j := i + 3; j < len(tokens) && op == ""; j++ {
				switch {
				case tokens[j].Kind == sqltext.Op && (tokens[j].Text == ")" || tokens[j].Text == "::"):
				case tokens[j].Kind == sqltext.Op:
					op = tokens[j].Text
				case tokens[j-1].Text != "::":
					op = tokens[j].Text
				}
			}
			if i > 1 && tokens[i-1].Text == "(" && tokens[i-2].Kind == sqltext.Word && tokens[i-2].Text != "and" && tokens[i-2].Text != "or" && tokens[i-2].Text != "not" {
				continue // an argument of a function
			}
			switch {
			case slices.Contains(equal, column):
			case op == "=":
				equal = append(equal, column)
			case strings.Contains(" < > <= >= ", " "+op+" "):
				other = append(other, column)
			}
		}
		if slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Kind == sqltext.Word && t.Text == "or" }) {
			return nil // no single index serves both sides
		}
	}
	for _, o := range other {
		if !slices.Contains(equal, o) {
			return append(equal, o)
		}
	}
	return equal
}
