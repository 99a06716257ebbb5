package candidates

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/tree"
)

const (
	maxPaths = 256
	maxPath  = 1024 // bytes
)

// Paths are the paths of a query, as rules for files that no folder can be asked for.
type Paths struct {
	include []rule
	exclude []rule
}

// A rule is one path, or one glob.
type rule struct {
	text  string // clean, without "!"
	glob  *tree.Glob
	place bool // it is about paths from the root, not about names in any folder
}

// NewPaths reads the paths of a query. It fails with fail.Denied for a path that leads out
// of the repository and with fail.Invalid for a malformed glob.
func NewPaths(paths []string) (*Paths, error) {
	p := &Paths{}
	if len(paths) > maxPaths {
		return nil, fail.Errorf(fail.Invalid, "%d paths, the limit is %d", len(paths), maxPaths)
	}
	for _, s := range paths {
		if len(s) > maxPath {
			return nil, fail.Errorf(fail.Invalid, "a path of %d bytes, the limit is %d", len(s), maxPath)
		}
		text, excludes := strings.CutPrefix(s, "!")
		if strings.HasPrefix(text, "/") || slices.Contains(strings.Split(text, "/"), "..") {
			return nil, fail.Errorf(fail.Denied, "the path %q leads out of the repository", s).
				Then("give a path below its top folder")
		}
		if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, fail.Errorf(fail.Invalid, "the path %q is not UTF-8, or has control characters", s)
		}
		if text == "" {
			return nil, fail.Errorf(fail.Invalid, "an empty path").Then("leave paths out to search everything")
		}
		text = path.Clean(text)
		r := rule{text: text, place: strings.Contains(text, "/")}
		if tree.HasMeta(text) {
			var err error
			if r.glob, err = tree.CompileGlob(text, false); err != nil {
				return nil, err
			}
		} else if !excludes {
			r.place = true
		}
		if excludes {
			p.exclude = append(p.exclude, r)
		} else if text != "." {
			p.include = append(p.include, r)
		}
	}
	return p, nil
}

// Match reports whether the file is one that the query is about.
func (p *Paths) Match(file string) bool {
	match := func(r rule) bool { return r.match(file) }
	return (len(p.include) == 0 || slices.ContainsFunc(p.include, match)) && !slices.ContainsFunc(p.exclude, match)
}

// match reports whether r names the file, or a folder that it lies in.
func (r rule) match(file string) bool {
	for at := file; at != "."; at = path.Dir(at) {
		switch {
		case r.glob != nil:
			if r.glob.Match(at) {
				return true
			}
		case at == r.text, !r.place && path.Base(at) == r.text:
			return true
		}
	}
	return false
}

// Include returns a regular expression (RE2) that every file has which Match accepts for
// what it includes, "" if that is every file.
func (p *Paths) Include() string {
	var alts []string
	for _, r := range p.include {
		re, _ := r.regexp()
		if re == "" {
			return ""
		}
		alts = append(alts, re)
	}
	if len(alts) == 0 {
		return ""
	}
	return "(?:" + strings.Join(alts, "|") + ")"
}

// Exclude returns regular expressions of which no file has one that Match accepts. There
// may be fewer than the query has exclusions.
func (p *Paths) Exclude() []string {
	var out []string
	for _, r := range p.exclude {
		if re, exact := r.regexp(); exact {
			out = append(out, re)
		}
	}
	return out
}

// regexp returns an expression for what r matches, or for more if it is not exact; "" if
// there is none.
func (r rule) regexp() (re string, exact bool) {
	start := "^"
	if !r.place {
		start = "(?:^|/)"
	}
	if r.glob == nil {
		return start + regexp.QuoteMeta(r.text) + "(?:/|$)", true
	}
	body, exact, ok := globRegexp(r.text)
	if !ok {
		return "", false
	}
	return start + body + "(?:/|$)", exact
}

// globRegexp writes a glob as a regular expression. It is not ok for braces.
func globRegexp(p string) (re string, exact, ok bool) {
	var b strings.Builder
	exact = true
	for i := 0; i < len(p); {
		switch c := p[i]; c {
		case '{':
			return "", false, false
		case '\\':
			if i+1 == len(p) {
				return "", false, false
			}
			b.WriteString(regexp.QuoteMeta(p[i+1 : i+2]))
			exact = exact && p[i+1] < 0x80
			i += 2
		case '?':
			b.WriteString("[^/]")
			i++
		case '[':
			end := strings.IndexByte(p[i+1:], ']')
			if end <= 0 || strings.ContainsAny(p[i+1:i+1+end], `[\^!]`) || end+i+2 < len(p) && p[i+end+2] == ']' {
				return "", false, false // not worth the trouble
			}
			b.WriteString("[^/]")
			exact = false
			i += end + 2
		case '*':
			n := 1
			for i+n < len(p) && p[i+n] == '*' {
				n++
			}
			switch whole := n >= 2 && (i == 0 || p[i-1] == '/'); {
			case whole && i+n < len(p) && p[i+n] == '/':
				b.WriteString("(?:.*/)?")
				n++
			case n >= 2:
				b.WriteString(".*")
				exact = exact && whole && i+n == len(p)
			default:
				b.WriteString("[^/]*")
			}
			i += n
		default:
			n := 1
			for i+n < len(p) && p[i+n] >= 0x80 {
				n++
			}
			b.WriteString(regexp.QuoteMeta(p[i : i+n]))
			i += n
		}
	}
	return b.String(), exact, true
}
