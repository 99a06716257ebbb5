package sqlite_test

import (
	"testing"

	"cleat/internal/systems/databases"
	"cleat/internal/systems/databases/databasestest"
)

func TestSuite(t *testing.T) {
	databasestest.Run(t, func(t *testing.T) databasestest.Fixture {
		d := newDB(t)
		return databasestest.Fixture{
			Dialect: databases.SQLite,
			Open: func(t *testing.T, rules databases.Config) databases.DB {
				return d.source(t, rules)
			},
			Exec: func(t *testing.T, sql ...string) { d.exec(t, sql...) },
			Rows: func(t *testing.T, sql string) [][]string { return d.rows(t, sql) },
		}
	})
}
