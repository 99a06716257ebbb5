package scan

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// goroot opens the tree that tests search: the Go distribution, where it is installed.
func goroot(t testing.TB, sub string) *tree.Root {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("no go command to ask for GOROOT: %v", err)
	}
	r, err := tree.Open(filepath.Join(strings.TrimSpace(string(out)), sub))
	if err != nil {
		t.Skipf("the Go distribution is not readable: %v", err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func ripgrep(t testing.TB) string {
	t.Helper()
	rg, err := exec.LookPath("rg")
	if err != nil {
		t.Skip("ripgrep (rg) is not installed")
	}
	return rg
}

// rgArgs are the arguments that make rg search what a query does.
func rgArgs(q code.Query, dir string) []string {
	args := []string{"-n", "--no-heading", "--with-filename", "--color=never", "--hidden", "-g", "!.git",
		"--no-messages", "--no-require-git", "--no-ignore-parent", "--null"}
	if q.Mode != code.Regex {
		args = append(args, "-F")
	}
	if q.Case == code.Ignore {
		args = append(args, "-i")
	}
	if q.Word {
		args = append(args, "-w")
	}
	return append(args, "-e", q.Pattern, dir)
}

type rgCase struct {
	name string
	q    code.Query
	in   string // a folder below src, where most lines of all would match
}

// rgCases are of all classes that are found in different ways.
func rgCases() []rgCase {
	lit := func(p string) code.Query { return code.Query{Pattern: p} }
	re := func(p string) code.Query { return code.Query{Pattern: p, Mode: code.Regex} }
	ci := func(q code.Query) code.Query { q.Case = code.Ignore; return q }
	word := func(q code.Query) code.Query { q.Word = true; return q }
	return []rgCase{
		{"literal-rare", lit("checkTimersNoP"), ""},
		{"literal-common", lit("return nil"), ""},
		{"literal-punct", lit(`fmt.Sprintf("%s/%s"`), ""},
		{"literal-2char", lit("=>"), ""},
		{"literal-1char", lit("@"), ""},
		{"literal-unicode", lit("日本"), ""},
		{"literal-absent", lit("zqxjkvbwpfh"), ""},
		{"literal-tab", lit("\treturn err"), ""},
		{"ignore-case", ci(lit("permission denied")), ""},
		{"ignore-case-k", ci(lit("kelvin")), ""},
		{"ignore-case-unicode", ci(lit("straße")), ""},
		{"word", word(lit("NewClient")), ""},
		{"word-part", word(lit("int")), "net"},
		{"word-punct", word(lit("-x")), ""},
		{"regex-method", re(`func \(.*\) ServeHTTP\(`), ""},
		{"regex-alternation", re(`(TODO|FIXME|XXX)\(\w+\)`), ""},
		{"regex-anchored", re(`^import \(`), ""},
		{"regex-end", re(`\) error \{$`), ""},
		{"regex-suffix", re(`[A-Z]\w+Handler\b`), ""},
		{"regex-class", re(`[Cc]onn(ect)?ion (reset|refused)`), ""},
		{"regex-ignore-case", ci(re(`select .* from \w+`)), ""},
		{"regex-word", word(re(`go[a-z]+`)), "net"},
		{"regex-no-literal", re(`\b[0-9a-f]{8}-[0-9a-f]{4}-`), ""},
		{"regex-no-literal-long", re(`[a-zA-Z]{40,}`), ""},
		{"regex-dot", re(`^..$`), "net"},
		{"regex-empty-lines", re(`^$`), "net"},
	}
}

var raceEnabled bool

// TestSameLinesAsRipgrep holds the engine against ripgrep over the standard library.
func TestSameLinesAsRipgrep(t *testing.T) {
	rg := ripgrep(t)
	for _, c := range rgCases() {
		t.Run(c.name, func(t *testing.T) {
			sub := filepath.Join("src", c.in)
			if raceEnabled { // every byte is a call then
				sub = filepath.Join("src", "net")
			}
			root := goroot(t, sub)
			if testing.Short() && c.q.Mode == code.Regex {
				t.Skip("regular expressions are left out with -short")
			}
			q := c.q
			q.Limit = MaxLimit
			m, err := Compile(q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for {
				res, err := Run(t.Context(), root, m, Options{})
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range res.Files {
					for _, l := range f.Lines {
						if l.Match {
							got = append(got, fmt.Sprintf("%s:%d", f.Path, l.Number))
						}
					}
				}
				if res.Cursor == "" {
					break
				}
				q.Cursor = res.Cursor
				if m, err = Compile(q); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(rg, rgArgs(q, ".")...)
			cmd.Dir = root.Dir()
			out, err := cmd.Output()
			if err != nil && cmd.ProcessState.ExitCode() != 1 {
				t.Fatalf("rg: %v", err)
			}
			var want []string
			for line := range bytes.SplitSeq(out, []byte{'\n'}) {
				path, rest, ok := bytes.Cut(line, []byte{0})
				number, _, ok2 := bytes.Cut(rest, []byte{':'})
				if ok && ok2 {
					want = append(want, strings.TrimPrefix(string(path), "./")+":"+string(number))
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("lines (-rg +got):\n%.2000s", d)
			}
		})
	}
}

// BenchmarkAgainstRipgrep runs rg and Run in turn over the Go distribution and reports
// the ratio of their medians (xrg), process start of rg included:
//
//	go test ./internal/scan -run - -bench AgainstRipgrep -benchtime 11x
func BenchmarkAgainstRipgrep(b *testing.B) {
	rg := ripgrep(b)
	root := goroot(b, ".")
	cases := slices.DeleteFunc(rgCases(), func(c rgCase) bool { return c.name == "regex-empty-lines" })
	for _, c := range cases {
		for _, limit := range []int{200, MaxLimit} {
			name := fmt.Sprintf("%s/limit=%d", c.name, limit)
			if limit == MaxLimit {
				name = c.name + "/all"
			}
			b.Run(name, func(b *testing.B) {
				q := c.q
				q.Limit = limit
				m, err := Compile(q)
				if err != nil {
					b.Fatal(err)
				}
				var theirs, ours []time.Duration
				for b.Loop() {
					begin := time.Now()
					cmd := exec.Command(rg, rgArgs(q, root.Dir())...)
					if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != 1 {
						b.Fatal(err)
					}
					theirs = append(theirs, time.Since(begin))
					begin = time.Now()
					if _, err := Run(b.Context(), root, m, Options{}); err != nil {
						b.Fatal(err)
					}
					ours = append(ours, time.Since(begin))
				}
				slices.Sort(theirs)
				slices.Sort(ours)
				o, r := ours[len(ours)/2], theirs[len(theirs)/2]
				b.ReportMetric(float64(o)/float64(r), "xrg")
				b.ReportMetric(float64(o.Microseconds())/1000, "ms")
				b.ReportMetric(float64(r.Microseconds())/1000, "rg-ms")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
