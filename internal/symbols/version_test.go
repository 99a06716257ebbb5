package symbols

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestVersion pins Version to the results of the scanners: who changes them is told what
// it has to be.
func TestVersion(t *testing.T) {
	h := sha256.New()
	for _, lang := range Languages() {
		a, err := txtar.ParseFile(filepath.Join("testdata", lang+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range Scan(lang, a.Files[0].Data) {
			fmt.Fprintf(h, "%s %+v\n", lang, s)
		}
	}
	n, _, _ := strings.Cut(Version, "-")
	if want := fmt.Sprintf("%s-%x", n, h.Sum(nil)[:6]); Version != want {
		t.Errorf("the scanners find other symbols than before: Version must be %q, not %q", want, Version)
	}
}
