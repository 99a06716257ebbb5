package tickets

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/markup"
)

const doc = "Intro\n\n# Plan\n\none\n\n## Steps\n\n1. open\n2. close\n\n```sh\n# Notes\n```\n\n## Notes ##\nlast\n\nRisks\n-----\n\nnone\n"

func TestHeadingEnd(t *testing.T) {
	for in, want := range map[string]string{
		"# A\ntext": "# A\n", "# A": "# A", "A\n===\ntext": "A\n===\n", "A\n---": "A\n---", "# A\n---\n": "# A\n", "A\r\n==\r\nb": "A\r\n==\r\n", "# A\n\nb": "# A\n",
	} {
		if got := in[:headingEnd(in)]; got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestParts(t *testing.T) {
	for name, c := range map[string]struct {
		part     Part
		old, new string // what is replaced in doc by what
	}{
		"text":               {Part{Section: "steps", Text: "1. open\n2. shut\n"}, "1. open\n2. close\n\n```sh\n# Notes\n```\n", "1. open\n2. shut\n"},
		"text with heading":  {Part{Section: "## Notes", Text: "## Notes ##\nnew"}, "## Notes ##\nlast\n", "## Notes ##\n\nnew\n"},
		"underlined":         {Part{Section: "Risks", Text: "some"}, "-----\n\nnone\n", "-----\n\nsome\n"},
		"append":             {Part{Append: "end"}, "none\n", "none\n\nend"},
		"append in section":  {Part{Section: "Notes", Append: "more"}, "last\n\n", "last\n\nmore\n\n"},
		"find":               {Part{Find: "2. close", Replace: "2. close it"}, "2. close", "2. close it"},
		"find in section":    {Part{Section: "Steps", Find: "open", Replace: ""}, "open", ""},
		"find takes nothing": {Part{Find: "Intro\n\n", Replace: ""}, "Intro\n\n", ""},
	} {
		got, err := c.part.apply(doc)
		if want := strings.Replace(doc, c.old, c.new, 1); err != nil || got != want {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, cmp.Diff(want, got))
		}
	}
	if got, err := (&Part{Append: "- b"}).apply("- a\n"); err != nil || got != "- a\n- b" {
		t.Errorf("a list goes on: %q, %v", got, err)
	}
	if got, err := (&Part{Append: "a"}).apply(""); err != nil || got != "a" {
		t.Errorf("of nothing: %q, %v", got, err)
	}
	for says, c := range map[string]struct {
		part Part
		code fail.Code
	}{
		"edit needs one of text":                             {Part{}, fail.Invalid},
		"pass one of them":                                   {Part{Append: "a", Find: "b", Replace: "c"}, fail.Invalid},
		"edit.text needs the section":                        {Part{Text: "x"}, fail.Invalid},
		"edit.find are not in the body":                      {Part{Find: "nowhere", Replace: ""}, fail.NotFound},
		"occur 2 times":                                      {Part{Find: "# Notes", Replace: ""}, fail.Invalid},
		`no heading "Step"`:                                  {Part{Section: "Step", Text: "x"}, fail.NotFound},
		`the headings are "Plan", "Steps", "Notes", "Risks"`: {Part{Section: "Zebra", Text: "x"}, fail.NotFound},
		`no heading "# Steps"`:                               {Part{Section: "# Steps", Text: "x"}, fail.NotFound},
	} {
		_, err := c.part.apply(doc)
		if err == nil || fail.From(err).Code != c.code || !strings.Contains(fail.Show(err), says) {
			t.Errorf("want %q, got %v", says, err)
		}
	}
	if _, err := (&Part{Section: "A", Text: "x"}).apply("# A\n## A\n"); err == nil || fail.From(err).Code != fail.Invalid {
		t.Errorf("two of a name: %v", err)
	}
	if _, err := (&Part{Section: "A", Text: "x"}).apply("none"); err == nil || !strings.Contains(err.Error(), "no heading") {
		t.Errorf("without headings: %v", err)
	}
}

// FuzzSection: an edit of a section leaves everything before and after it as it is.
func FuzzSection(f *testing.F) {
	f.Add(doc, "Steps")
	f.Add("# a\r\n\r\nb\n=\n~~~\n# c", "b")
	f.Fuzz(func(t *testing.T, body, name string) {
		from, to, err := markup.Section(body, name)
		if err != nil {
			return
		}
		got, err := (&Part{Section: name, Text: "new"}).apply(body)
		if err != nil || !strings.HasPrefix(got, body[:from]) || !strings.HasSuffix(got, body[to:]) {
			t.Fatalf("%q became %q, %v", body, got, err)
		}
	})
}

func TestSet(t *testing.T) {
	set := func(op Op, raw string) (Change, error) {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal([]byte(raw), &fields); err != nil {
			t.Fatal(err)
		}
		c := Change{Write: Write{Op: op}}
		return c, c.Set(fields)
	}
	c, err := set(Create, `{"type":"bug","priority":"P1","parent":"#2","milestone":null,"assignees":"me","labels":["a","b"],"project":"acme/app","Story points":5}`)
	if err != nil {
		t.Fatal(err)
	}
	ch := c.Changes
	if ch.Type != "bug" || ch.Priority != "P1" || *ch.Parent != "#2" || *ch.Milestone != "" || (*ch.Assignees)[0] != "me" || len(*ch.Labels) != 2 ||
		c.Project != "acme/app" || ch.Custom[0].Name != "Story points" || string(ch.Custom[0].Value) != "5" {
		t.Errorf("%+v", c)
	}
	if c, err = set(Update, `{"assignee":[],"labels":null,"add_labels":[]}`); err == nil {
		t.Errorf("labels with add_labels: %+v", c.Changes)
	}
	if c, err = set(Update, `{"assignee":[],"remove_labels":"a"}`); err != nil || *c.Changes.Assignees == nil || c.Changes.Remove[0] != "a" {
		t.Errorf("%+v, %v", c.Changes, err)
	}
	if c, err = set(Relate, `{"kind":"blocks","remove":true}`); err != nil || c.Kind != "blocks" || !c.Write.Remove {
		t.Errorf("%+v, %v", c, err)
	}
	for raw, op := range map[string]Op{
		`{"type":["a"]}`: Create, `{"type":"a\nb"}`: Create, `{"labels":{"a":1}}`: Create, `{"labels":[""]}`: Create, `{"labels":[1]}`: Create,
		`{"remove":"yes"}`: Relate, `{"kind":"blocks"}`: Update, `{"project":"x"}`: Update, `{"body":"x"}`: Update, `{"status":"done"}`: Update,
		`{"type":"bug"}`: Remark, `{"":1}`: Update,
	} {
		if _, err := set(op, raw); err == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("%s for %s: %v", raw, op, err)
		}
	}
}

func TestKeyOf(t *testing.T) {
	for in, want := range map[string][2]string{
		"ENG-1": {"ENG-1", ""}, " #1 ": {"#1", ""}, "ticket://jira/ENG-1": {"ENG-1", "jira"}, "ticket://gh/acme%2Fapp%2312": {"acme/app#12", "gh"},
		"https://x.example/browse/ENG-1": {"https://x.example/browse/ENG-1", ""}, "ticket://x": {"ticket://x", ""}, "ticket://x/": {"ticket://x/", ""},
		"ticket://jira/ENG-1?x=y": {"ticket://jira/ENG-1?x=y", ""}, "ticket://jira/ENG-1#part": {"ticket://jira/ENG-1#part", ""}, "ticket://gh/#12": {"ticket://gh/#12", ""},
	} {
		source, _, _ := address(in)
		s := &Service{name: source}
		if key, err := s.key(in); err != nil || key != want[0] || source != want[1] {
			t.Errorf("%q: %q of %q, %v", in, key, source, err)
		}
	}
	s := &Service{name: "gh"}
	if key, err := s.key("ticket://jira/ENG-1"); err == nil || fail.From(err).Code != fail.Invalid {
		t.Errorf("the address of another source is taken for %q: %v", key, err)
	}
}
