package buildlog

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// A Reader reads a log line by line. It is for one goroutine.
type Reader struct {
	src     blocks
	buf     []byte
	data    []byte // of the block, what was not returned yet
	skipped int64
	n       int
	c       cleaner
	err     error
}

// NewReader returns a Reader of the raw log r.
func NewReader(r io.Reader) *Reader {
	return &Reader{src: blocks{r: r}, buf: make([]byte, blockSize)}
}

// Next returns the number and the clean text of the next line, or io.EOF after the last.
// Each line is returned, also those with nothing to show. The text is valid until the next
// call; it is somewhat longer than MaxLine at most. Errors are those of the log, and
// stay.
func (r *Reader) Next() (n int, text []byte, err error) {
	if r.err != nil {
		return 0, nil, r.err
	}
	if len(r.data) == 0 {
		b, err := r.src.next(r.buf)
		if err != nil {
			r.err = err
			return 0, nil, err
		}
		r.data, r.skipped = b.data, b.skipped
	}
	line, rest, _ := bytes.Cut(r.data, []byte("\n"))
	r.data = rest
	r.n++
	return r.n, r.c.show(line, r.skipped), nil
}

func firstNewline(b []byte) int { return bytes.IndexByte(b, '\n') }

func lastNewline(b []byte) int { return bytes.LastIndexByte(b, '\n') }

// countLines returns how many lines a block has.
func countLines(data []byte) int {
	n := bytes.Count(data, []byte("\n"))
	if len(data) > 0 && data[len(data)-1] != '\n' {
		n++
	}
	return n
}

// lineEnd returns where the line that begins at or before from ends, before its line feed.
func lineEnd(data []byte, from int) int {
	if i := firstNewline(data[from:]); i >= 0 {
		return from + i
	}
	return len(data)
}

// lineStart returns where the line that holds place at begins.
func lineStart(data []byte, at int) int { return lastNewline(data[:at]) + 1 }

// wholeRunes cuts off the last character of b where only its beginning is there.
func wholeRunes(b []byte) []byte {
	for i := 1; i <= min(utf8.UTFMax, len(b)); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}
