package tickets

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
)

const scheme = "ticket" // ticket://SOURCE/KEY

// Address returns the address of a ticket.
func Address(source, key string) uri.URI { return uri.New(scheme, source, key) }

// A Library serves the tickets of one source as documents: the ticket with its body and its
// newest comments. It lists and finds the tickets that were seen, and what a key names.
type Library struct {
	s *Service

	mu   sync.Mutex
	seen []Ticket // without bodies, last changed first
}

// NewLibrary returns the Library of s.
func NewLibrary(s *Service) *Library {
	l := &Library{s: s}
	s.saw = l.saw
	return l
}

const maxSeen = 200

// saw remembers tickets for lists.
func (l *Library) saw(tickets ...Ticket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range tickets {
		if t.Key == "" {
			continue
		}
		kept := Ticket{Key: t.Key, Title: t.Title, Status: t.Status, Updated: t.Updated}
		l.seen = slices.DeleteFunc(l.seen, func(x Ticket) bool { return x.Key == t.Key })
		l.seen = append(l.seen, kept)
	}
	sorting.Sort(l.seen, func(a, b Ticket) int { return b.Updated.Compare(a.Updated) })
	l.seen = l.seen[:min(len(l.seen), maxSeen)]
}

// Schemes implements documents.Library.
func (l *Library) Schemes() []string { return []string{scheme} }

// Owns implements systems.Owner.
func (l *Library) Owns(u uri.URI) bool {
	parts, err := u.Segments(2)
	return err == nil && u.Scheme == scheme && len(parts) == 2 && parts[0] == l.s.name
}

// Sole implements systems.Sole.
func (l *Library) Sole() {}

// key takes the address apart.
func (l *Library) key(u uri.URI) (string, error) {
	parts, err := u.Segments(2)
	if err != nil || len(parts) != 2 || len(u.Query) > 0 || len(parts[1]) > maxKey {
		return "", fail.Errorf(fail.Invalid, "that is not the address of a ticket").Then("write ticket://SOURCE/KEY, with the key from ticket_search")
	}
	return parts[1], nil
}

// Names implements documents.Namer.
func (l *Library) Names(u uri.URI) (uri.URI, string, bool) {
	key, err := l.key(u)
	if err != nil {
		return uri.URI{}, "", false
	}
	a := Address(l.s.name, key)
	return a, a.Path, true
}

// Open implements documents.Library.
func (l *Library) Open(ctx context.Context, u uri.URI) (*documents.Document, error) {
	key, err := l.key(u)
	if err != nil {
		return nil, err
	}
	v, err := l.s.Read(ctx, Reading{Key: key, Limit: MaxComments})
	if err != nil {
		return nil, err
	}
	return documents.Rendered(documents.Document{URI: Address(l.s.name, v.Key).String(), Name: v.Key, MIMEType: "text/markdown", Source: l.s.name,
		Modified: v.Updated}, v), nil
}

// recent are the tickets that were seen, and of this machine the last changed.
func (l *Library) recent(ctx context.Context) []Ticket {
	if l.s.o.Local {
		if page, err := l.s.tracker.Search(ctx, Query{Limit: MaxLimit}); err == nil {
			return page.Tickets
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.seen)
}

func (l *Library) item(t *Ticket) documents.Item {
	return documents.Item{URI: Address(l.s.name, t.Key).String(), Name: t.Key,
		Title: word(t.Key, 120) + ": " + word(t.Title, rowTitle) + " (" + string(t.Status) + ")", MIMEType: "text/markdown", Size: -1, Modified: t.Updated}
}

// Recent implements documents.Lister.
func (l *Library) Recent(ctx context.Context, limit int) ([]documents.Item, error) {
	var items []documents.Item
	list := l.recent(ctx)
	for i := range list[:min(len(list), limit)] {
		items = append(items, l.item(&list[i]))
	}
	return items, nil
}

// findTime is how long a service may take to say what a key names.
const findTime = 3 * time.Second

// Find implements documents.Finder: the ticket that a key or a web address names, and words
// of titles of tickets that were seen; on this machine of all.
func (l *Library) Find(ctx context.Context, query string, limit int) ([]documents.Item, error) {
	query = strings.TrimSpace(query)
	if key, ok := strings.CutPrefix(query, scheme+"://"+uri.EscapeSegment(l.s.name)+"/"); ok {
		query = key
	}
	if query == "" || limit <= 0 {
		return nil, nil
	}
	if l.s.tracker.Owns(ctx, query) >= Likely {
		ctx, cancel := context.WithTimeoutCause(ctx, findTime, fail.Errorf(fail.Unavailable, "the service takes too long to say what the key names"))
		defer cancel()
		t, err := l.s.tracker.Ticket(ctx, query, Want{})
		switch {
		case err == nil:
			return []documents.Item{l.item(t)}, nil
		case fail.From(err).Code != fail.NotFound:
			return nil, err
		}
		return nil, nil
	}
	if l.s.o.Local {
		page, err := l.s.tracker.Search(ctx, Query{Text: query, Status: All, Limit: min(limit, MaxLimit)})
		if err != nil {
			return nil, err
		}
		var items []documents.Item
		for i := range page.Tickets {
			items = append(items, l.item(&page.Tickets[i]))
		}
		return items, nil
	}
	words := strings.Fields(strings.ToLower(query))
	var items []documents.Item
	list := l.recent(ctx)
	for i := range list {
		all := strings.ToLower(list[i].Key + "\n" + list[i].Title)
		if len(items) < limit && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(all, w) }) {
			items = append(items, l.item(&list[i]))
		}
	}
	return items, nil
}

// Complete implements documents.Completer: keys of tickets that were seen.
func (l *Library) Complete(ctx context.Context, _, name, prefix string, _ map[string]string) ([]string, int, error) {
	if name != "key" {
		return nil, 0, nil
	}
	var keys []string
	for _, t := range l.recent(ctx) {
		if strings.HasPrefix(strings.ToLower(t.Key), strings.ToLower(prefix)) {
			keys = append(keys, t.Key)
		}
	}
	return keys[:min(len(keys), 100)], len(keys), nil
}
