package postgres

import (
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// A relation is a table or a view that a statement touches: the planner holds a lock on
// it, also on what is below views and on what it found to be of no use.
type relation struct {
	oid, schema, name, kind string
	visible                 bool // a bare name means it
	masks                   map[string]databases.Mask
}

func (r *relation) address() string { return address(r.schema, r.name, r.visible) }

// A touched is all that is known of what a statement touches.
type touched struct {
	relations map[string]*relation // locked ones, by oid
	tops      map[string][]string  // by oid, the roots of the inheritance it is in
	members   map[string][][]string
	below     map[string][]dependency // by oid of a view: what its definition reads
	views     map[string]string       // by oid, the definition
	columns   map[string][]string     // by oid of a view, its columns in order
	attnum    map[string]databases.Mask
}

// A dependency is a relation, and a column of it ("" for the whole), that a view reads.
type dependency struct{ oid, schema, name, column string }

// lockedSQL is the relations of this database that the transaction holds locks on.
const lockedSQL = `locked AS (
	SELECT DISTINCT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.pg_table_is_visible(c.oid) AS visible
	FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND c.relkind NOT IN ('i', 'I')
		AND l.database IN (0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
)`

// namedSQL is the relations with a name that the parameter lists, in the place of those
// that are locked.
const namedSQL = `locked AS (
	SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.pg_table_is_visible(c.oid) AS visible
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.relname = ANY ($1::pg_catalog.name[]) AND c.relkind NOT IN ('i', 'I')
)`

// touch returns the steps that find out all about the relations that a subquery, lockedSQL
// or namedSQL, lists.
func touch(lockedSQL string, rows *touchedRows, args ...[]byte) []step {
	const own = `n.nspname NOT IN ('pg_catalog', 'pg_toast')`
	steps := []step{
		{sql: "WITH " + lockedSQL + " SELECT l.oid, l.nspname, l.relname, l.relkind, l.visible FROM locked l", rows: text(&rows.locked)},
		// The trees of inheritance and partitions, with their columns.
		{sql: "WITH RECURSIVE " + lockedSQL + `, up(root, oid) AS (
	SELECT n.oid, n.oid FROM locked n WHERE ` + own + `
	UNION SELECT up.root, i.inhparent FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.oid
) SELECT up.root, up.oid FROM up WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = up.oid)`, rows: text(&rows.tops)},
		{sql: "WITH RECURSIVE " + lockedSQL + `, up(oid) AS (
	SELECT n.oid FROM locked n WHERE ` + own + `
	UNION SELECT i.inhparent FROM up JOIN pg_catalog.pg_inherits i ON i.inhrelid = up.oid
), down(top, oid) AS (
	SELECT up.oid, up.oid FROM up WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = up.oid)
	UNION SELECT down.top, i.inhrelid FROM down JOIN pg_catalog.pg_inherits i ON i.inhparent = down.oid
) SELECT down.top, c.oid, n.nspname, c.relname, a.attname, a.attnum,
	CASE WHEN a.attgenerated <> '' THEN (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END
FROM down JOIN pg_catalog.pg_class c ON c.oid = down.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY down.top, c.oid, a.attnum`, rows: text(&rows.columns)},
		// What views read; what is below a materialized view is not locked.
		{sql: "WITH RECURSIVE " + lockedSQL + `, views(oid) AS (
	SELECT n.oid FROM locked n WHERE n.relkind IN ('v', 'm') AND ` + own + `
	UNION SELECT d.refobjid FROM views v JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
	JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
	JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm')
) SELECT DISTINCT r.ev_class, c.oid, n.nspname, c.relname, a.attname
FROM views v JOIN pg_catalog.pg_rewrite r ON r.ev_class = v.oid
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class
JOIN pg_catalog.pg_class c ON c.oid = d.refobjid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0`, rows: text(&rows.below)},
		{sql: "WITH " + lockedSQL + ` SELECT n.oid, pg_catalog.pg_get_viewdef(n.oid) FROM locked n WHERE n.relkind = 'v' AND ` + own, rows: text(&rows.views)},
	}
	for i := range steps {
		steps[i].args = args
	}
	return steps
}

// touchedRows are the answers to touch's steps.
type touchedRows struct{ locked, tops, columns, below, views [][]string }

// gather makes a touched of the rows, with the masks of every relation.
func (s *Source) gather(rows *touchedRows) *touched {
	t := &touched{relations: make(map[string]*relation), tops: make(map[string][]string), members: make(map[string][][]string),
		below: make(map[string][]dependency), views: make(map[string]string), columns: make(map[string][]string), attnum: make(map[string]databases.Mask)}
	for _, r := range rows.locked {
		t.relations[r[0]] = &relation{oid: r[0], schema: r[1], name: r[2], kind: r[3], visible: r[4] == "t", masks: make(map[string]databases.Mask)}
	}
	for _, r := range rows.tops {
		t.tops[r[0]] = append(t.tops[r[0]], r[1])
	}
	masks := make(map[string]map[string]databases.Mask) // by top
	mask := func(top, column string, m databases.Mask) {
		if m == databases.NoMask {
			return
		}
		if masks[top] == nil {
			masks[top] = make(map[string]databases.Mask)
		}
		masks[top][column] = databases.Stricter(masks[top][column], m)
	}
	for _, r := range rows.columns {
		t.members[r[0]] = append(t.members[r[0]], r)
		t.columns[r[1]] = append(t.columns[r[1]], r[4])
		mask(r[0], r[4], s.rules.Mask(r[2], r[3], r[4]))
	}
	// A column that is computed of a masked one is masked like it.
	for _, r := range rows.columns {
		for _, word := range words(r[6]) {
			mask(r[0], r[4], masks[r[0]][word])
		}
	}
	for oid, rel := range t.relations {
		for _, top := range t.tops[oid] {
			for column, m := range masks[top] {
				if slices.Contains(t.columns[oid], column) {
					rel.masks[column] = databases.Stricter(rel.masks[column], m)
				}
			}
		}
	}
	for _, r := range rows.columns {
		if rel := t.relations[r[1]]; rel != nil {
			t.attnum[r[1]+" "+r[5]] = rel.masks[r[4]]
		}
	}
	for _, r := range rows.below {
		t.below[r[0]] = append(t.below[r[0]], dependency{r[1], r[2], r[3], r[4]})
	}
	for _, r := range rows.views {
		t.views[r[0]] = r[1]
	}
	return t
}

// words returns the names in an expression of the server's.
func words(expr string) []string {
	if expr == "" {
		return nil
	}
	tokens, err := sqltext.Tokens(sqltext.PostgreSQL, expr)
	if err != nil {
		return nil
	}
	var out []string
	for _, t := range tokens {
		if t.Kind == sqltext.Word || t.Kind == sqltext.Quoted {
			out = append(out, t.Text)
		}
	}
	return out
}

// permitted refuses a statement that touches what tables= does not list. What is below a
// view that is listed may be touched through it.
func (s *Source) permitted(t *touched, tokens []sqltext.Token) error {
	named := func(r *relation) bool {
		return slices.ContainsFunc(tokens, func(tok sqltext.Token) bool {
			return (tok.Kind == sqltext.Word || tok.Kind == sqltext.Quoted) && cut(tok.Text) == r.name
		})
	}
	denied := func(r *relation) error {
		return fail.Errorf(fail.Denied, "the table %s may not be read: the key tables of the source does not list it", r.address()).
			Then("use the tables that db_schema lists")
	}
	for _, r := range t.relations {
		switch {
		case r.schema == "pg_catalog":
			// Our own queries touch these too, so that the name tells.
			if s.rules.Limited() && named(r) && !s.rules.Allows(r.schema, r.name, false) {
				return denied(r)
			}
		case r.schema == "pg_toast":
			return denied(r)
		case !s.rules.Limited(), s.rules.Allows(r.schema, r.name, r.visible):
		case !named(r) && (s.underView(t, r) || s.underTable(t, r)):
		default:
			return denied(r)
		}
	}
	return nil
}

// underView reports whether a view that may be read is above r.
func (s *Source) underView(t *touched, r *relation) bool {
	for oid, view := range t.relations {
		if view.kind == "v" && s.rules.Allows(view.schema, view.name, view.visible) && t.reaches(oid, func(d dependency) bool { return d.oid == r.oid }) {
			return true
		}
	}
	return false
}

// underTable reports whether r is a partition or child of a table that may be read and
// that the statement touches.
func (s *Source) underTable(t *touched, r *relation) bool {
	for oid, other := range t.relations {
		if oid != r.oid && len(t.tops[r.oid]) > 0 && slices.Contains(t.tops[r.oid], oid) && !slices.Contains(t.tops[oid], r.oid) &&
			s.rules.Allows(other.schema, other.name, other.visible) {
			return true
		}
	}
	return false
}

// reaches reports whether the definition of a view, or of one below it, reads what match
// tells.
func (t *touched) reaches(view string, match func(dependency) bool) bool {
	seen := map[string]bool{view: true}
	for queue := []string{view}; len(queue) > 0; queue = queue[1:] {
		for _, d := range t.below[queue[0]] {
			if match(d) {
				return true
			}
			if !seen[d.oid] {
				seen[d.oid] = true
				queue = append(queue, d.oid)
			}
		}
	}
	return false
}

// renamed reports whether the text gives new names to the columns of one of the tables:
// users u(a, b). A plan shows those names, and masks could not be found in it.
func renamed(tokens []sqltext.Token, tables map[string]bool) bool {
	is := func(i int, op string) bool {
		return i < len(tokens) && tokens[i].Kind == sqltext.Op && tokens[i].Text == op
	}
	for i, t := range tokens {
		if t.Kind != sqltext.Word && t.Kind != sqltext.Quoted || !tables[cut(t.Text)] {
			continue
		}
		j := i + 1
		for is(j, "*") || is(j, ")") {
			j++
		}
		if j < len(tokens) && tokens[j].Kind == sqltext.Word && tokens[j].Text == "as" {
			j++
		}
		if j+1 < len(tokens) && is(j+1, "(") && (tokens[j].Kind == sqltext.Quoted || tokens[j].Kind == sqltext.Word && !reserved(tokens[j].Text)) {
			return true
		}
	}
	return false
}

// reserved reports whether a word cannot be the name of a table in FROM: the server's
// keywords that are reserved or may only be functions or types.
func reserved(word string) bool {
	const list = " all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently " +
		"constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default deferrable " +
		"desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull " +
		"join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary " +
		"references returning right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user using " +
		"variadic verbose when where window with "
	return strings.Contains(list, " "+word+" ")
}
