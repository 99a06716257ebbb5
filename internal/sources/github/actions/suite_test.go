package actions_test

import (
	"testing"

	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

func TestRunner(t *testing.T) {
	citest.Suite(t, func(t *testing.T, w *citest.World) ci.Runner { return newHub(t, w).open() },
		citest.Can{Statuses: []ci.Status{ci.Passed, ci.Failed, ci.Running, ci.Queued, ci.Canceled}, Tasks: true, Jobs: true, PR: true, Titles: true, Times: true, Pages: true, Expired: true, Start: true, Rerun: true, Cancel: true})
}
