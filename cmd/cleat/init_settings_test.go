package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
)

func TestMergeAllow(t *testing.T) {
	tools := []string{"mcp__cleat__find", "mcp__cleat__read"}
	for _, c := range []struct {
		name, old, want string // want "" is unchanged
		added           []string
	}{
		{"empty object", `{}`, `{
  "permissions": {
    "allow": [
      "mcp__cleat__find",
      "mcp__cleat__read"
    ]
  }
}
`, tools},
		{"unknown keys keep their order and spelling",
			`{"zeta": 1.50, "permissions": {"deny": ["Bash(rm:*)"], "allow": ["Bash(ls)", "mcp__cleat__read"], "ask": []}, "alpha": {"b": null, "a": "\u00e9<&>"}, "zeta": 9007199254740993}`,
			`{
  "zeta": 1.50,
  "permissions": {
    "deny": [
      "Bash(rm:*)"
    ],
    "allow": [
      "Bash(ls)",
      "mcp__cleat__read",
      "mcp__cleat__find"
    ],
    "ask": []
  },
  "alpha": {
    "b": null,
    "a": "\u00e9<&>"
  },
  "zeta": 9007199254740993
}
`, tools[:1]},
		{"permissions without allow", `{"permissions":{}}`, `{
  "permissions": {
    "allow": [
      "mcp__cleat__find",
      "mcp__cleat__read"
    ]
  }
}
`, tools},
		{"all there", `{ "permissions" : {"allow":["mcp__cleat__read","x","mcp__cleat__find"]}}`, "", nil},
		{"written with escapes", `{"permissions":{"allow":["mcp__cleat__\u0072ead","mcp__cleat__find"]}}`, "", nil},
		{"the whole server", `{"permissions":{"allow":["mcp__cleat"]}}`, "", nil},
		{"the whole server by a star", `{"permissions":{"allow":["mcp__cleat__*"]}}`, "", nil},
		{"entries of other kinds stay", `{"permissions":{"allow":[1,null,"mcp__cleat__find"]}}`, `{
  "permissions": {
    "allow": [
      1,
      null,
      "mcp__cleat__find",
      "mcp__cleat__read"
    ]
  }
}
`, tools[1:]},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, added, err := mergeAllow([]byte(c.old), tools)
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			if want == "" {
				want = c.old
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
			if !slices.Equal(added, c.added) {
				t.Errorf("added %q, want %q", added, c.added)
			}
		})
	}
}

// What is not a settings file is refused with a way out, and stays as it is.
func TestSettingsRefused(t *testing.T) {
	const file = settingsDir + "/" + settingsFile
	text := func(s string) func(*testing.T, *place) {
		return func(t *testing.T, l *place) { writeFile(t, l.settings(), []byte(s)) }
	}
	link := func(target, name string) func(*testing.T, *place) {
		return func(t *testing.T, l *place) {
			writeFile(t, filepath.Join(l.dir, "target", settingsFile), []byte("{}"))
			writeFile(t, filepath.Join(l.home, "target", settingsFile), []byte("{}"))
			if err := os.MkdirAll(filepath.Dir(filepath.Join(l.dir, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(strings.ReplaceAll(target, "$HOME", l.home), filepath.Join(l.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(*testing.T, *place)
		want string
	}{
		{"empty", text(""), file + " is not JSON"},
		{"cut", text("{\n  \"a\": 1,\n"), file + " is not JSON (line 2)"},
		{"with comments", text("{\n  // mine\n}"), file + " is not JSON (line 2)"},
		{"two values", text("{} {}"), file + " is not JSON (line 1)"},
		{"byte order mark", text("\ufeff{}"), file + " is not JSON"},
		{"not UTF-8", text("{\"a\":\"\xff\"}"), file + " is not UTF-8"},
		{"an array", text("[]"), file + " is not a JSON object"},
		{"null", text("null"), file + " is not a JSON object"},
		{"permissions as an array", text(`{"permissions":[]}`), `has "permissions" twice, or not as an object`},
		{"permissions null", text(`{"permissions":null}`), `has "permissions" twice, or not as an object`},
		{"permissions twice", text(`{"permissions":{},"permissions":{}}`), `has "permissions" twice`},
		{"permissions twice in two spellings", text(`{"permissions":{},"permission\u0073":{}}`), `has "permissions" twice`},
		{"allow as a string", text(`{"permissions":{"allow":"x"}}`), `has "permissions.allow" twice, or not as an array`},
		{"allow twice", text(`{"permissions":{"allow":[],"allow":[]}}`), `has "permissions.allow" twice`},
		{"too large", text(`{"a":"` + strings.Repeat("x", maxSettings) + `"}`), "it is larger than 1048576 bytes"},
		{"a link inside", link("../target/"+settingsFile, file), file + " is a link"},
		{"a link outside", link("$HOME/target/"+settingsFile, file), file + " is a link"},
		{"a link to nothing", link("nothing", file), file + " is a link"},
		{"the folder a link inside", link("target", settingsDir), settingsDir + " is not a folder, or is a link"},
		{"the folder a link outside", link("$HOME/target", settingsDir), settingsDir + " is not a folder, or is a link"},
		{"a folder in its place", func(t *testing.T, l *place) {
			if err := os.MkdirAll(l.settings(), 0o755); err != nil {
				t.Fatal(err)
			}
		}, file + " is not a regular file"},
		{"a file in the folder's place", func(t *testing.T, l *place) { writeFile(t, filepath.Join(l.dir, settingsDir), nil) },
			settingsDir + " is not a folder"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newPlace(t)
			c.make(t, l)
			before, home := treeOf(t, l.dir), treeOf(t, l.home)
			code, out, stderr := l.run("init")
			if code != 1 {
				t.Errorf("exit %d\n%s", code, out)
			}
			wantAll(t, "stderr", stderr, c.want, "nothing was changed", "\n      mend: ", "cleat init --print-allow")
			if diff := cmp.Diff(before, treeOf(t, l.dir)); diff != "" {
				t.Errorf("the repository was changed (-before +after):\n%s", diff)
			}
			after := treeOf(t, l.home)
			for name, content := range home {
				if after[name] != content {
					t.Errorf("%s was changed to %q", name, after[name])
				}
			}
		})
	}
}

// An edit that Claude Code makes between reading and replacing is not lost.
func TestSettingsChangedMeanwhile(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"edited", `{}`, `{"permissions":{"allow":["Bash"]}}`},
		{"made", "", `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), settingsFile)
			if c.before != "" {
				writeFile(t, name, []byte(c.before))
			}
			dir, err := os.OpenRoot(filepath.Dir(name))
			if err != nil {
				t.Fatal(err)
			}
			defer dir.Close()
			_, info, err := readSettings(dir)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, name, []byte(c.after))
			err = replaceSettings(dir, info, []byte("{}"))
			if e := fail.From(err); err == nil || e.Code != fail.Conflict {
				t.Errorf("replaced, %v", err)
			}
			if got := treeOf(t, filepath.Dir(name)); len(got) != 2 || got[name] != c.after {
				t.Errorf("left are %v", got)
			}
		})
	}
}

func TestSettingsKeepTheirMode(t *testing.T) {
	l := newPlace(t)
	writeFile(t, l.settings(), []byte(`{}`))
	if err := os.Chmod(l.settings(), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := l.run("init"); code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	info, err := os.Stat(l.settings())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o177 != 0 {
		t.Errorf("the mode is now %v", info.Mode())
	}
}

// What is merged is JSON, has every tool, adds nothing the second time, and differs from
// what was there in permissions.allow alone, which only grew at its end.
func FuzzMergeAllow(f *testing.F) {
	for _, s := range []string{`{}`, `{"permissions":{"allow":["a"],"deny":[]},"x":[1,{"y":"z"}]}`, `{"a":1,"a":2}`, `[]`, `{"permissions":{"allow":[[],{}]}}`,
		`{"permissions":{"allow":[null]}}`, "{\"\\ud800\":\"\\u2028\"}", "{ }", `{"permissions":{"allow":["mcp__cleat"]}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, old []byte) {
		tools := []string{"mcp__cleat__find", "mcp__cleat__read"}
		merged, added, err := mergeAllow(old, tools)
		if err != nil {
			return
		}
		if !json.Valid(merged) {
			t.Fatalf("not JSON: %q", merged)
		}
		again, more, err := mergeAllow(merged, tools)
		if err != nil || len(more) > 0 || string(again) != string(merged) {
			t.Fatalf("merged again: %q, added %q, %v", again, more, err)
		}
		before, allowBefore := split(t, old)
		after, allowAfter := split(t, merged)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("other settings changed (-before +after):\n%s", diff)
		}
		var want []any
		want = append(want, allowBefore...)
		for _, a := range added {
			want = append(want, a)
		}
		if diff := cmp.Diff(want, allowAfter); diff != "" {
			t.Errorf("the list (-want +got):\n%s", diff)
		}
	})
}

// split decodes settings into what is not permissions.allow, and that.
func split(t *testing.T, data []byte) (rest map[string]any, allow []any) {
	t.Helper()
	if err := json.Unmarshal(data, &rest); err != nil {
		t.Fatal(err)
	}
	permissions, ok := rest["permissions"].(map[string]any)
	if !ok {
		return rest, nil
	}
	if permissions["allow"] != nil {
		allow, ok = permissions["allow"].([]any)
		if !ok {
			t.Fatalf("allow is %v", permissions["allow"])
		}
	}
	delete(permissions, "allow")
	if len(permissions) == 0 {
		delete(rest, "permissions")
	}
	return rest, allow
}
