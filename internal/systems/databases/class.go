package databases

import (
	"cleat/internal/fail"
	"cleat/internal/sqltext"
)

// ClassOf returns the class of a statement that writes, before it is known which dialect
// it is of. It fails with fail.Invalid where the dialects would understand it differently
// and for a statement that only reads, and with fail.Denied for any other.
func ClassOf(sql string) (Class, error) {
	if len(sql) > MaxSQL {
		return "", fail.Errorf(fail.TooLarge, "the statement has %d bytes, the limit is %d", len(sql), MaxSQL)
	}
	class, err := sqltext.AnyClass(sql)
	switch {
	case err != nil:
		return "", err
	case class == string(DML) || class == string(DDL):
		return Class(class), nil
	case class == "read":
		return "", fail.Errorf(fail.Invalid, "this statement only reads").Then("use db_query")
	}
	return "", fail.Errorf(fail.Denied, "this is neither a statement that changes data nor one that changes tables").
		Because("db_write takes INSERT, UPDATE, DELETE, MERGE and REPLACE (dml), and CREATE, ALTER, DROP, TRUNCATE, COMMENT and RENAME of tables, indexes, views and the like (ddl)").
		Then("ask the user to run it")
}
