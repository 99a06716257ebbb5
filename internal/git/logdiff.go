package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
)

// logDiffs is Log where commits are selected by what they change. That is done by two
// plumbing commands, one that lists commits and one that compares each with its parent: git
// log does the same and is governed by many more settings of the repository.
func (r *Repo) logDiffs(ctx context.Context, o LogOptions, path string, n int) (commits []Commit, more bool, err error) {
	list, show := walk(o), append([]string{"diff-tree", "--stdin", "--root", "-r", "--encoding=UTF-8", "--no-notes",
		"--no-show-signature", commitFormat}, diffFlags()...)
	if o.Follow {
		// Which commits change the file depends on what it is called at that time.
		list = append(list, starts(o, "")...)
		show = append(show, "--follow", "--raw", "-z", "--no-abbrev")
	} else {
		list = append(list, starts(o, path)...)
		show = append(show, "--find-renames=50%", "--no-patch")
	}
	if o.Text != "" {
		show = append(show, "-S"+o.Text)
	}
	show = append(show, "--")
	if path != "" {
		show = append(show, path)
	}
	err = r.pipeObjects(ctx, func(out io.Reader) error {
		commits, more, err = readDiffs(out, o.Skip, n, o.Follow)
		if err == nil && more {
			return errEnough
		}
		return err
	}, o.Author == "" && (o.Follow || path == ""), list, show)
	if err != nil {
		return nil, false, err
	}
	return commits, more, nil
}

// readDiffs reads up to n commits after the first skip ones, and whether there is another
// one. With raw, each is followed by its changes, the first of which names the file.
func readDiffs(out io.Reader, skip, n int, raw bool) (commits []Commit, more bool, err error) {
	in := bufio.NewReaderSize(out, 64<<10)
	for size := 0; ; {
		c, err := readCommit(in)
		if errors.Is(err, io.EOF) {
			return commits, false, nil
		} else if err != nil {
			return nil, false, fmt.Errorf("reading the log: %w", err)
		}
		if raw {
			if c.Path, err = readPath(in); err != nil {
				return nil, false, fmt.Errorf("reading the log: %w", err)
			}
		}
		if skip > 0 {
			skip--
			continue
		}
		size += c.size()
		if len(commits) == n || size > maxLogSize && len(commits) > 0 {
			return commits, true, nil
		}
		commits = append(commits, c)
	}
}

// readPath reads the changes of one commit and returns the path of the first.
func readPath(in *bufio.Reader) (path string, err error) {
	for {
		head, err := in.Peek(1)
		switch {
		case errors.Is(err, io.EOF), err == nil && head[0] != ':':
			return path, nil
		case err != nil:
			return "", err
		}
		c, err := readChange(in)
		if err != nil {
			return "", unexpected(err)
		}
		if path == "" {
			path = c.Path
		}
	}
}
