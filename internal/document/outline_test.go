package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"

	"github.com/google/go-cmp/cmp"
)

func outlined(o *Outline) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d lines, %d bytes\n", o.Kind, o.Lines, o.Bytes)
	for _, it := range o.Items {
		fmt.Fprintf(&b, "%s%s | %s %s %d-%d", strings.Repeat("  ", it.Level-1), it.Handle, it.Kind, it.Name, it.First, it.Last)
		if it.Bytes > 0 {
			fmt.Fprintf(&b, " (%d)", it.Bytes)
		}
		if it.Signature != "" {
			b.WriteString(" " + it.Signature)
		}
		b.WriteByte('\n')
	}
	for _, n := range o.Notes {
		b.WriteString("note: " + n + "\n")
	}
	return b.String()
}

func TestReadOutline(t *testing.T) {
	tests := []struct{ name, file, lang, text, want string }{
		{"code", "a.go", "go", "package p\n\ntype T struct {\n}\n\nfunc (T) M() {\n}\n\nfunc F() {}\n",
			`code, 9 lines, 60 bytes
L3-L4 | struct T 3-4 (18) type T struct
  L6-L7 | method M 6-7 (17) func (T) M()
L9-L9 | function F 9-9 (12) func F()
`},
		{"code without definitions", "a.go", "go", "// nothing\n",
			`text, 1 lines, 11 bytes
L1-L1 | block // nothing 1-1 (11)
note: no definitions were found; this is an outline by lines
`},
		{"markdown", "README.md", "markdown", "intro\n\n# A\ntext\n## B\n### C\n## B\nx\n# D",
			`markdown, 9 lines, 37 bytes
L1-L2 | block (before the first heading) 1-2
#a | heading A 3-8 (27)
  #b | heading B 5-6 (11)
    #c | heading C 6-6 (6)
  #b-1 | heading B 7-8 (7)
#d | heading D 9-9 (3)
`},
		{"markdown without headings", "notes.md", "", "just text\n\nand more\n",
			`text, 3 lines, 20 bytes
L1-L3 | block just text 1-3 (20)
`},
		{"json", "a.json", "", `{
  "name": "x",
  "list": [{"id": 1, "tags": ["a"]}, {"id": 2}],
  "deep": {"a": {"b": {"c": {"d": 1}}}},
  "nums": [1, 2, null]
}
`,
			`json, 6 lines, 132 bytes
 | object (root) 1-6 (131) object, 4 names
  /name | string name 2-2 (3) "x"
  /list | array list 3-3 (37) array of 2: object {id, tags}
    /list/0 | object 0 3-3 (24) object, 2 names
      /list/0/id | number id 3-3 (1) 1
      /list/0/tags | array tags 3-3 (5) array of 1: string
  /deep | object deep 4-4 (29) object, 1 names
    /deep/a | object a 4-4 (22) object, 1 names
      /deep/a/b | object b 4-4 (15) object, 1 names
  /nums | array nums 5-5 (12) array of 3: number, null
`},
		{"broken json", "a.json", "", "{\"a\": \n", `text, 1 lines, 7 bytes
L1-L1 | block {"a": 1-1 (7)
note: not valid JSON: line 2, column 1: the end of the text where a value should be; this is an outline by lines
`},
		{"yaml", "a.yml", "", "a:\n  b: 1\n", `yaml, 2 lines, 10 bytes
 | object (root) 0-0 (13) object, 1 names
  /a | object a 0-0 (7) object, 1 names
    /a/b | number b 0-0 (1) 1
`},
		{"csv", "a.csv", "", "id;name\n1;\"a;b\nc\"\n2;d\n3\n",
			`csv, 5 lines, 24 bytes
L1 | column id 1-1 such as 1 | 2 | 3
L1 | column name 1-1 such as a;b c | d
L2-L5 | rows lines 2 to 5 2-5 (9)
note: 2 columns, 3 rows after the header, separated by ';'
note: 1 rows have another number of cells than the header
`},
		{"text", "a.txt", "", "First  words of a line that is much longer than what a block shows of it\n\nmore\n",
			`text, 3 lines, 79 bytes
L1-L3 | block First words of a line that is much longer than what a block… 1-3 (79)
`},
		{"nothing", "a.txt", "", "", "text, 0 lines, 0 bytes\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, err := ReadOutline(t.Context(), tt.file, tt.lang, strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, outlined(o)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBlocks(t *testing.T) {
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "entry %d\n", i+1)
		if i%7 == 6 {
			b.WriteByte('\n')
		}
	}
	o, err := ReadOutline(t.Context(), "a.log", "", strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(o.Items); n < maxBlocks/4 || n > maxBlocks {
		t.Errorf("%d blocks", n)
	}
	next, size := 1, int64(0)
	for _, it := range o.Items {
		if it.First != next || it.Last < it.First {
			t.Fatalf("a block of lines %d to %d where line %d comes next", it.First, it.Last, next)
		}
		next, size = it.Last+1, size+it.Bytes
	}
	if next != o.Lines+1 || size != int64(b.Len()) {
		t.Errorf("the blocks end at line %d of %d, %d bytes of %d", next-1, o.Lines, size, b.Len())
	}
}

func TestOutlinePage(t *testing.T) {
	o := &Outline{Items: make([]Item, 5)}
	for _, tt := range []struct{ offset, limit, n, next int }{
		{0, 2, 2, 2}, {2, 2, 2, 4}, {4, 2, 1, 0}, {5, 2, 0, 0}, {99, 2, 0, 0}, {-3, 2, 2, 2}, {0, 0, 5, 0}, {3, 1 << 62, 2, 0},
	} {
		items, next := o.Page(tt.offset, tt.limit)
		if len(items) != tt.n || next != tt.next {
			t.Errorf("Page(%d, %d) = %d items, next %d; want %d, %d", tt.offset, tt.limit, len(items), next, tt.n, tt.next)
		}
	}
}

func TestOutlineFind(t *testing.T) {
	code, err := ReadOutline(t.Context(), "a.py", "python", strings.NewReader("class A:\n  def run(self):\n    pass\nclass B:\n  def run(self): pass\n"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := ReadOutline(t.Context(), "a.md", "", strings.NewReader("# Install\n## On Linux\n# Install\n"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		o      *Outline
		handle string
		want   string
	}{
		{doc, "#install", "#install"}, {doc, "install-1", "#install-1"}, {doc, "on-linux", "#on-linux"}, {doc, "On Linux", "#on-linux"},
		{code, "B.run", "L5-L5"}, {code, "run", "L2-L3"}, {code, "A", "L1-L3"}, {code, "a", "L1-L3"},
	}
	for _, tt := range tests {
		it, err := tt.o.Find(tt.handle)
		if err != nil || it.Handle != tt.want {
			t.Errorf("Find(%q) = %q, %v; want %q", tt.handle, it.Handle, err, tt.want)
		}
	}
	_, err = doc.Find("on-linx")
	if e := fail.From(err); e.Code != fail.NotFound || e.Next != `take a handle from outline=true, such as part="#on-linux"` {
		t.Errorf("error %v, next %q", err, e.Next)
	}
	if _, err = (&Outline{}).Find("x"); fail.From(err).Code != fail.NotFound {
		t.Errorf("error %v, want not_found", err)
	}
}

func TestOutlineStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o, err := ReadOutline(ctx, "a.log", "", &stopping{endless{text: "some line\n"}, cancel})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Items) == 0 || len(o.Notes) != 1 || !strings.Contains(o.Notes[0], "time limit") {
		t.Errorf("%d items, notes %q; want what was read and a note", len(o.Items), o.Notes)
	}
	ctx, cancel = context.WithCancel(t.Context())
	if _, err := ReadOutline(ctx, "a.json", "", &stopping{endless{text: "[1,"}, cancel}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if _, err := ReadOutline(t.Context(), "a.txt", "", io.MultiReader(strings.NewReader("a\n"), errReader{})); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want %v", err, errBroken)
	}
}

func TestOutlineHostile(t *testing.T) {
	const size = 1 << 18
	rep := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for _, file := range []string{"a.txt", "a.md", "a.csv", "a.tsv", "a.json", "a.jsonl", "a.yaml", "a.toml", "a.go", "a.ts"} {
		for _, text := range []string{
			rep("x"), rep("\n"), rep("\x00"), rep("[") + rep("]"), rep("["), rep("{\"a\":"), rep("{"), rep("# a\n"), rep("a: b\n"), rep("- "), rep("? "),
			rep("\""), rep("\","), rep(","), rep("a = 1\n"), rep("[a]\n"), rep("[[a]]\n"), rep("&a *a "), rep("\xff"), rep("| "), rep("> "), rep("'"),
			rep(" "), rep("\t"), rep("!!x "), rep("---\n"), rep("a:\n "), rep("{a: "), rep("1 "), rep("/*"), rep("// \n"), rep("func f() {\n"),
			"[" + rep("1,") + "1]", "{" + rep("\"a\":1,") + "\"a\":1}", "a: |\n" + rep("  x\n"), "a = [" + rep("1,") + "]",
		} {
			lang := map[string]string{"a.go": "go", "a.ts": "typescript"}[file]
			start := time.Now()
			o, err := ReadOutline(t.Context(), file, lang, strings.NewReader(text))
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("%s of %.10q: %v", file, text, took)
			}
			if err != nil {
				t.Errorf("%s of %.10q: %v", file, text, err)
				continue
			}
			if len(o.Items) == 0 {
				t.Errorf("%s of %.10q has no outline", file, text)
			}
			for _, it := range o.Items {
				if it.First < 0 || it.Last < it.First || it.Last > o.Lines || it.Name == "" && it.Kind != "column" || it.Level < 1 {
					t.Fatalf("%s of %.10q: %+v in %d lines", file, text, it, o.Lines)
				}
			}
		}
	}
}

// FuzzOutline: every text has an outline whose handles can be parsed and lie within it.
func FuzzOutline(f *testing.F) {
	files := []string{"a.md", "a.csv", "a.json", "a.yaml", "a.toml", "a.txt", "a.jsonl"}
	for i := range files {
		f.Add(uint8(i), []byte("# a\n\n{\"a\": [1]}\n- b: c\n"))
	}
	f.Fuzz(func(t *testing.T, n uint8, text []byte) {
		o, err := ReadOutline(t.Context(), files[int(n)%len(files)], "", bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range o.Items {
			if it.Last > o.Lines || it.First > it.Last {
				t.Fatalf("%+v in %d lines", it, o.Lines)
			}
			if p, err := ParsePart(it.Handle); err != nil && len(it.Handle) < 200 {
				t.Fatalf("handle %q: %v", it.Handle, err)
			} else if err == nil && p.Kind == Section {
				if found, err := o.Find(it.Handle); err != nil || found.Handle != it.Handle {
					t.Fatalf("handle %q finds %q, %v", it.Handle, found.Handle, err)
				}
			}
		}
	})
}
