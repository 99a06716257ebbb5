package strict_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cleat/internal/strict"
)

func TestCheck(t *testing.T) {
	tests := []struct {
		name, in string
		kind     strict.Kind // 0: accepted
		offset   int
		key      string
	}{
		{"scalar", ` 12 `, 0, 0, ""},
		{"object", `{"a":1,"b":[true,false,null,"x",-0.5e+3]}`, 0, 0, ""},
		{"same key in siblings", `[{"a":1},{"a":2}]`, 0, 0, ""},
		{"same key in parent and child", `{"a":{"a":{"a":1}}}`, 0, 0, ""},
		{"keys in sequence", `{"a":{"b":1},"b":{"a":1},"c":1}`, 0, 0, ""},
		{"empty key", `{"":1}`, 0, 0, ""},
		{"lone surrogate", `"\ud800"`, 0, 0, ""},
		{"lone surrogate before a pair", `"\ud800\ud83d\ude00"`, 0, 0, ""},
		{"deep as allowed", `[[[1]]]`, 0, 0, ""},

		{"empty", ``, strict.Syntax, 0, ""},
		{"open object", `{`, strict.Syntax, 1, ""},
		{"two values", `{} {}`, strict.Syntax, 3, ""},
		{"trailing comma", `[1,]`, strict.Syntax, 3, ""},
		{"trailing comma in object", `{"a":1,}`, strict.Syntax, 7, ""},
		{"wrong bracket", `[1}`, strict.Syntax, 2, ""},
		{"leading zero", `01`, strict.Syntax, 1, ""},
		{"leading plus", `+1`, strict.Syntax, 0, ""},
		{"bare point", `1.`, strict.Syntax, 2, ""},
		{"bare exponent", `1e`, strict.Syntax, 2, ""},
		{"bare minus", `-`, strict.Syntax, 1, ""},
		{"NaN", `NaN`, strict.Syntax, 0, ""},
		{"half a word", `tru`, strict.Syntax, 3, ""},
		{"control character", "\"a\tb\"", strict.Syntax, 2, ""},
		{"NUL", "{}\x00", strict.Syntax, 2, ""},
		{"bad escape", `"\x"`, strict.Syntax, 2, ""},
		{"short escape", `"\u12"`, strict.Syntax, 2, ""},
		{"open string", `"abc`, strict.Syntax, 4, ""},
		{"open escape", `"abc\`, strict.Syntax, 5, ""},
		{"single quotes", `{'a':1}`, strict.Syntax, 1, ""},
		{"number as key", `{1:1}`, strict.Syntax, 1, ""},
		{"invalid UTF-8", "\"a\xffb\"", strict.Syntax, 2, ""},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", strict.Syntax, 1, ""},
		{"byte order mark", "\ufeff{}", strict.Syntax, 0, ""},

		{"too deep", `[[[[1]]]]`, strict.Depth, 3, ""},
		{"too deep in objects", `{"a":{"b":[{}]}}`, strict.Depth, 11, ""},
		{"too deep and not closed", `[[[[[[`, strict.Syntax, 6, ""},

		{"twice", `{"a":1,"b":2,"a":3}`, strict.Duplicate, 13, "a"},
		{"in two cases", `{"path":1,"Path":2}`, strict.Duplicate, 10, "Path"},
		{"escaped", `{"a":1,"\u0061":2}`, strict.Duplicate, 7, "a"},
		{"first one escaped", `{"\u0041":1,"a":2}`, strict.Duplicate, 12, "a"},
		{"solidus", `{"a/b":1,"a\/b":2}`, strict.Duplicate, 9, "a/b"},
		{"Kelvin sign", `{"k":1,"` + "\u212a" + `":2}`, strict.Duplicate, 7, "\u212a"},
		{"long s", `{"users":1,"u\u017fers":2}`, strict.Duplicate, 11, "u\u017fers"},
		{"Greek sigmas", `{"Σ":1,"ς":2}`, strict.Duplicate, 8, "ς"},
		{"astral pair", `{"𐐀":1,"\ud801\udc28":2}`, strict.Duplicate, 10, "𐐨"},
		{"lone surrogates", `{"\ud800":1,"\udfff":2}`, strict.Duplicate, 12, "\ufffd"},
		{"empty keys", `{"":1,"":2}`, strict.Duplicate, 6, ""},
		{"after a nested object", `{"a":{"b":{"c":1}},"A":1}`, strict.Duplicate, 19, "A"},
		{"deep inside", `[{"x":[{"a":1,"A":1}]}]`, strict.Depth, 7, ""},
		{"within the depth", `[{"x":{"a":1,"A":1}}]`, strict.Duplicate, 13, "A"},
		{"twice but not JSON", `{"a":1,"a":2`, strict.Syntax, 12, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := strict.Check([]byte(tt.in), 3)
			if tt.kind == 0 {
				if err != nil {
					t.Fatalf("Check(%q) = %v, want nil", tt.in, err)
				}
				return
			}
			var got *strict.Error
			if !errors.As(err, &got) {
				t.Fatalf("Check(%q) = %v, want an *Error", tt.in, err)
			}
			if got.Kind != tt.kind || got.Offset != tt.offset || got.Key != tt.key {
				t.Errorf("Check(%q) = %v at %d, key %q; want %v at %d, key %q",
					tt.in, got.Kind, got.Offset, got.Key, tt.kind, tt.offset, tt.key)
			}
		})
	}
}

// A repeated key is found whatever the size the table of keys has grown to, and keys of
// closed objects do not count.
func TestCheckManyKeys(t *testing.T) {
	var b strings.Builder
	b.WriteByte('{')
	for i := range 5000 {
		fmt.Fprintf(&b, `"k%d":{"k%d":{"k":1}},`, i, i)
	}
	if err := strict.Check([]byte(b.String()+`"z":1}`), 10); err != nil {
		t.Fatalf("distinct keys: %v", err)
	}
	for _, again := range []string{"K0", "k2500", `\u006b4999`} {
		err := strict.Check([]byte(b.String()+`"`+again+`":1}`), 10)
		var e *strict.Error
		if !errors.As(err, &e) || e.Kind != strict.Duplicate {
			t.Errorf("with %s again: %v, want a duplicate", again, err)
		}
	}
}

func TestErrorIsShort(t *testing.T) {
	key := strings.Repeat("k", 1<<20)
	err := strict.Check([]byte(`{"`+key+`":1,"`+key+`":2}`), 10)
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("message has %d bytes", len(fmt.Sprint(err)))
	}
}
