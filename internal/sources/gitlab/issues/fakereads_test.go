package issues_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

func (f *fake) project(w http.ResponseWriter, r *http.Request) {
	n := f.in(r)
	if n < 0 {
		f.gone(w)
		return
	}
	f.send(w, 200, object{"id": firstProject + n, "path_with_namespace": f.world.Projects[n].Name, "default_branch": "main"})
}

func (f *fake) users(w http.ResponseWriter, r *http.Request) {
	var list []object
	for n, p := range f.world.People {
		if want := r.URL.Query().Get("username"); want == "" || strings.EqualFold(want, p) {
			list = append(list, f.user(n).(object))
		}
	}
	f.page(w, r, list)
}

func (f *fake) listLabels(w http.ResponseWriter, r *http.Request) {
	var list []object
	for n, l := range f.labels {
		if strings.Contains(strings.ToLower(l), strings.ToLower(r.URL.Query().Get("search"))) {
			list = append(list, object{"id": n + 1, "name": l, "color": "#fff"})
		}
	}
	f.page(w, r, list)
}

func (f *fake) milestones(w http.ResponseWriter, r *http.Request) {
	var list []object
	for n, m := range f.world.Milestones {
		if want := r.URL.Query().Get("title"); want == "" || want == m {
			list = append(list, object{"id": n + 1, "iid": 1, "title": m, "state": "active"})
		}
	}
	f.page(w, r, list)
}

func (f *fake) mergeRequests(w http.ResponseWriter, r *http.Request) {
	f.page(w, r, f.merges[r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]])
}

// list answers a search.
func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	q, project := r.URL.Query(), f.in(r)
	if project < 0 {
		f.gone(w)
		return
	}
	var found []*item
	for _, i := range f.items {
		if i.project == project && f.matches(i, q) {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b *item) int {
		if q.Get("order_by") == "created_at" {
			return b.created.Compare(a.created)
		}
		return b.updated.Compare(a.updated)
	})
	var list []object
	for _, i := range found {
		list = append(list, f.object(i))
	}
	f.page(w, r, list)
}

func (f *fake) matches(i *item, q url.Values) bool {
	for _, word := range strings.Fields(q.Get("search")) {
		if !strings.Contains(strings.ToLower(i.title+"\n"+i.body), strings.ToLower(word)) {
			return false
		}
	}
	for _, l := range strings.Split(q.Get("labels"), ",") {
		if l != "" && !slices.Contains(i.labels, l) {
			return false
		}
	}
	for key, at := range map[string]time.Time{"updated_after": i.updated, "created_after": i.created} {
		if t, err := time.Parse(time.RFC3339Nano, q.Get(key)); err == nil && at.Before(t) {
			return false
		}
	}
	assigned := func(n int) bool { return slices.Contains(i.assignees, n) }
	switch {
	case q.Get("state") == "opened" && i.closed, q.Get("state") == "closed" && !i.closed:
		return false
	case q.Get("scope") == "assigned_to_me" && !assigned(f.me()), q.Get("scope") == "created_by_me" && i.author != f.me():
		return false
	case q.Get("assignee_id") == "None" && len(i.assignees) > 0:
		return false
	case q.Get("assignee_username[]") != "" && !assigned(slices.Index(f.world.People, q.Get("assignee_username[]"))):
		return false
	}
	return true
}

func (f *fake) one(w http.ResponseWriter, r *http.Request) {
	if i := f.found(w, r); i != nil {
		f.send(w, 200, f.object(i))
	}
}

func (f *fake) notes(w http.ResponseWriter, r *http.Request) {
	i := f.found(w, r)
	if i == nil {
		return
	}
	var list []object
	for _, n := range i.notes {
		filter := r.URL.Query().Get("activity_filter")
		if f.old || filter == "" || n["system"].(bool) == (filter == "only_activity") {
			list = append(list, n)
		}
	}
	f.page(w, r, list)
}

func (f *fake) events(w http.ResponseWriter, r *http.Request) {
	if i := f.found(w, r); i != nil {
		list := i.states
		if strings.HasSuffix(r.URL.Path, "label_events") {
			list = i.relabels
		}
		f.page(w, r, list)
	}
}
