package claudetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

// A Turn is one answer of the scripted model: text, tool uses, or both. Several uses in
// one turn are parallel calls. A turn with neither says "(empty turn)".
type Turn struct {
	Text  string
	Uses  []Use
	Pause time.Duration // before the answer; lets something happen in the server first
}

// A Use is one tool call of the scripted model.
type Use struct {
	Name  string // as the model sees it: "mcp__SERVER__TOOL", "ToolSearch", …
	Input Input  // nil is an empty object
}

// Input holds the arguments of a tool use: whatever encoding/json encodes. A From in it,
// or in a map[string]any or []any inside, is replaced with what it finds.
type Input map[string]any

// A From takes an argument from an earlier result: group 1 of the regular expression
// Match in the text of the result of use number Use of turn number Turn, both from 0.
// A match that fails, fails the test.
type From struct {
	Turn, Use int
	Match     string
}

// Call is a turn of a single tool use.
func Call(name string, in Input) Turn {
	return Turn{Uses: []Use{{Name: name, Input: in}}}
}

// find returns what f stands for, given the results so far by the id of their use.
func (f From) find(results map[string]Block) (string, error) {
	re, err := regexp.Compile(f.Match)
	if err != nil {
		return "", err
	}
	b, ok := results[useID(f.Turn, f.Use)]
	if !ok {
		return "", fmt.Errorf("turn %d, use %d has no result", f.Turn, f.Use)
	}
	m := re.FindStringSubmatch(b.Content.Text())
	if m == nil {
		return "", fmt.Errorf("no match for %q in the result of turn %d, use %d:\n%s",
			f.Match, f.Turn, f.Use, tail(b.Content.Text(), 2000))
	}
	return m[1], nil
}

// encode returns in as JSON, with every From replaced by what it finds in results.
func (in Input) encode(results map[string]Block) (json.RawMessage, error) {
	if in == nil {
		return json.RawMessage("{}"), nil
	}
	filled, err := replace(map[string]any(in), func(f From) (string, error) { return f.find(results) })
	if err != nil {
		return nil, err
	}
	return json.Marshal(filled)
}

// check reports what is wrong with f as a part of turn number turn.
func (f From) check(turn int) error {
	re, err := regexp.Compile(f.Match)
	switch {
	case err != nil:
		return err
	case re.NumSubexp() == 0:
		return fmt.Errorf("%q has no group", f.Match)
	case f.Turn < 0 || f.Use < 0 || f.Turn >= turn:
		return fmt.Errorf("turn %d, use %d is not before turn %d", f.Turn, f.Use, turn)
	}
	return nil
}

// replace returns v with every From in it replaced by what f returns.
func replace(v any, f func(From) (string, error)) (any, error) {
	switch v := v.(type) {
	case From:
		return f(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			r, err := replace(x, f)
			if err != nil {
				return nil, err
			}
			out[k] = r
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			r, err := replace(x, f)
			if err != nil {
				return nil, err
			}
			out[i] = r
		}
		return out, nil
	default:
		return v, nil
	}
}

// checkScript finds the mistakes in a script that can be known before it runs.
func checkScript(script []Turn) error {
	for i, turn := range script {
		for k, use := range turn.Uses {
			_, err := replace(map[string]any(use.Input), func(f From) (string, error) { return "", f.check(i) })
			if use.Name == "" {
				err = cmp.Or(err, fmt.Errorf("no tool name"))
			}
			if err != nil {
				return fmt.Errorf("script: turn %d, use %d: %w", i, k, err)
			}
		}
	}
	return nil
}

// useID is the id of a tool use. Claude Code repeats it to the server as
// _meta["claudecode/toolUseId"].
func useID(turn, use int) string {
	return fmt.Sprintf("toolu_script_%d_%d", turn, use)
}
