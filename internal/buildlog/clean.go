package buildlog

import (
	"bytes"
	"unicode/utf8"
)

// Clean returns what a line of a log says to a reader: what a terminal shows of it in the
// end, after escape sequences, carriage returns and backspaces, without the time stamps and
// the markers that services put in front. Tabs are kept; no other control character is, and
// bytes that are not UTF-8 become U+FFFD. Clean text stays as it is.
//
// The result may share memory with raw.
func Clean(raw []byte) []byte {
	var c cleaner
	return c.clean(raw)
}

// A cleaner cleans lines. It is for one goroutine; what it returns is valid until its next
// call.
type cleaner struct {
	buf   []byte // of clean text
	front []byte // of a rewritten marker
	long  []byte // of a line with its length
	cells []rune // of a terminal's line
}

func (c *cleaner) clean(raw []byte) []byte {
	raw = bytes.TrimRight(raw, "\r\n")
	raw = afterStamps(raw)
	raw = afterSection(raw)
	if !isPlain(raw) {
		raw = c.screen(raw)
	}
	for {
		next := afterStamps(bytes.TrimPrefix(raw, []byte("\ufeff")))
		next, rewritten := c.marker(afterSection(next))
		if len(next) == len(raw) && !rewritten {
			return next
		}
		raw = next
	}
}

// isPlain reports whether a terminal shows b as it is.
func isPlain(b []byte) bool {
	high := false
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
		high = high || c >= utf8.RuneSelf
	}
	return !high || utf8.Valid(b) && c1(b, 0) < 0
}

// c1 returns where the first of the control characters U+0080 to U+009F is at or after
// from, or -1.
func c1(b []byte, from int) int {
	for from < len(b) {
		i := bytes.IndexByte(b[from:], 0xc2)
		if i < 0 {
			break
		}
		if from += i; from+1 < len(b) && b[from+1] >= 0x80 && b[from+1] < 0xa0 {
			return from
		}
		from++
	}
	return -1
}

// screen returns what a terminal shows of a line. As long as nothing moves the cursor, that
// is the text without the rest.
func (c *cleaner) screen(raw []byte) []byte {
	out := c.buf[:0]
	defer func() { c.buf = out }()
	for i := 0; i < len(raw); {
		b := raw[i]
		switch {
		case b >= ' ' && b < 0x7f || b == '\t':
			end := i + 1
			for end < len(raw) && raw[end] >= ' ' && raw[end] < 0x7f {
				end++
			}
			out = append(out, raw[i:end]...)
			i = end
		case b == '\r' || b == '\b':
			out = c.terminal(out[:0], raw)
			return out
		case b == 0x1b || b == 0xc2 && c1(raw[i:min(i+2, len(raw))], 0) == 0:
			n, op, _ := control(raw[i:])
			if op != 0 {
				out = c.terminal(out[:0], raw)
				return out
			}
			i += n
		case b < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(raw[i:])
			out = utf8.AppendRune(out, r)
			i += n
		}
	}
	return out
}

// maxEdit bounds the cells that the editing of one line may move.
const maxEdit = 64 * MaxLine

// terminal appends to out what a terminal of one endless line shows of raw.
func (c *cleaner) terminal(out, raw []byte) []byte {
	cells, at, work := c.cells[:0], 0, 0
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		switch {
		case r == '\r':
			at = 0
		case r == '\b':
			at = max(at-1, 0)
		case r == 0x1b || r >= 0x80 && r < 0xa0:
			var op byte
			var arg int
			n, op, arg = control(raw[i:])
			if op != 0 {
				work += len(cells)
			}
			if work < maxEdit {
				cells, at = edit(cells, at, op, arg)
			}
		case r < ' ' && r != '\t' || r == 0x7f:
		case at < len(cells):
			cells[at] = r
			at++
		default:
			if at > len(cells) {
				cells = append(cells, ' ') // however far away: columns are not worth their room
			}
			cells = append(cells, r)
			at = len(cells)
		}
		i += n
	}
	for _, r := range cells {
		out = utf8.AppendRune(out, r)
	}
	c.cells = cells
	return bytes.TrimRight(out, " ") // what was overwritten with nothing
}

// edit does what a control sequence does to a line with its cursor at the given cell.
func edit(cells []rune, at int, op byte, arg int) ([]rune, int) {
	const farthest = MaxLine
	here := min(at, len(cells))
	switch op {
	case 'C': // forward
		at = min(at+max(arg, 1), farthest)
	case 'D': // back
		at = max(at-max(arg, 1), 0)
	case 'G': // to a column
		at = min(max(arg, 1), farthest) - 1
	case 'E', 'F', 'H', 'f': // to another line, whose first column is this line's for us
		at = 0
	case 'P': // delete characters
		cells = append(cells[:here], cells[min(here+max(arg, 1), len(cells)):]...)
	case 'X': // erase characters
		blank(cells[here:min(here+max(arg, 1), len(cells))])
	case 'K', 'J':
		switch arg {
		case 0:
			cells = cells[:here]
		case 1:
			blank(cells[:min(here+1, len(cells))])
		default:
			blank(cells)
		}
	}
	return cells, at
}

func blank(cells []rune) {
	for i := range cells {
		cells[i] = ' '
	}
}
