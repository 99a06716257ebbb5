package document

import (
	"strings"
	"testing"

	"cleat/internal/fail"

	"github.com/google/go-cmp/cmp"
)

func TestParsePart(t *testing.T) {
	tests := []struct {
		in   string
		want Part
	}{
		{"", Part{}},
		{"L10", Part{Range, 10, 10, ""}},
		{"10", Part{Range, 10, 10, ""}},
		{"L10-L50", Part{Range, 10, 50, ""}},
		{"L10-50", Part{Range, 10, 50, ""}},
		{"10-50", Part{Range, 10, 50, ""}},
		{"L10-", Part{Range, 10, 0, ""}},
		{"#L10-L50", Part{Range, 10, 50, ""}},
		{"L1-L1000000000", Part{Range, 1, 1_000_000_000, ""}},
		{"/a/0", Part{Kind: Pointer, Name: "/a/0"}},
		{"#/a~1b/c d", Part{Kind: Pointer, Name: "/a~1b/c d"}},
		{"/", Part{Kind: Pointer, Name: "/"}},
		{"#install", Part{Kind: Section, Name: "install"}},
		{"install", Part{Kind: Section, Name: "install"}},
		{"#10", Part{Kind: Section, Name: "10"}},
		{"1-introduction", Part{Kind: Section, Name: "1-introduction"}},
		{"Linux", Part{Kind: Section, Name: "Linux"}},
		{"#Linux", Part{Kind: Section, Name: "Linux"}},
		{"Stack.Push", Part{Kind: Section, Name: "Stack.Push"}},
		{"über-uns", Part{Kind: Section, Name: "über-uns"}},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			got, err := ParsePart(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again, err := ParsePart(got.String())
			if err != nil || again != got {
				t.Errorf("ParsePart(%q) = %+v, %v; want what it was written from", got.String(), again, err)
			}
		})
	}
}

func TestParsePartErrors(t *testing.T) {
	for _, in := range []string{
		"0", "L0", "-1", "+1", "L-1", "1e308", "1.5", "-0", "0x", "1;2", "1,2", "L5-L2", "L0-L5", "L1-L0", "5-4",
		"99999999999999999999", "L9223372036854775808", "L1-L99999999999999999999", "a b", "a\x00b", "#", "#a\nb",
		"NaN", "Inf", "*", "what?", strings.Repeat("a", 2000), strings.Repeat("/", 9000), "\xff",
	} {
		got, err := ParsePart(in)
		if in == "0x" || in == "1,2" || in == "L-1" {
			// Of the form of a handle; whoever looks it up says what there is.
			if err == nil && got.Kind != Section {
				t.Errorf("ParsePart(%q) = %+v, want a section or an error", in, got)
			}
			continue
		}
		if err == nil {
			t.Errorf("ParsePart(%.40q) = %+v, want an error", in, got)
			continue
		}
		if e := fail.From(err); e.Code != fail.Invalid || e.Next == "" {
			t.Errorf("ParsePart(%.40q) fails with %s, next %q; want invalid and a next step", in, e.Code, e.Next)
		}
	}
}

// FuzzParsePart: what ParsePart accepts prints back to itself.
func FuzzParsePart(f *testing.F) {
	for _, s := range []string{"", "L1-L2", "/a/b", "#x", "10-", "1-x", "L", "#L1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePart(s)
		if err != nil {
			return
		}
		if p.Kind == Range && (p.From < 1 || p.To != 0 && p.To < p.From) {
			t.Fatalf("ParsePart(%q) = %+v", s, p)
		}
		again, err := ParsePart(p.String())
		if err != nil || again != p {
			t.Fatalf("ParsePart(%q) = %+v, written %q, read back as %+v, %v", s, p, p.String(), again, err)
		}
	})
}
