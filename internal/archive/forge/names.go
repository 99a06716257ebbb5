package forge

import (
	"errors"
	"strings"

	"cleat/internal/archive"
	"cleat/internal/fail"
)

// maxRepository is the length of a repository's name, in bytes.
const maxRepository = 512

// checkSegments says what is wrong with a name or, if globs, with a pattern of
// repositories, "" if nothing is.
func checkSegments(name string, globs bool) string {
	if len(name) > maxRepository {
		return "it is too long"
	}
	segs := strings.Split(name, "/")
	if len(segs) < 2 {
		return `want owner/name`
	}
	for _, seg := range segs {
		if seg == "" || seg == "." || seg == ".." || seg[0] == '-' {
			return `a part of it is empty, "." or "..", or begins with "-"`
		}
		for i := range len(seg) {
			c := seg[i]
			plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
			if !plain && !(globs && (c == '*' || c == '?')) {
				return "want letters, digits and . _ - in its parts"
			}
		}
	}
	return ""
}

// checkName fails with fail.Invalid unless name is that of one repository.
func checkName(name string) error {
	if what := checkSegments(name, false); what != "" {
		return fail.Errorf(fail.Invalid, "%.100q is no name of a repository", name).Because("%s", what).
			Then("give owner/name")
	}
	return nil
}

// CheckRef fails with fail.Invalid for what git would not take as the name of a branch, a
// tag or a commit.
func CheckRef(ref string) error {
	if goodRef(ref) {
		return nil
	}
	return fail.Errorf(fail.Invalid, "%.100q is no name of a branch, tag or commit", ref)
}

func goodRef(ref string) bool {
	if ref == "" || len(ref) > 255 || ref[0] == '-' || ref == "@" || strings.Contains(ref, "..") || strings.Contains(ref, "@{") ||
		strings.HasSuffix(ref, ".") || strings.ContainsAny(ref, " ~^:?*[\\\"<>|") ||
		strings.ContainsFunc(ref, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
		return false
	}
	for seg := range strings.SplitSeq(ref, "/") {
		if seg == "" || seg[0] == '.' || strings.HasSuffix(seg, ".lock") {
			return false
		}
	}
	return true
}

// IsHash reports whether s is written as the id of a git object is.
func IsHash(s string) bool { return archive.IsHash(s) }

// globMatch reports whether the segments of name match those of pattern, both in lower
// case: "*" and "?" stay within a segment, "**" is any number of them.
func globMatch(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		for i := range len(name) + 1 {
			if globMatch(pattern[1:], name[i:]) {
				return true
			}
		}
		return false
	}
	return len(name) > 0 && segmentMatch(pattern[0], name[0]) && globMatch(pattern[1:], name[1:])
}

// segmentMatch matches one segment, in linear time for each star.
func segmentMatch(pattern, s string) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func hasGlob(s string) bool { return strings.ContainsAny(s, "*?") }

// CheckRepos says what is wrong with the patterns of a configuration, nil if nothing is.
// The error repeats no values.
func CheckRepos(patterns []string) error {
	for _, p := range patterns {
		if what := checkSegments(p, true); what != "" {
			return errors.New(`want patterns such as "acme/*" or "acme/shop": ` + what)
		}
		if strings.Count(p, "**") > 2 {
			return errors.New("a pattern has ** at most twice")
		}
	}
	return nil
}
