package strict_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"cleat/internal/strict"
)

// Check never panics, calls invalid exactly what json.Valid or UTF-8 call invalid, and
// calls ambiguous exactly the objects in which two keys are equal for encoding/json.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"A":2}`, `{"\u0061":1,"a":2}`, `[[[]]]`, `{"k":{"k":[{"K":1,"k":2}]}}`,
		`"\ud800\udc00\ud800"`, `{"\ud800":0,"\ud801":0}`, `-0.0e-1`, "\"\xff\"", `{"ſ":1,"s":2}`,
		`{"a":{"b":1},"b":{"a":1}}`, `{"":0,"":0}`, `nul`, ` `, `[1,2`, `{"a":1}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const depth = 50
		err := strict.Check(data, depth)
		var e *strict.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("error of type %T", err)
		}
		if valid := utf8.Valid(data) && json.Valid(data); (e == nil || e.Kind != strict.Syntax) != valid {
			t.Fatalf("Check = %v, but valid = %v", err, valid)
		}
		if e != nil && e.Kind == strict.Syntax {
			return
		}
		deep, dup := reference(t, data, depth)
		if got := e != nil && e.Kind == strict.Depth; got && !deep {
			t.Errorf("Check = %v, but the depth is within %d", err, depth)
		}
		if got := e != nil && e.Kind == strict.Duplicate; got && !dup {
			t.Errorf("Check = %v, but all keys differ", err)
		}
		if e == nil && (deep || dup) {
			t.Errorf("accepted, though deep = %v, duplicate = %v", deep, dup)
		}
	})
}

// reference finds nesting deeper than limit and equal keys with the decoder of
// encoding/json, slowly.
func reference(t *testing.T, data []byte, limit int) (deep, dup bool) {
	t.Helper()
	type frame struct {
		keys   []string
		object bool
		value  bool // a value is due, not a key
	}
	var stack []*frame
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return deep, dup
		}
		if err != nil {
			t.Fatalf("reference: %v", err)
		}
		var top *frame
		if len(stack) > 0 {
			top = stack[len(stack)-1]
		}
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			stack = stack[:len(stack)-1]
			continue
		}
		if top != nil && top.object && !top.value {
			key := token.(string)
			for _, other := range top.keys {
				dup = dup || strings.EqualFold(key, other)
			}
			top.keys, top.value = append(top.keys, key), true
			continue
		}
		if top != nil {
			top.value = false
		}
		if delim, ok := token.(json.Delim); ok {
			stack = append(stack, &frame{object: delim == '{'})
			deep = deep || len(stack) > limit
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	var keys strings.Builder
	for i := 0; keys.Len() < 16<<20; i++ {
		keys.WriteString(`"`)
		for n := i; n > 0; n /= 26 {
			keys.WriteByte('a' + byte(n%26))
		}
		keys.WriteString(`":0,`)
	}
	small := `{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0,"q":0},`
	tests := []struct{ name, in string }{
		{"request", `{"jsonrpc":"2.0","id":12,"method":"tools/call","params":{"name":"code_search","arguments":{"query":"func main","limit":20},"_meta":{"progressToken":12}}}`},
		{"string 16MB", `"` + strings.Repeat("lorem ipsum dolor ", 16<<20/18) + `"`},
		{"one object 16MB", `{` + keys.String() + `"@":0}`},
		{"objects 16MB", `[` + strings.Repeat(small, 16<<20/len(small)) + `0]`},
		{"large then small objects 16MB", `[{` + keys.String()[:strings.LastIndexByte(keys.String()[:1<<20], ',')] + `},` + strings.Repeat(small, 15<<20/len(small)) + `0]`},
		{"same key nested 16MB", `[` + strings.Repeat(strings.Repeat(`{"a":`, 190)+"0"+strings.Repeat("}", 190)+",", 16<<20/(190*6)) + `0]`},
		{"brackets 16MB", strings.Repeat("[", 8<<20) + strings.Repeat("]", 8<<20)},
	}
	for _, tt := range tests {
		data := []byte(tt.in)
		b.Run(tt.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				var e *strict.Error
				if err := strict.Check(data, 200); errors.As(err, &e) && e.Kind != strict.Depth {
					b.Fatal(err)
				}
			}
		})
	}
}
