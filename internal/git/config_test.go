package git

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// list shows entries as `git config --list -z` does.
func list(entries []entry) string {
	var b strings.Builder
	for _, e := range entries {
		name := e.section + "." + e.key
		if e.sub != "" {
			name = e.section + "." + e.sub + "." + e.key
		}
		fmt.Fprintf(&b, "%s\n%s\x00", name, e.value)
	}
	return b.String()
}

// The oracle is git itself.
func TestParseConfigAgreesWithGit(t *testing.T) {
	path, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	for i, text := range []string{
		"",
		"# nothing\n; here\n",
		"[core]\n\tbare = false\n\trepositoryformatversion = 0\n",
		"[a] x = 1\n[a]y=2\n[A]X=3\n",
		"[remote \"or\\\"i\\\\g]in\"]\n\turl = https://h/p\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n",
		"[Remote \"Origin\"]\nURL = a#b ; c\n",
		"[sec.Sub]k=v ; c\n[s.a.b] k = 1\n",
		"[s]k=\"a\"b\"c;d#\" ;x\n",
		"[s]\nk = \"  padded  \"  \nl =   trailing   \nm = inner   space\n",
		"[s]k = a\\\n b \\\n  c\n",
		"[s]k = tab\\there\\nline\\\\slash\\\"quote\\bback\n",
		"[s]\n  k = a\n\n  ; c\n  l = b # d\n",
		"[s]\r\nk = v\r\nl = \"x\"\r\n",
		"\ufeff[s]k = v\n",
		"[s]k = v",
		"[s]k =\n[s]l = \"\"\n",
		"[s \"\"]k = v\n[include]path = /etc/passwd\n",
		"[s-1.x]a-b-2 = é ü\n",
		"[s]k = \xff\xfe\n",
		// Errors.
		"[s\nk = v\n", "[s \"x]\nk=v\n", "[s \"x\" ]\nk=v\n", "[s x]\nk=v\n", "[s]\n1k = v\n", "[s]k = \"open\n", "[s]k = bad \\x\n",
		"[s]k v\n", "[s]\nk_1 = v\n", "= v\n", "]\n", "[s \"a\nb\"]k=v\n",
	} {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "config", "-f", file, "--no-includes", "--list", "-z")
		cmd.Env = []string{"HOME=" + t.TempDir()}
		out, gitErr := cmd.Output()
		entries, err := parseConfig([]byte(text))
		if (gitErr == nil) != (err == nil) {
			t.Errorf("%d %q: %v, git says %v", i, text, err, gitErr)
			continue
		}
		want := strings.ReplaceAll(string(out), "s..k", "s.k") // an empty subsection is none of ours
		if err == nil {
			if diff := cmp.Diff(want, list(entries)); diff != "" {
				t.Errorf("%d %q (-git +got):\n%s", i, text, diff)
			}
		}
	}
	if entries, err := parseConfig([]byte("k = v\n[s]l = w\n")); err != nil || list(entries) != "s.l\nw\x00" {
		t.Errorf("a setting outside of a section: %q, %v", list(entries), err)
	}
	// A key without a value is true; git lists it without one.
	entries, err := parseConfig([]byte("[core]\n\tbare\n\tx ; y"))
	if want := "core.bare\ntrue\x00"; err == nil || list(entries) != "" {
		t.Errorf("%q, %v", list(entries), err)
	} else if entries, err = parseConfig([]byte("[core]\n\tbare\n")); err != nil || list(entries) != want {
		t.Errorf("%q, %v", list(entries), err)
	}
}

// What is accepted can be written down, quoted, and reads the same.
func FuzzParseConfig(f *testing.F) {
	for _, s := range []string{"[core]\n\tbare = false\n", "[remote \"a\\\"b\"]\nurl = \"x;y\" # z\n", "[s]k=a\\\nb\\n\\t\\\\\n", "[s]\r\nk\r\n", "[s.T]k", "[", "[a \"", "[a]b=\"", "[a]b=\\"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseConfig(data)
		if err != nil {
			return
		}
		var b strings.Builder
		escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
		value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`, "\b", `\b`)
		for _, e := range entries {
			if strings.Contains(e.value, "\r") || strings.Contains(e.sub, "\r") {
				return // "\r\n" is a line end wherever it stands
			}
			fmt.Fprintf(&b, "[%s \"%s\"]\n\t%s = \"%s\"\n", e.section, escape.Replace(e.sub), e.key, value.Replace(e.value))
		}
		again, err := parseConfig([]byte(b.String()))
		if err != nil {
			t.Fatalf("%q was read as %q, which is not read: %v", data, b.String(), err)
		}
		if diff := cmp.Diff(list(entries), list(again)); diff != "" {
			t.Errorf("%q (-first +second):\n%s", data, diff)
		}
	})
}

func TestStripURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://user:CANARY@host/r.git":                "https://host/r.git",
		"https://CANARY@host:8443/r.git":                "https://host:8443/r.git",
		"https://user:CAN@ARY@host/r.git":               "https://host/r.git",
		"https://user:CAN/ARY@host/r.git":               "https://…",
		"https://user:12/CANARY@host/r.git":             "https://…",
		"https://CAN/ARY@host/r.git":                    "https://…",
		"https://user:CAN?ARY@host/r.git":               "https://…",
		"https://user:CAN#ARY@host/r.git":               "https://…",
		"https://user:CANARY":                           "https://…",
		"https://host/r.git?private_token=CANARY":       "https://host/r.git",
		"https://host/r.git#CANARY":                     "https://host/r.git",
		"https://host":                                  "https://host",
		"http://[::1]:80/r":                             "http://[::1]:80/r",
		"http://u:CANARY@[::1]/r":                       "http://[::1]/r",
		"ssh://git:CANARY@host:22/r.git":                "ssh://git@host:22/r.git",
		"git+ssh://git@host/r.git":                      "git+ssh://git@host/r.git",
		"ssh://ghp_CANARYCANARYCANARY@host/r":           "ssh://host/r",
		"git@github.com:owner/repo.git":                 "git@github.com:owner/repo.git",
		"user:CANARY@host:path":                         "user@host:path",
		"ghp_CANARYCANARYCANARY@github.com:o/r":         "github.com:o/r",
		"github.com:owner/repo.git":                     "github.com:owner/repo.git",
		"/srv/git/repo@v1.git":                          "/srv/git/repo@v1.git",
		"../repo.git":                                   "../repo.git",
		"file:///srv/repo.git":                          "file:///srv/repo.git",
		"ext::ssh -i CANARY host %S":                    "ext::…",
		"HTTPS://user:CANARY@host/r":                    "HTTPS://host/r",
		"":                                              "",
		"https::https://user:CANARY@host/r.git":         "https::…",
		"https://us%65r:CANARY@ho%73t/r":                "https://…",
		"https://user:CANARY@host@evil/r":               "https://evil/r",
		"https:/\\user:CANARY@host/r":                   "https@host/r",
		"https:// user:CANARY@host/r":                   "https://host/r",
		"//user:CANARY@host/r":                          "…",
		"https://user:CANARY@host/scope/@name/pkg.git":  "https://…",
		"https://host/a/b.git/":                         "https://host/a/b.git/",
		"user@host:CANARYless/path":                     "user@host:CANARYless/path",
		"https://x-access-token:CANARY@github.com/o/r":  "https://github.com/o/r",
		"https://oauth2:CANARY@gitlab.com/o/r.git?x=@y": "https://…",
	} {
		if got := stripURL(in); got != want {
			t.Errorf("stripURL(%q) = %q, want %q", in, got, want)
		}
	}
}

// Whatever the password is, nothing of it that is long enough to matter is shown.
func FuzzStripURL(f *testing.F) {
	for _, s := range []string{"CANARYTOKEN", "pa/ss?w#o@rd:1", "a::b", "://x@", "12345678/9"} {
		f.Add("https", s)
		f.Add("ssh", s)
		f.Add("", s)
	}
	f.Fuzz(func(t *testing.T, scheme, secret string) {
		const tail = "@zz/zz"
		prefix := "zz:"
		if scheme != "" {
			prefix = scheme + "://zz:"
		}
		got := stripURL(prefix + secret + tail)
		for i := 0; i+4 <= len(secret); i++ {
			if part := secret[i : i+4]; strings.Contains(got, part) && !strings.Contains(scheme+"://zz@zz/zz::…", part) {
				t.Fatalf("stripURL(%q) = %q shows %q", prefix+secret+tail, got, part)
			}
		}
	})
}

// Whatever bytes a tree has, names come out as bytes that were there.
func FuzzParseTree(f *testing.F) {
	raw := strings.Repeat("\x12", 20)
	f.Add([]byte("100644 a\x00"+raw+"40000 dir\x00"+raw), 20)
	f.Add([]byte("120000 a\x00"+raw+raw[:12]), 32)
	f.Add([]byte("7 a\x00"), 20)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		if n != 20 && n != 32 {
			return
		}
		entries, err := parseTree(data, n)
		if err != nil {
			return
		}
		size := 0
		for _, e := range entries {
			if e.Name == "" || strings.ContainsAny(e.Name, "/\x00") || !e.Hash.Valid() || len(e.Hash) != 2*n {
				t.Errorf("entry %+v", e)
			}
			size += len(e.Name) + 1 + n
		}
		if size > len(data) {
			t.Errorf("%d entries need more than %d bytes", len(entries), len(data))
		}
	})
}

// What checkRev accepts is one word that no part of git can take for an option, a
// range, a path, a search or several requests.
func FuzzCheckRev(f *testing.F) {
	for _, s := range []string{"HEAD", "@~3^2", "v1.0^{}", "--output=x", "a..b", "a:b", "a@{1}", "refs/heads/-x", "x^{/y}", "ü"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, rev string) {
		if checkRev(rev) != nil {
			return
		}
		if rev == "" || rev[0] == '-' || rev[0] == '/' || len(rev) > maxRev || strings.ContainsAny(rev, " \t\r\n\x00\x7f:?*[\\") ||
			strings.Contains(rev, "..") || strings.Contains(rev, "@{") {
			t.Errorf("%q is accepted", rev)
		}
		if rest := strings.NewReplacer("^{}", "", "^{commit}", "").Replace(rev); strings.Contains(rest, "^{") {
			t.Errorf("%q is accepted", rev)
		}
	})
}
