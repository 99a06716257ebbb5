// Package databases is the system of SQL databases that are asked and, where a person
// allows it, written to.
//
// A back end makes reading safe by structure: one statement in a transaction that cannot
// write and is rolled back. What is the same for all engines stands here: the rules that a
// configuration sets (masks, lists of tables and functions, limits), the collecting of rows
// under those limits, and how rows, schemas and plans are shown.
package databases

import (
	"context"
	"encoding/json"
	"time"
)

// A Dialect is the SQL that an engine speaks.
type Dialect string

// The dialects. MariaDB and MySQL are told apart by the server's version once connected.
const (
	PostgreSQL Dialect = "postgres"
	MySQL      Dialect = "mysql"
	MariaDB    Dialect = "mariadb"
	SQLite     Dialect = "sqlite"
)

// A DB is a database that can be asked. Implementations are safe for concurrent use and
// open nothing before the first call that has a context. Every such call ends at the far
// end too when ctx ends or the time of the source is over, leaves nothing behind in the
// session, and changes nothing in the database.
//
// They fail with fail.Invalid for SQL and parameters that the database refuses and for
// more than one statement, fail.Denied for what is not a read and for what the rules
// close, fail.NotFound for a table or a column (with the nearest names), fail.Unavailable
// where the server cannot be reached, fail.Timeout, and fail.TooLarge for a value that
// does not fit in memory. Errors hold no secret and nothing of a masked column.
type DB interface {
	// Dialect is what the engine speaks, as far as it is known without connecting.
	Dialect() Dialect

	// Query runs one statement that only reads, and returns its first rows.
	Query(ctx context.Context, q Query) (*Result, error)

	// Explain returns the plan of the statement without running it, unless the source
	// is configured to run it.
	Explain(ctx context.Context, q Query) (*Plan, error)

	// Schema lists tables, views and the like.
	Schema(ctx context.Context, q SchemaQuery) (*Schema, error)

	// Row returns the row of table, "name" or "schema.name", whose primary key has the
	// values of key, in the key's order.
	Row(ctx context.Context, table string, key []string) (*Result, error)

	// Rules are the rules that the source was configured with.
	Rules() *Rules
}

// A Writer can also change the database. Optional.
type Writer interface {
	// Rules are the rules that the source was configured with.
	Rules() *Rules

	// Write runs one statement of the class in a transaction, and commits it unless it
	// is a dry run. A statement of another class is refused with fail.Denied. Once the
	// commit was sent and its outcome is not known, it fails with fail.UnknownOutcome.
	Write(ctx context.Context, w Write) (*Written, error)
}

// A Prober tells what it found out about the role that it connects as. Optional.
type Prober interface {
	// Probe connects if need be and says in words what the role could do that it
	// should not, and what the connection lacks: "the role is a superuser".
	Probe(ctx context.Context) ([]string, error)
}

// A Knower remembers the tables that it has seen. Optional.
type Knower interface {
	// Known returns the names of tables and views that were seen so far, as they are
	// addressed, sorted. It opens nothing.
	Known() []string
}

// A Query is one statement and the values of its parameters: $1 in PostgreSQL, ? in MySQL
// and SQLite.
type Query struct {
	SQL    string
	Params []Param
	Limit  int // rows; 0 for DefaultRows; never above the source's max_rows
}

// A Param is the value of a parameter, as JSON: null, a boolean, a number digit for digit,
// a string; a list or an object is bound as its JSON text.
type Param struct{ JSON json.RawMessage }

// Limits of an answer. They hold before its budget cuts further.
const (
	DefaultRows = 100
	MaxRows     = 1000      // of one answer, whatever the source's max_rows
	MaxBytes    = 1 << 20   // of all cells
	MaxCell     = 100 << 10 // bytes of one cell; the rest is counted
	MaxColumns  = 2000
	MaxSQL      = 100_000 // bytes of a statement

	DefaultTimeout = 20 * time.Second
)

// A Result is the first rows of an answer.
type Result struct {
	Columns []Column    `json:"columns"`
	Rows    [][]*string `json:"rows"`              // a cell is nil for NULL; see Value for the rest
	More    bool        `json:"more,omitempty"`    // there are rows after the last
	Stopped string      `json:"stopped,omitempty"` // why the rest was not read, in words: "the limit of 100 rows"
	Partial string      `json:"partial,omitempty"` // why the time was over before the limit was met
	Cut     []Cut       `json:"cut,omitempty"`     // cells of which only the beginning is here
	Notes   []string    `json:"notes,omitempty"`   // what else is to be said, in cleat's words

}

// A Column is a column of a result.
type Column struct {
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"`   // as the database names it, in lower case
	Number bool   `json:"-"`                // its texts are JSON numbers
	Mask   string `json:"masked,omitempty"` // what was done to it: "deny", "hash" or "partial"
	Table  string `json:"-"`                // the table it is a plain column of, as it is addressed, if that is known
	Key    bool   `json:"-"`                // it is part of that table's primary key, and the key of the whole row
}

// A Cut tells of a cell that was cut.
type Cut struct {
	Row    int `json:"row"`    // index in Rows
	Column int `json:"column"` // index in Columns
	More   int `json:"more"`   // bytes that are not here
}

// A SchemaQuery says what to list.
type SchemaQuery struct {
	Pattern string // a name, or a glob; "schema.name" too; "" for all in the default schemas
	Kind    string // "table", "view", "index", …; "" for tables and views
	Detail  Detail
	Limit   int    // objects; 0 for what Detail allows
	Cursor  string // of the answer before
}

// Detail is how much a schema tells.
type Detail string

// The details.
const (
	Names   Detail = "names"
	Summary Detail = "summary" // columns with types, keys and references
	Full    Detail = "full"    // defaults, indexes, checks, comments and sizes too
)

// A Schema is a list of the objects of a database, by name.
type Schema struct {
	Objects []Object `json:"objects"`
	Total   int      `json:"total"` // objects that match, -1 if not counted
	Detail  Detail   `json:"detail"`
	Cursor  string   `json:"cursor,omitempty"`
	Notes   []string `json:"notes,omitempty"`

	dropped int // how many were left out to fit
}

// An Object is a table, a view or the like.
type Object struct {
	Schema  string      `json:"schema,omitempty"` // "" if it is the default one
	Name    string      `json:"name"`
	Kind    string      `json:"kind"`            // "table", "view", "materialized view", "foreign table", "partitioned table", "virtual table", "function"
	Rows    int64       `json:"rows"`            // an estimate, -1 if there is none
	Bytes   int64       `json:"bytes,omitempty"` // with indexes, 0 if not known
	Comment string      `json:"comment,omitempty"`
	Columns []Attribute `json:"columns,omitempty"`
	Primary []string    `json:"primary,omitempty"` // columns of the primary key
	Foreign []Foreign   `json:"foreign,omitempty"`
	Indexes []Index     `json:"indexes,omitempty"`
	Checks  []string    `json:"checks,omitempty"` // as SQL
	SQL     string      `json:"sql,omitempty"`    // of a view
}

// An Attribute is a column of a table.
type Attribute struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	NotNull bool   `json:"not_null,omitempty"`
	Default string `json:"default,omitempty"`
	Comment string `json:"comment,omitempty"`
	Mask    string `json:"masked,omitempty"`
}

// A Foreign is a foreign key.
type Foreign struct {
	Columns []string `json:"columns"`
	Table   string   `json:"table"` // as it is addressed
	Target  []string `json:"target"`
}

// An Index is an index.
type Index struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"` // or expressions
	Unique  bool     `json:"unique,omitempty"`
	Where   string   `json:"where,omitempty"`
	Method  string   `json:"method,omitempty"` // where it is not the engine's usual one
}

// A Plan is how the database would answer a statement.
type Plan struct {
	Nodes  []Node   `json:"nodes"`  // depth first
	Cost   float64  `json:"cost"`   // in the engine's unit, 0 if it has none
	Rows   float64  `json:"rows"`   // expected, -1 if unknown
	Ran    bool     `json:"ran"`    // it was executed, and times are measured
	Advice []string `json:"advice"` // in cleat's words: the costly nodes, the missing index
	Notes  []string `json:"notes,omitempty"`
}

// A Node is one step of a plan.
type Node struct {
	Depth  int     `json:"depth"`
	Text   string  `json:"text"`             // such as "Seq Scan on orders"
	Detail string  `json:"detail,omitempty"` // conditions
	Cost   float64 `json:"cost,omitempty"`   // with what is below it
	Rows   float64 `json:"rows"`             // -1 if unknown
	Millis float64 `json:"ms,omitempty"`     // if it ran
	Share  float64 `json:"share,omitempty"`  // of the whole cost, without what is below it, 0 to 1
}

// A Class is a kind of statement.
type Class string

// The classes of statements that write.
const (
	DML Class = "dml" // INSERT, UPDATE, DELETE, MERGE, REPLACE
	DDL Class = "ddl" // CREATE, ALTER, DROP, TRUNCATE, COMMENT, RENAME
)

// A Write is one statement that changes the database.
type Write struct {
	SQL    string
	Params []Param
	Class  Class // what policy allowed
	DryRun bool
}

// Written is what a write did, or would do.
type Written struct {
	Class  Class    `json:"class"`
	Rows   int64    `json:"rows"` // that were changed, -1 if the engine does not say
	DryRun bool     `json:"dry_run,omitempty"`
	Result *Result  `json:"returned,omitempty"` // of RETURNING
	Notes  []string `json:"notes,omitempty"`
}
