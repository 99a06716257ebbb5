package engine

import (
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// A Call is one call of a function.
type Call struct {
	tls  *libc.TLS
	ctx  uintptr
	args []uintptr
}

type function struct{ do func(*Call) }

// Register adds a scalar function with that number of arguments, or replaces the one that
// there is. It must depend on its arguments alone. Views may call it.
func (c *Conn) Register(name string, arguments int, do func(*Call)) error {
	text, err := libc.CString(name)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, text)
	id := newHandle(&function{do})
	c.owned = append(c.owned, id)
	code := lib.Xsqlite3_create_function_v2(c.tls, c.db, text, int32(arguments),
		lib.SQLITE_UTF8|lib.SQLITE_DETERMINISTIC|lib.SQLITE_INNOCUOUS, id, pointer(call), 0, 0, 0)
	if code != lib.SQLITE_OK {
		return c.failure(code)
	}
	return nil
}

func call(tls *libc.TLS, ctx uintptr, n int32, args uintptr) {
	f, ok := handles.Load(lib.Xsqlite3_user_data(tls, ctx))
	if !ok {
		lib.Xsqlite3_result_null(tls, ctx)
		return
	}
	k := &Call{tls: tls, ctx: ctx, args: make([]uintptr, n)}
	b := libc.GoBytes(args, int(n)*int(ptrSize))
	copy(k.args, unsafe.Slice((*uintptr)(unsafe.Pointer(unsafe.SliceData(b))), n))
	f.(*function).do(k)
}

// Type is the kind of an argument, from 0. It is to be asked first.
func (k *Call) Type(i int) Type { return Type(lib.Xsqlite3_value_type(k.tls, k.args[i])) }

// Int is an argument as an integer.
func (k *Call) Int(i int) int64 { return lib.Xsqlite3_value_int64(k.tls, k.args[i]) }

// Float is an argument as a floating-point number.
func (k *Call) Float(i int) float64 { return lib.Xsqlite3_value_double(k.tls, k.args[i]) }

// Text is an argument as text, at most its first most bytes, and how many it has.
func (k *Call) Text(i, most int) (string, int) {
	p := lib.Xsqlite3_value_text(k.tls, k.args[i])
	n := int(lib.Xsqlite3_value_bytes(k.tls, k.args[i]))
	return copied(p, n, most), n
}

// Blob is an argument as bytes, at most its first most, and how many there are.
func (k *Call) Blob(i, most int) (string, int) {
	p := lib.Xsqlite3_value_blob(k.tls, k.args[i])
	n := int(lib.Xsqlite3_value_bytes(k.tls, k.args[i]))
	return copied(p, n, most), n
}

// ReturnNull is the answer NULL.
func (k *Call) ReturnNull() { lib.Xsqlite3_result_null(k.tls, k.ctx) }

// ReturnInt is the answer v.
func (k *Call) ReturnInt(v int64) { lib.Xsqlite3_result_int64(k.tls, k.ctx, v) }

// ReturnArgument is an argument as the answer.
func (k *Call) ReturnArgument(i int) { lib.Xsqlite3_result_value(k.tls, k.ctx, k.args[i]) }

// ReturnText is the answer v, which fails if it is longer than the limit.
func (k *Call) ReturnText(v string) {
	text, err := libc.CString(v)
	if err != nil {
		k.ReturnTooBig()
		return
	}
	defer libc.Xfree(k.tls, text)
	lib.Xsqlite3_result_text(k.tls, k.ctx, text, int32(len(v)), lib.SQLITE_TRANSIENT)
}

// ReturnError is the failure that the message tells.
func (k *Call) ReturnError(message string) {
	text, err := libc.CString(message)
	if err != nil {
		k.ReturnTooBig()
		return
	}
	defer libc.Xfree(k.tls, text)
	lib.Xsqlite3_result_error(k.tls, k.ctx, text, int32(len(message)))
}

// ReturnTooBig is the failure that the answer is longer than the limit.
func (k *Call) ReturnTooBig() { lib.Xsqlite3_result_error_toobig(k.tls, k.ctx) }
