package zoekt

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/rest/candidates"
	"cleat/internal/systems/code"
)

// query is the whole question for a text.
func (sc scope) query(text string, q code.Query, c *candidates.Collector) string {
	parts := []string{text}
	if sc.repo != "" {
		parts = append(parts, "repo:"+quote(sc.repo))
	}
	if sc.ref != "" {
		parts = append(parts, "branch:"+quote(sc.ref))
	} else {
		parts = append(parts, "branch:HEAD")
	}
	if re := c.Paths().Include(); re != "" {
		parts = append(parts, "file:"+quote(re))
	}
	if re := candidates.LangRegexp(q.Lang); re != "" {
		parts = append(parts, "file:"+quote(re))
	}
	if !sensitive(q) {
		// What is excluded would be excluded in any case of letters, and so is not.
		return strings.Join(append(parts, "case:no"), " ")
	}
	for _, re := range c.Paths().Exclude() {
		parts = append(parts, "-file:"+quote(re))
	}
	return strings.Join(append(parts, "case:yes"), " ")
}

// quote writes s as one string of zoekt's query language, so that nothing in it is syntax.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// word is an expression for s as a whole word; see candidates.Word.
func word(s string) string { return candidates.Word(regexp.QuoteMeta(s), s) }

// lineRegexp rewrites a pattern that is matched line by line for one that is matched
// against files: what is the beginning of the text is that of a line.
func lineRegexp(pattern string) (string, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", fail.Errorf(fail.Invalid, "the pattern is no regular expression") // it was compiled before
	}
	anchorLines(re)
	return re.String(), nil
}

func anchorLines(re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpBeginText:
		re.Op = syntax.OpBeginLine
	case syntax.OpEndText:
		re.Op = syntax.OpEndLine
	}
	for _, sub := range re.Sub {
		anchorLines(sub)
	}
}

// folds reports whether a part of the pattern ignores case by itself.
func folds(pattern string) bool {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return false
	}
	var folding func(*syntax.Regexp) bool
	folding = func(re *syntax.Regexp) bool {
		if re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase != 0 {
			return true
		}
		for _, sub := range re.Sub {
			if folding(sub) {
				return true
			}
		}
		return false
	}
	return folding(re)
}

// sensitive reports whether the server may tell letters of different case apart. Where it
// need not, it proposes more than matches.
func sensitive(q code.Query) bool {
	switch {
	case q.Mode == code.Files, q.Case == code.Ignore, q.Case == code.Smart:
		return false
	case q.Mode == code.Regex:
		return !folds(q.Pattern)
	}
	return true
}

// filePattern is an expression for the paths that mode files is about.
func filePattern(p string) string {
	if re := candidates.FileRegexp(p); re != "" {
		return re
	}
	return "."
}
