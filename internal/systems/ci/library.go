package ci

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/uri"
)

const scheme = "run" // run://SOURCE/ID

// Address returns the address of a run.
func Address(source, id string) uri.URI { return uri.New(scheme, source, id) }

// A Library serves the runs of one source as documents: the run, its failures first. It
// lists and finds the runs that were seen, and asks nobody for more.
type Library struct {
	s *Service

	mu   sync.Mutex
	seen []Run // newest first
}

// NewLibrary returns the Library of s.
func NewLibrary(s *Service) *Library {
	l := &Library{s: s}
	s.saw = l.saw
	return l
}

const maxSeen = 100

// saw remembers a run for lists.
func (l *Library) saw(runs ...Run) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range runs {
		r.Jobs = nil
		l.seen = slices.DeleteFunc(l.seen, func(x Run) bool { return x.ID == r.ID })
		l.seen = append(l.seen, r)
	}
	sorting.Sort(l.seen, func(a, b Run) int { return b.Started.Compare(a.Started) })
	l.seen = l.seen[:min(len(l.seen), maxSeen)]
}

// Schemes implements documents.Library.
func (l *Library) Schemes() []string { return []string{scheme} }

// Owns implements systems.Owner.
func (l *Library) Owns(u uri.URI) bool {
	parts, err := u.Segments(2)
	return err == nil && u.Scheme == scheme && parts[0] == l.s.name
}

// Sole implements systems.Sole.
func (l *Library) Sole() {}

// id takes the address apart.
func (l *Library) id(u uri.URI) (string, error) {
	parts, err := u.Segments(2)
	if err != nil || len(parts) != 2 || len(u.Query) > 0 {
		return "", fail.Errorf(fail.Invalid, "that is not the address of a run").Then("write run://SOURCE/ID, with the id from ci_runs")
	}
	return parts[1], checkID(parts[1])
}

// Names implements documents.Namer.
func (l *Library) Names(u uri.URI) (uri.URI, string, bool) {
	id, err := l.id(u)
	if err != nil {
		return uri.URI{}, "", false
	}
	a := Address(l.s.name, id)
	return a, a.Path, true
}

// Open implements documents.Library.
func (l *Library) Open(ctx context.Context, u uri.URI) (*documents.Document, error) {
	id, err := l.id(u)
	if err != nil {
		return nil, err
	}
	sum, err := l.s.Failures(ctx, Question{Which: Which{Run: id}, Tail: -1})
	if err != nil {
		return nil, err
	}
	return documents.Rendered(documents.Document{URI: Address(l.s.name, id).String(), Name: id, MIMEType: "text/plain", Source: l.s.name,
		Modified: sum.Run.Finished}, sum), nil
}

// runs are those that were seen, and of this machine all.
func (l *Library) runs(ctx context.Context) []Run {
	if l.s.o.Local {
		if list, err := l.s.runner.Runs(ctx, Query{Limit: maxSeen}); err == nil {
			return list.Runs
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.seen)
}

func (l *Library) item(r Run) documents.Item {
	title := text.Line(r.Task) + ": " + string(r.Status)
	at := r.Finished
	if at.IsZero() {
		at = r.Started
	}
	return documents.Item{URI: Address(l.s.name, r.ID).String(), Name: r.ID, Title: cutTo(title, 120), MIMEType: "text/plain", Size: -1, Modified: at}
}

// Recent implements documents.Lister.
func (l *Library) Recent(ctx context.Context, limit int) ([]documents.Item, error) {
	var items []documents.Item
	for _, r := range l.runs(ctx) {
		if len(items) >= limit {
			break
		}
		items = append(items, l.item(r))
	}
	return items, nil
}

// Find implements documents.Finder: runs by their id, or by words of task, branch, status
// and title.
func (l *Library) Find(ctx context.Context, query string, limit int) ([]documents.Item, error) {
	query = strings.TrimSpace(query)
	if id, ok := strings.CutPrefix(query, scheme+"://"+uri.EscapeSegment(l.s.name)+"/"); ok {
		query = id
	}
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return nil, nil
	}
	var items []documents.Item
	for _, r := range l.runs(ctx) {
		if len(items) >= limit {
			break
		}
		all := strings.ToLower(strings.Join([]string{r.ID, r.Task, r.Branch, r.Commit, string(r.Status), r.Title}, "\n"))
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(all, w) }) {
			items = append(items, l.item(r))
		}
	}
	return items, nil
}

// completeTime is how long completion waits for a service.
const completeTime = 2 * time.Second

// Complete implements documents.Completer.
func (l *Library) Complete(ctx context.Context, _, name, prefix string, _ map[string]string) ([]string, int, error) {
	if name != "id" {
		return nil, 0, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, completeTime, fail.Errorf(fail.Unavailable, "completion waits no longer for the service"))
	defer cancel()
	runs := l.runs(ctx)
	if len(runs) == 0 {
		list, err := l.s.runner.Runs(ctx, Query{})
		if err != nil {
			return nil, 0, err
		}
		runs = list.Runs
		l.saw(runs...)
	}
	var ids []string
	for _, r := range runs {
		if strings.HasPrefix(r.ID, prefix) {
			ids = append(ids, r.ID)
		}
	}
	return ids[:min(len(ids), 100)], len(ids), nil
}
