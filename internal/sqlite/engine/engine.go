// Package engine is the part of SQLite's C interface that the sqlite source needs: a
// connection, its authorizer and limits, statements, and functions written in Go.
//
// The driver packages hide what safety depends on: which function a statement calls, the
// table a result column comes from, equal column names, and the length of a value before
// it is copied. So this package talks to the translated library itself.
//
// Nothing here is safe for concurrent use, except that connections are independent of one
// another.
package engine

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Version is that of the library.
const Version = lib.SQLITE_VERSION

// MaxHeap is how many bytes all of SQLite in this process may hold. A statement that needs
// more fails with NoMemory.
const MaxHeap = 512 << 20

// A Conn is a connection to one database file.
type Conn struct {
	tls    *libc.TLS
	db     uintptr
	id     uintptr
	allow  func(Action) bool
	over   func() bool
	owned  []uintptr // handles of functions
	closed bool
}

// handles holds what C calls back, by the number that C knows it by.
var handles struct {
	sync.Map // uintptr -> *Conn or *function
	last     atomic.Uintptr
}

func newHandle(v any) uintptr {
	id := handles.last.Add(1)
	handles.Store(id, v)
	return id
}

// pointer returns a declared function as C calls it.
func pointer[F any](f F) uintptr {
	// A func value is a pointer to a place in read-only memory that begins with the
	// address of the code; the translated library calls by the address of that place.
	return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f}))
}

// Open opens a file by a URI, "file:…", for reading alone unless write is set. It never
// creates one. The file is read only when a statement is prepared.
func Open(uri string, write bool) (*Conn, error) {
	tls := libc.NewTLS()
	c := &Conn{tls: tls}
	name, err := libc.CString(uri)
	if err != nil {
		tls.Close()
		return nil, err
	}
	defer libc.Xfree(tls, name)
	place := libc.Xcalloc(tls, 1, ptrSize)
	if place == 0 {
		tls.Close()
		return nil, &Error{Code: lib.SQLITE_NOMEM, Message: "out of memory", Offset: -1}
	}
	defer libc.Xfree(tls, place)
	flags := int32(lib.SQLITE_OPEN_READONLY)
	if write {
		flags = lib.SQLITE_OPEN_READWRITE
	}
	code := lib.Xsqlite3_open_v2(tls, name, place, flags|lib.SQLITE_OPEN_URI|lib.SQLITE_OPEN_NOMUTEX, 0)
	c.db = readPointer(place)
	if code != lib.SQLITE_OK {
		err := c.failure(code)
		if c.db != 0 {
			lib.Xsqlite3_close_v2(tls, c.db)
		}
		tls.Close()
		return nil, err
	}
	limitHeap(tls)
	c.id = newHandle(c)
	lib.Xsqlite3_extended_result_codes(tls, c.db, 1)
	lib.Xsqlite3_set_authorizer(tls, c.db, pointer(authorize), c.id)
	lib.Xsqlite3_progress_handler(tls, c.db, 4000, pointer(progress), c.id)
	return c, nil
}

var heap sync.Once

func limitHeap(tls *libc.TLS) {
	heap.Do(func() { lib.Xsqlite3_hard_heap_limit64(tls, MaxHeap) })
}

// Close ends the connection, whose statements are closed before.
func (c *Conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	code := lib.Xsqlite3_close_v2(c.tls, c.db)
	handles.Delete(c.id)
	for _, id := range c.owned {
		handles.Delete(id)
	}
	c.tls.Close()
	if code != lib.SQLITE_OK {
		return &Error{Code: int(code), Message: "the connection was not closed", Offset: -1}
	}
	return nil
}

// Authorize sets what decides on each thing that a statement does, when it is prepared. It
// must not use the connection. Without it nothing is refused.
func (c *Conn) Authorize(allow func(Action) bool) { c.allow = allow }

// Watch sets what is asked every few thousand steps whether the time is over. A statement
// then fails with Interrupted. nil for no limit.
func (c *Conn) Watch(over func() bool) { c.over = over }

// Wait sets how long a statement waits for a lock that another connection holds.
func (c *Conn) Wait(d time.Duration) {
	lib.Xsqlite3_busy_timeout(c.tls, c.db, int32(max(0, d.Milliseconds())))
}

// Limit sets a run-time limit; see https://sqlite.org/c3ref/c_limit_attached.html.
func (c *Conn) Limit(id Limit, value int32) { lib.Xsqlite3_limit(c.tls, c.db, int32(id), value) }

// Configure switches a setting on or off.
func (c *Conn) Configure(s Setting, on bool) error {
	value := int32(0)
	if on {
		value = 1
	}
	list := libc.NewVaList(value, uintptr(0))
	if list == 0 {
		return &Error{Code: lib.SQLITE_NOMEM, Message: "out of memory", Offset: -1}
	}
	defer libc.Xfree(c.tls, list)
	if code := lib.Xsqlite3_db_config(c.tls, c.db, int32(s), list); code != lib.SQLITE_OK {
		return c.failure(code)
	}
	return nil
}

// Changes is how many rows the last INSERT, UPDATE or DELETE changed, without its triggers.
func (c *Conn) Changes() int64 { return int64(lib.Xsqlite3_changes64(c.tls, c.db)) }

// TotalChanges is how many rows were changed since the connection was opened, those that
// triggers changed too.
func (c *Conn) TotalChanges() int64 { return int64(lib.Xsqlite3_total_changes64(c.tls, c.db)) }

// InTransaction reports whether a transaction was begun and has not ended.
func (c *Conn) InTransaction() bool { return lib.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }

// Exec runs one statement to its end.
func (c *Conn) Exec(sql string) error {
	s, rest, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	if rest != "" {
		return c.finish(s, fmt.Errorf("there is more than one statement in %.40q", sql))
	}
	for {
		row, err := s.Step()
		if err != nil || !row {
			return c.finish(s, err)
		}
	}
}

func (c *Conn) finish(s *Stmt, err error) error {
	s.Close()
	return err
}

// Prepare compiles the first statement of sql, which holds no NUL, and returns what
// follows it. Where there is no statement the Stmt has no columns and no rows.
func (c *Conn) Prepare(sql string) (*Stmt, string, error) {
	if strings.IndexByte(sql, 0) >= 0 {
		return nil, "", &Error{Code: lib.SQLITE_ERROR, Message: "NUL in the SQL", Offset: -1}
	}
	text, err := libc.CString(sql)
	if err != nil {
		return nil, "", err
	}
	defer libc.Xfree(c.tls, text)
	places := libc.Xcalloc(c.tls, 2, ptrSize)
	if places == 0 {
		return nil, "", &Error{Code: lib.SQLITE_NOMEM, Message: "out of memory", Offset: -1}
	}
	defer libc.Xfree(c.tls, places)
	code := lib.Xsqlite3_prepare_v3(c.tls, c.db, text, int32(len(sql)+1), 0, places, places+uintptr(ptrSize))
	if code != lib.SQLITE_OK {
		return nil, "", c.failure(code)
	}
	tail := readPointer(places + uintptr(ptrSize))
	return &Stmt{c: c, ptr: readPointer(places)}, sql[tail-text:], nil
}

// failure is the error of the last call, which returned code.
func (c *Conn) failure(code int32) error {
	e := &Error{Code: int(code), Offset: -1}
	if c.db != 0 {
		e.Message = libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))
		e.Offset = int(lib.Xsqlite3_error_offset(c.tls, c.db))
		if x := lib.Xsqlite3_extended_errcode(c.tls, c.db); x&0xff == code&0xff {
			e.Code = int(x)
		}
	}
	if e.Message == "" || e.Message == "not an error" {
		e.Message = libc.GoString(lib.Xsqlite3_errstr(c.tls, code))
	}
	return e
}

const ptrSize = libc.Tsize_t(unsafe.Sizeof(uintptr(0)))

// readPointer returns the pointer that is stored at p.
func readPointer(p uintptr) uintptr {
	b := libc.GoBytes(p, int(ptrSize))
	return *(*uintptr)(unsafe.Pointer(unsafe.SliceData(b)))
}

func progress(_ *libc.TLS, id uintptr) int32 {
	c, ok := handles.Load(id)
	if !ok {
		return 1
	}
	if over := c.(*Conn).over; over != nil && over() {
		return 1
	}
	return 0
}

func authorize(_ *libc.TLS, id uintptr, op int32, arg1, arg2, schema, accessor uintptr) int32 {
	v, ok := handles.Load(id)
	if !ok {
		return lib.SQLITE_DENY
	}
	c := v.(*Conn)
	if c.allow == nil || c.allow(Action{Op: Op(op), Arg1: libc.GoString(arg1), Arg2: libc.GoString(arg2),
		Given: arg2 != 0, Schema: libc.GoString(schema), Accessor: libc.GoString(accessor)}) {
		return lib.SQLITE_OK
	}
	return lib.SQLITE_DENY
}

// An Error is what SQLite says went wrong.
type Error struct {
	Code    int // extended; see Primary
	Offset  int // of the token in the SQL, -1 if not known
	Message string
}

// Error returns the message. It may quote the SQL and names of the schema.
func (e *Error) Error() string { return e.Message }

// Primary is the code without what the extended ones add.
func (e *Error) Primary() int { return e.Code & 0xff }
