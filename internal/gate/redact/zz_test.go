package redact

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	root := os.Getenv("ROOT")
	if root == "" {
		t.Skip()
	}
	r := New([]byte("k"))
	total := 0
	n := 0
	var d time.Duration
	filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if i, _ := e.Info(); i.Size() > 8<<20 || !i.Mode().IsRegular() {
			return nil
		}
		b, _ := os.ReadFile(p)
		s := string(b)
		total += len(s)
		if strings.IndexByte(s[:min(len(s), 1000)], 0) >= 0 {
			return nil
		}
		t0 := time.Now()
		f := r.find("", s)
		d += time.Since(t0)
		for _, x := range f {
			n++
			a := max(0, x.start-60)
			b := min(len(s), x.end+10)
			v := s[a:x.start] + "⟦" + s[x.start:min(x.end, x.start+90)] + "⟧"
			_ = b
			fmt.Printf("%s %s:%d %q\n", x.kind, strings.TrimPrefix(p, root), 1+strings.Count(s[:x.start], "\n"), v)
		}
		return nil
	})
	fmt.Printf("TOTAL %d in %d bytes, %v\n", n, total, d)
}
