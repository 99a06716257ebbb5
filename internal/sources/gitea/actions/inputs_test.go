package actions

import "testing"

// FuzzWorkflow: whatever a workflow's file says, what is read of it is bounded, has names, and
// names nothing twice.
func FuzzWorkflow(f *testing.F) {
	for _, s := range []string{"on: workflow_dispatch", "on: [push, workflow_dispatch]", "on: {workflow_dispatch: {inputs: {a: {options: [1, *x]}}}}",
		"on: &a {workflow_dispatch: *a}", "on:\n  workflow_dispatch:\n    inputs:\n      a:\n      a:\n", "true: x", "\xff\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readWorkflow(data)
		if err != nil || d == nil {
			return
		}
		seen := map[string]bool{}
		for _, in := range d.inputs {
			if in.Name == "" || seen[in.Name] || len(in.Name) > maxText || len(in.Options) > maxOptions {
				t.Errorf("%+v", in)
			}
			seen[in.Name] = true
		}
		if len(d.inputs) > maxInputs {
			t.Errorf("%d inputs", len(d.inputs))
		}
	})
}
