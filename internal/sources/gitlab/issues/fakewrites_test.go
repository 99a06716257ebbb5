package issues_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// set is the body of a create or an update.
type set struct {
	Title     *string         `json:"title"`
	Body      *string         `json:"description"`
	Kind      *string         `json:"issue_type"`
	Assignees *[]int          `json:"assignee_ids"`
	Milestone *int            `json:"milestone_id"`
	Labels    *string         `json:"labels"`
	Add       string          `json:"add_labels"`
	Remove    string          `json:"remove_labels"`
	Event     string          `json:"state_event"`
	Due       *string         `json:"due_date"`
	Weight    json.RawMessage `json:"weight"`
	Secret    *bool           `json:"confidential"`
}

func (f *fake) read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		f.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		f.send(w, 400, object{"error": "body is invalid"})
		return false
	}
	return true
}

func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	var s set
	project := f.in(r)
	if project < 0 {
		f.gone(w)
		return
	}
	if !f.read(w, r, &s) {
		return
	}
	f.now = f.now.Add(time.Second)
	i := &item{project: project, kind: "issue", author: f.me(), created: f.now}
	for _, o := range f.items {
		if o.project == project {
			i.n = max(i.n, o.n)
		}
	}
	i.n++
	if !f.apply(w, i, s) {
		return
	}
	i.notes, i.states, i.relabels = nil, nil, nil
	f.items = append(f.items, i)
	f.send(w, 201, f.object(i))
}

func (f *fake) update(w http.ResponseWriter, r *http.Request) {
	var s set
	if i := f.found(w, r); i != nil && f.read(w, r, &s) {
		f.now = f.now.Add(time.Second)
		if f.apply(w, i, s) {
			f.send(w, 200, f.object(i))
		}
	}
}

// apply changes an issue, and writes its history.
func (f *fake) apply(w http.ResponseWriter, i *item, s set) bool {
	i.updated = f.now
	tell := func(format string, args ...any) {
		i.notes = slices.Insert(i.notes, 0, f.note(f.me(), fmt.Sprintf(format, args...), f.now, true))
	}
	if s.Title != nil {
		if n := utf8.RuneCountInString(*s.Title); n == 0 || n > 255 {
			f.send(w, 400, object{"message": object{"title": []string{"is too long (maximum is 255 characters)"}}})
			return false
		}
		tell("changed title from **%s** to **%s**", i.title, *s.Title)
		i.title = *s.Title
	}
	if s.Body != nil {
		tell("changed the description")
		i.body = *s.Body
	}
	if s.Kind != nil {
		i.kind = *s.Kind
	}
	if s.Assignees != nil {
		i.assignees = nil
		for _, id := range *s.Assignees {
			if id >= firstUser && id < firstUser+len(f.world.People) && (!f.single || len(i.assignees) == 0) {
				i.assignees = append(i.assignees, id-firstUser)
				tell("assigned to @%s", f.world.People[id-firstUser])
			}
		}
	}
	if s.Milestone != nil {
		if i.milestone = ""; *s.Milestone > 0 {
			i.milestone = f.world.Milestones[*s.Milestone-1]
		}
	}
	label := func(l, action string) {
		i.relabels = append(i.relabels, object{"id": len(i.relabels) + 1, "user": f.user(f.me()), "created_at": f.now, "action": action, "label": object{"id": 1, "name": l}})
	}
	has := func(l string) bool { return slices.Contains(i.labels, l) }
	add := func(list string) {
		for _, l := range strings.Split(list, ",") {
			if l == "" || has(l) {
				continue
			}
			if !slices.Contains(f.labels, l) { // it is made without a word
				f.labels = append(f.labels, l)
			}
			i.labels = append(i.labels, l)
			label(l, "add")
		}
	}
	if s.Labels != nil {
		i.labels = nil
		add(*s.Labels)
	}
	add(s.Add)
	for _, l := range strings.Split(s.Remove, ",") {
		if has(l) {
			i.labels = slices.DeleteFunc(i.labels, func(o string) bool { return o == l })
			label(l, "remove")
		}
	}
	if s.Event != "" {
		if i.closed = s.Event == "close"; i.closed {
			i.ended = f.now
		}
		i.states = append(i.states, object{"id": len(i.states) + 1, "user": f.user(f.me()), "created_at": f.now, "state": map[bool]string{true: "closed", false: "reopened"}[i.closed]})
	}
	if s.Due != nil {
		i.due = *s.Due
	}
	if s.Weight != nil {
		if err := json.Unmarshal(s.Weight, &i.weight); err != nil {
			f.t.Error(err)
		}
	}
	if s.Secret != nil {
		i.secret = *s.Secret
	}
	return true
}

func (f *fake) remark(w http.ResponseWriter, r *http.Request) {
	var s struct {
		Body string `json:"body"`
	}
	if i := f.found(w, r); i != nil && f.read(w, r, &s) {
		f.now = f.now.Add(time.Second)
		n := f.note(f.me(), s.Body, f.now, false)
		i.notes = slices.Insert(i.notes, 0, n)
		f.send(w, 201, n)
	}
}

func (f *fake) relate(from, to *item, kind string) {
	f.links = append(f.links, link{len(f.links) + 1, from, to, kind})
}

func (f *fake) listLinks(w http.ResponseWriter, r *http.Request) {
	i := f.found(w, r)
	if i == nil {
		return
	}
	list := []object{}
	for _, l := range f.links {
		o, kind := l.to, l.kind
		switch i {
		case l.from:
		case l.to:
			o = l.from
			if back := map[string]string{"blocks": "is_blocked_by", "is_blocked_by": "blocks"}[kind]; back != "" {
				kind = back
			}
		default:
			continue
		}
		v := f.object(o)
		v["issue_link_id"], v["link_type"] = l.id, kind
		list = append(list, v)
	}
	f.send(w, 200, list)
}

func (f *fake) link(w http.ResponseWriter, r *http.Request) {
	var s struct {
		Project int    `json:"target_project_id"`
		Number  int    `json:"target_issue_iid"`
		Kind    string `json:"link_type"`
	}
	i := f.found(w, r)
	if i == nil || !f.read(w, r, &s) {
		return
	}
	for _, o := range f.items {
		if o.project+firstProject == s.Project && o.n == s.Number {
			f.relate(i, o, s.Kind)
			f.send(w, 201, object{"source_issue": f.object(i), "target_issue": f.object(o), "link_type": s.Kind})
			return
		}
	}
	f.gone(w)
}

func (f *fake) unlink(w http.ResponseWriter, r *http.Request) {
	i := f.found(w, r)
	if i == nil {
		return
	}
	for n, l := range f.links {
		if strconv.Itoa(l.id) == r.PathValue("link") && (l.from == i || l.to == i) {
			f.links = slices.Delete(f.links, n, n+1)
			f.send(w, 200, object{"source_issue": f.object(l.from), "target_issue": f.object(l.to), "link_type": l.kind})
			return
		}
	}
	f.gone(w)
}
