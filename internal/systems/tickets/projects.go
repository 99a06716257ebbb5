package tickets

import (
	"path"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// Projects are the keys of the projects that a source may touch, in upper case, where "*" and
// "?" stand for parts. None allows all that the credential can see.
type Projects []string

// NewProjects takes the keys as they are configured.
func NewProjects(keys []string) Projects {
	p := make(Projects, len(keys))
	for i, k := range keys {
		p[i] = strings.ToUpper(k)
	}
	return p
}

// Has reports whether a project is allowed.
func (p Projects) Has(key string) bool {
	key = strings.ToUpper(key)
	return len(p) == 0 || slices.ContainsFunc(p, func(pattern string) bool {
		ok, err := path.Match(pattern, key)
		return err == nil && ok
	})
}

// Permit fails with fail.Denied unless a project is allowed. what is what the service calls
// one: "project", "team". The key of the configuration is that with an s.
func (p Projects) Permit(what, key string) error {
	if p.Has(key) {
		return nil
	}
	return fail.Errorf(fail.Denied, "the %s %.50q is outside what this source may use", what, key).
		Because("allowed are: %s", strings.Join(p, ", ")).
		Then("use one of them; what is allowed is in the key %ss of the source", what)
}
