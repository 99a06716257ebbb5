package tickets_test

import (
	"encoding/json"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// What is harmless alone may not be together with what stands around it: a sign before a
// name, two halves of a secret, a letter that JSON writes as an escape.
func TestJoined(t *testing.T) {
	m := &memory{tickets: []*tickets.Ticket{{Key: "#1", Title: "One", Body: "ask @ now\n\nCAN ends\n\nfixes # and @bob"}},
		traits: tickets.Traits{Host: "h.example", Mentions: true, Keywords: true}}
	s := service(t, m)
	for name, part := range map[string]tickets.Part{
		"mention": {Find: " now", Replace: "all now"}, "secret": {Find: " ends", Replace: "ARY ends"}, "keyword": {Find: "# and", Replace: "#12 and"},
	} {
		_, err := s.Do(t.Context(), tickets.Change{Write: tickets.Write{Op: tickets.Update, Key: "#1"}, Edit: &part})
		if err == nil || fail.From(err).Code != fail.Denied {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.Do(t.Context(), tickets.Change{Write: tickets.Write{Op: tickets.Update, Key: "#1",
		Changes: tickets.Changes{Custom: []tickets.Custom{{Name: "f", Value: json.RawMessage(`"\u0043ANARY"`)}}}}})
	wantError(t, err, fail.Denied, "looks like a secret")
	if m.sent != 0 {
		t.Errorf("%d writes were sent", m.sent)
	}
	// What had an effect before is no reason to refuse an edit elsewhere.
	if _, err := s.Do(t.Context(), tickets.Change{Write: tickets.Write{Op: tickets.Update, Key: "#1"}, Edit: &tickets.Part{Append: "more"}}); err != nil {
		t.Error(fail.Show(err))
	}
}
