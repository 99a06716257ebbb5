package gouses

import (
	"bytes"
	"go/scanner"
	"go/token"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"cleat/internal/fail"
)

const maxName = 512 // bytes of a Query's Name

// A name is what a Query's Name can mean.
type name struct {
	last string // the identifier itself

	// As a package-level name: of which package, "" for any.
	pkg string

	// As a method or field: owner is the type, "" where the Name has one identifier;
	// ownerPkg is of which package, "" for any.
	owner, ownerPkg string
}

// bare reports whether the name is only an identifier.
func (n name) bare() bool { return n.pkg == "" && n.owner == "" }

// parseName fails with fail.Invalid.
func parseName(s string) (name, error) {
	bad := func(why string) (name, error) {
		return name{}, fail.Errorf(fail.Invalid, "%.80q is not the name of something in Go", s).Because("%s", why).
			Then(`name it as in "Repo.Resolve", "git.Resolve" or "internal/git.Repo.Resolve"`)
	}
	if len(s) > maxName {
		return bad("it is too long")
	}
	t := strings.TrimSuffix(strings.TrimSpace(s), "()")
	// Type arguments, as in "Box[...].Get", say nothing more.
	if i, j := strings.IndexByte(t, '['), strings.LastIndexByte(t, ']'); 0 <= i && i < j {
		t = t[:i] + t[j+1:]
	}
	t = strings.NewReplacer("(*", "", "(", "", ")", "").Replace(strings.TrimPrefix(t, "*"))
	slash := strings.LastIndexByte(t, '/') + 1
	cut := func(s string) (before, ident string, ok bool) {
		i := strings.LastIndexByte(s, '.')
		if i < slash {
			return "", s, slash == 0 && token.IsIdentifier(s)
		}
		return s[:i], s[i+1:], token.IsIdentifier(s[i+1:])
	}
	before, last, ok := cut(t)
	if !ok || last == "_" {
		return bad("it does not end in an identifier")
	}
	n := name{last: last, pkg: before}
	if before == "" {
		if strings.HasPrefix(t, ".") {
			return bad("it begins with a dot")
		}
		return n, nil
	}
	if strings.HasPrefix(before, ".") || strings.HasSuffix(before, ".") || strings.Contains(before[slash:], "..") {
		return bad("it has a dot too many")
	}
	if strings.ContainsAny(before, " \t\r\n\"'`\\") {
		return bad("it is more than one word")
	}
	if pkg, owner, ok := cut(before); ok && owner != "_" {
		n.owner, n.ownerPkg = owner, pkg
	}
	return n, nil
}

// names reports whether prefix, as written before a dot, means the package of that name
// and import path, in the folder dir.
func names(prefix, pkg, importPath, dir string) bool {
	if prefix == "" || prefix == pkg || prefix == importPath {
		return true
	}
	if !strings.Contains(prefix, "/") {
		return prefix == path.Base(importPath)
	}
	return strings.HasSuffix(importPath, "/"+prefix) || dir == prefix || strings.HasSuffix(dir, "/"+prefix)
}

// assumedName guesses the name of a package that nothing is known of but its path.
func assumedName(importPath string) string {
	base := path.Base(importPath)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		if dir := path.Dir(importPath); dir != "." {
			base = path.Base(dir)
		}
	}
	base = strings.TrimPrefix(base, "go-")
	if i := strings.IndexFunc(base, func(r rune) bool { return !isLetter(r) }); i > 0 {
		base = base[:i]
	}
	if !token.IsIdentifier(base) || base == "_" {
		return "unknown"
	}
	return base
}

func isLetter(r rune) bool {
	return r == '_' || r < utf8.RuneSelf && ('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') ||
		r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func endsInLetter(b []byte) bool {
	r, n := utf8.DecodeLastRune(b)
	return n > 0 && isLetter(r)
}

func beginsWithLetter(b []byte) bool {
	r, n := utf8.DecodeRune(b)
	return n > 0 && isLetter(r)
}

// hasWord reports whether name stands in data as a whole word, be it in a comment.
func hasWord(data []byte, name string) bool {
	for {
		i := bytes.Index(data, []byte(name))
		if i < 0 {
			return false
		}
		rest := data[i+len(name):]
		if !endsInLetter(data[:i]) && !beginsWithLetter(rest) {
			return true
		}
		data = rest
	}
}

// declares reports whether data looks as if it declared a type called owner.
func declares(data []byte, owner string) bool {
	for from := 0; ; {
		i := bytes.Index(data[from:], []byte(owner))
		if i < 0 {
			return false
		}
		i += from
		from = i + len(owner)
		if from < len(data) && data[from] != ' ' && data[from] != '\t' && data[from] != '[' && data[from] != '/' {
			continue
		}
		before := bytes.TrimSpace(data[bytes.LastIndexByte(data[:i], '\n')+1 : i])
		switch {
		case bytes.HasSuffix(before, []byte("type")):
			return true
		case len(before) == 0, bytes.HasSuffix(before, []byte("(")), bytes.HasSuffix(before, []byte(";")), bytes.HasSuffix(before, []byte("*/")):
			if grouped(data[:i]) {
				return true
			}
		}
	}
}

// grouped reports whether data has types in parentheses.
func grouped(data []byte) bool {
	for {
		i := bytes.Index(data, []byte("type"))
		if i < 0 {
			return false
		}
		data = data[i+len("type"):]
		if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("(")) {
			return true
		}
	}
}

// tokens returns the offsets of the identifier in data, comments and strings left out.
func tokens(data []byte, ident string) []int {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(data))
	var s scanner.Scanner
	s.Init(file, data, func(token.Position, string) {}, 0)
	var out []int
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return out
		}
		if tok == token.IDENT && lit == ident {
			out = append(out, file.Offset(pos))
		}
	}
}
