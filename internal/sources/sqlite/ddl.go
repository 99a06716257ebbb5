package sqlite

import (
	"strings"

	"cleat/internal/sqltext"
)

// checks returns the conditions of the CHECKs in a CREATE TABLE, as SQL.
func checks(sql string) []string {
	tokens, err := sqltext.Tokens(sqltext.SQLite, sql)
	if err != nil {
		return nil
	}
	var out []string
	for i, t := range tokens {
		if t.Kind != sqltext.Word || t.Text != "check" || i+1 == len(tokens) || tokens[i+1].Text != "(" {
			continue
		}
		if end := closing(tokens, i+1); end > 0 {
			out = append(out, strings.TrimSpace(sql[tokens[i+1].End:tokens[end].Start]))
		}
	}
	return out
}

// closing returns the index of the parenthesis that closes the one at i, or -1.
func closing(tokens []sqltext.Token, i int) int {
	depth := 0
	for j := i; j < len(tokens); j++ {
		if tokens[j].Kind != sqltext.Op {
			continue
		}
		switch tokens[j].Text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return j
			}
		}
	}
	return -1
}

// indexParts returns what a CREATE INDEX indexes, and its condition, as SQL.
func indexParts(sql string) (parts []string, where string) {
	tokens, err := sqltext.Tokens(sqltext.SQLite, sql)
	if err != nil {
		return nil, ""
	}
	open := -1
	for i, t := range tokens {
		if t.Kind == sqltext.Op && t.Text == "(" {
			open = i
			break
		}
	}
	end := -1
	if open >= 0 {
		end = closing(tokens, open)
	}
	if end < 0 {
		return nil, ""
	}
	depth, from := 0, tokens[open].End
	for _, t := range tokens[open : end+1] {
		if t.Kind != sqltext.Op {
			continue
		}
		switch t.Text {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 1 && t.Text == "," || depth == 0 {
			parts = append(parts, strings.TrimSpace(sql[from:t.Start]))
			from = t.End
		}
	}
	for _, t := range tokens[end+1:] {
		if t.Kind == sqltext.Word && t.Text == "where" {
			return parts, strings.TrimSpace(sql[t.End:])
		}
	}
	return parts, ""
}
