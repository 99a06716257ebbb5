package pipelines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// Limits of what is read of a CI file.
const (
	maxFile    = 1 << 20 // bytes
	maxInputs  = 200
	maxOptions = 500
)

// A declared is what a CI file lets those choose who start a pipeline.
type declared struct {
	inputs    []ci.Input
	variables []string // which of the inputs are variables
}

// config reads what the CI file on a branch declares; why says in cleat's words why that
// cannot be told.
func (r *Runner) config(ctx context.Context, in project, branch string) (d declared, why string, err error) {
	file := in.Config
	if file == "" {
		file = ".gitlab-ci.yml"
	}
	if strings.Contains(file, "@") || strings.Contains(file, "://") {
		return d, "the CI file is in another place, which cleat does not read", nil
	}
	path, err := in.at("repository", "files", file, "raw")
	if err != nil {
		return d, "the name of the CI file is none that can be read", nil
	}
	data, _, err := r.rest.Bytes(ctx, rest.Request{Path: path, Query: url.Values{"ref": {branch}},
		Want: rest.Want{Types: []string{"*"}, MaxBody: maxFile}})
	switch {
	case rest.Status(err) == http.StatusNotFound:
		return d, "there is no CI file on this branch", nil
	case rest.Status(err) == http.StatusForbidden:
		return d, "the token may not read the CI file", nil
	case err != nil:
		return d, "", err
	}
	if d, err = readConfig(data); err != nil {
		return declared{}, "the CI file cannot be read: " + err.Error(), nil
	}
	return d, "", nil
}

// readConfig reads the inputs of a CI file's header and its variables that have a description.
// Its errors quote nothing of the file.
func readConfig(data []byte) (declared, error) {
	var d declared
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for range 2 {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return d, nil
		case err != nil:
			return declared{}, errors.New("it is not YAML")
		}
		if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
			continue
		}
		root := resolve(doc.Content[0])
		if spec := entry(root, "spec"); spec.Kind == yaml.MappingNode && entry(root, "stages").Kind == 0 {
			if err := d.read(entry(spec, "inputs"), false); err != nil {
				return declared{}, err
			}
			continue // the configuration follows
		}
		return d, d.read(entry(root, "variables"), true)
	}
	return d, nil
}

// read adds the inputs, or the variables, of a mapping.
func (d *declared) read(list *yaml.Node, variables bool) error {
	if list.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(list.Content); i += 2 {
		key, n := resolve(list.Content[i]), resolve(list.Content[i+1])
		in := ci.Input{Name: scalar(key), Type: "string", Default: scalar(entry(n, "default"))}
		if variables {
			if entry(n, "description").Kind == 0 {
				continue // it is not meant to be chosen
			}
			in.Default = scalar(entry(n, "value"))
			d.variables = append(d.variables, in.Name)
		} else {
			if t := scalar(entry(n, "type")); t != "" {
				in.Type = t
			}
			// Which of the rules holds is for GitLab to say.
			in.Required = entry(n, "default").Kind == 0 && entry(n, "rules").Kind == 0
		}
		options := entry(n, "options")
		if options.Kind == yaml.SequenceNode {
			for _, o := range options.Content[:min(len(options.Content), maxOptions+1)] {
				in.Options = append(in.Options, scalar(resolve(o)))
			}
		}
		switch {
		case in.Name == "":
			return errors.New("an input has no name")
		case len(d.inputs) >= maxInputs:
			return fmt.Errorf("it declares more than %d inputs", maxInputs)
		case len(in.Options) > maxOptions:
			return fmt.Errorf("an input has more than %d options", maxOptions)
		case slices.ContainsFunc(append([]string{in.Name, in.Type, in.Default}, in.Options...), func(s string) bool { return len(s) > maxText }):
			return errors.New("an input has a text that is too long")
		case slices.ContainsFunc(d.inputs, func(o ci.Input) bool { return o.Name == in.Name }):
			return errors.New("it declares a name twice")
		}
		if in.Type == "string" && len(in.Options) > 0 {
			in.Type = "choice"
		}
		d.inputs = append(d.inputs, in)
	}
	return nil
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
