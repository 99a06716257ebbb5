package diff_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/diff"
)

// apply makes the new text of the old one and a unified diff, and is strict about it.
func apply(old, unified string) (string, error) {
	src := strings.SplitAfter(old, "\n")
	if src[len(src)-1] == "" {
		src = src[:len(src)-1]
	}
	var out strings.Builder
	at := 0
	lines := strings.SplitAfter(unified, "\n")
	lines = lines[:len(lines)-1]
	for i := 0; i < len(lines); {
		var ol, on, nl, nn int
		head := strings.NewReplacer(",", " ").Replace(lines[i])
		if n, err := fmt.Sscanf(full(head), "@@ -%d %d +%d %d @@", &ol, &on, &nl, &nn); n != 4 {
			return "", fmt.Errorf("bad header %q: %v", lines[i], err)
		}
		i++
		if on > 0 {
			ol--
		}
		for ; at < ol; at++ {
			out.WriteString(src[at])
		}
		for on > 0 || nn > 0 {
			l := lines[i][1:]
			mark := lines[i][0]
			i++
			if i < len(lines) && lines[i] == diff.NoNewline+"\n" {
				l = strings.TrimSuffix(l, "\n")
				i++
			}
			if mark != '+' {
				if at >= len(src) || src[at] != l {
					return "", fmt.Errorf("line %d of the old text is not %q", at+1, l)
				}
				at++
				on--
			}
			if mark != '-' {
				out.WriteString(l)
				nn--
			}
		}
		if on != 0 || nn != 0 {
			return "", errors.New("the counts of a header are wrong")
		}
	}
	for ; at < len(src); at++ {
		out.WriteString(src[at])
	}
	return out.String(), nil
}

// full gives a header of the form "@@ -1 +1 2 @@" all its numbers.
func full(head string) string {
	f := strings.Fields(head)
	var out []string
	for i, s := range f {
		out = append(out, s)
		if (strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+")) && (i+1 == len(f) || !digits(f[i+1])) {
			out = append(out, "1")
		}
	}
	return strings.Join(out, " ")
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

func check(t *testing.T, old, new string, context int) *diff.Diff {
	t.Helper()
	d, err := diff.Compare([]byte(old), []byte(new))
	if err != nil {
		t.Fatal(err)
	}
	u := d.Unified(context, nil)
	got, err := apply(old, u)
	if err != nil {
		t.Fatalf("%v\nold %q\nnew %q\n%s", err, clip(old), clip(new), clip(u))
	}
	if got != new {
		t.Fatalf("applied, it is %q, want %q\n%s", clip(got), clip(new), clip(u))
	}
	if (old == new) != (len(d.Edits) == 0) {
		t.Errorf("%d edits", len(d.Edits))
	}
	minus, plus := 0, 0
	for _, e := range d.Edits {
		minus += e.OldEnd - e.Old
		plus += e.NewEnd - e.New
	}
	if minus != d.Deleted || plus != d.Added {
		t.Errorf("%d deleted and %d added are %d and %d", d.Deleted, d.Added, minus, plus)
	}
	return d
}

func clip(s string) string { return s[:min(len(s), 2000)] }

func TestUnified(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"same", "a\nb\n", "a\nb\n", ""},
		{"both empty", "", "", ""},
		{"all new", "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"all gone", "a\n", "", "@@ -1 +0,0 @@\n-a\n"},
		{"one line", "a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
		{"no end of line", "a\nb", "a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"},
		{"no end of line in either", "x\nb", "y\nb", "@@ -1,2 +1,2 @@\n-x\n+y\n b\n\\ No newline at end of file\n"},
		{"two hunks", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n",
			"@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+y\n"},
		{"joined", "1\n2\n3\n4\n5\n6\n7\n8\n", "x\n2\n3\n4\n5\n6\n7\ny\n",
			"@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n"},
		{"a function between two", "func a() {\n\tx()\n}\n\nfunc c() {\n\tx()\n}\n",
			"func a() {\n\tx()\n}\n\nfunc b() {\n\tx()\n}\n\nfunc c() {\n\tx()\n}\n",
			"@@ -2,6 +2,10 @@\n \tx()\n }\n \n+func b() {\n+\tx()\n+}\n+\n func c() {\n \tx()\n }\n"},
		{"a function at the end", "func a() {\n\tx()\n}\n", "func a() {\n\tx()\n}\n\nfunc b() {\n\tx()\n}\n",
			"@@ -1,3 +1,7 @@\n func a() {\n \tx()\n }\n+\n+func b() {\n+\tx()\n+}\n"},
		{"a method with its comment", "class A {\n  /**\n   * a\n   */\n  a() {}\n\n  /**\n   * c\n   */\n  c() {}\n}\n",
			"class A {\n  /**\n   * a\n   */\n  a() {}\n\n  /**\n   * b\n   */\n  b() {}\n\n  /**\n   * c\n   */\n  c() {}\n}\n",
			"@@ -4,6 +4,11 @@\n    */\n   a() {}\n \n+  /**\n+   * b\n+   */\n+  b() {}\n+\n   /**\n    * c\n    */\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := check(t, c.old, c.new, 3)
			if diff := cmp.Diff(c.want, d.Unified(3, nil)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHunks(t *testing.T) {
	old := "a\nb\nc\nd\ne\nf\n"
	new := "a\nB\nc\nd\ne\nF\n"
	d := check(t, old, new, 0)
	var asked []string
	hunks := d.Hunks(1, func(o, n int) string {
		asked = append(asked, fmt.Sprint(o, n))
		return "f" + strconv.Itoa(o)
	})
	if diff := cmp.Diff([]string{"2 2", "6 6"}, asked); diff != "" {
		t.Error(diff)
	}
	if len(hunks) != 2 || hunks[1].Header() != "@@ -5,2 +5,2 @@ f6" {
		t.Errorf("%+v", hunks)
	}
	for i := range hunks {
		if n, text := d.Size(&hunks[i]), d.Text(&hunks[i]); n != len(text) {
			t.Errorf("%d bytes were said of %q", n, text)
		}
	}
	if d.Kept() != 8 {
		t.Errorf("%d bytes kept", d.Kept())
	}
}

// TestProperty: whatever the texts, the diff makes the new of the old one.
func TestProperty(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		letters := 1 + r.IntN(6)
		text := func(n int) []string {
			lines := make([]string, n)
			for i := range lines {
				lines[i] = strings.Repeat(" ", r.IntN(3)) + string(rune('a'+r.IntN(letters))) + "\n"
			}
			return lines
		}
		a := text(r.IntN(60))
		b := text(r.IntN(60))
		if r.IntN(2) == 0 { // an edit of a
			b = append([]string{}, a...)
			for range r.IntN(5) {
				at := r.IntN(len(b) + 1)
				b = append(b[:at:at], append(text(r.IntN(4)), b[min(len(b), at+r.IntN(3)):]...)...)
			}
		}
		old, new := strings.Join(a, ""), strings.Join(b, "")
		if r.IntN(4) == 0 {
			old = strings.TrimSuffix(old, "\n")
		}
		d := check(t, old, new, r.IntN(4))
		if most := shortest(old, new); d.Added+d.Deleted != most {
			t.Fatalf("%d lines changed, %d would do:\n%q\n%q", d.Added+d.Deleted, most, old, new)
		}
	}
}

// shortest is the least number of changed lines, by the slow and simple way.
func shortest(old, new string) int {
	a, b := strings.SplitAfter(old, "\n"), strings.SplitAfter(new, "\n")
	a, b = trim(a), trim(b)
	row := make([]int, len(b)+1)
	for _, x := range a {
		diag := 0
		for j, y := range b {
			up := row[j+1]
			if x == y {
				row[j+1] = diag + 1
			} else {
				row[j+1] = max(row[j], up)
			}
			diag = up
		}
	}
	return len(a) + len(b) - 2*row[len(b)]
}

func trim(lines []string) []string {
	if n := len(lines); lines[n-1] == "" {
		return lines[:n-1]
	}
	return lines
}

// TestHostile: no text takes time out of proportion to its size.
func TestHostile(t *testing.T) {
	const n = 100_000
	r := rand.New(rand.NewPCG(3, 4))
	lines := func(f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i) + "\n")
		}
		return b.String()
	}
	random := func(k int) string { return lines(func(int) string { return strconv.Itoa(r.IntN(k)) }) }
	equal := strings.Repeat("x\n", n)
	for _, c := range []struct{ name, old, new string }{
		{"equal lines", equal, equal + "x\n"},
		{"equal lines, fewer", equal, equal[:n]},
		{"different lines", lines(strconv.Itoa), lines(func(i int) string { return strconv.Itoa(i + n) })},
		{"one long line", strings.Repeat("a", 16<<20), strings.Repeat("a", 16<<20-1) + "b"},
		{"random lines of two", random(2), random(2)},
		{"random lines of twenty", random(20), random(20)},
		{"random lines of many", random(n), random(n)},
		{"backwards", lines(strconv.Itoa), lines(func(i int) string { return strconv.Itoa(n - i) })},
		{"shifted", lines(func(i int) string { return strconv.Itoa(i % 7) }), lines(func(i int) string { return strconv.Itoa(i % 11) })},
		{"every other line", lines(func(i int) string { return strconv.Itoa(i % 2 * i) }), lines(func(i int) string { return strconv.Itoa((i + 1) % 2 * i) })},
		{"line feeds", strings.Repeat("\n", n), strings.Repeat("\n", n/2) + "x" + strings.Repeat("\n", n/2)},
		{"nothing and all", "", equal},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			d, err := diff.Compare([]byte(c.old), []byte(c.new))
			if err != nil {
				t.Fatal(err)
			}
			took := time.Since(began)
			if took > 20*time.Second { // a quadratic search takes minutes
				t.Errorf("took %s", took)
			}
			t.Logf("%d added, %d deleted in %s", d.Added, d.Deleted, took)
			got, err := apply(c.old, d.Unified(3, nil))
			if err != nil || got != c.new {
				t.Errorf("the diff does not make the new text of the old one: %v", err)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	many := bytes.Repeat([]byte("\n"), diff.MaxLines+1)
	if _, err := diff.Compare(many, nil); !errors.Is(err, diff.ErrTooLarge) {
		t.Error(err)
	}
	if _, err := diff.Compare(nil, many); !errors.Is(err, diff.ErrTooLarge) {
		t.Error(err)
	}
}

// FuzzCompare: the diff makes the new text of the old one, with any context.
func FuzzCompare(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nc\n", 3)
	f.Add("a", "a\n", 0)
	f.Add("x\nx\nx\ny\n", "x\ny\nx\nx\n", 1)
	f.Fuzz(func(t *testing.T, old, new string, context int) {
		check(t, old, new, context%10)
	})
}

func BenchmarkCompare(b *testing.B) {
	var old, new strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&old, "line %d of the file, number %d\n", i%900, i)
		if i%40 != 0 {
			fmt.Fprintf(&new, "line %d of the file, number %d\n", i%900, i)
		}
	}
	b.SetBytes(int64(old.Len()))
	for b.Loop() {
		if _, err := diff.Compare([]byte(old.String()), []byte(new.String())); err != nil {
			b.Fatal(err)
		}
	}
}
