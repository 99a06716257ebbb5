// Package tracker keeps tickets on this machine, in one SQLite file in the repository's state
// folder. It is a tickets.Tracker and a tickets.Writer, and needs no
// configuration.
//
// # Tickets
//
// A key is "ct-" and at least four letters and digits, one of them a letter: the beginning of
// a random name of 128 bits that the ticket has besides, as long as it takes to be the only
// one. So the tickets of two stores can be put together (Export, Import): where a key means
// another ticket in each, the one that comes gets a longer key.
//
// The states are todo and active, and for closed tickets done, wontdo and duplicate. Types,
// labels and people are free words. Priorities are P0 (urgent) to P4. Links of the kinds
// "blocks" and "parent" make no cycles, and a ticket has one parent.
//
// # Many processes
//
// Any number of processes may use the file at once. A write is one transaction that has the
// file for itself from its beginning, so that what it checks (the base, who has a ticket,
// whether a create was done before) is so when it is written; it waits for others up to ten
// seconds. What Send has returned for is on the disk.
//
// The file is made at the first write. It is never deleted: one that is damaged, or of a
// newer version, is an error.
package tracker

import (
	"context"
	"strings"
	"sync"
	"time"

	"cleat/internal/host"
	"cleat/internal/systems/tickets"
)

// Limits.
const (
	MaxTitle  = 1000            // bytes
	MaxBody   = tickets.MaxText // bytes of a body or a comment
	MaxName   = 200             // bytes of a label, a type or a person
	MaxNames  = 100             // labels, or people, of a ticket
	maxWords  = 30              // of a search
	maxWait   = 10 * time.Second
	fileName  = "tickets.db"
	separator = "\x1f" // between names that SQLite joins
)

var (
	_ tickets.Writer = (*Tracker)(nil)
)

// Options are what the tracker needs of the process around it.
type Options struct {
	// Me returns the name of who uses cleat. It is the author of what is written.
	Me func(ctx context.Context) (string, error)
}

// A Tracker is the store of a repository. It is safe for concurrent use.
type Tracker struct {
	h    host.Host
	o    Options
	read chan struct{} // as many as may read at once
	turn chan struct{} // one, who writes

	mu     sync.Mutex
	path   string // of the file, "" before it was looked for
	idle   []*conn
	closed bool
}

// New returns the tracker. It opens nothing before it is asked for something.
func New(h host.Host, o Options) *Tracker {
	if h.Now == nil {
		h.Now = time.Now
	}
	return &Tracker{h: h, o: o, read: make(chan struct{}, maxReaders), turn: make(chan struct{}, 1)}
}

// Close closes the file. What is under way then ends as it would have.
func (t *Tracker) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	err := closeAll(t.idle)
	t.idle = nil
	return err
}

// Traits tells what the tracker is like.
func (t *Tracker) Traits() tickets.Traits {
	return tickets.Traits{Kind: "local", Key: "ct-7x2k", MaxTitle: MaxTitle, MaxBody: MaxBody, Ready: true, Claims: true,
		Fields: []string{"key", "title", "status", "state", "type", "priority", "assignee", "author", "labels", "parent",
			"created", "updated", "closed", "comments", "body"}}
}

// Owns tells whether key has the shape of the store's keys.
func (t *Tracker) Owns(_ context.Context, key string) tickets.Claim {
	if canonical(key) == "" {
		return tickets.No
	}
	return tickets.Likely
}

// me is the name of who writes.
func (t *Tracker) me(ctx context.Context) (string, error) {
	name := ""
	if t.o.Me != nil {
		var err error
		if name, err = t.o.Me(ctx); err != nil {
			return "", err
		}
	}
	if name = strings.TrimSpace(strings.ReplaceAll(clip(name, MaxName), separator, " ")); name == "" {
		name = "unknown"
	}
	return name, nil
}

// clip is s up to most bytes, without half a character at its end.
func clip(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "")
}
