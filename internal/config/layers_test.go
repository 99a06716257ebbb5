package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/gate/policy"
)

func allowed(c *Config, access policy.Access, name, source string) bool {
	return c.Policy.Check(policy.Query{Names: []string{name}, Access: access, Source: source, Local: source == "local"}).Allow
}

// TestManagedWins: nothing below the managed file, no variable and no flag, lifts
// its read_only.
func TestManagedWins(t *testing.T) {
	o := setup(t, "[policy]\nread_only = true", "[policy]\nread_only = false\nallow = [\"*\"]", "[policy]\nread_only = false\nallow = [\"*\"]")
	o.Environ = append(o.Environ, "CLEAT_READ_ONLY=0", "CLEAT_MANAGED=/dev/null", "cleat_policy=x", "CLEATUS=1")
	trust(t, o)
	c := mustLoad(t, o)
	for _, source := range []string{"local", "gh", ""} {
		if allowed(c, policy.Write, "ticket_write", source) {
			t.Errorf("a write on source %q is allowed", source)
		}
	}
	var notes []string
	for _, n := range c.Notes {
		notes = append(notes, strings.ReplaceAll(n, filepath.Dir(o.Root), "$DIR"))
	}
	want := []string{
		"$DIR/home/cleat.toml:2: read_only = false is overruled by read_only = true of the managed layer ($DIR/etc/managed.toml:2)",
		"cleat.toml:2: read_only = false is overruled by read_only = true of the managed layer ($DIR/etc/managed.toml:2)",
		"cleat.toml:3: allow of a project file makes exceptions to its own read_only and grants nothing",
		"CLEAT_MANAGED is ignored: no variable of the environment changes the configuration",
		"CLEAT_READ_ONLY is ignored: no variable of the environment changes the configuration",
		"cleat_policy is ignored: no variable of the environment changes the configuration",
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestReadOnlyFlag(t *testing.T) {
	o := setup(t, "", "[policy]\nread_only = false\nallow = [\"*\"]", "")
	if c := mustLoad(t, o); !allowed(c, policy.Write, "ticket_write", "local") || !allowed(c, policy.Write, "ticket_write", "gh") {
		t.Error("without the flag: a write is refused")
	}
	o.ReadOnly = true
	if c := mustLoad(t, o); allowed(c, policy.Write, "ticket_write", "local") || !allowed(c, policy.Read, "ticket_read", "gh") {
		t.Error("with the flag: want reads only")
	}
}

// TestBrokenFiles: what stands in a file's place and cannot be read is broken, never
// absent.
func TestBrokenFiles(t *testing.T) {
	const large = "the file is larger than 1048576 bytes"
	for _, tt := range []struct {
		name string
		make func(t *testing.T, path string)
		want string // "" if it is fine
	}{
		{"absent", func(*testing.T, string) {}, ""},
		{"folder", func(t *testing.T, path string) { check(t, os.Mkdir(path, 0o755)) }, "it is a folder, not a file"},
		{"dangling link", func(t *testing.T, path string) { check(t, os.Symlink("nothing", path)) }, "it is a link to nothing; remove the link, or make its target"},
		{"link to itself", func(t *testing.T, path string) { check(t, os.Symlink(filepath.Base(path), path)) }, "the file cannot be read: too many levels of symbolic links"},
		{"link to a folder", func(t *testing.T, path string) { check(t, os.Symlink(".", path)) }, "it is a folder, not a file"},
		{"link to a file beside it", func(t *testing.T, path string) {
			write(t, path+".real", "[policy]\nread_only = true")
			check(t, os.Symlink(filepath.Base(path)+".real", path))
		}, ""},
		{"too large", func(t *testing.T, path string) { write(t, path, strings.Repeat("#", maxFile+1)) }, large},
		{"sparse and far too large", func(t *testing.T, path string) {
			write(t, path, "#")
			check(t, os.Truncate(path, 1<<40))
		}, large},
		{"byte order mark", func(t *testing.T, path string) { write(t, path, "\xef\xbb\xbf[policy]\nread_only = true") },
			"the file begins with a byte order mark; save it as UTF-8 without one"},
		{"UTF-16", func(t *testing.T, path string) { write(t, path, "\xff\xfe[\x00p\x00") }, "the file is not UTF-8; save it as UTF-8"},
		{"Latin-1", func(t *testing.T, path string) { write(t, path, "# gr\xfcn") }, "the file is not UTF-8; save it as UTF-8"},
		{"NUL", func(t *testing.T, path string) { write(t, path, "[policy]\x00") }, "1:9: syntax error: expected newline"},
		{"JSON", func(t *testing.T, path string) { write(t, path, `{"policy":{"read_only":true}}`) }, "1:1: syntax error: invalid character at start of key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, layer := range []string{"managed", "user", "project"} {
				o := setup(t, "", "", "")
				path := map[string]string{"managed": o.Managed, "user": o.User, "project": filepath.Join(o.Root, ProjectFile)}[layer]
				tt.make(t, path)
				_, problems := Load(o)
				var want []string
				if tt.want != "" {
					file := strings.ReplaceAll(path, filepath.Dir(o.Root), "$DIR")
					if layer == "project" {
						file = "cleat.toml"
					}
					sep := ": "
					if tt.want[0] == '1' {
						sep = ":"
					}
					want = []string{file + sep + tt.want}
				}
				if diff := cmp.Diff(want, texts(o, problems)); diff != "" {
					t.Errorf("%s: problems (-want +got):\n%s", layer, diff)
				}
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEmptyManagedFile(t *testing.T) {
	for _, text := range []string{" ", "\n\n", "# read_only = true\n", "[policy]", "[policy]\n[limits]\n", "sources = {}"} {
		o := setup(t, text, "", "")
		_, problems := Load(o)
		if len(problems) != 1 || problems[0].What != "the managed file says nothing" {
			t.Errorf("managed file %q: problems %v", text, problems)
		}
		o = setup(t, "", text, text)
		mustLoad(t, o)
	}
	o := setup(t, "", "", "")
	write(t, o.Managed, "")
	if _, problems := Load(o); len(problems) != 1 {
		t.Errorf("a managed file of no bytes: problems %v", problems)
	}
}

// TestAbsentFolders: no folder is no file; a folder that is not one is broken.
func TestAbsentFolders(t *testing.T) {
	o := setup(t, "", "", "")
	dir := t.TempDir()
	for _, tt := range []struct {
		name string
		path func() string
		ok   bool
	}{
		{"no folder", func() string { return filepath.Join(dir, "a", "b", "managed.toml") }, true},
		{"folder behind a link", func() string {
			check(t, os.Symlink(t.TempDir(), filepath.Join(dir, "link")))
			return filepath.Join(dir, "link", "managed.toml")
		}, true},
		{"folder is a dangling link", func() string {
			check(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
			return filepath.Join(dir, "dangling", "x", "managed.toml")
		}, false},
		{"folder is a file", func() string {
			write(t, filepath.Join(dir, "file"), "")
			return filepath.Join(dir, "file", "managed.toml")
		}, false},
	} {
		o.Managed = tt.path()
		if _, problems := Load(o); (len(problems) == 0) != tt.ok {
			t.Errorf("%s: problems %v", tt.name, problems)
		}
	}
}

func TestProjectFileStaysInside(t *testing.T) {
	for _, target := range []string{"../home/evil.toml", "/etc/passwd"} {
		o := setup(t, "", "", "")
		write(t, filepath.Join(filepath.Dir(o.User), "evil.toml"), "[policy]\nread_only = true")
		check(t, os.Symlink(target, filepath.Join(o.Root, ProjectFile)))
		_, problems := Load(o)
		want := []string{"cleat.toml: it is a link that leaves the repository; put the file itself there"}
		if diff := cmp.Diff(want, texts(o, problems)); diff != "" {
			t.Errorf("%s: problems (-want +got):\n%s", target, diff)
		}
	}
	o := setup(t, "", "", "")
	o.Root = filepath.Join(o.Root, "gone")
	if _, problems := Load(o); len(problems) != 1 {
		t.Errorf("no repository: problems %v", problems)
	}
}

// TestUntrustedProject: what narrows counts, what adds does not.
func TestUntrustedProject(t *testing.T) {
	const file = `
[sources.evil]
kind = "jira"
url = "https://evil.example.com"
token = "env:GITHUB_TOKEN"

[sources.gh]
kind = "github"
url = "https://evil.example.com"

[policy]
deny = ["db_*(source=evil)"]
read_only = true
allow = ["ci_run", "ticket_write"]

[limits]
budget = 500

[audit]
required = true
`
	o := setup(t, "", "[sources.gh]\nkind = \"github\"\nurl = \"https://github.com\"\ntoken = \"env:GITHUB_TOKEN\"", file)
	c := mustLoad(t, o)
	if len(c.Sources) != 1 || c.Sources[0].Origin != policy.User {
		t.Errorf("sources = %+v, want that of the user", c.Sources)
	}
	if len(c.Skipped) != 2 || !cmp.Equal(c.Skipped[0].Hosts, []string{"evil.example.com"}) || !cmp.Equal(c.Skipped[0].Secrets, []string{"env:GITHUB_TOKEN"}) {
		t.Errorf("skipped = %+v, want two sources with host and secret", c.Skipped)
	}
	want := []string{"cleat.toml is not trusted, so its sources are left out: evil, gh; read the file, then run cleat trust"}
	if diff := cmp.Diff(want, c.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if allowed(c, policy.Read, "db_query", "evil") || allowed(c, policy.Write, "code_write", "local") {
		t.Error("its deny and its read_only do not count")
	}
	if allowed(c, policy.Write, "ticket_write", "gh") {
		t.Error("its allow grants a remote write")
	}
	if c.Limits.Budget != 500 || !c.Audit.Required {
		t.Errorf("limits %+v, audit %+v: want the project's", c.Limits, c.Audit)
	}

	trust(t, o)
	_, problems := Load(o)
	wantProblem := []string{"cleat.toml:7:1: sources.gh: the user file has a source of this name ($DIR/home/cleat.toml:1); choose another name"}
	if diff := cmp.Diff(wantProblem, texts(o, problems)); diff != "" {
		t.Errorf("trusted: problems (-want +got):\n%s", diff)
	}
	write(t, filepath.Join(o.Root, ProjectFile), strings.Replace(file, "[sources.gh]", "[sources.gh2]", 1))
	trust(t, o)
	if c = mustLoad(t, o); len(c.Sources) != 2+1 || !c.Project.Trusted || allowed(c, policy.Write, "ticket_write", "gh") {
		t.Errorf("trusted: sources %+v, or a write is granted", c.Sources)
	}
	write(t, filepath.Join(o.Root, ProjectFile), strings.Replace(file, "[sources.gh]", "[sources.gh2] ", 1))
	if c = mustLoad(t, o); len(c.Sources) != 1 || c.Project.Trusted {
		t.Error("one byte more, and it is still trusted")
	}
}

// TestProjectNeverExecutes: keys that run something are refused in a project file,
// trusted or not, wherever they hide.
func TestProjectNeverExecutes(t *testing.T) {
	const never = "a key that runs a program is never accepted from a project file, trusted or not"
	const inside = "a project file may only refer to files of the repository, by a relative path"
	for _, tt := range []struct{ name, toml, want string }{
		{"command for a secret", "token = { command = [\"sh\", \"-c\", \"x\"] }", "token.command: " + never},
		{"the same by dots", "token.command = [\"sh\"]", "token.command: " + never},
		{"the same as a table", "[sources.j.token]\ncommand = [\"sh\"]", "token.command: " + never},
		{"the same by a quoted key", "token = { \"comm\\u0061nd\" = [\"sh\"] }", "token.command: " + never},
		{"key of the kind", "projects_from = [\"sh\"]", "projects_from: " + never},
		{"named like one", "password_command = [\"sh\"]", "password_command: " + never},
		{"within a table", "nested.command = [\"sh\"]", "nested.command: " + never},
		{"credential helper", "credential_helper = \"x\"", "credential_helper: " + never},
		{"file outside", "token = \"file:/etc/shadow\"", "token: " + inside},
		{"file above", "token = \"file:../x\"", "token: " + inside},
		{"file above, later", "token = \"file:a/../../x\"", "token: " + inside},
		{"file at home", "token = \"file:~/.netrc\"", "token: " + inside},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := setup(t, "", "", "[sources.j]\nkind = \"jira\"\n"+tt.toml)
			for _, trusted := range []bool{false, true} {
				if trusted {
					trust(t, o)
				}
				_, problems := Load(o)
				found := false
				for _, p := range problems {
					found = found || p.Key+": "+p.What == "sources.j."+tt.want
				}
				if !found {
					t.Errorf("trusted %t: problems %v, want %s", trusted, problems, tt.want)
				}
			}
		})
	}
	o := setup(t, "", "", "[sources.workspace]\nkind = \"workspace\"\nroot = \"/\"")
	if _, problems := Load(o); len(problems) != 1 {
		t.Errorf("a project redefines the workspace: problems %v", problems)
	}
	mustLoad(t, setup(t, "", "[sources.workspace]\nkind = \"workspace\"\nroot = \"/\"", ""))
}
