package report

import "strings"

// A goCompile reads what `go build` and `go vet` say: places below a "# package" line.
type goCompile struct {
	found *found
	scope string
	vet   bool
	last  int
	open  *Failure // whose further lines may come
}

func (g *goCompile) end() {
	if g.open != nil {
		for _, whose := range []string{" (compile)", " (typecheck)"} {
			g.open.Message = strings.TrimSuffix(g.open.Message, whose)
		}
		g.found.add(sure, *g.open)
		g.open = nil
	}
}

func (g *goCompile) line(l *line) bool {
	s := l.s
	if g.open != nil {
		if strings.HasPrefix(s, "\t") && l.n-g.open.At < 10 && len(g.open.Message) < MaxMessage {
			g.open.Message += "\n" + keep(s, MaxMessage)
			return true
		}
		g.end()
	}
	if strings.HasPrefix(s, "# ") && len(s) < maxField {
		return g.header(l)
	}
	if g.scope != "" && l.n-g.last > 50 {
		g.scope = ""
	}
	if strings.HasPrefix(s, "go: ") {
		return g.command(l)
	}
	colon := strings.Index(s, ".go:")
	if colon < 0 || colon > maxField {
		return false
	}
	s, vet := strings.CutPrefix(s, "vet: ")
	p, rest, ok := placed(s)
	if !ok || extension(p.file) != "go" || rest == "" || p.col == 0 && g.scope == "" {
		return false
	}
	f := Failure{Kind: Build, Tool: "go", Scope: g.scope, File: p.file, Line: p.line, Column: p.col, Message: strings.TrimSpace(rest), At: l.n}
	if f.Message == "too many errors" {
		return true
	}
	if before, rule, ok := lastParen(f.Message); ok && isRule(rule) && g.scope == "" && rule != "compile" && rule != "typecheck" {
		f.Kind, f.Tool, f.Name, f.Message = Finding, "golangci-lint", rule, before
		if isCode(rule) && strings.Contains("SA ST QF S U", strings.TrimRight(rule, "0123456789")) {
			f.Tool = "staticcheck"
		}
	} else if !vet && (g.vet || g.scope == "" && vetted(f.Message)) {
		f.Kind, f.Tool = Finding, "go vet"
	}
	bound(&f)
	g.last, g.open = l.n, &f
	return true
}

// vetted reports whether the message is one of vet's: without a header, as newer versions
// write it, nothing else tells it from an error of the compiler.
func vetted(msg string) bool {
	for _, part := range []string{" format %", "Printf call ", "self-assignment of ", "unreachable code", "struct field tag ", "possible misuse of ", "copies lock", "passes lock by value", "unkeyed fields", "call has possible ", "is not used on all paths", "unusedresult", "loop variable ", "redundant "} {
		if strings.Contains(msg, part) {
			return true
		}
	}
	return false
}

// header reads "# example.com/m/pkg [example.com/m/pkg.test]", and vet's second "# [pkg]".
func (g *goCompile) header(l *line) bool {
	name := l.s[2:]
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") && g.scope != "" {
		g.vet = true
		return true
	}
	name, _, _ = strings.Cut(name, " [")
	if name == "" || strings.ContainsAny(name, " \t:") || !isLetter(name[0]) && name[0] != '_' {
		return false
	}
	g.scope, g.vet, g.last = strings.Clone(name), false, l.n
	return false // a comment of a script looks the same
}

// command reads the go command's own errors.
func (g *goCompile) command(l *line) bool {
	msg := l.s[len("go: "):]
	for _, word := range []string{"downloading ", "finding ", "found ", "added ", "upgraded ", "downgraded ", "extracting ", "creating ", "to add ", "warning: ", "removed ", "no module dependencies", "updating ", "building "} {
		if strings.HasPrefix(msg, word) {
			return true
		}
	}
	g.found.add(step, Failure{Kind: Build, Tool: "go", Message: l.s, At: l.n})
	return true
}
