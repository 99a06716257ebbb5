package claudetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A Server is a stdio MCP server in the configuration of a client.
type Server struct {
	Argv []string          // argv[0] with its path
	Env  map[string]string // added to the client's environment, which has nothing of the test's but PATH
}

// A Session is one run of "claude -p" on a script.
type Session struct {
	Project string            // working directory; the session may write there
	Servers map[string]Server // by name; nil: those configured in Home and Project
	Script  []Turn
	Prompt  string   // "" is "Run the script."
	Allow   []string // --allowedTools; nil: all tools of Servers
	Home    string   // kept home folder, as for Command; "" is a new one
	Env     []string // "NAME=value", over what Environ returns
	Args    []string // more arguments of claude

	// Timeout is the limit on the whole run; 0 is a minute. Past it the process group is
	// killed and the test has failed.
	Timeout time.Duration
}

// A Result is what a Session left.
type Result struct {
	Calls    []Called  // in the order of the script, as far as it was played
	Offered  Offer     // what the last turn's request offered of MCP
	Requests []Request // all that reached the scripted API

	// Servers has the status of each MCP server at the start, such as "connected".
	Servers map[string]string
	// Final is the final text of the session.
	Final string

	Output // of claude; Stdout is stream-json
	Debug  string
}

// Called is a tool use of the script with the result that the model was sent.
type Called struct {
	Turn, Use int
	Name      string
	Input     json.RawMessage // with every From replaced
	Answered  bool            // there is a result
	IsError   bool
	Content   Content
}

// Text returns the text blocks of the result, each from a new line on.
func (c Called) Text() string { return c.Content.Text() }

// An Offer is what a request offers of MCP.
type Offer struct {
	Tools    []Tool   // definitions: always loaded, or loaded through ToolSearch
	Deferred []string // names that the model is told without a definition, sorted
	// Instructions is the message with the servers' instructions, from their heading on.
	// It holds the instructions of all servers, and text of the client after them.
	Instructions string
}

// Turns returns the requests that a turn of the script answered, and those after the
// script's end.
func (r Result) Turns() []Request {
	return slices.DeleteFunc(slices.Clone(r.Requests), func(q Request) bool { return q.Turn < 0 })
}

// Run runs "claude -p" on a script and returns what it left. A script that could not be
// played as written fails the test; a test that has failed logs the run.
func (c CLI) Run(t testing.TB, s Session) Result {
	t.Helper()
	api, err := NewAPI(s.Script)
	if err != nil {
		t.Fatal(err)
	}
	dir := scratch(t)
	home := s.Home
	if home == "" {
		home = filepath.Join(dir, "home")
	}
	argv, err := c.arguments(s, dir)
	if err != nil {
		t.Fatal(err)
	}
	var r Result
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(r.describe())
		}
	})
	env := c.environ(t, home)
	r.Output = run(t, job{
		dir: s.Project, argv: argv, api: api, limit: s.Timeout,
		env: func(url string) []string { return slices.Concat(env(url), s.Env) },
	})
	r.Requests = api.Requests()
	r.Calls, r.Offered = calls(r.Turns()), offer(r.Turns())
	r.Servers, r.Final = summary(r.Stdout)
	debug, err := os.ReadFile(filepath.Join(dir, "debug"))
	if err != nil {
		t.Errorf("reading claude's debug log: %v", err)
	}
	r.Debug = strings.ToValidUTF8(string(debug), "\uFFFD")
	if err := api.Err(); err != nil {
		t.Errorf("scripted API: %v", err)
	}
	return r
}

// arguments returns the command line of a session whose files lie in dir.
func (c CLI) arguments(s Session, dir string) ([]string, error) {
	prompt, allow := s.Prompt, s.Allow
	if prompt == "" {
		prompt = "Run the script."
	}
	argv := []string{c.Path, "-p", prompt, "--output-format", "stream-json", "--verbose",
		"--debug-file", filepath.Join(dir, "debug")}
	if s.Servers != nil {
		config := filepath.Join(dir, "mcp.json")
		if err := writeConfig(config, s.Servers); err != nil {
			return nil, err
		}
		argv = append(argv, "--strict-mcp-config", "--mcp-config", config)
		if allow == nil {
			for _, name := range slices.Sorted(maps.Keys(s.Servers)) {
				allow = append(allow, "mcp__"+name)
			}
		}
	}
	if len(allow) > 0 {
		argv = append(argv, "--allowedTools", strings.Join(allow, ","))
	}
	return append(argv, s.Args...), nil
}

// writeConfig writes an MCP configuration, in the form that Claude Code and the
// Inspector share.
func writeConfig(path string, servers map[string]Server) error {
	type entry struct {
		Type    string            `json:"type"`
		Command string            `json:"command"`
		Args    []string          `json:"args"`
		Env     map[string]string `json:"env,omitempty"`
	}
	var config struct {
		Servers map[string]entry `json:"mcpServers"`
	}
	config.Servers = make(map[string]entry)
	for name, s := range servers {
		if len(s.Argv) == 0 {
			return fmt.Errorf("server %q has no command", name)
		}
		config.Servers[name] = entry{Type: "stdio", Command: s.Argv[0], Args: append([]string{}, s.Argv[1:]...), Env: s.Env}
	}
	data, err := json.Marshal(config)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// calls collects the tool uses that the script made and what came back for them.
func calls(turns []Request) []Called {
	var made []Called
	at := make(map[string]int) // index in made by id
	for _, q := range turns {
		for id, result := range q.Body.results() {
			if i, ok := at[id]; ok {
				made[i].Answered, made[i].IsError, made[i].Content = true, result.IsError, result.Content
			}
		}
		use := 0
		for _, b := range q.Answer {
			if b.Type != "tool_use" {
				continue
			}
			if _, again := at[b.ID]; !again { // a retry
				at[b.ID] = len(made)
				made = append(made, Called{Turn: q.Turn, Use: use, Name: b.Name, Input: b.Input})
			}
			use++
		}
	}
	return made
}

// offer reads from the last request what it offers of MCP.
func offer(turns []Request) Offer {
	var o Offer
	if len(turns) == 0 {
		return o
	}
	body := turns[len(turns)-1].Body
	for _, tool := range body.Tools {
		if strings.HasPrefix(tool.Name, "mcp__") {
			o.Tools = append(o.Tools, tool)
		}
	}
	name := regexp.MustCompile(`(?m)^mcp__[\w-]+$`)
	for _, m := range body.Messages {
		if m.Role != "system" && m.Role != "user" {
			continue
		}
		text := m.Content.Text()
		o.Deferred = append(o.Deferred, name.FindAllString(text, -1)...)
		if i := strings.Index(text, "# MCP Server Instructions"); i >= 0 {
			o.Instructions = text[i:]
		}
	}
	slices.Sort(o.Deferred)
	o.Deferred = slices.Compact(o.Deferred)
	return o
}

// summary reads from stream-json the status of the servers and the final text. Lines of
// other kinds are passed over.
func summary(stdout string) (servers map[string]string, final string) {
	servers = make(map[string]string)
	for line := range strings.Lines(stdout) {
		var e struct {
			Type, Subtype, Result string
			Servers               []struct{ Name, Status string } `json:"mcp_servers"`
		}
		if json.Unmarshal([]byte(line), &e) != nil {
			continue
		}
		if e.Type == "system" && e.Subtype == "init" {
			for _, s := range e.Servers {
				servers[s.Name] = s.Status
			}
		}
		if e.Type == "result" {
			final = e.Result
		}
	}
	return servers, final
}

// describe shows a run to whoever has to find out why a test failed.
func (r Result) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "claude: exit %d after %s, %d requests, servers %v, final text %q\n",
		r.Exit, r.Took.Round(time.Millisecond), len(r.Requests), r.Servers, r.Final)
	for _, c := range r.Calls {
		fmt.Fprintf(&b, "--- turn %d, use %d: %s %s (answered %t, error %t)\n%s\n",
			c.Turn, c.Use, c.Name, c.Input, c.Answered, c.IsError, tail(c.Text(), 2000))
	}
	fmt.Fprintf(&b, "--- stderr\n%s\n--- debug log\n%s", tail(r.Stderr, 2000), tail(r.Debug, 4000))
	return b.String()
}
