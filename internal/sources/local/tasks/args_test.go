package tasks

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
)

func code(err error) fail.Code {
	var e *fail.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Tasks of each kind, as Find makes them.
func goTest() Task {
	return Task{Name: "go test", Argv: []string{"go", "test", "-json", "./..."}, Args: true, Kind: Go}
}

func sample(kind string) Task {
	switch kind {
	case Go:
		return goTest()
	case "go vet":
		return Task{Name: kind, Argv: []string{"go", "vet", "./..."}, Args: true, Kind: Go}
	case NPM, "pnpm":
		return Task{Name: kind, Argv: []string{kind, "run", "t"}, Args: true, Kind: NPM}
	case Cargo:
		return Task{Name: kind, Argv: []string{"cargo", "test"}, Args: true, Kind: Cargo, most: 1}
	case Just:
		return Task{Name: kind, Argv: []string{"just", "t"}, Args: true, Kind: Just, most: 2}
	case Make:
		return Task{Name: kind, Argv: []string{"make", "t"}, Kind: Make}
	}
	return Task{Name: kind, Argv: []string{kind, "t"}, Args: true, Kind: kind}
}

func TestWith(t *testing.T) {
	for _, c := range []struct {
		kind string
		args []string
		want []string // nil: refused
	}{
		{Go, nil, []string{"go", "test", "-json", "./..."}},
		{Go, []string{"./x", "./internal/..."}, []string{"go", "test", "-json", "./x", "./internal/..."}},
		{Go, []string{"."}, []string{"go", "test", "-json", "."}},
		{Go, []string{"run=TestX"}, []string{"go", "test", "-json", "-run=^TestX$", "./..."}},
		{Go, []string{"run=TestX/a b.c|d", "./x", "run=FuzzY"}, []string{"go", "test", "-json", `-run=^TestX$/^a_b\.c\|d$|^FuzzY$`, "./x"}},
		{Go, []string{"run=TestX -exec=touch"}, nil},
		{Go, []string{"run=-exec=touch"}, nil},
		{Go, []string{"run=.*"}, nil},
		{Go, []string{"run=TestX/"}, nil},
		{Go, []string{"run="}, nil},
		{Go, []string{"./../x"}, nil},
		{Go, []string{"./a/../../x"}, nil},
		{Go, []string{"/etc"}, nil},
		{Go, []string{"example.com/x@latest"}, nil},
		{Go, []string{"./x@v1"}, nil},
		{Go, []string{"x.go"}, nil},
		{Go, []string{"./...; touch x"}, nil},
		{Go, []string{"$(touch x)"}, nil},
		{"go vet", []string{"./x"}, []string{"go", "vet", "./x"}},
		{"go vet", []string{"run=TestX"}, nil},

		{NPM, []string{"src/a.test.ts"}, []string{"npm", "run", "t", "--", "src/a.test.ts"}},
		{"pnpm", []string{"src/a.test.ts"}, []string{"pnpm", "run", "t", "src/a.test.ts"}},
		{NPM, []string{"a;b"}, nil},
		{NPM, []string{"$HOME"}, nil},
		{NPM, []string{"`x`"}, nil},
		{NPM, []string{"a b"}, nil},
		{NPM, []string{`a"b`}, nil},
		{NPM, []string{"a&b"}, nil},
		{NPM, []string{"%PATH%"}, nil},
		{NPM, []string{"~root"}, nil},

		{Make, []string{"clean"}, nil},
		{Make, []string{"SHELL=/tmp/x"}, nil},
		{Make, []string{"MAKEFLAGS=-f/tmp/x"}, nil},

		{Just, []string{"a", "b"}, []string{"just", "t", "a", "b"}},
		{Just, []string{"a", "b", "deploy"}, nil}, // another recipe
		{Just, []string{"a;b"}, nil},
		{GoTask, []string{"./x"}, []string{"task", "t", "--", "./x"}},
		{GoTask, []string{"a|b"}, nil},

		{Pytest, []string{"tests/test_a.py::TestA::test_x[a-b c]", "tests"}, []string{"pytest", "t", "tests/test_a.py::TestA::test_x[a-b c]", "tests"}},
		{Pytest, []string{"../x.py"}, nil},
		{Pytest, []string{"/x.py"}, nil},
		{Pytest, []string{"@args"}, nil},
		{Pytest, []string{"tests::x"}, nil},
		{Pytest, []string{"a.py::"}, nil},

		{Cargo, []string{"mod_a::tests::x"}, []string{"cargo", "test", "mod_a::tests::x"}},
		{Cargo, []string{"a", "b"}, nil},
		{Cargo, []string{"+nightly"}, nil},

		{Maven, []string{"FooTest", "BarTest#x*"}, []string{"maven", "t", "-Dtest=FooTest,BarTest#x*", "-Dsurefire.failIfNoSpecifiedTests=false"}},
		{Maven, []string{"FooTest -Dexec=x"}, nil},
		{Maven, []string{"${env.X}"}, nil},
		{Gradle, []string{"com.acme.FooTest.bar", "X*"}, []string{"gradle", "t", "--tests", "com.acme.FooTest.bar", "--tests", "X*"}},
		{Gradle, []string{":app:publish -Px"}, nil},

		{Script, []string{"$(touch x); `y`", "a b"}, []string{"script", "t", "$(touch x); `y`", "a b"}},
		{"configured", []string{"x"}, []string{"configured", "t", "x"}},
	} {
		got, err := sample(c.kind).With(c.args)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s with %q (-want +got):\n%s", c.kind, c.args, diff)
		}
		if want := fail.Invalid; c.want == nil && code(err) != want {
			t.Errorf("%s with %q: %v, want %s", c.kind, c.args, err, want)
		}
		if c.want != nil && err != nil {
			t.Errorf("%s with %q: %v", c.kind, c.args, err)
		}
	}
}

// TestCI02 holds for tasks of every kind: what no program may get is refused.
func TestCI02(t *testing.T) {
	for _, kind := range []string{Go, "go vet", NPM, "pnpm", Make, Just, GoTask, Pytest, Cargo, Maven, Gradle, Script, "configured"} {
		for _, arg := range []string{
			"", "-exec=touch", "--toolexec=pwn", " -x", "\u2003-x", "a\nb", "a\rb", "a\x00b", "a\x1bb", "a\u202eb", "a\u200bb", "a\u2028b",
			"\xff", strings.Repeat("a", MaxArg+1),
		} {
			if got, err := sample(kind).With([]string{arg}); code(err) != fail.Invalid || got != nil {
				t.Errorf("%s with %.40q: %q, %v; want it refused", kind, arg, got, err)
			}
		}
		if _, err := sample(kind).With(make([]string, MaxArgs+1)); code(err) != fail.Invalid {
			t.Errorf("%s with too many: %v", kind, err)
		}
	}
}

// TestWithIsPure: a task is shared, so its program must not change.
func TestWithIsPure(t *testing.T) {
	task := goTest()
	task.Argv = append(make([]string, 0, 10), task.Argv...)
	for _, args := range [][]string{{"run=TestA"}, {"./b"}, {"./c", "run=TestD"}, nil} {
		argv, err := task.With(args)
		if err != nil {
			t.Fatal(err)
		}
		argv[0] = "changed"
	}
	if diff := cmp.Diff(goTest().Argv, task.Argv); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestGoRuns: what With makes of run= selects that test and no other, as go sees it.
func TestGoRuns(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go in PATH")
	}
	dir := project(t, `
-- go.mod --
module example.com/m
go 1.21
-- m_test.go --
package m
import "testing"
func TestA(t *testing.T) {
	t.Run("x y", func(*testing.T) {})
	t.Run("x y2", func(*testing.T) {})
	t.Run("p|q", func(*testing.T) {})
}
func TestAB(*testing.T) {}
`)
	for _, c := range []struct {
		arg  string
		want []string
	}{
		{"run=TestAB", []string{"TestAB"}},
		{"run=TestA/x y", []string{"TestA", "TestA/x_y"}},
		{"run=TestA/p|q", []string{"TestA", "TestA/p|q"}},
	} {
		argv, err := goTest().With([]string{c.arg})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Dir = dir
		cmd.Env = append(cmd.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOTOOLCHAIN=local")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%q: %v\n%s", argv, err, out)
		}
		var ran []string
		for line := range strings.Lines(string(out)) {
			var event struct{ Action, Test string }
			if err := json.Unmarshal([]byte(line), &event); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if event.Action == "run" {
				ran = append(ran, event.Test)
			}
		}
		if diff := cmp.Diff(c.want, ran); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.arg, diff)
		}
	}
}

func TestLookup(t *testing.T) {
	tasks := []Task{{Name: "go test"}, {Name: "make lint"}, {Name: "npm run lint"}, {Name: "npm test"}, {Name: "script/test"},
		{Name: "just deploy"}, {Name: "just deploy in sub", Dir: "sub"}, {Name: "cargo bench in sub", Dir: "sub"}}
	for _, c := range []struct{ name, want string }{
		{"go test", "go test"},
		{" go  test ", "go test"},
		{"npm run test", "npm test"},
		{"npm lint", "npm run lint"},
		{"./script/test", "script/test"},
		{"deploy", "just deploy"},
		{"test", ""},
		{"lint", ""},
		{"sub", ""},
		{"bench", "cargo bench in sub"},
		{"", ""},
		{"test; touch x", ""},
		{"../../bin/sh", ""},
		{"go test ./...", ""},
		{"gotest", ""},
		{strings.Repeat("x\n", 5000), ""},
	} {
		got, err := Lookup(tasks, c.name)
		if got.Name != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%.40q: %q, %v; want %q", c.name, got.Name, err, c.want)
		}
		var e *fail.Error
		if err == nil {
			continue
		}
		if !errors.As(err, &e) || e.Code != fail.NotFound || e.Why == "" || e.Next == "" {
			t.Errorf("%.40q: %#v, want not_found with the names", c.name, err)
		}
		if strings.Contains(e.What+e.Why+e.Next, "\n") || len(e.What) > 300 {
			t.Errorf("%.40q: %q is not one short line", c.name, e.What)
		}
	}
	_, err := Lookup(tasks, "test")
	if show := fail.Show(err); !strings.Contains(show, `"go test", "npm test"`) {
		t.Errorf("an ambiguous name does not tell which:\n%s", show)
	}
	_, err = Lookup(tasks, "mkae lint")
	if show := fail.Show(err); !strings.Contains(show, `did you mean "make lint"`) || !strings.Contains(show, `"script/test"`) {
		t.Errorf("a misspelled name:\n%s", show)
	}
	if _, err = Lookup(nil, "x"); code(err) != fail.NotFound {
		t.Errorf("no tasks: %v", err)
	}
}

// TestMakeAgrees: targets that are found are those that make knows.
func TestMakeAgrees(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("make is no part of Windows")
	}
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make in PATH")
	}
	dir := project(t, `
-- Makefile --
V = a:b \
  c: d
W := x
include sub/more.mk
one two: three ; @echo $@: \
	not: a target
three:: ; @true
define lots
four:
endef
define other =
define inner
five:
endef
six:
endef
ifeq ($(W),x)
seven: CFLAGS = a:b
seven: ; @echo $(if $(W),a:b)
endif
eight: $(foreach x,a b,) \
  one
	@true \
nine:
	@true
ten&: ; @true
W != true
-- sub/more.mk --
eleven: # comment: here
	@true
`)
	tasks, _ := find(t, dir)
	var names []string
	for _, task := range tasks {
		names = append(names, strings.TrimPrefix(task.Name, "make "))
		cmd := exec.CommandContext(t.Context(), "make", append([]string{"-n", "-f", "Makefile"}, task.Argv[1:]...)...)
		cmd.Dir = filepath.Clean(dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("make does not know %s: %v\n%s", task.Name, err, out)
		}
	}
	want := []string{"eight", "eleven", "one", "seven", "ten", "three", "two"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
