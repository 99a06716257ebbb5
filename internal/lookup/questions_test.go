package lookup

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/symbols/corpus"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// A question is "where is name defined", and the answer that a reader of the code gives.
type question struct{ name, answer string }

// TestQuestions asks fifty questions about three public repositories. The answers were
// found by reading the code; at least 45 must come first in what Symbols returns.
func TestQuestions(t *testing.T) {
	repos := []struct {
		name      string
		open      func(testing.TB) string
		questions []question
	}{
		{"caddy", func(t testing.TB) string { return corpus.Module(t, "github.com/caddyserver/caddy/v2", "v2.10.2") }, []question{
			{"Context", "context.go:44"},
			{"App", "caddy.go:98"},
			{"Run", "caddy.go:104"},
			{"Config", "caddy.go:68"},
			{"ParseDuration", "caddy.go:881"},
			{"Context.LoadModule", "context.go:179"},
			{"NewDispenser", "caddyconfig/caddyfile/dispenser.go:40"},
			{"Dispenser.NextArg", "caddyconfig/caddyfile/dispenser.go:89"},
			{"caddyfile.Parse", "caddyconfig/caddyfile/parse.go:39"},
			{"caddyfile.Adapter", "caddyconfig/caddyfile/adapter.go:27"},
			{"caddyconfig.Adapter", "caddyconfig/configadapters.go:26"},
			{"RegisterModule", "modules.go:138"},
			{"NewReplacer", "replacer.go:34"},
			{"Replacer.ReplaceAll", "replacer.go:151"},
			{"caddyevents.Handler", "modules/caddyevents/app.go:327"},
			{"Rewrite.ServeHTTP", "modules/caddyhttp/rewrite/rewrite.go:132"},
			{"Tailscale.GetCertificate", "modules/caddytls/certmanagers.go:45"},
			{"caddyhttp.Server", "modules/caddyhttp/server.go:46"},
			{"TLS.Provision", "modules/caddytls/tls.go:154"},
			{"AutomationPolicy#Provision", "modules/caddytls/automation.go:182"},
			{"FileWriter::Provision", "modules/logging/filewriter.go:123"},
			{"cmd.Main", "cmd/main.go:66"},
		}},
		{"rxjs", func(t testing.TB) string { return filepath.Join(corpus.Package(t, "rxjs", "7.8.2"), "src") }, []question{
			{"Observable", "internal/Observable.ts:15"},
			{"Subject", "internal/Subject.ts:17"},
			{"config", "internal/config.ts:8"},
			{"GlobalConfig", "internal/config.ts:21"},
			{"map", "internal/operators/map.ts:47"},
			{"switchMap", "internal/operators/switchMap.ts:85"},
			{"innerFrom", "internal/observable/innerFrom.ts:16"},
			{"firstValueFrom", "internal/firstValueFrom.ts:56"},
			{"Observable.lift", "internal/Observable.ts:60"},
			{"Subject.unsubscribe", "internal/Subject.ts:100"},
			{"TestScheduler.flush", "internal/testing/TestScheduler.ts:206"},
			{"WebSocketSubject", "internal/observable/dom/WebSocketSubject.ts:157"},
			{"AsapAction.requestAsyncId", "internal/scheduler/AsapAction.ts:12"},
			{"ObservableInput", "internal/types.ts:103"},
			{"ajax", "internal/ajax/ajax.ts:268"},
		}},
		{"gyp", func(t testing.TB) string {
			return filepath.Join(corpus.Package(t, "node-gyp", "11.4.2"), "gyp", "pylib")
		}, []question{
			{"GypError", "gyp/common.py:32"},
			{"GetFlavor", "gyp/common.py:513"},
			{"OrderedSet", "gyp/common.py:584"},
			{"DependencyGraphNode", "gyp/input.py:1640"},
			{"MergeDicts", "gyp/input.py:2272"},
			{"input.Load", "gyp/input.py:2934"},
			{"ninja.GenerateOutput", "gyp/generator/ninja.py:2924"},
			{"xcode.GenerateOutput", "gyp/generator/xcode.py:641"},
			{"NinjaWriter", "gyp/generator/ninja.py:213"},
			{"PBXGroup.Hashables", "gyp/xcodeproj_file.py:1183"},
			{"MSVSToolFile.Writer", "gyp/MSVSToolFile.py:10"},
			{"WinTool.ExecLinkWrapper", "gyp/win_tool.py:114"},
			{"MsvsSettings.GetCflags", "gyp/msvs_emulation.py:473"},
		}},
	}
	const want = 45
	asked, right := 0, 0
	var wrong []string
	for _, r := range repos {
		root, err := tree.Open(r.open(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range r.questions {
			asked++
			res, err := Symbols(t.Context(), root, code.Query{Pattern: q.name}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := "nothing"
			if len(res.Definitions) > 0 {
				got = fmt.Sprintf("%s:%d", res.Definitions[0].Path, res.Definitions[0].Line)
			}
			if got == q.answer && res.How == "" {
				right++
			} else {
				wrong = append(wrong, fmt.Sprintf("%s: %s is %s, not %s %s", r.name, q.name, q.answer, got, res.How))
			}
		}
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d of %d answers were right\n%s", right, asked, strings.Join(wrong, "\n"))
	if asked != 50 || right < want {
		t.Errorf("%d of %d answers were right, want at least %d of 50", right, asked, want)
	}
}
