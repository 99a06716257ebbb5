package lookup

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleat/internal/symbols/symcache"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// goSources opens the sources of Go itself.
func goSources(tb testing.TB) *tree.Root {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		tb.Skipf("no go command: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "src")
	if _, err := os.Stat(filepath.Join(dir, "fmt")); err != nil {
		tb.Skipf("Go has no sources here: %v", err)
	}
	root, err := tree.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { root.Close() })
	return root
}

func blobID(b []byte) string {
	sum := sha1.Sum(b)
	return hex.EncodeToString(sum[:])
}

func newCache(tb testing.TB) *symcache.Cache {
	tb.Helper()
	root, err := os.OpenRoot(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	c := symcache.New(func() (*os.Root, error) { return root, nil }, time.Now)
	tb.Cleanup(func() {
		c.Close()
		root.Close()
	})
	return c
}

func benchQueries() []struct{ name, pattern string } {
	return []struct{ name, pattern string }{
		{"rare", "interhash"}, {"New", "New"}, {"String", "String"}, {"get", "get"}, {"Get", "Get"},
		{"qualified", "strings.Builder.Grow"}, {"similar", "parseRequestUri"}, {"similar in most files", "erro"}, {"glob", "New*Reader"},
	}
}

// BenchmarkLookup looks names up in the sources of Go, some ten thousand files, with an
// empty cache and with a full one.
func BenchmarkLookup(b *testing.B) {
	root := goSources(b)
	run := func(b *testing.B, find func(context.Context, tree.Files, code.Query, Options) (*code.Result, error), pattern string, o Options) {
		res, err := find(b.Context(), root, code.Query{Pattern: pattern}, o)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(res.Stats.Files), "files")
		b.ReportMetric(float64(res.Matches), "matches")
	}
	for _, q := range benchQueries() {
		b.Run("symbols/"+q.name+"/cold", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				o := Options{Cache: newCache(b), HashBlob: blobID}
				b.StartTimer()
				run(b, Symbols, q.pattern, o)
			}
		})
		b.Run("symbols/"+q.name+"/warm", func(b *testing.B) {
			o := Options{Cache: newCache(b), HashBlob: blobID}
			run(b, Symbols, q.pattern, o)
			for b.Loop() {
				run(b, Symbols, q.pattern, o)
			}
		})
		if q.name == "glob" {
			continue
		}
		b.Run("refs/"+q.name+"/cold", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				o := Options{Cache: newCache(b), HashBlob: blobID}
				b.StartTimer()
				run(b, Refs, q.pattern, o)
			}
		})
	}
}
