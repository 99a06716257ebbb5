package jira

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/systems/tickets"
)

// Limits of foreign texts, in bytes, and of lists.
const (
	maxTitle  = 1 << 10
	maxName   = 200
	maxLabels = 100
	maxValue  = 16 << 10 // of a field
)

// clip cuts a foreign text to n bytes.
//
//go:noinline
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// A stamp is a time as Jira writes it, 2026-03-02T12:00:00.000+0000. One in another form is
// none.
type stamp struct{ time.Time }

// UnmarshalJSON reads a time.
func (t *stamp) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	for _, layout := range [...]string{"2006-01-02T15:04:05.999-0700", time.RFC3339Nano} {
		if at, err := time.Parse(layout, text); err == nil {
			t.Time = at
			return nil
		}
	}
	t.Time = time.Time{}
	return nil
}

// A thing is what Jira tells of people, statuses, types, versions, options and the like.
type thing struct {
	ID       str    `json:"id"`
	Account  string `json:"accountId"` // of a person on Cloud
	Kind     string `json:"accountType"`
	Name     string `json:"name"`
	Value    str    `json:"value"`
	Display  string `json:"displayName"`
	Email    string `json:"emailAddress"`
	Key      string `json:"key"`
	Subtask  bool   `json:"subtask"`
	Child    *thing `json:"child"`
	Inward   string `json:"inward"`
	Outward  string `json:"outward"`
	Category *thing `json:"statusCategory"`
	Statuses []thing
}

// A str is a string, or a number that is used as one.
type str string

// UnmarshalJSON reads a string or a number; of anything else it is "".
func (t *str) UnmarshalJSON(data []byte) error {
	var s string
	var n json.Number
	switch {
	case json.Unmarshal(data, &s) == nil:
		*t = str(s)
	case json.Unmarshal(data, &n) == nil:
		*t = str(n)
	default:
		*t = ""
	}
	return nil
}

// person names a person: the account of Data Center, the display name of Cloud. A deleted one
// has none.
func (s *Source) person(u *thing) string {
	switch {
	case u == nil:
		return ""
	case u.Account != "" && u.Display != "":
		return clip(u.Display, maxName)
	case u.Account == "" && u.Name != "":
		return clip(u.Name, maxName)
	}
	return clip(u.Display, maxName)
}

// label is what people see of a thing.
func (v *thing) label() string {
	for _, s := range [...]string{v.Name, string(v.Value), v.Display, v.Key, string(v.ID)} {
		if s == "" {
			continue
		}
		if v.Account != "" && v.Display != "" {
			s = v.Display
		}
		if v.Child != nil {
			s += " / " + v.Child.label()
		}
		return clip(s, maxName)
	}
	return ""
}

// status is a status of Jira as one of ours.
//
//go:noinline
func (v *thing) status() tickets.Status {
	if v == nil || v.Category == nil {
		return tickets.Todo
	}
	switch v.Category.Key {
	case "done":
		return tickets.Done
	case "indeterminate":
		return tickets.Active
	}
	return tickets.Todo
}

// A field is what Jira tells of a field: everywhere, or as it can be set in one place.
type field struct {
	ID       string `json:"id"`
	FieldID  string `json:"fieldId"`
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Default  bool   `json:"hasDefaultValue"`
	Schema   schema `json:"schema"`
	Allowed  []thing
}

// UnmarshalJSON reads a field, whose allowed values may be of any kind.
func (f *field) UnmarshalJSON(data []byte) error {
	type plain field
	var in struct {
		plain
		Allowed json.RawMessage `json:"allowedValues"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*f = field(in.plain)
	if json.Unmarshal(in.Allowed, &f.Allowed) != nil {
		f.Allowed = nil
	}
	return nil
}

type schema struct {
	Type   string `json:"type"`
	Items  string `json:"items"`
	System string `json:"system"`
	Custom string `json:"custom"`
}

// is reports whether a custom field is of a type, by the end of its name.
//
//go:noinline
func (s schema) is(custom string) bool { return strings.HasSuffix(s.Custom, ":"+custom) }

// rich reports whether the field's text has markup.
func (s schema) rich() bool {
	return s.is("textarea") || s.System == "environment" || s.System == "description"
}

// An issue is one issue, with what was asked for.
type issue struct {
	ID          string                     `json:"id"`
	Key         string                     `json:"key"`
	Raw         map[string]json.RawMessage `json:"fields"`
	Names       map[string]string          `json:"names"`
	Schema      map[string]schema          `json:"schema"`
	Edit        meta                       `json:"editmeta"`
	Transitions []transition               `json:"transitions"`
	Changelog   struct {
		Total     int      `json:"total"`
		Histories []change `json:"histories"`
	} `json:"changelog"`

	f known
}

// A meta are the fields that can be set, by id.
type meta struct {
	Fields map[string]field `json:"fields"`
}

// known are the fields of every issue.
type known struct {
	Summary     string          `json:"summary"`
	Description json.RawMessage `json:"description"`
	Status      thing           `json:"status"`
	Type        thing           `json:"issuetype"`
	Project     thing           `json:"project"`
	Priority    *thing          `json:"priority"`
	Assignee    *thing          `json:"assignee"`
	Reporter    *thing          `json:"reporter"`
	Creator     *thing          `json:"creator"`
	Labels      []string        `json:"labels"`
	Versions    []thing         `json:"fixVersions"`
	Parent      *other          `json:"parent"`
	Subtasks    []other         `json:"subtasks"`
	Links       []issueLink     `json:"issuelinks"`
	Created     stamp           `json:"created"`
	Updated     stamp           `json:"updated"`
	Resolved    stamp           `json:"resolutiondate"`
	Category    stamp           `json:"statuscategorychangedate"`
}

// UnmarshalJSON reads an issue and, of its fields, those that are known.
func (i *issue) UnmarshalJSON(data []byte) error {
	type plain issue
	var p plain
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	*i = issue(p)
	var in struct{ Fields known }
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	i.f = in.Fields
	return nil
}

// An other is an issue as another tells of it.
type other struct {
	Key    string `json:"key"`
	Fields struct {
		Summary string `json:"summary"`
		Status  thing  `json:"status"`
	} `json:"fields"`
}

type issueLink struct {
	ID   string `json:"id"`
	Type thing  `json:"type"`
	In   *other `json:"inwardIssue"`
	Out  *other `json:"outwardIssue"`
}

type transition struct {
	ID     string           `json:"id"`
	Name   string           `json:"name"`
	To     thing            `json:"to"`
	Screen bool             `json:"hasScreen"`
	Fields map[string]field `json:"fields"`
}

type change struct {
	Author  *thing `json:"author"`
	Created stamp  `json:"created"`
	Items   []struct {
		Field string `json:"field"`
		From  string `json:"fromString"`
		To    string `json:"toString"`
	} `json:"items"`
}

type comment struct {
	ID         string          `json:"id"`
	Author     *thing          `json:"author"`
	Body       json.RawMessage `json:"body"`
	Created    stamp           `json:"created"`
	Updated    stamp           `json:"updated"`
	Visibility *thing          `json:"visibility"`
	Public     *bool           `json:"jsdPublic"`
}

// An answer has the shapes of lists that Jira answers with.
type answer struct {
	Issues     []issue   `json:"issues"`
	Comments   []comment `json:"comments"`
	Next       string    `json:"nextPageToken"`
	Total      *int      `json:"total"`
	Start      int       `json:"startAt"`
	Last       *bool     `json:"isLast"`
	Values     []field   `json:"values"` // of Data Center
	Fields     []field   `json:"fields"` // of Cloud
	Types      []thing   `json:"issueTypes"`
	LinkTypes  []thing   `json:"issueLinkTypes"`
	Deployment string    `json:"deploymentType"`
}

// empty reports whether a value of a field says nothing.
func empty(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", `""`, "[]", "{}":
		return true
	}
	return false
}
