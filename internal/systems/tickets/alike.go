package tickets

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"cleat/internal/fail"
	"cleat/internal/sorting"
)

// Limits of the look for likely duplicates.
const (
	alikeWords = 2   // words of the title that are looked for, in each of the searches
	alikeShown = 5   // tickets
	alikeLeast = 0.6 // of the words of two titles, how many they share
)

// likely finds tickets whose title is like the one given, the most alike first.
func (s *Service) likely(ctx context.Context, title, project string) ([]Ticket, error) {
	words := content(title)
	if len(words) == 0 {
		return nil, nil
	}
	// Trackers want all words of a search, so the rarest, which are long, stand for the title:
	// two together, and if nothing has both, one alone.
	rare := slices.Clone(words)
	sorting.Sort(rare, func(a, b string) int { return len(b) - len(a) })
	rare = rare[:min(len(rare), alikeWords)]
	type hit struct {
		t     Ticket
		score float64
	}
	var hits []hit
	for _, look := range [][]string{rare, rare[:1]} {
		page, err := s.tracker.Search(ctx, Query{Text: strings.Join(look, " "), Status: All, Project: project, Limit: DefaultLimit,
			Fields: []string{"key", "title", "status"}})
		if err != nil {
			if fail.From(err).Code == fail.Unsupported {
				return nil, nil
			}
			return nil, err
		}
		for _, t := range page.Tickets {
			if score := shared(words, content(t.Title)); score >= alikeLeast {
				hits = append(hits, hit{t, score})
			}
		}
		if len(hits) > 0 || len(rare) == 1 {
			break
		}
	}
	sorting.Sort(hits, func(a, b hit) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	var out []Ticket
	for _, h := range hits[:min(len(hits), alikeShown)] {
		out = append(out, h.t)
	}
	return out, nil
}

// content are the words of a title that say something, in lower case, each once, without
// the ends that grammar gives them.
func content(title string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(strings.ToLower(title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if slices.Contains(fillers(), w) {
			continue
		}
		for _, end := range []string{"ing", "ed", "es", "s"} {
			if strings.HasSuffix(w, end) && len(w) >= len(end)+4 {
				w = strings.TrimSuffix(w, end)
				break
			}
		}
		if !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// fillers are words that titles share without being about the same.
func fillers() []string {
	return []string{"a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "if", "in", "is", "it", "not", "of",
		"on", "or", "should", "the", "this", "to", "when", "while", "with", "we", "bug", "issue", "feature", "request"}
}

// shared is how many of the words of both a and b are in both, from 0 to 1.
func shared(a, b []string) float64 {
	n := 0
	for _, w := range a {
		if slices.Contains(b, w) {
			n++
		}
	}
	all := len(a) + len(b) - n
	if all == 0 {
		return 0
	}
	return float64(n) / float64(all)
}
