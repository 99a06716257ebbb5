package gate

import "reflect"

// maxEach bounds how deep each goes into a value. Answers are trees of a few levels.
const maxEach = 64

// each replaces every string inside the value that ptr points to by f of it: in structs,
// slices, arrays, maps' values and pointers. Map keys and unexported fields, which no
// renderer shows as they are, stay.
func each(ptr any, f func(string) string) { eachValue(reflect.ValueOf(ptr), f, maxEach) }

func eachValue(v reflect.Value, f func(string) string, depth int) {
	if depth == 0 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			eachValue(v.Elem(), f, depth-1)
		}
	case reflect.String:
		if v.CanSet() {
			if s := v.String(); s != "" {
				v.SetString(f(s))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				eachValue(v.Field(i), f, depth-1)
			}
		}
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k < reflect.Array && k != reflect.Interface {
			return // numbers and booleans have no strings in them
		}
		for i := range v.Len() {
			eachValue(v.Index(i), f, depth-1)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			// A map's values cannot be set in place.
			c := reflect.New(v.Type().Elem()).Elem()
			c.Set(v.MapIndex(k))
			eachValue(c, f, depth-1)
			v.SetMapIndex(k, c)
		}
	}
}
