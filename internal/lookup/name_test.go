package lookup

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/symbols"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

func TestPartsOf(t *testing.T) {
	tests := []struct {
		name string
		want []string
	}{
		{"parseHTTPRequest", []string{"parse", "http", "request"}},
		{"parse_http_request", []string{"parse", "http", "request"}},
		{"HTTPServer", []string{"http", "server"}},
		{"__init__", []string{"init"}},
		{"utf8String", []string{"utf8", "string"}},
		{"open-door", []string{"open", "door"}},
		{"X", []string{"x"}},
		{"größeÄndern", []string{"größe", "ändern"}},
		{"", nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, partsOf(tt.name)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestPackageOf(t *testing.T) {
	tests := []struct{ src, want string }{
		{"package a", "a"},
		{"// package b\n/* package c\npackage d */\n\npackage e // f\n", "e"},
		{"//go:build x\r\n\r\npackage a\r\n", "a"},
		{"func package", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := packageOf([]byte(tt.src)); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.src, got, tt.want)
		}
	}
}

// TestMayDefine: every name that Go's sources define passes the test of bytes that decides
// whether a file is parsed at all.
func TestMayDefine(t *testing.T) {
	root := goSources(t)
	seen := 0
	_, err := root.Walk(t.Context(), tree.WalkOptions{Paths: []string{"go", "net", "runtime"}, Workers: 1}, func(_ int, e *tree.Entry) error {
		if tree.Lang(e.Path) != "go" {
			return nil
		}
		src, err := e.Read(nil, 1<<20)
		if err != nil {
			return nil // binary or large
		}
		for _, s := range symbols.Scan("go", src) {
			seen++
			if !mayDefine(src, s.Name) {
				t.Errorf("%s:%d: %s is passed over", e.Path, s.Line, s.Name)
			}
		}
		return nil
	})
	if err != nil || seen < 1000 {
		t.Errorf("%d definitions, %v", seen, err)
	}
}

// FuzzHolds: holds says what a search in lower case says.
func FuzzHolds(f *testing.F) {
	f.Add([]byte("a Parse_HTTP b"), "parse_http")
	f.Add([]byte("zZz"), "zz")
	f.Fuzz(func(t *testing.T, text []byte, need string) {
		need = strings.ToLower(longestRun(need))
		low := []byte(nil)
		for _, c := range text {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			low = append(low, c)
		}
		if got, want := holds(text, need, true), strings.Contains(string(low), need); got != want {
			t.Errorf("holds(%q, %q) = %v, want %v", text, need, got, want)
		}
		word := need == "" || slices.Contains(strings.FieldsFunc(string(low), func(r rune) bool { return r >= 0x80 || !wordByte(byte(r)) }), need)
		if got := holdsWord(text, need, true); got != word {
			t.Errorf("holdsWord(%q, %q) = %v, want %v", text, need, got, word)
		}
	})
}

// FuzzName: a symbol is found by its own name, by its name in what it is in, and by a glob
// for either; and no pattern panics.
func FuzzName(f *testing.F) {
	f.Add("Repo", "Resolve", "internal/git.(*Repo).Resolve")
	f.Add("", "x", "::#.->*/")
	f.Fuzz(func(t *testing.T, container, last, pattern string) {
		s := symbols.Symbol{Name: last, Container: container}
		if n, err := parseName(pattern, true); err == nil {
			n.exact(s, home{dirs: []string{"a"}, stem: "b"})
			n.similar(s, home{})
			n.similarNeeds()
		}
		if longestRun(last) != last || longestRun(container) != container || last == "" || container == "" {
			return
		}
		for _, p := range []string{last, container + "." + last, container + "#" + last, container + "::" + last + "()", "*" + last, container + ".*" + last[1:]} {
			n, err := parseName(p, false)
			if err != nil || !n.exact(s, home{}) || !holds([]byte(last), n.need, false) {
				t.Errorf("%q is not %+v (%v)", p, s, err)
			}
		}
	})
}

// FuzzPlace: a cursor that is accepted encodes to one of the same place.
func FuzzPlace(f *testing.F) {
	f.Add(place{phase: similarly, from: "a/b", until: "c", skip: 7, seen: []uint64{1, 2}}.encode(1))
	f.Fuzz(func(t *testing.T, s string) {
		p, err := readPlace(s, 1)
		if err != nil {
			return
		}
		again, err := readPlace(p.encode(1), 1)
		if diff := cmp.Diff(p, again, cmp.AllowUnexported(place{})); err != nil || diff != "" {
			t.Errorf("%v (-first +second):\n%s", err, diff)
		}
	})
}

// TestThisRepository: the package's own functions are found in it.
func TestThisRepository(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Skipf("no go command: %v", err)
	}
	root, err := tree.Open(filepath.Dir(strings.TrimSpace(string(out))))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	res, err := Refs(t.Context(), root, code.Query{Pattern: "lookup.Symbols"}, Options{})
	if err != nil || len(res.Definitions) != 1 || res.Definitions[0].Path != "internal/lookup/lookup.go" || len(res.Files) == 0 {
		t.Errorf("%v, %+v", err, res)
	}
}
