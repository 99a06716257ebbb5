package registry_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/self"
)

// input has an argument of every kind.
type input struct {
	Text  string   `json:"text" jsonschema:"a text"`
	Mode  string   `json:"mode,omitempty" jsonschema:"one of a few"`
	N     int      `json:"n,omitempty" jsonschema:"a number"`
	Any   int      `json:"any,omitempty" jsonschema:"a number without bounds"`
	On    bool     `json:"on,omitempty" jsonschema:"yes or no"`
	Paths []string `json:"paths,omitempty" jsonschema:"a list"`
	systems.BudgetArg
	systems.TimeoutArg
}

// seen makes a tool that hands its input to got.
func seen(got *input) registry.Entry {
	return registry.NewTool(systems.Self, registry.Tool{Name: "probe", Title: "Probe", Description: "For the test.", Access: registry.Read,
		Schema: func(s *jsonschema.Schema) {
			s.Properties["mode"].Enum = []any{"text", "regex"}
			s.Properties["n"].Minimum, s.Properties["n"].Maximum = jsonschema.Ptr(1.0), jsonschema.Ptr(20.0)
		}}, func(_ context.Context, _ self.Reporter, in input) (*self.Report, error) {
		*got = in
		return &self.Report{}, nil
	})
}

type reporter struct{}

func (reporter) Report(context.Context, self.View) (*self.Report, error) { return &self.Report{}, nil }

func set() *systems.Set {
	return &systems.Set{Self: systems.Sources[self.Reporter]{{Name: "cleat", Local: true, Backend: reporter{}}}}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		args  string
		want  input
		notes []string
	}{
		{`{"text":"a"}`, input{Text: "a"}, nil},
		{`{"text":"a","n":"5","on":"true","mode":null}`, input{Text: "a", N: 5, On: true}, nil},
		{`{"text":12345678901234567890}`, input{Text: "12345678901234567890"}, nil},
		{`{"text":"a","n":5.0}`, input{Text: "a", N: 5}, nil},
		{`{"text":"a","any":9007199254740993}`, input{Text: "a", Any: 9007199254740993}, nil},
		{`{"text":"a","n":1e18}`, input{Text: "a", N: 20}, []string{"n 1e18 was taken as 20, its limit"}},
		{`{"text":"a","n":"9e99"}`, input{Text: "a", N: 20}, []string{"n 9e99 was taken as 20, its limit"}},
		{`{"text":"a","n":9223372036854775808}`, input{Text: "a", N: 20}, []string{"n 9223372036854775808 was taken as 20, its limit"}},
		{`{"text":"a","n":-1e999999999}`, input{Text: "a", N: 1}, []string{"n -1e999999999 was taken as 1, its limit"}},
		{`{"text":"a","n":0}`, input{Text: "a", N: 1}, []string{"n 0 was taken as 1, its limit"}},
		{`{"text":"a","paths":"src"}`, input{Text: "a", Paths: []string{"src"}}, nil},
		{`{"text":"a","paths":"[\"x\",\"y\"]"}`, input{Text: "a", Paths: []string{"x", "y"}}, nil},
		{`{"text":"a","paths":["x","y"]}`, input{Text: "a", Paths: []string{"x", "y"}}, nil},
	} {
		var got input
		e := seen(&got)
		call, err := e.Prepare(set(), set(), json.RawMessage(c.args))
		if err != nil {
			t.Errorf("%s: %v", c.args, err)
			continue
		}
		if _, err := call.Run(t.Context(), set()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.args, diff)
		}
		if diff := cmp.Diff(c.notes, call.Notes); diff != "" {
			t.Errorf("%s notes (-want +got):\n%s", c.args, diff)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	const known = "use the arguments text, mode, n, any, on, paths, budget, timeout_ms"
	for _, c := range []struct{ args, want, next string }{
		{``, `the argument "text" is missing`, ""},
		{`null`, `the argument "text" is missing`, ""},
		{`{"text":null}`, `the argument "text" is missing`, ""},
		{`[]`, "arguments must be a JSON object, not a list", ""},
		{`"{\"text\":\"a\"}"`, "arguments must be a JSON object, not a string", ""},
		{`{"text":"a","pathes":["x"]}`, `there is no argument "pathes"`, known},
		{`{"TEXT":"a"}`, `there is no argument "TEXT"`, known},
		{`{"text":{}}`, `the argument "text" must be a string, not an object`, ""},
		{`{"text":true}`, `the argument "text" must be a string, not a boolean`, ""},
		{`{"text":"a\u0000b"}`, `the argument "text" has a NUL character`, ""},
		{`{"text":"a","mode":"regexp"}`, `the argument "mode" has no value "regexp"`, "use one of text, regex"},
		{`{"text":"a","n":"many"}`, `the argument "n" must be a whole number, not a string`, ""},
		{`{"text":"a","n":5.5}`, `the argument "n" must be a whole number, not the number 5.5`, ""},
		{`{"text":"a","n":"NaN"}`, `the argument "n" must be a whole number, not a string`, ""},
		{`{"text":"a","n":"0x10"}`, `the argument "n" must be a whole number, not a string`, ""},
		{`{"text":"a","any":1e99}`, `the argument "any" is out of range: 1e99`, ""},
		{`{"text":"a","on":1}`, `the argument "on" must be true or false, not the number 1`, ""},
		{`{"text":"a","paths":{}}`, `the argument "paths" must be a list, not an object`, ""},
		{`{"text":"a","paths":[{}]}`, `the argument "paths" must be a string, not an object`, ""},
	} {
		var got input
		e := seen(&got)
		_, err := e.Prepare(set(), set(), json.RawMessage(c.args))
		if err == nil {
			t.Errorf("%s was taken", c.args)
			continue
		}
		f := fail.From(err)
		if f.Code != fail.Invalid || f.What != c.want || (c.next != "" && f.Next != c.next) {
			t.Errorf("%s:\n%s\nwant %q, %q", c.args, fail.Show(err), c.want, c.next)
		}
	}
}

// FuzzDecode: arguments never panic, and what is refused says which argument.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"text":"a","n":5}`, `{"paths":"["}`, `{"n":"1e99999"}`, `[`, `{"on":"TRUE"}`} {
		f.Add(s)
	}
	var got input
	e := seen(&got)
	f.Fuzz(func(t *testing.T, s string) {
		if !json.Valid([]byte(s)) {
			return // the guard lets nothing else through
		}
		_, err := e.Prepare(set(), set(), json.RawMessage(s))
		if err != nil && (fail.From(err).Code == fail.Internal || !strings.Contains(fail.Show(err), "argument")) {
			t.Fatalf("%s: %v", s, err)
		}
	})
}
