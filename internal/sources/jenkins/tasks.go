package jenkins

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

const (
	paramTree = "property[parameterDefinitions[_class,type,name,description,choices,defaultParameterValue[value]]]"
	taskTree  = "_class,buildable," + paramTree + ",jobs[name,buildable,actions[_class]," + paramTree + "]"
)

// A definition is what can be started.
type definition struct {
	Name      string // of a job below a multibranch project
	Buildable *bool
	Property  []struct {
		Parameters []parameter `json:"parameterDefinitions"`
	}
	Actions []struct {
		Class string `json:"_class"`
	}
	Jobs []definition // nil where it has none below it
}

type parameter struct {
	Type        string
	Name        string
	Description string
	Choices     []string
	Default     struct {
		Value json.RawMessage
	} `json:"defaultParameterValue"`
}

// Tasks implements ci.Starter: the configured jobs. Of a multibranch project, the inputs are
// those of its main branch.
func (s *Source) Tasks(ctx context.Context) ([]ci.Task, error) {
	out := make([]ci.Task, 0, len(s.jobs))
	for _, job := range s.jobs {
		t, _, err := s.task(ctx, job, "")
		if err != nil {
			if c := fail.From(err).Code; c != fail.NotFound {
				return nil, err
			}
			t = ci.Task{Name: job, Closed: fail.From(err).What}
		}
		out = append(out, t)
	}
	return out, nil
}

// task returns what can be started of a configured job on a branch, "" for the main one, and
// where that is.
func (s *Source) task(ctx context.Context, job, branch string) (ci.Task, place, error) {
	p := place{task: job}
	t := ci.Task{Name: job, About: "a job of Jenkins"}
	path, err := p.path()
	if err != nil {
		return t, p, err
	}
	d, err := get[definition](ctx, s, path, taskTree, 0)
	if err != nil {
		return t, p, missing(err, "there is no job %q", job)
	}
	if d.Jobs != nil {
		i := d.child(branch)
		if i < 0 {
			if branch == "" {
				t.Closed = "the project has no branch yet"
				return t, p, nil
			}
			return t, p, fail.Errorf(fail.NotFound, "the project %q has no branch %.100q", job, branch).
				Because("%s builds the branches that it has found when it last looked", title).Then("push the branch, or start another one")
		}
		d = d.Jobs[i]
		p.child = d.Name
		t.About = "a multibranch project of Jenkins"
	}
	if d.Buildable != nil && !*d.Buildable {
		t.Closed = "the job is disabled"
	}
	for _, prop := range d.Property {
		for _, par := range prop.Parameters {
			if in, ok := par.input(); ok {
				t.Inputs = append(t.Inputs, in)
			}
		}
	}
	return t, p, nil
}

// child returns the index of the job for a branch, or for the main one; -1 if there is none.
func (d definition) child(branch string) int {
	is := func(want string) int {
		return slices.IndexFunc(d.Jobs, func(j definition) bool {
			b, _ := place{child: j.Name}.branch()
			return b != "" && b == want
		})
	}
	if branch != "" {
		return is(branch)
	}
	const primary = "jenkins.scm.api.metadata.PrimaryInstanceMetadataAction"
	for i, j := range d.Jobs {
		for _, a := range j.Actions {
			if a.Class == primary {
				return i
			}
		}
	}
	for _, usual := range []string{"main", "master"} {
		if i := is(usual); i >= 0 {
			return i
		}
	}
	return min(len(d.Jobs), 1) - 1
}

// input returns par as ci has it; false for one that no text can be given for.
func (par parameter) input() (ci.Input, bool) {
	in := ci.Input{Name: builds.Clip(par.Name), Type: "string", Default: builds.Clip(plain(par.Default.Value))}
	switch par.Type {
	case "BooleanParameterDefinition":
		in.Type = "boolean"
	case "ChoiceParameterDefinition":
		in.Type = "choice"
		in.Options = par.Choices
	case "StringParameterDefinition", "TextParameterDefinition":
	default:
		// Files, passwords and what plugins have: cleat passes none of them, the default counts.
		return in, false
	}
	return in, par.Name != "" && in.Name == par.Name
}

// plain is the text of a JSON string, boolean or number; "" for anything else.
func plain(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	if t := string(v); t != "null" && !strings.ContainsAny(t, `{["`) {
		return t
	}
	return ""
}
