package tickets

import (
	"context"
	"encoding/json"
	"time"
)

// A Writer is a Tracker whose tickets can be changed. Optional.
type Writer interface {
	Tracker

	// Prepare checks a write against what the service says now (the ticket and its base,
	// states and the fields they need, people, labels, custom fields) and returns what would
	// be sent. It sends nothing that changes anything. It fails as Tracker does, and with
	// fail.Conflict (see CheckBase) where the ticket has changed since Base, or is in a
	// state that makes the write pointless: claimed by another, closed already.
	Prepare(ctx context.Context, w Write) (*Prepared, error)
}

// An Op is a kind of write.
type Op string

// The writes.
const (
	Create Op = "create"
	Update Op = "update"
	Remark Op = "comment"    // Changes.Comment
	Move   Op = "transition" // to the state To, with Changes that it needs
	Relate Op = "link"       // a link of Kind to To; Remove takes it away
	Take   Op = "claim"      // assign it to oneself, and make it Active, unless another has it
)

// Ops lists the writes.
func Ops() []Op { return []Op{Create, Update, Remark, Move, Relate, Take} }

// A Write says what is to be done.
type Write struct {
	Op      Op
	Key     string // of the ticket; "" for Create
	Project string // for Create; "" for the default
	Base    string // of the ticket as its reader saw it (Ticket.Base); "" for no check
	Changes Changes
	To      string // state or transition for Move; key of a ticket for Relate
	Kind    string // of Relate
	Remove  bool   // for Relate

	// Token is equal for repetitions of one write and for no others: 32 hexadecimal digits,
	// or "". A tracker that can keep it with the ticket makes no second one.
	Token string
}

// Changes are what a write sets. Nil and empty mean: as it is.
type Changes struct {
	Title     *string
	Body      Edit
	Comment   string
	Type      string
	Priority  string
	Parent    *string // key; "" takes it away
	Milestone *string
	Assignees *[]string // "me" is oneself; empty takes all away
	Labels    *[]string // all that it will have
	Add       []string  // labels
	Remove    []string  // labels
	Custom    []Custom
}

// An Edit makes the new body of the present one, which is "" for a ticket that is made.
// It is called with the very text that Ticket.Body had for the same state of the ticket.
type Edit func(body string) (string, error)

// A Custom is a value for a field of the tracker's own, by the name that people see, or its
// id. The value is JSON as it was given: string, number, boolean, or a list of them.
type Custom struct {
	Name  string
	Value json.RawMessage
}

// A Prepared is a write that can be sent.
type Prepared struct {
	// Requests are what Send sends, in their order. Where a value of one is in the answer to
	// one before it, it is written as {…}.
	Requests []Request

	Before *Ticket  // as it is now; nil for Create
	Notes  []string // in cleat's words

	// Send sends the requests, once. It returns the ticket as it is then, as far as the
	// service tells; the key is always there. A failure says truly what has happened:
	// fail.UnknownOutcome where that is not known, and where some of several requests have
	// been done which they are (see Partly).
	Send func(ctx context.Context) (*Ticket, error)
}

// A Request is what a write sends: to a service a method, a path below the service's
// address with its query, and a body; to the store on this machine just the body.
type Request struct {
	Method string
	Path   string
	Body   json.RawMessage // nil for none
}

// A Finder can look up what a create that was sent may have made. Optional, for a Writer.
type Finder interface {
	// Created returns the tickets that this account made since then with the title and the
	// project of w, by a list of the service that shows new ones at once, not by its index.
	Created(ctx context.Context, w Write, since time.Time) ([]Ticket, error)
}
