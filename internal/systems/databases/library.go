package databases

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// A Library serves the tables, rows and named queries of one database as documents. It
// implements documents.Library, Lister, Completer, Finder and Namer, and systems.Owner, and
// is safe for concurrent use. What lists and finds opens nothing: it tells of the tables
// that the database already knows; see Knower.
type Library struct {
	source string
	db     DB
}

// NewLibrary returns the Library of db, which is the source called source.
func NewLibrary(source string, db DB) *Library { return &Library{source, db} }

// Schemes implements documents.Library.
func (l *Library) Schemes() []string { return []string{tableScheme, rowScheme, queryScheme} }

// Owns implements systems.Owner.
func (l *Library) Owns(u uri.URI) bool {
	parts, err := u.Segments(2)
	return err == nil && slices.Contains(l.Schemes(), u.Scheme) && parts[0] == l.source
}

// Sole implements systems.Sole.
func (l *Library) Sole() {}

// Names implements documents.Namer. The path is SOURCE/TABLE, SOURCE/TABLE/KEY or
// SOURCE/QUERY.
func (l *Library) Names(u uri.URI) (uri.URI, string, bool) {
	t, err := l.target(u)
	if err != nil {
		return uri.URI{}, "", false
	}
	address := t.address(l.source)
	address.Query = u.Query
	return address, address.Path, true
}

// Open implements documents.Library: a table's description, a row as a JSON object in the
// order of its columns, the first rows of a named query. It fails as the database does, and
// with fail.Invalid for a query's parameters that are missing or unknown.
func (l *Library) Open(ctx context.Context, u uri.URI) (*documents.Document, error) {
	t, err := l.target(u)
	if err != nil {
		return nil, err
	}
	if t.scheme != queryScheme && len(u.Query) > 0 {
		return nil, fail.Errorf(fail.Invalid, "an address of %s:// has no parameters", t.scheme).Then("leave out what follows the ?")
	}
	address := t.address(l.source)
	doc := &documents.Document{Name: t.name, MIMEType: "text/plain", Source: l.source}
	var body []byte
	switch t.scheme {
	case tableScheme:
		body, err = l.table(ctx, t.name)
	case rowScheme:
		doc.Name, doc.MIMEType = t.name+"/"+strings.Join(t.key, ",")+".json", "application/json"
		body, err = l.row(ctx, t)
	default:
		address.Query = u.Query
		body, err = l.query(ctx, t.name, u.Query)
	}
	if err != nil {
		return nil, err
	}
	doc.URI, doc.Size, doc.Body = address.String(), int64(len(body)), readCloser{bytes.NewReader(body)}
	return doc, nil
}

// readCloser gives a reader over memory the Close that a document has.
type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// table returns the description of the one table of that name.
func (l *Library) table(ctx context.Context, table string) ([]byte, error) {
	schema, name, err := ParseTable(table)
	if err != nil {
		return nil, err
	}
	s, err := l.db.Schema(ctx, SchemaQuery{Pattern: pattern(schema, name), Detail: Full})
	if err != nil {
		return nil, fail.Hint(err, "find the table with db_schema")
	}
	same := func(equal func(a, b string) bool) func(Object) bool {
		return func(o Object) bool {
			return equal(o.Name, name) && (equal(o.Schema, schema) || o.Schema == "") // a default schema may be named
		}
	}
	i := slices.IndexFunc(s.Objects, same(func(a, b string) bool { return a == b }))
	if i < 0 {
		i = slices.IndexFunc(s.Objects, same(strings.EqualFold))
	}
	if i < 0 {
		e := fail.Errorf(fail.NotFound, "there is no table %q", text60(table))
		var known []string
		for _, o := range s.Objects {
			known = append(known, TableName(o.Schema, o.Name))
		}
		if near := fail.Near(table, known); len(near) > 0 {
			for i := range near {
				near[i] = said(near[i])
			}
			e = e.Because("did you mean %s?", strings.Join(near, ", "))
		}
		return nil, e.Then("find the table with db_schema")
	}
	var b strings.Builder
	s.Objects[i].full(&b)
	for _, n := range s.Notes {
		b.WriteString("note: " + text.Line(n) + "\n")
	}
	return []byte(b.String()), nil
}

// pattern is what finds a table by its name. Characters with a meaning in patterns, and dots
// that belong to a name, are matched by ?.
func pattern(schema, name string) string {
	plain := strings.NewReplacer(".", "?", `"`, "?", "*", "?", "[", "?", "]", "?", `\`, "?")
	if schema == "" {
		return plain.Replace(name)
	}
	return plain.Replace(schema) + "." + plain.Replace(name)
}

// row returns a row as JSON.
func (l *Library) row(ctx context.Context, t target) ([]byte, error) {
	r, err := l.db.Row(ctx, t.name, t.key)
	if err != nil && len(t.key) > 1 && fail.From(err).Code == fail.Invalid {
		// The commas may be those of one value: who takes an address apart and puts it
		// together again may lose the difference.
		if whole, other := l.db.Row(ctx, t.name, []string{strings.Join(t.key, ",")}); other == nil {
			r, err = whole, nil
		}
	}
	if err != nil {
		return nil, fail.Hint(err, "find the key with db_query, the table with db_schema")
	}
	if len(r.Rows) != 1 {
		return nil, fail.Errorf(fail.NotFound, "there is no row %q in %q", text60(strings.Join(t.key, ",")), text60(t.name)).
			Then("find the key with db_query")
	}
	return encodeRow(r)
}

// encodeRow writes the first row of r as an object, a member on each line. A value of which
// only the beginning was read ends with …(+N bytes).
func encodeRow(r *Result) ([]byte, error) {
	var b bytes.Buffer
	cut := NewTable("", r).cutter()
	for i, cell := range r.Rows[0] {
		name, err := encode(r.Columns[i].Name)
		if err != nil {
			return nil, err
		}
		value := []byte("null")
		switch more := cut(0, i); {
		case cell == nil:
		case more > 0:
			value, err = encode(fmt.Sprintf("%s…(+%d bytes)", *cell, more))
		case r.Columns[i].Number && r.Columns[i].Mask == string(NoMask) && isNumber(*cell):
			value = []byte(*cell)
		default:
			value, err = encode(*cell)
		}
		if err != nil {
			return nil, err
		}
		b.WriteString("{,"[min(i, 1):][:1] + "\n  ")
		b.Write(name)
		b.WriteString(": ")
		b.Write(value)
	}
	if b.Len() == 0 {
		b.WriteByte('{')
	}
	b.WriteString("\n}\n")
	return b.Bytes(), nil
}

// isNumber reports whether s is a number in JSON.
func isNumber(s string) bool {
	return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') && json.Valid([]byte(s))
}

// query runs a named query.
func (l *Library) query(ctx context.Context, name string, params []uri.Param) ([]byte, error) {
	named, err := l.db.Rules().Named(name)
	if err != nil {
		return nil, err
	}
	set := make(map[string]string, len(params))
	for _, p := range params {
		if _, twice := set[p.Name]; twice {
			return nil, fail.Errorf(fail.Invalid, "the address has the parameter %q twice", text60(p.Name))
		}
		set[p.Name] = p.Value
	}
	values, err := named.Values(set)
	if err != nil {
		return nil, err
	}
	q, err := named.Query(values, 0)
	if err != nil {
		return nil, err
	}
	r, err := l.db.Query(ctx, q)
	if err != nil {
		return nil, fail.Hint(err, "call db_query with the name of the query and its params")
	}
	t := NewTable(l.source, r)
	t.whole = true // what a document leaves out could not be read anywhere else
	var w text.Writer
	t.Text(&w)
	var b strings.Builder
	for _, s := range w.Segments() {
		b.WriteString(s.Text)
	}
	return []byte(b.String()), nil
}

// completeTime is how long completion waits for a database.
const completeTime = 2 * time.Second

// Complete implements documents.Completer for source, table and name. The tables of a
// database that has not been seen yet are asked for, for completeTime at most.
func (l *Library) Complete(ctx context.Context, scheme, name, prefix string, set map[string]string) ([]string, int, error) {
	if s := set["source"]; s != "" && s != l.source && name != "source" {
		return nil, 0, nil
	}
	switch {
	case name == "source":
		return begin([]string{l.source}, prefix, 0)
	case name == "name" && scheme == queryScheme:
		return begin(l.db.Rules().Queries(), prefix, 0)
	case name == "table" && (scheme == tableScheme || scheme == rowScheme):
		return l.completeTable(ctx, prefix)
	}
	return nil, 0, nil
}

func (l *Library) completeTable(ctx context.Context, prefix string) ([]string, int, error) {
	if values, n, err := begin(l.known(), prefix, 0); n > 0 || err != nil {
		return values, n, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, completeTime, fail.Errorf(fail.Unavailable, "completion waits no longer for the database"))
	defer cancel()
	q := SchemaQuery{Detail: Names}
	if prefix != "" {
		// What is in quotes is named without them; begin looks at the whole.
		q.Pattern = strings.NewReplacer(`"`, "", "*", "?", "[", "?", "]", "?", `\`, "?").Replace(prefix) + "*"
	}
	s, err := l.db.Schema(ctx, q)
	if fail.From(err) != nil && fail.From(err).Code == fail.NotFound {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	names := make([]string, len(s.Objects))
	for i, o := range s.Objects {
		names[i] = TableName(o.Schema, o.Name)
	}
	return begin(names, prefix, s.Total-len(names))
}

// known returns the tables that were seen.
func (l *Library) known() []string {
	if k, ok := l.db.(Knower); ok {
		return k.Known()
	}
	return nil
}

// begin returns the values that begin with prefix, at most 100, and how many there are, more
// of which are not in values.
func begin(values []string, prefix string, more int) ([]string, int, error) {
	const most = 100
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !strings.HasPrefix(v, prefix) })
	return values[:min(len(values), most)], len(values) + max(more, 0), nil
}

// Recent implements documents.Lister: the named queries that need no values, then the tables
// that were seen.
func (l *Library) Recent(_ context.Context, limit int) ([]documents.Item, error) {
	items := l.items(func(string) int { return 0 })
	return items[:min(len(items), max(limit, 0))], nil
}

// Find implements documents.Finder: the tables that were seen and the named queries that
// need no values, in whose names all the words occur, whatever their case; those that are
// the words first, then those that begin with them.
func (l *Library) Find(_ context.Context, query string, limit int) ([]documents.Item, error) {
	query = strings.ToLower(strings.TrimSpace(query))
	if scheme, rest, ok := strings.Cut(query, "://"); ok && (scheme == tableScheme || scheme == queryScheme) {
		source, name, _ := strings.Cut(rest, "/")
		if source != strings.ToLower(l.source) {
			return nil, nil
		}
		query = name
	}
	words := strings.FieldsFunc(query, func(r rune) bool { return strings.ContainsRune(" \t,;'`", r) })
	if len(words) == 0 {
		return nil, nil
	}
	items := l.items(func(name string) int {
		name = strings.ToLower(name)
		for _, w := range words {
			if !strings.Contains(name, w) {
				return -1
			}
		}
		switch {
		case name == words[0]:
			return 0
		case strings.HasPrefix(name, words[0]):
			return 1
		}
		return 2
	})
	return items[:min(len(items), max(limit, 0))], nil
}

// items lists what rank gives no negative number, in the order of rank. Only what can be
// opened as it stands is listed: no query that needs values.
func (l *Library) items(rank func(name string) int) []documents.Item {
	type ranked struct {
		documents.Item
		rank int
	}
	var found []ranked
	rules := l.db.Rules()
	for _, name := range rules.Queries() {
		q, err := rules.Named(name)
		if r := rank(name); err == nil && r >= 0 && len(q.Params) == 0 {
			found = append(found, ranked{documents.Item{URI: QueryAddress(l.source, name).String(), Name: name,
				Title: q.Description, MIMEType: "text/plain", Size: -1}, r})
		}
	}
	for _, name := range l.known() {
		if r := rank(name); r >= 0 {
			found = append(found, ranked{documents.Item{URI: address(tableScheme, l.source, name).String(), Name: name,
				Title: "table of " + l.source, MIMEType: "text/plain", Size: -1}, r})
		}
	}
	sorting.Sort(found, func(a, b ranked) int { return a.rank - b.rank })
	items := make([]documents.Item, len(found))
	for i, f := range found {
		items[i] = f.Item
	}
	return items
}
