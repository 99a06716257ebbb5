package tree

import (
	"os/exec"
	"strings"
	"testing"
)

// BenchmarkWalk walks the Go distribution, some 15,000 files, with and without reading.
func BenchmarkWalk(b *testing.B) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		b.Skipf("no go command to ask for GOROOT: %v", err)
	}
	r, err := Open(strings.TrimSpace(string(out)))
	if err != nil {
		b.Skip(err)
	}
	defer r.Close()
	bufs := make([][]byte, MaxWorkers)
	for _, read := range []bool{false, true} {
		name := "names"
		if read {
			name = "contents"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				st, err := r.Walk(b.Context(), WalkOptions{}, func(id int, e *Entry) error {
					if !read {
						return nil
					}
					data, err := e.Read(bufs[id], 16<<20)
					if cap(data) > cap(bufs[id]) {
						bufs[id] = data
					}
					if err == ErrTooLarge || err == ErrBinary {
						return nil
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(st.Files), "files")
			}
		})
	}
}
