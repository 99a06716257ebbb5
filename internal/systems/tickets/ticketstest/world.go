// Package ticketstest is the suite that every tickets.Tracker passes.
//
// A test hands Suite a function that makes a service with the tickets of a World, and a
// tracker on it. What the suite writes it reads back through the tracker.
package ticketstest

import (
	"testing"
	"time"

	"cleat/internal/systems/tickets"
)

// A World is what a tracker is asked about. Names in it are as the tracker's own would be:
// see Can.
type World struct {
	Me       string   // who the credential belongs to
	People   []string // who can be assigned, Me among them
	Projects []Project
	Tickets  []Ticket

	// Now is the clock of the service, and of the tracker where it has one.
	Now time.Time

	// Labels and Milestones are what every project has of them, whether a ticket uses it or
	// not. A service without such a list has nothing to do with them.
	Labels     []string
	Milestones []string
}

// A Project is a repository or project.
type Project struct {
	Name   string
	Closed bool // the configuration of the tracker does not allow it
}

// A Ticket is one of the world's tickets. Of what it embeds the suite sets Title, Body,
// Status, State (by Can.State), Author, Assignees, Labels, Type, Priority, Parent (a key),
// Milestone, Created, Updated, Closed and Comments (newest first, without IDs), each as far
// as Can has it. What it has besides, such as Events, is the service's to make.
type Ticket struct {
	Project int // index
	N       int // from 1, unique in its project; Can.Key makes the key of it
	tickets.Ticket
	Links []Link
}

// A Link leads from a ticket to another of the same world.
type Link struct {
	Kind string
	To   int // index of the ticket in World.Tickets
}

// Can says what a tracker and its service are able to do, and how they name things. The
// tests of what it cannot do expect fail.Unsupported.
type Can struct {
	// Key returns the key of ticket n of a project, in the spelling that Search gives.
	Key func(project string, n int) string

	Projects []string // names of two projects as the service has them, such as "acme/app"; one where there is but one
	Person   func(n int) string
	State    func(s tickets.Status) string // of a ticket with that status; "" if there is none beside it
	Statuses []tickets.Status              // that a ticket can have: GitHub has no Active of its own

	Write, Claim, Custom        bool
	Type, Priority, Parent      bool
	Milestone, Assignees        bool // Assignees: several at once
	History, Links, Transitions bool
	LinkKinds                   []string // that can be made and are read again
	Since, Labels, Ready        bool
	Native                      string // a native query that finds exactly the tickets labeled "urgent" of project 0

	// Types, Priorities: two names of each, where Type and Priority are set. CustomField is
	// the name of a field for a line of text, where Custom is set.
	Types, Priorities []string
	CustomField       string

	// Spellings returns other spellings of a key that are to be taken: its web address, or
	// "#12" for a ticket of the checkout's project. Malformed are keys that are not to be
	// taken, beside those that the suite makes itself. Both may be nil.
	Spellings func(project string, n int) []string
	Malformed []string

	// Body is what the tracker gives for a body or a comment that was written so, where a
	// markup of the service's own is between them. Nil gives it back byte for byte.
	Body func(markdown string) string

	FreeLabels bool // a label that no ticket has can be given
	FreePeople bool // whoever is named can be assigned: there is no list of people
	ByCreation bool // Search has the last made first: the service cannot list by change
	Tokens     bool // a create that is repeated with its Token gives the same ticket
	Comments   bool // Comments of the World have their times and authors; else just their bodies

	// Requests counts all requests that the service got; nil where there is no network.
	Requests func(t *testing.T) int

	// Writes counts the requests that the service got and that change something; nil where
	// there is no network.
	Writes func(t *testing.T) int

	// Faults makes the next request that changes something behave so; nil where there is no
	// network.
	Faults func(t *testing.T, f Fault)
}

// A Fault is a way in which a service fails.
type Fault int

// The faults.
const (
	LostAnswer  Fault = iota + 1 // the request is done, and the connection ends without an answer
	CutAnswer                    // the request is done, and the answer ends in the middle of its body
	ServerError                  // 500, nothing is done
	TooMany                      // 429 with Retry-After: 1, nothing is done
	Expired                      // 401, nothing is done
	Forbidden                    // 403 or what the service says instead, nothing is done
)
