package issuestest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (s *Server) route(w http.ResponseWriter, r *http.Request, body []byte) {
	path := r.URL.Path
	if s.Gitea {
		var ok bool
		if path, ok = strings.CutPrefix(path, "/api/v1"); !ok {
			s.t.Errorf("%s is not below /api/v1", r.URL.Path)
		}
	}
	segs := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/user":
		answer(w, http.StatusOK, object{"login": s.World.Me, "id": 1})
	case path == "/search/issues" && !s.Gitea:
		s.search(w, r)
	case len(segs) == 3 && segs[0] == "orgs" && segs[2] == "issue-types" && !s.Gitea:
		answer(w, http.StatusOK, []object{{"id": 1, "name": "Bug"}, {"id": 2, "name": "Feature"}})
	case len(segs) == 3 && segs[0] == "orgs" && segs[2] == "labels" && s.Gitea:
		missing(w)
	case len(segs) >= 4 && segs[0] == "repos":
		repo := segs[1] + "/" + segs[2]
		if !s.hasRepo(repo) {
			missing(w)
			return
		}
		s.repo(w, r, repo, segs[3:], body)
	default:
		s.t.Errorf("there is no %s", path)
		missing(w)
	}
}

func (s *Server) hasRepo(name string) bool {
	for _, p := range s.World.Projects {
		if strings.EqualFold(p.Name, name) {
			return true
		}
	}
	return false
}

func (s *Server) repo(w http.ResponseWriter, r *http.Request, repo string, segs []string, body []byte) {
	var list []object
	switch {
	case segs[0] == "labels" && len(segs) == 1:
		for i, l := range s.labelNames() {
			list = append(list, object{"id": i + 1, "name": l, "color": "ededed"})
		}
		s.page(w, r, list, nil)
	case segs[0] == "milestones" && len(segs) == 1:
		for i, m := range s.World.Milestones {
			list = append(list, s.milestone(m, i))
		}
		s.page(w, r, list, nil)
	case segs[0] == "assignees" && len(segs) == 1:
		for _, p := range s.World.People {
			list = append(list, user(p))
		}
		s.page(w, r, list, nil)
	case segs[0] == "issues" && len(segs) == 1 && r.Method == http.MethodGet:
		s.list(w, r, repo)
	case segs[0] == "issues" && len(segs) == 1 && r.Method == http.MethodPost:
		i := &issue{id: s.id(), repo: repo, state: "open", author: s.World.Me, created: s.tick()}
		for _, o := range s.issues {
			if strings.EqualFold(o.repo, repo) {
				i.n, i.repo = max(i.n, o.n), o.repo
			}
		}
		i.n++
		if s.set(w, i, body) {
			s.issues = append(s.issues, i)
			answer(w, http.StatusCreated, s.json(i))
		}
	case segs[0] == "issues":
		n, err := strconv.ParseInt(segs[1], 10, 64)
		at := slices.IndexFunc(s.issues, func(i *issue) bool { return strings.EqualFold(i.repo, repo) && i.n == n })
		if err != nil || at < 0 {
			missing(w)
			return
		}
		s.issue(w, r, s.issues[at], strings.Join(segs[2:], "/"), body)
	default:
		s.t.Errorf("there is no %s", r.URL.Path)
		missing(w)
	}
}

// labelNames lists the labels: those of the world, and those that were made unasked.
func (s *Server) labelNames() []string {
	all := slices.Clone(s.World.Labels)
	for _, i := range s.issues {
		for _, l := range i.labels {
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all
}

func (s *Server) milestone(title string, i int) object {
	m := object{"id": 70 + i, "title": title, "state": "open"}
	if !s.Gitea {
		m["number"] = 1 + i
	}
	return m
}

func (s *Server) tick() time.Time { s.now = s.now.Add(time.Second); return s.now }

func user(login string) object {
	return object{"login": login, "id": 1 + len(login), "type": "User"}
}

// json is an issue as the API tells of it.
func (s *Server) json(i *issue) object {
	var people, labels []object
	people, labels = []object{}, []object{}
	for _, a := range i.assignees {
		people = append(people, user(a))
	}
	for _, l := range i.labels {
		labels = append(labels, object{"id": 1 + slices.Index(s.labelNames(), l), "name": l})
	}
	o := object{"id": i.id, "number": i.n, "title": i.title, "body": i.body, "state": i.state, "user": user(i.author), "assignees": people, "labels": labels, "milestone": nil,
		"comments": len(i.comments), "created_at": i.created, "updated_at": i.up, "closed_at": nil, "html_url": s.URL + "/" + i.repo + "/issues/" + strconv.FormatInt(i.n, 10)}
	if i.author == "" {
		o["user"] = nil
	}
	if i.body == "" && !s.Gitea {
		o["body"] = nil
	}
	if i.state == "closed" {
		o["closed_at"] = i.closed
	}
	if k := slices.Index(s.World.Milestones, i.milestone); k >= 0 {
		o["milestone"] = s.milestone(i.milestone, k)
	}
	if s.Gitea {
		owner, name, _ := strings.Cut(i.repo, "/")
		o["repository"] = object{"id": 1, "name": name, "owner": owner, "full_name": i.repo}
		o["pull_request"], o["is_locked"] = nil, false
		if i.pull {
			o["pull_request"] = object{"merged": false, "merged_at": nil}
		}
		return o
	}
	o["repository_url"] = s.URL + "/repos/" + i.repo
	o["author_association"] = "MEMBER"
	o["state_reason"], o["type"], o["locked"] = nil, nil, false
	if i.reason != "" {
		o["state_reason"] = i.reason
	}
	if i.typ != "" {
		o["type"] = object{"id": 1, "name": i.typ}
	}
	if i.pull {
		o["pull_request"] = object{"url": s.URL, "merged_at": nil}
	}
	if i.parent != nil {
		o["parent_issue_url"] = s.URL + "/repos/" + i.parent.repo + "/issues/" + strconv.FormatInt(i.parent.n, 10)
	}
	open := 0
	for _, b := range i.blockedBy {
		if b.state == "open" {
			open++
		}
	}
	o["sub_issues_summary"] = object{"total": len(s.children(i)), "completed": 0, "percent_completed": 0}
	o["issue_dependencies_summary"] = object{"blocked_by": open, "blocking": 0, "total_blocked_by": len(i.blockedBy), "total_blocking": len(s.blocking(i))}
	return o
}

func (s *Server) children(i *issue) (list []*issue) {
	for _, o := range s.issues {
		if o.parent == i {
			list = append(list, o)
		}
	}
	return list
}

func (s *Server) blocking(i *issue) (list []*issue) {
	for _, o := range s.issues {
		if slices.Contains(o.blockedBy, i) {
			list = append(list, o)
		}
	}
	return list
}

func (s *Server) all(list []*issue) []object {
	out := []object{}
	for _, i := range list {
		out = append(out, s.json(i))
	}
	return out
}

// A change is what a write may set.
type change struct {
	Title     *string         `json:"title"`
	Body      *string         `json:"body"`
	State     *string         `json:"state"`
	Reason    *string         `json:"state_reason"`
	Type      *string         `json:"type"`
	Milestone json.RawMessage `json:"milestone"`
	Assignees *[]string       `json:"assignees"`
	Labels    json.RawMessage `json:"labels"`
}

// set changes an issue, and reports whether it could.
func (s *Server) set(w http.ResponseWriter, i *issue, body []byte) bool {
	var c change
	if err := json.Unmarshal(body, &c); err != nil {
		s.t.Errorf("a body that is no change: %v: %.200s", err, body)
		answer(w, http.StatusBadRequest, object{"message": "Problems parsing JSON"})
		return false
	}
	if i.title == "" && (c.Title == nil || *c.Title == "") {
		answer(w, http.StatusUnprocessableEntity, object{"message": "Validation Failed", "errors": []object{{"resource": "Issue", "field": "title", "code": "missing_field"}}})
		return false
	}
	i.up = s.tick()
	if c.Title != nil && *c.Title != i.title {
		if i.title != "" {
			s.note(i, "renamed", "change_title", object{"rename": object{"from": i.title, "to": *c.Title}, "old_title": i.title, "new_title": *c.Title})
		}
		i.title = *c.Title
	}
	if c.Body != nil {
		i.body = *c.Body
	}
	if c.Type != nil {
		i.typ = *c.Type
	}
	if c.State != nil && (*c.State != i.state || c.Reason != nil) {
		s.move(i, *c.State, c.Reason)
	}
	if c.Milestone != nil {
		n, err := strconv.Atoi(string(c.Milestone))
		first := 1
		if s.Gitea {
			first = 70
		}
		if i.milestone = ""; err == nil && n >= first && n-first < len(s.World.Milestones) {
			i.milestone = s.World.Milestones[n-first]
		}
	}
	if c.Assignees != nil {
		i.assignees = nil
		for _, a := range *c.Assignees {
			if slices.Contains(s.World.People, a) { // others are left out without a word
				i.assignees = append(i.assignees, a)
				s.note(i, "assigned", "assignees", object{"assignee": user(a), "removed_assignee": false})
			}
		}
	}
	return c.Labels == nil || s.relabel(w, i, c.Labels)
}

func (s *Server) relabel(w http.ResponseWriter, i *issue, raw json.RawMessage) bool {
	i.labels = nil
	if !s.Gitea {
		if err := json.Unmarshal(raw, &i.labels); err != nil { // one that is new is made
			s.t.Error(err)
		}
		return true
	}
	var ids []int
	if err := json.Unmarshal(raw, &ids); err != nil {
		s.t.Error(err)
	}
	for _, id := range ids {
		if id < 1 || id > len(s.World.Labels) {
			answer(w, http.StatusUnprocessableEntity, object{"message": "label does not exist"})
			return false
		}
		i.labels = append(i.labels, s.World.Labels[id-1])
	}
	return true
}

func (s *Server) move(i *issue, state string, reason *string) {
	i.state, i.reason, i.closed = state, "", time.Time{}
	if reason != nil {
		i.reason = *reason
	}
	if state == "closed" {
		i.closed = s.now
		i.reason = cmp.Or(i.reason, "completed")
		s.note(i, "closed", "close", object{"state_reason": i.reason, "commit_id": nil})
		return
	}
	s.note(i, "reopened", "reopen", object{})
}

// note adds an event: GitHub and Gitea have names of their own.
func (s *Server) note(i *issue, hub, tea string, more object) {
	more["id"], more["created_at"] = s.id(), s.now
	if s.Gitea {
		more["type"], more["user"] = tea, user(s.World.Me)
	} else {
		more["event"], more["actor"] = hub, user(s.World.Me)
	}
	i.events = append(i.events, more)
}
