package audit

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"
)

// Decisions of the policy.
const (
	Allow = "allow"
	Deny  = "deny"
	Ask   = "ask"
)

// Phases of a write. Other calls have a single record without a phase.
const (
	Intent = "intent" // before the effect
	Result = "result" // after it, with the same ID
)

// Methods of the records that the log writes about itself. Their Outcome says what was found.
const (
	MethodRepair = "audit/repair" // a process died while it wrote; its unfinished record was never acknowledged
	MethodBreak  = "audit/break"  // the log was changed by something other than cleat
)

// Limits on what a record holds, in bytes as they stand in the file. Longer texts are
// cut with a mark; longer arguments are replaced by their size.
const (
	maxArgs  = 4 << 10
	maxError = 2 << 10
	maxText  = 512
	maxLine  = 16 << 10 // of a whole line with its line feed; a full record stays below
)

// genesis is the prev of the first record.
const genesis = "0000000000000000000000000000000000000000000000000000000000000000"

// A Record is one line of the log. Callers redact what they put into it.
type Record struct {
	Seq        uint64          `json:"seq"`             // 1, 2, 3, … without gaps, over all files; set by Append
	Time       time.Time       `json:"time"`            // kept as UTC in milliseconds; order is by Seq, clocks may go back
	ID         string          `json:"id"`              // of the call; see NewID
	Session    string          `json:"session"`         // of the process
	Client     string          `json:"client"`          // name and version of the client
	Method     string          `json:"method"`          // such as tools/call
	Name       string          `json:"name"`            // tool, URI or prompt
	Source     string          `json:"source"`          // configured source, or ""
	Op         string          `json:"op"`              // the tool's op, or ""
	Decision   string          `json:"decision"`        // Allow, Deny, Ask
	Rule       string          `json:"rule"`            // the rule that decided
	Phase      string          `json:"phase,omitempty"` // Intent, Result, or "" for calls without effect
	Args       json.RawMessage `json:"args"`            // redacted; {"omitted_bytes":N} where they were too large
	ArgsDigest string          `json:"args_digest"`     // hex SHA-256 of the arguments; where empty, Append takes that of Args
	BytesIn    int64           `json:"bytes_in"`
	BytesOut   int64           `json:"bytes_out"`
	MS         int64           `json:"ms"` // milliseconds that the call took
	Outcome    string          `json:"outcome"`
	Error      string          `json:"error,omitempty"` // the whole chain, redacted
	Prev       string          `json:"prev"`            // set by Append
	Hash       string          `json:"hash"`            // set by Append
}

// NewID returns an ID for a call: 16 random letters and digits.
func NewID() string { return rand.Text()[:16] }

// prepare redacts rec, fills in what is missing and cuts what is too long.
func (l *Log) prepare(rec Record) Record {
	redact := l.opt.Redact
	if redact == nil {
		redact = func(b []byte) []byte { return b }
	}
	text := func(s *string, limit int) {
		if *s != "" {
			*s = cut(string(redact([]byte(*s))), limit)
		}
	}
	text(&rec.Client, maxText)
	text(&rec.Method, maxText)
	text(&rec.Name, maxText)
	text(&rec.Source, maxText)
	text(&rec.Op, maxText)
	text(&rec.Rule, maxText)
	text(&rec.Outcome, maxText)
	text(&rec.Error, maxError)
	if rec.ID == "" {
		rec.ID = NewID()
	}
	if rec.Time.IsZero() {
		rec.Time = l.opt.Now()
	}
	if len(rec.Args) > 0 {
		rec.Args = redact(bytes.Clone(rec.Args))
	}
	if rec.ArgsDigest == "" {
		sum := sha256.Sum256(rec.Args)
		rec.ArgsDigest = hex.EncodeToString(sum[:])
	}
	rec.Args = capArgs(rec.Args)
	for _, s := range []*string{&rec.ID, &rec.Session, &rec.Decision, &rec.Phase, &rec.ArgsDigest} {
		*s = cut(*s, maxText)
	}
	return rec
}

// capArgs returns args as compact JSON in ASCII. Text that is not JSON becomes a string.
func capArgs(args []byte) json.RawMessage {
	if len(args) == 0 {
		return json.RawMessage("null")
	}
	if len(args) > 8*maxArgs { // white space apart, it cannot become short enough
		return omitted(len(args))
	}
	var compact bytes.Buffer
	var out []byte
	if err := json.Compact(&compact, args); err != nil {
		out = appendString(nil, string(args))
	} else {
		out = appendASCII(nil, compact.String(), false)
	}
	if len(out) > maxArgs {
		return omitted(len(args))
	}
	return out
}

func omitted(n int) json.RawMessage {
	return json.RawMessage(`{"omitted_bytes":` + strconv.Itoa(n) + `}`)
}

// cut shortens s so that its JSON form is at most limit bytes long.
func cut(s string, limit int) string {
	if 6*len(s) <= limit { // each byte becomes at most one escape
		return s
	}
	const mark = 24 // room for "...(+N)"
	n, keep := 0, 0
	for i, r := range s {
		w := escapedLen(r)
		if n+w <= limit-mark {
			keep = i + runeLen(s[i:])
		}
		n += w
	}
	if n <= limit {
		return s
	}
	return s[:keep] + "...(+" + strconv.Itoa(len(s)-keep) + ")"
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// body encodes what lies between the record's number and its prev, so that the lock need
// not be held for it.
func (r *Record) body() []byte {
	b := make([]byte, 0, 512+len(r.Args))
	b = append(b, `,"time":"`...)
	b = r.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, '"')
	member := func(name, value string) {
		b = append(append(append(b, `,"`...), name...), `":`...)
		b = appendString(b, value)
	}
	member("id", r.ID)
	member("session", r.Session)
	member("client", r.Client)
	member("method", r.Method)
	member("name", r.Name)
	member("source", r.Source)
	member("op", r.Op)
	member("decision", r.Decision)
	member("rule", r.Rule)
	if r.Phase != "" {
		member("phase", r.Phase)
	}
	b = append(b, `,"args":`...)
	if len(r.Args) == 0 {
		b = append(b, "null"...)
	} else {
		b = append(b, r.Args...)
	}
	member("args_digest", r.ArgsDigest)
	b = strconv.AppendInt(append(b, `,"bytes_in":`...), r.BytesIn, 10)
	b = strconv.AppendInt(append(b, `,"bytes_out":`...), r.BytesOut, 10)
	b = strconv.AppendInt(append(b, `,"ms":`...), r.MS, 10)
	member("outcome", r.Outcome)
	if r.Error != "" {
		member("error", r.Error)
	}
	return b
}

// compose makes the line of a record and returns it with its hash.
func compose(seq uint64, body []byte, prev string) (line []byte, hash string) {
	b := make([]byte, 0, len(body)+200)
	b = strconv.AppendUint(append(b, `{"seq":`...), seq, 10)
	b = append(b, body...)
	b = append(append(append(b, `,"prev":"`...), prev...), '"')
	hash = chain(prev, append(b, '}'))
	b = append(append(append(b, `,"hash":"`...), hash...), "\"}\n"...)
	return b, hash
}

// chain is the hash of a record: see the package comment.
func chain(prev string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(prev))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// What can be wrong with a line by itself.
var (
	errForm = errors.New("the line is not a record as cleat writes it")
	errHash = errors.New("the record does not match its own hash: it was changed")
)

// decode reads a line without its line feed. It accepts exactly what compose makes, so
// that each record has one spelling: no other order, no member twice, no white space. With
// errHash the record is still returned.
func decode(line []byte) (Record, error) {
	var r Record
	if len(line) >= maxLine {
		return r, errForm
	}
	for _, c := range line {
		if c < ' ' || c > '~' {
			return r, errForm
		}
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, errForm
	}
	again, hash := compose(r.Seq, r.body(), r.Prev)
	again = append(again[:len(again)-len(hash)-len("\"}\n")], r.Hash...)
	if string(again)+`"}` != string(line) || len(r.Prev) != 64 || len(r.Hash) != 64 {
		return r, errForm
	}
	if hash != r.Hash {
		return r, errHash
	}
	return r, nil
}

// appendString appends s as a JSON string in ASCII.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	b = appendASCII(b, s, true)
	return append(b, '"')
}

// appendASCII appends s with everything but printable ASCII escaped, and with quotes also
// what a JSON string must escape. Without quotes, s is JSON already. Bytes that are not
// UTF-8 become U+FFFD.
func appendASCII(b []byte, s string, quotes bool) []byte {
	for _, r := range s {
		switch {
		case quotes && (r == '"' || r == '\\'):
			b = append(b, '\\', byte(r))
		case r >= ' ' && r <= '~':
			b = append(b, byte(r))
		case r > 0xffff:
			r -= 0x10000
			b = appendEscape(appendEscape(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			b = appendEscape(b, r)
		}
	}
	return b
}

func appendEscape(b []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// escapedLen is how many bytes appendString uses for r.
func escapedLen(r rune) int {
	switch {
	case r == '"' || r == '\\':
		return 2
	case r >= ' ' && r <= '~':
		return 1
	case r > 0xffff:
		return 12
	}
	return 6
}
