package view

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"

	"cleat/internal/fail"
	"cleat/internal/systems/documents"
)

// dataFormat returns json, yaml or toml by the ending of a name, or "".
func dataFormat(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".webmanifest", ".geojson", ".ipynb", ".jsonld":
		return "json"
	case ".yaml", ".yml":
		return "yaml"
	case ".toml":
		return "toml"
	}
	return ""
}

// A node is a value in a document: an object or list with its members in order, or a
// scalar as its JSON text, digits and all.
type node struct {
	keys   []string
	list   []*node // of an object, the values in the order of keys
	isList bool
	isObj  bool
	scalar string
}

// readValue reads the document and returns the value that pointer, or nil for all of it,
// leads to.
func readValue(ctx context.Context, doc *documents.Document, pointer *string) (*View, error) {
	data, err := whole(ctx, doc)
	if err != nil {
		return nil, err
	}
	root, err := parseData(dataFormat(doc.Name), data)
	if err != nil {
		return nil, fail.Errorf(fail.Invalid, "%q is not sound %s: %s", doc.Name, strings.ToUpper(dataFormat(doc.Name)), clip(err.Error())).
			Then("read it as text://")
	}
	if pointer != nil {
		if root, err = root.at(*pointer); err != nil {
			return nil, err
		}
	}
	v := &View{kind: value, shape: func() string {
		var b strings.Builder
		root.outline(&b, "", 0)
		return strings.TrimSuffix(b.String(), "\n")
	}}
	var b bytes.Buffer
	root.write(&b, "")
	v.Value = b.String()
	return v, nil
}

// at follows a JSON pointer, RFC 6901.
func (n *node) at(pointer string) (*node, error) {
	done := ""
	for _, token := range strings.Split(pointer, "/")[1:] {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		next := n.child(token)
		if next == nil {
			where := done
			if where == "" {
				where = "the top"
			}
			return nil, fail.Errorf(fail.NotFound, "nothing is at %q", clip(pointer)).
				Because("%s is %s", where, n.describe()).Then("point to one of those, or look at the outline (outline=true)")
		}
		n, done = next, done+"/"+token
	}
	return n, nil
}

func (n *node) child(token string) *node {
	if n.isList {
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(n.list) || token != strconv.Itoa(i) {
			return nil
		}
		return n.list[i]
	}
	for i := len(n.keys) - 1; i >= 0; i-- { // of two equal keys the last counts, as everywhere
		if n.keys[i] == token {
			return n.list[i]
		}
	}
	return nil
}

func (n *node) describe() string {
	switch {
	case n.isList:
		return "a list of " + plural(len(n.list), "element")
	case n.isObj:
		keys := n.keys[:min(len(n.keys), 20)]
		more := ""
		if len(keys) < len(n.keys) {
			more = ", …"
		}
		return fmt.Sprintf("an object with the keys %s%s", strings.Join(quoteAll(keys), ", "), more)
	}
	return "a single value"
}

func quoteAll(keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = strconv.Quote(clip(k))
	}
	return out
}

// write writes n as JSON. Short objects and lists stay on one line.
func (n *node) write(b *bytes.Buffer, indent string) {
	if !n.isList && !n.isObj {
		b.WriteString(n.scalar)
		return
	}
	open, end := "{", "}"
	if n.isList {
		open, end = "[", "]"
	}
	b.WriteString(open)
	inner, sep := indent+"  ", "\n"
	flat := n.flat()
	if flat {
		inner, sep = indent, ""
	}
	for i, c := range n.list {
		if i > 0 {
			b.WriteByte(',')
			if flat {
				b.WriteByte(' ')
			}
		}
		if !flat {
			b.WriteString(sep + inner)
		}
		if n.isObj {
			b.WriteString(quoteJSON(n.keys[i]) + ": ")
		}
		c.write(b, inner)
	}
	if !flat && len(n.list) > 0 {
		b.WriteString("\n" + indent)
	}
	b.WriteString(end)
}

// flat reports whether n is short enough for one line: scalars only, and few.
func (n *node) flat() bool {
	size := 0
	for i, c := range n.list {
		if c.isList || c.isObj {
			return false
		}
		size += len(c.scalar) + 2
		if n.isObj {
			size += len(n.keys[i]) + 4
		}
	}
	return size < 80
}

// Depth and width of a shape.
const (
	shapeDepth = 4
	shapeKeys  = 200
)

// outline writes the shape of n: a line for each key, with the kind and size of its value.
func (n *node) outline(b *strings.Builder, pointer string, depth int) {
	name := pointer
	if name == "" {
		name = "(top)"
	}
	switch {
	case n.isObj:
		fmt.Fprintf(b, "%s: object, %s\n", name, plural(len(n.keys), "key"))
	case n.isList:
		fmt.Fprintf(b, "%s: list, %s\n", name, plural(len(n.list), "element"))
	default:
		fmt.Fprintf(b, "%s: %s\n", name, cutLine(n.scalar, 60, 0))
		return
	}
	if depth == shapeDepth {
		return
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for i, c := range n.list {
		if i == shapeKeys || n.isList && i == 1 {
			// The elements of a list are alike more often than not: one stands for all.
			break
		}
		key := strconv.Itoa(i)
		if n.isObj {
			key = escape.Replace(n.keys[i])
		}
		c.outline(b, pointer+"/"+key, depth+1)
	}
}

func quoteJSON(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return strconv.Quote(s) // strings always encode
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Limits of parsing.
const (
	maxDepth = 500
	maxNodes = 2_000_000
)

// parseData parses a document of a format.
func parseData(format string, data []byte) (*node, error) {
	p := &parser{}
	switch format {
	case "yaml":
		return p.yaml(data)
	case "toml":
		return p.toml(data)
	}
	return p.json(data)
}

// A parser counts what it makes, so that no document, however it nests or repeats,
// takes more than its share.
type parser struct{ nodes int }

func (p *parser) count(depth int) error {
	if p.nodes++; p.nodes > maxNodes {
		return fmt.Errorf("it has more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	return nil
}

func (p *parser) json(data []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	dec.UseNumber()
	n, err := p.jsonValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, fmt.Errorf("something follows the value, at byte %d", dec.InputOffset())
	}
	return n, nil
}

func (p *parser) jsonValue(dec *json.Decoder, depth int) (*node, error) {
	if err := p.count(depth); err != nil {
		return nil, err
	}
	t, err := dec.Token()
	if err != nil {
		return nil, fmt.Errorf("at byte %d: %w", dec.InputOffset(), err)
	}
	switch t := t.(type) {
	case json.Delim:
		n := &node{isObj: t == '{', isList: t == '['}
		for dec.More() {
			if n.isObj {
				k, err := dec.Token()
				if err != nil {
					return nil, fmt.Errorf("at byte %d: %w", dec.InputOffset(), err)
				}
				n.keys = append(n.keys, fmt.Sprint(k))
			}
			c, err := p.jsonValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, c)
		}
		if _, err := dec.Token(); err != nil {
			return nil, fmt.Errorf("at byte %d: %w", dec.InputOffset(), err)
		}
		return n, nil
	case string:
		return &node{scalar: quoteJSON(t)}, nil
	case json.Number:
		return &node{scalar: t.String()}, nil
	case bool:
		return &node{scalar: strconv.FormatBool(t)}, nil
	}
	return &node{scalar: "null"}, nil
}

// yaml takes a stream of several documents for a list of them.
func (p *parser) yaml(data []byte) (*node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs []*node
	for {
		var y yaml.Node
		err := dec.Decode(&y)
		if err != nil && err.Error() == "EOF" {
			break
		}
		if err != nil {
			return nil, err
		}
		n, err := p.yamlValue(&y, 0)
		if err != nil {
			return nil, err
		}
		docs = append(docs, n)
	}
	switch len(docs) {
	case 0:
		return &node{scalar: "null"}, nil
	case 1:
		return docs[0], nil
	}
	return &node{isList: true, list: docs}, nil
}

func (p *parser) yamlValue(y *yaml.Node, depth int) (*node, error) {
	if err := p.count(depth); err != nil {
		return nil, err
	}
	switch y.Kind {
	case yaml.DocumentNode:
		return p.yamlValue(y.Content[0], depth+1)
	case yaml.AliasNode:
		return p.yamlValue(y.Alias, depth+1)
	case yaml.SequenceNode, yaml.MappingNode:
		n := &node{isList: y.Kind == yaml.SequenceNode, isObj: y.Kind == yaml.MappingNode}
		for i, c := range y.Content {
			if n.isObj && i%2 == 0 {
				n.keys = append(n.keys, c.Value)
				continue
			}
			v, err := p.yamlValue(c, depth+1)
			if err != nil {
				return nil, err
			}
			n.list = append(n.list, v)
		}
		return n, nil
	}
	return &node{scalar: yamlScalar(y)}, nil
}

// yamlScalar writes a scalar as JSON: numbers that JSON can spell as they stand, the
// others, times among them, as strings.
func yamlScalar(y *yaml.Node) string {
	switch y.ShortTag() {
	case "!!null":
		return "null"
	case "!!bool":
		return strconv.FormatBool(strings.EqualFold(y.Value, "true"))
	case "!!int", "!!float":
		if json.Valid([]byte(y.Value)) {
			return y.Value
		}
	}
	return quoteJSON(y.Value)
}

// toml sorts the keys, since the library gives no order.
func (p *parser) toml(data []byte) (*node, error) {
	var v map[string]any
	if err := toml.Unmarshal(data, &v); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return p.json(raw)
}
