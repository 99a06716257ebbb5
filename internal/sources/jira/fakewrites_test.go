package jira

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A ref names a thing in a request.
type ref struct{ ID, Key, Name string }

func (f *fake) transitions(i *item) []object {
	need := object{
		"resolution": object{"required": true, "name": "Resolution", "schema": object{"type": "resolution", "system": "resolution"}, "allowedValues": []object{{"id": "1", "name": "Won't Do"}, {"id": "2", "name": "Duplicate"}}},
		"comment":    object{"required": true, "name": "Comment", "schema": object{"type": "comments-page", "system": "comment"}},
	}
	var out []object
	for n, x := range []string{"Stop", "Start", "Review", "Finish", "Reject"} {
		s := states()[n]
		if s == i.status {
			continue
		}
		o := object{"id": strconv.Itoa(11 + n), "name": x, "to": s.object(), "hasScreen": false, "fields": object{}}
		if x == "Reject" {
			o["fields"], o["hasScreen"] = need, true
		}
		out = append(out, o)
	}
	return out
}

func (f *fake) event(i *item, field, from, to string) {
	i.history = append(i.history, object{"id": f.fresh(), "author": f.user(f.world.Me), "created": at(f.now), "items": []object{{"field": field, "fromString": from, "toString": to}}})
	i.updated = f.now
}

func (f *fake) move(i *item, x object, in input) {
	to := x["to"].(object)["name"].(string)
	var said json.RawMessage
	if text := in.Update["comment"]; text != nil {
		var ops []struct {
			Add struct{ Body json.RawMessage } `json:"add"`
		}
		if err := json.Unmarshal(text, &ops); err != nil || !x["hasScreen"].(bool) {
			refuse(400, "Field 'comment' cannot be set. It is not on the appropriate screen, or unknown.")
		}
		said = ops[0].Add.Body
	}
	if to == "Rejected" {
		if said == nil || in.Fields["resolution"] == nil {
			refuse(400, "Resolution is required. A comment is required.")
		}
		i.custom["resolution"] = raw(object{"name": "Won't Do"})
	} else if len(in.Fields) > 0 {
		refuse(400, "Field cannot be set. It is not on the appropriate screen, or unknown.")
	}
	if said != nil {
		i.comments = append(i.comments, f.comment(said, f.world.Me, f.now))
	}
	f.event(i, "status", i.status.name, to)
	for _, s := range states() {
		if s.name == to {
			i.status = s
		}
	}
	if i.closed = (time.Time{}); i.status.category == "done" {
		i.closed = f.now
	}
}

func (f *fake) create(in input) (int, any) {
	var p ref
	if err := json.Unmarshal(in.Fields["project"], &p); err != nil {
		f.t.Error(err)
	}
	i := &item{project: p.Key, n: 1, author: f.world.Me, status: states()[0], priority: "Medium", created: f.now, updated: f.now, custom: map[string]json.RawMessage{}}
	for _, o := range f.issues {
		if o.project == i.project {
			i.n = max(i.n, o.n+1)
		}
	}
	delete(in.Fields, "project")
	f.apply(i, in, f.fields())
	i.history = nil
	f.issues = append(f.issues, i)
	return 201, object{"id": f.fresh(), "key": i.key(), "self": f.url}
}

// apply sets fields.
func (f *fake) apply(i *item, in input, can map[string]object) {
	var v ref
	var list []ref
	var s string
	get := func(data json.RawMessage, into any) {
		if err := json.Unmarshal(data, into); err != nil {
			refuse(400, "Operation value must be of another type: "+err.Error())
		}
	}
	for id, value := range in.Fields {
		if can[id] == nil {
			refuse(400, "Field '"+id+"' cannot be set. It is not on the appropriate screen, or unknown.")
		}
		v, list, s = ref{}, nil, ""
		switch id {
		case "summary":
			get(value, &s)
			f.event(i, id, i.title, s)
			i.title = s
		case "description":
			if i.body = value; string(value) == "null" || string(value) == `""` {
				i.body = nil
			} else if f.cloud != (value[0] == '{') {
				refuse(400, "Operation value must be an Atlassian Document (see the Atlassian Document Format)")
			}
			f.event(i, id, "", "")
		case "issuetype":
			get(value, &v)
			i.kind = named(types(), "id", v.ID)["name"].(string)
		case "priority":
			get(value, &v)
			i.priority = named(priorities(), "id", v.ID)["name"].(string)
		case "assignee":
			f.event(i, id, i.assignee, f.named(value))
			i.assignee = f.named(value)
		case "labels":
			get(value, &i.labels)
		case "fixVersions":
			get(value, &list)
			i.versions = nil
			for _, x := range list {
				n, err := strconv.Atoi(x.ID)
				if err != nil {
					refuse(400, "Version id is not valid")
				}
				i.versions = append(i.versions, f.world.Milestones[n-300])
			}
		case "parent":
			get(value, &v)
			i.parent = f.find(v.Key)
		case epicField:
			if i.parent = nil; string(value) != "null" {
				get(value, &s)
				i.parent = f.find(s)
			}
		default:
			i.custom[id] = value
		}
	}
	for id, ops := range in.Update {
		switch id {
		case "labels":
			var list []struct{ Add, Remove string }
			get(ops, &list)
			for _, o := range list {
				i.labels = slices.DeleteFunc(slices.Clone(i.labels), func(l string) bool { return l == o.Remove || l == o.Add })
				if o.Add != "" {
					i.labels = append(i.labels, o.Add)
				}
			}
		case "parent":
			if string(ops) != `[{"set":{"none":true}}]` {
				refuse(400, "parent: data was not an object")
			}
			i.parent = nil
		default:
			refuse(400, "Field '"+id+"' cannot be set.")
		}
	}
	i.updated = f.now
}

// issue is an issue as the API has it.
func (f *fake) issue(i *item, expand string) object {
	orNull := func(v json.RawMessage) any {
		if v == nil {
			return nil
		}
		return v
	}
	short := func(o *item) object {
		return object{"id": "1", "key": o.key(), "fields": object{"summary": o.title, "status": o.status.object(), "issuetype": object{"name": o.kind}}}
	}
	versions, links := []object{}, []object{}
	for _, v := range i.versions {
		versions = append(versions, object{"id": "1", "name": v})
	}
	for _, l := range f.links {
		o := object{"id": l.id, "type": named(linkTypes(), "name", l.kind)}
		switch i {
		case l.from:
			o["outwardIssue"] = short(l.to)
		case l.to:
			o["inwardIssue"] = short(l.from)
		default:
			continue
		}
		links = append(links, o)
	}
	fields := object{"summary": i.title, "description": orNull(i.body), "status": i.status.object(), "issuetype": object{"id": "1", "name": i.kind, "subtask": false},
		"project": object{"key": i.project}, "priority": object{"id": "1", "name": i.priority}, "assignee": f.user(i.assignee), "reporter": f.user(i.author), "creator": f.user(i.author),
		"labels": append([]string{}, i.labels...), "fixVersions": versions, "subtasks": []object{}, "issuelinks": links, "created": at(i.created), "updated": at(i.updated),
		"resolutiondate": at(i.closed), rankField: "0|i0000:", "votes": object{"votes": 0}}
	if i.priority == "" {
		fields["priority"] = nil
	}
	if i.parent != nil {
		if f.cloud {
			fields["parent"] = short(i.parent)
		} else {
			fields[epicField] = i.parent.key()
		}
	}
	names, schemas := object{rankField: "Rank"}, object{rankField: object{"type": "any", "custom": "com.pyxis.greenhopper.jira:gh-lexo-rank"}}
	for id, x := range f.fields() {
		names[id], schemas[id] = x["name"], x["schema"]
	}
	names["resolution"], schemas["resolution"] = "Resolution", object{"type": "resolution", "system": "resolution"}
	for id, v := range i.custom {
		fields[id] = v
	}
	o := object{"id": "1", "key": i.key(), "fields": fields, "names": names, "schema": schemas}
	if strings.Contains(expand, "editmeta") {
		o["editmeta"] = object{"fields": f.fields()}
	}
	if strings.Contains(expand, "transitions.fields") {
		o["transitions"] = f.transitions(i)
	}
	if strings.Contains(expand, "changelog") {
		list := append([]object{}, i.history...)
		if f.cloud {
			slices.Reverse(list)
		}
		o["changelog"] = object{"startAt": 0, "maxResults": len(list), "total": len(list), "histories": list}
	}
	return o
}
