package gate

import (
	"context"
	"fmt"
	"time"

	"cleat/internal/fail"
	"cleat/internal/gate/audit"
	"cleat/internal/registry"
	"cleat/internal/systems/self"
)

// intend records a write before its effect, on disk. Where the log is required and
// cannot be written, the write does not happen.
func (v *visit) intend(ctx context.Context) error {
	g := v.gate
	r := v.record
	r.ID, r.Phase, r.Time = audit.NewID(), audit.Intent, g.opt.Now()
	v.record.ID = r.ID
	if _, err := g.opt.Audit.Append(ctx, r); err != nil {
		if g.opt.AuditRequired {
			v.record.Decision, v.record.Rule = audit.Deny, "audit.required = true"
			return fail.Errorf(fail.Unavailable, "the audit log cannot be written, so %s is not done: %w", v.entry.Name, err).
				Because("audit.required = true").Then("mend the state folder; `cleat doctor` names it")
		}
		g.auditFailed(err)
		v.warn = "this write is NOT in the audit log: the log cannot be written (see cleat's stderr)"
		return nil
	}
	v.intent = true
	return nil
}

// end writes the record of what came of the call.
func (v *visit) end(reply registry.Reply, err error) {
	g := v.gate
	r := v.record
	r.Time = g.opt.Now()
	r.MS = r.Time.Sub(v.start).Milliseconds()
	r.BytesOut = int64(len(reply.Text) + len(reply.Structured))
	r.Outcome = "ok"
	if reply.Err != nil {
		r.Outcome = string(reply.Err.Code)
		g.usage.fail(v.name())
		r.Error = g.line(err.Error())
	} else {
		g.repeats.count(v.req, false)
	}
	if r.Decision == "" {
		r.Decision = audit.Allow
		if reply.Err != nil && (v.entry == nil || reply.Err.Code == fail.Denied) {
			r.Decision = audit.Deny
		}
	}
	if v.canceled {
		r.Outcome = "canceled"
	}
	if v.intent {
		r.Phase = audit.Result
	}
	// The call is over, whether or not the client still waits: the record is written all
	// the same.
	ctx, cancel := context.WithTimeout(context.Background(), recordTime)
	defer cancel()
	if _, err := g.opt.Audit.Append(ctx, r); err != nil {
		g.auditFailed(err)
	}
}

// recordTime is how long an answer waits for its record while others write theirs.
const recordTime = 5 * time.Second

func (v *visit) name() string {
	if v.entry != nil {
		return v.entry.Name
	}
	return "(unknown)"
}

// auditFailed warns, loudly but once, that the log cannot be written.
func (g *Gate) auditFailed(err error) {
	g.warned.Do(func() {
		g.opt.Log.Error("THE AUDIT LOG CANNOT BE WRITTEN; calls go on unrecorded", "err", err)
	})
}

func (s *Status) audit(ctx context.Context, r *self.Report) {
	g := s.Gate
	required := "not required: if it cannot be written, a warning goes to stderr"
	if g.opt.AuditRequired {
		required = "required: what cannot be recorded is not written"
	}
	r.Add("audit", required)
	r.Add("audit log", g.opt.Facts.State)
	h := g.opt.Audit.Health()
	r.Add("audit records", fmt.Sprintf("%d written by this session, %d failed, the last is %d", h.Written, h.Failed, h.Seq))
	if h.Err != nil {
		r.Add("audit problem", h.Err.Error())
	}
	if h.Broken != "" {
		r.Add("audit problem", h.Broken)
	}
	open, err := audit.Unfinished(ctx, g.opt.Facts.State, g.opt.Now().Add(-unfinishedFor))
	if err != nil {
		r.Add("audit problem", err.Error())
	}
	for _, w := range open {
		if w.Session != g.session() {
			r.Add("unknown outcome", fmt.Sprintf("%s %s on %s at %s", w.Name, w.Op, w.Source, w.Time.Format(time.DateTime)))
		}
	}
}

// unfinishedFor is how far back status looks for writes without a result.
const unfinishedFor = 30 * 24 * time.Hour
