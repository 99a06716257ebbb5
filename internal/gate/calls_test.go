package gate_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/gate"
	"cleat/internal/gate/audit"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/systems/self"
)

// An explosive input panics before any capability is called.
type explosive struct {
	Text string `json:"text,omitempty" jsonschema:"a text"`
}

func (explosive) Address() string { panic("an address that is none") }

// TestEarlyPanic: a panic while a call is made ready costs that call alone, and is recorded.
func TestEarlyPanic(t *testing.T) {
	r := newRig(t, nil, tool("fine", registry.Read, says("ok")),
		registry.NewTool(systems.Documents, registry.Tool{Name: "explode", Title: "Explode", Description: "For the test.", Access: registry.Read},
			func(context.Context, documents.Library, explosive) (*answer, error) { return &answer{}, nil }))
	reply := r.call(t, "explode", `{}`)
	if reply.Err == nil || reply.Err.Code != fail.Internal || strings.Contains(reply.Text, "none") {
		t.Errorf("%s", reply.Text)
	}
	if reply := r.call(t, "fine", `{}`); reply.Err != nil {
		t.Errorf("after it: %s", reply.Text)
	}
	records, err := audit.Tail(t.Context(), r.dir, 10, nil)
	if err != nil || len(records) != 2 || records[0].Name != "explode" || records[0].Outcome != "internal" {
		t.Errorf("%v: %+v", err, records)
	}
}

// TestUnknownOutcome: a write that fails inside may have happened, and is not called a
// failure.
func TestUnknownOutcome(t *testing.T) {
	r := newRig(t, nil, tool("write", registry.Write, func(context.Context) (*answer, error) { panic("half way") }))
	reply := r.call(t, "write", `{}`)
	if reply.Err == nil || reply.Err.Code != fail.UnknownOutcome || strings.Contains(reply.Text, "half way") {
		t.Errorf("%s", reply.Text)
	}
	records, err := audit.Tail(t.Context(), r.dir, 10, nil)
	if err != nil || len(records) != 2 || records[1].Outcome != "unknown_outcome" {
		t.Errorf("%v: %+v", err, records)
	}
}

// TestQueuedBytes: calls that wait are bounded by what they hold, too.
func TestQueuedBytes(t *testing.T) {
	hold, running := make(chan struct{}), make(chan struct{}, 2)
	r := newRig(t, func(o *gate.Options) { o.Limits.InFlight = 1 }, tool("hold", registry.Read, func(context.Context) (*answer, error) {
		running <- struct{}{}
		<-hold
		return &answer{}, nil
	}))
	large := registry.Request{Method: registry.CallTool, Name: "hold", Args: json.RawMessage(`{}`), Bytes: 100 << 20}
	first := make(chan registry.Reply)
	go func() { first <- r.Do(t.Context(), large) }()
	<-running // one alone may be of any size
	if reply := r.Do(t.Context(), large); reply.Err == nil || reply.Err.Code != fail.Busy {
		t.Errorf("the second: %s", reply.Text)
	}
	close(hold)
	if reply := <-first; reply.Err != nil {
		t.Errorf("the first: %s", reply.Text)
	}
	if reply := r.Do(t.Context(), large); reply.Err != nil {
		t.Errorf("afterwards: %s", reply.Text)
	}
}

// TestShares: calls that hang in a source on the network leave room for others.
func TestShares(t *testing.T) {
	hold, running := make(chan struct{}), make(chan string, 8)
	type input struct {
		systems.SourceArg
	}
	r := newRig(t, func(o *gate.Options) {
		o.Limits.InFlight = 4
		o.Set.Self = append(o.Set.Self, systems.Named[self.Reporter]{Name: "far", Backend: reporter{}})
	}, registry.NewTool(systems.Self, registry.Tool{Name: "ask", Title: "Ask", Description: "For the test.", Access: registry.Read},
		func(_ context.Context, _ self.Reporter, in input) (*answer, error) {
			running <- in.Source
			if in.Source == "far" {
				<-hold
			}
			return &answer{}, nil
		}))
	replies := make(chan registry.Reply, 4)
	for range 4 {
		go func() { replies <- r.call(t, "ask", `{"source":"far"}`) }()
	}
	<-running // one of the four; a quarter of the places is one
	if reply := r.call(t, "ask", `{"source":"cleat"}`); reply.Err != nil {
		t.Errorf("another source: %s", reply.Text)
	}
	if got := <-running; got != "cleat" {
		t.Errorf("a second call to the source that hangs runs")
	}
	close(hold)
	for range 4 {
		if reply := <-replies; reply.Err != nil {
			t.Errorf("%s", reply.Text)
		}
	}
}
