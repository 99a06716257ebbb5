package document

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"

	"github.com/google/go-cmp/cmp"
)

const sample = `{
  // a comment
  "name": "caf\u00e9 <b>",
  "big": 12345678901234567890.12345678901234567890e+5,
  "a/b": {"m~n": [true, null, {"": 1}]},
  "list": [1, 2, 3,],
  "twice": {"x": 1},
  "twice": {"x": 2, "y": []}
}`

func TestLookup(t *testing.T) {
	tests := []struct {
		name, pointer, want string
		format              Format
		data                string
		notes               []string
	}{
		{name: "scalar", pointer: "/list/1", want: "2"},
		{name: "digits stay", pointer: "/big", want: "12345678901234567890.12345678901234567890e+5"},
		{name: "strings stay", pointer: "/name", want: `"caf\u00e9 <b>"`},
		{name: "escapes", pointer: "/a~1b/m~0n/2/", want: "1"},
		{name: "container", pointer: "/a~1b", want: `{"m~n": [true, null, {"": 1}]}`},
		{name: "trailing comma", pointer: "/list", want: "[1, 2, 3]"},
		{name: "last of two", pointer: "/twice/x", want: "2",
			notes: []string{`the document has the name "twice" 2 times; the last is shown`, "comments are left out"}},
		{name: "whole", pointer: "", format: JSON, data: " [1 , 2 ] ", want: "[1, 2]", notes: []string{}},
		{name: "lines", pointer: "/1/a", format: JSONLines, data: "{\"a\":1}\n{\"a\":2}\n\n", want: "2", notes: []string{}},
		{name: "yaml", pointer: "/services/web", format: YAML, want: `{"on": true, "when": "2024-01-02", "mode": 420, "n": null, "ports": [8080, 0.5]}`,
			data: "base: &b {ports: [8080, .5]}\nservices:\n  web:\n    <<: *b\n    on: True\n    when: 2024-01-02\n    mode: 0o644\n    n: ~\n",
			// "<<" comes after what the mapping has itself.
			notes: []string{"aliases are shown as what they stand for"}},
		{name: "yaml stream", pointer: "/1/a", format: YAML, data: "a: 1\n---\na: 12345678901234567890123\n", want: "12345678901234567890123",
			notes: []string{"the stream has 2 documents; the first name of a pointer is the document's number, from 0"}},
		{name: "yaml keys", pointer: "", format: YAML, data: "1: a\ntrue: b\n? [x]\n: c\n", want: `{"1": "a", "true": "b", "[\"x\"]": "c"}`, notes: []string{}},
		{name: "yaml words", pointer: "", format: YAML, data: "[.inf, .nan, 0x1F, 1_000, +5, 'no', \"1\", 1e3, 007]", notes: []string{},
			want: `[".inf", ".nan", 31, 1000, 5, "no", "1", 1e3, 7]`},
		{name: "toml", pointer: "", format: TOML, notes: []string{},
			data: "z = 1_000\na.b = 0xff\nt = 1979-05-27T07:32:00Z\n[[p]]\nn = 'x'\n[[p]]\nq = {r.s = [1.50, inf], l = 07:32:00}\n[p.sub]\nu = \"\"\"\na\n\"b\"\"\"\"\n",
			want: "{\n  \"z\": 1000,\n  \"a\": {\"b\": 255},\n  \"t\": \"1979-05-27T07:32:00Z\",\n  \"p\": [{\"n\": \"x\"}, {\"q\": {\"r\": {\"s\": [1.50, \"inf\"]}, \"l\": \"07:32:00\"}, \"sub\": {\"u\": \"a\\n\\\"b\\\"\"}}]\n}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			format, data, notes := tt.format, tt.data, tt.notes
			if format == "" {
				format, data = JSON, sample
			}
			if notes == nil {
				notes = []string{"comments are left out"}
			}
			n, err := Lookup(t.Context(), format, []byte(data), tt.pointer)
			if err != nil {
				t.Fatal(err)
			}
			got, more := n.JSON("  ", 0)
			if more {
				t.Error("there is more")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(notes, append([]string{}, n.Notes...)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookupPlace(t *testing.T) {
	n, err := Lookup(t.Context(), JSON, []byte(sample), "/twice")
	if err != nil {
		t.Fatal(err)
	}
	if n.First != 8 || n.Last != 8 || n.Kind != "object" || n.Len != 2 {
		t.Errorf("a %s of %d at lines %d to %d, want an object of 2 at line 8", n.Kind, n.Len, n.First, n.Last)
	}
}

func TestLookupErrors(t *testing.T) {
	tests := []struct {
		name, pointer string
		format        Format
		data          string
		code          fail.Code
		what, why     string
	}{
		{name: "no such name", pointer: "/nmae/x", code: fail.NotFound, what: `nothing at the JSON pointer "/nmae/x"`,
			why: `the document has no "nmae"; its 6 names: name, big, a/b, list, twice, twice`},
		{name: "deeper", pointer: "/twice/z", code: fail.NotFound, what: `nothing at the JSON pointer "/twice/z"`,
			why: `"/twice" has no "z"; its 2 names: x, y`},
		{name: "index", pointer: "/list/3", code: fail.NotFound, what: `nothing at the JSON pointer "/list/3"`, why: `"/list" is an array of 3`},
		{name: "leading zero", pointer: "/list/01", code: fail.NotFound, what: `nothing at the JSON pointer "/list/01"`, why: `"/list" is an array of 3`},
		{name: "dash", pointer: "/list/-", code: fail.NotFound, what: `nothing at the JSON pointer "/list/-"`, why: `"/list" is an array of 3`},
		{name: "overflow", pointer: "/list/18446744073709551617", code: fail.NotFound, what: `nothing at the JSON pointer "/list/18446744073709551617"`, why: `"/list" is an array of 3`},
		{name: "scalar", pointer: "/name/x", code: fail.NotFound, what: `nothing at the JSON pointer "/name/x"`, why: `"/name" is a string and has no members`},
		{name: "empty array", pointer: "/twice/y/0", code: fail.NotFound, what: `nothing at the JSON pointer "/twice/y/0"`, why: `"/twice/y" is an empty array`},
		{name: "no pointer", pointer: "name", code: fail.Invalid, what: `bad JSON pointer "name"`, why: "a pointer is empty or begins with a slash"},
		{name: "tilde", pointer: "/a~2", code: fail.Invalid, what: `bad JSON pointer "/a~2"`, why: `"a~2" has a tilde that is part of no escape`},
		{name: "deep pointer", pointer: strings.Repeat("/a", 5000), code: fail.Invalid, what: "the JSON pointer has 5000 parts, the limit is 1000"},
		{name: "broken", data: "{\n \"a\": [1,\n 2}", code: fail.Invalid, what: `not valid JSON: line 3, column 3: '}' where a comma or ']' should be`},
		{name: "two values", data: "1 2", code: fail.Invalid, what: `not valid JSON: line 1, column 3: '2' after the value`},
		{name: "nothing", data: "  ", code: fail.Invalid, what: `not valid JSON: line 1, column 3: the end of the text where a value should be`},
		{name: "open string", data: `["ab`, code: fail.Invalid, what: `not valid JSON: line 1, column 2: a string without an end`},
		{name: "bad escape", data: `"\q"`, code: fail.Invalid, what: `not valid JSON: line 1, column 3: a bad escape in a string`},
		{name: "bad number", data: `[01]`, code: fail.Invalid, what: `not valid JSON: line 1, column 3: a number with a leading zero`},
		{name: "too deep", data: strings.Repeat("[", 5000), code: fail.Invalid, what: "not valid JSON: line 1, column 1001: nested deeper than 1000"},
		{name: "bad yaml", format: YAML, data: "a: [1\nb: }", code: fail.Invalid},
		{name: "yaml bomb", format: YAML, data: bomb(), code: fail.TooLarge, what: "the YAML document has more than 1000000 values once its aliases are expanded"},
		{name: "yaml of itself", format: YAML, data: "a: &a [*a]", code: fail.TooLarge, what: "the YAML document nests deeper than 1000, or contains itself"},
		{name: "yaml merges of itself", format: YAML, data: "a: &a\n  <<: *a\n", code: fail.TooLarge},
		{name: "yaml deep", format: YAML, data: strings.Repeat("[", 200_000), code: fail.Invalid},
		{name: "yaml deep and closed", format: YAML, data: strings.Repeat("[", 5000) + strings.Repeat("]", 5000), code: fail.TooLarge},
		{name: "yaml with many values", format: YAML, data: "[" + strings.Repeat("a,", 3_000_000) + "]", code: fail.TooLarge},
		{name: "bad toml", format: TOML, data: "a = 1\nb = = 2\n", code: fail.Invalid},
		{name: "toml twice", format: TOML, data: "a = 1\na = 2\n", code: fail.Invalid},
		{name: "toml deep", format: TOML, data: "a = " + strings.Repeat("[", 10_000_000), code: fail.TooLarge},
		{name: "toml deep tables", format: TOML, data: "a = " + strings.Repeat("{a=", 5_000_000), code: fail.TooLarge},
		{name: "toml deep keys", format: TOML, data: "a" + strings.Repeat(".a", 5_000_000) + " = 1", code: fail.TooLarge},
		{name: "unknown", format: "ini", data: "a", code: fail.Unsupported},
		{name: "large", format: TOML, data: strings.Repeat("#", MaxStructured+1), code: fail.TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			format, data := tt.format, tt.data
			if format == "" {
				format = JSON
				if data == "" {
					data = sample
				}
			}
			start := time.Now()
			_, err := Lookup(t.Context(), format, []byte(data), tt.pointer)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			e := fail.From(err)
			if err == nil || e.Code != tt.code {
				t.Fatalf("error %v, want %s", err, tt.code)
			}
			if tt.what != "" && e.What != tt.what {
				t.Errorf("what %q, want %q", e.What, tt.what)
			}
			if tt.why != "" && e.Why != tt.why {
				t.Errorf("why %q, want %q", e.Why, tt.why)
			}
		})
	}
	if _, err := Lookup(t.Context(), JSON, []byte(sample), "/nmae"); fail.From(err).Next != `try part="/name"` {
		t.Errorf("next %q, want the nearest name", fail.From(err).Next)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lookup(ctx, YAML, []byte("a: 1"), ""); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [", i, i)
		for range 10 {
			fmt.Fprintf(&b, "*a%d,", i-1)
		}
		b.WriteString("]\n")
	}
	return b.String()
}

func TestNodeJSON(t *testing.T) {
	n, err := Lookup(t.Context(), JSON, []byte(`{"short":[1,{"a":"b"}],"empty":{},"none":[],"long":[`+strings.Repeat(`"0123456789",`, 12)+`1]}`), "")
	if err != nil {
		t.Fatal(err)
	}
	got, more := n.JSON("  ", 0)
	want := "{\n  \"short\": [1, {\"a\": \"b\"}],\n  \"empty\": {},\n  \"none\": [],\n  \"long\": [\n" +
		strings.Repeat("    \"0123456789\",\n", 12) + "    1\n  ]\n}"
	if diff := cmp.Diff(want, got); diff != "" || more {
		t.Errorf("more %v, (-want +got):\n%s", more, diff)
	}
	for limit := 1; limit < len(want)+2; limit++ {
		got, more := n.JSON("  ", limit)
		if len(got) > limit || more != (limit < len(want)) || !strings.HasPrefix(want, got) {
			t.Errorf("limit %d: %d bytes, more %v", limit, len(got), more)
		}
	}
	deep := strings.Repeat("[", 999) + strings.Repeat(" ", 1<<20) + strings.Repeat("]", 999)
	n, err = Lookup(t.Context(), JSON, []byte(deep), "")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if n.JSON("", 0); time.Since(start) > 5*time.Second {
		t.Errorf("a deep text takes %v", time.Since(start))
	}
}

// FuzzLookup: what Lookup accepts of plain JSON is what encoding/json accepts, and what it
// writes means the same.
func FuzzLookup(f *testing.F) {
	for _, s := range []string{sample, `[1,2.5e-3,"\ud83d\ude00"]`, `{"a":{"a":{"a":0}}}`, "null", `{"a":1,"a":{"b":2}}`} {
		f.Add([]byte(s), "/a")
	}
	f.Fuzz(func(t *testing.T, data []byte, pointer string) {
		n, err := Lookup(t.Context(), JSON, data, "")
		if valid := json.Valid(data); valid && err != nil && !bytes.Contains(data, bytes.Repeat([]byte("["), 100)) {
			t.Fatalf("%q: %v", data, err)
		}
		if err != nil {
			return
		}
		text, _ := n.JSON("  ", 0)
		if !json.Valid([]byte(text)) {
			t.Fatalf("%q is written %q", data, text)
		}
		if json.Valid(data) {
			var want, got bytes.Buffer
			if json.Compact(&want, bytes.TrimPrefix(data, []byte("\ufeff"))) != nil || json.Compact(&got, []byte(text)) != nil || want.String() != got.String() {
				t.Fatalf("%q is written %q", data, text)
			}
		}
		if part, err := Lookup(t.Context(), JSON, data, pointer); err == nil {
			if text, _ := part.JSON("", 0); !json.Valid([]byte(text)) {
				t.Fatalf("%q in %q is written %q", pointer, data, text)
			}
		}
		if _, err := Shape(t.Context(), JSON, data, ""); err != nil {
			t.Fatalf("%q has no shape: %v", data, err)
		}
	})
}

// FuzzTranslate: what is taken of YAML and TOML becomes valid JSON.
func FuzzTranslate(f *testing.F) {
	f.Add([]byte("a: &x [1, *x]\n---\nb: {c: d}\n"), true)
	f.Add([]byte("a.b = 1\n[[c]]\nd = [{e = 0x1}]\n"), false)
	f.Fuzz(func(t *testing.T, data []byte, isYAML bool) {
		format := TOML
		if isYAML {
			format = YAML
		}
		text, _, err := toJSON(t.Context(), format, data)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%s %q becomes %q", format, data, text)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	data := []byte("[" + strings.TrimSuffix(strings.Repeat(`{"id": 12345, "name": "something or other", "tags": ["a", "b"]},`, 100_000), ",") + "]")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Lookup(context.Background(), JSON, data, "/99999/name"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGrep(b *testing.B) {
	data := []byte(strings.Repeat("an ordinary line of a log with nothing to see in it\n", 1<<20))
	b.SetBytes(int64(len(data)))
	for _, expr := range []string{"needle", "[n]eedle"} {
		b.Run(expr, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Grep(context.Background(), bytes.NewReader(data), expr, 0, 10); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSkip(b *testing.B) {
	const size = 1 << 30
	b.SetBytes(size)
	for b.Loop() {
		in := newReader(context.Background(), io.LimitReader(&endless{text: strings.Repeat("x", 79) + "\n"}, size))
		if _, err := in.skip(1 << 40); err != nil {
			b.Fatal(err)
		}
	}
}
