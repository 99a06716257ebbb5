package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"

	"cleat/internal/fail"
)

// arguments are the checked arguments of a call: canonical JSON values by name.
type arguments struct {
	values map[string]json.RawMessage
	notes  []string // what was clamped
}

// decode checks raw against the shape: unknown and missing arguments, kinds, enums and
// bounds. A number may come as a string and a list as a single value; null is absent.
func (s *shape) decode(raw json.RawMessage) (arguments, error) {
	out := arguments{values: map[string]json.RawMessage{}}
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		raw = json.RawMessage("{}")
	}
	if raw[0] != '{' {
		return out, fail.Errorf(fail.Invalid, "arguments must be a JSON object, not %s", kindOf(raw)).
			Then("pass an object with the arguments %s", list(s.names()))
	}
	given := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &given); err != nil {
		return out, fail.Errorf(fail.Invalid, "arguments are not valid JSON")
	}
	for name := range given {
		if s.arg(name) == nil {
			return out, s.unknown(name)
		}
	}
	for i := range s.args {
		a := &s.args[i]
		v, ok := given[a.name]
		if !ok || string(v) == "null" {
			if a.required {
				return out, fail.Errorf(fail.Invalid, "the argument %q is missing", a.name).Because("%s: %s", a.name, a.desc)
			}
			continue
		}
		value, note, err := a.check(v)
		if err != nil {
			return out, err
		}
		if note != "" {
			out.notes = append(out.notes, note)
		}
		out.values[a.name] = value
	}
	return out, nil
}

func (s *shape) unknown(name string) error {
	e := fail.Errorf(fail.Invalid, "there is no argument %s", quote(name))
	if near := fail.Near(name, s.names()); len(near) > 0 {
		e = e.Because("did you mean %s?", list(near))
	}
	return e.Then("use the arguments %s", list(s.names()))
}

// check returns the canonical form of v.
func (a *arg) check(v json.RawMessage) (json.RawMessage, string, error) {
	switch a.kind {
	case "array":
		return a.checkArray(v)
	case "object":
		return a.checkObject(v)
	}
	return a.checkScalar(a.kind, v)
}

// checkObject checks the values of an object whose values are of one kind. Where they are
// strings, true and false are taken for their names.
func (a *arg) checkObject(v json.RawMessage) (json.RawMessage, string, error) {
	if v[0] != '{' {
		return nil, "", a.wrong("an object", v)
	}
	if a.item == "" {
		return v, "", nil
	}
	values := map[string]json.RawMessage{}
	if err := json.Unmarshal(v, &values); err != nil {
		return nil, "", a.wrong("an object", v)
	}
	if len(values) > 1000 {
		return nil, "", fail.Errorf(fail.TooLarge, "the argument %q has %d members, the limit is 1000", a.name, len(values))
	}
	for name, item := range values {
		if a.item == "string" && (string(item) == "true" || string(item) == "false") {
			item = json.RawMessage(`"` + string(item) + `"`)
		}
		c, _, err := a.checkScalar(a.item, item)
		if err != nil {
			return nil, "", err
		}
		values[name] = c
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return nil, "", fmt.Errorf("encoding the argument %s: %w", a.name, err)
	}
	return raw, "", nil
}

func (a *arg) checkArray(v json.RawMessage) (json.RawMessage, string, error) {
	var items []json.RawMessage
	switch v[0] {
	case '[':
		if err := json.Unmarshal(v, &items); err != nil {
			return nil, "", a.wrong("a list", v)
		}
	case '"':
		var s string
		if err := json.Unmarshal(v, &s); err != nil {
			return nil, "", a.wrong("a list", v)
		}
		// Models send "[\"a\"]" as well as "a" where a list is wanted.
		if !strings.HasPrefix(s, "[") || json.Unmarshal([]byte(s), &items) != nil {
			items = []json.RawMessage{v}
		}
	case '{':
		return nil, "", a.wrong("a list", v)
	default:
		items = []json.RawMessage{v}
	}
	if len(items) > 1000 {
		return nil, "", fail.Errorf(fail.TooLarge, "the argument %q has %d elements, the limit is 1000", a.name, len(items))
	}
	for i, item := range items {
		if a.item == "" {
			continue
		}
		c, _, err := a.checkScalar(a.item, item)
		if err != nil {
			return nil, "", err
		}
		items[i] = c
	}
	raw, err := json.Marshal(items)
	if err != nil {
		return nil, "", fmt.Errorf("encoding the argument %s: %w", a.name, err)
	}
	return raw, "", nil
}

func (a *arg) checkScalar(kind string, v json.RawMessage) (json.RawMessage, string, error) {
	text := string(v)
	isString := v[0] == '"'
	if isString {
		if err := json.Unmarshal(v, &text); err != nil {
			return nil, "", a.wrong("a string", v)
		}
	}
	switch kind {
	case "string":
		if !isString && (v[0] == '{' || v[0] == '[' || v[0] == 't' || v[0] == 'f' || v[0] == 'n') {
			return nil, "", a.wrong("a string", v)
		}
		if strings.IndexByte(text, 0) >= 0 {
			return nil, "", fail.Errorf(fail.Invalid, "the argument %q has a NUL character", a.name)
		}
		if len(a.enum) > 0 && !contains(a.enum, text) {
			return nil, "", unknownValue(a.name, text, a.enum)
		}
		raw, err := json.Marshal(text)
		return raw, "", err
	case "boolean":
		if t := strings.ToLower(strings.TrimSpace(text)); t == "true" || t == "false" {
			return json.RawMessage(t), "", nil
		}
		return nil, "", a.wrong("true or false", v)
	case "integer", "number":
		return a.checkNumber(kind, strings.TrimSpace(text), v)
	}
	return v, "", nil
}

func (a *arg) checkNumber(kind, text string, v json.RawMessage) (json.RawMessage, string, error) {
	want := map[bool]string{true: "a whole number", false: "a number"}[kind == "integer"]
	if len(text) > 400 || !json.Valid([]byte(text)) || text == "" || strings.IndexByte("-0123456789", text[0]) < 0 {
		return nil, "", a.wrong(want, v)
	}
	// big.Float reads any exponent at fixed cost; big.Rat would build 10^9e99.
	f, _, err := big.ParseFloat(text, 10, 128, big.ToNearestEven)
	if err != nil && f == nil {
		return nil, "", a.wrong(want, v)
	}
	for _, bound := range []struct {
		at   *float64
		over func(int) bool
	}{{a.min, func(c int) bool { return c < 0 }}, {a.max, func(c int) bool { return c > 0 }}} {
		if bound.at != nil && bound.over(f.Cmp(big.NewFloat(*bound.at))) {
			limit := fmt.Sprintf("%.0f", *bound.at)
			return json.RawMessage(limit), fmt.Sprintf("%s %s was taken as %s, its limit", a.name, clip(text), limit), nil
		}
	}
	if kind == "number" {
		return json.RawMessage(text), "", nil
	}
	if !f.IsInt() {
		return nil, "", a.wrong(want, v)
	}
	n, acc := f.Int64()
	if acc != big.Exact || n == math.MinInt64 {
		return nil, "", fail.Errorf(fail.Invalid, "the argument %q is out of range: %s", a.name, clip(text))
	}
	return json.RawMessage(fmt.Sprint(n)), "", nil
}

func (a *arg) wrong(want string, got json.RawMessage) error {
	return fail.Errorf(fail.Invalid, "the argument %q must be %s, not %s", a.name, want, kindOf(got)).
		Because("%s: %s", a.name, a.desc)
}

// unknownValue is the error for a value that is none of those that exist.
func unknownValue(name, value string, known []string) error {
	e := fail.Errorf(fail.Invalid, "the argument %q has no value %s", name, quote(value))
	if near := fail.Near(value, known); len(near) > 0 {
		e = e.Because("did you mean %s?", list(near))
	}
	return e.Then("use one of %s", list(known))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "a string"
	case '[':
		return "a list"
	case '{':
		return "an object"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "the number " + clip(string(raw))
}

func quote(s string) string { return fmt.Sprintf("%q", clip(s)) }

// clip shortens what a caller sent for an error message.
func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "…"
}

func list(names []string) string {
	if len(names) == 0 {
		return "(none)"
	}
	return strings.Join(names, ", ")
}
