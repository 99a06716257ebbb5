package markup_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/markup"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata/everything.md anew")

// everything is a document with each node and mark of the published schema.
func everything(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/everything.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func fromADF(t *testing.T, doc string) (string, markup.Kept) {
	t.Helper()
	md, kept, err := markup.FromADF([]byte(doc), markup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return md, kept
}

func toADF(t *testing.T, md string, kept markup.Kept) string {
	t.Helper()
	doc, err := markup.ToADF(md, markup.Options{Kept: kept})
	if err != nil {
		t.Fatalf("%v of\n%s", err, md)
	}
	return string(doc)
}

// blocks are the top blocks of a document, each in one form.
func blocks(t *testing.T, doc string) []string {
	t.Helper()
	var d struct{ Content []json.RawMessage }
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range d.Content {
		out = append(out, normal(t, string(c)))
	}
	return out
}

func TestUnchangedStays(t *testing.T) {
	doc := everything(t)
	md, kept := fromADF(t, doc)
	if diff := cmp.Diff(blocks(t, doc), blocks(t, toADF(t, md, kept))); diff != "" {
		t.Errorf("(-want +got):\n%s\nof\n%s", diff, md)
	}
	if *update {
		if err := os.WriteFile("testdata/everything.md", []byte(md), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/everything.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), md); diff != "" {
		t.Errorf("everything.md (-want +got):\n%s", diff)
	}
}

// Each block is edited in turn: all others stay as they are.
func TestEditChangesOneBlock(t *testing.T) {
	doc := everything(t)
	md, kept := fromADF(t, doc)
	was := blocks(t, doc)
	for i, block := range was {
		for _, word := range []string{"alpha", "beta"} {
			mark := fmt.Sprintf("%s%02d", word, i)
			if !strings.Contains(block, mark) || strings.Count(md, mark) != 1 {
				continue
			}
			now := blocks(t, toADF(t, strings.Replace(md, mark, "changed", 1), kept))
			if len(now) != len(was) {
				t.Errorf("%s: %d blocks instead of %d", mark, len(now), len(was))
				continue
			}
			for k := range was {
				want := strings.Replace(was[k], mark, "changed", 1)
				if diff := cmp.Diff(want, now[k]); k != i && diff != "" {
					t.Errorf("%s: block %d (-want +got):\n%s", mark, k, diff)
				} else if k == i && word == "alpha" && diff != "" {
					t.Errorf("%s: its own block (-want +got):\n%s", mark, diff)
				}
			}
		}
	}
}

func TestPlaceholders(t *testing.T) {
	const doc = `{"type":"doc","version":1,"content":[
		{"type":"panel","attrs":{"panelType":"info"},"content":[{"type":"paragraph","content":[{"type":"text","text":"in it"}]}]},
		{"type":"paragraph","content":[{"type":"text","text":"is "},{"type":"status","attrs":{"text":"DONE","color":"green"}}]},
		{"type":"extension","attrs":{"extensionType":"x","extensionKey":"toc"}}]}`
	md, kept := fromADF(t, doc)
	const want = "<!-- kept:1 panel info -->\n\nin it\n\n<!-- /kept:1 -->\n\nis [DONE](kept:2)\n\n<!-- kept:3 extension toc -->\n"
	if diff := cmp.Diff(want, md); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	const status, toc = `{"type":"status","attrs":{"text":"DONE","color":"green"}}`, `{"type":"extension","attrs":{"extensionType":"x","extensionKey":"toc"}}`
	for _, c := range []struct{ name, md, want string }{
		{"one taken away", "is", `{"type":"paragraph","content":[{"type":"text","text":"is"}]}`},
		{"twice", "[a](kept:2) [b](kept:2)", `{"type":"paragraph","content":[` + status + `,{"type":"text","text":" "},` + status + `]}`},
		{"moved into a list", "- [DONE](kept:2)", `{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[` + status + `]}]}]}`},
		{"unknown", "[x](kept:4) [y](kept:02)", `{"type":"paragraph","content":[{"type":"text","text":"x","marks":[{"type":"link","attrs":{"href":"kept:4"}}]},{"type":"text","text":" "},` +
			`{"type":"text","text":"y","marks":[{"type":"link","attrs":{"href":"kept:02"}}]}]}`},
		{"a block as a link", "[toc](kept:3)", toc},
		{"a block in a line", "see [toc](kept:3)", `{"type":"paragraph","content":[{"type":"text","text":"see "},{"type":"text","text":"[toc](kept:3)"}]}`},
		{"in code", "`[DONE](kept:2)`", `{"type":"paragraph","content":[{"type":"text","text":"[DONE](kept:2)","marks":[{"type":"code"}]}]}`},
		{"a box emptied", "<!-- kept:1 -->\n<!-- /kept:1 -->", `{"type":"panel","attrs":{"panelType":"info"},"content":[{"type":"paragraph"}]}`},
	} {
		got := blocks(t, toADF(t, c.md, kept))
		if diff := cmp.Diff([]string{normal(t, c.want)}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	for _, half := range []string{"<!-- kept:1 panel -->\n\nx", "x\n\n<!-- /kept:1 -->"} {
		if _, err := markup.ToADF(half, markup.Options{Kept: kept}); err == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("half a box: %v", err)
		}
	}
}

// A mention stays where it was; more of them need leave.
func TestKeptMentions(t *testing.T) {
	const ann = `{"type":"mention","attrs":{"id":"a1","text":"@Ann Lee","accessLevel":""}}`
	const doc = `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[` + ann + `,{"type":"text","text":" and plain @Ann Lee"}]}]}`
	md, kept := fromADF(t, doc)
	if md != "@Ann Lee and plain \\@Ann Lee\n" {
		t.Fatalf("%q", md)
	}
	got := toADF(t, md+"\nmore @Ann Lee\n", kept)
	if strings.Count(got, `"mention"`) != 1 {
		t.Errorf("a mention without leave: %s", got)
	}
	got = toADF(t, "so @Ann Lee", kept)
	if strings.Count(got, `"mention"`) != 1 || !strings.Contains(got, `"a1"`) {
		t.Errorf("a mention that was there is lost: %s", got)
	}
	named, _, err := markup.FromADF([]byte(doc), markup.Options{Names: func(id string) string { return "ann." + id }})
	if err != nil || !strings.HasPrefix(named, "@ann.a1 and") {
		t.Errorf("%q, %v", named, err)
	}
}

// One row of a large table is edited; the others keep their cells' attributes and content.
func TestRowOfLargeTable(t *testing.T) {
	var rows []string
	for i := range 3000 {
		rows = append(rows, fmt.Sprintf(`{"type":"tableRow","content":[{"type":"tableHeader","attrs":{"background":"#ff0000"},"content":[{"type":"paragraph","content":[{"type":"text","text":"row %d"}]}]},`+
			`{"type":"tableCell","attrs":{"colspan":2},"content":[{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":"cell %d"}]}]}]}]}]}`, i, i))
	}
	doc := `{"type":"doc","version":1,"content":[{"type":"table","attrs":{"layout":"wide"},"content":[` + strings.Join(rows, ",") + `]}]}`
	md, kept := fromADF(t, doc)
	if len(doc) < 300<<10 || !strings.Contains(md, "| row 1500 | • cell 1500 | |\n") {
		t.Fatalf("%d bytes: %.300s", len(doc), md)
	}
	got := toADF(t, strings.Replace(md, "row 1500", "changed", 1), kept)
	if diff := cmp.Diff(normal(t, strings.Replace(doc, "row 1500", "changed", 1)), normal(t, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWikiKept(t *testing.T) {
	const wiki = "h2. Title\nSome *bold* and {color:red}red _text_{color} here\nnext line [^log.txt] [~ann]\n\n" +
		"{panel:title=A panel}\n* a\n** b\n{panel}\n\n!shot.png|thumbnail!\n{toc}\n\n||a||b||\n|1|[x|https://e.org]|\n\n{noformat}\nraw\n{noformat}\n"
	md, kept := markup.FromWiki(wiki, markup.Options{})
	const want = "## Title\n\nSome **bold** and <span id=\"kept:1\">red *text*</span> here\\\nnext line [log.txt](kept:2) @ann\n\n" +
		"<!-- kept:3 panel:title=A panel -->\n\n- a\n  - b\n\n<!-- /kept:3 -->\n\n![shot.png](kept:4)\\\n[toc](kept:5)\n\n| a | b |\n| --- | --- |\n| 1 | [x](https://e.org) |\n\n```\nraw\n```\n"
	if diff := cmp.Diff(want, md); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	got, err := markup.ToWiki(md, markup.Options{Kept: kept})
	if err != nil || got != wiki {
		t.Errorf("unchanged: %v (-want +got):\n%s", err, cmp.Diff(wiki, got))
	}
	for _, c := range [][3]string{
		{"raw", "cooked", strings.Replace(wiki, "raw", "cooked", 1)},
		{"text*", "words*", strings.Replace(strings.Replace(wiki, "text_", "words_", 1), "Title\nSome", "Title\n\nSome", 1)},
		{"- a", "- c", strings.Replace(wiki, "\n* a", "\n* c", 1)},
	} {
		got, err := markup.ToWiki(strings.Replace(md, c[0], c[1], 1), markup.Options{Kept: kept})
		if err != nil || strings.TrimSpace(got) != strings.TrimSpace(c[2]) {
			t.Errorf("%s: %v (-want +got):\n%s", c[1], err, cmp.Diff(c[2], got))
		}
	}
}

func TestWikiMarkup(t *testing.T) {
	for _, c := range []struct{ wiki, want string }{
		{"bq. quoted", "> quoted\n"},
		{"----", "---\n"},
		{"a\\\\b\nc", "a\\\nb\\\nc\n"},
		{"# one\n## deep\n#* bullet\n# two", "1. one\n   1. deep\n\n   - bullet\n2. two\n"},
		{"- dash\n- list", "- dash\n- list\n"},
		{"{code:java|title=x}\nint a;\n{code}", "```java\nint a;\n```\n"},
		{"{code:title=x|language=go}\na\n{code}", "```go\na\n```\n"},
		{"{{mono}} -gone- +new+ ^up^ ~down~", "`mono` ~~gone~~ <u>new</u> <sup>up</sup> <sub>down</sub>\n"},
		{"un{*}bold{*}ed a*b*c 2*3", "un**bold**ed a\\*b\\*c 2\\*3\n"},
		{"[https://e.org/a] [text|https://e.org|tip]", "https://e.org/a [text](https://e.org \"tip\")\n"},
		{"[not a link] and [x]", "[not a link] and [x]\n"},
		{"!https://e.org/p.png!", "![](https://e.org/p.png)\n"},
		{"wow! really! yes", "wow! really! yes\n"},
		{"{quote}\nfirst\n\n* x\n{quote}", "> first\n>\n> - x\n"},
		{"* item\n{code}\nx\n{code}\n* next", "- item\n\n  ```\n  x\n  ```\n- next\n"},
		{"|a|\n|b|", "| |\n| --- |\n| a |\n| b |\n"},
		{"||h|c|\n|x\ny|z|", "| | |\n| --- | --- |\n| h | c |\n| x<br>y | z |\n"},
		{"{code}\nnever closed", "{code}\\\nnever closed\n"},
		{"* [ ] a\n* [x] b", "- [ ] a\n- [x] b\n"},
	} {
		if got, _ := markup.FromWiki(c.wiki, markup.Options{}); got != c.want {
			t.Errorf("%q (-want +got):\n%s", c.wiki, cmp.Diff(c.want, got))
		}
	}
}

// What is written as code or as text must not tell anybody, whatever it contains.
func TestWikiDoesNotMention(t *testing.T) {
	for _, md := range []string{
		"[~admin]", "`[~admin]`", "```\n{noformat}\n[~admin]\n```", "```\n{noformat}{code}\n[~admin]\n```",
		"```go\n{code}\n[~admin]\n```", "[a](https://e.org/|x][~admin])", "![x!\\[~admin\\]](https://e.org)", "`}}[~admin]`", "\\\\[~admin]",
		"> ```\n> {quote}\n> {noformat}\n> [~admin]\n> ```", "- ```\n  {noformat} x\n  [~admin]\n  ```", "<u>[~admin</u>]", "&#91;~admin]",
		"```{code}[~admin]\nx\n```", "```a}[~admin]\nx\n```",
	} {
		wiki, err := markup.ToWiki(md, markup.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if back, kept := markup.FromWiki(wiki, markup.Options{}); strings.Contains(back, "@admin") || kept.Len() > 0 {
			t.Errorf("%q is written as %q, and read as %q", md, wiki, back)
		}
	}
}
