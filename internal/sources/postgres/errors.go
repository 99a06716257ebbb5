package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
)

// clip makes one line of at most 300 bytes of a server's text.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.C, r) && !unicode.IsSpace(r) {
			return -1 // controls, also those that turn the direction of text
		}
		return r
	}, strings.Join(strings.Fields(s), " "))
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:297], "") + "…"
	}
	return s
}

// hide leaves out of a server's text what stands between quotes: it may be a value.
func hide(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r == '"' || r == '\'' || r == '=' || r > utf8.RuneSelf })
	if i < 0 {
		return s
	}
	j := strings.LastIndexFunc(s, func(r rune) bool { return r == '"' || r == '\'' || r == '=' || r > utf8.RuneSelf })
	_, n := utf8.DecodeRuneInString(s[j:])
	if s[j] == '=' {
		return s[:i] + "…"
	}
	return s[:i] + "…" + s[j+n:]
}

// explain makes of what went wrong an error for the model.
func (s *Source) explain(ctx context.Context, st *statement, err error, began time.Time) error {
	var f *fail.Error
	if errors.As(err, &f) {
		return f
	}
	var size *pgproto3.ExceededMaxBodyLenErr
	var e *pgconn.PgError
	switch {
	case errors.As(err, &size):
		return fail.Errorf(fail.TooLarge, "a row of the answer has more than %d MB", maxMessage>>20).
			Then("select less of it, such as left(column, 1000) or length(column)")
	case isTimeout(ctx, err):
		if errors.Is(ctx.Err(), context.Canceled) {
			return fail.From(context.Cause(ctx))
		}
		return fail.Errorf(fail.Timeout, "the statement was ended after %s", time.Since(began).Round(100*time.Millisecond)).
			Because("the source allows a statement %s", s.rules.Timeout).
			Then("narrow the statement, look at its plan with explain=true, or raise timeout_ms where the source allows more")
	case errors.As(err, &e):
		return s.refused(ctx, st, e)
	}
	s.host.Log.Warn("postgres: connection lost", "error", err)
	return fail.Errorf(fail.Unavailable, "the connection to the PostgreSQL server broke").After(time.Second)
}

// refused makes an error of one of the server's.
func (s *Source) refused(ctx context.Context, st *statement, e *pgconn.PgError) error {
	message := e.Message
	if s.rules.Masks() && !aboutText(e.Code) {
		message = hide(message)
	}
	message = "PostgreSQL: " + clip(message) + " (SQLSTATE " + e.Code + ")"
	out := fail.Errorf(fail.Invalid, "%s", message)
	switch {
	case e.Code == "42P01" || e.Code == "42703" || e.Code == "3F000":
		out.Code = fail.NotFound
		if near := s.near(ctx, st, e); len(near) > 0 {
			return out.Because("did you mean %s?", strings.Join(near, ", ")).Then("look the names up with db_schema")
		}
		return out.Then("look the names up with db_schema")
	case e.Code == "25006":
		out.Code = fail.Denied
	case e.Code == "42501":
		out.Code = fail.Denied
		return out.Then("ask the user: the role of the source may not do this")
	case e.Code == "55P03":
		out.Code = fail.Busy
		return out.After(time.Second)
	case e.Code[:2] == "40":
		out.Code = fail.Busy
		return out.After(time.Second)
	case e.Code[:2] == "53" || e.Code[:2] == "57" || e.Code[:2] == "58" || e.Code[:2] == "08":
		out.Code = fail.Unavailable
		return out.After(5 * time.Second)
	case e.Code[:2] == "54":
		out.Code = fail.TooLarge
	}
	if out.Code == fail.Invalid {
		out = out.Then("correct the SQL or its params")
	}
	why := e.Detail
	if why == "" {
		why = e.Hint
	} else if e.Hint != "" {
		why += ". " + e.Hint
	}
	if why != "" && !s.rules.Masks() {
		out = out.Because("the server says: %s", clip(why))
	}
	return out
}

// aboutText reports whether the server's parser makes the errors of this code: what they
// quote is the statement's own text.
func aboutText(code string) bool {
	switch code {
	case "42601", "42703", "42P01", "42702", "42704", "42883", "3F000":
		return true
	}
	return false
}

// unknown returns the index of the token that the server does not know, -1 if that cannot
// be told. What stands before the statement depends on what was asked for: the token is
// where the server says, and in its message.
func (st *statement) unknown(e *pgconn.PgError) int {
	for _, prefix := range []string{declare, explainPlain + declare, explainFully + declare, explainFully, ""} {
		i := st.tokenAt(int(e.Position) - 1 - utf8.RuneCountInString(prefix))
		if i >= 0 && strings.Contains(e.Message, st.tokens[i].Text) {
			return i
		}
	}
	return -1
}

// near returns names like the one that the server does not know. The statement's text says
// which it is: the server's message may be in any language.
func (s *Source) near(ctx context.Context, st *statement, e *pgconn.PgError) []string {
	i := st.unknown(e)
	if i < 0 {
		return nil
	}
	// The name is the last of a.b.c.
	parts := []string{st.tokens[i].Text}
	for j := i + 1; j+1 < len(st.tokens) && st.tokens[j].Text == "." && st.tokens[j].Kind == sqltext.Op; j += 2 {
		parts = append(parts, st.tokens[j+1].Text)
	}
	word := parts[len(parts)-1]
	var words []string
	for _, t := range st.tokens {
		if t.Kind == sqltext.Word || t.Kind == sqltext.Quoted {
			words = append(words, cut(t.Text))
		}
	}
	var rows [][]string
	err := s.with(ctx, func(c *conn) error {
		q := step{sql: relationNames, rows: text(&rows)}
		if e.Code == "42703" {
			q = step{sql: columnNames, args: [][]byte{array(words)}, rows: text(&rows)}
		}
		return s.catalog(ctx, c, 2*time.Second, q)
	})
	if err != nil {
		return nil // the answer is as good without them
	}
	var known []string
	for _, r := range rows {
		if !s.rules.Allows(r[0], r[1], r[2] == "t") {
			continue
		}
		if e.Code == "42703" {
			known = append(known, r[3])
		} else {
			known = append(known, address(r[0], r[1], r[2] == "t"))
		}
	}
	near := fail.Near(word, known)
	if len(near) == 0 && len(parts) > 1 {
		near = fail.Near(strings.Join(parts, "."), known)
	}
	if len(near) == 0 && e.Code != "42703" {
		for _, k := range known { // the name is right, the schema is not
			if _, n, ok := strings.Cut(k, "."); ok && n == word {
				near = append(near, k)
			}
		}
	}
	return slices.Compact(near[:min(len(near), 3)])
}

// tokenAt returns the index of the token that begins at a character, -1 if there is none.
func (st *statement) tokenAt(char int) int {
	if char < 0 {
		return -1
	}
	offset := 0
	for range char {
		_, n := utf8.DecodeRuneInString(st.sql[min(offset, len(st.sql)):])
		offset += n
	}
	return slices.IndexFunc(st.tokens, func(t sqltext.Token) bool { return t.Start == offset })
}

const relationNames = `SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
ORDER BY pg_catalog.pg_table_is_visible(c.oid) DESC, c.relname LIMIT 5000`

const columnNames = `SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid), a.attname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND c.relname = ANY ($1::pg_catalog.name[])
ORDER BY c.relname, a.attnum LIMIT 5000`
