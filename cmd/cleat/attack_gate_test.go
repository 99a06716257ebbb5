//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cleat/internal/registry"
)

// A way is one way to one capability.
type way struct {
	entry          string // name of the capability
	method, params string
	cli            []string // in place of a method
	record         string   // the name that the audit log has
}

// ways lists every way to every capability that is linked: a new one is tested without
// anything being written here, or fails for want of an example.
func ways(t *testing.T) []way {
	t.Helper()
	var out []way
	for _, e := range append(registry.Default().Entries(), extras()...) {
		if e.Name == "test_hang" || e.Name == "test_deaf" {
			continue // they come to an end only with a deadline
		}
		switch e.Kind {
		case registry.ToolKind:
			args := objectOf(sound(e.Name))
			if e.Name == "test_write" {
				args = writeEffect
			}
			out = append(out, way{e.Name, registry.CallTool, fmt.Sprintf(`{"name":%q,"arguments":%s}`, e.Name, args), nil, e.Name},
				way{e.Name, registry.CallTool, "", []string{"call", e.Name, args}, e.Name})
		case registry.PromptKind:
			args, words, argument := "{}", []string{"prompt", e.Name}, "x"
			if e.Name == "fix_ticket" {
				args, words, argument = `{"ticket":"ct-7x2k"}`, append(words, "ticket=ct-7x2k"), "ticket"
			}
			out = append(out, way{e.Name, registry.GetPrompt, fmt.Sprintf(`{"name":%q,"arguments":%s}`, e.Name, args), nil, e.Name},
				way{e.Name, registry.GetPrompt, "", words, e.Name},
				way{e.Name, registry.Complete, fmt.Sprintf(`{"ref":{"type":"ref/prompt","name":%q},"argument":{"name":%q,"value":""}}`, e.Name, argument), nil, e.Name})
		case registry.TemplateKind:
			address, ok := map[string]string{"text": "text://a.txt", "json": "json://b.json", "repo": "repo://./main/a.txt", "diff": "diff://./main", "self": "cleat://status",
				"spill": "spill://AAAAAAAAAAAAAAAAAAAAAAAAAA", "table": "table://app/t", "row": "row://app/t/1", "run": "run://local/260101-000000-aaaaa", "ticket": "ticket://local/ct-7x2k", "query": "query://app/all"}[e.Name]
			if !ok {
				t.Errorf("there is no example of %s", e.URI)
			}
			out = append(out, way{e.Name, registry.ReadResource, `{"uri":` + quoted(t, address) + `}`, nil, address},
				way{"read", registry.CallTool, `{"name":"read","arguments":{"uri":` + quoted(t, address) + `}}`, nil, "read"},
				way{"read", registry.CallTool, "", []string{"read", address}, "read"})
			for _, variable := range e.Arguments() {
				out = append(out, way{e.Name, registry.Complete,
					fmt.Sprintf(`{"ref":{"type":"ref/resource","uri":%q},"argument":{"name":%q,"value":""}}`, e.URI, variable), nil, e.URI})
			}
		}
	}
	return append(out, way{"", registry.ListResources, `{}`, nil, ""})
}

const gateFiles = "-- a.txt --\ninside\n-- b.json --\n{}\n-- README.md --\n# Inside\n" +
	"-- sqlite.sql --\nCREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (1, 'inside');\n"

// gateSources names a source for each system that has none of its own.
const gateSources = "[sources.app]\nkind = \"sqlite\"\npath = \"$LITE\"\n[sources.app.queries.all]\nsql = \"SELECT b FROM t\"\n"

// TestOneWay: each way to each capability passes the gate, as the audit log proves, once.
func TestOneWay(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- user.toml --\n[policy]\nallow = [\"db_write(source=app, op=dml)\"]\n"+gateSources+gateFiles)
	p := w.peer(t)
	n := 0
	for _, way := range ways(t) {
		if way.cli != nil {
			w.run(t, way.cli...)
		} else {
			p.ask(way.method, way.params)
		}
		got := w.audited(t)[n:]
		n += len(got)
		want := 1
		if way.entry == "test_write" || way.entry == "db_write" || way.entry == "ci_run" || way.entry == "ticket_write" {
			want = 2
		}
		if len(got) != want {
			t.Errorf("%+v left %d records", way, len(got))
			continue
		}
		for _, r := range got {
			if r.Method != way.method || r.Name != way.record || r.Decision != "allow" {
				t.Errorf("%+v left the record %+v", way, r)
			}
			if cli := strings.HasPrefix(r.Client, "cleat-cli/"); cli != (way.cli != nil) {
				t.Errorf("%+v: the client is %q", way, r.Client)
			}
		}
	}
	t.Logf("%d ways, %d records", len(ways(t)), n)
}

// TestAllDenied: when everything is denied, every way is refused, recorded as refused, and
// nothing is listed; when the sources are, nothing of theirs comes by any way.
func TestAllDenied(t *testing.T) {
	t.Parallel()
	for _, layer := range []string{"managed.toml", "user.toml", "cleat.toml"} {
		for _, rule := range []string{"*", "*(source=*)"} {
			text := "-- " + layer + " --\n[policy]\ndeny = [\"" + rule + "\"]\n"
			if layer != "user.toml" {
				text += "-- user.toml --\n"
			}
			w := attacked(t, text+gateSources+gateFiles)
			p := w.peer(t)
			for _, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
				if got := p.listed(method); len(got) > 0 {
					t.Errorf("%s, %s: %s has %v", layer, rule, method, got)
				}
			}
			n := len(w.audited(t))
			for _, way := range ways(t) {
				if way.method == registry.ListResources {
					continue
				}
				var text string
				var failed bool
				if way.cli != nil {
					var code int
					text, code = w.run(t, way.cli...)
					failed = code == 1
				} else {
					text, failed = told(t, p.ask(way.method, way.params))
				}
				if !failed || !strings.HasPrefix(text, "denied: ") || strings.Contains(text, "inside") {
					t.Errorf("%s, %s: %+v is answered with %s", layer, rule, way, text)
				}
				got := w.audited(t)[n:]
				n += len(got)
				if len(got) != 1 || got[0].Decision != "deny" || got[0].Outcome != "denied" || got[0].Rule != rule {
					t.Errorf("%s, %s: %+v left the records %+v", layer, rule, way, got)
				}
			}
			if w.written(t) {
				t.Error("something was written")
			}
		}
	}
}

// TestSourceDenied: a closed source is closed by every way, and the refusal says so.
func TestSourceDenied(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- user.toml --\n[policy]\ndeny = [\"*(source=workspace)\", \"*(source=local)\", \"*(source=app)\"]\n"+gateSources+gateFiles)
	p := w.peer(t)
	open := []string{"status", "self", "spill", "test_panic", "test_print", "test_write"}
	for _, way := range ways(t) {
		if way.cli != nil || slices.Contains(open, way.entry) || strings.Contains(way.params, "cleat://") || strings.Contains(way.params, "spill://") || way.method == registry.ListResources {
			continue
		}
		n := len(w.audited(t))
		if (way.entry == "onboard" || way.entry == "explore_db" || way.entry == "fix_ci" || way.entry == "fix_ticket") && way.method == registry.Complete {
			continue // a prompt has nothing to complete, whatever is closed
		}
		rule := "*(source="
		if way.entry == "db_write" {
			rule = "destructive calls need an allow rule" // which comes first
		}
		text, failed := told(t, p.ask(way.method, way.params))
		if !failed || !strings.HasPrefix(text, "denied: ") || !strings.Contains(text, rule) || strings.Contains(text, "inside") {
			t.Errorf("%+v is answered with %s", way, text)
		}
		if got := w.audited(t)[n:]; len(got) != 1 || got[0].Decision != "deny" {
			t.Errorf("%+v left the records %+v", way, got)
		}
	}
	for _, uri := range p.listed("resources/list") {
		if !strings.HasPrefix(uri, "cleat://") {
			t.Errorf("%s is listed", uri)
		}
	}
	if got := p.listed("tools/list"); slices.Contains(got, "code_search") {
		t.Errorf("listed are %v", got)
	}
}
