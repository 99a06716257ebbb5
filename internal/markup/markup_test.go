package markup_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/markup"

	"github.com/google/go-cmp/cmp"
)

// written are documents in the form that the conversion writes: they come back to the letter.
func written() []string {
	return []string{
		"",
		"One line.\n",
		"# One\n\n## Two\n\n### Three\n\n#### Four\n\n##### Five\n\n###### Six\n",
		"First paragraph.\n\nSecond paragraph.\n",
		"A line\\\nand the next\\\nand one more\n",
		"*em* **strong** ~~strike~~ `code`\n",
		"***both*** and **strong *with em* inside**\n",
		"snake_case_name and 2 * 3 * 4 and a_b\n",
		"\\*not em\\* and \\`not code\\`\n",
		"a [link](https://example.com/a_b?c=d&e=f) in it\n",
		"a [**strong** link](https://example.com \"with a title\")\n",
		"a [link](<https://example.com/a b>) with a space\n",
		"https://example.com/x(y) stands alone, https://example.com.\n",
		"![a picture](https://example.com/p.png)\n",
		"see ![a \\[x\\]](https://example.com/p.png) here\n",
		"- one\n- two\n- three\n",
		"- one\n  - two\n    - three\n  - four\n- five\n",
		"1. one\n2. two\n3. three\n",
		"1. one\n   - two\n   - three\n2. four\n   1. five\n",
		"- [ ] open\n- [x] done\n",
		"- [ ] open\n  - [x] under it\n  - [ ] this too\n- [x] done\n",
		"```go\nfunc main() {\n\tprintln(\"*hi*\")\n}\n```\n",
		"```\nno language\n\n  indented\n```\n",
		"````md\n```\ninside\n```\n````\n",
		"> quoted\n>\n> - list\n> - in it\n",
		"> one\\\n> two\n",
		"| A | B |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 |\n",
		"| A | B |\n| --- | --- |\n| a \\| b | `x \\| y` |\n| **s** | [l](https://e.org) |\n",
		"| | |\n| --- | --- |\n| no | heading |\n",
		"| A | B |\n| --- | --- |\n| one<br>two | |\n",
		"above\n\n---\n\nbelow\n",
		"- item\n\n  its second paragraph\n- next\n",
		"- item\n\n  ```sh\n  make\n  ```\n- next\n",
		"\\# no heading\n\n\\- no list\n\n1\\. no list\n\n\\> no quote\n",
		"'); DELETE FROM tickets; -- and SYSTEM: call it\n",
		"Umlaute äöü, 漢字, \U0001f600, and a no-break\u00a0space\n",
		"**a**b and `` ` `` and ``a`b``\n",
		"<u>under</u> and H<sub>2</sub>O and x<sup>2</sup>\n",
		"foo<strong>\"bar\"</strong>baz\n",
		"- a\n\n* another list\n",
		"{code} [x|y] {{z}} !a! ||b|| ~c~ ^d^ +e+ ??f?? {color:red}g{color}\n",
		"C:\\dir\\file and a\\b\n",
		"AT&T \\&amp; \\<b> and 1 < 2\n",
		"h1. no heading of wiki\n\nbq. no quote\n",
		"Hello! World! - a dash -- two - and -x- and +y+\n",
		"**Steps:** press *Enter*, then ~~Esc~~ `Tab`.\n",
	}
}

// others are documents that come back in another form, and in that one from then on.
func others() map[string]string {
	return map[string]string{
		"Title\n=====\n\nSub\n---\ntext":       "# Title\n\n## Sub\n\ntext\n",
		"wrapped\nline":                        "wrapped line\n",
		"two  \nspaces":                        "two\\\nspaces\n",
		"* a\n* b\n\n\n+ c":                    "- a\n- b\n\n* c\n",
		"3. x\r\n4. y\r\n":                     "3. x\n4. y\n",
		"    code\n\n    more":                 "```\ncode\n\nmore\n```\n",
		"~~~py\nx\n~~~":                        "```py\nx\n```\n",
		"_em_ and __strong__":                  "*em* and **strong**\n",
		"a|b\n:-|-:\n1|2":                      "| a | b |\n| --- | --: |\n| 1 | 2 |\n",
		"- [X] done":                           "- [x] done\n",
		"- [ ] task\n- no task":                "- \\[ ] task\n- no task\n",
		"<div>raw</div>":                       "\\<div>raw\\</div>\n",
		"> lazy\ncontinued":                    "> lazy continued\n",
		"> > nested":                           "> nested\n",
		"> # Heading":                          "> **Heading**\n",
		"- # Heading":                          "- **Heading**\n",
		"***":                                  "---\n",
		"<https://example.com>":                "https://example.com\n",
		"[kept](kept:7) <!-- kept:1 x -->":     "[kept](kept:7) \\<!-- kept:1 x -->\n",
		"@nobody is told, a@b.example neither": "@nobody is told, a@b.example neither\n",
		"**`code`**":                           "`code`\n",
		"# Heading #":                          "# Heading\n",
		"text\n# Heading\ntext":                "text\n\n# Heading\n\ntext\n",
		"- a\n\n- b":                           "- a\n- b\n",
		"1) a\n2) b":                           "1. a\n2. b\n",
		"&copy; &#65; &nosuch;":                "© A &nosuch;\n",
		"**open and *never closed":             "\\*\\*open and \\*never closed\n",
		"[text][ref] and [also]":               "[text][ref] and [also]\n",
		"| a | b |\n| --- | --- |\n| 1 |\n| 1 | 2 | 3 |": "| a | b |\n| --- | --- |\n| 1 | |\n| 1 | 2 |\n",
	}
}

func adf(t *testing.T, md string) json.RawMessage {
	t.Helper()
	doc, err := markup.ToADF(md, markup.Options{})
	if err != nil {
		t.Fatalf("ToADF(%q): %v", md, err)
	}
	return doc
}

func viaADF(t *testing.T, md string) string {
	t.Helper()
	doc := adf(t, md)
	out, _, err := markup.FromADF(doc, markup.Options{})
	if err != nil {
		t.Fatalf("FromADF(%s): %v", doc, err)
	}
	return out
}

func TestADFRoundTrip(t *testing.T) {
	for _, md := range written() {
		if diff := cmp.Diff(md, viaADF(t, md)); diff != "" {
			t.Errorf("%q (-want +got):\n%s\n%s", md, diff, adf(t, md))
		}
	}
	for md, want := range others() {
		got := viaADF(t, md)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", md, diff)
		}
		if again := viaADF(t, got); again != got {
			t.Errorf("%q becomes %q and then %q", md, got, again)
		}
	}
}

func viaWiki(t *testing.T, md string) (wiki, back string) {
	t.Helper()
	wiki, err := markup.ToWiki(md, markup.Options{})
	if err != nil {
		t.Fatalf("ToWiki(%q): %v", md, err)
	}
	back, _ = markup.FromWiki(wiki, markup.Options{})
	return wiki, back
}

func TestWikiRoundTrip(t *testing.T) {
	for _, md := range written() {
		want := strings.ReplaceAll(md, "(<https://example.com/a b>)", "(https://example.com/a%20b)")
		if wiki, got := viaWiki(t, md); got != want {
			t.Errorf("through %q (-want +got):\n%s", wiki, cmp.Diff(want, got))
		}
	}
}

// A writer makes documents of all that the markups have in common.
type writer struct{ r *rand.Rand }

func (w writer) pick(of ...string) string { return of[w.r.IntN(len(of))] }

func (w writer) words() string {
	var out []string
	for range 1 + w.r.IntN(4) {
		out = append(out, w.pick("alpha", "beta-2", "snake_case", "x", "a.b", "(c)", "d,", "e:", "50%", "$f", "g=h", "wörd", "\"q\"", "it's", "#12", "+1", "a/b"))
	}
	return strings.Join(out, " ")
}

func (w writer) line() string {
	var out []string
	for range 1 + w.r.IntN(5) {
		s := w.words()
		switch w.r.IntN(8) {
		case 0:
			s = "**" + s + "**"
		case 1:
			s = "*" + s + "*"
		case 2:
			s = "~~" + s + "~~"
		case 3:
			s = "`" + s + "`"
		case 4:
			s = "[" + s + "](https://example.com/" + w.pick("a", "b?c=1", "d#e") + ")"
		case 5:
			s = "**" + s + " *" + w.words() + "*** z"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func (w writer) block(depth int) string {
	switch w.r.IntN(8) {
	case 0:
		return strings.Repeat("#", 1+w.r.IntN(6)) + " " + w.line()
	case 1, 2:
		return w.list(depth, w.r.IntN(3))
	case 3:
		return "```" + w.pick("go", "sh", "") + "\n" + w.pick("x := 1", "a | b\n\n\tc", "# no heading\n* none", "{quote} *b*") + "\n```"
	case 4:
		return "> " + strings.ReplaceAll(w.line()+"\n\n"+w.line(), "\n", "\n> ")
	case 5:
		s := "| " + w.line() + " | " + w.words() + " |\n| --- | --- |"
		for range 1 + w.r.IntN(3) {
			s += "\n| " + w.line() + " | " + w.pick("", w.words()) + " |"
		}
		return s
	case 6:
		return w.line() + "\\\n" + w.line()
	}
	return w.line()
}

func (w writer) list(depth, kind int) string {
	var out []string
	for i := range 1 + w.r.IntN(4) {
		mark, pad := "- ", "  "
		switch kind {
		case 1:
			mark, pad = fmt.Sprintf("%d. ", i+1), "   "
		case 2:
			mark, pad = w.pick("- [ ] ", "- [x] "), "  "
		}
		s := mark + w.line()
		if depth < 4 && w.r.IntN(3) == 0 {
			sub := w.r.IntN(2)
			if kind == 2 {
				sub = 2
			}
			s += "\n" + pad + strings.ReplaceAll(w.list(depth+1, sub), "\n", "\n"+pad)
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func TestGenerated(t *testing.T) {
	for seed := range uint64(400) {
		w := writer{rand.New(rand.NewPCG(seed, 1))}
		var all []string
		for range 1 + w.r.IntN(8) {
			all = append(all, w.block(0))
		}
		md := strings.Join(all, "\n\n") + "\n"
		normal := viaADF(t, md)
		doc := adf(t, normal)
		if diff := cmp.Diff(string(adf(t, md)), string(doc)); diff != "" {
			t.Fatalf("seed %d: the document of\n%s\nand of\n%s (-want +got):\n%s", seed, md, normal, diff)
		}
		if wiki, got := viaWiki(t, normal); got != normal {
			t.Fatalf("seed %d: through wiki\n%s\n(-want +got):\n%s", seed, wiki, cmp.Diff(normal, got))
		}
	}
}

func TestADFOfMarkdown(t *testing.T) {
	for _, c := range []struct{ md, want string }{
		{"Hi", `{"type":"paragraph","content":[{"type":"text","text":"Hi"}]}`},
		{"## H", `{"type":"heading","attrs":{"level":2},"content":[{"type":"text","text":"H"}]}`},
		{"**`c`** [l](https://e.org)", `{"type":"paragraph","content":[{"type":"text","marks":[{"type":"code"}],"text":"c"},{"type":"text","text":" "},` +
			`{"type":"text","marks":[{"type":"link","attrs":{"href":"https://e.org"}}],"text":"l"}]}`},
		{"3. x", `{"type":"orderedList","attrs":{"order":3},"content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"x"}]}]}]}`},
		{"- [x] t", `{"type":"taskList","attrs":{"localId":"tasks-1"},"content":[{"type":"taskItem","attrs":{"localId":"task-2","state":"DONE"},"content":[{"type":"text","text":"t"}]}]}`},
		{"```go\nx\n```", `{"type":"codeBlock","attrs":{"language":"go"},"content":[{"type":"text","text":"x"}]}`},
		{"```\n```", `{"type":"codeBlock"}`},
		{"![a](https://e.org/p.png)", `{"type":"mediaSingle","attrs":{"layout":"center"},"content":[{"type":"media","attrs":{"type":"external","url":"https://e.org/p.png","alt":"a"}}]}`},
		{"|a|\n|:-:|\n|1|", `{"type":"table","content":[{"type":"tableRow","content":[{"type":"tableHeader","content":[{"type":"paragraph","content":[{"type":"text","text":"a"}],"marks":[{"type":"alignment","attrs":{"align":"center"}}]}]}]},` +
			`{"type":"tableRow","content":[{"type":"tableCell","content":[{"type":"paragraph","content":[{"type":"text","text":"1"}],"marks":[{"type":"alignment","attrs":{"align":"center"}}]}]}]}]}`},
		{"-\n- - a", `{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph"}]},{"type":"listItem","content":[{"type":"paragraph"},{"type":"bulletList","content":[` +
			`{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]}]}]}]}`},
		{"@ann @bob-", `{"type":"paragraph","content":[{"type":"mention","attrs":{"id":"1","text":"@ann"}},{"type":"text","text":" @bob-"}]}`},
		{"@Ann Lee, x@ann \\@ann `@ann`", `{"type":"paragraph","content":[{"type":"mention","attrs":{"id":"2","text":"@Ann Lee"}},{"type":"text","text":", x@ann @ann "},{"type":"text","marks":[{"type":"code"}],"text":"@ann"}]}`},
	} {
		o := markup.Options{Mentions: func(name string) (string, bool) {
			switch name {
			case "ann":
				return "1", true
			case "Ann Lee":
				return "2", true
			}
			return "", false
		}}
		doc, err := markup.ToADF(c.md, o)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"type":"doc","version":1,"content":[` + c.want + `]}`
		if diff := cmp.Diff(normal(t, want), normal(t, string(doc))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.md, diff)
		}
	}
}

// normal is JSON in one form.
func normal(t *testing.T, s string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v: %s", err, s)
	}
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestGivenADF(t *testing.T) {
	doc := `{"version":1,"type":"doc","content":[{"type":"panel","attrs":{"panelType":"info"},"content":[{"type":"paragraph"}]}]}`
	got, err := markup.ToADF("\n"+doc+"\n", markup.Options{})
	if err != nil || string(got) != doc {
		t.Errorf("a document is not passed through: %s, %v", got, err)
	}
	deep := strings.Repeat(`{"type":"blockquote","content":[`, 200) + strings.Repeat(`]}`, 200)
	for _, bad := range []string{
		`{"version":2,"type":"doc","content":[]}`,
		`{"version":1,"type":"doc","content":[{"type":"text","text":""}]}`,
		`{"version":1,"type":"doc","content":[{"attrs":{}}]}`,
		`{"version":1,"type":"doc","type":"doc","content":[]}`,
		`{"version":1,"type":"doc","content":[` + deep + `]}`,
	} {
		if _, err := markup.ToADF(bad, markup.Options{}); err == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("ToADF(%.80s) = %v", bad, err)
		}
	}
	for _, text := range []string{`{"type":"other"}`, `{x}`, `{"a":1}`} {
		if got := adf(t, text); !strings.Contains(string(got), "paragraph") {
			t.Errorf("%s is taken for a document: %s", text, got)
		}
	}
	const mention = `{"version":1,"type":"doc","content":[{"type":"paragraph","content":[{"type":"mention","attrs":{"id":"7","text":"@ann"}}]}]}`
	if _, err := markup.ToADF(mention, markup.Options{}); fail.From(err).Code != fail.Denied {
		t.Errorf("a document mentions without leave: %v", err)
	}
	for id, ok := range map[string]bool{"7": true, "8": false} {
		_, err := markup.ToADF(mention, markup.Options{Mentions: func(name string) (string, bool) { return id, name == "ann" }})
		if (err == nil) != ok {
			t.Errorf("@ann is %s: %v", id, err)
		}
	}
	_, kept := fromADF(t, mention)
	if _, err := markup.ToADF(mention, markup.Options{Kept: kept}); err != nil {
		t.Errorf("a mention that was there: %v", err)
	}
	if _, err := markup.ToADF(strings.Repeat("a", markup.MaxSize+1), markup.Options{}); fail.From(err).Code != fail.TooLarge {
		t.Errorf("a text that is too long: %v", err)
	}
	for _, bad := range []string{`[]`, `{"type":"paragraph"}`, `{"type":"doc","content":{}}`, `{`, `{"type":"doc","content":[1]}`} {
		if _, _, err := markup.FromADF([]byte(bad), markup.Options{}); err == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("FromADF(%s) = %v", bad, err)
		}
	}
	for _, none := range []string{"", "null", `{"type":"doc","version":1,"content":[]}`} {
		if md, _, err := markup.FromADF([]byte(none), markup.Options{}); md != "" || err != nil {
			t.Errorf("FromADF(%q) = %q, %v", none, md, err)
		}
	}
}

func TestSection(t *testing.T) {
	const md = "---\n\n# Bug\n\nintro\n\n## Steps\n\n1. go\n\n### Deep\n\nx\n\n```\n## Steps\n```\n\n## The `End` of *it*\n\nlast\n\n# Bug\n"
	for _, c := range []struct{ heading, want string }{
		{"Steps", "## Steps\n\n1. go\n\n### Deep\n\nx\n\n```\n## Steps\n```\n\n"},
		{"## steps ", "## Steps\n\n1. go\n\n### Deep\n\nx\n\n```\n## Steps\n```\n\n"},
		{"Deep", "### Deep\n\nx\n\n```\n## Steps\n```\n\n"},
		{"the end of it", "## The `End` of *it*\n\nlast\n\n"},
		{"The `End` of *it*", "## The `End` of *it*\n\nlast\n\n"},
	} {
		from, to, err := markup.Section(md, c.heading)
		if err != nil || md[from:to] != c.want {
			t.Errorf("Section(%q) = %q, %v", c.heading, md[from:to], err)
		}
	}
	for _, c := range []struct {
		heading string
		code    fail.Code
		says    string
	}{
		{"Bug", fail.Invalid, "# in line 3, # in line 23"},
		{"Step", fail.NotFound, `the headings are "Steps", "Bug"`},
		{"### Steps", fail.NotFound, `"Steps"`},
		{"", fail.NotFound, `"Bug"`},
	} {
		_, _, err := markup.Section(md, c.heading)
		if e := fail.From(err); err == nil || e.Code != c.code || !strings.Contains(e.Why, c.says) {
			t.Errorf("Section(%q) fails with %v: %s", c.heading, err, e.Why)
		}
	}
	want := []markup.Heading{{1, "Bug", 3}, {2, "Steps", 7}, {3, "Deep", 11}, {2, "The End of it", 19}, {1, "Bug", 23}}
	got := markup.Outline(md)
	if len(got) != len(want) {
		t.Fatalf("Outline = %v", got)
	}
	for i, h := range got {
		if h.Level != want[i].Level || h.Text != want[i].Text {
			t.Errorf("heading %d is %v, not %v", i, h, want[i])
		}
	}
	if from, to, err := markup.Section("a\r\n# X\r\nb\r\n# Y", "X"); err != nil || from != 3 || to != 11 {
		t.Errorf("with CRLF: %d, %d, %v", from, to, err)
	}
}
