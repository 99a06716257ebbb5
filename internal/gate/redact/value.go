package redact

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
)

// maxDepth is how deep Strings goes.
const maxDepth = 100

// Strings masks the secrets in every string within the value that ptr points to, in place:
// in fields, elements, map keys and map values, behind pointers and interfaces, and
// in []byte and json.RawMessage as text (what was valid JSON stays valid). A string in a map counts as the
// value of its key, so that {"password": "…"} is masked as a whole.
//
// ptr is a pointer, or a map or slice, whose elements are then changed. Cycles are
// followed once. What lies deeper than 100 levels is set to its zero value, since it cannot
// be vouched for. Unexported fields cannot be changed and are left alone, other than the
// password of a *url.Userinfo; so are channels and functions.
func (r *Redactor) Strings(ptr any) {
	w := walker{r: r, seen: make(map[visit]bool)}
	v := reflect.ValueOf(ptr)
	w.walk(v, 0)
}

// A walker does the work of Strings.
type walker struct {
	r    *Redactor
	seen map[visit]bool
}

// A visit is a pointer or a map that was followed.
type visit struct {
	p uintptr
	t reflect.Type
}

func (w *walker) walk(v reflect.Value, depth int) {
	if !v.IsValid() {
		return
	}
	if depth > maxDepth {
		if v.CanSet() {
			v.SetZero()
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(w.r.String(v.String()))
		}
	case reflect.Pointer:
		w.pointer(v, depth)
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		e := v.Elem()
		switch e.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Slice:
			if v.CanSet() {
				v.Set(w.copied(e, depth))
			} else {
				w.walk(e, depth+1)
			}
		case reflect.String, reflect.Struct, reflect.Array:
			if v.CanSet() {
				v.Set(w.copied(e, depth))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				w.walk(v.Field(i), depth+1)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			w.walk(v.Index(i), depth+1)
		}
	case reflect.Slice:
		w.slice(v, depth)
	case reflect.Map:
		w.mapping(v, depth)
	}
}

// copied returns a copy of v, which cannot be changed itself, with its strings masked.
// Pointers, maps and slices within it are changed in place.
func (w *walker) copied(v reflect.Value, depth int) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	w.walk(c, depth+1)
	return c
}

func (w *walker) pointer(v reflect.Value, depth int) {
	if v.IsNil() || w.followed(v) {
		return
	}
	if u, ok := reflect.TypeAssert[*url.Userinfo](v); ok && v.CanSet() {
		if password, has := u.Password(); has && !sham(password) {
			v.Set(reflect.ValueOf(url.UserPassword(w.r.String(u.Username()), "redacted")))
		}
		return
	}
	w.walk(v.Elem(), depth+1)
}

// followed reports whether the pointer or map v was followed before, and notes it.
func (w *walker) followed(v reflect.Value) bool {
	at := visit{v.Pointer(), v.Type()}
	if w.seen[at] {
		return true
	}
	w.seen[at] = true
	return false
}

func (w *walker) slice(v reflect.Value, depth int) {
	if v.Type().Elem().Kind() != reflect.Uint8 {
		for i := range v.Len() {
			w.walk(v.Index(i), depth+1)
		}
		return
	}
	if !v.CanSet() || v.Len() == 0 {
		return
	}
	old := v.Bytes()
	if v.Type() == reflect.TypeFor[json.RawMessage]() {
		v.SetBytes(w.r.raw(old))
		return
	}
	v.SetBytes(w.r.Text("", old))
}

func (w *walker) mapping(v reflect.Value, depth int) {
	if v.IsNil() || w.followed(v) {
		return
	}
	for _, key := range v.MapKeys() {
		value := w.copied(v.MapIndex(key), depth)
		if key.Kind() != reflect.String {
			v.SetMapIndex(key, value)
			continue
		}
		if s, ok := text(value); ok {
			if kind := kindOf(key.String()); kind != "" && secretive(s, kind, quoted) {
				masked := reflect.ValueOf(string(w.r.appendMarker(nil, kind, s)))
				value.Set(masked.Convert(typeOfText(value)))
			}
		}
		v.SetMapIndex(key, reflect.Value{})
		v.SetMapIndex(w.copied(key, depth), value)
	}
}

// text returns the string that v is or, as an interface, holds.
func text(v reflect.Value) (string, bool) {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() != reflect.String {
		return "", false
	}
	return v.String(), true
}

// typeOfText returns the type of the string in v, for which text returned true.
func typeOfText(v reflect.Value) reflect.Type {
	if v.Kind() == reflect.Interface {
		return v.Elem().Type()
	}
	return v.Type()
}

// raw masks the secrets in a JSON text: first as the text that it is, so that names tell
// what values are, then in each string with its escapes undone. Valid JSON stays valid.
func (r *Redactor) raw(b []byte) []byte {
	valid := json.Valid(b)
	out := r.Text("", b)
	if !valid {
		return out
	}
	if !json.Valid(out) { // a secret reached beyond its string
		out = b
	} else if bytes.IndexByte(out, '\\') < 0 {
		return out
	}
	var masked []byte
	last := 0
	for i := 0; i < len(out); i++ {
		if out[i] != '"' {
			continue
		}
		end := i + 1
		for out[end] != '"' {
			if out[end] == '\\' {
				end++
			}
			end++
		}
		end++
		var s string
		if json.Unmarshal(out[i:end], &s) == nil {
			if m := r.String(s); m != s {
				if quoted, err := json.Marshal(m); err == nil {
					masked = append(append(masked, out[last:i]...), quoted...)
					last = end
				}
			}
		}
		i = end - 1
	}
	if last == 0 {
		return out
	}
	return append(masked, out[last:]...)
}
