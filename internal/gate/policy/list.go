package policy

// A Source is what the policy has to know of a configured source.
type Source struct {
	Name  string
	Local bool
}

// Visible reports whether some call like q could pass, so that the thing is worth
// listing. The arguments of q do not count, since they are not known yet; an empty
// Op or Source stands for any.
func (p *Policy) Visible(q Query) bool {
	return p.couldPass(q, anyArgs|anyOp|anySource)
}

// Ops returns those of ops that could pass with the source of q, in their order.
func (p *Policy) Ops(q Query, ops []string) []string {
	var out []string
	for _, op := range ops {
		q.Op = op
		if p.couldPass(q, anyArgs|anySource) {
			out = append(out, op)
		}
	}
	return out
}

// Offer returns the ops and the sources to list for a tool: each op that could pass
// with some source, each source that could pass with some op. A tool without ops or
// without sources passes nil for them. It is to be listed only if ok.
func (p *Policy) Offer(q Query, ops []string, sources []Source) (okOps []string, okSources []Source, ok bool) {
	tryOps, trySources := ops, sources
	if len(tryOps) == 0 {
		tryOps = []string{""}
	}
	if len(trySources) == 0 {
		trySources = []Source{{Local: q.Local}}
	}
	passes := func(op string, s Source) bool {
		q := q
		q.Op, q.Source, q.Local = op, s.Name, s.Local
		return p.couldPass(q, anyArgs)
	}
	for _, op := range tryOps {
		for _, s := range trySources {
			if passes(op, s) {
				ok = true
				if len(ops) > 0 {
					okOps = append(okOps, op)
				}
				break
			}
		}
	}
	for _, s := range sources {
		for _, op := range tryOps {
			if passes(op, s) {
				okSources = append(okSources, s)
				break
			}
		}
	}
	return okOps, okSources, ok
}

func (p *Policy) couldPass(q Query, m mode) bool {
	if p == nil || len(p.sets) == 0 || len(q.Names) == 0 {
		return false
	}
	q.Args = nil
	for _, s := range p.sets {
		if !s.decide(&q, m).allow {
			return false
		}
	}
	return true
}
