package sqlite

import (
	"slices"
	"strings"

	"cleat/internal/sorting"
	"cleat/internal/sqlite/engine"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// A catalog is what a connection knows of the schema of one version.
type catalog struct {
	version int64
	objects []*object          // tables, views and the like, by name
	byName  map[string]*object // by the name in small letters
	columns [][3]string        // of the tables that masks may hold for
	keys    map[string][]string
	modules map[string]bool // of virtual tables: a table that is not in the schema can be named as its module is
}

// An object is a table or a view.
type object struct {
	name string
	kind kind
	sql  string // of views and virtual tables

	masked []maskedColumn // all columns, if any of them is masked
	view   bool           // there is a covering view of its name
	closed string         // why it cannot be read while there are masks, or ""
}

// A kind of object.
type kind string

const (
	plainTable   kind = "table"
	plainView    kind = "view"
	virtualTable kind = "virtual table"
	shadowTable  kind = "shadow table" // holds what a virtual table stores
)

// A maskedColumn is a column of a table that has masks.
type maskedColumn struct {
	name string
	mask databases.Mask
}

func (cat *catalog) object(name string) *object { return cat.byName[fold(name)] }

// fold makes names comparable as SQLite does: A-Z alone have no case.
func fold(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// quote returns a name as SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// readCatalog reads the schema in the transaction that was begun.
func (c *conn) readCatalog() (*catalog, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	cat := &catalog{version: version, byName: map[string]*object{}, keys: map[string][]string{}, modules: map[string]bool{}}
	err = c.each("SELECT name FROM pragma_module_list", func(s *engine.Stmt) error {
		cat.modules[fold(text(s, 0))] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	virtual := false
	const all = `SELECT name, type, rootpage = 0 OR rootpage IS NULL, CASE WHEN rootpage = 0 OR rootpage IS NULL THEN sql END
		FROM main.sqlite_schema WHERE type IN ('table', 'view')`
	err = c.each(all, func(s *engine.Stmt) error {
		o := &object{name: text(s, 0), kind: plainTable, sql: text(s, 3)}
		switch {
		case text(s, 1) == "view":
			o.kind = plainView
		case s.Int(2) != 0:
			o.kind = virtualTable
			virtual = true
		}
		cat.objects = append(cat.objects, o)
		cat.byName[fold(o.name)] = o
		return nil
	})
	if err != nil {
		return nil, err
	}
	sorting.Sort(cat.objects, func(a, b *object) int { return strings.Compare(a.name, b.name) })
	if virtual {
		err := c.each("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'", func(s *engine.Stmt) error {
			if o := cat.object(text(s, 0)); o != nil {
				o.kind = shadowTable
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if c.s.rules.Masks() {
		if err := c.readMasks(cat); err != nil {
			return nil, err
		}
	}
	return cat, nil
}

// readMasks finds the columns that are masked, and what else shows their values.
func (c *conn) readMasks(cat *catalog) error {
	columns, _, err := c.db.Prepare("SELECT name, hidden FROM pragma_table_xinfo(?1, 'main')")
	if err != nil {
		return err
	}
	defer columns.Close()
	for _, o := range cat.objects {
		if !c.s.rules.MasksIn("main", o.name) {
			continue
		}
		var all []maskedColumn
		var computed []string
		any := false
		err := rows(columns, func(s *engine.Stmt) error {
			name := text(s, 0)
			hidden := s.Int(1)
			cat.columns = append(cat.columns, [3]string{"main", o.name, name})
			if hidden == 1 {
				return nil // of a virtual table, such as its name for MATCH
			}
			if hidden > 1 {
				computed = append(computed, name)
			}
			m := c.s.rules.Mask("main", o.name, name)
			any = any || m != databases.NoMask
			all = append(all, maskedColumn{name, m})
			return nil
		}, o.name)
		if err != nil {
			if o.kind == plainTable {
				return err
			}
			o.closed = "it is broken" // such as a view of a table that is gone
			continue
		}
		if !any {
			continue
		}
		if len(computed) > 0 {
			if err := c.maskComputed(o.name, all, computed); err != nil {
				return err
			}
		}
		o.masked = all
	}
	cat.closeDependents()
	return nil
}

// maskComputed denies the generated columns whose expressions use a masked column: what is
// left of the value in them is not known.
func (c *conn) maskComputed(table string, columns []maskedColumn, computed []string) error {
	sql := ""
	err := c.each("SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1", func(s *engine.Stmt) error {
		sql = text(s, 0)
		return nil
	}, table)
	if err != nil {
		return err
	}
	uses := definitions(sql)
	for again := true; again; {
		again = false
		for i, col := range columns {
			if col.mask == databases.Deny || !slices.Contains(computed, col.name) {
				continue
			}
			words, known := uses[fold(col.name)]
			if !known || slices.ContainsFunc(columns, func(m maskedColumn) bool {
				return m.mask != databases.NoMask && m.name != col.name && words[fold(m.name)]
			}) {
				columns[i].mask, again = databases.Deny, true
			}
		}
	}
	return nil
}

// definitions returns the names and texts that stand in the definition of each column of a
// CREATE TABLE, by the column's name, all in small letters.
func definitions(sql string) map[string]map[string]bool {
	tokens, err := sqltext.Tokens(sqltext.SQLite, sql)
	if err != nil {
		return nil
	}
	out := map[string]map[string]bool{}
	depth := 0
	var words map[string]bool
	for _, t := range tokens {
		switch {
		case t.Kind == sqltext.Comment:
		case t.Kind == sqltext.Op && t.Text == "(":
			depth++
		case t.Kind == sqltext.Op && t.Text == ")":
			depth--
		case depth == 1 && t.Kind == sqltext.Op && t.Text == ",":
			words = nil
		case depth >= 1 && (t.Kind == sqltext.Word || t.Kind == sqltext.Quoted || t.Kind == sqltext.String):
			if words == nil {
				words = map[string]bool{}
				out[fold(t.Text)] = words
			}
			words[fold(t.Text)] = true
		}
	}
	return out
}

// closeDependents finds the views and virtual tables that take from masked tables. Views
// get a covering one in their place. Virtual tables, such as a full-text index whose
// content is a masked table, hold the values themselves, and are closed.
func (cat *catalog) closeDependents() {
	for again := true; again; {
		again = false
		for _, o := range cat.objects {
			if o.covered() || o.closed != "" || o.kind == plainTable || o.kind == shadowTable {
				continue
			}
			source, known := cat.takesFrom(o)
			switch {
			case !known:
				o.closed, again = "its definition cannot be read, and it may show masked columns", true
			case source == "":
			case o.kind == plainView:
				o.view, again = true, true
			default:
				o.closed, again = "it holds values of "+source+", which has masked columns", true
			}
		}
	}
	for _, o := range cat.objects {
		if o.kind == plainView && len(o.masked) > 0 {
			o.view = true
		}
	}
}

// covered reports whether a view stands in the place of the object.
func (o *object) covered() bool { return o.view || len(o.masked) > 0 }

// takesFrom returns the name of an object with masked columns that the definition of a view
// or virtual table mentions, and whether the definition could be read.
func (cat *catalog) takesFrom(o *object) (name string, known bool) {
	tokens, err := sqltext.Tokens(sqltext.SQLite, o.sql)
	if err != nil {
		return "", false
	}
	begun := false // behind the AS of a view, the USING of a virtual table
	for _, t := range tokens {
		if !begun {
			begun = t.Kind == sqltext.Word && (t.Text == "as" || t.Text == "using")
			continue
		}
		if t.Kind != sqltext.Word && t.Kind != sqltext.Quoted && t.Kind != sqltext.String {
			continue
		}
		word := fold(t.Text)
		if o.kind == virtualTable && t.Kind == sqltext.String {
			word = strings.Trim(word, " \t\n\"'`[]") // content='"users"'
		}
		if p := cat.byName[word]; p != nil && p != o && (p.covered() || p.closed != "") {
			return p.name, true
		}
		if i := strings.LastIndexByte(word, '.'); i >= 0 && o.kind == virtualTable {
			if p := cat.byName[strings.Trim(word[i+1:], "\"'`[]")]; p != nil && p != o && (p.covered() || p.closed != "") {
				return p.name, true
			}
		}
	}
	return "", true
}

// key returns the columns of a table's primary key in their order, none for what has none.
func (c *conn) key(table string) ([]string, error) {
	if k, ok := c.cat.keys[fold(table)]; ok {
		return k, nil
	}
	var key []string
	err := c.each("SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0 ORDER BY pk", func(s *engine.Stmt) error {
		key = append(key, text(s, 0))
		return nil
	}, table)
	if err != nil {
		return nil, err
	}
	c.cat.keys[fold(table)] = key
	return key, nil
}
