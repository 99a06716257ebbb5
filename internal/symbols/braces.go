package symbols

// A scope says what stands between two brackets, and so what a statement in it means.
type scope uint8

const (
	scopeFile    scope = iota // the file, a namespace, a module
	scopeType                 // members of a class or the like
	scopeEnum                 // names separated by commas
	scopeBody                 // statements of a function
	scopeObject               // members of an object literal that has a name
	scopeLiteral              // members of one that has none
	scopeExpr                 // anything else
	scopeSkip                 // nothing of interest
)

// Bounds on what the parser keeps. Past them it only counts brackets.
const (
	maxDepth  = 2000 // brackets within brackets
	maxHeader = 400  // tokens of one statement
)

// A frame is an open bracket.
type frame struct {
	bracket byte // '{', '(' or '['; 0 for the file
	scope   scope
	cont    bool   // the statement goes on after the bracket closes
	sym     int    // the symbol whose body this is, or -1
	mute    int    // 1 + the symbol that the statement in this frame has defined, or 0
	base    int    // where the tokens of the statement in this frame begin
	path    string // names of the containers
	name    string // of the innermost container: what a constructor is called
	start   int32  // offset and line of the bracket
	line    int32
}

// An opening is what a dialect makes of a statement that has come to a "{".
type opening struct {
	scope scope
	sym   int    // the symbol it opens, or -1
	name  string // added to the containers' path
	cont  bool   // after "}" the statement goes on
	whole bool   // what goes on is the rest of the symbol's definition, and defines no more
}

// A dialect is a language with braces.
type dialect struct {
	lang     string
	syntax   syntax
	newlines bool // a line's end may end a statement
	// opens tells what a "{" after the statement st begins.
	opens func(p *parser, st []tok) opening
	// ends declares what the statement st defines, which ended at a token of kind end:
	// ';', '\n', ',' or '}'.
	ends func(p *parser, st []tok, end uint8)
	// starts reports whether t, first on its line, begins a declaration.
	starts func(p *parser, t tok) bool
	// prefix returns how many tokens of st are annotations and modifiers.
	prefix func(p *parser, st []tok) int
}

// A parser reads a file of a language with braces: it groups tokens into statements and
// brackets into a stack, and asks the dialect what they mean. A bracket that was closed
// stands in its statement as one token.
type parser struct {
	lexer
	dialect
	frames []frame
	toks   []tok
	over   int // brackets open beyond maxDepth
	out    []Symbol

	branches []branch // open #if
	skipping int      // index+1 of the branch whose rest is left out
}

// A branch is an open #if.
type branch struct{ depth int }

func scanBraces(d dialect, src []byte) []Symbol {
	p := &parser{lexer: *newLexer(d.syntax, src), dialect: d}
	p.frames = append(p.frames, frame{sym: -1})
	for len(p.out) < MaxSymbols {
		t := p.next()
		if t.kind == tokEOF {
			break
		}
		p.token(t)
	}
	for len(p.frames) > 1 {
		p.closeFrame(p.line)
	}
	p.endStatement('}')
	return p.out
}

//
//go:noinline
func (p *parser) top() *frame { return &p.frames[len(p.frames)-1] }

func (p *parser) token(t tok) {
	if t.kind == tokDirective {
		p.directiveToken(t)
		return
	}
	if p.skipping > 0 {
		return
	}
	if p.over > 0 {
		switch t.kind {
		case '{', '(', '[':
			p.over++
		case '}', ')', ']':
			p.over--
		}
		return
	}
	f := p.top()
	if f.scope == scopeSkip && t.kind != '{' && t.kind != '}' {
		return
	}
	if t.nl && p.newlines && f.bracket != '(' && f.bracket != '[' && p.splits(t) {
		p.endStatement('\n')
	}
	switch t.kind {
	case '(', '[':
		p.push(frame{bracket: t.kind, scope: scopeExpr, cont: true, sym: -1, start: t.start, line: t.line}, "")
	case '{':
		p.brace(t)
	case ')':
		p.closeBracket('(', t)
	case ']':
		p.closeBracket('[', t)
	case '}':
		p.closeBracket('{', t)
	case ';':
		p.endStatement(';')
		if f.scope == scopeEnum && p.lang != "proto" {
			f.scope = scopeType // the members of a Java or Kotlin enum follow
		}
	case ',':
		if f.bracket == '(' || f.bracket == '[' || f.scope == scopeEnum || f.scope == scopeObject || f.scope == scopeLiteral {
			p.endStatement(',')
			return
		}
		p.add(t)
	default:
		p.add(t)
	}
}

func (p *parser) add(t tok) {
	if len(p.toks)-p.top().base < maxHeader {
		p.toks = append(p.toks, t)
	}
}

// statement returns the tokens of the statement so far.
func (p *parser) statement() []tok { return p.toks[p.top().base:] }

func (p *parser) reset() {
	f := p.top()
	f.mute = 0
	p.toks = p.toks[:f.base]
}

func (p *parser) endStatement(end uint8) {
	f := p.top()
	if st := p.statement(); len(st) > 0 && f.bracket != '(' && f.bracket != '[' && f.scope != scopeSkip {
		if f.mute == 0 {
			p.ends(p, st, end)
		} else {
			s := &p.out[f.mute-1]
			s.EndLine = max(s.EndLine, int(st[len(st)-1].line))
		}
	}
	p.reset()
}

func (p *parser) push(f frame, name string) {
	if len(p.frames) >= maxDepth {
		p.over = 1
		return
	}
	up := p.top()
	f.path, f.name = up.path, up.name
	if name != "" {
		f.path, f.name = join(up.path, name), name
	}
	f.base = len(p.toks)
	p.frames = append(p.frames, f)
}

func (p *parser) brace(t tok) {
	o := opening{scope: scopeSkip, sym: -1}
	switch f := p.top(); {
	case f.mute > 0:
		o = opening{scope: scopeExpr, sym: f.mute - 1, cont: true}
	case f.scope != scopeSkip:
		o = p.opens(p, p.statement())
		if o.whole && o.sym >= 0 {
			f.mute = o.sym + 1
		}
	}
	p.push(frame{bracket: '{', scope: o.scope, cont: o.cont, sym: o.sym, start: t.start, line: t.line}, o.name)
}

// closeBracket closes the frame that open began. Frames within it that were left open are
// closed as well; if there is none to close, the bracket is a stray one.
func (p *parser) closeBracket(open byte, t tok) {
	for i := len(p.frames) - 1; i > 0; i-- {
		b := p.frames[i].bracket
		if b == open {
			for len(p.frames) > i+1 {
				p.closeFrame(t.line)
			}
			p.finish(t)
			return
		}
		if b == '{' {
			return // ")" without "(" does not end a block
		}
	}
}

// finish closes the innermost frame at its closing bracket t.
func (p *parser) finish(t tok) {
	f := *p.top()
	p.closeFrame(t.line)
	if !f.cont {
		p.reset()
		return
	}
	kind := uint8(tokBraces)
	switch f.bracket {
	case '(':
		kind = tokParens
	case '[':
		kind = tokBrackets
	}
	p.add(tok{kind: kind, start: f.start, end: t.end, line: f.line})
}

func (p *parser) closeFrame(line int32) {
	p.endStatement('}')
	f := p.top()
	if f.sym >= 0 {
		p.out[f.sym].EndLine = max(p.out[f.sym].EndLine, int(line))
	}
	p.toks = p.toks[:f.base]
	p.frames = p.frames[:len(p.frames)-1]
}

// splits reports whether the statement so far ends before t, which is first on its line.
func (p *parser) splits(t tok) bool {
	st := p.statement()
	if len(st) == 0 {
		return false
	}
	if p.starts(p, t) {
		return p.prefix(p, st) < len(st)
	}
	switch last := st[len(st)-1]; last.kind {
	case tokFatArrow, tokThinArrow, tokCompare, tokScope, ',', '.', '=', ':', '+', '-', '*', '/', '&', '|', '?', '<', '@':
		return false
	}
	switch t.kind {
	case tokFatArrow, tokThinArrow, tokCompare, tokScope, '.', '?', '=', ',', ':', '+', '-', '*', '/', '&', '|',
		'<', '>', '{', '}', ')', ']', ';':
		return false
	case tokIdent:
		switch string(p.text(t)) {
		case "extends", "implements", "where", "throws", "with", "derives", "in", "is", "as", "by", "satisfies":
			return false
		}
	}
	switch p.word(st[len(st)-1]) {
	case "extends", "implements", "where", "throws", "with", "in", "is", "as", "by", "keyof", "typeof", "new":
		return false
	}
	return p.prefix(p, st) < len(st)
}

// declare appends a symbol called name, which stands at the token at, in the statement
// st, and returns its index, or -1 where there is no name.
//
//go:noinline
func (p *parser) declare(kind Kind, name string, at tok, st []tok) int {
	return p.declareIn(kind, name, p.top().path, at, st)
}

func (p *parser) declareIn(kind Kind, name, container string, at tok, st []tok) int {
	if name == "" || len(p.out) >= MaxSymbols {
		return -1
	}
	first, last := st[p.annotations(st)], st[len(st)-1]
	end := max(int(last.line), int(at.line))
	if last.kind == tokParens || last.kind == tokBrackets || last.kind == tokBraces {
		// A group has the line of its opening; its text says where it ends.
		end = int(p.lineAt(last))
	}
	p.out = append(p.out, Symbol{
		Name: clip(name, MaxName), Kind: kind, Container: clip(container, 2*MaxName),
		Line: int(at.line), EndLine: max(end, int(at.line)),
		Signature: headline(p.src[first.start:last.end], false),
	})
	return len(p.out) - 1
}

// annotations returns how many tokens at the start of st are annotations, decorators and
// attributes, which are no part of a signature. It never takes all of st.
func (p *parser) annotations(st []tok) int {
	i := 0
	for i < len(st)-1 {
		j := i
		switch {
		case st[i].kind == '@' && st[i+1].kind == tokIdent && !p.is(st[i+1], "interface"):
			for j += 2; j+1 < len(st) && (st[j].kind == '.' || st[j].kind == ':'); j += 2 {
			}
			if j < len(st) && st[j].kind == tokParens && st[j].start == st[j-1].end {
				j++
			}
		case st[i].kind == '#' && (st[i+1].kind == tokBrackets || st[i+1].kind == '!'):
			for j++; j < len(st) && st[j].kind != tokBrackets; j++ {
			}
			j++
		case st[i].kind == tokBrackets && p.lang != "typescript" && p.lang != "javascript":
			j++
		}
		if j == i || j >= len(st) {
			break
		}
		i = j
	}
	return i
}

// lineAt returns the last line of t.
func (p *parser) lineAt(t tok) int32 {
	n := t.line
	for _, c := range p.src[t.start:min(int(t.end), int(t.start)+1<<16)] {
		if c == '\n' {
			n++
		}
	}
	return n
}

// word returns the text of t as a string, if it is a name.
//
//go:noinline
func (p *parser) word(t tok) string {
	if t.kind != tokIdent {
		return ""
	}
	return string(p.text(t))
}

// find returns the index of the first token of st of the given kind, or -1.
func find(st []tok, kind uint8) int {
	for i, t := range st {
		if t.kind == kind {
			return i
		}
	}
	return -1
}

// angles returns the index after the "<…>" that begins at st[i], or i if it does not end.
func angles(st []tok, i int) int {
	depth := 0
	for j := i; j < len(st); j++ {
		switch st[j].kind {
		case '<':
			depth++
		case '>':
			if depth--; depth == 0 {
				return j + 1
			}
		}
	}
	return i
}
