package config

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cleat/internal/gate/policy"
	"cleat/internal/sorting"
)

// The most problems that are reported of one file.
const maxProblems = 50

// A Problem is one thing that is wrong with the configuration. It stops the start.
type Problem struct {
	File      string
	Line, Col int      // 1-based, Col in bytes; 0 if it is about the whole file
	Key       string   // dotted, such as sources.jira; "" if there is none
	What      string   // such as: unknown kind "jra"
	Known     []string // what would be right
	Mend      string   // what to do
}

// String returns the problem on one line: FILE:LINE:COL: KEY: WHAT, want one of …; MEND.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
		if p.Col > 0 {
			fmt.Fprintf(&b, ":%d", p.Col)
		}
	}
	if p.File != "" {
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.What)
	if len(p.Known) > 0 {
		b.WriteString(", want one of " + strings.Join(p.Known, ", "))
	}
	if p.Mend != "" {
		b.WriteString("; " + p.Mend)
	}
	return b.String()
}

// Error returns String, so that a Problem can be an error.
func (p Problem) Error() string { return p.String() }

// RuleProblems returns the errors of policy.Validate as problems.
func RuleProblems(errs []error) []Problem {
	var out []Problem
	for _, err := range errs {
		p := Problem{Key: "policy", What: err.Error()}
		var re *policy.RuleError
		if errors.As(err, &re) {
			p.File, p.Line = re.Rule.File, re.Rule.Line
			p.What = "rule " + re.Rule.String() + ": " + re.What
			if re.Nearest {
				p.Mend = didYouMean(re.Known)
			} else {
				p.Known = re.Known
			}
		}
		out = append(out, p)
	}
	return out
}

func didYouMean(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return "did you mean " + strings.Join(near, " or ") + "?"
}

// showWord quotes a word that the author mistyped for one of a fixed set. A word
// that does not look like one could be a secret in the wrong place and is left out.
func showWord(kind, word string) string {
	if len(word) > 24 || strings.ContainsFunc(word, func(r rune) bool { return r != '_' && r != '-' && (r < 'a' || r > 'z') }) {
		return "unknown " + kind
	}
	return fmt.Sprintf("unknown %s %q", kind, word)
}

// showKey makes a key fit for one line of text.
func showKey(key string) string {
	const most = 64
	if len(key) > most {
		key = strings.ToValidUTF8(key[:most], "") + "…"
	}
	if key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return r != '_' && r != '-' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		return key
	}
	return strconv.QuoteToASCII(key)
}

func joinKey(table, key string) string {
	if table == "" {
		return showKey(key)
	}
	return table + "." + showKey(key)
}

// A report collects the problems of one file.
type report struct {
	file     string
	problems []Problem
	more     int // problems beyond maxProblems
}

func (r *report) add(p Problem) {
	p.File = r.file
	if len(r.problems) >= maxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, p)
}

func (r *report) at(n *node, format string, args ...any) {
	r.add(Problem{Line: n.line, Col: n.col, Key: n.name, What: fmt.Sprintf(format, args...)})
}

// sorted returns the problems in the order of the file.
func (r *report) sorted() []Problem {
	sorting.Sort(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if r.more > 0 {
		r.problems = append(r.problems, Problem{File: r.file, What: fmt.Sprintf("%d more problems", r.more)})
	}
	return r.problems
}
