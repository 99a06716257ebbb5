package tasks

import (
	"cmp"
	"slices"
	"strings"

	"cleat/internal/sorting"
)

const (
	maxIncludes = 50 // files that one Makefile, justfile or Taskfile includes, directly or not
	maxComment  = 20 // lines above a target that are looked at
)

// A target is an explicit target of a makefile.
type target struct {
	name, about, file string
	line              int
}

// A makefile is what was read of a Makefile and those that it includes.
type makefile struct {
	dir     string
	targets []target
	phony   map[string]bool
	files   []string // read, relative to the root
	unread  bool     // something is included that cannot be told without running make
	prefix  byte     // of recipe lines
}

// makefile finds the targets of the makefile in dir, the one that make would take.
func (f *finder) makefile(dir string) error {
	name, s, err := f.first(dir, "GNUmakefile", "makefile", "Makefile")
	if err != nil || name == "" || s.bad {
		return err
	}
	m := &makefile{dir: dir, phony: map[string]bool{}, prefix: '\t'}
	if err := f.readMake(m, name); err != nil {
		return err
	}
	seen := map[string]bool{}
	keep := m.targets[:0]
	for _, t := range m.targets {
		isFile := strings.ContainsAny(t.name, "/.")
		if !seen[t.name] && (m.phony[t.name] || !isFile) {
			seen[t.name] = true
			keep = append(keep, t)
		}
	}
	// Where there are too many, those that are declared to be no files come first.
	sorting.Sort(keep, func(a, b target) int {
		switch {
		case m.phony[a.name] == m.phony[b.name]:
			return cmp.Compare(a.name, b.name)
		case m.phony[a.name]:
			return -1
		}
		return 1
	})
	for _, t := range keep[:min(len(keep), MaxTasks)] {
		about := t.about
		if m.unread {
			about = oneLine(about, maxAbout/2) + " [includes a makefile that cleat cannot follow]"
		}
		err := f.add(Task{Name: "make " + t.name, Argv: []string{"make", t.name}, Dir: dir, Kind: Make,
			Files: slices.Clone(m.files)}, about, t.file, t.line)
		if err != nil {
			return err
		}
	}
	return nil
}

// readMake reads the makefile name and what it includes into m.
func (f *finder) readMake(m *makefile, name string) error {
	if slices.Contains(m.files, name) {
		return nil
	}
	if len(m.files) > maxIncludes {
		m.unread = true
		return nil
	}
	s, err := f.file(name)
	if err != nil {
		return err
	}
	if s.absent {
		return nil // once it is there, it is one of the files
	}
	m.files = append(m.files, name) // also if it was not read: then the tasks are left out
	for _, inc := range m.parse(name, s.data) {
		p, ok := inRoot(m.dir, inc) // make looks from the folder it runs in
		if !ok || strings.ContainsAny(inc, "$*?[~%") {
			m.unread = true
			continue
		}
		if err := f.readMake(m, p); err != nil {
			return err
		}
	}
	return nil
}

// parse adds the targets of a makefile to m, and returns what it includes, as written.
// Both branches of conditionals count.
func (m *makefile) parse(file string, data []byte) (includes []string) {
	var (
		comment []string // the lines of a comment right above
		logical strings.Builder
		start   int  // line at which logical begins
		defines int  // open "define"s
		rule    bool // a recipe may follow
		recipe  bool // the line before is of a recipe, and goes on
	)
	lines(data, func(n int, line string) bool {
		if logical.Len() == 0 {
			start = n
			if recipe || rule && line != "" && line[0] == m.prefix {
				_, recipe = continued(line)
				return true
			}
		}
		if body, more := continued(line); more {
			logical.WriteString(body + " ")
			return true
		}
		line = logical.String() + line
		logical.Reset()
		text := strings.TrimSpace(line)
		word, rest, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
		if defines > 0 {
			switch word {
			case "define":
				defines++
			case "endef":
				defines--
			}
			return true
		}
		switch {
		case text == "":
			comment = nil
			return true
		case text[0] == '#':
			if len(comment) < maxComment {
				comment = append(comment, text)
			}
			return true
		}
		switch word {
		case "include", "-include", "sinclude":
			text, _ := uncomment(rest)
			includes = append(includes, strings.Fields(text)...)
			rule = false
		case "define":
			if !strings.Contains(rest, "endef") {
				defines++
			}
			rule = false
		case "override", "export", "unexport", "private", "vpath", "undefine", "load", "-load":
			if word != "vpath" && strings.HasPrefix(strings.TrimSpace(rest), "define ") {
				defines++
			}
			rule = false
		case "ifdef", "ifndef", "ifeq", "ifneq", "else", "endif":
			return true // between the lines of a recipe, too
		default:
			if m.assigned(text) {
				rule = false
				break
			}
			var keep bool
			keep, rule = m.rule(text, comment, file, start)
			if keep {
				return true
			}
		}
		comment = nil
		return true
	})
	return includes
}

// assigned reports whether text is an assignment, and takes note of .RECIPEPREFIX.
func (m *makefile) assigned(text string) bool {
	colon, equals := separators(text)
	if equals < 0 || colon >= 0 && colon < equals && strings.Trim(text[colon:equals], ":") != "" {
		return false
	}
	name := strings.TrimRight(text[:equals], " \t:?+!")
	if value := strings.TrimSpace(text[equals+1:]); name == ".RECIPEPREFIX" {
		m.prefix = '\t'
		if value != "" {
			m.prefix = value[0]
		}
	}
	return true
}

// rule adds the targets of the line text, if it is a rule. It reports whether the comment
// above may be about what comes next, and whether text was a rule.
func (m *makefile) rule(text string, comment []string, file string, line int) (keep, ok bool) {
	text, inline := uncomment(text)
	colon, _ := separators(text)
	if colon < 0 {
		return false, false
	}
	left := strings.TrimSuffix(text[:colon], "&") // grouped targets
	right := strings.TrimPrefix(text[colon+1:], ":")
	names := strings.Fields(opaque(left))
	if strings.TrimSpace(left) == ".PHONY" {
		for _, name := range strings.Fields(right) {
			m.phony[name] = true
		}
		return true, true
	}
	before, _, _ := strings.Cut(right, ";")
	if _, equals := separators(before); equals >= 0 {
		return true, true // a variable of the target's own
	}
	about := describe(inline, comment, names)
	for _, name := range names {
		if isName(name) && name[0] != '.' && !strings.ContainsAny(name, "$%=:#&()*?[]\\\"'`;|<>{}~") {
			m.targets = append(m.targets, target{name, about, file, line})
		}
	}
	return false, true
}

// separators returns where the first colon and the first equals sign stand that are not
// within a reference of a variable, or -1.
func separators(s string) (colon, equals int) {
	colon, equals = -1, -1
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '$' && i+1 < len(s) && (s[i+1] == '(' || s[i+1] == '{'):
			depth++
			i++
		case depth > 0 && (c == '(' || c == '{'):
			depth++
		case depth > 0 && (c == ')' || c == '}'):
			depth--
		case depth > 0:
		case c == '#' && (i == 0 || s[i-1] != '\\'):
			return colon, equals
		case c == ':' && colon < 0:
			colon = i
		case c == '=' && equals < 0:
			return colon, i
		}
	}
	return colon, equals
}

// opaque returns s with "$" in place of each reference of a variable or function.
func opaque(s string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '$' && i+1 < len(s) && (s[i+1] == '(' || s[i+1] == '{'):
			b.WriteByte('$')
			depth++
			i++
		case depth > 0 && (c == '(' || c == '{'):
			depth++
		case depth > 0 && (c == ')' || c == '}'):
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// continued returns line without the backslash at its end, and whether there is one that
// continues the line.
func continued(line string) (string, bool) {
	body := strings.TrimRight(line, `\`)
	if (len(line)-len(body))%2 == 0 {
		return line, false
	}
	return line[:len(line)-1], true
}

// uncomment cuts the comment off a line, and returns it without its "#".
func uncomment(s string) (text, comment string) {
	for i := 0; i < len(s); i++ {
		if s[i] == '#' && (i == 0 || s[i-1] != '\\') {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// describe returns what comments say of the targets names: that on the line itself if it begins
// with "##", or the first line of the block above.
func describe(inline string, above, names []string) string {
	if text, ok := strings.CutPrefix(inline, "#"); ok {
		return strings.TrimSpace(strings.TrimLeft(text, "#"))
	}
	for _, line := range above {
		text := strings.TrimSpace(strings.TrimLeft(line, "#!"))
		for _, name := range names[:min(len(names), maxComment)] {
			if rest, ok := strings.CutPrefix(text, name); ok && strings.HasPrefix(strings.TrimSpace(rest), ":") {
				text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest), ":"))
			}
		}
		if strings.Trim(text, "-=*# ") != "" {
			return text
		}
	}
	return ""
}
