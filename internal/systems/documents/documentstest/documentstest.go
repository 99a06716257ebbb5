// Package documentstest is what every documents.Library has to pass.
package documentstest

import (
	"io"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
)

// A Case is an address and what is to be found there: its text, or the code of the
// failure.
type Case struct {
	Address string
	Text    string
	Fails   fail.Code
}

// Run opens the addresses of the cases, twice each, and checks what every library keeps:
// bodies can be read again from the start, addresses in documents open the same document,
// and what is listed and found can be opened.
func Run(t *testing.T, lib documents.Library, cases []Case) {
	for _, c := range cases {
		u, err := uri.Parse(c.Address)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			doc, err := lib.Open(t.Context(), u)
			if c.Fails != "" {
				if err == nil || fail.From(err).Code != c.Fails {
					t.Errorf("%s: %v, want %s", c.Address, err, c.Fails)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", c.Address, err)
				continue
			}
			check(t, lib, doc, c)
		}
	}
	if l, ok := lib.(documents.Lister); ok {
		items, err := l.Recent(t.Context(), 5)
		if err != nil || len(items) > 5 {
			t.Errorf("recent: %d items, %v", len(items), err)
		}
		openable(t, lib, items, "")
	}
	if f, ok := lib.(documents.Finder); ok {
		items, err := f.Find(t.Context(), "a", 3)
		if err != nil || len(items) > 3 {
			t.Errorf("find: %d items, %v", len(items), err)
		}
		// What is found by name may be no text, and then says so.
		openable(t, lib, items, fail.Unsupported)
	}
}

func check(t *testing.T, lib documents.Library, doc *documents.Document, c Case) {
	t.Helper()
	for range 2 {
		data, err := io.ReadAll(doc.Body)
		if err != nil || string(data) != c.Text {
			t.Errorf("%s: %q, %v, want %q", c.Address, data, err, c.Text)
		}
		if _, err := doc.Body.Seek(0, io.SeekStart); err != nil {
			t.Errorf("%s: back to the start: %v", c.Address, err)
		}
	}
	if err := doc.Body.Close(); err != nil {
		t.Errorf("%s: closing: %v", c.Address, err)
	}
	if doc.MIMEType == "" || doc.Name == "" || strings.Contains(doc.URI, "#") {
		t.Errorf("%s: %+v", c.Address, doc)
	}
	openable(t, lib, []documents.Item{{URI: doc.URI}}, "")
}

func openable(t *testing.T, lib documents.Library, items []documents.Item, may fail.Code) {
	t.Helper()
	for _, it := range items {
		u, err := uri.Parse(it.URI)
		if err != nil {
			t.Errorf("%s: %v", it.URI, err)
			continue
		}
		doc, err := lib.Open(t.Context(), u)
		if err != nil && may != "" && fail.From(err).Code == may {
			continue
		}
		if err != nil {
			t.Errorf("%s was given, and cannot be opened: %v", it.URI, err)
			continue
		}
		if err := doc.Body.Close(); err != nil {
			t.Errorf("%s: closing: %v", it.URI, err)
		}
	}
}
