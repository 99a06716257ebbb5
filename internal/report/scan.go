package report

import (
	"strconv"
	"strings"
)

// digits writes a number.
func digits(n int) string { return strconv.Itoa(n) }

// number reads a number of one to nine digits at the start of s and returns what follows.
func number(s string) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < 9 && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	if i == 0 || i < len(s) && s[i] >= '0' && s[i] <= '9' {
		return 0, s, false
	}
	return n, s[i:], true
}

// isNumber reports whether s is a number and nothing else.
func isNumber(s string) bool {
	_, rest, ok := number(s)
	return ok && rest == ""
}

// A place is a position in a file as a tool writes it.
type place struct {
	file      string
	line, col int
}

// placed reads "file:line:col: rest" or "file:line: rest" at the start of s. The file has no
// white space and a dot or a slash, so that "12:30:45: started" is none.
func placed(s string) (p place, rest string, ok bool) {
	start := 0
	if len(s) > 2 && s[1] == ':' && (s[2] == '\\' || s[2] == '/') && isLetter(s[0]) {
		start = 2
	} else if strings.HasPrefix(s, "file://") {
		start = len("file://")
	}
	i := strings.IndexByte(s[start:], ':')
	if i <= 0 {
		return place{}, "", false
	}
	i += start
	p.file = s[:i]
	if i > maxField || !isPath(p.file) {
		return place{}, "", false
	}
	rest = s[i+1:]
	p.line, rest, ok = number(strings.TrimPrefix(rest, "["))
	if !ok || p.line == 0 {
		return place{}, "", false
	}
	if len(rest) > 1 && (rest[0] == ':' || rest[0] == ',') {
		if col, after, ok := number(rest[1:]); ok {
			p.col, rest = col, strings.TrimPrefix(after, "]")
		}
	}
	if rest != "" && rest[0] != ':' && rest[0] != ' ' {
		return place{}, "", false
	}
	return p, strings.TrimPrefix(rest, ":"), true
}

// placedIn reads "file(line,col): rest" or "file(line): rest", as tsc and MSBuild write.
func placedIn(s string) (p place, rest string, ok bool) {
	i := strings.IndexByte(s, '(')
	if i <= 0 || i > maxField || !isFile(s[:i]) {
		return place{}, "", false
	}
	p.file = s[:i]
	p.line, rest, ok = number(s[i+1:])
	if !ok || p.line == 0 {
		return place{}, "", false
	}
	if strings.HasPrefix(rest, ",") {
		if p.col, rest, ok = number(rest[1:]); !ok {
			return place{}, "", false
		}
		for strings.HasPrefix(rest, ",") { // MSBuild's ranges
			if _, rest, ok = number(rest[1:]); !ok {
				return place{}, "", false
			}
		}
	}
	if !strings.HasPrefix(rest, "):") && !strings.HasPrefix(rest, ") :") {
		return place{}, "", false
	}
	return p, strings.TrimSpace(rest[strings.IndexByte(rest, ':')+1:]), true
}

// isPath reports whether s can be a path of a file: one word with a dot or a slash in it.
func isPath(s string) bool {
	if s == "" || strings.ContainsAny(s, " \t\"'<>|*?()[]{}=,;") {
		return false
	}
	return isFile(s)
}

// isFile reports whether s ends like the name of a file: letters after a dot, or a name known
// to have none. White space may be inside.
func isFile(s string) bool {
	base := s[strings.LastIndexAny(s, `/\`)+1:]
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 {
		return base == "Makefile" || base == "Dockerfile" || base == "Jenkinsfile" || base == "GNUmakefile"
	}
	ext := base[dot+1:]
	if ext == "" || len(ext) > 10 {
		return false
	}
	letter := false
	for i := range len(ext) {
		switch {
		case isLetter(ext[i]):
			letter = true
		case ext[i] >= '0' && ext[i] <= '9', ext[i] == '+':
		default:
			return false
		}
	}
	return letter
}

// extension returns the letters after the last dot of a path, in lower case.
func extension(file string) string {
	base := file[strings.LastIndexAny(file, `/\`)+1:]
	dot := strings.LastIndexByte(base, '.')
	if dot < 0 {
		return ""
	}
	return strings.ToLower(base[dot+1:])
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool  { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// between returns what stands in s between the first a and the first b after it.
func between(s, a, b string) (string, bool) {
	_, s, ok := strings.Cut(s, a)
	if !ok {
		return "", false
	}
	s, _, ok = strings.Cut(s, b)
	return s, ok
}

// lastParen returns the word in parentheses at the end of s, and s without it.
func lastParen(s string) (before, word string, ok bool) {
	if !strings.HasSuffix(s, ")") {
		return s, "", false
	}
	i := strings.LastIndexByte(s, '(')
	if i < 0 {
		return s, "", false
	}
	return strings.TrimRight(s[:i], " "), s[i+1 : len(s)-1], true
}

// isRule reports whether s is a name of a linter or of its rule: "errcheck", "SA1000",
// "no-unused-vars", "@typescript-eslint/x", "Style/Foo".
func isRule(s string) bool {
	if s == "" || len(s) > 80 || !isLetter(s[0]) && s[0] != '@' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && !isDigit(c) && c != '-' && c != '_' && c != '/' && c != '@' && c != '.' && c != ':' {
			return false
		}
	}
	return true
}

// isCode reports whether s is a code such as "F401", "TS2322" or "CS0103".
func isCode(s string) bool {
	i := 0
	for i < len(s) && isUpper(s[i]) {
		i++
	}
	return i > 0 && i <= 8 && i < len(s) && len(s) <= 14 && isNumber(s[i:])
}

// dedent returns the lines without the white space that all of them begin with.
func dedent(lines []string) []string {
	least := -1
	for _, s := range lines {
		if t := strings.TrimLeft(s, " \t"); t != "" && (least < 0 || len(s)-len(t) < least) {
			least = len(s) - len(t)
		}
	}
	out := make([]string, len(lines))
	for i, s := range lines {
		out[i] = s[min(max(least, 0), len(s)):]
	}
	return out
}
