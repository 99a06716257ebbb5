package claudetest

import (
	"encoding/json"
	"strings"
	"time"
)

// A Request is one request to the scripted API, with what it was answered.
type Request struct {
	Time         time.Time
	Method, Path string
	Beta         string // the anthropic-beta header
	// Turn is the turn of the script that answered, the script's length or more after its
	// end, or -1 for what is not a turn: token counts, titles, unknown paths.
	Turn   int
	Raw    json.RawMessage // the body as sent
	Body   Body            // the same, decoded; empty for unknown paths
	Answer []Block         // for POST /v1/messages
}

// Body is the part of a Messages request that tests look at; Request.Raw has the rest.
type Body struct {
	Model    string    `json:"model"`
	Stream   bool      `json:"stream"`
	System   Content   `json:"system"`
	Messages []Message `json:"messages"`
	Tools    []Tool    `json:"tools"`
}

// A Message is one message of a conversation. Claude Code also sends the role "system".
type Message struct {
	Role    string  `json:"role"`
	Content Content `json:"content"`
}

// A Tool is a tool definition as the model gets it.
type Tool struct {
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	InputSchema  json.RawMessage `json:"input_schema"`
	DeferLoading bool            `json:"defer_loading"` // loaded through ToolSearch
}

// Content is what a message or a tool result holds.
type Content []Block

// A Block is one block of content. Which fields are set depends on Type.
type Block struct {
	Type      string          `json:"type"`                  // text, tool_use, tool_result, image, tool_reference, …
	Text      string          `json:"text,omitempty"`        // text
	ID        string          `json:"id,omitempty"`          // tool_use
	Name      string          `json:"name,omitempty"`        // tool_use
	Input     json.RawMessage `json:"input,omitempty"`       // tool_use
	ToolUseID string          `json:"tool_use_id,omitempty"` // tool_result
	Content   Content         `json:"content,omitempty"`     // tool_result
	IsError   bool            `json:"is_error,omitempty"`    // tool_result
	ToolName  string          `json:"tool_name,omitempty"`   // tool_reference
	Source    *Source         `json:"source,omitempty"`      // image, document
}

// A Source is the data of an image or a document.
type Source struct {
	Type      string `json:"type"` // base64, text, url
	MediaType string `json:"media_type"`
	Data      string `json:"data"`
}

// UnmarshalJSON takes the two forms of the API: a list of blocks, and a string for a
// single text block.
func (c *Content) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		*c = Content{{Type: "text", Text: s}}
		return nil
	}
	return json.Unmarshal(data, (*[]Block)(c))
}

// Text returns the text blocks of c, each from a new line on.
func (c Content) Text() string {
	var texts []string
	for _, b := range c {
		if b.Type == "text" {
			texts = append(texts, b.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// MarshalJSON writes the empty text of a text block too, which a client that adds up
// the parts of a stream needs.
func (b Block) MarshalJSON() ([]byte, error) {
	if b.Type == "text" {
		return json.Marshal(struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}{b.Type, b.Text})
	}
	type plain Block
	return json.Marshal(plain(b))
}

// results returns the tool results in a conversation by the id of their use.
func (b Body) results() map[string]Block {
	found := make(map[string]Block)
	for _, m := range b.Messages {
		for _, block := range m.Content {
			if block.Type == "tool_result" {
				found[block.ToolUseID] = block
			}
		}
	}
	return found
}
