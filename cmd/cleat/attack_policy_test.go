//go:build linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// listed are the names that a list method returns.
func (p *peer) listed(method string) []string {
	p.t.Helper()
	m := p.ask(method, `{}`)
	if m.Error != nil {
		return nil // the capability is not offered at all
	}
	var r map[string]json.RawMessage
	if err := json.Unmarshal(m.Result, &r); err != nil {
		p.t.Fatal(err)
	}
	var out []string
	for _, key := range []string{"tools", "prompts", "resources", "resourceTemplates"} {
		var items []struct{ Name, URI string }
		if err := json.Unmarshal(r[key], &items); r[key] != nil && err != nil {
			p.t.Fatal(err)
		}
		for _, it := range items {
			name := it.URI
			if name == "" {
				name = it.Name
			}
			out = append(out, name)
		}
	}
	return out
}

// written reports whether test_write had its effect, and undoes it.
func (w *world) written(t *testing.T) bool {
	t.Helper()
	err := os.Remove(filepath.Join(filepath.Dir(w.dir), "effect"))
	return err == nil
}

const writeEffect = `{"text":"effect"}`

// TestLayers: which layer says read-only does not matter, nor what a lower one says against
// it; nothing is written by any tool.
func TestLayers(t *testing.T) {
	t.Parallel()
	const readOnly, not, allow = "[policy]\nread_only = true\n", "[policy]\nread_only = false\n", "[policy]\nread_only = false\nallow = [\"test_write\"]\n"
	for _, c := range []struct {
		name, managed, user, project string
		env, args                    []string
		trust                        bool
		writes                       bool
	}{
		{name: "nothing said", writes: true},
		{name: "managed", managed: readOnly},
		{name: "managed, all others against it", managed: readOnly, user: allow, project: allow, trust: true,
			env: []string{"CLEAT_READ_ONLY=0", "CLEAT_POLICY_READ_ONLY=false", "CLEAT_MANAGED=/nowhere", "CLEAT_CONFIG=/nowhere"}, args: []string{"--read-only=false"}},
		{name: "user", user: readOnly},
		{name: "user, project against it", user: readOnly, project: allow, trust: true},
		{name: "project, not trusted", project: readOnly},
		{name: "project, user against it", project: readOnly, user: allow},
		{name: "flag", args: []string{"--read-only"}},
		{name: "flag, all against it", args: []string{"--read-only"}, user: allow, project: allow},
		{name: "project allows, untrusted", project: allow, user: readOnly},
		{name: "denied by managed, allowed by user", managed: "[policy]\ndeny = [\"test_*\"]\n", user: allow},
		{name: "denied by project, allowed by user", project: "[policy]\ndeny = [\"test_write\"]\n", user: allow},
		{name: "exception in its own layer", user: "[policy]\nread_only = true\nallow = [\"test_write\"]\n", writes: true},
		{name: "exception in another layer", managed: readOnly, user: "[policy]\nallow = [\"test_write\"]\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := "-- a.txt --\na\n"
			for name, text := range map[string]string{"managed.toml": c.managed, "user.toml": c.user, "cleat.toml": c.project} {
				if text != "" {
					files += "-- " + name + " --\n" + text
				}
			}
			w := attacked(t, files)
			w.env = append(w.env, c.env...)
			if c.trust {
				if out, code := w.run(t, "trust", "--yes"); code != 0 {
					t.Fatalf("trust: %s", out)
				}
			}
			cmd := exec.Command(os.Args[0], append([]string{"serve"}, c.args...)...)
			cmd.Env = slices.Clone(w.env)
			p := w.peerOf(t, cmd)
			text, failed := p.tool("test_write", writeEffect)
			if failed == c.writes || w.written(t) != c.writes {
				t.Errorf("test_write: %s", text)
			}
			if !c.writes && !strings.HasPrefix(text, "denied: ") {
				t.Errorf("the refusal is %s", text)
			}
			if c.writes != slices.Contains(p.listed("tools/list"), "test_write") {
				t.Errorf("listed are %v", p.listed("tools/list"))
			}
			for _, tool := range p.listed("tools/list") {
				if strings.HasPrefix(tool, "test_hang") || strings.HasPrefix(tool, "test_deaf") || tool == "test_write" {
					continue
				}
				p.tool(tool, `{"uri":"a.txt","pattern":"a","query":"a","text":"effect","write":true,"op":"write","force":true,"dry_run":false}`)
				for _, arg := range []string{"uri", "pattern", "query", "text"} {
					p.tool(tool, `{`+quoted(t, arg)+`:"effect"}`)
				}
			}
			if w.written(t) {
				t.Error("another tool wrote")
			}
			if len(c.args) == 0 {
				out, code := w.run(t, "call", "test_write", "text=effect")
				if (code == 0) != c.writes || w.written(t) != c.writes {
					t.Errorf("on the command line: exit %d, %s", code, out)
				}
			}
		})
	}
}

// TestBrokenConfiguration: with a configuration that is broken in any way there is exactly
// status, which says what is wrong; nothing else works, by any way in.
func TestBrokenConfiguration(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Log("as another user than root, the case of an unreadable file is a real one too")
	}
	for _, layer := range []string{"managed", "user", "project"} {
		for name, plant := range map[string]func(file string) error{
			"bad TOML":    func(f string) error { return os.WriteFile(f, []byte("[policy\n"), 0o644) },
			"typo":        func(f string) error { return os.WriteFile(f, []byte("[policy]\nreadonly = true\n"), 0o644) },
			"wrong type":  func(f string) error { return os.WriteFile(f, []byte("[policy]\nread_only = \"yes\"\n"), 0o644) },
			"rule":        func(f string) error { return os.WriteFile(f, []byte("[policy]\ndeny = [\"code_serch\"]\n"), 0o644) },
			"no such arg": func(f string) error { return os.WriteFile(f, []byte("[policy]\ndeny = [\"read(pth=x)\"]\n"), 0o644) },
			"twice": func(f string) error {
				return os.WriteFile(f, []byte("[policy]\nread_only = true\nread_only = true\n"), 0o644)
			},
			"BOM": func(f string) error {
				return os.WriteFile(f, []byte("\xef\xbb\xbf[policy]\nread_only = true\n"), 0o644)
			},
			"UTF-16":    func(f string) error { return os.WriteFile(f, []byte("[\x00p\x00"), 0o644) },
			"JSON":      func(f string) error { return os.WriteFile(f, []byte(`{"policy": {"read_only": true}}`), 0o644) },
			"folder":    func(f string) error { return os.Mkdir(f, 0o755) },
			"dangling":  func(f string) error { return os.Symlink("/nowhere/at/all", f) },
			"fifo":      func(f string) error { return exec.Command("mkfifo", f).Run() },
			"device":    func(f string) error { return os.Symlink("/dev/zero", f) },
			"loop":      func(f string) error { return os.Symlink(filepath.Base(f), f) },
			"huge":      func(f string) error { return os.WriteFile(f, []byte(strings.Repeat("# x\n", 1<<19)), 0o644) },
			"deep":      func(f string) error { return os.WriteFile(f, []byte("a = "+strings.Repeat("[", 200_000)), 0o644) },
			"many dots": func(f string) error { return os.WriteFile(f, []byte(strings.Repeat("a.", 400_000)+"a = 1"), 0o644) },
			"empty managed": func(f string) error {
				if layer != "managed" {
					return os.WriteFile(f, []byte("x"), 0o644)
				}
				return os.WriteFile(f, nil, 0o644)
			},
			"writable managed": func(f string) error {
				if layer != "managed" {
					return os.WriteFile(f, []byte("[x]"), 0o644)
				}
				if err := os.WriteFile(f, []byte("[policy]\nread_only = true\n"), 0o666); err != nil {
					return err
				}
				return os.Chmod(f, 0o666)
			},
		} {
			t.Run(layer+" "+name, func(t *testing.T) {
				t.Parallel()
				w := attacked(t, "-- a.txt --\na\n-- user.toml --\n-- env --\nX=1\n")
				file := map[string]string{"managed": w.home + "/managed.toml", "user": w.home + "/config/cleat/cleat.toml", "project": w.dir + "/cleat.toml"}[layer]
				if err := os.RemoveAll(file); err != nil {
					t.Fatal(err)
				}
				if err := plant(file); err != nil {
					t.Fatal(err)
				}
				p := w.peer(t)
				if got := p.listed("tools/list"); len(got) != 1 || got[0] != "status" {
					t.Errorf("listed are %v", got)
				}
				for _, method := range []string{"prompts/list", "resources/list", "resources/templates/list"} {
					if got := p.listed(method); len(got) > 0 {
						t.Errorf("%s has %v", method, got)
					}
				}
				text, failed := p.tool("status", `{}`)
				if failed || !strings.Contains(text, filepath.Base(file)) || !strings.Contains(text, "broken") {
					t.Errorf("status: %s", text)
				}
				for _, m := range []message{
					p.ask("tools/call", `{"name":"read","arguments":{"uri":"a.txt"}}`),
					p.ask("tools/call", `{"name":"test_write","arguments":`+writeEffect+`}`),
					p.ask("resources/read", `{"uri":"text://a.txt"}`),
					p.ask("prompts/get", `{"name":"onboard"}`),
					p.ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"text://{+path}{#lines}"},"argument":{"name":"path","value":""}}`),
				} {
					if text, failed := told(t, m); !failed || !strings.Contains(text, "status") {
						t.Errorf("answered: %s", text)
					}
				}
				if _, code := w.run(t, "policy", "check"); code != 1 {
					t.Errorf("policy check ends with %d", code)
				}
				if _, code := w.run(t, "call", "read", "uri=a.txt"); code != 1 || w.written(t) {
					t.Errorf("the command line works: %d", code)
				}
				if code := p.end(); code != 0 {
					t.Errorf("exit code %d", code)
				}
			})
		}
	}
}

// TestEdits: what an edit forbids counts with the next call, also in lists; what it allows
// counts only after a restart; a broken edit changes nothing but the status.
func TestEdits(t *testing.T) {
	t.Parallel()
	for _, layer := range []string{"managed.toml", "config/cleat/cleat.toml", "cleat.toml"} {
		t.Run(strings.ReplaceAll(layer, "/", " "), func(t *testing.T) {
			t.Parallel()
			w := attacked(t, "-- a.txt --\na\n")
			file := filepath.Join(w.home, layer)
			if layer == "cleat.toml" {
				file = filepath.Join(w.dir, layer)
			}
			edit := func(text string) {
				// Replaced as an editor does it, so that no reader sees half of it.
				writeFile(t, file+".new", []byte(text))
				if err := os.Rename(file+".new", file); err != nil {
					t.Fatal(err)
				}
			}
			edit("[policy]\ndeny = [\"code_search\"]\n")
			p := w.peer(t)
			_, failed := p.tool("read", `{"uri":"a.txt"}`)
			if failed || slices.Contains(p.listed("tools/list"), "code_search") {
				t.Fatal("the start is wrong")
			}
			edit("[policy]\ndeny = [\"read\", \"onboard\"]\nread_only = true\n")
			if text, failed := p.tool("read", `{"uri":"a.txt"}`); !failed || !strings.HasPrefix(text, "denied: ") {
				t.Errorf("a new deny: %s", text)
			}
			if text, failed := told(t, p.ask("resources/read", `{"uri":"text://a.txt"}`)); !failed || !strings.HasPrefix(text, "denied: ") {
				t.Errorf("a new deny, by a resource: %s", text)
			}
			if text, failed := p.tool("code_search", `{"pattern":"a"}`); !failed || !strings.Contains(text, "restart") {
				t.Errorf("what was denied at the start: %s", text)
			}
			if text, failed := p.tool("test_write", writeEffect); !failed || w.written(t) {
				t.Errorf("read_only: %s", text)
			}
			if got := p.listed("tools/list"); slices.Contains(got, "read") || slices.Contains(got, "test_write") || slices.Contains(got, "code_search") {
				t.Errorf("listed are %v", got)
			}
			if got := p.listed("prompts/list"); slices.Contains(got, "onboard") {
				t.Errorf("listed are %v", got)
			}
			if got := p.listed("resources/list"); slices.Contains(got, "text://a.txt") {
				t.Errorf("listed are %v", got)
			}
			edit("[policy]\nbroken = \n")
			if text, failed := p.tool("read", `{"uri":"a.txt"}`); !failed {
				t.Errorf("a broken edit loosens: %s", text)
			}
			if text, _ := p.tool("status", `{}`); !strings.Contains(text, "broken") {
				t.Errorf("status does not tell of a broken edit: %s", text)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if text, failed := p.tool("read", `{"uri":"a.txt"}`); !failed {
				t.Errorf("a removed file loosens: %s", text)
			}
			p.end()
			if text, failed := w.peer(t).tool("read", `{"uri":"a.txt"}`); failed {
				t.Errorf("after a restart: %s", text)
			}
		})
	}
}

// TestTrustVoided: what a project file adds counts once its very content is trusted, and no
// longer after a change of one byte, nor in another place.
func TestTrustVoided(t *testing.T) {
	t.Parallel()
	project := "[sources.extra]\nkind = \"workspace\"\nroot = \"../other\"\n"
	w := attacked(t, "-- a.txt --\na\n-- cleat.toml --\n"+project)
	writeFile(t, filepath.Join(filepath.Dir(w.dir), "other", "x.txt"), []byte("EXTRA\n"))
	address := quoted(t, filepath.Join(filepath.Dir(w.dir), "other", "x.txt"))
	reads := func() bool {
		p := w.peer(t)
		defer p.end()
		text, failed := p.tool("read", `{"uri":`+address+`}`)
		search, _ := p.tool("code_search", `{"pattern":"EXTRA","source":"extra"}`)
		if got := !failed && strings.Contains(text, "EXTRA"); got == strings.Contains(search, "1 match") {
			return got
		}
		t.Errorf("read and search differ: %s\n%s", text, search)
		return false
	}
	if reads() {
		t.Error("an untrusted source is used")
	}
	if out, code := w.run(t, "trust"); code == 0 {
		t.Errorf("trust without a terminal: %s", out)
	}
	if out, code := w.run(t, "trust", "--yes"); code != 0 || !strings.Contains(out, filepath.Join(filepath.Dir(w.dir), "other")) {
		t.Errorf("trust: %s", out)
	}
	if !reads() {
		t.Error("a trusted source is not used")
	}
	w.write(t, "cleat.toml", project+" ")
	if reads() {
		t.Error("a change of one byte does not void the trust")
	}
	w.write(t, "cleat.toml", project)
	if err := os.Rename(w.dir, w.dir+"2"); err != nil {
		t.Fatal(err)
	}
	w.dir += "2"
	if reads() {
		t.Error("the trust of one repository holds for another")
	}
	for _, key := range []string{"command", "password_command", "credential_helper", "cmd", "shell"} {
		w.write(t, "cleat.toml", project+key+" = [\"sh\", \"-c\", \"touch "+w.home+"/pwned\"]\n")
		w.run(t, "trust", "--yes")
		w.peer(t).tool("status", `{}`)
		if _, err := os.Stat(w.home + "/pwned"); err == nil {
			t.Errorf("%s was run", key)
		}
	}
}
