package pipelines_test

import (
	"testing"

	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

func TestRunner(t *testing.T) {
	citest.Suite(t, func(t *testing.T, w *citest.World) ci.Runner { return newFake(t, *w).open("acme/sub/shop") },
		citest.Can{Statuses: []ci.Status{ci.Passed, ci.Failed, ci.Running, ci.Queued, ci.Canceled}, Jobs: true, Times: true, Pages: true, Expired: true,
			Rerun: true, Cancel: true})
}
