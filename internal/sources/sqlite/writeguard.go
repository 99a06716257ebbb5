package sqlite

import (
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/systems/databases"
)

// judgeWrite decides on each thing that a statement for writing does. All that is not named
// here is refused: other files, transactions, settings, temporary objects, ANALYZE.
func (g *guard) judgeWrite(a engine.Action) *fail.Error {
	if name, ok := g.triggers[fold(a.Accessor)]; ok {
		g.fired[name] = true
	}
	ddl := g.class == databases.DDL
	switch a.Op {
	case engine.Select, engine.Recursive:
		return nil
	case engine.Function:
		if ddl && internalFunction(fold(a.Arg2)) {
			return nil // SQLite's own, in ALTER TABLE; no statement can call them
		}
		return judgeFunction(g.rules, a.Arg2)
	case engine.Pragma:
		return g.judgeWritePragma(fold(a.Arg1), a.Given)
	case engine.Read:
		return g.judgeWriteRead(a)
	case engine.Insert, engine.Update, engine.Delete:
		return g.judgeChange(a)
	}
	if ddl {
		return g.judgeDDL(a)
	}
	return fail.Errorf(fail.Denied, "the statement does more than change rows: %s", doing(a))
}

func internalFunction(name string) bool {
	return strings.HasPrefix(name, "sqlite_rename_") || slices.Contains([]string{"sqlite_drop_column", "sqlite_add_constraint",
		"sqlite_drop_constraint", "sqlite_find_constraint", "sqlite_fail"}, name)
}

func (g *guard) judgeWritePragma(name string, given bool) *fail.Error {
	if readsPragma(name) && !given || g.class == databases.DDL && name == "quick_check" {
		return nil // FTS5 asks for one, ALTER TABLE for the other
	}
	return refusePragma(name)
}

// judgeWriteRead judges a read. Nothing is covered here, so that masked columns cannot be
// read at all, in triggers neither.
func (g *guard) judgeWriteRead(a engine.Action) *fail.Error {
	ddl := g.class == databases.DDL
	o := g.cat.object(a.Arg1)
	name := fold(a.Arg1)
	if o == nil {
		switch {
		case name == "sqlite_master" || name == "sqlite_schema" || name == "sqlite_temp_master" || name == "sqlite_temp_schema":
			if ddl || a.Schema == "main" && !g.rules.Limited() {
				return nil
			}
		case ddl && (a.Schema == "main" || name == "pragma_quick_check"):
			return nil // what the statement itself makes
		case a.Arg2 == "" && !g.cat.modules[name] && !strings.HasPrefix(name, "pragma_") && !strings.HasPrefix(name, "sqlite_"):
			return nil // a common table expression
		case name == "json_each" || name == "json_tree" || name == "jsonb_each" || name == "jsonb_tree" || name == "":
			return nil
		}
		return fail.Errorf(fail.Denied, "the table %s is not open to a statement that writes", a.Arg1)
	}
	if a.Schema != "main" {
		return fail.Errorf(fail.Denied, "the schema %s is closed", a.Schema)
	}
	if o.masks(a.Arg2) {
		return fail.Errorf(fail.Denied, "%s.%s is masked, and a statement that writes cannot read it", o.name, a.Arg2).
			Then("set it from a parameter, and choose rows by other columns")
	}
	if ddl && strings.HasPrefix(name, "sqlite_") {
		return nil
	}
	if err := g.closes(o); err != nil && !g.byTrigger(a) {
		return err
	}
	return nil
}

// masks reports whether a column of that name is masked.
func (o *object) masks(column string) bool {
	return slices.ContainsFunc(o.masked, func(m maskedColumn) bool {
		return m.mask != databases.NoMask && strings.EqualFold(m.name, column)
	})
}

// byTrigger reports whether a trigger of the schema, or a virtual table, does it. The names
// of triggers are no secret; but to do something in the name of one, a statement needs a
// common table expression, which only reads, and closed tables are not masked ones.
func (g *guard) byTrigger(a engine.Action) bool {
	o := g.cat.object(a.Arg1)
	if g.phase == running && o != nil && o.kind == shadowTable {
		return true
	}
	_, ok := g.triggers[fold(a.Accessor)]
	return ok && a.Op != engine.Read
}

// judgeChange judges an INSERT, UPDATE or DELETE.
func (g *guard) judgeChange(a engine.Action) *fail.Error {
	name := fold(a.Arg1)
	ddl := g.class == databases.DDL
	o := g.cat.object(a.Arg1)
	switch {
	case ddl && (a.Schema == "main" || name == "sqlite_temp_master" || name == "sqlite_temp_schema") && (o == nil || strings.HasPrefix(name, "sqlite_")):
		return nil // of the schema, or of what is made; SQLite lets no statement do that itself
	case a.Schema != "main":
		return fail.Errorf(fail.Denied, "the schema %s is closed", a.Schema)
	case o == nil || strings.HasPrefix(name, "sqlite_"):
		return fail.Errorf(fail.Denied, "the table %s is SQLite's own", a.Arg1)
	}
	if err := g.closes(o); err != nil && !g.byTrigger(a) {
		return err
	}
	return nil
}

// judgeDDL judges what changes the schema.
func (g *guard) judgeDDL(a engine.Action) *fail.Error {
	table := a.Arg1
	switch a.Op {
	case engine.CreateTable, engine.DropTable, engine.CreateView, engine.DropView:
	case engine.CreateIndex, engine.DropIndex, engine.DropTrigger:
		table = a.Arg2
	case engine.AlterTable:
		table = a.Arg2
		if o := g.cat.object(table); o != nil && o.covered() && g.renames {
			return fail.Errorf(fail.Denied, "nothing in %s can be renamed: it has masked columns, and masks go by names", o.name)
		}
	case engine.Reindex:
		return nil // CREATE INDEX fills the index; REINDEX is of another class
	case engine.CreateVirtual, engine.DropVirtual:
		if module := fold(a.Arg2); g.rules.Masks() || module != "fts5" && module != "rtree" {
			return fail.Errorf(fail.Denied, "a virtual table of the module %s is not open here", a.Arg2)
		}
	default:
		return fail.Errorf(fail.Denied, "the statement does more than its class allows: %s", doing(a))
	}
	if !g.rules.Allows("main", table, true) && !(g.phase == running && g.cat.object(table) == nil) {
		return fail.Errorf(fail.Denied, "the table %s is not among those that the source shows", table)
	}
	return nil
}
