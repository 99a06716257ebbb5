package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"cleat/internal/fail"
	"cleat/internal/proc"
)

// An object is what git cat-file says about a name.
type object struct {
	Hash Hash
	Type string // commit, tree, blob or tag
	Size int64
	Data []byte
}

var (
	errMissing   = errors.New("no such object")
	errAmbiguous = errors.New("an ambiguous name")
	errTooLarge  = errors.New("too large") // with the object's hash, type and size
)

// A batch is a git cat-file --batch that is kept open. It is used by one call at a time,
// started when it is needed, stopped when it is idle, and replaced when it ends or when
// a call leaves it in the middle of an answer.
//
// Requests are lines, so names in them must have no line feeds. Names of files never
// occur in them: trees are read as objects (tree.go).
type batch struct {
	lock   lock // guards the fields below
	out    *bufio.Reader
	timer  *time.Timer
	idle   time.Duration
	cur    atomic.Pointer[proc.Process] // changed under lock, except that close kills it
	closed atomic.Bool
}

func (b *batch) init(idle time.Duration) {
	b.lock = newLock()
	b.idle = idle
	if b.idle <= 0 {
		b.idle = DefaultIdle
	}
}

// object reads the object that name stands for. One larger than limit bytes is not read:
// the error is errTooLarge. name is a revision that checkRev accepts, or is made from a
// hash.
func (r *Repo) object(ctx context.Context, name string, limit int64) (object, error) {
	if strings.ContainsAny(name, "\n\x00") {
		return object{}, fmt.Errorf("git: a request of several lines: %q", name)
	}
	if err := r.ready(ctx); err != nil {
		return object{}, err
	}
	b := &r.batch
	if err := b.lock.acquire(ctx); err != nil {
		return object{}, err
	}
	defer b.lock.release()
	for {
		kept := b.cur.Load() != nil
		if !kept {
			if err := b.start(ctx, r); err != nil {
				return object{}, err
			}
		}
		obj, err := b.ask(ctx, name, limit)
		switch {
		case err == nil, errors.Is(err, errMissing), errors.Is(err, errAmbiguous):
			b.timer.Reset(b.idle)
			return obj, err
		case errors.Is(err, errTooLarge):
			b.drop(0) // sooner than reading it all
			return obj, err
		}
		res := b.drop(time.Second)
		switch {
		case b.closed.Load():
			return object{}, fail.Errorf(fail.Unavailable, "the repository %s was closed", r.Name())
		case ctx.Err() != nil:
			return object{}, context.Cause(ctx)
		case kept:
			continue // it may have ended long ago; a new one decides
		}
		if err := r.gitError("cat-file", res); err != nil && res.Signal == "" {
			return object{}, err
		}
		return object{}, fail.Errorf(fail.Unavailable, "git cat-file on %s: %w", r.Name(), err)
	}
}

// start starts the program. It belongs to no call: drop, close or the group end it.
func (b *batch) start(ctx context.Context, r *Repo) error {
	c := r.command("cat-file", "--batch")
	c.PipeStdin = true
	c.MaxOutput = 1 << 20 // of complaints: lookups that fail may add a line each
	p, err := r.launch(context.WithoutCancel(ctx), c)
	if err != nil {
		return err
	}
	b.out = bufio.NewReaderSize(p.Stdout, 64<<10)
	b.cur.Store(p)
	if b.timer == nil {
		b.timer = time.AfterFunc(b.idle, b.expire)
	}
	if b.closed.Load() { // close may have come before it could see p
		b.drop(0)
		return fail.Errorf(fail.Unavailable, "the repository %s was closed", r.Name())
	}
	return nil
}

// drop ends the program, if there is one, and returns how it ended. One that is ending
// by itself is given the grace time, so that its own status and complaint are known.
func (b *batch) drop(grace time.Duration) proc.Result {
	p := b.cur.Swap(nil)
	if p == nil {
		return proc.Result{}
	}
	b.timer.Stop()
	b.out = nil
	p.Stdin.Close()
	if grace > 0 {
		defer time.AfterFunc(grace, p.Close).Stop()
	} else {
		p.Close()
	}
	res, _ := p.Wait() // what ended it is in res, or known to the caller
	return res
}

// expire ends the program when nobody has used it for the idle time.
func (b *batch) expire() {
	select {
	case b.lock <- struct{}{}:
		b.drop(0)
		b.lock.release()
	default: // in use: the timer is set again afterwards
	}
}

// close ends the program for good. A call that is using it fails.
func (b *batch) close() {
	b.closed.Store(true)
	if p := b.cur.Load(); p != nil {
		p.Close()
	}
	b.lock <- struct{}{}
	b.drop(0)
	b.lock.release()
}

// ask sends one request and reads the answer. After any error but the two that the
// program itself reports, the program is of no more use.
func (b *batch) ask(ctx context.Context, name string, limit int64) (object, error) {
	p := b.cur.Load()
	stop := context.AfterFunc(ctx, p.Close)
	defer stop()
	if _, err := io.WriteString(p.Stdin, name+"\n"); err != nil {
		return object{}, fmt.Errorf("asking: %w", err)
	}
	line, err := b.out.ReadSlice('\n')
	if err != nil {
		return object{}, fmt.Errorf("reading the answer: %w", unexpected(err))
	}
	header := string(line[:len(line)-1])
	if rest, ok := strings.CutPrefix(header, name+" "); ok && rest == "missing" {
		return object{}, errMissing
	} else if ok && rest == "ambiguous" {
		return object{}, errAmbiguous
	}
	fields := strings.Split(header, " ")
	if len(fields) != 3 || !Hash(fields[0]).Valid() {
		return object{}, fmt.Errorf("an answer that is none: %q", header)
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return object{}, fmt.Errorf("an object of size %q", fields[2])
	}
	obj := object{Hash: Hash(fields[0]), Type: fields[1], Size: size}
	if size > limit {
		return obj, errTooLarge
	}
	data := make([]byte, size+1)
	if _, err := io.ReadFull(b.out, data); err != nil {
		return object{}, fmt.Errorf("reading an object: %w", unexpected(err))
	}
	if data[size] != '\n' {
		return object{}, errors.New("an object longer than announced")
	}
	obj.Data = data[:size:size]
	return obj, nil
}

// unexpected is err, with the end of the program's output as an error like others.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
