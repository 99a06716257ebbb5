package report

import "strings"

// unprefix cuts off what runners put in front of the lines of the programs they run: BuildKit's
// "#12 3.45 ", the "web-1  | " of compose, "[web] ", "pkg:test: ", and levels of loggers as
// Maven's "[ERROR] ". The key names the program, "" where nothing does.
func unprefix(n int, s string) (*line, string) {
	l := &line{n: n, s: strings.TrimRight(s, " \t\r")}
	key := ""
	for range 3 {
		rest, name, level, ok := prefixed(l.s)
		if !ok {
			break
		}
		l.s = rest
		if level != "" {
			l.level = level
		}
		if name != "" {
			key = name
		}
	}
	l.t = strings.TrimLeft(l.s, " \t")
	return l, key
}

// prefixed cuts one prefix off.
func prefixed(s string) (rest, name, level string, ok bool) {
	if s == "" {
		return s, "", "", false
	}
	switch c := s[0]; {
	case c == '#':
		return buildkit(s)
	case c == '[':
		return bracketed(s)
	case c == ' ':
		return ant(s)
	case isLetter(c) || c == '@':
		return named(s)
	}
	return s, "", "", false
}

// buildkit reads "#12 3.456 text".
func buildkit(s string) (rest, name, level string, ok bool) {
	_, after, ok := number(s[1:])
	if !ok || !strings.HasPrefix(after, " ") {
		return s, "", "", false
	}
	name = s[:len(s)-len(after)]
	sec, rest, found := strings.Cut(after[1:], " ")
	if !found {
		sec, rest = after[1:], ""
	}
	whole, part, dot := strings.Cut(sec, ".")
	if !dot || !isNumber(whole) || !isNumber(part) {
		return s, "", "", false
	}
	return rest, name, "", true
}

// bracketed reads "[ERROR] text", "[12:30:45] text" and "[web] text".
func bracketed(s string) (rest, name, level string, ok bool) {
	end := strings.IndexByte(s, ']')
	if end < 2 || end > 40 || len(s) > end+1 && s[end+1] != ' ' {
		return s, "", "", false
	}
	word := s[1:end]
	if len(s) > end+1 {
		rest = s[end+2:]
	}
	if lv := levelOf(word); lv != "" {
		return rest, "", lv, true
	}
	if isClock(word) {
		return rest, "", "", true
	}
	for i := range len(word) {
		c := word[i]
		if !isLower(c) && !isDigit(c) && c != '-' && c != '_' && c != ':' {
			return s, "", "", false
		}
	}
	if rest == "" || len(word) > 30 {
		return s, "", "", false
	}
	return rest, s[:end+1], "", true
}

// levelOf returns the level of a logger that the word is, in upper case.
func levelOf(word string) string {
	switch word {
	case "ERROR", "error", "FATAL", "fatal":
		return "ERROR"
	case "WARNING", "WARN", "warn", "warning":
		return "WARN"
	case "INFO", "info", "DEBUG", "debug":
		return "INFO"
	}
	return ""
}

// isClock reports whether the word is a time of day: 12:30, 12:30:45, 12:30:45.123.
func isClock(word string) bool {
	if len(word) < 5 || len(word) > 15 || word[2] != ':' {
		return false
	}
	for i := range len(word) {
		if c := word[i]; !isDigit(c) && c != ':' && c != '.' && c != ',' {
			return false
		}
	}
	return true
}

// ant reads "    [javac] text".
func ant(s string) (rest, name, level string, ok bool) {
	t := strings.TrimLeft(s, " ")
	for _, task := range []string{"[javac] ", "[junit] ", "[exec] ", "[java] "} {
		if strings.HasPrefix(t, task) {
			return t[len(task):], task, "", true
		}
	}
	return s, "", "", false
}

// named reads "web-1  | text" and "@scope/pkg:test: text".
func named(s string) (rest, name, level string, ok bool) {
	i := 0
	for i < len(s) && i < 60 {
		c := s[i]
		if !isLetter(c) && !isDigit(c) && c != '-' && c != '_' && c != '.' && c != '/' && c != '@' {
			break
		}
		i++
	}
	name, after := s[:i], s[i:]
	if i == 0 || i == 60 {
		return s, "", "", false
	}
	if bar := strings.TrimLeft(after, " "); strings.HasPrefix(bar, "|") && len(bar) < len(after) && len(after)-len(bar) < 30 {
		if bar == "|" {
			return "", name, "", true
		}
		if bar[1] == ' ' {
			return bar[2:], name, "", true
		}
		return s, "", "", false
	}
	for _, task := range []string{":test: ", ":build: ", ":lint: ", ":typecheck: ", " test: ", " build: ", " lint: "} {
		if strings.HasPrefix(after, task) && (task[0] == ':' || strings.ContainsRune(name, '/')) {
			return after[len(task):], name + task, "", true
		}
	}
	return s, "", "", false
}
