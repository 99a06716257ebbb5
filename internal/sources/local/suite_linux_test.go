package local

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

// TestRunner runs each run of a world: a task that writes the log, and ends as the run did.
func TestRunner(t *testing.T) {
	ids := map[*citest.World]map[int]string{}
	open := func(t *testing.T, given *citest.World) ci.Runner {
		w := newWorld(t, map[string][]string{"CI": {"sh", "-c", `cat log; exit "$(cat exit)"`}})
		var now citest.Run
		w.options.Branch = func(context.Context) (string, string, error) { return now.Branch, now.Commit, nil }
		s := w.open(t)
		ids[given] = map[int]string{}
		for _, now = range given.Runs {
			code := "0"
			if now.Status == ci.Failed {
				code = "1"
			}
			for name, text := range map[string]string{"log": now.Jobs[0].Log, "exit": code} {
				if err := os.WriteFile(filepath.Join(w.root, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			run := ended(t, s, start(t, s, "CI").ID)
			ids[given][now.ID] = run.ID
		}
		return s
	}
	citest.Suite(t, open, citest.Can{Start: true, Rerun: true, Right: &ci.Start{Task: "CI"},
		IDs: func(w *citest.World) map[int]string { return ids[w] }})
}
