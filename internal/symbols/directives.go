package symbols

// directiveToken reads a preprocessor line: a macro, or a branch. Of the branches of an
// #if that opens or closes blocks, the first that closes more than it opened decides;
// after one that opened more than it closed, the next starts from where the #if was.
func (p *parser) directiveToken(t tok) {
	line := p.text(t)
	i := 1
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	from := i
	for i < len(line) && line[i] >= 'a' && line[i] <= 'z' {
		i++
	}
	switch string(line[from:i]) {
	case "define":
		p.macro(t, line, i)
	case "if", "ifdef", "ifndef":
		if len(p.branches) < maxDepth {
			p.branches = append(p.branches, branch{len(p.frames)})
		}
	case "else", "elif":
		n := len(p.branches)
		if n == 0 || p.skipping > 0 {
			return
		}
		switch depth := p.branches[n-1].depth; {
		case len(p.frames) < depth:
			p.skipping = n
		case len(p.frames) > depth:
			for len(p.frames) > depth {
				p.closeFrame(t.line)
			}
			p.reset()
		}
	case "endif":
		if n := len(p.branches); n > 0 {
			if p.skipping == n {
				p.skipping = 0
			}
			p.branches = p.branches[:n-1]
		}
	}
}

func (p *parser) macro(t tok, line []byte, i int) {
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	from := i
	for i < len(line) && (isLetter(line[i]) || isDigit(line[i])) {
		i++
	}
	if i == from || len(p.out) >= MaxSymbols || p.skipping > 0 {
		return
	}
	end := i
	if i < len(line) && line[i] == '(' {
		for end < len(line) && line[end] != ')' && line[end] != '\n' {
			end++
		}
		end = min(end+1, len(line))
	}
	p.out = append(p.out, Symbol{
		Name: clip(string(line[from:i]), MaxName), Kind: Macro, Line: int(t.line), EndLine: int(p.line),
		Signature: headline(line[:end], false),
	})
}
