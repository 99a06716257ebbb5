package issuestest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// issue answers what is asked of one issue.
func (s *Server) issue(w http.ResponseWriter, r *http.Request, i *issue, below string, body []byte) {
	number, _ := strings.CutPrefix(below, "dependencies/blocked_by/")
	switch what := r.Method + " " + below; {
	case what == "GET ":
		answer(w, http.StatusOK, s.json(i))
	case what == "PATCH ":
		if s.set(w, i, body) {
			answer(w, http.StatusOK, s.json(i))
		}
	case what == "GET comments":
		var list []object
		for _, c := range i.comments {
			list = append(list, s.comment(c))
		}
		if s.Gitea {
			answer(w, http.StatusOK, append([]object{}, list...))
			return
		}
		s.page(w, r, list, nil)
	case what == "POST comments":
		var c struct{ Body string }
		if err := json.Unmarshal(body, &c); err != nil || c.Body == "" {
			answer(w, http.StatusUnprocessableEntity, object{"message": "Validation Failed"})
			return
		}
		i.comments = append(i.comments, remark{s.id(), s.World.Me, c.Body, s.tick()})
		i.up = s.now
		answer(w, http.StatusCreated, s.comment(i.comments[len(i.comments)-1]))
	case what == "GET timeline":
		s.page(w, r, i.events, nil)
	case what == "PUT labels" && s.Gitea:
		var l struct{ Labels json.RawMessage }
		if err := json.Unmarshal(body, &l); err != nil {
			s.t.Error(err)
		}
		if s.relabel(w, i, l.Labels) {
			answer(w, http.StatusOK, []object{})
		}
	case what == "GET dependencies" && s.Gitea, what == "GET dependencies/blocked_by" && !s.Gitea:
		s.page(w, r, s.all(i.blockedBy), nil)
	case what == "GET blocks" && s.Gitea, what == "GET dependencies/blocking" && !s.Gitea:
		s.page(w, r, s.all(s.blocking(i)), nil)
	case what == "GET sub_issues" && !s.Gitea:
		s.page(w, r, s.all(s.children(i)), nil)
	case below == "dependencies" && s.Gitea, below == "dependencies/blocked_by" && !s.Gitea:
		o := s.other(w, body)
		if o == nil {
			return
		}
		i.blockedBy = slices.DeleteFunc(i.blockedBy, func(x *issue) bool { return x == o })
		if r.Method == http.MethodPost {
			i.blockedBy = append(i.blockedBy, o)
		}
		answer(w, http.StatusCreated, s.json(i))
	case what == "DELETE "+below && number != below && !s.Gitea:
		i.blockedBy = slices.DeleteFunc(i.blockedBy, func(x *issue) bool { return strconv.FormatInt(x.id, 10) == number })
		answer(w, http.StatusOK, s.json(i))
	case what == "POST sub_issues" && !s.Gitea, what == "DELETE sub_issue" && !s.Gitea:
		o := s.other(w, body)
		if o == nil {
			return
		}
		if o.parent = nil; r.Method == http.MethodPost {
			o.parent = i
		}
		answer(w, http.StatusCreated, s.json(i))
	default:
		s.t.Errorf("there is no %s %s", r.Method, r.URL.Path)
		missing(w)
	}
}

// other finds the issue that a link is to.
func (s *Server) other(w http.ResponseWriter, body []byte) *issue {
	var b struct {
		Issue       int64 `json:"issue_id"`
		Sub         int64 `json:"sub_issue_id"`
		Owner, Repo string
		Index       int64
	}
	if err := json.Unmarshal(body, &b); err != nil {
		s.t.Errorf("a link that cannot be read: %v: %s", err, body)
	}
	at := slices.IndexFunc(s.issues, func(o *issue) bool {
		if s.Gitea {
			return o.repo == b.Owner+"/"+b.Repo && o.n == b.Index
		}
		return o.id == b.Issue+b.Sub
	})
	if at < 0 {
		missing(w)
		return nil
	}
	return s.issues[at]
}

func (s *Server) comment(c remark) object {
	o := object{"id": c.id, "user": user(c.author), "body": c.body, "created_at": c.created, "updated_at": c.created}
	if !s.Gitea {
		o["author_association"] = "NONE"
	}
	return o
}

// list answers with the issues of a repository, pull requests among them on GitHub.
func (s *Server) list(w http.ResponseWriter, r *http.Request, repo string) {
	q := r.URL.Query()
	get := func(hub, tea string) string {
		if s.Gitea {
			return q.Get(tea)
		}
		return q.Get(hub)
	}
	since, err := time.Parse(time.RFC3339, q.Get("since"))
	if err != nil && q.Has("since") {
		s.t.Errorf("since is %q", q.Get("since"))
	}
	var list []*issue
	for _, i := range s.issues {
		who := get("assignee", "assigned_by")
		switch {
		case !strings.EqualFold(i.repo, repo), q.Get("state") != "all" && q.Get("state") != i.state, i.up.Before(since),
			who == "none" && !s.Gitea && len(i.assignees) > 0,
			who != "" && who != "none" && !slices.Contains(i.assignees, who),
			get("creator", "created_by") != "" && get("creator", "created_by") != i.author,
			s.Gitea && (i.pull || !contains(i, q.Get("q"))):
			continue
		}
		has := true
		for l := range strings.SplitSeq(q.Get("labels"), ",") {
			has = has && (l == "" || slices.Contains(i.labels, l))
		}
		if has {
			list = append(list, i)
		}
	}
	byTime(list, get("sort", "sort") == "updated" || get("sort", "sort") == "recentupdate")
	s.page(w, r, s.all(list), nil)
}

func contains(i *issue, word string) bool {
	return strings.Contains(strings.ToLower(i.title+"\n"+i.body), strings.ToLower(word))
}

func byTime(list []*issue, updated bool) {
	slices.SortStableFunc(list, func(a, b *issue) int {
		if updated {
			return b.up.Compare(a.up)
		}
		return b.created.Compare(a.created)
	})
}

// search answers GitHub's search. It knows the qualifiers below and a group of alternatives
// at the beginning.
func (s *Server) search(w http.ResponseWriter, r *http.Request) {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	group, rest := "", q
	if strings.HasPrefix(q, "(") {
		if end := strings.LastIndex(q, ")"); end > 0 {
			group, rest = q[1:end], q[end+1:]
		}
	}
	term := regexp.MustCompile(`-?[a-z]+:"[^"]*"|"[^"]*"|\S+`)
	var list []*issue
	for _, i := range s.issues {
		ok := group == ""
		for alternative := range strings.SplitSeq(group, " OR ") {
			all := true
			for _, t := range term.FindAllString(alternative, -1) {
				hit, known := match(i, t)
				if !known {
					answer(w, http.StatusUnprocessableEntity, object{"message": "Validation Failed"})
					return
				}
				all = all && hit
			}
			ok = ok || all
		}
		for _, t := range term.FindAllString(rest, -1) {
			hit, known := match(i, t)
			if !known {
				answer(w, http.StatusUnprocessableEntity, object{"message": "Validation Failed"})
				return
			}
			ok = ok && hit
		}
		if ok {
			list = append(list, i)
		}
	}
	byTime(list, r.URL.Query().Get("sort") == "updated")
	s.page(w, r, s.all(list), func(items []object) any {
		return object{"total_count": len(list), "incomplete_results": false, "items": items}
	})
}

// match holds a term of a query against an issue; known is false for what is none.
func match(i *issue, term string) (hit, known bool) {
	if strings.HasPrefix(term, `"`) || !strings.Contains(term, ":") {
		return contains(i, strings.Trim(term, `"`)), true
	}
	key, value, _ := strings.Cut(term, ":")
	value = strings.Trim(value, `"`)
	switch key {
	case "repo":
		return strings.EqualFold(i.repo, value), true
	case "label":
		return slices.Contains(i.labels, value), true
	case "assignee":
		return slices.Contains(i.assignees, value), true
	case "no":
		return len(i.assignees) == 0, value == "assignee"
	case "reason":
		return strings.ReplaceAll(i.reason, "_", " ") == value, true
	case "in":
		return true, value == "title,body"
	case "is":
		return i.state == value || value == "issue" && !i.pull, true
	case "-is":
		return !slices.ContainsFunc(i.blockedBy, func(b *issue) bool { return b.state == "open" }), value == "blocked"
	case "updated":
		t, err := time.Parse(">="+time.RFC3339, value)
		return err == nil && !i.up.Before(t), err == nil
	}
	return false, false
}
