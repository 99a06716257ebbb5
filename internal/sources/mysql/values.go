package mysql

import (
	"bytes"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// bind returns the values of the parameters as the driver sends them: integers exactly,
// other numbers as the double that is written the same way, and as text where there is none.
func bind(params []databases.Param) ([]driver.NamedValue, error) {
	out := make([]driver.NamedValue, len(params))
	for i, p := range params {
		v, err := value(p.JSON)
		if err != nil {
			return nil, fail.Errorf(fail.Invalid, "parameter %d %s", i+1, err.Error())
		}
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return out, nil
}

// A badParam is what is wrong with a parameter, in words.
type badParam string

func (b badParam) Error() string { return string(b) }

func value(raw json.RawMessage) (driver.Value, error) {
	text := string(bytes.TrimSpace(raw))
	switch {
	case text == "null":
		return nil, nil
	case text == "true":
		return true, nil
	case text == "false":
		return false, nil
	case !json.Valid(raw):
		return nil, badParam("is not JSON")
	case text[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, badParam("is not a string")
		}
		if strings.IndexByte(s, 0) >= 0 {
			return nil, badParam("holds a NUL character")
		}
		return s, nil
	case text[0] == '[' || text[0] == '{':
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return nil, badParam("is not JSON")
		}
		return b.String(), nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && text != "-0" {
		return n, nil
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return n, nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && number(f, 64) == text {
		return f, nil
	}
	return text, nil
}

// number is the shortest text of a floating-point number that reads back, as JSON.
func number(f float64, bits int) string {
	form := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		form = 'e'
	}
	return strconv.FormatFloat(f, form, -1, bits)
}

// typeName is the database's name of a type, as the manual writes it.
func typeName(t string) string {
	t = strings.ToLower(t)
	if rest, ok := strings.CutPrefix(t, "unsigned "); ok {
		return rest + " unsigned"
	}
	return t
}

// isNumber reports whether the texts of a type are JSON numbers.
func isNumber(t string) bool {
	t, _, _ = strings.Cut(t, " ")
	switch t {
	case "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year", "bit":
		return true
	}
	return false
}

// isBytes reports whether the values of a type are bytes.
func isBytes(t string) bool {
	switch t {
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "vector":
		return true
	}
	return false
}

// cell is the text of a value of the type, and how long it is where only its beginning is
// returned. whole asks for all of it.
func cell(v driver.Value, typ string, whole bool) (text *string, size int) {
	var s string
	switch v := v.(type) {
	case nil:
		return nil, 0
	case int64:
		s = strconv.FormatInt(v, 10)
	case uint64:
		s = strconv.FormatUint(v, 10)
	case float32:
		s = number(float64(v), 32)
	case float64:
		s = number(v, 64)
	case string:
		s = v
	case []byte:
		return bytesCell(v, typ, whole)
	default:
		s = plain(v)
	}
	return &s, 0
}

func bytesCell(v []byte, typ string, whole bool) (text *string, size int) {
	var s string
	switch {
	case typ == "bit":
		var n uint64
		for _, b := range v {
			n = n<<8 | uint64(b)
		}
		s = strconv.FormatUint(n, 10)
	case typ == "decimal":
		s = decimal(string(v))
	case typ == "datetime" || typ == "timestamp":
		s = strings.Replace(string(v), " ", "T", 1)
		if typ == "timestamp" && len(s) > 10 {
			s += "Z" // the session's zone is UTC
		}
	case isBytes(typ) || !utf8.Valid(v):
		size = 2*len(v) + 3
		if n := databases.MaxCell/2 + 1; len(v) > n && !whole {
			s = "x'" + hex.EncodeToString(v[:n])
			return &s, size
		}
		s = "x'" + hex.EncodeToString(v) + "'"
	default:
		if n := databases.MaxCell + utf8.UTFMax; len(v) > n && !whole {
			s, size = strings.ToValidUTF8(string(v[:n]), ""), len(v)
			return &s, size
		}
		s = string(v)
	}
	return &s, 0
}

// decimal removes the zeros that ZEROFILL puts in front, for JSON has none.
func decimal(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	s = strings.TrimLeft(s, "0")
	if s == "" || s[0] == '.' {
		s = "0" + s
	}
	return sign + s
}
