package builds

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

func TestWorkflow(t *testing.T) {
	for _, test := range []struct {
		file string
		want []ci.Input
		on   bool
		err  string
	}{
		{"on: push", nil, false, ""},
		{"on: workflow_dispatch", nil, true, ""},
		{`"on": [push, workflow_dispatch]`, nil, true, ""},
		{"on:\n  workflow_dispatch:\n", nil, true, ""},
		{"on:\n  workflow_dispatch:\n    inputs:\n", nil, true, ""},
		{"name: x\non:\n  push: {branches: [main]}\n  workflow_dispatch:\n    inputs:\n      a:\n      b: {type: boolean, default: true}\n      c: {type: choice, options: [1, no, x], required: True}\n" +
			"      d: {type: environment, required: yes}\n      e: {type: number, default: 1.50, description: 'of it'}\n      f: {default: }\n", []ci.Input{
			{Name: "a", Type: "string"}, {Name: "b", Type: "boolean", Default: "true"}, {Name: "c", Type: "choice", Options: []string{"1", "no", "x"}, Required: true},
			{Name: "d", Type: "environment"}, {Name: "e", Type: "number", Default: "1.50"}, {Name: "f", Type: "string"},
		}, true, ""},
		{"x: &in {type: choice, options: [a]}\non: {workflow_dispatch: {inputs: {v: *in, w: *in}}}", []ci.Input{
			{Name: "v", Type: "choice", Options: []string{"a"}}, {Name: "w", Type: "choice", Options: []string{"a"}},
		}, true, ""},
		{"on: {workflow_call: {inputs: {a: {type: string}}}}", nil, false, ""},
		{"", nil, false, "no mapping"}, {"- on", nil, false, "no mapping"}, {"on: [", nil, false, "not YAML"}, {"name: x", nil, false, "no events"},
		{"on: &a [*a]", nil, false, ""}, {"on: {workflow_dispatch: {inputs: {a: {type: choice}}}}", nil, false, "no options"},
		{"on: {workflow_dispatch: {inputs: {'': {}}}}", nil, false, "no name"},
		{"on: {workflow_dispatch: {inputs: {a: {}, a: {}}}}", nil, false, "twice"},
		{"on: {workflow_dispatch: {inputs: {a: {default: " + strings.Repeat("x", 2000) + "}}}}", nil, false, "1024 bytes"},
		{"on: {workflow_dispatch: {inputs: {a: {type: choice, options: [" + strings.Repeat("x,", 600) + "]}}}}", nil, false, "500 options"},
		{"on:\n  workflow_dispatch:\n    inputs: {" + manyInputs(201) + "}", nil, false, "200 inputs"},
	} {
		got, on, err := Workflow([]byte(test.file))
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%.200q: %v, want %q", test.file, err, test.err)
		}
		if on != test.on {
			t.Errorf("%.200q: dispatched is %t", test.file, on)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%.200q (-want +got)\n%s", test.file, diff)
		}
	}
}

func manyInputs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat("a", i+1) + ": {}, ")
	}
	return b.String()
}

// What a file declares is within the limits, and is what a start is held against: each
// option and default passes, each thing that is required has to be there.
func FuzzWorkflow(f *testing.F) {
	for _, seed := range []string{
		"on: workflow_dispatch", "on: {workflow_dispatch: {inputs: {a: {type: choice, options: [x, y], default: x, required: true}}}}",
		"on:\n  workflow_dispatch:\n    inputs:\n      n: {type: number, default: 3}\n      b: {type: boolean}\n", "a: &a [*a]\non: *a", "on: &x {workflow_dispatch: *x}",
		"a: &a [1,2]\nb: &b [*a,*a]\non: {workflow_dispatch: {inputs: {o: {type: choice, options: *b}}}}", "on: !!binary aGk=", "\ufeffon: push", "---\n---\non: push",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		inputs, on, err := Workflow([]byte(file))
		if err != nil {
			if on || inputs != nil {
				t.Error("something and an error")
			}
			return
		}
		if !on && inputs != nil {
			t.Error("inputs of nothing")
		}
		if len(inputs) > MaxInputs {
			t.Errorf("%d inputs", len(inputs))
		}
		given := map[string]string{}
		for i, in := range inputs {
			if in.Name == "" || in.Type == "" || len(in.Options) > MaxOptions || slices.ContainsFunc(inputs[:i], func(o ci.Input) bool { return o.Name == in.Name }) {
				t.Errorf("an input %+v", in)
			}
			for _, o := range in.Options {
				if in.Type == "choice" && Check(ci.Task{Inputs: []ci.Input{in}}, ci.Start{Inputs: map[string]string{in.Name: o}}) != nil && utf8.ValidString(o) && !strings.Contains(o, "\x00") {
					t.Errorf("the option %q of %+v is refused", o, in)
				}
			}
			switch {
			case !in.Required:
			case in.Type == "choice":
				given[in.Name] = in.Options[0]
			case in.Type == "number":
				given[in.Name] = "1"
			case in.Type != "boolean":
				given[in.Name] = "x"
			}
		}
		if err := Check(ci.Task{Inputs: inputs}, ci.Start{Inputs: given}); err != nil && fail.From(err).Code != fail.TooLarge && !slices.Contains(slices.Collect(maps.Values(given)), "") {
			t.Errorf("%v: %v", given, fail.Show(err))
		}
		for name := range given {
			i := slices.IndexFunc(inputs, func(in ci.Input) bool { return in.Name == name })
			value := given[name]
			delete(given, name)
			if err := Check(ci.Task{Inputs: inputs}, ci.Start{Inputs: given}); err == nil && inputs[i].Default == "" {
				t.Errorf("without %q: no error", name)
			}
			given[name] = value
		}
	})
}
