package jenkins

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

func TestSuite(t *testing.T) {
	citest.Suite(t, func(t *testing.T, w *citest.World) ci.Runner { return newFake(t, w).open(t) }, citest.Can{
		Statuses: []ci.Status{ci.Passed, ci.Failed, ci.Canceled, ci.TimedOut, ci.Skipped, ci.Running},
		Tasks:    true, Jobs: true, Titles: true, Times: true, Pages: true, Expired: true, Live: true, Start: true, Rerun: true, Cancel: true,
		IDs: ids,
	})
}

// ids are those that the fake's runs have.
func ids(w *citest.World) map[int]string {
	out := map[int]string{}
	for _, r := range w.Runs {
		names := strings.Split(home(r), "/")
		for i, n := range names {
			names[i] = url.PathEscape(n)
		}
		out[r.ID] = fmt.Sprintf("%s@%d", strings.Join(names, "/"), r.ID)
	}
	return out
}
