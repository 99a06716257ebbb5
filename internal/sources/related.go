package sources

import (
	"context"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/code"
	"cleat/internal/systems/tickets"
	"cleat/internal/text"
)

// Limits of what is looked at for the links of a ticket.
const (
	relatedCommits  = 300             // newest commits whose message is read
	relatedShown    = 10              // of each kind
	relatedBranches = 3               // whose runs are looked for
	relatedTime     = 4 * time.Second // for a service of CI to answer
)

// related finds what the checkout and its builds know of a ticket: branches that are named
// after it, commits whose message names it, and the last runs of those branches. It sees no
// more than the call may.
func related(ctx context.Context, key string) ([]tickets.Link, error) {
	set := systems.SetOf(ctx)
	if set == nil {
		return nil, nil
	}
	short := key[strings.LastIndexByte(key, '#')+1:] // acme/app#12 is called 12 in a branch's name
	var links []tickets.Link
	var branches []string
	if set.Offers == nil || set.Offers("code_history") {
		for _, n := range set.Code {
			h, ok := n.Backend.(code.Historian)
			if !ok || !n.Local {
				continue
			}
			found, err := h.Branches(ctx, code.HistoryQuery{Text: short, Limit: 10 * relatedShown})
			if err != nil {
				return links, err
			}
			for _, b := range found.Branches {
				if names(b.Name, short) && len(branches) < relatedShown {
					branches = append(branches, b.Name)
					links = append(links, tickets.Link{Kind: "branch", What: "branch", To: b.Name, Title: b.Subject})
				}
			}
			log, err := h.Log(ctx, code.HistoryQuery{Limit: relatedCommits})
			if err != nil {
				return links, err
			}
			shown := 0
			for _, c := range log.Commits {
				if shown < relatedShown && mentions(c.Subject+"\n"+c.Body, key, short) {
					shown++
					links = append(links, tickets.Link{Kind: "mentioned_by", What: "commit", To: c.Hash, Title: c.Subject})
				}
			}
			break // the work tree that is served comes first
		}
	}
	if set.Offers != nil && !set.Offers("ci_runs") {
		return links, nil
	}
	var missed error
	for _, n := range set.CI {
		for _, b := range branches[:min(len(branches), relatedBranches)] {
			r, err := lastRun(ctx, n.Backend, b)
			if err != nil {
				missed = err // a service that is away does not hide what the others have
				break
			}
			if r != nil {
				links = append(links, tickets.Link{Kind: "last_run", What: "run", To: ci.Address(n.Name, r.ID).String(),
					Title: text.Line(r.Task) + " on " + text.Line(b) + ": " + string(r.Status)})
			}
		}
	}
	return links, missed
}

// lastRun is the last run of a branch, nil if there is none.
func lastRun(ctx context.Context, s *ci.Service, branch string) (*ci.Run, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, relatedTime, fail.Errorf(fail.Unavailable, "a CI service takes too long to answer"))
	defer cancel()
	list, err := s.List(ctx, ci.Query{Branch: branch, Limit: 1})
	if err != nil || len(list.Runs.Runs) == 0 {
		return nil, err
	}
	return &list.Runs.Runs[0], nil
}

// mentions reports whether a message names a ticket: a number alone only with its sign.
func mentions(message, key, short string) bool {
	if short != key || strings.Trim(key, "0123456789") == "" {
		return names(message, "#"+short) || short != key && names(message, key)
	}
	return names(message, key)
}

// names reports whether name stands in s, in any case, with nothing of a word around it.
func names(s, name string) bool {
	s, name = strings.ToLower(s), strings.ToLower(name)
	for from := 0; name != ""; {
		i := strings.Index(s[from:], name)
		if i < 0 {
			return false
		}
		at, end := from+i, from+i+len(name)
		if (at == 0 || !letter(s[at-1]) || !letter(name[0])) && (end == len(s) || !letter(s[end])) {
			return true
		}
		from = end
	}
	return false
}

func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80
}
