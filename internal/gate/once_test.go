package gate_test

import (
	"context"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/gate"
	"cleat/internal/gate/policy"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/self"
)

// deed is the input of a write that can be repeated.
type deed struct {
	Text           string `json:"text" jsonschema:"what to do"`
	DryRun         bool   `json:"dry_run,omitempty" jsonschema:"do nothing"`
	IdempotencyKey string `json:"idempotency_key,omitempty" jsonschema:"done once per key"`
}

// TestIdempotencyKey: a write is done once for a key, whatever the client repeats, and a key
// whose write failed is free again.
func TestIdempotencyKey(t *testing.T) {
	done := 0
	var fails error
	tool := registry.NewTool(systems.Self, registry.Tool{Name: "deed", Title: "Deed", Description: "For the test.", Access: registry.Write},
		func(_ context.Context, _ self.Reporter, in deed) (*answer, error) {
			done++
			return &answer{Lines: []string{"did " + in.Text}}, fails
		})
	rules := policy.New(nil)
	r := newRig(t, func(o *gate.Options) { o.Rules = func() (*policy.Policy, string) { return rules, "" } }, tool)
	for _, tt := range []struct {
		name, args string
		fails      error
		done       int
		want       string
	}{
		{"first", `{"text":"a","idempotency_key":"k"}`, nil, 1, "did a"},
		{"again", `{"text":"a","idempotency_key":"k"}`, nil, 1, "did a\n</untrusted"},
		{"and again", `{"idempotency_key":"k","text":"a"}`, nil, 1, "note: this was done before with the same idempotency_key and not again"},
		{"another request", `{"text":"b","idempotency_key":"k"}`, nil, 1, "conflict: "},
		{"a dry run", `{"text":"a","idempotency_key":"k","dry_run":true}`, nil, 2, "did a"},
		{"without a key", `{"text":"a"}`, nil, 3, "did a"},
		{"it fails", `{"text":"a","idempotency_key":"f"}`, fail.Errorf(fail.Busy, "no room"), 4, "busy: no room"},
		{"after a failure", `{"text":"a","idempotency_key":"f"}`, nil, 5, "did a"},
		{"nobody knows", `{"text":"a","idempotency_key":"u"}`, fail.Errorf(fail.UnknownOutcome, "the line broke"), 6, "unknown_outcome: the line broke"},
		{"after nobody knew", `{"text":"a","idempotency_key":"u"}`, nil, 6, "unknown_outcome: a call with this idempotency_key began"},
		{"a bad key", `{"text":"a","idempotency_key":"\u0007"}`, nil, 6, "invalid: idempotency_key"},
	} {
		fails = tt.fails
		got := r.call(t, "deed", tt.args)
		if done != tt.done || !strings.Contains(got.Text, tt.want) {
			t.Errorf("%s: done %d times, want %d: %s", tt.name, done, tt.done, got.Text)
		}
	}
}
