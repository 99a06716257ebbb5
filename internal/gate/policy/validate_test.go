package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a rule says nothing about is not looked up: every start would pay for it.
func TestValidateLooksUp(t *testing.T) {
	asked := map[string]int{}
	look := func(what string) func() []string {
		return func() []string {
			asked[what]++
			return []string{"a"}
		}
	}
	inv := Inventory{Sources: []string{"prod"}, Capabilities: []Capability{
		{Name: "one", Ops: look("one ops"), Args: look("one args")}, {Name: "two", Ops: look("two ops"), Args: look("two args")}}}
	for _, tt := range []struct {
		rule string
		want map[string]int
	}{
		{"*", map[string]int{}},
		{"one", map[string]int{}},
		{"o*(source=prod)", map[string]int{}},
		{"one(op=a)", map[string]int{"one ops": 1}},
		{"two(a=x)", map[string]int{"two args": 1}},
	} {
		clear(asked)
		if errs := parse(t, "user -"+tt.rule).Validate(inv); len(errs) > 0 {
			t.Errorf("%s: %v", tt.rule, errs)
		}
		if diff := cmp.Diff(tt.want, asked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.rule, diff)
		}
	}
}

func TestValidate(t *testing.T) {
	list := func(words ...string) func() []string { return func() []string { return words } }
	inv := Inventory{
		Capabilities: []Capability{
			{Name: "ticket_write", Ops: list("create", "comment"), Args: list("ticket", "title")},
			{Name: "ticket_search", Args: list("text")},
			{Name: "db_query", Args: list("sql")},
			{Name: "text", Args: list("path")},
		},
		Sources: []string{"workspace", "gh", "prod"},
	}
	for _, tt := range []struct {
		rule string
		want []string
	}{
		{"*", nil},
		{"*(source=workspace)", nil},
		{"ticket_*(op=comment, text=x)", nil},
		{"text(path=*.env)", nil},
		{"ticket_wrte", []string{`no tool, resource or prompt matches "ticket_wrte", did you mean ticket_write?`}},
		{"Ticket_Write", []string{`no tool, resource or prompt matches "Ticket_Write", did you mean ticket_write?`}},
		{"jira_*", []string{`no tool, resource or prompt matches "jira_*", want one of db_query, text, ticket_search, ticket_write`}},
		{"db_*(source=prd)", []string{`no source is called "prd", did you mean prod?`}},
		{"db_*(source=zzz)", []string{`no source is called "zzz", want one of gh, prod, workspace`}},
		{"ticket_write(op=coment)", []string{`ticket_write has no op "coment", did you mean comment?`}},
		{"db_query(op=x)", []string{"db_query has no op"}},
		{"db_query(sqll=x)", []string{`db_query has no argument "sqll", did you mean sql?`}},
		{"ticket_search(title=x)", []string{`ticket_search has no argument "title", want one of op, source, text`}},
		{"tcket_write(source=hg, op=x)", []string{
			`no tool, resource or prompt matches "tcket_write", did you mean ticket_write?`,
			`no source is called "hg", did you mean gh?`,
		}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			var got []string
			for _, err := range parse(t, "user -"+tt.rule).Validate(inv) {
				var re *RuleError
				if !errors.As(err, &re) || re.Origin != User {
					t.Errorf("error %#v, want a *RuleError of the user layer", err)
				}
				what, ok := strings.CutPrefix(err.Error(), "/home/u/cleat.toml:1: policy rule "+re.Rule.String()+": ")
				if !ok {
					t.Errorf("error %q does not start with the position and the rule", err)
				}
				got = append(got, what)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}
