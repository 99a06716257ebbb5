package databases

import (
	"strings"

	"cleat/internal/fail"
	"cleat/internal/uri"
)

// The schemes of a Library.
const (
	tableScheme = "table" // table://SOURCE/TABLE
	rowScheme   = "row"   // row://SOURCE/TABLE/KEY
	queryScheme = "query" // query://SOURCE/NAME?PARAM=VALUE
)

// Address returns the address of an object: table://SOURCE/TABLE, where TABLE is what
// TableName makes of its schema and name.
func Address(source string, o Object) uri.URI {
	return address(tableScheme, source, TableName(o.Schema, o.Name))
}

// RowAddress returns the address of the row of table, which is as TableName writes it, with
// that key: row://SOURCE/TABLE/KEY. Each value of a key of several columns is encoded on
// its own, a comma in it too, and they are joined with commas.
func RowAddress(source, table string, key ...string) uri.URI {
	parts := make([]string, len(key))
	for i, k := range key {
		parts[i] = strings.ReplaceAll(uri.EscapeSegment(k), ",", "%2C")
	}
	u := address(rowScheme, source, table)
	u.Raw += "/" + strings.Join(parts, ",")
	u.Path += "/" + strings.Join(key, ",")
	return u
}

// QueryAddress returns the address of a named query without values.
func QueryAddress(source, name string) uri.URI { return address(queryScheme, source, name) }

func address(scheme, source, name string) uri.URI {
	return uri.URI{Scheme: scheme, Raw: uri.EscapeSegment(source) + "/" + uri.EscapeSegment(name), Path: source + "/" + name}
}

// TableName returns how a table is addressed: "name" in the default schema, for which
// schema is "", or "schema.name". A part with a dot or a quote in it, or with nothing in
// it, stands in quotes as in SQL, "my.table", so that the dot between them is plain.
func TableName(schema, name string) string {
	quote := func(s string) string {
		if s != "" && !strings.ContainsAny(s, `."`) {
			return s
		}
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	if schema == "" {
		return quote(name)
	}
	return quote(schema) + "." + quote(name)
}

// ParseTable takes apart what TableName made. It fails with fail.Invalid for quotes without
// an end and for more than two parts.
func ParseTable(s string) (schema, name string, err error) {
	var parts []string
	bad := fail.Errorf(fail.Invalid, "%q is no name of a table", text60(s)).
		Because(`want "table" or "schema.table"; a part that has a dot in it stands in double quotes`)
	for rest, more := s, true; more; {
		var part string
		if strings.HasPrefix(rest, `"`) {
			end := 1
			for ; end < len(rest); end++ {
				if rest[end] != '"' {
					continue
				}
				if end+1 == len(rest) || rest[end+1] != '"' {
					break
				}
				end++
			}
			if end >= len(rest) {
				return "", "", bad
			}
			part, rest = strings.ReplaceAll(rest[1:end], `""`, `"`), rest[end+1:]
			if more = rest != ""; more && rest[0] != '.' {
				return "", "", bad
			}
			rest = strings.TrimPrefix(rest, ".")
		} else if part, rest, more = strings.Cut(rest, "."); part == "" || strings.Contains(part, `"`) {
			return "", "", bad
		}
		parts = append(parts, part)
	}
	switch len(parts) {
	case 1:
		return "", parts[0], nil
	case 2:
		return parts[0], parts[1], nil
	}
	return "", "", bad
}

// A place in a database, taken from an address.
type target struct {
	scheme string
	name   string   // of the table, as TableName writes it, or of the query
	key    []string // of the row
}

// target takes an address apart. It fails with fail.Invalid.
func (l *Library) target(u uri.URI) (target, error) {
	want := map[string]string{tableScheme: "/TABLE", rowScheme: "/TABLE/KEY", queryScheme: "/NAME"}[u.Scheme]
	bad := fail.Errorf(fail.Invalid, "%q is no address of %s://", text60(u.String()), u.Scheme).
		Then("write %s://%s%s", u.Scheme, l.source, want)
	if want == "" {
		return target{}, fail.Errorf(fail.NotFound, "databases have no %s:// addresses", text60(u.Scheme))
	}
	n := strings.Count(want, "/") + 1
	parts, err := u.Segments(n)
	if err != nil {
		return target{}, err
	}
	if len(parts) != n || parts[1] == "" || parts[n-1] == "" {
		return target{}, bad
	}
	if parts[0] != l.source {
		return target{}, fail.Errorf(fail.NotFound, "%q is not the source %s", text60(parts[0]), l.source)
	}
	t := target{scheme: u.Scheme, name: parts[1]}
	if u.Scheme != queryScheme {
		schema, name, err := ParseTable(parts[1])
		if err != nil {
			return target{}, err
		}
		t.name = TableName(schema, name)
	}
	if u.Scheme == rowScheme {
		_, raw, _ := strings.Cut(u.Raw, "/")
		_, raw, _ = strings.Cut(raw, "/")
		for _, k := range strings.Split(raw, ",") {
			value, err := uri.Unescape(k)
			if err != nil {
				return target{}, err
			}
			t.key = append(t.key, value)
		}
	}
	return t, nil
}

// address is the one spelling of the address of t.
func (t target) address(source string) uri.URI {
	if t.scheme == rowScheme {
		return RowAddress(source, t.name, t.key...)
	}
	return address(t.scheme, source, t.name)
}
