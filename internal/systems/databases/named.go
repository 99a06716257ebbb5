package databases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/text"
)

// Limits of a parameter.
const (
	MaxParam      = 1 << 20 // bytes of its JSON
	maxParamDepth = 100     // lists and objects within each other
	maxParams     = 1000    // of one statement
)

// A ParamKind is what kind of value a parameter has.
type ParamKind string

// The kinds of parameters.
const (
	NullParam   ParamKind = "null"
	BoolParam   ParamKind = "bool"   // text "true" or "false"
	NumberParam ParamKind = "number" // text as in JSON, digit for digit
	TextParam   ParamKind = "text"
	JSONParam   ParamKind = "json" // a list or an object, without white space
)

// UnmarshalJSON implements json.Unmarshaler. It keeps the value as it is, numbers digit for
// digit, and fails with fail.Invalid for what Value would refuse.
func (p *Param) UnmarshalJSON(data []byte) error {
	q := Param{JSON: bytes.Clone(bytes.TrimSpace(data))}
	if _, _, err := q.Value(); err != nil {
		return err
	}
	*p = q
	return nil
}

// MarshalJSON implements json.Marshaler. The zero Param is written as null.
func (p Param) MarshalJSON() ([]byte, error) {
	if len(p.JSON) == 0 {
		return []byte("null"), nil
	}
	return p.JSON, nil
}

// Text returns the value as the text that is bound, and whether it is NULL; see Value.
func (p Param) Text() (text string, null bool, err error) {
	kind, text, err := p.Value()
	return text, kind == NullParam && err == nil, err
}

// Value returns what is bound for the parameter: its kind and its text, "" for NULL. It
// fails with fail.Invalid for what is not one JSON value, nothing at all included,
// for text that no database can hold (NUL, half a surrogate pair, bytes that are not
// UTF-8), and for lists within lists without end, with fail.TooLarge beyond MaxParam bytes.
func (p Param) Value() (ParamKind, string, error) {
	raw := bytes.TrimSpace(p.JSON)
	switch {
	case len(raw) > MaxParam:
		return "", "", fail.Errorf(fail.TooLarge, "a parameter has %d bytes, the limit is %d", len(raw), MaxParam)
	case !utf8.Valid(raw):
		return "", "", badParam("it is not UTF-8")
	case !shallow(raw):
		return "", "", badParam(fmt.Sprintf("its lists and objects are nested deeper than %d", maxParamDepth))
	case !json.Valid(raw):
		return "", "", badParam("it is no JSON value")
	case !paired(raw):
		return "", "", badParam(`it has half of a surrogate pair (\ud800 to \udfff), which is no character`)
	}
	switch raw[0] {
	case 'n':
		return NullParam, "", nil
	case 't', 'f':
		return BoolParam, string(raw), nil
	case '[', '{':
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err != nil {
			return "", "", badParam("it is no JSON value")
		}
		return JSONParam, b.String(), nil
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return "", "", badParam("it is no JSON value")
		}
		if strings.IndexByte(s, 0) >= 0 {
			return "", "", badParam(`it has a NUL character (\u0000)`)
		}
		return TextParam, s, nil
	}
	return NumberParam, string(raw), nil
}

func badParam(why string) error {
	return fail.Errorf(fail.Invalid, "a parameter cannot be bound").Because("%s", why).
		Then("pass null, true, false, a number, a text, a list or an object in params")
}

// shallow reports whether nothing in raw is nested deeper than maxParamDepth. What raw is
// otherwise does not matter, so that it can be asked before raw is parsed.
func shallow(raw []byte) bool {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			for i++; i < len(raw) && raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			if depth++; depth > maxParamDepth {
				return false
			}
		case ']', '}':
			depth--
		}
	}
	return true
}

// paired reports whether every escaped surrogate in raw, which is valid JSON, is one of a
// pair. Go's decoder would put U+FFFD in the place of others without a word.
func paired(raw []byte) bool {
	unit := func(i int) rune { // the escaped UTF-16 unit at raw[i], -1 if there is none
		if i+6 > len(raw) || raw[i] != '\\' || raw[i+1] != 'u' {
			return -1
		}
		n, err := strconv.ParseUint(string(raw[i+2:i+6]), 16, 16)
		if err != nil {
			return -1
		}
		return rune(n)
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		r := unit(i)
		switch {
		case r < 0:
			i++ // another escape, of two bytes
		case !utf16.IsSurrogate(r):
			i += 5
		case utf16.DecodeRune(r, unit(i+6)) == utf8.RuneError:
			return false
		default:
			i += 11
		}
	}
	return true
}

// Query returns the named query with the values of its parameters, for at most limit rows.
// Where the configuration names the parameters, there must be as many values: it fails
// with fail.Invalid else. Where it does not, the database counts them.
func (n Named) Query(values []Param, limit int) (Query, error) {
	if len(n.Params) > 0 && len(values) != len(n.Params) {
		return Query{}, fail.Errorf(fail.Invalid, "the named query takes %s (%s), not %d",
			text.Count(len(n.Params), "parameter"), strings.Join(n.Params, ", "), len(values)).
			Then("pass their values in params, in this order")
	}
	if len(values) > maxParams {
		return Query{}, fail.Errorf(fail.TooLarge, "there are %d parameters, the limit is %d", len(values), maxParams)
	}
	return Query{SQL: n.SQL, Params: values, Limit: limit}, nil
}

// Values returns the values of the query's parameters, in order, from an address such as
// query://app/failed_orders?day=2026-01-01, where set is {"day": "2026-01-01"}. Values in
// an address are texts: a query that needs a number there says so with CAST. It fails with
// fail.Invalid for a name that is missing and for one that the query does not have.
func (n Named) Values(set map[string]string) ([]Param, error) {
	takes := "it takes " + strings.Join(n.Params, ", ")
	if len(n.Params) == 0 {
		takes = "its configuration names no parameters"
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if slices.Contains(n.Params, name) {
			continue
		}
		e := fail.Errorf(fail.Invalid, "the named query has no parameter %q", text60(name)).Because("%s", takes)
		if near := fail.Near(name, n.Params); len(near) > 0 {
			return nil, e.Then("use %s", strings.Join(near, " or "))
		}
		return nil, e.Then("leave it out of the address, or use db_query with params")
	}
	values := make([]Param, len(n.Params))
	var missing []string
	for i, name := range n.Params {
		s, ok := set[name]
		if !ok {
			missing = append(missing, name)
			continue
		}
		if !utf8.ValidString(s) {
			return nil, fail.Errorf(fail.Invalid, "the value of %s is not UTF-8", name)
		}
		raw, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("encoding a parameter: %w", err)
		}
		values[i] = Param{JSON: raw}
		if _, _, err := values[i].Value(); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 {
		return nil, fail.Errorf(fail.Invalid, "the named query lacks a value for %s", strings.Join(missing, ", ")).
			Because("%s", takes).Then("add ?%s=… to the address", missing[0])
	}
	return values, nil
}
