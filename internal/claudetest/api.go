package claudetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// API is a Messages API that answers from a script. It is an http.Handler, safe for
// concurrent use; the zero value is the API of an empty script.
//
// Turn i answers the request whose history holds i messages of the assistant, so that
// retries do no harm. Past the last turn the answer is the text "script-end". A request
// that offers no tools (a title, a summary) gets a fixed text and uses no turn.
type API struct {
	script []Turn

	mu       sync.Mutex // guards what follows
	requests []Request
	errs     []error
}

// NewAPI returns the API of a script, or what is wrong with the script.
func NewAPI(script []Turn) (*API, error) {
	if err := checkScript(script); err != nil {
		return nil, err
	}
	return &API{script: script}, nil
}

// Requests returns all requests so far, in the order of their arrival.
func (a *API) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

// Err returns what went wrong so far: requests that could not be read, and values that
// the script wanted from a result and that were not there.
func (a *API) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.errs...)
}

// maxBody bounds a request: far over what a client sends, far under what hurts.
const maxBody = 64 << 20

// ServeHTTP answers POST /v1/messages, as a stream where the request asks for one, and
// POST /v1/messages/count_tokens, where four bytes make a token.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		a.fail(w, http.StatusBadRequest, "invalid_request_error", fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err))
		return
	}
	req := Request{Time: time.Now(), Method: r.Method, Path: r.URL.Path,
		Beta: r.Header.Get("anthropic-beta"), Turn: -1, Raw: raw}
	ours := r.URL.Path == "/v1/messages" || r.URL.Path == "/v1/messages/count_tokens"
	switch {
	case r.Method == http.MethodHead:
		a.record(req)
	case r.Method != http.MethodPost || !ours:
		a.record(req)
		reply(w, http.StatusNotFound, failure("not_found_error", r.URL.Path))
	default:
		if err := json.Unmarshal(raw, &req.Body); err != nil {
			a.record(req)
			a.fail(w, http.StatusBadRequest, "invalid_request_error", fmt.Errorf("%s: %w", r.URL.Path, err))
			return
		}
		if r.URL.Path != "/v1/messages" {
			a.record(req)
			reply(w, http.StatusOK, tokenCount{InputTokens: max(1, len(raw)/4)})
			return
		}
		a.message(w, r, req)
	}
}

// message answers a request for a message.
func (a *API) message(w http.ResponseWriter, r *http.Request, req Request) {
	if len(req.Body.Tools) == 0 {
		req.Answer = []Block{{Type: "text", Text: `{"title": "script"}`}}
	} else {
		for _, m := range req.Body.Messages {
			if m.Role == "assistant" {
				req.Turn++
			}
		}
		req.Turn++ // from -1
		req.Answer = a.answer(req.Turn, req.Body)
	}
	n := a.record(req)
	if req.Turn >= 0 && req.Turn < len(a.script) {
		select {
		case <-time.After(a.script[req.Turn].Pause):
		case <-r.Context().Done():
			return
		}
	}
	stop := "end_turn"
	if slices.ContainsFunc(req.Answer, func(b Block) bool { return b.Type == "tool_use" }) {
		stop = "tool_use"
	}
	m := message{ID: fmt.Sprintf("msg_script_%d", n), Type: "message", Role: "assistant",
		Model: req.Body.Model, Content: req.Answer, StopReason: &stop, Usage: usage{InputTokens: 10, OutputTokens: 5}}
	if !req.Body.Stream {
		reply(w, http.StatusOK, m)
		return
	}
	data, err := stream(m)
	if err != nil {
		a.fail(w, http.StatusInternalServerError, "api_error", err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = w.Write(data) // a client that went away is no fault of the script
}

// answer returns what the script says in a turn. A value that cannot be found is
// reported by Err, and the tool gets no arguments, so that the session still ends.
func (a *API) answer(turn int, body Body) []Block {
	if turn >= len(a.script) {
		return []Block{{Type: "text", Text: "script-end"}}
	}
	var blocks []Block
	if text := a.script[turn].Text; text != "" {
		blocks = append(blocks, Block{Type: "text", Text: text})
	}
	results := body.results()
	for k, use := range a.script[turn].Uses {
		data, err := use.Input.encode(results)
		if err != nil {
			a.report(fmt.Errorf("script: turn %d, use %d: %w", turn, k, err))
			data = []byte("{}")
		}
		blocks = append(blocks, Block{Type: "tool_use", ID: useID(turn, k), Name: use.Name, Input: data})
	}
	if len(blocks) == 0 {
		blocks = []Block{{Type: "text", Text: "(empty turn)"}}
	}
	return blocks
}

// record keeps a request and returns its number, from 1.
func (a *API) record(r Request) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, r)
	return len(a.requests)
}

func (a *API) report(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.errs = append(a.errs, err)
}

func (a *API) fail(w http.ResponseWriter, status int, kind string, err error) {
	a.report(err)
	reply(w, status, failure(kind, err.Error()))
}

// What the API writes.
type (
	message struct {
		ID           string  `json:"id"`
		Type         string  `json:"type"`
		Role         string  `json:"role"`
		Model        string  `json:"model"`
		Content      []Block `json:"content"`
		StopReason   *string `json:"stop_reason"`
		StopSequence *string `json:"stop_sequence"`
		Usage        usage   `json:"usage"`
	}
	usage struct {
		InputTokens              int `json:"input_tokens"`
		OutputTokens             int `json:"output_tokens"`
		CacheCreationInputTokens int `json:"cache_creation_input_tokens"`
		CacheReadInputTokens     int `json:"cache_read_input_tokens"`
	}
	tokenCount struct {
		InputTokens int `json:"input_tokens"`
	}
	apiError struct {
		Type  string `json:"type"`
		Error struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"error"`
	}
	event struct {
		Type         string   `json:"type"`
		Index        *int     `json:"index,omitempty"`
		Message      *message `json:"message,omitempty"`
		ContentBlock *Block   `json:"content_block,omitempty"`
		Delta        *delta   `json:"delta,omitempty"`
		Usage        *usage   `json:"usage,omitempty"`
	}
	delta struct {
		Type        string  `json:"type,omitempty"`
		Text        *string `json:"text,omitempty"`
		PartialJSON *string `json:"partial_json,omitempty"`
		StopReason  *string `json:"stop_reason,omitempty"`
	}
)

func failure(kind, text string) apiError {
	e := apiError{Type: "error"}
	e.Error.Type, e.Error.Message = kind, text
	return e
}

// reply writes v as JSON.
func reply[T message | tokenCount | apiError](w http.ResponseWriter, status int, v T) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // a client that went away is no fault of the script
}

// stream returns m as server-sent events.
func stream(m message) ([]byte, error) {
	head := m
	head.Content, head.StopReason = []Block{}, nil
	events := []event{{Type: "message_start", Message: &head}}
	for i, b := range m.Content {
		start, part := b, delta{Type: "text_delta", Text: &b.Text}
		if b.Type == "tool_use" {
			input := string(b.Input)
			start.Input = json.RawMessage("{}")
			part = delta{Type: "input_json_delta", PartialJSON: &input}
		} else {
			start.Text = ""
		}
		events = append(events,
			event{Type: "content_block_start", Index: &i, ContentBlock: &start},
			event{Type: "content_block_delta", Index: &i, Delta: &part},
			event{Type: "content_block_stop", Index: &i})
	}
	events = append(events,
		event{Type: "message_delta", Delta: &delta{StopReason: m.StopReason}, Usage: &m.Usage},
		event{Type: "message_stop"})
	var out bytes.Buffer
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "event: %s\ndata: %s\n\n", e.Type, data)
	}
	return out.Bytes(), nil
}
