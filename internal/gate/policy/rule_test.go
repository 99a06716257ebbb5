package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRule(t *testing.T) {
	for _, tt := range []struct {
		in, out string
		conds   []Cond
	}{
		{"db_query", "db_query", nil},
		{"  db_* ", "db_*", nil},
		{"*(source=workspace)", "*(source=workspace)", []Cond{{"source", "workspace"}}},
		{"ticket_write( source = gh ,op=comment )", "ticket_write(source=gh, op=comment)", []Cond{{"source", "gh"}, {"op", "comment"}}},
		{`ci_run(task="lint, (fast)")`, `ci_run(task="lint, (fast)")`, []Cond{{"task", "lint, (fast)"}}},
		{`ci_run(task="lint")`, "ci_run(task=lint)", []Cond{{"task", "lint"}}},
		{`x(a="say \"hi\" \\")`, `x(a="say \"hi\" \\")`, []Cond{{"a", `say "hi" \`}}},
		{"pr_create(base=release/*)", "pr_create(base=release/*)", []Cond{{"base", "release/*"}}},
		{"x(a=größe)", "x(a=größe)", []Cond{{"a", "größe"}}},
	} {
		t.Run(tt.in, func(t *testing.T) {
			r, err := ParseRule(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.conds, r.Conds); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			if got := r.String(); got != tt.out {
				t.Errorf("String() = %s, want %s", got, tt.out)
			}
		})
	}
}

func TestParseRuleErrors(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "at byte 0: want the name of a tool, such as db_query or db_*"},
		{"(source=gh)", "at byte 0: want the name of a tool, such as db_query or db_*"},
		{"db query", `at byte 3: want "(" or the end of the rule after the tool`},
		{"db_query;", `at byte 8: want "(" or the end of the rule after the tool`},
		{"!db_query", "at byte 0: want the name of a tool, such as db_query or db_*"},
		{"db_query()", "at byte 9: want source, op or the name of an argument"},
		{"db_query(", "at byte 9: want source, op or the name of an argument"},
		{"db_query(source=gh", `at byte 18: ")" is missing`},
		{"db_query(source=gh,)", "at byte 19: want source, op or the name of an argument"},
		{"db_query(source)", `at byte 15: want "=" after source`},
		{"db_query(source=)", "at byte 16: want a value for source; * is for any"},
		{`db_query(source="")`, "at byte 16: want a value for source; * is for any"},
		{"db_query(source=a b)", `at byte 18: want "," or ")" after a value`},
		{"db_query(source==a)", "at byte 16: want a value for source; * is for any"},
		{"db_query(source=a, source=b)", "at byte 19: source is given twice"},
		{`db_query(source="a)`, "at byte 16: the closing quote is missing"},
		{`db_query(source="a\n")`, `at byte 18: only \" and \\ are escapes`},
		{"db_query(source=a) db_write", `at byte 19: nothing may follow the closing ")"`},
		{"db_\u202equery", "at byte 3: character that cannot be seen, or invalid UTF-8"},
		{"db_query(source=a\u200b)", "at byte 17: character that cannot be seen, or invalid UTF-8"},
		{"db_query\n", "at byte 8: character that cannot be seen, or invalid UTF-8"},
		{"db_\xff", "at byte 3: character that cannot be seen, or invalid UTF-8"},
		{"dbｑuery", `at byte 2: want "(" or the end of the rule after the tool`},
		{strings.Repeat("a", 3000), "at byte 2048: a rule has at most 2048 bytes"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			_, err := ParseRule(tt.in)
			var se *SyntaxError
			if !errors.As(err, &se) {
				t.Fatalf("error = %v, want a *SyntaxError", err)
			}
			if err.Error() != tt.want {
				t.Errorf("error = %s\nwant    %s", err, tt.want)
			}
		})
	}
}

// FuzzParseRule states that what is accepted prints to a text that means the same,
// and that what is refused is refused at a position within the text.
func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"*", "db_*(source=prod)", `x(a="b, c", op=d)`, `x(a="\"\\")`, "x(", "x(a=*,b=?)", "\xff", "x(a=\u202e)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			var se *SyntaxError
			if !errors.As(err, &se) || se.Pos < 0 || se.Pos > len(s) {
				t.Fatalf("ParseRule(%q): error %v without a position in it", s, err)
			}
			return
		}
		text := r.String()
		again, err := ParseRule(text)
		if err != nil {
			t.Fatalf("ParseRule(%q) prints %q, which is refused: %v", s, text, err)
		}
		if diff := cmp.Diff(r, again); diff != "" || again.String() != text {
			t.Fatalf("ParseRule(%q) and ParseRule(%q) differ:\n%s", s, text, diff)
		}
	})
}
