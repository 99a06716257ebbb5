package issues

// Scoped is scoped.
func Scoped(native string) (string, error) { return scoped(native) }

// WebOf is webOf.
func WebOf(api string) string { return webOf(api) }
