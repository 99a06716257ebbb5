package sourcegraph

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/rest/candidates"
	"cleat/internal/systems/code"
)

// query writes a search for an expression, of type file or symbol.
//
// The expression stands between slashes, where a backslash may or may not escape another
// one, depending on the version. So none is written but before a letter or a sign that
// keeps it in any case, and neither a slash nor a line feed is written at all.
func (sr *search) query(kind, re string) string {
	parts := []string{"patterntype:regexp", "type:" + kind, "/" + slashed(re) + "/"}
	return strings.Join(append(parts, sr.filters()...), " ")
}

// pathQuery writes a search for the paths that mode files is about.
func (sr *search) pathQuery() string {
	re := candidates.FileRegexp(sr.q.Pattern)
	if re == "" {
		re = "."
	}
	return strings.Join(append([]string{"patterntype:regexp", "type:path", filter("file", re)}, sr.filters()...), " ")
}

// filters are the parts of a search that all types have.
func (sr *search) filters() []string {
	out := []string{"count:" + strconv.Itoa(mostMatches)}
	if sr.q.Repo != "" {
		out = append(out, filter("repo", candidates.RepoRegexp(sr.q.Repo)), "fork:yes", "archived:yes")
	}
	if sr.q.Ref != "" {
		out = append(out, `rev:"`+sr.q.Ref+`"`) // checkRef leaves nothing to escape
	}
	if re := sr.c.Paths().Include(); re != "" {
		out = append(out, filter("file", re))
	}
	if re := candidates.LangRegexp(sr.q.Lang); re != "" {
		out = append(out, filter("file", re))
	}
	if !sensitive(sr.q) {
		// What is excluded would be excluded in any case of letters, and so is not.
		return append(out, "case:no")
	}
	for _, re := range sr.c.Paths().Exclude() {
		if plain, exact := unescaped(re); exact {
			out = append(out, `-file:"`+plain+`"`)
		}
	}
	return append(out, "case:yes")
}

// sensitive reports whether the instance may tell letters of different case apart. Where
// it need not, it proposes more than matches.
func sensitive(q code.Query) bool {
	switch {
	case q.Mode == code.Files, q.Case == code.Ignore, q.Case == code.Smart:
		return false
	case q.Mode == code.Regex:
		return !strings.Contains(q.Pattern, "(?")
	}
	return true
}

// filter writes KEY:"RE" for an expression that may match more than re.
func filter(key, re string) string {
	plain, _ := unescaped(re)
	return key + `:"` + plain + `"`
}

// unescaped writes an expression without backslashes and quotes, so that nobody has to
// agree on how they are escaped. It is not exact if it matches more than re.
func unescaped(re string) (plain string, exact bool) {
	var b strings.Builder
	exact = true
	for i := 0; i < len(re); i++ {
		c := re[i]
		switch {
		case c == '"':
			b.WriteByte('.')
			exact = false
		case c != '\\' || i+1 == len(re):
			b.WriteByte(c)
		default:
			i++
			if c = re[i]; strings.IndexByte(`\^]"`, c) >= 0 {
				b.WriteByte('.')
				exact = false
			} else {
				b.WriteString("[" + string(rune(c)) + "]")
			}
		}
	}
	return b.String(), exact
}

// slashed writes an expression for between slashes; see query.
func slashed(re string) string {
	var b strings.Builder
	for i := 0; i < len(re); i++ {
		switch c := re[i]; {
		case c == '/':
			b.WriteString(`\x2f`)
		case c != '\\' || i+1 == len(re):
			b.WriteByte(c)
		default:
			i++
			switch c = re[i]; c {
			case '\\':
				b.WriteString(`\x5c`)
			case '/':
				b.WriteString(`\x2f`)
			default:
				b.WriteString(`\` + string(rune(c)))
			}
		}
	}
	return b.String()
}

// quoteMeta is regexp.QuoteMeta for text with spaces too: some versions cut at them.
func quoteMeta(s string) string {
	return strings.NewReplacer(" ", `\x20`, "\t", `\x09`).Replace(regexp.QuoteMeta(s))
}

// word is an expression for s as a whole word; see candidates.Word.
func word(s string) string { return candidates.Word(quoteMeta(s), s) }

// lineRegexp rewrites a pattern that is matched line by line for one that is matched
// against files: what is the beginning of the text is that of a line. Groups capture
// nothing: "()" would make some versions take the pattern for a literal.
func lineRegexp(pattern string) (string, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", fail.Errorf(fail.Invalid, "the pattern is no regular expression") // it was compiled before
	}
	return strings.NewReplacer(" ", `\x20`, "\t", `\x09`).Replace(forLines(re).String()), nil
}

func forLines(re *syntax.Regexp) *syntax.Regexp {
	for i, sub := range re.Sub {
		re.Sub[i] = forLines(sub)
	}
	switch re.Op {
	case syntax.OpBeginText:
		re.Op = syntax.OpBeginLine
	case syntax.OpEndText:
		re.Op = syntax.OpEndLine
	case syntax.OpCapture:
		return re.Sub[0]
	}
	return re
}
