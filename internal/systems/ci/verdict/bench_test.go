package verdict

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// BenchmarkJudge judges 100 failures by a history that is full: cold as a process that
// begins, and warm as one that has read it.
func BenchmarkJudge(b *testing.B) {
	root, err := os.OpenRoot(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	open := func() *History { return Open(func() (*os.Root, error) { return root, nil }, now) }
	var list []Result
	for i := range MaxResults {
		r := Result{Source: "gh", Task: "ci", Branch: "main", Commit: fmt.Sprintf("%040x", i), Run: fmt.Sprint(i), At: start().Add(time.Duration(i) * time.Second), Whole: true}
		for k := range 100 {
			r.Prints = append(r.Prints, fmt.Sprintf("%012x", i%7+k))
		}
		list = append(list, r)
	}
	h := open()
	if err := h.Record(b.Context(), list...); err != nil {
		b.Fatal(err)
	}
	q := Question{Source: "gh", Task: "ci", Branch: "feat", Base: "main", Run: "this"}
	prints := list[0].Prints
	for name, history := range map[string]func() *History{"cold": open, "warm": func() *History { return h }} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := history().Judge(b.Context(), q, prints); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
