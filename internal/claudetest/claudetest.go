// Package claudetest drives real MCP clients against a server under test: the Claude
// Code command line, offline, with a scripted model in place of the real one, and the
// command line of the MCP Inspector. Only tests import it.
//
// The clients come from npm, pinned by version, into a cache folder of the user; what
// cannot be installed skips the test with the reason, or fails it where Required is set.
// A client runs with an emptied environment, a home folder of its own, a dummy key and,
// where the system allows it, in a network namespace that has nothing but loopback. The
// scripted model is served into that namespace from the test process.
//
// A package that uses it says so first in its TestMain:
//
//	func TestMain(m *testing.M) {
//		claudetest.Init()
//		os.Exit(m.Run())
//	}
package claudetest

import (
	"os"
	"strings"
	"testing"
)

// Required names the environment variable that, set to 1, makes a missing client a
// failure instead of a skip. CI sets it.
const Required = "CLEAT_E2E_REQUIRED"

// initialized says that Init was called, so that this program may be started again as
// the inner half of a network namespace.
var initialized bool

// Init comes first in TestMain. In a process that this package started in a new network
// namespace it does not return: it becomes the client. Everywhere else it only notes
// that it was called.
func Init() {
	if os.Getenv(innerVar) != "" {
		enter() // does not return
	}
	initialized = true
}

// unavailable ends the test because a client cannot be had here: a skip, or a failure
// where Required is set.
func unavailable(t testing.TB, client string, why error) {
	t.Helper()
	if os.Getenv(Required) == "1" {
		t.Fatalf("%s is not available, and %s=1 forbids skipping: %v", client, Required, why)
	}
	t.Skipf("skipped, %s is not available: %v", client, why)
}

// tail returns at most the last n bytes of s, from the start of a line on if one starts
// there, and says what it left out.
func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	s = s[len(s)-n:]
	if i := strings.IndexByte(s, '\n'); i >= 0 && i < len(s)-1 {
		s = s[i+1:]
	}
	return "[…]\n" + s
}
