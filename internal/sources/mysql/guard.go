package mysql

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// A guard knows how the columns of an answer are covered.
type guard struct {
	masks  map[string]databases.Mask // by the name of the result's column, in small letters
	masked bool                      // the statement touches a table with masked columns
}

// cover returns the mask of a column of the answer.
func (g *guard) cover(name string) databases.Mask {
	if g == nil {
		return databases.NoMask
	}
	return g.masks[strings.ToLower(name)]
}

// closed reports whether a table of the server's own is closed: always, where it holds
// digests of passwords, other sessions' statements or code; and while there are masks,
// where it may hold values of columns.
func closed(schema, name string, masks bool) bool {
	name = strings.ToLower(name)
	switch strings.ToLower(schema) {
	case "mysql":
		return !strings.HasPrefix(name, "time_zone") && !strings.HasPrefix(name, "help_") &&
			(masks || name != "innodb_table_stats" && name != "innodb_index_stats" && name != "func" && name != "plugin")
	case "performance_schema", "sys":
		return masks
	case "information_schema":
		if !masks {
			return false
		}
		switch name {
		case "tables", "columns", "views", "key_column_usage", "referential_constraints", "table_constraints", "statistics",
			"schemata", "routines", "parameters", "triggers", "check_constraints", "character_sets", "collations",
			"collation_character_set_applicability", "engines", "keywords", "sql_functions", "partitions", "plugins", "global_variables",
			"session_variables", "system_variables", "global_status", "session_status", "table_privileges", "column_privileges",
			"schema_privileges", "user_privileges", "applicable_roles", "enabled_roles", "periods", "st_geometry_columns", "geometry_columns",
			"innodb_sys_tables", "innodb_sys_columns", "innodb_sys_indexes", "innodb_tables", "innodb_columns", "innodb_indexes",
			"innodb_sys_tablestats", "innodb_tablestats":
			return false
		}
		return true
	}
	return false
}

func closedError(schema, name string) error {
	return fail.Errorf(fail.Denied, "the table %s.%s is closed", strings.ToLower(schema), line(name)).
		Because("it can hold passwords, statements of others or values of masked columns").Then("leave it out; db_schema tells of the tables")
}

// guard holds a statement against the rules: the functions that it calls, the tables that
// it reads, the columns that it shows. It asks the catalog only for what the rules need.
func (s *Source) guard(ctx context.Context, c *conn, st statement) (*guard, error) {
	rules := s.rules
	strict := rules.Masks() || rules.Limited()
	if st.show {
		if strict && !st.plain {
			return nil, fail.Errorf(fail.Denied, "%s of tables is not accepted where columns are masked or tables are listed", st.verb).Then("use db_schema")
		}
		return &guard{}, nil
	}
	if err := s.checkFunctions(ctx, c, st, strict); err != nil {
		return nil, err
	}
	if err := s.checkSystem(c, st); err != nil {
		return nil, err
	}
	if !strict {
		return &guard{}, nil
	}
	if err := strange(st); err != nil {
		return nil, err
	}
	if rules.Limited() {
		if err := s.checkTables(ctx, c, st); err != nil {
			return nil, err
		}
	}
	if !rules.Masks() {
		return &guard{}, nil
	}
	return s.checkMasks(ctx, c, st)
}

// strange refuses names with letters that some collations take for letters of ASCII.
func strange(st statement) error {
	for i, t := range st.tokens {
		if !st.name(i) {
			continue
		}
		for _, r := range t.Text {
			if r < utf8.RuneSelf {
				continue
			}
			if unicode.ToLower(r) < utf8.RuneSelf || unicode.ToUpper(r) < utf8.RuneSelf || unicode.SimpleFold(r) < utf8.RuneSelf {
				return fail.Errorf(fail.Denied, "the name %q has a letter that looks like another", line(t.Text)).Then("write the name as db_schema does")
			}
		}
	}
	return nil
}

// checkSystem refuses tables of the server's own that are closed whatever the lists say.
func (s *Source) checkSystem(c *conn, st statement) error {
	masks := s.rules.Masks()
	for i := range st.tokens {
		if st.name(i) && system(st.at(i).Text) && st.op(i+1, ".") && st.name(i+2) {
			if schema, name := st.at(i).Text, st.at(i+2).Text; closed(schema, name, masks) {
				return closedError(schema, name)
			}
		}
	}
	if !system(c.db) {
		return nil
	}
	for _, p := range places(st) {
		if p.schema == "" && closed(c.db, p.name, masks) {
			return closedError(c.db, p.name)
		}
	}
	return nil
}
