// Package tickets is the system of work items: issues, tasks, bugs, wherever they are kept.
//
// A back end (Tracker) finds and reads tickets and, as a Writer, prepares changes to them.
// What is the same for all of them stands here: which tracker a key belongs to, how edits
// are made and checked against what the editor has seen, how a create is kept from making
// two, what may go out, and how tickets are shown.
//
// All texts of a ticket are foreign, and as Markdown: a tracker with a markup of its own
// converts. Trackers hand them over as they are; whoever shows them cleans and bounds them.
package tickets

import (
	"context"
	"time"
)

// A Status is the state of a ticket in one of three words, the same for every tracker. The
// tracker's own word for it is Ticket.State.
type Status string

// The statuses.
const (
	Todo   Status = "todo"   // nobody works on it
	Active Status = "active" // somebody does
	Done   Status = "done"   // closed, for whatever reason
)

// Statuses of a Query besides those of a ticket and the tracker's own states.
const (
	Open = "open" // Todo or Active; what an empty Query.Status means
	All  = "all"
)

// A Tracker is a service, or a store on this machine, as far as it tells of tickets.
// Implementations are safe for concurrent use, open nothing before the first call, and look
// anew at each call whether the credential may see what is asked for. They keep to the
// projects that their configuration allows: in search, in reading by key, in links (those
// that lead elsewhere are counted in Ticket.Hidden) and in writes.
//
// They fail with fail.Invalid for what no tracker of the kind would take (with what exists:
// states, labels, people, fields), fail.NotFound for tickets that are not there or not to be
// seen, fail.Denied where the credential or the configuration forbids it, fail.Unsupported
// for what the service does not have, fail.Unavailable, fail.Timeout and fail.Busy.
type Tracker interface {
	// Traits tells what the tracker is like. It asks nobody.
	Traits() Traits

	// Owns tells how surely a key, or the web address of a ticket, is one of this tracker's.
	// It asks nobody but the checkout.
	Owns(ctx context.Context, key string) Claim

	// Search finds tickets, the last changed first.
	Search(ctx context.Context, q Query) (*Page, error)

	// Ticket returns one ticket with what w asks for. key is in any spelling that Owns claims.
	Ticket(ctx context.Context, key string, w Want) (*Ticket, error)
}

// A Claim says how surely a key belongs to a tracker.
type Claim int

// The claims.
const (
	No     Claim = iota
	Maybe        // it has the shape of its keys
	Likely       // and the project is one that it is configured for, or the checkout's
	Surely       // it names the tracker's own host or repository
)

// Traits are what a tracker is like.
type Traits struct {
	Kind     string   // "github", "jira", …, "local"
	Host     string   // of the service, without port; "" on this machine
	Native   string   // the name of its query language; "" if it takes no native query
	Key      string   // an example of a key: "#12", "ENG-12"
	Fields   []string // that a ticket of it can have, of the names in Fields()
	MaxTitle int      // in bytes; 0 for no limit that is known
	MaxBody  int      // in bytes of Markdown, of a body or a comment
	Ready    bool     // it knows what blocks a ticket: Query.Ready works
	Claims   bool     // Claim is atomic at the service
	Mentions bool     // "@name" in a text tells that person
	Keywords bool     // "fixes #12" in a text can close that ticket
	Actions  bool     // a line "/close" in a text is a command
	Allowed  []string // of "mentions", "keywords", "actions", "hosts": what the configuration lets go out
}

// A Query says which tickets are asked for; all that is set has to hold.
type Query struct {
	Text     string   // words in title or body
	Status   string   // a Status, Open, All, or a state of the tracker; "" is Open
	Assignee string   // a person as the tracker names them, "me", or "none"
	Labels   []string // all of them
	Project  string   // repository or project; "" for the checkout's, else all that are allowed
	Since    time.Time
	Ready    bool     // open, nobody's, and blocked by nothing that is open
	Native   string   // a query in the tracker's language; with Project, Limit and Cursor only
	Fields   []string // that will be shown, of Fields(); more may be filled in. Nil for DefaultFields
	Limit    int      // tickets; 0 for DefaultLimit, at most MaxLimit
	Cursor   string   // of the page before
}

// Limits.
const (
	DefaultLimit    = 30
	MaxLimit        = 100
	DefaultComments = 10
	MaxComments     = 100
	MaxText         = 1 << 20 // bytes of a body or a comment that are read
	MaxLinks        = 200
	MaxEvents       = 100
)

// Fields lists the names of what can be shown of a ticket. Custom fields come beside them,
// by their own names.
func Fields() []string {
	return []string{"key", "title", "status", "state", "type", "priority", "assignee", "author", "labels",
		"project", "parent", "milestone", "created", "updated", "closed", "comments", "body", "url"}
}

// DefaultFields are the fields of a row of a search.
func DefaultFields() []string {
	return []string{"key", "status", "title", "assignee", "labels", "updated"}
}

// A Page is one page of tickets.
type Page struct {
	Tickets []Ticket
	Total   int      // of all that match; -1 where the tracker does not tell
	Cursor  string   // of the next page, "" if there is none
	Notes   []string // in cleat's words
}

// A Want says what of a ticket is asked for beside its fields and its body.
type Want struct {
	Comments    int  // the newest n; 0 for none, at most MaxComments
	Events      int  // the newest n of its history; 0 for none, at most MaxEvents
	Links       bool // to other tickets and to what the tracker knows of branches and pull requests
	Transitions bool // the states it can be moved to now
	Cursor      string
}

// A Ticket is one work item.
type Ticket struct {
	Key       string    `json:"key"`               // as it is asked for, in the shortest spelling that is unique in the source
	Project   string    `json:"project,omitempty"` // repository or project
	Title     string    `json:"title"`
	Status    Status    `json:"status"`
	State     string    `json:"state,omitempty"` // in the tracker's word; "" where it has none beyond Status
	Type      string    `json:"type,omitempty"`
	Priority  string    `json:"priority,omitempty"`
	Assignees []string  `json:"assignees,omitempty"`
	Author    string    `json:"author,omitempty"`
	Trusted   Trust     `json:"trusted,omitempty"` // of the author
	Labels    []string  `json:"labels,omitempty"`
	Parent    string    `json:"parent,omitempty"` // key
	Milestone string    `json:"milestone,omitempty"`
	Created   time.Time `json:"created,omitzero"`
	Updated   time.Time `json:"updated,omitzero"`
	Closed    time.Time `json:"closed,omitzero"`
	URL       string    `json:"url,omitempty"` // for people
	Body      string    `json:"body,omitempty"`
	Cut       int       `json:"cut,omitempty"`    // bytes of the body beyond MaxText, which are left out
	Custom    []Field   `json:"custom,omitempty"` // fields that have a value, by the name that people see
	Ready     bool      `json:"ready,omitempty"`  // as in Query.Ready, where Traits.Ready

	Comments     []Comment    `json:"comments,omitempty"`      // newest first
	CommentCount int          `json:"comment_count,omitempty"` // of all; -1 if not known
	Events       []Event      `json:"events,omitempty"`        // newest first
	Links        []Link       `json:"links,omitempty"`
	Hidden       int          `json:"hidden,omitempty"` // links that lead to projects that are not allowed
	Transitions  []Transition `json:"transitions,omitempty"`
	Cursor       string       `json:"cursor,omitempty"` // of older comments or events, "" if there are none
	Notes        []string     `json:"notes,omitempty"`  // in cleat's words
}

// Trust says what is known of who wrote a text.
type Trust string

// What is known of an author. The empty Trust is "not known".
const (
	Member  Trust = "member"  // may write to the project
	Outside Trust = "outside" // may not
)

// A Field is a custom field: its name and its value, as people see them.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Comment is one comment on a ticket.
type Comment struct {
	ID      string    `json:"id,omitempty"`
	Author  string    `json:"author,omitempty"`
	Trusted Trust     `json:"trusted,omitempty"`
	Created time.Time `json:"created,omitzero"`
	Updated time.Time `json:"updated,omitzero"` // zero if never
	Body    string    `json:"body"`
	Private bool      `json:"private,omitempty"` // seen by some only
	Cut     int       `json:"cut,omitempty"`     // bytes beyond MaxText, which are left out
}

// An Event is a change in a ticket's history.
type Event struct {
	Time   time.Time `json:"time,omitzero"`
	Author string    `json:"author,omitempty"`
	What   string    `json:"what,omitempty"` // the field, or what happened: "state", "assignee", "labeled", …
	From   string    `json:"from,omitempty"`
	To     string    `json:"to,omitempty"`
}

// A Link leads from a ticket to something else.
type Link struct {
	Kind   string `json:"kind"` // one of LinkKinds(), or the tracker's own word
	What   string `json:"what"` // "ticket", "pr", "branch", "commit", "run", "error" or "url"
	To     string `json:"to"`   // key, name or address
	Title  string `json:"title,omitempty"`
	Status Status `json:"status,omitempty"` // of a ticket or pull request
	Source string `json:"source,omitempty"` // of a ticket in another source; "" for this one
}

// LinkKinds lists the kinds of links between tickets, read from the ticket to the other.
func LinkKinds() []string {
	return []string{"blocks", "blocked_by", "parent", "child", "related", "duplicates", "duplicated_by",
		"discovered_from", "discovered"}
}

// Inverse is the kind of a link read the other way around, "" if there is none.
func Inverse(kind string) string {
	switch kind {
	case "blocks":
		return "blocked_by"
	case "blocked_by":
		return "blocks"
	case "parent":
		return "child"
	case "child":
		return "parent"
	case "related":
		return "related"
	case "duplicates":
		return "duplicated_by"
	case "duplicated_by":
		return "duplicates"
	case "discovered_from":
		return "discovered"
	case "discovered":
		return "discovered_from"
	}
	return ""
}

// A Transition is a state that a ticket can be moved to.
type Transition struct {
	Name   string `json:"name"`            // as it is asked for
	State  string `json:"state,omitempty"` // that it leads to
	Status Status `json:"status,omitempty"`
	Needs  []Need `json:"needs,omitempty"`
}

// A Need is a field that a transition or a create must be given.
type Need struct {
	Name    string   `json:"name"`              // of the field; "comment" for a comment
	Type    string   `json:"type,omitempty"`    // string, number, date, person, option, list …; "" if not known
	Options []string `json:"options,omitempty"` // values that are allowed, where there are few
}
