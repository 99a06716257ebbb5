package mysql

import (
	"testing"

	"cleat/internal/sources/mysql/mysqltest"
	"cleat/internal/systems/databases"
	"cleat/internal/systems/databases/databasestest"
)

func TestSuite(t *testing.T) {
	databasestest.Run(t, func(t *testing.T) databasestest.Fixture {
		srv := mysqltest.Start(t)
		db := srv.Database(t)
		return databasestest.Fixture{
			Dialect: databases.MariaDB,
			Open:    func(t *testing.T, rules databases.Config) databases.DB { return open(t, srv, db, "app", rules) },
			Exec:    func(t *testing.T, sql ...string) { srv.Exec(t, db, sql...) },
			Rows:    func(t *testing.T, sql string) [][]string { return srv.Rows(t, db, sql) },
			Active:  func(t *testing.T) []string { return srv.Active(t, db, "app") },
		}
	})
}
