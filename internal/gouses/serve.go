package gouses

import (
	"context"
	"io"
	"time"
)

// Serve is the worker's side of Query.Worker: it reads one request, to the end of in,
// checks what is in it, and writes the report to out. It may take all memory, and the
// process may die of it: the caller sets limits for the process before.
//
// It fails for a request that is damaged, and for a report of more than 32 MB.
func Serve(in io.Reader, out io.Writer) error {
	began := time.Now()
	t, err := readRequest(in)
	if err != nil {
		return err
	}
	n, err := parseName(t.name)
	if err != nil {
		return errRequest
	}
	ctx, cancel := context.WithDeadline(context.Background(), began.Add(t.work))
	defer cancel()
	b, err := inspect(ctx, n, &t.input, t.rest).write()
	if err != nil {
		return err
	}
	_, err = out.Write(b)
	return err
}
