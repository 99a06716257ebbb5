package report

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLive runs the tools that are here on small projects with known failures, so that a
// version with another format shows.
func TestLive(t *testing.T) {
	const goTest = "package m\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) {\n\tt.Run(\"sub\", func(t *testing.T) { t.Error(\"got 1, want 2\") })\n}\n"
	goMod := map[string]string{"go.mod": "module example.com/m\n\ngo 1.21\n", "a_test.go": goTest}
	js := map[string]string{"a.test.js": "const test = require('node:test');\nconst assert = require('node:assert');\ntest('adds', () => { assert.strictEqual(1, 2); });\n"}
	maven := map[string]string{"pom.xml": `<project><modelVersion>4.0.0</modelVersion><groupId>p</groupId><artifactId>a</artifactId><version>1</version>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
<dependencies><dependency><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId><version>5.9.2</version><scope>test</scope></dependency></dependencies></project>`,
		"src/test/java/p/ATest.java": "package p;\nclass ATest {\n\t@org.junit.jupiter.api.Test\n\tvoid adds() { org.junit.jupiter.api.Assertions.assertEquals(3, 2); }\n}\n"}
	gradle := map[string]string{"build.gradle": "apply plugin: 'java'\ndependencies { testCompile files('/usr/share/java/junit4.jar', '/usr/share/java/hamcrest-core.jar') }\n",
		"src/test/java/p/ATest.java": "package p;\npublic class ATest {\n\t@org.junit.Test\n\tpublic void adds() { org.junit.Assert.assertEquals(3, 2); }\n}\n"}
	spec := map[string]string{"spec/a_spec.rb": "RSpec.describe \"A\" do\n  it \"adds\" do\n    expect(2).to eq(3)\n  end\nend\n"}
	php := map[string]string{"ATest.php": "<?php\nclass ATest extends PHPUnit\\Framework\\TestCase {\n  public function testAdds(): void { $this->assertSame(3, 2); }\n}\n"}
	const debian = "/usr/share/maven-repo" // where Debian's maven and gradle find what they need without a network
	tests := []struct {
		name  string
		files map[string]string
		argv  []string
		want  Failure  // what is set has to hold; a message is contained
		needs []string // files without which it cannot run
	}{
		{"go", goMod, []string{"go", "test", "./..."}, Failure{Kind: Test, Tool: "go", Name: "TestA/sub", Scope: "example.com/m", File: "a_test.go", Line: 6, Message: "got 1, want 2"}, nil},
		{"go -v", goMod, []string{"go", "test", "-v", "./..."}, Failure{Kind: Test, Tool: "go", Name: "TestA/sub", Scope: "example.com/m", File: "a_test.go", Line: 6, Message: "got 1, want 2"}, nil},
		{"go -json", goMod, []string{"go", "test", "-json", "./..."}, Failure{Kind: Test, Tool: "go", Name: "TestA/sub", Scope: "example.com/m", File: "a_test.go", Line: 6, Message: "got 1, want 2"}, nil},
		{"go build", map[string]string{"go.mod": goMod["go.mod"], "a.go": "package m\n\nvar x int = y\n"}, []string{"go", "build", "./..."}, Failure{Kind: Build, Tool: "go", Scope: "example.com/m", Line: 3, Column: 13, Message: "undefined: y"}, nil},
		{"node spec", js, []string{"node", "--test", "--test-reporter=spec", "a.test.js"}, Failure{Kind: Test, Tool: "node", Name: "adds", Line: 3, Message: "1 !== 2"}, nil},
		{"node tap", js, []string{"node", "--test", "--test-reporter=tap", "a.test.js"}, Failure{Kind: Test, Tool: "tap", Name: "adds", Line: 3, Message: "1 !== 2"}, nil},
		{"unittest", map[string]string{"test_a.py": "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(1, 2)\n"}, []string{"python3", "-m", "unittest"}, Failure{Kind: Test, Tool: "unittest", Name: "test_a", Scope: "test_a.T", Line: 4, Message: "AssertionError: 1 != 2"}, nil},
		{"pytest", map[string]string{"test_a.py": "def test_a():\n    assert 1 == 2\n"}, []string{"pytest"}, Failure{Kind: Test, Tool: "pytest", Name: "test_a.py::test_a", File: "test_a.py", Line: 2, Message: "assert 1 == 2"}, nil},
		{"rustc", map[string]string{"a.rs": "fn main() { y }\n"}, []string{"rustc", "a.rs"}, Failure{Kind: Build, Tool: "rustc", Name: "E0425", File: "a.rs", Line: 1, Column: 13, Message: "cannot find value `y`"}, nil},
		{"gcc", map[string]string{"a.c": "int main(void) { return y; }\n"}, []string{"gcc", "a.c"}, Failure{Kind: Build, Tool: "cc", File: "a.c", Line: 1, Column: 25, Message: "undeclared"}, nil},
		{"javac", map[string]string{"A.java": "class A { B b; }\n"}, []string{"javac", "A.java"}, Failure{Kind: Build, Tool: "javac", File: "A.java", Line: 1, Message: "cannot find symbol"}, nil},
		{"make", map[string]string{"Makefile": "x:\n\t@exit 3\n"}, []string{"make"}, Failure{Kind: Build, Tool: "make", Name: "x", File: "Makefile", Line: 2}, nil},
		{"prove", map[string]string{"a.t": "use Test::More tests => 1;\nis(1, 2, 'equals');\n"}, []string{"prove", "a.t"}, Failure{Kind: Test, Tool: "tap", Name: "equals", File: "a.t", Line: 2, Message: "got: '1'"}, nil},
		{"surefire", maven, []string{"mvn", "-B", "-o", "-Dmaven.repo.local=" + debian, "test"}, Failure{Kind: Test, Tool: "surefire", Name: "adds", Scope: "p.ATest", File: "ATest.java", Line: 4, Message: "expected: <3> but was: <2>"},
			[]string{debian + "/org/apache/maven/plugins/maven-surefire-plugin", debian + "/org/apache/maven/plugins/maven-compiler-plugin", debian + "/org/apache/maven/plugins/maven-resources-plugin", debian + "/org/junit/jupiter/junit-jupiter/5.9.2"}},
		{"gradle", gradle, []string{"gradle", "--offline", "--no-daemon", "-g", "home", "test"}, Failure{Kind: Test, Tool: "gradle", Name: "adds", Scope: "p.ATest", File: "ATest.java", Line: 4, Message: "java.lang.AssertionError"},
			[]string{"/usr/share/java/junit4.jar", "/usr/share/java/hamcrest-core.jar"}},
		{"rspec", spec, []string{"rspec"}, Failure{Kind: Test, Tool: "rspec", Name: "A adds", File: "./spec/a_spec.rb", Line: 3, Message: "expected: 3"}, nil},
		{"phpunit", php, []string{"phpunit", "ATest.php"}, Failure{Kind: Test, Tool: "phpunit", Name: "ATest::testAdds", Scope: "ATest", Line: 3, Message: "2 is identical to 3"}, nil},
		{"phpunit testdox", php, []string{"phpunit", "--testdox", "ATest.php"}, Failure{Kind: Test, Tool: "phpunit", Name: "Adds", Line: 3, Message: "2 is identical to 3"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			program, err := exec.LookPath(test.argv[0])
			if err != nil {
				t.Skipf("%s is not on this machine", test.argv[0])
			}
			for _, file := range test.needs {
				if _, err := os.Stat(file); err != nil {
					t.Skipf("%s lacks %s", test.argv[0], file)
				}
			}
			dir := t.TempDir()
			for name, text := range test.files {
				name = filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, test.argv[1:]...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "LC_ALL=C", "NO_COLOR=1", "GOFLAGS=", "GOWORK=off", "PYTHONDONTWRITEBYTECODE=1")
			log, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("%q passed:\n%s", test.argv, log)
			}
			r := parse(log)
			if len(r.Failures) != 1 {
				t.Fatalf("%d failures, want 1:\n%s\n%s", len(r.Failures), show(r), log)
			}
			got, want := r.Failures[0], test.want
			if got.Kind != want.Kind || got.Tool != want.Tool || want.Name != got.Name || want.Scope != "" && got.Scope != want.Scope ||
				want.File != "" && got.File != want.File || got.Line != want.Line || want.Column != 0 && got.Column != want.Column || !strings.Contains(got.Message, want.Message) {
				t.Errorf("got %+v\nwant %+v\n%s", got, want, log)
			}
		})
	}
}
