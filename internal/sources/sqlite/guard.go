package sqlite

import (
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/systems/databases"
)

// A phase says on whose behalf SQLite asks the guard.
type phase int

const (
	own      phase = iota // a statement of cleat's
	compiled              // the caller's statement is compiled
	running               // it runs: what virtual tables read for themselves
)

// A guard decides on each thing that a statement for reading does. All that is not named
// here is refused.
type guard struct {
	rules  *databases.Rules
	cat    *catalog // nil while it is read
	secret string   // the beginning of the names of the views and functions that cover
	phase  phase

	refused *fail.Error // the first reason
	viewed  bool        // the statement reads by a view that may be read

	touched map[string]databases.Mask // the masked columns that the statement itself reads
	touches int                       // how many times it does

	// Of a connection for writing, which has no covering views:
	class    databases.Class   // "" for reading
	renames  bool              // the statement may give another name to something
	triggers map[string]string // the triggers of the schema, by their names in small letters
	fired    map[string]bool   // those that the statement has run
}

// strict reports whether some of the database is closed.
func (g *guard) strict() bool { return g.rules.Masks() || g.rules.Limited() }

func (g *guard) allow(a engine.Action) bool {
	if g.phase == own {
		return true
	}
	judge := g.judge
	if g.class != "" {
		judge = g.judgeWrite
	}
	err := judge(a)
	if err != nil && g.refused == nil {
		g.refused = err
	}
	return err == nil
}

func (g *guard) judge(a engine.Action) *fail.Error {
	switch a.Op {
	case engine.Recursive:
		return nil
	case engine.Select:
		return g.judgeSelect(a)
	case engine.Read:
		return g.judgeRead(a)
	case engine.Function:
		if strings.HasPrefix(a.Arg2, g.secret) && strings.HasPrefix(a.Accessor, g.secret) {
			return nil
		}
		return judgeFunction(g.rules, a.Arg2)
	case engine.Pragma:
		return g.judgePragma(fold(a.Arg1), a.Arg2, a.Given)
	}
	return fail.Errorf(fail.Denied, "the statement does more than read: %s", doing(a)).
		Then("send a SELECT; db_write, if it is listed, takes what changes the database")
}

func (g *guard) judgeSelect(a engine.Action) *fail.Error {
	g.viewed = g.viewed || g.throughView(a.Accessor)
	name, ok := strings.CutPrefix(a.Accessor, g.secret+closedMark)
	if !ok || g.cat == nil {
		return nil
	}
	if o := g.cat.object(name); o != nil {
		return g.closes(o)
	}
	return nil
}

func (g *guard) judgeRead(a engine.Action) *fail.Error {
	table, column := a.Arg1, a.Arg2
	if a.Schema == "temp" {
		return g.judgeTemp(table, column, a.Accessor)
	}
	o := g.cat.object(table)
	inner := o != nil && a.Accessor == g.secret+tableMark+o.name // the view that covers this very table
	name := fold(table)
	switch {
	case o == nil && (name == "sqlite_master" || name == "sqlite_schema"):
		if g.phase == compiled && g.rules.Limited() {
			return fail.Errorf(fail.Denied, "%s is closed: the source shows a list of tables only", table).Then("use db_schema")
		}
		return nil
	case o == nil && column == "" && !g.cat.modules[name] && !strings.HasPrefix(name, "pragma_"):
		return nil // a common table expression
	case o == nil:
		return g.judgeEponymous(name)
	case g.phase == compiled && !inner:
		// Where a view was merged into the statement, SQLite tells of a table of which
		// no column is read without the view's name.
		if err := g.closes(o); err != nil && !g.throughView(a.Accessor) && !(column == "" && a.Accessor == "" && g.viewed) {
			return err
		}
		if o.view {
			return maskedName(o)
		}
	}
	for _, c := range o.masked {
		if c.mask != databases.NoMask && strings.EqualFold(c.name, column) && !inner {
			return fail.Errorf(fail.Denied, "%s.%s is masked, and is to be had under the table's plain name alone", o.name, c.name).
				Then("write %s without a schema, and no view or index around it", o.name)
		}
	}
	return nil
}

func maskedName(o *object) *fail.Error {
	return fail.Errorf(fail.Denied, "%s takes from masked columns, and is to be had under its plain name alone", o.name).
		Then("write %s without a schema", o.name)
}

// judgeTemp judges the reading of a temporary object: of a view that cleat made.
func (g *guard) judgeTemp(table, column, accessor string) *fail.Error {
	if strings.HasPrefix(table, g.secret) {
		return nil // nobody else knows the name
	}
	o := g.cat.object(table)
	if o == nil {
		return fail.Errorf(fail.Denied, "the temporary schema is closed")
	}
	if err := g.closes(o); err != nil && !g.throughView(accessor) {
		return err
	}
	if m := g.maskIn(o, column); m != databases.NoMask && g.phase == compiled && !strings.HasPrefix(accessor, g.secret) {
		g.touched[o.name+"."+column] = m
		g.touches++
	}
	return nil
}

// maskIn returns the mask of a column of what a covering view stands for. Of a view that
// takes from masked columns any column may be of one.
func (g *guard) maskIn(o *object, column string) databases.Mask {
	for _, c := range o.masked {
		if strings.EqualFold(c.name, column) {
			return c.mask
		}
	}
	return databases.NoMask
}

// throughView reports whether a closed table is read by a view that may be read.
func (g *guard) throughView(accessor string) bool {
	if accessor == "" {
		return false
	}
	name := accessor
	for _, mark := range []string{viewMark, rawMark} {
		if cut, ok := strings.CutPrefix(accessor, g.secret+mark); ok {
			name = cut
		}
	}
	v := g.cat.object(name)
	return v != nil && v.kind == plainView && g.closes(v) == nil
}

// closes returns why an object cannot be read at all, or nil.
func (g *guard) closes(o *object) *fail.Error {
	switch {
	case !g.rules.Allows("main", o.name, true):
		return fail.Errorf(fail.Denied, "the table %s is not among those that the source shows", o.name).Then("use db_schema for those that it does")
	case o.closed != "":
		return fail.Errorf(fail.Denied, "%s is closed: %s", o.name, o.closed)
	case !g.rules.Masks():
		return nil
	case o.kind == shadowTable:
		return fail.Errorf(fail.Denied, "%s is closed while there are masks: it is what a virtual table stores", o.name)
	case strings.HasPrefix(fold(o.name), "sqlite_stat"):
		return fail.Errorf(fail.Denied, "%s is closed while there are masks: it holds samples of values", o.name)
	}
	return nil
}

// judgeEponymous judges tables that are not in the schema: functions that give rows.
func (g *guard) judgeEponymous(name string) *fail.Error {
	if pragma, ok := strings.CutPrefix(name, "pragma_"); ok {
		// What it is asked about is judged when it is asked.
		if readsPragma(pragma) || aboutPragma(pragma) || g.openPragma(pragma) {
			return nil
		}
		return refusePragma(pragma)
	}
	switch name {
	case "json_each", "json_tree", "jsonb_each", "jsonb_tree", "":
		return nil
	case "sqlite_stat1", "sqlite_stat4", "sqlite_sequence":
		return nil // it does not exist, which SQLite says
	}
	return fail.Errorf(fail.Denied, "the table %s is not open: it shows pages or state of the file", name)
}

// judgePragma judges a PRAGMA, as a statement or as a table.
func (g *guard) judgePragma(name, arg string, given bool) *fail.Error {
	switch {
	case readsPragma(name):
		if !given {
			return nil
		}
		return fail.Errorf(fail.Denied, "PRAGMA %s takes no value here: it would set it", name)
	case aboutPragma(name):
		if !g.rules.Limited() {
			return nil
		}
		if name != "index_info" && name != "index_xinfo" {
			if o := g.cat.object(arg); o != nil {
				return g.closes(o)
			}
			return nil // there is no such table
		}
		return fail.Errorf(fail.Denied, "PRAGMA %s is closed: the source shows a list of tables only", name).Then("use db_schema")
	case g.openPragma(name):
		return nil
	}
	return refusePragma(name)
}

func refusePragma(name string) *fail.Error {
	return fail.Errorf(fail.Denied, "PRAGMA %s is not among those that only read", name).
		Then("use db_schema for the schema")
}

// readsPragma reports whether a PRAGMA without a value tells something harmless.
func readsPragma(name string) bool {
	return slices.Contains([]string{"application_id", "auto_vacuum", "collation_list", "compile_options", "data_version", "encoding",
		"foreign_keys", "freelist_count", "function_list", "journal_mode", "module_list", "page_count", "page_size",
		"pragma_list", "schema_version", "user_version"}, name)
}

// aboutPragma reports whether a PRAGMA tells about the table or index that it is given.
func aboutPragma(name string) bool {
	return slices.Contains([]string{"foreign_key_list", "index_info", "index_list", "index_xinfo", "table_info", "table_xinfo"}, name)
}

// openPragma reports whether a PRAGMA tells about all of the database, and that is open.
func (g *guard) openPragma(name string) bool {
	return !g.strict() && slices.Contains([]string{"foreign_key_check", "integrity_check", "quick_check", "table_list"}, name)
}

// doing names what an action would do.
func doing(a engine.Action) string {
	switch a.Op {
	case engine.Insert:
		return "INSERT INTO " + a.Arg1
	case engine.Update:
		return "UPDATE " + a.Arg1
	case engine.Delete:
		return "DELETE FROM " + a.Arg1
	case engine.Attach:
		return "ATTACH, another file"
	case engine.Detach:
		return "DETACH"
	case engine.Transaction, engine.Savepoint:
		return "transaction control"
	case engine.Reindex:
		return "REINDEX"
	case engine.Analyze:
		return "ANALYZE"
	case engine.AlterTable:
		return "ALTER TABLE " + a.Arg2
	case engine.CreateVirtual, engine.DropVirtual:
		return "a virtual table"
	case engine.CreateTable, engine.CreateIndex, engine.CreateView, engine.CreateTrigger,
		engine.CreateTempTable, engine.CreateTempIndex, engine.CreateTempView, engine.CreateTempTrigger:
		return "CREATE " + a.Arg1
	case engine.DropTable, engine.DropIndex, engine.DropView, engine.DropTrigger,
		engine.DropTempTable, engine.DropTempIndex, engine.DropTempView, engine.DropTempTrigger:
		return "DROP " + a.Arg1
	}
	return "something that cleat does not know"
}
