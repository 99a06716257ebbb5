package engine

import lib "modernc.org/sqlite/lib"

// An Action is something that a statement does.
type Action struct {
	Op         Op
	Arg1, Arg2 string // by Op; see https://sqlite.org/c3ref/c_alter_table.html
	Given      bool   // there is an Arg2, if an empty one
	Schema     string // "main", "temp" or ""

	// Accessor is the name of the innermost view, trigger or common table expression
	// that does it, "" for the statement itself. The statement chooses the names of its
	// common table expressions, so that it says nothing unless the name is a secret.
	Accessor string
}

// An Op is a kind of Action.
type Op int32

// The kinds of Action.
const (
	CreateIndex       Op = lib.SQLITE_CREATE_INDEX
	CreateTable       Op = lib.SQLITE_CREATE_TABLE
	CreateTempIndex   Op = lib.SQLITE_CREATE_TEMP_INDEX
	CreateTempTable   Op = lib.SQLITE_CREATE_TEMP_TABLE
	CreateTempTrigger Op = lib.SQLITE_CREATE_TEMP_TRIGGER
	CreateTempView    Op = lib.SQLITE_CREATE_TEMP_VIEW
	CreateTrigger     Op = lib.SQLITE_CREATE_TRIGGER
	CreateView        Op = lib.SQLITE_CREATE_VIEW
	Delete            Op = lib.SQLITE_DELETE
	DropIndex         Op = lib.SQLITE_DROP_INDEX
	DropTable         Op = lib.SQLITE_DROP_TABLE
	DropTempIndex     Op = lib.SQLITE_DROP_TEMP_INDEX
	DropTempTable     Op = lib.SQLITE_DROP_TEMP_TABLE
	DropTempTrigger   Op = lib.SQLITE_DROP_TEMP_TRIGGER
	DropTempView      Op = lib.SQLITE_DROP_TEMP_VIEW
	DropTrigger       Op = lib.SQLITE_DROP_TRIGGER
	DropView          Op = lib.SQLITE_DROP_VIEW
	Insert            Op = lib.SQLITE_INSERT
	Pragma            Op = lib.SQLITE_PRAGMA
	Read              Op = lib.SQLITE_READ
	Select            Op = lib.SQLITE_SELECT
	Transaction       Op = lib.SQLITE_TRANSACTION
	Update            Op = lib.SQLITE_UPDATE
	Attach            Op = lib.SQLITE_ATTACH
	Detach            Op = lib.SQLITE_DETACH
	AlterTable        Op = lib.SQLITE_ALTER_TABLE
	Reindex           Op = lib.SQLITE_REINDEX
	Analyze           Op = lib.SQLITE_ANALYZE
	CreateVirtual     Op = lib.SQLITE_CREATE_VTABLE
	DropVirtual       Op = lib.SQLITE_DROP_VTABLE
	Function          Op = lib.SQLITE_FUNCTION
	Savepoint         Op = lib.SQLITE_SAVEPOINT
	Recursive         Op = lib.SQLITE_RECURSIVE
)

// A Limit is one of the run-time limits.
type Limit int32

// The limits.
const (
	LimitLength     Limit = lib.SQLITE_LIMIT_LENGTH
	LimitSQL        Limit = lib.SQLITE_LIMIT_SQL_LENGTH
	LimitColumns    Limit = lib.SQLITE_LIMIT_COLUMN
	LimitDepth      Limit = lib.SQLITE_LIMIT_EXPR_DEPTH
	LimitCompound   Limit = lib.SQLITE_LIMIT_COMPOUND_SELECT
	LimitProgram    Limit = lib.SQLITE_LIMIT_VDBE_OP
	LimitArguments  Limit = lib.SQLITE_LIMIT_FUNCTION_ARG
	LimitAttached   Limit = lib.SQLITE_LIMIT_ATTACHED
	LimitPattern    Limit = lib.SQLITE_LIMIT_LIKE_PATTERN_LENGTH
	LimitParameters Limit = lib.SQLITE_LIMIT_VARIABLE_NUMBER
	LimitTriggers   Limit = lib.SQLITE_LIMIT_TRIGGER_DEPTH
	LimitThreads    Limit = lib.SQLITE_LIMIT_WORKER_THREADS
)

// A Setting of a connection that is on or off.
type Setting int32

// The settings.
const (
	Defensive     Setting = lib.SQLITE_DBCONFIG_DEFENSIVE
	Extensions    Setting = lib.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION
	TrustedSchema Setting = lib.SQLITE_DBCONFIG_TRUSTED_SCHEMA
	QuotedTextDDL Setting = lib.SQLITE_DBCONFIG_DQS_DDL // "text" for 'text'
	QuotedTextDML Setting = lib.SQLITE_DBCONFIG_DQS_DML
	ForeignKeys   Setting = lib.SQLITE_DBCONFIG_ENABLE_FKEY
	AttachCreate  Setting = lib.SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE
	AttachWrite   Setting = lib.SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE
	NoCheckpoint  Setting = lib.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE
)

// Primary codes of errors.
const (
	Busy        = lib.SQLITE_BUSY
	Locked      = lib.SQLITE_LOCKED
	NoMemory    = lib.SQLITE_NOMEM
	ReadOnly    = lib.SQLITE_READONLY
	Interrupted = lib.SQLITE_INTERRUPT
	IO          = lib.SQLITE_IOERR
	Corrupt     = lib.SQLITE_CORRUPT
	Full        = lib.SQLITE_FULL
	CannotOpen  = lib.SQLITE_CANTOPEN
	TooBig      = lib.SQLITE_TOOBIG
	Constraint  = lib.SQLITE_CONSTRAINT
	Refused     = lib.SQLITE_AUTH
	NotDatabase = lib.SQLITE_NOTADB
	Schema      = lib.SQLITE_SCHEMA
	Protocol    = lib.SQLITE_PROTOCOL
	Permission  = lib.SQLITE_PERM
)
