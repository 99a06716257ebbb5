package stdio

import (
	"bytes"
	"encoding/json"
	"iter"
	"math/big"
	"strconv"
	"strings"
)

// The functions in this file look into text that is known to be valid JSON; on other
// text they may panic.

// A message is what the guard knows of one JSON-RPC message. Values are as on the
// wire, nil where the member is absent.
type message struct {
	version, id, method, params, result, err []byte

	ids int    // members that are called id, in any spelling of case
	odd string // a member whose name differs from a known one by case alone
}

// parse reads the members of the JSON object in line.
func parse(line []byte) message {
	var m message
	for key, v := range members(line) {
		value := line[v.start:v.end]
		switch string(key) {
		case "jsonrpc":
			m.version = value
		case "id":
			m.id = value
			m.ids++
		case "method":
			m.method = value
		case "params":
			m.params = value
		case "result":
			m.result = value
		case "error":
			m.err = value
		default:
			for _, known := range [...]string{"jsonrpc", "id", "method", "params", "result", "error"} {
				if !strings.EqualFold(string(key), known) {
					continue
				}
				m.odd = string(key)
				if known == "id" {
					m.ids++
				}
			}
		}
	}
	return m
}

// isAnswer reports whether m is, or is meant to be, the response to a request of ours.
func (m *message) isAnswer() bool {
	return m.method == nil && (m.result != nil || m.err != nil)
}

// isNotification reports whether m has a method and no id, whatever else is wrong.
func (m *message) isNotification() bool {
	return isString(m.method) && m.ids == 0 && string(m.version) == `"2.0"`
}

// usableID returns the id if it can be relied on and repeated, and nil otherwise.
func (m *message) usableID() []byte {
	if m.ids != 1 || m.id == nil {
		return nil
	}
	if _, ok := canonical(m.id); !ok {
		return nil
	}
	return m.id
}

func isString(v []byte) bool { return len(v) > 0 && v[0] == '"' }
func isObject(v []byte) bool { return len(v) > 0 && v[0] == '{' }
func isNull(v []byte) bool   { return string(v) == "null" }

// text returns the value of a JSON string.
func text(v []byte) string {
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil {
		panic(err) // the caller has checked the text
	}
	return s
}

// quote returns s as a JSON string.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // strings always encode
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

type span struct{ start, end int }

// members yields the unescaped keys of the JSON object obj and where their values lie.
func members(obj []byte) iter.Seq2[[]byte, span] {
	return func(yield func([]byte, span) bool) {
		i := blank(obj, 0) + 1
		for {
			i = blank(obj, i)
			if obj[i] == '}' {
				return
			}
			if obj[i] == ',' {
				i = blank(obj, i+1)
			}
			end := skipString(obj, i)
			key := obj[i+1 : end-1]
			if bytes.IndexByte(key, '\\') >= 0 {
				key = []byte(text(obj[i:end]))
			}
			start := blank(obj, blank(obj, end)+1) // behind the colon
			i = skip(obj, start)
			if !yield(key, span{start, i}) {
				return
			}
		}
	}
}

// find returns where the value at path lies in v; ok is false if there is none.
func find(v []byte, path ...string) (at span, ok bool) {
	at = span{0, len(v)}
	for _, name := range path {
		if !isObject(v[at.start:at.end]) {
			return span{}, false
		}
		ok = false
		for key, inner := range members(v[at.start:at.end]) {
			if string(key) == name {
				at, ok = span{at.start + inner.start, at.start + inner.end}, true
				break
			}
		}
		if !ok {
			return span{}, false
		}
	}
	return at, true
}

// blank returns the index of the first byte from i on that is not white space.
func blank(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n' {
		i++
	}
	return i
}

// skip returns the end of the value that begins at b[i].
func skip(b []byte, i int) int {
	for depth := 0; ; {
		switch b[i] {
		case '"':
			i = skipString(b, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\t', '\r', '\n':
			i++
		default:
			for i < len(b) && !strings.ContainsRune("{}[],: \t\r\n", rune(b[i])) {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
}

// skipString returns the end of the string that begins at b[i].
func skipString(b []byte, i int) int {
	i++
	for {
		n := bytes.IndexByte(b[i:], '"')
		slash := bytes.IndexByte(b[i:i+n], '\\')
		if slash < 0 {
			return i + n + 1
		}
		i += slash + 2
	}
}

// maxID is the most bytes that an id, a progress token or a method may take.
const maxID = 1 << 10

// canonical returns a key that two ids have in common exactly if they are the same
// JSON value. It reports false for what is neither string nor number, or too long.
func canonical(id []byte) (key string, ok bool) {
	switch {
	case len(id) == 0 || len(id) > maxID:
		return "", false
	case id[0] == '"':
		return "s" + text(id), true
	case id[0] == '-' || '0' <= id[0] && id[0] <= '9':
		return "n" + number(string(id)), true
	}
	return "", false
}

// number returns the one spelling of all JSON numbers that are equal to s: its digits
// without zeros at either end, and a power of ten.
func number(s string) string {
	s, negative := strings.CutPrefix(s, "-")
	exponent := new(big.Int)
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		exponent.SetString(s[i+1:], 10)
		s = s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return "0"
	}
	short := strings.TrimRight(digits, "0")
	exponent.Add(exponent, big.NewInt(int64(len(digits)-len(short)-len(fraction))))
	if negative {
		short = "-" + short
	}
	return short + "e" + exponent.String()
}

// sdkID returns the number that v spells, if it is one that the guard may have made.
func sdkID(v []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil
}
