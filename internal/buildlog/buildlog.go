// Package buildlog reads the logs of builds: it makes their lines readable, finds, counts and
// folds them, and keeps logs on disk that were fetched from elsewhere.
//
// A line is what stands between line feeds, and has its number in the raw log, from 1. What
// is shown and searched is its clean text (see Clean). Logs are streamed: no more of one is
// held in memory than a few blocks and what is returned.
package buildlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Limits.
const (
	MaxLine = 64 << 10 // bytes of a raw line that are read; the rest is skipped, and counted
	MaxText = 4 << 20  // bytes of text in one answer of Search, Tail and Range, about
)

// blockSize is how much of a log is looked at in one piece, in bytes: several passes go over
// it while it is in the cache of the processor.
const blockSize = 256 << 10

// A Line is one line of a log, or several that are alike.
type Line struct {
	N      int    `json:"n"`                // its number in the raw log, from 1
	Text   string `json:"text"`             // clean; ends in "…(+N bytes)" where the line is longer than MaxLine
	Repeat int    `json:"repeat,omitempty"` // how many lines after it were folded into it
	Hit    bool   `json:"hit,omitempty"`    // it was searched for; others are context
}

// A Part is some successive lines of a log.
type Part struct {
	Lines      []Line
	From, To   int  // numbers of the first and the last line; 0 if there are none
	Total      int  // lines of the log
	TotalKnown bool // whether Total is known
}

func newPart(lines []Line) *Part {
	p := &Part{Lines: lines}
	if len(lines) > 0 {
		p.From, p.To = lines[0].N, lines[len(lines)-1].N
	}
	return p
}

// A sized log can be read at any place. The Files of a Cache are such logs, and so are
// bytes.Reader and strings.Reader.
type sized interface {
	io.ReaderAt
	Size() int64
}

// A counted log knows how many lines it has.
type counted interface{ Lines() int }

// osFile makes a sized log of an open file.
type osFile struct {
	*os.File
	size int64
}

func (f osFile) Size() int64 { return f.size }

// asSized returns r as a sized log, or nil.
func asSized(r io.Reader) sized {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return osFile{f, info.Size()}
		}
		return nil
	}
	s, _ := r.(sized)
	return s
}

// A block is a piece of a log: whole lines, with their line feeds. Only the last line of a
// log may lack one.
type block struct {
	data    []byte
	skipped int64 // bytes of the only line of data that are left out before its line feed
}

// blocks cuts a log into blocks.
type blocks struct {
	r    io.Reader
	rest []byte // of the buffer before: the beginning of a line; in a buffer of its own
	end  bool
}

// next reads the next block into buf, which is longer than MaxLine, and returns io.EOF at
// the end.
func (b *blocks) next(buf []byte) (block, error) {
	have := copy(buf, b.rest)
	b.rest = b.rest[:0]
	if !b.end {
		n, err := io.ReadFull(b.r, buf[have:])
		have += n
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			b.end = true
		} else if err != nil {
			return block{}, err
		}
	}
	data := buf[:have]
	if b.end {
		if have == 0 {
			return block{}, io.EOF
		}
		return block{data: data}, nil
	}
	last := lastNewline(data)
	if last < 0 {
		return b.giant(data)
	}
	b.rest = append(b.rest, data[last+1:]...)
	return block{data: data[:last+1]}, nil
}

// giant reads over the rest of a line of which data is the beginning.
func (b *blocks) giant(data []byte) (block, error) {
	out := block{data: data[:MaxLine:MaxLine], skipped: int64(len(data) - MaxLine)}
	over := make([]byte, MaxLine)
	for {
		n, err := b.r.Read(over)
		if i := firstNewline(over[:n]); i >= 0 {
			out.skipped += int64(i)
			b.rest = append(b.rest, over[i+1:n]...)
			out.data = append(out.data, '\n')
			n, err = 0, ignoreEnd(err) // the end comes again
			if err != nil {
				return block{}, err
			}
			return out, nil
		}
		out.skipped += int64(n)
		if errors.Is(err, io.EOF) {
			b.end = true
			return out, nil
		}
		if err != nil {
			return block{}, err
		}
	}
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// clip returns as much of a raw line as is read, and how many bytes are left out.
func clip(line []byte, skipped int64) ([]byte, int64) {
	if len(line) <= MaxLine {
		if skipped == 0 {
			return line, 0
		}
	} else {
		skipped += int64(len(line) - MaxLine)
		line = line[:MaxLine]
	}
	whole := wholeRunes(line)
	return whole, skipped + int64(len(line)-len(whole))
}

// show returns the clean text of a raw line without its line feed. It is valid until the
// next call.
func (c *cleaner) show(line []byte, skipped int64) []byte {
	line, skipped = clip(line, skipped)
	text := c.clean(line)
	if skipped > 0 {
		c.long = fmt.Appendf(append(c.long[:0], text...), "…(+%d bytes)", skipped)
		return c.long
	}
	return text
}

// canceled returns the reason why ctx has ended, or nil.
func canceled(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
