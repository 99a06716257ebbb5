package engine

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// A Stmt is a compiled statement.
type Stmt struct {
	c   *Conn
	ptr uintptr // 0 if there is none
}

// Close frees the statement, and ends what it does.
func (s *Stmt) Close() {
	lib.Xsqlite3_finalize(s.c.tls, s.ptr)
	s.ptr = 0
}

// Reset ends what the statement does, so that it can be run again.
func (s *Stmt) Reset() { lib.Xsqlite3_reset(s.c.tls, s.ptr) }

// ReadOnly reports whether the statement leaves the file as it is. A few that write
// elsewhere, such as ATTACH, count as such.
func (s *Stmt) ReadOnly() bool { return lib.Xsqlite3_stmt_readonly(s.c.tls, s.ptr) != 0 }

// Step runs the statement to its next row, and reports whether there is one.
func (s *Stmt) Step() (bool, error) {
	if s.ptr == 0 {
		return false, nil
	}
	switch code := lib.Xsqlite3_step(s.c.tls, s.ptr); code {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		err := s.c.failure(code)
		s.Reset()
		return false, err
	}
}

// Columns is how many columns a row has, 0 if there can be no row.
func (s *Stmt) Columns() int { return int(lib.Xsqlite3_column_count(s.c.tls, s.ptr)) }

// Name is that of a column, from 0.
func (s *Stmt) Name(i int) string {
	return libc.GoString(lib.Xsqlite3_column_name(s.c.tls, s.ptr, int32(i)))
}

// Declared is the type of the table's column that a column is, as it was declared, or "".
func (s *Stmt) Declared(i int) string {
	return libc.GoString(lib.Xsqlite3_column_decltype(s.c.tls, s.ptr, int32(i)))
}

// Origin is the schema, the table and the column that a column is, through views and
// subqueries, all "" for an expression.
func (s *Stmt) Origin(i int) (schema, table, column string) {
	t, p, n := s.c.tls, s.ptr, int32(i)
	return libc.GoString(lib.Xsqlite3_column_database_name(t, p, n)),
		libc.GoString(lib.Xsqlite3_column_table_name(t, p, n)),
		libc.GoString(lib.Xsqlite3_column_origin_name(t, p, n))
}

// Params is the highest number of a parameter.
func (s *Stmt) Params() int { return int(lib.Xsqlite3_bind_parameter_count(s.c.tls, s.ptr)) }

// Param is the name of a parameter, from 1: ":name", "?3", or "" for a plain ?.
func (s *Stmt) Param(i int) string {
	return libc.GoString(lib.Xsqlite3_bind_parameter_name(s.c.tls, s.ptr, int32(i)))
}

// BindNull sets a parameter, from 1.
func (s *Stmt) BindNull(i int) error {
	return s.bound(lib.Xsqlite3_bind_null(s.c.tls, s.ptr, int32(i)))
}

// BindInt sets a parameter, from 1.
func (s *Stmt) BindInt(i int, v int64) error {
	return s.bound(lib.Xsqlite3_bind_int64(s.c.tls, s.ptr, int32(i), v))
}

// BindFloat sets a parameter, from 1.
func (s *Stmt) BindFloat(i int, v float64) error {
	return s.bound(lib.Xsqlite3_bind_double(s.c.tls, s.ptr, int32(i), v))
}

// BindText sets a parameter, from 1, to a copy of v.
func (s *Stmt) BindText(i int, v string) error {
	text, err := libc.CString(v)
	if err != nil {
		return err
	}
	defer libc.Xfree(s.c.tls, text)
	return s.bound(lib.Xsqlite3_bind_text(s.c.tls, s.ptr, int32(i), text, int32(len(v)), lib.SQLITE_TRANSIENT))
}

func (s *Stmt) bound(code int32) error {
	if code != lib.SQLITE_OK {
		return s.c.failure(code)
	}
	return nil
}

// A Type is the kind of a value.
type Type int32

// The kinds of values.
const (
	Integer Type = lib.SQLITE_INTEGER
	Float   Type = lib.SQLITE_FLOAT
	Text    Type = lib.SQLITE_TEXT
	Blob    Type = lib.SQLITE_BLOB
	Null    Type = lib.SQLITE_NULL
)

// Type is the kind of the value of a column in this row. It is to be asked first.
func (s *Stmt) Type(i int) Type { return Type(lib.Xsqlite3_column_type(s.c.tls, s.ptr, int32(i))) }

// Int is the value of a column as an integer.
func (s *Stmt) Int(i int) int64 { return lib.Xsqlite3_column_int64(s.c.tls, s.ptr, int32(i)) }

// Float is the value of a column as a floating-point number.
func (s *Stmt) Float(i int) float64 { return lib.Xsqlite3_column_double(s.c.tls, s.ptr, int32(i)) }

// Text is the value of a column as text, which need not be valid UTF-8: at most its first
// most bytes, and how many it has.
func (s *Stmt) Text(i, most int) (string, int) {
	p := lib.Xsqlite3_column_text(s.c.tls, s.ptr, int32(i))
	n := int(lib.Xsqlite3_column_bytes(s.c.tls, s.ptr, int32(i)))
	return copied(p, n, most), n
}

// Blob is the value of a column as bytes: at most its first most, and how many there are.
func (s *Stmt) Blob(i, most int) (string, int) {
	p := lib.Xsqlite3_column_blob(s.c.tls, s.ptr, int32(i))
	n := int(lib.Xsqlite3_column_bytes(s.c.tls, s.ptr, int32(i)))
	return copied(p, n, most), n
}

func copied(p uintptr, n, most int) string {
	if p == 0 || n <= 0 {
		return ""
	}
	return string(libc.GoBytes(p, min(n, most)))
}
