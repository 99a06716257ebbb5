package verdict

import (
	"slices"
	"time"
)

// An outcome is what an entry says of one failure.
type outcome int

const (
	silent outcome = iota // it failed otherwise, and perhaps did not come so far
	failed
	passed
)

func (e *entry) outcome(print string) outcome {
	if _, found := slices.BinarySearch(e.Prints, print); found {
		return failed
	}
	if e.Passed || e.Whole {
		return passed
	}
	return silent
}

// evidence is what is recorded that has to do with a question, newest first, the run itself
// not among it.
type evidence struct {
	q      Question
	commit []*entry // of the same commit, with other attempts of the run
	branch []*entry // the last ones, without other attempts of the run
	base   []*entry // the same; branch if it is the base
	before []*entry // all of the base that began before the run
	own    []*entry // all of the branch that began before the run
}

// clipped is the question as results are kept.
func (q Question) clipped() Question {
	for _, s := range []*string{&q.Source, &q.Task, &q.Job, &q.Branch, &q.Base, &q.Commit, &q.Run} {
		*s = clip(*s)
	}
	if !q.At.IsZero() {
		q.At = q.At.UTC().Truncate(time.Second)
	}
	return q
}

// judge answers the question for each of the prints from what began at since or later.
func (l *ledger) judge(q Question, prints []string, since time.Time) []Judgement {
	c := &evidence{q: q}
	for _, e := range l.newest(func(e *entry) bool {
		return e.Source == q.Source && e.Task == q.Task && e.Job == q.Job && !e.At.Before(since)
	}) {
		if e.Run == q.Run && e.Attempt == q.Attempt {
			continue
		}
		if e.Commit != "" && e.Commit == q.Commit {
			c.commit = append(c.commit, e)
		}
		if e.Run == q.Run || e.Branch == "" {
			continue
		}
		early := q.At.IsZero() || !e.At.After(q.At)
		if e.Branch == q.Branch {
			c.branch = append(c.branch, e)
			if early {
				c.own = append(c.own, e)
			}
		}
		if e.Branch == q.Base {
			c.base = append(c.base, e)
			if early {
				c.before = append(c.before, e)
			}
		}
	}
	c.branch, c.base = c.branch[:min(len(c.branch), Window)], c.base[:min(len(c.base), Window)]
	all := make([]Judgement, len(prints))
	for i, p := range prints {
		all[i] = c.judge(clip(p))
	}
	return all
}

func (c *evidence) judge(print string) Judgement {
	j := Judgement{Verdict: Unknown}
	c.count(print, &j)
	if e, ok := c.flaky(print); ok {
		j.Verdict = Flaky
		j.show(e)
		return j
	}
	first, last := streak(c.before, print)
	switch last {
	case failed:
		j.Verdict = OnBase
		j.show(first)
		return j
	case passed:
		j.Verdict = New
	}
	if first, last := streak(c.own, print); last == failed {
		j.show(first)
	}
	return j
}

func (j *Judgement) show(e *entry) { j.Since, j.Commit, j.When = e.Run, e.Commit, e.At }

// count fills in how often the failure came among the last results.
func (c *evidence) count(print string, j *Judgement) {
	list := c.branch
	if c.q.Branch != c.q.Base {
		list = slices.Concat(c.branch, c.base)
	}
	for _, e := range list {
		switch e.outcome(print) {
		case failed:
			j.Failed++
		case passed:
			j.Passed++
		}
	}
}

// flaky returns the entry that shows that the failure comes and goes by itself.
func (c *evidence) flaky(print string) (*entry, bool) {
	for _, e := range c.commit { // in which the failure is now
		if e.outcome(print) == passed {
			return e, true
		}
	}
	for _, list := range [][]*entry{c.branch, c.base} {
		if e, ok := both(list, print); ok {
			return e, true
		}
	}
	own := c.own[:min(len(c.own), Window)]
	if e, falls := falls(own, print, c.q.Commit != ""); falls >= 2 {
		return e, true
	}
	if c.q.Branch != c.q.Base {
		if e, falls := falls(c.base, print, false); falls >= 2 {
			return e, true
		}
	}
	return nil, false
}

// both returns the newest entry that passed with a commit that also failed.
func both(list []*entry, print string) (*entry, bool) {
	red := map[string]bool{}
	for _, e := range list {
		if e.outcome(print) == failed && e.Commit != "" {
			red[e.Commit] = true
		}
	}
	for _, e := range list {
		if red[e.Commit] && e.outcome(print) == passed {
			return e, true
		}
	}
	return nil, false
}

// falls counts how often a passing result is followed by a failing one, among those with
// a commit, and returns the newest that passed. red is whether one that fails follows
// all of them.
func falls(list []*entry, print string, red bool) (last *entry, n int) {
	for _, e := range list { // newest first
		if e.Commit == "" {
			continue
		}
		switch e.outcome(print) {
		case failed:
			red = true
		case passed:
			if last == nil {
				last = e
			}
			if red {
				n++
			}
			red = false
		}
	}
	return last, n
}

// streak returns what the newest entry that tells says of the failure, and the first of
// the entries that have it, without one between them that passed.
func streak(list []*entry, print string) (first *entry, last outcome) {
	for _, e := range list {
		switch e.outcome(print) {
		case failed:
			first, last = e, failed
		case passed:
			if last == silent {
				last = passed
			}
			return first, last
		}
	}
	return first, last
}
