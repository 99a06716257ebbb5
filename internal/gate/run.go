package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cleat/internal/fail"
	"cleat/internal/gate/audit"
	"cleat/internal/registry"
)

// limited runs f in a slot and with a deadline, and turns a panic into a failure. A
// function that does not heed its deadline is left behind after a grace time; its slot
// stays taken.
func (v *visit) limited(ctx context.Context, limit time.Duration, f func(context.Context) (registry.Reply, error)) (registry.Reply, error) {
	g := v.gate
	over := fail.Errorf(fail.Timeout, "the time limit of %s is over", limit).
		Then("narrow the call, or raise timeout_ms where the tool has it")
	// Waiting for a slot counts: a caller who allows a time does not wait longer.
	ctx, cancel := context.WithTimeoutCause(ctx, limit, over)
	release, err := v.begin(ctx)
	if err != nil {
		cancel()
		if errors.Is(err, error(over)) {
			err = fail.Errorf(fail.Busy, "%d other calls are running, and none has ended within %s", g.opt.Limits.InFlight, limit).
				Then("send fewer calls at the same time").After(time.Second)
		}
		return registry.Reply{}, err
	}
	type result struct {
		reply registry.Reply
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer release()
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				done <- result{err: v.panicked(p)}
			}
		}()
		reply, err := f(ctx)
		done <- result{reply, err}
	}()
	select {
	case r := <-done:
		return r.reply, r.err
	case <-ctx.Done():
	}
	grace := time.NewTimer(graceTime)
	defer grace.Stop()
	select {
	case r := <-done:
		return r.reply, r.err
	case <-grace.C:
		if v.begun() {
			return registry.Reply{}, v.unknown("it goes on although it was to end: " + fail.From(context.Cause(ctx)).What)
		}
		return registry.Reply{}, context.Cause(ctx)
	}
}

// begin waits for a place among the calls to the source, and then among all.
func (v *visit) begin(ctx context.Context) (release func(), err error) {
	leave, err := v.share(ctx)
	if err != nil {
		return nil, err
	}
	free, err := v.gate.slots.take(ctx, v.req.Bytes)
	if err != nil {
		leave()
		return nil, err
	}
	return func() { free(); leave() }, nil
}

// graceTime is how long a capability may take to return after its deadline.
const graceTime = 2 * time.Second

// panicked logs what was recovered, with the stack that is still there, and returns the
// failure that stands for it.
func (v *visit) panicked(p any) error {
	v.gate.opt.Log.Error("panic in a capability", "name", v.req.Name, "panic", fmt.Sprint(p), "stack", stack())
	if v.begun() {
		return v.unknown("it failed inside")
	}
	return errors.New("panic in a capability")
}

// begun reports whether the call is one with an effect, and has passed policy.
func (v *visit) begun() bool {
	return v.call != nil && v.call.Entry.Access != registry.Read && v.record.Decision == audit.Allow
}

// unknown is the failure of a call with an effect that cannot be told.
func (v *visit) unknown(why string) error {
	return fail.Errorf(fail.UnknownOutcome, "%s may have happened, or not", v.call.Entry.Name).Because("%s", why).
		Then("check whether it happened before repeating it; status (view=audit) and the audit log have the call")
}
