package jira

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"cleat/internal/systems/tickets"
)

func TestStamp(t *testing.T) {
	for in, want := range map[string]string{
		`"2026-03-02T12:00:00.000+0000"`: "2026-03-02T12:00:00Z", `"2026-03-02T12:00:00.5-0730"`: "2026-03-02T19:30:00.5Z",
		`"2026-03-02T12:00:00Z"`: "2026-03-02T12:00:00Z", `null`: "0001-01-01T00:00:00Z", `17`: "0001-01-01T00:00:00Z",
	} {
		var got stamp
		if err := json.Unmarshal([]byte(in), &got); err != nil || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%s is %v, %v; want %s", in, got, err, want)
		}
	}
}

// FuzzIssue: whatever an issue is said to be, what is told of it is bounded, and its parent one
// of a project that is allowed.
func FuzzIssue(f *testing.F) {
	f.Add([]byte(`{"key":"ENG-1","fields":{"summary":"S","description":{"type":"doc","version":1,"content":[]},"status":{"name":"Done","statusCategory":{"key":"done"}},"labels":["a"],"parent":{"key":"OPS-1"},"customfield_1":{"value":"A","child":{"value":"B"}}},"names":{"customfield_1":"X"},"schema":{"customfield_1":{"type":"option"}}}`))
	f.Add([]byte(`{"key":"ENG-1","fields":{"description":"h1. x","customfield_1":"ENG-2","customfield_2":[1,null,{}]},"names":{"customfield_2":"Y"},"schema":{"customfield_1":{"custom":"x:gh-epic-link"}},"editmeta":{"fields":{"a":{"allowedValues":[{"id":1}]}}}}`))
	f.Add([]byte(`{"fields":{"issuelinks":[{"type":{"outward":"blocks"},"inwardIssue":{"key":"ENG-3"}}],"created":5}}`))
	s := &Source{projects: []string{"ENG"}}
	f.Fuzz(func(t *testing.T, data []byte) {
		var i issue
		if json.Unmarshal(data, &i) != nil {
			return
		}
		got := s.ticket(&i)
		if len(got.Title) > maxTitle || len(got.Body) > tickets.MaxText || len(got.Labels) > maxLabels || len(got.Custom) > maxLabels {
			t.Errorf("%d bytes of title, %d of body, %d labels, %d fields", len(got.Title), len(got.Body), len(got.Labels), len(got.Custom))
		}
		for _, c := range got.Custom {
			if len(c.Name) > maxName || len(c.Value) > maxValue || c.Value == "" || !utf8.ValidString(c.Value) {
				t.Errorf("the field %.100q is %.100q", c.Name, c.Value)
			}
		}
		if got.Parent != "" && !s.has(projectOf(got.Parent)) {
			t.Errorf("the parent is %q", got.Parent)
		}
		if again := s.ticket(&i); again.Base() != got.Base() {
			t.Errorf("read twice, the base is %s and %s", got.Base(), again.Base())
		}
		i.free()
		needs(i.Edit.Fields, nil)
	})
}
