package linear

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// listOf filters a list and pages it.
func listOf(list []object, args object) any {
	var kept []object
	filter, _ := args["filter"].(object)
	for _, o := range list {
		if matches(filter, o, false) {
			kept = append(kept, o)
		}
	}
	return connection(kept)(args)
}

// root resolves a field of Query or Mutation.
func (f *fake) root(name string, args object) any {
	switch name {
	case "issue":
		return f.object(f.find(args["id"]))
	case "issues":
		var list []object
		for _, i := range f.issues {
			list = append(list, f.object(i))
		}
		key := fmt.Sprint(args["orderBy"])
		slices.SortStableFunc(list, func(a, b object) int { return strings.Compare(b[key].(string), a[key].(string)) })
		return listOf(list, args)
	case "comment":
		for _, i := range f.issues {
			if c := f.named(i.comments, "id", fmt.Sprint(args["id"])); c != nil {
				return c
			}
		}
		panic(refusal{"Entity not found: Comment", "invalid input"})
	case "viewer":
		return f.named(f.people, "displayName", f.world.Me)
	case "users":
		return listOf(f.people, args)
	case "teams":
		return listOf(f.teams, args)
	case "workflowStates":
		return listOf(f.states, args)
	case "issueLabels":
		return listOf(f.labels, args)
	case "projectMilestones":
		return listOf(f.marks, args)
	case "projects":
		return listOf(f.projects, args)
	case "cycles":
		return listOf(nil, args)
	}
	return f.mutate(name, args)
}

// mutate resolves a field of Mutation, and keeps what it changes.
func (f *fake) mutate(name string, args object) any {
	f.now = f.now.Add(time.Second)
	in, _ := args["input"].(object)
	switch name {
	case "issueCreate":
		id := f.fresh(in)
		for _, i := range f.issues {
			if i.id == id {
				panic(refusal{"Conflict on insert of Issue: an entity with this id already exists", "invalid input"})
			}
		}
		team := f.named(f.teams, "id", fmt.Sprint(in["teamId"]))
		if team == nil {
			panic(refusal{"Entity not found: Team", "invalid input"})
		}
		i := &item{id: id, team: team["key"].(string), author: f.named(f.people, "displayName", f.world.Me), created: f.now}
		i.state = f.stateOf(i.team, "Todo")
		for _, o := range f.issues {
			if o.team == i.team {
				i.n = max(i.n, o.n)
			}
		}
		i.n++
		f.issues = append(f.issues, i)
		f.set(i, in)
		i.history = nil
		return object{"success": true, "issue": f.object(i)}
	case "issueUpdate":
		i := f.find(args["id"])
		f.set(i, in)
		return object{"success": true, "issue": f.object(i)}
	case "commentCreate":
		id := f.fresh(in)
		i := f.find(in["issueId"])
		for _, o := range f.issues {
			if f.named(o.comments, "id", id) != nil {
				panic(refusal{"Conflict on insert of Comment: an entity with this id already exists", "invalid input"})
			}
		}
		c := f.comment(i, id, in["body"].(string), f.named(f.people, "displayName", f.world.Me), f.now)
		i.comments = slices.Insert(i.comments, 0, c)
		return object{"success": true, "comment": c}
	case "issueRelationCreate":
		return object{"success": true, "issueRelation": f.relate(f.find(in["issueId"]), f.find(in["relatedIssueId"]), in["type"].(string))}
	case "issueRelationDelete":
		for n, r := range f.relations {
			if r["id"] == args["id"] {
				f.relations = slices.Delete(f.relations, n, n+1)
				return object{"success": true}
			}
		}
		panic(refusal{"Entity not found: IssueRelation", "invalid input"})
	}
	panic(refusal{"Cannot query field " + name, "graphql error"})
}

// fresh returns the id that an input has, which must be a UUID of version 4.
func (f *fake) fresh(in object) string {
	id := fmt.Sprint(in["id"])
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		panic(refusal{"Argument Validation Error: id must be a UUID", "invalid input"})
	}
	return id
}

// set applies an input.
func (f *fake) set(i *item, in object) {
	i.updated = f.now
	event := object{"createdAt": stamp(f.now), "actor": f.named(f.people, "displayName", f.world.Me), "botActor": nil, "updatedDescription": nil}
	for _, k := range []string{"State", "Assignee", "Title", "Priority", "Parent", "Team", "ProjectMilestone"} {
		event["from"+k], event["to"+k] = nil, nil
	}
	event["addedLabels"], event["removedLabels"] = nil, nil
	one := func(list []object, id any, what string) object {
		if id == nil {
			return nil
		}
		o := f.named(list, "id", id.(string))
		if o == nil {
			panic(refusal{"Entity not found: " + what, "invalid input"})
		}
		return o
	}
	many := func(v any) (out []object) {
		for _, id := range v.([]any) {
			out = append(out, one(f.labels, id, "IssueLabel"))
		}
		return out
	}
	for key, v := range in {
		switch key {
		case "id", "teamId":
		case "title":
			event["fromTitle"], event["toTitle"] = i.title, v
			i.title = v.(string)
		case "description":
			event["updatedDescription"] = true
			i.body = v.(string)
		case "stateId":
			to := one(f.states, v, "WorkflowState")
			if to["team"].(object)["key"] != i.team {
				panic(refusal{"Discrepancy between issue state and its team", "invalid input"})
			}
			event["fromState"], event["toState"] = i.state, to
			i.state, i.closed = to, time.Time{}
			if to["type"] == "completed" || to["type"] == "canceled" {
				i.closed = f.now
			}
		case "assigneeId":
			to := one(f.people, v, "User")
			if i.assignee != nil {
				event["fromAssignee"] = i.assignee
			}
			if to != nil {
				event["toAssignee"] = to
			}
			i.assignee = to
		case "parentId":
			if i.parent = nil; v != nil {
				i.parent = f.find(v)
			}
		case "projectId":
			i.project = one(f.projects, v, "Project")
		case "projectMilestoneId":
			i.mark = one(f.marks, v, "ProjectMilestone")
		case "dueDate":
			i.due, _ = v.(string)
		case "estimate":
			i.estimate = v
		case "priority":
			i.priority = v.(float64)
		case "labelIds":
			i.labels = many(v)
		case "addedLabelIds":
			for _, l := range many(v) {
				if f.named(i.labels, "id", l["id"].(string)) == nil {
					i.labels = append(i.labels, l)
				}
			}
		case "removedLabelIds":
			for _, l := range many(v) {
				i.labels = slices.DeleteFunc(i.labels, func(o object) bool { return o["id"] == l["id"] })
			}
		default:
			panic(refusal{fmt.Sprintf("Field %q is not defined by type IssueUpdateInput", key), "graphql validation failed"})
		}
	}
	if i.mark != nil && (i.project == nil || i.mark["project"].(object)["id"] != i.project["id"]) {
		panic(refusal{"The milestone is not one of the issue's project", "invalid input"})
	}
	i.history = slices.Insert(i.history, 0, event)
}

// inputs returns the variables of the writes so far.
func (f *fake) inputs() (out []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.asked {
		var r struct {
			Query     string
			Variables json.RawMessage
		}
		if err := json.Unmarshal([]byte(a), &r); err != nil {
			f.t.Error(err)
		}
		if mutation, _ := parseQuery(r.Query); mutation {
			out = append(out, string(r.Variables))
		}
	}
	return out
}
