package tickets

import "time"

// A List is a page of tickets on its way to a reader.
type List struct {
	Tickets []Ticket `json:"tickets"`
	Total   int      `json:"total"` // -1 if it is not known
	Source  string   `json:"source"`
	Cursor  string   `json:"cursor,omitempty"`
	Notes   []string `json:"notes,omitempty"`

	fields  []string
	now     time.Time
	dropped int // tickets that the budget left out
}

// A View is one ticket on its way to a reader.
type View struct {
	Ticket
	Source string `json:"source"`
	View   string `json:"view"`
	Base   string `json:"base"`

	now      time.Time
	dropped  int // comments or events that the budget left out
	bodyTo   int // bytes of the body that the budget has left; 0 for all
	eachTo   int // and of each comment
	shrunken int // steps
}

// An Outcome is a change that was made, or would be, on its way to a reader.
type Outcome struct {
	Op       Op        `json:"op"`
	Source   string    `json:"source"`
	Ticket   Ticket    `json:"ticket,omitzero"`
	Base     string    `json:"base,omitempty"`
	DryRun   bool      `json:"dry_run,omitempty"`
	Requests []Request `json:"requests,omitempty"` // of a dry run
	Before   *Ticket   `json:"before,omitempty"`   // of a dry run
	Notes    []string  `json:"notes,omitempty"`

	now time.Time
}
