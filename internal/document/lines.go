// Package document gives views of an open document: a range of lines, the lines that
// match, a part of a JSON, YAML or TOML payload, and an outline that says what there is
// without showing it.
//
// Lines and Grep read a document as a stream: what they cost is what they pass over, and
// they hold no more than what they return. Lines end at a line feed and nothing else, so
// that numbers agree with search; a carriage return before it is not shown. Every view
// stops when its context ends. Text is returned as it stands in the document: whoever
// shows it cleans it first.
package document

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"cleat/internal/fail"
)

// Limits of what a view returns.
const (
	MaxLines     = 10_000  // lines of one slice
	MaxLineBytes = 2_000   // bytes of a line of several; the rest is left out and counted
	MaxLoneBytes = 36_000  // bytes of a line that is asked for alone
	MaxSlice     = 1 << 20 // bytes of text in one slice
	lookAhead    = 1 << 20 // bytes that are read past a slice to learn how many lines follow
	bufferSize   = 64 << 10
)

// A Line is one line of a document, without its end.
type Line struct {
	Number int    // from 1
	Text   string // clipped lines have a mark that says how many bytes were left out
	Match  bool   // Grep: the line matches; false for context
	Left   int64  // bytes left out of Text
}

// A Slice is a range of lines.
type Slice struct {
	Lines []Line
	First int // number of the first line returned, 0 if there is none
	Last  int // number of the last line returned, 0 if there is none
	Total int // lines of the document, -1 if that is not known
	More  bool
	Notes []string // what was clamped or clipped, each a sentence without its end
}

// Lines returns the lines from to to, counted from 1, at most limit of them. A to of 0 is
// the end of the document; a limit of 0 or less, or above MaxLines, is MaxLines. It reads
// no further than it must, save for a little to learn the total. It fails with
// fail.Invalid if from is not positive, to comes before from, or the document ends before
// from; when ctx ends, with its cause.
func Lines(ctx context.Context, r io.Reader, from, to, limit int) (*Slice, error) {
	if from < 1 || to < 0 || to > 0 && to < from {
		return nil, fail.Errorf(fail.Invalid, "bad range of lines: %d to %d", from, to).Then(forms)
	}
	if limit <= 0 || limit > MaxLines {
		limit = MaxLines
	}
	width := MaxLineBytes
	if from == to {
		width = MaxLoneBytes
	}
	in := newReader(ctx, r)
	skipped, err := in.skip(from - 1)
	if err != nil {
		return nil, err
	}
	s := &Slice{Total: -1}
	number, size := skipped, 0
	clipped, firstClipped := 0, 0
	for number == from-1+len(s.Lines) && (to == 0 || number < to) {
		if len(s.Lines) == limit || size >= MaxSlice {
			s.More = true
			break
		}
		text, length, err := in.line(width)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		number++
		line := clipEnd(number, text, length)
		if line.Left > 0 {
			if clipped++; clipped == 1 {
				firstClipped = number
			}
		}
		size += len(line.Text)
		s.Lines = append(s.Lines, line)
	}
	rest, ended, err := in.count(lookAhead)
	if err != nil {
		return nil, err
	}
	s.More = rest > 0 || !ended
	if ended {
		s.Total = number + rest
	}
	if len(s.Lines) == 0 {
		if from == 1 {
			return s, nil // an empty document
		}
		if s.Total == 0 {
			return nil, fail.Errorf(fail.Invalid, "line %d is past the end: the document is empty", from)
		}
		return nil, fail.Errorf(fail.Invalid, "line %d is past the end: the document has %d lines", from, s.Total).
			Then("read part=%q", LineRange(max(1, s.Total-99), s.Total))
	}
	s.First, s.Last = from, number
	if to > number && !s.More {
		s.Notes = append(s.Notes, fmt.Sprintf("the document ends at line %d", number))
	}
	if clipped > 0 {
		more := "grep shows what surrounds a match"
		if width < MaxLoneBytes {
			more = fmt.Sprintf("part=%q alone shows up to %d bytes, ", "L"+strconv.Itoa(firstClipped), MaxLoneBytes) + more
		}
		s.Notes = append(s.Notes, clippedNote(clipped, width)+": "+more)
	}
	return s, nil
}

// clippedNote says that n lines are shown up to width bytes.
func clippedNote(n, width int) string {
	if n == 1 {
		return fmt.Sprintf("1 line is longer than %d bytes and was clipped", width)
	}
	return fmt.Sprintf("%d lines are longer than %d bytes and were clipped", n, width)
}

// clipEnd makes a line of text, which is the beginning of one of length bytes.
func clipEnd(number int, text []byte, length int64) Line {
	left := length - int64(len(text))
	if left == 0 {
		return Line{Number: number, Text: string(text)}
	}
	text = wholeRunes(text)
	left = length - int64(len(text))
	return Line{Number: number, Text: string(text) + "…(+" + strconv.FormatInt(left, 10) + " bytes)", Left: left}
}

// wholeRunes cuts an incomplete character off the end of text.
func wholeRunes(text []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if b := text[len(text)-i]; utf8.RuneStart(b) {
			if !utf8.FullRune(text[len(text)-i:]) {
				return text[:len(text)-i]
			}
			break
		}
	}
	return text
}

// A reader reads lines of any length in bounded memory.
type reader struct {
	*bufio.Reader
	first bool // the next line is the first of the document
}

func newReader(ctx context.Context, r io.Reader) *reader {
	return &reader{bufio.NewReaderSize(contextReader{ctx, r}, bufferSize), true}
}

// A contextReader stops reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("reading the document: %w", err)
	}
	return n, err
}

// line returns the first keep bytes of the next line without its end, and the length of
// that line without its end. The bytes are valid until the next call. At the end of the
// document the error is io.EOF.
func (r *reader) line(keep int) (text []byte, length int64, err error) {
	text, length, _, err = r.lineEnd(keep)
	return text, length, err
}

// lineEnd is line, and also returns how many bytes the line has with its end.
func (r *reader) lineEnd(keep int) (text []byte, length, size int64, err error) {
	var kept []byte
	var last byte // the byte before the line feed
	for {
		part, err := r.ReadSlice('\n')
		size += int64(len(part))
		ended := err == nil
		if ended {
			part = part[:len(part)-1]
		}
		if len(part) > 0 {
			last = part[len(part)-1]
		}
		length += int64(len(part))
		switch {
		case ended || err == io.EOF && size > 0:
			if kept == nil {
				kept = part[:min(len(part), keep+1)]
			} else {
				kept = append(kept, part[:min(len(part), keep+1-len(kept))]...)
			}
			if last == '\r' {
				length--
			}
			kept = kept[:min(int64(len(kept)), length, int64(keep))]
			if r.first {
				r.first = false
				if trimmed := bytes.TrimPrefix(kept, []byte("\ufeff")); len(trimmed) < len(kept) {
					length -= int64(len(kept) - len(trimmed))
					kept = trimmed
				}
			}
			return kept, length, size, nil
		case errors.Is(err, bufio.ErrBufferFull):
			if kept == nil {
				kept = make([]byte, 0, keep+1)
			}
			kept = append(kept, part[:min(len(part), keep+1-len(kept))]...)
		default:
			return nil, 0, 0, err
		}
	}
}

// skip passes over n lines and returns how many there were.
func (r *reader) skip(n int) (int, error) {
	done := 0
	partial := false // what was passed over last had no line feed
	for done < n {
		buf, err := r.window()
		if err == io.EOF {
			if partial {
				done++
			}
			return done, nil
		}
		if err != nil {
			return done, err
		}
		r.first = false
		if count := bytes.Count(buf, []byte{'\n'}); done+count < n {
			done += count
			partial = buf[len(buf)-1] != '\n'
			r.drop(len(buf))
			continue
		}
		i := 0
		for ; done < n; done++ {
			i += bytes.IndexByte(buf[i:], '\n') + 1
		}
		partial = false
		r.drop(i)
	}
	return done, nil
}

// count passes over at most limit bytes and returns how many lines there were and
// whether the document ended.
func (r *reader) count(limit int) (lines int, ended bool, err error) {
	partial := false
	for limit > 0 {
		buf, err := r.window()
		if err == io.EOF {
			if partial {
				lines++
			}
			return lines, true, nil
		}
		if err != nil {
			return 0, false, err
		}
		lines += bytes.Count(buf, []byte{'\n'})
		partial = buf[len(buf)-1] != '\n'
		limit -= len(buf)
		r.drop(len(buf))
	}
	if _, err := r.Peek(1); err == io.EOF {
		if partial {
			lines++
		}
		return lines, true, nil
	}
	return lines, false, nil
}

// window returns what is buffered, at least one byte, or the error that there is no more.
func (r *reader) window() ([]byte, error) {
	if r.Buffered() == 0 {
		if _, err := r.Peek(1); err != nil {
			return nil, err
		}
	}
	return r.Peek(r.Buffered())
}

// drop passes over n bytes of the window.
func (r *reader) drop(n int) {
	// They are buffered: there is nothing that could fail.
	_, _ = r.Discard(n)
}
