package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The lengths of values that Add takes: from minAny on wherever they occur, from
// minWord on only as a whole word.
const (
	minWord = 4
	minAny  = 8
	minLine = 16 // a line of a longer value is masked on its own from here on
)

// Add registers a secret that cleat holds, so that it is masked from now on wherever
// it appears: as it is, percent-encoded, escaped as in JSON, Go, HTML, SQL or a
// shell, in hexadecimal and within base64 of either alphabet. White space around
// it does not count; the lines of a longer value are secrets too.
//
// Values of 4 to 7 bytes are masked only where no letter or digit touches them, and
// only as they are. Shorter ones are ignored, as are the defaults that everybody
// has ("postgres", "password"): they guard nothing, and masking each
// occurrence would ruin every answer. Values that a marker itself could contain are ignored as well.
func (r *Redactor) Add(value string) {
	value = strings.TrimSpace(value)
	if len(value) < minWord || common(value) || strings.Contains(markerStart, value) || isKind(value) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := slices.BinarySearch(r.values, value)
	if ok {
		return
	}
	r.values = slices.Insert(r.values, i, value)
	r.held.Store(newLiterals(r.values))
}

// common reports whether value is a password that is no secret.
func common(value string) bool {
	switch strings.ToLower(value) {
	case "admin", "changeit", "changeme", "default", "example", "false", "guest", "localhost", "mariadb",
		"mysql", "none", "null", "pass", "password", "postgres", "root", "secret", "test", "testing",
		"token", "true", "user", "username":
		return true
	}
	return false
}

// isKind reports whether value is part of a marker's kind.
func isKind(value string) bool {
	for _, k := range kinds() {
		if strings.Contains(k+":", value) {
			return true
		}
	}
	return false
}

// literals finds fixed strings. It is not changed once it is made.
//
// Long patterns are found by looking at every fourth position: a pattern of at least 7
// bytes covers one such position with four of its own, whichever way it lies.
type literals struct {
	long   []literal
	words  []literal // short ones, sorted by length
	filter []uint64  // a bit for the hash of each block of long
	heads  []int32   // by hash: 1 + index into blocks, 0 for none
	blocks []block
}

// A literal is one spelling of a secret.
type literal struct{ text, secret string }

// A block is where a pattern may begin, seen from a position that hashes alike.
type block struct {
	pattern int32
	offset  int32
	next    int32 // as in heads
}

const (
	blockBits = 16
	headBits  = 12
)

func blockHash(s string, i int) uint32 {
	v := uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
	return v * 0x9E3779B1
}

func newLiterals(values []string) *literals {
	l := &literals{filter: make([]uint64, 1<<blockBits/64), heads: make([]int32, 1<<headBits)}
	seen := make(map[string]bool)
	add := func(text, secret string) {
		if seen[text] {
			return
		}
		seen[text] = true
		if len(text) < minAny {
			l.words = append(l.words, literal{text, secret})
			return
		}
		p := int32(len(l.long))
		l.long = append(l.long, literal{text, secret})
		for off := range 4 {
			h := blockHash(text, off)
			l.filter[h>>(32-blockBits)/64] |= 1 << (h >> (32 - blockBits) % 64)
			head := &l.heads[h>>(32-headBits)]
			l.blocks = append(l.blocks, block{p, int32(off), *head})
			*head = int32(len(l.blocks))
		}
	}
	for _, v := range values {
		if len(v) < minAny {
			add(v, v)
			continue
		}
		for _, form := range spellings(v) {
			add(form, v)
		}
		for line := range strings.Lines(v) {
			line = strings.TrimSpace(line)
			if len(line) >= minLine && !strings.HasPrefix(line, "-----") {
				add(line, line)
			}
		}
	}
	return l
}

// find appends the secrets in s to found.
func (l *literals) find(found []span, s string) []span {
	if len(l.long) > 0 {
		for i := 0; i+4 <= len(s); i += 4 {
			h := blockHash(s, i)
			if l.filter[h>>(32-blockBits)/64]&(1<<(h>>(32-blockBits)%64)) == 0 {
				continue
			}
			for b := l.heads[h>>(32-headBits)]; b != 0; b = l.blocks[b-1].next {
				p := l.long[l.blocks[b-1].pattern]
				start := i - int(l.blocks[b-1].offset)
				if start >= 0 && strings.HasPrefix(s[start:], p.text) {
					found = append(found, span{start, start + len(p.text), kindHeld, p.secret})
				}
			}
		}
	}
	for _, w := range l.words {
		for from := 0; ; {
			i := strings.Index(s[from:], w.text)
			if i < 0 {
				break
			}
			start := from + i
			end := start + len(w.text)
			from = end
			if (start == 0 || !isAlnum(s[start-1])) && (end == len(s) || !isAlnum(s[end])) && !inMarker(s, start) {
				found = append(found, span{start, end, kindHeld, w.secret})
			}
		}
	}
	return found
}

// inMarker reports whether position i of s lies in a marker.
func inMarker(s string, i int) bool {
	from := max(0, i-64)
	at := strings.LastIndex(s[from:i], markerStart)
	return at >= 0 && i < from+at+markerAt(s[from+at:])
}

// spellings returns v and the forms that programs give it.
func spellings(v string) []string {
	forms := []string{
		v,
		strings.ReplaceAll(v, "\n", "\r\n"),
		url.QueryEscape(v), url.PathEscape(v), url.UserPassword("", v).String()[1:],
		lowerPercent(url.QueryEscape(v)), lowerPercent(url.PathEscape(v)),
		html.EscapeString(v),
		strings.ReplaceAll(v, "'", `'\''`), strings.ReplaceAll(v, "'", "''"),
		strings.Trim(strconv.Quote(v), `"`),
	}
	for _, upper := range []bool{false, true} {
		digits := hex.EncodeToString([]byte(v))
		if upper {
			digits = strings.ToUpper(digits)
		}
		var percent strings.Builder
		for i := 0; i < len(digits); i += 2 {
			percent.WriteString("%" + digits[i:i+2])
		}
		forms = append(forms, digits, percent.String())
	}
	for _, escaped := range []string{jsonForm(v, true), jsonForm(v, false)} {
		forms = append(forms, escaped, strings.ReplaceAll(escaped, "/", `\/`), jsonForm(escaped, false))
	}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		// Within a longer text v may begin at any of three places of a group. The
		// characters that it shares with its neighbors are left out.
		for pad := range 3 {
			text := enc.EncodeToString(append(make([]byte, pad), v...))
			forms = append(forms, text[(pad*8+5)/6:(pad+len(v))*8/6])
		}
	}
	return forms
}

// lowerPercent returns s with the digits of its percent escapes in lower case.
func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// jsonForm returns v as it stands between the quotes of a JSON string.
func jsonForm(v string, escapeHTML bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(escapeHTML)
	if err := e.Encode(v); err != nil {
		return v // a string always has a JSON form
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSuffix(b.String(), "\n"), `"`), `"`)
}
