package config

import (
	"encoding"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/size"
)

func itoa(n int) string { return strconv.Itoa(n) }

// A decoder fills Go values from a tree. It goes on after a problem.
type decoder struct {
	rep     *report
	secrets func(n *node, literal bool) (SecretRef, bool) // reads a reference; reports its problems
	refs    []string                                      // keys of the outermost struct whose string is a reference
	literal []string                                      // those of refs that may hold the value itself
	taken   []string                                      // keys of the outermost struct that are decoded elsewhere
}

// structure decodes the table n into the struct v.
func (d *decoder) structure(n *node, v reflect.Value, outermost bool) {
	if n.shape != isTable {
		d.rep.at(n, "want a table, not %s", n.shape)
		return
	}
	fields := map[string]reflect.Value{}
	collectFields(v, fields)
	for _, key := range n.keys {
		child := n.table[key]
		f, ok := fields[key]
		switch {
		case ok && outermost && slices.Contains(d.refs, key) && f.Kind() == reflect.String:
			if ref, ok := d.secrets(child, slices.Contains(d.literal, key)); ok {
				f.SetString(ref.Ref())
			}
		case ok && outermost && f.Type() == reflect.TypeFor[SecretRef]():
			d.secret(child, f, slices.Contains(d.literal, key))
		case ok:
			d.value(child, f)
		case !outermost || !slices.Contains(d.taken, key):
			known := make([]string, 0, len(fields))
			for k := range fields {
				known = append(known, k)
			}
			if outermost {
				known = append(known, d.taken...)
			}
			d.unknown(child, key, known)
		}
	}
}

// unknown reports a key that does not exist, by the name of its table.
func (d *decoder) unknown(n *node, key string, known []string) {
	slices.Sort(known)
	known = slices.Compact(known)
	table := strings.TrimSuffix(strings.TrimSuffix(n.name, showKey(key)), ".")
	d.rep.add(Problem{
		Line: n.line, Col: n.col, Key: table, What: "unknown key " + strconv.QuoteToASCII(strings.Trim(showKey(key), `"`)),
		Known: known, Mend: didYouMean(fail.Near(key, known)),
	})
}

// collectFields maps keys to fields; those of embedded structs are the struct's own.
func collectFields(v reflect.Value, into map[string]reflect.Value) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Tag.Get("toml") == "" {
			collectFields(v.Field(i), into)
			continue
		}
		if !f.IsExported() {
			continue
		}
		key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		if key == "" {
			key = strings.ToLower(f.Name)
		}
		if key != "-" {
			into[key] = v.Field(i)
		}
	}
}

func (d *decoder) want(n *node, s shape) bool {
	if n.shape != s {
		d.rep.at(n, "want %s, not %s", s, n.shape)
		return false
	}
	return true
}

func (d *decoder) secret(n *node, v reflect.Value, literal bool) {
	if ref, ok := d.secrets(n, literal); ok {
		v.Set(reflect.ValueOf(ref))
	}
}

// value decodes n into v. Problems never hold the text of n.
func (d *decoder) value(n *node, v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[SecretRef]():
		d.secret(n, v, false)
		return
	case reflect.TypeFor[time.Duration]():
		if d.want(n, isString) {
			if t, err := time.ParseDuration(n.text); err != nil || t < 0 {
				d.rep.at(n, `want a duration such as "30s" or "5m"`)
			} else {
				v.SetInt(int64(t))
			}
		}
		return
	case reflect.TypeFor[size.Size]():
		if d.want(n, isString) {
			if s, ok := size.Parse(n.text); !ok {
				d.rep.at(n, `want a size such as "500kB", "64MB" or "1GiB"`)
			} else {
				v.SetInt(int64(s))
			}
		}
		return
	}
	if v.Kind() == reflect.Pointer {
		p := reflect.New(v.Type().Elem())
		d.value(n, p.Elem())
		v.Set(p)
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		// The error is left out, since it may quote the value.
		if d.want(n, isString) && u.UnmarshalText([]byte(n.text)) != nil {
			d.rep.at(n, "not a valid value")
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		if d.want(n, isString) {
			v.SetString(n.text)
		}
	case reflect.Bool:
		if d.want(n, isBool) {
			v.SetBool(n.text == "true")
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if i, ok := d.integer(n); ok {
			if v.OverflowInt(i) {
				d.rep.at(n, "the number is too large")
				return
			}
			v.SetInt(i)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if i, ok := d.integer(n); ok {
			if i < 0 || v.OverflowUint(uint64(i)) {
				d.rep.at(n, "the number is out of range")
				return
			}
			v.SetUint(uint64(i))
		}
	case reflect.Float32, reflect.Float64:
		d.float(n, v)
	case reflect.Slice:
		if d.want(n, isArray) {
			s := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
			for i, item := range n.items {
				d.value(item, s.Index(i))
			}
			v.Set(s)
		}
	case reflect.Map:
		if d.want(n, isTable) {
			m := reflect.MakeMap(v.Type())
			for _, key := range n.keys {
				e := reflect.New(v.Type().Elem()).Elem()
				d.value(n.table[key], e)
				m.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), e)
			}
			v.Set(m)
		}
	case reflect.Struct:
		d.structure(n, v, false)
	default:
		d.rep.at(n, "cleat cannot read this key: its type %s is not supported", v.Type())
	}
}

func (d *decoder) integer(n *node) (int64, bool) {
	if !d.want(n, isInteger) {
		return 0, false
	}
	// Base 0 takes what TOML takes: 0x, 0o, 0b and underscores. Leading zeros are
	// refused by the parser, so that none is read as octal.
	i, err := strconv.ParseInt(n.text, 0, 64)
	if err != nil {
		d.rep.at(n, "the number is too large")
		return 0, false
	}
	return i, true
}

func (d *decoder) float(n *node, v reflect.Value) {
	if n.shape != isFloat && n.shape != isInteger {
		d.want(n, isFloat)
		return
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(n.text, "_", ""), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		d.rep.at(n, "want a finite number")
		return
	}
	v.SetFloat(f)
}
