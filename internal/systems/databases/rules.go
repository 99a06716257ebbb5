package databases

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/glob"
)

// A Config is what every database source has in its configuration, whatever the engine.
type Config struct {
	Mask      []string         `toml:"mask"`      // "table.column", "schema.table.column", "*.column", with ":hash" or ":partial"
	Tables    []string         `toml:"tables"`    // what may be read, globs; all if empty
	Functions []string         `toml:"functions"` // functions that may be called beyond those known to be harmless, globs
	Timeout   time.Duration    `toml:"timeout"`   // of one statement; DefaultTimeout if 0
	MaxRows   int              `toml:"max_rows"`  // of one answer; MaxRows if 0
	Analyze   bool             `toml:"analyze"`   // a statement that is explained is run too
	Queries   map[string]Named `toml:"queries"`
}

// A Named is a query with a name, from the configuration.
type Named struct {
	SQL         string   `toml:"sql"`
	Description string   `toml:"description"`
	Params      []string `toml:"params"` // names of the parameters, in order
}

// A Mask is what is done to the values of a column.
type Mask string

// The masks. NoMask is that of a column that is shown.
const (
	NoMask  Mask = ""
	Deny    Mask = "deny"    // "[masked]", NULL too
	Hash    Mask = "hash"    // "[masked:HASH]": equal values look equal; NULL stays
	Partial Mask = "partial" // only the last characters; NULL stays
)

// A keyError is what is wrong with a key of the configuration.
type keyError struct{ key, what string }

func (e *keyError) Error() string { return e.what }
func (e *keyError) Key() string   { return e.key }

// WrongKey is the error that a key of the configuration of a source is wrong; what says how,
// without the value. Its method Key names the key.
func WrongKey(key, what string) error { return &keyError{key, what} }

// Validate returns what is wrong with the keys, without their values.
func (c Config) Validate() error {
	var errs []error
	add := func(key, format string, args ...any) {
		errs = append(errs, WrongKey(key, fmt.Sprintf(format, args...)))
	}
	for i, m := range c.Mask {
		if _, err := parseMask(m); err != nil {
			add("mask", "entry %d %s", i+1, err)
		}
	}
	for _, list := range []struct {
		key   string
		globs []string
	}{{"tables", c.Tables}, {"functions", c.Functions}} {
		for i, g := range list.globs {
			if !dotted(g, 1, 2) {
				add(list.key, `entry %d is no name: want "name" or "schema.name", * stands for any characters`, i+1)
			}
		}
	}
	if c.Timeout < 0 {
		add("timeout", "want a duration such as \"20s\"")
	}
	if c.MaxRows < 0 || c.MaxRows > MaxRows {
		add("max_rows", "want 1 to %d", MaxRows)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Queries)) {
		q := c.Queries[name]
		switch {
		case !queryName(name):
			add("queries", "the name of a query is a letter and up to 39 more of a-z, 0-9 and _")
		case strings.TrimSpace(q.SQL) == "" || len(q.SQL) > MaxSQL:
			add("queries", "%s: want sql of 1 to %d bytes", name, MaxSQL)
		case len(slices.Compact(slices.Sorted(slices.Values(q.Params)))) != len(q.Params),
			slices.ContainsFunc(q.Params, func(p string) bool { return !queryName(p) }):
			add("queries", "%s: params are different names of a-z, 0-9 and _", name)
		}
	}
	return errors.Join(errs...)
}

// queryName reports whether s can stand in an address and in a schema.
func queryName(s string) bool {
	return s != "" && len(s) <= 40 && s[0] >= 'a' && s[0] <= 'z' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// dotted reports whether s has between low and high parts, none empty.
func dotted(s string, low, high int) bool {
	parts := strings.Split(s, ".")
	return len(parts) >= low && len(parts) <= high && !slices.Contains(parts, "") && utf8.ValidString(s) && len(s) <= 300
}

// A maskRule is an entry of "mask", its globs in small letters.
type maskRule struct {
	schema, table, column string
	mask                  Mask
	text                  string
}

func parseMask(s string) (maskRule, error) {
	name, kind, has := strings.Cut(s, ":")
	r := maskRule{mask: Deny, schema: "*", text: s}
	if has {
		switch r.mask = Mask(kind); r.mask {
		case Deny, Hash, Partial:
		default:
			return r, errors.New(`has an unknown mask: want deny, hash or partial after the colon`)
		}
	}
	if !dotted(name, 2, 3) {
		return r, errors.New(`is no column: want "table.column", "schema.table.column" or "*.column"`)
	}
	parts := strings.Split(strings.ToLower(name), ".")
	if len(parts) == 3 {
		r.schema, parts = parts[0], parts[1:]
	}
	r.table, r.column = parts[0], parts[1]
	return r, nil
}

// Rules are what a source may show, compiled.
type Rules struct {
	Source  string        // its name; whoever names the source sets it, before the first call
	Timeout time.Duration // of one statement
	MaxRows int           // of one answer
	Analyze bool

	dialect   Dialect
	masks     []maskRule
	tables    []string
	functions []string
	queries   map[string]Named
	digest    func(string) string
}

// Compile returns the rules of a configuration that Validate accepts. digest is the keyed
// digest that equal values have in common; see host.Host.
func (c Config) Compile(d Dialect, digest func(string) string) (*Rules, error) {
	if err := c.Validate(); err != nil {
		return nil, fail.Errorf(fail.Invalid, "the rules of the source are wrong: %w", err)
	}
	r := &Rules{Timeout: cmp.Or(c.Timeout, DefaultTimeout), MaxRows: cmp.Or(c.MaxRows, MaxRows), Analyze: c.Analyze,
		dialect: d, tables: c.Tables, functions: c.Functions, queries: c.Queries, digest: digest}
	for _, m := range c.Mask {
		rule, err := parseMask(m)
		if err != nil {
			return nil, err
		}
		r.masks = append(r.masks, rule)
	}
	return r, nil
}

// Masks reports whether any column is masked.
func (r *Rules) Masks() bool { return len(r.masks) > 0 }

// Mask returns what is done to a column. A rule without a schema holds in every schema,
// and case does not matter, so that no other spelling gets round it. Of several rules the
// strictest holds: Deny, then Hash, then Partial.
func (r *Rules) Mask(schema, table, column string) Mask {
	schema, table, column = strings.ToLower(schema), strings.ToLower(table), strings.ToLower(column)
	found := NoMask
	for _, m := range r.masks {
		if glob.Match(m.column, column) && glob.Match(m.table, table) && glob.Match(m.schema, schema) {
			found = Stricter(found, m.mask)
		}
	}
	return found
}

// MaskName returns the strictest mask that any table's column of this name has.
func (r *Rules) MaskName(column string) Mask {
	column = strings.ToLower(column)
	found := NoMask
	for _, m := range r.masks {
		if glob.Match(m.column, column) {
			found = Stricter(found, m.mask)
		}
	}
	return found
}

// MasksIn reports whether a column of the table may be masked; which, its columns tell.
func (r *Rules) MasksIn(schema, table string) bool {
	schema, table = strings.ToLower(schema), strings.ToLower(table)
	return slices.ContainsFunc(r.masks, func(m maskRule) bool {
		return glob.Match(m.table, table) && glob.Match(m.schema, schema)
	})
}

// Stricter returns the one of two masks that shows less.
func Stricter(a, b Mask) Mask {
	order := []Mask{NoMask, Partial, Hash, Deny}
	if slices.Index(order, a) >= slices.Index(order, b) {
		return a
	}
	return b
}

// Unmatched returns the entries of mask that match none of the columns, as schema, table
// and column: a name that was misspelt protects nothing.
func (r *Rules) Unmatched(columns [][3]string) []string {
	var out []string
	for _, m := range r.masks {
		if !slices.ContainsFunc(columns, func(c [3]string) bool {
			return glob.Match(m.column, strings.ToLower(c[2])) && glob.Match(m.table, strings.ToLower(c[1])) && glob.Match(m.schema, strings.ToLower(c[0]))
		}) {
			out = append(out, m.text)
		}
	}
	return out
}

// Limited reports whether only the listed tables may be read.
func (r *Rules) Limited() bool { return len(r.tables) > 0 }

// Allows reports whether the table may be read. standard says that its schema is the one
// that a bare name means. In SQLite, where names have no case, case does not matter.
func (r *Rules) Allows(schema, table string, standard bool) bool {
	if len(r.tables) == 0 {
		return true
	}
	fold := func(s string) string {
		if r.dialect == SQLite {
			return strings.ToLower(s)
		}
		return s
	}
	schema, table = fold(schema), fold(table)
	for _, t := range r.tables {
		t = fold(t)
		s, name, qualified := strings.Cut(t, ".")
		if qualified && glob.Match(s, schema) && glob.Match(name, table) || !qualified && standard && glob.Match(t, table) {
			return true
		}
	}
	return false
}

// AllowsFunction reports whether the configuration names the function. A bare name holds
// in every schema.
func (r *Rules) AllowsFunction(schema, name string) bool {
	schema, name = strings.ToLower(schema), strings.ToLower(name)
	return slices.ContainsFunc(r.functions, func(f string) bool {
		s, n, qualified := strings.Cut(strings.ToLower(f), ".")
		if !qualified {
			return glob.Match(s, name)
		}
		return glob.Match(s, schema) && glob.Match(n, name)
	})
}

// Cover returns what stands in the answer for a value of a masked column.
func (r *Rules) Cover(m Mask, value *string) *string {
	text := "[masked]"
	switch {
	case m == NoMask, value == nil && m != Deny:
		return value
	case m == Hash:
		text = "[masked:" + r.digest(*value) + "]"
	case m == Partial:
		// A quarter of the characters, at most four: enough to tell rows apart.
		runes := []rune(*value)
		text = "…" + string(runes[len(runes)-min(4, len(runes)/4):])
	}
	return &text
}

// Queries returns the names of the named queries, sorted.
func (r *Rules) Queries() []string { return slices.Sorted(maps.Keys(r.queries)) }

// Named returns the query of that name. It fails with fail.NotFound.
func (r *Rules) Named(name string) (Named, error) {
	if q, ok := r.queries[name]; ok {
		return q, nil
	}
	e := fail.Errorf(fail.NotFound, "there is no named query %q", text60(name))
	if len(r.queries) == 0 {
		return Named{}, e.Because("the source has none in its configuration").Then("pass sql instead")
	}
	if near := fail.Near(name, r.Queries()); len(near) > 0 {
		e = e.Because("did you mean %s?", strings.Join(near, ", "))
	}
	return Named{}, e.Then("use one of %s", strings.Join(r.Queries(), ", "))
}

// text60 shortens a name that a caller sent.
func text60(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "…"
}
