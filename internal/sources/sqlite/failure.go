package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/sqltext"
)

const maxMessage = 300 // bytes of what SQLite says

// failure returns err as an error for the model. c and sql are the connection and the
// statement that failed, if there are such.
func (s *Source) failure(ctx context.Context, c *conn, sql string, err error) error {
	var e *engine.Error
	if !errors.As(err, &e) {
		return err
	}
	message := s.message(c, e)
	if c != nil && c.guard.refused != nil && (e.Primary() == engine.Refused || e.Primary() == 1) {
		return c.guard.refused // a function that is refused is a mere error to SQLite
	}
	switch e.Primary() {
	case engine.Interrupted:
		return s.ended(ctx)
	case engine.Refused:
		return fail.Errorf(fail.Denied, "the statement does something that is not open here")
	case engine.Busy, engine.Locked, engine.Protocol, engine.Schema:
		return fail.Errorf(fail.Busy, "another process holds a lock on the database").After(time.Second)
	case engine.Corrupt, engine.NotDatabase:
		s.ails("the file is not a sound SQLite database")
		if c != nil {
			c.broken = true // the next call looks at the file anew
		}
		return fail.Errorf(fail.Unavailable, "the file is not a sound SQLite database").Because("SQLite: %s", message).
			Then("tell the user to check the file of the source, or to restore it")
	case engine.TooBig:
		return fail.Errorf(fail.TooLarge, "a value or a row is longer than %d MB, or the statement is too big", maxValue>>20).
			Because("SQLite: %s", message)
	case engine.NoMemory:
		return fail.Errorf(fail.TooLarge, "the statement needs more memory than there is for it").
			Then("sort or group fewer rows at once")
	case engine.CannotOpen, engine.Permission, engine.IO, engine.ReadOnly, engine.Full:
		return fail.Errorf(fail.Unavailable, "the database file cannot be used: SQLite: %s", message)
	case 1:
		return s.wrong(c, sql, message)
	}
	return fail.Errorf(fail.Invalid, "SQLite: %s", message)
}

// ended is the error for a statement that was stopped by its time.
func (s *Source) ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fail.From(context.Canceled)
	}
	return fail.Errorf(fail.Timeout, "the time for the statement was over before its first row").
		Because("the source allows %s for one statement", s.rules.Timeout).
		Then("narrow the statement, or look at its plan with explain=true")
}

// message is what SQLite says, on one line, without cleat's own names and, while there are
// masks, without what stands in quotes.
func (s *Source) message(c *conn, e *engine.Error) string {
	m := e.Message
	if c != nil {
		m = c.guard.plain(m)
	}
	m = strings.Join(strings.FieldsFunc(m, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
	if s.rules.Masks() && c != nil && c.guard.phase == running {
		m = unquoted(m)
	}
	if len(m) > maxMessage {
		m = strings.ToValidUTF8(m[:maxMessage], "") + "…"
	}
	return m
}

// plain takes the secret names out of a text.
func (g *guard) plain(s string) string {
	if !strings.Contains(s, g.secret) {
		return s
	}
	for _, mark := range []string{tableMark, viewMark, rawMark, closedMark, ""} {
		s = strings.ReplaceAll(s, g.secret+mark, "")
	}
	return s
}

// unquoted leaves out what stands in quotes.
func unquoted(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexAny(s, `'"`)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i] + "…")
		end := strings.LastIndexByte(s[i+1:], s[i])
		if end < 0 {
			return b.String()
		}
		s = s[i+1+end+1:]
	}
}

// wrong is the error for a statement that SQLite does not take, with the nearest names.
func (s *Source) wrong(c *conn, sql, message string) error {
	if c != nil && c.closed != nil {
		return c.closed // its columns and indexes are not there, so that other names seem wrong
	}
	if name, ok := strings.CutPrefix(message, "no such table: "); ok && c != nil {
		if pragma, ok := strings.CutPrefix(fold(name), "pragma_"); ok {
			return refusePragma(pragma)
		}
		if called(sql, name) {
			return fail.Errorf(fail.Invalid, "SQLite: no such table-valued function: %s", name)
		}
		e := fail.Errorf(fail.NotFound, "SQLite: %s", message)
		if _, bare, ok := strings.Cut(name, "."); ok {
			name = bare
		}
		return near(e, name, c.tables()).Then("use db_schema for the names")
	}
	if name, ok := strings.CutPrefix(message, "no such column: "); ok && c != nil {
		e := fail.Errorf(fail.NotFound, "SQLite: %s", message)
		bare, _, _ := strings.Cut(name, " - ") // "should this be a string literal in single-quotes?"
		bare = strings.Trim(bare, `"`)
		if strings.HasPrefix(name, `"`) {
			e = e.Because("text stands in single quotes, names in double ones")
		}
		return near(e, bare[strings.LastIndexByte(bare, '.')+1:], c.columnsIn(sql)).Then("use db_schema with that table for its columns")
	}
	return fail.Errorf(fail.Invalid, "SQLite: %s", message)
}

// called reports whether a name stands before a parenthesis in a statement.
func called(sql, name string) bool {
	tokens := plainTokens(sql)
	for i, t := range tokens {
		if fold(t.Text) == fold(name) && i+1 < len(tokens) && tokens[i+1].Kind == sqltext.Op && tokens[i+1].Text == "(" {
			return true
		}
	}
	return false
}

func near(e *fail.Error, name string, known []string) *fail.Error {
	if found := fail.Near(name, known); len(found) > 0 {
		return e.Because("did you mean %s?", strings.Join(found, ", "))
	}
	return e
}

// tables are the names of the tables and views that may be read.
func (c *conn) tables() []string {
	var names []string
	for _, o := range c.cat.objects {
		if o.kind != shadowTable && !strings.HasPrefix(fold(o.name), "sqlite_") && c.guard.closes(o) == nil {
			names = append(names, o.name)
		}
	}
	return names
}

// columnsIn are the columns of the tables that a statement mentions.
func (c *conn) columnsIn(sql string) []string {
	var names []string
	for i, o := range c.mentioned(sql) {
		if i == 20 {
			break
		}
		if c.guard.closes(o) != nil {
			continue
		}
		err := c.each("SELECT name FROM pragma_table_xinfo(?1, 'main')", func(s *engine.Stmt) error {
			names = append(names, text(s, 0))
			return nil
		}, o.name)
		if err != nil {
			return names // the nearest name is a help alone
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// mentioned are the objects of the schema whose names stand in a statement.
func (c *conn) mentioned(sql string) []*object {
	tokens, err := sqltext.Tokens(sqltext.SQLite, sql)
	if err != nil {
		return nil
	}
	var out []*object
	for _, t := range tokens {
		if t.Kind == sqltext.Word || t.Kind == sqltext.Quoted {
			if o := c.cat.object(t.Text); o != nil && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

// counted returns "1 value", "2 values".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
