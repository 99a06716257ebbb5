package workspace_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/sources/workspace"
	"cleat/internal/uri"
)

func TestReadRepositories(t *testing.T) {
	w := newTown(t)
	all, shop := w.all(t), w.shop(t)
	for _, c := range []struct {
		s             *workspace.Source
		address, want string // the text, or an error
	}{
		{shop, "order.go", "package shop\n\nfunc placeOrder() {}\n\nfunc cancelOrder() {}\n"},
		{shop, "repo://./v1/docs/guide.md", "# Guide\n\norder here\n"},
		{shop, "repo://shop/feature%2Fx/docs/guide.md", "# Guide\n\norder here\n"},
		{shop, "repo://mirrors%2Fshop/v1/docs/guide.md", "# Guide\n\norder here\n"},
		{all, "repo://tools/HEAD/sale.go", "package kiosk\n\nfunc order() {}\n"},
		{all, "text://" + w.dir + "/src/kiosk/sale.go", "package kiosk\n\nfunc order() {}\n"},
		{shop, "text://" + w.dir + "/src/kiosk/sale.go", "package kiosk\n\nfunc order() {}\n"},
		{shop, "text://" + w.dir + "/src/plain/order.txt", "denied: \"" + w.dir + "/src/plain/order.txt\" is outside the root folder"},
		{all, "text://" + w.dir + "/outside/secret.txt", "denied: \"" + w.dir + "/outside/secret.txt\" is outside the root folder"},
		{all, "text://" + w.dir + "/src/kiosk/../plain/order.txt", "denied: "},
		{all, "text:///etc/passwd", "denied: \"/etc/passwd\" is outside the root folder"},
		{all, "order.go", "not_found: the path \"order.go\" is relative, and this source has no folder of its own\nnext: write repo://NAME/REF/path, with one of the repositories that find or completion names, such as \"kiosk\"\nretry: no"},
		{all, "repo://./main/sale.go", "not_found: this source has no repository of its own"},
		{all, "repo://kiosk/main/../../shop/order.go", "denied: "},
		{all, "repo://kiosk/main/sele.go", "not_found: no \"sele.go\" at "},
		{all, "repo://tools/main/x/sale.go", "not_found: no \"x/sale.go\" at "},
		{all, "text://" + w.dir + "/src/kiosk/sele.go", "not_found: no file \"sele.go\"\nfiles of a name like it: \"" + w.dir + "/src/kiosk/sale.go\"\nnext: read one of those\nretry: no"},
	} {
		u, err := uri.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if doc, err := c.s.Open(t.Context(), u); err != nil {
			got = fail.Show(err)
		} else {
			data, err := io.ReadAll(doc.Body)
			if err != nil || doc.Body.Close() != nil {
				t.Error(err)
			}
			if got = string(data); !c.s.Owns(u) {
				t.Errorf("%s is read and not owned", c.address)
			}
		}
		if !strings.HasPrefix(got, c.want) || c.want == "" {
			t.Errorf("%s:\n got %s\nwant %s", c.address, got, c.want)
		}
	}
	u, err := uri.Parse("repo://tools/main/x/sale.go")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all.Open(t.Context(), u); !strings.Contains(fail.Show(err), "files of that name: \"repo://tools/main/sale.go\"") {
		t.Errorf("the nearest are not named: %s", fail.Show(err))
	}
}

func TestAddresses(t *testing.T) {
	w := newTown(t)
	all, shop := w.all(t), w.shop(t)
	for _, c := range []struct {
		s          *workspace.Source
		repo, want string
	}{
		{shop, "", "text://a%20b.go"}, {shop, "shop", "text://a%20b.go"}, {shop, "kiosk", "text://" + w.dir + "/src/kiosk/a%20b.go"},
		{shop, "mirrors/shop", "repo://mirrors%2Fshop/HEAD/a%20b.go"}, {all, "src/shop", "text://" + w.dir + "/src/shop/a%20b.go"}, {all, "tools", "repo://tools/HEAD/a%20b.go"},
	} {
		if got := c.s.Address(c.repo, "a b.go").String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.repo, got, c.want)
		}
	}
	for _, c := range []struct {
		s                   *workspace.Source
		address, name, path string
		owned               bool
	}{
		{shop, "a/../order.go", "text://order.go", "order.go", true},
		{shop, "text://" + w.dir + "/src/shop/order.go", "text://order.go", "order.go", true},
		{shop, "json://" + w.dir + "/src/kiosk/a.json", "json://" + w.dir + "/src/kiosk/a.json", "a.json", true},
		{shop, "repo://shop/main/./a.go", "repo://./main/a.go", "a.go", true},
		{shop, "repo://./main/a.go", "repo://./main/a.go", "a.go", true},
		{shop, "repo://mirrors%2fshop/main/a.go", "repo://mirrors%2Fshop/main/a.go", "a.go", true},
		{shop, "diff://shop/main..feature/x", "diff://./main..feature%2Fx", "main..feature/x", true},
		{all, "repo://./main/a.go", "", "", false},
		{all, "repo://nowhere/main/a.go", "", "", false},
		{all, "text://" + w.dir + "/src/plain/a", "", "", false},
		{all, "order.go", "", "", false},
	} {
		u, err := uri.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		name, path, ok := c.s.Names(u)
		if owned := c.s.Owns(u); owned != c.owned || ok != (c.name != "") || ok && (name.String() != c.name || path != c.path) {
			t.Errorf("%s: %s, %q, %v; owned %v", c.address, name, path, ok, owned)
		}
	}
}

func TestCompleteRepositories(t *testing.T) {
	w := newTown(t)
	all, shop := w.all(t), w.shop(t)
	for _, c := range []struct {
		s            *workspace.Source
		name, prefix string
		set          map[string]string
		want         string
	}{
		{shop, "repo", "", nil, ". shop kiosk mirrors/shop tools"},
		{all, "repo", "", nil, "kiosk mirrors/shop src/shop tools"},
		{all, "repo", "m", nil, "mirrors/shop"},
		{shop, "ref", "", nil, "feature/x main v1"},
		{all, "ref", "", map[string]string{"repo": "tools"}, "main"},
		{all, "ref", "f", map[string]string{"repo": "mirrors/shop"}, "feature/x"},
		{all, "path", "", map[string]string{"repo": "mirrors/shop", "ref": "v1"}, ".env closed/ docs/ order.go"},
		{all, "path", "docs/", map[string]string{"repo": "mirrors/shop"}, "docs/guide.md"},
	} {
		got, total, err := c.s.Complete(t.Context(), "repo", c.name, c.prefix, c.set)
		if err != nil || total != len(got) || strings.Join(got, " ") != c.want {
			t.Errorf("%s %q of %v: %q of %d, %v", c.name, c.prefix, c.set, got, total, err)
		}
	}
	if got, _, err := all.Complete(t.Context(), "text", "path", "", nil); err != nil || len(got) > 0 {
		t.Errorf("relative paths of no folder: %q, %v", got, err)
	}
	if _, _, err := all.Complete(t.Context(), "repo", "ref", "", map[string]string{"repo": "nowhere"}); fail.From(err).Code != fail.NotFound {
		t.Errorf("refs of nothing: %v", err)
	}
}

func TestFindInRepositories(t *testing.T) {
	w := newTown(t)
	for s, want := range map[*workspace.Source]string{
		w.all(t):  "repo://tools/HEAD/sale.go text://" + w.dir + "/src/kiosk/sale.go",
		w.shop(t): "repo://tools/HEAD/sale.go text://" + w.dir + "/src/kiosk/sale.go",
	} {
		items, err := s.Find(t.Context(), "sale", 10)
		var got []string
		for _, it := range items {
			got = append(got, it.URI)
		}
		slices.Sort(got)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	items, err := w.shop(t).Find(t.Context(), "order.go", 1)
	if err != nil || len(items) != 1 || items[0].URI != "text://order.go" {
		t.Errorf("the own folder does not come first: %+v, %v", items, err)
	}
	v, err := w.all(t).Overview(t.Context())
	if err != nil || v.Name != "4 repositories" || strings.Join(v.Entries, " ") != "kiosk mirrors/shop src/shop tools" {
		t.Errorf("%+v, %v", v, err)
	}
	if items, err := w.all(t).Recent(t.Context(), 5); err != nil || len(items) > 0 {
		t.Errorf("recent: %v, %v", items, err)
	}
}
