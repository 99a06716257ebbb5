package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"cleat/internal/fail"
	"cleat/internal/once"
	"cleat/internal/registry"
	"cleat/internal/systems"
)

// perform calls the capability and makes its answer fit to go out; a write with an
// idempotency_key is done once for the key, and answered as then when it is repeated.
func (v *visit) perform(ctx context.Context, set *systems.Set, closed func(error) error) (registry.Reply, error) {
	key := v.key()
	if key == "" {
		out, err := v.call.Run(ctx, set)
		if err != nil {
			return registry.Reply{}, closed(err)
		}
		return v.finish(out)
	}
	var shown error // the answer of what was done could not be shown
	raw, repeated, err := v.gate.opt.Once.Do(ctx, key, []byte(v.subject()), func() ([]byte, error) {
		out, err := v.call.Run(ctx, set)
		if err != nil {
			return nil, closed(err)
		}
		reply, err := v.finish(out)
		if err != nil {
			// It is done all the same, and the key must not be free for doing it again.
			shown = err
			reply.Text = fmt.Sprintf("%s was done, but its answer could not be shown: %s", v.entry.Name, fail.From(err).What)
		}
		return json.Marshal(done{reply.Text, reply.Structured})
	})
	var note string
	if errors.Is(err, once.ErrUnrecorded) {
		v.gate.opt.Log.Warn("a write was done and not recorded for a repetition", "name", v.entry.Name, "err", err)
		note = "\nnote: it was done, but that could not be recorded: do not repeat it with this idempotency_key"
	} else if err != nil {
		return registry.Reply{}, err
	}
	if shown != nil {
		return registry.Reply{}, shown
	}
	var d done
	if len(raw) == 0 {
		d.Text = v.entry.Name + " was done; its answer was too long to be kept"
	} else if err := json.Unmarshal(raw, &d); err != nil {
		return registry.Reply{}, fmt.Errorf("decoding a kept answer: %w", err)
	}
	if repeated {
		note = "\nnote: this was done before with the same idempotency_key and not again; the answer is that of then"
	}
	if d.Structured == nil {
		d.Text += note
	}
	return registry.Reply{Text: d.Text, Structured: d.Structured}, nil
}

// done is what is kept of the answer of a write.
type done struct {
	Text       string          `json:"text,omitempty"`
	Structured json.RawMessage `json:"structured,omitempty"`
}

// key is the idempotency_key of a call that has an effect, or "".
func (v *visit) key() string {
	args := v.call.Args
	if v.entry.Access == registry.Read || len(args["idempotency_key"]) == 0 || slices.Equal(args["dry_run"], []string{"true"}) {
		return ""
	}
	return args["idempotency_key"][0]
}
