package buildlog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Tail returns the last n lines of a raw log, or fewer where they are more than MaxText.
// Of a log that can be read at any place (an open file, a File of a Cache, a bytes.Reader)
// only the end is read, and the lines before are counted, where the log does not know how
// many there are. Other logs are read to their end.
//
// It fails with the cause of the end of ctx, and with the errors of r.
func Tail(ctx context.Context, r io.Reader, n int) (*Part, error) {
	n = max(n, 0)
	log := asSized(r)
	if log == nil {
		return tailStream(ctx, r, n)
	}
	from, end, err := ending(log, n)
	if err != nil {
		return nil, err
	}
	if from < 0 { // lines without end
		return tailStream(ctx, io.NewSectionReader(log, 0, end), n)
	}
	var before int
	c, ok := r.(counted)
	if !ok {
		if before, err = newlines(ctx, log, from); err != nil {
			return nil, err
		}
	}
	p, err := tailStream(ctx, io.NewSectionReader(log, from, end-from), n)
	if err != nil {
		return nil, err
	}
	if ok {
		before = c.Lines() - p.Total
	}
	for i := range p.Lines {
		p.Lines[i].N += before
	}
	total := p.Total + before
	p = newPart(p.Lines)
	p.Total, p.TotalKnown = total, true
	return p, nil
}

// maxEnding is how much of a log's end is looked through for the last lines, in bytes.
const maxEnding = 2 * MaxText

// ending returns where the last n lines begin, and the size of the log. Where they are long
// it is where fewer begin, or -1 if that is nowhere.
func ending(log sized, n int) (from, end int64, err error) {
	end = log.Size()
	buf := make([]byte, min(64<<10, end))
	from = -1
	feeds := 0
	for at := end; at > 0 && end-at < maxEnding; {
		b := buf[:min(int64(len(buf)), at)]
		if err := readAt(log, b, at-int64(len(b))); err != nil {
			return 0, 0, err
		}
		stop := len(b)
		if at == end && b[stop-1] == '\n' {
			stop-- // of the last line
		}
		at -= int64(len(b))
		for feeds < n {
			if stop = lastNewline(b[:stop]); stop < 0 {
				break
			}
			feeds++
			from = at + int64(stop) + 1
		}
		if feeds == n {
			if n == 0 {
				from = end
			}
			return from, end, nil
		}
		if at == 0 {
			from = 0
		}
	}
	if end == 0 {
		from = 0
	}
	return from, end, nil
}

// readAt fills b.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF // it became shorter
	}
	return err
}

// newlines counts the line feeds of the first size bytes.
func newlines(ctx context.Context, log io.ReaderAt, size int64) (int, error) {
	n := min(int64(runtime.GOMAXPROCS(0)), workers)
	if size < 4*blockSize {
		n = 1
	}
	counts := make([]int, n)
	group, ctx := errgroup.WithContext(ctx)
	for i := range n {
		group.Go(func() error {
			buf := make([]byte, min(blockSize/4, size))
			for at, end := size*i/n, size*(i+1)/n; at < end; {
				if err := canceled(ctx); err != nil {
					return err
				}
				b := buf[:min(int64(len(buf)), end-at)]
				if err := readAt(log, b, at); err != nil {
					return err
				}
				counts[i] += bytes.Count(b, []byte("\n"))
				at += int64(len(b))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	total := 0
	for _, c := range counts {
		total += c
	}
	return total, nil
}

// A rawLine is a line that may be wanted.
type rawLine struct {
	data    []byte
	skipped int64
}

// tailStream is Tail of a log that is read from its beginning.
func tailStream(ctx context.Context, r io.Reader, n int) (*Part, error) {
	var kept []rawLine
	size, total := 0, 0
	buf := make([]byte, blockSize)
	for src := (blocks{r: r}); ; {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		b, err := src.next(buf)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		total += countLines(b.data)
		// From the last line of the block back to the first that is wanted.
		var last []rawLine
		bytesOf := 0
		for end := len(b.data); end > 0 && len(last) < n && bytesOf < MaxText; {
			stop := end
			if b.data[end-1] == '\n' {
				stop--
			}
			end = lineStart(b.data, stop)
			line, skipped := clip(b.data[end:stop], b.skipped)
			last = append(last, rawLine{bytes.Clone(line), skipped})
			bytesOf += len(line)
		}
		for i := len(last) - 1; i >= 0; i-- {
			kept = append(kept, last[i])
		}
		size += bytesOf
		drop := 0
		for ; drop < len(kept)-1 && (len(kept)-drop > n || size > MaxText); drop++ {
			size -= len(kept[drop].data)
			kept[drop].data = nil
		}
		kept = kept[drop:]
	}
	if n == 0 {
		kept = nil
	}
	lines := make([]Line, 0, len(kept))
	var c cleaner
	for i, l := range kept {
		lines = append(lines, Line{N: total - len(kept) + i + 1, Text: string(c.show(l.data, l.skipped))})
	}
	p := newPart(lines)
	p.Total, p.TotalKnown = total, true
	return p, nil
}

// Range returns the lines from the first to the last number of a raw log, both included,
// or fewer where they are more than MaxText, or the log ends before. Numbers below 1 are 1.
// It reads no further than it has to, so the total is known only where the log knows it or
// ended before.
//
// It fails with the cause of the end of ctx, and with the errors of r.
func Range(ctx context.Context, r io.Reader, from, to int) (*Part, error) {
	from = max(from, 1)
	c, known := r.(counted)
	if log := asSized(r); log != nil {
		r = io.NewSectionReader(log, 0, log.Size())
	}
	var lines []Line
	n, size, more := 0, 0, from <= to // n lines are behind
	var clean cleaner
	buf := make([]byte, blockSize)
	for src := (blocks{r: r}); more; {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		b, err := src.next(buf)
		if errors.Is(err, io.EOF) {
			p := newPart(lines)
			p.Total, p.TotalKnown = n, true
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		if in := countLines(b.data); n+in < from {
			n += in
			continue
		}
		rest := afterLines(b.data, from-1-n)
		n = max(n, from-1)
		for len(rest) > 0 && more {
			line, after, _ := bytes.Cut(rest, []byte("\n"))
			rest = after
			n++
			l := Line{N: n, Text: string(clean.show(line, b.skipped))}
			if size += len(l.Text); size > MaxText && len(lines) > 0 {
				more = false
				break
			}
			lines = append(lines, l)
			more = n < to
		}
	}
	p := newPart(lines)
	if known {
		p.Total, p.TotalKnown = c.Lines(), true
	}
	return p, nil
}

// afterLines returns what follows the first n lines of data.
func afterLines(data []byte, n int) []byte {
	for range n {
		i := firstNewline(data)
		if i < 0 {
			return nil
		}
		data = data[i+1:]
	}
	return data
}
