package issues

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// changes puts what the write sets into the fields, names resolved.
func (p *plan) changes(ctx context.Context) error {
	c := p.w.Changes
	p.set.Title, p.set.Type = c.Title, c.Type
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
		p.set.Description = &body
	}
	if c.Assignees != nil {
		ids := []int64{}
		for _, name := range *c.Assignees {
			who, err := p.person(ctx, p.repo, name)
			if err != nil {
				return err
			}
			if !slices.Contains(ids, who.ID) {
				ids, p.asked = append(ids, who.ID), append(p.asked, who)
			}
		}
		p.assign(ids)
	}
	if c.Milestone != nil {
		id := int64(0)
		if *c.Milestone != "" {
			var err error
			if id, err = p.milestone(ctx, p.repo, *c.Milestone); err != nil {
				return err
			}
		}
		p.set.Milestone = &id
	}
	if err := p.relabel(ctx); err != nil {
		return err
	}
	for _, f := range c.Custom {
		if err := p.custom(f); err != nil {
			return err
		}
	}
	return nil
}

// assign sets who is assigned: GitLab takes 0 for nobody.
func (p *plan) assign(ids []int64) {
	if len(ids) == 0 {
		ids = []int64{0}
	}
	p.set.Assignees = &ids
}

// relabel puts what is said of labels into the fields. GitLab would make a label that is not
// there without a word.
func (p *plan) relabel(ctx context.Context) error {
	c := p.w.Changes
	add, err := p.labels(ctx, p.repo, c.Add)
	if err != nil {
		return err
	}
	if err := checkLabels(c.Remove); err != nil {
		return err
	}
	drop := func(l string) bool {
		return slices.ContainsFunc(c.Remove, func(r string) bool { return strings.EqualFold(r, l) })
	}
	if c.Labels != nil || p.now == nil && len(add) > 0 {
		all := add
		if c.Labels != nil {
			set, err := p.labels(ctx, p.repo, *c.Labels)
			if err != nil {
				return err
			}
			all = append(set, add...)
		}
		joined := strings.Join(slices.DeleteFunc(all, drop), ",")
		p.set.Labels = &joined
		return nil
	}
	p.set.Add = strings.Join(add, ",")
	if p.now != nil {
		var gone []string
		for _, l := range p.now.Labels {
			if drop(l) {
				gone = append(gone, l)
			}
		}
		p.set.Remove = strings.Join(gone, ",")
	}
	return nil
}

// fieldNames are the fields of GitLab's own that can be set.
func fieldNames() []string { return []string{"Due date", "Weight", "Confidential"} }

// custom sets one of GitLab's own fields. An empty text takes the value away.
func (p *plan) custom(f tickets.Custom) error {
	var value string
	var number json.Number
	var yes bool
	switch {
	case json.Unmarshal(f.Value, &value) == nil:
	case json.Unmarshal(f.Value, &number) == nil:
		value = number.String()
	case json.Unmarshal(f.Value, &yes) == nil:
		value = fmt.Sprint(yes)
	default:
		return fail.Errorf(fail.Invalid, "the field %.80q takes a text, a number, true or false", f.Name)
	}
	switch strings.ToLower(strings.ReplaceAll(f.Name, "_", " ")) {
	case "due date":
		p.set.Due = json.RawMessage(`""`)
		if value != "" {
			d, err := time.Parse(time.DateOnly, value)
			if err != nil {
				return fail.Errorf(fail.Invalid, "the due date %.40q is no date", value).Then("write it such as 2026-03-31")
			}
			p.set.Due = json.RawMessage(`"` + d.Format(time.DateOnly) + `"`)
		}
	case "weight":
		p.set.Weight = json.RawMessage("null")
		if value != "" {
			var n uint16
			if json.Unmarshal([]byte(value), &n) != nil {
				return fail.Errorf(fail.Invalid, "the weight %.40q is no whole number", value)
			}
			p.set.Weight = json.RawMessage(value)
		}
	case "confidential":
		secret := value == "true"
		if !secret && value != "false" && value != "" {
			return fail.Errorf(fail.Invalid, "confidential is true or false")
		}
		p.set.Secret = &secret
	default:
		return unknown("field", f.Name, fieldNames())
	}
	return nil
}
