package issues

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/systems/tickets"
)

// Limits of foreign texts, in bytes, and of lists.
const (
	maxLine   = 1 << 10
	maxName   = 200
	maxLabels = 100
)

// A user is what is used of one. A nil one is an account that is gone.
type user struct {
	ID   int64  `json:"id"`
	Name string `json:"username"`
}

func (u *user) name() string {
	if u == nil {
		return ""
	}
	return clip(u.Name, maxName)
}

type titled struct {
	ID    int64  `json:"id"`
	Title string `json:"title"`
	Name  string `json:"name"`
}

// An issue is what is used of one, also as a list of links has it.
type issue struct {
	ID          int64      `json:"id"`
	Number      int64      `json:"iid"`
	ProjectID   int64      `json:"project_id"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	State       string     `json:"state"`
	Type        string     `json:"issue_type"`
	Author      *user      `json:"author"`
	Assignees   []user     `json:"assignees"`
	Labels      []string   `json:"labels"`
	Milestone   *titled    `json:"milestone"`
	Created     time.Time  `json:"created_at"`
	Updated     time.Time  `json:"updated_at"`
	Closed      *time.Time `json:"closed_at"`
	URL         string     `json:"web_url"`
	Notes       *int       `json:"user_notes_count"`
	Due         string     `json:"due_date"`
	Weight      *float64   `json:"weight"`
	Health      string     `json:"health_status"`
	Epic        *titled    `json:"epic"`
	Iteration   *titled    `json:"iteration"`
	Secret      bool       `json:"confidential"`
	Locked      bool       `json:"discussion_locked"`
	MovedTo     int64      `json:"moved_to_id"`
	References  struct {
		Full string `json:"full"`
	} `json:"references"`

	LinkID   int64  `json:"issue_link_id"`
	LinkType string `json:"link_type"`
}

// Check implements rest.Checker.
func (i issue) Check() error {
	if i.ID <= 0 || i.Number <= 0 || i.ProjectID <= 0 || i.State == "" {
		return errors.New("it has no issue")
	}
	return nil
}

// repo returns the project of an issue, asked where GitLab does not tell.
func (i *issue) repo(asked string) string {
	name, _, _ := strings.Cut(i.References.Full, "#")
	if name == "" || strings.EqualFold(name, asked) {
		return asked
	}
	return name
}

func (i *issue) status() tickets.Status {
	if i.State == "closed" {
		return tickets.Done
	}
	return tickets.Todo
}

// A list is a page of issues.
type list []issue

// Check implements rest.Checker.
func (l list) Check() error {
	if l == nil {
		return errors.New("it has no list")
	}
	for _, i := range l {
		if err := i.Check(); err != nil {
			return err
		}
	}
	return nil
}

// A note is a comment, or an entry of the history where System is set.
type note struct {
	ID       int64     `json:"id"`
	Body     string    `json:"body"`
	Author   *user     `json:"author"`
	Created  time.Time `json:"created_at"`
	Updated  time.Time `json:"updated_at"`
	System   bool      `json:"system"`
	Internal bool      `json:"internal"`
	Secret   bool      `json:"confidential"` // what Internal was called before
}

type notes []note

// Check implements rest.Checker.
func (l notes) Check() error {
	if l == nil {
		return errors.New("it has no list")
	}
	return nil
}

// public is a note as others see it.
func (n *note) public() tickets.Comment {
	c := tickets.Comment{ID: strconv.FormatInt(n.ID, 10), Author: n.Author.name(), Created: n.Created, Private: n.Internal || n.Secret}
	c.Body, c.Cut = body(n.Body)
	if n.Updated.After(n.Created) {
		c.Updated = n.Updated
	}
	return c
}

// A happened is a resource event: of the state, or of a label.
type happened struct {
	User    *user     `json:"user"`
	Created time.Time `json:"created_at"`
	State   string    `json:"state"`
	Action  string    `json:"action"`
	Label   *titled   `json:"label"`
}

// A request is a merge request.
type request struct {
	ID         int64  `json:"id"`
	Number     int64  `json:"iid"`
	Title      string `json:"title"`
	State      string `json:"state"`
	Branch     string `json:"source_branch"`
	References struct {
		Full string `json:"full"`
	} `json:"references"`
}

// ticket returns the issue of a project.
func (t *Tracker) ticket(ctx context.Context, repo string, i *issue) tickets.Ticket {
	out := tickets.Ticket{
		Key: t.Spell(ctx, repo, i.Number), Project: repo, Title: clip(i.Title, maxLine), Status: i.status(), State: clip(i.State, maxName), Type: clip(i.Type, maxName),
		Author: i.Author.name(), Created: i.Created, Updated: i.Updated, URL: clip(i.URL, maxLine), CommentCount: -1,
	}
	out.Body, out.Cut = body(i.Description)
	for n := range i.Assignees[:min(len(i.Assignees), maxLabels)] {
		out.Assignees = append(out.Assignees, i.Assignees[n].name())
	}
	for _, l := range i.Labels[:min(len(i.Labels), maxLabels)] {
		out.Labels = append(out.Labels, clip(l, maxName))
	}
	if i.Milestone != nil {
		out.Milestone = clip(i.Milestone.Title, maxName)
	}
	if i.Closed != nil && out.Status == tickets.Done {
		out.Closed = *i.Closed
	}
	if i.Notes != nil {
		out.CommentCount = *i.Notes
	}
	field := func(name, value string) {
		if value != "" {
			out.Custom = append(out.Custom, tickets.Field{Name: name, Value: clip(value, maxLine)})
		}
	}
	field("Due date", i.Due)
	if i.Weight != nil {
		field("Weight", strconv.FormatFloat(*i.Weight, 'f', -1, 64))
	}
	field("Health status", i.Health)
	if i.Epic != nil {
		field("Epic", i.Epic.Title)
	}
	if i.Iteration != nil {
		field("Iteration", i.Iteration.Title)
	}
	if i.Secret {
		field("Confidential", "true")
	}
	if i.MovedTo > 0 {
		out.Notes = append(out.Notes, "it was moved to another project, and closed here")
	}
	return out
}

// clip cuts a foreign text to n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return upTo(s, n-len("…")) + "…"
}

// upTo returns at most n bytes of s, and no half of a character.
func upTo(s string, n int) string {
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// body cuts a body at tickets.MaxText.
func body(s string) (kept string, cut int) {
	if len(s) <= tickets.MaxText {
		return s, 0
	}
	kept = upTo(s, tickets.MaxText)
	return kept, len(s) - len(kept)
}
