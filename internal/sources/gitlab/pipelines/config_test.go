package pipelines

import (
	"testing"

	"cleat/internal/builds"
)

// FuzzConfig: whatever a CI file says, what is read of it is bounded, has names, and names
// nothing twice.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{"spec:\n  inputs:\n    a: {options: [1, null, *x]}\n    b:\n---\nvariables: {X: {description: d}}\n",
		"a: &a [*a, *a]\nspec: *a\n", "variables:\n  ? [x]\n  : {description: y}\n", "---\n---\n---\n", "spec: {inputs: {\"\": 1}}", "\xff\x00"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readConfig(data)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, in := range d.inputs {
			if in.Name == "" || seen[in.Name] || len(in.Name) > builds.MaxText || len(in.Options) > builds.MaxOptions {
				t.Errorf("%+v", in)
			}
			seen[in.Name] = true
		}
		if len(d.inputs) > 2*builds.MaxInputs || len(d.variables) > len(d.inputs) {
			t.Errorf("%d inputs, %d variables", len(d.inputs), len(d.variables))
		}
		for _, v := range d.variables {
			if !seen[v] {
				t.Errorf("the variable %q is no input", v)
			}
		}
	})
}
