package scan

import "testing"

// BenchmarkSearch is for profiles: the searches of rgCases without rg.
func BenchmarkSearch(b *testing.B) {
	root := goroot(b, ".")
	for _, c := range rgCases() {
		b.Run(c.name, func(b *testing.B) {
			q := c.q
			q.Limit = MaxLimit
			m, err := Compile(q)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := Run(b.Context(), root, m, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
