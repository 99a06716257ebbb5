package tree

import (
	"bytes"
	"strings"
)

// An ignoreList is one parsed ignore file. The nil list ignores nothing.
type ignoreList struct {
	rules []ignoreRule
}

// An ignoreRule is one line of an ignore file.
type ignoreRule struct {
	how     ruleKind
	negated bool   // "!": brings back
	dirOnly bool   // a trailing slash
	lit     string // of the literal kinds
	glob    glob
}

type ruleKind uint8

const (
	nameIs   ruleKind = iota // the last segment is lit
	nameEnds                 // the last segment ends in lit
	nameLike                 // the last segment matches glob
	pathIs                   // the path below the ignore file's folder is lit
	pathLike                 // … matches glob
)

// A verdict is what ignore files say about an entry.
type verdict uint8

const (
	unsaid verdict = iota
	ignored
	kept // by a negated rule
)

// parseIgnore parses an ignore file as git does. No line is an error: what can match
// nothing is left out.
func parseIgnore(b []byte) *ignoreList {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	var l ignoreList
	for line := range bytes.SplitSeq(b, []byte{'\n'}) {
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if i := bytes.IndexByte(line, 0); i >= 0 {
			line = line[:i]
		}
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if r, ok := parseRule(trimSpaces(string(line))); ok {
			l.rules = append(l.rules, r)
		}
	}
	if len(l.rules) == 0 {
		return nil
	}
	return &l
}

// trimSpaces cuts trailing spaces that no backslash protects.
func trimSpaces(s string) string {
	end := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ':
			continue
		case '\\':
			if i++; i == len(s) {
				return s
			}
		}
		end = i + 1
	}
	return s[:end]
}

func parseRule(p string) (r ignoreRule, ok bool) {
	if p, r.negated = strings.CutPrefix(p, "!"); p == "" {
		return r, false
	}
	p, r.dirOnly = strings.CutSuffix(p, "/")
	if !strings.Contains(p, "/") {
		r.glob = compileName(p)
		if r.lit, ok = r.glob.literal(); ok {
			r.how = nameIs
		} else if r.lit, ok = r.glob.suffix(); ok {
			r.how = nameEnds
		} else {
			r.how = nameLike
		}
		return r, len(r.glob.toks) > 0
	}
	p = strings.TrimPrefix(p, "/")
	r.glob = compileGlob(p, false)
	r.how = pathLike
	if r.lit, ok = r.glob.literal(); ok {
		r.how = pathIs
	}
	return r, len(r.glob.toks) > 0
}

// compileName compiles a pattern without slashes, for names: any run of stars is one.
func compileName(p string) glob {
	g := compileGlob(p, false)
	for i := range g.toks {
		if g.toks[i].kind == tokAll || g.toks[i].kind == tokDeep {
			g.toks[i].kind = tokStar
		}
	}
	return g
}

// verdict says what the last rule that matches says. path is relative to the folder of
// the ignore file, name its last segment.
func (l *ignoreList) verdict(path, name string, isDir bool) verdict {
	if l == nil {
		return unsaid
	}
	for i := len(l.rules) - 1; i >= 0; i-- {
		r := &l.rules[i]
		if r.dirOnly && !isDir {
			continue
		}
		var hit bool
		switch r.how {
		case nameIs:
			hit = name == r.lit
		case nameEnds:
			hit = strings.HasSuffix(name, r.lit)
		case nameLike:
			hit = r.glob.match(name)
		case pathIs:
			hit = path == r.lit
		case pathLike:
			hit = r.glob.match(path)
		}
		if hit {
			if r.negated {
				return kept
			}
			return ignored
		}
	}
	return unsaid
}

// An ignoreSet is the ignore files that count in a folder, linked to those of the
// folders above. A folder without ignore files shares the set of its parent.
type ignoreSet struct {
	up   *ignoreSet
	base string      // path of the folder, with a trailing slash; "" for the root
	dot  *ignoreList // .ignore
	git  *ignoreList // .gitignore
	repo *repoIgnore // set where a repository begins
	own  *repoIgnore // the nearest repo, for what counts last
}

// A repoIgnore is what counts in a whole repository, after its .gitignore files.
type repoIgnore struct {
	base string
	info *ignoreList // .git/info/exclude
}

// ignores reports whether path is ignored. Folders above path are taken as not ignored.
//
// A .ignore file beats all .gitignore files, as in ripgrep; otherwise the deeper file
// wins. A repository inside a repository does not see the .gitignore files outside.
func (s *ignoreSet) ignores(user *ignoreList, path, name string, isDir bool) bool {
	for l := s; l != nil; l = l.up {
		if l.dot != nil {
			if v := l.dot.verdict(path[len(l.base):], name, isDir); v != unsaid {
				return v == ignored
			}
		}
	}
	for l := s; l != nil; l = l.up {
		if l.git != nil {
			if v := l.git.verdict(path[len(l.base):], name, isDir); v != unsaid {
				return v == ignored
			}
		}
		if l.repo != nil {
			break
		}
	}
	base := ""
	if s != nil && s.own != nil {
		base = s.own.base
		if v := s.own.info.verdict(path[len(base):], name, isDir); v != unsaid {
			return v == ignored
		}
	}
	return user.verdict(path[len(base):], name, isDir) == ignored
}

// enter returns the set that counts inside a folder, given what was read there.
func (s *ignoreSet) enter(base string, dot, git *ignoreList, isRepo bool, info *ignoreList) *ignoreSet {
	if dot == nil && git == nil && !isRepo {
		return s
	}
	n := &ignoreSet{up: s, base: base, dot: dot, git: git}
	if s != nil {
		n.own = s.own
	}
	if isRepo {
		n.repo = &repoIgnore{base: base, info: info}
		n.own = n.repo
	}
	return n
}
