package linear

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// changes puts what the write sets into the input, names resolved.
func (p *plan) changes(ctx context.Context) error {
	c := p.w.Changes
	p.in.Title = c.Title
	if c.Body != nil {
		was := ""
		if p.before != nil {
			if p.before.Cut > 0 {
				return fail.Errorf(fail.TooLarge, "the body has more than %d bytes and cannot be edited here", tickets.MaxText)
			}
			was = p.before.Body
		}
		body, err := c.Body(was)
		if err != nil {
			return err
		}
		if err := tooLong("body", body); err != nil {
			return err
		}
		p.in.Description = &body
	}
	if c.Priority != "" {
		n := slices.IndexFunc(priorities(), func(s string) bool { return strings.EqualFold(s, c.Priority) })
		if n < 0 {
			return unknown("priority", c.Priority, priorities())
		}
		p.in.Priority = &n
	}
	if c.Assignees != nil {
		id := ""
		if len(*c.Assignees) == 1 {
			who, err := p.person(ctx, (*c.Assignees)[0])
			if err != nil {
				return err
			}
			id = who.ID
		}
		p.in.Assignee = value(id)
	}
	if c.Parent != nil {
		id := ""
		if *c.Parent != "" {
			parent, err := p.issue(ctx, *c.Parent, variables{}, false, false)
			if err != nil {
				return err
			}
			if id = parent.ID; p.now != nil && id == p.now.ID {
				return fail.Errorf(fail.Invalid, "%s cannot be its own parent", parent.Identifier)
			}
		}
		p.in.Parent = value(id)
	}
	if err := p.labels(ctx); err != nil {
		return err
	}
	for _, f := range c.Custom {
		if err := p.custom(ctx, f); err != nil {
			return err
		}
	}
	if c.Milestone != nil {
		return p.milestone(ctx, *c.Milestone)
	}
	return nil
}

// inTeam is the filter for projects that the team can use.
func (p *plan) inTeam() string {
	return `{"accessibleTeams":{"some":{"key":{"eq":` + quote(p.team.Key) + `}}}}`
}

// milestone sets the milestone of a project, and with it the project.
func (p *plan) milestone(ctx context.Context, name string) error {
	if name == "" {
		p.in.Milestone = value("")
		return nil
	}
	project := ""
	switch {
	case p.in.Project != nil:
		if err := json.Unmarshal(p.in.Project, &project); err != nil {
			return err
		}
	case p.now != nil && p.now.Project != nil:
		project = p.now.Project.ID
	}
	in := `{"project":` + p.inTeam() + `}`
	if project != "" {
		in = `{"project":{"id":{"eq":` + quote(project) + `}}}`
	}
	list, err := p.milestonesOf(ctx, `{"and":[`+in+`,{"name":{"eqIgnoreCase":`+quote(name)+`}}]}`)
	if err != nil {
		return err
	}
	var names []string
	for _, m := range list {
		if m.Project != nil {
			names = append(names, clip(m.Project.Name, maxName))
		}
	}
	switch {
	case len(list) > 1:
		return fail.Errorf(fail.Invalid, "several projects have a milestone %.100q: %s", name, listed(names)).Then("give the custom field Project too")
	case len(list) == 0:
		if list, err = p.milestonesOf(ctx, in); err != nil {
			return err
		}
		names = nil
		for _, m := range list {
			names = append(names, clip(m.Name, maxName))
		}
		return unknown("milestone", name, names)
	}
	p.in.Milestone = value(list[0].ID)
	if m := list[0]; project == "" && m.Project != nil {
		p.in.Project = value(m.Project.ID)
		p.notes = append(p.notes, fmt.Sprintf("the milestone is one of the project %.80q, which is set too", m.Project.Name))
	}
	return nil
}

func (p *plan) milestonesOf(ctx context.Context, filter string) ([]milestone, error) {
	d, err := p.read(ctx, "query Milestones($filter: ProjectMilestoneFilter) { projectMilestones(filter: $filter, first: 50) { nodes { id name project { id name } } } }",
		variables{Filter: json.RawMessage(filter)})
	switch {
	case err != nil:
		return nil, err
	case d.Milestones == nil:
		return nil, lacks("list of milestones")
	}
	return d.Milestones.Nodes, nil
}

// fieldNames are Linear's fields beyond those of all trackers.
func fieldNames() []string { return []string{"Project", "Cycle", "Estimate", "Due date"} }

// custom sets one of Linear's own fields. A null, or an empty text, takes the value away.
func (p *plan) custom(ctx context.Context, f tickets.Custom) error {
	var text string
	var number json.Number
	switch {
	case json.Unmarshal(f.Value, &text) == nil:
	case json.Unmarshal(f.Value, &number) == nil:
		text = number.String()
	default:
		return fail.Errorf(fail.Invalid, "the field %.80q takes a text or a number", f.Name)
	}
	var err error
	switch strings.ToLower(f.Name) {
	case "project", "projectid":
		p.in.Project, err = p.project(ctx, text)
	case "cycle", "cycleid":
		p.in.Cycle, err = p.cycle(ctx, text)
	case "estimate":
		points, bad := strconv.Atoi(text)
		switch {
		case text == "":
			p.in.Estimate = value("")
		case bad != nil || points < 0:
			err = fail.Errorf(fail.Invalid, "the estimate %.40q is no whole number", text)
		default:
			p.in.Estimate = json.RawMessage(strconv.Itoa(points))
		}
	case "due date", "duedate", "due_date":
		if _, bad := time.Parse(time.DateOnly, text); bad != nil && text != "" {
			err = fail.Errorf(fail.Invalid, "the due date %.40q is no date", text).Then("write it such as 2026-03-31")
		}
		p.in.Due = value(text)
	default:
		err = unknown("field", f.Name, fieldNames())
	}
	return err
}

// project finds a project that the team can use.
func (p *plan) project(ctx context.Context, name string) (json.RawMessage, error) {
	if name == "" {
		return value(""), nil
	}
	const query = "query Projects($filter: ProjectFilter) { projects(filter: $filter, first: 50) { nodes { id name } } }"
	d, err := p.read(ctx, query, variables{Filter: json.RawMessage(`{"and":[` + p.inTeam() + `,{"name":{"eqIgnoreCase":` + quote(name) + `}}]}`)})
	switch {
	case err != nil:
		return nil, err
	case d.Projects == nil:
		return nil, lacks("list of projects")
	case len(d.Projects.Nodes) > 0:
		return value(d.Projects.Nodes[0].ID), nil
	}
	if d, err = p.read(ctx, query, variables{Filter: json.RawMessage(p.inTeam())}); err != nil {
		return nil, err
	}
	var names []string
	if d.Projects != nil {
		for _, n := range d.Projects.Nodes {
			names = append(names, clip(n.Name, maxName))
		}
	}
	return nil, unknown("project", name, names)
}

// cycle finds a cycle of the team by its name or number.
func (p *plan) cycle(ctx context.Context, name string) (json.RawMessage, error) {
	if name == "" {
		return value(""), nil
	}
	d, err := p.read(ctx, "query Cycles($filter: CycleFilter) { cycles(filter: $filter, first: 50) { nodes { id name number } } }",
		variables{Filter: json.RawMessage(`{"team":{"key":{"eq":` + quote(p.team.Key) + `}}}`)})
	switch {
	case err != nil:
		return nil, err
	case d.Cycles == nil:
		return nil, lacks("list of cycles")
	}
	var names []string
	for _, c := range d.Cycles.Nodes {
		if strings.EqualFold(c.Name, name) || strconv.FormatFloat(c.Number, 'f', -1, 64) == name {
			return value(c.ID), nil
		}
		names = append(names, clip(c.label(), maxName))
	}
	return nil, unknown("cycle", name, names)
}
