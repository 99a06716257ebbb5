package mysql

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// A covering is what is known of the masked columns of a table or view.
type covering struct {
	masks   map[string]databases.Mask // by column, in small letters
	refused error                     // why it cannot be read at all
}

// checkMasks refuses a use of masked columns that cannot be followed, and says which columns
// of the answer are covered.
func (s *Source) checkMasks(ctx context.Context, c *conn, st statement) (*guard, error) {
	touched, err := s.touched(ctx, c, st)
	if err != nil {
		return nil, err
	}
	g := &guard{masks: make(map[string]databases.Mask)}
	var q sqltext.MaskQuery
	worst := databases.NoMask
	seen := make(map[ref]*covering)
	for _, r := range touched {
		cov, err := s.covering(ctx, c, r, seen)
		if err != nil {
			return nil, err
		}
		if cov.refused != nil {
			return nil, cov.refused
		}
		if len(cov.masks) == 0 {
			continue
		}
		g.masked = true
		q.Tables = append(q.Tables, strings.ToLower(r.name))
		for column, m := range cov.masks {
			q.Columns = append(q.Columns, column)
			g.masks[column] = strictest(g.masks[column], m)
			worst = strictest(worst, m)
		}
	}
	if !g.masked {
		return &guard{}, nil
	}
	slices.Sort(q.Columns)
	q.Columns = slices.Compact(q.Columns)
	slices.Sort(q.Tables)
	q.Tables = slices.Compact(q.Tables)
	aliases, err := sqltext.Masked(st.body, q)
	if err != nil {
		return nil, err
	}
	for _, a := range aliases {
		g.masks[strings.ToLower(a)] = worst
	}
	return g, nil
}

func strictest(a, b databases.Mask) databases.Mask {
	for _, m := range []databases.Mask{databases.Deny, databases.Hash, databases.Partial} {
		if a == m || b == m {
			return m
		}
	}
	return databases.NoMask
}

// covering returns the masked columns of a table or view. seen holds those that were
// looked at, and is empty at first.
func (s *Source) covering(ctx context.Context, c *conn, r ref, seen map[ref]*covering) (*covering, error) {
	if cov := seen[r]; cov != nil {
		return cov, nil
	}
	cov := &covering{masks: make(map[string]databases.Mask)}
	seen[r] = cov // a view that reads itself is broken, and the server says so
	if system(r.schema) {
		return cov, nil // what holds values is closed already
	}
	rel, err := s.relation(ctx, c, r)
	if err != nil {
		return nil, err
	}
	for _, column := range rel.columns {
		if m := s.rules.Mask(r.schema, r.name, column); m != databases.NoMask {
			cov.masks[strings.ToLower(column)] = m
		}
	}
	if !rel.view || len(cov.masks) == len(rel.columns) {
		return cov, nil
	}
	refuse := func(why string) (*covering, error) {
		cov.refused = fail.Errorf(fail.Denied, "the view %s cannot be read while columns are masked", line(address(c, r))).Because("%s", why).
			Then("read its tables instead, or ask the user to mask every column of the view")
		return cov, nil
	}
	if rel.definition == "" {
		return refuse("the role may not see its definition; SHOW VIEW would let it")
	}
	def, err := parse(rel.definition)
	if err != nil {
		return refuse("its definition cannot be followed")
	}
	under, err := s.touched(ctx, c, def)
	if err != nil {
		return nil, err
	}
	var q sqltext.MaskQuery
	worst, masks := databases.NoMask, make(map[string]databases.Mask)
	for _, u := range under {
		if u == r {
			continue
		}
		below, err := s.covering(ctx, c, u, seen)
		if err != nil {
			return nil, err
		}
		if below.refused != nil {
			return refuse("it reads the view " + line(address(c, u)) + ", which cannot be read either")
		}
		if len(below.masks) > 0 {
			q.Tables = append(q.Tables, strings.ToLower(u.name))
			for column, m := range below.masks {
				q.Columns = append(q.Columns, column)
				masks[column] = strictest(masks[column], m)
				worst = strictest(worst, m)
			}
		}
	}
	names, err := s.functions(ctx, c, called(def))
	if err != nil {
		return nil, err
	}
	for _, f := range called(def) {
		if slices.ContainsFunc(names, func(n routine) bool { return n.name == f.name && !s.rules.AllowsFunction(n.schema, n.name) }) {
			return refuse("it calls the stored function " + line(f.name))
		}
	}
	if len(q.Tables) == 0 || !mentions(def, q.Columns) {
		return cov, nil
	}
	aliases, err := sqltext.Masked(def.body, q)
	if err != nil {
		return refuse("its definition uses a masked column in more than its list of columns")
	}
	for _, name := range append(aliases, q.Columns...) {
		name = strings.ToLower(name)
		shown := slices.ContainsFunc(rel.columns, func(c string) bool { return strings.EqualFold(c, name) })
		if shown && cov.masks[name] == databases.NoMask {
			cov.masks[name] = cmp.Or(masks[name], worst)
		}
	}
	// A column that the view renames in its own list of columns has another name than its
	// item: the definition names all of them, so each has to be there.
	items := definitionNames(def)
	for _, column := range rel.columns {
		if !items[strings.ToLower(column)] && cov.masks[strings.ToLower(column)] == databases.NoMask {
			return refuse("its column " + line(column) + " cannot be followed")
		}
	}
	return cov, nil
}

// mentions reports whether a definition has one of the names in it.
func mentions(st statement, names []string) bool {
	for i := range st.tokens {
		if st.name(i) && slices.Contains(names, strings.ToLower(st.at(i).Text)) {
			return true
		}
	}
	return false
}

// definitionNames returns the names in a definition, in small letters.
func definitionNames(st statement) map[string]bool {
	out := make(map[string]bool)
	for i := range st.tokens {
		if st.name(i) {
			out[strings.ToLower(st.at(i).Text)] = true
		}
	}
	return out
}
