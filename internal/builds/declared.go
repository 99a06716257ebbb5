package builds

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

// Limits of what a file declares.
const (
	MaxInputs  = 200
	MaxOptions = 500 // of one input
)

// Resolve follows an alias; what leads nowhere within a few steps is an empty node.
func Resolve(n *yaml.Node) *yaml.Node {
	for range 4 {
		if n == nil {
			break
		}
		if n.Kind != yaml.AliasNode {
			return n
		}
		n = n.Alias
	}
	return &yaml.Node{}
}

// Entry returns what a mapping has for key, an empty node for nothing.
func Entry(n *yaml.Node, key string) *yaml.Node {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
				return Resolve(n.Content[i+1])
			}
		}
	}
	return &yaml.Node{}
}

// Scalar returns the text of a scalar, "" for null and for anything else.
func Scalar(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// Workflow reads the file of a workflow of GitHub or Gitea: whether workflow_dispatch is among
// its events, and the inputs that it declares for that. Its errors quote nothing of the file.
func Workflow(data []byte) (inputs []ci.Input, dispatched bool, err error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, false, errors.New("it is not YAML")
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || Resolve(doc.Content[0]).Kind != yaml.MappingNode {
		return nil, false, errors.New("it is not a workflow: its YAML is no mapping")
	}
	const event = "workflow_dispatch"
	switch on := Entry(Resolve(doc.Content[0]), "on"); on.Kind {
	case yaml.ScalarNode:
		return nil, on.Value == event, nil
	case yaml.SequenceNode:
		return nil, slices.ContainsFunc(on.Content, func(n *yaml.Node) bool { return Scalar(Resolve(n)) == event }), nil
	case yaml.MappingNode:
		for i := 0; i+1 < len(on.Content); i += 2 {
			if on.Content[i].Value == event {
				inputs, err = Inputs(Entry(Resolve(on.Content[i+1]), "inputs"), workflowInput)
				return inputs, err == nil, err
			}
		}
		return nil, false, nil
	}
	return nil, false, errors.New("it is not a workflow: it has no events under on")
}

func workflowInput(in *ci.Input, n *yaml.Node) (bool, error) {
	required, err := strconv.ParseBool(strings.ToLower(Scalar(Entry(n, "required"))))
	in.Required = err == nil && required && in.Type != "boolean" // without a value, that is false
	switch {
	case in.Type != "choice":
		in.Options = nil // they count for nothing
	case len(in.Options) == 0:
		return false, errors.New("an input of type choice has no options")
	}
	return true, nil
}

// Inputs reads a mapping of inputs, each with its type, default and options. edit is called
// with each and its node; it says whether to keep it. Its errors quote nothing of the file.
func Inputs(list *yaml.Node, edit func(in *ci.Input, n *yaml.Node) (bool, error)) (inputs []ci.Input, err error) {
	if list.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(list.Content); i += 2 {
		n := Resolve(list.Content[i+1])
		in := ci.Input{Name: Scalar(Resolve(list.Content[i])), Type: Scalar(Entry(n, "type")), Default: Scalar(Entry(n, "default"))}
		if in.Type == "" {
			in.Type = "string"
		}
		if options := Entry(n, "options"); options.Kind == yaml.SequenceNode {
			for _, o := range options.Content[:min(len(options.Content), MaxOptions+1)] {
				in.Options = append(in.Options, Scalar(Resolve(o)))
			}
		}
		keep, err := edit(&in, n)
		switch {
		case err != nil:
			return nil, err
		case !keep:
			continue
		case in.Name == "":
			return nil, errors.New("an input has no name")
		case len(in.Options) > MaxOptions:
			return nil, fmt.Errorf("an input has more than %d options", MaxOptions)
		case slices.ContainsFunc(append([]string{in.Name, in.Type, in.Default}, in.Options...), func(s string) bool { return len(s) > MaxText }):
			return nil, fmt.Errorf("an input has a name, an option or a default of more than %d bytes", MaxText)
		case slices.ContainsFunc(inputs, func(o ci.Input) bool { return o.Name == in.Name }):
			return nil, errors.New("it declares an input twice")
		case len(inputs) >= MaxInputs:
			return nil, fmt.Errorf("it declares more than %d inputs", MaxInputs)
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// Check holds what is to be started against what the task declares, as ci.Task.Check does;
// values have to be text, and numbers be written in decimal.
func Check(t ci.Task, s ci.Start) error {
	if err := t.Check(s); err != nil {
		return err
	}
	for _, in := range t.Inputs {
		v, given := s.Inputs[in.Name]
		switch {
		case !given:
		case !utf8.ValidString(v) || strings.ContainsRune(v, 0):
			return fail.Errorf(fail.Invalid, "the input %q has bytes that are no text", Cut(in.Name, 100))
		case in.Type == "number" && !isDecimal(v):
			return fail.Errorf(fail.Invalid, "the input %q is a number", Cut(in.Name, 100)).Then("write it as 3 or 0.5")
		}
	}
	return nil
}

func isDecimal(v string) bool {
	f, err := strconv.ParseFloat(v, 64)
	return err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) && !strings.ContainsAny(v, "xXpP_")
}
