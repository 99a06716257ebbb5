// Package markup turns Markdown into the markups of other services and back: into the
// Atlassian Document Format (ADF, of Jira Cloud's REST API v3) and into Jira's wiki markup
// (Jira Data Center, REST API v2).
//
// The Markdown is the part of CommonMark 0.31 and of GitHub's extensions that tickets are
// written in: headings, paragraphs, hard breaks, emphasis, strong, strikethrough, code, links,
// images, bullet, ordered and task lists, code blocks, quotations, tables and rules. Besides,
// the tags <u>, <sub>, <sup>, <em>, <strong>, <del> and <br> are understood. Anything else,
// other HTML and reference links among it, is literal text.
//
// What the other markup has and Markdown has no words for is kept (see Kept), and stands in
// the Markdown as a placeholder: "[DONE](kept:2)" in a line, "![screenshot.png](kept:3)" or
// "<!-- kept:4 extension toc -->" as a block, and around text that can be edited
// "<!-- kept:5 panel info -->" … "<!-- /kept:5 -->", or "<span id="kept:6">" … "</span>".
// What a placeholder says besides its number is for its reader. One that is taken away takes
// what it stands for with it, one that is doubled gives it twice, and one whose number is
// unknown is literal text.
//
// Some things Markdown can say that the others cannot. In ADF a heading in a quotation or a
// list becomes a strong paragraph, a quotation in a quotation or a list becomes its content, a
// table in either becomes a code block, and code is neither strong nor emphasized. Wiki
// markup has no alignment in tables, and its ordered lists begin with 1. A line that is wrapped
// in Markdown is joined. An emoji becomes its character in a paragraph that is edited.
//
// All functions are safe for concurrent use, take time that is proportional to the length of
// the text, and follow nesting to a depth of 100; what is deeper is literal text in Markdown
// and wiki markup, and an error in ADF.
package markup

import (
	"encoding/json"

	"cleat/internal/fail"
)

// Limits.
const (
	MaxSize  = 8 << 20 // bytes of a document in either markup
	maxDepth = 100     // of blocks in blocks
)

// Options say how mentions are converted, and what was kept. The zero value is usable.
type Options struct {
	// Mentions gives the id of a person who may be mentioned as "@name", by the name without
	// the "@". All other "@name" stay text. A name can have up to four words. Nil: none may.
	// A mention that was in the document already stays one, as often as it was there.
	Mentions func(name string) (id string, ok bool)

	// Names gives the name to show for the id of a person who is mentioned; "" for the one
	// that the document has. Nil: what the document has.
	Names func(id string) string

	// Kept is what the conversion to Markdown kept. What has not changed in the Markdown
	// since becomes what it was, to the last attribute.
	Kept Kept
}

// A Kept is the document that a Markdown text was made of. The zero value is none. It belongs
// to that conversion: ToADF takes one of FromADF, ToWiki one of FromWiki. It is not changed
// by any function.
type Kept struct {
	doc   *node    // the document
	atoms []atom   // what placeholders stand for: kept:1 is the first
	names []person // who is mentioned, once for each time
	wiki  bool
}

// An atom is what one placeholder stands for.
type atom struct {
	adf    *adfNode // of a node
	mark   *adfMark // of a mark
	open   string   // wiki text, of a box its beginning
	close  string
	inline bool
	box    bool
}

// A person is one mention.
type person struct {
	name, id string
	from     *adfNode
}

// Len returns how many things are kept that have a placeholder.
func (k Kept) Len() int { return len(k.atoms) }

func tooLarge(what string, n int) error {
	return fail.Errorf(fail.TooLarge, "the %s has %d bytes; at most %d can be converted", what, n, MaxSize)
}

// ToADF returns a whole ADF document for Markdown. A text that is an ADF document already (a
// JSON object whose type is "doc") is returned as it is after its shape has been checked. It
// fails with fail.TooLarge; with fail.Invalid for such a document that is malformed, and for
// the beginning or the end of a kept box without the other; and with fail.Denied for such a
// document that mentions somebody whom o.Mentions does not allow.
func ToADF(markdown string, o Options) (json.RawMessage, error) {
	if len(markdown) > MaxSize {
		return nil, tooLarge("text", len(markdown))
	}
	if raw, err := given(markdown, &o); raw != nil || err != nil {
		return raw, err
	}
	if o.Kept.wiki {
		o.Kept = Kept{}
	}
	root, err := parse(markdown, &o)
	if err != nil {
		return nil, err
	}
	fit(root)
	w := adfWriter{kept: &o.Kept}
	out := adfNode{Type: "doc", Version: 1, Content: w.merge(o.Kept.doc, root)}
	return encode(out)
}

// FromADF returns the Markdown of an ADF document, and what it kept. Nothing, or null, is an
// empty text. It fails with fail.TooLarge, and with fail.Invalid for what is not ADF.
func FromADF(doc []byte, o Options) (markdown string, kept Kept, err error) {
	if len(doc) > MaxSize {
		return "", Kept{}, tooLarge("document", len(doc))
	}
	d, err := decode(doc)
	if err != nil || d == nil {
		return "", Kept{}, err
	}
	r := adfReader{o: &o}
	root := &node{kind: kDoc, kids: r.blocks(d.Content, 1)}
	r.kept.doc = root
	return render(root), r.kept, nil
}

// ToWiki returns Jira wiki markup for Markdown. It fails as ToADF does.
func ToWiki(markdown string, o Options) (string, error) {
	if len(markdown) > MaxSize {
		return "", tooLarge("text", len(markdown))
	}
	if !o.Kept.wiki {
		o.Kept = Kept{}
	}
	root, err := parse(markdown, &o)
	if err != nil {
		return "", err
	}
	return writeWiki(root, &o.Kept), nil
}

// FromWiki returns the Markdown of Jira wiki markup, and what it kept. All texts are wiki
// markup; what is beyond MaxSize is left out.
func FromWiki(wiki string, o Options) (markdown string, kept Kept) {
	r := wikiReader{o: &o}
	r.kept.wiki = true
	root := &node{kind: kDoc, kids: r.read(wiki[:min(len(wiki), MaxSize)])}
	r.kept.doc = root
	return render(root), r.kept
}
