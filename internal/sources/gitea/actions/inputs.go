package actions

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"cleat/internal/systems/ci"
)

// A dispatch is what a workflow declares for workflow_dispatch.
type dispatch struct{ inputs []ci.Input }

// Limits of what a workflow declares.
const (
	maxInputs  = 100
	maxOptions = 500
)

// readWorkflow reads the file of a workflow, as far as it is about workflow_dispatch; nil if
// that is not among its events. Its errors quote nothing of the file.
func readWorkflow(data []byte) (*dispatch, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, errors.New("it is not YAML")
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || resolve(doc.Content[0]).Kind != yaml.MappingNode {
		return nil, errors.New("it is not a workflow: its YAML is no mapping")
	}
	const event = "workflow_dispatch"
	switch on := entry(resolve(doc.Content[0]), "on"); on.Kind {
	case yaml.ScalarNode:
		if on.Value == event {
			return &dispatch{}, nil
		}
	case yaml.SequenceNode:
		if slices.ContainsFunc(on.Content, func(n *yaml.Node) bool { return scalar(resolve(n)) == event }) {
			return &dispatch{}, nil
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(on.Content); i += 2 {
			if on.Content[i].Value == event {
				return readDispatch(entry(resolve(on.Content[i+1]), "inputs"))
			}
		}
	default:
		return nil, errors.New("it is not a workflow: it has no events under on")
	}
	return nil, nil
}

func readDispatch(list *yaml.Node) (*dispatch, error) {
	d := &dispatch{}
	if list.Kind != yaml.MappingNode {
		return d, nil
	}
	if len(list.Content)/2 > maxInputs {
		return nil, fmt.Errorf("it declares more than %d inputs", maxInputs)
	}
	for i := 0; i+1 < len(list.Content); i += 2 {
		in, err := readInput(resolve(list.Content[i]), resolve(list.Content[i+1]))
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(d.inputs, func(o ci.Input) bool { return o.Name == in.Name }) {
			return nil, errors.New("it declares an input twice")
		}
		d.inputs = append(d.inputs, in)
	}
	return d, nil
}

func readInput(key, n *yaml.Node) (ci.Input, error) {
	in := ci.Input{Name: scalar(key), Type: scalar(entry(n, "type")), Default: scalar(entry(n, "default"))}
	if in.Type == "" {
		in.Type = "string"
	}
	required, err := strconv.ParseBool(strings.ToLower(scalar(entry(n, "required"))))
	in.Required = err == nil && required
	if options := entry(n, "options"); options.Kind == yaml.SequenceNode {
		for _, o := range options.Content[:min(len(options.Content), maxOptions+1)] {
			in.Options = append(in.Options, scalar(resolve(o)))
		}
	}
	switch {
	case in.Name == "":
		return in, errors.New("an input has no name")
	case len(in.Options) > maxOptions:
		return in, fmt.Errorf("an input has more than %d options", maxOptions)
	case slices.ContainsFunc(append([]string{in.Name, in.Type, in.Default}, in.Options...), func(s string) bool { return len(s) > maxText }):
		return in, errors.New("an input has a text that is too long")
	}
	return in, nil
}

// resolve follows an alias; what leads nowhere within a few steps is an empty node.
func resolve(n *yaml.Node) *yaml.Node {
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

// entry returns what a mapping has for key, an empty node for nothing.
func entry(n *yaml.Node, key string) *yaml.Node {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
				return resolve(n.Content[i+1])
			}
		}
	}
	return &yaml.Node{}
}

// scalar returns the text of a scalar, "" for null and for anything else.
func scalar(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}
