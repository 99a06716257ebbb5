package tracker

import (
	"context"
	"crypto/rand"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/text"
)

// alphabet is that of keys: base 32 without i, l, o and u.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const (
	prefix  = "ct-"
	minName = 4
	uidLen  = 26 // 130 bits
)

// canonical is a key as the store has it, "" if it is none.
func canonical(key string) string {
	if len(key) < len(prefix)+minName || len(key) > len(prefix)+uidLen {
		return ""
	}
	key = strings.ToLower(key)
	if name, ok := strings.CutPrefix(key, prefix); !ok || !isName(name) {
		return ""
	}
	return key
}

// isName reports whether s is of the alphabet, and more than a number: "ct-1234" may well be
// the key of another tracker.
func isName(s string) bool {
	return strings.Trim(s, alphabet) == "" && strings.Trim(s, "0123456789") != ""
}

// checkKey returns the canonical key, or fails with fail.Invalid.
func checkKey(key string) (string, error) {
	if c := canonical(key); c != "" {
		return c, nil
	}
	return "", fail.Errorf(fail.Invalid, "%q is no key of the local tracker", quoted(key)).
		Because("its keys look like ct-7x2k").Then("find the key with ticket_search")
}

// quoted is foreign text as an error may quote it.
func quoted(s string) string {
	if len(s) > 80 {
		s = clip(s, 80) + "…"
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "?")
	}
	return text.Line(s)
}

// newUID returns a name that no other ticket anywhere has.
func newUID() string {
	for {
		b := make([]byte, uidLen)
		rand.Read(b) // never fails
		for i := range b {
			b[i] = alphabet[b[i]&31]
		}
		if isName(string(b)) {
			return string(b)
		}
	}
}

// freeKey returns the shortest key for uid that no ticket has. It is longer the more tickets
// there are, so that another store's rarely has the same.
func (c *conn) freeKey(uid string) (string, error) {
	var count int64
	if err := c.each(`SELECT max(id) FROM tickets`, func(r row) error { count = r.int(0); return nil }); err != nil {
		return "", err
	}
	n := minName
	for most := int64(1024); count >= most && n < uidLen; most *= 32 {
		n++
	}
	for ; n <= uidLen; n++ {
		if key := prefix + uid[:n]; isName(uid[:n]) {
			id, err := c.id(key)
			if err != nil || id == 0 {
				return key, err
			}
		}
	}
	return "", fail.Errorf(fail.Internal, "there is no free key")
}

// id is the number of the ticket with the key, 0 if there is none.
func (c *conn) id(key string) (id int64, err error) {
	err = c.each(`SELECT id FROM tickets WHERE key=?`, func(r row) error { id = r.int(0); return nil }, str(key))
	return id, err
}

// mustID is id for a key that somebody gave; it fails with fail.Invalid and fail.NotFound.
func (c *conn) mustID(ctx context.Context, given string) (int64, string, error) {
	key, err := checkKey(given)
	if err != nil {
		return 0, "", err
	}
	id, err := c.id(key)
	if err == nil && id == 0 {
		err = c.unknown(key)
	}
	return id, key, err
}

// unknown is the error for a key that is none of a ticket, with those that are like it.
func (c *conn) unknown(key string) error {
	e := noTicket(key)
	var near []string
	err := c.each(`SELECT key FROM tickets WHERE key LIKE ? OR key LIKE ? ORDER BY key LIMIT 3`, func(r row) error {
		near = append(near, r.text(0))
		return nil
	}, str(key[:len(key)-1]+"%"), str(prefix+"_"+key[len(prefix)+1:]))
	if err == nil && len(near) > 0 {
		e = e.Because("the nearest are %s", strings.Join(near, ", "))
	}
	return e
}

func noTicket(key string) *fail.Error {
	return fail.Errorf(fail.NotFound, "there is no ticket %s in the local tracker", key).Then("find the key with ticket_search")
}
