package verdict

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/report"
)

// The same failures of two runs, and others that are like them.
func TestFingerprint(t *testing.T) {
	test := report.Failure{Kind: report.Test, Tool: "go", Name: "TestCart/sub", Scope: "example.com/shop/cart", Message: "got 3, want 4", File: "cart_test.go", Line: 12, At: 100}
	build := report.Failure{Kind: report.Build, Tool: "rustc", Name: "E0308", Message: "mismatched types", File: "src/lib.rs", Line: 3}
	line := func(message string) report.Failure { return report.Failure{Kind: report.Line, Message: message} }
	with := func(f report.Failure, change func(*report.Failure)) report.Failure {
		change(&f)
		return f
	}
	for _, tt := range []struct {
		name string
		a, b report.Failure
		same bool
	}{
		{"a test's message, place and file", test, with(test, func(f *report.Failure) { f.Message, f.File, f.Line, f.At, f.Column = "panic", "x.go", 1, 2, 3 }), true},
		{"another test", test, with(test, func(f *report.Failure) { f.Name = "TestCart/other" }), false},
		{"another package", test, with(test, func(f *report.Failure) { f.Scope = "example.com/shop" }), false},
		{"another tool", test, with(test, func(f *report.Failure) { f.Tool = "junit" }), false},
		{"numbers are part of a name", test, with(test, func(f *report.Failure) { f.Name = "TestCart/sub#01" }), false},
		{"name and scope run together", with(test, func(f *report.Failure) { f.Scope, f.Name = "ab", "c" }), with(test, func(f *report.Failure) { f.Scope, f.Name = "a", "bc" }), false},
		{"addresses in a name", with(test, func(f *report.Failure) { f.Name = "t[<obj at 0x7f12ab>]" }), with(test, func(f *report.Failure) { f.Name = "t[<obj at 0x7fFF00>]" }), true},
		{"UUIDs in a name", with(test, func(f *report.Failure) { f.Name = "t[0b9e2c1a-11aa-4bcd-8123-0123456789ab]" }), with(test, func(f *report.Failure) { f.Name = "t[aaaaaaaa-11aa-4bcd-8123-ffffffffffff]" }), true},
		{"a test without a name", with(test, func(f *report.Failure) { f.Name = "" }), with(test, func(f *report.Failure) { f.Name, f.Message = "", "other" }), false},

		{"the line of an error", build, with(build, func(f *report.Failure) { f.Line, f.Column, f.At = 90, 2, 1 }), true},
		{"another file", build, with(build, func(f *report.Failure) { f.File = "src/main.rs" }), false},
		{"another folder", build, with(build, func(f *report.Failure) { f.File = "web/lib.rs" }), false},
		{"another message of the same rule", build, with(build, func(f *report.Failure) { f.Message = "expected i32" }), false},
		{"another work folder", with(build, func(f *report.Failure) { f.File = "/var/lib/jenkins/workspace/shop@2/lib.rs" }), with(build, func(f *report.Failure) { f.File = "/var/lib/jenkins/workspace/shop/lib.rs" }), true},
		{"another machine", with(build, func(f *report.Failure) { f.File = "/home/runner/work/r/r/src/lib.rs" }), with(build, func(f *report.Failure) { f.File = `D:\a\r\r\src\lib.rs` }), true},
		{"a numbered folder", with(build, func(f *report.Failure) { f.File = "/srv/ci/17/lib.rs" }), with(build, func(f *report.Failure) { f.File = "/srv/ci/18/lib.rs" }), true},
		{"a temporary file", with(build, func(f *report.Failure) { f.File = "/tmp/go-build123/x1.go" }), with(build, func(f *report.Failure) { f.File = "/tmp/go-build99/x2.go" }), true},

		{"numbers", line("got 3, want 4.5"), line("got -17, want 1e9"), false}, // a sign is told
		{"numbers alone", line("got 3, want 4.5"), line("got 17, want 1e9"), true},
		{"words with digits", line("error E0308: int64"), line("error E0309: int64"), false},
		{"dates", line("at 2026-01-02T03:04:05.678Z it broke"), line("at 2026-11-12 13:14:15+02:00 it broke"), true},
		{"clock", line("03:04:05 ERROR x"), line("23:59:59.123 ERROR x"), true},
		{"durations", line("timed out after 1m30.5s"), line("timed out after 250ms"), true},
		{"hashes", line("commit 0a1b2c3d4e5f is bad"), line("commit 1234567 is bad"), true},
		{"words of a to f", line("the facade decade"), line("the decade facade"), false},
		{"ports", line("dial tcp 127.0.0.1:41234: refused"), line("dial tcp 127.0.0.1:39999: refused"), true},
		{"temporary paths", line("open /tmp/TestX123/001/a.txt: no such file"), line("open /tmp/TestX77/002/a.txt: no such file"), true},
		{"macOS's temporary paths", line("open /private/var/folders/ab/cd/T/x1/y: no"), line("open /private/var/folders/zz/yy/T/q/y2: no"), true},
		{"Windows' temporary paths", line(`open C:\Users\me\AppData\Local\Temp\x1\y: no`), line(`open C:\Users\you\AppData\Local\Temp\b\z: no`), true},
		{"numbers in paths", line("open /proc/123/fd/7: no"), line("open /proc/99/fd/12: no"), true},
		{"other paths", line("open /srv/a/config.yaml: no"), line("open /srv/a/secrets.yaml: no"), false},
		{"the same path elsewhere", line("open /srv/ci/1/conf/a.yaml: no"), line("open /home/x/conf/a.yaml: no"), true},
		{"spaces", line("  a\tb \n"), line("a b"), true},
		{"lines far down", line("a\nb\nc\nd"), line("a\n\nb\nc\ne"), true},
		{"other words", line("cannot open"), line("cannot close"), false},
		{"addresses", line("panic: nil at 0xc000012345"), line("panic: nil at 0x1"), true},
	} {
		a, b := Fingerprint(tt.a), Fingerprint(tt.b)
		if (a == b) != tt.same {
			t.Errorf("%s: %s and %s, from %q and %q", tt.name, a, b, steady(tt.a.Message), steady(tt.b.Message))
		}
	}
}

// A fingerprint is kept for months: it stays the same in other versions of cleat.
func TestFingerprintIsFixed(t *testing.T) {
	got := []string{
		Fingerprint(report.Failure{}),
		Fingerprint(report.Failure{Kind: report.Test, Tool: "go", Scope: "m/pkg", Name: "TestX"}),
		Fingerprint(report.Failure{Kind: report.Build, Tool: "gcc", File: "src/x.c", Line: 3, Message: "expected ';' before '}' token"}),
	}
	want := []string{"b0d3c966e3a5", "f03e08ff7c69", "9db1096d3561"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrints(t *testing.T) {
	test, finding := report.Failure{Kind: report.Test, Name: "a"}, report.Failure{Kind: report.Finding, Name: "b"}
	build, crash, line := report.Failure{Kind: report.Build}, report.Failure{Kind: report.Crash}, report.Failure{Kind: report.Line}
	for _, tt := range []struct {
		name     string
		failures []report.Failure
		more     int
		n        int
		whole    bool
	}{
		{"none", nil, 0, 0, false},
		{"tests", []report.Failure{test, finding}, 0, 2, true},
		{"twice", []report.Failure{test, finding, test}, 0, 2, true},
		{"too many", []report.Failure{test}, 1, 1, false},
		{"build", []report.Failure{test, build}, 0, 2, false},
		{"crash", []report.Failure{crash, test}, 0, 2, false},
		{"line", []report.Failure{line}, 0, 1, false},
	} {
		prints, whole := Prints(tt.failures, tt.more)
		if len(prints) != tt.n || whole != tt.whole {
			t.Errorf("%s: %q, %t", tt.name, prints, whole)
		}
	}
}

func FuzzFingerprint(f *testing.F) {
	f.Add("test", "TestX", "m/pkg", "x_test.go", "got 3\nwant 4")
	f.Add("line", "", "", `C:\a\b@2\c.c`, "/tmp/x/y 0x12 2026-01-02 deadbeef1 \xff")
	print := regexp.MustCompile(`^[0-9a-f]{12}$`)
	f.Fuzz(func(t *testing.T, kind, name, scope, file, message string) {
		a := report.Failure{Kind: report.Kind(kind), Name: name, Scope: scope, File: file, Message: message, Line: 1, At: 2}
		b := a
		b.Line, b.At, b.Column = 30, 40, 50
		b.Message = "  " + strings.ReplaceAll(message, " ", "  ")
		if p := Fingerprint(a); !print.MatchString(p) || p != Fingerprint(b) {
			t.Errorf("%q and %q", p, Fingerprint(b))
		}
		a.Message, b.Message = message+" 123 ", message+" 98765 "
		if Fingerprint(a) != Fingerprint(b) && kind != "test" {
			t.Errorf("numbers make a difference after %q: %q, %q", message, steady(a.Message), steady(b.Message))
		}
	})
}
