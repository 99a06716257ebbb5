//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// canary stands in every file outside the root. It looks like no secret: nothing but the
// root keeps it in.
const canary = "CANARY-of-the-outside"

// enclosed is a world with a folder beside the workspace that must stay unseen: files, a
// git repository, and a sibling whose name begins like that of the root.
func enclosed(t *testing.T) *world {
	t.Helper()
	w := attacked(t, "-- a.txt --\ninside\n-- sub/b.txt --\ninside\n-- README.md --\n# Inside\n")
	for _, name := range []string{"secret", "other/f.txt", filepath.Base(w.dir) + "-evil/f.txt", "other/README.md", "other/f.json"} {
		writeFile(t, filepath.Join(filepath.Dir(w.dir), name), []byte(`"`+canary+"\"\n"))
	}
	o := &world{dir: filepath.Join(filepath.Dir(w.dir), "other"), env: w.env}
	o.git(t, "init", "-q", "-b", "main")
	o.git(t, "add", "-A")
	o.git(t, "commit", "-q", "-m", canary)
	return w
}

// everyWay asks for a path by every way in that takes one, and returns all that was said.
func everyWay(t *testing.T, p *peer, path string) string {
	t.Helper()
	var b strings.Builder
	add := func(m message) {
		text, _ := told(t, m)
		text, _, _ = strings.Cut(text, "\nThis very call has failed")
		b.WriteString(text + "\n")
	}
	q := func(s string) string { return quoted(t, s) }
	for _, uri := range []string{path, "text://" + path, "json://" + path, "repo://./main/" + path, "repo://./HEAD/" + path, "file://" + path, "text:///" + path} {
		add(p.ask("tools/call", `{"name":"read","arguments":{"uri":`+q(uri)+`}}`))
		add(p.ask("tools/call", `{"name":"read","arguments":{"outline":true,"uri":`+q(uri)+`}}`))
		add(p.ask("tools/call", `{"name":"read","arguments":{"grep":"C","uri":`+q(uri)+`}}`))
		add(p.ask("resources/read", `{"uri":`+q(uri)+`}`))
		add(p.ask("tools/call", `{"name":"find","arguments":{"query":`+q(uri)+`}}`))
	}
	for _, args := range []string{`"paths":[` + q(path) + `]`, `"paths":[` + q(path+"/**") + `]`, `"paths":[` + q("{a,"+path+"}") + `]`, `"mode":"files","paths":[` + q(path) + `]`} {
		add(p.ask("tools/call", `{"name":"code_search","arguments":{"pattern":"CANARY",`+args+`}}`))
	}
	add(p.ask("tools/call", `{"name":"code_search","arguments":{"mode":"files","pattern":`+q(path)+`}}`))
	for _, template := range []string{"text://{+path}{#lines}", "json://{+path}{#pointer}", "repo://{repo}/{ref}/{+path}"} {
		for _, value := range []string{path, path + "/"} {
			add(p.ask("completion/complete", fmt.Sprintf(`{"ref":{"type":"ref/resource","uri":%q},"argument":{"name":"path","value":%s},"context":{"arguments":{"repo":".","ref":"main"}}}`,
				template, q(value))))
		}
	}
	return b.String()
}

// TestOutside: no spelling of a path leads out of the root, by no way, and none tells
// whether something is there.
func TestOutside(t *testing.T) {
	t.Parallel()
	w := enclosed(t)
	p := w.peer(t)
	up, base := filepath.Dir(w.dir), filepath.Base(w.dir)
	for _, c := range []struct{ there, missing string }{
		{"../secret", "../secres"},
		{"sub/../../secret", "sub/../../secres"},
		{"./../secret", "./../secres"},
		{"sub/./..//../secret", "sub/./..//../secres"},
		{up + "/secret", up + "/secres"},
		{w.dir + "/../secret", w.dir + "/../secres"},
		{"/etc/passwd", "/etc/passwe"},
		{"//etc/passwd", "//etc/passwe"},
		{"/proc/self/environ", "/proc/self/environs"},
		{"../" + base + "-evil/f.txt", "../" + base + "-evil/g.txt"},
		{up + "/" + base + "-evil/f.txt", up + "/" + base + "-evil/g.txt"},
		{`..\secret`, `..\secres`},
		{"~/../secret", "~/../secres"},
		{"%2e%2e/secret", "%2e%2e/secres"},
		{"..%2fsecret", "..%2fsecres"},
		{"%2e%2e%2fsecret", "%2e%2e%2fsecres"},
		{"%252e%252e%252fsecret", "%252e%252e%252fsecres"},
		{"..%c0%afsecret", "..%c0%afsecres"},
		{"%c0%ae%c0%ae/secret", "%c0%ae%c0%ae/secres"},
		{"../secret%00.txt", "../secres%00.txt"},
		{"%2fetc%2fpasswd", "%2fetc%2fpasswe"},
		{"../other/f.json", "../other/g.json"},
		{"../other/.git/HEAD", "../other/.git/HEAE"},
	} {
		there, missing := everyWay(t, p, c.there), everyWay(t, p, c.missing)
		if strings.Contains(there, canary) || strings.Contains(there, "root:x:") || strings.Contains(there, "GO_TEST_AS_CLEAT") {
			t.Errorf("%s was read:\n%.2000s", c.there, there)
		}
		same := strings.NewReplacer("secres", "secret", "passwe", "passwd", "environs", "environ", "g.txt", "f.txt", "g.json", "f.json", "HEAE", "HEAD")
		if a, b := w.mask(same.Replace(there)), w.mask(same.Replace(missing)); a != b {
			t.Errorf("%s: what is there is answered unlike what is not:\n%s", c.there, firstDifference(a, b))
		}
	}
	for _, args := range [][]string{{"read", "../secret"}, {"read", up + "/secret"}, {"call", "code_search", "pattern=CANARY", "paths=../other"}} {
		if out, code := w.run(t, args...); code != 1 || strings.Contains(out, canary) || !strings.Contains(out, "denied: ") {
			t.Errorf("%v: exit %d:\n%s", args, code, out)
		}
	}
	if strings.Contains(w.everything(t, p), canary) {
		t.Error("something that cleat wrote has the canary")
	}
}

func firstDifference(a, b string) string {
	la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(la), len(lb)) {
		if la[i] != lb[i] {
			return "- " + la[i] + "\n+ " + lb[i]
		}
	}
	return "one is longer"
}

// TestLinks: links of every kind that lead out are refused, those that stay inside work,
// and searches do not follow either.
func TestLinks(t *testing.T) {
	t.Parallel()
	w := enclosed(t)
	up := filepath.Dir(w.dir)
	links := map[string]string{
		"out": "../secret", "out-abs": up + "/secret", "folder": "../other", "chain1": "chain2", "chain2": "sub/chain3", "sub/chain3": "../../secret",
		"loop1": "loop2", "loop2": "loop1", "environ": "/proc/self/environ", "dangling": "../nothing", "cwd": "/proc/self/cwd", "fd": "/proc/self/fd", "root": "/",
		"inside": "a.txt", "out.json": "../other/f.json", "sub/deep": "../../other/f.txt",
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(w.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	p := w.peer(t)
	for name := range links {
		said := everyWay(t, p, name) + everyWay(t, p, name+"/f.txt") + everyWay(t, p, name+"/etc/passwd")
		if strings.Contains(said, canary) || strings.Contains(said, "root:x:") || strings.Contains(said, asProgram) {
			t.Errorf("through the link %s:\n%.2000s", name, said)
		}
	}
	if text, failed := p.tool("read", `{"uri":"inside"}`); failed || !strings.Contains(text, "inside") {
		t.Errorf("a link that stays inside: %s", text)
	}
	text, _ := p.tool("code_search", `{"pattern":"CANARY"}`)
	more, _ := p.tool("find", `{"query":"CANARY"}`)
	prompt, _ := told(t, p.ask("prompts/get", `{"name":"onboard"}`))
	list := string(p.ask("resources/list", `{}`).Result)
	if all := text + more + prompt + list; strings.Contains(all, canary) {
		t.Errorf("a search, a prompt or a list follows a link:\n%s", all)
	}
}

// TestSwappedLink swaps a file for a link that leads out, again and again, while it is read.
func TestSwappedLink(t *testing.T) {
	t.Parallel()
	w := enclosed(t)
	p := w.peer(t)
	stop := make(chan struct{})
	swapped := make(chan struct{})
	go func() {
		defer close(swapped)
		name, tmp := filepath.Join(w.dir, "swap"), filepath.Join(w.dir, "swap.new")
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			os.Remove(tmp)
			if i%2 == 0 {
				os.Symlink("../secret", tmp)
			} else {
				os.WriteFile(tmp, []byte("inside\n"), 0o600)
			}
			os.Rename(tmp, name)
		}
	}()
	for i := range scaled(400) {
		text, _ := p.tool("read", `{"uri":"swap"}`)
		if i%4 == 0 {
			more, _ := p.tool("code_search", `{"pattern":"CANARY","paths":["swap"]}`)
			text += more
		}
		if strings.Contains(text, canary) {
			t.Fatalf("try %d: %s", i, text)
		}
	}
	close(stop)
	<-swapped
}

// TestSpecialFiles: what is no regular file is refused at once, and does not stop a search.
func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	w := enclosed(t)
	if out, err := exec.Command("mkfifo", filepath.Join(w.dir, "pipe"), filepath.Join(w.dir, "README")).CombinedOutput(); err != nil {
		t.Fatalf("mkfifo: %v %s", err, out)
	}
	l, err := net.Listen("unix", filepath.Join(w.dir, "sock"))
	if err != nil {
		t.Skip("no sockets: ", err)
	}
	defer l.Close()
	for name, target := range map[string]string{"null": "/dev/null", "zero": "/dev/zero", "tty": "/dev/tty", "topipe": "pipe"} {
		if err := os.Symlink(target, filepath.Join(w.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(w.dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := w.peer(t)
	begin := time.Now()
	for _, name := range []string{"pipe", "README", "sock", "null", "zero", "tty", "topipe", "folder", "."} {
		for _, uri := range []string{name, "json://" + name} {
			if text, failed := p.tool("read", `{"uri":"`+uri+`"}`); !failed || strings.HasPrefix(text, "internal") || strings.HasPrefix(text, "timeout") {
				t.Errorf("read %s: %s", uri, text)
			}
		}
	}
	if text, failed := p.tool("code_search", `{"pattern":"inside"}`); failed || !strings.Contains(text, "2 matches") {
		t.Errorf("a search over special files: %s", text)
	}
	if text, failed := told(t, p.ask("prompts/get", `{"name":"onboard"}`)); failed {
		t.Errorf("onboard beside a README that is a FIFO: %s", text)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestRootMoves: the root is pinned. When it is removed, made anew or replaced by a link,
// there is an error, by every way, and never another place's content.
func TestRootMoves(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"removed", "made anew", "link"} {
		for _, used := range []bool{false, true} {
			w := enclosed(t)
			p := w.peer(t)
			if used {
				everyWay(t, p, "a.txt")
			}
			if err := os.Rename(w.dir, w.dir+".gone"); err != nil {
				t.Fatal(err)
			}
			var err error
			switch how {
			case "made anew":
				err = os.CopyFS(w.dir, os.DirFS(filepath.Dir(w.dir)+"/other"))
			case "link":
				err = os.Symlink("other", w.dir)
			}
			if err != nil {
				t.Fatal(err)
			}
			said := everyWay(t, p, "f.txt") + everyWay(t, p, "a.txt")
			for _, ask := range []string{`{"name":"onboard"}`} {
				text, _ := told(t, p.ask("prompts/get", ask))
				said += text
			}
			said += string(p.ask("resources/list", `{}`).Result)
			text, failed := p.tool("code_search", `{"pattern":"CANARY"}`)
			if said += text; strings.Contains(said, canary) || !failed || !strings.HasPrefix(text, "unavailable: ") {
				t.Errorf("root %s, used before: %t:\n%.3000s", how, used, said)
			}
			if text, failed := p.tool("status", `{}`); failed {
				t.Errorf("status: %s", text)
			}
		}
	}
	for _, used := range []bool{false, true} { // the same for the repository alone
		w := enclosed(t)
		p := w.peer(t)
		if used {
			everyWay(t, p, "a.txt")
		}
		if err := os.Rename(w.dir+"/.git", w.dir+"/.gone"); err != nil {
			t.Fatal(err)
		}
		for i, plant := range []func() error{
			func() error { return os.Symlink("../other/.git", w.dir+"/.git") },
			func() error { return os.WriteFile(w.dir+"/.git", []byte("gitdir: ../other/.git\n"), 0o600) },
		} {
			if err := plant(); err != nil {
				t.Fatal(err)
			}
			if said := everyWay(t, p, "f.txt"); strings.Contains(said, canary) {
				t.Errorf("plant %d: another repository was read:\n%.2000s", i, said)
			}
			text, _ := told(t, p.ask("prompts/get", `{"name":"onboard"}`))
			if strings.Contains(text, canary) {
				t.Errorf("plant %d: another repository's history was shown:\n%s", i, text)
			}
			if err := os.Remove(w.dir + "/.git"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestHardLinks: a hard link is a file inside the root, and status says so.
func TestHardLinks(t *testing.T) {
	t.Parallel()
	w := enclosed(t)
	if err := os.Link(filepath.Dir(w.dir)+"/secret", w.dir+"/hard"); err != nil {
		t.Skip("no hard links here: ", err)
	}
	p := w.peer(t)
	text, failed := p.tool("read", `{"uri":"hard"}`)
	status, _ := p.tool("status", `{}`)
	if !failed && strings.Contains(text, canary) && !strings.Contains(status, "hard links") {
		t.Errorf("a hard link is read, and status does not say that it is:\n%s", status)
	}
}
