//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileClones: clones that globs lead to may say of themselves what they like, and may
// become links or other repositories while they are served: no program runs, nothing is
// shown of what the globs do not lead to, and the other clones are served as before.
func TestHostileClones(t *testing.T) {
	t.Parallel()
	w, program, mark := armed(t)
	up := filepath.Dir(w.dir)
	src := up + "/src"
	for _, name := range []string{"good", "evil", "swap", "gitfile"} {
		c := &world{dir: filepath.Join(src, name), env: w.env}
		c.write(t, "a.go", "package a\n\nfunc Inside() {}\n")
		c.git(t, "init", "-q", "-b", "main")
		c.commit(t, "Begin "+name)
		c.git(t, "tag", "first")
		c.write(t, "a.go", "package a\n\nfunc Inside() { Inside() }\n")
		c.commit(t, "Two "+name)
	}
	o := &world{dir: up + "/other", env: w.env}
	o.git(t, "tag", "first")
	evil := &world{dir: src + "/evil", env: w.env}
	config, err := os.ReadFile(evil.dir + "/.git/config")
	if err != nil {
		t.Fatal(err)
	}
	evil.write(t, ".git/config", string(config)+strings.NewReplacer("$P", program, "$O", o.dir).Replace("[core]\n fsmonitor = $P\n pager = $P\n hooksPath = $O\n worktree = $O\n sshCommand = $P\n[diff]\n external = $P\n orderFile = $O/f.txt\n"+
		"[diff \"f\"]\n textconv = $P\n command = $P\n[filter \"f\"]\n clean = $P\n process = $P\n[alias]\n log = !$P\n[blame]\n ignoreRevsFile = $O/f.txt\n[log]\n showSignature = true\n[gpg]\n program = $P\n[include]\n path = $O/f.txt\n"))
	evil.write(t, ".gitattributes", "* filter=f diff=f\n")
	for _, name := range []string{"linked", "loop"} {
		if err := os.Symlink(map[string]string{"linked": "../other", "loop": "."}[name], filepath.Join(src, name)); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, w.home+"/config/cleat/cleat.toml", []byte("[sources.many]\nkind = \"workspace\"\nrepos = ["+quoted(t, src+"/*")+"]\n"))
	p := w.peer(t)
	check := func(when string) {
		t.Helper()
		for _, a := range []probe{{source: "many", text: "Inside"}, {source: "many", repo: "*", text: "Inside", ref: "main"}, {source: "many", repo: "evil", text: "Inside", path: "a.go", ref: "main"}, {source: "many", repo: "swap", text: "CANAR", path: "f.txt", ref: "main"},
			{source: "many", repo: "gitfile", text: "CANAR", path: "f.txt", ref: "main"}, {source: "many", repo: "linked", text: "CANAR", path: "f.txt"}, {source: "many", repo: "../other", text: "CANAR"}, {source: "many", repo: o.dir, text: "CANAR"},
			{source: "many", repo: "{good,../other,linked}", text: "CANAR"}, {source: "many", repo: "good/../../other", text: "CANAR"}, {source: "many", repo: "**", text: "CANAR"}} {
			ways := everyPath
			if a.path == "" {
				a.path = "f.txt"
			}
			if a.repo == "*" || a.repo == "swap" || a.repo == "evil" {
				ways = everyCode
			}
			if said := ways(t, p, a); strings.Contains(said, canary) {
				i := strings.Index(said, canary)
				t.Errorf("%s, %+v: what lies outside was shown: …%s…", when, a, said[max(0, i-400):min(len(said), i+60)])
			}
		}
		if text, failed := p.tool("code_search", `{"source":"many","repo":"*","pattern":"Inside","mode":"symbol","ref":"main"}`); failed || !strings.Contains(text, "good") {
			t.Errorf("%s, a search of all: %s", when, text)
		}
		if text, failed := p.tool("code_history", `{"source":"many","repo":"good","op":"log"}`); failed || !strings.Contains(text, "Two good") {
			t.Errorf("%s, the log of a good one: %s", when, text)
		}
	}
	check("at first")
	if err := os.Rename(src+"/swap", up+"/swap.gone"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../other", src+"/swap"); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(src + "/gitfile/.git"); err != nil {
		t.Fatal(err)
	}
	writeFile(t, src+"/gitfile/.git", []byte("gitdir: "+o.dir+"/.git\n"))
	check("after a swap")
	for _, name := range []string{src + "/gitfile/.git", src + "/swap"} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(o.dir+"/.git", src+"/gitfile/.git"); err != nil {
		t.Fatal(err)
	}
	check("after another")
	if p.end() != 0 {
		t.Error("a bad end")
	}
	if ran, err := os.ReadFile(mark); err == nil {
		t.Errorf("a program was run:\n%s", ran)
	}
}

// TestHostileGo: sources whose uses are told by types cannot make that run a program, read
// outside, or end the session, whatever they declare.
func TestHostileGo(t *testing.T) {
	t.Parallel()
	base := "-- a.txt --\na\n-- lib/lib.go --\npackage lib\n\ntype T struct{}\n\nfunc (T) M() {}\n"
	for name, files := range map[string]string{
		"replace":    "-- go.mod --\nmodule m\n\ngo 1.24\n\nrequire o v1.0.0\n\nreplace o => ../other\n-- use.go --\npackage m\n\nimport (\n\t\"m/lib\"\n\t\"o\"\n)\n\nfunc f() { lib.T{}.M(); o.CANARY() }\n",
		"workspace":  "-- go.work --\ngo 1.24\n\nuse ../other\nuse .\n-- go.mod --\nmodule m\n-- use.go --\npackage m\n\nimport (\n\t\"m/lib\"\n\t\"o\"\n)\n\nfunc f() { lib.T{}.M(); o.CANARY() }\n",
		"toolchain":  "-- go.mod --\nmodule m\n\ngo 99.99\n\ntoolchain $P\n\ntool $P\n-- use.go --\n//go:build go1.1\n\npackage m\n\nimport \"m/lib\"\n\nfunc f() { lib.T{}.M() }\n",
		"cgo":        "-- go.mod --\nmodule m\n-- use.go --\npackage m\n\n// #cgo CFLAGS: -fplugin=$P\n// #cgo pkg-config: --define-prefix $P\nimport \"C\"\nimport \"m/lib\"\n\n//go:generate $P\n\nfunc f() { lib.T{}.M(); C.puts(nil) }\n",
		"line":       "-- go.mod --\nmodule m\n-- use.go --\npackage m\n\nimport \"m/lib\"\n\n//line ../other/f.txt:1\nfunc f() { lib.T{}.M() }\n\n/*line /etc/passwd:1:1*/ func g() { lib.T{}.M() }\n",
		"embed":      "-- go.mod --\nmodule m\n-- use.go --\npackage m\n\nimport (\n\t_ \"embed\"\n\t\"m/lib\"\n)\n\n//go:embed ../other/f.txt\nvar s string\n\nfunc f() { lib.T{}.M() }\n",
		"import":     "-- go.mod --\nmodule m\n-- use.go --\npackage m\n\nimport (\n\t\"../other\"\n\t\"/etc\"\n\t\"m/../other\"\n\t\"m/lib\"\n)\n\nfunc f() { lib.T{}.M() }\n",
		"vendor":     "-- go.mod --\nmodule m\n\nrequire o v1.0.0\n-- vendor/modules.txt --\n# o v1.0.0 => ../other\n## explicit\no\n../../other\n-- use.go --\npackage m\n\nimport (\n\t\"m/lib\"\n\t\"o\"\n)\n\nfunc f() { lib.T{}.M(); o.CANARY() }\n",
		"deep":       "-- go.mod --\nmodule m\n-- use.go --\npackage m\n\nimport \"m/lib\"\n\nfunc f() { lib.T{}.M() }\n\nvar x = " + strings.Repeat("(", 200_000) + "\n-- deep2.go --\npackage m\n\nvar y " + strings.Repeat("[]", 100_000) + "int\n-- deep3.go --\npackage m\n\nvar z = 1" + strings.Repeat("+1", 200_000) + "\n",
		"constants":  "-- go.mod --\nmodule m\n-- use.go --\npackage m\n\nimport \"m/lib\"\n\nconst a = 1 << 500\nconst b = a * a * a * a\nconst c = b * b * b * b * b * b\n\nvar d = 1 << (1 << 30)\nvar e [1 << 62]int\n\nfunc f() { lib.T{}.M() }\n",
		"generics":   "-- go.mod --\nmodule m\n-- use.go --\npackage m\n\nimport \"m/lib\"\n\ntype L[A any] struct{ n *L[L[A]] }\ntype I interface{ I }\ntype S struct{ S }\ntype G[P interface{ ~[]Q }, Q any] struct{ x G[P, Q] }\n\nfunc r[A any](a A) { r(struct{ a A }{a}) }\n\nfunc f() { lib.T{}.M(); var l L[int]; _ = l.n.n.n }\n",
		"go.mod":     "-- go.mod --\nmodule " + strings.Repeat("m", 100_000) + "\n\nrequire (\n" + strings.Repeat("\tx v1.0.0\n", 20_000) + "-- use.go --\npackage m\n\nfunc f() { T{}.M() }\n",
		"not Go":     "-- go.mod --\n\x00\xff\n-- use.go --\n\x00package\xff\n-- b.go --\npackage m\n\nfunc (T) M() {}\n",
		"two cycles": "-- go.mod --\nmodule m\n-- use.go --\npackage m\n\nimport \"m/b\"\nimport \"m/lib\"\n\nfunc F() { b.F(); lib.T{}.M() }\n-- b/b.go --\npackage b\n\nimport \"m\"\n\nfunc F() { m.F() }\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := attacked(t, "-- a.txt --\na\n")
			up := filepath.Dir(w.dir)
			program, mark := up+"/pwn", up+"/pwned"
			writeFile(t, program, []byte("#!/bin/sh\necho \"$0 $*\" >>"+mark+"\n"))
			if err := os.Chmod(program, 0o755); err != nil {
				t.Fatal(err)
			}
			writeFile(t, up+"/other/go.mod", []byte("module o\n"))
			writeFile(t, up+"/other/f.go", []byte("package o\n\n// "+canary+"\nfunc CANARY() {}\n"))
			writeFile(t, up+"/other/f.txt", []byte(canary+"\n"))
			for _, f := range strings.Split(strings.ReplaceAll(base+files, "$P", program), "-- ")[1:] {
				if name, text, ok := strings.Cut(f, " --\n"); ok {
					w.write(t, name, text)
				}
			}
			w.git(t, "tag", "first")
			w.commit(t, "All")
			for _, dir := range []string{"bin", "go"} {
				writeFile(t, up+"/"+dir+"/go", []byte("#!/bin/sh\necho go \"$*\" >>"+mark+"\n"))
				if err := os.Chmod(up+"/"+dir+"/go", 0o755); err != nil {
					t.Fatal(err)
				}
			}
			p := w.peer(t, "PATH="+up+"/bin:"+os.Getenv("PATH"), "GOFLAGS=-toolexec="+program, "GOPACKAGESDRIVER="+program, "CC="+program, "GOENV="+up+"/other/f.txt", "GOROOT="+up+"/go")
			for _, pattern := range []string{"T.M", "lib.T.M", "m/lib.T.M", "M", "o.CANARY", "L.n"} {
				for _, ref := range []string{"", "main"} {
					text, failed := told(t, p.ask("tools/call", called(t, "code_search", probe{}, "mode", "refs", "pattern", pattern, "ref", ref)))
					if strings.Contains(text, canary) || strings.Contains(text, "root:x:") || strings.Contains(text, "../other/f") && !strings.Contains(text, "line ../other") && !strings.Contains(text, "embed ../other") {
						t.Errorf("%s at %q: %s", pattern, ref, text)
					}
					if failed && (strings.HasPrefix(text, "internal") || name != "go.mod" && name != "not Go" && strings.HasSuffix(pattern, "T.M")) {
						t.Errorf("%s at %q: %s", pattern, ref, text)
					}
				}
			}
			if name != "go.mod" && name != "not Go" {
				text, _ := p.tool("code_search", `{"mode":"refs","pattern":"lib.T.M"}`)
				typed := name == "replace" || name == "workspace" || name == "line" || name == "embed" || name == "toolchain"
				if !strings.Contains(text, "lib/lib.go:5") || typed && (!strings.Contains(text, "by types") || !strings.Contains(text, "use.go:")) {
					t.Errorf("the uses are not found: %s", text)
				}
			}
			if p.end() != 0 {
				t.Error("a bad end")
			}
			if ran, err := os.ReadFile(mark); err == nil {
				t.Errorf("a program was run: %s", ran)
			}
		})
	}
}

// TestSymbolCache: sessions that share the cache of symbols, and whatever is done to its
// folder, change no answer, and cleat writes and removes nothing behind a link.
func TestSymbolCache(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(dir, outside string) error{
		"nothing": func(string, string) error { return nil },
		"garbage": func(dir, _ string) error {
			return eachSegment(dir, func(name string) error { return os.WriteFile(name, []byte(strings.Repeat("\xff\x00", 5000)), 0o600) })
		},
		"cut": func(dir, _ string) error {
			return eachSegment(dir, func(name string) error { return os.Truncate(name, 50) })
		},
		"empty": func(dir, _ string) error {
			return eachSegment(dir, func(name string) error { return os.Truncate(name, 0) })
		},
		"other names": func(dir, _ string) error {
			return eachSegment(dir, func(name string) error {
				data, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				return os.WriteFile(name, []byte(strings.NewReplacer("only", "lnoy", "every", "reeve").Replace(string(data))), 0o600)
			})
		},
		"a folder for a segment": func(dir, _ string) error {
			return eachSegment(dir, func(name string) error {
				if err := os.Remove(name); err != nil {
					return err
				}
				return os.Mkdir(name, 0o700)
			})
		},
		"a link for a segment": func(dir, outside string) error {
			return eachSegment(dir, func(name string) error {
				if err := os.Remove(name); err != nil {
					return err
				}
				return os.Symlink(outside+"/keep.seg", name)
			})
		},
		"a link for the folder": func(dir, outside string) error {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			return os.Symlink(outside, dir)
		},
		"a file for the folder": func(dir, _ string) error {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			return os.WriteFile(dir, []byte("x"), 0o600)
		},
		"not writable": func(dir, _ string) error { return os.Chmod(dir, 0o500) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := attacked(t, "-- a.txt --\na\n")
			for i := range 40 {
				w.write(t, fmt.Sprintf("p%d/f.py", i), strings.Repeat("# so long that it is kept\n", 60)+fmt.Sprintf("def only%d(a):\n    return 1\n\ndef every(x):\n    pass\n", i))
			}
			outside := filepath.Join(filepath.Dir(w.dir), "outside")
			writeFile(t, outside+"/keep.seg", []byte("not a segment\n"))
			writeFile(t, outside+"/0000000000000001-abc.seg", []byte("not a segment either\n"))
			ask := func(p *peer, i int) string {
				text, failed := p.tool("code_search", fmt.Sprintf(`{"mode":"symbol","pattern":"only%d"}`, i))
				every, _ := p.tool("code_search", `{"mode":"symbol","pattern":"every","limit":100}`)
				if failed || !strings.Contains(text, fmt.Sprintf("p%d/f.py:61", i)) || strings.Count(every, "/f.py:") != 40 {
					t.Errorf("only%d: %s\n%s", i, text, every)
				}
				return w.mask(text + every)
			}
			p := w.peer(t)
			want := ask(p, 7)
			p.end()
			dirs, err := filepath.Glob(w.home + "/state/cleat/repositories/*/symbols")
			if err != nil || len(dirs) != 1 {
				t.Fatalf("the cache is in %q, %v", dirs, err)
			}
			dir, kept := dirs[0], 0
			if err := eachSegment(dir, func(string) error { kept++; return nil }); err != nil || kept == 0 {
				t.Fatalf("nothing was kept: %v", err)
			}
			if err := plant(dir, outside); err != nil {
				t.Fatal(err)
			}
			a, b := w.peer(t), w.peer(t)
			for i := range 5 {
				if got := ask(a, 7); got != want {
					t.Errorf("another answer: %s", firstDifference(want, got))
				}
				w.write(t, fmt.Sprintf("p%d/g.py", i), strings.Repeat("# another that is kept\n", 70)+fmt.Sprintf("def late%d():\n    pass\n", i))
				text, failed := b.tool("code_search", fmt.Sprintf(`{"mode":"symbol","pattern":"late%d"}`, i))
				if failed || !strings.Contains(text, fmt.Sprintf("p%d/g.py:71", i)) {
					t.Errorf("late%d: %s", i, text)
				}
				ask(b, i)
				if err := os.Remove(filepath.Join(w.dir, fmt.Sprintf("p%d/g.py", i))); err != nil {
					t.Fatal(err)
				}
			}
			if a.end() != 0 || b.end() != 0 {
				t.Error("a bad end")
			}
			entries, err := os.ReadDir(outside)
			if err != nil || len(entries) != 2 || readOr(outside+"/keep.seg") != "not a segment\n" {
				t.Errorf("the folder behind a link was changed: %v, %v", entries, err)
			}
		})
	}
}

// eachSegment does f to each segment of a cache.
func eachSegment(dir string, f func(name string) error) error {
	list, err := filepath.Glob(dir + "/*.seg")
	if err != nil {
		return err
	}
	for _, name := range list {
		if err := f(name); err != nil {
			return err
		}
	}
	return nil
}

// TestAboveTheRoot: where the root is a folder of a repository, what lies beside it in the
// same commits is outside.
func TestAboveTheRoot(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- user.toml --\n[sources.part]\nkind = \"workspace\"\nroot = \"$DIR/../repo/in\"\n-- z.txt --\nz\n")
	r := &world{dir: filepath.Join(filepath.Dir(w.dir), "repo"), env: w.env}
	for name, text := range map[string]string{"in/a.txt": "a\n", "beside.txt": canary + "\n", "other/CANARY.txt": canary + "\n"} {
		r.write(t, name, text)
	}
	r.git(t, "init", "-q", "-b", "main")
	r.commit(t, "Begin")
	r.git(t, "tag", "first")
	r.git(t, "mv", "beside.txt", "in/beside.txt")
	for name, text := range map[string]string{"in/a.txt": "b\n", "in/beside.txt": "now here\n", "other/CANARY.txt": canary + " 2\n"} {
		r.write(t, name, text)
	}
	r.commit(t, "Change")
	p := w.peer(t)
	if text, _ := p.tool("code_history", `{"op":"show","source":"part"}`); !strings.Contains(text, "+now here") {
		t.Errorf("the source does not work: %s", text)
	}
	for _, path := range []string{"no-such", "..", "../other", "../other/CANARY.txt", "./../beside.txt", "beside.txt", ":(top)other/CANARY.txt", "/other", "**/CANARY.txt", r.dir + "/other/CANARY.txt", "../*"} {
		for _, a := range []probe{{path: path, text: "a", source: "part", repo: "in"}, {path: path, text: "n", source: "part", repo: "in"}} {
			if said := strings.ReplaceAll(everyPath(t, p, a), `"**/CANARY.txt"`, ""); strings.Contains(said, "CANARY") {
				i := strings.Index(said, "CANARY")
				t.Errorf("%+v: …%s…", a, said[max(0, i-400):min(len(said), i+100)])
			}
		}
	}
}
