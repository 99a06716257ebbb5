package registry_test

import (
	"context"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/self"
	"cleat/internal/uri"

	repo "cleat/resources/repo"
	text "cleat/resources/text"
)

func TestNewPanics(t *testing.T) {
	var got input
	for name, f := range map[string]func(){
		"a name twice":   func() { registry.New(seen(&got), seen(&got)) },
		"a scheme twice": func() { registry.New(text.Template, text.Template) },
		"no access": func() {
			registry.NewTool(systems.Self, registry.Tool{Name: "x", Title: "X", Description: "X."}, hold)
		},
		"a bad name": func() {
			registry.NewTool(systems.Self, registry.Tool{Name: "X-y", Title: "X", Description: "X.", Access: registry.Read}, hold)
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestAddresses(t *testing.T) {
	r := registry.New(text.Template, repo.Template)
	for _, c := range []struct{ uri, name, err string }{
		{"text://a/b.go#L1", "text", ""},
		{"text://", "text", `"text://" is no address of the form text://{+path}{#lines}`},
		{"text://a?x=1", "text", `"text://a?x=1" is no address of the form text://{+path}{#lines}`},
		{"repo://./main/a.go", "repo", ""},
		{"repo://./main", "repo", `"repo://./main" is no address of the form repo://{repo}/{ref}/{+path}`},
		{"repo://./main/a.go#L1", "repo", `"repo://./main/a.go#L1" is no address of the form repo://{repo}/{ref}/{+path}`},
		{"repo:////a.go", "repo", `"repo:////a.go" is no address of the form repo://{repo}/{ref}/{+path}`},
		{"nothing://a", "", ""},
	} {
		u, err := uri.Parse(c.uri)
		if err != nil {
			t.Fatal(err)
		}
		e, ok := r.Template(u)
		if ok != (c.name != "") || ok && e.Name != c.name {
			t.Errorf("%s belongs to %+v", c.uri, e)
			continue
		}
		if !ok {
			continue
		}
		_, err = e.PrepareURI(set(), u)
		// Without a source of documents, a good address ends at its routing.
		if c.err == "" && fail.From(err).Code != fail.NotFound {
			t.Errorf("%s: %v", c.uri, err)
		}
		if c.err != "" && fail.From(err).What != c.err {
			t.Errorf("%s: %v, want %q", c.uri, err, c.err)
		}
	}
}

func hold(context.Context, self.Reporter, struct{}) (*self.Report, error) { return nil, nil }
