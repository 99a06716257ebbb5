package jenkins

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/rest"
)

// A place is a job of Jenkins, or a build of one. Its id is the job's names, each escaped as
// in an address, with slashes between, and "@" and the number of the build.
type place struct {
	task   string // the configured job
	child  string // the job below it, of a multibranch project; "" for none
	number int64  // 0 for the job itself
}

// path returns where the place is on the server, with more names below it.
func (p place) path(below ...string) (string, error) {
	var segs []string
	names := strings.Split(p.task, "/")
	if p.child != "" {
		names = append(names, p.child)
	}
	for _, n := range names {
		segs = append(segs, "job", n)
	}
	if p.number > 0 {
		segs = append(segs, strconv.FormatInt(p.number, 10))
	}
	path, err := rest.Path(segs...)
	if err != nil || len(below) == 0 {
		return path, err
	}
	more, err := rest.Path(below...)
	return path + more, err
}

// job returns the id of the job.
func (p place) job() string {
	names := strings.Split(p.task, "/")
	if p.child != "" {
		names = append(names, p.child)
	}
	for i, n := range names {
		names[i] = url.PathEscape(n)
	}
	return strings.Join(names, "/")
}

// id returns the id of the build.
func (p place) id() string { return p.job() + "@" + strconv.FormatInt(p.number, 10) }

// branch returns the branch or the pull request that a job of a multibranch project is for.
func (p place) branch() (branch, pr string) {
	if n, ok := strings.CutPrefix(p.child, "PR-"); ok {
		// Plugins add how it was merged: PR-8-head.
		n, _, _ = strings.Cut(n, "-")
		if builds.IsNumber(n) {
			return "", n
		}
	}
	if b, err := url.PathUnescape(p.child); err == nil {
		return b, ""
	}
	return p.child, ""
}

// place reads the id of a run. It fails with fail.NotFound for what is none, and with
// fail.Denied for a job that is not configured.
func (s *Source) place(id string) (place, error) {
	at := strings.LastIndexByte(id, '@')
	if at < 0 || len(id) > 2000 || !builds.IsNumber(id[at+1:]) {
		return place{}, fail.Errorf(fail.NotFound, "there is no run %.100q", id).
			Because("the id of a run of %s is JOB@NUMBER", title).Then("take the id from ci_runs")
	}
	number, err := strconv.ParseInt(id[at+1:], 10, 64)
	if err != nil {
		return place{}, fail.Errorf(fail.NotFound, "there is no run %.100q", id).Because("no build has such a number")
	}
	names := strings.Split(id[:at], "/")
	for i, n := range names {
		if names[i], err = url.PathUnescape(n); err != nil {
			return place{}, fail.Errorf(fail.NotFound, "there is no run %.100q", id).Then("take the id from ci_runs")
		}
	}
	for _, task := range s.jobs {
		segs := strings.Split(task, "/")
		p := place{task: task, number: number}
		if len(names) == len(segs)+1 {
			p.child = names[len(segs)]
		}
		if len(names)-len(segs) < 2 && len(names) >= len(segs) && slices.Equal(names[:len(segs)], segs) && p.id() == id {
			if _, err := p.path(); err != nil {
				return place{}, err
			}
			return p, nil
		}
	}
	return place{}, fail.Errorf(fail.Denied, "the run %.100q is of a job that this source does not have", id).
		Because("it has the jobs %.300q", s.jobs).Then("ask the user to add the job to the key jobs of this source")
}
