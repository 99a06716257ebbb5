package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"cleat/internal/report"
)

// folder is a checkout in memory: path → content.
type folder struct {
	dir   string
	files map[string]string
	reads map[string]int
}

func (f folder) Dir() string { return f.dir }

func (f folder) Paths(context.Context) ([]string, error) {
	return slices.Sorted(maps.Keys(f.files)), nil
}

func (f folder) Read(path string) ([]byte, error) {
	content, ok := f.files[path]
	if !ok || content == "unreadable" {
		return nil, fs.ErrNotExist
	}
	if f.reads != nil {
		f.reads[path]++
	}
	return []byte(content), nil
}

// files makes a checkout of words: "path" or "path=content".
func files(words ...string) folder {
	f := folder{dir: "/home/me/shop", files: map[string]string{}}
	for _, w := range words {
		path, content, _ := strings.Cut(w, "=")
		f.files[path] = content
	}
	return f
}

func newMap(t *testing.T, f Files) *Map {
	t.Helper()
	m, err := New(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The checkouts of the table.
func checkouts() map[string]folder {
	return map[string]folder{
		"go": files("go.mod=module example.com/shop // the shop\n\ngo 1.26\n", "main.go", "main_test.go", "cart/cart.go", "cart/cart_test.go",
			"cart/sub/cart_test.go", "internal/must/must.go", "testing/testing.go", "vendor/github.com/x/y/y.go", "vendor/github.com/x/y/go.mod=module github.com/x/y",
			"vendor/github.com/x/y/only.go", "util/deep/util.go", "util/flat/util.go"),
		"go.work": files("go.work=go 1.26\nuse (\n\t./api // first\n\t./tools/gen\n)\nuse ./web\n", "api/go.mod=module \"example.com/api\"\n", "api/x.go", "api/v2/x.go",
			"tools/gen/go.mod=module example.com/api/gen", "tools/gen/x.go", "tools/gen/in/x.go", "web/go.mod=module example.com/web", "web/x.go", "web/only.go",
			"old/web/go.mod=module example.com/web", "old/web/x.go", "gone/go.mod=unreadable", "gone/x.go"),
		"twins":  files("a/go.mod=module example.com/m", "a/x.go", "b/go.mod=module example.com/m", "b/x.go"),
		"copies": files("go.mod=module example.com/m", "x.go", "sub/x.go", "testdata/go.mod=module example.com/m", "testdata/x.go"),
		"node": files(`package.json={"name":"shop"}`, "src/x.ts", "test/x.test.mjs", `packages/web/package.json={"name":"@acme/web"}`, "packages/web/src/x.ts", "packages/web/src/only.ts",
			"packages/web/src/page.test.ts", `packages/api/package.json={"name":"@acme/api"}`, "packages/api/src/page.test.ts", "packages/api/index.ts", "packages/broken/package.json={",
			"node_modules/lib/index.js", "a b/é.ts"),
		"java": files("pom.xml", "src/main/java/com/acme/Foo.java", "src/test/java/com/acme/FooTest.java", "src/test/java/com/acme/util/Helper.java", "legacy/src/test/java/org/old/FooTest.java",
			"src/test/kotlin/BarTest.kt", "mod/src/test/java/com/acme/Dup.java", "src/test/java/com/acme/Dup.java", "src/test/java/com/acme/OnlyTest.java", "src/test/java/com/other/Lone.java"),
		"python": files("setup.py", "shop/cart.py", "shop/__init__.py", "tests/test_cart.py", "tests/unit/test_pay.py", "tests/unit/conftest.py", "tests/conftest.py", "services/a/app/main.py", "services/b/app/main.py"),
		"rust":   files("Cargo.toml=[workspace]\nmembers = [\"crates/*\"]\n", "src/lib.rs", "crates/web-api/Cargo.toml=[package]\nname = \"web-api\" # crate\n", "crates/web-api/src/lib.rs", "crates/core/Cargo.toml=[dependencies]\nname = \"x\"\n[package]\nname='core'", "crates/core/src/lib.rs", "crates/core/src/deep.rs"),
		"c":      files("src/x.c", "src/y.c", "lib/src/x.c", "include/stdio.h", "stdlib.h", "o/q/r/w.c", "r/w.c", "Src/Mixed.C"),
		"dotnet": files("Shop.sln", "src/Shop/Cart.cs", "tests/Shop.Tests/CartTests.cs"),
	}
}

func TestPlace(t *testing.T) {
	maps := map[string]*Map{}
	for name, f := range checkouts() {
		maps[name] = newMap(t, f)
	}
	for _, tt := range []struct {
		in, file, scope, tool string
		want                  string // "" for none
	}{
		// Go: the package says where the file is.
		{"go", "cart_test.go", "example.com/shop/cart", "go", "cart/cart_test.go"},
		{"go", "cart_test.go", "example.com/shop/cart/sub", "go", "cart/sub/cart_test.go"},
		{"go", "main_test.go", "example.com/shop", "go", "main_test.go"},
		{"go", "cart_test.go", "example.com/shop/cart [example.com/shop/cart.test]", "go", "cart/cart_test.go"},
		{"go", "cart_test.go", "example.com/shop/cart_test", "go", "cart/cart_test.go"},
		{"go", "cart_test.go", "example.com/shop/cart.test", "go", "cart/cart_test.go"},
		{"go", "main_test.go", "example.com/shop_test", "go", "main_test.go"},
		{"go", "./cart.go", "example.com/shop/cart", "go", "cart/cart.go"},
		{"go", "cart/cart.go", "example.com/shop/cart", "go", "cart/cart.go"},
		{"go", "cart/cart.go", "", "go", "cart/cart.go"},
		{"go", "must.go", "example.com/shop/cart", "go", "internal/must/must.go"}, // a helper elsewhere
		{"go", "util.go", "example.com/shop/cart", "go", ""},                      // two of them
		{"go", "cart_test.go", "", "go", ""},
		{"go", "cart_test.go", "example.com/other/cart", "go", ""},
		{"go", "main.go", "example.com/other", "go", ""},
		{"go", "main.go", "example.com/shopping", "go", ""},
		{"go", "main.go", "", "go", "main.go"},
		{"go", "example.com/shop/cart/cart.go", "", "go", "cart/cart.go"}, // -trimpath
		{"go", "example.com/shop/main.go", "", "", "main.go"},
		{"go", "github.com/x/y@v1.2.3/main.go", "", "go", ""},
		{"go", "github.com/x/y@v1.2.3/cart/cart.go", "", "go", ""},
		{"go", "/home/u/go/pkg/mod/github.com/x/y@v1.2.3/cart/cart.go", "", "go", ""},
		{"go", "/usr/local/go/src/testing/testing.go", "", "go", ""},
		{"go", "/opt/hostedtoolcache/go/1.26/x64/src/testing/testing.go", "", "go", ""},
		{"go", "vendor/github.com/x/y/y.go", "", "go", "vendor/github.com/x/y/y.go"},
		{"go", "only.go", "", "go", ""},
		{"go", "/home/runner/work/shop/shop/main.go", "", "go", "main.go"},
		{"go", "/home/runner/work/shop/shop/gone/main.go", "", "go", ""},
		{"go", "/go/src/github.com/acme/shop/main.go", "", "go", "main.go"},
		{"go", "/home/me/shop/cart/cart.go", "", "go", "cart/cart.go"},
		{"go", "/home/me/shop/x/cart/cart.go", "", "go", ""}, // of this machine, and gone
		{"go", "/home/me/shopping/main.go", "", "go", ""},
		{"go", "/home/you/shop/main.go", "", "go", "main.go"}, // the folder's name
		{"go", "/home/you/other/main.go", "", "go", ""},
		{"go", "/home/you/other/cart/cart.go", "", "go", "cart/cart.go"},
		{"go", "../../../etc/passwd", "", "", ""},
		{"go.work", "x.go", "example.com/api", "go", "api/x.go"},
		{"go.work", "x.go", "example.com/api/v2", "go", "api/v2/x.go"},
		{"go.work", "x.go", "example.com/api/gen", "go", "tools/gen/x.go"},
		{"go.work", "x.go", "example.com/api/gen/in", "go", "tools/gen/in/x.go"},
		{"go.work", "x.go", "example.com/web", "go", "web/x.go"},
		{"go.work", "in/x.go", "example.com/api/gen/in", "go", "tools/gen/in/x.go"},
		{"go.work", "only.go", "example.com/api", "go", ""}, // of another module
		{"twins", "x.go", "example.com/m", "go", ""},
		{"copies", "x.go", "example.com/m", "go", "x.go"},
		{"copies", "x.go", "example.com/m/sub", "go", "sub/x.go"},

		// Node, in a repository of several packages.
		{"node", "src/x.ts", "", "jest", "src/x.ts"},
		{"node", "src/x.ts", "@acme/web", "jest", "packages/web/src/x.ts"},
		{"node", "src/x.ts", "some suite", "jest", "src/x.ts"},
		{"node", "src/only.ts", "", "jest", "packages/web/src/only.ts"},
		{"node", "src/page.test.ts", "", "jest", ""},
		{"node", "src/page.test.ts", "@acme/api", "jest", "packages/api/src/page.test.ts"},
		{"node", "src/page.test.ts", "packages/web", "jest", "packages/web/src/page.test.ts"},
		{"node", "/app/src/only.ts", "", "", "packages/web/src/only.ts"},
		{"node", "/app/src/page.test.ts", "", "", ""},
		{"node", "/app/src/x.ts", "", "", ""}, // the root's or that of the package
		{"node", "/app/src/x.ts", "@acme/web", "", "packages/web/src/x.ts"},
		{"node", "/usr/src/app/packages/web/src/x.ts", "", "", "packages/web/src/x.ts"},
		{"node", "file:///home/runner/work/shop/shop/test/x.test.mjs", "", "node", "test/x.test.mjs"},
		{"node", "file:///home/me/shop/test/x.test.mjs:12:3", "", "node", "test/x.test.mjs"},
		{"node", "file:///D:/a/shop/shop/test/x.test.mjs", "", "node", "test/x.test.mjs"},
		{"node", "file:///home/me/shop/a%20b/%C3%A9.ts", "", "node", "a b/é.ts"},
		{"node", "webpack:///./src/only.ts?1a2b", "", "", "packages/web/src/only.ts"},
		{"node", "webpack://@acme/web/./src/only.ts", "", "", "packages/web/src/only.ts"},
		{"node", "webpack-internal:///./src/only.ts", "", "", "packages/web/src/only.ts"},
		{"node", "webpack:///./node_modules/lib/src/only.ts", "", "", ""},
		{"node", "http://localhost:5173/src/only.ts?t=17", "", "", "packages/web/src/only.ts"},
		{"node", "http://localhost:5173/@fs/home/me/shop/src/x.ts", "", "", "src/x.ts"},
		{"node", "node:internal/modules/index.ts", "", "node", ""},
		{"node", "node:fs", "", "node", ""},
		{"node", "/app/node_modules/lib/index.ts", "", "", ""},
		{"node", "packages/web/src/x.ts", "", "tsc", "packages/web/src/x.ts"},
		{"node", "/builds/acme/shop/src/x.ts", "", "", "src/x.ts"},
		{"node", "/builds/acme/team/shop/packages/web/src/x.ts", "", "", "packages/web/src/x.ts"},
		{"node", "/builds/Ab3/0/acme/shop/src/x.ts", "", "", "src/x.ts"},

		// Java.
		{"java", "FooTest.java", "com.acme.FooTest", "maven", "src/test/java/com/acme/FooTest.java"},
		{"java", "FooTest.java", "org.old.FooTest", "maven", "legacy/src/test/java/org/old/FooTest.java"},
		{"java", "FooTest.java", "com.acme.FooTest$Inner", "maven", "src/test/java/com/acme/FooTest.java"},
		{"java", "FooTest.java", "net.none.FooTest", "maven", ""},
		{"java", "FooTest.java", "", "maven", ""},
		{"java", "Helper.java", "com.acme.FooTest", "maven", "src/test/java/com/acme/util/Helper.java"},
		{"java", "Lone.java", "com.acme.Lone", "maven", ""}, // another package's
		{"java", "Dup.java", "com.acme.Dup", "maven", ""},
		{"java", "BarTest.kt", "com.acme.BarTest", "gradle", "src/test/kotlin/BarTest.kt"},
		{"java", "/var/lib/jenkins/workspace/shop@2/src/main/java/com/acme/Foo.java", "", "javac", "src/main/java/com/acme/Foo.java"},
		{"java", "/srv/ci/slot-3/core/src/main/java/com/acme/Foo.java", "", "javac", "src/main/java/com/acme/Foo.java"},
		{"java", "/var/lib/jenkins/workspace/shop@2/pom.xml", "", "maven", "pom.xml"},

		// Python.
		{"python", "tests/test_cart.py", "", "pytest", "tests/test_cart.py"},
		{"python", "test_cart.py", "", "pytest", "tests/test_cart.py"},
		{"python", "unit/test_pay.py", "", "pytest", "tests/unit/test_pay.py"},
		{"python", "conftest.py", "", "pytest", ""},
		{"python", "/builds/g/p/shop/cart.py", "", "pytest", "shop/cart.py"},
		{"python", "/builds/Ab3/0/g/p/setup.py", "", "pytest", "setup.py"},
		{"python", "/builds/g/p/setup.py", "", "pytest", "setup.py"},
		{"python", "/usr/lib/python3/dist-packages/shop/cart.py", "", "pytest", ""},
		{"python", "/opt/venv/lib/python3.12/site-packages/shop/cart.py", "", "pytest", ""},
		{"python", "<frozen importlib._bootstrap>", "", "python", ""},
		{"python", "app/main.py", "", "python", ""},
		{"python", "app/main.py", "services/b", "python", "services/b/app/main.py"},
		{"python", "/home/runner/work/shop/shop/services/a/app/main.py", "", "python", "services/a/app/main.py"},
		{"python", "/tmp/x/setup.py", "", "pytest", ""},

		// Rust: paths are those of the workspace.
		{"rust", "src/lib.rs", "web_api", "cargo", "src/lib.rs"},
		{"rust", "crates/web-api/src/lib.rs", "", "rustc", "crates/web-api/src/lib.rs"},
		{"rust", "/rustc/0a1b2c/library/src/lib.rs", "", "rustc", ""},
		{"rust", "/home/u/.cargo/registry/src/index.crates.io-6f17/serde-1.0.1/src/lib.rs", "", "rustc", ""},
		{"rust", "/w/src/lib.rs", "web_api", "clippy", "src/lib.rs"},
		{"rust", "../src/lib.rs", "web_api", "clippy", "crates/web-api/src/lib.rs"},
		{"rust", "/app/deep.rs", "", "rustc", ""},
		{"rust", "/app/deep.rs", "core", "rustc", "crates/core/src/deep.rs"},
		{"rust", "/app/deep.rs", "x", "rustc", ""},
		{"rust", "/srv/slot/libs/core/src/deep.rs", "", "rustc", "crates/core/src/deep.rs"},
		{"rust", "/srv/slot/libs/src/deep.rs", "", "rustc", ""},
		{"rust", "deep.rs", "", "cargo", "crates/core/src/deep.rs"},

		// C, and systems where case does not count.
		{"c", "../src/y.c", "", "gcc", "src/y.c"},
		{"c", "../../src/x.c", "", "gcc", ""},
		{"c", "/srv/p/q/r/w.c", "", "gcc", "r/w.c"}, // the whole of it, rather than more of another
		{"c", "/usr/include/stdio.h", "", "gcc", ""},
		{"c", "/usr/include/c++/13/stdlib.h", "", "gcc", ""},
		{"c", `C:\work\proj\SRC\Y.C`, "", "msvc", "src/y.c"},
		{"c", `src\y.c`, "", "msvc", "src/y.c"},
		{"c", "SRC/y.c", "", "gcc", ""},
		{"dotnet", `D:\a\shop\shop\tests\Shop.Tests\CartTests.cs`, "", "dotnet", "tests/Shop.Tests/CartTests.cs"},
		{"dotnet", `D:\a\1\s\src\Shop\Cart.cs(12,5)`, "", "msbuild", "src/Shop/Cart.cs"},
		{"dotnet", `\\?\C:\x\src\Shop\Cart.cs`, "", "msbuild", "src/Shop/Cart.cs"},
		{"dotnet", `C:\Program Files\dotnet\sdk\src\Shop\Cart.cs`, "", "msbuild", ""},
		{"dotnet", `D:\a\shop\r\Shop.sln`, "", "msbuild", "Shop.sln"},
		{"dotnet", `D:\b\shop\r\Shop.sln`, "", "msbuild", ""},
		{"dotnet", `Shop.sln`, "", "msbuild", "Shop.sln"},

		// What is no file of a checkout.
		{"go", "/", "", "", ""},
		{"go", "..", "", "", ""},
		{"go", "cart/", "", "", ""},
		{"go", "main.go\x00", "", "", ""},
		{"go", "https://example.com/", "", "", ""},
		{"go", "data:text/javascript,main.go", "", "", ""},
		{"go", strings.Repeat("a/", 4000) + "main.go", "", "", ""},
	} {
		for _, kind := range []report.Kind{report.Test, report.Build} {
			f := report.Failure{Kind: kind, Tool: tt.tool, Scope: tt.scope, File: tt.file, Line: 7}
			got, line, ok := maps[tt.in].Place(f)
			if got != tt.want || ok != (tt.want != "") || ok && line != 7 {
				t.Errorf("%s: Place(%.100q in %q, %s) = %q, %d, %t, want %q", tt.in, tt.file, tt.scope, kind, got, line, ok, tt.want)
			}
		}
	}
}

// A test whose file is not told is found by its name, or by that of its class.
func TestPlaceByName(t *testing.T) {
	for _, tt := range []struct{ in, name, scope, want string }{
		{"python", "tests/test_cart.py::TestC::test_y", "", "tests/test_cart.py"},
		{"python", "TestC.test_y", "tests.test_cart", "tests/test_cart.py"},
		{"python", "tests.unit.test_pay.TestC.test_y[1-x]", "", "tests/unit/test_pay.py"},
		{"python", "test_pay.TestC.test_y", "", ""}, // a module of the top folder, which is not there
		{"python", "test_y", "", ""},
		{"java", "works", "com.acme.OnlyTest", "src/test/java/com/acme/OnlyTest.java"},
		{"java", "com.acme.FooTest$Inner.works", "", "src/test/java/com/acme/FooTest.java"},
		{"java", "works", "com.acme.Dup", ""},
		{"java", "works", "net.none.OnlyTest", ""},
		{"node", "shows a page", "packages/web/src/page.test.ts", "packages/web/src/page.test.ts"},
		{"node", "src/only.ts is (not) there", "", ""},
		{"go", "TestCart", "example.com/shop/cart", ""},
	} {
		m := newMap(t, checkouts()[tt.in])
		got, line, ok := m.Place(report.Failure{Kind: report.Test, Name: tt.name, Scope: tt.scope})
		if got != tt.want || ok != (tt.want != "") || line != 0 {
			t.Errorf("%s: Place(%q in %q) = %q, %d, %t, want %q", tt.in, tt.name, tt.scope, got, line, ok, tt.want)
		}
		if _, _, ok := m.Place(report.Failure{Kind: report.Finding, Name: tt.name}); ok {
			t.Errorf("%s: a rule %q is taken for a file", tt.in, tt.name)
		}
	}
}

func TestPlaceLine(t *testing.T) {
	m := newMap(t, checkouts()["go"])
	for _, tt := range []struct {
		file       string
		line, want int
	}{
		{"main.go", 0, 0},
		{"main.go", -3, 0},
		{"main.go", 1 << 30, 1 << 30}, // the checkout may be another version
		{"main.go:12", 0, 12},
		{"main.go:12:5", 0, 12},
		{"main.go(12,5)", 0, 12},
		{"main.go(12)", 0, 12},
		{"main.go:12:5", 9, 9},
	} {
		if file, line, ok := m.Place(report.Failure{File: tt.file, Line: tt.line}); file != "main.go" || line != tt.want || !ok {
			t.Errorf("Place(%q, %d) = %q, %d, %t, want line %d", tt.file, tt.line, file, line, ok, tt.want)
		}
	}
}

// Of what the files list, only paths below the root are ever answered.
func TestHostilePaths(t *testing.T) {
	m := newMap(t, files("../out.go", "/etc/passwd", "a/../b.go", "./c.go", "", "..", "d//e.go", "in.go"))
	for _, file := range []string{"../out.go", "out.go", "/etc/passwd", "passwd", "b.go", "c.go", "a/../b.go", "./c.go", "..", "e.go", "d/e.go"} {
		if got, _, ok := m.Place(report.Failure{File: file}); ok {
			t.Errorf("Place(%q) = %q", file, got)
		}
	}
	if got, _, ok := m.Place(report.Failure{File: "in.go"}); !ok {
		t.Errorf("Place = %q, %t", got, ok)
	}
}

type broken struct{ folder }

func (broken) Paths(context.Context) ([]string, error) { return nil, errors.New("no list") }

func TestListFails(t *testing.T) {
	if m, err := New(t.Context(), broken{}); err == nil || m != nil {
		t.Errorf("New = %v, %v", m, err)
	}
}

// A checkout whose place is not known, and one without manifests, are mapped as well.
func TestNoDir(t *testing.T) {
	f := files("pkg/x.go", "y.go")
	f.dir = ""
	m := newMap(t, f)
	for file, want := range map[string]string{"/home/a/r/pkg/x.go": "pkg/x.go", "pkg/x.go": "pkg/x.go", "y.go": "y.go", "/y.go": "", "/home/a/y.go": ""} {
		if got, _, _ := m.Place(report.Failure{Tool: "go", File: file}); got != want {
			t.Errorf("Place(%q) = %q, want %q", file, got, want)
		}
	}
}

func TestDirOnWindows(t *testing.T) {
	f := files("src/x.cs", "y.cs", "deep/src/z.cs")
	f.dir = `C:\Users\me\shop`
	m := newMap(t, f)
	for file, want := range map[string]string{
		`C:\Users\me\shop\src\x.cs`:         "src/x.cs",
		`c:\users\ME\shop\Src\X.cs`:         "src/x.cs",
		"file:///C:/Users/me/shop/y.cs":     "y.cs",
		"C:/Users/me/shop/y.cs":             "y.cs",
		`C:\Users\me\shop\src\z.cs`:         "", // of this machine, and not there
		`C:\Users\me\shopping\y.cs`:         "",
		`C:\Users\me\elsewhere\shop\y.cs`:   "y.cs",
		"/Users/me/shop/deep/src/z.cs":      "deep/src/z.cs",
		`\\server\share\elsewhere\src\x.cs`: "src/x.cs",
	} {
		if got, _, _ := m.Place(report.Failure{File: file}); got != want {
			t.Errorf("Place(%q) = %q, want %q", file, got, want)
		}
	}
}

// A manifest is read when it is asked for, and once.
func TestManifestsAreReadOnce(t *testing.T) {
	f := checkouts()["go.work"]
	f.reads = map[string]int{}
	m := newMap(t, f)
	if len(f.reads) != 0 {
		t.Errorf("New read %v", f.reads)
	}
	for range 3 {
		m.Place(report.Failure{Tool: "go", Scope: "example.com/api", File: "x.go"})
		m.Place(report.Failure{Tool: "go", File: "x.go"})
	}
	for file, n := range f.reads {
		if n != 1 {
			t.Errorf("%s was read %d times", file, n)
		}
	}
	if f.reads["go.work"] != 1 {
		t.Errorf("go.work was not read: %v", f.reads)
	}
}

func FuzzPlace(f *testing.F) {
	for _, c := range []string{"go", "node", "java", "rust"} {
		f.Add(c, "/home/runner/work/shop/shop/main.go:12", "example.com/shop", "TestX", "go")
		f.Add(c, "webpack://x/./src/only.ts?a", "@acme/web", "a.b::c", "jest")
		f.Add(c, `C:\a\b\src\x.ts(1,2)`, "com.acme.Foo$x", "", "rustc")
		f.Add(c, "file:///../../etc/passwd", "../..", "../../x.py::y", "")
	}
	maps := map[string]*Map{}
	for name, files := range checkouts() {
		m, err := New(f.Context(), files)
		if err != nil {
			f.Fatal(err)
		}
		maps[name] = m
	}
	all := checkouts()
	f.Fuzz(func(t *testing.T, in, file, scope, name, tool string) {
		m, ok := maps[in]
		if !ok {
			in = "node"
			m = maps[in]
		}
		for _, file := range []string{file, ""} {
			got, line, ok := m.Place(report.Failure{Kind: report.Test, File: file, Scope: scope, Name: name, Tool: tool, Line: -1})
			if _, there := all[in].files[got]; ok != there || line < 0 || !ok && (got != "" || line != 0) {
				t.Errorf("Place(%q, %q, %q) = %q, %d, %t", file, scope, name, got, line, ok)
			}
		}
	})
}

// BenchmarkHostile maps names that are made to take long.
func BenchmarkHostile(b *testing.B) {
	m, err := New(b.Context(), checkouts()["go.work"])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, s := range []string{"a.", "_test", ".test", "a/", "../", "@v1/", ":1", "(1)", "::", "%2e"} {
			long := strings.Repeat(s, maxFile/len(s)-4)
			for _, name := range []string{long + "x.go", "x.go" + long, "file://" + long + "/x.go"} {
				m.Place(report.Failure{Kind: report.Test, Tool: "go", Scope: "example.com/api" + long, File: name})
				m.Place(report.Failure{Kind: report.Test, Scope: long + "x", Name: name})
			}
		}
	}
}

// BenchmarkPlace maps 200 failures into a checkout of 100,000 files, of which 5,000 have
// the same name, listing included.
func BenchmarkPlace(b *testing.B) {
	f := files("go.mod=module example.com/m")
	for i := range 100_000 {
		name := fmt.Sprintf("file%d.ts", i)
		if i%20 == 0 {
			name = "index.ts"
		}
		f.files[fmt.Sprintf("packages/p%d/src/d%d/%s", i%500, i, name)] = ""
	}
	for b.Loop() {
		m, err := New(b.Context(), f)
		if err != nil {
			b.Fatal(err)
		}
		for i := range 200 {
			m.Place(report.Failure{Tool: "jest", Scope: "packages/p7", File: fmt.Sprintf("/home/runner/work/r/r/src/d%d/index.ts", i)})
		}
	}
}
