package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Probe opens the file and says what cleat's user could do to it, and whether others can
// write to it.
func (s *Source) Probe(ctx context.Context) ([]string, error) {
	var warnings []string
	err := s.with(ctx, "", func(c *conn, _ string) error {
		warnings = s.warnings(c.cat)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return append(s.findings(), warnings...), nil
}

// findings are what the rights on the file allow beyond reading it.
func (s *Source) findings() []string {
	info, err := os.Stat(s.path)
	if err != nil {
		return nil
	}
	var out []string
	if writable(s.path) {
		out = append(out, fmt.Sprintf("the user that cleat runs as can write to %s; cleat opens it read-only, and a file without that right is safer", filepath.Base(s.path)))
	}
	if shared(info) {
		out = append(out, fmt.Sprintf("every user of the machine can write to %s", filepath.Base(s.path)))
	}
	if dir, err := os.Stat(filepath.Dir(s.path)); err == nil && shared(dir) {
		out = append(out, fmt.Sprintf("every user of the machine can put files next to %s, such as a journal that SQLite trusts", filepath.Base(s.path)))
	}
	return out
}
