package cursor_test

import (
	"slices"
	"strings"
	"testing"

	"cleat/internal/cursor"
	"cleat/internal/fail"
)

func TestCursor(t *testing.T) {
	sum := cursor.Sum("log", "main")
	c := cursor.Encode(sum, "abc", "", "7")
	if strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("the cursor %q has odd characters", c)
	}
	got, err := cursor.Decode(" "+c+"\n", sum, 3)
	if err != nil || !slices.Equal(got, []string{"abc", "", "7"}) {
		t.Errorf("%q, %v", got, err)
	}
	for name, bad := range map[string]struct {
		cursor string
		sum    uint64
		n      int
	}{
		"of another question":   {c, cursor.Sum("log", "dev"), 3},
		"of other fields":       {c, sum, 2},
		"cut":                   {c[:len(c)-3], sum, 3},
		"changed":               {"B" + c[1:], sum, 3},
		"empty":                 {"", sum, 3},
		"not of this alphabet":  {"!!!!", sum, 3},
		"longer than any other": {strings.Repeat("A", cursor.Max+1), sum, 3},
	} {
		if _, err := cursor.Decode(bad.cursor, bad.sum, bad.n); fail.From(err).Code != fail.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if cursor.Sum("a", "bc") == cursor.Sum("ab", "c") {
		t.Error("the fingerprint does not tell where a part ends")
	}
}

// FuzzDecode: what is decoded encodes to what decodes to the same.
func FuzzDecode(f *testing.F) {
	f.Add(cursor.Encode(1, "a", "b"))
	f.Add("Ag")
	f.Fuzz(func(t *testing.T, s string) {
		fields, err := cursor.Decode(s, 1, 2)
		if err != nil {
			return
		}
		again, err := cursor.Decode(cursor.Encode(1, fields...), 1, 2)
		if err != nil || !slices.Equal(fields, again) {
			t.Errorf("%q became %q, %v", fields, again, err)
		}
	})
}
