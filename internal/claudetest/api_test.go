package claudetest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// post sends body to path of api and returns the answer's status and body.
func post(t *testing.T, api *API, path, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

// turn sends a request for a message with a history, and returns the answer's content.
func turn(t *testing.T, api *API, history ...string) []Block {
	t.Helper()
	status, body := post(t, api, "/v1/messages", fmt.Sprintf(
		`{"model":"m","tools":[{"name":"x"}],"messages":[%s]}`, strings.Join(history, ",")))
	var m struct{ Content []Block }
	if err := json.Unmarshal([]byte(body), &m); err != nil || status != http.StatusOK {
		t.Fatalf("status %d, body %s: %v", status, body, err)
	}
	return m.Content
}

const (
	asked    = `{"role":"user","content":"go"}`
	answered = `{"role":"assistant","content":[{"type":"tool_use","id":"toolu_script_0_0","name":"a","input":{}}]}`
	result   = `{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_script_0_0",` +
		`"content":[{"type":"text","text":"first"},{"type":"text","text":"id=42 rest"}]}]}`
)

func TestAPITurns(t *testing.T) {
	api, err := NewAPI([]Turn{
		Call("a", nil),
		{Text: "both", Uses: []Use{
			{"b", Input{"id": From{Match: `^first\nid=(\d+)`}, "list": []any{From{Match: "(rest)"}, 1}, "n": nil}},
			{"c", Input{"in": map[string]any{"x": From{Match: "id=(4)"}}}},
		}},
		{},
	})
	if err != nil {
		t.Fatal(err)
	}
	more := `{"role":"assistant","content":"x"}`
	for _, c := range []struct {
		name    string
		history []string
		want    []Block
	}{
		{"first", []string{asked}, []Block{{Type: "tool_use", ID: "toolu_script_0_0", Name: "a", Input: json.RawMessage(`{}`)}}},
		{"retried", []string{asked}, []Block{{Type: "tool_use", ID: "toolu_script_0_0", Name: "a", Input: json.RawMessage(`{}`)}}},
		{"filled", []string{asked, answered, result}, []Block{
			{Type: "text", Text: "both"},
			{Type: "tool_use", ID: "toolu_script_1_0", Name: "b", Input: json.RawMessage(`{"id":"42","list":["rest",1],"n":null}`)},
			{Type: "tool_use", ID: "toolu_script_1_1", Name: "c", Input: json.RawMessage(`{"in":{"x":"4"}}`)},
		}},
		{"empty", []string{asked, more, more}, []Block{{Type: "text", Text: "(empty turn)"}}},
		{"past the end", []string{asked, more, more, more, more}, []Block{{Type: "text", Text: "script-end"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, turn(t, api, c.history...)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
	if err := api.Err(); err != nil {
		t.Error(err)
	}
	var turns []int
	for _, r := range api.Requests() {
		turns = append(turns, r.Turn)
	}
	if diff := cmp.Diff([]int{0, 0, 1, 2, 4}, turns); diff != "" {
		t.Errorf("recorded turns (-want +got):\n%s", diff)
	}
}

func TestAPISideRequests(t *testing.T) {
	api := new(API)
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/v1/messages", `{"messages":[{"role":"user","content":"title?"}]}`, 200, `"text":"{\"title\"`},
		{"/v1/messages/count_tokens", `{"messages":[]}` + strings.Repeat(" ", 385), 200, `{"input_tokens":100}`},
		{"/v1/models", `{}`, 404, "not_found_error"},
		{"/v1/messages", `{"messages":3}`, 400, "invalid_request_error"},
	} {
		status, body := post(t, api, c.path, c.body)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("POST %s: %d %s, want %d and %s", c.path, status, body, c.status, c.want)
		}
	}
	requests := api.Requests()
	if len(requests) != 4 {
		t.Fatalf("%d requests recorded, want 4", len(requests))
	}
	for _, r := range requests {
		if r.Turn != -1 {
			t.Errorf("%s counts as turn %d", r.Path, r.Turn)
		}
	}
	if err := api.Err(); err == nil || !strings.Contains(err.Error(), "/v1/messages") {
		t.Errorf("Err() = %v, want the request that could not be read", err)
	}
}

// TestAPIStream puts a stream together again as a client does.
func TestAPIStream(t *testing.T) {
	api, err := NewAPI([]Turn{{Text: "a <b> & ü\n", Uses: []Use{{"n", Input{"k": "v\n"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	_, body := post(t, api, "/v1/messages", `{"stream":true,"tools":[{"name":"n"}],"messages":[`+asked+`]}`)
	var kinds []string
	var blocks []Block
	var stop string
	lines := bufio.NewScanner(strings.NewReader(body))
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e struct {
			Type  string
			Index int
			Block *struct {
				Type, ID, Name string
				Text           *string
				Input          json.RawMessage
			} `json:"content_block"`
			Delta struct {
				Text        string
				PartialJSON string `json:"partial_json"`
				StopReason  string `json:"stop_reason"`
			}
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Type)
		switch e.Type {
		case "content_block_start":
			if e.Block.Type == "text" && e.Block.Text == nil {
				t.Error("a text block starts without a text")
			}
			if e.Block.Type == "tool_use" && string(e.Block.Input) != "{}" {
				t.Errorf("a tool use starts with input %s", e.Block.Input)
			}
			blocks = append(blocks, Block{Type: e.Block.Type, ID: e.Block.ID, Name: e.Block.Name})
		case "content_block_delta":
			b := &blocks[e.Index]
			b.Text += e.Delta.Text
			b.Input = append(b.Input, e.Delta.PartialJSON...)
		case "message_delta":
			stop = e.Delta.StopReason
		}
	}
	want := []Block{{Type: "text", Text: "a <b> & ü\n"},
		{Type: "tool_use", ID: "toolu_script_0_0", Name: "n", Input: json.RawMessage(`{"k":"v\n"}`)}}
	if diff := cmp.Diff(want, blocks); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	part := []string{"content_block_start", "content_block_delta", "content_block_stop"}
	wantKinds := append(append(append([]string{"message_start"}, part...), part...), "message_delta", "message_stop")
	if diff := cmp.Diff(wantKinds, kinds); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if stop != "tool_use" {
		t.Errorf("stop reason %q, want tool_use", stop)
	}
}

func TestScriptMistakes(t *testing.T) {
	for _, c := range []struct {
		name   string
		script []Turn
		want   string
	}{
		{"no name", []Turn{Call("", nil)}, "no tool name"},
		{"own turn", []Turn{Call("a", Input{"x": From{Match: "(x)"}})}, "not before turn 0"},
		{"later turn", []Turn{{}, Call("a", Input{"x": []any{From{Turn: 2, Match: "(x)"}}})}, "not before turn 1"},
		{"no group", []Turn{{}, Call("a", Input{"x": From{Match: "x"}})}, "has no group"},
		{"bad pattern", []Turn{{}, Call("a", Input{"x": map[string]any{"y": From{Match: "("}}})}, "missing closing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := NewAPI(c.script); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("NewAPI: %v, want %q", err, c.want)
			}
		})
	}
}

// TestUnplayable shows that a value which is not there is reported, and the session goes on.
func TestUnplayable(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Input
		want string
	}{
		{"no match", Input{"x": From{Match: "(nothing)"}}, `no match for "(nothing)"`},
		{"no result", Input{"x": From{Use: 1, Match: "(x)"}}, "turn 0, use 1 has no result"},
		{"no JSON", Input{"x": func() {}}, "unsupported type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			api, err := NewAPI([]Turn{{}, Call("b", c.in)})
			if err != nil {
				t.Fatal(err)
			}
			want := []Block{{Type: "tool_use", ID: "toolu_script_1_0", Name: "b", Input: json.RawMessage(`{}`)}}
			if diff := cmp.Diff(want, turn(t, api, asked, answered, result)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if err := api.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Err() = %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzContent states that a text reads the same in both forms that the API has for it,
// and that what a block writes it reads back.
func FuzzContent(f *testing.F) {
	for _, s := range []string{"", "plain", "\"quoted\"\n", "[]", "{\"type\":\"text\"}", "\u2028<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip("JSON has only valid text")
		}
		plain, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		list, err := json.Marshal([]Block{{Type: "text", Text: s}})
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{plain, list} {
			var c Content
			if err := json.Unmarshal(data, &c); err != nil {
				t.Fatalf("%s: %v", data, err)
			}
			if c.Text() != s || len(c) != 1 {
				t.Errorf("%s reads as %q in %d blocks", data, c.Text(), len(c))
			}
		}
	})
}
