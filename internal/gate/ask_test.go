package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/gate"
	"cleat/internal/gate/audit"
	"cleat/internal/gate/policy"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/self"
	"cleat/internal/text"
)

// order is an input whose content says what kind of operation it is.
type order struct {
	Text   string `json:"text" jsonschema:"what to do"`
	DryRun bool   `json:"dry_run,omitempty" jsonschema:"do nothing"`
}

func (o order) Class() (string, error) {
	class, _, ok := strings.Cut(o.Text, " ")
	if !ok {
		return "", fail.Errorf(fail.Invalid, "it says nothing")
	}
	return class, nil
}

func orders(run func(order)) registry.Entry {
	return registry.NewTool(systems.Self, registry.Tool{Name: "order", Title: "Order", Description: "For the test.",
		Access: registry.Destructive, AskUser: true, Ops: []string{"small", "large"}},
		func(_ context.Context, _ self.Reporter, in order) (*answer, error) {
			run(in)
			return &answer{Lines: []string{"done"}}, nil
		})
}

// allowing is a policy whose user allows one thing.
func allowing(t *testing.T, text string) *policy.Policy {
	t.Helper()
	rule, err := policy.ParseRule(text)
	if err != nil {
		t.Fatal(err)
	}
	return policy.New([]policy.Layer{{Origin: policy.User, File: "cleat.toml", Allow: []policy.Rule{rule}}})
}

// TestClassed: policy sees what the content says, as the op.
func TestClassed(t *testing.T) {
	var done []string
	rules := allowing(t, "order(op=small)")
	r := newRig(t, func(o *gate.Options) { o.Rules = func() (*policy.Policy, string) { return rules, "" } },
		orders(func(o order) { done = append(done, o.Text) }))
	if got := r.call(t, "order", `{"text":"large table"}`); got.Err == nil || got.Err.Code != fail.Denied {
		t.Errorf("a class that is not allowed: %s", got.Text)
	}
	if got := r.call(t, "order", `{"text":"nothing"}`); got.Err == nil || got.Err.Code != fail.Invalid {
		t.Errorf("a class that cannot be told: %s", got.Text)
	}
	if got := r.call(t, "order", `{"text":"small table"}`); got.Err != nil {
		t.Errorf("an allowed class: %s", got.Text)
	}
	if strings.Join(done, ",") != "small table" {
		t.Errorf("done: %q", done)
	}
	records, err := audit.Tail(t.Context(), r.dir, 10, nil)
	if err != nil || len(records) == 0 || records[len(records)-1].Op != "small" {
		t.Errorf("%v: %+v", err, records)
	}
}

// TestConsent: where the client can ask a person, nothing happens before the person agreed
// to this very call, and each yes is good once.
func TestConsent(t *testing.T) {
	done := 0
	now := time.Now()
	rules := allowing(t, "order(op=small)")
	r := newRig(t, func(o *gate.Options) {
		o.Now = func() time.Time { return now }
		o.Rules = func() (*policy.Policy, string) { return rules, "" }
	}, orders(func(order) { done++ }))
	call := func(args string, a *registry.Answer) registry.Reply {
		return r.Do(t.Context(), registry.Request{Method: registry.CallTool, Name: "order", Args: json.RawMessage(args), Asks: true, Answer: a})
	}
	const args = `{"text":"small \u001b[2Jtable"}`
	first := call(args, nil)
	if done != 0 || first.Err != nil || first.Ticket == "" {
		t.Fatalf("%d done before the answer: %+v", done, first)
	}
	if want := "Claude wants to call order (small) on cleat:\ntext: small \\u{1b}[2Jtable\n"; first.Ask != want {
		t.Errorf("the question is %q, want %q", first.Ask, want)
	}
	for _, tt := range []struct {
		name   string
		args   string
		answer registry.Answer
	}{
		{"no ticket", args, registry.Answer{Agreed: true}},
		{"a ticket of another call", `{"text":"small chair"}`, registry.Answer{Agreed: true, Ticket: first.Ticket}},
		{"a changed ticket", args, registry.Answer{Agreed: true, Ticket: "B" + first.Ticket[1:]}},
		{"a no", args, registry.Answer{Ticket: first.Ticket}},
		{"a yes after a no", args, registry.Answer{Agreed: true, Ticket: first.Ticket}},
	} {
		if got := call(tt.args, &tt.answer); got.Err == nil || got.Err.Code != fail.Denied || done != 0 {
			t.Errorf("%s: %d done: %s", tt.name, done, got.Text)
		}
	}
	yes := registry.Answer{Agreed: true, Ticket: call(args, nil).Ticket}
	if got := call(args, &yes); got.Err != nil || done != 1 {
		t.Errorf("a yes: %d done: %s", done, got.Text)
	}
	if got := call(args, &yes); got.Err == nil || done != 1 {
		t.Errorf("the same yes again: %d done: %s", done, got.Text)
	}
	// The last character of base64 has bits that say nothing.
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(yes.Ticket) - 1
	for _, c := range alphabet {
		if got := call(args, &registry.Answer{Agreed: true, Ticket: yes.Ticket[:last] + string(c)}); got.Err == nil || done != 1 {
			t.Errorf("the same yes spelt with %c: %d done: %s", c, done, got.Text)
		}
	}
	late := registry.Answer{Agreed: true, Ticket: call(args, nil).Ticket}
	now = now.Add(11 * time.Minute)
	if got := call(args, &late); got.Err == nil || done != 1 {
		t.Errorf("a yes that is too late: %d done: %s", done, got.Text)
	}
	if got := call(`{"text":"small table","dry_run":true}`, nil); got.Ask != "" || got.Err != nil || done != 2 {
		t.Errorf("a dry run is asked about: %+v", got)
	}
	if got := call(`{"text":"small `+strings.Repeat("x", 9000)+`"}`, nil); got.Err == nil || got.Err.Code != fail.TooLarge {
		t.Errorf("a question that cannot be shown: %+v", got)
	}
	records, err := audit.Tail(t.Context(), r.dir, 100, func(r audit.Record) bool { return r.Decision == audit.Ask })
	if err != nil || len(records) != 3 {
		t.Errorf("%v: %d questions are recorded", err, len(records))
	}
}

// A long is an answer that keeps its text elsewhere.
type long struct {
	answer
	Address string `json:"address"`
}

func (l *long) Keep(put func(string) (string, error)) (err error) {
	l.Address, err = put(strings.Join(l.Lines, "\n"))
	return err
}

func (l *long) Text(w *text.Writer) { w.Say("it is at %s", l.Address) }

// TestKeep: what is kept aside is redacted and cleaned, and is read under its address.
func TestKeep(t *testing.T) {
	tool := registry.NewTool(systems.Self, registry.Tool{Name: "long", Title: "Long", Description: "For the test.", Access: registry.Read},
		func(context.Context, self.Reporter, input) (*long, error) {
			return &long{answer: answer{Lines: []string{"ghp_" + strings.Repeat("a1B2", 9), "two\u202e"}}}, nil
		})
	r := newRig(t, nil, tool)
	reply := r.call(t, "long", `{}`)
	_, id, ok := strings.Cut(reply.Text, "spill://")
	if reply.Err != nil || !ok {
		t.Fatal(reply.Text)
	}
	raw, err := os.ReadFile(r.dir + "/spill/" + id)
	if err != nil || strings.Contains(string(raw), "ghp_") || !strings.Contains(string(raw), `two\u{202e}`) {
		t.Errorf("%v: kept %q", err, raw)
	}
	failing := registry.NewTool(systems.Self, registry.Tool{Name: "failing", Title: "Failing", Description: "For the test.", Access: registry.Read},
		func(context.Context, self.Reporter, input) (*unkept, error) { return &unkept{}, nil })
	if reply := newRig(t, nil, failing).call(t, "failing", `{}`); reply.Err == nil || reply.Err.Code != fail.Internal {
		t.Errorf("keeping failed: %+v", reply)
	}
}

type unkept struct{ answer }

func (*unkept) Keep(func(string) (string, error)) error { return errors.New("broken") }
