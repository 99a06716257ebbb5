package issues

import (
	"errors"
	"strings"
	"testing"

	forge "cleat/internal/issues"
)

// FuzzTellsOfOthers: wherever a project that is not allowed stands in a note, it is seen.
func FuzzTellsOfOthers(f *testing.F) {
	f.Add("mentioned in issue ", "")
	f.Add("gitlab.example.com/", " and more")
	f.Add("acme/app#1 acme/", "0")
	f.Fuzz(func(t *testing.T, before, after string) {
		k := &Tracker{host: "gitlab.example.com"}
		k.Keys = forge.Keys{Form: forge.Form{Nested: true}, Allowed: func(repo string) error {
			if strings.HasPrefix(repo, "acme/app") {
				return nil
			}
			return errors.New("not allowed")
		}}
		if strings.HasSuffix(before, "acme/app") || strings.Contains(before, "acme/app") && !strings.ContainsAny(before[strings.LastIndex(before, "acme/app"):], " ,(") {
			return // it is the beginning of a name that is allowed
		}
		if !k.tellsOfOthers(before+"evil/app#1"+after, "acme/app") {
			t.Errorf("it is not seen in %q", before+"evil/app#1"+after)
		}
		k.tellsOfOthers(after, "acme/app") // whatever it is
	})
}
