package actions

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// A workflow is what is used of the workflows that the API has.
type workflow struct {
	File  string `json:"id"` // its name without the folder
	Name  string `json:"name"`
	Path  string `json:"path"`
	State string `json:"state"` // active, disabled_manually
}

// A workflowList is all the workflows of a repository.
type workflowList struct {
	Workflows []workflow `json:"workflows"`
}

// Check implements rest.Checker.
func (l workflowList) Check() error {
	if slices.ContainsFunc(l.Workflows, func(w workflow) bool { return w.File == "" || w.Path == "" }) {
		return forge.Lack("list of workflows")
	}
	return nil
}

// Limits of workflows: files that are read at once and in all, and of each in bytes.
const (
	filesAtOnce = 4
	maxFiles    = 100
	maxFile     = 512 << 10
)

// workflows returns the workflows of a repository on its default branch. Servers that do not
// list them have them in one of the usual folders, the first that is there.
func (r *Runner) workflows(ctx context.Context, in repository) ([]workflow, error) {
	list, _, err := get[workflowList](ctx, r, in, nil, "actions", "workflows")
	if s := rest.Status(err); s != http.StatusNotFound && s != http.StatusMethodNotAllowed {
		return list.Workflows[:min(len(list.Workflows), maxFiles)], err
	}
	for _, folder := range [...]string{".forgejo/workflows", ".gitea/workflows", ".github/workflows"} {
		type entry struct{ Name, Path, Type string }
		files, _, err := get[[]entry](ctx, r, in, url.Values{"ref": {in.Branch}}, append([]string{"contents"}, strings.Split(folder, "/")...)...)
		if rest.Status(err) == http.StatusNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		var found []workflow
		for _, f := range files {
			if ext := path.Ext(f.Name); f.Type == "file" && (ext == ".yml" || ext == ".yaml") && len(found) < maxFiles {
				found = append(found, workflow{File: f.Name, Path: folder + "/" + f.Name, State: "active"})
			}
		}
		return found, nil
	}
	return nil, nil
}

// Tasks implements ci.Starter: the workflows of the repository with the inputs that their
// files on the default branch declare for workflow_dispatch.
func (r *Runner) Tasks(ctx context.Context) ([]ci.Task, error) {
	in, err := r.here(ctx)
	if err != nil {
		return nil, err
	}
	all, err := r.workflows(ctx, in)
	if err != nil {
		return nil, err
	}
	tasks := make([]ci.Task, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(filesAtOnce)
	for i, w := range all {
		g.Go(func() (err error) {
			tasks[i], err = r.task(ctx, in, w, in.Branch)
			return err
		})
	}
	return tasks, g.Wait()
}

// task returns a workflow as ci has it, by its file on a branch.
func (r *Runner) task(ctx context.Context, in repository, w workflow, branch string) (ci.Task, error) {
	t := ci.Task{Name: builds.Clip(w.File), About: builds.Clip(w.Path)}
	if w.Name != "" && w.Name != w.File {
		t.About = builds.Clip(w.Name + ", " + w.Path)
	}
	if strings.HasPrefix(w.State, "disabled") {
		t.Closed = "it is disabled in the repository's Actions"
		return t, nil
	}
	segments, err := in.at(append([]string{"raw"}, strings.Split(w.Path, "/")...)...)
	if err != nil {
		t.Closed = "its file has a name that cleat does not ask for"
		return t, nil
	}
	data, _, err := r.forge.Rest.Bytes(ctx, rest.Request{Path: segments, Query: url.Values{"ref": {branch}},
		Want: rest.Want{Types: []string{"*"}, MaxBody: maxFile}})
	switch {
	case rest.Status(err) == http.StatusNotFound:
		t.Closed = "its file is not on this branch"
		return t, nil
	case err != nil:
		return ci.Task{}, err
	}
	inputs, dispatched, err := builds.Workflow(data)
	switch {
	case err != nil:
		t.Closed = "its file cannot be read: " + err.Error()
	case !dispatched:
		t.Closed = "its file has no workflow_dispatch"
	default:
		t.Inputs = inputs
	}
	return t, nil
}
