package tickets

import (
	"strings"
	"testing"

	"cleat/internal/fail"
)

func TestProjects(t *testing.T) {
	p := NewProjects([]string{"eng", "OPS*", "Q?"})
	for key, want := range map[string]bool{"ENG": true, "eng": true, "OPSX": true, "OPS": true, "QA": true, "Q": false, "QAA": false, "HR": false, "": false} {
		if p.Has(key) != want {
			t.Errorf("Has(%q) = %t", key, !want)
		}
		if err := p.Permit("team", key); (err == nil) != want {
			t.Errorf("Permit(%q): %v", key, err)
		}
	}
	err := p.Permit("team", "HR")
	if f := fail.From(err); f.Code != fail.Denied || !strings.Contains(fail.Show(err), "allowed are: ENG, OPS*, Q?") || !strings.Contains(fail.Show(err), "the key teams of") {
		t.Error(fail.Show(err))
	}
	if !NewProjects(nil).Has("ANY") {
		t.Error("none does not allow all")
	}
}
