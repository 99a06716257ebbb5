package databases

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
)

func TestParam(t *testing.T) {
	for _, c := range []struct {
		in   string
		kind ParamKind // "" where it is refused
		text string
	}{
		{"null", NullParam, ""},
		{"true", BoolParam, "true"},
		{"false", BoolParam, "false"},
		{"9007199254740993", NumberParam, "9007199254740993"},
		{"-0.10", NumberParam, "-0.10"},
		{"1e400", NumberParam, "1e400"},
		{`"a\"b\\\n"`, TextParam, "a\"b\\\n"},
		{`"\ud83d\ude00"`, TextParam, "😀"},
		{`"\\ud800"`, TextParam, `\ud800`},
		{`"2026-01-02"`, TextParam, "2026-01-02"},
		{` [1, 9007199254740993, {"a" : null}] `, JSONParam, `[1,9007199254740993,{"a":null}]`},
		{`{"a":"\u0000"}`, JSONParam, `{"a":"\u0000"}`},
		{`""`, TextParam, ""},
		{`"a\u0000b"`, "", ""},
		{`"\ud800"`, "", ""},
		{`"\ud800x"`, "", ""},
		{`"\ude00\ud83d"`, "", ""},
		{"\"\xff\"", "", ""},
		{"", "", ""},
		{"{", "", ""},
		{`"a" "b"`, "", ""},
		{"01", "", ""},
		{"NaN", "", ""},
		{"nope", "", ""},
		{"\x00", "", ""},
		{strings.Repeat("[", 101) + strings.Repeat("]", 101), "", ""},
		{strings.Repeat("[", 1_000_000), "", ""},
		{strings.Repeat("[", 100) + `"[["` + strings.Repeat("]", 100), JSONParam, strings.Repeat("[", 100) + `"[["` + strings.Repeat("]", 100)},
	} {
		kind, text, err := Param{JSON: json.RawMessage(c.in)}.Value()
		if kind != c.kind || text != c.text || (err == nil) != (c.kind != "") {
			t.Errorf("%.40q: %s %q, %v, want %s %q", c.in, kind, text, err, c.kind, c.text)
		}
		if err != nil && fail.From(err).Code != fail.Invalid {
			t.Errorf("%.40q: %v", c.in, err)
		}
		got, null, err := Param{JSON: json.RawMessage(c.in)}.Text()
		if got != c.text || null != (c.kind == NullParam) || (err == nil) != (c.kind != "") {
			t.Errorf("%.40q as text: %q, %v, %v", c.in, got, null, err)
		}
	}
	_, _, err := Param{JSON: json.RawMessage(`"` + strings.Repeat("x", MaxParam) + `"`)}.Value()
	if err == nil || fail.From(err).Code != fail.TooLarge {
		t.Errorf("a large parameter: %v", err)
	}
}

func TestParamJSON(t *testing.T) {
	var in struct{ Params []Param }
	const list = `[null,9007199254740993,"x",{"b":1,"a":[2]},true]`
	if err := json.Unmarshal([]byte(`{"params":`+list+`}`), &in); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(in.Params)
	if err != nil || string(out) != list {
		t.Errorf("%s, %v", out, err)
	}
	if out, err := json.Marshal(Param{}); err != nil || string(out) != "null" {
		t.Errorf("the zero Param: %s, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`["\u0000"]`), &in.Params); err == nil || fail.From(err).Code != fail.Invalid {
		t.Errorf("NUL: %v", err)
	}
}

func FuzzParam(f *testing.F) {
	for _, s := range []string{"null", `"\ud83d\ude00"`, `"\u0000"`, "[[1]]", "1e9", `{"a":"\ud800"}`, "-", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p Param
		if err := json.Unmarshal([]byte(s), &p); err != nil {
			return
		}
		kind, text, err := p.Value()
		if err != nil {
			t.Fatalf("%q is taken, and then refused: %v", s, err)
		}
		exact := func(s string) (v any) {
			d := json.NewDecoder(strings.NewReader(s))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%q is no JSON: %v", s, err)
			}
			return v
		}
		want, got := exact(s), any(nil)
		switch kind {
		case NullParam:
		case TextParam:
			got = text
			if strings.ContainsAny(text, "\x00") {
				t.Fatalf("%q has a NUL", s)
			}
		default:
			got = exact(text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got)\n%s", s, diff)
		}
	})
}

func TestNamed(t *testing.T) {
	n := Named{SQL: "SELECT $1, $2", Params: []string{"day", "status"}}
	one := Param{JSON: json.RawMessage(`"x"`)}
	if q, err := n.Query([]Param{one, one}, 7); err != nil || q.SQL != n.SQL || q.Limit != 7 || len(q.Params) != 2 {
		t.Errorf("%+v, %v", q, err)
	}
	if _, err := n.Query([]Param{one}, 0); err == nil || fail.From(err).Code != fail.Invalid || !strings.Contains(err.Error(), "2 parameters (day, status), not 1") {
		t.Errorf("one of two: %v", err)
	}
	if _, err := (Named{SQL: "SELECT ?"}).Query([]Param{one}, 0); err != nil {
		t.Errorf("without names the database counts: %v", err)
	}
	if _, err := (Named{SQL: "SELECT ?"}).Query(make([]Param, 2000), 0); err == nil || fail.From(err).Code != fail.TooLarge {
		t.Errorf("2000: %v", err)
	}
	values, err := n.Values(map[string]string{"status": `fa"iled`, "day": "2026-01-01"})
	if err != nil || len(values) != 2 || string(values[0].JSON) != `"2026-01-01"` || string(values[1].JSON) != `"fa\"iled"` {
		t.Errorf("%s, %v", values, err)
	}
	for _, c := range []struct {
		set  map[string]string
		want string
	}{
		{map[string]string{"day": "1"}, "lacks a value for status"},
		{nil, "lacks a value for day, status"},
		{map[string]string{"day": "1", "status": "2", "statsu": "3"}, `no parameter "statsu"`},
		{map[string]string{"day": "\xff", "status": "2"}, "not UTF-8"},
	} {
		if _, err := n.Values(c.set); err == nil || fail.From(err).Code != fail.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.set, err, c.want)
		}
	}
}
