package workspace

import (
	"bytes"
	"errors"
	"io"

	"cleat/internal/tree"
)

// Sizes of a masked file's blocks and of what is looked at around one, in bytes.
const (
	blockSize = 1 << 20
	around    = 64 << 10
)

// A masked is a large file that is redacted as it is read, in blocks that end at line
// ends, each seen within what surrounds it. It reads forward; Seek goes to the start only.
type masked struct {
	file   *tree.File
	name   string
	redact func(name string, before, part, after []byte) []byte

	at     int64  // of the file: where the next block begins
	before []byte // the end of the block that was read last
	rest   []byte // of the redacted block, not yet handed out
}

// Read implements io.Reader.
func (m *masked) Read(p []byte) (int, error) {
	for len(m.rest) == 0 {
		if err := m.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// next reads and redacts the following block.
func (m *masked) next() error {
	buf := make([]byte, blockSize+around)
	n, err := m.file.ReadAt(buf, m.at)
	if n == 0 {
		return err
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	buf = buf[:n]
	end := min(n, blockSize)
	if i := bytes.LastIndexByte(buf[:end], '\n'); i >= 0 && n > blockSize {
		end = i + 1
	}
	part := buf[:end]
	m.rest = m.redact(m.name, m.before, part, buf[end:])
	m.before = bytes.Clone(part[max(0, len(part)-around):])
	m.at += int64(end)
	return nil
}

// Seek implements io.Seeker for the start of the file alone.
func (m *masked) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.New("a masked file is read from its start")
	}
	m.at, m.before, m.rest = 0, nil, nil
	return 0, nil
}

// Close implements io.Closer.
func (m *masked) Close() error { return m.file.Close() }
