package tracker_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// Whatever the text is, it is looked for, or refused as invalid: nothing in it is syntax. A
// Latin text that a ticket has as its body, and that has a word, finds the ticket; of other
// scripts SQLite knows the letters of an older Unicode.
func FuzzText(f *testing.F) {
	for _, s := range []string{"zeppelin", `a" OR "b`, "NEAR(a b, 3)", "title:x*^", "-x", "é e\u0301", "日本語", "a\x00b", "'; --", "{x y}: z", "ſ ß Ⅷ ½ \u0958"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tr := open(t, filepath.Join(t.TempDir(), "state"), "me", clock())
		title := "x"
		w := tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title, Body: func(string) (string, error) { return text, nil }}}
		_, err := try(t, tr, w)
		kept := err == nil
		if !kept {
			if utf8.ValidString(text) && fail.From(err).Code != fail.Invalid {
				t.Fatal(err)
			}
			create(t, tr, title)
		}
		page, err := tr.Search(t.Context(), tickets.Query{Text: text})
		if err != nil {
			if text != "" && fail.From(err).Code != fail.Invalid {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		latin := !strings.ContainsFunc(text, func(r rune) bool { return r > 0x24F })
		if kept && latin && len(page.Tickets) != 1 {
			t.Errorf("%q is in a ticket, and is not found", text)
		}
	})
}
