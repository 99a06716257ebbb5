package git

import (
	"context"
	"errors"
	"fmt"
	"io"

	"cleat/internal/proc"
)

// launch starts c, one of command's. What the git dir leads to is looked at again: it may
// have changed since Open.
func (r *Repo) launch(ctx context.Context, c proc.Cmd) (*proc.Process, error) {
	if err := r.checkParts(r.scope); err != nil {
		return nil, err
	}
	return r.group.Start(ctx, c)
}

// slot waits for the right to run git commands; the caller gives it back with release.
func (r *Repo) slot(ctx context.Context) (release func(), err error) {
	if err := r.ready(ctx); err != nil {
		return nil, err
	}
	select {
	case r.slots <- struct{}{}:
		return func() { <-r.slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// stream runs git with args and hands its output to read. When read returns an error,
// git is stopped; errEnough then stands for success.
func (r *Repo) stream(ctx context.Context, read func(io.Reader) error, args ...string) error {
	return r.streamOf(ctx, read, args[0], r.command(args...))
}

// streamObjects is stream for a command that runs in the shell, with a standard input,
// which must not block, or nil.
func (r *Repo) streamObjects(ctx context.Context, stdin io.Reader, read func(io.Reader) error, args ...string) error {
	c, err := r.inShell(args...)
	if err != nil {
		return err
	}
	c.Stdin = stdin
	return r.streamOf(ctx, read, args[0], c)
}

func (r *Repo) streamOf(ctx context.Context, read func(io.Reader) error, name string, c proc.Cmd) error {
	release, err := r.slot(ctx)
	if err != nil {
		return err
	}
	defer release()
	p, err := r.launch(ctx, c)
	if err != nil {
		return err
	}
	defer p.Close()
	readErr := read(p.Stdout)
	if err, over := judge(ctx, readErr); over {
		return err
	}
	res, err := p.Wait() // if the output ended too soon, git knows why
	if err != nil {
		return r.stopped(err)
	}
	if err := r.gitError(name, res); err != nil {
		return err
	}
	return readErr
}

// pipeObjects runs git with the arguments from, whose output is the input of git with the
// arguments to, both in the shell, and hands the output of that to read, as stream does.
// buffered lets the first write many lines at a time: that is faster, and slower where
// lines are rare.
func (r *Repo) pipeObjects(ctx context.Context, read func(io.Reader) error, buffered bool, from, to []string) error {
	fromCmd, err := r.inShell(from...)
	if err != nil {
		return err
	}
	if !buffered {
		fromCmd.Env = append(fromCmd.Env, "GIT_FLUSH=1")
	}
	toCmd, err := r.inShell(to...)
	if err != nil {
		return err
	}
	release, err := r.slot(ctx)
	if err != nil {
		return err
	}
	defer release()
	first, err := r.launch(ctx, fromCmd)
	if err != nil {
		return err
	}
	defer first.Close()
	toCmd.Stdin = first.Stdout // ends with first, which ends at the latest when we return
	second, err := r.launch(ctx, toCmd)
	if err != nil {
		return err
	}
	defer second.Close()
	readErr := read(second.Stdout)
	if err, over := judge(ctx, readErr); over {
		return err
	}
	res, err := second.Wait()
	if err != nil {
		return r.stopped(err)
	}
	if err := r.gitError(to[0], res); err != nil {
		return err // first may wait for ever to be read
	}
	if res, err = first.Wait(); err != nil {
		return r.stopped(err)
	}
	if err := r.gitError(from[0], res); err != nil {
		return err
	}
	return readErr
}

// run runs git with args, for which the caller has a slot, and returns how it ended, with
// the beginning of its output.
func (r *Repo) run(ctx context.Context, args ...string) (proc.Result, error) {
	p, err := r.launch(ctx, r.command(args...))
	if err != nil {
		return proc.Result{}, err
	}
	defer p.Close()
	out, readErr := io.ReadAll(io.LimitReader(p.Stdout, maxSmall))
	if len(out) == maxSmall {
		return proc.Result{}, fmt.Errorf("git %s: an answer of more than %d bytes", args[0], maxSmall-1)
	}
	res, err := p.Wait()
	if err != nil {
		return res, r.stopped(err)
	}
	res.Stdout = out
	return res, readErr
}

// judge says what a reader's error means, and whether that is the end of it.
func judge(ctx context.Context, readErr error) (err error, over bool) {
	switch {
	case errors.Is(readErr, errEnough):
		return nil, true
	case readErr == nil, errors.Is(readErr, io.ErrUnexpectedEOF):
		return nil, false
	case ctx.Err() != nil:
		return context.Cause(ctx), true
	}
	return readErr, true
}

// errEnough is returned by readers that have what they want before the end.
var errEnough = errors.New("enough")
