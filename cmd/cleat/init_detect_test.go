package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/config"
)

func TestSights(t *testing.T) {
	l := newPlace(t)
	l.git(t, "remote", "add", "origin", "https://ann:s3cret-token@github.com/acme/shop.git")
	l.git(t, "remote", "add", "work", "git@gitlab.example.com:acme/shop.git")
	l.git(t, "remote", "add", "disk", "/srv/s3cret-place")
	writeFile(t, filepath.Join(l.dir, "compose.yaml"), []byte("services:\n  db:\n    image: \"postgres:16\"\n    environment:\n      PW: s3cret\n  m:\n    image: mariadb\n"))
	writeFile(t, filepath.Join(l.dir, ".env"), []byte("# DATABASE_URL=s3cret\nexport DATABASE_URL=postgres://u:s3cret@h/db\nAPI_KEY=s3cret\nshop_DSN=s3cret\nAPP_DSN = s3cret\nnot a line s3cret_DSN\n"))
	code, out, stderr := l.run("init")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	var seen []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "Seen: ") {
			seen = append(seen, line)
		}
	}
	want := []string{
		"Seen: git remote origin at github.com, work at gitlab.example.com. For your configuration:\n",
		"Seen: compose.yaml with postgres, mariadb. For your configuration:\n",
		"Seen: DATABASE_URL in .env, APP_DSN in .env (values are not shown). For your configuration:\n",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
	if strings.Contains(out+stderr, "s3cret") {
		t.Errorf("a value is shown:\n%s", out+stderr)
	}
}

// Files that are not small and regular are not looked into, and nothing is said of them.
func TestSightsOfOddFiles(t *testing.T) {
	l := newPlace(t)
	writeFile(t, filepath.Join(l.home, "outside"), []byte("DATABASE_URL=x\n"))
	if err := os.Symlink(filepath.Join(l.home, "outside"), filepath.Join(l.dir, ".env")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(l.dir, ".env.local"), []byte("DATABASE_URL=x\n"+strings.Repeat("#", maxSight)))
	if err := os.Mkdir(filepath.Join(l.dir, "compose.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := l.run("init")
	if code != 0 || stderr != "" || strings.Contains(out, "Seen") {
		t.Errorf("exit %d\n%s\n%s", code, out, stderr)
	}
}

// A kind is suggested only where this version has it.
func TestSuggestions(t *testing.T) {
	sights := []sight{
		{"git remote origin at github.com", []offer{{"github", "github", forgeKeys("github", "github.com")}}},
		{"git remote origin at gitlab.example.com", []offer{{"gitlab", "gitlab", forgeKeys("gitlab", "gitlab.example.com")}}},
		{"DATABASE_URL in .env", []offer{{"db", "mysql", nil}, {"db", "postgres", []string{`dsn = "env:DATABASE_URL"`}}}},
		{"compose.yaml with postgres", []offer{{"db", "postgres", nil}}},
	}
	want := []string{
		"Seen: git remote origin at github.com; no source kind for it in this version.",
		"Seen: git remote origin at gitlab.example.com. For your configuration:",
		"  # [sources.gitlab]",
		`  # kind = "gitlab"`,
		`  # token = "env:GITLAB_TOKEN"`,
		`  # url = "https://gitlab.example.com"`,
		`  # repos = ["OWNER/*"]`,
		"Seen: DATABASE_URL in .env. For your configuration:",
		"  # [sources.db]",
		`  # kind = "postgres"`,
		`  # dsn = "env:DATABASE_URL"`,
		"Seen: compose.yaml with postgres. For your configuration:",
		"  # [sources.db-2]",
		`  # kind = "postgres"`,
	}
	if diff := cmp.Diff(want, suggestions(sights, []string{"gitlab", "postgres", "workspace"})); diff != "" {
		t.Errorf("suggestions (-want +got):\n%s", diff)
	}
}

func TestRemoteHost(t *testing.T) {
	for address, want := range map[string]string{
		"https://github.com/acme/shop.git":      "github.com",
		"ssh://git@GitHub.com:22/acme/shop.git": "github.com",
		"git@gitlab.example.com:acme/shop.git":  "gitlab.example.com",
		"gitea.example.com:shop":                "gitea.example.com",
		"https://[::1]:8080/x":                  "::1",
		"/srv/git/shop.git":                     "",
		"../shop":                               "",
		`C:\git\shop`:                           "",
		"file:///srv/git/shop.git":              "",
		"ext::…":                                "",
		"":                                      "",
		"https://%zz/":                          "",
	} {
		if got := remoteHost(address); got != want {
			t.Errorf("remoteHost(%q) is %q, want %q", address, got, want)
		}
	}
}

func TestInitConfig(t *testing.T) {
	l := newPlace(t)
	file := filepath.Join(l.home, "config", "cleat", "cleat.toml")
	code, out, stderr := l.run("init", "--config")
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	wantAll(t, "stdout", out, "Wrote "+file)
	if code, out, stderr := l.run("policy", "check"); code != 0 {
		t.Errorf("what was written is broken: %s%s", out, stderr)
	}

	writeFile(t, file, []byte("# mine\n"))
	code, out, _ = l.run("init", "--config")
	if code != 0 || fileText(t, file) != "# mine\n" {
		t.Errorf("exit %d, the file is now %q", code, fileText(t, file))
	}
	wantAll(t, "second stdout", out, "is there already and stays as it is")
}

func TestInitConfigCannotBeWritten(t *testing.T) {
	l := newPlace(t)
	writeFile(t, filepath.Join(l.home, "config", "cleat"), []byte("a file in the folder's place"))
	code, _, stderr := l.run("init", "--config")
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	wantAll(t, "stderr", stderr, "cleat.toml cannot be written: ", "\n      mend: ")
}

// The settings of the skeleton are right once their # is taken away.
func TestSkeletonSettings(t *testing.T) {
	l := newPlace(t)
	var b strings.Builder
	settings := 0
	for line := range strings.Lines(skeleton) {
		if setting, ok := strings.CutPrefix(line, "#"); ok && !strings.HasPrefix(setting, " ") {
			line = strings.ReplaceAll(setting, "/path/to/a/folder", l.home)
			settings++
		}
		b.WriteString(line)
	}
	writeFile(t, filepath.Join(l.home, "config", "cleat", config.ProjectFile), []byte(b.String()))
	code, out, stderr := l.run("policy", "check")
	if code != 0 || settings < 10 {
		t.Errorf("%d settings, exit %d\n%s%s\n%s", settings, code, out, stderr, b.String())
	}
}
