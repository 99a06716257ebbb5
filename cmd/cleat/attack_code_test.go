//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A probe is what the ways in to code and history are asked about. What is empty is left
// out; a text may be anything.
type probe struct{ source, repo, path, ref, text string }

// everyCode asks by every way in to code at refs, to history, diffs and completion, and
// returns all that was said. What was spilled is read, too.
func everyCode(t *testing.T, p *peer, a probe) string {
	t.Helper()
	var b strings.Builder
	spilled := regexp.MustCompile(`spill://[A-Z2-7]{20,}`)
	add := func(m message) {
		text, _ := told(t, m)
		text, _, _ = strings.Cut(text, "\nThis very call has failed")
		if strings.HasPrefix(text, "internal") {
			t.Errorf("%+v: %s", a, text)
		}
		b.WriteString(text + "\n")
		for _, address := range spilled.FindAllString(text, -1) {
			more, _ := p.tool("read", `{"uri":"`+address+`","budget":9000}`)
			b.WriteString(more + "\n")
		}
	}
	call := func(tool string, pairs ...string) { add(p.ask("tools/call", called(t, tool, a, pairs...))) }
	rev := a.ref
	if rev == "" {
		rev = "HEAD"
	}
	for _, mode := range []string{"text", "regex", "symbol", "refs", "files"} {
		pattern := a.text
		if mode == "regex" {
			pattern = regexp.QuoteMeta(a.text)
		}
		call("code_search", "mode", mode, "pattern", pattern)
		call("code_search", "mode", mode, "pattern", pattern, "ref", rev)
		for _, ref := range []string{rev + "..", rev + "..first", "first.." + rev} {
			call("code_search", "mode", mode, "pattern", pattern, "ref", ref)
		}
		if a.path != "" {
			call("code_search", "mode", mode, "pattern", pattern, "ref", rev, "paths", a.path)
			call("code_search", "mode", mode, "pattern", pattern, "paths", a.path)
		}
	}
	for _, pairs := range [][]string{{}, {"range", rev}, {"range", "first.." + rev}, {"text", a.text}, {"author", a.text}, {"path", a.path}, {"path", a.path, "range", rev}, {"path", a.path, "text", a.text}} {
		call("code_history", append(pairs, "op", "log")...)
	}
	for _, op := range []string{"show", "diff", "blame"} {
		for _, r := range []string{"", rev, rev + "~1", "first.." + rev, rev + "..first", "first..." + rev} {
			if two := strings.Contains(r, ".."); two != (op == "diff") && r != "" {
				continue
			}
			call("code_history", "op", op, "range", r)
			call("code_history", "op", op, "range", r, "path", a.path)
		}
	}
	call("code_history", "op", "branches")
	call("code_history", "op", "branches", "text", a.text)
	repo := a.repo
	if repo == "" {
		repo = "."
	}
	escape := strings.NewReplacer("%", "%25", "/", "%2F", "#", "%23", "?", "%3F", "\x00", "%00", "\n", "%0A").Replace
	for _, r := range []string{rev, "first.." + rev, rev + "...first"} {
		uri := quoted(t, "diff://"+escape(repo)+"/"+escape(r))
		add(p.ask("tools/call", `{"name":"read","arguments":{"budget":9000,"uri":`+uri+`}}`))
		add(p.ask("tools/call", `{"name":"read","arguments":{"grep":".","uri":`+uri+`}}`))
		add(p.ask("tools/call", `{"name":"read","arguments":{"outline":true,"uri":`+uri+`}}`))
		add(p.ask("resources/read", `{"uri":`+uri+`}`))
		add(p.ask("tools/call", `{"name":"find","arguments":{"query":`+uri+`}}`))
	}
	for _, c := range [][3]string{
		{"repo://{repo}/{ref}/{+path}", "repo", ""}, {"diff://{repo}/{range}", "repo", a.text}, {"diff://{repo}/{range}", "range", ""}, {"diff://{repo}/{range}", "range", a.text},
		{"repo://{repo}/{ref}/{+path}", "ref", a.ref}, {"repo://{repo}/{ref}/{+path}", "path", ""}, {"repo://{repo}/{ref}/{+path}", "path", a.path}, {"repo://{repo}/{ref}/{+path}", "path", a.path + "/"},
		{"repo://{repo}/{ref}/{+path}", "path", "../"}, {"text://{+path}{#lines}", "lines", ""},
	} {
		add(p.ask("completion/complete", fmt.Sprintf(`{"ref":{"type":"ref/resource","uri":%q},"argument":{"name":%q,"value":%s},"context":{"arguments":{"repo":%s,"ref":%s,"path":%s}}}`,
			c[0], c[1], quoted(t, c[2]), quoted(t, repo), quoted(t, rev), quoted(t, a.path))))
	}
	return b.String()
}

// everyPath asks for a path by the ways in that take one.
func everyPath(t *testing.T, p *peer, a probe) string {
	t.Helper()
	var b strings.Builder
	ask := func(m message) {
		text, _ := told(t, m)
		text, _, _ = strings.Cut(text, "\nThis very call has failed")
		if strings.HasPrefix(text, "internal") {
			t.Errorf("%+v: %s", a, text)
		}
		b.WriteString(strings.ReplaceAll(text, a.path, "PATH") + "\n")
	}
	for _, pairs := range [][]string{{"pattern", a.text}, {"pattern", a.text, "ref", "main"}, {"pattern", a.text, "ref", "first.."}, {"pattern", a.text, "ref", "first..main", "mode", "regex"}, {"pattern", a.text, "mode", "symbol"},
		{"pattern", a.text, "mode", "refs", "ref", "first"}, {"pattern", "*", "mode", "files", "ref", "first"}} {
		ask(p.ask("tools/call", called(t, "code_search", a, append(pairs, "paths", a.path)...)))
	}
	for _, pairs := range [][]string{{"op", "log"}, {"op", "log", "text", a.text}, {"op", "show", "range", "first"}, {"op", "show"}, {"op", "diff"}, {"op", "diff", "range", "first..main"}, {"op", "blame"}, {"op", "blame", "range", "first"}} {
		ask(p.ask("tools/call", called(t, "code_history", a, append(pairs, "path", a.path)...)))
	}
	repo := a.repo
	if repo == "" {
		repo = "."
	}
	for _, c := range [][2]string{{"repo://{repo}/{ref}/{+path}", "path"}, {"text://{+path}{#lines}", "lines"}} {
		value := ""
		if c[1] == "path" {
			value = a.path + "/"
		}
		ask(p.ask("completion/complete", fmt.Sprintf(`{"ref":{"type":"ref/resource","uri":%q},"argument":{"name":%q,"value":%s},"context":{"arguments":{"repo":%s,"ref":"first","path":%s}}}`, c[0], c[1], quoted(t, value), quoted(t, repo), quoted(t, a.path))))
	}
	return b.String()
}

// called are the parameters of a call of a tool with those arguments that are not empty.
func called(t *testing.T, tool string, a probe, pairs ...string) string {
	t.Helper()
	args := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		switch {
		case pairs[i] == "paths":
			args["paths"] = []string{pairs[i+1]}
		case pairs[i+1] != "" || pairs[i] == "pattern":
			args[pairs[i]] = pairs[i+1]
		}
	}
	if a.repo != "" {
		args["repo"] = a.repo
	}
	if a.source != "" {
		args["source"] = a.source
	}
	data, err := json.Marshal(map[string]any{"name": tool, "arguments": args})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// commit commits all that is there, with more arguments.
func (w *world) commit(t *testing.T, message string, args ...string) {
	t.Helper()
	w.git(t, "add", "-A", "-f")
	w.git(t, append([]string{"commit", "-q", "--allow-empty", "-m", message}, args...)...)
}

// shows says that the ways in are open: that what follows is not refused altogether.
func shows(t *testing.T, p *peer, op, want string) {
	t.Helper()
	if text, failed := p.tool("code_history", `{"op":"`+op+`"}`); failed || !strings.Contains(text, want) {
		t.Errorf("op=%s does not show %q: %s", op, want, text)
	}
}

// TestSecretsOfHistory: what was a secret once is none of the answer now: in files that were
// changed or deleted, in messages, names of authors, branches, tags and files, in signatures
// and headings, nor half of it where a text is cut.
func TestSecretsOfHistory(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n-- go.mod --\nmodule example.com/m\n\ngo 1.24\n")
	w.git(t, "tag", "first")
	var secrets []string
	var lines strings.Builder
	for kind, token := range tokens() {
		secrets = append(secrets, token)
		fmt.Fprintf(&lines, "func f%[1]s(a string /* %[2]s */) string {\n\treturn \"%[2]s\"\n}\n\n", kind, token)
		w.write(t, "gone/"+kind+".txt", "key: "+token+"\n")
		w.write(t, "py/"+kind+".py", strings.Repeat("# filler so that the symbols are kept\n", 40)+"def f(key=\""+token+"\"):\n    x = 1\n    return key\n\nclass C(base(\""+token+"\")):\n    pass\n")
		w.write(t, "names/n-"+token+".txt", "x\n")
	}
	value := "pw" + letters(18, 201)
	pem := make([]string, 8)
	for i := range pem {
		pem[i] = letters(64, 210+i)
	}
	secrets = append(append(secrets, value), pem...)
	w.write(t, ".env", "DB_PASSWORD="+value+"\n")
	w.write(t, "key.pem", "-----BEGIN RSA PRIVATE KEY-----\n"+strings.Join(pem, "\n")+"\n-----END RSA PRIVATE KEY-----\n")
	w.write(t, "long.go", "package m\n\n"+lines.String())
	w.commit(t, "All of it")
	for _, dir := range []string{"gone", "names"} {
		if err := os.RemoveAll(filepath.Join(w.dir, dir)); err != nil {
			t.Fatal(err)
		}
	}
	w.write(t, "key.pem", "-----BEGIN RSA PRIVATE KEY-----\n"+strings.Join(pem[:4], "\n")+"\nx\n"+strings.Join(pem[4:], "\n")+"\n-----END RSA PRIVATE KEY-----\n")
	w.write(t, ".env", "DB_PASSWORD="+value+"x\n")
	w.commit(t, "None of it")
	gh := tokens()["github"]
	w.git(t, "branch", "b-"+gh)
	w.git(t, "tag", "t-"+gh)
	w.commit(t, "By a token", "--author", gh+" <"+tokens()["aws"]+"@example.com>")
	w.commit(t, "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"+strings.Join(pem, "\n")+"\n-----END RSA PRIVATE KEY-----")
	for kind, token := range tokens() {
		w.commit(t, kind+" is "+token+"\n\nbody "+token+"\nand "+token)
		// The fields of a commit are cut at 64 KiB: a token across that place.
		from := 64<<10 - len(token)*3/4
		w.commit(t, "Long "+kind+"\n\n"+strings.Repeat("0123456 ", from/8+1)[:from-1]+"\n"+token+" end")
		w.commit(t, (strings.Repeat("0123456 ", from/8+1))[:from-1]+" "+token+" end")
	}
	w.write(t, "a.txt", "a "+gh+"\n")
	w.write(t, "py/github.py", "def f(key=\""+gh+"\"):\n    x = 2\n    return key\n")
	p := w.peer(t)
	shows(t, p, "log", "Long ")
	for _, a := range []probe{{text: "f"}, {path: "key.pem", text: pem[0][:20]}, {path: ".env", text: "DB_PASSWORD"}, {path: "long.go", text: gh, ref: "HEAD~20"}, {path: "py/github.py", text: "f*", ref: "main"},
		{path: "gone/github.txt", text: gh}, {path: "names/n-" + gh + ".txt", text: gh, ref: "b-" + gh}, {text: "C.f", ref: "t-" + gh}, {text: "fgithub", repo: gh}} {
		everyCode(t, p, a)
	}
	for i := range 35 {
		for _, budget := range []int{300, 9000} {
			text, _ := p.tool("code_history", fmt.Sprintf(`{"op":"show","range":"HEAD~%d","budget":%d}`, i, budget))
			for _, address := range regexp.MustCompile(`spill://[A-Z2-7]{20,}#\S+`).FindAllString(text, -1) {
				p.tool("read", `{"uri":"`+address+`","budget":9000}`)
			}
		}
	}
	p.tool("code_history", `{"op":"log","limit":100,"budget":10000}`)
	p.end()
	// A client's own words come back in one place: the address of what it read.
	said := regexp.MustCompile(`"uri":"[^"]*"`).ReplaceAllString(w.everything(t, p), "")
	for _, s := range secrets {
		for _, part := range []string{s[:len(s)*2/3], s[len(s)/3:]} {
			if i := strings.Index(said, part); i >= 0 {
				t.Errorf("of the secret %s this was said: …%s…", s, said[max(0, i-200):min(len(said), i+100)])
			}
		}
	}
}

// TestGuesses: whether a guess at what a mask hides is right makes no difference to any
// answer, by any way that looks for a word. Paths and revisions are not among the ways: they
// are addresses, and one that is spelled out is there or not.
func TestGuesses(t *testing.T) {
	t.Parallel()
	gh, value := tokens()["github"], "pw"+letters(18, 202)
	w := attacked(t, "-- a.txt --\na\n")
	w.git(t, "tag", "first")
	w.write(t, ".env", "DB_PASSWORD="+value+"\n")
	w.write(t, "x.py", "def f_"+gh+"():\n    pass\n\ndef g():\n    return '"+gh+"'\n")
	w.write(t, "t/n-"+gh+".py", "def h():\n    pass\n")
	w.commit(t, "Secrets")
	w.commit(t, "By a token", "--author", "Bot "+gh+" <"+gh+"@example.com>")
	w.git(t, "branch", "b-"+gh)
	w.git(t, "tag", "t-"+gh)
	p := w.peer(t)
	ways := []string{
		`tools/call {"name":"code_history","arguments":{"op":"log","text":"$"}}`,
		`tools/call {"name":"code_history","arguments":{"op":"log","author":"$"}}`,
		`tools/call {"name":"code_history","arguments":{"op":"log","path":".env","text":"$"}}`,
		`tools/call {"name":"code_history","arguments":{"op":"branches","text":"$"}}`,
		`tools/call {"name":"code_search","arguments":{"mode":"symbol","pattern":"f_$*"}}`,
		`tools/call {"name":"code_search","arguments":{"mode":"symbol","pattern":"f_$"}}`,
		`tools/call {"name":"code_search","arguments":{"mode":"symbol","pattern":"$","ref":"HEAD"}}`,
		`tools/call {"name":"code_search","arguments":{"mode":"refs","pattern":"$"}}`,
		`tools/call {"name":"code_search","arguments":{"mode":"refs","pattern":"f_$","ref":"HEAD"}}`,
		`tools/call {"name":"code_search","arguments":{"pattern":"$","ref":"HEAD"}}`,
		`tools/call {"name":"code_search","arguments":{"pattern":"$","ref":"first..HEAD"}}`,
		`tools/call {"name":"code_search","arguments":{"mode":"regex","pattern":"$.*","ref":"HEAD..first"}}`,
		`tools/call {"name":"code_search","arguments":{"pattern":"$","ref":"first.."}}`,
		`tools/call {"name":"read","arguments":{"uri":"diff://./first..HEAD","grep":"$"}}`,
		`tools/call {"name":"read","arguments":{"uri":"diff://./first","grep":"$"}}`,
		`completion/complete {"ref":{"type":"ref/resource","uri":"repo://{repo}/{ref}/{+path}"},"argument":{"name":"ref","value":"b-$"}}`,
		`completion/complete {"ref":{"type":"ref/resource","uri":"diff://{repo}/{range}"},"argument":{"name":"range","value":"t-$"},"context":{"arguments":{"repo":"."}}}`,
		`completion/complete {"ref":{"type":"ref/resource","uri":"text://{+path}{#lines}"},"argument":{"name":"lines","value":"f_$"},"context":{"arguments":{"path":"x.py"}}}`,
	}
	for _, secret := range []string{gh, value} {
		for _, n := range []int{7, 12, len(secret) - 1} {
			wrong := []byte(secret[:n])
			if wrong[n-1] = 'x'; secret[n-1] == 'x' {
				wrong[n-1] = 'y'
			}
			for _, way := range ways {
				method, params, _ := strings.Cut(way, " ")
				ask := func(guess string) string {
					text, _ := told(t, p.ask(method, strings.ReplaceAll(params, "$", guess)))
					return w.mask(strings.ReplaceAll(text, guess, "GUESS"))
				}
				if right, no := ask(secret[:n]), ask(string(wrong)); right != no {
					t.Errorf("%s\na guess of %d letters is confirmed:\nright: %s\nwrong: %s", way, n, right, no)
				}
			}
		}
	}
	for _, args := range []string{`"op":"log","author":"bot"`, `"op":"branches","text":"b-"`, `"op":"log","text":"DB_PASS"`} { // what is not masked is found
		if text, failed := p.tool("code_history", "{"+args+"}"); failed || strings.HasPrefix(text, "no ") {
			t.Errorf("%s: %s", args, text)
		}
	}
}

// TestClosedHistory: what policy closes is closed at every ref, in every commit, in diffs and
// blame, among definitions and uses and in completion, however its path is spelled, also
// where it was called otherwise before or after.
func TestClosedHistory(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{`*(path="secret/*")`, `*(uri="secret/*")`, `*(path="*secret*")`} {
		t.Run(strings.NewReplacer("/", " ", "*", "+").Replace(rule), func(t *testing.T) {
			t.Parallel()
			w := attacked(t, "-- user.toml --\n[policy]\ndeny = ["+quoted(t, rule)+"]\n[sources.clones]\nkind = \"workspace\"\nrepos = [\"$HOME/clones/*\"]\n"+
				"-- go.mod --\nmodule example.com/m\n\ngo 1.24\n-- a.txt --\na\n-- b/main.go --\npackage main\n\nimport \"example.com/m/secret\"\n\nfunc main() { var h secret.Hidden; h.Open() }\n"+
				"-- secret/key.go --\npackage secret\n\n// "+canary+"\ntype Hidden struct{}\n\n// Open is CANARY.\nfunc (Hidden) Open() { CANARYcall() }\n\nfunc CANARYcall() {}\n"+
				"-- secret/deep/key.txt --\n"+canary+"\n-- moves.txt --\none\ntwo\nthree\nfour\nfive\nsix\n-- secret/out.txt --\nCANARY 1\nb\nc\nd\ne\nf\ng\nh\n")
			w.git(t, "tag", "first")
			w.git(t, "mv", "moves.txt", "secret/moves.txt")
			w.write(t, "secret/out.txt", "out\nb\nc\nd\ne\nf\ng\nh\n")
			w.commit(t, "Into the dark")
			w.git(t, "mv", "secret/out.txt", "out.txt")
			w.write(t, "secret/moves.txt", "one\ntwo\nthree\nfour\nfive\nsix\n"+canary+"\n")
			w.commit(t, "Out of the dark")
			w.git(t, "rm", "-q", "secret/deep/key.txt")
			w.commit(t, "Gone")
			w.write(t, "secret/key.go", "package secret\n\n// "+canary+" 2\ntype Hidden struct{}\n\n// Open is CANARY.\nfunc (Hidden) Open() {}\n")
			w.write(t, "secret/new.txt", canary+"\n")
			if err := os.Symlink("secret/key.go", filepath.Join(w.dir, "link.go")); err != nil {
				t.Fatal(err)
			}
			c := &world{dir: w.home + "/clones/one", env: w.env}
			c.write(t, "secret/key.txt", canary+"\n")
			c.write(t, "a.txt", "a\n")
			c.git(t, "init", "-q", "-b", "main")
			c.commit(t, "One")
			c.git(t, "tag", "first")
			c.write(t, "secret/key.txt", canary+" 2\n")
			c.commit(t, "Two")
			p := w.peer(t)
			shows(t, p, "log", "Into the dark")
			check := func(what, said string) {
				t.Helper()
				if i := strings.Index(strings.ReplaceAll(said, "CANARY\"", ""), "CANARY"); i >= 0 {
					t.Errorf("%s: a closed file was shown: …%s…", what, said[max(0, i-700):min(len(said), i+100)])
				}
			}
			for _, a := range []probe{{text: "Hidden"}, {text: "Hidden.Open"}, {text: "secret.Hidden.Open", ref: "main"}, {text: "one", ref: "main~1"}, {text: "k*", ref: "main~2"}, {path: "out.txt", text: "out"},
				{path: "moves.txt", text: "one"}, {path: "moves.txt", ref: "first", text: "six"}, {path: "b", text: "main"},
				{source: "clones", text: "a"}, {source: "clones", repo: "one", text: "a", ref: "main"}} {
				said := everyCode(t, p, a)
				check(fmt.Sprintf("%+v", a), said)
				for _, name := range []string{"key.go", "key.txt", "new.txt", "secret/moves.txt", "secret/out.txt", "secret/deep"} {
					if i := strings.Index(said, name); i >= 0 {
						t.Errorf("%+v: the name of a closed file was shown: …%s…", a, said[max(0, i-300):min(len(said), i+100)])
					}
				}
			}
			for _, path := range []string{"secret", "secret/", "secret/key.go", "./secret/key.go", "secret//key.go", "secret/./key.go", "b/../secret/key.go", "secret/deep/../key.go", w.dir + "/secret/key.go", w.dir + "/./b/../secret/key.go",
				"secret/key.go/", "secret/deep/key.txt", ":(top)secret/key.go", ":/secret/key.go", ":(glob)**/key.go", "s*t/key.go", "sec?et/key.go", "[s]ecret/key.go", "{secret}/key.go", "SECRET/key.go", `secret\key.go`, "%73ecret/key.go",
				"secret/key.go\x00", "\"secret/key.go\"", "!secret", "link.go", "b/../link.go", "secret/moves.txt", "secret/key.txt", w.home + "/clones/one/secret/key.txt"} {
				for _, a := range []probe{{path: path, text: "n"}, {path: path, source: "clones", repo: "one", text: "n"}} {
					check(fmt.Sprintf("%+v", a), everyPath(t, p, a))
				}
			}
		})
	}
}

// TestClosedCompletion: a rule about reading holds for what tells what is in a file.
func TestClosedCompletion(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{`read(uri="secret/*")`, `text(path="secret/*")`, `*(uri="secret/*")`, `read(uri="*secret*")`} {
		w := attacked(t, "-- user.toml --\n[policy]\ndeny = ["+quoted(t, rule)+"]\n-- open/key.go --\npackage p\n\nfunc Shown() {}\n-- secret/key.go --\npackage p\n\nfunc Hidden() {}\n")
		p := w.peer(t)
		for path, want := range map[string]bool{"open/key.go": true, "secret/key.go": false, "./secret/key.go": false, "open/../secret/key.go": false, "secret//key.go": false, w.dir + "/secret/key.go": false} {
			text, _ := told(t, p.ask("completion/complete", `{"ref":{"type":"ref/resource","uri":"text://{+path}{#lines}"},"argument":{"name":"lines","value":""},"context":{"arguments":{"path":`+quoted(t, path)+`}}}`))
			if strings.Contains(text, "Hidden") || want != strings.Contains(text, "Shown") {
				t.Errorf("%s: completion of parts of %s: %s", rule, path, text)
			}
		}
	}
}
