package actions

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

// A dispatch is what a workflow declares for workflow_dispatch.
type dispatch struct{ inputs []ci.Input }

// Limits of what a workflow declares; GitHub's own are 25 inputs of 64 kB together.
const (
	maxInputs  = 100
	maxOptions = 500
	maxValue   = 1 << 10 // bytes of a name, an option or a default
	maxPayload = 65535   // characters of all inputs together
)

// readWorkflow reads the file of a workflow, as far as it is about workflow_dispatch; nil if
// that is not among its events. Its errors quote nothing of the file.
func readWorkflow(data []byte) (*dispatch, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, errors.New("it is not YAML")
	}
	root := &doc
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		root = resolve(doc.Content[0])
	}
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("it is not a workflow: its YAML is no mapping")
	}
	const event = "workflow_dispatch"
	switch on := entry(root, "on"); on.Kind {
	case yaml.ScalarNode:
		if on.Value == event {
			return &dispatch{}, nil
		}
	case yaml.SequenceNode:
		for _, one := range on.Content {
			if one = resolve(one); one.Kind == yaml.ScalarNode && one.Value == event {
				return &dispatch{}, nil
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(on.Content); i += 2 {
			if on.Content[i].Value == event {
				return readDispatch(resolve(on.Content[i+1]))
			}
		}
	default:
		return nil, errors.New("it is not a workflow: it has no events under on")
	}
	return nil, nil
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

func readDispatch(n *yaml.Node) (*dispatch, error) {
	d := &dispatch{}
	list := entry(n, "inputs")
	if len(list.Content)/2 > maxInputs {
		return nil, fmt.Errorf("it declares more than %d inputs", maxInputs)
	}
	if list.Kind != yaml.MappingNode {
		return d, nil
	}
	for i := 0; i+1 < len(list.Content); i += 2 {
		in, err := readInput(list.Content[i], resolve(list.Content[i+1]))
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
	in := ci.Input{Name: scalar(resolve(key)), Type: scalar(entry(n, "type")), Default: scalar(entry(n, "default"))}
	if in.Type == "" {
		in.Type = "string"
	}
	required, err := strconv.ParseBool(strings.ToLower(scalar(entry(n, "required"))))
	in.Required = err == nil && required
	options := entry(n, "options")
	if len(options.Content) > maxOptions {
		return in, fmt.Errorf("an input has more than %d options", maxOptions)
	}
	if options.Kind == yaml.SequenceNode {
		for _, o := range options.Content {
			in.Options = append(in.Options, scalar(resolve(o)))
		}
	}
	if in.Name == "" {
		return in, errors.New("an input has no name")
	}
	if in.Type == "choice" && len(in.Options) == 0 {
		return in, errors.New("an input of type choice has no options")
	}
	for _, s := range append([]string{in.Name, in.Type, in.Default}, in.Options...) {
		if len(s) > maxValue {
			return in, fmt.Errorf("an input has a name, an option or a default of more than %d bytes", maxValue)
		}
	}
	return in, nil
}

// checkInputs holds what is given against what a task declares. It fails with fail.Invalid,
// and with fail.TooLarge for more than GitHub takes.
func checkInputs(task string, declared []ci.Input, given map[string]string) error {
	names := make([]string, len(declared))
	for i, in := range declared {
		names[i] = in.Name
	}
	size := 0
	for _, name := range sorted(given) {
		size += utf8.RuneCountInString(name) + utf8.RuneCountInString(given[name])
		i := slices.Index(names, name)
		if i < 0 {
			return undeclared(task, name, names)
		}
		if what := wrong(declared[i], given[name]); what != "" {
			return fail.Errorf(fail.Invalid, "the input %.100q of %.100q is not what it takes", name, task).Because("%s", what).
				Then("correct the value and call again")
		}
	}
	if size > maxPayload {
		return fail.Errorf(fail.TooLarge, "the inputs have %d characters, and GitHub takes %d", size, maxPayload)
	}
	var lacking []string
	for _, in := range declared {
		if in.Required && in.Default == "" && given[in.Name] == "" && in.Type != "boolean" {
			lacking = append(lacking, in.Name)
		}
	}
	if len(lacking) > 0 {
		return fail.Errorf(fail.Invalid, "the workflow %.100q lacks inputs", task).
			Because("required, and without a default: %s", quoted(lacking, func(s string) string { return s })).Then("give them in inputs")
	}
	return nil
}

// undeclared is the error for an input that a task does not declare.
func undeclared(task, name string, names []string) error {
	e := fail.Errorf(fail.Invalid, "the workflow %.100q has no input %.100q", task, name)
	if len(names) == 0 {
		return e.Because("it declares none").Then("call again without inputs")
	}
	near := fail.Near(name, names)
	if len(near) == 0 {
		near = names
	}
	return e.Because("it declares %s", quoted(near, func(s string) string { return s })).Then("give one of these")
}

// wrong says why a value is not one that an input takes, "" if it is.
func wrong(in ci.Input, value string) string {
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
		return "it has bytes that are no text"
	}
	switch in.Type {
	case "boolean":
		if value != "true" && value != "false" {
			return "it is a boolean: true or false"
		}
	case "number":
		if f, err := strconv.ParseFloat(value, 64); err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(value, "xXpP_") {
			return "it is a number, such as 3 or 0.5"
		}
	case "choice":
		if !slices.Contains(in.Options, value) {
			return "it is one of " + quoted(in.Options, func(s string) string { return s })
		}
	}
	return ""
}

func sorted(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
