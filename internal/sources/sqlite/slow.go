package sqlite

import (
	"errors"
	"strings"

	"cleat/internal/sqlite/engine"
)

// SQLite's own instr, replace and trim take time that grows with the product of the lengths
// of their arguments, hours for values of a few megabytes, and cannot be stopped. These do
// the same in time that grows with the sum.

//
// json_patch is one of these too, in the number of keys. It is limited instead: SQLite has
// it under another name, jsonb_patch, which no statement may use.

// maxPatch is how long, in bytes, the documents for json_patch may be.
const maxPatch = 256 << 10

// replaceSlow puts them in the place of SQLite's.
func (c *conn) replaceSlow() (err error) {
	if c.patchStmt, _, err = c.db.Prepare("SELECT json(jsonb_patch(?1, ?2))"); err != nil {
		return err
	}
	for _, f := range []struct {
		name      string
		arguments int
		do        func(*engine.Call)
	}{
		{"instr", 2, instr},
		{"replace", 3, replace},
		{"trim", 2, func(k *engine.Call) { trim(k, true, true) }},
		{"ltrim", 2, func(k *engine.Call) { trim(k, true, false) }},
		{"rtrim", 2, func(k *engine.Call) { trim(k, false, true) }},
		{"json_patch", 2, c.jsonPatch},
	} {
		if err := c.db.Register(f.name, f.arguments, f.do); err != nil {
			return err
		}
	}
	return nil
}

func anyNull(k *engine.Call, n int) bool {
	for i := range n {
		if k.Type(i) == engine.Null {
			k.ReturnNull()
			return true
		}
	}
	return false
}

func (c *conn) jsonPatch(k *engine.Call) {
	if anyNull(k, 2) {
		return
	}
	target, n := k.Text(0, maxPatch)
	patch, m := k.Text(1, maxPatch)
	if n > maxPatch || m > maxPatch {
		k.ReturnTooBig()
		return
	}
	// It may be compiled again, which is on cleat's behalf.
	before := c.guard.phase
	c.guard.phase = own
	defer func() {
		c.patchStmt.Reset()
		c.guard.phase = before
	}()
	row := false
	err := errors.Join(c.patchStmt.BindText(1, target), c.patchStmt.BindText(2, patch))
	if err == nil {
		row, err = c.patchStmt.Step()
	}
	switch {
	case err != nil:
		k.ReturnError(err.Error())
	case !row:
		k.ReturnNull()
	default:
		k.ReturnText(text(c.patchStmt, 0))
	}
}

// continues reports whether a byte is no first one of a character.
func continues(b byte) bool { return b&0xc0 == 0x80 }

func instr(k *engine.Call) {
	if anyNull(k, 2) {
		return
	}
	if k.Type(0) == engine.Blob && k.Type(1) == engine.Blob {
		hay, _ := k.Blob(0, maxValue)
		needle, _ := k.Blob(1, maxValue)
		k.ReturnInt(int64(strings.Index(hay, needle) + 1))
		return
	}
	hay, _ := k.Text(0, maxValue)
	needle, _ := k.Text(1, maxValue)
	k.ReturnInt(charIndex(hay, needle))
}

// charIndex returns the number of the character, from 1, at which needle first stands in
// hay, and 0 where it does not.
func charIndex(hay, needle string) int64 {
	if strings.HasPrefix(hay, needle) {
		return 1
	}
	if continues(needle[0]) {
		return 0
	}
	i := strings.Index(hay, needle)
	if i < 0 {
		return 0
	}
	n := int64(1)
	for j := 1; j <= i; j++ {
		if !continues(hay[j]) {
			n++
		}
	}
	return n
}

func replace(k *engine.Call) {
	if anyNull(k, 3) {
		return
	}
	from, _ := k.Text(1, maxValue)
	if from == "" || from[0] == 0 {
		k.ReturnArgument(0)
		return
	}
	in, _ := k.Text(0, maxValue)
	to, _ := k.Text(2, maxValue)
	if n := strings.Count(in, from); len(in)+n*(len(to)-len(from)) > maxValue {
		k.ReturnTooBig()
		return
	}
	k.ReturnText(strings.ReplaceAll(in, from, to))
}

func trim(k *engine.Call, left, right bool) {
	if anyNull(k, 2) {
		return
	}
	in, _ := k.Text(0, maxValue)
	set, _ := k.Text(1, maxValue)
	k.ReturnText(trimSet(in, set, left, right))
}

// trimSet takes the characters of set off the ends of s. A character is a byte and, if that
// is one of the first of several, the bytes that continue it.
func trimSet(s, set string, left, right bool) string {
	chars := map[string]bool{}
	lengths := map[int]bool{}
	for len(set) > 0 {
		n := 1
		if set[0] >= 0xc0 {
			for n < len(set) && continues(set[n]) {
				n++
			}
		}
		chars[set[:n]], lengths[n] = true, true
		set = set[n:]
	}
	again := func(at func(n int) string, cut func(n int)) {
		for found := true; found; {
			found = false
			for n := range lengths {
				if n <= len(s) && chars[at(n)] {
					cut(n)
					found = true
				}
			}
		}
	}
	if left {
		again(func(n int) string { return s[:n] }, func(n int) { s = s[n:] })
	}
	if right {
		again(func(n int) string { return s[len(s)-n:] }, func(n int) { s = s[:len(s)-n] })
	}
	return s
}
