package postgres

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// parameters returns how many parameters a statement wants: the highest number.
func parameters(tokens []sqltext.Token) (int, error) {
	want := 0
	for _, t := range tokens {
		if t.Kind != sqltext.Param {
			continue
		}
		n, err := strconv.Atoi(strings.TrimPrefix(t.Text, "$"))
		if err != nil || n < 1 || n > maxParams {
			return 0, fail.Errorf(fail.Invalid, "parameters are $1 to $%d", maxParams)
		}
		want = max(want, n)
	}
	return want, nil
}

// arguments returns the texts that are bound. The server finds their types.
func arguments(params []databases.Param) ([][]byte, error) {
	args := make([][]byte, len(params))
	for i, p := range params {
		dec := json.NewDecoder(bytes.NewReader(p.JSON))
		dec.UseNumber()
		var v any
		err := dec.Decode(&v)
		if _, more := dec.Token(); err == nil && !errors.Is(more, io.EOF) {
			err = errors.New("more than one value")
		}
		if err != nil {
			return nil, fail.Errorf(fail.Invalid, "parameter %d is no JSON value", i+1)
		}
		switch v := v.(type) {
		case nil:
			continue
		case bool:
			args[i] = strconv.AppendBool(nil, v)
		case json.Number:
			args[i] = []byte(v)
		case string:
			args[i] = []byte(v)
		default:
			args[i] = bytes.TrimSpace(p.JSON)
		}
		if bytes.IndexByte(args[i], 0) >= 0 {
			return nil, fail.Errorf(fail.Invalid, "parameter %d holds a NUL character, which no text of PostgreSQL may", i+1)
		}
	}
	return args, nil
}

// Types whose values are not passed on as the server writes them, or whose values are
// numbers; see pg_type.
const (
	oidBool        = 16
	oidBytea       = 17
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidOID         = 26
	oidTimestamp   = 1114
	oidTimestamptz = 1184
)

// cell returns the text of a value, and its whole length if the text is only the beginning.
func cell(oid uint32, v []byte) (text *string, size int) {
	if v == nil {
		return nil, 0
	}
	var s string
	switch {
	case oid == oidBool && len(v) == 1:
		s = strconv.FormatBool(v[0] == 't')
	case oid == oidBytea && bytes.HasPrefix(v, []byte(`\x`)):
		hex := v[2:]
		size = len(hex) + len("x''")
		if len(hex) > databases.MaxCell {
			hex = hex[:databases.MaxCell]
		}
		s = "x'" + string(hex) + "'"
		return &s, size
	case oid == oidTimestamp || oid == oidTimestamptz:
		s = iso(string(v), oid == oidTimestamptz)
	default:
		size = len(v)
		if len(v) > databases.MaxCell+8 { // what the collector cuts, it cuts at a character
			v = v[:databases.MaxCell+8]
		}
		s = string(v)
	}
	return &s, size
}

// iso writes "2026-01-02 03:04:05+00", in UTC, with a T and a Z. What has another form, as
// infinity and years before Christ do, stays.
func iso(s string, zone bool) string {
	date, time, ok := strings.Cut(s, " ")
	if !ok || strings.Contains(time, " ") {
		return s
	}
	if zone {
		if time, ok = strings.CutSuffix(time, "+00"); !ok {
			return s
		}
		time += "Z"
	}
	return date + "T" + time
}

// number reports whether all texts of a type are JSON numbers. Those of numeric and of
// floats may be NaN.
func number(oid uint32) bool {
	switch oid {
	case oidInt2, oidInt4, oidInt8, oidOID:
		return true
	}
	return false
}
