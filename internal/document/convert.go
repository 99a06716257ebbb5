package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"cleat/internal/fail"
)

// toJSON returns data as JSON text: as it is, or translated. The result is checked by
// whoever walks it.
func toJSON(ctx context.Context, format Format, data []byte) ([]byte, []string, error) {
	limit := MaxStructured
	if format == JSON || format == JSONLines {
		limit = MaxJSON
	}
	if len(data) > limit {
		return nil, nil, fail.Errorf(fail.TooLarge, "the document is %d bytes long, the limit for %s is %d",
			len(data), format, limit).
			Then("read a range of lines of it, or use grep")
	}
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var notes []string
	var err error
	switch format {
	case JSON:
	case JSONLines:
		data, err = joinLines(data)
	case YAML:
		data, notes, err = yamlToJSON(ctx, data)
	case TOML:
		data, err = tomlToJSON(data)
	default:
		err = fail.Errorf(fail.Unsupported, "no JSON pointer into %q", short(string(format)))
	}
	return data, notes, err
}

// joinLines makes an array of the values of JSON lines. Line ends stay where they are, so
// that lines can still be told.
func joinLines(data []byte) ([]byte, error) {
	s := scanner{data: data}
	out := make([]byte, 0, len(data)+len(data)/16+2)
	out = append(out, '[')
	from := 0
	for {
		s.space()
		if s.pos >= len(data) {
			break
		}
		if err := s.value(); err != nil {
			return nil, err
		}
		if from > 0 {
			out = append(out, ',')
		}
		out = append(out, data[from:s.pos]...)
		from = s.pos
	}
	return append(out, ']'), nil
}

// maxMarks is how many marks that may begin a node are taken in a YAML document: its
// parser needs some hundred bytes for each.
const maxMarks = 2_000_000

// yamlToJSON translates the documents of a YAML stream. Of several it makes an array.
func yamlToJSON(ctx context.Context, data []byte) ([]byte, []string, error) {
	marks := 0
	for _, c := range data {
		switch c {
		case '\n', ',', ':', '[', '{', '-', '?':
			marks++
		}
	}
	if marks > maxMarks {
		return nil, nil, fail.Errorf(fail.TooLarge, "the YAML document has too many values to be read as one").
			Then("read a range of lines of it, or use grep")
	}
	y := yamlWriter{left: maxExpanded}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs [][]byte
	for {
		var node yaml.Node
		err := dec.Decode(&node)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fail.Errorf(fail.Invalid, "not valid YAML: %s", oneLine(err)).
				Then("read it as text: the same path with text:// in place of json://")
		}
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		start := len(y.out)
		if err := y.node(ctx, &node, 0); err != nil {
			return nil, nil, err
		}
		docs = append(docs, y.out[start:len(y.out):len(y.out)])
	}
	switch len(docs) {
	case 0:
		return []byte("null"), nil, nil
	case 1:
		return docs[0], y.notes(), nil
	}
	out := make([]byte, 0, len(y.out)+len(docs)+2)
	out = append(out, '[')
	out = append(out, bytes.Join(docs, []byte{','})...)
	out = append(out, ']')
	note := fmt.Sprintf("the stream has %d documents; the first name of a pointer is the document's number, from 0", len(docs))
	return out, append(y.notes(), note), nil
}

func oneLine(err error) string {
	return short(strings.Join(strings.Fields(err.Error()), " "))
}

// A yamlWriter writes YAML nodes as JSON.
type yamlWriter struct {
	out     []byte
	left    int // nodes that may still be written
	aliases bool
}

func (y *yamlWriter) notes() []string {
	if y.aliases {
		return []string{"aliases are shown as what they stand for"}
	}
	return nil
}

func (y *yamlWriter) node(ctx context.Context, n *yaml.Node, depth int) error {
	if y.left--; y.left < 0 || len(y.out) > MaxJSON {
		return fail.Errorf(fail.TooLarge, "the YAML document has more than %d values once its aliases are expanded", maxExpanded).
			Then("read it as text: the same path with text:// in place of json://")
	}
	if depth > maxJSONDepth {
		return fail.Errorf(fail.TooLarge, "the YAML document nests deeper than %d, or contains itself", maxJSONDepth)
	}
	if y.left%4096 == 0 && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) > 0 {
			return y.node(ctx, n.Content[0], depth)
		}
	case yaml.AliasNode:
		y.aliases = true
		return y.node(ctx, n.Alias, depth+1)
	case yaml.SequenceNode:
		y.out = append(y.out, '[')
		for i, c := range n.Content {
			if i > 0 {
				y.out = append(y.out, ',')
			}
			if err := y.node(ctx, c, depth+1); err != nil {
				return err
			}
		}
		y.out = append(y.out, ']')
		return nil
	case yaml.MappingNode:
		return y.mapping(ctx, n, depth)
	case yaml.ScalarNode:
		y.scalar(n)
		return nil
	}
	y.out = append(y.out, "null"...)
	return nil
}

func (y *yamlWriter) mapping(ctx context.Context, n *yaml.Node, depth int) error {
	y.out = append(y.out, '{')
	own := map[string]bool{}
	var merged []*yaml.Node
	some := false
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			merged = append(merged, value)
			continue
		}
		name, err := y.key(ctx, key, depth)
		if err != nil {
			return err
		}
		own[name] = true
		if err := y.pair(ctx, &some, name, value, depth); err != nil {
			return err
		}
	}
	for _, m := range merged {
		if err := y.merge(ctx, &some, m, own, depth+1); err != nil {
			return err
		}
	}
	y.out = append(y.out, '}')
	return nil
}

func (y *yamlWriter) pair(ctx context.Context, some *bool, name string, value *yaml.Node, depth int) error {
	if *some {
		y.out = append(y.out, ',')
	}
	*some = true
	y.out = append(quote(y.out, name), ':')
	return y.node(ctx, value, depth+1)
}

// merge writes what "<<" brings in: the names that the mapping has not itself.
func (y *yamlWriter) merge(ctx context.Context, some *bool, n *yaml.Node, own map[string]bool, depth int) error {
	if y.left--; y.left < 0 || depth > maxJSONDepth {
		return fail.Errorf(fail.TooLarge, "the YAML document merges too much")
	}
	switch n.Kind {
	case yaml.AliasNode:
		y.aliases = true
		return y.merge(ctx, some, n.Alias, own, depth+1)
	case yaml.SequenceNode:
		for _, c := range n.Content {
			if err := y.merge(ctx, some, c, own, depth+1); err != nil {
				return err
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
				if err := y.merge(ctx, some, value, own, depth+1); err != nil {
					return err
				}
				continue
			}
			name, err := y.key(ctx, key, depth)
			if err != nil {
				return err
			}
			if y.left--; own[name] {
				continue
			}
			own[name] = true
			if err := y.pair(ctx, some, name, value, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// key returns the name of a member. A key that is no scalar is named by its JSON.
func (y *yamlWriter) key(ctx context.Context, n *yaml.Node, depth int) (string, error) {
	if n.Kind == yaml.ScalarNode {
		return n.Value, nil
	}
	start := len(y.out)
	if err := y.node(ctx, n, depth+1); err != nil {
		return "", err
	}
	name := string(y.out[start:])
	y.out = y.out[:start]
	return name, nil
}

func (y *yamlWriter) scalar(n *yaml.Node) {
	switch n.ShortTag() {
	case "!!null":
		y.out = append(y.out, "null"...)
	case "!!bool":
		y.out = strconv.AppendBool(y.out, strings.EqualFold(n.Value, "true"))
	case "!!int", "!!float":
		y.out = number(y.out, n.Value)
	default:
		y.out = quote(y.out, n.Value)
	}
}

// number appends a number of YAML or TOML: with its own digits if JSON can write it so,
// whole numbers to other bases in decimal, and what JSON has no number for as a string.
func number(out []byte, text string) []byte {
	plain := strings.TrimPrefix(strings.ReplaceAll(text, "_", ""), "+")
	s := scanner{data: []byte(plain)}
	if plain != "" && s.number() == nil && s.pos == len(plain) {
		return append(out, plain...)
	}
	digits, negative := strings.CutPrefix(plain, "-")
	if len(digits) < 1000 {
		if n, ok := new(big.Int).SetString(digits, 0); ok {
			if negative {
				n.Neg(n)
			}
			return n.Append(out, 10)
		}
	}
	// ".5", "1.", "01.5"
	if _, err := strconv.ParseFloat(plain, 64); err == nil && !strings.ContainsAny(plain, "xXnNiI") {
		whole, rest, _ := strings.Cut(digits, ".")
		mend := strings.TrimLeft(whole, "0")
		if mend == "" || mend[0] < '0' || mend[0] > '9' {
			mend = "0" + mend
		}
		if rest == "" || rest[0] < '0' || rest[0] > '9' {
			rest = "0" + rest
		}
		mend += "." + rest
		if negative {
			mend = "-" + mend
		}
		s := scanner{data: []byte(mend)}
		if s.number() == nil && s.pos == len(mend) {
			return append(out, mend...)
		}
	}
	return quote(out, text)
}
