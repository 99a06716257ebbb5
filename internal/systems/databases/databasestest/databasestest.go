// Package databasestest is what every databases.DB has to pass.
//
// The suite makes its own tables, asks the source under test, and looks at what really
// happened through a second connection.
package databasestest

import (
	"testing"

	"cleat/internal/systems/databases"
)

// A Fixture is one fresh and empty database, and the ways to it. All of its functions
// speak to the same database; they end the test when they fail.
type Fixture struct {
	// Dialect is what the server is, which the source need not know before it connects.
	Dialect databases.Dialect

	// Open returns the source under test, in the worst case that there is: in the role of
	// a developer who owns the tables. It may be called more than once, with other rules.
	// The fixture closes what it opened when the test ends.
	Open func(t *testing.T, rules databases.Config) databases.DB

	// Exec runs statements one after the other, all on one second connection that has
	// all rights and commits each. A text holds one statement.
	Exec func(t *testing.T, sql ...string)

	// Rows returns what the second connection sees, the cells as text in any form that
	// is always the same; NULL is "NULL".
	Rows func(t *testing.T, sql string) [][]string

	// Active returns the statements that the source runs at the server right now, as the
	// server tells. It is nil, or returns nil, where there is no server.
	Active func(t *testing.T) []string
}

// Run runs the suite. fixture makes a fresh database; it is called for each theme.
//
// On PostgreSQL the suite hands the tables over to the role that the source connects as,
// and on MySQL it grants that role all rights in the database.
func Run(t *testing.T, fixture func(t *testing.T) Fixture) {
	for _, theme := range themes() {
		t.Run(theme.name, func(t *testing.T) { theme.run(start(t, fixture(t))) })
	}
}
