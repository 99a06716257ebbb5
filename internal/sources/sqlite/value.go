package sqlite

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/systems/databases"
)

// A source of one value: a column of a row, or an argument of a function.
type valued interface {
	Type(i int) engine.Type
	Int(i int) int64
	Float(i int) float64
	Text(i, most int) (string, int)
	Blob(i, most int) (string, int)
}

// cell returns a value as text, nil for NULL, of at most about most bytes. whole is the
// length of all of it, 0 if nothing was left out.
func cell(v valued, i, most int) (t *string, whole int) {
	var s string
	switch v.Type(i) {
	case engine.Null:
		return nil, 0
	case engine.Integer:
		s = strconv.FormatInt(v.Int(i), 10)
	case engine.Float:
		s = formatFloat(v.Float(i))
	case engine.Blob:
		b, n := v.Blob(i, most/2)
		s = "x'" + hex.EncodeToString([]byte(b))
		if len(b) < n {
			whole = 2*n + len("x''")
		} else {
			s += "'"
		}
	default:
		b, n := v.Text(i, most)
		if len(b) < n {
			whole = n
			b = wholeRunes(b)
		}
		s = visible(b)
	}
	return &s, whole
}

// argument returns the value of a function's only argument as cell does, all of it.
func argument(k *engine.Call) *string {
	t, _ := cell(k, 0, 2*maxValue)
	return t
}

// formatFloat returns the shortest text that reads back as f.
func formatFloat(f float64) string {
	switch abs := math.Abs(f); {
	case math.IsInf(f, 1):
		return "Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	case math.IsNaN(f):
		return "NaN"
	case abs != 0 && (abs < 1e-6 || abs >= 1e21):
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0" // as SQLite writes it: it is no integer
	}
	return s
}

// wholeRunes cuts the part of a character at the end of s.
func wholeRunes(s string) string {
	for k := len(s); k > len(s)-utf8.UTFMax && k > 0; k-- {
		if utf8.RuneStart(s[k-1]) {
			if !utf8.FullRuneInString(s[k-1:]) {
				return s[:k-1]
			}
			break
		}
	}
	return s
}

// visible makes bytes that are no UTF-8 visible, as \xNN.
func visible(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			b.WriteString(`\x`)
			b.WriteString(hex.EncodeToString([]byte{s[0]}))
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// bind gives a statement its parameters.
func bind(s *engine.Stmt, params []databases.Param) error {
	if want := s.Params(); want != len(params) {
		return fail.Errorf(fail.Invalid, "the statement has %s, and params %s", counted(want, "parameter"), counted(len(params), "value")).
			Then("pass a list of as many values as the statement has parameters, in their order")
	}
	for i, p := range params {
		if err := bindOne(s, i+1, p.JSON); err != nil {
			return err
		}
	}
	return nil
}

func bindOne(s *engine.Stmt, i int, raw json.RawMessage) error {
	raw = bytes.TrimSpace(raw)
	wrong := func(what string) error {
		return fail.Errorf(fail.Invalid, "the value of parameter %d %s", i, what)
	}
	if len(raw) == 0 || !json.Valid(raw) {
		return wrong("is no JSON")
	}
	switch c := raw[0]; {
	case c == 'n':
		return s.BindNull(i)
	case c == 't':
		return s.BindInt(i, 1)
	case c == 'f':
		return s.BindInt(i, 0)
	case c == '"':
		var t string
		if err := json.Unmarshal(raw, &t); err != nil {
			return wrong("is no JSON")
		}
		if strings.ContainsRune(t, 0) {
			return wrong("holds a NUL character")
		}
		return s.BindText(i, t)
	case c == '[' || c == '{':
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return wrong("is no JSON")
		}
		return s.BindText(i, b.String())
	case !bytes.ContainsAny(raw, ".eE"):
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil {
			return wrong("does not fit in 64 bits")
		}
		return s.BindInt(i, n)
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return wrong("does not fit in a floating-point number")
	}
	return s.BindFloat(i, f)
}
