package snapshot

import (
	"context"
	"errors"
	"path"
	"time"

	"cleat/internal/git"
	"cleat/internal/tree"
)

// ErrAbsent is what reading a file fails with whose content the repository does not have.
// Nothing is fetched.
var ErrAbsent = errors.New("the content is not in the repository")

// A content is what is in one file, during the call that visits it.
type content struct {
	file  *file
	asked bool // somebody has read it
	err   error

	have bool   // data is there, or is nil because the object is not
	data []byte // good until the visit ends

	ctx    context.Context // of the visit, to read it now
	reader *git.Reader
}

// Read implements tree.Content.
func (c *content) Read(buf []byte, limit int64) ([]byte, error) {
	c.asked = true
	switch {
	case c.file.size > limit:
		return nil, tree.ErrTooLarge
	case c.file.size < 0:
		return nil, ErrAbsent
	case c.have:
		return c.copy(buf, c.data)
	}
	var out []byte
	var err error
	c.err = c.reader.Blobs(c.ctx, []git.Hash{c.file.hash}, func(_ int, data []byte) error {
		out, err = c.copy(buf, data)
		return nil
	})
	if c.err != nil {
		return nil, c.err // of git, not of this file: the walk ends with it
	}
	return out, err
}

// copy puts a text into buf, whose owner may keep it.
func (c *content) copy(buf, data []byte) ([]byte, error) {
	switch {
	case data == nil:
		return nil, ErrAbsent
	case tree.IsBinary(data):
		return nil, tree.ErrBinary
	}
	return append(buf[:0], data...), nil
}

// Stat implements tree.Content. When a file was changed is not known: the time is zero.
func (c *content) Stat() (size int64, modified time.Time, err error) {
	return max(c.file.size, 0), time.Time{}, nil
}

// habits tell which files are worth asking for ahead: many walks look at names only, or
// read the files of one language. What became of the last file of the same ending decides;
// of what is not known nothing is read in vain.
type habits map[string]bool

const maxHabits = 1024

func ending(p string) string {
	if ext := path.Ext(p); ext != "" {
		return ext
	}
	return path.Base(p)
}

func (h habits) wants(p string) bool { return h[ending(p)] }

func (h *habits) note(p string, asked bool) {
	if *h == nil {
		*h = make(habits)
	}
	key := ending(p)
	if _, ok := (*h)[key]; ok || len(*h) < maxHabits {
		(*h)[key] = asked
	}
}
