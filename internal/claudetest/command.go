package claudetest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Command runs another command of Claude Code, such as "mcp", "list", in the working
// directory dir with the home folder home, which keeps what it configures between calls
// and for Session.Home. Its limit is a minute.
func (c CLI) Command(t testing.TB, dir, home string, args ...string) Output {
	t.Helper()
	return c.Exec(t, dir, home, append([]string{c.Path}, args...)...)
}

// Exec runs any program, argv[0] with its path, in the isolation of Command and with
// claude on its PATH: what cleat does with Claude Code is tested so.
func (c CLI) Exec(t testing.TB, dir, home string, argv ...string) Output {
	t.Helper()
	out := run(t, job{dir: dir, argv: argv, env: c.environ(t, home), api: new(API)})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%q: exit %d after %s\n%s\n%s", argv, out.Exit, out.Took.Round(time.Millisecond),
				tail(out.Stdout, 2000), tail(out.Stderr, 2000))
		}
	})
	return out
}

// environ returns the environment of a client with the given home folder, which is made
// if it is not there, as a function of the scripted API's address.
func (c CLI) environ(t testing.TB, home string) func(apiURL string) []string {
	t.Helper()
	config, tmp := filepath.Join(home, ".claude"), scratch(t)
	if err := os.MkdirAll(config, 0o700); err != nil {
		t.Fatal(err)
	}
	return func(apiURL string) []string {
		return slices.Concat(baseEnv(filepath.Dir(c.Path), home, tmp), []string{
			"CLAUDE_CONFIG_DIR=" + config,
			"CLAUDE_CODE_TMPDIR=" + tmp,
			"ANTHROPIC_API_KEY=dummy",
			"ANTHROPIC_BASE_URL=" + apiURL,
			"DISABLE_TELEMETRY=1",
			"DISABLE_ERROR_REPORTING=1",
			"DISABLE_AUTOUPDATER=1",
			"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
			"IS_SANDBOX=1", // root may run it
		})
	}
}

// baseEnv is what every client gets: nothing of the test's environment but its PATH,
// behind the folder bin.
func baseEnv(bin, home, tmp string) []string {
	return []string{
		"PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"HOME=" + home,
		"TMPDIR=" + tmp,
		"TERM=dumb",
		"LANG=C.UTF-8",
	}
}

// Inspect runs the command line of the MCP Inspector on a server, for example with
// "--method", "tools/list", "--strict", "--protocol-era", "modern". Exit is 5 where a
// tool's result is an error and 6 where --strict found one. Its limit is a minute.
func (i Inspector) Inspect(t testing.TB, s Server, args ...string) Output {
	t.Helper()
	dir := scratch(t)
	config := filepath.Join(dir, "mcp.json")
	if err := writeConfig(config, map[string]Server{"server": s}); err != nil {
		t.Fatal(err)
	}
	argv := append([]string{i.node, i.script, "--cli", "--config", config, "--server", "server"}, args...)
	out := run(t, job{
		dir: dir, argv: argv, api: http.NotFoundHandler(),
		env: func(string) []string {
			// Without this it asks the user's key ring, which no namespace keeps away.
			return append(baseEnv(filepath.Dir(i.node), dir, dir), "MCP_INSPECTOR_SECRET_STORE=memory")
		},
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(fmt.Sprintf("inspector %q: exit %d after %s\n", args, out.Exit, out.Took.Round(time.Millisecond)) +
				tail(out.Stdout, 2000) + "\n" + tail(out.Stderr, 2000))
		}
	})
	return out
}
