package rest

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"cleat/internal/fail"
)

// MaxEvent is the most bytes that one event of a stream may have, and each of its lines.
const MaxEvent = 4 << 20

// An Event is one server-sent event.
type Event struct {
	Name string // "message" where the server gave none
	Data []byte // lines joined by line feeds; good until the next event
}

// Events reads server-sent events of r, which is what Client.Stream returned for the type
// text/event-stream, and calls each for every one of them, until it returns an error: that
// is returned, but for ErrStop. At the end of r it returns nil: whether the stream was
// whole is told by its last event. An event that the stream breaks off in is not
// delivered. It fails with fail.TooLarge for an event over MaxEvent.
func Events(r io.Reader, each func(Event) error) error {
	br := bufio.NewReaderSize(r, 64<<10)
	var name string
	var data, line []byte
	some, first, size := false, true, 0
	for {
		var err error
		line, err = eventLine(br, line[:0])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if first {
			line, first = bytes.TrimPrefix(line, []byte("\ufeff")), false
		}
		if len(line) == 0 {
			if some {
				if name == "" {
					name = "message"
				}
				err := each(Event{name, data})
				if errors.Is(err, ErrStop) {
					return nil
				}
				if err != nil {
					return err
				}
			}
			name, data, some, size = "", data[:0], false, 0
			continue
		}
		if size += len(line); size > MaxEvent {
			return tooLargeEvent()
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			name = string(value)
		case "data":
			if some {
				data = append(data, '\n')
			}
			data, some = append(data, value...), true
		}
	}
}

// ErrStop ends Events without an error.
var ErrStop = errors.New("rest: enough events")

func tooLargeEvent() error {
	return fail.Errorf(fail.TooLarge, "an event of the answer is larger than the limit").Then("ask for less at once")
}

// eventLine reads a line into buf, without its end, which is CR LF or LF (a CR alone, which
// the format has too, no server sends). A last line without an end is no line: io.EOF.
func eventLine(br *bufio.Reader, buf []byte) ([]byte, error) {
	for {
		part, err := br.ReadSlice('\n')
		if len(buf)+len(part) > MaxEvent {
			return nil, tooLargeEvent()
		}
		buf = append(buf, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(bytes.TrimSuffix(buf, []byte("\n")), []byte("\r")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}
