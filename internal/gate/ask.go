package gate

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/gate/audit"
	"cleat/internal/registry"
	"cleat/internal/text"
)

// asks are the questions put to a person before calls that need one's consent. The client
// carries the question's ticket to the repeated call; it says for which call, until when,
// and that the question was ours, and it is good once.
type asks struct {
	key func() []byte

	mu   sync.Mutex
	used map[string]time.Time // tickets that were taken, with the end of their time
}

func newAsks() *asks {
	return &asks{key: sync.OnceValue(func() []byte {
		key := make([]byte, 32)
		rand.Read(key) // never fails
		return key
	})}
}

// askTime is how long a person may take to answer.
const askTime = 10 * time.Minute

// maxQuestion is how much of the arguments a question shows, in bytes. A longer call is
// refused: nobody can agree to what is not shown.
const maxQuestion = 8000

// consent returns nil once a person has agreed to the call, or need not be asked. Else it
// returns the reply that asks, or the failure that the answer means.
func (v *visit) consent() (*registry.Reply, error) {
	if !v.entry.AskUser || !v.req.Asks || slices.Equal(v.call.Args["dry_run"], []string{"true"}) {
		return nil, nil
	}
	a, now := v.gate.asks, v.gate.opt.Now()
	if v.req.Answer == nil {
		question, err := v.question()
		if err != nil {
			return nil, err
		}
		v.record.Decision, v.record.Rule = audit.Ask, "a person is asked about each call"
		return &registry.Reply{Ask: question, Ticket: a.ticket(now.Add(askTime), rand.Text(), v.subject())}, nil
	}
	if !a.take(v.req.Answer.Ticket, now, v.subject()) {
		v.record.Decision, v.record.Rule = audit.Deny, "a person is asked about each call"
		return nil, fail.Errorf(fail.Denied, "the answer that came with the call of %s belongs to no question that is open", v.entry.Name).
			Then("call again without it; the person is then asked")
	}
	if !v.req.Answer.Agreed {
		v.record.Decision, v.record.Rule = audit.Deny, "the person did not agree"
		return nil, fail.Errorf(fail.Denied, "the person who was asked did not agree to this call of %s", v.entry.Name).
			Then("do not repeat it; ask the user what to do instead")
	}
	return nil, nil
}

// subject is what a ticket is for.
func (v *visit) subject() string {
	return strings.Join([]string{v.entry.Name, v.call.Source, v.call.Op, string(v.call.JSON)}, "\x00")
}

// question shows a person what would be done: the statement first, each of its lines marked,
// then the other arguments, each on one line. It fails where a person could not see all.
func (v *visit) question() (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "Claude wants to call %s", v.entry.Name)
	if v.call.Op != "" {
		fmt.Fprintf(&b, " (%s)", v.call.Op)
	}
	fmt.Fprintf(&b, " on %s:\n", v.call.Source)
	for _, statement := range v.call.Args["sql"] {
		shown := v.gate.opt.Redactor.String(statement)
		if shown != statement {
			return "", fail.Errorf(fail.Denied, "the statement holds what looks like a secret, and a person cannot agree to what is not shown").
				Then("put the value into params")
		}
		shown, _ = text.Clean(shown)
		for line := range strings.Lines(shown) {
			b.WriteString("| " + blanks(strings.TrimRight(line, "\n")) + "\n")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.call.Args)) {
		if name == "source" || name == "sql" {
			continue
		}
		for _, value := range v.call.Args[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, blanks(v.gate.line(value)))
		}
	}
	if b.Len() > maxQuestion || strings.Count(b.String(), "\n") > maxQuestionLines {
		return "", fail.Errorf(fail.TooLarge, "the call of %s is too long to be shown to the person who has to agree", v.entry.Name).
			Because("the limit is %d bytes and %d lines of arguments", maxQuestion, maxQuestionLines).Then("split it into shorter calls")
	}
	return b.String(), nil
}

// maxQuestionLines is how many lines a question has.
const maxQuestionLines = 100

// blanks writes long runs of space as their length, so that nothing is pushed out of sight.
func blanks(s string) string {
	const most = 12
	var b strings.Builder
	for s != "" {
		rest := strings.TrimLeft(s, " \t\u00a0\u3000")
		if n := utf8.RuneCountInString(s[:len(s)-len(rest)]); n > most {
			fmt.Fprintf(&b, "⟨%d blanks⟩", n)
		} else {
			b.WriteString(s[:len(s)-len(rest)])
		}
		end := strings.IndexAny(rest, " \t\u00a0\u3000")
		if end < 0 {
			end = len(rest)
		}
		b.WriteString(rest[:end])
		s = rest[end:]
	}
	return b.String()
}

// ticket makes the ticket of a question.
func (a *asks) ticket(end time.Time, nonce, subject string) string {
	head := binary.BigEndian.AppendUint64(nil, uint64(end.Unix()))
	head = append(head, nonce...)
	return base64.RawURLEncoding.EncodeToString(append(head, a.sum(head, subject)...))
}

func (a *asks) sum(head []byte, subject string) []byte {
	mac := hmac.New(sha256.New, a.key())
	mac.Write(head)
	mac.Write([]byte(subject))
	return mac.Sum(nil)
}

// take reports whether the ticket is one of ours for the subject, in time and not used
// before, and uses it up.
func (a *asks) take(ticket string, now time.Time, subject string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil || len(raw) < 8+sha256.Size {
		return false
	}
	head, sum := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	end := time.Unix(int64(binary.BigEndian.Uint64(head)), 0)
	if !hmac.Equal(sum, a.sum(head, subject)) || now.After(end) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.used, func(_ string, end time.Time) bool { return now.After(end) })
	// By its bytes: a text has several spellings in base64.
	if _, ok := a.used[string(raw)]; ok {
		return false
	}
	if a.used == nil {
		a.used = map[string]time.Time{}
	}
	a.used[string(raw)] = end
	return true
}
