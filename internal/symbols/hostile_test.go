package symbols

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/tools/txtar"
)

// TestHostile feeds every scanner what nests, repeats or does not end. Each must come
// back soon: the bound is far above what linear work takes, and far below what
// quadratic work would.
func TestHostile(t *testing.T) {
	const size = 1 << 17
	rep := func(s string) string { return strings.Repeat(s, size/len(s)) }
	inputs := []struct{ name, text string }{
		{"megabyte of braces", strings.Repeat("{", 1<<20)},
		{"long line of a megabyte", strings.Repeat("a /", 1<<20/3)},
		{"braces", rep("{")},
		{"closing", rep("}")},
		{"parens", rep("(")},
		{"brackets", rep("[")},
		{"mixed", rep("{[(")},
		{"angles", rep("<")},
		{"angle pairs", rep("a<")},
		{"classes", rep("class A {")},
		{"class names", rep("class A" + strings.Repeat("x", 150) + " {\n")},
		{"functions", rep("function f(a) {")},
		{"defs", rep("def f(a):\n ")},
		{"defs open", rep("def f(")},
		{"quote", "x = \"" + rep("a")},
		{"quotes", rep("\"a\n")},
		{"apostrophes", rep("'")},
		{"backticks", rep("`")},
		{"triple", rep("\"\"\"a''' ")},
		{"templates", rep("`${")},
		{"interpolations", rep("\"${\n")},
		{"ruby interpolations", rep("\"#{'")},
		{"substitutions", rep("\"$(")},
		{"heredocs", rep("<<A\n<<B\n<<C\n")},
		{"heredoc tags", rep("cat <<EOF <<EOG <<EOH\n")},
		{"php heredocs", "<?php " + rep("<<<A\n")},
		{"comments", rep("/* ")},
		{"nested comments", rep("/*/*")},
		{"fences", rep("```\n")},
		{"headings", rep("# a\n")},
		{"equal headings", rep("# a\n# a-1\n")},
		{"setext", rep("a\n-\n")},
		{"long line", rep("a")},
		{"long operators", rep("=")},
		{"slashes", rep("/")},
		{"regexes", rep("= /[a")},
		{"percent", rep("%w[")},
		{"percents", rep(" %q{\n")},
		{"hashes", rep("#")},
		{"directives", rep("#if A\n{\n#else\n")},
		{"ifs", rep("#if A\n")},
		{"endless define", rep("#define A \\\n")},
		{"raw", rep("R\"x(")},
		{"rust raw", rep("r##\"")},
		{"dollar quotes", rep("$a$ $b$ ")},
		{"create", rep("CREATE TABLE a.")},
		{"NUL", rep("\x00")},
		{"not UTF-8", rep("\xff\xfe")},
		{"backslashes", rep("\\")},
		{"backslash lines", rep("\\\n")},
		{"colons", rep("a:")},
		{"make", rep("a b c: \\\n")},
		{"enum", "enum A {" + rep("a,")},
		{"statement", rep("a b ")},
		{"assignments", rep("a=b ")},
		{"operators", rep("operator")},
		{"scopes", rep("a::")},
		{"php tags", rep("<?php ?>")},
		{"attributes", rep("@a(")},
		{"annotations", rep("@a\n")},
		{"spaces", rep(" ")},
		{"indents", rep(strings.Repeat(" ", 1000) + "x\n")},
		{"commas", "f(" + rep("a,")},
		{"carriage returns", rep("\r")},
	}
	for _, lang := range Languages() {
		t.Run(lang, func(t *testing.T) {
			for _, in := range inputs {
				text := in.text
				if lang == "php" {
					text = "<?php " + text
				}
				start := time.Now()
				symbols := Scan(lang, []byte(text))
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("%s: %d bytes took %v", in.name, len(text), took)
				}
				check(t, lang, []byte(text), symbols)
			}
		})
	}
}

// check tests what holds of every result.
func check(t *testing.T, lang string, src []byte, symbols []Symbol) {
	t.Helper()
	lines := bytes.Count(src, []byte("\n")) + 1
	if len(symbols) > MaxSymbols+1000 {
		t.Errorf("%s: %d symbols", lang, len(symbols))
	}
	for i, s := range symbols {
		switch {
		case s.Line < 1 || s.Line > lines || s.EndLine < s.Line || s.EndLine > lines:
			t.Fatalf("%s: %q spans lines %d to %d of %d", lang, s.Name, s.Line, s.EndLine, lines)
		case i > 0 && s.Line < symbols[i-1].Line:
			t.Fatalf("%s: %q is not in order", lang, s.Name)
		case s.Name == "" || s.Kind == "":
			t.Fatalf("%s: a symbol without name or kind at line %d", lang, s.Line)
		case len(s.Name) > MaxName || len(s.Container) > 2*MaxName || len(s.Signature) > MaxSignature:
			t.Fatalf("%s: %q is too long", lang, s.Name)
		case !utf8.ValidString(s.Name) || !utf8.ValidString(s.Signature) || !utf8.ValidString(s.Container):
			t.Fatalf("%s: %q is not UTF-8", lang, s.Name)
		case strings.ContainsAny(s.Name+s.Container+s.Signature, "\n\r\x00"):
			t.Fatalf("%s: the signature of %q is more than one line", lang, s.Name)
		}
	}
}

// FuzzScan: no text makes a scanner panic, and what it returns lies within the text, in
// order, within its limits.
func FuzzScan(f *testing.F) {
	langs := Languages()
	for i, lang := range langs {
		if a, err := txtar.ParseFile(filepath.Join("testdata", lang+".txtar")); err == nil {
			f.Add(uint8(i), a.Files[0].Data)
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, src []byte) {
		lang := langs[int(n)%len(langs)]
		check(t, lang, src, Scan(lang, src))
	})
}

func BenchmarkScan(b *testing.B) {
	for _, lang := range Languages() {
		b.Run(lang, func(b *testing.B) {
			a, err := txtar.ParseFile(filepath.Join("testdata", lang+".txtar"))
			if err != nil {
				b.Fatal(err)
			}
			src := bytes.Repeat(a.Files[0].Data, 200)
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				Scan(lang, src)
			}
		})
	}
}
