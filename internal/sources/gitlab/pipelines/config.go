package pipelines

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cleat/internal/builds"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// maxFile is how large a CI file may be, in bytes.
const maxFile = 1 << 20

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
	data, _, err := r.forge.Rest.Bytes(ctx, rest.Request{Path: path, Query: url.Values{"ref": {branch}},
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
		root := builds.Resolve(doc.Content[0])
		if spec := builds.Entry(root, "spec"); spec.Kind == yaml.MappingNode && builds.Entry(root, "stages").Kind == 0 {
			if err := d.read(builds.Entry(spec, "inputs"), false); err != nil {
				return declared{}, err
			}
			continue // the configuration follows
		}
		return d, d.read(builds.Entry(root, "variables"), true)
	}
	return d, nil
}

// read adds the inputs, or the variables, of a mapping.
func (d *declared) read(list *yaml.Node, variables bool) error {
	inputs, err := builds.Inputs(list, func(in *ci.Input, n *yaml.Node) (bool, error) {
		if variables {
			in.Type, in.Default = "string", builds.Scalar(builds.Entry(n, "value"))
			if builds.Entry(n, "description").Kind == 0 {
				return false, nil // it is not meant to be chosen
			}
		} else {
			// Which of the rules holds is for GitLab to say.
			in.Required = builds.Entry(n, "default").Kind == 0 && builds.Entry(n, "rules").Kind == 0
		}
		if in.Type == "string" && len(in.Options) > 0 {
			in.Type = "choice"
		}
		if slices.ContainsFunc(d.inputs, func(o ci.Input) bool { return o.Name == in.Name }) {
			return false, errors.New("it declares a name twice")
		}
		return true, nil
	})
	for _, in := range inputs {
		if variables {
			d.variables = append(d.variables, in.Name)
		}
	}
	d.inputs = append(d.inputs, inputs...)
	return err
}
