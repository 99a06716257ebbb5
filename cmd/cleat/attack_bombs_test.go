//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestBombs: documents that are small and unfold, or nest, or recurse, are refused, in
// bounded time and memory, and the process lives.
func TestBombs(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	var laughs strings.Builder
	laughs.WriteString("a: &a [x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c < 'o'; c++ {
		fmt.Fprintf(&laughs, "%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 9), ","))
	}
	bombs := map[string]string{
		"laughs.yaml":    laughs.String(),
		"strings.yaml":   "a: &a \"" + strings.Repeat("x", scaled(1_000_000)) + "\"\nb: [" + strings.TrimSuffix(strings.Repeat("*a,", scaled(300_000)), ",") + "]\n",
		"self.yaml":      "a: &a [*a]\n",
		"merge.yaml":     "a: &a {x: 1}\nb: &b {<<: [*a, *a, *a]}\nc: {<<: [*b, *b, *b]}\n",
		"deep.yaml":      strings.Repeat("[", scaled(2_000_000)),
		"indent.yaml":    strings.Repeat("- ", scaled(500_000)),
		"deep.json":      strings.Repeat("[", scaled(3_000_000)),
		"objects.json":   strings.Repeat(`{"a":`, scaled(200_000)),
		"many.json":      "[" + strings.Repeat("0,", scaled(2_000_000)) + "0]",
		"digits.json":    "[" + strings.Repeat("1", scaled(4_000_000)) + "]",
		"deep.toml":      "a = " + strings.Repeat("[", scaled(2_000_000)),
		"inline.toml":    "a = " + strings.Repeat("{b = ", scaled(500_000)),
		"dots.toml":      strings.Repeat("a.", scaled(1_500_000)) + "a = 1\n",
		"header.toml":    "[" + strings.Repeat("a.", scaled(1_500_000)) + "a]\n",
		"both.toml":      "a = {" + strings.Repeat("a.", scaled(900_000)) + "a = 1}\n",
		"deep.md":        strings.Repeat(">", scaled(200_000)) + strings.Repeat("[", scaled(200_000)) + strings.Repeat("![](", scaled(100_000)) + strings.Repeat("*a_", scaled(100_000)),
		"heads.md":       strings.Repeat("#", scaled(1_000_000)) + " x\n" + strings.Repeat("# a\n", scaled(200_000)),
		"deep.go":        "package p\nfunc f() " + strings.Repeat("{", scaled(1_000_000)),
		"deep.js":        strings.Repeat("(function(){", scaled(300_000)) + "`${" + strings.Repeat("`${", scaled(300_000)),
		"deep.py":        strings.Repeat("(", scaled(1_000_000)) + "\n" + strings.Repeat("class A:\n ", scaled(100_000)),
		"deep.c":         strings.Repeat("#if 1\n", scaled(300_000)) + strings.Repeat("(", scaled(1_000_000)),
		"deep.rs":        "r" + strings.Repeat("#", scaled(1_000_000)) + "\"" + strings.Repeat("/*", scaled(500_000)),
		"deep.rb":        strings.Repeat("module A\n", scaled(200_000)) + strings.Repeat("<<A\n", scaled(100_000)),
		"deep.sql":       strings.Repeat("CREATE FUNCTION f() AS $a$ ", scaled(100_000)),
		"deep.html":      strings.Repeat("<div>", scaled(500_000)),
		"long.csv":       strings.Repeat("\"a,", scaled(1_000_000)),
		"Makefile":       strings.Repeat("a", scaled(500_000)) + ":\n" + strings.Repeat("define x\n", scaled(100_000)),
		"lines.txt":      strings.Repeat("\n", scaled(2_000_000)),
		"returns.txt":    strings.Repeat("\r", scaled(3_000_000)),
		"notebook.ipynb": `{"cells":` + strings.Repeat("[", scaled(100_000)),
	}
	for name, text := range bombs {
		w.write(t, name, text)
	}
	p := w.peer(t)
	for name := range bombs {
		for _, args := range []string{`"uri":"%s"`, `"uri":"json://%s"`, `"uri":"%s","outline":true`, `"uri":"%s","part":"/a/0"`, `"uri":"%s","grep":"(a*)*b"`, `"uri":"%s","part":"#a"`} {
			begin := time.Now()
			text, failed := p.tool("read", "{"+fmt.Sprintf(args, name)+"}")
			if took := time.Since(begin); took > 20*time.Second && !raceEnabled || failed && (strings.HasPrefix(text, "internal") || strings.HasPrefix(text, "timeout")) {
				t.Errorf(args+": %.300s after %s", name, text, took)
			}
		}
	}
	p.tool("code_search", `{"pattern":"a","word":true,"context":20}`)
	p.ping(30 * time.Second)
	p.bounded(600)
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestBigReadme: the first look at a repository does not read more than it shows.
func TestBigReadme(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	w.write(t, "README.md", strings.Repeat("y", 60<<20))
	p := w.peer(t)
	text, failed := told(t, p.ask("prompts/get", `{"name":"onboard"}`))
	if failed || !strings.Contains(text, "yyy") || len(text) > 10_000 {
		t.Errorf("onboard: %.500s", text)
	}
	p.bounded(100)
}

// TestParallelLarge: many large documents at once wait for each other instead of for memory.
func TestParallelLarge(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n")
	values := make([]map[string]any, 250_000)
	for i := range values {
		values[i] = map[string]any{"id": i, "name": fmt.Sprintf("the name of %d", i)}
	}
	data, err := json.Marshal(map[string]any{"a": values})
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, "large.json", string(data))
	w.write(t, "unfolds.yaml", "a: &a \""+strings.Repeat("x", 1000)+"\"\nb: ["+strings.TrimSuffix(strings.Repeat("*a,", 80_000), ",")+"]\n")
	w.git(t, "add", "-A")
	w.git(t, "commit", "-q", "-m", "Large ones")
	for _, args := range []string{`"uri":"json://large.json#/a/1000/name"`, `"uri":"json://unfolds.yaml#/a"`, `"uri":"repo://./main/unfolds.yaml","part":"/a"`} {
		p := w.peer(t)
		var ids []int
		for range scaled(16) {
			ids = append(ids, p.request("tools/call", `{"name":"read","arguments":{`+args+`}}`))
		}
		for _, id := range ids {
			text, failed := told(t, p.await(id))
			code, _, _ := strings.Cut(text, ": ")
			if failed && code != "busy" && code != "timeout" && code != "too_large" {
				t.Errorf("%s: %.300s", args, text)
			}
		}
		p.bounded(800)
		p.end()
	}
}

// notUnderRace skips what measures a process, or starts many: the race detector changes
// the one and is too slow for the other. The same code runs under it in other tests.
func notUnderRace(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("memory, time and crashes of processes are measured without the race detector")
	}
}
