package buildlog

import "bytes"

// control reads the escape sequence or the C1 control character that b begins with. It
// returns the length, and, for a sequence that moves the cursor or erases, its letter and
// first number. What is not a whole sequence ends where it is broken.
func control(b []byte) (n int, op byte, arg int) {
	kind, n := byte(0), 2
	switch {
	case b[0] == 0xc2: // U+0080 to U+009F, each as good as ESC and a letter
		kind = b[1] - 0x40
	case len(b) > 1:
		kind = b[1]
	default:
		return 1, 0, 0
	}
	switch {
	case kind == '[':
		return sequence(b, n)
	case kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_':
		return message(b, n), 0, 0
	case b[0] == 0xc2:
		return n, 0, 0
	}
	n = 1
	for n < len(b) && b[n] >= ' ' && b[n] <= '/' { // ESC ( B and its like
		n++
	}
	if n < len(b) && b[n] >= '0' && b[n] <= '~' {
		n++
	}
	return n, 0, 0
}

// sequence reads a control sequence, CSI, from its parameters on.
func sequence(b []byte, n int) (end int, op byte, arg int) {
	const most = 1 << 20
	first, private := true, false
	for ; n < len(b) && b[n] >= '0' && b[n] <= '?'; n++ {
		switch c := b[n]; {
		case c > ';':
			private = true
		case c > '9':
			first = false
		case first:
			arg = min(10*arg+int(c-'0'), most)
		}
	}
	plain := n
	for n < len(b) && b[n] >= ' ' && b[n] <= '/' {
		n++
	}
	if n == len(b) || b[n] < '@' || b[n] > '~' {
		return n, 0, 0
	}
	op = b[n]
	n++
	switch {
	case op == 'm' && arg == 8 && bytes.HasPrefix(b[n:], []byte("ha:")):
		// A note of Jenkins: hidden, in base 64, up to the next sequence.
		if i := bytes.Index(b[n:], []byte("\x1b[0m")); i >= 0 {
			n += i
		}
		return n, 0, 0
	case private || plain != n-1 || bytes.IndexByte([]byte("CDEFGHfJKPX"), op) < 0:
		return n, 0, 0
	}
	return n, op, arg
}

// message reads a message to the terminal, such as a title or the target of a link, up to
// its end: BEL, ST, or what begins another sequence. One without an end is not taken for a
// message, so that nothing is hidden by it.
func message(b []byte, n int) int {
	for i := n; i < len(b); i++ {
		switch c := b[i]; {
		case c == 0x07:
			return i + 1
		case c == 0x1b:
			if i+1 < len(b) && b[i+1] == '\\' {
				return i + 2
			}
			return i
		case c == 0xc2 && c1(b[i:min(i+2, len(b))], 0) == 0:
			if b[i+1] == 0x9c {
				return i + 2
			}
			return i
		}
	}
	return n
}
