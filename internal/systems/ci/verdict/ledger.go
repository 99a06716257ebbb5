package verdict

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cleat/internal/sorting"
)

// An entry is a Result as it is kept: a line of JSON.
type entry struct {
	Source  string    `json:"source"`
	Task    string    `json:"task,omitempty"`
	Job     string    `json:"job,omitempty"`
	Branch  string    `json:"branch,omitempty"`
	Commit  string    `json:"commit,omitempty"`
	Run     string    `json:"run"`
	Attempt int       `json:"attempt,omitempty"`
	At      time.Time `json:"at"`
	Passed  bool      `json:"passed,omitempty"`
	Whole   bool      `json:"whole,omitempty"`
	Prints  []string  `json:"prints,omitempty"` // sorted, each once
}

// Limits of one entry.
const (
	maxText = 200       // bytes of a text of it
	maxLine = 256 << 10 // bytes of its line, which all that newEntry makes fits into
)

// clip is a text as it is kept and compared: a long one ends with its digest, so that it
// is not taken for another that begins the same.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxText {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:maxText-17], "") + "~" + hex.EncodeToString(sum[:8])
}

func newEntry(r Result) (entry, error) {
	if r.Run == "" || r.At.IsZero() {
		return entry{}, errors.New("a result has no run or no time")
	}
	prints := make([]string, len(r.Prints))
	for i, p := range r.Prints {
		prints[i] = clip(p)
	}
	slices.Sort(prints)
	prints = slices.Compact(prints)
	whole := r.Whole && len(prints) <= MaxPrints
	return entry{
		Source: clip(r.Source), Task: clip(r.Task), Job: clip(r.Job), Branch: clip(r.Branch), Commit: clip(r.Commit),
		Run: clip(r.Run), Attempt: r.Attempt, At: r.At.UTC().Truncate(time.Second),
		Passed: r.Passed && len(prints) == 0, Whole: whole, Prints: prints[:min(len(prints), MaxPrints)],
	}, nil
}

// line is the entry as a line of the file. HTML is not escaped: the line is for nobody's page.
func (e entry) line() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("encoding a result: %w", err)
	}
	return b.Bytes(), nil
}

// parse reads a line. ok is false for what is not one of cleat's.
func parse(line []byte) (e entry, ok bool) {
	if len(line) == 0 || line[0] != '{' || len(line) > maxLine {
		return entry{}, false
	}
	if json.Unmarshal(line, &e) != nil || e.Run == "" || e.At.IsZero() {
		return entry{}, false
	}
	if !slices.IsSorted(e.Prints) {
		slices.Sort(e.Prints)
	}
	return e, true
}

func (e *entry) equal(o *entry) bool {
	return e.key() == o.key() && e.Task == o.Task && e.Branch == o.Branch && e.Commit == o.Commit &&
		e.At.Equal(o.At) && e.Passed == o.Passed && e.Whole == o.Whole && slices.Equal(e.Prints, o.Prints)
}

// A key is what an entry is known by.
type key struct {
	source, run, job string
	attempt          int
}

func (e *entry) key() key { return key{e.Source, e.Run, e.Job, e.Attempt} }

// A ledger is what was read of the file.
type ledger struct {
	head    string // first line of the file
	size    int64  // bytes of the file that were read
	lines   int    // of results, also of those that others took the place of
	torn    bool   // the last line has no end
	entries map[key]*entry
}

// add takes in what was read behind what is known. A line that cannot be read is passed over.
func (l *ledger) add(data []byte) {
	if l.entries == nil {
		l.entries = map[key]*entry{}
	}
	for line := range bytes.Lines(data) {
		// A write that was cut leaves half of a line, which is no JSON.
		l.torn = line[len(line)-1] != '\n'
		line = bytes.TrimSuffix(line, []byte("\n"))
		if len(line) > 0 {
			l.lines++
		}
		if e, ok := parse(line); ok {
			l.entries[e.key()] = &e
		}
	}
}

// has reports whether the entry is kept as it is.
func (l *ledger) has(e entry) bool {
	kept, ok := l.entries[e.key()]
	return ok && kept.equal(&e)
}

// newest returns the entries that keep accepts, those whose runs began last first.
func (l *ledger) newest(keep func(*entry) bool) []*entry {
	var list []*entry
	for _, e := range l.entries {
		if keep(e) {
			list = append(list, e)
		}
	}
	sorting.Sort(list, func(a, b *entry) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(len(b.Run), len(a.Run)), cmp.Compare(b.Run, a.Run),
			cmp.Compare(b.Attempt, a.Attempt), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Job, b.Job))
	})
	return list
}

// runs are the ids of the runs of a task on a branch, newest first.
func (l *ledger) runs(source, task, branch string, since time.Time) []string {
	var ids []string
	seen := map[string]bool{}
	for _, e := range l.newest(func(e *entry) bool {
		return e.Source == source && e.Task == task && e.Branch == branch && !e.At.Before(since)
	}) {
		if !seen[e.Run] {
			seen[e.Run] = true
			ids = append(ids, e.Run)
		}
	}
	return ids
}
