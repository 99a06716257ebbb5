package sqltext

import (
	"slices"
	"strings"

	"cleat/internal/fail"
)

// Single returns the one statement of a text, without empty statements around it, and so
// that it ends neither in a comment nor in a semicolon: other text can follow it. For MySQL
// every comment is a space in it, hints too. The statement that Single returns is returned
// unchanged when it is passed to Single again.
//
// It fails with fail.Invalid where there is none or more than one, where the parentheses
// do not match, and for statements whose bodies hold others, as those of triggers do; with
// fail.Denied for comments that some servers execute; and as Tokens does.
func Single(d Dialect, sql string) (body string, err error) {
	body, bad := single(d, sql)
	if bad != nil {
		return "", bad.err
	}
	if d != MySQL {
		return body, nil
	}
	// Where a comment was, there is a space now, which could make -- of --/**/ a comment.
	before, bad := code(d, sql)
	if bad == nil {
		var after []Token
		after, bad = lex(d, body)
		if bad == nil && !sameStatement(before, after) {
			bad = &lexError{err: fail.Errorf(fail.Invalid, "the statement reads otherwise without its comments").Then("write it without comments")}
		}
	}
	if bad != nil {
		return "", bad.err
	}
	return body, nil
}

// sameStatement reports whether after is before without semicolons around it.
func sameStatement(before, after []Token) bool {
	semicolon := func(t Token) bool { return t.is(";") }
	for len(before) > 0 && semicolon(before[0]) {
		before = before[1:]
	}
	for len(before) > 0 && semicolon(before[len(before)-1]) {
		before = before[:len(before)-1]
	}
	return slices.EqualFunc(before, after, func(a, b Token) bool { return a.Kind == b.Kind && a.Text == b.Text })
}

func single(d Dialect, sql string) (string, *lexError) {
	tokens, bad := lex(d, sql)
	if bad != nil {
		return "", bad
	}
	from, to, bad := bounds(tokens)
	if bad != nil {
		return "", bad
	}
	if bad := balanced(tokens[from:to]); bad != nil {
		return "", bad
	}
	comment := func(t Token) bool { return t.Kind == Comment || t.Kind == Hint }
	for d == MySQL && comment(tokens[from]) {
		from++
	}
	start, end := tokens[from].Start, tokens[to-1].End
	if d != MySQL {
		return sql[start:end], nil
	}
	var b strings.Builder
	b.Grow(end - start)
	for _, t := range tokens[from:to] {
		if comment(t) {
			b.WriteString(sql[start:t.Start])
			b.WriteByte(' ')
			start = t.End
		}
	}
	b.WriteString(sql[start:end])
	return b.String(), nil
}

// bounds returns where in tokens the one statement is: it begins with the first token,
// comments included, behind empty statements, and ends with one that is no comment.
func bounds(tokens []Token) (from, to int, bad *lexError) {
	first, body := -1, false
	for i, t := range tokens {
		switch {
		case t.Kind == Executable:
			return 0, 0, &lexError{err: executable()}
		case t.Kind == Comment || t.Kind == Hint:
		case t.is(";"):
			if first < 0 {
				from = i + 1
			}
			body = true
		case first < 0:
			first, to, body = i, i+1, false
		case body:
			return 0, 0, &lexError{err: several(tokens[first:])}
		default:
			to = i + 1
		}
	}
	if first < 0 {
		return 0, 0, &lexError{err: fail.Errorf(fail.Invalid, "there is no statement in the SQL")}
	}
	return from, to, nil
}

// several is the error for more than one statement. The bodies of triggers and routines
// are no exception: where they end depends on what is in them.
func several(tokens []Token) *fail.Error {
	e := fail.Errorf(fail.Invalid, "one statement only: there is more behind a semicolon").Then("send each statement in a call of its own")
	if !tokens[0].word("create", "alter") {
		return e
	}
	for _, t := range tokens {
		if t.is(";") {
			break
		}
		if t.word("trigger", "function", "procedure", "event", "package") {
			return e.Because("a body that holds statements of its own is not accepted either")
		}
	}
	return e
}

func balanced(tokens []Token) *lexError {
	depth := 0
	for _, t := range tokens {
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 {
		return &lexError{err: fail.Errorf(fail.Invalid, "the parentheses in the SQL do not match")}
	}
	return nil
}

// statement returns the tokens of the one statement, without comments.
func statement(d Dialect, sql string) ([]Token, *lexError) {
	tokens, bad := lex(d, sql)
	if bad != nil {
		return nil, bad
	}
	from, to, bad := bounds(tokens)
	if bad != nil {
		return nil, bad
	}
	kept := tokens[:0]
	for _, t := range tokens[from:to] {
		if t.Kind != Comment && t.Kind != Hint {
			kept = append(kept, t)
		}
	}
	return kept, nil
}
