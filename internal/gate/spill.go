package gate

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
)

// spillScheme is the scheme of spilled answers.
const spillScheme = "spill"

// Limits of what is spilled.
const (
	spillLife  = 24 * time.Hour
	spillTotal = 256 << 20 // bytes, of all spills of a repository
)

// Spills keeps answers that were too long, redacted, in the state folder of the
// repository. They survive the process, so that an address stays good after a crash;
// after a day they are gone. It implements documents.Library and is safe for
// concurrent use, also by several processes.
type Spills struct {
	State func() (*os.Root, error)
	Now   func() time.Time

	mu sync.Mutex // one sweep at a time
}

// A spillHead is the first line of a spill file.
type spillHead struct {
	Source  string    `json:"source"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
}

// Put stores s, which came from source through the capability called name, and returns
// its id.
func (s *Spills) Put(source, name, body string) (string, error) {
	root, err := s.State()
	if err != nil {
		return "", err
	}
	if err := root.Mkdir("spill", 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", noState(err)
	}
	if err := s.sweep(root, int64(len(body))); err != nil {
		return "", err
	}
	head, err := json.Marshal(spillHead{source, name, s.Now().UTC()})
	if err != nil {
		return "", fmt.Errorf("encoding a spill's head: %w", err)
	}
	id := rand.Text()
	f, err := root.OpenFile("spill/"+id, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", noState(err)
	}
	_, err = io.WriteString(f, string(head)+"\n"+body)
	if err = errors.Join(err, f.Close()); err != nil {
		// What is half written would be shown as if it were whole.
		return "", noState(errors.Join(err, root.Remove("spill/"+id)))
	}
	return id, nil
}

func noState(err error) error {
	return fail.Errorf(fail.Unavailable, "the state folder cannot be written: %w", err).
		Then("free space or mend the folder that `cleat doctor` names")
}

// sweep removes spills that are too old, and the oldest where more than spillTotal
// would be kept.
func (s *Spills) sweep(root *os.Root, more int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir, err := root.Open("spill")
	if err != nil {
		return noState(err)
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return noState(err)
	}
	var total int64 = more
	var oldest []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // another process has just swept it
		}
		oldest = append(oldest, info)
		total += info.Size()
	}
	// Few enough that the simplest order will do.
	for len(oldest) > 0 {
		k := 0
		for i, f := range oldest {
			if f.ModTime().Before(oldest[k].ModTime()) {
				k = i
			}
		}
		f := oldest[k]
		if s.Now().Sub(f.ModTime()) < spillLife && total <= spillTotal {
			break
		}
		if err := root.Remove("spill/" + f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return noState(err)
		}
		total -= f.Size()
		oldest = append(oldest[:k], oldest[k+1:]...)
	}
	return nil
}

// Schemes implements documents.Library.
func (s *Spills) Schemes() []string { return []string{spillScheme} }

// Open implements documents.Library.
func (s *Spills) Open(_ context.Context, u uri.URI) (*documents.Document, error) {
	head, body, err := s.read(u.Path)
	if err != nil {
		return nil, err
	}
	return &documents.Document{URI: "spill://" + u.Path, Name: "spill-" + head.Name, MIMEType: "text/plain",
		Source: head.Source, Size: int64(len(body)), Modified: head.Created, Body: readCloser{bytes.NewReader(body)}}, nil
}

// Origin returns the name of the source that the spill called id came from, or "".
func (s *Spills) Origin(id string) string {
	head, _, err := s.read(id)
	if err != nil {
		return ""
	}
	return head.Source
}

func (s *Spills) read(id string) (spillHead, []byte, error) {
	gone := fail.Errorf(fail.NotFound, "there is no spilled answer %q", clip(id)).
		Because("spilled answers are kept for %s", spillLife).Then("make the call again that it came from")
	if id == "" || len(id) > 64 || id != path.Base(id) || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return spillHead{}, nil, gone
	}
	root, err := s.State()
	if err != nil {
		return spillHead{}, nil, err
	}
	data, err := root.ReadFile("spill/" + id)
	if errors.Is(err, fs.ErrNotExist) {
		return spillHead{}, nil, gone
	}
	if err != nil {
		return spillHead{}, nil, fail.Errorf(fail.Unavailable, "the spilled answer %s cannot be read: %w", id, err)
	}
	first, body, _ := bytes.Cut(data, []byte("\n"))
	var head spillHead
	if err := json.Unmarshal(first, &head); err != nil || s.Now().Sub(head.Created) >= spillLife {
		return spillHead{}, nil, gone
	}
	return head, body, nil
}

// readCloser gives a reader over memory the Close that a document has.
type readCloser struct{ io.ReadSeeker }

func (readCloser) Close() error { return nil }
