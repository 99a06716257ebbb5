package report

import "strings"

// compilers reads the errors of all tools that say a place and then "error": C and C++
// compilers, javac, kotlinc, tsc, MSBuild, mypy, ruff, and others of their kind.
type compilers struct {
	found *found
	open  *Failure // whose further lines may come
	lines int
}

func (c *compilers) end() {
	if c.open != nil {
		c.found.add(sure, *c.open)
		c.open = nil
	}
}

// tell adds the failure, once its further lines were read.
func (c *compilers) tell(f Failure) bool {
	c.end()
	bound(&f)
	c.open, c.lines = &f, 0
	return true
}

func (c *compilers) line(l *line) bool {
	if c.further(l) {
		return true
	}
	s := l.t
	if len(s) < 6 {
		return false
	}
	if c.inside(l, s) || c.linker(l, s) {
		return true
	}
	if strings.HasPrefix(s, "e: ") {
		return c.kotlin(l, s[3:])
	}
	if i := strings.IndexByte(s, '('); i > 0 && i+1 < len(s) && isDigit(s[i+1]) {
		if p, rest, ok := placedIn(s); ok {
			return c.coded(l, p, rest)
		}
	}
	p, rest, ok := placed(s)
	if !ok {
		return false
	}
	return c.at(l, p, rest)
}

// at reads what follows a place.
func (c *compilers) at(l *line, p place, rest string) bool {
	rest = strings.TrimSpace(rest)
	if after, ok := strings.CutPrefix(rest, "- error "); ok { // tsc --pretty
		return c.coded(l, p, "error "+after)
	}
	if f, ok := python(l, p, rest); ok {
		return c.tell(f)
	}
	word, msg, ok := strings.Cut(rest, ":")
	low := strings.ToLower(strings.TrimSpace(word))
	msg = strings.TrimSpace(msg)
	switch {
	case l.level == "ERROR" && rest != "": // Maven's "[ERROR] /x/Foo.java:[3,5] message"
		if p.col == 0 && !strings.HasSuffix(p.file, ".java") && !strings.HasSuffix(p.file, ".kt") && !strings.HasSuffix(p.file, ".scala") {
			return false
		}
		rest = strings.TrimPrefix(rest, "error: ")
		return c.tell(Failure{Kind: Build, Tool: toolOf(p.file), File: p.file, Line: p.line, Column: p.col, Message: rest, At: l.n})
	case ok && (low == "error" || low == "fatal error" || low == "internal compiler error" || strings.HasPrefix(low, "error[")):
	case ok && (low == "warning" || low == "note" || low == "info" || low == "remark"):
		return true
	default:
		return false
	}
	f := Failure{Kind: Build, Tool: toolOf(p.file), File: p.file, Line: p.line, Column: p.col, Message: msg, At: l.n}
	if f.Tool == "mypy" || f.Tool == "shellcheck" {
		f.Kind = Finding
		if i := strings.LastIndex(msg, " ["); i > 0 && strings.HasSuffix(msg, "]") {
			f.Name, f.Message = msg[i+2:len(msg)-1], strings.TrimSpace(msg[:i])
		}
	}
	if msg == "" && strings.HasPrefix(low, "error[") {
		f.Message = rest
	}
	return c.tell(f)
}

// python reads ruff's, flake8's and pylint's "x.py:3:5: F401 message".
func python(l *line, p place, rest string) (Failure, bool) {
	ext := extension(p.file)
	if ext != "py" && ext != "pyi" && ext != "ipynb" && ext != "rb" {
		return Failure{}, false
	}
	f := Failure{Kind: Finding, Tool: "ruff", File: p.file, Line: p.line, Column: p.col, At: l.n}
	word, msg, ok := strings.Cut(rest, " ")
	switch {
	case !ok:
		return f, false
	case ext == "rb": // RuboCop: "C: Style/X: message"
		rule, text, cut := strings.Cut(msg, ": ")
		rule = strings.TrimPrefix(strings.TrimPrefix(rule, "[Correctable] "), "[Corrected] ")
		if len(word) != 2 || word[1] != ':' || !isUpper(word[0]) || !cut || !isRule(rule) {
			return f, false
		}
		f.Tool, f.Name, f.Message = "rubocop", rule, text
	case isCode(word):
		f.Name, f.Message = word, strings.TrimPrefix(msg, "[*] ")
	case strings.HasSuffix(word, ":") && isCode(word[:len(word)-1]): // pylint, and ruff's syntax errors
		f.Tool, f.Name, f.Message = "pylint", word[:len(word)-1], msg
		if before, rule, ok := lastParen(msg); ok && isRule(rule) {
			f.Name, f.Message = rule, before
		}
	default:
		return f, false
	}
	return f, true
}

// coded reads "error TS2322: message" after a place.
func (c *compilers) coded(l *line, p place, rest string) bool {
	rest = strings.TrimPrefix(rest, "fatal ")
	word, after, ok := strings.Cut(rest, " ")
	if word == "warning" || word == "message" || word == "warning:" {
		return true
	}
	if word == "error:" { // of tools that leave the code out
		return c.tell(Failure{Kind: Build, Tool: toolOf(p.file), File: p.file, Line: p.line, Column: p.col, Message: after, At: l.n})
	}
	code, msg, colon := strings.Cut(after, ":")
	code = strings.TrimSpace(code)
	if !ok || word != "error" || !colon || !isCode(code) {
		return false
	}
	f := Failure{Kind: Build, Tool: "msbuild", Name: code, File: p.file, Line: p.line, Column: p.col, Message: strings.TrimSpace(msg), At: l.n}
	if strings.HasPrefix(code, "TS") {
		f.Tool = "tsc"
	} else if i := strings.LastIndex(f.Message, " ["); i > 0 && strings.HasSuffix(f.Message, "proj]") {
		f.Scope, f.Message = f.Message[i+2:len(f.Message)-1], f.Message[:i]
		f.Scope = f.Scope[strings.LastIndexAny(f.Scope, `/\`)+1:]
	}
	return c.tell(f)
}

// kotlin reads "e: file:///x.kt:3:5 message" and "e: /x.kt: (3, 5): message".
func (c *compilers) kotlin(l *line, s string) bool {
	if p, rest, ok := placed(s); ok {
		return c.tell(Failure{Kind: Build, Tool: "kotlinc", File: p.file, Line: p.line, Column: p.col, Message: strings.TrimSpace(rest), At: l.n})
	}
	file, rest, ok := strings.Cut(s, ": (")
	if !ok || !isFile(file) {
		return false
	}
	n, rest, ok := number(rest)
	if !ok {
		return false
	}
	col, rest, _ := number(strings.TrimPrefix(rest, ", "))
	return c.tell(Failure{Kind: Build, Tool: "kotlinc", File: file, Line: n, Column: col, Message: strings.TrimPrefix(rest, "): "), At: l.n})
}

// linker reads what ld and CMake say.
func (c *compilers) linker(l *line, s string) bool {
	colon := strings.IndexByte(s, ':')
	if i := strings.Index(s, "undefined reference to "); colon > 0 && i > 0 {
		f := Failure{Kind: Build, Tool: "ld", Message: s[i:], At: l.n}
		if p, _, ok := placed(s[strings.LastIndex(s[:i], "ld: ")+1:]); ok {
			f.File, f.Line = p.file, p.line
		} else if file, _, ok := strings.Cut(strings.TrimPrefix(s, "/usr/bin/ld: "), ":("); ok && isFile(file) {
			f.File = file
		}
		return c.tell(f)
	}
	if rest, ok := strings.CutPrefix(s, "CMake Error at "); ok {
		file, pos, ok := strings.Cut(rest, ":")
		n, _, num := number(pos)
		if ok && num {
			return c.tell(Failure{Kind: Build, Tool: "cmake", File: file, Line: n, Message: "CMake Error", At: l.n})
		}
	}
	return strings.HasPrefix(s, "collect2: error: ld returned ") || strings.HasPrefix(s, "collect2: ld returned ")
}

// inside reads "/usr/bin/ld: x.o: in function `f':" and gcc's "In file included from", which
// are no errors of their own.
func (c *compilers) inside(l *line, s string) bool {
	return strings.HasPrefix(s, "In file included from ") || strings.Contains(s, ": In function ") && strings.HasSuffix(s, ":") ||
		strings.Contains(s, ": in function `") && strings.HasSuffix(s, "':")
}

// further reads the lines below an error that belong to it: javac's symbol and location, tsc's
// indented ones, CMake's text; and the code that is shown, which the message does without.
func (c *compilers) further(l *line) bool {
	if c.open == nil {
		return false
	}
	c.lines++
	if c.lines > 12 || l.n > c.open.At+20 {
		c.end()
		return false
	}
	add := func(s string) bool {
		if len(c.open.Message) < MaxMessage {
			c.open.Message += "\n" + keep(s, MaxMessage)
		}
		return true
	}
	switch c.open.Tool {
	case "javac":
		if strings.HasPrefix(l.t, "symbol:") || strings.HasPrefix(l.t, "location:") || strings.HasPrefix(l.t, "required:") || strings.HasPrefix(l.t, "found:") || strings.HasPrefix(l.t, "reason:") {
			return add(l.t)
		}
		if l.t == "^" || l.indent() > 0 {
			return true // the code
		}
	case "tsc":
		if l.indent() >= 2 && l.t != "" && !strings.HasPrefix(l.t, "~") {
			return add(l.t)
		}
	case "cmake":
		if l.t == "" || l.indent() >= 2 {
			if l.t != "" {
				add(l.t)
			}
			return true
		}
	case "cc":
		if l.indent() > 0 && strings.Contains(l.t, "|") {
			return true
		}
	}
	c.end()
	return false
}

// toolOf names what compiles a file.
func toolOf(file string) string {
	switch extension(file) {
	case "c", "h", "cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "m", "mm", "cu", "s", "inc", "ipp", "tcc":
		return "cc"
	case "java":
		return "javac"
	case "kt", "kts":
		return "kotlinc"
	case "scala":
		return "scalac"
	case "swift":
		return "swiftc"
	case "ts", "tsx", "mts", "cts":
		return "tsc"
	case "py", "pyi":
		return "mypy"
	case "sh", "bash":
		return "shellcheck"
	case "go":
		return "go"
	case "rs":
		return "rustc"
	case "cs", "fs", "vb":
		return "msbuild"
	case "hs":
		return "ghc"
	case "zig":
		return "zig"
	case "proto":
		return "protoc"
	}
	return extension(file)
}
