package tasks

import (
	"path"
	"slices"
	"strings"
)

// A recipe is one of a justfile.
type recipe struct {
	name, about, file string
	line              int
	most              int  // arguments it takes
	variadic          bool // it takes any number
}

// justfile finds the recipes of the justfile in dir.
func (f *finder) justfile(dir string) error {
	name, _, err := f.first(dir, "justfile", "Justfile", "JUSTFILE", ".justfile")
	if err != nil || name == "" {
		return err
	}
	var (
		files   []string
		recipes []recipe
		unread  bool
	)
	for todo := []string{name}; len(todo) > 0; todo = todo[1:] {
		s, err := f.file(todo[0])
		if err != nil {
			return err
		}
		if s.absent || slices.Contains(files, todo[0]) {
			continue
		}
		if len(files) > maxIncludes {
			unread = true
			break
		}
		files = append(files, todo[0])
		found, imports := parseJust(todo[0], s.data)
		recipes = append(recipes, found...)
		for _, imp := range imports {
			p, ok := inRoot(path.Dir(todo[0]), imp)
			unread = unread || !ok
			if ok {
				todo = append(todo, p)
			}
		}
	}
	for _, r := range recipes {
		about := r.about
		if unread {
			about += " [imports a file that cleat cannot follow]"
		}
		t := Task{Name: "just " + r.name, Argv: []string{"just", r.name}, Dir: dir, Kind: Just, Args: r.most > 0, most: r.most,
			Files: slices.Clone(files)}
		if r.variadic {
			t.Args, t.most = true, 0
		}
		if err := f.add(t, about, r.file, r.line); err != nil {
			return err
		}
	}
	return nil
}

// parseJust returns the public recipes of a justfile, and the files that it imports.
func parseJust(file string, data []byte) (recipes []recipe, imports []string) {
	var (
		comment string
		private bool
		closing string // the end of the string over several lines that is open
	)
	lines(data, func(n int, line string) bool {
		if closing != "" {
			if strings.Contains(line, closing) {
				closing = ""
			}
			return true
		}
		text := strings.TrimSpace(line)
		switch {
		case text == "":
			comment, private = "", false
			return true
		case line[0] == ' ' || line[0] == '\t':
			return true // of a recipe
		case text[0] == '#':
			comment = strings.TrimLeft(text, "#! ")
			return true
		case text[0] == '[':
			private = private || strings.Contains(text, "private")
			if doc := quoted(text); strings.HasPrefix(text, "[doc") && doc != "" {
				comment = doc
			}
			return true
		}
		word, rest, _ := strings.Cut(text, " ")
		if word == "import" || word == "import?" {
			imports = append(imports, quoted(rest))
		} else if word == "mod" || word == "mod?" {
			if name := quoted(rest); name != "" {
				imports = append(imports, name)
			} else if fields := strings.Fields(rest); len(fields) > 0 {
				imports = append(imports, fields[0]+".just", fields[0]+"/mod.just", fields[0]+"/justfile")
			}
		} else if r, ok := parseRecipe(text); ok {
			r.about, r.file, r.line = comment, file, n
			if !private && r.name[0] != '_' {
				recipes = append(recipes, r)
			}
		} else {
			closing = opened(text)
		}
		comment, private = "", false
		return true
	})
	return recipes, imports
}

// parseRecipe parses the first line of a recipe: "@name param +more='x': dependencies".
func parseRecipe(text string) (recipe, bool) {
	text = strings.TrimPrefix(text, "@")
	end := strings.IndexFunc(text, func(r rune) bool {
		return r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if end <= 0 || text[0] == '-' || text[0] >= '0' && text[0] <= '9' {
		return recipe{}, false
	}
	r := recipe{name: text[:end]}
	quote, depth := byte(0), 0
	fresh := true // a parameter may begin here
	for i := end; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth > 0:
		case c == ':':
			return r, !strings.HasPrefix(text[i:], ":=")
		case c == ' ' || c == '\t':
			fresh = true
			continue
		case fresh && (c == '+' || c == '*'):
			r.variadic = true
			r.most++
		case fresh && c != '=' && c != '/':
			r.most++
		}
		fresh = false
	}
	return recipe{}, false
}

// quoted returns the first string in single or double quotes in s.
func quoted(s string) string {
	if i := strings.IndexAny(s, `'"`); i >= 0 {
		if j := strings.IndexByte(s[i+1:], s[i]); j >= 0 {
			return s[i+1 : i+1+j]
		}
	}
	return ""
}

// opened returns what ends the string of several lines that begins in text, or "".
func opened(text string) string {
	for _, q := range [...]string{`'''`, `"""`, "```"} {
		if strings.Count(text, q)%2 == 1 {
			return q
		}
	}
	return ""
}
