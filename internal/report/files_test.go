package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestJUnitFiles reads what tools themselves wrote.
func TestJUnitFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatal("no reports", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := JUnit(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, file+".want", show(r))
		})
	}
}

// TestSARIFFiles reads what tools themselves wrote, without the rules that nothing broke.
func TestSARIFFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sarif")
	if err != nil || len(files) == 0 {
		t.Fatal("no reports", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := SARIF(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, file+".want", show(r))
		})
	}
}

func TestJUnit(t *testing.T) {
	const xml = `<?xml version="1.0" encoding="ISO-8859-1"?>
<testsuites><testsuite name="com.acme.FooTest" tests="4">
<testcase name="adds" classname="com.acme.FooTest"><failure message="expected: &lt;3&gt; but was: &lt;2&gt;" type="org.opentest4j.AssertionFailedError">org.opentest4j.AssertionFailedError: expected
	at org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)
	at com.acme.FooTest.adds(FooTest.java:12)
</failure><system-out>error: not this</system-out></testcase>
<testcase name="throws"><error type="java.io.IOException"/></testcase>
<testcase name="later"><skipped/></testcase>
<testcase name="` + "caf\xe9" + `"/>
<testcase name="flaky"><failure message="once"/></testcase>
<testcase name="flaky"/>
</testsuite></testsuites>`
	r, err := JUnit(strings.NewReader(xml))
	if err != nil {
		t.Fatal(err)
	}
	const want = `passed 2, failed 2, skipped 1, more 0

0: test junit "adds" in "com.acme.FooTest" at FooTest.java:12:0
	expected: <3> but was: <2>

0: test junit "throws" in "com.acme.FooTest"
	java.io.IOException
`
	if diff := cmp.Diff(want, show(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// endless writes the same bytes for ever.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	if n == 0 {
		n = copy(p, e)
	}
	return n, nil
}

func TestHostileFiles(t *testing.T) {
	for name, xml := range map[string]string{
		"entities":     `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>`,
		"external":     `<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>`,
		"not declared": `<testsuite><testcase name="&b;"/></testsuite>`,
		"deep":         "<testsuite>" + strings.Repeat("<a>", 1000) + strings.Repeat("</a>", 1000) + "</testsuite>",
		"ends early":   `<testsuite><testcase name="a">`,
		"crossed":      `<testsuite><testcase></testsuite></testcase>`,
		"other":        `<html></html>`,
		"empty":        ``,
		"encoding":     `<?xml version="1.0" encoding="utf-7"?><testsuite/>`,
	} {
		if r, err := JUnit(strings.NewReader(xml)); err == nil {
			t.Errorf("%s: %+v, want an error", name, r)
		}
	}
	if _, err := JUnit(endless("<testsuite></testsuite>\n")); !errors.Is(err, errTooLarge) {
		t.Errorf("endless: %v, want %v", err, errTooLarge)
	}
	if _, err := SARIF(endless("          ")); !errors.Is(err, errTooLarge) {
		t.Errorf("endless: %v, want %v", err, errTooLarge)
	}
	for _, s := range []string{"", "{}", "[]", `{"runs":3}`, strings.Repeat(`{"runs":[`, 100_000)} {
		if r, err := SARIF(strings.NewReader(s)); err == nil {
			t.Errorf("%.20q: %+v, want an error", s, r)
		}
	}
}

func TestSARIF(t *testing.T) {
	const sarif = `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"CodeQL"}},"results":[
{"ruleId":"go/x","level":"error","message":{"text":"bad"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a%20b/x.go"},"region":{"startLine":3,"startColumn":5}}}]},
{"ruleId":"note","level":"note","message":{"text":"n"}},
{"ruleId":"passed","kind":"pass","message":{"text":"n"}},
{"ruleId":"hushed","message":{"text":"n"},"suppressions":[{"kind":"inSource"}]},
{"ruleId":"plain","message":{"text":"no place"}}]}]}`
	r, err := SARIF(strings.NewReader("\ufeff" + sarif))
	if err != nil {
		t.Fatal(err)
	}
	const want = `passed 0, failed 0, skipped 0, more 0

0: finding codeql "go/x" at a b/x.go:3:5
	bad

0: finding codeql "plain"
	no place
`
	if diff := cmp.Diff(want, show(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte(`<testsuite name="a"><testcase name="b"><failure message="c">at x (y.js:1:2)</failure></testcase></testsuite>`))
	f.Add([]byte(`{"runs":[{"results":[{"message":{"text":"x"}}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := JUnit(bytes.NewReader(data)); err == nil {
			check(t, r, 0)
		}
		if r, err := SARIF(bytes.NewReader(data)); err == nil {
			check(t, r, 0)
		}
	})
}
