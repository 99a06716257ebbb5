package actions

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

func TestReadWorkflow(t *testing.T) {
	for _, test := range []struct {
		file string
		want *dispatch
		err  string
	}{
		{"on: push", nil, ""},
		{"on: workflow_dispatch", &dispatch{}, ""},
		{`"on": [push, workflow_dispatch]`, &dispatch{}, ""},
		{"on:\n  workflow_dispatch:\n", &dispatch{}, ""},
		{"on:\n  workflow_dispatch:\n    inputs:\n", &dispatch{}, ""},
		{"name: x\non:\n  push: {branches: [main]}\n  workflow_dispatch:\n    inputs:\n      a:\n      b: {type: boolean, default: true}\n      c: {type: choice, options: [1, no, x], required: True}\n" +
			"      d: {type: environment, required: yes}\n      e: {type: number, default: 1.50, description: 'of it'}\n      f: {default: }\n", &dispatch{[]ci.Input{
			{Name: "a", Type: "string"}, {Name: "b", Type: "boolean", Default: "true"}, {Name: "c", Type: "choice", Options: []string{"1", "no", "x"}, Required: true},
			{Name: "d", Type: "environment"}, {Name: "e", Type: "number", Default: "1.50"}, {Name: "f", Type: "string"},
		}}, ""},
		{"x: &in {type: choice, options: [a]}\non: {workflow_dispatch: {inputs: {v: *in, w: *in}}}", &dispatch{[]ci.Input{
			{Name: "v", Type: "choice", Options: []string{"a"}}, {Name: "w", Type: "choice", Options: []string{"a"}},
		}}, ""},
		{"on: {workflow_call: {inputs: {a: {type: string}}}}", nil, ""},
		{"", nil, "no mapping"}, {"- on", nil, "no mapping"}, {"on: [", nil, "not YAML"}, {"name: x", nil, "no events"},
		{"on: &a [*a]", nil, ""}, {"on: {workflow_dispatch: {inputs: {a: {type: choice}}}}", nil, "no options"},
		{"on: {workflow_dispatch: {inputs: {'': {}}}}", nil, "no name"},
		{"on: {workflow_dispatch: {inputs: {a: {}, a: {}}}}", nil, "twice"},
		{"on: {workflow_dispatch: {inputs: {a: {default: " + strings.Repeat("x", 2000) + "}}}}", nil, "1024 bytes"},
		{"on: {workflow_dispatch: {inputs: {a: {type: choice, options: [" + strings.Repeat("x,", 600) + "]}}}}", nil, "500 options"},
		{"on:\n  workflow_dispatch:\n    inputs: {" + manyInputs(101) + "}", nil, "100 inputs"},
	} {
		got, err := readWorkflow([]byte(test.file))
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%.200q: %v, want %q", test.file, err, test.err)
		}
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(dispatch{})); diff != "" {
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
func FuzzReadWorkflow(f *testing.F) {
	for _, seed := range []string{
		"on: workflow_dispatch", "on: {workflow_dispatch: {inputs: {a: {type: choice, options: [x, y], default: x, required: true}}}}",
		"on:\n  workflow_dispatch:\n    inputs:\n      n: {type: number, default: 3}\n      b: {type: boolean}\n", "a: &a [*a]\non: *a", "on: &x {workflow_dispatch: *x}",
		"a: &a [1,2]\nb: &b [*a,*a]\non: {workflow_dispatch: {inputs: {o: {type: choice, options: *b}}}}", "on: !!binary aGk=", "\ufeffon: push", "---\n---\non: push",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		d, err := readWorkflow([]byte(file))
		if err != nil {
			if d != nil {
				t.Error("something and an error")
			}
			return
		}
		if d == nil {
			return
		}
		if len(d.inputs) > maxInputs {
			t.Errorf("%d inputs", len(d.inputs))
		}
		given := map[string]string{}
		for i, in := range d.inputs {
			if in.Name == "" || in.Type == "" || len(in.Options) > maxOptions || slices.ContainsFunc(d.inputs[:i], func(o ci.Input) bool { return o.Name == in.Name }) {
				t.Errorf("an input %+v", in)
			}
			for _, o := range in.Options {
				if in.Type == "choice" && wrong(in, o) != "" {
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
		if err := checkInputs("w", d.inputs, given); err != nil && fail.From(err).Code != fail.TooLarge && !slices.Contains(slices.Collect(maps.Values(given)), "") {
			t.Errorf("%v: %v", given, fail.Show(err))
		}
		for name := range given {
			i := slices.IndexFunc(d.inputs, func(in ci.Input) bool { return in.Name == name })
			value := given[name]
			delete(given, name)
			if err := checkInputs("w", d.inputs, given); err == nil && d.inputs[i].Default == "" {
				t.Errorf("without %q: no error", name)
			}
			given[name] = value
		}
	})
}
