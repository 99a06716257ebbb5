package symbols

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"cleat/internal/symbols/corpus"
)

var (
	folder  = flag.String("corpus", "", "also compare with ctags on the sources in this folder")
	perLang = flag.Int("corpus-files", 200, "files of each language and folder to compare with ctags")
	misses  = flag.Int("corpus-misses", 0, "differences of each kind to print for each language")
)

// oracles are the languages that universal-ctags reads as well, and its names for them.
var oracles = []struct {
	lang, ctags       string
	exts              []string
	precision, recall float64
}{
	{"go", "Go", []string{".go"}, 0.95, 0.90},
	{"typescript", "TypeScript", []string{".ts"}, 0.95, 0.90},
	{"javascript", "JavaScript", []string{".js", ".mjs", ".cjs"}, 0.95, 0.90},
	{"python", "Python", []string{".py"}, 0.95, 0.90},
	{"java", "Java", []string{".java"}, 0.95, 0.90},
	{"kotlin", "Kotlin", []string{".kt"}, 0.85, 0.85},
	{"rust", "Rust", []string{".rs"}, 0.95, 0.90},
	{"c", "C", []string{".c"}, 0.95, 0.90},
	{"cpp", "C++", []string{".cc", ".cpp", ".hpp", ".h"}, 0.95, 0.90},
	{"csharp", "C#", []string{".cs"}, 0.90, 0.85},
	{"ruby", "Ruby", []string{".rb"}, 0.95, 0.90},
	{"php", "PHP", []string{".php"}, 0.95, 0.90},
	{"proto", "Protobuf", []string{".proto"}, 0.95, 0.90},
	{"sql", "SQL", []string{".sql"}, 0.80, 0.80},
	{"shell", "Sh", []string{".sh", ".bash"}, 0.90, 0.90},
	{"make", "Make", []string{"Makefile", ".mk"}, 0.85, 0.85},
	{"markdown", "Markdown", []string{".md"}, 0.90, 0.90},
}

type tag struct {
	Name, Path, Kind string
	Line, End        int
	Scope            string
}

// packages returns where sources of the main languages are, besides on this machine: npm
// packages of fixed versions, and what of them to read.
func packages(lang string) [][3]string {
	switch lang {
	case "typescript":
		return [][3]string{{"rxjs", "7.8.2", "src"}}
	case "javascript":
		return [][3]string{{"lodash", "4.17.21", "."}, {"node-gyp", "11.4.2", "lib"}}
	case "python":
		return [][3]string{{"node-gyp", "11.4.2", "gyp"}}
	case "java":
		return [][3]string{{"react-native", "0.72.17", "ReactAndroid/src/main/java"}}
	case "c":
		return [][3]string{{"usb", "2.14.0", "libusb"}}
	case "cpp":
		return [][3]string{{"react-native", "0.72.17", "ReactCommon"}}
	case "ruby":
		return [][3]string{{"react-native", "0.72.17", "scripts"}}
	}
	return nil
}

// mainLang reports whether lang is one of the eight languages for which there must be sources
// to compare; those of Go come with it.
func mainLang(lang string) bool { return lang == "go" || packages(lang) != nil }

// TestAgainstCtags compares the definitions of functions, methods, types and classes in
// real sources with those that universal-ctags finds.
func TestAgainstCtags(t *testing.T) {
	ctags, err := exec.LookPath("ctags")
	if err == nil {
		out, _ := exec.Command(ctags, "--version").Output()
		if !bytes.Contains(out, []byte("Universal Ctags")) {
			err = exec.ErrNotFound
		}
	}
	if err != nil {
		if os.Getenv(corpus.Required) == "1" {
			t.Fatal("universal-ctags is required and not installed")
		}
		t.Skip("universal-ctags is not installed")
	}
	roots := corpora(t)
	for _, o := range oracles {
		t.Run(o.lang, func(t *testing.T) {
			var files []string
			for _, root := range roots {
				files = append(files, sources(root, o.exts, *perLang)...)
			}
			for _, p := range packages(o.lang) {
				files = append(files, sources(filepath.Join(corpus.Package(t, p[0], p[1]), filepath.FromSlash(p[2])), o.exts, *perLang)...)
			}
			if len(files) == 0 {
				t.Skip("no sources in this language on this machine")
			}
			compare(t, ctags, o.lang, o.ctags, files, o.precision, o.recall)
		})
	}
}

func compare(t *testing.T, ctags, lang, name string, files []string, precision, recall float64) {
	cmd := exec.Command(ctags, "--options=NONE", "--output-format=json", "--fields=+neK", "--language-force="+name,
		"--kinds-C=+p", "--kinds-C++=+p", "--kinds-SQL=-E", "-L", "-", "-f", "-")
	cmd.Stdin = strings.NewReader(strings.Join(files, "\n"))
	cmd.Stderr = nil
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("ctags: %v", err)
	}
	theirs := map[string][]tag{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var tag tag
		if json.Unmarshal(lines.Bytes(), &tag) == nil && tag.Name != "" {
			theirs[tag.Path] = append(theirs[tag.Path], tag)
		}
	}
	var ends, ended, ours, agreed, evident, wanted, found, shown, missed int
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil || len(theirs[file]) == 0 {
			continue
		}
		got := Scan(lang, src)
		text := bytes.Split(src, []byte("\n"))
		tags, symbols := map[int][]tag{}, map[int][]Symbol{}
		for _, g := range theirs[file] {
			tags[g.Line] = append(tags[g.Line], g)
		}
		for _, s := range got {
			symbols[s.Line] = append(symbols[s.Line], s)
		}
		for _, s := range got {
			if !defines(string(s.Kind)) {
				continue
			}
			ours++
			if near(tags, s.Line, func(g tag) bool { return same(s, g) }) {
				agreed++
				evident++
			} else if plain(lang, s.Name, string(text[s.Line-1])) {
				evident++ // ctags leaves out what the line itself says
			} else if shown < *misses {
				shown++
				t.Logf("only here: %s:%d %s %s.%s | %s", file, s.Line, s.Kind, s.Container, s.Name, s.Signature)
			}
		}
		for _, g := range theirs[file] {
			if !defines(g.Kind) || strings.HasPrefix(g.Name, "__anon") || strings.HasPrefix(g.Name, "anonymous") ||
				strings.HasPrefix(g.Name, "AnonymousFunction") || g.Name == "<lambda>" || g.Line > len(text) ||
				!plausible(lang, g, string(text[g.Line-1])) {
				continue
			}
			wanted++
			if near(symbols, g.Line, func(s Symbol) bool {
				if same(s, g) && g.End > g.Line {
					if ends++; s.EndLine == g.End {
						ended++
					}
				}
				return same(s, g)
			}) {
				found++
			} else if missed < *misses {
				missed++
				t.Logf("only ctags: %s:%d %s %s.%s", file, g.Line, g.Kind, g.Scope, g.Name)
			}
		}
	}
	if (ours == 0 || wanted == 0) && !mainLang(lang) {
		t.Skip("no definitions in these sources")
	}
	strict, p, r := ratio(agreed, ours), ratio(evident, ours), ratio(found, wanted)
	t.Logf("%-10s %4d files  %6d definitions  precision %.3f (by ctags alone %.3f)  recall %.3f  same last line %.3f of %d",
		lang, len(files), wanted, p, strict, r, float64(ended)/float64(max(1, ends)), ends)
	// Before an underlined heading ctags ends a section one line late.
	if lang != "markdown" && ends >= 200 && ended*100 < ends*95 {
		t.Errorf("only %d of %d definitions end where ctags says", ended, ends)
	}
	if mainLang(lang) && wanted < 200 {
		t.Errorf("ctags finds only %d definitions in these sources, which tell too little", wanted)
	}
	if wanted >= 200 && (p < precision || r < recall) {
		t.Errorf("precision %.3f (at least %.2f), recall %.3f (at least %.2f)", p, precision, r, recall)
	}
}

func ratio(n, of int) float64 { return float64(n) / float64(max(1, of)) }

// near reports whether one of what stands within two lines of line fits: ctags gives the
// line of a head's first word for some languages, of its name for others.
func near[T any](byLine map[int][]T, line int, fits func(T) bool) bool {
	for l := line - 2; l <= line+2; l++ {
		if slices.ContainsFunc(byLine[l], fits) {
			return true
		}
	}
	return false
}

// plain reports whether the line says in so many words that it defines name: ctags 5.9
// leaves out arrow functions, names in backticks and all that follows what it cannot read.
func plain(lang, name, line string) bool {
	q := regexp.QuoteMeta(name)
	var expr string
	switch lang {
	case "javascript", "typescript":
		expr = `(function\*?|class|interface|type|enum|namespace)\s+` + q + `\b|[\s.]` + q +
			`\s*(:.*)?=\s*(async\b\s*)?(\(|<|\w+\s*=>|function|class)|^\s*((static|async|get|set|public|private|protected|readonly|declare)\s+)*[*#]*` +
			q + `\??\s*(<.*>)?\(|^\s*'?"?` + q + `'?"?:\s*(async\s*)?(function|\()`
	case "kotlin":
		expr = `\b(fun|class|object|interface|typealias)\s+(<.*>\s*)?([\w.<>?, *]+\.)?` + "`?" + q + "`?" + `(\W|$)|\bconstructor\s*\(|companion object`
	case "csharp", "java":
		expr = `\b(class|struct|interface|enum|record|delegate)\s.*\b` + q + `\b|^\s*((public|private|protected|internal|static|override|virtual|async|sealed|abstract)\s+)+[\w<>\[\]?,. ]*\b` + q + `\s*(<.*>)?\(`
	case "rust":
		expr = `\b(fn|struct|enum|trait|mod|type|union)\s+(r#)?` + q + `\b|macro_rules!\s*` + q
	default:
		return false
	}
	return regexp.MustCompile(expr).MatchString(line)
}

// plausible leaves out what ctags calls a definition and is none: imports and objects.
func plausible(lang string, g tag, line string) bool {
	switch {
	case lang == "php" && g.Kind == "alias":
		return false
	case lang == "typescript" && g.Kind == "alias":
		return regexp.MustCompile(`\btype\s+` + regexp.QuoteMeta(g.Name) + `\s*(<|=|$)`).MatchString(line)
	case (lang == "javascript" || lang == "typescript") && g.Kind == "class":
		return strings.Contains(line, "class") && g.Name != "exports"
	case lang == "rust" && g.Kind == "implementation":
		return false
	}
	return true
}

// same reports whether a symbol and a tag have the same name, as each spells it.
func same(s Symbol, g tag) bool {
	name := g.Name
	if i := strings.LastIndexAny(name, ".:"); i >= 0 && i+1 < len(name) && !strings.HasSuffix(s.Name, name) {
		name = name[i+1:]
	}
	return s.Name == g.Name || s.Name == name || strings.HasSuffix(s.Name, "."+name) ||
		strings.ReplaceAll(s.Name, " ", "") == strings.ReplaceAll(g.Name, " ", "") ||
		s.Kind == Heading || strings.ReplaceAll(s.Name, ".", "") == strings.NewReplacer("::", "", "\\", "").Replace(g.Name)
}

// defines reports whether a kind, ours or of ctags, is a function, a method, a type or
// the like.
func defines(kind string) bool {
	switch kind {
	case "function", "func", "method", "prototype", "methodSpec", "singletonMethod", "generator", "getter", "setter",
		"class", "struct", "union", "interface", "enum", "type", "typedef", "alias", "talias", "typealias", "trait", "object",
		"macro", "message", "service", "rpc", "table", "view", "procedure", "target", "heading", "chapter",
		"section", "subsection", "subsubsection", "l4subsection", "l5subsection", "trigger", "index":
		return true
	}
	return false
}

// corpora returns the folders of real sources that this machine has.
func corpora(t *testing.T) []string {
	var roots []string
	add := func(dir string) {
		if st, err := os.Stat(dir); dir != "" && err == nil && st.IsDir() {
			roots = append(roots, dir)
		}
	}
	run := func(name string, args ...string) string {
		out, err := exec.CommandContext(t.Context(), name, args...).Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	if root := run("go", "env", "GOROOT"); root != "" {
		add(filepath.Join(root, "src"))
		add(filepath.Join(root, "misc"))
	}
	add(run("python3", "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"))
	add(run("npm", "root", "-g"))
	if runtime.GOOS != "windows" {
		add("/usr/include")
	}
	if *folder != "" {
		dirs, err := os.ReadDir(*folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range dirs {
			add(filepath.Join(*folder, d.Name()))
		}
	}
	return roots
}

// sources returns files under root with one of the endings, at most n, spread evenly.
func sources(root string, exts []string, n int) []string {
	var out []string
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git" || d.Name() == "vendor") {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() && !strings.Contains(d.Name(), ".min.") && slices.ContainsFunc(exts, func(e string) bool { return strings.HasSuffix(path, e) }) {
			if info, err := d.Info(); err == nil && info.Size() < 1<<20 {
				out = append(out, path)
			}
		}
		return nil
	})
	if len(out) <= n {
		return out
	}
	step, some := len(out)/n, []string(nil)
	for i := 0; i < len(out) && len(some) < n; i += step {
		some = append(some, out[i])
	}
	return some
}
