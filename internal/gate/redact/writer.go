package redact

import (
	"bytes"
	"io"
	"sync"
)

// maxPending is how long a line may be before a Writer passes on what it has of it.
const maxPending = 1 << 20

// A Writer masks the secrets in what is written to it, line by line, and passes it on.
// It is safe for concurrent use; make it with Redactor.Writer.
type Writer struct {
	r *Redactor
	w io.Writer

	mu      sync.Mutex
	pending []byte // an incomplete line
	open    []byte // what was passed on of a private key that has not ended yet
}

// Writer returns a Writer that passes on to w. Complete lines are passed on at
// once, an incomplete one when it ends, is longer than 1 MB, or on Flush.
func (r *Redactor) Writer(w io.Writer) *Writer { return &Writer{r: r, w: w} }

// Write takes all of p. Its error is that of the underlying writer, whose share
// of the lines is then lost.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, p...)
	end := bytes.LastIndexByte(w.pending, '\n') + 1
	if end == 0 && len(w.pending) > maxPending {
		end = len(w.pending)
	}
	if err := w.pass(end); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush passes on an incomplete line.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pass(len(w.pending))
}

// pass passes on the first n bytes that are pending.
func (w *Writer) pass(n int) error {
	if n == 0 {
		return nil
	}
	lines := w.pending[:n]
	out := w.r.Part("", w.open, lines, nil)
	_, err := w.w.Write(out)

	w.open = append(w.open, lines...)
	begin := bytes.LastIndex(w.open, []byte("-----BEGIN "))
	if begin < 0 || len(w.open)-begin > lookBehind || bytes.Contains(w.open[begin:], []byte("-----END ")) {
		begin = len(w.open)
	}
	w.open = append(w.open[:0], w.open[begin:]...)
	w.pending = append(w.pending[:0], w.pending[n:]...)
	return err
}
