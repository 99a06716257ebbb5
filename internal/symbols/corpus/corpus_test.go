package corpus

import (
	"os"
	"path/filepath"
	"testing"
)

func TestModule(t *testing.T) {
	dir := Module(t, "github.com/google/go-cmp", "v0.7.0") // which the module needs anyway
	if _, err := os.Stat(filepath.Join(dir, "cmp", "compare.go")); err != nil {
		t.Error(err)
	}
}

func TestPackage(t *testing.T) {
	for range 2 { // fetched, then kept
		dir := Package(t, "isarray", "2.0.5")
		if _, err := os.Stat(filepath.Join(dir, "index.js")); err != nil {
			t.Error(err)
		}
	}
}

func TestUnknown(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	if dir, err := module(t.Context(), "example.com/none", "v1.0.0"); err == nil {
		t.Errorf("a module that does not exist is in %s", dir)
	}
}
