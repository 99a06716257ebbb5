package redact

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStrings(t *testing.T) {
	type inner struct {
		Note string
		skip string
	}
	type answer struct {
		Title  string
		Lines  []string
		Inner  *inner
		Self   *answer
		Any    any
		Map    map[string]string
		Deep   map[string]any
		Raw    json.RawMessage
		Bytes  []byte
		URL    url.URL
		Array  [2]inner
		Time   time.Time
		Nil    *inner
		Number int
	}
	tok := "ghp_" + mix[:36]
	now := time.Unix(1e9, 0)
	a := &answer{
		Title: "a " + tok, Lines: []string{"x", tok}, Inner: &inner{tok, tok}, Any: inner{tok, "kept"},
		Map:   map[string]string{"password": "hunter2", "user": "bob", tok: "x"},
		Deep:  map[string]any{"list": []any{tok, 1, map[string]any{"token": mix}}, "n": 1.5},
		Raw:   json.RawMessage(`{"password": "hunter2", "n": 1, "t": "\u0067hp_` + mix[:36] + `"}`),
		Bytes: []byte("x " + tok), URL: url.URL{Scheme: "https", Host: "h", User: url.UserPassword("u", "CANARY")},
		Array: [2]inner{{Note: tok}}, Time: now, Number: 7,
	}
	a.Self = a
	r := New(nil)
	r.Strings(a)
	m := r.String(tok)
	pw := string(r.appendMarker(nil, kindPassword, "hunter2"))
	got := []any{a.Title, a.Lines, a.Inner.Note, a.Any.(inner).Note, a.Map, a.Deep, string(a.Raw), string(a.Bytes), a.URL.String(), a.Array[0].Note, a.Time.Equal(now), a.Number}
	want := []any{"a " + m, []string{"x", m}, m, m, map[string]string{"password": pw, "user": "bob", m: "x"},
		map[string]any{"list": []any{m, 1, map[string]any{"token": string(r.appendMarker(nil, kindToken, mix))}}, "n": 1.5},
		`{"password": "` + pw + `", "n": 1, "t": "` + m + `"}`, "x " + m, "https://u:redacted@h", m, true, 7}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Strings (-want +got):\n%s", diff)
	}
	if a.Inner.skip != tok {
		t.Errorf("an unexported field became %q", a.Inner.skip)
	}

	type list struct {
		Text string
		Next *list
	}
	var chain *list
	for range 2 * maxDepth {
		chain = &list{tok, chain}
	}
	r.Strings(chain)
	for l := chain; l != nil; l = l.Next {
		if strings.Contains(l.Text, tok) {
			t.Fatal("a secret beyond the limit of depth passes")
		}
	}
	r.Strings(nil)
	r.Strings("a string cannot be changed")
	s := []string{tok}
	r.Strings(s)
	if s[0] != m {
		t.Errorf("an element of a slice = %q", s[0])
	}
}
