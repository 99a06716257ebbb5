package pipelines

import "sync"

// A memory keeps what does not change of pipelines that have not ended, so that who waits for
// one asks for its project, itself and its jobs alone. What may change, and whether the token
// may see it, is asked for each time. It is safe for concurrent use.
type memory struct {
	mu        sync.Mutex
	branches  map[about]string // source branches of merge requests
	childless map[about]bool   // pipelines without jobs that start others
}

// about is the number of a pipeline or of a merge request in a project.
type about struct {
	project int64
	number  string
}

// maxKept is how many pipelines, and merge requests, are remembered.
const maxKept = 64

// branch returns the source branch of a merge request, "" if it is not known.
func (m *memory) branch(of about) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.branches[of]
}

// setBranch remembers the source branch of a merge request.
func (m *memory) setBranch(of about, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.branches == nil || len(m.branches) >= maxKept {
		m.branches = map[about]string{}
	}
	m.branches[of] = name
}

// isChildless reports whether a pipeline is known to start no others.
func (m *memory) isChildless(p about) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.childless[p]
}

// setChildless remembers that a pipeline starts no others: GitLab makes all of a pipeline's
// jobs at once.
func (m *memory) setChildless(p about) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.childless == nil || len(m.childless) >= maxKept {
		m.childless = map[about]bool{}
	}
	m.childless[p] = true
}
