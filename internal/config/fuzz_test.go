package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

// FuzzLoad states that no file makes Load panic, and that every problem has a
// position and stands on one line of visible characters.
func FuzzLoad(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	o := setup(f, "", "", "")
	f.Fuzz(func(t *testing.T, text string) {
		o.User = filepath.Join(t.TempDir(), "user.toml")
		write(t, o.User, text)
		write(t, filepath.Join(o.Root, ProjectFile), text)
		_, problems := Load(o)
		for _, p := range problems {
			whole := p.Line == 0 && (strings.HasPrefix(p.What, "the file ") || strings.HasSuffix(p.What, " more problems"))
			if p.File == "" || !whole && (p.Line < 1 || p.Col < 1 || p.Line > strings.Count(text, "\n")+1) {
				t.Errorf("%+v has no position", p)
			}
			if strings.ContainsFunc(p.String(), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q cannot be shown", p.String())
			}
		}
	})
}

func seeds() []string {
	return []string{
		"[sources.j]\nkind = \"jira\"\ntoken = { command = [\"x\"] }\n[policy]\ndeny = [\"a(b=c)\"]",
		"[sources.p]\nkind = \"postgres\"\ndsn = \"postgres://x\"\nsize = \"1MB\"", "a.b.c = 1\n[a]\nb = 2", "a = { b.c = 1 }\n[a.b]",
		"[limits]\ncall = \"1s\"\nbudget = 0x10", "[[a]]\n[a.b]", "x = [[1], [\"\\u202e\"]]", "\"a\\nb\" = 1979-05-27", "[a]\n[a.b.c]\n[a.b]\n", "b.c.d=1\n[b.c]",
	}
}

// FuzzTree states that what is accepted is TOML for go-toml as well, which finds keys
// given twice; values of types that cleat does not use aside.
func FuzzTree(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // refused before
		}
		rep := &report{}
		if root := parseTree([]byte(text), rep); len(rep.problems) > 0 || holdsTime(root) {
			return
		}
		var v map[string]any
		err := toml.Unmarshal([]byte(text), &v)
		if err != nil && !strings.Contains(err.Error(), "number") && !strings.Contains(err.Error(), "float") {
			t.Errorf("accepted, but go-toml says %v", err)
		}
	})
}

func holdsTime(n *node) bool {
	for _, v := range n.table {
		if holdsTime(v) {
			return true
		}
	}
	return n.shape == isTime || slices.ContainsFunc(n.items, holdsTime)
}
