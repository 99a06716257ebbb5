package databases

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"cleat/internal/text"
)

// Text renders s: how many objects there are and how to get more, then the objects as
// lines. At Names each is its name, under a line for its schema where that is not the
// default one; at Summary a line as
//
//	orders(id bigint pk, user_id bigint → users.id, note text?) ~1200
//
// and at Full a block of lines. Names that are more than letters, digits and _ are in
// quotes, as SQL has them.
func (s *Schema) Text(w *text.Writer) {
	w.Say("%s", s.summary())
	if len(s.Objects) == 0 {
		sayNotes(w, s.Notes)
		return
	}
	var b strings.Builder
	optional := s.marksOptional()
	schema := ""
	for _, o := range s.Objects {
		if o.Schema != schema && s.Detail == Names {
			schema = o.Schema
			heading := "default schema"
			if schema != "" {
				heading = "schema " + ident(schema)
			}
			b.WriteString(heading + ":\n")
		}
		switch s.Detail {
		case Names:
			b.WriteString(ident(o.Name) + o.kind() + o.estimate() + "\n")
		case Full:
			o.full(&b)
		default:
			o.summary(&b, optional)
		}
	}
	w.Quote(text.Origin{}, b.String())
	if s.dropped > 0 {
		shown := len(s.Objects)
		w.Say("… %s left out to fit the budget: narrow with pattern, or pass limit=%d and go on with the cursor",
			text.Count(s.dropped, "more object"), shown)
	}
	sayNotes(w, s.Notes)
	w.Cursor(s.Cursor)
}

// summary says how many objects there are, and what the marks mean that stand in their
// lines.
func (s *Schema) summary() string {
	n := len(s.Objects) + s.dropped
	line := text.Count(n, "object")
	switch {
	case n == 0:
		return "no object matches; pass a part of the name or a glob such as *user* as pattern"
	case s.Total > n:
		line += fmt.Sprintf(" of %d", s.Total)
	}
	if s.Cursor != "" {
		line += ", more with the cursor"
	}
	if s.Detail == Full {
		return line
	}
	if slices.ContainsFunc(s.Objects, func(o Object) bool { return o.Rows >= 0 }) {
		line += "; ~ estimated rows"
	}
	if s.Detail == Summary && slices.ContainsFunc(s.Objects, func(o Object) bool { return len(o.Columns) > 0 }) {
		if s.marksOptional() {
			line += "; ? may be NULL"
		} else {
			line += "; ! is NOT NULL"
		}
	}
	return line
}

// marksOptional reports whether the columns that may be NULL are the fewer, so that it is
// these that are marked.
func (s *Schema) marksOptional() bool {
	n := 0
	for _, o := range s.Objects {
		for _, c := range o.Columns {
			switch {
			case slices.Contains(o.Primary, c.Name):
			case c.NotNull:
				n++
			default:
				n--
			}
		}
	}
	return n >= 0
}

// kind is what the object is, if it is no table.
func (o *Object) kind() string {
	if o.Kind == "table" || o.Kind == "" {
		return ""
	}
	return " (" + text.Line(o.Kind) + ")"
}

func (o *Object) estimate() string {
	if o.Rows < 0 {
		return ""
	}
	return " ~" + number(float64(o.Rows))
}

// address is the name with the schema, if that is not the default one.
func (o *Object) address() string {
	if o.Schema == "" {
		return ident(o.Name)
	}
	return ident(o.Schema) + "." + ident(o.Name)
}

// summary writes the object as one line.
func (o *Object) summary(b *strings.Builder, optional bool) {
	b.WriteString(o.address() + o.kind())
	if len(o.Columns) > 0 {
		b.WriteByte('(')
		for i, c := range o.Columns {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(ident(c.Name))
			if t := kindOf(c.Type); t != "" {
				b.WriteString(" " + t)
			}
			key := slices.Contains(o.Primary, c.Name)
			if !key && c.NotNull != optional {
				b.WriteByte("!?"[index(optional)])
			}
			if key {
				b.WriteString(" pk")
			}
			if c.Mask != "" {
				b.WriteString(" masked:" + text.Line(c.Mask))
			}
			for _, f := range o.Foreign {
				if len(f.Columns) == 1 && f.Columns[0] == c.Name {
					b.WriteString(" → " + f.target())
				}
			}
		}
		b.WriteByte(')')
	}
	if len(o.Primary) > 1 && !o.inOrder() {
		b.WriteString(" pk(" + idents(o.Primary) + ")")
	}
	for _, f := range o.Foreign {
		if len(f.Columns) != 1 {
			b.WriteString(" (" + idents(f.Columns) + ") → " + f.target())
		}
	}
	b.WriteString(o.estimate() + "\n")
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// inOrder reports whether the primary key has its columns in the order of the table.
func (o *Object) inOrder() bool {
	at := -1
	for _, p := range o.Primary {
		i := slices.IndexFunc(o.Columns, func(c Attribute) bool { return c.Name == p })
		if i < at {
			return false
		}
		at = i
	}
	return true
}

// target is what a foreign key refers to.
func (f *Foreign) target() string {
	table := text.Line(f.Table)
	if schema, name, err := ParseTable(f.Table); err == nil {
		o := Object{Schema: schema, Name: name}
		table = o.address()
	}
	switch len(f.Target) {
	case 0:
		return table
	case 1:
		return table + "." + ident(f.Target[0])
	}
	return table + "(" + idents(f.Target) + ")"
}

// full writes the object as a block: a line with its name, then one for each column, key,
// index and the like, each set in by two spaces.
func (o *Object) full(b *strings.Builder) {
	b.WriteString(o.address())
	kind := "table"
	if o.Kind != "" {
		kind = text.Line(o.Kind)
	}
	b.WriteString(" " + kind)
	if o.Rows >= 0 {
		fmt.Fprintf(b, ", ~%s rows", number(float64(o.Rows)))
	}
	if o.Bytes > 0 {
		b.WriteString(", " + size(o.Bytes))
	}
	b.WriteString(comment(o.Comment) + "\n")
	for _, c := range o.Columns {
		b.WriteString("  " + ident(c.Name))
		if t := kindOf(c.Type); t != "" {
			b.WriteString(" " + t)
		}
		if c.NotNull {
			b.WriteString(" not null")
		}
		if c.Default != "" {
			b.WriteString(" default " + text.Line(c.Default))
		}
		if c.Mask != "" {
			b.WriteString(" masked:" + text.Line(c.Mask))
		}
		b.WriteString(comment(c.Comment) + "\n")
	}
	if len(o.Primary) > 0 {
		b.WriteString("  primary key (" + idents(o.Primary) + ")\n")
	}
	for _, f := range o.Foreign {
		b.WriteString("  foreign key (" + idents(f.Columns) + ") → " + f.target() + "\n")
	}
	for _, x := range o.Indexes {
		x.write(b)
	}
	for _, c := range o.Checks {
		b.WriteString("  check " + text.Line(c) + "\n")
	}
	if o.SQL != "" {
		b.WriteString("  as\n")
		for line := range strings.Lines(strings.TrimRight(o.SQL, "\r\n")) {
			b.WriteString("    " + text.Line(strings.TrimRight(line, "\r\n")) + "\n")
		}
	}
}

func (x *Index) write(b *strings.Builder) {
	b.WriteString("  ")
	if x.Unique {
		b.WriteString("unique ")
	}
	columns := make([]string, len(x.Columns))
	for i, c := range x.Columns {
		columns[i] = text.Line(c) // may be an expression
	}
	b.WriteString("index " + ident(x.Name) + " (" + strings.Join(columns, ", ") + ")")
	if x.Method != "" {
		b.WriteString(" using " + text.Line(x.Method))
	}
	if x.Where != "" {
		b.WriteString(" where " + text.Line(x.Where))
	}
	b.WriteByte('\n')
}

func comment(s string) string {
	if s == "" {
		return ""
	}
	return " -- " + text.Line(s)
}

// ident writes a name as SQL would: in quotes where it is more than letters, digits and _.
// So no name can pass for anything else in its line.
func ident(name string) string {
	plain := name != "" && (name[0] < '0' || name[0] > '9')
	for _, c := range name {
		plain = plain && (c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c))
	}
	head, left := clip(name, nameWidth)
	if plain && left == 0 {
		return name
	}
	s := `"` + text.Line(strings.ReplaceAll(head, `"`, `""`)) + `"`
	if left > 0 {
		s += fmt.Sprintf("…(+%d)", left)
	}
	return s
}

func idents(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = ident(n)
	}
	return strings.Join(out, ", ")
}

// kindOf writes a type: in the short name that it has, on one line, and in quotes where it
// is not made as types are.
func kindOf(t string) string {
	for _, long := range [...][2]string{
		{"character varying", "varchar"}, {"double precision", "double"}, {"bit varying", "varbit"},
		{"timestamp with time zone", "timestamptz"}, {"timestamp without time zone", "timestamp"},
		{"time with time zone", "timetz"}, {"time without time zone", "time"},
	} {
		if rest, ok := strings.CutPrefix(t, long[0]); ok {
			t = long[1] + rest
			break
		}
	}
	head, left := clip(t, 2*nameWidth)
	t = text.Line(head)
	if left > 0 {
		t += fmt.Sprintf("…(+%d)", left)
	}
	depth, odd := 0, false
	for _, c := range t {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth > 0 && c == ',', c == ' ', c == '_', c == '.', c == '[', c == ']', c == '"', c == '\'', unicode.IsLetter(c), unicode.IsDigit(c):
		default:
			odd = odd || depth == 0
		}
		odd = odd || depth < 0
	}
	if odd || depth != 0 || left > 0 {
		return `"` + strings.ReplaceAll(t, `"`, `""`) + `"`
	}
	return t
}
