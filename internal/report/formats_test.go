package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFormats reads formats of tools, and of their versions, that the fixtures in testdata
// were not made with, prefixes and mixes. The samples of dotnet, MSBuild, Kotlin, Surefire 3,
// later Gradle and the linters are written after their documentation.
func TestFormats(t *testing.T) {
	tests := []struct {
		name, log, want string
	}{
		{"surefire", `[INFO] Running com.acme.FooTest
[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.031 s <<< FAILURE! -- in com.acme.FooTest
[ERROR] com.acme.FooTest.adds -- Time elapsed: 0.005 s <<< FAILURE!
org.opentest4j.AssertionFailedError: expected: <3> but was: <2>
	at org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)
	at com.acme.FooTest.adds(FooTest.java:12)
	at java.base/java.lang.reflect.Method.invoke(Method.java:568)

[INFO] Results:
[ERROR] Failures: 
[ERROR]   FooTest.adds:12 expected: <3> but was: <2>
[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0
[ERROR] Failed to execute goal org.apache.maven.plugins:maven-surefire-plugin:3.2.5:test (default-test) on project x: There are test failures.
`, `passed 1, failed 1, skipped 0, more 0

4: test surefire "adds" in "com.acme.FooTest" at FooTest.java:12:0
	org.opentest4j.AssertionFailedError: expected: <3> but was: <2>
`},
		{"maven compile", `[ERROR] COMPILATION ERROR : 
[ERROR] /src/main/java/p/A.java:[3,5] cannot find symbol
[ERROR]   symbol:   class B
[ERROR]   location: class p.A
`, `passed 0, failed 0, skipped 0, more 0

2: build javac at /src/main/java/p/A.java:3:5
	cannot find symbol
	symbol:   class B
	location: class p.A
`},
		{"gradle", `> Task :test FAILED

com.acme.FooTest > adds() FAILED
    org.opentest4j.AssertionFailedError: expected: <3> but was: <2>
        at app//com.acme.FooTest.adds(FooTest.java:12)

3 tests completed, 1 failed, 1 skipped
`, `passed 1, failed 1, skipped 1, more 0

4: test gradle "adds" in "com.acme.FooTest" at FooTest.java:12:0
	org.opentest4j.AssertionFailedError: expected: <3> but was: <2>
`},
		{"rspec", `Failures:

  1) Calculator adds
     Failure/Error: expect(sum).to eq(3)

       expected: 3
            got: 2

     # ./spec/calc_spec.rb:4:in ` + "`block'" + `

Finished in 0.01 seconds
3 examples, 1 failure, 1 pending

rspec ./spec/calc_spec.rb:3 # Calculator adds
`, `passed 1, failed 1, skipped 1, more 0

4: test rspec "Calculator adds" at ./spec/calc_spec.rb:4:0
	expect(sum).to eq(3)
	
	       expected: 3
	            got: 2
`},
		{"phpunit", `There was 1 failure:

1) App\FooTest::testAdds
Failed asserting that 2 matches expected 3.

/app/tests/FooTest.php:12

FAILURES!
Tests: 3, Assertions: 3, Failures: 1.
`, `passed 2, failed 1, skipped 0, more 0

4: test phpunit "App\\FooTest::testAdds" in "App\\FooTest" at /app/tests/FooTest.php:12:0
	Failed asserting that 2 matches expected 3.
`},
		{"dotnet", `  Failed Acme.CalcTests.Adds [12 ms]
  Error Message:
   Assert.Equal() Failure
Expected: 3
Actual:   2
  Stack Trace:
     at Acme.CalcTests.Adds() in /src/CalcTests.cs:line 12
Failed!  - Failed:     1, Passed:     2, Skipped:     0, Total:     3, Duration: 20 ms
`, `passed 2, failed 1, skipped 0, more 0

3: test dotnet "Acme.CalcTests.Adds" in "Acme.CalcTests" at /src/CalcTests.cs:12:0
	Assert.Equal() Failure
	Expected: 3
	Actual:   2
`},
		{"msbuild", "/src/A.cs(3,5): error CS0103: The name 'x' does not exist [/src/A.csproj]\n/src/A.cs(4,1): warning CS0168: unused [/src/A.csproj]\n", `passed 0, failed 0, skipped 0, more 0

1: build msbuild "CS0103" in "A.csproj" at /src/A.cs:3:5
	The name 'x' does not exist
`},
		{"kotlin", "e: file:///src/A.kt:3:5 Unresolved reference: x\n", `passed 0, failed 0, skipped 0, more 0

1: build kotlinc at file:///src/A.kt:3:5
	Unresolved reference: x
`},
		{"linters", "a.py:3:5: F401 [*] `os` imported but unused\nb.py:7: error: Incompatible types  [assignment]\nc.go:1:2: Error return value is not checked (errcheck)\nd.py:2:0: E0602: Undefined variable 'x' (undefined-variable)\n", "passed 0, failed 0, skipped 0, more 0\n" + `
1: finding ruff "F401" at a.py:3:5
	` + "`os` imported but unused" + `

2: finding mypy "assignment" at b.py:7:0
	Incompatible types

3: finding golangci-lint "errcheck" at c.go:1:2
	Error return value is not checked

4: finding pylint "undefined-variable" at d.py:2:0
	Undefined variable 'x'
`},
		{"tap of node-tap", "TAP version 14\nnot ok 1 - math # time=5ms\n  ---\n  at:\n    lineNumber: 4\n    file: t/math.js\n  message: should be equal\n  ...\nok 2 - x\nnot ok 3 - later # TODO\n1..3\n", `passed 1, failed 1, skipped 0, more 0

7: test tap "math" at t/math.js:4:0
	should be equal
`},
		{"docker", "#12 0.456 --- FAIL: TestA (0.00s)\n#9 1.0 other\n#12 0.457     a_test.go:3: got 1, want 2\n#9 1.1 error: nothing to see\n#12 0.458 FAIL\n#12 0.458 FAIL\tm/a\t0.003s\n", `passed 0, failed 1, skipped 0, more 0

3: test go "TestA" in "m/a" at a_test.go:3:0
	got 1, want 2
`},
		{"compose", "api-1  | --- FAIL: TestA (0.00s)\nweb-1  | FAIL src/x.test.js\nweb-1  |   ● adds\napi-1  |     a_test.go:3: got 1, want 2\nweb-1  | \nweb-1  |     expect(1).toBe(2)\napi-1  | FAIL\tm/a\t0.003s\nweb-1  |       at Object.x (src/x.test.js:3:5)\n", `passed 0, failed 1, skipped 0, more 0

4: test go "TestA" in "m/a" at a_test.go:3:0
	got 1, want 2

6: test jest "adds" in "src/x.test.js" at src/x.test.js:3:5
	expect(1).toBe(2)
`},
		{"testify", "--- FAIL: TestA (0.00s)\n    a_test.go:9: \n        \tError Trace:\t/home/x/a_test.go:9\n        \tError:      \tNot equal: \n        \t            \texpected: 1\n        \t            \tactual  : 2\n        \tTest:       \tTestA\n        \tMessages:   \tsum\nFAIL\nFAIL\tm/a\t0.1s\n", `passed 0, failed 1, skipped 0, more 0

2: test go "TestA" in "m/a" at a_test.go:9:0
	Error:      	Not equal:
	            	expected: 1
	            	actual  : 2
	Messages:   	sum
`},
		{"a retry that passes", "=== RUN   TestA\n    a_test.go:3: got 1, want 2\n--- FAIL: TestA (0.00s)\n=== RUN   TestB\n    a_test.go:7: want b\n--- FAIL: TestB (0.00s)\nFAIL\tm/a\t0.1s\n=== RUN   TestA\n--- PASS: TestA (0.00s)\nok  \tm/a\t0.1s\n", `passed 1, failed 1, skipped 0, more 0

5: test go "TestB" in "m/a" at a_test.go:7:0
	want b
`},
		{"told twice", "test_x.py::test_a FAILED [100%]\n===== FAILURES =====\n_____ test_a _____\n\n>   assert 1 == 2\nE   assert 1 == 2\n\ntest_x.py:3: AssertionError\n===== short test summary info =====\nFAILED test_x.py::test_a - assert 1 == 2\n===== 1 failed in 0.01s =====\nmake: *** [Makefile:3: test] Error 1\nerror: Process completed with exit code 2.\n", `passed 0, failed 1, skipped 0, more 0

6: test pytest "test_x.py::test_a" at test_x.py:3:0
	assert 1 == 2
`},
		{"an old rust panic", "---- tests::a stdout ----\nthread 'tests::a' panicked at 'boom', src/lib.rs:3:5\nnote: run with `RUST_BACKTRACE=1`\n\nfailures:\n", `passed 0, failed 0, skipped 0, more 0

2: test cargo "tests::a" at src/lib.rs:3:5
	boom
`},
		{"build failed alone", "FAIL\tm/a [setup failed]\n", `passed 0, failed 0, skipped 0, more 0

1: build go in "m/a"
	setup failed
`},
		{"the exit alone", "all is well\nerror: Process completed with exit code 1.\n", `passed 0, failed 0, skipped 0, more 0

2: line 
	error: Process completed with exit code 1.
`},
		{"only make", "checking\nmake[1]: *** [Makefile:7: x] Error 3\nerror: Process completed with exit code 2.\n", `passed 0, failed 0, skipped 0, more 0

2: build make "x" at Makefile:7:0
	make[1]: *** [Makefile:7: x] Error 3
`},
		{"unknown", "Compiled with 0 errors\nstep 1\nERROR: disk quota exceeded on /dev/sda\nerror: cannot push\nfatal: not a git repository\nerror: a fourth\n", `passed 0, failed 0, skipped 0, more 0

3: line 
	ERROR: disk quota exceeded on /dev/sda

4: line 
	error: cannot push

5: line 
	fatal: not a git repository
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, show(parse([]byte(test.log)))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestLooksWrong holds lines of logs against what they look like.
func TestLooksWrong(t *testing.T) {
	wrong := []string{
		"error: something", "Error: Cannot find module 'x'", "ERROR something broke", "fatal: bad object", "TypeError: x is not a function",
		"java.lang.IllegalStateException: no", "build failed", "FATAL: password authentication failed", "bash: foo: command not found",
		"cp: cannot stat 'x': No such file or directory", "Segmentation fault (core dumped)", "Killed", "denied: requested access to the resource is denied",
		"12 errors found", "failed to push some refs", "Step failed: upload", "npm ERR! code E404", "write: No space left on device", "[ERROR] it broke",
	}
	fine := []string{
		"0 errors", "error: 0", "errors: 0, warnings: 2", "--fail-on-error", "no errors found", "Found 0 errors in 3 files", "src/error.go", "src/errors/fatal.py",
		"Run go test -run TestError ./...", "+ grep error log", "downloading error-chain v1.2", "handles error handling", "test error_is_kept ... ok", "error-page.html copied",
		"on-error: continue", "finished without errors", "if failed then", "ok  \tm/errors\t0.1s", "error_log=/x", "--error=none", "warnings and errors: none", "[INFO] failed over is off",
		"[WARN] error rate is low", "ENABLE_ERROR=1", "https://example.com/error", "exits 0 on failure", "error=false",
	}
	look := func(s string) bool {
		l, _ := unprefix(1, s)
		return looksWrong(l)
	}
	for _, s := range wrong {
		if !look(s) {
			t.Errorf("%q is not seen", s)
		}
	}
	for _, s := range fine {
		if look(s) {
			t.Errorf("%q is taken for an error", s)
		}
	}
}

// TestBounds holds what is kept of logs that want to fill memory.
func TestBounds(t *testing.T) {
	p := NewParser()
	n := 0
	say := func(s string) {
		n++
		p.Line(n, []byte(s))
	}
	for i := range 1000 {
		say("x.c:" + digits(i+1) + ":1: error: number " + digits(i))
	}
	say("y.c:1:1: error: " + strings.Repeat("é", 40_000))
	for i := range 1000 {
		say("svc" + digits(i) + "  | === RUN   Test" + digits(i))
		say("svc" + digits(i) + "  |     x_test.go:1: " + strings.Repeat("z", 60_000))
	}
	r := p.Report()
	if len(r.Failures) != MaxFailures || r.More != 801 {
		t.Errorf("%d failures and %d more, want %d and 801", len(r.Failures), r.More, MaxFailures)
	}
	if got := p.Report(); got != r {
		t.Error("a second Report differs")
	}
	p.Line(n+1, []byte("x.c:1:1: error: late"))
	check(t, r, n)
}

// check holds the bounds of a report.
func check(t *testing.T, r *Report, lines int) {
	t.Helper()
	if len(r.Failures) > MaxFailures || r.More < 0 || r.Counts.Passed < 0 || r.Counts.Failed < 0 || r.Counts.Skipped < 0 {
		t.Errorf("%d failures, %d more, %+v", len(r.Failures), r.More, r.Counts)
	}
	last := 0
	for _, f := range r.Failures {
		if f.At < last || f.At > lines || lines > 0 && f.At == 0 {
			t.Errorf("At is %d after %d of %d lines: %+v", f.At, last, lines, f)
		}
		last = f.At
		if len(f.Message) > MaxMessage || len(f.Name) > maxField || len(f.Scope) > maxField || len(f.File) > maxField || f.Line < 0 || f.Column < 0 || f.Kind == "" {
			t.Errorf("out of bounds: %+v", f)
		}
	}
}

func FuzzParser(f *testing.F) {
	f.Add([]byte("--- FAIL: TestA (0.00s)\n    a_test.go:3: got\nFAIL\tm/a\t0.1s\n"))
	f.Add([]byte("panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\t/x/a.go:1 +0x1\nFAIL\n"))
	f.Add([]byte("=== FAILURES ===\n___ t ___\nE x\na.py:1: E\n=== short test summary info ===\nFAILED a.py::t - x\n"))
	f.Add([]byte("error[E1]: x\n --> a.rs:1:2\n  | ^ y\n\nnot ok 1 - a\n  ---\n  at:\n    line: 3\n  ...\n"))
	f.Add([]byte("FAIL a.js\n  ● x\n\n  at f (a.js:1:2)\n  1 failing\n  1) a\n  b:\n✖ failing tests:\ntest at a.js:1:2\n✖ x (1ms)\n"))
	f.Add([]byte(`{"Action":"output","Package":"p","Test":"T","Output":"--- FAIL: T (0.1s)\n"}` + "\nx | #1 1.1 [ERROR] a <<< FAILURE!\n"))
	f.Fuzz(func(t *testing.T, log []byte) {
		p := NewParser()
		n := 0
		for s := range strings.SplitSeq(string(log), "\n") {
			n++
			p.Line(n, []byte(s))
		}
		check(t, p.Report(), n)
	})
}

func BenchmarkParser(b *testing.B) {
	log := []byte(strings.Repeat("2026/01/02 03:04:05 worker 17: handled request GET /api/v1/items/4711 in 12ms status=200 bytes=5120\n    some indented output of a program: with, punctuation\n", 5000))
	b.SetBytes(int64(len(log)))
	for b.Loop() {
		if r := parse(log); len(r.Failures) != 0 {
			b.Fatal(show(r))
		}
	}
}
