package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cleat/internal/fail"
	"cleat/internal/proc"
)

const (
	// MaxReaders is how many Readers of one Repo have a program running at once; a call
	// of another one waits until one of them is closed.
	MaxReaders = 8

	maxKept = 4 << 20 // bytes of a buffer that a Reader keeps for the next blob
)

// A Reader reads many blobs, one after the other, through a git cat-file of its own. It
// is for one goroutine at a time, and has to be closed. The program starts with the first
// call of Blobs and lives until Close, or until the Repo or its group is closed.
type Reader struct {
	repo   *Repo
	out    *bufio.Reader
	buf    []byte
	cur    atomic.Pointer[proc.Process] // readers.close stops it at any time
	closed bool
}

// Reader returns a new Reader. It costs nothing until it is used.
func (r *Repo) Reader() *Reader { return &Reader{repo: r} }

// Blobs reads the blobs ids and calls fn with the index and the content of each, in
// order. data is good until fn returns. It is nil, and not only empty, for what cannot be
// had: an object that is not there, or is no blob, or has more than Options.MaxObject
// bytes. The callers know the sizes, from Files, and do not ask for what is too large:
// git reads it before it is thrown away.
//
// When fn returns an error, Blobs stops and returns it, except for ErrStop, which stands
// for success. Blobs fails with fail.Unavailable if git does, as it may on a damaged
// object, or if the Reader or its Repo is closed. After any error the Reader is still of
// use.
func (d *Reader) Blobs(ctx context.Context, ids []Hash, fn func(i int, data []byte) error) error {
	for _, id := range ids {
		if !id.Valid() {
			return fmt.Errorf("git: %q is not a hash", id)
		}
	}
	if d.closed {
		return errors.New("git: a closed Reader is asked for blobs")
	}
	if len(ids) == 0 {
		return nil
	}
	r := d.repo
	if err := r.ready(ctx); err != nil {
		return err
	}
	for {
		kept := d.cur.Load()
		if kept == nil {
			if err := d.start(ctx); err != nil {
				return err
			}
		}
		n, fnErr, err := d.read(ctx, ids, fn)
		switch {
		case err == nil && fnErr == nil:
			return nil
		case fnErr != nil:
			d.drop(0) // answers that nobody wants are on their way
			if errors.Is(fnErr, ErrStop) {
				return nil
			}
			return fnErr
		}
		res := d.drop(time.Second)
		switch {
		case r.closed.Load():
			return fail.Errorf(fail.Unavailable, "the repository %s was closed", r.Name())
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case kept != nil && n == 0:
			continue // it may have ended long ago; a new one decides
		}
		if err := r.gitError("cat-file", res); err != nil && res.Signal == "" {
			return err
		}
		return fail.Errorf(fail.Unavailable, "git cat-file on %s: %w", r.Name(), err)
	}
}

// Close ends the program, if there is one. It may be called more than once.
func (d *Reader) Close() error {
	d.closed = true
	d.drop(0)
	d.buf = nil
	return nil
}

func (d *Reader) start(ctx context.Context) error {
	r := d.repo
	select {
	case r.readers.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	c, err := r.inShell("cat-file", "--batch")
	if err != nil {
		<-r.readers.slots
		return err
	}
	c.PipeStdin = true
	c.MaxOutput = 1 << 20 // of complaints: lookups that fail may add a line each
	p, err := r.launch(context.WithoutCancel(ctx), c)
	if err != nil {
		<-r.readers.slots
		return err
	}
	if d.out == nil {
		d.out = bufio.NewReaderSize(nil, 64<<10)
	}
	d.out.Reset(p.Stdout)
	d.cur.Store(p)
	r.readers.add(d)
	if r.closed.Load() { // Repo.Close may have come before it could see d
		d.drop(0)
		return fail.Errorf(fail.Unavailable, "the repository %s was closed", r.Name())
	}
	return nil
}

// drop ends the program, if there is one, and returns how it ended. One that is ending
// by itself is given the grace time, so that its own status and complaint are known.
func (d *Reader) drop(grace time.Duration) proc.Result {
	p := d.cur.Swap(nil)
	if p == nil {
		return proc.Result{}
	}
	d.repo.readers.remove(d)
	defer func() { <-d.repo.readers.slots }()
	p.Stdin.Close()
	if grace > 0 {
		defer time.AfterFunc(grace, p.Close).Stop()
	} else {
		p.Close()
	}
	res, _ := p.Wait() // what ended it is in res, or known to the caller
	return res
}

// read asks for all ids and handles n answers. After any error the program is of no more
// use; fnErr is fn's own.
func (d *Reader) read(ctx context.Context, ids []Hash, fn func(int, []byte) error) (n int, fnErr, err error) {
	p := d.cur.Load()
	stop := context.AfterFunc(ctx, p.Close)
	defer stop()
	asked := make(chan error, 1)
	go func() { asked <- ask(p.Stdin, ids) }()
	done := false
	defer func() {
		switch {
		case err != nil: // it may be ending; then its status is of interest
			defer time.AfterFunc(time.Second, p.Close).Stop()
		case !done: // fn wants no more, or panics
			p.Close()
		}
		if askErr := <-asked; done {
			err = askErr
		}
	}()
	for i, id := range ids {
		data, err := d.answer(id)
		if err != nil {
			return i, nil, err
		}
		if err := fn(i, data); err != nil {
			return i, err, nil
		}
		if cap(d.buf) > maxKept {
			d.buf = nil
		}
	}
	done = true
	return len(ids), nil, nil
}

// ask writes the requests, in pieces that a pipe takes well.
func ask(to io.Writer, ids []Hash) error {
	w := bufio.NewWriterSize(to, 16<<10)
	for _, id := range ids {
		w.WriteString(string(id)) // an error shows in Flush
		w.WriteByte('\n')
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	return nil
}

// answer reads what the program says about id; nil means that there is no such blob.
func (d *Reader) answer(id Hash) ([]byte, error) {
	line, err := d.out.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("reading an answer: %w", unexpected(err))
	}
	header := string(line[:len(line)-1])
	rest, ok := strings.CutPrefix(header, string(id)+" ")
	kind, length, two := strings.Cut(rest, " ")
	switch {
	case ok && rest == "missing":
		return nil, nil
	case !ok || !two:
		return nil, fmt.Errorf("an answer that is none: %.200q", header)
	}
	size, err := strconv.ParseInt(length, 10, 64)
	if err != nil || size < 0 {
		return nil, fmt.Errorf("an object of size %.200q", length)
	}
	if kind != "blob" || size > d.repo.max {
		if _, err := io.CopyN(io.Discard, d.out, size+1); err != nil {
			return nil, fmt.Errorf("passing over an object: %w", unexpected(err))
		}
		return nil, nil
	}
	if int64(cap(d.buf)) <= size {
		d.buf = make([]byte, size+1+size/4)
	}
	data := d.buf[:size+1]
	if _, err := io.ReadFull(d.out, data); err != nil {
		return nil, fmt.Errorf("reading an object: %w", unexpected(err))
	}
	if data[size] != '\n' {
		return nil, errors.New("an object longer than announced")
	}
	return data[:size:size], nil
}

// readers are the Readers of a Repo that have a program.
type readers struct {
	slots chan struct{}
	mu    sync.Mutex // guards live
	live  map[*Reader]struct{}
}

func (s *readers) init() {
	s.slots = make(chan struct{}, MaxReaders)
	s.live = make(map[*Reader]struct{})
}

func (s *readers) add(d *Reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[d] = struct{}{}
}

func (s *readers) remove(d *Reader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.live, d)
}

// close ends all programs. The Readers notice at their next read.
func (s *readers) close() {
	s.mu.Lock()
	var procs []*proc.Process
	for d := range s.live {
		if p := d.cur.Load(); p != nil {
			procs = append(procs, p)
		}
	}
	s.mu.Unlock()
	for _, p := range procs {
		p.Close()
	}
}
