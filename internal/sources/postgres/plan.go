package postgres

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// A node is a step of a plan as EXPLAIN (FORMAT JSON) tells it.
type node struct {
	kind     string // such as "Seq Scan"
	relation string
	schema   string
	alias    string
	parent   string              // how it serves the node above: "Outer", "InitPlan", …
	output   []string            // expressions; with VERBOSE
	texts    map[string][]string // all other texts that hold expressions, by key
	names    map[string]string   // texts that hold none
	numbers  map[string]float64
	plans    []*node
}

// parsePlan reads the one row of EXPLAIN (FORMAT JSON).
func parsePlan(rows [][]string) (*node, error) {
	if len(rows) != 1 || len(rows[0]) != 1 {
		return nil, errors.New("the server sent no plan")
	}
	var plans []struct{ Plan *node }
	if err := json.Unmarshal([]byte(rows[0][0]), &plans); err != nil {
		return nil, err
	}
	if len(plans) != 1 || plans[0].Plan == nil {
		// A rule of the database made several statements of the one.
		return nil, fail.Errorf(fail.Denied, "the statement is not one statement for the server, because of a rule on its table")
	}
	return plans[0].Plan, nil
}

// plainKeys are the keys of a plan whose texts are no expressions.
func plainKeys() []string {
	return []string{"CTE Name", "Command", "Custom Plan Provider", "Function Name", "Index Name", "Join Type", "Operation", "Parent Relationship",
		"Partial Mode", "Sampling Method", "Scan Direction", "Strategy", "Subplan Name", "Table Function Name", "Tuplestore Name"}
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *node) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	n.texts, n.names, n.numbers = make(map[string][]string), make(map[string]string), make(map[string]float64)
	for key, raw := range fields {
		var err error
		switch key {
		case "Node Type":
			err = json.Unmarshal(raw, &n.kind)
		case "Relation Name":
			err = json.Unmarshal(raw, &n.relation)
		case "Schema":
			err = json.Unmarshal(raw, &n.schema)
		case "Alias":
			err = json.Unmarshal(raw, &n.alias)
		case "Output":
			err = json.Unmarshal(raw, &n.output)
		case "Plans":
			err = json.Unmarshal(raw, &n.plans)
		default:
			var v any
			if err = json.Unmarshal(raw, &v); err != nil {
				break
			}
			switch v := v.(type) {
			case float64:
				n.numbers[key] = v
			case string:
				if _, plain := slices.BinarySearch(plainKeys(), key); plain {
					n.names[key] = v
					break
				}
				n.texts[key] = []string{v}
			default:
				n.texts[key] = inside(v)
			}
		}
		if err != nil {
			return err
		}
	}
	n.parent = n.names["Parent Relationship"]
	return nil
}

// inside returns all texts inside a JSON value.
func inside(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, inside(e)...)
		}
		return out
	case map[string]any:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out = append(out, inside(v[k])...)
		}
		return out
	}
	return nil
}

// walk calls f for n and all nodes below it.
func (n *node) walk(f func(*node)) {
	f(n)
	for _, p := range n.plans {
		p.walk(f)
	}
}

// A ref is a column in an expression of a plan: its column is "*" for a whole row. The
// server leaves the alias out where there is but one table.
type ref struct{ alias, column string }

// refs returns what may be columns in an expression, and whether it is nothing but one.
func refs(expr string) (found []ref, bare bool, err error) {
	tokens, err := sqltext.Tokens(sqltext.PostgreSQL, expr)
	if err != nil {
		return nil, false, err
	}
	name := func(i int) bool {
		return i >= 0 && i < len(tokens) && (tokens[i].Kind == sqltext.Word || tokens[i].Kind == sqltext.Quoted)
	}
	op := func(i int, text string) bool {
		return i >= 0 && i < len(tokens) && tokens[i].Kind == sqltext.Op && tokens[i].Text == text
	}
	for i := range tokens {
		switch {
		case !name(i):
		case op(i+1, ".") && name(i+2):
			found = append(found, ref{tokens[i].Text, tokens[i+2].Text})
		case op(i+1, ".") && i+2 < len(tokens) && tokens[i+2].Kind == sqltext.Op && strings.HasPrefix(tokens[i+2].Text, "*"):
			found = append(found, ref{tokens[i].Text, "*"})
		case !op(i-1, ".") && !op(i-1, "::") && !op(i+1, "("):
			found = append(found, ref{"", tokens[i].Text})
		}
	}
	if len(found) == 1 && found[0].column != "*" {
		bare = len(tokens) == 1 || len(tokens) == 3 && found[0].alias != ""
	}
	return found, bare, nil
}

// A lineage knows which names in a plan mean masked columns.
type lineage struct {
	tables map[string]*relation      // by alias: scans of tables
	others map[string]bool           // aliases of what is no table
	any    map[string]databases.Mask // masked columns of all tables: an alias that no scan has is that of a table with partitions
	single bool                      // there is at most one scan, so that columns may have no alias
}

func newLineage(t *touched, root *node) *lineage {
	l := &lineage{tables: make(map[string]*relation), others: make(map[string]bool), any: make(map[string]databases.Mask)}
	byName := make(map[[2]string]*relation)
	for _, r := range t.relations {
		byName[[2]string{r.schema, r.name}] = r
		for column, m := range r.masks {
			l.any[column] = databases.Stricter(l.any[column], m)
		}
	}
	root.walk(func(n *node) {
		if n.alias == "" {
			return
		}
		if r := byName[[2]string{n.schema, n.relation}]; r != nil {
			l.tables[n.alias] = r
		} else if n.relation == "" {
			l.others[n.alias] = true
		}
	})
	l.single = len(l.tables)+len(l.others) <= 1
	return l
}

// mask returns what is done to a column that a plan names, and its name for a reader.
func (l *lineage) mask(r ref) (databases.Mask, string) {
	masks := l.any
	table := r.alias
	if l.others[r.alias] || r.alias == "" && !l.single {
		return databases.NoMask, ""
	}
	if r.alias == "" {
		for _, t := range l.tables {
			r.alias = t.name
			masks, table = t.masks, t.address()
		}
	}
	if t := l.tables[r.alias]; t != nil {
		masks, table = t.masks, t.address()
	}
	if r.column != "*" {
		return masks[r.column], table + "." + r.column
	}
	for _, column := range slices.Sorted(maps.Keys(masks)) {
		return databases.Deny, table + "." + column // the whole row holds it
	}
	return databases.NoMask, ""
}

// origin returns the table and column that a column of a plan's result is plainly, nil if
// it is none.
func (l *lineage) origin(root *node, i int) (*relation, string) {
	if i >= len(root.output) {
		return nil, ""
	}
	found, bare, err := refs(root.output[i])
	if err != nil || !bare {
		return nil, ""
	}
	if found[0].alias == "" && l.single {
		for _, t := range l.tables {
			return t, found[0].column
		}
	}
	return l.tables[found[0].alias], found[0].column
}

// maskedUse is the error for a masked column that is used otherwise than plainly.
func maskedUse(column string) error {
	return fail.Errorf(fail.Denied, "%s is masked: select it plainly, without an expression, condition or order", column).
		Because("an answer that depends on its value would tell it").Then("name it in the outermost list of columns, or leave it out")
}

// follow returns the masks of what a node hands up.
func (l *lineage) follow(n *node) (map[int]databases.Mask, error) {
	if !known(n.kind) {
		return nil, fail.Errorf(fail.Denied, "the plan has a step %q, through which masked columns cannot be followed", clip(n.kind)).
			Then("leave the tables with masked columns out")
	}
	for _, key := range slices.Sorted(maps.Keys(n.texts)) {
		for _, expr := range n.texts[key] {
			if err := l.clean(expr); err != nil {
				return nil, err
			}
		}
	}
	carried := make(map[int]databases.Mask)
	for i, expr := range n.output {
		found, bare, err := refs(expr)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			m, column := l.mask(r)
			if m == databases.NoMask {
				continue
			}
			if !bare {
				return nil, maskedUse(column)
			}
			carried[i] = m
		}
	}
	// The output of an Append is that of its members; what is above it names the first.
	var member *node
	for _, p := range n.plans {
		below, err := l.follow(p)
		switch {
		case err != nil:
			return nil, err
		case p.parent == "Member" && (n.kind == "Append" || n.kind == "Merge Append"):
			if member == nil {
				member, carried, n.output = p, below, p.output
			}
			if !maps.Equal(below, carried) || len(p.output) != len(n.output) {
				if len(below) == 0 {
					p, below = member, carried
				}
				return nil, l.hidden(p, below)
			}
		case len(below) > 0 && (boundary(n.kind) || p.parent == "Subquery" || p.parent == "InitPlan" || p.parent == "SubPlan"):
			return nil, l.hidden(p, below)
		}
	}
	return carried, nil
}

// clean refuses an expression with a masked column.
func (l *lineage) clean(expr string) error {
	found, _, err := refs(expr)
	if err != nil {
		return err
	}
	for _, r := range found {
		if m, column := l.mask(r); m != databases.NoMask {
			return maskedUse(column)
		}
	}
	return nil
}

// hidden is the error for a masked column that passes to where it has another name.
func (l *lineage) hidden(n *node, carried map[int]databases.Mask) error {
	column := "a column"
	for i := range carried {
		if i < len(n.output) {
			if found, _, err := refs(n.output[i]); err == nil && len(found) > 0 {
				_, column = l.mask(found[0])
			}
		}
	}
	return fail.Errorf(fail.Denied, "%s is masked: select it plainly, not in a subquery, CTE or set operation that the server computes on its own", column).
		Because("it could not be told apart in the answer").Then("name it in the outermost list of columns, or leave it out")
}

// boundary reports whether a node gives new names to what it gets, or compares it.
func boundary(kind string) bool {
	switch kind {
	case "SetOp", "Recursive Union", "ModifyTable", "Subquery Scan", "CTE Scan", "Function Scan", "Table Function Scan", "WorkTable Scan", "Append", "Merge Append":
		return true
	}
	return false
}

// known reports whether masks can be followed through a kind of node.
func known(kind string) bool {
	switch kind {
	case "Aggregate", "Append", "CTE Scan", "Function Scan", "Gather", "Gather Merge", "Group", "Hash", "Hash Join", "Incremental Sort", "Limit", "LockRows",
		"Materialize", "Memoize", "Merge Append", "Merge Join", "ModifyTable", "Nested Loop", "ProjectSet", "Recursive Union", "Result", "Sample Scan",
		"Seq Scan", "SetOp", "Sort", "Subquery Scan", "Table Function Scan", "Tid Scan", "Tid Range Scan", "Unique", "Values Scan", "WindowAgg",
		"WorkTable Scan", "Foreign Scan", "Named Tuplestore Scan":
		return true
	}
	return false
}
