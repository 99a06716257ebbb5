package checkout

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/report"
)

// disk is a checkout on disk.
type disk string

func (d disk) Dir() string { return string(d) }

func (d disk) Paths(context.Context) ([]string, error) {
	var list []string
	err := fs.WalkDir(os.DirFS(string(d)), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	})
	return list, err
}

func (d disk) Read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(d), filepath.FromSlash(path)))
}

// What go test and go vet really say of a project of two modules is found in its checkout.
func TestRealGo(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go here:", err)
	}
	dir := t.TempDir()
	for path, content := range map[string]string{
		"shop/go.mod":              "module example.com/shop\n\ngo 1.26\n",
		"shop/cart/cart_test.go":   "package cart\n\nimport (\n\t\"testing\"\n\n\t\"example.com/shop/must\"\n)\n\nfunc TestCart(t *testing.T) { t.Error(\"got 1\") }\n\nfunc TestMust(t *testing.T) { must.Fail(t) }\n",
		"shop/must/must.go":        "package must\n\nimport \"testing\"\n\nfunc Fail(t *testing.T) { t.Error(\"got 2\") }\n",
		"shop/pay/x_test.go":       "package pay_test\n\nimport \"testing\"\n\nfunc TestPay(t *testing.T) {\n\tt.Run(\"sub\", func(t *testing.T) { t.Error(\"got 3\") })\n}\n",
		"shop/bad/bad.go":          "package bad\n\nvar X int = nothing\n",
		"shop/panics/x_test.go":    "package panics\n\nimport \"testing\"\n\nfunc TestPanic(t *testing.T) {\n\tvar m map[int]int\n\tm[1] = 2\n}\n",
		"tools/go.mod":             "module example.com/shop/tools\n\ngo 1.26\n",
		"tools/cart/cart_test.go":  "package cart\n\nimport \"testing\"\n\nfunc TestTools(t *testing.T) { t.Error(\"got 4\") }\n",
		"tools/pay/x_test.go":      "package pay\n",
		"elsewhere/cart/x_test.go": "package cart\n",
	} {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := newMap(t, disk(dir))
	want := []string{"shop/bad/bad.go", "shop/cart/cart_test.go", "shop/must/must.go", "shop/panics/x_test.go", "shop/pay/x_test.go", "tools/cart/cart_test.go"}
	for _, tt := range []struct {
		args, want []string
	}{
		{[]string{"test", "./..."}, want},
		{[]string{"test", "-json", "./..."}, want},
		{[]string{"test", "-trimpath", "-v", "./cart"}, []string{"shop/cart/cart_test.go", "shop/must/must.go", "tools/cart/cart_test.go"}},
		{[]string{"vet", "./..."}, []string{"shop/bad/bad.go"}},
	} {
		got := map[string]bool{}
		for _, module := range []string{"shop", "tools"} {
			cmd := exec.CommandContext(t.Context(), tool, tt.args...)
			cmd.Dir = filepath.Join(dir, module)
			cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOTOOLCHAIN=local")
			out, _ := cmd.CombinedOutput() // it fails; if not as it should, no failures are found
			p := report.NewParser()
			for i, line := range slices.Collect(bytes.Lines(out)) {
				p.Line(i+1, bytes.TrimRight(line, "\n"))
			}
			for _, f := range p.Report().Failures {
				file, line, ok := m.Place(f)
				if !ok || line == 0 {
					t.Errorf("go %q: Place(%+v) = %q, %d, %t", tt.args, f, file, line, ok)
				}
				got[file] = true
			}
		}
		if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(got))); diff != "" {
			t.Errorf("go %q: files (-want +got):\n%s", tt.args, diff)
		}
	}
}
