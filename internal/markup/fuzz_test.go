package markup_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cleat/internal/markup"
)

// What is written for a document is read as that document: Markdown comes to rest after one
// conversion.
func FuzzMarkdown(f *testing.F) {
	for _, s := range written() {
		f.Add(s)
	}
	for s := range others() {
		f.Add(s)
	}
	f.Add("***a** b* _c__d_ [x](y \"z\") ![i](j) `` ` `` <br> <u>a</u>")
	f.Add("- a\n\n      b\n > c\n1. d\n   ```\n")
	f.Fuzz(func(t *testing.T, md string) {
		if strings.HasPrefix(strings.TrimSpace(md), "{") {
			return // may be a document of its own
		}
		once := viaADF(t, md)
		if strings.HasPrefix(once, "{") {
			return
		}
		if twice := viaADF(t, once); twice != once {
			t.Errorf("%q becomes %q and then %q\n%s\n%s", md, once, twice, adf(t, md), adf(t, once))
		}
	})
}

// No text, whatever it contains, becomes a mention, a macro, a color or an attachment in wiki
// markup.
func FuzzWikiInjection(f *testing.F) {
	for _, s := range written() {
		f.Add(s)
	}
	f.Add("[~a] `[~b]` {panel} {color:red}x{color} !a.png! [^f]\n\n```\n{noformat}\n{toc}\n```")
	f.Fuzz(func(t *testing.T, md string) {
		wiki, err := markup.ToWiki(md, markup.Options{})
		if err != nil {
			t.Fatal(err)
		}
		seen := ""
		back, kept := markup.FromWiki(wiki, markup.Options{Names: func(id string) string { seen = id; return "" }})
		if kept.Len() > 0 || seen != "" {
			t.Errorf("%q is written as %q, with %d things kept, and mentions %q: %q", md, wiki, kept.Len(), seen, back)
		}
	})
}

// Any document can be read; what was read can be written again, with nothing changed.
func FuzzADF(f *testing.F) {
	f.Add(`{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]}]}`)
	f.Add(`{"type":"doc","content":[{"type":"taskList","content":[{"type":"taskList"}]},{"type":"text","text":"x"},{"type":"listItem"}]}`)
	f.Add(`{"type":"doc","content":[{"type":"table","content":[{"content":[{"type":"tableCell","attrs":{"colspan":99999999}}]}]},{"type":"heading","attrs":{"level":"x"}}]}`)
	f.Add(`{"type":"doc","content":[{"type":"panel"},{"type":"mediaSingle"},{"type":"mention","attrs":{"id":1}},{"type":"bulletList","content":[{"type":"rule"}]}]}`)
	f.Fuzz(func(t *testing.T, doc string) {
		md, kept, err := markup.FromADF([]byte(doc), markup.Options{})
		if err != nil {
			return
		}
		if len(md) > 300*len(doc)+300 {
			t.Errorf("%d bytes become %d", len(doc), len(md))
		}
		if strings.HasPrefix(md, "{") {
			return
		}
		if _, err := markup.ToADF(md, markup.Options{Kept: kept}); err != nil {
			t.Errorf("%q of %s: %v", md, doc, err)
		}
	})
}

func FuzzFromWiki(f *testing.F) {
	f.Add("h1. a\n* b\n** c\n{panel}\nx\n{panel}\n||a|b|\n[~x] !y.png! {{z}} *b* {color:red}c{color}")
	f.Fuzz(func(t *testing.T, wiki string) {
		md, kept := markup.FromWiki(wiki, markup.Options{})
		if _, err := markup.ToWiki(md, markup.Options{Kept: kept}); err != nil {
			t.Errorf("%q of %q: %v", md, wiki, err)
		}
	})
}

func hostile(n int) map[string]string {
	long := map[string]string{}
	for _, s := range []string{"*", "_", "[", "`", "|", ">", "~~", "![", "](", "[a](", "[a](<b", "*a ", "**a*b", "a_b_", "<u>", "</u>", "<", "&", "\\", "- ", "> - ", "1. ",
		"``a`", "`a``", "*a_", "[*a](b)", "@a ", "https://a ", "https://(", "{", "{{", "{color:red}", "[~", "!", "^a", "#", "\n>", "\n- a", "\n  - a", "a|b\n-|-\n", "| a ", "<!-- kept:1 -->\n", "[a](b \"", "`\n"} {
		long[s] = strings.Repeat(s, n/len(s))
	}
	var deep strings.Builder
	for i := 0; deep.Len() < n; i++ {
		fmt.Fprintf(&deep, "%s- a\n", strings.Repeat("  ", i%200))
	}
	long["deep list"] = deep.String()
	var ticks strings.Builder
	for i := 1; ticks.Len() < n; i++ {
		ticks.WriteString(strings.Repeat("`", i%300+1) + "a")
	}
	long["ticks"] = ticks.String()
	return long
}

// Eight times the text takes about eight times the time.
func TestLinearTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	run := func(s string) time.Duration {
		began := time.Now()
		viaADF(t, s)
		viaWiki(t, s)
		_, kept := markup.FromWiki(s, markup.Options{})
		_ = kept
		return time.Since(began)
	}
	small, large := hostile(8<<10), hostile(64<<10)
	for name := range small {
		a, b := run(small[name]), run(large[name])
		if b > 40*a && b > time.Second {
			t.Errorf("%q: %v for 8 kB, %v for 64 kB", name, a, b)
		}
	}
}

func BenchmarkADF(b *testing.B) {
	md := strings.Repeat(strings.Join(written(), "\n\n"), 20)
	b.SetBytes(int64(len(md)))
	for b.Loop() {
		doc, err := markup.ToADF(md, markup.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := markup.FromADF(doc, markup.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
