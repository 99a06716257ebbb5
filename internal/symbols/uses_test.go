package symbols

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestUses marks in each source the places where the name x (or what the case says) is
// used: a use is written «x».
func TestUses(t *testing.T) {
	tests := []struct{ name, lang, id, src string }{
		{"go", "go", "", "package p // x\n\nfunc «x»(a int) { /* x */ y.«x»(\"x\", `x`, 'x', «x») }\n//line a.go:100\nvar xx, «x» = _x, x1\n"},
		{"go that does not scan", "go", "", "pack§age \"x\n«x» 'x\n«x»"},
		{"javascript", "javascript", "", "/* x */ const «x» = a.«x» + /x/g + 'x' + \"x\" // x\n<div a={«x»}>don't</div>\n"},
		{"javascript templates", "javascript", "", "`x ${«x» + `x ${«x»} ${'x'}` + {a: {«x»}}.a} x \\${x} ${f(`${«x»}`)}` + «x»"},
		{"javascript private", "javascript", "#x", "class A { «#x» = 1; f() { return this.«#x» + x } }"},
		{"typescript", "typescript", "", "type «x»<T> = { [k in «x»]: 'x' } // x\nlet y: «x»<\"x\">"},
		{"jsx attribute", "typescript", "", "<A b=\"x\" «x»={«x»}>{`${«x»}`}</A>"},
		{"python", "python", "", "def «x»(a): # x\n  '''x''' + \"x\" + r'x' + b\"x\"\n  return «x».y + a.«x»\n"},
		{"python f-strings", "python", "", "f'x {«x»} {{x}} {«x»!r:>{«x»}} {d[\"x\"]:x} {«x»:x}' + '{x}' + rf\"{«x»}\" + F'''{\n«x»}'''"},
		{"python prefix", "python", "f", "f'{«f»}' + «f»('f') + elif\"{f}\""},
		{"python keyword before a string", "python", "", "x1 if\"{x}\"else «x»"},
		{"ruby", "ruby", "", "=begin\nx\n=end\n# x\ndef «x»; @«x» = :«x»; \"x #{«x»} #{'x'}\" + 'x #{x}' + %q(x #{x}) + %Q(x #{«x»}) + /x#{«x»}/ end\n<<A\nx\nA\n__END__\nx"},
		{"ruby question", "ruby", "x?", "a.«x?» && x && x?=1"},
		{"ruby sigil", "ruby", "@x", "«@x» + x"},
		{"java", "java", "", "/** x */ class A { «x» y = \"x\" + 'x' + \"\"\"\nx\n\"\"\"; @«x» int «x»; } // x"},
		{"kotlin", "kotlin", "", "val «x» = \"x $«x» ${«x».y(\"x ${«x»}\")} \\$x\" + \"\"\"x $«x»\"\"\" // x $x"},
		{"scala", "scala", "", "val a = s\"x $«x» ${«x»} $$x\" + \"$x\" /* /* x */ x */"},
		{"swift", "swift", "", "let «x» = \"x \\(«x» + \"x \\(«x»)\") \\\\(x)\" + #\"\\(x) \\#(«x»)\"#"},
		{"rust", "rust", "", "/* /* x */ x */ fn «x»<'a>() -> &'a str { r#\"x\"#; b\"x\"; 'x'; r#«x» }"},
		{"c", "c", "", "#include <x.h>\n#define «x»(a) «x» /* x */ \\\n  «x» // x\n#if defined(«x»)\nint «x» = 'x'; char *s = \"x\"; // x\n#endif\n#error x\n"},
		{"cpp", "cpp", "", "auto a = R\"q(x)q\"; «x»::y z; a.~«x»();"},
		{"cpp destructor", "cpp", "~x", "«~x»() { x(); }"},
		{"csharp", "csharp", "", "var a = $\"x {«x»} {{x}} {«x»:F2}\" + @\"x\"\"x\" + $@\"{«x»}\" + \"{x}\" + $$\"\"\"{x} {{«x»}}\"\"\";"},
		{"php", "php", "", "x <?php $«x» = 'x $x' . \"x $«x» {$«x»} ${«x»} {$a->«x»['x']} \\$x\"; # x\n«x»(); ?> x <?= «x» ?>"},
		{"php sigil", "php", "$x", "<?php «$x» = \"«$x» {«$x»}\" . x;"},
		{"shell", "shell", "", "«x»() { echo 'x $x' \"x $«x» ${«x»:-x} $(«x» \"$«x»\")\" # x\n «x»=1; echo ${«x»%%a} --x\n}\ncat <<E\nx\nE\n«x»"},
		{"sql", "sql", "", "select «x», a.«x», \"«x»\", 'x', `«x»` from [«x»] -- x\n/* x */ $a$ x $a$"},
		{"proto", "proto", "", "message «x» { string a = 1 [(b) = \"x\"]; } // x"},
		{"make", "make", "", "«x»: a-x $(«x») x.o # x\n\techo $(«x»:x.c=b) 'a#b'\n"},
		{"make dashes", "make", "a-x", "all: «a-x»\na: x"},
		{"markdown", "markdown", "", "# x\nx"},
		{"unknown", "cobol", "", "x"},
		{"byte order mark", "python", "", "\ufeffx1 = «x»\n«x»"},
		{"carriage returns", "python", "", "a\r\n«x»\r\n  «x»"},
		{"not a name", "python", "a b", "a b"},
		{"beyond ASCII", "python", "größe", "«größe» = größer + «größe»"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id := tt.id
			if id == "" {
				id = "x"
			}
			src := strings.NewReplacer("«", "", "»", "").Replace(tt.src)
			if diff := cmp.Diff(tt.src, mark(src, id, Uses(tt.lang, []byte(src), id))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// mark writes «» around the uses.
func mark(src, id string, uses []Use) string {
	var b strings.Builder
	last := 0
	for _, u := range uses {
		fmt.Fprintf(&b, "%s«%s»", src[last:u.Offset], id)
		last = u.Offset + len(id)
	}
	return b.String() + src[last:]
}

func TestUsesPositions(t *testing.T) {
	src := "\ufeffx = f'{x}'\n\tx\n"
	want := []Use{{1, 1, 3}, {1, 8, 10}, {2, 2, 15}}
	if diff := cmp.Diff(want, Uses("python", []byte(src), "x")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUsesFunc(t *testing.T) {
	src := "Alpha beta ALPHA 'alpha'"
	got := UsesFunc("python", []byte(src), func(id []byte) bool { return bytes.EqualFold(id, []byte("alpha")) })
	if diff := cmp.Diff([]Use{{1, 1, 0}, {1, 12, 11}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUsesOfDefinitions: what Scan calls a definition, Uses finds on its line.
func TestUsesOfDefinitions(t *testing.T) {
	for _, lang := range Languages() {
		if lang == "markdown" {
			continue
		}
		t.Run(lang, func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join("testdata", lang+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			src, tried := archive.Files[0].Data, 0
			for _, s := range Scan(lang, src) {
				if strings.ContainsFunc(s.Name, func(r rune) bool { return r < 0x80 && !isLetter(byte(r)) && !isDigit(byte(r)) }) {
					continue // operators, paths, names in quotes
				}
				if s.Name == "Companion" || strings.Contains(s.Signature, `"`+s.Name+`"`) {
					continue // it has no name, or has it in quotes
				}
				tried++
				if !slices.ContainsFunc(Uses(lang, src, s.Name), func(u Use) bool { return u.Line == s.Line }) {
					t.Errorf("%s of line %d is no use", s.Name, s.Line)
				}
			}
			if tried == 0 {
				t.Error("no definition was looked for")
			}
		})
	}
}

func TestUsesLimit(t *testing.T) {
	for _, lang := range []string{"go", "python", "make"} {
		if n := len(Uses(lang, bytes.Repeat([]byte("x "), MaxUses+10), "x")); n != MaxUses {
			t.Errorf("%s: %d uses, want %d", lang, n, MaxUses)
		}
	}
}

// TestUsesHostile feeds texts whose strings and interpolations nest or do not end. The
// bound is far above what linear work takes, and far below what quadratic work would.
func TestUsesHostile(t *testing.T) {
	const size = 1 << 16
	rep := func(s string) string { return strings.Repeat(s, size/len(s)) }
	inputs := []string{
		rep("`${"), "`" + rep("${`} "), "`" + rep("${ /[ } "), "`" + rep("${ /a } "), rep("\"${"), "\"" + rep("${\"} "), rep("\"$("),
		"\"" + rep("\\(##\") "), "\"\"\"" + rep("\\(##\") "), rep("\"#{"), "\"" + rep("#{%w[} "), rep("f'{"), "f'''" + rep("{x:"), "f'" + rep("{\"\"\"} "),
		"$\"" + rep("{@\"} "), rep("$\"{"), "\"" + rep("{$a["), rep("#define x \\\n"), rep("#define x \"\n"), rep("x"), rep("x "), rep("x\n"),
		"\"" + rep("$x"), rep("${x:-"), rep("<<A x\n"), rep("'"), rep("\""), rep("`"), rep("\\"), rep("\"\\\n"), "\"" + rep("${\n\"\n} "), rep("/*x"), rep("[x"),
		rep("$a$ x "), rep("r##\"x"), rep("s\"${s\"\"\"${"),
	}
	for _, lang := range Languages() {
		t.Run(lang, func(t *testing.T) {
			for _, in := range inputs {
				if lang == "php" {
					in = "<?php " + in
				}
				start := time.Now()
				Uses(lang, []byte(in), "x")
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("%.20q…: took %v", in, took)
				}
			}
		})
	}
}

// FuzzUses: every use is the name, lies where its line and column say, and they are in
// order.
func FuzzUses(f *testing.F) {
	langs := Languages()
	for i, lang := range langs {
		if a, err := txtar.ParseFile(filepath.Join("testdata", lang+".txtar")); err == nil {
			f.Add(uint8(i), a.Files[0].Data, "a")
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, src []byte, name string) {
		lang := langs[int(n)%len(langs)]
		last := -1
		for _, u := range Uses(lang, src, name) {
			if u.Offset <= last || u.Offset+len(name) > len(src) || string(src[u.Offset:u.Offset+len(name)]) != name {
				t.Fatalf("%s: no %q at %d", lang, name, u.Offset)
			}
			last = u.Offset
			text := bytes.TrimPrefix(src, []byte("\ufeff"))
			before := text[:u.Offset-(len(src)-len(text))]
			line := bytes.Count(before, newline) + 1
			col := len(before) - bytes.LastIndexByte(before, '\n')
			if u.Line != line || u.Col != col {
				t.Fatalf("%s: use at %d has line %d, column %d, want %d, %d", lang, u.Offset, u.Line, u.Col, line, col)
			}
		}
	})
}

func BenchmarkUses(b *testing.B) {
	for _, lang := range []string{"go", "typescript", "python", "cpp"} {
		b.Run(lang, func(b *testing.B) {
			a, err := txtar.ParseFile(filepath.Join("testdata", lang+".txtar"))
			if err != nil {
				b.Fatal(err)
			}
			src := bytes.Repeat(a.Files[0].Data, 200)
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				UsesFunc(lang, src, func(id []byte) bool { return string(id) == "Stack" })
			}
		})
	}
}
