package symbols

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the files of testdata anew")

// TestScan reads the sources in testdata, one file for each language, and compares the
// definitions in them with those that are written there.
func TestScan(t *testing.T) {
	for _, lang := range Languages() {
		t.Run(lang, func(t *testing.T) {
			path := filepath.Join("testdata", lang+".txtar")
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := show(Scan(lang, archive.Files[0].Data))
			if *update {
				archive.Files = append(archive.Files[:1], txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(archive.Files) != 2 {
				t.Fatalf("%s has %d files, want source and want", path, len(archive.Files))
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func show(symbols []Symbol) string {
	var b strings.Builder
	for _, s := range symbols {
		fmt.Fprintf(&b, "%d-%d %s %s | %s\n", s.Line, s.EndLine, s.Kind, strings.TrimPrefix(s.Container+"/"+s.Name, "/"), s.Signature)
	}
	return b.String()
}

// TestScanWindows reads the same sources with CRLF line ends and a byte order mark.
func TestScanWindows(t *testing.T) {
	for _, lang := range Languages() {
		t.Run(lang, func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join("testdata", lang+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			src := string(archive.Files[0].Data)
			want := show(Scan(lang, []byte(src)))
			got := show(Scan(lang, []byte("\ufeff"+strings.ReplaceAll(src, "\n", "\r\n"))))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-LF +CRLF):\n%s", diff)
			}
		})
	}
}

func TestLanguages(t *testing.T) {
	if langs := Languages(); !slices.IsSorted(langs) || len(langs) != 19 {
		t.Errorf("Languages() = %v, want 19 sorted names", langs)
	}
	if Known("cobol") || !Known("go") {
		t.Error("Known is wrong about cobol or go")
	}
	if got := Scan("cobol", []byte("PROGRAM-ID. X.")); got != nil {
		t.Errorf("Scan of an unknown language = %v, want nil", got)
	}
}
