package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A toolSchema is a tool as a client sees it.
type toolSchema struct {
	Name        string
	InputSchema struct {
		Properties map[string]struct {
			Type string
			Enum []any
		}
		Required []string
	}
}

func (p *peer) tools() []toolSchema {
	p.t.Helper()
	var list struct{ Tools []toolSchema }
	if err := json.Unmarshal(p.ask("tools/list", `{}`).Result, &list); err != nil {
		p.t.Fatal(err)
	}
	return list.Tools
}

// sound returns arguments with which a tool of the product works; nil for the extras, which
// are not the subject.
func sound(tool string) map[string]string {
	switch tool {
	case "find":
		return map[string]string{"query": `"a.txt"`}
	case "read":
		return map[string]string{"uri": `"a.txt"`}
	case "code_history":
		return map[string]string{"op": `"log"`}
	case "code_search":
		return map[string]string{"pattern": `"a"`}
	case "db_query", "db_write":
		sql := map[string]string{"db_query": `"SELECT 1"`, "db_write": `"UPDATE t SET a = a"`}[tool]
		return map[string]string{"sql": sql}
	case "ticket_read":
		return map[string]string{"ticket": `"ct-7x2k"`}
	case "ticket_write":
		return map[string]string{"op": `"create"`, "title": `"Work"`, "dry_run": "true"}
	case "ci_run":
		return map[string]string{"task": `"make test"`, "dry_run": "true"}
	case "ci_failures", "ci_logs", "ci_runs", "db_schema", "status", "ticket_search":
		return map[string]string{}
	}
	return nil
}

func objectOf(args map[string]string) string {
	var b strings.Builder
	for i, k := range slices.Sorted(maps.Keys(args)) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", k, args[k])
	}
	return "{" + b.String() + "}"
}

// TestWrongKinds gives every argument of every tool every kind of value that is not its
// own: it is taken for what it says, or an error names the argument.
func TestWrongKinds(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\n-- sqlite.sql --\nCREATE TABLE t (a int);\n-- user.toml --\n[sources.app]\nkind = \"sqlite\"\npath = \"$LITE\"\n"+
		"[policy]\nallow = [\"db_write(source=app, op=dml)\"]\n")
	p := w.peer(t)
	values := []string{`5`, `-1`, `1.5`, `"5"`, `"x"`, `""`, `true`, `"true"`, `null`, `[]`, `["x"]`, `[1,2]`, `[[]]`, `[{}]`, `[null]`, `{}`,
		`{"a":{"b":[]}}`, `"\u0000"`, `"[\"a\"]"`, `"{}"`, `1e400`, `-0`, `"\ud800"`, `"NaN"`, quoted(t, strings.Repeat("y", 100_000)), quoted(t, strings.Repeat("[", 1000))}
	calls, refused := 0, 0
	for _, tool := range p.tools() {
		base := sound(tool.Name)
		if base == nil {
			if !strings.HasPrefix(tool.Name, "test_") {
				t.Errorf("%s is a tool that this test does not know", tool.Name)
			}
			continue
		}
		for name := range tool.InputSchema.Properties {
			for _, v := range values {
				args := maps.Clone(base)
				args[name] = v
				m := p.ask("tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool.Name, objectOf(args)))
				text, failed := told(t, m)
				calls++
				if m.Error != nil {
					t.Errorf("%s %s=%.60s: a protocol error: %s", tool.Name, name, v, m.Error)
				}
				if len(text) > 40_000 {
					t.Errorf("%s %s=%.60s: the answer has %d characters", tool.Name, name, v, len(text))
				}
				if !failed {
					continue
				}
				refused++
				code, _, _ := strings.Cut(text, ": ")
				switch code {
				case "invalid":
					if !names(text, name) {
						t.Errorf("%s %s=%.60s: the error does not name the argument: %.300s", tool.Name, name, v, text)
					}
				case "not_found", "denied", "unsupported", "too_large":
				case "timeout":
					if name != "timeout_ms" {
						t.Errorf("%s %s=%.60s: %.300s", tool.Name, name, v, text)
					}
				default:
					t.Errorf("%s %s=%.60s: %.300s", tool.Name, name, v, text)
				}
				if len(text) > 10_000 {
					t.Errorf("%s %s=%.60s: an error of %d characters", tool.Name, name, v, len(text))
				}
			}
		}
		for _, args := range []string{`{"no_such_argument":1}`, `"x"`, `[]`, `5`, `{"Query":"a"}`, `{"query":"a","query":"b"}`, `{"uri":"a","URI":"b"}`} {
			m := p.ask("tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool.Name, args))
			if text, failed := told(t, m); !failed || strings.Contains(text, "internal") {
				t.Errorf("%s %s: %.300s", tool.Name, args, text)
			}
		}
	}
	t.Logf("%d calls, %d refused", calls, refused)
	if text, failed := p.tool("read", `{"uri":"a.txt"}`); failed {
		t.Errorf("afterwards: %s", text)
	}
}

// names reports whether an error is about the argument: by its name, or by what the thing
// is called that it holds.
func names(text, argument string) bool {
	things := map[string][]string{"uri": {"address"}, "grep": {"regular expression"}, "paths": {"path", "glob"}, "sql": {"SQL", "statement"},
		"kind": {"kind"}, "name": {"named query"}}[argument]
	return slices.ContainsFunc(append(things, argument), func(s string) bool { return strings.Contains(text, s) })
}

// TestNumbers gives every number of every tool values that overflow somewhere: each is
// clamped with a note, or refused by name.
func TestNumbers(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- a.txt --\na\nb\nc\n-- Makefile --\n.PHONY: test\ntest:\n\t@echo done\n")
	w.run(t, "trust", "--yes")
	p := w.peer(t)
	w.write(t, "tickets.jsonl", `{"cleat":"tickets","version":1}`+"\n"+`{"key":"ct-7x2k","uid":"7x2kardfs3p881mvck0mdaa105","title":"Work","state":"todo","type":"task",`+
		`"author":"ann","created":"2020-01-02T03:04:05Z","updated":"2020-01-02T03:04:05Z","rev":1}`+"\n")
	if text, code := w.run(t, "tickets", "import", "tickets.jsonl"); code != 0 {
		t.Fatal(text)
	}
	if text, failed := p.tool("ci_run", `{"task":"make test"}`); failed {
		t.Fatal(text)
	}
	for _, tool := range p.tools() {
		base := sound(tool.Name)
		if base == nil {
			continue
		}
		for name, property := range tool.InputSchema.Properties {
			if property.Type != "integer" {
				continue
			}
			for _, v := range []string{`1e18`, `-1`, `0`, `1000000000`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775809`,
				`1e308`, `1e999999999`, `"9e99"`, `"-1"`, `4.0`, `"0x10"`, `"１"`} {
				args := maps.Clone(base)
				args[name] = v
				text, failed := p.tool(tool.Name, objectOf(args))
				clamped := strings.Contains(text, "note: "+name) && strings.Contains(text, "was taken as")
				refused := failed && strings.HasPrefix(text, "invalid: ") && strings.Contains(text, name)
				exact := !failed && v == `4.0` || v == `0` && (name == "context" || name == "log_tail" || name == "wait")
				late := strings.HasPrefix(text, "timeout: ") && name == "timeout_ms" // a millisecond may be too short
				if !clamped && !refused && !exact && !late {
					t.Errorf("%s %s=%s: neither clamped with a note nor refused: %.300s", tool.Name, name, v, text)
				}
			}
		}
	}
	for _, part := range []string{"L0", "L-1", "-1", "L5-L2", "L99999999999999999999", "L1-L99999999999999999999", "1;2", "1e9", "L1-L2-L3", "LL1", "L", "--", "/9e99", "/-1", "/99999999999999999999"} {
		text, failed := p.tool("read", objectOf(map[string]string{"uri": `"a.txt"`, "part": quoted(t, part)}))
		if strings.HasPrefix(text, "internal") || failed && !strings.HasPrefix(text, "invalid: ") && !strings.HasPrefix(text, "not_found: ") {
			t.Errorf("part %q: %s", part, text)
		}
	}
}
