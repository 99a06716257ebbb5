package actions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// A workflow is what is used of the workflows that the API has.
type workflow struct {
	ID    int64
	Name  string
	Path  string
	State string // active, deleted, disabled_…

	task string // its name among the others
}

// A workflowList is a page of workflows.
type workflowList struct {
	Workflows []workflow
}

// Check implements rest.Checker.
func (l workflowList) Check() error {
	if l.Workflows == nil || slices.ContainsFunc(l.Workflows, func(w workflow) bool { return w.ID <= 0 || w.Path == "" }) {
		return forge.Lack("list of workflows")
	}
	return nil
}

// Limits of workflows: pages of the list, and files that are read at once and in all.
const (
	maxWorkflowPages = 3
	filesAtOnce      = 4
	maxFiles         = 100
)

// workflows returns those of a repository that are there, as they are listed.
func (r *Runner) workflows(ctx context.Context, repo string) ([]workflow, error) {
	var all []workflow
	names := map[string]int{}
	query := url.Values{"per_page": {strconv.Itoa(perPage)}}
	for page, left := 1, maxWorkflowPages; page > 0 && left > 0; left-- {
		query.Set("page", strconv.Itoa(page))
		list, answer, err := get[workflowList](ctx, r, repo, query, "actions", "workflows")
		if err != nil {
			return nil, r.forge.Missing(err, "there are no workflows of %s", repo)
		}
		for _, w := range list.Workflows {
			if w.State == "deleted" || slices.ContainsFunc(all, func(o workflow) bool { return o.ID == w.ID }) {
				continue
			}
			if w.task = builds.Clip(w.Name); w.Name == "" || w.Name == w.Path {
				w.task = w.file()
			}
			names[w.task]++
			all = append(all, w)
		}
		if page, _, err = forge.Next(r.forge.Rest, answer.Header, page); err != nil {
			return nil, err
		}
	}
	for i, w := range all {
		if names[w.task] > 1 {
			all[i].task = w.file()
		}
	}
	return all, nil
}

// file is the name of the workflow's file without its folder.
func (w workflow) file() string { return builds.Clip(path.Base(w.Path)) }

// closed says why the workflow cannot be started whatever its file says, "" if it may be.
func (w workflow) closed() string {
	switch {
	case !strings.HasPrefix(w.Path, ".github/workflows/"):
		return "only GitHub itself starts it"
	case strings.HasPrefix(w.State, "disabled"):
		return "it is disabled in the repository's settings of Actions"
	case w.State != "active":
		return "GitHub does not say that it is active"
	}
	return ""
}

// find returns the workflow of a name: as it is listed, of its file, or its number.
func find(all []workflow, name string) (workflow, error) {
	for _, is := range []func(w workflow) bool{
		func(w workflow) bool { return w.task == name },
		func(w workflow) bool {
			return w.file() == name || w.Path == name || strconv.FormatInt(w.ID, 10) == name
		},
		func(w workflow) bool { return w.Name == name || strings.EqualFold(w.task, name) },
	} {
		var hits []workflow
		var files []string
		for _, w := range all {
			if is(w) {
				hits, files = append(hits, w), append(files, w.file())
			}
		}
		switch len(hits) {
		case 0:
			continue
		case 1:
			return hits[0], nil
		}
		return workflow{}, fail.Errorf(fail.Invalid, "several workflows are called %.100q", name).
			Because("their files: %s", builds.Quoted(files)).Then("give the name of the file")
	}
	if len(all) == 0 {
		return workflow{}, fail.Errorf(fail.NotFound, "there is no workflow %.100q, nor any other", name)
	}
	names := make([]string, len(all))
	for i, w := range all {
		names[i] = w.task
	}
	near := fail.Near(name, names)
	if len(near) == 0 {
		near = names
	}
	return workflow{}, fail.Errorf(fail.NotFound, "there is no workflow %.100q", name).
		Because("those that come near: %s", builds.Quoted(near)).
		Then("give one of them, or the name of its file")
}

// Tasks implements ci.Starter: the workflows of the repository with the inputs that their
// files on the default branch declare for workflow_dispatch. Those that nobody can start by
// hand say why.
func (r *Runner) Tasks(ctx context.Context) ([]ci.Task, error) {
	repo, err := r.forge.Here(ctx)
	if err != nil {
		return nil, err
	}
	all, err := r.workflows(ctx, repo)
	if err != nil {
		return nil, err
	}
	tasks := make([]ci.Task, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(filesAtOnce)
	files := 0
	for i, w := range all {
		tasks[i] = ci.Task{Name: w.task, About: builds.Clip(w.Path), Closed: w.closed()}
		if tasks[i].Closed != "" {
			continue
		}
		if files++; files > maxFiles {
			tasks[i].Closed = fmt.Sprintf("the files of only %d workflows are read", maxFiles)
			continue
		}
		g.Go(func() error {
			inputs, dispatched, err := r.dispatch(ctx, repo, w, "")
			var f *fail.Error
			switch {
			case err == nil && !dispatched:
				tasks[i].Closed = "its file has no workflow_dispatch"
			case err == nil:
				tasks[i].Inputs = inputs
			case errors.Is(err, errUnreadable) && errors.As(err, &f):
				tasks[i].Closed = f.What + ": " + f.Why
			default:
				return err
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return tasks, nil
}

// maxFile is how large the file of a workflow may be, in bytes: GitHub itself takes 512 kB.
const maxFile = 512 << 10

// errUnreadable is in the errors of files that are not there or not to be understood.
var errUnreadable = errors.New("cannot be read")

// dispatch reads what the file of a workflow declares for workflow_dispatch at a branch or
// tag, the default branch if "". dispatched says whether that is among its events at all.
func (r *Runner) dispatch(ctx context.Context, repo string, w workflow, ref string) (inputs []ci.Input, dispatched bool, err error) {
	where := "the default branch"
	query := url.Values{}
	if ref != "" {
		query.Set("ref", ref)
		where = fmt.Sprintf("%.100q", ref)
	}
	p, err := at(repo, append([]string{"contents"}, strings.Split(w.Path, "/")...)...)
	if err != nil {
		return nil, false, err
	}
	data, _, err := r.forge.Rest.Bytes(ctx, rest.Request{Path: p, Query: query, Header: http.Header{"Accept": {"application/vnd.github.raw+json"}},
		Want: rest.Want{Types: []string{"*"}, MaxBody: maxFile}})
	unreadable := func(code fail.Code) *fail.Error {
		return fail.Errorf(code, "the file of the workflow %q on %s %w", builds.Cut(w.task, 100), where, errUnreadable)
	}
	switch {
	case rest.Status(err) == http.StatusNotFound:
		return nil, false, unreadable(fail.NotFound).Because("there is no such branch or tag at GitHub, it has no such file, or the token lacks the permission Contents: read").
			Then("give another branch, or push this one")
	case err != nil && fail.From(err).Code == fail.TooLarge:
		return nil, false, unreadable(fail.TooLarge).Because("it has more than %d bytes", maxFile)
	case err != nil:
		return nil, false, err
	}
	if inputs, dispatched, err = builds.Workflow(data); err != nil {
		return nil, false, unreadable(fail.Invalid).Because("%v", err).Then("correct the file, and check it at GitHub")
	}
	return inputs, dispatched, nil
}
