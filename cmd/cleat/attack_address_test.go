//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAddressSpellings: a rule about a path holds for every spelling of it, by every way.
func TestAddressSpellings(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{`"*(path=private/*)"`, `"read(uri=private/*)"`} {
		for _, format := range []string{"text", "json"} {
			w := attacked(t, "-- user.toml --\n[policy]\ndeny = ["+rule+"]\n[output]\nformat = \""+format+"\"\n-- a.txt --\na\n-- private/key.json --\n{\"k\": \"HIDDEN\", \"HIDDENKEY\": 1}\n-- private/sub/b.txt --\nHIDDEN\n-- d/c.txt --\nc\n")
			for name, target := range map[string]string{"link.json": "private/key.json", "folder": "private", "d/up": "../private/sub", "chain.json": "link.json"} {
				if err := os.Symlink(target, filepath.Join(w.dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			p := w.peer(t)
			base := filepath.Base(w.dir)
			for _, uri := range []string{"private/key.json", "./private/key.json", "private//key.json", "d/../private/key.json", "private/./key.json", "private/key.json/", w.dir + "/private/key.json", w.dir + "/../" + base + "/private/key.json",
				"text://private/key.json", "text://./private/key.json", "text://private%2Fkey.json", "text://%70rivate/key.json", "text://" + w.dir + "/private/key.json", "json://private/key.json", "json://private/key.json#/k",
				"json://private/key.json#/none", "json:///" + strings.TrimPrefix(w.dir, "/") + "/private/key.json", "repo://./main/private/key.json", "repo://" + base + "/HEAD/private/key.json", "repo://./main/./private/key.json", "repo://./main/d/../private/key.json",
				"repo://./main/private%2Fkey.json", "repo://./main//private/key.json", "link.json", "json://link.json#/none", "chain.json", "folder/key.json", "d/up/b.txt", "text://d/up/b.txt#L1", "repo://./HEAD~0/private/sub/b.txt"} {
				for _, m := range []message{
					p.ask("tools/call", `{"name":"read","arguments":{"uri":`+quoted(t, uri)+`}}`),
					p.ask("tools/call", `{"name":"read","arguments":{"uri":`+quoted(t, uri)+`,"outline":true}}`),
					p.ask("tools/call", `{"name":"read","arguments":{"uri":`+quoted(t, uri)+`,"grep":"H"}}`),
					p.ask("tools/call", `{"name":"read","arguments":{"uri":`+quoted(t, uri)+`,"part":"/none"}}`),
					p.ask("resources/read", `{"uri":`+quoted(t, uri)+`}`),
				} {
					if text, failed := told(t, m); !failed || strings.Contains(text, "HIDDEN") {
						t.Errorf("%s: %s was read: %s", rule, uri, text)
					}
				}
			}
			if strings.HasPrefix(rule, `"read`) {
				continue // which says nothing of searches and lists of names
			}
			said := everyTool(t, p) + everyWay(t, p, "private") + everyWay(t, p, "folder") + strings.Join(p.listed("resources/list"), " ")
			for _, m := range []message{
				p.ask("tools/call", `{"name":"code_search","arguments":{"pattern":"HIDDEN"}}`),
				p.ask("tools/call", `{"name":"code_search","arguments":{"pattern":"HIDDEN","paths":["private/key.json"]}}`),
				p.ask("tools/call", `{"name":"code_search","arguments":{"pattern":"*","mode":"files"}}`),
				p.ask("tools/call", `{"name":"find","arguments":{"query":"HIDDEN"}}`),
				p.ask("tools/call", `{"name":"find","arguments":{"query":"key"}}`),
				p.ask("tools/call", `{"name":"read","arguments":{"uri":"key.json"}}`),
			} {
				text, _ := told(t, m)
				said += text
			}
			for _, word := range []string{"\"HIDDEN\"", ": HIDDEN", "HIDDENKEY", "private/key.json#", "private/sub/b.txt"} {
				if i := strings.Index(said, word); i >= 0 {
					t.Errorf("%s: %q was said: …%s…", rule, word, said[max(0, i-200):min(len(said), i+50)])
				}
			}
			for _, args := range [][]string{{"read", "private/key.json"}, {"read", w.dir + "/private/key.json"}, {"read", "link.json"}, {"call", "read", "uri=repo://./main/private/key.json"}} {
				if out, code := w.run(t, args...); code != 1 || strings.Contains(out, "HIDDEN") {
					t.Errorf("%v: exit %d, %s", args, code, out)
				}
			}
		}
	}
}
