package issues

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

var (
	hub = Form{Title: "GitHub", Web: "https://github.com", Words: []string{"issues", "pull"}}
	lab = Form{Title: "GitLab", Web: "https://git.example.com/Lab", Nested: true, Words: []string{"-/issues", "-/work_items"}}
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		form Form
		in   string
		want Key // the zero one: it is no key
	}{
		{hub, "12", Key{Number: 12}},
		{hub, "#12", Key{Number: 12}},
		{hub, "acme/app#12", Key{Repo: "acme/app", Number: 12}},
		{hub, "a.b-c/_d.e#9999999999", Key{Repo: "a.b-c/_d.e", Number: 9999999999}},
		{hub, "https://github.com/acme/app/issues/12", Key{"acme/app", 12, true}},
		{hub, "https://github.com/acme/app/issues/12/", Key{"acme/app", 12, true}},
		{hub, "HTTPS://GitHub.com/acme/app/pull/12#issuecomment-3", Key{"acme/app", 12, true}},
		{lab, "https://git.example.com/Lab/a/b/c/-/issues/1", Key{"a/b/c", 1, true}},
		{lab, "https://git.example.com/Lab/a/b/-/work_items/1#note_3", Key{"a/b", 1, true}},
		{lab, "a/b/c#1", Key{Repo: "a/b/c", Number: 1}},

		{hub, "a/b/c#1", Key{}},
		{hub, "", Key{}},
		{hub, "#", Key{}},
		{hub, "#0", Key{}},
		{hub, "#01", Key{}},
		{hub, "#+1", Key{}},
		{hub, "#１", Key{}},
		{hub, "#12345678901", Key{}},
		{hub, "acme#1", Key{}},
		{hub, "../app#1", Key{}},
		{hub, "acme/..#1", Key{}},
		{hub, "acme/%2e%2e#1", Key{}},
		{hub, "acme/app#1/../../admin", Key{}},
		{hub, "acme/app/issues/1", Key{}},
		{hub, "http://github.com/acme/app/issues/12", Key{}},
		{hub, "https://github.com/acme/app/issues/12?x=1", Key{}},
		{hub, "https://github.com/acme/app/issues/12#", Key{}},
		{hub, "https://github.com/acme/app/issues/12#a/b", Key{}},
		{hub, "https://github.com/acme/app/issues/12/edit", Key{}},
		{hub, "https://github.com/acme/app/issues/12//", Key{}},
		{hub, "https://github.com//app/issues/12", Key{}},
		{hub, "https://github.com/acme/../issues/12", Key{}},
		{hub, "https://github.com/acme/app/discussions/12", Key{}},
		{hub, "https://github.com.evil.example/acme/app/issues/12", Key{}},
		{hub, "https://github.com@evil.example/acme/app/issues/12", Key{}},
		{hub, "https://github.com:443/acme/app/issues/12", Key{}},
		{hub, "https://evil.example/https://github.com/acme/app/issues/12", Key{}},
		{hub, "https://github.com\\evil/acme/app/issues/12", Key{}},
		{lab, "https://git.example.com/lab/a/b/-/issues/1", Key{}},
		{lab, "https://git.example.com/a/b/-/issues/1", Key{}},
		{lab, "https://git.example.com/Lab/a/b/-/-/issues/1", Key{}},
		{lab, strings.Repeat("a/", 25) + "b#1", Key{}},
		{Form{}, "/acme/app/issues/1", Key{}},
	} {
		got, ok := tt.form.Parse(tt.in)
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != (tt.want != Key{}) {
			t.Errorf("%q: %v (-want +got):\n%s", tt.in, ok, diff)
		}
	}
}

// A key that is taken is written from safe characters alone, and its shortest spelling leads
// to it again.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"12", "acme/app#1", "https://github.com/a/b/issues/3#x", "https://git.example.com/Lab/a/b/-/issues/1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, form := range []Form{hub, lab} {
			k, ok := form.Parse(s)
			if !ok {
				continue
			}
			if k.Number < 1 || strings.Contains("/"+k.Repo+"/", "/../") || strings.Contains(k.Repo, "//") || strings.ContainsAny(k.Repo, "?#%\\ \r\n@:") {
				t.Errorf("%q is taken for %+v", s, k)
			}
			again, ok := form.Parse(k.String(""))
			if k.Web = false; !ok || again != k {
				t.Errorf("%q: %+v is written %q, which is %+v", s, k, k.String(""), again)
			}
		}
	})
}

func TestKeys(t *testing.T) {
	denied := fail.Errorf(fail.Denied, "no")
	k := Keys{Form: hub, Here: func(context.Context) (string, error) { return "acme/app", nil }, Allowed: func(repo string) error {
		if strings.HasPrefix(strings.ToLower(repo), "acme/") {
			return nil
		}
		return denied
	}}
	lost := k
	lost.Here = func(context.Context) (string, error) { return "", fail.Errorf(fail.NotFound, "no checkout") }
	for _, tt := range []struct {
		keys Keys
		in   string
		want tickets.Claim
		code fail.Code // of Find
	}{
		{k, "12", tickets.Likely, ""},
		{k, "Acme/APP#12", tickets.Surely, ""},
		{k, "acme/lib#12", tickets.Likely, ""},
		{k, "evil/lib#12", tickets.Maybe, fail.Denied},
		{k, "https://github.com/evil/lib/issues/1", tickets.Maybe, fail.Denied},
		{k, "ENG-12", tickets.No, fail.Invalid},
		{lost, "#12", tickets.Maybe, fail.NotFound},
		{lost, "acme/lib#12", tickets.Likely, ""},
	} {
		if got := tt.keys.Owns(t.Context(), tt.in); got != tt.want {
			t.Errorf("Owns(%q) = %d, want %d", tt.in, got, tt.want)
		}
		_, err := tt.keys.Find(t.Context(), tt.in)
		var f *fail.Error
		if errors.As(err, &f); (err == nil) != (tt.code == "") || f != nil && f.Code != tt.code {
			t.Errorf("Find(%q): %v, want %q", tt.in, err, tt.code)
		}
	}
	if got, err := k.Project(t.Context(), "evil/.."); fail.From(err).Code != fail.Invalid {
		t.Errorf("Project = %q, %v", got, err)
	}
	if got := k.Spell(t.Context(), "ACME/app", 3) + " " + k.Spell(t.Context(), "acme/lib", 3); got != "#3 acme/lib#3" {
		t.Errorf("Spell = %s", got)
	}
}

// The pages hold the items, and are as few as can be.
func TestWindow(t *testing.T) {
	for end := 1; end <= 400; end += 3 {
		for _, n := range []int{1, 7, 10, 64, 100} {
			from := max(0, end-n)
			size, first, last := window(from, end)
			if size < 1 || size > 100 || (first-1)*size > from || last*size < end || last-first > 1 {
				t.Errorf("[%d, %d): pages %d to %d of %d", from, end, first, last, size)
			}
		}
	}
	if size, first, last := window(23, 33); size != 11 || first != 3 || last != 3 {
		t.Errorf("the last 10 of 33: pages %d to %d of %d", first, last, size)
	}
}
