package main

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestSearchDeadline: on a tree of more than 10,000 files, the Go distribution, a search
// whose time is over has stopped, returns what it found, says so, and goes on from there.
func TestSearchDeadline(t *testing.T) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, &txtar.Archive{})
	w.dir = strings.TrimSpace(string(out))
	p := w.start(t, "serve")
	call := func(args map[string]any) (text string, failed bool) {
		raw, err := json.Marshal(map[string]any{"name": "code_search", "arguments": args})
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Content []struct{ Text string }
			IsError bool
		}
		if err := json.Unmarshal(p.call(t, modern, "tools/call", string(raw)).Result, &r); err != nil || len(r.Content) != 1 {
			t.Fatalf("%v: %+v", err, r)
		}
		return r.Content[0].Text, r.IsError
	}
	searched := regexp.MustCompile(`searched (\d+) files`)
	cursor := regexp.MustCompile(`(?m)^cursor: (\S+)$`)
	text, failed := call(map[string]any{"pattern": "no such words anywhere", "timeout_ms": 5})
	m := cursor.FindStringSubmatch(text)
	if failed || m == nil || !strings.Contains(text, "partial: deadline") || !searched.MatchString(text) {
		t.Fatalf("%t: %s", failed, text)
	}
	text, failed = call(map[string]any{"pattern": "no such words anywhere", "cursor": m[1]})
	if failed || strings.Contains(text, "partial:") || !strings.HasPrefix(text, "no match;") {
		t.Errorf("going on: %s", text)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
