package outgoing_test

import (
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/gate/redact"
	"cleat/internal/outgoing"
)

var everything = outgoing.Rules{Host: "tracker.example", Mentions: true, Keywords: true, Actions: true}

func TestNeutral(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "",
		"ask @octo-cat, please":       "ask `@octo-cat`, please",
		"@all":                        "`@all`",
		"@acme/team.":                 "`@acme/team`.",
		"mail a@b.example":            "mail a@b.example",
		"`@Override` is @me":          "`@Override` is `@me`",
		"see https://x.example/@me/1": "see https://x.example/@me/1",
		"https://@me":                 "https://`@me`",
		"```java\n@Override\n```\n@a": "```java\n@Override\n```\n`@a`",
		"~~~\n@x\n```\n@y\n~~~\n@z":   "~~~\n@x\n```\n@y\n~~~\n`@z`",
		"1. a\n   ```\n   @x\n   ```": "1. a\n   ```\n   @x\n   ```",
		"- a\n  ```\n@x":              "- a\n  ```\n`@x`", // the item is over, and its block with it
		"    ```\n@x\n    ```":        "    ```\n＠x\n    ```",
		// Marks that do not pair in the paragraph: ours could end what they began.
		"`a\n@x\nb`":                             "`a\n＠x\nb`",
		"`open\nx` @x `y":                        "`open\nx` ＠x `y",
		"\\`@x`":                                 "\\`＠x`",
		"<a title=\"`\"> @x <b title=\"`\">":     "<a title=\"`\"> ＠x <b title=\"`\">",
		"see <a title=\"`\"> @x <b title=\"`\">": "see <a title=\"`\"> ＠x <b title=\"`\">",
		"<div>\n`@x`\n</div>":                    "<div>\n`＠x`\n</div>",
		"<div>\n```\n@x\n```\n</div>":            "<div>\n```\n＠x\n```\n</div>",
		"<!--\n```\n-->\n@x":                     "<!--\n```\n-->\n＠x",
		"fixes #12":                              "fixes `#12`",
		"Closes: acme/app#3 and resolves ENG-4":  "Closes: `acme/app#3` and resolves `ENG-4`",
		"fix https://h.example/a/b/issues/7":     "fix `https://h.example/a/b/issues/7`",
		"prefixes #12, see #12":                  "prefixes #12, see #12",
		"`fixes #1`":                             "`fixes #1`",
		"/close\n":                               "\\/close\n",
		"a\r\n  /assign @me\r\n":                 "a\r\n  \\/assign `@me`\r\n",
		"/etc/passwd":                            "/etc/passwd",
		"```\n/close\n```":                       "```\n/close\n```",
	} {
		if got, _ := everything.Neutral(in); got != want {
			t.Errorf("Neutral(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNeutralNotes(t *testing.T) {
	const in = "@a @b fixes #1\n/close"
	out, notes := everything.Neutral(in)
	if out != "`@a` `@b` fixes `#1`\n\\/close" || len(notes) != 3 || !strings.Contains(notes[0], "2 mentions") || !strings.Contains(notes[0], `outgoing = ["mentions"]`) {
		t.Errorf("%q, %q", out, notes)
	}
	r := everything
	r.Allowed = []string{outgoing.Mentions, outgoing.Keywords, outgoing.Actions}
	if out, notes := r.Neutral(in); out != in || notes != nil {
		t.Errorf("with all allowed: %q, %q", out, notes)
	}
	r.Allowed, r.Actions = []string{outgoing.Mentions}, false
	if out, _ := r.Neutral(in); out != "@a @b fixes `#1`\n/close" {
		t.Errorf("with mentions allowed at a service without commands: %q", out)
	}
	if bad := outgoing.Validate([]string{"hosts", "host", "mentions"}); len(bad) != 1 || bad[0] != "host" {
		t.Errorf("Validate: %q", bad)
	}
}

// FuzzNeutral: what went out without effect stays as it is when it goes out again, lines stay
// lines, and outside of code blocks no name is left behind a sign that would call it.
func FuzzNeutral(f *testing.F) {
	for _, s := range []string{"@a", "`@a`", "``` @a", "- ```\n@a", "fixes #1", "/close @a", "<p>`@a`", "`a\n@b`", "\\`@x` `"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, _ := everything.Neutral(s)
		if strings.Count(once, "\n") != strings.Count(s, "\n") {
			t.Fatalf("lines: %q became %q", s, once)
		}
		if strings.ContainsAny(s, "`~<\\") {
			return
		}
		if twice, _ := everything.Neutral(once); twice != once {
			t.Fatalf("%q became %q, and that %q", s, once, twice)
		}
		for i := 0; i+1 < len(once); i++ {
			letter := once[i+1] >= 'a' && once[i+1] <= 'z'
			word := i > 0 && (once[i-1] == '_' || once[i-1] >= 0x80 || once[i-1] >= '0' && once[i-1] <= '9' || once[i-1]|0x20 >= 'a' && once[i-1]|0x20 <= 'z')
			if once[i] == '@' && letter && !word && once[max(i-1, 0)] != '`' && !strings.Contains(s, "http") {
				t.Fatalf("%q became %q", s, once)
			}
		}
	})
}

// Time grows with the length of a text, not with its square.
func TestLong(t *testing.T) {
	for _, s := range []string{"@", "@a", "`", "``` ", "<", "- ", "fixes ", "/a\n", "@a`", "a`\n", "https://a.b/@"} {
		everything.Neutral(strings.Repeat(s, 1<<20/len(s)))
	}
}

func TestCheck(t *testing.T) {
	r := everything
	r.Redact = redact.New([]byte("0123456789abcdef0123456789abcdef")).String
	token := "ghp_" + strings.Repeat("a1B2", 9)
	for text, want := range map[string]string{
		"fine":                                  "",
		"token " + token:                        "looks like a secret",
		"runs on db1.prod.internal:5432":        "db1.prod.internal",
		"http://10.1.2.3/x and 192.168.0.9":     "10.1.2.3, 192.168.0.9",
		"[fd00::1]:80":                          "fd00::1",
		"169.254.169.254":                       "169.254.169.254",
		"100.64.1.1":                            "100.64.1.1",
		"::ffff and 1::2":                       "",
		"http://localhost:8080, 127.0.0.1, ::1": "",
		"8.8.8.8, example.com, v1.2.3.4":        "",
		"my_pkg.internal":                       "",
		"x.y.z.corp.":                           "x.y.z.corp",
	} {
		err := r.Check("the body", text)
		switch {
		case want == "":
			if err != nil {
				t.Errorf("Check(%q): %s", text, fail.Show(err))
			}
		case err == nil || fail.From(err).Code != fail.Denied || !strings.Contains(fail.Show(err), want):
			t.Errorf("Check(%q) = %v, want %q", text, err, want)
		case strings.Contains(fail.Show(err), token):
			t.Errorf("the error repeats the secret")
		}
	}
	const inside = "runs on db1.prod.internal"
	for _, ok := range []outgoing.Rules{{}, {Host: "git.corp"}, {Host: "10.0.0.1"}, {Host: "tracker.example", Allowed: []string{outgoing.Hosts}}} {
		if err := ok.Check("the body", inside); err != nil {
			t.Errorf("%+v: %v", ok, err)
		}
	}
}
