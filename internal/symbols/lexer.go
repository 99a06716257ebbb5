package symbols

import "bytes"

// What a token is. A token that is none of the named ones is punctuation and its kind
// is its byte; pairs that matter have kinds of their own.
const (
	tokEOF       = 0
	tokIdent     = 1
	tokNumber    = 2
	tokString    = 3
	tokScope     = 4 // ::
	tokFatArrow  = 5 // =>
	tokThinArrow = 6 // ->
	tokCompare   = 7 // == != <= >= and others that have "=" and assign nothing
	tokDirective = 8 // a whole preprocessor line
	// Groups stand for what was between two brackets, once it has been read.
	tokParens   = 14 // ( … )
	tokBrackets = 15 // [ … ]
	tokBraces   = 16 // { … }
)

// A tok is one token: src[start:end].
type tok struct {
	kind       uint8
	nl         bool // first of its line
	start, end int32
	line       int32
}

// A quoting says what an apostrophe or a backtick begins.
type quoting uint8

const (
	quoteNone     quoting = iota
	quoteString           // a string, on one line
	quoteLong             // a string that may cross lines
	quoteChar             // one character; alone it means nothing
	quoteIdent            // a name
	quoteTemplate         // a JavaScript template
)

// A syntax says how the text of a language falls into tokens.
type syntax struct {
	slash, hash, dash     bool    // comments: // and /* */, #, --
	nested                bool    // block comments nest
	directives            bool    // "#" first on a line begins a directive
	double, single        quoting // what " and ' begin
	tick                  quoting // what ` begins
	triple                bool    // """ … """, and ''' … ''' where single is a string
	doubled               bool    // a quote inside a string is doubled, a backslash is plain
	interp                [2]string
	ident                 string // bytes of names besides letters, digits, "_" and non-ASCII
	regex                 bool   // a slash may begin a regular expression
	rawRust, rawCpp       bool   // r#"…"#, R"x(…)x"
	rawAt                 bool   // @"…" and $"…" of C#
	rawHash               bool   // #"…"# of Swift
	heredoc               string // what begins a heredoc: "<<" or "<<<"
	php, ruby, sql, shell bool
}

// A lexer cuts a text into tokens, once from front to back.
type lexer struct {
	src  []byte
	syn  syntax
	pos  int
	line int32
	bol  int // where the current line begins
	from int // where the line begins on which the last token begins

	prev    tok // the last token handed out
	docs    []heredoc
	noHash  int // up to where "#" begins no string
	noRegex int // where the next regular expression may begin at the earliest
	rescans int // how often an unclosed string was found to have no end
}

type heredoc struct {
	tag    string
	indent bool // the end may be indented
}

func newLexer(syn syntax, src []byte) *lexer {
	const limit = 1 << 30 // offsets are kept in 32 bits
	if len(src) > limit {
		src = src[:limit]
	}
	l := &lexer{src: src, syn: syn, line: 1}
	if syn.php {
		l.skipHTML()
	}
	return l
}

// text returns the bytes of t.
func (l *lexer) text(t tok) []byte { return l.src[t.start:t.end] }

// is reports whether t is the word w.
func (l *lexer) is(t tok, w string) bool {
	return t.kind == tokIdent && string(l.src[t.start:t.end]) == w
}

func (l *lexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

func (l *lexer) has(s string) bool {
	return len(l.src)-l.pos >= len(s) && string(l.src[l.pos:l.pos+len(s)]) == s
}

// jump moves to end and counts the lines on the way.
func (l *lexer) jump(end int) {
	end = min(end, len(l.src))
	if end <= l.pos {
		return
	}
	if n := bytes.Count(l.src[l.pos:end], newline); n > 0 {
		l.line += int32(n)
		l.bol = l.pos + bytes.LastIndexByte(l.src[l.pos:end], '\n') + 1
	}
	l.pos = end
}

var newline = []byte{'\n'}

// column returns how many columns t is from the start of its line. It holds only for
// the token that was read last.
func (l *lexer) column(t tok) int {
	n := 0
	for i := l.from; i < int(t.start); i++ {
		if l.src[i] == '\t' {
			n += 8 - n%8
		} else {
			n++
		}
	}
	return n
}

func isLetter(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) identByte(c byte) bool {
	return isLetter(c) || isDigit(c) || l.syn.ident != "" && indexByte(l.syn.ident, c)
}

func indexByte(s string, c byte) bool {
	for i := range len(s) {
		if s[i] == c {
			return true
		}
	}
	return false
}

// next returns the next token; at the end of the text one of kind tokEOF, for ever.
func (l *lexer) next() tok {
	nl := l.pos == 0 || l.prev.kind == tokDirective
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '\n':
			nl = true
			l.pos++
			l.line++
			l.bol = l.pos
			if len(l.docs) > 0 {
				l.skipHeredocs()
			} else if l.syn.ruby {
				l.skipRubyBlock()
			}
			continue
		case c <= ' ':
			l.pos++
			continue
		case c == '\\' && (l.at(l.pos+1) == '\n' || l.at(l.pos+1) == '\r' && l.at(l.pos+2) == '\n'):
			// A line continued is one line: what follows is not first on it.
			l.pos += 2
			if l.src[l.pos-1] == '\r' {
				l.pos++
			}
			l.line++
			l.bol = l.pos
			continue
		}
		if l.comment(c) {
			continue
		}
		t := tok{nl: nl, start: int32(l.pos), line: l.line}
		l.from = l.bol
		t.kind = l.scan(c, nl)
		t.end = int32(l.pos)
		if t.kind == tokIdent && t.end-t.start > 2 {
			switch {
			case l.src[t.start] == '`': // a name in quotes
				t.start++
				t.end--
			case l.syn.rawRust && l.src[t.start+1] == '#': // r#type
				t.start += 2
			}
		}
		l.prev = t
		return t
	}
	return tok{nl: true, start: int32(len(l.src)), end: int32(len(l.src)), line: l.line}
}

// comment skips a comment, or the HTML between two PHP scripts.
func (l *lexer) comment(c byte) bool {
	d := l.at(l.pos + 1)
	switch {
	case c == '/' && l.syn.slash && d == '/', c == '-' && l.syn.dash && d == '-',
		c == '#' && l.syn.hash && (!l.syn.php || d != '[') && (!l.syn.shell || l.wordStart()):
		l.toLineEnd()
		return true
	case c == '/' && (l.syn.slash || l.syn.sql) && d == '*':
		l.blockComment()
		return true
	case c == '?' && l.syn.php && d == '>':
		l.pos += 2
		l.skipHTML()
		return true
	}
	return false
}

// wordStart reports whether a word of the shell begins here: only there "#" is a comment.
func (l *lexer) wordStart() bool {
	return l.pos == 0 || l.src[l.pos-1] <= ' ' || indexByte(";|&(){}`", l.src[l.pos-1])
}

// toLineEnd moves to the end of the line, or to where PHP's script ends on it.
func (l *lexer) toLineEnd() {
	n := bytes.IndexByte(l.src[l.pos:], '\n')
	if n < 0 {
		n = len(l.src) - l.pos
	}
	if l.syn.php {
		if m := bytes.Index(l.src[l.pos:l.pos+n], []byte("?>")); m >= 0 {
			n = m
		}
	}
	l.pos += n
}

func (l *lexer) blockComment() {
	if !l.syn.nested {
		n := bytes.Index(l.src[l.pos+2:], []byte("*/"))
		if n < 0 {
			l.jump(len(l.src))
			return
		}
		l.jump(l.pos + 2 + n + 2)
		return
	}
	depth := 0
	for i := l.pos; i < len(l.src); i++ {
		switch {
		case l.src[i] == '/' && l.at(i+1) == '*':
			depth++
			i++
		case l.src[i] == '*' && l.at(i+1) == '/':
			depth--
			i++
			if depth == 0 {
				l.jump(i + 1)
				return
			}
		}
	}
	l.jump(len(l.src))
}

// scan reads one token that begins with c and returns its kind.
func (l *lexer) scan(c byte, nl bool) uint8 {
	switch {
	case isLetter(c) || l.syn.ident != "" && indexByte(l.syn.ident, c):
		if l.rawString(c) {
			return tokString
		}
		for l.pos++; l.pos < len(l.src) && l.identByte(l.src[l.pos]); l.pos++ {
		}
		if l.syn.rawRust && c == 'r' && l.src[l.pos-1] == 'r' && l.at(l.pos) == '#' && isLetter(l.at(l.pos+1)) {
			for l.pos++; l.pos < len(l.src) && l.identByte(l.src[l.pos]); l.pos++ {
			}
		}
		return tokIdent
	case isDigit(c):
		for l.pos++; l.pos < len(l.src); l.pos++ {
			c = l.src[l.pos]
			if !isLetter(c) && !isDigit(c) &&
				(c != '.' || !isDigit(l.at(l.pos+1))) &&
				(c != '\'' || !l.syn.rawCpp || !isDigit(l.at(l.pos+1)) && !isLetter(l.at(l.pos+1))) {
				break
			}
		}
		return tokNumber
	case c == '"':
		return l.quoted(c, l.syn.double)
	case c == '\'':
		return l.quoted(c, l.syn.single)
	case c == '`':
		return l.quoted(c, l.syn.tick)
	case c == '\\' && l.syn.shell:
		l.pos += 2
		l.pos = min(l.pos, len(l.src))
		return '?'
	case c == '#' && l.syn.directives && nl:
		l.directive()
		return tokDirective
	case c == '/' && l.syn.regex && l.regexHere():
		if l.skipRegex() {
			return tokString
		}
	case (c == '@' || c == '$' || c == '#') && l.rawString(c):
		return tokString
	case c == '<' && l.syn.heredoc != "" && l.startHeredoc():
		return tokString
	case (c == '%' || c == '?' || c == ':') && l.syn.ruby && l.rubyLiteral(c):
		return tokString
	case c == '$' && l.syn.sql && l.dollarQuote():
		return tokString
	case c == '[' && l.syn.sql && isLetter(l.at(l.pos+1)):
		if n := bytes.IndexByte(l.src[l.pos:min(len(l.src), l.pos+MaxName)], ']'); n > 0 {
			l.pos += n + 1
			return tokIdent
		}
	}
	return l.punctuation(c)
}

func (l *lexer) punctuation(c byte) uint8 {
	d := l.at(l.pos + 1)
	l.pos++
	two := func(k uint8) uint8 { l.pos++; return k }
	switch {
	case c == ':' && d == ':':
		return two(tokScope)
	case c == '=' && d == '>':
		return two(tokFatArrow)
	case c == '-' && d == '>':
		return two(tokThinArrow)
	case d == '=' && (c == '=' || c == '!' || c == '<' || c == '>'):
		two(0)
		for l.at(l.pos) == '=' {
			l.pos++
		}
		if c == '<' && l.at(l.pos) == '>' {
			l.pos++
		}
		return tokCompare
	case c <= tokBraces: // control bytes never get here; this keeps kinds apart
		return '?'
	case c >= 0x80:
		return '?'
	}
	return c
}

// directive moves to the end of a preprocessor line: past escaped line ends and
// comments that cross them.
func (l *lexer) directive() {
	for i := l.pos; i < len(l.src); i++ {
		switch c := l.src[i]; {
		case c == '\n':
			l.jump(i)
			return
		case c == '\\' && i+1 < len(l.src):
			i++
			if l.src[i] == '\r' && l.at(i+1) == '\n' {
				i++
			}
		case c == '/' && l.at(i+1) == '/':
			n := bytes.IndexByte(l.src[i:], '\n')
			if n < 0 {
				n = len(l.src) - i
			}
			l.jump(i + n)
			return
		case c == '/' && l.at(i+1) == '*':
			n := bytes.Index(l.src[i+2:], []byte("*/"))
			if n < 0 {
				l.jump(len(l.src))
				return
			}
			i += n + 3
		case c == '"':
			for j := i + 1; j < len(l.src) && l.src[j] != '\n'; j++ {
				if l.src[j] == '\\' {
					j++
				} else if l.src[j] == '"' {
					i = j
					break
				}
			}
		}
	}
	l.jump(len(l.src))
}
