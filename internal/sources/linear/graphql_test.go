package linear

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// What of GraphQL the fake understands: one operation with variables, selections and
// arguments. It answers with what was selected, and fails for what does not exist, as the
// service does.

type object = map[string]any

// A lazy value is made when it is selected, with its arguments.
type lazy func(args object) any

// A field is one of a selection.
type field struct {
	name string
	args object // literals, and "$name" for a variable
	sub  []field
}

var token = regexp.MustCompile(`\$?[A-Za-z_][A-Za-z_0-9]*|\d+|[{}():!]`)

// parse reads an operation and returns the selection of its root.
func parseQuery(query string) (mutation bool, roots []field) {
	words := token.FindAllString(query, -1)
	mutation = words[0] == "mutation"
	for words[0] != "{" { // the name and the declarations
		words = words[1:]
	}
	roots, _ = selection(words[1:])
	return mutation, roots
}

func selection(words []string) ([]field, []string) {
	var out []field
	for words[0] != "}" {
		f := field{name: words[0], args: object{}}
		words = words[1:]
		if words[0] == "(" {
			words = words[1:]
			for words[0] != ")" {
				f.args[words[0]] = words[2]
				words = words[3:]
			}
			words = words[1:]
		}
		if words[0] == "{" {
			f.sub, words = selection(words[1:])
		}
		out = append(out, f)
	}
	return out, words[1:]
}

// with puts the variables into arguments.
func with(args, variables object) object {
	out := object{}
	for k, v := range args {
		s := v.(string)
		if name, ok := strings.CutPrefix(s, "$"); ok {
			out[k] = variables[name]
		} else if n, err := strconv.Atoi(s); err == nil {
			out[k] = float64(n)
		} else {
			out[k] = s
		}
	}
	return out
}

// A refusal is an error that the fake answers with.
type refusal struct{ message, kind string }

// pick returns what a selection has of a value.
func pick(sel []field, v any, variables object) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []object:
		out := []any{}
		for _, o := range v {
			out = append(out, pick(sel, o, variables))
		}
		return out
	case object:
		if len(sel) == 0 {
			panic(refusal{"a selection of subfields is needed", "graphql error"})
		}
		out := object{}
		for _, f := range sel {
			value, ok := v[f.name]
			if !ok {
				panic(refusal{"Cannot query field " + f.name, "graphql error"})
			}
			if l, ok := value.(lazy); ok {
				value = l(with(f.args, variables))
			}
			got := pick(f.sub, value, variables)
			if old, ok := out[f.name].(object); ok { // selected twice: both count
				for k, x := range got.(object) {
					old[k] = x
				}
				continue
			}
			out[f.name] = got
		}
		return out
	}
	return v
}

// connection pages a list; cursors are positions.
func connection(list []object) lazy {
	return func(args object) any {
		first, from := 50, 0
		if n, ok := args["first"].(float64); ok {
			first = int(n)
		}
		if after, ok := args["after"].(string); ok && after != "" {
			n, err := strconv.Atoi(strings.TrimPrefix(after, "at-"))
			if err != nil {
				panic(refusal{"Argument Validation Error: after is no cursor", "invalid input"})
			}
			from = min(n, len(list))
		}
		if first > 250 {
			panic(refusal{"Argument Validation Error: first must not be greater than 250", "invalid input"})
		}
		to := min(from+first, len(list))
		return object{"nodes": append([]object{}, list[from:to]...), "pageInfo": object{"hasNextPage": to < len(list), "endCursor": fmt.Sprintf("at-%d", to)}}
	}
}

// matches evaluates a filter.
func matches(filter object, v any, isList bool) bool {
	if l, ok := v.(lazy); ok {
		page := l(object{"first": 250.0}).(object)
		if nodes, ok := page["nodes"].([]object); ok {
			v, isList = nodes, true
		} else {
			v = page
		}
	}
	for key, want := range filter {
		if !matchesKey(key, want, v, isList) {
			return false
		}
	}
	return true
}

func matchesKey(key string, want, v any, isList bool) bool {
	switch key {
	case "and", "or":
		some := false
		for _, w := range want.([]any) {
			ok := matches(w.(object), v, isList)
			if key == "and" && !ok {
				return false
			}
			some = some || ok
		}
		return some || key == "and"
	case "null":
		return (v == nil) == want.(bool)
	case "some":
		for _, o := range v.([]object) {
			if matches(want.(object), o, false) {
				return true
			}
		}
		return false
	}
	if list, ok := v.([]object); ok { // a filter of a collection speaks of some of it
		return matchesKey("some", object{key: want}, list, false)
	}
	if o, ok := v.(object); ok {
		inner, ok := o[key]
		sub, isFilter := want.(object)
		if !ok || !isFilter {
			panic(refusal{"Field " + key + " is not defined", "graphql validation failed"})
		}
		return matches(sub, inner, false)
	}
	if v == nil {
		return false
	}
	s := fmt.Sprint(v)
	switch key {
	case "eq":
		return s == fmt.Sprint(want)
	case "eqIgnoreCase":
		return strings.EqualFold(s, want.(string))
	case "containsIgnoreCase":
		return strings.Contains(strings.ToLower(s), strings.ToLower(want.(string)))
	case "gte":
		return cmp.Compare(s, want.(string)) >= 0
	case "in", "nin":
		found := false
		for _, w := range want.([]any) {
			found = found || s == w
		}
		return found == (key == "in")
	}
	panic(refusal{"Field " + key + " is not defined", "graphql validation failed"})
}
