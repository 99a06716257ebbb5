package systems

// The arguments that mean the same in every tool. An Input embeds those it has; the
// registry fills in their bounds and acts on them.

// A SourceArg is the "source" argument. The registry lists the configured names as
// its enum, and leaves it out of the schema where there is just one.
type SourceArg struct {
	Source string `json:"source,omitempty" jsonschema:"first if unset"`
}

// A BudgetArg is the "budget" argument: how long an answer may be.
type BudgetArg struct {
	Budget int `json:"budget,omitempty" jsonschema:"tokens"`
}

// A TimeoutArg is the "timeout_ms" argument of tools that scan, query or wait: when it
// is over the work has stopped and what was found is returned as partial.
type TimeoutArg struct {
	TimeoutMS int `json:"timeout_ms,omitempty" jsonschema:"then partial"`
}
