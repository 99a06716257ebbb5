package jira

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	epicField   = "customfield_10014"
	regionField = "customfield_10050"
	notesField  = "customfield_10051"
	rankField   = "customfield_10019"
)

// fields are the fields of an issue, as they can be set.
func (f *fake) fields() map[string]object {
	one := func(id, name, kind, items, custom string, allowed ...object) object {
		sc := object{"type": kind}
		if items != "" {
			sc["items"] = items
		}
		if custom != "" {
			sc["custom"] = "com.atlassian.jira.plugin.system.customfieldtypes:" + custom
		} else {
			sc["system"] = id
		}
		o := object{"fieldId": id, "key": id, "name": name, "required": false, "hasDefaultValue": false, "schema": sc}
		if allowed != nil {
			o["allowedValues"] = allowed
		}
		return o
	}
	var versions []object
	for n, m := range f.world.Milestones {
		versions = append(versions, object{"id": strconv.Itoa(300 + n), "name": m})
	}
	out := map[string]object{
		"summary":     one("summary", "Summary", "string", "", ""),
		"description": one("description", "Description", "string", "", ""),
		"project":     one("project", "Project", "project", "", ""),
		"issuetype":   one("issuetype", "Issue Type", "issuetype", "", "", types()...),
		"priority":    one("priority", "Priority", "priority", "", "", priorities()...),
		"assignee":    one("assignee", "Assignee", "user", "", ""),
		"labels":      one("labels", "Labels", "array", "string", ""),
		"fixVersions": one("fixVersions", "Fix versions", "array", "version", "", versions...),
		regionField:   one(regionField, "Region", "string", "", "textfield"),
		notesField:    one(notesField, "Release notes", "string", "", "textarea"),
		"components":  one("components", "Components", "array", "component", "", object{"id": "400", "name": "Hull"}, object{"id": "401", "name": "Engine"}),
		"duedate":     one("duedate", "Due date", "date", "", ""),
	}
	for _, id := range []string{"summary", "project", "issuetype"} {
		out[id]["required"] = true
	}
	if f.cloud {
		out["parent"] = one("parent", "Parent", "issuelink", "", "")
	} else if !f.noEpics {
		out[epicField] = one(epicField, "Epic Link", "any", "", "gh-epic-link")
	}
	return out
}

func types() []object {
	return []object{{"id": "10001", "name": "Task", "subtask": false}, {"id": "10002", "name": "Bug", "subtask": false}, {"id": "10003", "name": "Sub-task", "subtask": true}}
}

func priorities() []object {
	return []object{{"id": "1", "name": "High"}, {"id": "2", "name": "Medium"}, {"id": "3", "name": "Low"}}
}

func linkTypes() []object {
	return []object{
		{"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"},
		{"id": "10001", "name": "Cloners", "inward": "is cloned by", "outward": "clones"},
		{"id": "10002", "name": "Duplicate", "inward": "is duplicated by", "outward": "duplicates"},
		{"id": "10003", "name": "Relates", "inward": "relates to", "outward": "relates to"},
	}
}

func named(list []object, key, value string) object {
	for _, o := range list {
		if o[key] == value {
			return o
		}
	}
	return nil
}

// page is a part of a list.
func page[T any](list []T, r *http.Request) (part []T, start int) {
	start, _ = strconv.Atoi(r.URL.Query().Get("startAt"))
	most, err := strconv.Atoi(r.URL.Query().Get("maxResults"))
	if err != nil {
		most = 50
	}
	start = min(start, len(list))
	return list[start:min(start+most, len(list))], start
}

// answer does what a request asks for.
func (f *fake) answer(r *http.Request, body []byte) (int, any) {
	if r.URL.Path == "/rest/api/2/serverInfo" {
		kind := "Server"
		if f.cloud {
			kind = "Cloud"
		}
		return 200, object{"baseUrl": f.url, "deploymentType": kind, "version": "9.12.0"}
	}
	version := "/rest/api/2/"
	if f.cloud {
		version = "/rest/api/3/"
	}
	rest, ok := strings.CutPrefix(r.URL.Path, version)
	if !ok {
		f.t.Errorf("a request that the API does not have: %s %s", r.Method, r.URL.Path)
	}
	parts := strings.Split(rest, "/")
	tail := ""
	if len(parts) > 2 {
		tail = parts[2]
	}
	var in struct {
		input
		Transition ref             `json:"transition"`
		Body       json.RawMessage `json:"body"`
		Type       ref             `json:"type"`
		Inward     ref             `json:"inwardIssue"`
		Outward    ref             `json:"outwardIssue"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &in); err != nil && !strings.HasPrefix(rest, "search") {
			f.t.Errorf("the body of %s %s: %v", r.Method, rest, err)
		}
	}
	switch parts[0] {
	case "search":
		return f.search(rest, body)
	case "myself":
		return 200, f.user(f.world.Me)
	case "user":
		return 200, f.people(r)
	case "field":
		list := []object{{"id": rankField, "name": "Rank", "schema": object{"type": "any", "custom": "com.pyxis.greenhopper.jira:gh-lexo-rank"}}}
		for id, x := range f.fields() {
			list = append(list, object{"id": id, "name": x["name"], "schema": x["schema"]})
		}
		return 200, list
	case "status":
		var list []object
		for _, s := range states() {
			list = append(list, s.object())
		}
		return 200, list
	case "project":
		return f.projects(parts, tail)
	case "issueLinkType":
		return 200, object{"issueLinkTypes": linkTypes()}
	case "issueLink":
		if r.Method == http.MethodDelete {
			n := slices.IndexFunc(f.links, func(l *between) bool { return l.id == parts[1] })
			if n < 0 {
				refuse(404, "No issue link with id '"+parts[1]+"' exists.")
			}
			f.links = slices.Delete(f.links, n, n+1)
			return 204, nil
		}
		f.link(named(linkTypes(), "name", in.Type.Name)["name"].(string), f.find(in.Inward.Key), f.find(in.Outward.Key))
		return 201, nil
	case "issue":
	default:
		refuse(404, "null for uri: "+r.URL.Path)
	}
	switch {
	case len(parts) == 1 && r.Method == http.MethodPost:
		return f.create(in.input)
	case parts[1] == "createmeta":
		return f.createmeta(parts)
	}
	i := f.find(parts[1])
	switch r.Method + " " + tail {
	case "GET ":
		return 200, f.issue(i, r.URL.Query().Get("expand"))
	case "PUT ":
		f.apply(i, in.input, f.fields())
		return 204, nil
	case "PUT assignee":
		f.event(i, "assignee", i.assignee, f.named(body))
		i.assignee = f.named(body)
		return 204, nil
	case "GET comment":
		list := slices.Clone(i.comments)
		if r.URL.Query().Get("orderBy") == "-created" {
			slices.Reverse(list)
		}
		part, start := page(list, r)
		return 200, object{"comments": append([]object{}, part...), "total": len(list), "startAt": start, "maxResults": 50}
	case "POST comment":
		i.comments = append(i.comments, f.comment(in.Body, f.world.Me, f.now))
		i.updated = f.now
		return 201, i.comments[len(i.comments)-1]
	case "GET remotelink":
		return 200, append([]object{}, f.remote...)
	case "POST transitions":
		for _, x := range f.transitions(i) {
			if x["id"] == in.Transition.ID {
				f.move(i, x, in.input)
				return 204, nil
			}
		}
		refuse(400, "Transition id '"+in.Transition.ID+"' is not valid for this issue.")
	}
	refuse(405, "Method not allowed")
	return 0, nil
}

func (f *fake) search(rest string, body []byte) (int, any) {
	var q struct {
		JQL    string   `json:"jql"`
		Max    int      `json:"maxResults"`
		Next   string   `json:"nextPageToken"`
		Start  int      `json:"startAt"`
		Fields []string `json:"fields"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		f.t.Error(err)
	}
	if f.cloud && q.Start != 0 || !f.cloud && q.Next != "" {
		refuse(400, "Invalid request payload. Refer to the REST API documentation and try again.")
	}
	if f.cloud != (rest == "search/jql") {
		refuse(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
	}
	var found []*item
	test := f.jql(q.JQL)
	for _, i := range f.issues {
		if test(i) {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b *item) int { return b.updated.Compare(a.updated) })
	start := q.Start
	if f.cloud {
		start = 0
		if q.Next != "" {
			n, err := strconv.Atoi(strings.TrimPrefix(q.Next, "page-"))
			if err != nil {
				refuse(400, "The next page token is invalid or has expired.")
			}
			start = n
		}
	}
	start = min(start, len(found))
	end := min(start+q.Max, len(found))
	list := []object{}
	for _, i := range found[start:end] {
		o := f.issue(i, "")
		all := o["fields"].(object)
		if !slices.Contains(q.Fields, "*all") {
			some := object{}
			for _, id := range q.Fields {
				if v, ok := all[id]; ok {
					some[id] = v
				}
			}
			o["fields"] = some
		}
		delete(o, "names")
		delete(o, "schema")
		list = append(list, o)
	}
	if !f.cloud {
		return 200, object{"issues": list, "startAt": start, "maxResults": q.Max, "total": len(found)}
	}
	out := object{"issues": list, "isLast": end == len(found)}
	if end < len(found) {
		out["nextPageToken"] = "page-" + strconv.Itoa(end)
	}
	return 200, out
}

func (f *fake) people(r *http.Request) any {
	q := r.URL.Query()
	list := []any{}
	for _, p := range f.world.People {
		switch {
		case f.cloud && q.Has("accountId"):
			if f.id(p) != q.Get("accountId") {
				continue
			}
		case f.cloud && !strings.HasPrefix(strings.ToLower(p), strings.ToLower(q.Get("query"))):
			continue
		case !f.cloud && !strings.HasPrefix(p, q.Get("username")):
			continue
		}
		list = append(list, f.user(p))
	}
	return list
}

func (f *fake) projects(parts []string, tail string) (int, any) {
	list := []object{}
	for n, p := range f.world.Projects {
		list = append(list, object{"id": strconv.Itoa(n), "key": p.Name, "name": "The " + p.Name})
	}
	switch {
	case tail == "statuses":
		var all []object
		for _, s := range states() {
			all = append(all, s.object())
		}
		return 200, []object{{"id": "10001", "name": "Task", "statuses": all}, {"id": "10002", "name": "Bug", "statuses": all}}
	case len(parts) == 2 && parts[1] == "search" && f.cloud:
		return 200, object{"values": list, "isLast": true, "total": len(list)}
	case len(parts) == 1 && !f.cloud:
		return 200, list
	}
	refuse(404, "No project could be found")
	return 0, nil
}

func (f *fake) createmeta(parts []string) (int, any) {
	if !slices.ContainsFunc(f.world.Projects, func(p project) bool { return p.Name == parts[2] }) {
		refuse(404, "No project could be found with key '"+parts[2]+"'.")
	}
	list, key := types(), "issueTypes"
	if len(parts) > 4 {
		list, key = nil, "fields"
		for _, x := range f.fields() {
			list = append(list, x)
		}
	}
	if !f.cloud {
		key = "values"
	}
	return 200, object{key: list, "total": len(list), "startAt": 0}
}
