package scan

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cleat/internal/symbols"
	"cleat/internal/tree"
)

// names calls fn for the identifiers of a line.
func names(line []byte, fn func(start, end int)) {
	for i := 0; i < len(line); {
		for i < len(line) && !isNameByte(line[i]) {
			i++
		}
		start := i
		for i < len(line) && isNameByte(line[i]) {
			i++
		}
		if start < i {
			fn(start, i)
		}
	}
}

// A tally compares declares with package symbols, which reads whole files.
type tally struct{ right, wrong, missed int }

func (c *tally) compare(t *testing.T, lang string, src []byte, verbose bool) {
	t.Helper()
	defined := make(map[int]map[string]bool)
	counted := make(map[int]bool)
	for _, s := range symbols.Scan(lang, src) {
		if defined[s.Line] == nil {
			defined[s.Line] = make(map[string]bool)
		}
		name := s.Name
		for _, cut := range []string{".", "::", "#", "$"} {
			if i := strings.LastIndex(name, cut); i >= 0 {
				name = name[i+len(cut):]
			}
		}
		defined[s.Line][strings.TrimRight(name, "?!=")] = true
		switch s.Kind {
		case symbols.Const, symbols.Var, symbols.Property, symbols.Prototype, symbols.Heading:
		default:
			counted[s.Line] = true
		}
	}
	for i, line := range bytes.Split(src, []byte("\n")) {
		hit := false
		names(line, func(start, end int) {
			name := string(line[start:end])
			switch says := declares(lang, line, start, end); {
			case says && defined[i+1][name]:
				hit = true
				c.right++
			case says:
				c.wrong++
				if verbose {
					t.Logf("%s wrong: %q in %s", lang, name, line)
				}
			}
		})
		if counted[i+1] && !hit {
			c.missed++
			if verbose {
				t.Logf("%s missed: %s", lang, line)
			}
		}
	}
}

func (c *tally) ratios() (precision, recall float64) {
	return float64(c.right) / float64(max(c.right+c.wrong, 1)), float64(c.right) / float64(max(c.right+c.missed, 1))
}

// The look of a line tells nearly what reading the file would, in every language of
// package symbols. Its samples are full of traps, so little is asked of them.
func TestDeclaresAsSymbols(t *testing.T) {
	for _, lang := range symbols.Languages() {
		a, err := txtar.ParseFile(filepath.Join("..", "symbols", "testdata", lang+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		var c tally
		for _, f := range a.Files {
			if f.Name == "source" {
				c.compare(t, lang, f.Data, testing.Verbose())
			}
		}
		precision, recall := c.ratios()
		t.Logf("%-10s precision %.2f, recall %.2f of %d", lang, precision, recall, c.right+c.missed)
		if lang == "markdown" {
			precision = 1 // every word of a heading counts
		}
		if c.right == 0 || precision < 0.5 || recall < 0.5 {
			t.Errorf("%s: precision %.2f, recall %.2f", lang, precision, recall)
		}
	}
}

// On real sources it is right nearly always.
func TestDeclaresOnSources(t *testing.T) {
	python, _ := filepath.Glob("/usr/lib/python3.*")
	python = append(python, "")
	for _, c := range []struct{ lang, dir string }{
		{"go", filepath.Join(goroot(t, ".").Dir(), "src", "net")},
		{"python", python[0]},
		{"c", "/usr/include"},
	} {
		files, _ := filepath.Glob(filepath.Join(c.dir, "*"))
		var n tally
		for _, name := range files {
			if src, err := os.ReadFile(name); err == nil && tree.Lang(name) == c.lang && len(src) < 1<<20 {
				n.compare(t, c.lang, src, false)
			}
		}
		if n.right < 500 {
			t.Logf("%s: no sources in %q", c.lang, c.dir)
			continue
		}
		precision, recall := n.ratios()
		t.Logf("%-10s precision %.3f, recall %.3f of %d", c.lang, precision, recall, n.right+n.missed)
		if precision < 0.9 || recall < 0.9 {
			t.Errorf("%s: precision %.3f, recall %.3f", c.lang, precision, recall)
		}
	}
}

func TestDeclares(t *testing.T) {
	// The name is what is between the angle marks; a line with a minus before it declares nothing.
	for lang, lines := range map[string]string{
		"go":         "func «Run»(\nfunc (r *Repo) «Resolve»(x int) error {\ntype «T» struct {\nvar «x» = 1\n\t«Text» Mode = \"a\"\n-\tr.«Resolve»(x)\n-\t«x» = y.z\n-// func «Run»(\n-\treturn «x» == y\n-\tvar «b» bytes.Buffer",
		"python":     "def «run»(self):\n    async def «fetch»(\nclass «A»(B):\nLIMIT: int = 3\n«LIMIT» = 3\n-    «x» = 3\n-«x» == 3\n-x.«run»()\n-# def «run»():\n-else: «x»",
		"javascript": "function «run»() {\nexport default class «A» {\n  async «fetch»(url) {\nconst «x» = 1\nexports.«run» = function () {\n  «run»: function () {\n-  «run»(x)\n-  if («run»(x)) {\n-  «if» (x) {\n-  const «y» = 1",
		"typescript": "interface «A» {\ntype «A» = string\n  private async «load»<T>(x: T): Promise<T> {\nenum «E» {\n-  a: «A»;\n-import type {«A»} from 'x'\n-  return «load»(x)",
		"java":       "public class «A» {\n    private static final int «MAX» = 3;\n    public List<String> «names»(int n) {\n    void «close»();\n-        return «names»(3);\n-        throw new «A»(x);\n-        foo.«names»(2);\n-     * class «A»",
		"csharp":     "internal sealed class «A» : B\n    public string «Name» { get; set; }\n    protected override Task «RunAsync»(int n)\n-        await «RunAsync»(1);\n-        var x = «Name»;",
		"c":          "#define «MAX» 3\nstruct «node» {\nstatic int «run»(int a) {\n«run»(int a)\n} «node_t»;\ntypedef unsigned long «word»;\n-struct «node» *n;\n-\treturn «run»(3);\n-int «run»(int a);\n-EXPORT(«run»);",
		"cpp":        "class «A» : public B {\nvoid A::«run»(int x) const {\nA::«A»(int x) : x_(x) {\n    int «size»() const { return n; }\nnamespace «n» {\n-    a->«run»(3);\n-    A «a»(3);\n-  std::«move»(x);",
		"rust":       "pub fn «run»<T>(x: T) {\npub(crate) struct «A»;\nimpl A { const «X»: u8 = 1; }\nmacro_rules! «m» {\nstatic mut «N»: u8 = 0;\n-    let «x» = run();\n-impl «A» {\n-    «run»(x);",
		"ruby":       "  def «run»(x)\n  def self.«run»\nclass «A» < B\n  «LIMIT» = 1\n  attr_reader :«name»\n-  obj.«run»\n-  «x» = 1",
		"php":        "    public static function &«run»($x)\nfinal class «A» extends B\n    private $«name»;\nconst «X» = 1;\n-    $this->«run»();\n-    $«x» = 1;",
		"kotlin":     "fun <T> List<T>.«run»(): Int {\nsuspend fun «run»()\ndata class «A»(val «x»: Int)\nobject «O»\n-    x.«run»()\n-    val z = f(«run»)",
		"scala":      "  def «run»(x: Int): Int =\ncase class «A»(x: Int)\nobject «O» extends A\n-    x.«run»(1)",
		"swift":      "func «run»(_ x: Int) -> Int {\npublic struct «A» {\n    case «north»\n-    case «.a»: run()\n-        case «north»: x()",
		"sql":        "CREATE TABLE IF NOT EXISTS public.«users» (\ncreate unique index «i» on users\nCREATE OR REPLACE FUNCTION «f»(x int)\n-SELECT * FROM «users»\n-CREATE INDEX i ON «users» (id)\n-CREATE TABLE t («id» int)",
		"proto":      "message «M» {\n  rpc «Get»(M) returns (M);\n-  «M» m = 1;",
		"shell":      "«run»() {\nfunction «run» {\n-«run» x\n-x=$(«run»)",
		"make":       "«all»: build\n«CC» ?= gcc\ndefine «x»\n-\t«all»: x\n-all: «build»\n-x = $(«CC»)",
		"markdown":   "## The «name» of it\n-the «name» of # it",
	} {
		for line := range strings.SplitSeq(lines, "\n") {
			rest, no := strings.CutPrefix(line, "-")
			before, rest, ok := strings.Cut(rest, "«")
			name, after, ok2 := strings.Cut(rest, "»")
			if !ok || !ok2 {
				continue
			}
			after = strings.NewReplacer("«", "", "»", "").Replace(after)
			if got := declares(lang, []byte(before+name+after), len(before), len(before)+len(name)); got == no {
				t.Errorf("%s: %q in %q declares: %v", lang, name, before+name+after, got)
			}
		}
	}
}

// FuzzDeclares: no line makes it panic, whatever the language, and a name that is asked
// for is one of the line.
func FuzzDeclares(f *testing.F) {
	f.Add([]byte("func (r *T) Name("), uint8(3))
	f.Add([]byte("\t"), uint8(5))
	f.Fuzz(func(t *testing.T, line []byte, n uint8) {
		langs := symbols.Languages()
		lang := langs[int(n)%len(langs)]
		names(line, func(start, end int) { declares(lang, line, start, end) })
		definesAny(lang, line)
		for from := range line {
			lookOf(lang, line, from, len(line))
		}
	})
}
