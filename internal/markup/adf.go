package markup

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/strict"
)

// An adfNode is a node of the Atlassian Document Format. The schema allows it no other keys:
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
type adfNode struct {
	Type    string          `json:"type"`
	Version int             `json:"version,omitempty"`
	Attrs   json.RawMessage `json:"attrs,omitempty"`
	Content []adfNode       `json:"content,omitempty"`
	Marks   []adfMark       `json:"marks,omitempty"`
	Text    string          `json:"text,omitempty"`
}

// An adfMark is a mark of a node.
type adfMark struct {
	Type  string          `json:"type"`
	Attrs json.RawMessage `json:"attrs,omitempty"`
}

// adfAttrs are the attributes that have a meaning here.
type adfAttrs struct {
	Level     int             `json:"level"`
	Order     int             `json:"order"`
	State     string          `json:"state"`
	Language  string          `json:"language"`
	ID        json.RawMessage `json:"id"`
	Text      string          `json:"text"`
	ShortName string          `json:"shortName"`
	Href      string          `json:"href"`
	Title     string          `json:"title"`
	URL       string          `json:"url"`
	Alt       string          `json:"alt"`
	Type      string          `json:"type"`
	PanelType string          `json:"panelType"`
	Key       string          `json:"extensionKey"`
	Timestamp json.RawMessage `json:"timestamp"`
	Align     string          `json:"align"`
	Colspan   int             `json:"colspan"`
	File      string          `json:"__fileName"`
}

// attrs reads attributes; those of another type than the schema's are left out.
func attrs(raw json.RawMessage) adfAttrs {
	var a adfAttrs
	if len(raw) > 0 && json.Unmarshal(raw, &a) != nil {
		return a // encoding/json goes on with the other fields
	}
	return a
}

// encode writes without escaping HTML, which is somebody's text.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fail.Errorf(fail.Internal, "writing ADF: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// attr writes attributes of which the value is a string or a number.
func attr(pairs ...string) json.RawMessage {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		sep := ","
		if i == 0 {
			sep = "{"
		}
		v, err := encode(pairs[i+1])
		if err != nil {
			continue // a string can always be written
		}
		b.WriteString(sep + `"` + pairs[i] + `":` + string(v))
	}
	return json.RawMessage(b.String() + "}")
}

func number(name string, n int) json.RawMessage {
	return json.RawMessage(`{"` + name + `":` + strconv.Itoa(n) + `}`)
}

// decode reads a document; nil for none.
func decode(doc []byte) (*adfNode, error) {
	doc = bytes.TrimSpace(doc)
	if len(doc) == 0 || string(doc) == "null" {
		return nil, nil
	}
	if err := strict.Check(doc, 2*maxDepth+8); err != nil {
		return nil, fail.Errorf(fail.Invalid, "not an ADF document: %v", err)
	}
	var d adfNode
	if err := json.Unmarshal(doc, &d); err != nil {
		return nil, fail.Errorf(fail.Invalid, "not an ADF document: a node is not an object of the schema's types")
	}
	if d.Type != "doc" {
		return nil, fail.Errorf(fail.Invalid, "not an ADF document: its type is %.40q, not \"doc\"", d.Type)
	}
	return &d, nil
}

// given returns a text that is an ADF document already, as it is. A text that is not a JSON
// object of the type "doc" is Markdown. Its mentions need leave as all others do.
func given(text string, o *Options) (json.RawMessage, error) {
	t := strings.TrimSpace(text)
	if !strings.HasPrefix(t, "{") || !strings.HasSuffix(t, "}") {
		return nil, nil
	}
	var head struct {
		Type    string          `json:"type"`
		Content json.RawMessage `json:"content"`
	}
	if json.Unmarshal([]byte(t), &head) != nil || head.Type != "doc" || head.Content == nil {
		return nil, nil
	}
	d, err := decode([]byte(t))
	if err == nil && d.Version != 1 {
		err = fail.Errorf(fail.Invalid, "an ADF document of version %d; it must be 1", d.Version)
	}
	if err == nil {
		c := checker{o: o, left: append([]person(nil), o.Kept.names...)}
		err = c.check(d.Content)
	}
	if err != nil {
		return nil, err
	}
	return json.RawMessage(t), nil
}

// A checker looks at a document that was given.
type checker struct {
	o    *Options
	left []person // mentions that the document had before
}

func (c *checker) check(in []adfNode) error {
	for i := range in {
		n := &in[i]
		if n.Type == "" || n.Type == "doc" || n.Type == "text" && n.Text == "" {
			return fail.Errorf(fail.Invalid, "an ADF document with a node of type %.40q, or a text without one", n.Type)
		}
		if n.Type == "mention" && !c.may(attrs(n.Attrs)) {
			return fail.Errorf(fail.Denied, "the ADF document mentions %.100q, who may not be mentioned", attrs(n.Attrs).Text).
				Then("write the name as text, or ask the user to allow mentions")
		}
		if err := c.check(n.Content); err != nil {
			return err
		}
	}
	return nil
}

// may reports whether a person may be mentioned, by the id that counts.
func (c *checker) may(a adfAttrs) bool {
	id := rawString(a.ID)
	for i, p := range c.left {
		if p.id == id {
			c.left = append(c.left[:i:i], c.left[i+1:]...)
			return true
		}
	}
	if c.o.Mentions == nil {
		return false
	}
	got, ok := c.o.Mentions(strings.TrimPrefix(a.Text, "@"))
	return ok && got == id
}
